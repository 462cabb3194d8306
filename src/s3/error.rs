//! An S3 error on its way out: code, sentence, extra fields in AWS's order, headers. What it is made of is decided where
//! the condition is found; how the engine's conditions become S3 errors is in `engine_error`.

use std::borrow::Cow;
use std::fmt;

use http::{HeaderName, HeaderValue};

use crate::wire::error_codes::Code;
use crate::wire::xml::Declaration;

/// The result of everything in this dialect.
pub(crate) type Result<T> = std::result::Result<T, S3Error>;

/// An error answer. One word wide: most results are not errors.
pub(crate) struct S3Error(Box<Inner>);

struct Inner {
    code: Code,
    message: Cow<'static, str>,
    fields: Vec<(&'static str, String)>,
    headers: Vec<(HeaderName, HeaderValue)>,
    declaration: Declaration,
    /// What lies behind a 500, for the log. The client does not see it.
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl From<Code> for S3Error {
    fn from(code: Code) -> S3Error {
        S3Error::new(code, code.message())
    }
}

impl Code {
    /// This error with an extra field, as AWS names it.
    pub(crate) fn with(self, name: &'static str, value: impl fmt::Display) -> S3Error {
        S3Error::from(self).with(name, value)
    }

    /// This error with another sentence than its usual one.
    pub(crate) fn says(self, message: impl Into<Cow<'static, str>>) -> S3Error {
        S3Error::new(self, message)
    }
}

impl S3Error {
    fn new(code: Code, message: impl Into<Cow<'static, str>>) -> S3Error {
        S3Error(Box::new(Inner {
            code,
            message: message.into(),
            fields: Vec::new(),
            headers: Vec::new(),
            declaration: Declaration::Yes,
            source: None,
        }))
    }

    /// 400 `InvalidArgument` with the argument's name and value, in AWS's order.
    pub(crate) fn invalid_argument(
        message: impl Into<Cow<'static, str>>,
        name: impl fmt::Display,
        value: impl fmt::Display,
    ) -> S3Error {
        Code::InvalidArgument.says(message).with("ArgumentName", name).with("ArgumentValue", value)
    }

    /// 400 `InvalidRequest` with a sentence.
    pub(crate) fn invalid_request(message: impl Into<Cow<'static, str>>) -> S3Error {
        Code::InvalidRequest.says(message)
    }

    /// 501 for a header whose feature does not exist.
    pub(crate) fn header_not_implemented(name: impl fmt::Display) -> S3Error {
        Code::NotImplemented.with("Header", name)
    }

    /// 501 for a query parameter whose feature does not exist.
    pub(crate) fn query_not_implemented(name: impl fmt::Display) -> S3Error {
        Code::NotImplemented
            .says("A query parameter you provided implies functionality that is not implemented")
            .with("QueryParameter", name)
    }

    /// 500, with what lies behind it for the log.
    pub(crate) fn internal(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> S3Error {
        let mut error = S3Error::from(Code::InternalError);
        error.0.source = Some(source.into());
        error
    }

    /// Adds an extra field; the order of calls is the order on the wire.
    pub(crate) fn with(mut self, name: &'static str, value: impl fmt::Display) -> S3Error {
        self.0.fields.push((name, value.to_string()));
        self
    }

    /// Adds a header to the answer. A value that no header can hold is left out.
    pub(crate) fn header(mut self, name: HeaderName, value: &str) -> S3Error {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.0.headers.push((name, value));
        }
        self
    }

    /// Some operations answer errors without an XML declaration.
    pub(crate) fn without_declaration(mut self) -> S3Error {
        self.0.declaration = Declaration::No;
        self
    }

    pub(crate) fn code(&self) -> Code {
        self.0.code
    }

    pub(crate) fn message(&self) -> &str {
        &self.0.message
    }

    pub(crate) fn fields(&self) -> &[(&'static str, String)] {
        &self.0.fields
    }

    pub(crate) fn headers(&self) -> &[(HeaderName, HeaderValue)] {
        &self.0.headers
    }

    pub(crate) fn declaration(&self) -> Declaration {
        self.0.declaration
    }

    pub(crate) fn source(&self) -> Option<&(dyn std::error::Error + Send + Sync + 'static)> {
        self.0.source.as_deref()
    }
}

impl fmt::Debug for S3Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} {:?}", self.0.code, self.0.message, self.0.fields)
    }
}
