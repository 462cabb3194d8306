//! `POST Object`: an object from an HTML form. Its fields are what headers are to `PutObject`, and its policy says what they
//! may be. The file is streamed.
//!
//! Source: <https://docs.aws.amazon.com/AmazonS3/latest/API/RESTObjectPOST.html>

use http::header::{HOST, LOCATION, REFERER, USER_AGENT};
use http::{HeaderMap, StatusCode};

use super::post_form::{self, Fields};
use super::version_id::show_new;
use super::{complete_multipart_upload, multipart, new_attributes, object_reply, stored_headers};
use crate::engine::blobs::digests::WantedDigests;
use crate::engine::blobs::writer::Sealed;
use crate::engine::object::{PutObject as Put, Written};
use crate::http::body::Payload;
use crate::http::form::Field;
use crate::s3::auth::{PayloadMode, by_form};
use crate::s3::call::Call;
use crate::s3::encryption::{self, Chosen};
use crate::s3::error::{Result, S3Error};
use crate::s3::intake::{self, ExpectedDigestIn};
use crate::s3::integrity::Integrity;
use crate::s3::operation::{Encrypts, Operation};
use crate::s3::reply::Reply;
use crate::s3::target::Target;
use crate::s3::{access, features, lifecycle};
use crate::wire::checksum::Algorithm;
use crate::wire::encryption::CustomerKey;
use crate::wire::error_codes::Code;
use crate::wire::object_attributes::ObjectAttributes;
use crate::wire::object_key::{InvalidKey, MAX_KEY_BYTES, ObjectKey};
use crate::wire::percent;
use crate::wire::post_policy::{Form, PostPolicy, PostPolicyProblem};
use crate::wire::tagging::{TagSet, Tagged};
use crate::wire::xml::{Declaration, Element, XmlWriter};

/// An upload by form. Everything of it is in the body.
pub(crate) struct PostObject;

/// What the fields say, once they are checked.
struct Upload {
    key: ObjectKey,
    policy: Option<PostPolicy>,
    integrity: Integrity,
    checksum: Algorithm,
}

impl Operation for PostObject {
    const NAME: &'static str = "PostObject";
    const ACTION: &'static str = "s3:PutObject";
    /// What its headers say of it means nothing: what counts are its fields.
    const ENCRYPTS: Encrypts = Encrypts::NewObject;

    fn parse(_call: &Call) -> Result<Self> {
        Ok(PostObject)
    }

    async fn run(self, mut call: Call) -> Result<Reply> {
        let payload = std::mem::replace(&mut call.payload, Payload::empty());
        let (fields, file, form) = post_form::read(&call.head.headers, payload).await?;
        let upload = admit(&mut call, &fields)?;
        let headers = stored_headers::parse(&call.head)?;
        let Chosen { encryption, key: customer_key } = encryption::of_new_object(&call)?;
        let attributes = ObjectAttributes { tags: tags(&fields)?, encryption, ..new_attributes::parse(&call)? };
        new_attributes::require_digest(&call, attributes.lock, &upload.integrity, "Put Object")?;
        let body = receive(&call, &upload, file, customer_key.as_ref()).await?;
        post_form::finish(form).await?;
        let key = upload.key.clone();
        let shown = encryption::show_written(Reply::ok(), &attributes.encryption, customer_key.as_ref());
        let put = Put { key: upload.key, headers, attributes, checksum: upload.checksum, condition: None };
        let written = call.engine().put_object(call.bucket()?, put, body).await.map_err(|error| call.says(error))?;
        let mut reply = answer(&call, &fields, &key, &written)?;
        reply.headers.extend(shown.headers);
        lifecycle::show_expiry_of_written(&call, reply, &key, written.version)
    }
}

/// Finds out who sends the form, whether its policy has it so, and whether the sender may.
fn admit(call: &mut Call, fields: &Fields) -> Result<Upload> {
    call.principal = by_form(&call.shared, &call.principal, |name| fields.get(name))?;
    if let Some(observed) = &call.observed {
        observed.caller(&call.principal);
        observed.key(fields.get("key"), None);
    }
    let policy = fields.get("policy").map(PostPolicy::parse).transpose().map_err(refusal)?;
    let key = key(fields)?;
    if let Some(policy) = &policy {
        let bucket = call.bucket()?.name.as_str();
        let form = Form { bucket, fields: &fields.pairs() };
        policy.check(form, call.head.now).map_err(refusal)?;
    }
    become_put(call, fields, &key)?;
    access::decide_action(PostObject::ACTION, call)?;
    call.watch(PostObject::NAME)?;
    features::refuse_absent(features::Copies::Nothing, &call.head)?;
    let integrity = Integrity::of(&call.head, &PayloadMode::Plain { sha256: None })?;
    let wished = call.head.header_filled("x-amz-checksum-algorithm");
    let wished = wished.map(|sent| multipart::checksum_algorithm(&sent)).transpose()?;
    let checksum = integrity.algorithm().or(wished).unwrap_or(Algorithm::Crc64Nvme);
    Ok(Upload { key, policy, integrity, checksum })
}

