//! What Terraform's AWS provider writes, as its SDK for Go puts it into XML: members in alphabetical order, lists flat or
//! not as the model says, the namespace at the root. What is read back is what a plan compares with its configuration: the
//! same elements with the same texts, whatever their order.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use staves::s3::AclDefaults;
use staves::wire::checksum::{Algorithm, Hasher};
use staves::wire::xml::Element;

use super::{NAMESPACE, shown};
use crate::support::server::TestServer;
use crate::versioning::keep_versions;

/// The sub-resource, the root, what stands in it, and what S3 adds.
const DOCUMENTS: [(&str, &str, &str, &[&str]); 19] = [
    ("accelerate", "AccelerateConfiguration", "<Status>Enabled</Status>", &[]),
    (
        "analytics&id=EntireBucket",
        "AnalyticsConfiguration",
        "<Filter><And><Prefix>documents/</Prefix><Tag><Key>priority</Key><Value>high</Value></Tag><Tag><Key>class</Key><Value>blue</Value></Tag></And></Filter><Id>EntireBucket</Id><StorageClassAnalysis><DataExport><Destination><S3BucketDestination><Bucket>arn:aws:s3:::dest</Bucket><Format>CSV</Format></S3BucketDestination></Destination><OutputSchemaVersion>V_1</OutputSchemaVersion></DataExport></StorageClassAnalysis>",
        &[],
    ),
    (
        "cors",
        "CORSConfiguration",
        "<CORSRule><AllowedHeader>*</AllowedHeader><AllowedMethod>PUT</AllowedMethod><AllowedMethod>POST</AllowedMethod><AllowedOrigin>https://s3-website-test.hashicorp.com</AllowedOrigin><ExposeHeader>ETag</ExposeHeader><MaxAgeSeconds>3000</MaxAgeSeconds></CORSRule>",
        &[],
    ),
    (
        "encryption",
        "ServerSideEncryptionConfiguration",
        "<Rule><ApplyServerSideEncryptionByDefault><KMSMasterKeyID>arn:aws:kms:us-east-1:000000000000:key/k</KMSMasterKeyID><SSEAlgorithm>aws:kms</SSEAlgorithm></ApplyServerSideEncryptionByDefault></Rule>",
        &["BucketKeyEnabled=false"],
    ),
    (
        "encryption",
        "ServerSideEncryptionConfiguration",
        "<Rule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>AES256</SSEAlgorithm></ApplyServerSideEncryptionByDefault><BlockedEncryptionTypes><EncryptionType>NONE</EncryptionType></BlockedEncryptionTypes><BucketKeyEnabled>true</BucketKeyEnabled></Rule>",
        &[],
    ),
    (
        "intelligent-tiering&id=EntireBucket",
        "IntelligentTieringConfiguration",
        "<Id>EntireBucket</Id><Status>Enabled</Status><Tiering><AccessTier>DEEP_ARCHIVE_ACCESS</AccessTier><Days>180</Days></Tiering><Tiering><AccessTier>ARCHIVE_ACCESS</AccessTier><Days>125</Days></Tiering>",
        &[],
    ),
    (
        "inventory&id=EntireBucketDaily",
        "InventoryConfiguration",
        "<Destination><S3BucketDestination><Bucket>arn:aws:s3:::dest</Bucket><Encryption><SSE-KMS><KeyId>arn:aws:kms:us-east-1:000000000000:key/k</KeyId></SSE-KMS></Encryption><Format>ORC</Format><Prefix>inventory</Prefix></S3BucketDestination></Destination><Filter><Prefix>documents/</Prefix></Filter><Id>EntireBucketDaily</Id><IncludedObjectVersions>All</IncludedObjectVersions><IsEnabled>true</IsEnabled><OptionalFields><Field>Size</Field><Field>LastModifiedDate</Field></OptionalFields><Schedule><Frequency>Daily</Frequency></Schedule>",
        &[],
    ),
    (
        "lifecycle",
        "LifecycleConfiguration",
        "<Rule><Expiration><Days>90</Days></Expiration><Filter><And><Prefix>log/</Prefix><Tag><Key>rule</Key><Value>log</Value></Tag><Tag><Key>autoclean</Key><Value>true</Value></Tag></And></Filter><ID>log</ID><Status>Enabled</Status><Transition><Days>30</Days><StorageClass>STANDARD_IA</StorageClass></Transition><Transition><Days>60</Days><StorageClass>GLACIER</StorageClass></Transition></Rule><Rule><Expiration><Date>2033-01-12T00:00:00Z</Date></Expiration><Filter><Prefix>tmp/</Prefix></Filter><ID>tmp</ID><Status>Enabled</Status></Rule>",
        &["Date=2033-01-12T00:00:00.000Z"],
    ),
    (
        "lifecycle",
        "LifecycleConfiguration",
        "<Rule><AbortIncompleteMultipartUpload><DaysAfterInitiation>7</DaysAfterInitiation></AbortIncompleteMultipartUpload><Filter><Prefix></Prefix></Filter><ID>all</ID><NoncurrentVersionExpiration><NewerNoncurrentVersions>2</NewerNoncurrentVersions><NoncurrentDays>90</NoncurrentDays></NoncurrentVersionExpiration><NoncurrentVersionTransition><NoncurrentDays>30</NoncurrentDays><StorageClass>STANDARD_IA</StorageClass></NoncurrentVersionTransition><Status>Disabled</Status></Rule>",
        &[],
    ),
    (
        "logging",
        "BucketLoggingStatus",
        "<LoggingEnabled><TargetBucket>dest</TargetBucket><TargetObjectKeyFormat><PartitionedPrefix><PartitionDateSource>EventTime</PartitionDateSource></PartitionedPrefix></TargetObjectKeyFormat><TargetPrefix>log/</TargetPrefix></LoggingEnabled>",
        &[],
    ),
    (
        "logging",
        "BucketLoggingStatus",
        "<LoggingEnabled><TargetBucket>dest</TargetBucket><TargetGrants><Grant><Grantee xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xsi:type=\"CanonicalUser\"><ID>abc</ID></Grantee><Permission>FULL_CONTROL</Permission></Grant></TargetGrants><TargetPrefix></TargetPrefix></LoggingEnabled>",
        &[],
    ),
    ("metrics&id=EntireBucket", "MetricsConfiguration", "<Id>EntireBucket</Id>", &[]),
    (
        "metrics&id=Filtered",
        "MetricsConfiguration",
        "<Filter><And><Prefix>documents/</Prefix><Tag><Key>priority</Key><Value>high</Value></Tag></And></Filter><Id>Filtered</Id>",
        &[],
    ),
    (
        "notification",
        "NotificationConfiguration",
        "<CloudFunctionConfiguration><CloudFunction>arn:aws:lambda:us-east-1:000000000000:function:f</CloudFunction><Event>s3:ObjectCreated:*</Event><Filter><S3Key><FilterRule><Name>prefix</Name><Value>AWSLogs/</Value></FilterRule><FilterRule><Name>suffix</Name><Value>.log</Value></FilterRule></S3Key></Filter><Id>tf-s3-lambda-1</Id></CloudFunctionConfiguration><EventBridgeConfiguration></EventBridgeConfiguration><QueueConfiguration><Event>s3:ObjectRemoved:*</Event><Id>tf-s3-queue-1</Id><Queue>arn:aws:sqs:us-east-1:000000000000:q</Queue></QueueConfiguration><TopicConfiguration><Event>s3:ObjectRestore:Completed</Event><Id>tf-s3-topic-1</Id><Topic>arn:aws:sns:us-east-1:000000000000:t</Topic></TopicConfiguration>",
        // Terraform compares the names without regard to case: it reads them back in lower case.
        &["Name=Prefix", "Name=Suffix"],
    ),
    (
        "replication",
        "ReplicationConfiguration",
        "<Role>arn:aws:iam::000000000000:role/r</Role><Rule><DeleteMarkerReplication><Status>Disabled</Status></DeleteMarkerReplication><Destination><Bucket>arn:aws:s3:::dest</Bucket><Metrics><EventThreshold><Minutes>15</Minutes></EventThreshold><Status>Enabled</Status></Metrics><ReplicationTime><Status>Enabled</Status><Time><Minutes>15</Minutes></Time></ReplicationTime><StorageClass>STANDARD</StorageClass></Destination><Filter><Prefix>foo</Prefix></Filter><ID>foobar</ID><Priority>0</Priority><Status>Enabled</Status></Rule>",
        &[],
    ),
    ("requestPayment", "RequestPaymentConfiguration", "<Payer>Requester</Payer>", &[]),
    (
        "website",
        "WebsiteConfiguration",
        "<ErrorDocument><Key>error.html</Key></ErrorDocument><IndexDocument><Suffix>index.html</Suffix></IndexDocument><RoutingRules><RoutingRule><Condition><KeyPrefixEquals>docs/</KeyPrefixEquals></Condition><Redirect><ReplaceKeyPrefixWith>documents/</ReplaceKeyPrefixWith></Redirect></RoutingRule></RoutingRules>",
        &[],
    ),
    (
        "website",
        "WebsiteConfiguration",
        "<RedirectAllRequestsTo><HostName>example.com</HostName><Protocol>https</Protocol></RedirectAllRequestsTo>",
        &[],
    ),
    ("abac", "AbacStatus", "<Status>Enabled</Status>", &[]),
];

