//! Who owns what is put into a bucket: the document, and the header of `CreateBucket`.

use crate::access_support::{Two, ownership};
use crate::answers::{MALFORMED_XML, refused, refused_bare};

const NAMES: [&str; 3] = ["BucketOwnerEnforced", "BucketOwnerPreferred", "ObjectWriter"];

#[tokio::test]
async fn ownership_controls_round_trip() {
    let two = Two::start().await;
    let get = || two.anna.get("/bkt?ownershipControls");
    // New buckets enforce their owner's.
    let shown = |reply: &crate::support::Reply| reply.xml_text("ObjectOwnership");
    assert_eq!(shown(&get().send().await.expect_status(200)).as_deref(), Some("BucketOwnerEnforced"));
    for name in NAMES {
        let reply = two.anna.put("/bkt?ownershipControls").body(ownership(name)).send().await.expect_status(200);
        assert!(reply.body.is_empty());
        let root = "<OwnershipControls xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">";
        let expected = ownership(name).replace("<OwnershipControls>", root);
        assert_eq!(get().send().await.text(), format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{expected}"));
    }
    for _ in 0..2 {
        two.anna.delete("/bkt?ownershipControls").send().await.expect_status(204);
        let message = "The bucket ownership controls were not found";
        let fields = [("BucketName", "bkt")];
        refused_bare(&get().send().await, 404, "OwnershipControlsNotFoundError", message, &fields);
    }
    Two::legacy().await.anna.get("/bkt?ownershipControls").send().await.expect_status(404);
}

#[tokio::test]
async fn ownership_controls_refusals() {
    let two = Two::start().await;
    let put = |body: String| two.anna.put("/bkt?ownershipControls").body(body);
    for body in [String::new(), ownership("Nobody"), ownership("ObjectWriter").replace("Rule", "Rules")] {
        refused_bare(&put(body).send().await, 400, "MalformedXML", MALFORMED_XML, &[]);
    }
    let long = ownership("ObjectWriter") + &" ".repeat(2048);
    let fields = [("MaxMessageLengthBytes", "2048")];
    refused_bare(&put(long).send().await, 400, "MaxMessageLengthExceeded", "Your request was too big.", &fields);
    two.berta.get("/bkt?ownershipControls").send().await.expect_error(403, "AccessDenied");
}

#[tokio::test]
async fn ownership_controls_are_not_enforced_over_an_open_acl() {
    let two = Two::legacy().await;
    two.anna.put("/bkt?acl").header("x-amz-acl", "public-read").send().await.expect_status(200);
    let put = || two.anna.put("/bkt?ownershipControls").body(ownership("BucketOwnerEnforced"));
    let message = "Bucket cannot have ACLs set with ObjectOwnership's BucketOwnerEnforced setting";
    refused_bare(&put().send().await, 400, "InvalidBucketAclWithObjectOwnership", message, &[]);
    two.anna.put("/bkt?acl").header("x-amz-acl", "private").send().await.expect_status(200);
    put().send().await.expect_status(200);
}

#[tokio::test]
async fn ownership_controls_of_new_buckets() {
    let two = Two::start().await;
    let make =
        |name: &str, ownership: &str| two.anna.put(&format!("/{name}")).header("x-amz-object-ownership", ownership);
    for (number, name) in NAMES.into_iter().enumerate() {
        make(&format!("bkt-{number}"), name).send().await.expect_status(200);
        let reply = two.anna.get(&format!("/bkt-{number}?ownershipControls")).send().await;
        assert_eq!(reply.xml_text("ObjectOwnership").as_deref(), Some(name));
    }
    let message = "Invalid x-amz-object-ownership header: Nobody";
    let fields = [("ArgumentName", "x-amz-object-ownership")];
    refused(&make("bkt-x", "Nobody").send().await, 400, "InvalidArgument", message, &fields);
    // ACLs that let nobody in go with it; others do not, and public ones are blocked.
    let with = |name: &str, ownership: &str, acl: &str| make(name, ownership).header("x-amz-acl", acl);
    with("bkt-p", NAMES[0], "private").send().await.expect_status(200);
    let message = "Bucket cannot have ACLs set with ObjectOwnership's BucketOwnerEnforced setting";
    let reply = with("bkt-q", NAMES[0], "public-read").send().await;
    refused(&reply, 400, "InvalidBucketAclWithObjectOwnership", message, &[]);
    let message = "Bucket cannot have public ACLs set with BlockPublicAccess enabled";
    let reply = with("bkt-q", NAMES[2], "public-read").send().await;
    refused(&reply, 400, "InvalidBucketAclWithBlockPublicAccessError", message, &[]);
    with("bkt-q", NAMES[2], "log-delivery-write").send().await.expect_status(200);
    let reply = two.anna.get("/bkt-q?acl").send().await.expect_status(200);
    assert_eq!(reply.xml_all("Permission"), ["FULL_CONTROL", "WRITE", "READ_ACP"]);
}
