//! What decisions about access ask of objects and uploads. Not the decisions.

use super::multipart;
use crate::engine::bucket::Bucket;
use crate::engine::error::Error;
use crate::engine::object::Object;
use crate::s3::access::bucket_owner;
use crate::s3::call::Call;
use crate::s3::error::Result;
use crate::wire::acl::Acl;
use crate::wire::object_key::ObjectKey;
use crate::wire::tagging::TagSet;

/// The ACL of an object, if it is there.
pub(crate) fn acl_of_object(
    call: &Call,
    bucket: &Bucket,
    key: &ObjectKey,
    version: Option<&str>,
) -> Result<Option<Acl>> {
    let owner = || bucket_owner(&call.shared.config.identities, bucket);
    Ok(find(call, bucket, key, version)?.map(|_| Acl::private(owner())))
}

/// The tags of an object, if it is there.
pub(crate) fn tags_of_object(call: &Call, bucket: &Bucket, key: &ObjectKey, version: Option<&str>) -> Option<TagSet> {
    find(call, bucket, key, version).ok().flatten().map(|_| TagSet::default())
}

/// The account that started the upload that a request names.
pub(crate) fn upload_initiator(call: &Call) -> Option<String> {
    multipart::upload(call).ok().map(|upload| upload.initiator)
}

fn find(call: &Call, bucket: &Bucket, key: &ObjectKey, _version: Option<&str>) -> Result<Option<Object>> {
    match call.engine().object(bucket, key) {
        Ok(object) => Ok(Some(object)),
        Err(Error::NoSuchKey | Error::NoSuchVersion) => Ok(None),
        Err(error) => Err(call.says(error)),
    }
}
