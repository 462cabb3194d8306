//! `PutObjectAnnotation`, `GetObjectAnnotation`, `ListObjectAnnotations`, `DeleteObjectAnnotation`.
//!
//! Source: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObjectAnnotation.html> and its neighbours. What stands in
//! the bodies of answers is botocore's model of them, the rules for names are the user guide's; the root elements, and the errors of a text that is empty or whose
//! object has SSE-C, were not seen on AWS.

use super::listing::{continuation_token, read_continuation_token};
use super::version_id::{self, refuse_marker};
use super::{object_lock, object_reply, write_conditions};
use crate::engine::error::Error;
use crate::engine::object::Object;
use crate::engine::object::annotations::{Annotated, ListedAnnotation, NewAnnotation};
use crate::engine::version_id::VersionId;
use crate::http::body::Body;
use crate::s3::call::Call;
use crate::s3::encryption;
use crate::s3::error::{Result, S3Error};
use crate::s3::intake;
use crate::s3::integrity::Integrity;
use crate::s3::operation::{BodyRule, Operation};
use crate::s3::reply::Reply;
use crate::wire::checksum::{Algorithm, Checksum, ChecksumKind};
use crate::wire::error_codes::Code;
use crate::wire::object_lock::Bypass;
use crate::wire::versioning::Versioning;
use crate::wire::xml::{Declaration, XmlWriter};

const MAX_NAME_BYTES: usize = 512;
const MAX_TEXT_BYTES: u64 = 1 << 20;
const MAX_PAGE: usize = 1000;
const IF_MATCH: &str = "x-amz-object-if-match";
/// Names that begin like this are AWS's, in whatever case.
const RESERVED: [&str; 2] = ["aws", "s3"];

/// Of which object, and which of its annotations.
struct Named {
    of: Annotated,
    name: String,
}

/// Attaches one.
pub(crate) struct PutObjectAnnotation {
    named: Named,
    integrity: Integrity,
}

/// Shows one.
pub(crate) struct GetObjectAnnotation(Named);

/// Lists them.
pub(crate) struct ListObjectAnnotations {
    of: Annotated,
    prefix: String,
    token: Option<String>,
    limit: usize,
}

/// Takes one away.
pub(crate) struct DeleteObjectAnnotation {
    named: Named,
    bypass: Bypass,
}

impl Named {
    fn parse(call: &Call) -> Result<Named> {
        let name = call.head.query.first("annotationName").unwrap_or_default();
        if name.len() > MAX_NAME_BYTES {
            return Err(Code::AnnotationNameTooLong.into());
        }
        let is_reserved = |prefix: &str| name.get(..prefix.len()).is_some_and(|head| head.eq_ignore_ascii_case(prefix));
        let is_allowed = |letter: char| letter.is_alphabetic() || letter.is_ascii_digit() || "_.-".contains(letter);
        if name.is_empty() || !name.chars().all(is_allowed) || RESERVED.into_iter().any(is_reserved) {
            return Err(Code::InvalidAnnotationName.into());
        }
        Ok(Named { of: annotated(call)?, name: name.to_owned() })
    }
}

fn annotated(call: &Call) -> Result<Annotated> {
    let key = call.head.key()?;
    let etag = call.head.header_filled(IF_MATCH).map(|etag| write_conditions::unquoted(&etag));
    Ok(Annotated { key: key.clone(), version: version_id::of(&call.head)?, etag })
}

impl Operation for PutObjectAnnotation {
    const NAME: &'static str = "PutObjectAnnotation";
    const ACTION: &'static str = "s3:PutObjectAnnotation";
    const BODY: BodyRule = BodyRule::Stream;

    fn parse(call: &Call) -> Result<Self> {
        let integrity = Integrity::of(&call.head, &call.payload_mode)?;
        Ok(PutObjectAnnotation { named: Named::parse(call)?, integrity })
    }

    async fn run(self, mut call: Call) -> Result<Reply> {
        let Named { of, name } = self.named;
        // Before a byte is read.
        let object = find(&call, &of)?;
        if object.attributes.encryption.customer().is_some() {
            return Err(S3Error::invalid_request("Objects that are encrypted with SSE-C cannot have annotations."));
        }
        let algorithm = self.integrity.algorithm().unwrap_or(Algorithm::Crc64Nvme);
        let (body, digests) = intake::receive_whole(&mut call, &self.integrity, algorithm, MAX_TEXT_BYTES).await?;
        if body.is_empty() {
            return Err(S3Error::invalid_request("An annotation has to have between 1 byte and 1 MiB."));
        }
        if std::str::from_utf8(&body).is_err() {
            return Err(Code::UnsupportedMediaType.into());
        }
        let checksum = digests.get(algorithm).ok_or_else(|| S3Error::internal("the checksum that was computed"))?;
        let new = NewAnnotation { name: name.clone(), body, md5: digests.md5, algorithm, checksum };
        let etag = format!("\"{}\"", hex::encode(new.md5));
        let put = call.engine().put_annotation(call.bucket()?, of, new).await;
        let version = put.map_err(|error| refuse_marker(&call, error))?;
        let mut xml = XmlWriter::new(Declaration::Yes);
        xml.open_ns("PutObjectAnnotationResult").text("Key", call.head.key()?.as_str()).text("AnnotationName", &name);
        xml.close();
        let reply = show_version(&call, Reply::xml(xml.finish()), version)?.header(http::header::ETAG, &etag);
        let whole = Checksum { algorithm, kind: ChecksumKind::FullObject, digest: checksum, parts: None };
        let reply = object_reply::checksum(reply, &whole);
        Ok(encryption::show(reply, &object.attributes.encryption, None))
    }
}

