//! A success on its way out: status, headers, body. Every answer gets its request id and date from the service.

use http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

use crate::http::body::Body;

/// An answer.
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Body,
}

impl Reply {
    /// 200 without a body.
    pub(crate) fn ok() -> Reply {
        Reply { status: StatusCode::OK, headers: HeaderMap::new(), body: Body::empty() }
    }

    /// 204.
    pub(crate) fn no_content() -> Reply {
        Reply { status: StatusCode::NO_CONTENT, ..Reply::ok() }
    }

    /// 200 with an XML document.
    pub(crate) fn xml(document: String) -> Reply {
        Reply::ok().with_xml(document)
    }

    /// With an XML document.
    pub(crate) fn with_xml(mut self, document: String) -> Reply {
        self.headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/xml"));
        self.body = Body::full(document);
        self
    }

    /// With another status.
    pub(crate) fn status(mut self, status: StatusCode) -> Reply {
        self.status = status;
        self
    }

    /// With a header. A value that no header can hold is left out: stored values have been checked when they came in.
    pub(crate) fn header(mut self, name: HeaderName, value: &str) -> Reply {
        if let Ok(value) = HeaderValue::from_str(value).or_else(|_| HeaderValue::from_bytes(value.as_bytes())) {
            self.headers.insert(name, value);
        }
        self
    }

    /// With one of AWS's own headers, named in lower case.
    pub(crate) fn amz(self, name: &'static str, value: &str) -> Reply {
        self.header(HeaderName::from_static(name), value)
    }

    /// With a header, if there is a value.
    pub(crate) fn optional(self, name: HeaderName, value: Option<&str>) -> Reply {
        match value {
            Some(value) => self.header(name, value),
            None => self,
        }
    }

    /// The length of a body that is not sent: answers to HEAD.
    pub(crate) fn length_only(mut self, length_bytes: u64) -> Reply {
        self.headers.insert(CONTENT_LENGTH, HeaderValue::from(length_bytes));
        self
    }
}
