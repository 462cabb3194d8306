//! Tests of the tests' own client: a listener that records one request and verifies it as the server will.

#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise, in its helpers too")]

mod support;

use std::net::SocketAddr;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};
use staves::wire::query::Query;
use staves::wire::sigv4::{
    ChunkSigner, ChunkSigning, ChunkedDecoder, ChunkedError, DateError, HeaderAuth, PayloadHash, PresignAuth, Request,
    RequestDate, SigningKey, TrailerPolicy,
};
use support::{RawClient, Streaming};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

const SECRET: &str = "a-secret";

fn client() -> RawClient {
    RawClient::new(SocketAddr::from(([127, 0, 0, 1], 9000)), "AKID", SECRET)
}

/// Splits the bytes of a request into method, target, headers and body.
fn received(bytes: &[u8]) -> (String, String, HeaderMap, Vec<u8>) {
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n").unwrap();
    let head = std::str::from_utf8(&bytes[..end]).unwrap();
    let mut lines = head.split("\r\n");
    let start: Vec<&str> = lines.next().unwrap().split(' ').collect();
    let mut headers = HeaderMap::new();
    for line in lines {
        let (name, value) = line.split_once(": ").unwrap();
        headers.append(name.parse::<HeaderName>().unwrap(), value.parse::<HeaderValue>().unwrap());
    }
    (start[0].to_owned(), start[1].to_owned(), headers, bytes[end + 4..].to_vec())
}

/// Verifies as a server: the decoder of the chunks, if the signature is right.
fn verify(bytes: &[u8]) -> Result<ChunkSigner, String> {
    let (method, target, headers, _) = received(bytes);
    let (raw_path, raw_query) = target.split_once('?').unwrap_or((&target, ""));
    let request = Request { method: &method, raw_path, raw_query, headers: &headers };
    let (canonical, date, scope, signed, signature) = if let Some(value) = headers.get("authorization") {
        let auth = HeaderAuth::parse(value.to_str().unwrap()).map_err(|error| error.message())?;
        let date = RequestDate::from_headers(&headers).map_err(DateError::message)?.date;
        let hash = headers["x-amz-content-sha256"].to_str().unwrap();
        (auth.canonical(request, hash), date, auth.scope, auth.signed_headers, auth.signature)
    } else {
        let query = Query::parse(raw_query).unwrap();
        let auth = PresignAuth::parse(&query, "us-east-1").map_err(|error| error.message())?;
        (auth.canonical(request), auth.date, auth.scope, auth.signed_headers, auth.signature)
    };
    let unsigned = signed.unsigned_in(&headers);
    if !unsigned.is_empty() {
        return Err(format!("not signed: {}", unsigned.join(", ")));
    }
    let key = SigningKey::derive(SECRET, &scope);
    if !canonical.sign(date, &scope, &key).matches(&signature) {
        return Err("signature".to_owned());
    }
    Ok(ChunkSigner::new(key, date, &scope, &signature))
}

/// Data and trailers.
#[derive(Debug, PartialEq)]
struct Decoded(Vec<u8>, Vec<(String, String)>);

fn decode(bytes: &[u8]) -> Result<Decoded, ChunkedError> {
    let signer = verify(bytes).unwrap();
    let (_, _, headers, body) = received(bytes);
    let hash = PayloadHash::from_headers(&headers).unwrap();
    let signing = if hash.has_signed_chunks() { ChunkSigning::Signed(signer) } else { ChunkSigning::Unsigned };
    let declared = headers.get("x-amz-trailer").map(|names| names.to_str().unwrap().split(',').map(str::to_owned));
    let policy = if hash.has_trailer() {
        TrailerPolicy::Declared(declared.into_iter().flatten().collect())
    } else {
        TrailerPolicy::Forbidden
    };
    let length = headers["x-amz-decoded-content-length"].to_str().unwrap().parse().unwrap();
    let mut decoder = ChunkedDecoder::new(signing, policy, length);
    let (mut input, mut data) = (Bytes::from(body), vec![]);
    while let Some(piece) = decoder.feed(&mut input)? {
        data.extend_from_slice(&piece);
    }
    decoder.finish().map(|trailers| Decoded(data, trailers))
}

#[test]
fn a_signed_request_verifies_whatever_its_path() {
    let client = client();
    for target in ["/", "/b//./k%20?uploads&prefix=a+b", "/%2Fb/%C3%A4?versionId=null"] {
        let request = client.put(target).header("x-amz-meta-a", " a  b ").body(b"body");
        let bytes = request.into_bytes();
        assert!(bytes.starts_with(format!("PUT {target} HTTP/1.1\r\n").as_bytes()));
        verify(&bytes).unwrap();
    }
}