impl Operation for GetObjectAnnotation {
    const NAME: &'static str = "GetObjectAnnotation";
    const ACTION: &'static str = "s3:GetObjectAnnotation";

    fn parse(call: &Call) -> Result<Self> {
        Named::parse(call).map(GetObjectAnnotation)
    }

    async fn run(self, call: Call) -> Result<Reply> {
        let Named { of, name } = self.0;
        let object = find(&call, &of)?;
        let found =
            call.engine().annotation(call.bucket()?, &of, &name).map_err(|error| refuse_marker(&call, error))?;
        let (version, Some(annotation)) = found else { return Err(Code::NoSuchAnnotation.into()) };
        let listed = annotation.listed;
        let reply = show_version(&call, object_reply::last_modified(Reply::ok(), listed.modified), version)?;
        let mut reply = encryption::show(object_reply::etag(reply, &listed.etag), &object.attributes.encryption, None)
            .header(http::header::CONTENT_TYPE, "binary/octet-stream");
        let wants = call.head.header("x-amz-checksum-mode").is_some_and(|mode| mode.eq_ignore_ascii_case("ENABLED"));
        if wants {
            let (algorithm, digest) = (listed.algorithm, listed.checksum);
            let whole = Checksum { algorithm, kind: ChecksumKind::FullObject, digest, parts: None };
            reply = object_reply::checksum(reply, &whole);
        }
        reply.body = Body::full(annotation.body);
        Ok(reply)
    }
}

impl Operation for ListObjectAnnotations {
    const NAME: &'static str = "ListObjectAnnotations";
    const ACTION: &'static str = "s3:ListObjectAnnotations";

    fn parse(call: &Call) -> Result<Self> {
        let query = &call.head.query;
        let prefix = query.first("annotation-prefix").unwrap_or_default();
        if prefix.len() > MAX_NAME_BYTES {
            return Err(Code::InvalidPrefix.into());
        }
        let limit = match query.first("max-annotation-results") {
            None | Some("") => MAX_PAGE,
            Some(sent) => sent.parse().ok().filter(|limit| (1..=MAX_PAGE).contains(limit)).ok_or_else(|| {
                let message = "max-annotation-results must be an integer between 1 and 1000";
                S3Error::invalid_argument(message, "max-annotation-results", sent)
            })?,
        };
        let token = query.first("continuation-token").map(str::to_owned);
        Ok(ListObjectAnnotations { of: annotated(call)?, prefix: prefix.to_owned(), token, limit })
    }

    async fn run(self, call: Call) -> Result<Reply> {
        let from = match &self.token {
            // The least name after the last one shown.
            Some(token) => format!("{}\0", read_continuation_token(token)?),
            None => self.prefix.clone(),
        };
        let listed = call.engine().list_annotations(call.bucket()?, &self.of, &from, self.limit + 1);
        let (version, mut found) = listed.map_err(|error| refuse_marker(&call, error))?;
        // Names come in order: the first without the prefix ends them.
        found.truncate(found.iter().take_while(|annotation| annotation.name.starts_with(&self.prefix)).count());
        let more = found.len() > self.limit;
        found.truncate(self.limit);
        show_version(&call, Reply::xml(self.document(&call, &found, more)?), version)
    }
}

impl ListObjectAnnotations {
    fn document(&self, call: &Call, found: &[ListedAnnotation], more: bool) -> Result<String> {
        let mut xml = XmlWriter::new(Declaration::Yes);
        xml.open_ns("ListObjectAnnotationsResult").open("Annotations");
        for annotation in found {
            xml.open("AnnotationEntry")
                .text("AnnotationName", &annotation.name)
                .text("LastModified", &annotation.modified.iso8601_millis())
                .text("ETag", &annotation.etag.quoted())
                .text("ChecksumAlgorithm", annotation.algorithm.name())
                .number("Size", annotation.size_bytes)
                .close();
        }
        xml.close();
        xml.text("Bucket", call.bucket()?.name.as_str()).text("Key", call.head.key()?.as_str());
        xml.optional("AnnotationPrefix", Some(self.prefix.as_str()).filter(|prefix| !prefix.is_empty()));
        xml.number("MaxAnnotationResults", self.limit as u64).number("AnnotationCount", found.len() as u64);
        xml.optional("ContinuationToken", self.token.as_deref());
        if more {
            let last = found.last().map(|annotation| continuation_token(&annotation.name));
            xml.optional("NextContinuationToken", last.as_deref());
        }
        xml.close();
        Ok(xml.finish())
    }
}

impl Operation for DeleteObjectAnnotation {
    const NAME: &'static str = "DeleteObjectAnnotation";
    const ACTION: &'static str = "s3:DeleteObjectAnnotation";

    fn parse(call: &Call) -> Result<Self> {
        Ok(DeleteObjectAnnotation { named: Named::parse(call)?, bypass: object_lock::bypass_of_deletion(call)? })
    }

    async fn run(self, call: Call) -> Result<Reply> {
        let Named { of, name } = self.named;
        let deleted = call.engine().delete_annotation(call.bucket()?, of, name, self.bypass).await;
        let version = deleted.map_err(|error| refuse_marker(&call, error))?;
        show_version(&call, Reply::no_content(), version)
    }
}

fn find(call: &Call, of: &Annotated) -> Result<Object> {
    call.engine().object_version(call.bucket()?, &of.key, of.version).map_err(|error: Error| refuse_marker(call, error))
}

/// The version that is meant, where the bucket has or had versioning.
fn show_version(call: &Call, reply: Reply, version: VersionId) -> Result<Reply> {
    Ok(match call.bucket()?.state.versioning {
        Versioning::Never => reply,
        Versioning::Enabled | Versioning::Suspended => reply.amz("x-amz-object-version-id", &version.to_string()),
    })
}
