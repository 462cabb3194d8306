//! `GetBucketOwnershipControls`, `PutBucketOwnershipControls` and `DeleteBucketOwnershipControls`.

use crate::s3::access::{BucketAccess, Setting, bucket_owner};
use crate::s3::call::Call;
use crate::s3::error::{Result, S3Error};
use crate::s3::intake::DigestRule;
use crate::s3::operation::{ErrorDeclaration, Operation};
use crate::s3::reply::Reply;
use crate::wire::error_codes::Code;
use crate::wire::ownership_controls::{MAX_DOCUMENT_BYTES, ObjectOwnership, OwnershipProblem};
use crate::wire::xml::Element;

/// Shows the setting, or says that it was deleted.
pub(crate) struct GetBucketOwnershipControls;

/// Sets it.
pub(crate) struct PutBucketOwnershipControls;

/// From then on writers own what they put, as in buckets from before there was the setting.
pub(crate) struct DeleteBucketOwnershipControls;

impl Operation for GetBucketOwnershipControls {
    const NAME: &'static str = "GetBucketOwnershipControls";
    const ACTION: &'static str = "s3:GetBucketOwnershipControls";
    const ERRORS: ErrorDeclaration = ErrorDeclaration::Absent;

    fn parse(_call: &Call) -> Result<Self> {
        Ok(GetBucketOwnershipControls)
    }

    async fn run(self, call: Call) -> Result<Reply> {
        let bucket = call.bucket()?;
        let absent = || Code::OwnershipControlsNotFoundError.with("BucketName", &bucket.name);
        let ownership = BucketAccess::of(&call.shared, bucket)?.ownership.ok_or_else(absent)?;
        Ok(Reply::xml(ownership.to_xml()))
    }
}

impl Operation for PutBucketOwnershipControls {
    const NAME: &'static str = "PutBucketOwnershipControls";
    const ACTION: &'static str = "s3:PutBucketOwnershipControls";
    const ERRORS: ErrorDeclaration = ErrorDeclaration::Absent;

    fn parse(_call: &Call) -> Result<Self> {
        Ok(PutBucketOwnershipControls)
    }

    async fn run(self, mut call: Call) -> Result<Reply> {
        let body = call.document(MAX_DOCUMENT_BYTES as u64, DigestRule::Optional).await?;
        let document = Element::parse(&body).map_err(|_| Code::MalformedXml)?;
        let ownership = ObjectOwnership::parse(&document).map_err(refusal)?;
        let bucket = call.bucket()?;
        let owner = bucket_owner(&call.shared.config.identities, bucket);
        let access = BucketAccess::of(&call.shared, bucket)?;
        // An ACL that lets others in has to go first.
        if !ownership.acls_count() && access.acl.as_ref().is_some_and(|acl| !acl.is_full_control_of(&owner.id)) {
            return Err(Code::InvalidBucketAclWithObjectOwnership.into());
        }
        call.put_setting(Setting::Ownership, ownership.to_xml().into_bytes()).await?;
        Ok(Reply::ok())
    }
}

impl Operation for DeleteBucketOwnershipControls {
    const NAME: &'static str = "DeleteBucketOwnershipControls";
    /// There is no action of its own for deleting.
    const ACTION: &'static str = "s3:PutBucketOwnershipControls";

    fn parse(_call: &Call) -> Result<Self> {
        Ok(DeleteBucketOwnershipControls)
    }

    async fn run(self, call: Call) -> Result<Reply> {
        call.delete_setting(Setting::Ownership).await?;
        Ok(Reply::no_content())
    }
}

/// The error of a refused setting.
pub(super) fn refusal(problem: OwnershipProblem) -> S3Error {
    tracing::info!("ownership controls refused: {problem}");
    problem.into()
}
