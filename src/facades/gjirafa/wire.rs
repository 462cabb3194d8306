//! The product's JSON: the envelope of every answer, and the fields of requests with what is wrong with them.

use http::{Response, StatusCode};
use serde::Serialize;
use serde_json::{Map, Value};

use super::error::ApiError;
use crate::facades::reply;
use crate::facades::storage::CompletedPart;
use crate::http::body::Body;
use crate::wire::part::PartNumber;

/// Every answer, errors too.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Envelope<'a> {
    success: bool,
    errors: &'a [String],
    messages: &'a [String],
    result: &'a Value,
    result_info: Option<&'a str>,
    status_code: u16,
}

pub(super) fn success(result: &Value, messages: &[String]) -> Response<Body> {
    let status_code = StatusCode::OK.as_u16();
    let envelope = Envelope { success: true, errors: &[], messages, result, result_info: None, status_code };
    reply::json(StatusCode::OK, &envelope)
}

pub(super) fn failure(status: StatusCode, errors: &[String]) -> Response<Body> {
    let status_code = status.as_u16();
    let envelope =
        Envelope { success: false, errors, messages: &[], result: &Value::Null, result_info: None, status_code };
    reply::json(status, &envelope)
}

/// The fields of a request, and all that is wrong with them.
pub(super) struct Fields {
    fields: Map<String, Value>,
    errors: Vec<String>,
}

/// The largest number that JSON's readers agree on.
const MAX_SAFE_INTEGER: u64 = (1 << 53) - 1;
const MAX_NAME_BYTES: usize = 255;
const MAX_TYPE_BYTES: usize = 255;
const MAX_HASH_BYTES: usize = 1024;

impl Fields {
    pub(super) fn new(fields: Map<String, Value>) -> Fields {
        Fields { fields, errors: Vec::new() }
    }

    /// A field that is there, and is not null.
    fn sent(&self, name: &str) -> Option<&Value> {
        self.fields.get(name).filter(|value| !value.is_null())
    }

    fn wrong<T>(&mut self, error: impl Into<String>) -> Option<T> {
        self.errors.push(error.into());
        None
    }

    /// What the fields came to, if nothing is wrong with any.
    pub(super) fn finish<T>(self, value: Option<T>) -> Result<T, ApiError> {
        match value {
            Some(value) if self.errors.is_empty() => Ok(value),
            _ => Err(ApiError::bad_fields(self.errors)),
        }
    }

    fn text(&mut self, name: &str, max_bytes: usize) -> Option<String> {
        match self.sent(name) {
            None => None,
            Some(Value::String(text)) if text.len() <= max_bytes => Some(text.clone()),
            Some(Value::String(_)) => self.wrong(format!("{name} is longer than {max_bytes} bytes.")),
            Some(_) => self.wrong(format!("{name} has to be a string.")),
        }
    }

    /// A name that becomes the last part of a key.
    pub(super) fn file_name(&mut self) -> Option<String> {
        if self.sent("fileName").is_none() {
            return self.wrong("fileName is required.");
        }
        let name = self.text("fileName", MAX_NAME_BYTES)?;
        if name.trim().is_empty() {
            return self.wrong("fileName is required.");
        }
        if name.chars().any(|c| c.is_control() || matches!(c, '/' | '\\')) {
            return self.wrong("fileName is the name of a file, without a path.");
        }
        Some(name)
    }

    pub(super) fn parts_number(&mut self) -> Option<u16> {
        let max = PartNumber::MAX.get();
        match self.sent("partsNumber") {
            None => self.wrong("partsNumber is required."),
            Some(value) => match value.as_u64().and_then(|number| u16::try_from(number).ok()) {
                Some(number) if (1..=max).contains(&number) => Some(number),
                _ => self.wrong(format!("partsNumber has to be an integer from 1 to {max}.")),
            },
        }
    }

