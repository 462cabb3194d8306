//! The documents that say one thing: acceleration, request payment, ABAC.

use super::{document, malformed, not_documents, put, round_trip, shown};
use crate::answers::bad_request;
use crate::support::server::TestServer;

#[tokio::test]
async fn accelerate_documents() {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    let target = "/bkt?accelerate";
    assert_eq!(shown(&client, target).await, document("AccelerateConfiguration", ""));
    for status in ["Enabled", "Suspended"] {
        let inner = format!("<Status>{status}</Status>");
        round_trip(&client, target, 200, ("AccelerateConfiguration", &inner, &inner)).await;
    }
    not_documents(&client, target, "AccelerateConfiguration").await;
    for status in ["enabled", "random", "Disabled", ""] {
        let body = format!("<AccelerateConfiguration><Status>{status}</Status></AccelerateConfiguration>");
        malformed(&client, target, &body).await;
    }
    client.delete(target).send().await.expect_error(405, "MethodNotAllowed");
    assert!(shown(&client, target).await.contains("Suspended"));
}

#[tokio::test]
async fn accelerate_of_a_name_with_periods() {
    let server = TestServer::start().await;
    let client = server.client();
    client.put("/a.bucket").send().await.expect_status(200);
    for status in ["Enabled", "random"] {
        let body = format!("<AccelerateConfiguration><Status>{status}</Status></AccelerateConfiguration>");
        let message = "S3 Transfer Acceleration is not supported for buckets with periods (.) in their names";
        bad_request(&put(&client, "/a.bucket?accelerate", &body).await, message);
    }
    assert_eq!(shown(&client, "/a.bucket?accelerate").await, document("AccelerateConfiguration", ""));
}

#[tokio::test]
async fn request_payment_documents() {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    let (target, root) = ("/bkt?requestPayment", "RequestPaymentConfiguration");
    assert_eq!(shown(&client, target).await, document(root, "<Payer>BucketOwner</Payer>"));
    for payer in ["Requester", "BucketOwner"] {
        let inner = format!("<Payer>{payer}</Payer>");
        round_trip(&client, target, 200, (root, &inner, &inner)).await;
    }
    not_documents(&client, target, root).await;
    malformed(&client, target, "<RequestPaymentConfiguration/>").await;
    malformed(&client, target, "<RequestPaymentConfiguration><Payer>Nobody</Payer></RequestPaymentConfiguration>")
        .await;
}

#[tokio::test]
async fn abac_documents() {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    let target = "/bkt?abac";
    assert_eq!(shown(&client, target).await, document("AbacStatus", "<Status>Disabled</Status>"));
    for status in ["Enabled", "Disabled"] {
        let inner = format!("<Status>{status}</Status>");
        round_trip(&client, target, 200, ("AbacStatus", &inner, &inner)).await;
    }
    not_documents(&client, target, "AbacStatus").await;
    malformed(&client, target, "<AbacStatus><Status>On</Status></AbacStatus>").await;
}

#[tokio::test]
async fn documents_go_with_their_bucket() {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    let body = "<RequestPaymentConfiguration><Payer>Requester</Payer></RequestPaymentConfiguration>";
    put(&client, "/bkt?requestPayment", body).await.expect_status(200);
    client.delete("/bkt").send().await.expect_status(204);
    client.get("/bkt?requestPayment").send().await.expect_error(404, "NoSuchBucket");
    put(&client, "/bkt?requestPayment", body).await.expect_error(404, "NoSuchBucket");
    client.put("/bkt").send().await.expect_status(200);
    assert!(shown(&client, "/bkt?requestPayment").await.contains("BucketOwner"));
}

#[tokio::test]
async fn documents_have_a_largest_size() {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    let body = "<RequestPaymentConfiguration><Payer>Requester</Payer></RequestPaymentConfiguration>";
    let reply = put(&client, "/bkt?requestPayment", &format!("{body}{}", " ".repeat(2 << 20))).await;
    let reply = reply.expect_error(400, "MaxMessageLengthExceeded");
    assert_eq!(reply.xml_text("MaxMessageLengthBytes").as_deref(), Some("2097152"));
}
