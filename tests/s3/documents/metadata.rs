//! S3 Metadata: `?metadataConfiguration`, `?metadataTable`, and the tables that can be changed.

use super::{absent, document};
use crate::answers::{MALFORMED_XML, masked, refused};
use crate::support::server::TestServer;
use crate::support::{RawClient, Reply};

const V1: &str = "/bkt?metadataTable";
const V2: &str = "/bkt?metadataConfiguration";
const NONE: &str = "The metadata configuration was not found";
const TABLE: &str = "<MetadataTableConfiguration><S3TablesDestination><TableBucketArn>arn:aws:s3tables:us-east-1:000000000000:bucket/tables</TableBucketArn><TableName>t</TableName></S3TablesDestination></MetadataTableConfiguration>";
const OFF: &str = "<RecordExpiration><Expiration>DISABLED</Expiration></RecordExpiration>";

fn journal(inner: &str) -> String {
    format!(
        "<MetadataConfiguration><JournalTableConfiguration>{inner}</JournalTableConfiguration></MetadataConfiguration>"
    )
}

async fn post(client: &RawClient, target: &str, body: &str) -> Reply {
    client.post(target).body(body).send().await
}

/// What is shown, without the ARNs of tables, which differ each time.
async fn shown(client: &RawClient, target: &str) -> String {
    masked(client.get(target).send().await.expect_status(200).text(), &["TableArn"])
}

fn result(tables: &str) -> String {
    let destination = "<DestinationResult><TableBucketType>aws</TableBucketType><TableBucketArn>arn:aws:s3tables:us-east-1:000000000000:bucket/aws-s3</TableBucketArn><TableNamespace>b_bkt</TableNamespace></DestinationResult>";
    let inner = format!("<MetadataConfigurationResult>{destination}{tables}</MetadataConfigurationResult>");
    document("GetBucketMetadataConfigurationResult", &inner)
}

fn table(name: &str, state: &str, rest: &str) -> String {
    let (kind, lower) = (format!("{name}TableConfigurationResult"), name.to_lowercase());
    format!(
        "<{kind}>{state}<TableStatus>ACTIVE</TableStatus><TableName>{lower}</TableName><TableArn>*</TableArn>{rest}</{kind}>"
    )
}

const NO_INVENTORY: &str = "<InventoryTableConfigurationResult><ConfigurationState>DISABLED</ConfigurationState></InventoryTableConfigurationResult>";
const ENABLED: &str = "<ConfigurationState>ENABLED</ConfigurationState>";

#[tokio::test]
async fn metadata_configurations() {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    absent(&client, V2, "MetadataConfigurationNotFound", NONE).await;
    let reply = post(&client, V2, &journal(OFF)).await.expect_status(200);
    assert!(reply.body.is_empty());
    assert_eq!(shown(&client, V2).await, result(&format!("{}{NO_INVENTORY}", table("Journal", "", OFF))));
    let reply = post(&client, V2, &journal(OFF)).await;
    let message = "A metadata configuration already exists for this bucket";
    refused(&reply, 409, "InvalidBucketState", message, &[]);
    // The first version's operations do not serve the second.
    for method in ["GET", "DELETE"] {
        let reply = client.request(method, V1).send().await;
        let message = "The specified method is not allowed against this resource.";
        refused(&reply, 405, "MethodNotAllowed", message, &[("Method", method), ("ResourceType", "METADATATABLE")]);
    }
    for _ in 0..2 {
        client.delete(V2).send().await.expect_status(204);
        absent(&client, V2, "MetadataConfigurationNotFound", NONE).await;
    }
}

