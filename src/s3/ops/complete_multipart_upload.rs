//! `CompleteMultipartUpload`: reads the list of parts and the headers, and lets the engine join them. The order of the
//! checks is in `engine/upload/complete.rs`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::version_id::show_new;
use super::{multipart, write_conditions};
use crate::engine::error::Error;
use crate::engine::upload::{Completed, Completion, GivenChecksum, PartRules};
use crate::http::domains::Addressed;
use crate::s3::call::Call;
use crate::s3::encryption;
use crate::s3::error::{Result, S3Error};
use crate::s3::intake::DigestRule;
use crate::s3::lifecycle;
use crate::s3::operation::{ErrorDeclaration, Operation};
use crate::s3::reply::Reply;
use crate::wire::checksum::{Algorithm, Checksum, ChecksumKind};
use crate::wire::conditions::WriteCondition;
use crate::wire::encryption::Encryption;
use crate::wire::error_codes::Code;
use crate::wire::part::{ListedPart, PartList, PartNumber};
use crate::wire::percent;
use crate::wire::xml::{Declaration, Element, XmlWriter};

/// AWS's bound on the list.
const MAX_BODY_BYTES: u64 = 2_621_440;
const MAX_PARTS: usize = 10_000;

/// Source: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_CompleteMultipartUpload.html>
pub(crate) struct CompleteMultipartUpload {
    checksum: Option<GivenChecksum>,
    checksum_kind: Option<ChecksumKind>,
    size_bytes: Option<u64>,
    condition: Option<WriteCondition>,
}

impl Operation for CompleteMultipartUpload {
    const NAME: &'static str = "CompleteMultipartUpload";
    const ACTION: &'static str = "s3:PutObject";
    const ERRORS: ErrorDeclaration = ErrorDeclaration::Absent;

    fn before_access(call: &Call) -> Result<()> {
        multipart::unknown_to_strangers(call)
    }

    fn parse(call: &Call) -> Result<Self> {
        Ok(CompleteMultipartUpload {
            checksum: given_checksum(call)?,
            checksum_kind: multipart::checksum_kind(&call.head)?,
            size_bytes: object_size(call)?,
            condition: write_conditions::parse(&call.head)?,
        })
    }

    async fn run(self, mut call: Call) -> Result<Reply> {
        let body = call.document(MAX_BODY_BYTES, DigestRule::ForTheObject).await?;
        let id = multipart::upload_id(&call.head);
        if body.is_empty() {
            // That there is no such upload is said first (seen on AWS).
            call.engine().upload(call.bucket()?, call.head.key()?, &id).map_err(|error| call.says(error))?;
            return Err(S3Error::invalid_request("You must specify at least one part"));
        }
        let completion = Completion {
            parts: part_list(&body)?,
            checksum: self.checksum,
            checksum_kind: self.checksum_kind,
            size_bytes: self.size_bytes,
            condition: self.condition,
            rules: PartRules::s3(call.engine().limits()),
        };
        match call.engine().upload(call.bucket()?, call.head.key()?, &id) {
            Ok(upload) => encryption::check_key_of_completion(&call, &upload)?,
            // One that has ended may be completed once more.
            Err(Error::NoSuchUpload) => {}
            Err(error) => return Err(call.says(error)),
        }
        let completed = call.engine().complete_upload(call.bucket()?, call.head.key()?, &id, completion).await;
        let completed = completed.map_err(|error| call.says(error))?;
        let reply = answer(&call, &completed)?;
        lifecycle::show_expiry_of_written(&call, reply, call.head.key()?, completed.version)
    }
}

fn answer(call: &Call, completed: &Completed) -> Result<Reply> {
    let bucket = call.bucket()?.name.as_str();
    let key = call.head.key()?;
    let mut xml = XmlWriter::new(Declaration::Yes);
    xml.open_ns("CompleteMultipartUploadResult")
        .text("Location", &location(call, bucket, key.as_bytes()))
        .text("Bucket", bucket)
        .text("Key", key.as_str())
        .text("ETag", &completed.etag.quoted());
    if let Some(checksum) = shown_checksum(completed) {
        xml.text(checksum.algorithm.xml_element(), &checksum.header_value()).text("ChecksumType", checksum.kind.name());
    }
    xml.close();
    // AWS sends white space while it works, and so always at least an empty line after the declaration.
    let document = xml.finish().replacen("?>\n", "?>\n\n", 1);
    // The client's own key is not echoed here.
    let reply = encryption::show(Reply::xml(document), &completed.encryption, None);
    Ok(show_new(reply, completed.version))
}

