//! The operations, one file each: `Input` from the request, `run`, and the answer. Shared between some of them:
//! `stored_headers` (what is kept with an object), `object_reply` (what reading shows), `listing`, `copy_source`,
//! `write_conditions`.

mod abort_multipart_upload;
mod acl_headers;
mod bucket_acl;
mod bucket_policy;
mod complete_multipart_upload;
mod copy_object;
mod copy_source;
mod create_bucket;
mod create_multipart_upload;
mod delete_bucket;
mod delete_object;
mod delete_objects;
mod get_bucket_location;
mod get_object;
mod get_object_attributes;
mod head_bucket;
mod list_buckets;
mod list_multipart_uploads;
mod list_object_versions;
mod list_objects;
mod list_objects_v2;
mod list_parts;
mod listing;
mod multipart;
mod new_attributes;
mod object_acl;
mod object_facts;
mod object_lock;
mod object_reply;
mod object_tagging;
mod ownership_controls;
mod post_form;
mod post_object;
mod public_access_block;
mod put_object;
mod restore_object;
mod stored_headers;
mod upload_part;
mod upload_part_copy;
mod version_id;
mod versioning;
mod write_conditions;

pub(crate) use self::abort_multipart_upload::AbortMultipartUpload;
pub(crate) use self::bucket_acl::{GetBucketAcl, PutBucketAcl};
pub(crate) use self::bucket_policy::{DeleteBucketPolicy, GetBucketPolicy, GetBucketPolicyStatus, PutBucketPolicy};
pub(crate) use self::complete_multipart_upload::CompleteMultipartUpload;
pub(crate) use self::copy_object::CopyObject;
pub(crate) use self::create_bucket::{CreateBucket, region_of};
pub(crate) use self::create_multipart_upload::CreateMultipartUpload;
pub(crate) use self::delete_bucket::DeleteBucket;
pub(crate) use self::delete_object::DeleteObject;
pub(crate) use self::delete_objects::DeleteObjects;
pub(crate) use self::get_bucket_location::GetBucketLocation;
pub(crate) use self::get_object::{GetObject, HeadObject};
pub(crate) use self::get_object_attributes::GetObjectAttributes;
pub(crate) use self::head_bucket::HeadBucket;
pub(crate) use self::list_buckets::ListBuckets;
pub(crate) use self::list_multipart_uploads::ListMultipartUploads;
pub(crate) use self::list_object_versions::ListObjectVersions;
pub(crate) use self::list_objects::ListObjects;
pub(crate) use self::list_objects_v2::ListObjectsV2;
pub(crate) use self::list_parts::ListParts;
pub(crate) use self::object_acl::{GetObjectAcl, PutObjectAcl};
pub(crate) use self::object_facts::{acl_of_object, tags_of_object, upload_initiator};
pub(crate) use self::object_lock::{
    GetObjectLegalHold, GetObjectLockConfiguration, GetObjectRetention, PutObjectLegalHold, PutObjectLockConfiguration,
    PutObjectRetention,
};
pub(crate) use self::object_tagging::{DeleteObjectTagging, GetObjectTagging, PutObjectTagging};
pub(crate) use self::ownership_controls::{
    DeleteBucketOwnershipControls, GetBucketOwnershipControls, PutBucketOwnershipControls,
};
pub(crate) use self::post_object::PostObject;
pub(crate) use self::public_access_block::{DeletePublicAccessBlock, GetPublicAccessBlock, PutPublicAccessBlock};
pub(crate) use self::put_object::PutObject;
pub(crate) use self::restore_object::RestoreObject;
pub(crate) use self::upload_part::UploadPart;
pub(crate) use self::upload_part_copy::UploadPartCopy;
pub(crate) use self::versioning::{GetBucketVersioning, PutBucketVersioning};
