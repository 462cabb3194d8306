//! `GetBucketVersioning` and `PutBucketVersioning`: whether a bucket keeps versions.

use http::header::CONTENT_TYPE;

use crate::engine::document::DocumentName;
use crate::engine::error::Error;
use crate::s3::call::Call;
use crate::s3::error::Result;
use crate::s3::intake::DigestRule;
use crate::s3::operation::Operation;
use crate::s3::reply::Reply;
use crate::wire::error_codes::Code;
use crate::wire::versioning::{MAX_DOCUMENT_BYTES, MfaDelete, Versioning, VersioningConfiguration};
use crate::wire::xml::Element;

/// There once `MfaDelete` was given: S3 shows it of such buckets only.
const MFA_DELETE: DocumentName<'static> = DocumentName { namespace: "s3", name: "mfa-delete" };

/// Source: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketVersioning.html>
pub(crate) struct GetBucketVersioning;

/// Source: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketVersioning.html>
pub(crate) struct PutBucketVersioning;

impl Operation for GetBucketVersioning {
    const NAME: &'static str = "GetBucketVersioning";
    const ACTION: &'static str = "s3:GetBucketVersioning";

    fn parse(_call: &Call) -> Result<Self> {
        Ok(GetBucketVersioning)
    }

    async fn run(self, call: Call) -> Result<Reply> {
        let bucket = call.bucket()?;
        let mfa_delete = match call.engine().document(bucket, MFA_DELETE) {
            Ok(_) => Some(MfaDelete::Disabled),
            Err(Error::NoSuchDocument) => None,
            Err(error) => return Err(call.says(error)),
        };
        let shown = VersioningConfiguration { versioning: bucket.state.versioning, mfa_delete };
        let mut reply = Reply::xml(shown.to_xml());
        // Seen so on AWS.
        reply.headers.remove(CONTENT_TYPE);
        Ok(reply)
    }
}

impl Operation for PutBucketVersioning {
    const NAME: &'static str = "PutBucketVersioning";
    const ACTION: &'static str = "s3:PutBucketVersioning";

    fn parse(_call: &Call) -> Result<Self> {
        Ok(PutBucketVersioning)
    }

    async fn run(self, mut call: Call) -> Result<Reply> {
        let body = call.document(MAX_DOCUMENT_BYTES as u64, DigestRule::Optional).await?;
        let document = Element::parse(&body).map_err(|_| Code::MalformedXml)?;
        let VersioningConfiguration { versioning, mfa_delete } = VersioningConfiguration::parse(&document)?;
        let bucket = call.bucket()?;
        if versioning == Versioning::Suspended {
            refuse_with_replication(&call)?;
        }
        let put = match mfa_delete {
            // What says nothing of it leaves it as it was.
            None => call.engine().put_versioning(bucket, versioning).await,
            Some(MfaDelete::Disabled) => {
                let body = MfaDelete::Disabled.name().into();
                call.engine().put_versioning_and_document(bucket, versioning, MFA_DELETE, body).await
            }
        };
        put.map_err(|error| call.says(error))?;
        Ok(Reply::ok())
    }
}

fn refuse_with_replication(call: &Call) -> Result<()> {
    match call.engine().document(call.bucket()?, DocumentName { namespace: "s3", name: "replication" }) {
        Err(Error::NoSuchDocument) => Ok(()),
        Err(error) => Err(call.says(error)),
        Ok(_) => Err(Code::InvalidBucketState
            .says("A replication configuration is present on this bucket, so the versioning state cannot be changed.")),
    }
}
