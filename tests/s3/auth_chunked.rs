//! aws-chunked bodies: signed and unsigned, with and without trailers, and everything that can be wrong with them.

use staves::s3::AuthMode;

use crate::answers::{bad_request, refused};
use crate::support::server::{TestServer, create_upload};
use crate::support::{Frames, RawClient, Reply, RequestBuilder, Streaming};

const INCOMPLETE: &str = "The request body terminated unexpectedly";
const WRONG_LENGTH: &str = "You did not provide the number of bytes specified by the Content-Length HTTP header";
const BAD_TRAILER: &str =
    "The request contained trailing data that was not well-formed or did not conform to our published schema.";
const MISMATCH: &str =
    "The request signature we calculated does not match the signature you provided. Check your key and signing method.";
const CRC32: &str = "x-amz-checksum-crc32";
/// Of `hello`.
const OF_HELLO: &str = "NhCmhg==";

async fn bucket() -> (TestServer, RawClient) {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    (server, client)
}

fn hello(client: &RawClient, streaming: Streaming) -> RequestBuilder {
    client.put("/bkt/k").streaming(streaming).body("hello")
}

/// With the checksum of `hello` in a trailer, where there is one.
fn with_trailer(put: RequestBuilder, streaming: Streaming) -> RequestBuilder {
    if streaming == Streaming::Signed { put } else { put.trailer(CRC32, OF_HELLO) }
}

/// Whatever was refused, nothing came of it.
async fn nothing(client: &RawClient) {
    client.head("/bkt/k").send().await.expect_status(404);
}

fn incomplete(reply: &Reply) {
    refused(reply, 400, "IncompleteBody", INCOMPLETE, &[]);
}