#[tokio::test]
async fn metadata_tables_of_the_first_version() {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    absent(&client, V1, "MetadataConfigurationNotFound", NONE).await;
    post(&client, V1, TABLE).await.expect_status(200);
    let names = "<TableBucketArn>arn:aws:s3tables:us-east-1:000000000000:bucket/tables</TableBucketArn><TableName>t</TableName><TableArn>*</TableArn><TableNamespace>aws_s3_metadata</TableNamespace>";
    let destination = format!("<S3TablesDestinationResult>{names}</S3TablesDestinationResult>");
    let inner = format!(
        "<MetadataTableConfigurationResult>{destination}</MetadataTableConfigurationResult><Status>ACTIVE</Status>"
    );
    assert_eq!(shown(&client, V1).await, document("GetBucketMetadataTableConfigurationResult", &inner));
    // The second version's operations serve both.
    let second = client.get(V2).send().await.expect_status(200);
    assert_eq!(second.xml_text("TableBucketType").as_deref(), Some("customer"));
    assert_eq!(second.xml_text("Expiration").as_deref(), Some("DISABLED"));
    post(&client, V2, &journal(OFF)).await.expect_error(409, "InvalidBucketState");
    client.delete(V2).send().await.expect_status(204);
    absent(&client, V1, "MetadataConfigurationNotFound", NONE).await;
}

#[tokio::test]
async fn metadata_tables_are_changed() {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    let put = async |kind: &str, inner: &str| {
        let body = format!("<{kind}TableConfiguration>{inner}</{kind}TableConfiguration>");
        client.put(&format!("/bkt?metadata{kind}Table")).body(body).send().await
    };
    let missing = put("Inventory", ENABLED).await;
    refused(&missing, 404, "MetadataConfigurationNotFound", NONE, &[("BucketName", "bkt")]);
    post(&client, V2, &journal(OFF)).await.expect_status(200);
    let arn = client.get(V2).send().await.xml_text("TableArn");
    let month = "<RecordExpiration><Expiration>ENABLED</Expiration><Days>30</Days></RecordExpiration>";
    put("Journal", month).await.expect_status(200);
    put("Inventory", ENABLED).await.expect_status(200);
    put("Annotation", &format!("{ENABLED}<Role>r</Role>")).await.expect_status(200);
    let tables =
        [table("Journal", "", month), table("Inventory", ENABLED, ""), table("Annotation", ENABLED, "<Role>r</Role>")];
    assert_eq!(shown(&client, V2).await, result(&tables.concat()));
    assert_eq!(client.get(V2).send().await.xml_text("TableArn"), arn, "a table keeps its ARN");
    put("Inventory", "<ConfigurationState>DISABLED</ConfigurationState>").await.expect_status(200);
    put("Inventory", "<ConfigurationState>on</ConfigurationState>").await.expect_error(400, "MalformedXML");
    assert!(shown(&client, V2).await.contains(NO_INVENTORY));
    client.delete(V2).send().await.expect_status(204);
    post(&client, V1, TABLE).await.expect_status(200);
    put("Inventory", ENABLED).await.expect_error(405, "MethodNotAllowed");
}

#[tokio::test]
async fn metadata_bad_documents() {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    for (target, body) in [
        (V1, String::new()),
        (V1, "<MetadataTableConfiguration/>".to_owned()),
        (V1, journal(OFF)),
        (V2, TABLE.to_owned()),
        (V2, "<MetadataConfiguration/>".to_owned()),
        (V2, journal("")),
        (V2, journal("<RecordExpiration><Expiration>ENABLED</Expiration></RecordExpiration>")),
        (V2, journal("<RecordExpiration><Expiration>DISABLED</Expiration><Days>9</Days></RecordExpiration>")),
    ] {
        let reply = post(&client, target, &body).await;
        refused(&reply, 400, "MalformedXML", MALFORMED_XML, &[]);
    }
    let soon = "<RecordExpiration><Expiration>ENABLED</Expiration><Days>6</Days></RecordExpiration>";
    let kms = "<EncryptionConfiguration><SseAlgorithm>aws:kms</SseAlgorithm></EncryptionConfiguration>";
    for inner in [soon.to_owned(), format!("{OFF}{kms}")] {
        post(&client, V2, &journal(&inner)).await.expect_error(400, "InvalidArgument");
    }
    absent(&client, V2, "MetadataConfigurationNotFound", NONE).await;
}
