//! The fields of an upload by form, up to its file. Not what is made of them.

use http::{HeaderMap, HeaderName, HeaderValue};

use crate::http::body::Payload;
use crate::http::form::{Field, Form, FormError, MultipartForm};
use crate::s3::auth::missing_field;
use crate::s3::error::{Result, S3Error};
use crate::s3::intake::payload_error;
use crate::wire::error_codes::Code;
use crate::wire::metadata::encode_verbatim;

/// What may come before the file.
/// Source: <https://docs.aws.amazon.com/AmazonS3/latest/API/RESTObjectPOST.html>
const MAX_FIELDS_BYTES: usize = 20 << 10;

/// What stands for the file's name in other fields.
const FILE_NAME: &str = "${filename}";

/// Fields that are no headers of the object to be.
const NOT_HEADERS: [&str; 7] =
    ["bucket", "file", "key", "policy", "redirect", "success_action_redirect", "success_action_status"];

/// The fields before the file, in their order, with variables filled in.
pub(super) struct Fields(Vec<(String, String)>);

/// Reads the fields. The file is the caller's to read, and the form what may still follow it.
pub(super) async fn read(headers: &HeaderMap, payload: Payload) -> Result<(Fields, Field, MultipartForm)> {
    let mut form = match Form::read(headers, payload).await.map_err(|error| refusal(&error))? {
        Form::Multipart(form) => form,
        Form::Urlencoded(_) => return Err(not_multipart()),
    };
    let (mut fields, mut size_bytes): (Vec<(String, String)>, usize) = (Vec::new(), 0);
    while let Some(field) = form.next().await.map_err(|error| refusal(&error))? {
        if is_file(&field) {
            if let Some(file_name) = file_name(&field) {
                for (_, value) in &mut fields {
                    *value = value.replace(FILE_NAME, &file_name);
                }
            }
            return Ok((Fields(fields), field, form));
        }
        let name = field.name().to_owned();
        let text = field.text().await.map_err(|error| refusal(&error))?;
        size_bytes += name.len() + text.len();
        if size_bytes > MAX_FIELDS_BYTES {
            return Err(Code::MaxPostPreDataLengthExceededError.into());
        }
        fields.push((name, text));
    }
    Err(one_file(0))
}

/// Reads what follows the file. It counts for nothing, but for a second file.
pub(super) async fn finish(mut form: MultipartForm) -> Result<()> {
    while let Some(mut field) = form.next().await.map_err(|error| refusal(&error))? {
        if is_file(&field) {
            return Err(one_file(2));
        }
        while field.next().await.map_err(|error| refusal(&error))?.is_some() {}
    }
    Ok(())
}

impl Fields {
    /// The value of a field, whatever the case of its name. Of several of a name the first counts.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(other, _)| other.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// As [`Self::get`], for one that has to be there.
    pub(super) fn required(&self, name: &str) -> Result<&str> {
        self.get(name).filter(|value| !value.is_empty()).ok_or_else(|| missing_field(name))
    }

    /// All of them.
    pub(super) fn pairs(&self) -> Vec<(&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
    }

    /// The fields as headers of a PUT of the same object.
    pub(super) fn to_headers(&self) -> Result<HeaderMap> {
        let mut headers = HeaderMap::new();
        for (name, value) in &self.0 {
            let lower = name.to_ascii_lowercase();
            if NOT_HEADERS.contains(&lower.as_str()) {
                continue;
            }
            let lower = if lower == "acl" { "x-amz-acl".to_owned() } else { lower };
            // Fields that can be no header mean nothing to S3.
            let Ok(header) = HeaderName::try_from(&lower) else { continue };
            let bytes = if lower.starts_with("x-amz-meta-") {
                encode_verbatim(value).into_bytes()
            } else if lower.starts_with("x-amz-") {
                value.clone().into_bytes()
            } else {
                in_latin1(value)
            };
            let value = HeaderValue::from_bytes(&bytes)
                .map_err(|_| S3Error::invalid_argument("Invalid argument.", name, value))?;
            headers.entry(header).or_insert(value);
        }
        Ok(headers)
    }
}

/// A content header from a form, where AWS was seen to put a space for what ISO 8859-1 does not have.
fn in_latin1(value: &str) -> Vec<u8> {
    value.chars().map(|letter| u8::try_from(letter).unwrap_or(b' ')).collect()
}

fn is_file(field: &Field) -> bool {
    field.name().eq_ignore_ascii_case("file")
}

/// What follows the last slash: some browsers send the path. `None` for a field without a file name, in which case the
/// variable stays as it is (seen on AWS).
fn file_name(field: &Field) -> Option<String> {
    field.file_name().map(|sent| sent.rsplit(['/', '\\']).next().unwrap_or_default().to_owned())
}

fn one_file(count: u32) -> S3Error {
    S3Error::invalid_argument(Code::IncorrectNumberOfFilesInPostRequest.message(), "file", count)
}

/// The refusal of a body that is another form, or none.
pub(super) fn not_multipart() -> S3Error {
    Code::PreconditionFailed.with("Condition", "Bucket POST must be of the enclosure-type multipart/form-data")
}

/// What S3 says to a body that cannot be read.
pub(super) fn refusal(error: &FormError) -> S3Error {
    match error {
        FormError::NotAForm(_) => not_multipart(),
        FormError::Malformed(why) => {
            tracing::info!("form refused: {why}");
            Code::MalformedPostRequest.into()
        }
        FormError::TooLarge { .. } => Code::MaxPostPreDataLengthExceededError.into(),
        FormError::Payload(error) => payload_error(error),
    }
}
