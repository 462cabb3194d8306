//! What the multipart operations share: the upload that a request names, part numbers, the upload's checksum.

use crate::engine::ids::UploadId;
use crate::engine::upload::{UploadChecksum, UploadRow};
use crate::s3::auth::Principal;
use crate::s3::call::Call;
use crate::s3::error::{Result, S3Error};
use crate::s3::request::Head;
use crate::wire::checksum::{Algorithm, ChecksumKind};
use crate::wire::part::PartNumber;

/// As AWS lists them, which is not the order of [`Algorithm::ALL`].
const ALGORITHMS: &str = "[CRC32, CRC32C, CRC64NVME, MD5, SHA1, SHA256, SHA512, XXHASH128, XXHASH3, XXHASH64]";

/// The upload id of a request that is routed by it.
pub(super) fn upload_id(head: &Head) -> UploadId {
    UploadId::from_client(head.query.first("uploadId").unwrap_or_default())
}

/// The open upload that a request names.
pub(super) fn upload(call: &Call) -> Result<UploadRow> {
    let found = call.engine().upload(call.bucket()?, call.head.key()?, &upload_id(&call.head));
    found.map_err(|error| call.says(error))
}

/// What is wrong with a request is said in part before a stranger is told that access is denied (seen on AWS). The owner's
/// own request is looked at once, in the operation's order: `check` is for strangers only.
pub(super) fn before_strangers(call: &Call, check: impl FnOnce() -> Result<()>) -> Result<()> {
    let owns = match (&call.principal, call.bucket()) {
        (Principal::Identity(identity), Ok(bucket)) => identity.account == bucket.account,
        _ => false,
    };
    if owns { Ok(()) } else { check() }
}

/// To strangers an unknown upload is unknown.
pub(super) fn unknown_to_strangers(call: &Call) -> Result<()> {
    before_strangers(call, || upload(call).map(drop))
}

/// The part number of a request that is routed by it.
pub(super) fn named_part(head: &Head) -> Result<PartNumber> {
    part_number(head.query.first("partNumber").unwrap_or_default())
}

/// A part number as a query parameter.
pub(super) fn part_number(sent: &str) -> Result<PartNumber> {
    PartNumber::parse(sent).map_err(|_| {
        let message = "Part number must be an integer between 1 and 10000, inclusive";
        S3Error::invalid_argument(message, "partNumber", sent)
    })
}

/// `x-amz-checksum-algorithm` and `x-amz-checksum-type` of an upload to be.
pub(super) fn declared_checksum(head: &Head) -> Result<Option<UploadChecksum>> {
    let kind = checksum_kind(head)?;
    let Some(sent) = head.header_filled("x-amz-checksum-algorithm") else {
        return match kind {
            None => Ok(None),
            Some(_) => Err(S3Error::invalid_request(
                "The x-amz-checksum-type header can only be used with the x-amz-checksum-algorithm header.",
            )),
        };
    };
    let algorithm = checksum_algorithm(&sent)?;
    let kind = kind.unwrap_or(algorithm.default_kind());
    if !algorithm.supports(kind) {
        return Err(S3Error::invalid_request(format!(
            "The {} checksum type cannot be used with the {} checksum algorithm.",
            kind.name(),
            algorithm.lower_name()
        )));
    }
    Ok(Some(UploadChecksum { algorithm, kind }))
}

/// An algorithm by name, whatever the case.
pub(super) fn checksum_algorithm(sent: &str) -> Result<Algorithm> {
    Algorithm::parse_name(sent).ok_or_else(|| {
        S3Error::invalid_request(format!(
            "Checksum algorithm provided is unsupported. Please try again with any of the valid types: {ALGORITHMS}"
        ))
    })
}

/// `x-amz-checksum-type`.
pub(super) fn checksum_kind(head: &Head) -> Result<Option<ChecksumKind>> {
    match head.header_filled("x-amz-checksum-type") {
        None => Ok(None),
        Some(sent) => ChecksumKind::parse(&sent)
            .map(Some)
            .ok_or_else(|| S3Error::invalid_request("Value for x-amz-checksum-type header is invalid.")),
    }
}
