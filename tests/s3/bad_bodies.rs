//! Requests that are broken on the way: cut, slow or corrupt bodies, bad targets, too many headers, no HTTP at all. None
//! makes an object, leaves a file, or stops the server.

use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::server::TestServer;
use crate::support::{RawClient, Reply, RequestBuilder, Streaming, exchange};

const K: &str = "/bkt/k";
const TERMINATED: &str = "The request body terminated unexpectedly";
const WRONG_LENGTH: &str = "You did not provide the number of bytes specified by the Content-Length HTTP header";

/// The files of bodies, arriving or arrived, under a data directory.
pub(crate) fn body_files(data: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for start in ["tmp", "blobs"] {
        let mut folders = vec![data.join(start)];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() { folders.push(path) } else { found.push(path) }
            }
        }
    }
    found
}

/// A server that loses patience soon, and keeps bodies on disk.
async fn impatient() -> (TestServer, RawClient) {
    let server = TestServer::on_disk(|builder| builder.idle_timeout(Duration::from_millis(300))).await;
    let client = server.bucket().await;
    (server, client)
}

async fn nothing_left(server: &TestServer, client: &RawClient) {
    client.get(K).send().await.expect_error(404, "NoSuchKey");
    let data = server.data.as_ref().unwrap().path();
    for _ in 0..100 {
        if body_files(data).is_empty() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("{:?}", body_files(data));
}

/// Writes, closes the sending half, and reads all that comes back.
async fn half_closed(client: &RawClient, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(client.addr).await.unwrap();
    stream.write_all(bytes).await.unwrap();
    stream.shutdown().await.unwrap();
    read_all(&mut stream).await
}

async fn read_all(stream: &mut TcpStream) -> String {
    let mut reply = Vec::new();
    let reading = tokio::time::timeout(Duration::from_secs(20), stream.read_to_end(&mut reply)).await;
    // A reset after the answer is as good an end as any.
    let _ = reading.expect("an end");
    String::from_utf8_lossy(&reply).into_owned()
}

fn long(client: &RawClient) -> RequestBuilder {
    client.put(K).body(vec![b'x'; 300_000])
}

#[tokio::test]
async fn bad_body_cut_short() {
    let (server, client) = impatient().await;
    for (request, message) in [
        (long(&client), WRONG_LENGTH),
        (long(&client).streaming(Streaming::Signed), WRONG_LENGTH),
        (long(&client).streaming(Streaming::UnsignedTrailer).trailer("x-amz-checksum-crc32", "AAAAAA=="), WRONG_LENGTH),
    ] {
        let bytes = request.into_bytes();
        let reply = half_closed(&client, &bytes[..bytes.len() - 100_000]).await;
        assert!(reply.contains("<Code>IncompleteBody</Code>") && reply.contains(message), "{reply}");
        nothing_left(&server, &client).await;
    }
}

#[tokio::test]
async fn bad_body_client_vanishes() {
    let (server, client) = impatient().await;
    for request in [long(&client), long(&client).streaming(Streaming::Signed)] {
        let bytes = request.into_bytes();
        for sent in [bytes.len() - 1, bytes.len() / 2, bytes.len() - 299_000] {
            let mut stream = TcpStream::connect(client.addr).await.unwrap();
            stream.write_all(&bytes[..sent]).await.unwrap();
            tokio::time::sleep(Duration::from_millis(20)).await;
            drop(stream);
        }
    }
    nothing_left(&server, &client).await;
}

#[tokio::test]
async fn bad_body_client_falls_silent() {
    let (server, client) = impatient().await;
    let bytes = long(&client).into_bytes();
    let message = "Your socket connection to the server was not read from or written to within the timeout period. Idle connections will be closed.";
    let reply = exchange(client.addr, &bytes[..bytes.len() - 10], "PUT").await;
    reply.expect_fields(400, &[("Code", "RequestTimeout"), ("Message", message)]);
    nothing_left(&server, &client).await;
}

#[tokio::test]
async fn bad_body_slow_is_not_silent() {
    let (_server, client) = impatient().await;
    let bytes = client.put(K).body("0123456789").into_bytes();
    let (head, body) = bytes.split_at(bytes.len() - 10);
    let mut stream = TcpStream::connect(client.addr).await.unwrap();
    stream.write_all(head).await.unwrap();
    for byte in body {
        tokio::time::sleep(Duration::from_millis(60)).await;
        stream.write_all(&[*byte]).await.unwrap();
    }
    let reply = read_all(&mut stream).await;
    assert!(reply.starts_with("HTTP/1.1 200 "), "{reply}");
    assert_eq!(client.get(K).send().await.text(), "0123456789");
}

#[tokio::test]
async fn bad_body_decoded_length() {
    let (server, client) = impatient().await;
    for streaming in [Streaming::Signed, Streaming::UnsignedTrailer] {
        let with = |length: &str| {
            let request = long(&client).streaming(streaming).header("x-amz-decoded-content-length", length);
            match streaming {
                Streaming::UnsignedTrailer => request.trailer("x-amz-checksum-crc32", "AAAAAA=="),
                _ => request,
            }
        };
        for wrong in ["299999", "300001", "0"] {
            let fields = [("Code", "IncompleteBody"), ("Message", WRONG_LENGTH)];
            with(wrong).send().await.expect_fields(400, &fields);
        }
        let message = "You must provide the Content-Length HTTP header.";
        let fields = [("Code", "MissingContentLength"), ("Message", message)];
        for missing in ["", "x", "-1"] {
            with(missing).send().await.expect_fields(411, &fields);
        }
        with("5368709121").send().await.expect_error(400, "EntityTooLarge");
    }
    nothing_left(&server, &client).await;
}

#[tokio::test]
async fn bad_body_chunks() {
    let (server, client) = impatient().await;
    let signed = || long(&client).streaming(Streaming::Signed);
    for chunk in [0, 2, 4] {
        let reply = signed().corrupt_chunk(chunk).send().await.expect_error(403, "SignatureDoesNotMatch");
        let names: Vec<String> = reply.stable_error_fields().into_iter().map(|(name, _)| name).collect();
        assert_eq!(
            names,
            [
                "Code",
                "Message",
                "AWSAccessKeyId",
                "StringToSign",
                "SignatureProvided",
                "StringToSignBytes",
                "CanonicalRequest",
                "CanonicalRequestBytes"
            ]
        );
        assert!(reply.xml_text("StringToSign").unwrap().starts_with("AWS4-HMAC-SHA256-PAYLOAD\n"));
        assert!(reply.xml_text("CanonicalRequest").unwrap().starts_with("PUT\n/bkt/k\n"));
    }
    let terminal = signed().edit_frames(|frames| {
        let end = frames.0.last_mut().unwrap();
        let at = end.len() - 5;
        end[at] = if end[at] == b'0' { b'1' } else { b'0' };
    });
    terminal.send().await.expect_error(403, "SignatureDoesNotMatch");
    let unsigned = long(&client).streaming(Streaming::SignedWithoutSignatures);
    unsigned.send().await.expect_error(400, "IncompleteBody");
    let fields = [("Code", "IncompleteBody"), ("Message", TERMINATED)];
    let bad_hex = signed().edit_frames(|frames| frames.0[1][0] = b'g');
    bad_hex.send().await.expect_fields(400, &fields);
    let no_end = signed().edit_frames(|frames| frames.0.truncate(frames.0.len() - 1));
    no_end.send().await.expect_fields(400, &fields);
    let no_break = signed().edit_frames(|frames| {
        let last = frames.0[0].len() - 2;
        frames.0[0][last] = b'x';
    });
    no_break.send().await.expect_fields(400, &fields);
    nothing_left(&server, &client).await;
}

#[tokio::test]
async fn bad_body_small_chunks() {
    let (server, client) = impatient().await;
    for streaming in [Streaming::Signed, Streaming::UnsignedTrailer] {
        let request = client.put(K).body(vec![1; 20_000]).streaming(streaming).chunk_bytes(8191);
        let request = match streaming {
            Streaming::UnsignedTrailer => request.trailer("x-amz-checksum-crc32", "AAAAAA=="),
            _ => request,
        };
        request.send().await.expect_fields(
            403,
            &[
                ("Code", "InvalidChunkSizeError"),
                ("Message", "Only the last chunk is allowed to have a size less than 8192 bytes"),
                ("Chunk", "2"),
                ("BadChunkSize", "8191"),
            ],
        );
    }
    nothing_left(&server, &client).await;
}

/// What comes back to a head that asks before it sends its body.
async fn asked(client: &RawClient, request: RequestBuilder) -> (String, TcpStream) {
    let bytes = request.header("expect", "100-continue").into_bytes();
    let head = bytes.windows(4).position(|window| window == b"\r\n\r\n").unwrap() + 4;
    let mut stream = TcpStream::connect(client.addr).await.unwrap();
    stream.write_all(&bytes[..head]).await.unwrap();
    let mut reply = vec![0; 16 << 10];
    let reading = tokio::time::timeout(Duration::from_secs(10), stream.read(&mut reply)).await;
    reply.truncate(reading.unwrap().unwrap());
    (String::from_utf8(reply).unwrap(), stream)
}

#[tokio::test]
async fn bad_body_is_not_asked_for() {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    let (reply, mut stream) = asked(&client, client.put(K).body("hello")).await;
    assert_eq!(reply, "HTTP/1.1 100 Continue\r\n\r\n");
    stream.write_all(b"hello").await.unwrap();
    assert!(read_all(&mut stream).await.starts_with("HTTP/1.1 200 "));
    let forged = client.put(K).body("hello").edit_authorization(|value| {
        let (start, _) = value.rsplit_once("Signature=").unwrap();
        format!("{start}Signature={}", "0".repeat(64))
    });
    let refused = [
        (forged, 403),
        (client.put(K).body("hello").anonymous(), 403),
        (client.put("/nowhere/k").body("hello"), 404),
        (client.put(&format!("{K}?partNumber=1&uploadId=nope")).body("hello"), 404),
        (client.put(K).body("hello").header("x-amz-write-offset-bytes", "0"), 501),
        (client.put(K).body("hello").header("content-md5", "x"), 400),
        (client.put(K).body("hello").header("x-amz-storage-class", "x"), 400),
        (client.put(&format!("/bkt/{}", "k".repeat(1025))).body("hello"), 400),
    ];
    for (request, status) in refused {
        let (reply, _) = asked(&client, request).await;
        assert!(reply.starts_with(&format!("HTTP/1.1 {status} ")), "{reply}");
    }
}

#[tokio::test]
async fn bad_body_other_expectations_are_ignored() {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    client.put(K).header("expect", "the-unexpected").body("hello").send().await.expect_status(200);
}

/// A request in these words gets this error, and the server goes on.
async fn refused(client: &RawClient, request: RequestBuilder, status: u16, code: &str) -> Reply {
    let reply = request.send().await.expect_error(status, code);
    client.get("/bkt").send().await.expect_status(200);
    reply
}

#[tokio::test]
async fn bad_target_escapes() {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    for target in ["/bkt/%80", "/bkt/%zz", "/bkt/100%", "/bkt/a%00b", "/%80/k", "/bkt?prefix=%80", "/bkt?%zz=1"] {
        let reply = refused(&client, client.get(target), 400, "InvalidURI").await;
        assert_eq!(reply.xml_text("Message").as_deref(), Some("Couldn't parse the specified URI."), "{target}");
        refused(&client, client.put(target).body("x"), 400, "InvalidURI").await;
    }
}

#[tokio::test]
async fn bad_target_in_absolute_form() {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    let put = client.put(K).body("hello").into_bytes();
    let put = String::from_utf8(put).unwrap().replacen(" /bkt/k ", &format!(" http://{}/bkt/k ", client.host), 1);
    client.send_raw(put.as_bytes()).await.expect_status(200);
    assert_eq!(client.get(K).send().await.text(), "hello");
    // The target's host counts, not the header's: this signature is for another one.
    let get = String::from_utf8(client.get(K).into_bytes()).unwrap();
    let get = get.replacen(" /bkt/k ", " http://elsewhere/bkt/k ", 1);
    client.send_raw(get.as_bytes()).await.expect_error(403, "SignatureDoesNotMatch");
}

#[tokio::test]
async fn bad_head_too_long() {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    let fields = [
        ("Code", "RequestHeaderSectionTooLarge"),
        ("Message", "Your request header section exceeds the maximum allowed size."),
        ("MaxSizeAllowed", "8192"),
    ];
    let over = client.put(K).header("x-amz-meta-a", "v".repeat(9000)).body("x").send().await;
    over.expect_fields(400, &fields);
    let mut many = client.put(K).body("x");
    for number in 0..400 {
        many = many.header(&format!("x-amz-meta-{number}"), "value of some length");
    }
    many.send().await.expect_fields(400, &fields);
    client.get(K).send().await.expect_error(404, "NoSuchKey");
    // More than the HTTP layer itself takes: any refusal will do, as long as it is one.
    let reply = raw(&client, client.get(K).header("x-long", "v".repeat(100_000)).into_bytes()).await;
    assert!(reply.starts_with("HTTP/1.1 4"), "{reply}");
    let reply = raw(&client, client.get(&format!("/bkt?prefix={}", "p".repeat(100_000))).into_bytes()).await;
    assert!(reply.starts_with("HTTP/1.1 4"), "{reply}");
    client.get("/bkt").send().await.expect_status(200);
}

#[tokio::test]
async fn bad_head_long_query() {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    let prefix = "p".repeat(5000);
    let reply = client.get(&format!("/bkt?prefix={prefix}")).send().await.expect_status(200);
    assert_eq!(reply.xml_text("Prefix"), Some(prefix));
    let many: Vec<String> = (0..5000).map(|number| format!("x{number}=y")).collect();
    client.get(&format!("/bkt?{}", many.join("&"))).send().await.expect_status(200);
}

async fn raw(client: &RawClient, bytes: Vec<u8>) -> String {
    let mut stream = TcpStream::connect(client.addr).await.unwrap();
    // It may be answered, and closed, before all of it is written.
    let _ = stream.write_all(&bytes).await;
    read_all(&mut stream).await
}

#[tokio::test]
async fn bad_http() {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    for garbage in [
        &b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"[..],
        b"hello\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET /\x00 HTTP/1.1\r\nhost: h\r\n\r\n",
        b"PUT /bkt/k HTTP/1.1\r\nhost: h\r\ncontent-length: -5\r\n\r\n",
        b"PUT /bkt/k HTTP/1.1\r\nhost: h\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\nhello",
        b"PUT /bkt/k HTTP/1.1\r\nhost: h\r\ntransfer-encoding: chunked\r\n\r\nzz\r\nhello",
        b"GET /bkt/\xc3\xa4 HTTP/1.1\r\nhost: h\r\n\r\n",
        b"GET /bkt/\xff HTTP/1.1\r\nhost: h\r\n\r\n",
        b"PUT /bkt/k HTTP/1.1\r\nhost: h\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        b"GET / HTTP/1.1\r\nbad header\r\n\r\n",
        b"GET / HTTP/1.1\r\nhost: a\xffb\r\n\r\n",
        b"\r\n\r\n\r\n",
        b"",
    ] {
        let reply = half_closed(&client, garbage).await;
        assert!(reply.is_empty() || reply.starts_with("HTTP/1.1 4"), "{garbage:?}: {reply}");
        client.get("/bkt").send().await.expect_status(200);
    }
    // A method that S3 does not have.
    for method in ["PATCH", "BREW", "TRACE"] {
        refused(&client, client.request(method, K), 405, "MethodNotAllowed").await;
    }
    client.get(K).send().await.expect_error(404, "NoSuchKey");
}
