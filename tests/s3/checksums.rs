//! Checksums of a PUT: every algorithm as a header and as a trailer; whatever disagrees leaves no object.

use staves::wire::checksum::{Algorithm, Hasher};

use crate::support::server::TestServer;
use crate::support::{RawClient, Reply, RequestBuilder, Streaming};

const K: &str = "/bkt/k";
const BODY: &[u8] = b"what is checked";
const TRAILING: [Streaming; 2] = [Streaming::UnsignedTrailer, Streaming::SignedTrailer];

fn digest(algorithm: Algorithm, body: &[u8]) -> String {
    Hasher::digest(algorithm, body).to_base64()
}

/// A server with an object that no refused request may touch.
async fn kept() -> (TestServer, RawClient) {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    client.put(K).body("kept").send().await.expect_status(200);
    (server, client)
}

fn put(client: &RawClient, headers: &[(&str, &str)]) -> RequestBuilder {
    headers.iter().fold(client.put(K).body(BODY), |request, (name, value)| request.header(name, value))
}

async fn untouched(client: &RawClient) {
    assert_eq!(client.get(K).send().await.text(), "kept");
}

async fn refused(client: &RawClient, request: RequestBuilder, status: u16, code: &str, message: &str) -> Reply {
    let reply = request.send().await.expect_fields(status, &[("Code", code), ("Message", message)]);
    untouched(client).await;
    reply
}

async fn stored(client: &RawClient, algorithm: Algorithm, expected: &str) {
    let head = client.head(K).header("x-amz-checksum-mode", "ENABLED").send().await;
    assert_eq!(head.header(algorithm.header_name()), Some(expected));
    assert_eq!(head.header("x-amz-checksum-type"), Some("FULL_OBJECT"));
}

#[tokio::test]
async fn checksum_in_a_header() {
    let (_server, client) = kept().await;
    for algorithm in Algorithm::ALL {
        let (name, right) = (algorithm.header_name(), digest(algorithm, BODY));
        let mismatch = format!("The {} you specified did not match the calculated checksum.", algorithm.name());
        let wrong = put(&client, &[(name, &digest(algorithm, b"other"))]);
        refused(&client, wrong, 400, "BadDigest", &mismatch).await;
        let invalid = format!("Value for {name} header is invalid.");
        let cut = right.trim_end_matches('=');
        for malformed in ["", "x", "AAAA", "not base64!", &format!("{cut}!"), &format!("{right}-1")] {
            refused(&client, put(&client, &[(name, malformed)]), 400, "InvalidRequest", &invalid).await;
        }
    }
    for algorithm in Algorithm::ALL {
        let (name, right) = (algorithm.header_name(), digest(algorithm, BODY));
        let reply = put(&client, &[(name, &right)]).send().await.expect_status(200);
        assert_eq!(reply.header(name), Some(right.as_str()));
        assert_eq!(reply.header("x-amz-checksum-type"), Some("FULL_OBJECT"));
        stored(&client, algorithm, &right).await;
    }
}

#[tokio::test]
async fn checksum_in_a_trailer() {
    for streaming in TRAILING {
        let (_server, client) = kept().await;
        for algorithm in Algorithm::ALL {
            let name = algorithm.header_name();
            let mismatch = format!("The {} you specified did not match the calculated checksum.", algorithm.name());
            let wrong = put(&client, &[]).streaming(streaming).trailer(name, &digest(algorithm, b"other"));
            refused(&client, wrong, 400, "BadDigest", &mismatch).await;
            let malformed = put(&client, &[]).streaming(streaming).trailer(name, "x");
            let invalid = format!("Value for {name} trailing header is invalid.");
            refused(&client, malformed, 400, "InvalidRequest", &invalid).await;
        }
        for algorithm in Algorithm::ALL {
            let (name, right) = (algorithm.header_name(), digest(algorithm, BODY));
            let reply = put(&client, &[]).streaming(streaming).trailer(name, &right).send().await.expect_status(200);
            assert_eq!(reply.header(name), Some(right.as_str()));
            assert_eq!(client.get(K).send().await.body, BODY);
            stored(&client, algorithm, &right).await;
        }
    }
}

