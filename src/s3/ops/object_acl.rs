//! `GetObjectAcl` and `PutObjectAcl`.

use super::object_facts::acl_of_object;
use crate::s3::access::{BucketAccess, bucket_owner};
use crate::s3::call::Call;
use crate::s3::error::Result;
use crate::s3::operation::Operation;
use crate::s3::reply::Reply;
use crate::wire::acl::Acl;
use crate::wire::error_codes::Code;

/// Shows the list of an object, or of a version of it: where ACLs are off, that the bucket's owner has full control.
pub(crate) struct GetObjectAcl;

impl Operation for GetObjectAcl {
    const NAME: &'static str = "GetObjectAcl";
    const ACTION: &'static str = "s3:GetObjectAcl";

    fn parse(_call: &Call) -> Result<Self> {
        Ok(GetObjectAcl)
    }

    async fn run(self, call: Call) -> Result<Reply> {
        let bucket = call.bucket()?;
        let key = call.head.key()?;
        let found = acl_of_object(&call, bucket, key, call.head.query.first("versionId"))?;
        let acl = found.ok_or_else(|| Code::NoSuchKey.with("Key", key))?;
        let private = || Acl::private(bucket_owner(&call.shared.config.identities, bucket));
        let acl = if BucketAccess::of(&call.shared, bucket)?.acls_count() { acl } else { private() };
        Ok(Reply::xml(acl.to_xml()))
    }
}
