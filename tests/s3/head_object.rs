//! `HeadObject`: what `GetObject` says, without its body, errors included.

use crate::support::server::TestServer;
use crate::support::{RawClient, Reply};

const K: &str = "/bkt/k";

async fn digits() -> (TestServer, RawClient) {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    let request = client.put(K).header("x-amz-meta-a", "b").header("content-type", "text/plain");
    request.body("0123456789").send().await.expect_status(200);
    (server, client)
}

/// Everything that does not differ each time, in the order of names.
fn stable(reply: &Reply) -> Vec<(String, String)> {
    let varies = ["date", "x-amz-request-id", "x-amz-id-2"];
    let mut headers: Vec<_> =
        reply.headers.iter().filter(|(name, _)| !varies.contains(&name.as_str())).cloned().collect();
    headers.sort();
    headers
}

#[tokio::test]
async fn head_object_says_what_get_says() {
    let (_server, client) = digits().await;
    let views: [(&str, &[(&str, &str)]); 7] = [
        ("", &[]),
        ("", &[("range", "bytes=2-4")]),
        ("", &[("range", "bytes=9-2")]),
        ("?partNumber=1", &[]),
        ("?versionId=null", &[]),
        ("?response-content-type=a/b", &[]),
        ("", &[("x-amz-checksum-mode", "ENABLED")]),
    ];
    for (query, headers) in views {
        let target = format!("{K}{query}");
        let (mut get, mut head) = (client.get(&target), client.head(&target));
        for (name, value) in headers {
            (get, head) = (get.header(name, value), head.header(name, value));
        }
        let (get, head) = (get.send().await, head.send().await);
        assert_eq!((head.status, stable(&head)), (get.status, stable(&get)), "{query} {headers:?}");
        assert_eq!(head.body, b"");
        assert_eq!(head.header("content-length"), Some(get.body.len().to_string().as_str()));
    }
}

#[tokio::test]
async fn head_object_errors_have_no_body() {
    let (_server, client) = digits().await;
    let cases = [
        ("/bkt/absent", &[][..], 404),
        ("/nowhere/k", &[], 404),
        (K, &[("if-match", "\"x\"")], 412),
        (K, &[("if-none-match", "*")], 304),
        (K, &[("range", "bytes=10-")], 416),
        ("/bkt/k?partNumber=2", &[], 416),
        ("/bkt/k?partNumber=0", &[], 400),
        ("/bkt/k?versionId=nonsense", &[], 400),
        ("/bkt/k?versionId=nZJcnZ3P4ibSk9oNty_b.6npYpp8DJOi", &[], 404),
    ];
    for (target, headers, status) in cases {
        let mut request = client.head(target);
        for (name, value) in headers {
            request = request.header(name, value);
        }
        // On a connection that is closed after the answer, whatever follows the head would be seen.
        let reply = raw(&client, &request.into_bytes()).await;
        let (head, rest) = reply.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with(&format!("HTTP/1.1 {status} ")), "{target}: {head}");
        assert_eq!(rest, "", "{target}");
        assert!(head.contains("x-amz-request-id: "), "{head}");
        assert!(!head.contains("content-length: "), "AWS gives no length of what it does not send: {head}");
    }
}

/// All bytes that come back.
async fn raw(client: &RawClient, bytes: &[u8]) -> String {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let mut stream = tokio::net::TcpStream::connect(client.addr).await.unwrap();
    stream.write_all(bytes).await.unwrap();
    let mut reply = String::new();
    stream.read_to_string(&mut reply).await.unwrap();
    reply
}

#[tokio::test]
async fn head_object_not_modified() {
    let (_server, client) = digits().await;
    let etag = client.head(K).send().await.header("etag").unwrap().to_owned();
    let reply = client.head(K).header("if-none-match", &etag).send().await.expect_status(304);
    assert_eq!(reply.header("etag"), Some(etag.as_str()));
    assert!(reply.header("last-modified").is_some());
    let modified = reply.header("last-modified").unwrap();
    client.head(K).header("if-modified-since", modified).send().await.expect_status(304);
    client.head(K).header("if-unmodified-since", modified).send().await.expect_status(200);
}

#[tokio::test]
async fn head_object_wants_a_signature_of_its_own() {
    let (_server, client) = digits().await;
    let target = client.presigned_target("GET", K, 60);
    client.get(&target).anonymous().send().await.expect_status(200);
    client.head(&target).anonymous().send().await.expect_status(403);
}