/// From here on the call is that of a PUT with the fields as its headers: conditions and encryption in the headers of the
/// request itself mean nothing (seen on AWS).
fn become_put(call: &mut Call, fields: &Fields, key: &ObjectKey) -> Result<()> {
    let mut headers: HeaderMap = fields.to_headers()?;
    for kept in [HOST, REFERER, USER_AGENT] {
        if let Some(value) = call.head.headers.get(&kept) {
            headers.insert(kept, value.clone());
        }
    }
    call.head.headers = headers;
    let bucket = call.bucket()?.name.to_string();
    call.head.target = Target::Object { bucket, key: key.clone() };
    Ok(())
}

/// The field `tagging`: a document, unlike the header of a PUT. One with another root says nothing (seen on AWS).
fn tags(fields: &Fields) -> Result<TagSet> {
    let Some(sent) = fields.get("tagging") else { return Ok(TagSet::default()) };
    let document = Element::parse(sent.as_bytes()).map_err(|_| Code::MalformedXml)?;
    if document.name != "Tagging" {
        return Ok(TagSet::default());
    }
    Ok(TagSet::parse(&document, Tagged::Object)?)
}

fn key(fields: &Fields) -> Result<ObjectKey> {
    let sent = fields.required("key")?;
    ObjectKey::parse(sent.to_owned()).map_err(|invalid| match invalid {
        InvalidKey::TooLong { size_bytes } => {
            Code::KeyTooLongError.with("Size", size_bytes).with("MaxSizeAllowed", MAX_KEY_BYTES)
        }
        InvalidKey::Empty | InvalidKey::Nul => Code::InvalidUri.with("URI", sent),
    })
}

/// Streams the file into a blob. What is larger than it may be is read on, so that the error can say how large it is, but
/// not kept.
async fn receive(call: &Call, upload: &Upload, mut file: Field, key: Option<&CustomerKey>) -> Result<Sealed> {
    let ceiling_bytes = call.engine().limits().max_part_size_bytes;
    let max_bytes = upload.policy.as_ref().and_then(PostPolicy::max_bytes).unwrap_or(u64::MAX).min(ceiling_bytes);
    let wanted = WantedDigests { checksum: Some(upload.checksum), ..WantedDigests::default() };
    let mut writer = Some(call.engine().blob_writer_for(wanted, key).map_err(|error| call.says(error))?);
    let mut size_bytes = 0;
    while let Some(piece) = file.next().await.map_err(|error| post_form::refusal(&error))? {
        size_bytes += piece.len() as u64;
        if size_bytes > max_bytes {
            writer = None;
        }
        if let Some(writer) = &mut writer {
            writer.write(piece).await.map_err(|error| call.says(error))?;
        }
    }
    if let Some(policy) = &upload.policy {
        policy.check_size(size_bytes).map_err(refusal)?;
    }
    let Some(writer) = writer else {
        return Err(Code::EntityTooLarge.with("ProposedSize", size_bytes).with("MaxSizeAllowed", ceiling_bytes));
    };
    let sealed = writer.seal().await.map_err(|error| call.says(error))?;
    intake::compare_with_head(&sealed, &upload.integrity, ExpectedDigestIn::Hex)?;
    Ok(sealed)
}

fn refusal(problem: PostPolicyProblem) -> S3Error {
    tracing::info!("form refused: {problem}");
    problem.into()
}

/// The answer that the form asked for: a redirect before a status, and 204 if it asked for neither.
fn answer(call: &Call, fields: &Fields, key: &ObjectKey, written: &Written) -> Result<Reply> {
    let bucket = call.bucket()?.name.as_str();
    let location = complete_multipart_upload::location(call, bucket, key.as_bytes());
    let redirect = fields.get("success_action_redirect").or_else(|| fields.get("redirect"));
    let reply =
        match (redirect.and_then(|to| redirect_to(to, bucket, key, written)), fields.get("success_action_status")) {
            (Some(to), _) => Reply::ok().status(StatusCode::SEE_OTHER).header(LOCATION, &to),
            (None, Some("200")) => Reply::ok().header(LOCATION, &location),
            (None, Some("201")) => {
                let mut xml = XmlWriter::new(Declaration::Yes);
                xml.open("PostResponse")
                    .text("Location", &location)
                    .text("Bucket", bucket)
                    .text("Key", key.as_str())
                    .text("ETag", &written.etag.quoted())
                    .close();
                Reply::xml(xml.finish()).status(StatusCode::CREATED).header(LOCATION, &location)
            }
            _ => Reply::no_content().header(LOCATION, &location),
        };
    let reply = show_new(object_reply::etag(reply, &written.etag), written.version);
    Ok(object_reply::checksum(reply, &written.checksum))
}

/// The address to go to, with what was made. None, if it is no address: S3 overlooks it then.
fn redirect_to(to: &str, bucket: &str, key: &ObjectKey, written: &Written) -> Option<String> {
    let url: http::Uri = to.parse().ok().filter(|url: &http::Uri| url.scheme().is_some() && url.host().is_some())?;
    let join = if url.query().is_some() { '&' } else { '?' };
    let encode = |text: &str| percent::encode(text.as_bytes());
    Some(format!(
        "{to}{join}bucket={}&key={}&etag={}",
        encode(bucket),
        encode(key.as_str()),
        encode(&written.etag.quoted())
    ))
}
