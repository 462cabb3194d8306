//! Values and codecs of the S3 wire: names, keys, ETags, checksums, ranges, XML, signatures. No IO and no clock in here.

pub mod percent;
pub mod query;
pub mod sigv4;
