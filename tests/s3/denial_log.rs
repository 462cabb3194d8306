//! What the log says of a request that is denied for another reason than a policy or an ACL, or refused for one that its
//! answer does not say: why, at its usual level.

use std::io::Write;
use std::sync::{Mutex, Once};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use staves::wire::md5::Md5;
use staves::wire::time::Timestamp;

use crate::access_support::{BERTA_ACCOUNT, Two, account, canonical_id, statement};
use crate::documents::posting;
use crate::sse_c::{ALGORITHM, KEY, KEY_MD5};
use crate::support::server::TestServer;
use crate::support::{Reply, RequestBuilder};
use crate::versioning::put;

const K: &str = "/bkt/k";
const OWNER: &str = "x-amz-expected-bucket-owner";

static LOG: Mutex<Vec<u8>> = Mutex::new(Vec::new());

/// The process has one log, of all tests: lines are told by their request.
struct Lines;

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        LOG.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn listen() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let log = tracing_subscriber::fmt().with_ansi(false).with_max_level(tracing::Level::INFO);
        tracing::subscriber::set_global_default(log.with_writer(|| Lines).finish()).unwrap();
    });
}

/// That this is a denial, and that the log says of it what these texts say.
#[track_caller]
fn denied(reply: &Reply, texts: &[&str]) {
    assert_eq!(reply.status, 403, "{}", reply.text());
    logged(reply, &["access denied"]);
    logged(reply, texts);
}

#[track_caller]
fn logged(reply: &Reply, texts: &[&str]) {
    let id = reply.header("x-amz-request-id").unwrap();
    let log = String::from_utf8(LOG.lock().unwrap().clone()).unwrap();
    let lines: Vec<&str> = log.lines().filter(|line| line.contains(id)).collect();
    for text in texts {
        assert!(lines.iter().any(|line| line.contains(text)), "{text}: {lines:?}");
    }
}

#[tokio::test]
async fn log_of_an_owner_that_was_not_expected() {
    listen();
    let server = TestServer::start().await;
    let client = server.bucket().await;
    client.put(K).body("x").send().await.expect_status(200);
    let says = "is 111111111111, and bkt is of account 000000000000";
    denied(&client.get(K).header(OWNER, "111111111111").send().await, &[&format!("{OWNER} {says}"), "key=\"k\""]);
    let source = "x-amz-source-expected-bucket-owner";
    let copy = client.put("/bkt/k2").header("x-amz-copy-source", "bkt/k").header(source, "111111111111");
    denied(&copy.send().await, &[&format!("{source} {says}")]);
}

#[tokio::test]
async fn log_of_what_object_lock_protects() {
    listen();
    let server = TestServer::start().await;
    let client = server.client();
    client.put("/bkt").header("x-amz-bucket-object-lock-enabled", "true").send().await.expect_status(200);
    let retained = put(&client, K, "x").await;
    let until = Timestamp::from_secs(4_102_444_800).iso8601_millis();
    let retention = |mode: &str, until: &str| {
        let inner = format!("<Mode>{mode}</Mode><RetainUntilDate>{until}</RetainUntilDate>");
        crate::documents::putting(&client, "/bkt/k?retention", &format!("<Retention>{inner}</Retention>"))
    };
    retention("COMPLIANCE", &until).send().await.expect_status(200);
    let says = "access denied: a retention in COMPLIANCE mode until 2100-01-01T00:00:00.000Z protects the version";
    let delete = client.delete(&format!("{K}?versionId={retained}")).send().await;
    denied(&delete, &[says, "key=\"k\""]);
    let sooner = Timestamp::from_secs(4_102_444_799).iso8601_millis();
    denied(&retention("COMPLIANCE", &sooner).send().await, &[says]);
    let key = "arn:aws:kms:us-east-1:000000000000:key/1234abcd-12ab-34cd-56ef-1234567890ab";
    let body = format!("<ObjectEncryption><SSE-KMS><KMSKeyArn>{key}</KMSKeyArn></SSE-KMS></ObjectEncryption>");
    denied(&client.put("/bkt/k?encryption").body(body).send().await, &[says]);
    let held = put(&client, "/bkt/held", "x").await;
    let on_hold =
        crate::documents::putting(&client, "/bkt/held?legal-hold", "<LegalHold><Status>ON</Status></LegalHold>");
    on_hold.send().await.expect_status(200);
    let object =
        |key: &str, version: &str| format!("<Object><Key>{key}</Key><VersionId>{version}</VersionId></Object>");
    let many = format!("<Delete>{}{}</Delete>", object("k", &retained), object("held", &held));
    let reply = posting(&client, "/bkt?delete", &many).send().await.expect_status(200);
    assert_eq!(reply.xml_all("Code"), ["AccessDenied", "AccessDenied"]);
    logged(&reply, &[says, "access denied: a legal hold protects the version", "key=\"k\"", "key=\"held\""]);
}

