//! Who may do what: accounts × actions × what policies, ACLs and public access blocks say of them.

use crate::access_support::{BERTA_ACCOUNT, Two, Who, account, block, canonical_id, ownership, statement};
use crate::answers::{DENIED, refused};
use crate::support::RawClient;
use crate::support::server::{create_upload, part_list, upload_part};

const EVERYONE: &str = "\"*\"";

/// A request, and the action that allows it.
const ACTIONS: [(&str, &str, &str); 12] = [
    ("GET", "/bkt", "s3:ListBucket"),
    ("HEAD", "/bkt", "s3:ListBucket"),
    ("GET", "/bkt?list-type=2", "s3:ListBucket"),
    ("GET", "/bkt?uploads", "s3:ListBucketMultipartUploads"),
    ("GET", "/bkt?location", "s3:GetBucketLocation"),
    ("GET", "/bkt?acl", "s3:GetBucketAcl"),
    ("GET", "/bkt?cors", "s3:GetBucketCORS"),
    ("GET", "/bkt/k", "s3:GetObject"),
    ("HEAD", "/bkt/k", "s3:GetObject"),
    ("GET", "/bkt/k?acl", "s3:GetObjectAcl"),
    ("PUT", "/bkt/new", "s3:PutObject"),
    ("DELETE", "/bkt/new", "s3:DeleteObject"),
];

async fn with_object(two: Two) -> Two {
    two.anna.put("/bkt/k").body("body").send().await.expect_status(200);
    two
}

/// Whether each of the requests of [`ACTIONS`] is let through.
async fn allowed(two: &Two, who: Who) -> Vec<&'static str> {
    let mut allowed = Vec::new();
    for (method, target, action) in ACTIONS {
        let status = two.status(who, method, target).await;
        assert!(status == 403 || matches!(status, 200 | 204 | 404), "{method} {target}: {status}");
        if status != 403 && !allowed.contains(&action) {
            allowed.push(action);
        }
    }
    allowed
}

#[tokio::test]
async fn access_without_a_word_is_the_owners() {
    for two in [Two::start().await, Two::legacy().await] {
        let two = with_object(two).await;
        assert_eq!(allowed(&two, Who::Anna).await.len(), 9);
        assert_eq!(allowed(&two, Who::Berta).await, [""; 0]);
        assert_eq!(allowed(&two, Who::Anonymous).await, [""; 0]);
    }
}

#[tokio::test]
async fn access_by_policy_is_by_action() {
    let two = with_object(Two::start().await).await;
    two.anna.put("/bkt?publicAccessBlock").body(block("")).send().await.expect_status(200);
    for (_, _, action) in ACTIONS {
        two.policy(&statement("Allow", &account(BERTA_ACCOUNT), action, "")).await;
        let seen = allowed(&two, Who::Berta).await;
        assert_eq!(seen, [action]);
        assert_eq!(allowed(&two, Who::Anonymous).await, [""; 0]);
        two.policy(&statement("Allow", EVERYONE, action, "")).await;
        assert_eq!(allowed(&two, Who::Anonymous).await, [action]);
        two.policy(&statement("Deny", EVERYONE, action, "")).await;
        let left = allowed(&two, Who::Anna).await;
        assert!(!left.contains(&action) && left.len() == 8, "{action}: {left:?}");
    }
}

#[tokio::test]
async fn access_denied_by_a_statement_whatever_else_allows() {
    let two = with_object(Two::legacy().await).await;
    two.anna.put("/bkt?acl").header("x-amz-acl", "public-read").send().await.expect_status(200);
    let allow = statement("Allow", EVERYONE, "s3:*", "");
    let deny = statement("Deny", &account(BERTA_ACCOUNT), "s3:*", "");
    two.policy(&format!("{allow},{deny}")).await;
    assert_eq!(allowed(&two, Who::Berta).await, [""; 0]);
    assert_eq!(allowed(&two, Who::Anonymous).await.len(), 9);
}