#[test]
fn parts_of_the_signature_can_be_broken() {
    let client = client();
    let error = |request: support::RequestBuilder| verify(&request.into_bytes()).unwrap_err();
    assert_eq!(error(client.get("/b").unsigned_header("X-Amz-Acl", "private")), "not signed: x-amz-acl");
    assert_eq!(error(client.get("/b").header("range", "bytes=0-1").without_header("range")), "signature");
    assert_eq!(error(client.get("/b").header("range", "bytes=0-1").tampered_header("range", "bytes=0-2")), "signature");
    assert_eq!(error(client.get("/b").edit_authorization(|value| format!("{value}0"))), "signature");
    assert!(error(client.get("/b").anonymous()).starts_with("Query-string authentication version 4 requires"));
    verify(&client.get("/b").unsigned_header("range", "bytes=0-1").into_bytes()).unwrap();
}

#[test]
fn a_presigned_request_verifies() {
    let client = client().with_host("b.localhost:9000");
    verify(&client.get("/k%20?partNumber=1").presigned(60).into_bytes()).unwrap();
    verify(&client.put("/k").header("x-amz-acl", "private").presigned(60).body(b"x").into_bytes()).unwrap();
    let target = client.presigned_target("GET", "/k", 60);
    verify(&client.get(&target).anonymous().into_bytes()).unwrap();
    assert_eq!(verify(&client.head(&target).anonymous().into_bytes()).unwrap_err(), "signature");
}

#[test]
fn every_streaming_mode_decodes_and_can_be_corrupted() {
    let client = client();
    let body = vec![5; 20_000];
    let put = |streaming| client.put("/b/k").streaming(streaming).chunk_bytes(8192).body(&body);
    let (name, value) = ("x-amz-checksum-crc32", "AAAAAA==");
    let trailers = vec![(name.to_owned(), value.to_owned())];

    assert_eq!(decode(&put(Streaming::Signed).into_bytes()).unwrap(), Decoded(body.clone(), vec![]));
    for streaming in [Streaming::SignedTrailer, Streaming::UnsignedTrailer] {
        let bytes = put(streaming).trailer(name, value).into_bytes();
        assert_eq!(decode(&bytes).unwrap(), Decoded(body.clone(), trailers.clone()));
    }
    let mismatch = |request: support::RequestBuilder| {
        assert!(matches!(decode(&request.into_bytes()), Err(ChunkedError::SignatureMismatch { .. })));
    };
    mismatch(put(Streaming::Signed).corrupt_chunk(1));
    mismatch(put(Streaming::SignedTrailer).trailer(name, value).corrupt_end("AAAAAA", "AAAAAQ"));
    let unsigned = put(Streaming::SignedWithoutSignatures).into_bytes();
    assert!(matches!(decode(&unsigned), Err(ChunkedError::Framing { .. })));
}

#[tokio::test]
async fn replies_are_read_to_their_end() {
    let error = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>NoSuchKey</Code><Message>a &quot;b&quot; &#x1;</Message>\
                 <Key/><RequestId>R</RequestId><HostId>H</HostId></Error>";
    let length = error.len();
    let replies = [
        format!(
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 404 Not Found\r\nContent-Length: {length}\r\nA: b\r\n\r\n{error}"
        ),
        format!(
            "HTTP/1.1 404 Not Found\r\nTransfer-Encoding: chunked\r\nA: b\r\n\r\n{length:x}\r\n{error}\r\n0\r\n\r\n"
        ),
        format!("HTTP/1.1 404 Not Found\r\nA: b\r\nConnection: close\r\n\r\n{error}"),
    ];
    for reply in replies {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let client = RawClient::new(listener.local_addr().unwrap(), "AKID", SECRET);
        let server = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = vec![0; 4096];
            let read = stream.read(&mut request).await.unwrap();
            stream.write_all(reply.as_bytes()).await.unwrap();
            request.truncate(read);
            request
        });
        let reply = client.get("/b/k").send().await.expect_error(404, "NoSuchKey");
        assert_eq!(reply.header("a"), Some("b"));
        let field = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let expected = [field("Code", "NoSuchKey"), field("Message", "a \"b\" \u{1}"), field("Key", "")];
        assert_eq!(reply.stable_error_fields(), expected);
        assert_eq!(reply.error_fields().len(), 5);
        assert_eq!(reply.xml_all("HostId"), ["H"]);
        verify(&server.await.unwrap()).unwrap();
    }
}
