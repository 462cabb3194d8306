//! The pages that a website shows when there is nothing else to show, as AWS writes them.
//!
//! Source: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/CustomErrorDocSupport.html>

use std::fmt::Write as _;

use http::StatusCode;
use http::header::{CONTENT_TYPE, LOCATION};

use crate::http::body::Body;
use crate::http::request_id::{HostId, RequestId};
use crate::s3::error::S3Error;
use crate::s3::reply::Reply;
use crate::wire::percent;

/// The ids that a page shows.
pub(super) struct Ids<'a> {
    pub(super) request: &'a RequestId,
    pub(super) host: &'a HostId,
}

/// The page of an error. `nested` is why the website's own error document could not be shown instead.
pub(super) fn of_error(error: &S3Error, nested: Option<&S3Error>, ids: &Ids<'_>) -> Reply {
    let status = StatusCode::from_u16(error.code().status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut lines = lines_of(error);
    lines.push(("RequestId", ids.request.as_str().to_owned()));
    lines.push(("HostId", ids.host.as_str().to_owned()));
    let mut body = list(&lines);
    if let Some(nested) = nested {
        body.push_str("<h3>An Error Occurred While Attempting to Retrieve a Custom Error Document</h3>\n");
        body.push_str(&list(&lines_of(nested)));
    }
    let mut reply = with_error(html(status, &body), error);
    for (name, value) in error.headers() {
        reply.headers.insert(name.clone(), value.clone());
    }
    reply
}

/// The headers that tell an error beside its page.
pub(super) fn with_error(mut reply: Reply, error: &S3Error) -> Reply {
    reply = reply.amz("x-amz-error-code", error.code().as_str()).amz("x-amz-error-message", error.message());
    for (name, value) in error.fields() {
        if let Ok(header) = http::HeaderName::try_from(format!("x-amz-error-detail-{name}")) {
            reply = reply.header(header, value);
        }
    }
    reply
}

/// A redirect. It has no body. Its address may come from a configuration or an object, in any characters.
pub(super) fn redirect(status: StatusCode, location: &str) -> Reply {
    Reply::ok().status(status).header(LOCATION, &percent::encode_address(location))
}

fn html(status: StatusCode, body: &str) -> Reply {
    let title = format!("{} {}", status.as_u16(), status.canonical_reason().unwrap_or_default());
    let page = format!(
        "<html>\n<head><title>{title}</title></head>\n<body>\n<h1>{title}</h1>\n{body}<hr/>\n</body>\n</html>\n"
    );
    let mut reply = Reply::ok().status(status).header(CONTENT_TYPE, "text/html; charset=utf-8");
    reply.body = Body::full(page);
    reply
}

fn lines_of(error: &S3Error) -> Vec<(&'static str, String)> {
    let mut lines = vec![("Code", error.code().as_str().to_owned()), ("Message", error.message().to_owned())];
    lines.extend(error.fields().iter().cloned());
    lines
}

fn list(lines: &[(&'static str, String)]) -> String {
    let mut list = "<ul>\n".to_owned();
    for (name, value) in lines {
        // Writing to a string does not fail.
        let _ = writeln!(list, "<li>{name}: {}</li>", escaped(value));
    }
    list + "</ul>\n"
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_cannot_write_html() {
        assert_eq!(escaped("<script>\"&"), "&lt;script&gt;&quot;&amp;");
    }
}
