//! `CreateBucket`: names, location constraints, and making a bucket again.

use staves::http::identity::{Identities, Identity};
use staves::wire::sigv4::Credentials;

use crate::answers::{MALFORMED_XML, has_ids, refused};
use crate::support::Reply;
use crate::support::server::TestServer;

fn configuration(constraint: &str) -> String {
    format!(
        "<CreateBucketConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><LocationConstraint>{constraint}</LocationConstraint></CreateBucketConfiguration>"
    )
}

fn location(reply: &Reply) -> &str {
    reply.text().split_once("2006-03-01/\"").unwrap().1
}

#[tokio::test]
async fn create_bucket_answer() {
    let server = TestServer::start().await;
    let client = server.client();
    for target in ["/bkt", "/bkt2/"] {
        let reply = client.put(target).send().await.expect_status(200);
        has_ids(&reply);
        assert_eq!(reply.header("location"), Some(target.trim_end_matches('/')));
        assert!(reply.body.is_empty());
    }
    client.put("/a..b").send().await.expect_error(400, "InvalidBucketName");
}

#[tokio::test]
async fn create_bucket_names() {
    let server = TestServer::start().await;
    let client = server.client();
    let long = "a".repeat(63);
    for name in ["abc", "a-b", "a.b", "1bucket", "123", "1.2.3", &long] {
        client.put(&format!("/{name}")).send().await.expect_status(200);
    }
    let too_long = "a".repeat(64);
    for name in [
        "ab",
        "A-bucket",
        "under_score",
        "-abc",
        "abc-",
        ".abc",
        "abc.",
        "a..b",
        "192.168.5.4",
        "xn--a",
        "sthree-a",
        "amzn-s3-demo-a",
        "a-s3alias",
        "a--ol-s3",
        "a.mrap",
        "a--x-s3",
        "a--table-s3",
        &too_long,
        "b%C3%A4r",
        "a%20b",
    ] {
        let reply = client.put(&format!("/{name}")).send().await;
        let shown = name.replace("%C3%A4", "ä").replace("%20", " ");
        let message = "The specified bucket is not valid.";
        refused(&reply, 400, "InvalidBucketName", message, &[("BucketName", &shown)]);
        client.get(&format!("/{name}")).send().await.expect_error(400, "InvalidBucketName");
    }
}

#[tokio::test]
async fn create_bucket_again() {
    let server = TestServer::start().await;
    let client = server.client();
    client.put("/bkt").send().await.expect_status(200);
    client.put("/bkt/k").body("x").send().await.expect_status(200);
    // In us-east-1 that is fine, and changes nothing.
    client.put("/bkt").send().await.expect_status(200);
    assert_eq!(client.get("/bkt/k").send().await.body, b"x");
    // Elsewhere it is not.
    client.put("/eu-bkt").body(configuration("eu-west-2")).send().await.expect_status(200);
    let reply = client.put("/eu-bkt").body(configuration("eu-west-2")).send().await;
    let message = "Your previous request to create the named bucket succeeded and you already own it.";
    refused(&reply, 409, "BucketAlreadyOwnedByYou", message, &[("BucketName", "eu-bkt")]);
}

#[tokio::test]
async fn create_bucket_of_somebody_else() {
    let identities = Identities::new([
        Identity::of_account("a", "a", "111111111111"),
        Identity::of_account("b", "b", "222222222222"),
    ]);
    let server = TestServer::with(|builder| builder.identities(identities.unwrap())).await;
    let a = server.client().with_credentials(Credentials::new("a", "a"));
    let b = server.client().with_credentials(Credentials::new("b", "b"));
    a.put("/bkt").send().await.expect_status(200);
    let reply = b.put("/bkt").send().await;
    let message = "The requested bucket name is not available. The bucket namespace is shared by all users of the system. Please select a different name and try again.";
    refused(&reply, 409, "BucketAlreadyExists", message, &[("BucketName", "bkt")]);
}

