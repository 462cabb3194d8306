//! `?encryption`: the document only.

use super::{document, malformed, not_documents, put, round_trip, shown};
use crate::answers::refused;
use crate::support::server::TestServer;

const TARGET: &str = "/bkt?encryption";
const ROOT: &str = "ServerSideEncryptionConfiguration";
const DEFAULT: &str = "<Rule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>AES256</SSEAlgorithm></ApplyServerSideEncryptionByDefault><BucketKeyEnabled>false</BucketKeyEnabled></Rule>";

fn rule(algorithm: &str, key: &str, rest: &str) -> String {
    let key = if key.is_empty() { String::new() } else { format!("<KMSMasterKeyID>{key}</KMSMasterKeyID>") };
    format!(
        "<Rule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>{algorithm}</SSEAlgorithm>{key}</ApplyServerSideEncryptionByDefault>{rest}</Rule>"
    )
}

#[tokio::test]
async fn encryption_by_default() {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    assert_eq!(shown(&client, TARGET).await, document(ROOT, DEFAULT));
    let kms = rule("aws:kms", "", "<BucketKeyEnabled>true</BucketKeyEnabled>");
    put(&client, TARGET, &format!("<{ROOT}>{kms}</{ROOT}>")).await.expect_status(200);
    assert_eq!(shown(&client, TARGET).await, document(ROOT, &kms));
    for _ in 0..2 {
        client.delete(TARGET).send().await.expect_status(204);
        assert_eq!(shown(&client, TARGET).await, document(ROOT, DEFAULT));
    }
}

#[tokio::test]
async fn encryption_documents() {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    let off = "<BucketKeyEnabled>false</BucketKeyEnabled>";
    let on = "<BucketKeyEnabled>true</BucketKeyEnabled>";
    let blocked = "<BlockedEncryptionTypes><EncryptionType>SSE-C</EncryptionType></BlockedEncryptionTypes>";
    let arn = "arn:aws:kms:us-east-1:000000000000:key/8c9b1f4e";
    for (given, expected) in [
        (rule("AES256", "", ""), rule("AES256", "", off)),
        (rule("AES256", "", on), rule("AES256", "", on)),
        (rule("aws:kms", arn, on), rule("aws:kms", arn, on)),
        (rule("aws:kms:dsse", arn, ""), rule("aws:kms:dsse", arn, off)),
        (rule("AES256", "", blocked), rule("AES256", "", &format!("{off}{blocked}"))),
        (format!("<Rule>{blocked}</Rule>"), rule("AES256", "", &format!("{off}{blocked}"))),
    ] {
        round_trip(&client, TARGET, 200, (ROOT, &given, &expected)).await;
    }
    // No digest is asked for, whatever the model says (recorded from AWS).
    let body = format!("<{ROOT}>{}</{ROOT}>", rule("AES256", "", ""));
    client.put(TARGET).body(body).send().await.expect_status(200);
}

#[tokio::test]
async fn encryption_bad_documents() {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    not_documents(&client, TARGET, ROOT).await;
    for rules in [
        String::new(),
        rule("AES256", "", "").repeat(2),
        rule("AES512", "", ""),
        rule("aws:fsx", "", ""),
        rule("aes256", "", ""),
        rule("AES256", "", "<BucketKeyEnabled>perhaps</BucketKeyEnabled>"),
        rule("AES256", "", "<BlockedEncryptionTypes><EncryptionType>SSE-S3</EncryptionType></BlockedEncryptionTypes>"),
        "<Rule><ApplyServerSideEncryptionByDefault/></Rule>".to_owned(),
    ] {
        malformed(&client, TARGET, &format!("<{ROOT}>{rules}</{ROOT}>")).await;
    }
    let reply = put(&client, TARGET, &format!("<{ROOT}>{}</{ROOT}>", rule("AES256", "randomkeyid", ""))).await;
    let message = "a KMSMasterKeyID is not applicable if the default sse algorithm is not aws:kms or aws:kms:dsse";
    let fields = [("ArgumentName", "ApplyServerSideEncryptionByDefault")];
    refused(&reply, 400, "InvalidArgument", message, &fields);
    assert_eq!(shown(&client, TARGET).await, document(ROOT, DEFAULT));
}
