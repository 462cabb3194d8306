//! `CreateMultipartUpload`: everything of the object to be but its bytes is settled here.

use super::{multipart, new_attributes, object_reply, stored_headers};
use crate::engine::upload::{NewUpload, UploadChecksum};
use crate::s3::auth::Principal;
use crate::s3::call::Call;
use crate::s3::error::Result;
use crate::s3::lifecycle;
use crate::s3::operation::Operation;
use crate::s3::reply::Reply;
use crate::wire::error_codes::Code;
use crate::wire::metadata::ObjectHeaders;
use crate::wire::object_attributes::ObjectAttributes;
use crate::wire::object_key::ObjectKey;
use crate::wire::xml::{Declaration, XmlWriter};

/// Source: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateMultipartUpload.html>
pub(crate) struct CreateMultipartUpload {
    key: ObjectKey,
    headers: ObjectHeaders,
    attributes: ObjectAttributes,
    checksum: Option<UploadChecksum>,
}

impl Operation for CreateMultipartUpload {
    const NAME: &'static str = "CreateMultipartUpload";
    const ACTION: &'static str = "s3:PutObject";

    fn parse(call: &Call) -> Result<Self> {
        if matches!(call.principal, Principal::Anonymous) {
            // Two spaces: seen on AWS, whatever the bucket allows.
            let message = "Anonymous users cannot initiate multipart uploads.  Please authenticate.";
            return Err(Code::AccessDenied.says(message));
        }
        Ok(CreateMultipartUpload {
            key: call.head.key()?.clone(),
            headers: stored_headers::parse(&call.head)?,
            attributes: new_attributes::parse(call)?,
            checksum: multipart::declared_checksum(&call.head)?,
        })
    }

    async fn run(self, call: Call) -> Result<Reply> {
        let bucket = call.bucket()?;
        let new = NewUpload {
            key: self.key.clone(),
            headers: self.headers,
            attributes: self.attributes,
            checksum: self.checksum,
            initiator: call.identity()?.account.clone(),
        };
        let id = call.engine().create_upload(bucket, new).await.map_err(|error| call.says(error))?;
        let mut xml = XmlWriter::new(Declaration::Yes);
        xml.open_ns("InitiateMultipartUploadResult")
            .text("Bucket", bucket.name.as_str())
            .text("Key", self.key.as_str())
            .text("UploadId", id.as_str())
            .close();
        let mut reply = object_reply::encryption(Reply::xml(xml.finish()));
        if let Some(checksum) = self.checksum {
            reply = reply
                .amz("x-amz-checksum-algorithm", checksum.algorithm.name())
                .amz("x-amz-checksum-type", checksum.kind.name());
        }
        lifecycle::show_abort(&call, reply, &self.key, call.head.now)
    }
}
