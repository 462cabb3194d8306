//! Bucket policies: the document and its refusals. What policies let happen is in `access_matrix`.

use crate::access_support::{ANNA_ACCOUNT, BERTA_ACCOUNT, Two, Who, account, block, canonical_id, policy, statement};
use crate::answers::{DENIED, refused};

const EVERYONE: &str = "\"*\"";

#[tokio::test]
async fn bucket_policy_round_trip() {
    let two = Two::start().await;
    let absent = |reply: &crate::support::Reply| {
        let message = "The bucket policy does not exist";
        refused(reply, 404, "NoSuchBucketPolicy", message, &[("BucketName", "bkt")]);
    };
    absent(&two.anna.get("/bkt?policy").send().await);
    absent(&two.anna.get("/bkt?policyStatus").send().await);
    two.anna.delete("/bkt?policy").send().await.expect_status(204);

    let given = policy(&statement("Allow", &account(BERTA_ACCOUNT), "s3:GetObject", ""));
    let reply = two.anna.put("/bkt?policy").body(&given).send().await.expect_status(204);
    assert!(reply.body.is_empty());
    let reply = two.anna.get("/bkt?policy").send().await.expect_status(200);
    assert_eq!((reply.header("content-type"), reply.text()), (Some("application/json"), given.as_str()));
    let status = two.anna.get("/bkt?policyStatus").send().await.expect_status(200);
    assert_eq!(
        status.text(),
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <PolicyStatus xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><IsPublic>false</IsPublic></PolicyStatus>"
    );
    two.anna.delete("/bkt?policy").send().await.expect_status(204);
    absent(&two.anna.get("/bkt?policy").send().await);
    // A bucket that is made again does not have it.
    two.anna.put("/bkt?policy").body(&given).send().await.expect_status(204);
    two.anna.delete("/bkt").send().await.expect_status(204);
    two.anna.put("/bkt").send().await.expect_status(200);
    absent(&two.anna.get("/bkt?policy").send().await);
}

#[tokio::test]
async fn bucket_policy_refusals() {
    let two = Two::start().await;
    let put = |body: String| two.anna.put("/bkt?policy").body(body);
    for (body, message, fields) in [
        (String::new(), "Policies must be valid JSON and the first byte must be '{'", vec![]),
        (" {}".to_owned(), "Policies must be valid JSON and the first byte must be '{'", vec![]),
        ("{\"Version\":\"2012-10-17\"}".to_owned(), "Missing required field Statement", vec![]),
        (
            policy(&statement("Allow", EVERYONE, "s3:Nothing", "")),
            "Policy has invalid action",
            vec![("Detail", "s3:Nothing")],
        ),
        (
            policy(&statement("Allow", EVERYONE, "s3:GetObject", "")).replace("bkt", "other"),
            "Policy has invalid resource",
            vec![("Detail", "arn:aws:s3:::other")],
        ),
    ] {
        refused(&put(body).send().await, 400, "MalformedPolicy", message, &fields);
    }
    let long = policy(&statement("Allow", EVERYONE, "s3:GetObject", ""))
        .replace("\"S\"", &format!("{:?}", "s".repeat(20 << 10)));
    put(long).send().await.expect_error(400, "MalformedPolicy");
    two.anna.get("/bkt?policy").send().await.expect_error(404, "NoSuchBucketPolicy");
    two.anna.put("/gone?policy").body("{}").send().await.expect_error(404, "NoSuchBucket");
}

#[tokio::test]
async fn bucket_policy_blocked_if_public() {
    let two = Two::start().await;
    let public = policy(&statement("Allow", EVERYONE, "s3:GetObject", ""));
    let message = "User: arn:aws:iam::111111111111:root is not authorized to perform: s3:PutBucketPolicy on resource: \"arn:aws:s3:::bkt\" because public policies are blocked by the BlockPublicPolicy block public access setting.";
    refused(&two.anna.put("/bkt?policy").body(&public).send().await, 403, "AccessDenied", message, &[]);
    two.anna.put("/bkt?publicAccessBlock").body(block("AIR")).send().await.expect_status(200);
    two.anna.put("/bkt?policy").body(&public).send().await.expect_status(204);
    assert_eq!(two.anna.get("/bkt?policyStatus").send().await.xml_text("IsPublic").as_deref(), Some("true"));
}

