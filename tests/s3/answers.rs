//! What the wire tests look for in answers: whole errors, an element's children in order. No test is in here.

use crate::support::Reply;
use crate::support::server::TestServer;

pub(crate) const DENIED: &str = "Access Denied";
pub(crate) const NO_UPLOAD: &str = "The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed.";
pub(crate) const MALFORMED_XML: &str =
    "The XML you provided was not well-formed or did not validate against our published schema";

/// The reply is this error and no other: status, code, message, further fields in their order, its ids those of the
/// headers, after an XML declaration.
#[track_caller]
pub(crate) fn refused(reply: &Reply, status: u16, code: &str, message: &str, fields: &[(&str, &str)]) {
    whole_error(reply, status, code, message, fields);
    assert!(reply.text().starts_with("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error>"), "{}", reply.text());
}

/// As [`refused`], without a declaration.
#[track_caller]
pub(crate) fn refused_bare(reply: &Reply, status: u16, code: &str, message: &str, fields: &[(&str, &str)]) {
    whole_error(reply, status, code, message, fields);
    assert!(reply.text().starts_with("<Error>"), "{}", reply.text());
}

#[track_caller]
fn whole_error(reply: &Reply, status: u16, code: &str, message: &str, fields: &[(&str, &str)]) {
    let all = [("Code", code), ("Message", message)].into_iter().chain(fields.iter().copied());
    let expected: Vec<(String, String)> = all.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    assert!(!reply.body.is_empty(), "no body: {} {:?}", reply.status, reply.headers);
    assert_eq!((reply.status, reply.stable_error_fields()), (status, expected), "{}", reply.text());
    let all = reply.error_fields();
    let ids = [("RequestId", "x-amz-request-id"), ("HostId", "x-amz-id-2")];
    for ((name, value), (expected, header)) in all[all.len() - 2..].iter().zip(ids) {
        assert_eq!((name.as_str(), Some(value.as_str())), (expected, reply.header(header)));
    }
    assert_eq!(reply.header("content-type"), Some("application/xml"));
}

/// `InvalidArgument` with its name and value.
#[track_caller]
pub(crate) fn bad_argument(reply: &Reply, message: &str, name: &str, value: &str) {
    refused(reply, 400, "InvalidArgument", message, &[("ArgumentName", name), ("ArgumentValue", value)]);
}

/// `InvalidRequest`.
#[track_caller]
pub(crate) fn bad_request(reply: &Reply, message: &str) {
    refused(reply, 400, "InvalidRequest", message, &[]);
}

/// `NoSuchUpload`.
#[track_caller]
pub(crate) fn no_upload(reply: &Reply, id: &str) {
    refused(reply, 404, "NoSuchUpload", NO_UPLOAD, &[("UploadId", id)]);
}

/// The names of the root's children in their order, those that repeat once for each.
pub(crate) fn children(xml: &str) -> Vec<String> {
    let (mut depth, mut names) = (0, Vec::new());
    for tag in xml.split('<').skip(1).map(|rest| rest.split('>').next().unwrap_or_default()) {
        if tag.starts_with('?') {
            continue;
        }
        if tag.starts_with('/') {
            depth -= 1;
            continue;
        }
        if depth == 1 {
            names.push(tag.trim_end_matches('/').to_owned());
        }
        depth += i32::from(!tag.ends_with('/'));
    }
    names
}

/// The document with the text of these elements replaced by `*`.
pub(crate) fn masked(xml: &str, names: &[&str]) -> String {
    names.iter().fold(xml.to_owned(), |text, name| {
        let (open, close) = (format!("<{name}>"), format!("</{name}>"));
        let mut pieces = text.split(&open);
        let mut result = pieces.next().unwrap_or_default().to_owned();
        for piece in pieces {
            let (_, rest) = piece.split_once(&close).expect("an end tag");
            result.extend([&open, "*", &close, rest]);
        }
        result
    })
}

/// The time in this element is in S3's form: milliseconds, always 0.
#[track_caller]
pub(crate) fn in_whole_seconds(reply: &Reply, name: &str) {
    let time = reply.xml_text(name).expect("a time");
    assert_eq!((time.len(), &time[19..]), (24, ".000Z"), "{time}");
}

/// Both ids of every answer are there and look like AWS's.
#[track_caller]
pub(crate) fn has_ids(reply: &Reply) {
    let id = reply.header("x-amz-request-id").expect("a request id");
    assert!(id.len() == 16 && id.bytes().all(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase()), "{id}");
    assert!(reply.header("x-amz-id-2").is_some_and(|id| id.len() >= 40));
    assert_eq!(reply.header("server"), Some("AmazonS3"));
    assert!(reply.header("date").is_some());
}

#[tokio::test]
async fn header_names_are_spelled_as_aws_spells_them() {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    let server = TestServer::start().await;
    let client = server.bucket().await;
    client.put("/bkt/k").body("hello").send().await.expect_status(200);
    client.put("/bkt/cached").header("cache-control", "no-cache").body("hello").send().await.expect_status(200);
    let usual = ["ETag", "Content-Type", "Content-Length", "Last-Modified", "Accept-Ranges", "Server", "Date"];
    let amazons = ["x-amz-request-id", "x-amz-id-2", "x-amz-server-side-encryption"];
    for (key, rare) in [("/bkt/k", [].as_slice()), ("/bkt/cached", &["Cache-Control"])] {
        let mut socket = tokio::net::TcpStream::connect(client.addr).await.unwrap();
        socket.write_all(&client.get(key).header("connection", "close").into_bytes()).await.unwrap();
        let mut answer = String::new();
        socket.read_to_string(&mut answer).await.unwrap();
        let names: Vec<&str> = answer.lines().skip(1).filter_map(|line| Some(line.split_once(": ")?.0)).collect();
        for name in usual.iter().chain(&amazons).chain(rare) {
            assert!(names.contains(name), "{name} of {names:?}");
        }
    }
}
