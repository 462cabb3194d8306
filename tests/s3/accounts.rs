//! Several identities: two keys of one account share everything, two accounts nothing.

use staves::http::identity::{Identities, Identity};
use staves::wire::sigv4::Credentials;

use crate::answers::{DENIED, bad_argument, no_upload, refused, refused_bare};
use crate::support::server::{TestServer, complete, create_upload, part_list, upload_part};
use crate::support::{RawClient, Reply};

const K: &str = "/bkt/k";

/// A server with the bucket `bkt` and the object `k` of `anna`, who has a second key, and `berta`, who is a stranger.
struct Three {
    _server: TestServer,
    anna: RawClient,
    second: RawClient,
    berta: RawClient,
}

async fn three() -> Three {
    let identities = Identities::new([
        Identity::of_account("anna", "anna", "111111111111"),
        Identity::of_account("second", "second", "111111111111"),
        Identity::of_account("berta", "berta", "222222222222"),
    ]);
    let server = TestServer::with(|builder| builder.identities(identities.unwrap())).await;
    let [anna, second, berta] =
        ["anna", "second", "berta"].map(|name| server.client().with_credentials(Credentials::new(name, name)));
    anna.put("/bkt").send().await.expect_status(200);
    anna.put(K).body("body").send().await.expect_status(200);
    Three { _server: server, anna, second, berta }
}

fn denied(reply: &Reply) {
    refused(reply, 403, "AccessDenied", DENIED, &[]);
}

#[tokio::test]
async fn accounts_strangers_are_denied() {
    let all = three().await;
    let Three { anna, berta, .. } = &all;
    for (method, target) in [
        ("GET", "/bkt"),
        ("GET", "/bkt?list-type=2"),
        ("GET", "/bkt?uploads"),
        ("GET", "/bkt?location"),
        ("GET", "/bkt?cors"),
        ("DELETE", "/bkt?cors"),
        ("DELETE", "/bkt"),
        ("GET", K),
        ("GET", "/bkt/gone"),
        ("PUT", K),
        ("DELETE", K),
        ("POST", "/bkt/k?uploads"),
        ("GET", "/bkt/k?attributes"),
    ] {
        denied(&berta.request(method, target).send().await);
        denied(&anna.request(method, target).anonymous().send().await);
    }
    for target in ["/bkt", K, "/bkt/gone"] {
        berta.head(target).send().await.expect_status(403);
        anna.head(target).anonymous().send().await.expect_status(403);
    }
    berta.get("/gone").send().await.expect_error(404, "NoSuchBucket");
    assert_eq!(anna.get(K).send().await.body, b"body");
}

#[tokio::test]
async fn accounts_two_keys_of_one_account() {
    let all = three().await;
    let Three { anna, second, .. } = &all;
    assert_eq!(second.get(K).send().await.expect_status(200).body, b"body");
    assert_eq!(second.get("/").send().await.xml_all("Name"), ["bkt"]);
    second.put("/bkt").send().await.expect_status(200);
    let id = create_upload(anna, "/bkt/m", &[]).await;
    let part = upload_part(second, "/bkt/m", &id, 1, b"x").await.expect_status(200);
    complete(second, "/bkt/m", &id, &part_list([(1, part.header("etag").unwrap())])).await.expect_status(200);
    let url = second.presigned_target("DELETE", "/bkt/m", 60);
    anna.delete(&url).anonymous().send().await.expect_status(204);
}

#[tokio::test]
async fn accounts_list_their_own_buckets() {
    let all = three().await;
    let Three { anna, berta, .. } = &all;
    assert_eq!(berta.get("/").send().await.expect_status(200).xml_all("Name"), [""; 0]);
    berta.put("/berta-bkt").send().await.expect_status(200);
    let (hers, mine) = (berta.get("/").send().await, anna.get("/").send().await);
    assert_eq!((hers.xml_all("Name"), mine.xml_all("Name")), (vec!["berta-bkt".into()], vec!["bkt".into()]));
    assert_ne!(hers.xml_text("ID"), mine.xml_text("ID"));
    refused(
        &berta.put("/bkt").send().await,
        409,
        "BucketAlreadyExists",
        "The requested bucket name is not available. The bucket namespace is shared by all users of the system. Please select a different name and try again.",
        &[("BucketName", "bkt")],
    );
}

#[tokio::test]
async fn accounts_unknown_uploads_are_said_before_denial() {
    let all = three().await;
    let Three { anna, berta, .. } = &all;
    let id = create_upload(anna, K, &[]).await;
    let requests = |id: &str| {
        [
            berta.get(&format!("{K}?uploadId={id}")),
            berta.put(&format!("{K}?partNumber=1&uploadId={id}")),
            berta.delete(&format!("{K}?uploadId={id}")),
        ]
    };
    for request in requests("nope") {
        no_upload(&request.send().await, "nope");
    }
    for request in requests(&id) {
        denied(&request.send().await);
    }
    let anonymous = anna.get(&format!("{K}?uploadId=nope")).anonymous().send().await;
    no_upload(&anonymous, "nope");
    denied(&anna.get(&format!("{K}?uploadId={id}")).anonymous().send().await);
    upload_part(anna, K, &id, 1, b"x").await.expect_status(200);
}