#[tokio::test]
async fn checksum_in_a_trailer_of_a_long_body() {
    let (_server, client) = kept().await;
    let body: Vec<u8> = (0..300_000).map(|at: u32| u8::try_from(at % 253).unwrap()).collect();
    let crc = digest(Algorithm::Crc64Nvme, &body);
    for streaming in TRAILING {
        for chunk_bytes in [8192, 64 << 10, 1 << 20] {
            let request = client.put(K).body(&body).streaming(streaming).chunk_bytes(chunk_bytes);
            let request = request.trailer("x-amz-checksum-crc64nvme", &crc);
            request.send().await.expect_status(200);
            assert!(client.get(K).send().await.body == body);
            // With HTTP's own chunks around them there is no Content-Length, which is fine here.
            let request = client.put(K).body(&body).streaming(streaming).chunk_bytes(chunk_bytes).http_chunked();
            request.trailer("x-amz-checksum-crc64nvme", &crc).send().await.expect_status(200);
        }
    }
    let signed = client.put(K).body(&body).streaming(Streaming::Signed).send().await.expect_status(200);
    assert_eq!(signed.header("x-amz-checksum-crc64nvme"), Some(crc.as_str()));
}

#[tokio::test]
async fn checksum_is_computed_where_none_was_sent() {
    let (_server, client) = kept().await;
    let crc = digest(Algorithm::Crc64Nvme, BODY);
    let requests = [
        put(&client, &[]),
        put(&client, &[]).payload_hash("UNSIGNED-PAYLOAD"),
        put(&client, &[]).streaming(Streaming::Signed),
        put(&client, &[]).presigned(60),
    ];
    for request in requests {
        let reply = request.send().await.expect_status(200);
        assert_eq!(reply.header("x-amz-checksum-crc64nvme"), Some(crc.as_str()));
        assert_eq!(reply.header("x-amz-checksum-type"), Some("FULL_OBJECT"));
    }
}

#[tokio::test]
async fn checksum_in_a_presigned_query_is_none() {
    let (_server, client) = kept().await;
    // The JavaScript SDK puts the checksum of no body there.
    let target = format!("{K}?x-amz-checksum-crc32=AAAAAA%3D%3D&x-amz-sdk-checksum-algorithm=CRC32");
    let reply = client.put(&target).presigned(60).body(BODY).send().await.expect_status(200);
    assert_eq!(reply.header("x-amz-checksum-crc64nvme"), Some(digest(Algorithm::Crc64Nvme, BODY).as_str()));
    assert_eq!(reply.header("x-amz-checksum-crc32"), None);
}

#[tokio::test]
async fn checksum_twice() {
    let (_server, client) = kept().await;
    let (crc, sha) = (digest(Algorithm::Crc32, BODY), digest(Algorithm::Sha256, BODY));
    let both = put(&client, &[("x-amz-checksum-crc32", &crc), ("x-amz-checksum-sha256", &sha)]);
    let message = "Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.";
    refused(&client, both, 400, "InvalidRequest", message).await;
    // Also where one is bad besides.
    let one_bad = put(&client, &[("x-amz-checksum-crc32", &crc), ("x-amz-checksum-sha256", "x")]);
    refused(&client, one_bad, 400, "InvalidRequest", message).await;
    let same = put(&client, &[("x-amz-checksum-crc32", &crc), ("x-amz-checksum-crc32", "AAAAAA==")]);
    refused(&client, same, 400, "InvalidRequest", "Value for x-amz-checksum-crc32 header is invalid.").await;
    let message = "Expecting a single x-amz-checksum- header";
    let in_both_places = put(&client, &[("x-amz-checksum-crc32", &crc)]).streaming(Streaming::UnsignedTrailer);
    let in_both_places = in_both_places.trailer("x-amz-checksum-crc32", &crc);
    refused(&client, in_both_places, 400, "InvalidRequest", message).await;
    let unframed = put(&client, &[("x-amz-checksum-crc32", &crc), ("x-amz-trailer", "x-amz-checksum-crc32")]);
    refused(&client, unframed, 400, "InvalidRequest", message).await;
}

