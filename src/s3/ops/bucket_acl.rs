//! `GetBucketAcl` and `PutBucketAcl`.

use super::acl_headers::{self, Given};
use crate::s3::access::{self, BucketAccess, Setting, bucket_owner};
use crate::s3::call::Call;
use crate::s3::error::{Result, S3Error};
use crate::s3::operation::Operation;
use crate::s3::reply::Reply;
use crate::wire::acl::Acl;

/// Shows the list: where ACLs are off, that the owner has full control.
pub(crate) struct GetBucketAcl;

/// Replaces the list.
pub(crate) struct PutBucketAcl;

impl Operation for GetBucketAcl {
    const NAME: &'static str = "GetBucketAcl";
    const ACTION: &'static str = "s3:GetBucketAcl";

    fn parse(_call: &Call) -> Result<Self> {
        Ok(GetBucketAcl)
    }

    async fn run(self, call: Call) -> Result<Reply> {
        let bucket = call.bucket()?;
        let found = BucketAccess::of(&call.shared, bucket)?;
        let private = || Acl::private(bucket_owner(&call.shared.config.identities, bucket));
        let acl = found.acl.clone().filter(|_| found.acls_count()).unwrap_or_else(private);
        Ok(Reply::xml(access::shown(&call.shared.config, acl).to_xml()))
    }
}

impl Operation for PutBucketAcl {
    const NAME: &'static str = "PutBucketAcl";
    const ACTION: &'static str = "s3:PutBucketAcl";

    fn parse(_call: &Call) -> Result<Self> {
        Ok(PutBucketAcl)
    }

    async fn run(self, mut call: Call) -> Result<Reply> {
        let given: Given = acl_headers::receive(&mut call).await?;
        let owner = bucket_owner(&call.shared.config.identities, call.bucket()?);
        let of_headers = |headers: crate::wire::acl::AclHeaders| headers.on_bucket(owner.clone());
        if let Some(acl) = acl_headers::settle(&call, given, Self::ACTION, &owner, of_headers)? {
            call.put_setting(Setting::Acl, serde_json::to_vec(&acl).map_err(S3Error::internal)?).await?;
        }
        Ok(Reply::ok())
    }
}