#[tokio::test]
async fn accounts_errors_of_completion_and_copies_are_bare() {
    let all = three().await;
    let Three { anna, berta, .. } = &all;
    let id = create_upload(anna, K, &[]).await;
    refused_bare(&complete(berta, K, &id, &part_list([(1, "x")])).await, 403, "AccessDenied", DENIED, &[]);
    complete(berta, K, "nope", &part_list([(1, "x")])).await.expect_error(404, "NoSuchUpload");
    let copy = |target: &str| berta.put(target).header("x-amz-copy-source", "bkt/k");
    refused_bare(&copy("/bkt/copy").send().await, 403, "AccessDenied", DENIED, &[]);
    let part = copy(&format!("{K}?partNumber=1&uploadId={id}")).send().await;
    refused_bare(&part, 403, "AccessDenied", DENIED, &[]);
}

#[tokio::test]
async fn accounts_bad_parts_are_said_before_denial() {
    let all = three().await;
    let Three { anna, berta, .. } = &all;
    let id = create_upload(anna, K, &[]).await;
    let message = "Part number must be an integer between 1 and 10000, inclusive";
    for number in ["0", "10001", "x"] {
        let reply = berta.put(&format!("{K}?partNumber={number}&uploadId={id}")).send().await;
        bad_argument(&reply, message, "partNumber", number);
        no_upload(&berta.put(&format!("{K}?partNumber={number}&uploadId=nope")).send().await, "nope");
    }
    let copy = |range: &str| {
        let request = berta.put(&format!("{K}?partNumber=1&uploadId={id}")).header("x-amz-copy-source", "bkt/k");
        request.header("x-amz-copy-source-range", range)
    };
    let name = "x-amz-copy-source-range";
    let message = "The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are the zero-based offsets of the first and last bytes to copy";
    let fields = [("ArgumentName", name), ("ArgumentValue", "bytes=5-2")];
    refused_bare(&copy("bytes=5-2").send().await, 400, "InvalidArgument", message, &fields);
    refused_bare(&copy("bytes=0-1").send().await, 403, "AccessDenied", DENIED, &[]);
    // Digests are looked at after access.
    let reply = berta.put(&format!("{K}?partNumber=1&uploadId={id}")).header("content-md5", "bad").send().await;
    denied(&reply);
}

#[tokio::test]
async fn accounts_bad_listing_parameters_are_said_before_denial() {
    let all = three().await;
    let Three { anna, berta, .. } = &all;
    let id = create_upload(anna, K, &[]).await;
    for (target, name, value) in [
        ("/bkt?max-keys=x", "max-keys", "x"),
        ("/bkt?list-type=2&max-keys=-1", "max-keys", "-1"),
        ("/bkt?uploads&max-uploads=x", "max-uploads", "x"),
        ("/bkt?uploads&encoding-type=x", "encoding-type", "x"),
        ("/bkt?uploads&key-marker=k&upload-id-marker=bad", "upload-id-marker", "bad"),
        (&format!("{K}?uploadId=nope&max-parts=x"), "max-parts", "x"),
    ] {
        let reply = berta.get(target).send().await.expect_error(400, "InvalidArgument");
        assert_eq!(reply.xml_text("ArgumentName").as_deref(), Some(name));
        assert_eq!(reply.xml_text("ArgumentValue").as_deref(), Some(value));
    }
    denied(&berta.get(&format!("/bkt?uploads&key-marker=k&upload-id-marker={id}")).send().await);
}

#[tokio::test]
async fn accounts_copy_sources() {
    let all = three().await;
    let Three { anna, berta, .. } = &all;
    berta.put("/berta-bkt").send().await.expect_status(200);
    let copy = |client: &RawClient, target: &str, source: &str| client.put(target).header("x-amz-copy-source", source);
    let reply = copy(berta, "/berta-bkt/k", "bkt/k").send().await;
    refused_bare(&reply, 403, "AccessDenied", DENIED, &[]);
    let reply = copy(berta, "/berta-bkt/k", "bkt/gone").send().await;
    refused_bare(&reply, 403, "AccessDenied", DENIED, &[]);
    let id = create_upload(berta, "/berta-bkt/k", &[]).await;
    let part = format!("/berta-bkt/k?partNumber=1&uploadId={id}");
    refused_bare(&copy(berta, &part, "bkt/k").send().await, 403, "AccessDenied", DENIED, &[]);
    berta.get("/berta-bkt/k").send().await.expect_error(404, "NoSuchKey");
    copy(anna, "/bkt/copy", "bkt/k").send().await.expect_status(200);
}

#[tokio::test]
async fn accounts_are_shown_as_owner_and_initiator() {
    let all = three().await;
    let Three { anna, second, .. } = &all;
    let id = create_upload(second, K, &[]).await;
    let owner = anna.get("/").send().await.xml_text("ID").unwrap();
    let reply = anna.get(&format!("{K}?uploadId={id}")).send().await;
    assert_eq!(reply.xml_all("ID"), [owner.clone(), owner.clone()]);
    assert_eq!(reply.xml_text("DisplayName").as_deref(), Some("111111111111"));
    assert_eq!(anna.get("/bkt?uploads").send().await.xml_all("ID"), [owner.clone(), owner.clone()]);
    assert_eq!(anna.get("/bkt").send().await.xml_all("ID"), [owner]);
}
