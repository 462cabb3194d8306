//! ACLs of buckets: documents, headers, canned lists and their refusals. What they let happen is in `access_matrix`.

use crate::access_support::{ALL_USERS, ANNA_ACCOUNT, BERTA_ACCOUNT, Two, block, canonical_id, grants, ownership};
use crate::answers::{DENIED, MALFORMED_XML, bad_argument, refused};

const NO_ACLS: &str = "The bucket does not allow ACLs";

/// A document of an ACL of anna's.
fn document(grants: &[(&str, &str)]) -> String {
    let grants: Vec<String> = grants
        .iter()
        .map(|(grantee, permission)| {
            let (kind, element) = match grantee.split_once("://") {
                Some(_) => ("Group", format!("<URI>{grantee}</URI>")),
                None if grantee.contains('@') => {
                    ("AmazonCustomerByEmail", format!("<EmailAddress>{grantee}</EmailAddress>"))
                }
                None => ("CanonicalUser", format!("<ID>{grantee}</ID>")),
            };
            format!(
                "<Grant><Grantee xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xsi:type=\"{kind}\">{element}</Grantee><Permission>{permission}</Permission></Grant>"
            )
        })
        .collect();
    let owner = canonical_id(ANNA_ACCOUNT);
    format!(
        "<AccessControlPolicy><Owner><ID>{owner}</ID></Owner><AccessControlList>{}</AccessControlList></AccessControlPolicy>",
        grants.concat()
    )
}

#[tokio::test]
async fn bucket_acl_of_todays_buckets() {
    let two = Two::start().await;
    let anna = canonical_id(ANNA_ACCOUNT);
    let reply = two.anna.get("/bkt?acl").send().await.expect_status(200);
    assert_eq!(
        reply.text(),
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<AccessControlPolicy xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Owner><ID>{anna}</ID></Owner><AccessControlList><Grant><Grantee xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xsi:type=\"CanonicalUser\"><ID>{anna}</ID></Grantee><Permission>FULL_CONTROL</Permission></Grant></AccessControlList></AccessControlPolicy>"
        )
    );
    let put = || two.anna.put("/bkt?acl");
    for acl in ["private", "public-read", "log-delivery-write"] {
        let reply = put().header("x-amz-acl", acl).send().await;
        refused(&reply, 400, "AccessControlListNotSupported", NO_ACLS, &[]);
    }
    let reply = put().body(document(&[(&anna, "READ")])).send().await;
    refused(&reply, 400, "AccessControlListNotSupported", NO_ACLS, &[]);
    // What holds anyway may be said.
    put().header("x-amz-acl", "bucket-owner-full-control").send().await.expect_status(200);
    put().body(document(&[(&anna, "FULL_CONTROL")])).send().await.expect_status(200);
    put().header("x-amz-grant-full-control", format!("id={anna}")).send().await.expect_status(200);
}

#[tokio::test]
async fn bucket_acl_canned_headers_and_documents() {
    let two = Two::legacy().await;
    let (anna, berta) = (canonical_id(ANNA_ACCOUNT), canonical_id(BERTA_ACCOUNT));
    let owner = format!("owner:{anna}");
    let full = format!("{anna}:FULL_CONTROL");
    let shown = async || grants(&two.anna.get("/bkt?acl").send().await.expect_status(200));
    assert_eq!(shown().await, [owner.clone(), full.clone()]);
    let read = format!("{ALL_USERS}:READ");
    for (acl, expected) in [
        ("public-read", vec![owner.clone(), full.clone(), read.clone()]),
        ("public-read-write", vec![owner.clone(), full.clone(), read.clone(), format!("{ALL_USERS}:WRITE")]),
        ("private", vec![owner.clone(), full.clone()]),
    ] {
        two.anna.put("/bkt?acl").header("x-amz-acl", acl).send().await.expect_status(200);
        assert_eq!(shown().await, expected, "{acl}");
    }
    let put = two.anna.put("/bkt?acl").header("x-amz-grant-read", format!("id=\"{berta}\", uri={ALL_USERS}"));
    put.header("x-amz-grant-write-acp", format!("id={anna}")).send().await.expect_status(200);
    assert_eq!(shown().await, [owner.clone(), format!("{berta}:READ"), read, format!("{anna}:WRITE_ACP")]);
    let body = document(&[(&berta, "WRITE"), (ALL_USERS, "READ_ACP")]);
    two.anna.put("/bkt?acl").body(body).send().await.expect_status(200);
    assert_eq!(shown().await, [owner.clone(), format!("{berta}:WRITE"), format!("{ALL_USERS}:READ_ACP")]);
    // Also without a grant of its own the owner may.
    two.anna.put("/bkt?acl").body(document(&[])).send().await.expect_status(200);
    assert_eq!(shown().await, [owner]);
    let make = two.anna.put("/other").header("x-amz-acl", "authenticated-read");
    make.send().await.expect_status(200);
    assert_eq!(grants(&two.anna.get("/other?acl").send().await).len(), 3);
}

