//! Routing: every operation of the model and every sub-resource with every method. None may be taken for its parent.

use std::collections::BTreeSet;

use crate::answers::{bad_request, has_ids, refused};
use crate::support::server::{TestServer, create_upload, upload_part};
use crate::support::{RawClient, Reply};

const MODEL: &str = include_str!("../../data/operations.tsv");
const METHODS: [&str; 5] = ["GET", "HEAD", "PUT", "POST", "DELETE"];

/// The operations that exist here.
const IMPLEMENTED: [&str; 110] = [
    "AbortMultipartUpload",
    "CompleteMultipartUpload",
    "CopyObject",
    "CreateBucket",
    "CreateBucketMetadataConfiguration",
    "CreateBucketMetadataTableConfiguration",
    "CreateMultipartUpload",
    "DeleteBucket",
    "DeleteBucketAnalyticsConfiguration",
    "DeleteBucketCors",
    "DeleteBucketEncryption",
    "DeleteBucketIntelligentTieringConfiguration",
    "DeleteBucketInventoryConfiguration",
    "DeleteBucketLifecycle",
    "DeleteBucketMetadataConfiguration",
    "DeleteBucketMetadataTableConfiguration",
    "DeleteBucketMetricsConfiguration",
    "DeleteBucketOwnershipControls",
    "DeleteBucketPolicy",
    "DeleteBucketReplication",
    "DeleteBucketTagging",
    "DeleteBucketWebsite",
    "DeleteObject",
    "DeleteObjectTagging",
    "DeleteObjects",
    "DeletePublicAccessBlock",
    "GetBucketAbac",
    "GetBucketAccelerateConfiguration",
    "GetBucketAcl",
    "GetBucketAnalyticsConfiguration",
    "GetBucketCors",
    "GetBucketEncryption",
    "GetBucketIntelligentTieringConfiguration",
    "GetBucketInventoryConfiguration",
    "GetBucketLifecycle",
    "GetBucketLifecycleConfiguration",
    "GetBucketLocation",
    "GetBucketLogging",
    "GetBucketMetadataConfiguration",
    "GetBucketMetadataTableConfiguration",
    "GetBucketMetricsConfiguration",
    "GetBucketNotification",
    "GetBucketNotificationConfiguration",
    "GetBucketOwnershipControls",
    "GetBucketPolicy",
    "GetBucketPolicyStatus",
    "GetBucketReplication",
    "GetBucketRequestPayment",
    "GetBucketTagging",
    "GetBucketVersioning",
    "GetBucketWebsite",
    "GetObject",
    "GetObjectAcl",
    "GetObjectAttributes",
    "GetObjectLegalHold",
    "GetObjectLockConfiguration",
    "GetObjectRetention",
    "GetObjectTagging",
    "GetPublicAccessBlock",
    "HeadBucket",
    "HeadObject",
    "ListBucketAnalyticsConfigurations",
    "ListBucketIntelligentTieringConfigurations",
    "ListBucketInventoryConfigurations",
    "ListBucketMetricsConfigurations",
    "ListBuckets",
    "ListMultipartUploads",
    "ListObjectVersions",
    "ListObjects",
    "ListObjectsV2",
    "ListParts",
    "OptionsBucket",
    "OptionsObject",
    "PostObject",
    "PutBucketAbac",
    "PutBucketAccelerateConfiguration",
    "PutBucketAcl",
    "PutBucketAnalyticsConfiguration",
    "PutBucketCors",
    "PutBucketEncryption",
    "PutBucketIntelligentTieringConfiguration",
    "PutBucketInventoryConfiguration",
    "PutBucketLifecycle",
    "PutBucketLifecycleConfiguration",
    "PutBucketLogging",
    "PutBucketMetricsConfiguration",
    "PutBucketNotification",
    "PutBucketNotificationConfiguration",
    "PutBucketOwnershipControls",
    "PutBucketPolicy",
    "PutBucketReplication",
    "PutBucketRequestPayment",
    "PutBucketTagging",
    "PutBucketVersioning",
    "PutBucketWebsite",
    "PutObject",
    "PutObjectAcl",
    "PutObjectLegalHold",
    "PutObjectLockConfiguration",
    "PutObjectRetention",
    "PutObjectTagging",
    "PutPublicAccessBlock",
    "RestoreObject",
    "UpdateBucketMetadataAnnotationTableConfiguration",
    "UpdateBucketMetadataInventoryTableConfiguration",
    "UpdateBucketMetadataJournalTableConfiguration",
    "UploadPart",
    "UploadPartCopy",
    // Of directory buckets: on others S3 lists objects, and buckets.
    "CreateSession",
    "ListDirectoryBuckets",
];

/// A row of the model.
struct Row {
    name: &'static str,
    method: &'static str,
    scope: &'static str,
    query: Vec<&'static str>,
    header: &'static str,
}