#[tokio::test]
async fn access_by_the_acl_of_the_bucket() {
    let two = with_object(Two::legacy().await).await;
    let berta = format!("id={}", canonical_id(BERTA_ACCOUNT));
    for (header, expected) in [
        ("x-amz-grant-read", vec!["s3:ListBucket", "s3:ListBucketMultipartUploads"]),
        ("x-amz-grant-write", vec!["s3:PutObject", "s3:DeleteObject"]),
        ("x-amz-grant-read-acp", vec!["s3:GetBucketAcl"]),
        ("x-amz-grant-write-acp", vec![]),
        (
            "x-amz-grant-full-control",
            vec![
                "s3:ListBucket",
                "s3:ListBucketMultipartUploads",
                "s3:GetBucketAcl",
                "s3:PutObject",
                "s3:DeleteObject",
            ],
        ),
    ] {
        two.anna.put("/bkt?acl").header(header, &berta).send().await.expect_status(200);
        assert_eq!(allowed(&two, Who::Berta).await, expected, "{header}");
        assert_eq!(allowed(&two, Who::Anonymous).await, [""; 0], "{header}");
    }
    two.anna.put("/bkt?acl").header("x-amz-acl", "public-read-write").send().await.expect_status(200);
    for who in [Who::Berta, Who::Anonymous] {
        let expected = ["s3:ListBucket", "s3:ListBucketMultipartUploads", "s3:PutObject", "s3:DeleteObject"];
        assert_eq!(allowed(&two, who).await, expected);
    }
    // Where ACLs are off, or public ones are ignored, none of it.
    two.anna.put("/bkt?publicAccessBlock").body(block("I")).send().await.expect_status(200);
    assert_eq!(allowed(&two, Who::Anonymous).await, [""; 0]);
    two.anna.delete("/bkt?publicAccessBlock").send().await.expect_status(204);
    two.anna.put("/bkt/k").send().await.expect_status(200);
    // To those who do not sign owners are not shown.
    let listed = two.anna.get("/bkt").anonymous().send().await.expect_status(200);
    assert_eq!((listed.xml_all("Key"), listed.xml_all("Owner").len()), (vec!["k".to_owned()], 0));
    let listed = two.berta.get("/bkt").send().await.expect_status(200);
    assert_eq!(listed.xml_all("Owner").len(), 1);
}

#[tokio::test]
async fn access_absent_keys_in_a_bucket_that_is_listed() {
    let two = Two::legacy().await;
    two.anna.get("/bkt/gone").anonymous().send().await.expect_error(403, "AccessDenied");
    two.anna.put("/bkt?acl").header("x-amz-acl", "public-read").send().await.expect_status(200);
    two.anna.get("/bkt/gone").anonymous().send().await.expect_error(404, "NoSuchKey");
    two.anna.put("/bkt/k").body("x").send().await.expect_status(200);
    two.anna.get("/bkt/k").anonymous().send().await.expect_error(403, "AccessDenied");
}

#[tokio::test]
async fn access_absent_keys_where_their_prefix_is_listed() {
    let two = Two::start().await;
    let condition = ",\"Condition\":{\"StringLike\":{\"s3:prefix\":\"open/*\"}}";
    two.policy(&statement("Allow", &account(BERTA_ACCOUNT), "s3:ListBucket", condition)).await;
    for (key, status) in [("open/gone", 404), ("shut/gone", 403)] {
        assert_eq!(two.status(Who::Berta, "GET", &format!("/bkt/{key}")).await, status, "{key}");
        assert_eq!(two.status(Who::Berta, "HEAD", &format!("/bkt/{key}")).await, status, "{key}");
    }
    // Of a key that is there nothing is told.
    two.anna.put("/bkt/open/k").body("x").send().await.expect_status(200);
    assert_eq!(two.status(Who::Berta, "GET", "/bkt/open/k").await, 403);
}

#[tokio::test]
async fn access_to_a_public_policy_that_is_restricted() {
    let two = with_object(Two::start().await).await;
    two.anna.put("/bkt?publicAccessBlock").body(block("R")).send().await.expect_status(200);
    let to_berta = statement("Allow", &account(BERTA_ACCOUNT), "s3:ListBucket", "");
    two.policy(&format!("{to_berta},{}", statement("Allow", EVERYONE, "s3:GetObject", ""))).await;
    // Also what the policy allows to an account by name.
    assert_eq!(allowed(&two, Who::Berta).await, [""; 0]);
    assert_eq!(allowed(&two, Who::Anonymous).await, [""; 0]);
    assert_eq!(allowed(&two, Who::Anna).await.len(), 9);
    two.policy(&to_berta).await;
    assert_eq!(allowed(&two, Who::Berta).await, ["s3:ListBucket"]);
}