#[tokio::test]
async fn log_of_a_key_of_another_account() {
    listen();
    let server = TestServer::start().await;
    let client = server.bucket().await;
    client.put(K).body("x").send().await.expect_status(200);
    let key = "arn:aws:kms:us-east-1:222222222222:key/1234abcd-12ab-34cd-56ef-1234567890ab";
    let body = format!("<ObjectEncryption><SSE-KMS><KMSKeyArn>{key}</KMSKeyArn></SSE-KMS></ObjectEncryption>");
    let reply = client.put("/bkt/k?encryption").body(body).send().await;
    denied(&reply, &["the key in KMS is of account 222222222222, and the bucket of 000000000000"]);
}

#[tokio::test]
async fn log_of_a_clients_key_that_is_another() {
    listen();
    let server = TestServer::start().await;
    let client = server.bucket().await;
    let with_key = |request: RequestBuilder, byte: u8| {
        let key = [byte; 32];
        let md5 = STANDARD.encode(Md5::digest(&key));
        request.header(ALGORITHM, "AES256").header(KEY, STANDARD.encode(key)).header(KEY_MD5, md5)
    };
    with_key(client.put(K), 1).send().await.expect_status(200);
    denied(&with_key(client.get(K), 2).send().await, &["the client's key is another than the object's"]);
}

#[tokio::test]
async fn log_of_requests_without_a_signature() {
    listen();
    let server = TestServer::start().await;
    let client = server.bucket().await;
    let dated = client.get("/bkt").anonymous().header("x-amz-date", "20250101T000000Z").send().await;
    denied(&dated, &["the request has x-amz-date and no signature"]);
    let two = Two::legacy().await;
    two.policy(&statement("Allow", "\"*\"", "s3:*", "")).await;
    let upload = two.anna.post("/bkt/m?uploads").anonymous().send().await;
    denied(&upload, &["anonymous callers start no uploads"]);
    denied(&client.get("/").anonymous().send().await, &["the request has no credentials"]);
}

#[tokio::test]
async fn log_of_an_acl_that_names_another_owner() {
    listen();
    let two = Two::legacy().await;
    let [anna, berta] = [crate::access_support::ANNA_ACCOUNT, BERTA_ACCOUNT].map(canonical_id);
    let acl = format!("<AccessControlPolicy><Owner><ID>{berta}</ID></Owner><AccessControlList/></AccessControlPolicy>");
    let reply = two.anna.put("/bkt?acl").body(acl).send().await;
    denied(&reply, &[&format!("the ACL names \"{berta}\" as the owner, who is \"{anna}\"")]);
    // As ever where a statement denies.
    two.policy(&statement("Deny", &account(BERTA_ACCOUNT), "s3:GetObject", "")).await;
    denied(&two.berta.get(K).send().await, &["of the bucket policy denies it"]);
}

#[tokio::test]
async fn create_bucket_for_another_region_than_the_clients() {
    listen();
    let server = TestServer::start().await;
    let reply = server.client().with_region("eu-west-1").put("/bkt").send().await;
    assert_eq!(reply.status, 400, "{}", reply.text());
    logged(&reply, &["the client signs for eu-west-1", "give eu-west-1 as LocationConstraint"]);
}