fn model() -> Vec<Row> {
    let rows = MODEL.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    rows.map(|line| {
        let mut fields = line.split('\t');
        let mut next = || fields.next().unwrap_or_default();
        let (name, method, _uri, scope, query, header) = (next(), next(), next(), next(), next(), next());
        let query = query.split(',').filter(|name| !name.is_empty()).collect();
        Row { name, method, scope, query, header }
    })
    .collect()
}

/// The names that stand for a sub-resource: the first of each row. S3 itself overlooks `session` where there is none.
fn subresources() -> BTreeSet<&'static str> {
    let of =
        |row: &Row| row.query.iter().copied().find(|name| !matches!(*name, "partNumber" | "list-type" | "session"));
    model().iter().filter_map(of).collect()
}

/// A bucket with one object, and what must not change.
struct Witness {
    _server: TestServer,
    client: RawClient,
    before: Vec<String>,
}

impl Witness {
    async fn new() -> Witness {
        let server = TestServer::start().await;
        let client = server.bucket().await;
        client.put("/bkt/k").header("x-amz-meta-a", "1").body("body").send().await.expect_status(200);
        let mut witness = Witness { _server: server, client, before: vec![] };
        witness.before = witness.state().await;
        witness
    }

    async fn state(&self) -> Vec<String> {
        let listing = self.client.get("/bkt").send().await.expect_status(200);
        let head = self.client.head("/bkt/k").send().await.expect_status(200);
        let mut state = listing.xml_all("Key");
        state.extend(["etag", "last-modified", "x-amz-meta-a"].map(|name| format!("{:?}", head.header(name))));
        state.extend(self.client.get("/").send().await.xml_all("Name"));
        state.extend(self.client.get("/bkt?uploads").send().await.xml_all("Key"));
        state
    }

    async fn unchanged(&self, what: &str) {
        assert_eq!(self.state().await, self.before, "{what} changed something");
    }
}

fn root(reply: &Reply) -> &str {
    let text = reply.text().rsplit_once("?>\n").map_or(reply.text(), |(_, rest)| rest.trim_start());
    text.trim_start_matches('<').split([' ', '>', '/']).next().unwrap_or_default()
}

#[tokio::test]
async fn routing_every_operation_of_the_model() {
    let witness = Witness::new().await;
    for row in model().iter().filter(|row| !IMPLEMENTED.contains(&row.name)) {
        let path = match row.scope {
            "service" => "/WriteGetObjectResponse",
            "bucket" => "/bkt",
            _ => "/bkt/k",
        };
        let query: Vec<String> = row.query.iter().map(|name| format!("{name}=x")).collect();
        let mut request = witness.client.request(row.method, &format!("{path}?{}", query.join("&")));
        if row.header == "content-type" {
            request = request.header("content-type", "multipart/form-data; boundary=x");
        }
        let reply = request.send().await;
        has_ids(&reply);
        match row.query.first() {
            Some(_) if row.name == "SelectObjectContent" => drop(reply.expect_error(405, "MethodNotAllowed")),
            Some(name) => refused(
                &reply,
                501,
                "NotImplemented",
                "A query parameter you provided implies functionality that is not implemented",
                &[("QueryParameter", name)],
            ),
            None => drop(reply.expect_error(501, "NotImplemented")),
        }
        witness.unchanged(row.name).await;
    }
}

#[tokio::test]
async fn routing_every_subresource_with_every_method() {
    let witness = Witness::new().await;
    let implemented = |row: &&Row| IMPLEMENTED.contains(&row.name);
    let rows = model();
    for name in subresources() {
        for (path, scope) in [("/", "service"), ("/bkt", "bucket"), ("/bkt/k", "object")] {
            for method in METHODS {
                let here = |row: &&Row| row.scope == scope && row.method == method && row.query.contains(&name);
                if rows.iter().filter(here).any(|row| implemented(&row)) {
                    continue;
                }
                for value in ["", "=", "=x"] {
                    let target = format!("{path}?{name}{value}");
                    let reply = witness.client.request(method, &target).send().await;
                    assert!(matches!(reply.status, 400 | 405 | 501), "{method} {target}: {} {:?}", reply.status, reply);
                    if method == "HEAD" {
                        assert!(reply.body.is_empty());
                    } else {
                        assert_eq!(root(&reply), "Error", "{method} {target}");
                    }
                    assert_eq!(reply.status == 405, reply.header("allow").is_some(), "{method} {target}");
                }
            }
        }
        witness.unchanged(name).await;
    }
}

