//! HTML forms as request bodies: `application/x-www-form-urlencoded`, collected, and `multipart/form-data`, streamed field
//! by field. Not what the fields mean.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use http::{HeaderMap, header};

use super::body::{CollectError, Payload, PayloadError};
use crate::wire::query::Query;

/// A text field may not be longer.
pub const MAX_TEXT_BYTES: u64 = 1 << 20;
/// All of an urlencoded form.
const MAX_URLENCODED_BYTES: u64 = 4 << 20;
/// What may be taken in before a field begins. A boundary and a few headers are a few hundred bytes, but the parser takes in a
/// piece or two, of up to some 400 KiB, before it looks. It keeps all of it in memory, and looks through all of it again with
/// every piece.
const MAX_HEAD_BYTES: u64 = 2 << 20;

/// A form in the request's body.
pub enum Form {
    /// All fields of an urlencoded form, in their order.
    Urlencoded(Query),
    /// A multipart form, whose fields come one after the other.
    Multipart(MultipartForm),
}

/// A `multipart/form-data` body. Each field has to be read to its end before the next.
pub struct MultipartForm {
    parser: multer::Multipart<'static>,
    /// How many bytes may still come before the next field's own; without a limit while those are read.
    head_bytes: Arc<AtomicU64>,
}

/// One field of a multipart form.
pub struct Field(multer::Field<'static>);

/// Why a form could not be read.
#[derive(Debug)]
pub enum FormError {
    /// The `Content-Type` is that of no form: this is what it was.
    NotAForm(String),
    /// The body is no form, or breaks off: what is wrong, for the client.
    Malformed(String),
    /// A text field, or all of an urlencoded form, is longer than this.
    TooLarge {
        /// The limit.
        limit_bytes: u64,
    },
    /// The body could not be read.
    Payload(PayloadError),
}

impl Form {
    /// Reads what kind of form it is; of an urlencoded one, all of it. A request without a body is a form without fields.
    pub async fn read(headers: &HeaderMap, payload: Payload) -> Result<Form, FormError> {
        let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let media_type = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        match media_type.as_str() {
            "multipart/form-data" => {
                let boundary = multer::parse_boundary(content_type)
                    .map_err(|error| FormError::Malformed(format!("multipart/form-data: {error}")))?;
                let head_bytes = Arc::new(AtomicU64::new(u64::MAX));
                let state = (payload, Arc::clone(&head_bytes));
                let stream = futures_util::stream::unfold(state, |(mut payload, head_bytes)| async move {
                    // The parser takes in all that is ready before it looks at any: one piece is ready at a time.
                    tokio::task::yield_now().await;
                    let next = payload.next().await?.map_err(StreamError::Payload).and_then(|piece| {
                        let left = head_bytes.load(Ordering::Relaxed);
                        // Whole pieces are counted: the last may be the next field's already.
                        head_bytes.store(left.saturating_sub(piece.len() as u64), Ordering::Relaxed);
                        if left == 0 { Err(StreamError::NoField) } else { Ok(piece) }
                    });
                    Some((next, (payload, head_bytes)))
                });
                let parser = multer::Multipart::new(stream, boundary);
                Ok(Form::Multipart(MultipartForm { parser, head_bytes }))
            }
            "application/x-www-form-urlencoded" => Form::urlencoded(payload).await,
            "" if payload.content_length() == Some(0) => Ok(Form::Urlencoded(Query::default())),
            _ => Err(FormError::NotAForm(content_type.to_owned())),
        }
    }

    async fn urlencoded(payload: Payload) -> Result<Form, FormError> {
        let body = payload.collect(MAX_URLENCODED_BYTES).await.map_err(|error| match error {
            CollectError::TooLarge { limit_bytes } => FormError::TooLarge { limit_bytes },
            CollectError::Payload(error) => FormError::Payload(error),
        })?;
        let malformed = || FormError::Malformed("the form is not urlencoded UTF-8".to_owned());
        // In a form `+` is a space; in S3's queries, for which `Query` was made, it is too.
        let text = std::str::from_utf8(&body).map_err(|_| malformed())?;
        Query::parse(text.trim()).map(Form::Urlencoded).map_err(|_| malformed())
    }
}

impl MultipartForm {
    /// The next field; `None` after the last.
    pub async fn next(&mut self) -> Result<Option<Field>, FormError> {
        self.head_bytes.store(MAX_HEAD_BYTES, Ordering::Relaxed);
        let field = self.parser.next_field().await.map_err(form_error)?;
        self.head_bytes.store(u64::MAX, Ordering::Relaxed);
        Ok(field.map(Field))
    }
}

impl Field {
    /// The field's name; empty when it has none.
    pub fn name(&self) -> &str {
        self.0.name().unwrap_or_default()
    }

    /// The name of the file, if the field is one.
    pub fn file_name(&self) -> Option<&str> {
        self.0.file_name()
    }

    /// The type that the client gave the field.
    pub fn content_type(&self) -> Option<&str> {
        self.0.content_type().map(AsRef::as_ref)
    }

    /// The next piece of the field's bytes; `None` at its end.
    pub async fn next(&mut self) -> Result<Option<Bytes>, FormError> {
        self.0.chunk().await.map_err(form_error)
    }

    /// The field as text, up to [`MAX_TEXT_BYTES`].
    pub async fn text(mut self) -> Result<String, FormError> {
        let mut text = Vec::new();
        while let Some(piece) = self.next().await? {
            if (text.len() + piece.len()) as u64 > MAX_TEXT_BYTES {
                return Err(FormError::TooLarge { limit_bytes: MAX_TEXT_BYTES });
            }
            text.extend_from_slice(&piece);
        }
        String::from_utf8(text).map_err(|_| FormError::Malformed("a field is not UTF-8".to_owned()))
    }
}

/// Carries an error through the parser and out again.
#[derive(Debug)]
enum StreamError {
    Payload(PayloadError),
    /// Much came, but no field.
    NoField,
}

impl std::fmt::Display for StreamError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{self:?}")
    }
}

