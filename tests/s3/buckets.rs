//! `HeadBucket`, `DeleteBucket`, `ListBuckets`, `GetBucketLocation`, and the expected owner.

use staves::wire::sigv4::Credentials;

use crate::access_support::{Two, Who};
use crate::answers::{DENIED, bad_argument, has_ids, in_whole_seconds, masked, refused};
use crate::support::Reply;
use crate::support::server::{TestServer, create_upload, upload_part};

#[tokio::test]
async fn head_bucket() {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    let reply = client.head("/bkt").send().await.expect_status(200);
    has_ids(&reply);
    assert_eq!(reply.header("x-amz-bucket-region"), Some("us-east-1"));
    assert_eq!(reply.header("x-amz-bucket-arn"), Some("arn:aws:s3:::bkt"));
    assert_eq!(reply.header("x-amz-access-point-alias"), Some("false"));
    assert_eq!(reply.header("content-type"), Some("application/xml"));
    let gone = client.head("/gone").send().await.expect_status(404);
    has_ids(&gone);
    assert!(gone.body.is_empty());
}

#[tokio::test]
async fn delete_bucket() {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    client.put("/bkt/k").body("x").send().await.expect_status(200);
    let reply = client.delete("/bkt").send().await;
    let message = "The bucket you tried to delete is not empty";
    refused(&reply, 409, "BucketNotEmpty", message, &[("BucketName", "bkt")]);
    assert_eq!(client.get("/bkt/k").send().await.body, b"x");
    client.delete("/bkt/k").send().await.expect_status(204);
    // Open uploads do not keep a bucket.
    let id = create_upload(&client, "/bkt/k", &[]).await;
    upload_part(&client, "/bkt/k", &id, 1, b"x").await.expect_status(200);
    let reply = client.delete("/bkt").send().await.expect_status(204);
    has_ids(&reply);
    assert!(reply.body.is_empty());
    let reply = client.delete("/bkt").send().await;
    refused(&reply, 404, "NoSuchBucket", "The specified bucket does not exist", &[("BucketName", "bkt")]);
}

#[tokio::test]
async fn delete_bucket_takes_its_documents_along() {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    let rules = "<CORSConfiguration><CORSRule><AllowedOrigin>*</AllowedOrigin><AllowedMethod>GET</AllowedMethod></CORSRule></CORSConfiguration>";
    let put = client.put("/bkt?cors").header("content-md5", md5(rules)).body(rules);
    put.send().await.expect_status(200);
    client.delete("/bkt").send().await.expect_status(204);
    client.put("/bkt").send().await.expect_status(200);
    client.get("/bkt?cors").send().await.expect_error(404, "NoSuchCORSConfiguration");
}

fn md5(body: &str) -> String {
    use base64::Engine as _;
    use md5::Digest as _;
    base64::engine::general_purpose::STANDARD.encode(md5::Md5::digest(body))
}

#[tokio::test]
async fn head_bucket_and_listings_tell_the_region_whoever_asks() {
    let two = Two::start().await;
    let region = |reply: &Reply| reply.header("x-amz-bucket-region").map(str::to_owned);
    let east = Some("us-east-1".to_owned());
    for who in [Who::Berta, Who::Anonymous] {
        for (method, target) in [("HEAD", "/bkt"), ("GET", "/bkt"), ("GET", "/bkt?list-type=2")] {
            let reply = two.request(who, method, target).send().await.expect_status(403);
            assert_eq!(region(&reply), east, "{who:?} {method} {target}");
            assert_eq!(reply.body.is_empty(), method == "HEAD");
        }
        for (method, target) in [("HEAD", "/bkt/k"), ("GET", "/bkt/k"), ("GET", "/bkt?acl"), ("GET", "/bkt?versions")] {
            let reply = two.request(who, method, target).send().await.expect_status(403);
            assert_eq!(region(&reply), None, "{who:?} {method} {target}");
        }
        assert_eq!(region(&two.request(who, "HEAD", "/absent").send().await.expect_status(404)), None);
    }
    // Another owner than expected.
    let other = two.anna.head("/bkt").header("x-amz-expected-bucket-owner", "999999999999").send().await;
    assert_eq!((other.status, region(&other)), (403, east.clone()));
    // Whoever cannot even say who asks.
    for credentials in [Credentials::new("anna", "wrong"), Credentials::new("nobody", "x")] {
        let stranger = two.anna.clone().with_credentials(credentials);
        assert_eq!(region(&stranger.head("/bkt").send().await.expect_status(403)), east);
        assert_eq!(region(&stranger.head("/absent").send().await.expect_status(403)), None);
        assert_eq!(region(&stranger.head("/bkt/k").send().await.expect_status(403)), None);
    }
    let dated = two.anna.head("/bkt").anonymous().header("x-amz-date", "20250101T000000Z").send().await;
    assert_eq!((dated.status, region(&dated)), (403, east));
}

#[tokio::test]
async fn get_bucket_location() {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    let reply = client.get("/bkt?location").send().await.expect_status(200);
    assert_eq!(
        reply.text(),
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<LocationConstraint xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"/>"
    );
    assert_eq!(reply.header("content-type"), Some("application/xml"));
    client.get("/gone?location").send().await.expect_error(404, "NoSuchBucket");
}

