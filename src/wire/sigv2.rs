//! `SigV2`, AWS's signature before 2014: the AWS CLI v1 and boto3 still presign with it in us-east-1 unless told otherwise.
//!
//! Source: <https://docs.aws.amazon.com/AmazonS3/latest/API/RESTAuthentication.html>

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::Mac as _;
use http::HeaderMap;
use sha1::Sha1;
use subtle::ConstantTimeEq;

use super::mac::keyed;
use super::query::Query;

/// Query parameters that are part of the signed resource: the documented ones, and those that SDKs sign beside them.
const SIGNED_PARAMETERS: [&str; 37] = [
    "accelerate",
    "acl",
    "analytics",
    "cors",
    "defaultObjectAcl",
    "delete",
    "inventory",
    "legal-hold",
    "lifecycle",
    "location",
    "logging",
    "metrics",
    "notification",
    "object-lock",
    "partNumber",
    "policy",
    "replication",
    "requestPayment",
    "response-cache-control",
    "response-content-disposition",
    "response-content-encoding",
    "response-content-language",
    "response-content-type",
    "response-expires",
    "restore",
    "retention",
    "select",
    "select-type",
    "storageClass",
    "tagging",
    "torrent",
    "uploadId",
    "uploads",
    "versionId",
    "versioning",
    "versions",
    "website",
];

/// Regions from before 2014, where AWS still takes these signatures.
const REGIONS: [&str; 8] = [
    "us-east-1",
    "us-west-1",
    "us-west-2",
    "eu-west-1",
    "ap-southeast-1",
    "ap-southeast-2",
    "ap-northeast-1",
    "sa-east-1",
];

/// Whether AWS takes these signatures in a region.
pub fn is_accepted_in(region: &str) -> bool {
    REGIONS.contains(&region)
}

/// What is signed of a request.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// Such as `GET`.
    pub method: &'a str,
    /// The bucket, where the Host header names it: it is signed as the first segment of the path.
    pub host_bucket: Option<&'a str>,
    /// The path as sent.
    pub raw_path: &'a str,
    /// The query.
    pub query: &'a Query,
    /// The headers.
    pub headers: &'a HeaderMap,
}

/// Which line of the string to sign says when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When<'a> {
    /// A signed header: `Date`, or nothing where `x-amz-date` is sent.
    Date,
    /// A presigned URL: `Expires`, as sent.
    Expires(&'a str),
}

/// The string to sign.
pub fn string_to_sign(request: Request<'_>, when: When<'_>) -> String {
    let header = |name: &str| {
        let value = request.headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()));
        value.map(|value| value.trim().to_owned()).unwrap_or_default()
    };
    let date = match when {
        When::Expires(expires) => expires.to_owned(),
        When::Date if request.headers.contains_key("x-amz-date") => String::new(),
        When::Date => header("date"),
    };
    let (md5, content_type) = (header("content-md5"), header("content-type"));
    let (amz, resource) = (amz_headers(request, when), resource(request));
    format!("{}\n{md5}\n{content_type}\n{date}\n{amz}{resource}", request.method)
}

/// The signature of a string to sign, in base64.
pub fn sign(secret_key: &str, string_to_sign: &str) -> String {
    STANDARD.encode(hmac(secret_key.as_bytes(), string_to_sign.as_bytes()))
}

/// Compares in constant time.
pub fn matches(computed: &str, provided: &str) -> bool {
    computed.as_bytes().ct_eq(provided.as_bytes()).into()
}

fn hmac(key: &[u8], message: &[u8]) -> [u8; 20] {
    let mut mac = keyed::<Sha1>(key);
    mac.update(message);
    mac.finalize().into_bytes().into()
}

/// `x-amz-*` headers, sorted; with a presigned URL also those in the query, which SDKs put there in place of headers.
fn amz_headers(request: Request<'_>, when: When<'_>) -> String {
    let mut lines: Vec<(String, String)> = Vec::new();
    for name in request.headers.keys().map(http::HeaderName::as_str).filter(|name| name.starts_with("x-amz-")) {
        let values = request.headers.get_all(name).iter();
        let values: Vec<String> =
            values.map(|value| String::from_utf8_lossy(value.as_bytes()).trim().to_owned()).collect();
        lines.push((name.to_owned(), values.join(",")));
    }
    if matches!(when, When::Expires(_)) {
        for (name, value) in request.query.pairs() {
            let name = name.to_ascii_lowercase();
            if name.starts_with("x-amz-") && !lines.iter().any(|(other, _)| *other == name) {
                lines.push((name, value.trim().to_owned()));
            }
        }
    }
    lines.sort();
    lines.into_iter().map(|(name, value)| name + ":" + &value + "\n").collect()
}

