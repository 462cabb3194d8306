//! `?logging`.

use staves::http::identity::{Identities, Identity};
use staves::s3::AclDefaults;
use staves::wire::sigv4::Credentials;

use super::{document, malformed, not_documents, put, round_trip, shown};
use crate::answers::refused;
use crate::support::server::TestServer;

const TARGET: &str = "/bkt?logging";
const ROOT: &str = "BucketLoggingStatus";

fn enabled(bucket: &str, rest: &str) -> String {
    format!(
        "<LoggingEnabled><TargetBucket>{bucket}</TargetBucket><TargetPrefix>log/</TargetPrefix>{rest}</LoggingEnabled>"
    )
}

#[tokio::test]
async fn logging_documents() {
    // Grants are taken where ACLs count.
    let server = TestServer::with(|builder| builder.acl_defaults(AclDefaults::Legacy)).await;
    let client = server.bucket().await;
    client.put("/logs").send().await.expect_status(200);
    assert_eq!(shown(&client, TARGET).await, document(ROOT, ""));
    let grantee = "<Grantee xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xsi:type=\"Group\"><URI>http://acs.amazonaws.com/groups/s3/LogDelivery</URI></Grantee>";
    let grants = format!(
        "<TargetGrants><Grant>{grantee}<Permission>WRITE</Permission></Grant><Grant>{grantee}<Permission>READ_ACP</Permission></Grant></TargetGrants>"
    );
    let simple = "<TargetObjectKeyFormat><SimplePrefix/></TargetObjectKeyFormat>";
    let partitioned = "<TargetObjectKeyFormat><PartitionedPrefix><PartitionDateSource>EventTime</PartitionDateSource></PartitionedPrefix></TargetObjectKeyFormat>";
    for rest in ["", &grants, simple, partitioned, &format!("{grants}{partitioned}")] {
        let inner = enabled("logs", rest);
        round_trip(&client, TARGET, 200, (ROOT, &inner, &inner)).await;
    }
    // To stop, an empty status is put.
    round_trip(&client, TARGET, 200, (ROOT, "", "")).await;
    client.delete(TARGET).send().await.expect_error(405, "MethodNotAllowed");
}

#[tokio::test]
async fn logging_bad_documents() {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    not_documents(&client, TARGET, ROOT).await;
    for inner in [
        "<LoggingEnabled/>".to_owned(),
        "<LoggingEnabled><TargetBucket>bkt</TargetBucket></LoggingEnabled>".to_owned(),
        "<LoggingEnabled><TargetPrefix/></LoggingEnabled>".to_owned(),
        enabled("bkt", "<TargetObjectKeyFormat/>"),
        enabled("bkt", "<TargetObjectKeyFormat><SimplePrefix/><PartitionedPrefix/></TargetObjectKeyFormat>"),
        enabled("bkt", "<TargetGrants><Grant><Permission>ALL</Permission></Grant></TargetGrants>"),
        enabled("bkt", "<TargetGrants><Grant><Grantee><ID>x</ID></Grantee></Grant></TargetGrants>"),
    ] {
        malformed(&client, TARGET, &format!("<{ROOT}>{inner}</{ROOT}>")).await;
    }
    for missing in ["gone", "Not_a_bucket"] {
        let reply = put(&client, TARGET, &format!("<{ROOT}>{}</{ROOT}>", enabled(missing, ""))).await;
        let message = "The target bucket for logging does not exist";
        refused(&reply, 400, "InvalidTargetBucketForLogging", message, &[("TargetBucket", missing)]);
    }
    assert_eq!(shown(&client, TARGET).await, document(ROOT, ""));
}

#[tokio::test]
async fn logging_to_a_bucket_elsewhere() {
    let identities = Identities::new([
        Identity::of_account("anna", "anna", "111111111111"),
        Identity::of_account("berta", "berta", "222222222222"),
    ]);
    let server = TestServer::with(|builder| builder.identities(identities.unwrap())).await;
    let [anna, berta] = ["anna", "berta"].map(|name| server.client().with_credentials(Credentials::new(name, name)));
    anna.put("/bkt").send().await.expect_status(200);
    berta.put("/theirs").send().await.expect_status(200);
    for (bucket, region) in [("west", "us-west-2"), ("east", "us-east-2")] {
        let body = format!(
            "<CreateBucketConfiguration><LocationConstraint>{region}</LocationConstraint></CreateBucketConfiguration>"
        );
        anna.put(&format!("/{bucket}")).body(body).send().await.expect_status(200);
    }
    let to = |bucket: &str| format!("<{ROOT}>{}</{ROOT}>", enabled(bucket, ""));
    let reply = put(&anna, TARGET, &to("theirs")).await;
    let message = "The owner for the bucket to be logged and the target bucket must be the same.";
    refused(&reply, 400, "InvalidTargetBucketForLogging", message, &[("TargetBucket", "theirs")]);
    let message = "Cross S3 location logging not allowed. ";
    let reply = put(&anna, TARGET, &to("west")).await;
    refused(&reply, 403, "CrossLocationLoggingProhibitted", message, &[("TargetBucketLocation", "us-west-2")]);
    let reply = put(&anna, "/east?logging", &to("west")).await;
    let fields = [("SourceBucketLocation", "us-east-2"), ("TargetBucketLocation", "us-west-2")];
    refused(&reply, 403, "CrossLocationLoggingProhibitted", message, &fields);
    put(&anna, "/west?logging", &to("west")).await.expect_status(200);
}