#[tokio::test]
async fn bucket_acl_refusals() {
    let two = Two::legacy().await;
    let put = || two.anna.put("/bkt?acl");
    let message = "Your request was missing a required header";
    let fields = [("MissingHeaderName", "x-amz-acl")];
    refused(&put().send().await, 400, "MissingSecurityHeader", message, &fields);
    bad_argument(&put().header("x-amz-acl", "open").send().await, "", "x-amz-acl", "open");
    let both = put().header("x-amz-acl", "private").header("x-amz-grant-read", "id=x");
    let message = "Specifying both Canned ACLs and Header Grants is not allowed";
    refused(&both.send().await, 400, "InvalidRequest", message, &[]);
    let anna = canonical_id(ANNA_ACCOUNT);
    let body = document(&[(&anna, "READ")]);
    let reply = put().header("x-amz-acl", "private").body(&body).send().await;
    refused(&reply, 400, "UnexpectedContent", "This request does not support content", &[]);
    let grant = |value: &str| put().header("x-amz-grant-read", value);
    bad_argument(&grant("nonsense").send().await, "Argument format not recognized", "x-amz-grant-read", "nonsense");
    bad_argument(&grant("id=nobody").send().await, "Invalid id", "id", "nobody");
    bad_argument(&grant("uri=http://x").send().await, "Invalid group uri", "uri", "http://x");
    for body in ["<x/>", "x", &body.replace("READ", "EVERYTHING"), &body.replace("Grantee", "Somebody")] {
        refused(&put().body(body).send().await, 400, "MalformedACLError", MALFORMED_XML, &[]);
    }
    let reply = put().body(document(&[("nobody", "READ")])).send().await;
    bad_argument(&reply, "Invalid id", "CanonicalUser/ID", "nobody");
    // The older defaults take email addresses, but not those of nobody.
    let reply = put().body(document(&[("a@example.com", "READ")])).send().await;
    reply.expect_error(400, "UnresolvableGrantByEmailAddress");
    // A list of somebody else's.
    let stolen = body.replacen(&anna, &canonical_id(BERTA_ACCOUNT), 1);
    refused(&put().body(stolen).send().await, 403, "AccessDenied", DENIED, &[]);
    let long = " ".repeat(204_801);
    put().body(long).send().await.expect_error(400, "MaxMessageLengthExceeded");
    assert_eq!(grants(&two.anna.get("/bkt?acl").send().await).len(), 2);
}

#[tokio::test]
async fn bucket_acl_public_ones_are_blocked() {
    let two = Two::legacy().await;
    two.anna.put("/bkt?publicAccessBlock").body(block("A")).send().await.expect_status(200);
    let message = "User: arn:aws:iam::111111111111:root is not authorized to perform: s3:PutBucketAcl on resource: \"arn:aws:s3:::bkt\" because public access control lists (ACLs) are blocked by the BlockPublicAcls block public access setting.";
    let put = || two.anna.put("/bkt?acl");
    for acl in ["public-read", "public-read-write", "authenticated-read"] {
        refused(&put().header("x-amz-acl", acl).send().await, 403, "AccessDenied", message, &[]);
    }
    let reply = put().body(document(&[(ALL_USERS, "READ")])).send().await;
    refused(&reply, 403, "AccessDenied", message, &[]);
    put().header("x-amz-acl", "private").send().await.expect_status(200);
    put().body(document(&[(&canonical_id(BERTA_ACCOUNT), "READ")])).send().await.expect_status(200);
}

#[tokio::test]
async fn bucket_acl_sleeps_while_acls_are_off() {
    let two = Two::legacy().await;
    let berta = canonical_id(BERTA_ACCOUNT);
    let grant = two.anna.put("/bkt?acl").header("x-amz-grant-read", format!("id={berta}"));
    grant.header("x-amz-grant-read-acp", format!("id={berta}")).send().await.expect_status(200);
    two.berta.get("/bkt").send().await.expect_status(200);
    two.berta.get("/bkt?acl").send().await.expect_status(200);
    two.berta.put("/bkt?acl").header("x-amz-acl", "private").send().await.expect_error(403, "AccessDenied");
    let controls = |name: &str| two.anna.put("/bkt?ownershipControls").body(ownership(name));
    controls("BucketOwnerPreferred").send().await.expect_status(200);
    two.berta.get("/bkt").send().await.expect_status(200);
}