/// Statements with a condition, and whether a request of berta's fulfils it.
#[tokio::test]
async fn access_under_conditions() {
    let two = with_object(Two::start().await).await;
    let allow = async |action: &str, operator: &str, key: &str, value: &str| {
        let condition = format!(",\"Condition\":{{\"{operator}\":{{\"{key}\":\"{value}\"}}}}");
        two.policy(&statement("Allow", &account(BERTA_ACCOUNT), action, &condition)).await;
    };
    for (action, operator, key, value, target, expected) in [
        ("s3:GetObject", "IpAddress", "aws:SourceIp", "127.0.0.0/8", "/bkt/k", 200),
        ("s3:GetObject", "IpAddress", "aws:SourceIp", "10.0.0.0/8", "/bkt/k", 403),
        ("s3:GetObject", "Bool", "aws:SecureTransport", "false", "/bkt/k", 200),
        ("s3:GetObject", "Bool", "aws:SecureTransport", "true", "/bkt/k", 403),
        ("s3:GetObject", "StringEquals", "s3:authType", "REST-HEADER", "/bkt/k", 200),
        ("s3:GetObject", "StringEquals", "s3:signatureversion", "AWS4-HMAC-SHA256", "/bkt/k", 200),
        ("s3:GetObject", "StringEquals", "aws:PrincipalAccount", BERTA_ACCOUNT, "/bkt/k", 200),
        ("s3:GetObject", "StringEquals", "aws:ResourceAccount", "111111111111", "/bkt/k", 200),
        ("s3:GetObject", "StringEquals", "aws:RequestedRegion", "us-east-1", "/bkt/k", 200),
        ("s3:GetObject", "DateGreaterThan", "aws:CurrentTime", "2020-01-01T00:00:00Z", "/bkt/k", 200),
        ("s3:GetObject", "DateLessThan", "aws:CurrentTime", "2020-01-01T00:00:00Z", "/bkt/k", 403),
        ("s3:GetObjectVersion", "StringEquals", "s3:VersionId", "null", "/bkt/k?versionId=null", 200),
        ("s3:GetObjectVersion", "StringEquals", "s3:VersionId", "x", "/bkt/k?versionId=null", 403),
        ("s3:ListBucket", "StringEquals", "s3:prefix", "a/", "/bkt?prefix=a/", 200),
        ("s3:ListBucket", "StringEquals", "s3:prefix", "a/", "/bkt?prefix=b/", 403),
        ("s3:ListBucket", "StringEquals", "s3:prefix", "a/", "/bkt", 403),
        ("s3:ListBucket", "StringEquals", "s3:delimiter", "/", "/bkt?delimiter=/", 200),
        ("s3:ListBucket", "NumericLessThanEquals", "s3:max-keys", "10", "/bkt?max-keys=10", 200),
        ("s3:ListBucket", "NumericLessThanEquals", "s3:max-keys", "10", "/bkt?max-keys=11", 403),
    ] {
        allow(action, operator, key, value).await;
        let status = two.status(Who::Berta, "GET", target).await;
        assert_eq!(status, expected, "{operator} {key} {value}: {target}");
    }
    allow("s3:GetObject", "StringLike", "aws:Referer", "http://www.example.com/*").await;
    let get = || two.berta.get("/bkt/k");
    get().header("referer", "http://www.example.com/a").send().await.expect_status(200);
    get().send().await.expect_status(403);
    allow("s3:GetObject", "StringEquals", "s3:authType", "REST-QUERY-STRING").await;
    get().send().await.expect_status(403);
    let url = two.berta.presigned_target("GET", "/bkt/k", 60);
    two.berta.get(&url).anonymous().send().await.expect_status(200);
    allow("s3:GetObject", "NumericLessThan", "s3:signatureAge", "600000").await;
    two.berta.get(&url).anonymous().send().await.expect_status(200);
    allow("s3:GetObject", "NumericGreaterThan", "s3:signatureAge", "600000").await;
    two.berta.get(&url).anonymous().send().await.expect_status(403);
}

