//! What decisions about access ask of objects and uploads. Not the decisions.

use super::multipart;
use super::version_id;
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
    Ok(find(call, bucket, key, version)?.map(|object| acl_or_private(call, bucket, object.attributes.acl)))
}

/// The tags of an object, if it is there.
pub(crate) fn tags_of_object(call: &Call, bucket: &Bucket, key: &ObjectKey, version: Option<&str>) -> Option<TagSet> {
    find(call, bucket, key, version).ok().flatten().map(|object| object.attributes.tags)
}

/// The account that started the upload that a request names.
pub(crate) fn upload_initiator(call: &Call) -> Option<String> {
    multipart::upload(call).ok().map(|upload| upload.initiator)
}

/// An ACL as it is stored: without a word the object is the bucket owner's, and private.
pub(super) fn acl_or_private(call: &Call, bucket: &Bucket, stored: Option<Acl>) -> Acl {
    stored.unwrap_or_else(|| Acl::private(bucket_owner(&call.shared.config.identities, bucket)))
}

fn find(call: &Call, bucket: &Bucket, key: &ObjectKey, version: Option<&str>) -> Result<Option<Object>> {
    // What is wrong with an id is said by who uses it.
    let Ok(version) = version_id::parse(version) else { return Ok(None) };
    match call.engine().object_version(bucket, key, version) {
        Ok(object) => Ok(Some(object)),
        Err(
            Error::NoSuchKey
            | Error::NoSuchVersion
            | Error::CurrentIsDeleteMarker { .. }
            | Error::IsDeleteMarker { .. },
        ) => Ok(None),
        Err(error) => Err(call.says(error)),
    }
}