/// Every text with the path to it, sorted.
fn texts(element: &Element, path: &str, found: &mut Vec<String>) {
    let path = format!("{path}/{}", element.name);
    if element.children.is_empty() {
        found.push(format!("{path}={}", element.text));
    }
    for child in &element.children {
        texts(child, &path, found);
    }
}

fn sorted(document: &str) -> Vec<String> {
    let mut found = Vec::new();
    texts(&Element::parse(document.as_bytes()).unwrap(), "", &mut found);
    found.sort_unstable();
    found
}

#[tokio::test]
async fn terraform_reads_what_it_wrote() {
    // Grants on logs are taken where ACLs count.
    let server = TestServer::with(|builder| builder.acl_defaults(AclDefaults::Legacy)).await;
    let client = server.bucket().await;
    client.put("/dest").send().await.expect_status(200);
    for bucket in ["bkt", "dest"] {
        keep_versions(&client, bucket).await;
    }
    for (query, root, inner, added) in DOCUMENTS {
        let target = format!("/bkt?{query}");
        let body = format!("<{root} xmlns=\"{NAMESPACE}\">{inner}</{root}>");
        let crc = STANDARD.encode(Hasher::digest(Algorithm::Crc32, body.as_bytes()).as_bytes());
        for _plan in 0..2 {
            let request = client.put(&target).header("x-amz-sdk-checksum-algorithm", "CRC32");
            let reply = request.header("x-amz-checksum-crc32", &crc).body(&body).send().await;
            assert!(matches!(reply.status, 200 | 204), "{target}: {}", reply.text());
            let shown = shown(&client, &target).await;
            assert!(shown.contains(&format!("<{root} xmlns=\"{NAMESPACE}\">")), "{shown}");
            let (given, mut shown) = (sorted(&body), sorted(&shown));
            // What S3 adds, or writes in its own form, and nothing else.
            let missing: Vec<&String> = given.iter().filter(|text| !shown.contains(text)).collect();
            shown.retain(|text| !given.contains(text));
            assert!(missing.len() <= added.len(), "{target}: {missing:?} is missing");
            assert_eq!(shown.len(), added.len(), "{target}: {shown:?} is new");
            for (text, expected) in shown.iter().zip(added) {
                assert!(text.ends_with(expected), "{target}: {text} is not {expected}");
            }
        }
    }
}
