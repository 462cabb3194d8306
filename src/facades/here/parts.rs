//! What requests about parts say: the start's type and coding, a part's number, a completion's list. Both versions', which
//! name a part's id differently.

use http::header;
use serde_json::{Map, Value};

use super::Call;
use super::error::ApiError;
use crate::facades::facade::Request;
use crate::http::body::{CollectError, Payload};
use crate::wire::metadata::ObjectHeaders;
use crate::wire::part::{ListedPart, PartNumber};

/// A list of 10,000 parts is some 600 KB.
const MAX_BODY_BYTES: u64 = 4 << 20;
const MAX_TYPE_BYTES: usize = 255;

/// Which codings a start may name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Codings {
    /// v2: any.
    Any,
    /// v1: `identity` and `gzip`.
    Listed,
}

/// A request's JSON object; `None` without a body.
pub(super) async fn json(call: &mut Call) -> Result<Option<Map<String, Value>>, ApiError> {
    let payload = std::mem::replace(&mut call.request.payload, Payload::empty());
    let body = payload.collect(MAX_BODY_BYTES).await.map_err(|error| match error {
        CollectError::TooLarge { .. } => ApiError::too_large(),
        CollectError::Payload(error) => ApiError::bad_request(format!("The body did not arrive whole: {error}.")),
    })?;
    if body.is_empty() {
        return Ok(None);
    }
    match serde_json::from_slice(&body) {
        Ok(Value::Object(fields)) => Ok(Some(fields)),
        Ok(_) => Err(ApiError::bad_request("The body has to be a JSON object.")),
        Err(error) => Err(ApiError::bad_request(format!("The body is not valid JSON: {error}."))),
    }
}

/// What a start says of the object.
pub(super) fn start_headers(fields: Option<&Map<String, Value>>, codings: Codings) -> Result<ObjectHeaders, ApiError> {
    let field = |name: &str| fields.and_then(|fields| fields.get(name)).filter(|value| !value.is_null());
    let text = |name: &str| match field(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(ApiError::bad_request(format!("{name} has to be a string."))),
    };
    let content_type = text("contentType")?.ok_or_else(|| ApiError::bad_request("contentType is required."))?;
    let content_encoding = text("contentEncoding")?;
    match (&content_encoding, codings) {
        (Some(coding), Codings::Listed) if !matches!(coding.as_str(), "identity" | "gzip") => {
            return Err(ApiError::bad_request("contentEncoding has to be identity or gzip."));
        }
        (Some(coding), _) if !is_header(coding) => {
            return Err(ApiError::bad_request("contentEncoding is no content coding."));
        }
        _ => {}
    }
    Ok(ObjectHeaders {
        content_type: Some(checked_type(content_type, "contentType")?),
        // To have no coding is to have none.
        content_encoding: content_encoding.filter(|coding| coding != "identity"),
        ..ObjectHeaders::default()
    })
}

/// The type and coding of an object that comes in one piece.
pub(super) fn put_headers(request: &Request) -> Result<ObjectHeaders, ApiError> {
    let content_type = match sent(request, &header::CONTENT_TYPE)? {
        Some(content_type) => Some(checked_type(content_type, "Content-Type")?),
        None => None,
    };
    let content_encoding = sent(request, &header::CONTENT_ENCODING)?.filter(|coding| coding != "identity");
    Ok(ObjectHeaders { content_type, content_encoding, ..ObjectHeaders::default() })
}

fn sent(request: &Request, name: &header::HeaderName) -> Result<Option<String>, ApiError> {
    match request.headers.get(name) {
        None => Ok(None),
        Some(value) => match value.to_str() {
            Ok(text) if !text.trim().is_empty() => Ok(Some(text.trim().to_owned())),
            Ok(_) => Ok(None),
            Err(_) => Err(ApiError::bad_request(format!("{name} is not text."))),
        },
    }
}

fn checked_type(content_type: String, name: &str) -> Result<String, ApiError> {
    let is_type = content_type.split_once('/').is_some_and(|(kind, rest)| !kind.is_empty() && !rest.is_empty());
    if is_type && content_type.len() <= MAX_TYPE_BYTES && is_header(&content_type) {
        return Ok(content_type);
    }
    Err(ApiError::bad_request(format!("{name} has to be a media type such as application/octet-stream.")))
}

fn is_header(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| (b' '..0x7f).contains(&byte))
}

/// A part's type has to be the upload's. Assumption 7.
pub(super) fn check_part_type(request: &Request, of_upload: &str) -> Result<(), ApiError> {
    match sent(request, &header::CONTENT_TYPE)? {
        None => Ok(()),
        Some(sent) if sent == of_upload || sent == "application/json" => Ok(()),
        Some(sent) => {
            Err(ApiError::bad_request(format!("Content-Type is {sent:?}, but the upload's is {of_upload:?}.")))
        }
    }
}

/// `partNumber`.
pub(super) fn part_number(request: &Request) -> Result<PartNumber, ApiError> {
    let sent = request.query.first("partNumber").unwrap_or_default();
    let digits = !sent.is_empty() && sent.bytes().all(|byte| byte.is_ascii_digit());
    PartNumber::parse(sent)
        .ok()
        .filter(|_| digits)
        .ok_or_else(|| ApiError::bad_request(format!("partNumber has to be an integer from 1 to {}.", PartNumber::MAX)))
}

/// The list of a completion; `None` where the body has none.
pub(super) fn listed(fields: Option<&Map<String, Value>>, id_name: &str) -> Result<Option<Vec<ListedPart>>, ApiError> {
    let Some(value) = fields.and_then(|fields| fields.get("parts")).filter(|value| !value.is_null()) else {
        return Ok(None);
    };
    let items = value.as_array().ok_or_else(|| ApiError::bad_request("parts has to be an array."))?;
    if items.is_empty() || items.len() > usize::from(PartNumber::MAX.get()) {
        return Err(ApiError::bad_request(format!("parts has to list 1 to {} parts.", PartNumber::MAX)));
    }
    let part = |(index, item): (usize, &Value)| {
        let number = item.get("number").and_then(Value::as_u64).and_then(|number| u16::try_from(number).ok());
        let number = number.and_then(PartNumber::new).ok_or_else(|| {
            ApiError::bad_request(format!("parts[{index}].number has to be an integer from 1 to {}.", PartNumber::MAX))
        })?;
        let id = item.get(id_name).and_then(Value::as_str).filter(|id| !id.is_empty()).ok_or_else(|| {
            ApiError::bad_request(format!("parts[{index}].{id_name} is required: what the part was answered with."))
        })?;
        Ok(ListedPart { number, etag: id.trim_matches('"').to_owned(), checksums: Vec::new() })
    };
    items.iter().enumerate().map(part).collect::<Result<Vec<_>, _>>().map(Some)
}