    /// Assumption 2: a number or a string of digits.
    pub(super) fn content_length(&mut self) -> Option<u64> {
        let number = match self.sent("contentLength") {
            None => return None,
            Some(Value::String(digits)) if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) => {
                digits.parse().ok()
            }
            Some(value) => value.as_u64(),
        };
        match number.filter(|number| *number <= MAX_SAFE_INTEGER) {
            None => self.wrong("contentLength has to be the file's size in bytes, as an integer or a string."),
            number => number,
        }
    }

    /// `mimeType`; a single upload may also call it `contentType`.
    pub(super) fn mime_type(&mut self, names: &[&'static str]) -> Option<String> {
        let name = names.iter().find(|name| self.sent(name).is_some())?;
        let text = self.text(name, MAX_TYPE_BYTES)?;
        let is_type = text.split_once('/').is_some_and(|(kind, rest)| !kind.is_empty() && !rest.is_empty())
            && text.bytes().all(|byte| (b' '..0x7f).contains(&byte));
        if is_type { Some(text) } else { self.wrong(format!("{name} has to be a media type such as video/mp4.")) }
    }

    fn flag(&mut self, name: &str) -> Option<bool> {
        match self.sent(name) {
            None => None,
            Some(Value::Bool(flag)) => Some(*flag),
            Some(_) => self.wrong(format!("{name} has to be true or false.")),
        }
    }

    /// The hash, if duplicates are to be refused.
    pub(super) fn duplicate_check(&mut self) -> Option<String> {
        let asked = self.flag("enableDuplicateCheck").unwrap_or(false);
        let hash = self.text("fileHash", MAX_HASH_BYTES).filter(|hash| !hash.is_empty());
        if asked && hash.is_none() {
            return self.wrong("fileHash is required when enableDuplicateCheck is true.");
        }
        hash.filter(|_| asked)
    }

    /// In hours: 1 to 168, null or left out 12.
    pub(super) fn expiry_hours(&mut self) -> Option<u32> {
        match self.sent("presignedUrlExpiryTimeHours") {
            None => Some(12),
            Some(value) => match value.as_u64().and_then(|hours| u32::try_from(hours).ok()) {
                Some(hours) if (1..=168).contains(&hours) => Some(hours),
                _ => self.wrong("presignedUrlExpiryTimeHours has to be an integer from 1 to 168."),
            },
        }
    }

    pub(super) fn request_key(&mut self) -> Option<String> {
        match self.sent("requestKey") {
            None => self.wrong("requestKey is required."),
            Some(Value::String(key)) if !key.is_empty() => Some(key.clone()),
            Some(_) => self.wrong("requestKey has to be a string."),
        }
    }

    /// Left out, it is true.
    pub(super) fn allow_partial_complete(&mut self) -> bool {
        self.flag("allowPartialComplete").unwrap_or(true)
    }

    pub(super) fn parts(&mut self) -> Option<Vec<CompletedPart>> {
        let listed = match self.sent("parts") {
            Some(Value::Array(listed)) if !listed.is_empty() => listed,
            Some(Value::Array(_)) | None => return self.wrong("parts is required: at least one."),
            Some(_) => return self.wrong("parts has to be an array."),
        };
        let max = usize::from(PartNumber::MAX.get());
        if listed.len() > max {
            return self.wrong(format!("parts has more than {max} items."));
        }
        let mut errors = Vec::new();
        let mut parts = Vec::with_capacity(listed.len());
        for (index, item) in listed.iter().enumerate() {
            let number = item.get("partNumber").and_then(Value::as_u64).and_then(|number| u16::try_from(number).ok());
            let number = number.and_then(PartNumber::new);
            let etag = item.get("eTag").and_then(Value::as_str).filter(|etag| !etag.is_empty());
            if number.is_none() {
                errors.push(format!("parts[{index}].partNumber has to be an integer from 1 to {max}."));
            }
            if etag.is_none() {
                errors.push(format!("parts[{index}].eTag is required: the ETag of the part's upload."));
            }
            if let (Some(number), Some(etag)) = (number, etag) {
                parts.push(CompletedPart { number, etag: etag.to_owned() });
            }
        }
        if errors.is_empty() {
            return Some(parts);
        }
        self.errors.append(&mut errors);
        None
    }
}
