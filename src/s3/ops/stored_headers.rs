//! What is kept with an object of the request that makes it: content headers, user metadata, storage class.

use http::HeaderName;
use http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_ENCODING, CONTENT_LANGUAGE, CONTENT_TYPE, EXPIRES};

use crate::s3::error::Result;
use crate::s3::request::Head;
use crate::wire::error_codes::Code;
use crate::wire::metadata::{MAX_USER_METADATA_BYTES, ObjectHeaders, decode_header_value, from_latin1};
use crate::wire::storage_class::StorageClass;

const MAX_REDIRECT_BYTES: usize = 2048;

const META_PREFIX: &str = "x-amz-meta-";

/// Reads and checks all of it.
pub(super) fn parse(head: &Head) -> Result<ObjectHeaders> {
    let storage_class = storage_class(head)?;
    let headers = ObjectHeaders {
        content_type: content_header(head, &CONTENT_TYPE)
            .map(|sent| sent.trim().to_owned())
            .filter(|sent| !sent.is_empty()),
        content_encoding: content_header(head, &CONTENT_ENCODING).and_then(|sent| without_framing(&sent)),
        content_language: content_header(head, &CONTENT_LANGUAGE),
        content_disposition: content_header(head, &CONTENT_DISPOSITION),
        cache_control: content_header(head, &CACHE_CONTROL),
        expires: content_header(head, &EXPIRES),
        website_redirect_location: website_redirect_location(head)?,
        user: user_metadata(head),
        storage_class,
    };
    let size = headers.user_size();
    if size > MAX_USER_METADATA_BYTES {
        return Err(Code::MetadataTooLarge.with("Size", size).with("MaxSizeAllowed", MAX_USER_METADATA_BYTES));
    }
    Ok(headers)
}

/// `x-amz-storage-class`, STANDARD without it.
pub(super) fn storage_class(head: &Head) -> Result<StorageClass> {
    match head.header_filled("x-amz-storage-class") {
        None => Ok(StorageClass::default()),
        Some(sent) => {
            StorageClass::parse(&sent).ok_or_else(|| Code::InvalidStorageClass.with("StorageClassRequested", sent))
        }
    }
}

/// `x-amz-website-redirect-location`.
pub(super) fn website_redirect_location(head: &Head) -> Result<Option<String>> {
    match head.header_filled("x-amz-website-redirect-location") {
        Some(sent) if !["http://", "https://", "/"].iter().any(|prefix| sent.starts_with(prefix)) => {
            Err(Code::InvalidRedirectLocation.into())
        }
        // The sentence is that of a server which repeats AWS's.
        // Source: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/how-to-page-redirect.html> (2 KB)
        Some(sent) if sent.len() > MAX_REDIRECT_BYTES => Err(Code::InvalidRedirectLocation
            .says("The length of website redirect location cannot exceed 2,048 characters.")),
        location => Ok(location),
    }
}

/// A header of the object's content, in which each byte is a character: UTF-8 comes back byte for byte (seen on AWS).
fn content_header(head: &Head, name: &HeaderName) -> Option<String> {
    let values = head.headers.get_all(name).iter().map(|value| from_latin1(value.as_bytes()));
    values.reduce(|list, value| list + "," + &value)
}

/// The members of `Content-Encoding` but `aws-chunked`, which is the framing of the request and no property of the
/// object. What stays keeps its spacing.
fn without_framing(sent: &str) -> Option<String> {
    let members: Vec<&str> =
        sent.split(',').filter(|member| !member.trim().eq_ignore_ascii_case("aws-chunked")).collect();
    let kept = members.join(",").trim().to_owned();
    Some(kept).filter(|kept| !kept.is_empty())
}

/// User metadata: values of repeated headers are joined.
///
/// S3 reads raw bytes as ISO 8859-1, UTF-8 included: a client that wants more than that sends encoded words. The user
/// guide's own example is `ÄMÄZÕÑ S3` in UTF-8, which comes back with two characters for each letter beyond
/// ASCII.
/// Source: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingMetadata.html>
fn user_metadata(head: &Head) -> Vec<(String, String)> {
    let names = head.headers.keys().filter_map(|name| name.as_str().strip_prefix(META_PREFIX).map(|user| (name, user)));
    names
        .map(|(name, user)| {
            let values: Vec<String> = head
                .headers
                .get_all(name)
                .iter()
                .map(|value| decode_header_value(from_latin1(value.as_bytes()).trim()))
                .collect();
            (user.to_owned(), values.join(","))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn aws_chunked_is_no_content_encoding() {
        let cases = [
            ("aws-chunked", None),
            ("gzip", Some("gzip")),
            ("gzip,aws-chunked", Some("gzip")),
            ("gzip, aws-chunked, br", Some("gzip, br")),
            ("aws-chunked, gzip", Some("gzip")),
            ("", None),
        ];
        for (sent, kept) in cases {
            assert_eq!(without_framing(sent).as_deref(), kept, "{sent}");
        }
    }
}