#[tokio::test]
async fn expected_bucket_owner() {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    let name = "x-amz-expected-bucket-owner";
    client.get("/bkt").header(name, "000000000000").send().await.expect_status(200);
    refused(&client.get("/bkt").header(name, "111111111111").send().await, 403, "AccessDenied", DENIED, &[]);
    client.head("/bkt").header(name, "111111111111").send().await.expect_status(403);
    for bad in ["1", "0000000000000", "abcdefghijkl", ""] {
        let reply = client.delete("/bkt").header(name, bad).send().await;
        let message = format!("The value of the expected bucket owner parameter must be an AWS Account ID... [{bad}]");
        refused(&reply, 400, "InvalidBucketOwnerAWSAccountID", &message, &[]);
    }
    client.put("/bkt/k").header(name, "111111111111").body("x").send().await.expect_error(403, "AccessDenied");
    client.get("/bkt/k").send().await.expect_error(404, "NoSuchKey");
    let name = "x-amz-source-expected-bucket-owner";
    client.put("/bkt/k").body("x").send().await.expect_status(200);
    let copy = |owner: &str| client.put("/bkt/k2").header("x-amz-copy-source", "bkt/k").header(name, owner);
    copy("111111111111").send().await.expect_error(403, "AccessDenied");
    copy("000000000000").send().await.expect_status(200);
}

fn names(reply: &Reply) -> Vec<String> {
    reply.xml_all("Name")
}

#[tokio::test]
async fn list_buckets_document() {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    let reply = client.get("/").send().await.expect_status(200);
    has_ids(&reply);
    assert_eq!(
        masked(reply.text(), &["ID", "CreationDate"]),
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ListAllMyBucketsResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Owner><ID>*</ID></Owner><Buckets><Bucket><Name>bkt</Name><CreationDate>*</CreationDate><BucketArn>arn:aws:s3:::bkt</BucketArn></Bucket></Buckets></ListAllMyBucketsResult>"
    );
    in_whole_seconds(&reply, "CreationDate");
    let reply = client.get("/?prefix=b").send().await;
    assert!(reply.text().ends_with("</Buckets><Prefix>b</Prefix></ListAllMyBucketsResult>"));
    for parameter in ["prefix=b", "max-buckets=5", "bucket-region=us-east-1", "continuation-token="] {
        let reply = client.get(&format!("/?{parameter}")).send().await.expect_status(200);
        assert_eq!(reply.xml_all("BucketRegion"), ["us-east-1"], "{parameter}");
    }
}

#[tokio::test]
async fn list_buckets_pages() {
    let server = TestServer::start().await;
    let client = server.client();
    let all = ["a-1", "a-2", "b-1", "b.2", "c-1"];
    for name in ["c-1", "b.2", "a-2", "b-1", "a-1"] {
        client.put(&format!("/{name}")).send().await.expect_status(200);
    }
    assert_eq!(names(&client.get("/").send().await), all);
    assert_eq!(names(&client.get("/?prefix=b").send().await), ["b-1", "b.2"]);
    let (mut token, mut seen) = (String::new(), vec![]);
    loop {
        let reply = client.get(&format!("/?max-buckets=2{token}")).send().await.expect_status(200);
        seen.extend(names(&reply));
        let Some(next) = reply.xml_text("ContinuationToken") else { break };
        token = format!("&continuation-token={next}");
    }
    assert_eq!(seen, all);
    let exact = client.get("/?max-buckets=5").send().await;
    assert_eq!(exact.xml_text("ContinuationToken"), None);
    let reply = client.get("/?continuation-token=garbage").send().await;
    let message = "The continuation token provided is incorrect";
    refused(&reply, 400, "InvalidArgument", message, &[("ArgumentName", "continuation-token")]);
}

#[tokio::test]
async fn list_buckets_bad_arguments() {
    let server = TestServer::start().await;
    let client = server.client();
    for bad in ["0", "-1", "10001"] {
        let reply = client.get(&format!("/?max-buckets={bad}")).send().await;
        bad_argument(&reply, "Argument max-buckets must be an integer between 1 and 10000.", "max-buckets", bad);
    }
    let reply = client.get("/?max-buckets=x").send().await;
    bad_argument(&reply, "Provided max-buckets not an integer or within integer range", "max-buckets", "x");
    client.get("/?max-buckets=10000").send().await.expect_status(200);
    let reply = client.get("/?bucket-region=eu-east-1").send().await;
    let message = "Argument value eu-east-1 is not a valid AWS Region";
    refused(&reply, 400, "InvalidArgument", message, &[("ArgumentName", "bucket-region")]);
}

#[tokio::test]
async fn list_buckets_by_region() {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    let body = "<CreateBucketConfiguration><LocationConstraint>EU</LocationConstraint></CreateBucketConfiguration>";
    client.put("/eu-bkt").body(body).send().await.expect_status(200);
    assert_eq!(names(&client.get("/?bucket-region=eu-west-1").send().await), ["eu-bkt"]);
    assert_eq!(names(&client.get("/?bucket-region=us-east-1").send().await), ["bkt"]);
    assert_eq!(names(&client.get("/?bucket-region=us-west-2").send().await), [""; 0]);
}
