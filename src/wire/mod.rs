//! Values and codecs of the S3 wire: names, keys, `ETag`s, checksums, ranges, XML, signatures. No IO and no clock in here.

pub mod bucket_name;
pub mod checksum;
pub mod conditions;
pub mod cors;
pub mod error_codes;
pub mod etag;
pub mod lifecycle;
pub mod md5;
pub mod metadata;
pub mod object_key;
pub mod part;
pub mod percent;
pub mod query;
pub mod range;
pub mod sigv2;
pub mod sigv4;
pub mod storage_class;
pub mod time;
pub mod xml;