fn resource(request: Request<'_>) -> String {
    let mut resource = request.host_bucket.map(|bucket| format!("/{bucket}")).unwrap_or_default();
    resource.push_str(request.raw_path);
    let mut signed: Vec<(&str, &str)> =
        request.query.pairs().filter(|(name, _)| SIGNED_PARAMETERS.contains(name)).collect();
    signed.sort_unstable();
    for (position, (name, value)) in signed.into_iter().enumerate() {
        resource.push(if position == 0 { '?' } else { '&' });
        resource.push_str(name);
        if !value.is_empty() {
            resource.push('=');
            resource.push_str(value);
        }
    }
    resource
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, http::HeaderValue::from_static(value));
        }
        headers
    }

    /// The examples of AWS's documentation ("Authentication examples").
    #[test]
    fn documented_examples() {
        let query = Query::parse("").unwrap();
        let get = headers(&[("date", "Tue, 27 Mar 2007 19:36:42 +0000")]);
        let request = Request {
            method: "GET",
            host_bucket: Some("awsexamplebucket1"),
            raw_path: "/photos/puppy.jpg",
            query: &query,
            headers: &get,
        };
        let signed = string_to_sign(request, When::Date);
        assert_eq!(signed, "GET\n\n\nTue, 27 Mar 2007 19:36:42 +0000\n/awsexamplebucket1/photos/puppy.jpg");
        assert_eq!(sign(SECRET, &signed), "qgk2+6Sv9/oM7G3qLEjTH1a1l1g=");

        let put = headers(&[("content-type", "image/jpeg"), ("date", "Tue, 27 Mar 2007 21:15:45 +0000")]);
        let signed = string_to_sign(Request { method: "PUT", headers: &put, ..request }, When::Date);
        assert_eq!(sign(SECRET, &signed), "iqRzw+ileNPu1fhspnRs8nOjjIA=");

        let list = headers(&[("date", "Tue, 27 Mar 2007 19:42:41 +0000")]);
        let query = Query::parse("prefix=photos&max-keys=50&marker=puppy").unwrap();
        let signed = string_to_sign(Request { raw_path: "/", query: &query, headers: &list, ..request }, When::Date);
        assert_eq!(sign(SECRET, &signed), "m0WP8eCtspQl5Ahe6L1SozdX9YA=");

        let acl = headers(&[("date", "Tue, 27 Mar 2007 19:44:46 +0000")]);
        let query = Query::parse("acl").unwrap();
        let signed = string_to_sign(Request { raw_path: "/", query: &query, headers: &acl, ..request }, When::Date);
        assert_eq!(sign(SECRET, &signed), "82ZHiFIjc+WbcwFKGUVEQspPn+0=");

        let delete = headers(&[("x-amz-date", "Tue, 27 Mar 2007 21:20:26 +0000"), ("date", "ignored")]);
        let query = Query::parse("").unwrap();
        let request = Request { method: "DELETE", query: &query, headers: &delete, ..request };
        let signed = string_to_sign(request, When::Date);
        assert_eq!(
            signed,
            "DELETE\n\n\n\nx-amz-date:Tue, 27 Mar 2007 21:20:26 +0000\n/awsexamplebucket1/photos/puppy.jpg"
        );
    }

    #[test]
    fn presigned_parameters_count_as_headers() {
        let query = Query::parse("Expires=5&x-amz-meta-a=1&uploadId=u&partNumber=2&foo=bar").unwrap();
        let none = HeaderMap::new();
        let request = Request { method: "PUT", host_bucket: None, raw_path: "/b/k%20x", query: &query, headers: &none };
        let signed = string_to_sign(request, When::Expires("5"));
        assert_eq!(signed, "PUT\n\n\n5\nx-amz-meta-a:1\n/b/k%20x?partNumber=2&uploadId=u");
    }
}