/// A checksum that nobody declared is left out with SSE-KMS, though the object has it, and with SSE-C, where it has none (seen
/// on AWS).
fn shown_checksum(completed: &Completed) -> Option<&Checksum> {
    let shown = completed.declared.is_some() || completed.encryption == Encryption::S3;
    completed.checksum.as_ref().filter(|_| shown)
}

/// The object's URL at the address that the client came by.
pub(super) fn location(call: &Call, bucket: &str, key: &[u8]) -> String {
    let key = percent::encode(key);
    if let Some(url) = &call.shared.config.public_url {
        return format!("{}/{bucket}/{key}", url.trim_end_matches('/'));
    }
    let scheme = call.head.connection.scheme.as_str();
    let host = call.head.header("host").unwrap_or_default();
    match call.shared.domains.addressed(&host) {
        Addressed::Bucket(_) => format!("{scheme}://{host}/{key}"),
        Addressed::Endpoint | Addressed::Website(_) => format!("{scheme}://{host}/{bucket}/{key}"),
    }
}

fn given_checksum(call: &Call) -> Result<Option<GivenChecksum>> {
    let mut found = None;
    for algorithm in Algorithm::ALL {
        if let Some(value) = call.head.header_filled(algorithm.header_name()) {
            if found.is_some() {
                return Err(S3Error::invalid_request(
                    "Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.",
                ));
            }
            found = Some(GivenChecksum { algorithm, value });
        }
    }
    Ok(found)
}

fn object_size(call: &Call) -> Result<Option<u64>> {
    let Some(sent) = call.head.header_filled("x-amz-mp-object-size") else { return Ok(None) };
    match sent.parse::<i64>() {
        Ok(size) if size < 0 => {
            Err(S3Error::invalid_request(format!("Value for x-amz-mp-object-size header is less than zero: '{size}'")))
        }
        Ok(size) => Ok(u64::try_from(size).ok()),
        Err(_) => Err(S3Error::invalid_request("Value for x-amz-mp-object-size header is invalid.")),
    }
}

fn part_list(body: &[u8]) -> Result<PartList> {
    let root = Element::parse(body).map_err(|_| Code::MalformedXml)?;
    if root.name != "CompleteMultipartUpload" {
        return Err(Code::MalformedXml.into());
    }
    let parts = root.children_named("Part").map(listed_part).collect::<Result<Vec<_>>>()?;
    if parts.len() > MAX_PARTS {
        let message = "Part number must be an integer between 1 and 10000, inclusive";
        return Err(S3Error::invalid_argument(message, "partNumber", parts.len()));
    }
    PartList::new(parts).ok_or_else(|| Code::MalformedXml.into())
}

fn listed_part(part: &Element) -> Result<ListedPart> {
    let number: i64 =
        part.child_text("PartNumber").and_then(|text| text.trim().parse().ok()).ok_or(Code::MalformedXml)?;
    if number < 1 {
        return Err(S3Error::invalid_argument("PartNumber must be >= 1", "PartNumber", number));
    }
    let number = u16::try_from(number).ok().and_then(PartNumber::new).ok_or_else(|| {
        let message = "Part number must be an integer between 1 and 10000, inclusive";
        S3Error::invalid_argument(message, "partNumber", number)
    })?;
    let etag = part.child_text("ETag").ok_or(Code::MalformedXml)?;
    let checksums: Vec<(Algorithm, String)> = part
        .children
        .iter()
        .filter_map(|child| Algorithm::from_xml_element(&child.name).map(|found| (found, child.text.trim().to_owned())))
        .collect();
    if checksums.len() > 1 || checksums.iter().any(|(_, value)| STANDARD.decode(value).is_err()) {
        let shown: Vec<String> =
            checksums.iter().map(|(algorithm, value)| format!("{}:{value};", algorithm.name())).collect();
        let message = "Invalid Base64 or multiple checksums present in request";
        return Err(S3Error::invalid_argument(message, "Checksum", shown.concat()));
    }
    Ok(ListedPart { number, etag: write_conditions::unquoted(etag), checksums })
}