#[tokio::test]
async fn access_to_write_under_conditions() {
    let two = with_object(Two::start().await).await;
    let allow = async |operator: &str, key: &str, value: &str| {
        let condition = format!(",\"Condition\":{{\"{operator}\":{{\"{key}\":\"{value}\"}}}}");
        two.policy(&statement("Allow", &account(BERTA_ACCOUNT), "s3:PutObject", &condition)).await;
    };
    for (operator, key, value, header, good, bad) in [
        ("StringEquals", "s3:x-amz-storage-class", "STANDARD_IA", "x-amz-storage-class", "STANDARD_IA", "STANDARD"),
        ("StringEquals", "s3:x-amz-server-side-encryption", "AES256", "x-amz-server-side-encryption", "AES256", ""),
        ("Null", "s3:if-none-match", "false", "if-none-match", "*", ""),
    ] {
        allow(operator, key, value).await;
        let put = |value: &str| {
            let put = two.berta.put(&format!("/bkt/{header}")).body("x");
            if value.is_empty() { put } else { put.header(header, value) }
        };
        put(good).send().await.expect_status(200);
        put(bad).send().await.expect_status(403);
    }
    // The parts of an upload make no object.
    allow("Bool", "s3:ObjectCreationOperation", "false").await;
    create_upload(&two.berta, "/bkt/m", &[]).await;
    two.berta.put("/bkt/m").send().await.expect_status(403);
}

#[tokio::test]
async fn access_to_versions_is_of_its_own() {
    let two = with_object(Two::start().await).await;
    two.policy(&statement("Allow", &account(BERTA_ACCOUNT), "s3:GetObject", "")).await;
    assert_eq!(two.status(Who::Berta, "GET", "/bkt/k").await, 200);
    assert_eq!(two.status(Who::Berta, "GET", "/bkt/k?versionId=null").await, 403);
    two.policy(&statement("Allow", &account(BERTA_ACCOUNT), "s3:*Version", "")).await;
    assert_eq!(two.status(Who::Berta, "GET", "/bkt/k").await, 403);
    assert_eq!(two.status(Who::Berta, "GET", "/bkt/k?versionId=null").await, 200);
    assert_eq!(two.status(Who::Berta, "DELETE", "/bkt/k").await, 403);
    assert_eq!(two.status(Who::Berta, "DELETE", "/bkt/k?versionId=null").await, 204);
}

#[tokio::test]
async fn access_to_conditional_writes_needs_reading() {
    let two = with_object(Two::start().await).await;
    let berta = account(BERTA_ACCOUNT);
    let write = statement("Allow", &berta, "s3:PutObject", "");
    two.policy(&write).await;
    let put = || two.berta.put("/bkt/k").body("y");
    put().header("if-match", "*").send().await.expect_error(403, "AccessDenied");
    put().header("if-none-match", "*").send().await.expect_error(412, "PreconditionFailed");
    two.policy(&format!("{write},{}", statement("Allow", &berta, "s3:GetObject", ""))).await;
    let status = put().header("if-match", "\"841a2d689ad86bd1611447453c22c6fc\"").send().await.status;
    assert_eq!(status, 200);
}