#[tokio::test]
async fn checksum_sdk_algorithm() {
    let (_server, client) = kept().await;
    let sdk = "x-amz-sdk-checksum-algorithm";
    let crc = digest(Algorithm::Crc32, BODY);
    let message = "x-amz-sdk-checksum-algorithm specified, but no corresponding x-amz-checksum-* or x-amz-trailer headers were found.";
    refused(&client, put(&client, &[(sdk, "CRC32")]), 400, "InvalidRequest", message).await;
    let message = "Value for x-amz-sdk-checksum-algorithm header is invalid.";
    for named in ["SHA256", "CRC16"] {
        let request = put(&client, &[(sdk, named), ("x-amz-checksum-crc32", &crc)]);
        refused(&client, request, 400, "InvalidRequest", message).await;
    }
    for named in ["CRC32", "crc32"] {
        let request = put(&client, &[(sdk, named), ("x-amz-checksum-crc32", &crc)]);
        request.send().await.expect_status(200);
        let request = put(&client, &[(sdk, named)]).streaming(Streaming::UnsignedTrailer);
        request.trailer("x-amz-checksum-crc32", &crc).send().await.expect_status(200);
    }
}

#[tokio::test]
async fn checksum_of_an_unknown_algorithm() {
    let (_server, client) = kept().await;
    put(&client, &[("x-amz-checksum-crc16", "AAA=")]).send().await.expect_fields(
        501,
        &[
            ("Code", "NotImplemented"),
            ("Message", "A header you provided implies functionality that is not implemented"),
            ("Header", "x-amz-checksum-crc16"),
        ],
    );
    untouched(&client).await;
}

#[tokio::test]
async fn checksum_trailer_names() {
    let (_server, client) = kept().await;
    let crc = digest(Algorithm::Crc32, BODY);
    for streaming in TRAILING {
        let other = put(&client, &[]).streaming(streaming).trailer("x-amz-meta-a", "b");
        let message = "The value specified in the x-amz-trailer header is not supported";
        refused(&client, other, 400, "InvalidRequest", message).await;
        // Declared in other letters than it comes in.
        let cased = put(&client, &[("x-amz-trailer", "X-Amz-Checksum-CRC32")]).streaming(streaming);
        cased.trailer("x-amz-checksum-crc32", &crc).send().await.expect_status(200);
        client.put(K).body("kept").send().await.expect_status(200);

        let malformed =
            "The request contained trailing data that was not well-formed or did not conform to our published schema.";
        let absent = put(&client, &[("x-amz-trailer", "x-amz-checksum-crc32")]).streaming(streaming);
        refused(&client, absent, 400, "MalformedTrailerError", malformed).await;
        let different = put(&client, &[("x-amz-trailer", "x-amz-checksum-crc32")]).streaming(streaming);
        let different = different.trailer("x-amz-checksum-crc32c", &digest(Algorithm::Crc32c, BODY));
        refused(&client, different, 400, "MalformedTrailerError", malformed).await;
        let undeclared = put(&client, &[]).streaming(streaming);
        refused(&client, undeclared, 400, "MalformedTrailerError", malformed).await;
        let twice = put(&client, &[("x-amz-trailer", "x-amz-checksum-crc32")]).streaming(streaming);
        let twice = twice.trailer("x-amz-checksum-crc32", &crc).trailer("x-amz-checksum-crc32", &crc);
        refused(&client, twice, 400, "MalformedTrailerError", malformed).await;
    }
    let malformed =
        "The request contained trailing data that was not well-formed or did not conform to our published schema.";
    let nowhere = put(&client, &[("x-amz-trailer", "x-amz-checksum-crc32")]);
    refused(&client, nowhere, 400, "MalformedTrailerError", malformed).await;
}