#[tokio::test]
async fn routing_two_subresources() {
    let witness = Witness::new().await;
    for target in [
        "/bkt?acl&policy",
        "/bkt?location&cors",
        "/bkt?uploads&versions",
        "/bkt/k?acl&tagging",
        "/bkt/k?uploads&uploadId=x",
    ] {
        for method in METHODS {
            let reply = witness.client.request(method, target).send().await;
            assert!(matches!(reply.status, 400 | 405 | 501), "{method} {target}: {}", reply.status);
        }
    }
    let reply = witness.client.get("/bkt?acl&policy").send().await;
    crate::answers::bad_argument(&reply, "Conflicting query string parameters: acl, policy", "ResourceType", "acl");
    witness.unchanged("two sub-resources").await;
}

#[tokio::test]
async fn routing_subresources_of_the_other_scope() {
    let witness = Witness::new().await;
    let reply = witness.client.get("/bkt/k?versions").send().await;
    bad_request(&reply, "There is no such thing as the ?versions sub-resource for a key");
    let reply = witness.client.get("/bkt/k?uploads").send().await;
    bad_request(&reply, "Key is not expected for the GET method ?uploads subresource");
    for name in ["uploadId", "attributes", "torrent", "retention"] {
        bad_request(&witness.client.get(&format!("/bkt?{name}=x")).send().await, "A key must be specified");
    }
}

#[tokio::test]
async fn routing_other_methods() {
    let witness = Witness::new().await;
    let message = "The specified method is not allowed against this resource.";
    for (method, path, resource) in [
        ("POST", "/", "SERVICE"),
        ("PUT", "/", "SERVICE"),
        ("DELETE", "/", "SERVICE"),
        ("PATCH", "/bkt", "BUCKET"),
        ("POST", "/bkt/k", "OBJECT"),
        ("PATCH", "/bkt/k", "OBJECT"),
        ("TRACE", "/bkt/k", "OBJECT"),
    ] {
        let reply = witness.client.request(method, path).send().await;
        refused(&reply, 405, "MethodNotAllowed", message, &[("Method", method), ("ResourceType", resource)]);
        assert!(reply.header("allow").is_some());
    }
    assert_eq!(witness.client.request("PATCH", "/bkt/k").send().await.header("allow"), Some("DELETE, GET, HEAD, PUT"));
    assert_eq!(witness.client.post("/").send().await.header("allow"), Some("GET"));
    witness.client.head("/").send().await.expect_status(405);
    witness.unchanged("another method").await;
}

#[tokio::test]
async fn routing_implemented_operations_answer_their_own_document() {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    client.put("/bkt/k").body("body").send().await.expect_status(200);
    let id = create_upload(&client, "/bkt/k", &[]).await;
    upload_part(&client, "/bkt/k", &id, 1, b"x").await.expect_status(200);
    let copy = client.put(&format!("/bkt/k?partNumber=2&uploadId={id}")).header("x-amz-copy-source", "bkt/k");
    assert_eq!(root(&copy.send().await.expect_status(200)), "CopyPartResult");
    let copy = client.put("/bkt/k2").header("x-amz-copy-source", "bkt/k").send().await.expect_status(200);
    assert_eq!(root(&copy), "CopyObjectResult");
    for (target, expected) in [
        ("/", "ListAllMyBucketsResult"),
        // What an SDK adds, and what nobody knows, changes nothing.
        ("/?x-id=ListBuckets", "ListAllMyBucketsResult"),
        ("/bkt", "ListBucketResult"),
        ("/bkt?unknown", "ListBucketResult"),
        ("/bkt?list-type=2&x-id=ListObjectsV2", "ListBucketResult"),
        ("/bkt?session", "ListBucketResult"),
        ("/bkt?location", "LocationConstraint"),
        ("/bkt?uploads", "ListMultipartUploadsResult"),
        (&format!("/bkt/k?uploadId={id}&x-id=ListParts"), "ListPartsResult"),
    ] {
        assert_eq!(root(&client.get(target).send().await.expect_status(200)), expected, "{target}");
    }
    let attributes = client.get("/bkt/k?attributes").header("x-amz-object-attributes", "ETag").send().await;
    assert_eq!(root(&attributes.expect_status(200)), "GetObjectAttributesResponse");
    let upload = client.post("/bkt/k?uploads").send().await.expect_status(200);
    assert_eq!(root(&upload), "InitiateMultipartUploadResult");
    // The name of a method in the query does not make it that method.
    assert_eq!(client.get("/bkt/k?x-id=DeleteObject").send().await.expect_status(200).body, b"body");
    client.put(&format!("/bkt/k?uploadId={id}")).send().await.expect_error(405, "MethodNotAllowed");
}

#[tokio::test]
async fn routing_refuses_before_it_looks_at_the_bucket_but_after_the_signature() {
    let server = TestServer::start().await;
    let client = server.client();
    client.get("/gone/k?torrent").send().await.expect_error(501, "NotImplemented");
    let wrong = client.with_credentials(staves::wire::sigv4::Credentials::new("test", "wrong"));
    wrong.get("/gone/k?torrent").send().await.expect_error(403, "SignatureDoesNotMatch");
}