impl std::error::Error for StreamError {}

fn form_error(error: multer::Error) -> FormError {
    let malformed = |what: &dyn std::fmt::Display| FormError::Malformed(format!("multipart/form-data: {what}"));
    match error {
        multer::Error::StreamReadFailed(source) => match source.downcast::<StreamError>().map(|error| *error) {
            Ok(StreamError::Payload(error)) => FormError::Payload(error),
            Ok(StreamError::NoField) => malformed(&format!("no field within {MAX_HEAD_BYTES} bytes")),
            Err(other) => FormError::Payload(PayloadError::Io(io::Error::other(other))),
        },
        other => malformed(&other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(content_type: &str) -> HeaderMap {
        HeaderMap::from_iter([(header::CONTENT_TYPE, content_type.parse().unwrap())])
    }

    #[tokio::test]
    async fn urlencoded_fields() {
        let body = Payload::from_bytes("a=1+2&b=%C4%8D&a=3");
        let form = Form::read(&headers("application/x-www-form-urlencoded; charset=utf-8"), body).await;
        let Ok(Form::Urlencoded(fields)) = form else { panic!("no urlencoded form") };
        assert_eq!((fields.first("a"), fields.first("b")), (Some("1 2"), Some("č")));
    }

    #[tokio::test]
    async fn multipart_fields_in_their_order() {
        let body = "--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\none\r\n--x\r\n\
                    Content-Disposition: form-data; name=\"f\"; filename=\"č.csv\"\r\nContent-Type: text/csv\r\n\r\n\
                    1,2\r\n--x--\r\n";
        let form = Form::read(&headers("multipart/form-data; boundary=x"), Payload::from_bytes(body)).await;
        let Ok(Form::Multipart(mut form)) = form else { panic!("no multipart form") };
        let first = form.next().await.unwrap().unwrap();
        assert_eq!((first.name(), first.file_name()), ("a", None));
        assert_eq!(first.text().await.unwrap(), "one");
        let mut file = form.next().await.unwrap().unwrap();
        assert_eq!((file.file_name(), file.content_type()), (Some("č.csv"), Some("text/csv")));
        assert_eq!(file.next().await.unwrap().unwrap(), "1,2");
        drop(file);
        assert!(form.next().await.unwrap().is_none());
    }

    #[tokio::test]
    async fn what_is_no_form_is_refused() {
        let read = |content_type: &'static str, body: &'static str| async move {
            match Form::read(&headers(content_type), Payload::from_bytes(body)).await {
                Ok(Form::Multipart(mut form)) => match form.next().await {
                    Ok(Some(field)) => field.text().await.map(drop),
                    other => other.map(drop),
                },
                other => other.map(drop),
            }
        };
        let json = read("application/json", "{}").await;
        assert!(matches!(json, Err(FormError::NotAForm(kind)) if kind == "application/json"));
        for (content_type, body) in [
            ("multipart/form-data", "x"),
            ("multipart/form-data; boundary=x", "nothing"),
            ("multipart/form-data; boundary=x", "--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nbroken off"),
            ("application/x-www-form-urlencoded", "a=%FF"),
        ] {
            let refused = read(content_type, body).await;
            assert!(matches!(refused, Err(FormError::Malformed(_))), "{content_type} {body} {refused:?}");
        }
    }
}
