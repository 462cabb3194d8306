//! `?encryption` of an object: another key in KMS for what is there.

use crate::support::server::TestServer;
use crate::support::{RawClient, Reply};

const K: &str = "/bkt/k";
const KEY: &str = "arn:aws:kms:us-east-1:000000000000:key/1234abcd-12ab-34cd-56ef-1234567890ab";

async fn update(client: &RawClient, inner: &str) -> Reply {
    client.put("/bkt/k?encryption").body(format!("<ObjectEncryption>{inner}</ObjectEncryption>")).send().await
}

fn kms(key: &str, more: &str) -> String {
    format!("<SSE-KMS><KMSKeyArn>{key}</KMSKeyArn>{more}</SSE-KMS>")
}

#[tokio::test]
async fn update_object_encryption_changes_the_key_and_nothing_else() {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    client.put(K).body("hello").send().await.expect_status(200);
    let before = client.head(K).send().await;
    assert_eq!(before.header("x-amz-server-side-encryption"), Some("AES256"));
    update(&client, &kms(KEY, "<BucketKeyEnabled>true</BucketKeyEnabled>")).await.expect_status(200);
    let after = client.get(K).send().await.expect_status(200);
    assert_eq!(after.text(), "hello");
    assert_eq!(after.header("x-amz-server-side-encryption"), Some("aws:kms"));
    assert_eq!(after.header("x-amz-server-side-encryption-aws-kms-key-id"), Some(KEY));
    assert_eq!(after.header("x-amz-server-side-encryption-bucket-key-enabled"), Some("true"));
    for kept in ["etag", "last-modified"] {
        assert_eq!(before.header(kept), after.header(kept), "{kept}");
    }
    let other = KEY.replace("1234abcd", "abcd1234");
    update(&client, &kms(&other, "")).await.expect_status(200);
    let after = client.head(K).send().await;
    assert_eq!(after.header("x-amz-server-side-encryption-aws-kms-key-id"), Some(other.as_str()));
}

#[tokio::test]
async fn update_object_encryption_refusals() {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    update(&client, &kms(KEY, "")).await.expect_error(404, "NoSuchKey");
    client.put(K).body("hello").send().await.expect_status(200);
    client.put("/bkt/k?encryption").body("<Other/>").send().await.expect_error(400, "MalformedXML");
    for inner in ["", "<SSE-S3/>", "<SSE-KMS/>"] {
        update(&client, inner).await.expect_error(400, "InvalidRequest");
    }
    for key in ["x", "1234abcd-12ab-34cd-56ef-1234567890ab", "arn:aws:kms:us-east-1:000000000000:alias/a"] {
        update(&client, &kms(key, "")).await.expect_error(400, "InvalidRequest");
    }
    update(&client, &kms(KEY, "<BucketKeyEnabled>x</BucketKeyEnabled>")).await.expect_error(400, "InvalidRequest");
    let foreign = KEY.replace("000000000000", "999999999999");
    update(&client, &kms(&foreign, "")).await.expect_error(403, "AccessDenied");
    let kept = client.head(K).send().await;
    assert_eq!(kept.header("x-amz-server-side-encryption"), Some("AES256"));
    // DSSE-KMS is not to be changed.
    client.put(K).header("x-amz-server-side-encryption", "aws:kms:dsse").body("x").send().await.expect_status(200);
    update(&client, &kms(KEY, "")).await.expect_error(400, "InvalidRequest");
}
