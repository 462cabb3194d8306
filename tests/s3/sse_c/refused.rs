//! What is refused of keys: headers that are missing or wrong, wrong keys, keys where none is wanted, plain HTTP.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use staves::s3::TlsForCustomerKeys;
use staves::wire::md5::Md5;

use super::{ALGORITHM, K, KEY, KEY_MD5, get, key, put, with_headers, with_key, with_source_key};
use crate::support::server::TestServer;
use crate::support::{RawClient, RequestBuilder};

const SSE: &str = "x-amz-server-side-encryption";
const NEEDS: &str = "Requests specifying Server Side Encryption with Customer provided keys must ";

fn invalid(message: &str) -> [(&'static str, &str); 3] {
    [("Code", "InvalidArgument"), ("Message", message), ("ArgumentName", SSE)]
}

/// What makes an object or an upload, or reads one.
fn requests(client: &RawClient) -> Vec<RequestBuilder> {
    vec![
        client.put(K).body(b"hello"),
        client.post("/bkt/k?uploads"),
        client.put(K).header("x-amz-copy-source", "/bkt/plain"),
        client.get("/bkt/secret"),
        client.get("/bkt/secret?attributes").header("x-amz-object-attributes", "ETag"),
    ]
}

async fn prepared() -> (TestServer, RawClient) {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    client.put("/bkt/plain").body(b"hello").send().await.expect_status(200);
    put(&client, "/bkt/secret", b"hello", &key(1)).await.expect_status(200);
    (server, client)
}

#[tokio::test]
async fn incomplete_headers() {
    let (_server, client) = prepared().await;
    let (key_base64, md5) = (STANDARD.encode(key(1)), STANDARD.encode(Md5::digest(&key(1))));
    let cases: [(&[(&str, &str)], &str); 6] = [
        (&[(KEY, &key_base64), (KEY_MD5, &md5)], "provide a valid encryption algorithm."),
        (&[(KEY_MD5, &md5)], "provide a valid encryption algorithm."),
        (&[(KEY, "")], "provide a valid encryption algorithm."),
        (&[(ALGORITHM, "AES256")], "provide an appropriate secret key."),
        (&[(ALGORITHM, "AES256"), (KEY_MD5, &md5)], "provide an appropriate secret key."),
        (&[(ALGORITHM, "AES256"), (KEY, &key_base64)], "provide the client calculated MD5 of the secret key."),
    ];
    for (headers, message) in cases {
        for mut request in requests(&client) {
            for (name, value) in headers {
                request = request.header(name, value);
            }
            request.send().await.expect_fields(400, &invalid(&format!("{NEEDS}{message}")));
        }
    }
    client.get(K).send().await.expect_error(404, "NoSuchKey");
}

#[tokio::test]
async fn wrong_algorithm_digest_and_length() {
    let (_server, client) = prepared().await;
    let (key_base64, md5) = (STANDARD.encode(key(1)), STANDARD.encode(Md5::digest(&key(1))));
    for request in requests(&client) {
        let reply = with_headers(request, "AES192", &key_base64, &md5).send().await;
        let fields = [
            ("Code", "InvalidEncryptionAlgorithmError"),
            ("Message", "The Encryption request you specified is not valid. Supported value: AES256."),
            ("ArgumentName", SSE),
            ("ArgumentValue", "AES192"),
        ];
        reply.expect_fields(400, &fields);
    }
    for request in requests(&client) {
        let reply = with_headers(request, "AES256", &key_base64, "AAAAAAAAAAAAAAAAAAAAAA==").send().await;
        let message = "The calculated MD5 hash of the key did not match the hash that was provided.";
        reply.expect_fields(400, &invalid(message));
    }
    for md5 in ["", "?", "AAAA"] {
        let reply = with_headers(client.put(K).body(b"x"), "AES256", &key_base64, md5).send().await;
        reply.expect_error(400, "InvalidArgument");
    }
    for short in [&key(1)[..10], &[7; 33][..], &[]] {
        let reply = put(&client, K, b"x", short).await;
        reply.expect_fields(400, &invalid("The secret key was invalid for the specified algorithm."));
        // Whoever reads is told that it is another key.
        get(&client, "/bkt/secret", short).await.expect_error(403, "AccessDenied");
    }
    client.get(K).send().await.expect_error(404, "NoSuchKey");
}

#[tokio::test]
async fn another_method_beside_a_key() {
    let (_server, client) = prepared().await;
    for method in ["AES256", "aws:kms"] {
        for request in requests(&client).into_iter().take(3) {
            let fields = [
                ("Code", "InvalidArgument"),
                (
                    "Message",
                    "Server Side Encryption with Customer provided key is incompatible with the encryption method specified",
                ),
                ("ArgumentName", SSE),
                ("ArgumentValue", method),
            ];
            with_key(request, &key(1)).header(SSE, method).send().await.expect_fields(400, &fields);
        }
    }
}

#[tokio::test]
async fn reading_without_the_key_or_with_another() {
    let (_server, client) = prepared().await;
    let missing = [
        ("Code", "InvalidRequest"),
        (
            "Message",
            "The object was stored using a form of Server Side Encryption. The correct parameters must be provided to retrieve the object.",
        ),
    ];
    let wrong_message = format!("{NEEDS}provide the correct secret key.");
    let wrong = [("Code", "AccessDenied"), ("Message", wrong_message.as_str())];
    let attributes = || client.get("/bkt/secret?attributes").header("x-amz-object-attributes", "ETag");
    let copy = || client.put(K).header("x-amz-copy-source", "/bkt/secret");
    for request in [client.get("/bkt/secret"), attributes(), copy(), client.get("/bkt/secret?partNumber=1")] {
        request.send().await.expect_fields(400, &missing);
    }
    client.head("/bkt/secret").send().await.expect_status(400);
    for request in [client.get("/bkt/secret"), attributes()] {
        with_key(request, &key(2)).send().await.expect_fields(403, &wrong);
    }
    with_source_key(copy(), &key(2)).send().await.expect_fields(403, &wrong);
    with_key(client.head("/bkt/secret"), &key(2)).send().await.expect_status(403);
    // The key of the copy is none for its source.
    with_key(copy(), &key(1)).send().await.expect_fields(400, &missing);
    client.get(K).send().await.expect_error(404, "NoSuchKey");
}

#[tokio::test]
async fn a_key_for_an_object_that_has_none() {
    let (_server, client) = prepared().await;
    let fields =
        [("Code", "InvalidRequest"), ("Message", "The encryption parameters are not applicable to this object.")];
    get(&client, "/bkt/plain", &key(1)).await.expect_fields(400, &fields);
    with_key(client.head("/bkt/plain"), &key(1)).send().await.expect_status(400);
    let copy = client.put(K).header("x-amz-copy-source", "/bkt/plain");
    with_source_key(copy, &key(1)).send().await.expect_fields(400, &fields);
    with_key(client.get("/bkt/absent"), &key(1)).send().await.expect_error(404, "NoSuchKey");
}

#[tokio::test]
async fn parts_need_the_key_of_their_upload() {
    let (_server, client) = prepared().await;
    let create = with_key(client.post("/bkt/m?uploads"), &key(1)).send().await.expect_status(200);
    let id = create.xml_text("UploadId").unwrap();
    let plain = client.post("/bkt/m?uploads").send().await.xml_text("UploadId").unwrap();
    let mismatch = [
        ("Code", "InvalidRequest"),
        (
            "Message",
            "The multipart upload initiate requested encryption. Subsequent part requests must include the appropriate encryption parameters.",
        ),
    ];
    let other = [
        ("Code", "InvalidRequest"),
        ("Message", "The provided encryption parameters did not match the ones used originally."),
    ];
    let part = |id: &str| client.put(&format!("/bkt/m?partNumber=1&uploadId={id}")).body(b"x");
    let copied =
        |id: &str| client.put(&format!("/bkt/m?partNumber=1&uploadId={id}")).header("x-amz-copy-source", "/bkt/plain");
    for request in [part(&id), copied(&id), with_key(part(&plain), &key(1)), with_key(copied(&plain), &key(1))] {
        request.send().await.expect_fields(400, &mismatch);
    }
    for request in [part(&id), copied(&id)] {
        with_key(request, &key(2)).send().await.expect_fields(400, &other);
    }
    for id in [id, plain] {
        assert_eq!(client.get(&format!("/bkt/m?uploadId={id}")).send().await.xml_all("Part"), [""; 0]);
    }
}

#[tokio::test]
async fn plain_http_where_tls_is_required() {
    let server = TestServer::with(|builder| builder.tls_for_customer_keys(TlsForCustomerKeys::Required)).await;
    let client = server.bucket().await;
    let message = format!("{NEEDS}be made over a secure connection.");
    put(&client, K, b"hello", &key(1)).await.expect_fields(400, &invalid(&message));
    client.put(K).body(b"hello").send().await.expect_status(200);
    get(&client, K, &key(1)).await.expect_fields(400, &invalid(&message));
}

#[tokio::test]
async fn a_facade_does_not_serve_what_it_has_no_key_for() {
    let server = TestServer::start().await;
    let engine = server.running.engine();
    let client = server.bucket().await;
    put(&client, K, b"hello", &key(1)).await.expect_status(200);
    let bucket = engine.bucket(&staves::wire::bucket_name::BucketName::parse("bkt").unwrap()).unwrap();
    let key = staves::wire::object_key::ObjectKey::parse("k".to_owned()).unwrap();
    let refused = engine.open_object(&bucket, &key).err().unwrap();
    assert!(matches!(refused, staves::engine::error::Error::CustomerKeyMissing), "{refused}");
    // And who opens it all the same gets nothing.
    let mut body = engine.open_version(&bucket, &key, None).unwrap().read(0, 5);
    assert!(body.next().await.is_none());
}
