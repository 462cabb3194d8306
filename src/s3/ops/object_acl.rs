//! `GetObjectAcl` and `PutObjectAcl`.

use super::acl_headers;
use super::object_facts::acl_or_private;
use super::version_id;
use crate::engine::bucket::Bucket;
use crate::engine::version_id::VersionId;
use crate::s3::access::{self, BucketAccess, bucket_owner};
use crate::s3::call::Call;
use crate::s3::error::Result;
use crate::s3::operation::Operation;
use crate::s3::reply::Reply;
use crate::wire::acl::{Acl, AclHeaders};

/// Shows the list of an object, or of a version of it: where ACLs are off, that the bucket's owner has full control.
pub(crate) struct GetObjectAcl {
    version: Option<VersionId>,
}

/// Replaces the list.
pub(crate) struct PutObjectAcl {
    version: Option<VersionId>,
}

impl Operation for GetObjectAcl {
    const NAME: &'static str = "GetObjectAcl";
    const ACTION: &'static str = "s3:GetObjectAcl";

    fn parse(call: &Call) -> Result<Self> {
        Ok(GetObjectAcl { version: version_id::of(&call.head)? })
    }

    async fn run(self, call: Call) -> Result<Reply> {
        let bucket = call.bucket()?;
        let (acl, version) = stored(&call, bucket, self.version)?;
        let private = || Acl::private(bucket_owner(&call.shared.config.identities, bucket));
        let acl = if BucketAccess::of(&call.shared, bucket)?.acls_count() { acl } else { private() };
        let acl = access::shown(&call.shared.config, acl);
        Ok(version_id::show(Reply::xml(acl.to_xml()), bucket, version))
    }
}

impl Operation for PutObjectAcl {
    const NAME: &'static str = "PutObjectAcl";
    const ACTION: &'static str = "s3:PutObjectAcl";

    fn parse(call: &Call) -> Result<Self> {
        Ok(PutObjectAcl { version: version_id::of(&call.head)? })
    }

    async fn run(self, mut call: Call) -> Result<Reply> {
        let given = acl_headers::receive(&mut call).await?;
        let (bucket, key) = (call.bucket()?, call.head.key()?);
        // On a delete marker this is refused, also on one that is current, of which GetObjectAcl says that there is no such
        // key (both seen on AWS).
        let found = call.engine().object_version(bucket, key, self.version);
        let object = found.map_err(|error| version_id::refuse_marker(&call, error))?;
        let (before, version) = (acl_or_private(&call, bucket, object.attributes.acl), object.version);
        let bucket_owner = bucket_owner(&call.shared.config.identities, bucket);
        let of_headers = |headers: AclHeaders| headers.on_object(before.owner.clone(), bucket_owner);
        let acl = acl_headers::settle(&call, given, Self::ACTION, &before.owner, of_headers)?;
        if let Some(acl) = acl {
            let changed = call.engine().change_attributes(bucket, key, self.version, move |attributes, _| {
                attributes.acl = Some(acl);
                Ok(())
            });
            changed.await.map_err(|error| call.says(error))?;
        }
        Ok(version_id::show(Reply::ok(), bucket, version))
    }
}

fn stored(call: &Call, bucket: &Bucket, version: Option<VersionId>) -> Result<(Acl, VersionId)> {
    let found = call.engine().object_version(bucket, call.head.key()?, version);
    let object = found.map_err(|error| call.says(error))?;
    Ok((acl_or_private(call, bucket, object.attributes.acl), object.version))
}
