//! What a client says of its body's digests: `Content-MD5`, `x-amz-checksum-*`, `x-amz-trailer`. Read before the body;
//! compared after it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::auth::{PayloadMode, Trailer};
use super::error::{Result, S3Error};
use super::request::Head;
use crate::wire::checksum::{Algorithm, Digest};
use crate::wire::error_codes::Code;

/// Every digest that a request's head announces.
#[derive(Debug, Clone, Default)]
pub(crate) struct Integrity {
    /// `Content-MD5`, decoded.
    pub(crate) md5: Option<[u8; 16]>,
    /// The checksum, if one is announced.
    pub(crate) checksum: Option<Announced>,
}

/// Where a checksum's value is.
#[derive(Debug, Clone)]
pub(crate) enum Announced {
    /// In a header.
    Value(Algorithm, Digest),
    /// In the trailer that follows the body.
    Trailer(Algorithm),
}

impl Announced {
    pub(crate) fn algorithm(&self) -> Algorithm {
        match self {
            Announced::Value(algorithm, _) | Announced::Trailer(algorithm) => *algorithm,
        }
    }
}

/// Names the trailer that follows the body.
const TRAILER: &str = "x-amz-trailer";

/// Headers that begin like a checksum's value and are none.
const NOT_VALUES: [&str; 3] = ["x-amz-checksum-algorithm", "x-amz-checksum-type", "x-amz-checksum-mode"];

impl Integrity {
    /// Reads the head. Fails with AWS's error for whatever is malformed.
    pub(crate) fn of(head: &Head, mode: &PayloadMode) -> Result<Integrity> {
        let md5 = content_md5(head)?;
        let value = checksum_value(head)?;
        if value.is_some() && head.header_filled(TRAILER).is_some() {
            return Err(S3Error::invalid_request("Expecting a single x-amz-checksum- header"));
        }
        let checksum = match value {
            Some((algorithm, digest)) => Some(Announced::Value(algorithm, digest)),
            None => checksum_trailer(head, mode)?.map(Announced::Trailer),
        };
        check_sdk_algorithm(head, checksum.as_ref())?;
        Ok(Integrity { md5, checksum })
    }

    /// The algorithm of the announced checksum.
    pub(crate) fn algorithm(&self) -> Option<Algorithm> {
        self.checksum.as_ref().map(Announced::algorithm)
    }
}

/// `BadDigest` for a checksum.
pub(crate) fn checksum_mismatch(algorithm: Algorithm) -> S3Error {
    Code::BadDigest.says(format!("The {} you specified did not match the calculated checksum.", algorithm.name()))
}

/// `Content-MD5`, decoded.
pub(crate) fn content_md5(head: &Head) -> Result<Option<[u8; 16]>> {
    let Some(sent) = head.header("content-md5") else { return Ok(None) };
    let decoded = STANDARD.decode(sent.trim()).ok().and_then(|bytes| <[u8; 16]>::try_from(bytes).ok());
    decoded.map(Some).ok_or_else(|| Code::InvalidDigest.with("Content-MD5", sent))
}

fn checksum_value(head: &Head) -> Result<Option<(Algorithm, Digest)>> {
    let mut found = None;
    for name in head.headers.keys().map(http::HeaderName::as_str) {
        if !name.starts_with("x-amz-checksum-") || NOT_VALUES.contains(&name) {
            continue;
        }
        let Some(algorithm) = Algorithm::from_header_name(name) else {
            return Err(S3Error::header_not_implemented(name));
        };
        if found.is_some() {
            return Err(S3Error::invalid_request(
                "Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.",
            ));
        }
        found = Some((name, algorithm));
    }
    let Some((name, algorithm)) = found else { return Ok(None) };
    let sent = head.header(name).unwrap_or_default();
    let digest = Digest::parse_base64(algorithm, sent.trim())
        .ok_or_else(|| S3Error::invalid_request(format!("Value for {name} header is invalid.")))?;
    Ok(Some((algorithm, digest)))
}

fn checksum_trailer(head: &Head, mode: &PayloadMode) -> Result<Option<Algorithm>> {
    let Some(sent) = head.header_filled(TRAILER) else { return Ok(None) };
    let unsupported = || S3Error::invalid_request("The value specified in the x-amz-trailer header is not supported");
    let algorithm = Algorithm::from_header_name(&sent.to_ascii_lowercase()).ok_or_else(unsupported)?;
    match mode {
        PayloadMode::Chunked { trailer: Trailer::Follows, .. } => Ok(Some(algorithm)),
        // Announced where none can follow: taking the body without it would drop a check the client asked for.
        _ => Err(Code::MalformedTrailerError.into()),
    }
}

fn check_sdk_algorithm(head: &Head, checksum: Option<&Announced>) -> Result<()> {
    let Some(sent) = head.header_filled("x-amz-sdk-checksum-algorithm") else { return Ok(()) };
    let invalid = || S3Error::invalid_request("Value for x-amz-sdk-checksum-algorithm header is invalid.");
    let named = Algorithm::parse_name(&sent).ok_or_else(invalid)?;
    match checksum {
        None => Err(S3Error::invalid_request(
            "x-amz-sdk-checksum-algorithm specified, but no corresponding x-amz-checksum-* or x-amz-trailer headers were found.",
        )),
        Some(checksum) if checksum.algorithm() != named => Err(invalid()),
        Some(_) => Ok(()),
    }
}