#[tokio::test]
async fn bucket_policy_is_the_owners_alone() {
    let two = Two::start().await;
    for (method, target) in
        [("GET", "/bkt?policy"), ("PUT", "/bkt?policy"), ("DELETE", "/bkt?policy"), ("GET", "/bkt?policyStatus")]
    {
        for who in [Who::Berta, Who::Anonymous] {
            refused(&two.request(who, method, target).send().await, 403, "AccessDenied", DENIED, &[]);
        }
    }
    // Whom the policy allows it, it is of no use.
    two.policy(&statement("Allow", &account(BERTA_ACCOUNT), "s3:*", "")).await;
    let message = "The specified method is not allowed against this resource.";
    let fields = [("Method", "GET"), ("ResourceType", "BUCKETPOLICY")];
    refused(&two.berta.get("/bkt?policy").send().await, 405, "MethodNotAllowed", message, &fields);
    two.berta.get("/bkt?policyStatus").send().await.expect_status(200);
}

#[tokio::test]
async fn bucket_policy_that_denies_everything_can_be_taken_back() {
    let two = Two::start().await;
    two.anna.put("/bkt/k").body("x").send().await.expect_status(200);
    two.policy(&statement("Deny", EVERYONE, "s3:*", "")).await;
    let message = "User: arn:aws:iam::111111111111:root is not authorized to perform: s3:GetObject on resource: \"arn:aws:s3:::bkt/k\" with an explicit deny in a resource-based policy";
    refused(&two.anna.get("/bkt/k").send().await, 403, "AccessDenied", message, &[]);
    refused(&two.berta.get("/bkt/k").send().await, 403, "AccessDenied", DENIED, &[]);
    let message = message.replace("s3:GetObject", "s3:ListBucket").replace("/k\"", "\"");
    refused(&two.anna.get("/bkt").send().await, 403, "AccessDenied", &message, &[]);
    two.anna.get("/bkt?policy").send().await.expect_status(200);
    two.anna.put("/bkt?policy").body(policy(&statement("Deny", EVERYONE, "s3:*", ""))).send().await.expect_status(204);
    two.anna.delete("/bkt?policy").send().await.expect_status(204);
    two.anna.get("/bkt/k").send().await.expect_status(200);
}

#[tokio::test]
async fn bucket_policy_names_accounts_in_every_way() {
    let two = Two::start().await;
    two.anna.put("/bkt/k").body("x").send().await.expect_status(200);
    let id = canonical_id(BERTA_ACCOUNT);
    for principal in [
        account(BERTA_ACCOUNT),
        format!("{{\"AWS\":\"{BERTA_ACCOUNT}\"}}"),
        format!("{{\"CanonicalUser\":\"{id}\"}}"),
        format!("{{\"AWS\":[\"arn:aws:iam::333333333333:root\",\"arn:aws:iam::{BERTA_ACCOUNT}:root\"]}}"),
    ] {
        two.policy(&statement("Allow", &principal, "s3:GetObject", "")).await;
        assert_eq!(two.status(Who::Berta, "GET", "/bkt/k").await, 200, "{principal}");
        assert_eq!(two.status(Who::Berta, "DELETE", "/bkt/k").await, 403, "{principal}");
        assert_eq!(two.status(Who::Anonymous, "GET", "/bkt/k").await, 403, "{principal}");
    }
    two.policy(&statement("Allow", &account("333333333333"), "s3:GetObject", "")).await;
    assert_eq!(two.status(Who::Berta, "GET", "/bkt/k").await, 403);
    assert_ne!(ANNA_ACCOUNT, BERTA_ACCOUNT);
}

#[tokio::test]
async fn bucket_policy_tells_of_absence_only_who_may_list() {
    let two = Two::start().await;
    let berta = account(BERTA_ACCOUNT);
    let get = statement("Allow", &berta, "s3:GetObject", "");
    two.policy(&get).await;
    refused(&two.berta.get("/bkt/gone").send().await, 403, "AccessDenied", DENIED, &[]);
    two.berta.head("/bkt/gone").send().await.expect_status(403);
    two.policy(&format!("{get},{}", statement("Allow", &berta, "s3:ListBucket", ""))).await;
    two.berta.get("/bkt/gone").send().await.expect_error(404, "NoSuchKey");
    two.berta.head("/bkt/gone").send().await.expect_status(404);
    // Nor is the owner told, if the policy has it so.
    two.policy(&statement("Deny", EVERYONE, "s3:ListBucket", "")).await;
    two.anna.get("/bkt/gone").send().await.expect_error(403, "AccessDenied");
}