#[tokio::test]
async fn access_to_delete_many_is_by_key() {
    let two = with_object(Two::start().await).await;
    two.anna.put("/bkt/open/k").body("x").send().await.expect_status(200);
    let delete = statement("Allow", &account(BERTA_ACCOUNT), "s3:DeleteObject", "");
    two.policy(&delete.replace("bkt/*", "bkt/open/*")).await;
    let body = "<Delete><Object><Key>k</Key></Object><Object><Key>open/k</Key></Object></Delete>";
    let delete = |client: &RawClient| {
        client.post("/bkt?delete").header("x-amz-sdk-checksum-algorithm", "SHA256").header("x-amz-checksum-sha256", {
            use base64::Engine as _;
            use sha2::Digest as _;
            base64::engine::general_purpose::STANDARD.encode(sha2::Sha256::digest(body))
        })
    };
    let reply = delete(&two.berta).body(body).send().await.expect_status(200);
    assert!(reply.text().contains("<Deleted><Key>open/k</Key></Deleted>"), "{}", reply.text());
    assert!(
        reply.text().contains("<Error><Key>k</Key><Code>AccessDenied</Code><Message>Access Denied</Message></Error>"),
        "{}",
        reply.text()
    );
    two.anna.get("/bkt/k").send().await.expect_status(200);
    two.anna.get("/bkt/open/k").send().await.expect_status(404);
}

#[tokio::test]
async fn access_to_copy_is_to_both_sides() {
    let two = with_object(Two::start().await).await;
    two.berta.put("/berta-bkt").send().await.expect_status(200);
    let copy = |source: &str| two.berta.put("/berta-bkt/c").header("x-amz-copy-source", source);
    copy("bkt/k").send().await.expect_error(403, "AccessDenied");
    two.policy(&statement("Allow", &account(BERTA_ACCOUNT), "s3:GetObject", "")).await;
    copy("bkt/k").send().await.expect_status(200);
    copy("bkt/k?versionId=null").send().await.expect_error(403, "AccessDenied");
    copy("bkt/gone").send().await.expect_error(403, "AccessDenied");
    // Into anna's: also the source may be named by her policy.
    let condition = ",\"Condition\":{\"StringLike\":{\"s3:x-amz-copy-source\":\"berta-bkt/c*\"}}";
    two.policy(&statement("Allow", &account(BERTA_ACCOUNT), "s3:PutObject", condition)).await;
    let put = |source: &str| two.berta.put("/bkt/from-berta").header("x-amz-copy-source", source);
    put("/berta-bkt/c").send().await.expect_status(200);
    two.berta.put("/berta-bkt/d").body("x").send().await.expect_status(200);
    put("berta-bkt/d").send().await.expect_error(403, "AccessDenied");
}

#[tokio::test]
async fn access_to_copy_tags_is_to_put_them() {
    let two = Two::start().await;
    two.berta.put("/berta-bkt").send().await.expect_status(200);
    two.berta.put("/berta-bkt/tagged").header("x-amz-tagging", "a=b").send().await.expect_status(200);
    two.berta.put("/berta-bkt/plain").send().await.expect_status(200);
    let berta = account(BERTA_ACCOUNT);
    let copy = |source: &str, directive: &str| {
        let request = two.berta.put("/bkt/from-berta").header("x-amz-copy-source", format!("berta-bkt/{source}"));
        if directive.is_empty() { request } else { request.header("x-amz-tagging-directive", directive) }
    };
    two.policy(&statement("Allow", &berta, "s3:PutObject", "")).await;
    for directive in ["", "COPY"] {
        copy("tagged", directive).send().await.expect_error(403, "AccessDenied");
        two.anna.head("/bkt/from-berta").send().await.expect_status(404);
    }
    copy("plain", "").send().await.expect_status(200);
    copy("tagged", "REPLACE").send().await.expect_status(200);
    two.policy(
        &[statement("Allow", &berta, "s3:PutObject", ""), statement("Allow", &berta, "s3:PutObjectTagging", "")]
            .join(","),
    )
    .await;
    copy("tagged", "").send().await.expect_status(200);
    let tags = two.anna.get("/bkt/from-berta?tagging").send().await.expect_status(200);
    assert_eq!(tags.xml_all("Key"), ["a"]);
    // The owner too, where the policy denies it.
    two.policy(&statement("Deny", "\"*\"", "s3:PutObjectTagging", "")).await;
    let copy = || two.anna.put("/bkt/again").header("x-amz-copy-source", "bkt/from-berta");
    copy().send().await.expect_error(403, "AccessDenied");
    copy().header("x-amz-tagging-directive", "REPLACE").send().await.expect_status(200);
}