#[tokio::test]
async fn checksum_trailer_lines() {
    let (_server, client) = kept().await;
    let crc = digest(Algorithm::Crc32, BODY);
    let ended = "The request body terminated unexpectedly";
    let with = |streaming| put(&client, &[]).streaming(streaming).trailer("x-amz-checksum-crc32", &crc);
    for streaming in TRAILING {
        let no_colon = with(streaming).corrupt_end("x-amz-checksum-crc32:", "x-amz-checksum-crc32 ");
        refused(&client, no_colon, 400, "IncompleteBody", ended).await;
        let cut = with(streaming).edit_frames(|frames| {
            let end = frames.0.last_mut().unwrap();
            end.truncate(end.len() - 2);
        });
        refused(&client, cut, 400, "IncompleteBody", ended).await;
    }
    let unsigned = with(Streaming::SignedTrailer).corrupt_end("x-amz-trailer-signature", "x-amz-trailer-other");
    unsigned.send().await.expect_status(400);
    let forged = with(Streaming::SignedTrailer).edit_frames(|frames| {
        let end = frames.0.last_mut().unwrap();
        let at = end.len() - 5;
        end[at] = if end[at] == b'0' { b'1' } else { b'0' };
    });
    forged.send().await.expect_error(403, "SignatureDoesNotMatch");
    untouched(&client).await;
    let forbidden = put(&client, &[]).streaming(Streaming::Signed);
    let forbidden = forbidden.edit_frames(|frames| {
        let end = frames.0.last_mut().unwrap();
        end.truncate(end.len() - 2);
        end.extend_from_slice(b"x-amz-checksum-crc32:AAAAAA==\r\n\r\n");
    });
    refused(&client, forbidden, 400, "IncompleteBody", ended).await;
}

#[tokio::test]
async fn checksum_of_the_payload_hash() {
    let (_server, client) = kept().await;
    let lie = "0".repeat(64);
    let reply = put(&client, &[]).payload_hash(&lie).send().await;
    reply.expect_fields(
        400,
        &[
            ("Code", "XAmzContentSHA256Mismatch"),
            ("Message", "The provided 'x-amz-content-sha256' header does not match what was computed."),
            ("ClientComputedContentSHA256", &lie),
            ("S3ComputedContentSHA256", &hex::encode(Hasher::digest(Algorithm::Sha256, BODY).as_bytes())),
        ],
    );
    untouched(&client).await;
}

#[tokio::test]
async fn checksum_of_no_bytes() {
    let (_server, client) = kept().await;
    for algorithm in Algorithm::ALL {
        let right = digest(algorithm, b"");
        client.put(K).header(algorithm.header_name(), &right).send().await.expect_status(200);
        for streaming in TRAILING {
            let request = client.put(K).streaming(streaming).trailer(algorithm.header_name(), &right);
            request.send().await.expect_status(200);
        }
        assert_eq!(client.get(K).send().await.body, b"");
    }
}

#[tokio::test]
async fn checksum_refusals_of_a_long_body_leave_no_file() {
    let server = TestServer::on_disk(|builder| builder).await;
    let client = server.bucket().await;
    let body = vec![5; 200_000];
    client.put(K).header("x-amz-checksum-crc32", "AAAAAA==").body(&body).send().await.expect_error(400, "BadDigest");
    let trailing = client.put(K).streaming(Streaming::SignedTrailer).trailer("x-amz-checksum-crc32", "AAAAAA==");
    trailing.body(&body).send().await.expect_error(400, "BadDigest");
    client.get(K).send().await.expect_error(404, "NoSuchKey");
    let data = server.data.as_ref().unwrap().path();
    assert_eq!(crate::bad_bodies::body_files(data), Vec::<std::path::PathBuf>::new());
}
