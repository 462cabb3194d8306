//! Public access blocks: the document. What the switches do is in `access_matrix`.

use crate::access_support::{Two, block};
use crate::answers::{MALFORMED_XML, refused};

#[tokio::test]
async fn public_access_block_round_trip() {
    let two = Two::start().await;
    let shown = |on: &str| {
        let root = "<PublicAccessBlockConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">";
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{}",
            block(on).replace("<PublicAccessBlockConfiguration>", root)
        )
    };
    // New buckets have everything on.
    let get = || two.anna.get("/bkt?publicAccessBlock");
    assert_eq!(get().send().await.expect_status(200).text(), shown("AIPR"));
    for on in ["", "A", "IP", "R", "AIPR"] {
        let reply = two.anna.put("/bkt?publicAccessBlock").body(block(on)).send().await.expect_status(200);
        assert!(reply.body.is_empty());
        assert_eq!(get().send().await.text(), shown(on));
    }
    let some =
        "<PublicAccessBlockConfiguration><BlockPublicAcls>true</BlockPublicAcls></PublicAccessBlockConfiguration>";
    two.anna.put("/bkt?publicAccessBlock").body(some).send().await.expect_status(200);
    assert_eq!(get().send().await.text(), shown("A"));
    for _ in 0..2 {
        two.anna.delete("/bkt?publicAccessBlock").send().await.expect_status(204);
        let message = "The public access block configuration was not found";
        refused(&get().send().await, 404, "NoSuchPublicAccessBlockConfiguration", message, &[("BucketName", "bkt")]);
    }
}

#[tokio::test]
async fn public_access_block_refusals() {
    let two = Two::start().await;
    let put = |body: &str| two.anna.put("/bkt?publicAccessBlock").body(body);
    for body in ["", "x", "<Other/>", &block("").replace("false", "maybe")] {
        refused(&put(body).send().await, 400, "MalformedXML", MALFORMED_XML, &[]);
    }
    let message = "Must specify at least one configuration.";
    refused(&put("<PublicAccessBlockConfiguration/>").send().await, 400, "InvalidRequest", message, &[]);
    two.berta.get("/bkt?publicAccessBlock").send().await.expect_error(403, "AccessDenied");
}

#[tokio::test]
async fn public_access_block_of_old_buckets() {
    let two = Two::legacy().await;
    let reply = two.anna.get("/bkt?publicAccessBlock").send().await;
    reply.expect_error(404, "NoSuchPublicAccessBlockConfiguration");
    two.anna.put("/bkt?publicAccessBlock").body(block("AIPR")).send().await.expect_status(200);
    two.anna.get("/bkt?publicAccessBlock").send().await.expect_status(200);
}