#[tokio::test]
async fn access_to_copy_tags_by_the_buckets_acl() {
    let two = Two::legacy().await;
    two.berta.put("/berta-bkt").send().await.expect_status(200);
    two.berta.put("/berta-bkt/tagged").header("x-amz-tagging", "a=b").send().await.expect_status(200);
    two.anna.put("/bkt?acl").header("x-amz-acl", "public-read-write").send().await.expect_status(200);
    // Who may make an object may make it with tags.
    two.berta.put("/bkt/c").header("x-amz-copy-source", "berta-bkt/tagged").send().await.expect_status(200);
}

#[tokio::test]
async fn access_to_uploads() {
    let two = Two::start().await;
    two.policy(&statement("Allow", &account(BERTA_ACCOUNT), "s3:PutObject", "")).await;
    let id = create_upload(&two.berta, "/bkt/m", &[]).await;
    let part = upload_part(&two.berta, "/bkt/m", &id, 1, b"x").await.expect_status(200);
    // Who started an upload may look at it and end it without being allowed to.
    two.berta.get(&format!("/bkt/m?uploadId={id}")).send().await.expect_status(200);
    let list = part_list([(1, part.header("etag").unwrap())]);
    two.berta.post(&format!("/bkt/m?uploadId={id}")).body(list).send().await.expect_status(200);
    let id = create_upload(&two.berta, "/bkt/m", &[]).await;
    two.berta.delete(&format!("/bkt/m?uploadId={id}")).send().await.expect_status(204);
    let id = create_upload(&two.anna, "/bkt/m", &[]).await;
    two.berta.get(&format!("/bkt/m?uploadId={id}")).send().await.expect_error(403, "AccessDenied");
    two.berta.delete(&format!("/bkt/m?uploadId={id}")).send().await.expect_error(403, "AccessDenied");
}

#[tokio::test]
async fn access_anonymous_callers_start_no_uploads() {
    let two = Two::legacy().await;
    two.policy(&statement("Allow", EVERYONE, "s3:*", "")).await;
    two.anna.put("/bkt/k").anonymous().body("x").send().await.expect_status(200);
    let reply = two.anna.post("/bkt/m?uploads").anonymous().send().await;
    let message = "Anonymous users cannot initiate multipart uploads.  Please authenticate.";
    refused(&reply, 403, "AccessDenied", message, &[]);
    refused(&two.anna.put("/new-bkt").anonymous().send().await, 403, "AccessDenied", DENIED, &[]);
    refused(&two.anna.get("/").anonymous().send().await, 403, "AccessDenied", DENIED, &[]);
}

#[tokio::test]
async fn access_with_an_expected_owner() {
    let two = with_object(Two::start().await).await;
    two.policy(&statement("Allow", &account(BERTA_ACCOUNT), "s3:*", "")).await;
    let get = |owner: &str| two.berta.get("/bkt/k").header("x-amz-expected-bucket-owner", owner);
    get("111111111111").send().await.expect_status(200);
    get(BERTA_ACCOUNT).send().await.expect_error(403, "AccessDenied");
    get("anna").send().await.expect_error(400, "InvalidBucketOwnerAWSAccountID");
}

#[tokio::test]
async fn access_is_of_the_moment() {
    let two = with_object(Two::legacy().await).await;
    for _ in 0..3 {
        two.policy(&statement("Allow", EVERYONE, "s3:GetObject", "")).await;
        assert_eq!(two.status(Who::Anonymous, "GET", "/bkt/k").await, 200);
        two.anna.delete("/bkt?policy").send().await.expect_status(204);
        assert_eq!(two.status(Who::Anonymous, "GET", "/bkt/k").await, 403);
        two.anna.put("/bkt?acl").header("x-amz-acl", "public-read").send().await.expect_status(200);
        assert_eq!(two.status(Who::Anonymous, "GET", "/bkt").await, 200);
        two.anna.put("/bkt?acl").header("x-amz-acl", "private").send().await.expect_status(200);
        two.anna.put("/bkt?ownershipControls").body(ownership("BucketOwnerEnforced")).send().await.expect_status(200);
        assert_eq!(two.status(Who::Anonymous, "GET", "/bkt").await, 403);
        two.anna.delete("/bkt?ownershipControls").send().await.expect_status(204);
    }
}
