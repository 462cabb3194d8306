//! Answers as the caller wants them: JSON, indented JSON, or a page; and errors in the shape of the API that was asked. Not
//! what they say.

use http::{HeaderValue, Response, StatusCode, header};
use serde_json::{Value, json};

use super::call::{Fields, Format};
use super::error::ArcError;
use super::html::Page;
use crate::facades::reply;
use crate::http::body::Body;

/// What a call came to.
pub(super) enum Answer {
    /// A value, and what a page about it has besides.
    Value(Value, Page),
    /// A value; people are sent to this URL instead.
    ValueOrSee(Value, String),
    /// A file.
    File(Response<Body>),
}

/// In which shape errors are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Family {
    /// `{"status":"error","messages":[…],"code":…}`: the administrator API.
    /// Source: <https://developers.arcgis.com/rest/enterprise-administration/server/operationresponse/>
    Admin,
    /// `{"error":{"code":…,"message":…,"details":[…]}}`: the portal, and everything under `/tokens`.
    Rest,
}

const JSON: &str = "application/json;charset=UTF-8";
const PRETTY_JSON: &str = "text/plain;charset=UTF-8";
const HTML: &str = "text/html;charset=UTF-8";
/// The pages have neither scripts nor anything from elsewhere.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'";

/// An operation that has nothing more to say.
pub(super) fn success() -> Value {
    json!({ "status": "success" })
}

/// Writes an answer or an error.
pub(super) fn write(outcome: Result<Answer, ArcError>, fields: &Fields, family: Family) -> Response<Body> {
    // A format that does not exist is an error already, which is told in JSON.
    let format = fields.format().map_or(Format::Html, |format| format.unwrap_or(Format::Json));
    let mut response = match outcome {
        Ok(Answer::File(response)) => return response,
        Ok(Answer::ValueOrSee(_, url)) if format == Format::Html => see(&url),
        Ok(Answer::ValueOrSee(value, _)) => written(StatusCode::OK, &value, &Page::titled("Success"), format, fields),
        Ok(Answer::Value(value, page)) => written(StatusCode::OK, &value, &page, format, fields),
        Err(error) => {
            let page = Page::titled(format!("Error {}", error.code));
            written(status(error.code), &error_value(&error, family), &page, format, fields)
        }
    };
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    response
}

fn written(status: StatusCode, value: &Value, page: &Page, format: Format, fields: &Fields) -> Response<Body> {
    match format {
        Format::Json => reply::json_as(status, JSON, value),
        Format::PrettyJson => reply::text(status, PRETTY_JSON, format!("{value:#}\n")),
        Format::Html => {
            let mut response = reply::text(status, HTML, page.write(value, fields.in_query("token")));
            response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
            response
        }
    }
}

/// 200, whatever the code: assumption 4. What is the server's own fault has its status, so that proxies and clients see it.
fn status(code: u16) -> StatusCode {
    if code < 500 { StatusCode::OK } else { StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR) }
}

fn error_value(error: &ArcError, family: Family) -> Value {
    let ArcError { code, message } = error;
    match family {
        Family::Admin => json!({ "status": "error", "messages": [message], "code": code }),
        Family::Rest if *code == 400 => {
            json!({ "error": { "code": code, "message": "Unable to generate token.", "details": [message] } })
        }
        Family::Rest => json!({ "error": { "code": code, "message": message, "details": [] } }),
    }
}

fn see(url: &str) -> Response<Body> {
    let mut response = reply::empty(StatusCode::SEE_OTHER);
    match HeaderValue::from_str(url) {
        Ok(url) => drop(response.headers_mut().insert(header::LOCATION, url)),
        Err(error) => tracing::error!(%error, "bug: a URL of ours is no header value"),
    }
    response
}
