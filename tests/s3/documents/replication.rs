//! `?replication`.

use super::{absent, malformed, not_documents, put, round_trip, shown};
use crate::answers::{bad_argument, bad_request, refused};
use crate::support::RawClient;
use crate::support::server::TestServer;
use crate::versioning::keep_versions;

const TARGET: &str = "/bkt?replication";
const ROOT: &str = "ReplicationConfiguration";
const NONE: &str = "The replication configuration was not found";
const ROLE: &str = "<Role>arn:aws:iam::000000000000:role/r</Role>";
const TO: &str = "<Destination><Bucket>arn:aws:s3:::dest</Bucket></Destination>";
const NO_MARKERS: &str = "<DeleteMarkerReplication><Status>Disabled</Status></DeleteMarkerReplication>";

async fn versioned() -> (TestServer, RawClient) {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    client.put("/dest").send().await.expect_status(200);
    client.put("/plain").send().await.expect_status(200);
    keep_versions(&client, "bkt").await;
    keep_versions(&client, "dest").await;
    (server, client)
}

fn rule(id: &str, priority: u32, rest: &str) -> String {
    format!(
        "<Rule><ID>{id}</ID><Priority>{priority}</Priority><Filter><Prefix>Tax</Prefix></Filter><Status>Enabled</Status>{rest}</Rule>"
    )
}

fn of(rules: &str) -> String {
    format!("<{ROOT}>{ROLE}{rules}</{ROOT}>")
}

#[tokio::test]
async fn replication_documents() {
    let (_server, client) = versioned().await;
    absent(&client, TARGET, "ReplicationConfigurationNotFoundError", NONE).await;
    let selection = "<SourceSelectionCriteria><SseKmsEncryptedObjects><Status>Enabled</Status></SseKmsEncryptedObjects></SourceSelectionCriteria>";
    let far = "<Destination><Bucket>arn:aws:s3:::dest</Bucket><Account>000000000000</Account><StorageClass>STANDARD</StorageClass><AccessControlTranslation><Owner>Destination</Owner></AccessControlTranslation><EncryptionConfiguration><ReplicaKmsKeyID>k</ReplicaKmsKeyID></EncryptionConfiguration><ReplicationTime><Status>Enabled</Status><Time><Minutes>15</Minutes></Time></ReplicationTime><Metrics><Status>Enabled</Status><EventThreshold><Minutes>15</Minutes></EventThreshold></Metrics></Destination>";
    let v1 = format!("<Rule><ID>a</ID><Prefix>p</Prefix><Status>Disabled</Status>{TO}</Rule>");
    let v2 = rule("a", 1, &format!("{TO}{NO_MARKERS}"));
    let whole = rule("b", 0, &format!("{selection}{far}{NO_MARKERS}"));
    for (given, expected) in [
        (format!("{v1}{ROLE}"), format!("{ROLE}{v1}")),
        (format!("{v2}{ROLE}"), format!("{ROLE}{v2}")),
        (format!("{ROLE}{v2}{whole}"), format!("{ROLE}{v2}{whole}")),
        (
            format!("{ROLE}{}", v2.replace("<Filter><Prefix>Tax</Prefix></Filter>", "<Filter></Filter>")),
            format!("{ROLE}{}", v2.replace("<Filter><Prefix>Tax</Prefix></Filter>", "<Filter/>")),
        ),
    ] {
        round_trip(&client, TARGET, 200, (ROOT, &given, &expected)).await;
    }
    for _ in 0..2 {
        client.delete(TARGET).send().await.expect_status(204);
        absent(&client, TARGET, "ReplicationConfigurationNotFoundError", NONE).await;
    }
    let unnamed = rule("", 1, &format!("{TO}{NO_MARKERS}")).replace("<ID></ID>", "");
    put(&client, TARGET, &of(&unnamed)).await.expect_status(200);
    let reply = client.get(TARGET).send().await;
    assert_eq!(reply.xml_text("ID").map(|id| id.len()), Some(48));
    put(&client, TARGET, reply.text()).await.expect_status(200);
    assert_eq!(shown(&client, TARGET).await, reply.text());
}

#[tokio::test]
async fn replication_needs_versions_on_both_sides() {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    client.put("/dest").send().await.expect_status(200);
    let body = of(&rule("a", 1, &format!("{TO}{NO_MARKERS}")));
    let source = "Versioning must be 'Enabled' on the bucket to apply a replication configuration";
    bad_request(&put(&client, TARGET, &body).await, source);
    keep_versions(&client, "bkt").await;
    let destination = "Destination bucket must have versioning enabled.";
    bad_request(&put(&client, TARGET, &body).await, destination);
    bad_request(&put(&client, TARGET, &body.replace("dest<", "does-not-exist<")).await, destination);
    keep_versions(&client, "dest").await;
    put(&client, TARGET, &body).await.expect_status(200);
}