#[tokio::test]
async fn create_bucket_location_constraints() {
    let server = TestServer::start().await;
    let client = server.client();
    let message = "The specified location-constraint is not valid";
    for bad in ["us-east-1", "garbage", "EU-WEST-1"] {
        let reply = client.put("/bkt").body(configuration(bad)).send().await;
        refused(&reply, 400, "InvalidLocationConstraint", message, &[("LocationConstraint", bad)]);
    }
    client.head("/bkt").send().await.expect_status(404);
    for (name, constraint, shown, region) in [
        ("b-eu", "EU", ">EU</LocationConstraint>", "eu-west-1"),
        ("b-west", "us-west-2", ">us-west-2</LocationConstraint>", "us-west-2"),
        ("b-empty", "", "/>", "us-east-1"),
    ] {
        client.put(&format!("/{name}")).body(configuration(constraint)).send().await.expect_status(200);
        let reply = client.get(&format!("/{name}?location")).send().await.expect_status(200);
        assert_eq!(location(&reply), shown);
        let head = client.head(&format!("/{name}")).send().await.expect_status(200);
        assert_eq!(head.header("x-amz-bucket-region"), Some(region));
    }
}

#[tokio::test]
async fn create_bucket_by_a_client_of_another_region() {
    let server = TestServer::start().await;
    let client = server.client().with_region("eu-west-1");
    let code = "IllegalLocationConstraintException";
    for bad in ["unspecified", "bar", "us-east-1", "us-west-2"] {
        let request = client.put("/bkt");
        let request = if bad == "unspecified" { request } else { request.body(configuration(bad)) };
        let message = format!(
            "The {bad} location constraint is incompatible for the region specific endpoint this request was sent to."
        );
        refused(&request.send().await, 400, code, &message, &[]);
    }
    client.put("/b-eu").body(configuration("EU")).send().await.expect_status(200);
    let reply = client.put("/b-west").body(configuration("eu-west-1")).send().await.expect_status(200);
    // An address has no names before its own.
    assert_eq!(reply.header("location"), Some("/b-west"));
    let by_name = client.put("/b-named").body(configuration("eu-west-1")).header("host", "localhost:9000");
    let reply = by_name.send().await.expect_status(200);
    assert_eq!(reply.header("location"), Some("http://b-named.localhost:9000/"));
    let head = client.head("/b-west").send().await.expect_status(200);
    assert_eq!(head.header("x-amz-bucket-region"), Some("eu-west-1"));
    // A region that AWS does not have means the server's.
    server.client().with_region("garage").put("/b-here").send().await.expect_status(200);
    let head = client.head("/b-here").send().await.expect_status(200);
    assert_eq!(head.header("x-amz-bucket-region"), Some("us-east-1"));
}

#[tokio::test]
async fn create_bucket_at_another_endpoint() {
    let server = TestServer::with(|builder| builder.region("eu-central-1")).await;
    let client = server.client().with_region("eu-central-1");
    let code = "IllegalLocationConstraintException";
    let message = |what: &str| {
        format!(
            "The {what} location constraint is incompatible for the region specific endpoint this request was sent to."
        )
    };
    refused(&client.put("/bkt").send().await, 400, code, &message("unspecified"), &[]);
    let reply = client.put("/bkt").body(configuration("us-west-2")).send().await;
    refused(&reply, 400, code, &message("us-west-2"), &[]);
    client.put("/bkt").body(configuration("eu-central-1")).send().await.expect_status(200);
    let reply = client.put("/bkt").body(configuration("eu-central-1")).send().await;
    reply.expect_error(409, "BucketAlreadyOwnedByYou");
    let reply = client.get("/bkt?location").send().await;
    assert_eq!(location(&reply), ">eu-central-1</LocationConstraint>");
}

#[tokio::test]
async fn create_bucket_malformed() {
    let server = TestServer::start().await;
    let client = server.client();
    for body in [
        "not xml",
        "<Other/>",
        "<CreateBucketConfiguration>",
        "<CreateBucketConfiguration><X/></CreateBucketConfiguration>",
    ] {
        let reply = client.put("/bkt").body(body).send().await;
        refused(&reply, 400, "MalformedXML", MALFORMED_XML, &[]);
    }
    // What does not exist here is refused by name, and makes no bucket without it.
    let location = "<CreateBucketConfiguration><Location><Type>LocalZone</Type></Location></CreateBucketConfiguration>";
    client.put("/bkt").body(location).send().await.expect_error(501, "NotImplemented");
    client.head("/bkt").send().await.expect_status(404);
}