/// Replaces the whole body by this text.
fn raw(text: &'static str) -> impl FnOnce(&mut Frames) + Send + 'static {
    move |frames| frames.0 = vec![text.as_bytes().to_vec()]
}

#[tokio::test]
async fn auth_chunked_is_decoded() {
    let (_server, client) = bucket().await;
    let body: Vec<u8> = (0..200_000_u32).map(|number| number.to_le_bytes()[0]).collect();
    for streaming in [Streaming::Signed, Streaming::SignedTrailer, Streaming::UnsignedTrailer] {
        for chunk_bytes in [8192, 65_536, 1 << 20] {
            for encoding in
                [None, Some("aws-chunked"), Some("gzip,aws-chunked"), Some("gzip, aws-chunked, br"), Some("gzip")]
            {
                let mut put = client.put("/bkt/k").streaming(streaming).chunk_bytes(chunk_bytes).body(&body);
                if streaming != Streaming::Signed {
                    put = put.trailer("x-amz-checksum-crc32c", &crc32c(&body));
                }
                if let Some(encoding) = encoding {
                    put = put.header("content-encoding", encoding);
                }
                put.send().await.expect_status(200);
                let got = client.get("/bkt/k").send().await.expect_status(200);
                assert_eq!(got.body, body);
                let stored = match encoding {
                    None | Some("aws-chunked") => None,
                    Some("gzip, aws-chunked, br") => Some("gzip, br"),
                    Some(_) => Some("gzip"),
                };
                assert_eq!(got.header("content-encoding"), stored, "{encoding:?}");
            }
        }
    }
}

fn crc32c(body: &[u8]) -> String {
    use staves::wire::checksum::{Algorithm, Hasher};
    Hasher::digest(Algorithm::Crc32c, body).to_base64()
}

#[tokio::test]
async fn auth_chunked_empty_and_in_http_chunks() {
    let (_server, client) = bucket().await;
    client.put("/bkt/k").streaming(Streaming::Signed).send().await.expect_status(200);
    assert_eq!(client.get("/bkt/k").send().await.body, b"");
    for streaming in [Streaming::Signed, Streaming::SignedTrailer, Streaming::UnsignedTrailer] {
        let mut put = hello(&client, streaming).http_chunked();
        if streaming != Streaming::Signed {
            // The name's case does not matter.
            put = put.trailer(CRC32, OF_HELLO).corrupt_end(CRC32, "X-Amz-Checksum-Crc32");
        }
        put.send().await.expect_status(200);
        assert_eq!(client.get("/bkt/k").send().await.body, b"hello");
    }
}

#[tokio::test]
async fn auth_chunked_length() {
    let (_server, client) = bucket().await;
    let missing = "You must provide the Content-Length HTTP header.";
    for streaming in [Streaming::Signed, Streaming::SignedTrailer] {
        let name = "x-amz-decoded-content-length";
        for bad in ["", "x", "-1", "99999999999999999999"] {
            let reply = with_trailer(hello(&client, streaming), streaming).header(name, bad).send().await;
            refused(&reply, 411, "MissingContentLength", missing, &[]);
        }
        for wrong in ["4", "6", "0"] {
            let put = with_trailer(hello(&client, streaming), streaming).header(name, wrong);
            refused(&put.send().await, 400, "IncompleteBody", WRONG_LENGTH, &[]);
        }
    }
    let reply = hello(&client, Streaming::UnsignedTrailer)
        .trailer(CRC32, OF_HELLO)
        .without_header("x-amz-decoded-content-length")
        .send()
        .await;
    reply.expect_error(403, "SignatureDoesNotMatch");
    nothing(&client).await;
}

#[tokio::test]
async fn auth_chunked_small_chunks() {
    let (_server, client) = bucket().await;
    let message = "Only the last chunk is allowed to have a size less than 8192 bytes";
    for streaming in [Streaming::Signed, Streaming::UnsignedTrailer] {
        let mut put = client.put("/bkt/k").streaming(streaming).chunk_bytes(8191).body(vec![b'x'; 20_000]);
        if streaming == Streaming::UnsignedTrailer {
            put = put.trailer("x-amz-checksum-crc32c", &crc32c(&vec![b'x'; 20_000]));
        }
        // Noticed at the second, which shows that the first was not the last.
        let fields = [("Chunk", "2"), ("BadChunkSize", "8191")];
        refused(&put.send().await, 403, "InvalidChunkSizeError", message, &fields);
    }
    nothing(&client).await;
    let put = client.put("/bkt/k").streaming(Streaming::Signed).chunk_bytes(8192).body(vec![b'x'; 8193]);
    put.send().await.expect_status(200);
}

#[tokio::test]
async fn auth_chunked_bad_signatures() {
    let (_server, client) = bucket().await;
    let big = || client.put("/bkt/k").streaming(Streaming::Signed).chunk_bytes(8192).body(vec![b'x'; 20_000]);
    let mut replies = vec![];
    for chunk in 0..3 {
        replies.push((big().corrupt_chunk(chunk).send().await, "PAYLOAD"));
    }
    replies.push((big().corrupt_end("chunk-signature=", "chunk-signature=0").send().await, "PAYLOAD"));
    let trailer = hello(&client, Streaming::SignedTrailer).trailer(CRC32, OF_HELLO);
    replies
        .push((trailer.corrupt_end("x-amz-trailer-signature:", "x-amz-trailer-signature:0").send().await, "TRAILER"));
    let trailer = hello(&client, Streaming::SignedTrailer).trailer(CRC32, OF_HELLO);
    replies.push((trailer.corrupt_end(OF_HELLO, "AAAAAA==").send().await, "TRAILER"));
    for (reply, kind) in replies {
        let string = reply.xml_text("StringToSign").unwrap();
        assert!(string.starts_with(&format!("AWS4-HMAC-SHA256-{kind}\n")), "{string}");
        let canonical = reply.xml_text("CanonicalRequest").unwrap();
        assert!(canonical.starts_with("PUT\n/bkt/k\n\n"), "the request's own: {canonical}");
        let dump = |text: &str| text.bytes().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(" ");
        let provided = reply.xml_text("SignatureProvided").unwrap();
        refused(
            &reply,
            403,
            "SignatureDoesNotMatch",
            MISMATCH,
            &[
                ("AWSAccessKeyId", "test"),
                ("StringToSign", &string),
                ("SignatureProvided", &provided),
                ("StringToSignBytes", &dump(&string)),
                ("CanonicalRequest", &canonical),
                ("CanonicalRequestBytes", &dump(&canonical)),
            ],
        );
    }
    nothing(&client).await;
}

#[tokio::test]
async fn auth_chunked_chunks_out_of_order() {
    let (_server, client) = bucket().await;
    let put = client.put("/bkt/k").streaming(Streaming::Signed).chunk_bytes(8192).body(vec![b'x'; 16_384]);
    // The same bytes, but each signature follows from the one before.
    let swapped = put.edit_frames(|frames| frames.0.swap(0, 1)).send().await;
    swapped.expect_error(403, "SignatureDoesNotMatch");
    nothing(&client).await;
}

#[tokio::test]
async fn auth_chunked_broken_framing() {
    let (_server, client) = bucket().await;
    for text in [
        "zz\r\nhello\r\n0\r\n\r\n",
        "-5\r\nhello\r\n0\r\n\r\n",
        "+5\r\nhello\r\n0\r\n\r\n",
        "\r\nhello\r\n0\r\n\r\n",
        "5\nhello\r\n0\r\n\r\n",
        "5\r\nhelloXX0\r\n\r\n",
        "5\r\nhello\r\n",
        "5\r\nhel",
        "5\r\nhello\r\n0\r\n",
        "",
        "5\r\nhello\r\n0\r\nx-amz-checksum-crc32 NhCmhg==\r\n\r\n",
        "5\r\nhello\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\nmore",
    ] {
        let put = hello(&client, Streaming::UnsignedTrailer).trailer(CRC32, OF_HELLO);
        let reply = put.edit_frames(raw(text)).send().await;
        assert_eq!(reply.status, 400, "{text:?}");
        incomplete(&reply);
    }
    let bytes = |frames: &mut Frames| frames.0 = vec![b"\xff\xfe\r\nhello\r\n0\r\n\r\n".to_vec()];
    incomplete(&hello(&client, Streaming::UnsignedTrailer).trailer(CRC32, OF_HELLO).edit_frames(bytes).send().await);
    // A signature is missing where chunks are signed.
    incomplete(&hello(&client, Streaming::SignedWithoutSignatures).send().await);
    // A trailer where none may be.
    let put = hello(&client, Streaming::Signed);
    let reply = put.corrupt_end("\r\n\r\n", "\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n").send().await;
    incomplete(&reply);
    // The trailer's signature is missing.
    let put = hello(&client, Streaming::SignedTrailer).trailer(CRC32, OF_HELLO);
    let unsigned = |frames: &mut Frames| {
        let end = String::from_utf8(frames.0.pop().unwrap()).unwrap();
        let (trailer, _) = end.split_once("x-amz-trailer-signature").unwrap();
        frames.0.push(format!("{trailer}\r\n").into_bytes());
    };
    incomplete(&put.edit_frames(unsigned).send().await);
    nothing(&client).await;
}

#[tokio::test]
async fn auth_chunked_trailers() {
    let (_server, client) = bucket().await;
    let malformed = |reply: &Reply| refused(reply, 400, "MalformedTrailerError", BAD_TRAILER, &[]);
    for streaming in [Streaming::UnsignedTrailer, Streaming::SignedTrailer] {
        // Not declared.
        malformed(&hello(&client, streaming).send().await);
        // Declared, and not sent.
        malformed(&hello(&client, streaming).header("x-amz-trailer", CRC32).send().await);
        // Another than declared.
        let put = hello(&client, streaming).header("x-amz-trailer", "x-amz-checksum-sha1").trailer(CRC32, OF_HELLO);
        malformed(&put.send().await);
        // Not a checksum.
        let put = hello(&client, streaming).trailer("x-amz-meta-a", "1");
        bad_request(&put.send().await, "The value specified in the x-amz-trailer header is not supported");
        for bad in ["!", "AAAA", ""] {
            let put = hello(&client, streaming).trailer(CRC32, bad);
            bad_request(&put.send().await, "Value for x-amz-checksum-crc32 trailing header is invalid.");
        }
        let put = hello(&client, streaming).trailer(CRC32, "AAAAAA==");
        let message = "The CRC32 you specified did not match the calculated checksum.";
        refused(&put.send().await, 400, "BadDigest", message, &[]);
        nothing(&client).await;
        let put = hello(&client, streaming).header("x-amz-trailer", "X-Amz-Checksum-CRC32").trailer(CRC32, OF_HELLO);
        let reply = put.header("x-amz-sdk-checksum-algorithm", "CRC32").send().await.expect_status(200);
        assert_eq!(reply.header(CRC32), Some(OF_HELLO));
        client.delete("/bkt/k").send().await.expect_status(204);
    }
}

#[tokio::test]
async fn auth_chunked_anonymous() {
    let (_server, client) = bucket().await;
    let message = "Anonymous requests don't support this x-amz-content-sha256 value. Please use UNSIGNED-PAYLOAD or STREAMING-UNSIGNED-PAYLOAD-TRAILER.";
    bad_request(&hello(&client, Streaming::Signed).anonymous().send().await, message);
    let put = hello(&client, Streaming::SignedTrailer).trailer(CRC32, OF_HELLO).anonymous();
    bad_request(&put.send().await, message);
    let put = hello(&client, Streaming::UnsignedTrailer).trailer(CRC32, OF_HELLO).anonymous();
    put.send().await.expect_error(403, "AccessDenied");
    nothing(&client).await;
}

#[tokio::test]
async fn auth_chunked_parts() {
    let (_server, client) = bucket().await;
    let id = create_upload(&client, "/bkt/k", &[]).await;
    let target = format!("/bkt/k?partNumber=1&uploadId={id}");
    let put = || client.put(&target).streaming(Streaming::SignedTrailer).trailer(CRC32, OF_HELLO).body("hello");
    put().corrupt_end(OF_HELLO, "AAAAAA==").send().await.expect_error(403, "SignatureDoesNotMatch");
    let listing = client.get(&format!("/bkt/k?uploadId={id}")).send().await;
    assert_eq!(listing.xml_all("Part"), [""; 0]);
    put().send().await.expect_status(200);
    let listing = client.get(&format!("/bkt/k?uploadId={id}")).send().await;
    assert_eq!(listing.xml_all("Size"), ["5"]);
}

#[tokio::test]
async fn auth_chunked_without_auth() {
    let server = TestServer::with(|builder| builder.auth(AuthMode::Off)).await;
    let client = server.bucket().await;
    let nobody = client.with_credentials(staves::wire::sigv4::Credentials::new("nobody", "x"));
    let body = vec![b'x'; 20_000];
    let put = |streaming| nobody.put("/bkt/k").streaming(streaming).chunk_bytes(8192).body(&body);
    put(Streaming::Signed).send().await.expect_status(200);
    assert_eq!(client.get("/bkt/k").send().await.body, body);
    // Signatures, the trailer's too, are read over; the checksum in the trailer is not.
    let crc = crc32c(&body);
    for streaming in [Streaming::SignedTrailer, Streaming::UnsignedTrailer] {
        put(streaming).trailer("x-amz-checksum-crc32c", &crc).send().await.expect_status(200);
        assert_eq!(client.get("/bkt/k").send().await.body, body);
        put(streaming).trailer("x-amz-checksum-crc32c", "AAAAAA==").send().await.expect_error(400, "BadDigest");
    }
    put(Streaming::Signed).corrupt_end("chunk-signature=", "chunk-signature=0").send().await.expect_status(200);
    put(Streaming::Signed).edit_frames(|frames| frames.0.truncate(1)).send().await.expect_error(400, "IncompleteBody");
}