#[tokio::test]
async fn replication_bad_documents() {
    let (_server, client) = versioned().await;
    not_documents(&client, TARGET, ROOT).await;
    let good = rule("a", 1, &format!("{TO}{NO_MARKERS}"));
    for body in [
        of(""),
        format!("<{ROOT}>{good}</{ROOT}>"),
        of(&good.replace("<Status>Enabled</Status>", "")),
        of(&good.replace(TO, "")),
        of(&good.replace("<Filter><Prefix>Tax</Prefix></Filter>", "")),
        of(&good.replace("<Filter>", "<Prefix/><Filter>")),
        of(&good.replace("</Bucket>", "</Bucket><StorageClass>SNOW</StorageClass>")),
        of(&good.replace("<Priority>1", "<Priority>one")),
        of(&good.replace(
            "</Rule>",
            "<ExistingObjectReplication><Status>Enabled</Status></ExistingObjectReplication></Rule>",
        )),
        of(&good.replace("<Prefix>Tax</Prefix>", "<And><Prefix>Tax</Prefix></And>")),
    ] {
        malformed(&client, TARGET, &body).await;
    }
    let schema = "for this version of Cross Region Replication configuration schema. Please refer to S3 Developer Guide for more information.";
    let first = format!("<Rule><ID>a</ID><Prefix/><Status>Enabled</Status>{TO}</Rule>");
    for (rules, message) in [
        (good.replace("<Priority>1</Priority>", ""), format!("Priority must be specified {schema}")),
        (good.replace(NO_MARKERS, ""), format!("DeleteMarkerReplication must be specified {schema}")),
        (first.replace("<Prefix/>", "<Priority>1</Priority><Prefix/>"), format!("Priority cannot be used {schema}")),
        (
            first.replace("</Rule>", &format!("{NO_MARKERS}</Rule>")),
            format!("DeleteMarkerReplication cannot be used {schema}"),
        ),
        ([good.clone(), good.replace("<ID>a", "<ID>b")].concat(), "Found duplicate priority 1.".to_owned()),
        (good.replace("<Priority>1", "<Priority>-1"), "Priority must be between 0 and 2147483647.".to_owned()),
    ] {
        bad_request(&put(&client, TARGET, &of(&rules)).await, &message);
    }
    let reply = put(&client, TARGET, &of(&good.repeat(2))).await;
    bad_argument(&reply, "Rule Id must be unique", "ID", "a");
    for (role, message) in [
        ("r", "Invalid Role specified in replication configuration"),
        ("arn:aws:iam::000000000000:user/u", "The relative id should start with role"),
    ] {
        let body = of(&good).replace("arn:aws:iam::000000000000:role/r", role);
        bad_argument(&put(&client, TARGET, &body).await, message, "Role", role);
    }
    for arn in ["dest", "arn:aws:s3:::", "arn:aws:sqs:::dest"] {
        let body = of(&good.replace("arn:aws:s3:::dest", arn));
        bad_argument(&put(&client, TARGET, &body).await, "Invalid bucket ARN", "Bucket", arn);
    }
    let reply = client.put(TARGET).body(of(&good)).send().await;
    bad_request(&reply, "Missing required header for this request: Content-MD5 OR x-amz-checksum-*");
    absent(&client, TARGET, "ReplicationConfigurationNotFoundError", NONE).await;
}

#[tokio::test]
async fn replication_bad_rules() {
    let (_server, client) = versioned().await;
    let good = rule("a", 1, &format!("{TO}{NO_MARKERS}"));
    let into = |more: &str| good.replace("</Destination>", &format!("{more}</Destination>"));
    let tag = "<Tag><Key>k</Key><Value>v</Value></Tag>";
    let tagged = |filter: &str| good.replace("<Prefix>Tax</Prefix>", filter);
    let kms = "<SourceSelectionCriteria><SseKmsEncryptedObjects><Status>Enabled</Status></SseKmsEncryptedObjects></SourceSelectionCriteria>";
    let time = "<ReplicationTime><Status>Enabled</Status><Time><Minutes>15</Minutes></Time></ReplicationTime>";
    for (rules, message) in [
        (
            tagged(tag).replace("Disabled", "Enabled"),
            "Delete marker replication is not supported if any Tag filter is specified. Please refer to S3 Developer Guide for more information.",
        ),
        (tagged(&format!("<And>{tag}{tag}</And>")), "Duplicate Tag Keys are not allowed."),
        (good.replace(":::dest", ":::bkt"), "Destination bucket cannot be the same as the source bucket."),
        (good.replace("</Rule>", "<SourceSelectionCriteria/></Rule>"), "SourceSelectionCriteria cannot be empty."),
        (
            into("<AccessControlTranslation><Owner>Destination</Owner></AccessControlTranslation>"),
            "Account must be specified if the Owner in AccessControlTranslation has a value",
        ),
        (
            into("<EncryptionConfiguration><ReplicaKmsKeyID>k</ReplicaKmsKeyID></EncryptionConfiguration>"),
            "SseKmsEncryptedObjects must be specified if EncryptionConfiguration is present.",
        ),
        (
            good.replace("</Rule>", &format!("{kms}</Rule>")),
            "ReplicaKmsKeyID must be specified if SseKmsEncryptedObjects tag is present.",
        ),
        (into(time), "Replication destination must contain both ReplicationTime and Metrics or neither."),
    ] {
        bad_request(&put(&client, TARGET, &of(&rules)).await, message);
    }
    let metrics = |inner: &str| format!("<Metrics><Status>Enabled</Status>{inner}</Metrics>");
    let after = |minutes: u32| metrics(&format!("<EventThreshold><Minutes>{minutes}</Minutes></EventThreshold>"));
    for (more, argument, message) in [
        (format!("{}{}", time.replace("15", "30"), after(15)), "ReplicationTime", "Invalid time minute value"),
        (format!("{time}{}", metrics("")), "ReplicationMetrics", "ReplicationMetrics must contain an event threshold"),
        (format!("{time}{}", after(30)), "ReplicationMetrics", "Invalid event threshold minute value"),
        (
            after(15),
            "Metrics",
            "Metrics cannot contain an event threshold when ReplicationTime is not specified or Disabled",
        ),
    ] {
        let reply = put(&client, TARGET, &of(&into(&more))).await;
        refused(&reply, 400, "InvalidArgument", message, &[("ArgumentName", argument)]);
    }
}
