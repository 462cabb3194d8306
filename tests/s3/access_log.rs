//! Server access logs: what records say, where and when they are delivered, and who lets them be. The document is in
//! `documents/logging`.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use staves::engine::clock::Clock;
use staves::server::ServerBuilder;

use crate::access_support::{ANNA_ACCOUNT, BERTA_ACCOUNT, canonical_id, policy, statement};
use crate::answers::refused;
use crate::support::RawClient;
use crate::support::server::{TestServer, create_upload, upload_part};
use staves::http::identity::{Identities, Identity};
use staves::s3::AclDefaults;
use staves::wire::sigv4::Credentials;

const GROUP: &str = "http://acs.amazonaws.com/groups/s3/LogDelivery";

/// A server that delivers soon, with `bkt` of anna that logs into `logs`, which lets it.
async fn logging(format: &str, set_up: impl FnOnce(ServerBuilder) -> ServerBuilder) -> (TestServer, RawClient) {
    let server = TestServer::with(|builder| {
        set_up(builder.identities(two()).acl_defaults(AclDefaults::Legacy).log_delivery(Duration::from_millis(30)))
    });
    let server = server.await;
    let anna = client(&server, "anna");
    anna.put("/bkt").send().await.expect_status(200);
    anna.put("/logs").send().await.expect_status(200);
    allow(&anna, "bkt").await;
    switch_on(&anna, format).await;
    (server, anna)
}

fn two() -> Identities {
    let identity = |name: &str, account: &str| Identity::of_account(name, name, account);
    Identities::new([identity("anna", ANNA_ACCOUNT), identity("berta", BERTA_ACCOUNT)]).unwrap()
}

fn client(server: &TestServer, name: &str) -> RawClient {
    server.client().with_credentials(Credentials::new(name, name))
}

async fn switch_on(anna: &RawClient, more: &str) {
    let body = format!(
        "<BucketLoggingStatus><LoggingEnabled><TargetBucket>logs</TargetBucket><TargetPrefix>p/</TargetPrefix>{more}</LoggingEnabled></BucketLoggingStatus>"
    );
    anna.put("/bkt?logging").body(body).send().await.expect_status(200);
}

/// Lets the service deliver the logs of one bucket.
async fn allow(anna: &RawClient, source: &str) {
    let statement = format!(
        "{{\"Effect\":\"Allow\",\"Principal\":{{\"Service\":\"logging.s3.amazonaws.com\"}},\"Action\":\"s3:PutObject\",\"Resource\":\"arn:aws:s3:::logs/*\",\"Condition\":{{\"ArnLike\":{{\"aws:SourceArn\":\"arn:aws:s3:::{source}\"}},\"StringEquals\":{{\"aws:SourceAccount\":\"{ANNA_ACCOUNT}\"}}}}}}"
    );
    anna.put("/logs?policy").body(policy(&statement)).send().await.expect_status(204);
}

async fn log_keys(anna: &RawClient) -> Vec<String> {
    anna.get("/logs?list-type=2").send().await.expect_status(200).xml_all("Key")
}

/// The records delivered so far.
async fn delivered(anna: &RawClient) -> Vec<Vec<String>> {
    let mut records = Vec::new();
    for key in log_keys(anna).await {
        let text = anna.get(&format!("/logs/{key}")).send().await.expect_status(200);
        assert_eq!(text.header("content-type"), Some("text/plain"));
        assert!(text.text().ends_with('\n'));
        records.extend(text.text().lines().map(fields));
    }
    records
}

/// Waits until there are records of these operations, and returns them in this order.
async fn records(anna: &RawClient, operations: &[&str]) -> Vec<Vec<String>> {
    for _ in 0..200 {
        let delivered = delivered(anna).await;
        let find = |operation: &&str| delivered.iter().find(|record| record[OPERATION] == *operation).cloned();
        let found: Vec<Vec<String>> = operations.iter().filter_map(find).collect();
        if found.len() == operations.len() {
            return found;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("{operations:?} are not all in {:?}", delivered(anna).await);
}

/// The fields of a line: words, and what stands in brackets or quotes.
fn fields(line: &str) -> Vec<String> {
    let (mut fields, mut rest) = (Vec::new(), line);
    while !rest.is_empty() {
        let end = match rest.as_bytes()[0] {
            b'"' => rest[1..].find('"').unwrap() + 2,
            b'[' => rest.find(']').unwrap() + 1,
            _ => rest.find(' ').unwrap_or(rest.len()),
        };
        fields.push(rest[..end].to_owned());
        rest = rest[end..].strip_prefix(' ').unwrap_or_default();
    }
    assert_eq!(fields.len(), 27, "{line}");
    fields
}

const OWNER: usize = 0;
const BUCKET: usize = 1;
const TIME: usize = 2;
const REMOTE_IP: usize = 3;
const REQUESTER: usize = 4;
const REQUEST_ID: usize = 5;
const OPERATION: usize = 6;
const KEY: usize = 7;
const URI: usize = 8;
const STATUS: usize = 9;
const ERROR: usize = 10;
const SENT: usize = 11;
const SIZE: usize = 12;
const TOTAL: usize = 13;
const TURN_AROUND: usize = 14;
const REFERER: usize = 15;
const USER_AGENT: usize = 16;
const VERSION: usize = 17;
const HOST_ID: usize = 18;
const SIGNATURE: usize = 19;
const CIPHER: usize = 20;
const AUTHENTICATION: usize = 21;
const HOST: usize = 22;
const TLS: usize = 23;
const ACL_REQUIRED: usize = 25;

#[tokio::test]
async fn access_log_record_with_all_its_fields() {
    let (_server, anna) = logging("", |builder| builder).await;
    anna.put("/bkt/a%20b").body("0123456789").send().await.expect_status(200);
    let get = anna.get("/bkt/a%20b?x-id=GetObject").header("range", "bytes=2-4").header("referer", "http://r.test/");
    let reply = get.header("user-agent", "one \"two\"").send().await.expect_status(206);
    let records = records(&anna, &["REST.PUT.OBJECT", "REST.GET.OBJECT"]).await;
    let (put, get) = (&records[0], &records[1]);
    let anna_id = canonical_id(ANNA_ACCOUNT);
    for (field, expected) in [
        (OWNER, anna_id.as_str()),
        (BUCKET, "bkt"),
        (REMOTE_IP, "127.0.0.1"),
        (REQUESTER, &anna_id),
        (REQUEST_ID, reply.header("x-amz-request-id").unwrap()),
        (KEY, "a%20b"),
        (URI, "\"GET /bkt/a%20b?x-id=GetObject HTTP/1.1\""),
        (STATUS, "206"),
        (ERROR, "-"),
        (SENT, "3"),
        (SIZE, "10"),
        (REFERER, "\"http://r.test/\""),
        (USER_AGENT, "\"one %22two%22\""),
        (VERSION, "-"),
        (HOST_ID, reply.header("x-amz-id-2").unwrap()),
        (SIGNATURE, "SigV4"),
        (CIPHER, "-"),
        (AUTHENTICATION, "AuthHeader"),
        (HOST, &anna.host),
        (TLS, "-"),
        (24, "-"),
        (ACL_REQUIRED, "-"),
        (26, "-"),
    ] {
        assert_eq!(get[field], expected, "field {field}");
    }
    assert!(get[TIME].ends_with(" +0000]") && get[TIME].len() == "[06/Feb/2019:00:00:38 +0000]".len(), "{}", get[TIME]);
    assert!(get[TOTAL].parse::<u64>().is_ok() && get[TURN_AROUND].parse::<u64>().is_ok());
    assert_eq!((put[STATUS].as_str(), put[SENT].as_str(), put[SIZE].as_str()), ("200", "-", "10"));
    assert_eq!((put[REFERER].as_str(), put[URI].as_str()), ("\"-\"", "\"PUT /bkt/a%20b HTTP/1.1\""));
}

#[tokio::test]
async fn access_log_of_other_requests() {
    let (server, anna) = logging("", |builder| builder).await;
    let berta = client(&server, "berta");
    anna.put("/bkt?versioning")
        .body("<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>")
        .send()
        .await
        .expect_status(200);
    let version = anna.put("/bkt/v").body("x").send().await.header("x-amz-version-id").unwrap().to_owned();
    berta.head("/bkt/v").send().await.expect_status(403);
    anna.delete("/bkt/none?versionId=null").anonymous().send().await.expect_status(403);
    anna.get("/bkt?list-type=2").send().await.expect_status(200);
    anna.get("/bkt?policy").send().await.expect_status(404);
    let url = anna.presigned_target("GET", "/bkt/v?attributes", 60);
    anna.get(&url).anonymous().header("x-amz-object-attributes", "ETag").send().await.expect_status(403);
    let id = create_upload(&anna, "/bkt/u", &[]).await;
    upload_part(&anna, "/bkt/u", &id, 1, b"12345").await.expect_status(200);
    let copy = anna.put("/bkt/c").header("x-amz-copy-source", "bkt/v");
    copy.send().await.expect_status(200);
    let delete = format!("<Delete><Object><Key>v</Key><VersionId>{version}</VersionId></Object></Delete>");
    let digest = {
        use base64::Engine as _;
        use md5::Digest as _;
        base64::engine::general_purpose::STANDARD.encode(md5::Md5::digest(&delete))
    };
    anna.post("/bkt?delete").header("content-md5", digest).body(delete).send().await.expect_status(200);
    let site = anna.with_host(&format!("bkt.s3-website.localhost:{}", anna.addr.port()));
    site.get("/page").anonymous().send().await.expect_status(404);
    let preflight = anna.options("/bkt/v").anonymous().header("origin", "http://a.test");
    preflight.send().await.expect_status(403);
    let operations = [
        "REST.PUT.VERSIONING",
        "REST.PUT.OBJECT",
        "REST.HEAD.OBJECT",
        "REST.DELETE.OBJECT",
        "REST.GET.BUCKET",
        "REST.GET.BUCKETPOLICY",
        "REST.GET.ATTRIBUTES",
        "REST.POST.UPLOADS",
        "REST.PUT.PART",
        "REST.COPY.OBJECT",
        "REST.POST.MULTI_OBJECT_DELETE",
        "BATCH.DELETE.OBJECT",
        "WEBSITE.GET.OBJECT",
        "REST.OPTIONS.PREFLIGHT",
    ];
    let records = records(&anna, &operations).await;
    let records = &records;
    let record = |operation: &str| {
        let at = operations.iter().position(|known| *known == operation).unwrap();
        move |fields: &[usize]| -> Vec<String> { fields.iter().map(|field| records[at][*field].clone()).collect() }
    };
    assert_eq!(record("REST.PUT.OBJECT")(&[KEY, VERSION, SIZE]), ["v", version.as_str(), "1"]);
    let denied = record("REST.HEAD.OBJECT")(&[REQUESTER, STATUS, ERROR, SIZE]);
    assert_eq!(denied, [canonical_id(BERTA_ACCOUNT).as_str(), "403", "AccessDenied", "-"]);
    let denied = record("REST.DELETE.OBJECT")(&[REQUESTER, STATUS, VERSION, SIGNATURE, AUTHENTICATION]);
    assert_eq!(denied, ["-", "403", "null", "-", "-"]);
    assert_eq!(record("REST.GET.BUCKET")(&[KEY, STATUS, SIZE]), ["-", "200", "-"]);
    assert_eq!(record("REST.GET.BUCKETPOLICY")(&[STATUS, ERROR]), ["404", "NoSuchBucketPolicy"]);
    // What could be used again is not written down.
    let presigned = record("REST.GET.ATTRIBUTES")(&[AUTHENTICATION, SIGNATURE, URI]);
    assert_eq!(presigned[..2], ["QueryString", "SigV4"]);
    assert!(presigned[2].contains("X-Amz-Signature=***") && presigned[2].contains("X-Amz-Credential=anna"));
    assert_eq!(record("REST.PUT.PART")(&[KEY, SIZE]), ["u", "5"]);
    let deleted = record("BATCH.DELETE.OBJECT")(&[KEY, URI, STATUS, SENT, REFERER, VERSION]);
    assert_eq!(deleted, ["v", "-", "204", "-", "-", version.as_str()]);
    let visit = record("WEBSITE.GET.OBJECT")(&[KEY, STATUS, ERROR, REQUESTER]);
    assert_eq!(visit, ["page", "404", "NoSuchWebsiteConfiguration", "-"]);
    let preflight = record("REST.OPTIONS.PREFLIGHT")(&[KEY, STATUS, ERROR]);
    assert_eq!(preflight, ["v", "403", "AccessForbidden"]);
}

#[tokio::test]
async fn access_log_tells_what_an_acl_let_through() {
    let (_server, anna) = logging("", |builder| builder).await;
    anna.put("/bkt/k").header("x-amz-acl", "public-read").body("x").send().await.expect_status(200);
    anna.get("/bkt/k").anonymous().send().await.expect_status(200);
    anna.put("/bkt?policy")
        .body(policy(&statement("Allow", "\"*\"", "s3:GetObject", "")))
        .send()
        .await
        .expect_status(204);
    anna.head("/bkt/k").anonymous().send().await.expect_status(200);
    let records = records(&anna, &["REST.GET.OBJECT", "REST.HEAD.OBJECT"]).await;
    assert_eq!((records[0][ACL_REQUIRED].as_str(), records[1][ACL_REQUIRED].as_str()), ("Yes", "-"));
}

#[tokio::test]
async fn access_log_keys() {
    let is_unique = |text: &str| text.len() == 16 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let digits = |text: &str| text.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect::<String>();
    for (format, stem) in [
        ("", "p/0000-00-00-00-00-00"),
        ("<TargetObjectKeyFormat><SimplePrefix/></TargetObjectKeyFormat>", "p/0000-00-00-00-00-00"),
        (
            "<TargetObjectKeyFormat><PartitionedPrefix><PartitionDateSource>DeliveryTime</PartitionDateSource></PartitionedPrefix></TargetObjectKeyFormat>",
            "p/000000000000/us-east-0/bkt/0000/00/00/0000-00-00-00-00-00",
        ),
        (
            "<TargetObjectKeyFormat><PartitionedPrefix/></TargetObjectKeyFormat>",
            "p/000000000000/us-east-0/bkt/0000/00/00/0000-00-00-00-00-00",
        ),
    ] {
        let (_server, anna) = logging(format, |builder| builder).await;
        anna.head("/bkt").send().await.expect_status(200);
        records(&anna, &["REST.HEAD.BUCKET"]).await;
        for key in log_keys(&anna).await {
            let (start, unique) = key.rsplit_once('-').unwrap();
            assert!(digits(start) == stem && is_unique(unique), "{key}");
            let by_event = start.ends_with("-00-00-00");
            assert_eq!(by_event, format.contains("PartitionedPrefix/"), "{key}");
        }
    }
}

#[tokio::test]
async fn access_log_needs_permission() {
    let (_server, anna) = logging("", |builder| builder).await;
    let never = async |why: &str| {
        let before = log_keys(&anna).await.len();
        anna.head("/bkt").send().await.expect_status(200);
        tokio::time::sleep(Duration::from_millis(250)).await;
        assert_eq!(log_keys(&anna).await.len(), before, "{why}");
    };
    anna.get("/bkt").send().await.expect_status(200);
    records(&anna, &["REST.GET.BUCKET"]).await;
    anna.delete("/logs?policy").send().await.expect_status(204);
    never("nothing allows it").await;
    allow(&anna, "other").await;
    never("it is another bucket that may").await;
    // By an ACL.
    anna.delete("/logs?policy").send().await.expect_status(204);
    anna.put("/logs?acl").header("x-amz-acl", "log-delivery-write").send().await.expect_status(200);
    anna.head("/bkt").send().await.expect_status(200);
    records(&anna, &["REST.HEAD.BUCKET"]).await;
    // What is denied to all is denied to services.
    let deny =
        "{\"Effect\":\"Deny\",\"Principal\":\"*\",\"Action\":\"s3:PutObject\",\"Resource\":\"arn:aws:s3:::logs/*\"}";
    anna.put("/logs?policy").body(policy(deny)).send().await.expect_status(204);
    never("a statement denies it").await;
}

#[tokio::test]
async fn access_log_is_not_for_other_accounts() {
    let (server, anna) = logging("", |builder| builder).await;
    let berta = client(&server, "berta");
    anna.get("/bkt").send().await.expect_status(200);
    records(&anna, &["REST.GET.BUCKET"]).await;
    // The target is gone, and then it is somebody else's.
    for key in log_keys(&anna).await {
        anna.delete(&format!("/logs/{key}")).send().await.expect_status(204);
    }
    anna.delete("/logs").send().await.expect_status(204);
    anna.head("/bkt").send().await.expect_status(200);
    tokio::time::sleep(Duration::from_millis(150)).await;
    berta.put("/logs").header("x-amz-acl", "log-delivery-write").send().await.expect_status(200);
    anna.head("/bkt").send().await.expect_status(200);
    tokio::time::sleep(Duration::from_millis(250)).await;
    assert_eq!(log_keys(&berta).await, [""; 0]);
}

#[tokio::test]
async fn access_log_grants_on_what_is_delivered() {
    let grants = format!(
        "<TargetGrants><Grant><Grantee xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xsi:type=\"CanonicalUser\"><ID>{}</ID></Grantee><Permission>READ</Permission></Grant></TargetGrants>",
        canonical_id(BERTA_ACCOUNT)
    );
    let (server, anna) = logging(&grants, |builder| builder).await;
    anna.head("/bkt").send().await.expect_status(200);
    records(&anna, &["REST.HEAD.BUCKET"]).await;
    let key = &log_keys(&anna).await[0];
    client(&server, "berta").get(&format!("/logs/{key}")).send().await.expect_status(200);
    let acl = anna.get(&format!("/logs/{key}?acl")).send().await.expect_status(200);
    assert!(acl.text().contains(&canonical_id(BERTA_ACCOUNT)) && !acl.text().contains(GROUP));
    // Where ACLs are off, there is nothing to grant.
    let enforce = crate::access_support::ownership("BucketOwnerEnforced");
    anna.put("/logs?ownershipControls").body(enforce).send().await.expect_status(200);
    let status = format!(
        "<BucketLoggingStatus><LoggingEnabled><TargetBucket>logs</TargetBucket><TargetPrefix/>{grants}</LoggingEnabled></BucketLoggingStatus>"
    );
    let reply = anna.put("/bkt?logging").body(status).send().await;
    refused(&reply, 400, "AccessControlListNotSupported", "The bucket does not allow ACLs", &[]);
}

#[tokio::test]
async fn access_log_waits_by_the_engines_clock() {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis();
    let millis = Arc::new(AtomicI64::new(i64::try_from(now).unwrap()));
    let clock = Clock::Fixed(Arc::clone(&millis));
    let (_server, anna) = logging("", |builder| builder.clock(clock).log_delivery(Duration::from_mins(1))).await;
    anna.head("/bkt").send().await.expect_status(200);
    tokio::time::sleep(Duration::from_millis(100)).await;
    millis.fetch_add(59_000, Ordering::SeqCst);
    anna.get("/bkt").send().await.expect_status(200);
    tokio::time::sleep(Duration::from_millis(1500)).await;
    assert_eq!(log_keys(&anna).await, [""; 0]);
    millis.fetch_add(1_000, Ordering::SeqCst);
    records(&anna, &["REST.HEAD.BUCKET", "REST.GET.BUCKET"]).await;
    assert_eq!(log_keys(&anna).await.len(), 1, "they are delivered together");
}

#[tokio::test]
async fn access_log_is_delivered_at_the_end_and_goes_on_after_it() {
    let hour = Duration::from_hours(1);
    let server = TestServer::on_disk(|builder| builder.identities(two()).log_delivery(hour)).await;
    let anna = client(&server, "anna");
    for bucket in ["/bkt", "/logs"] {
        anna.put(bucket).send().await.expect_status(200);
    }
    allow(&anna, "bkt").await;
    switch_on(&anna, "").await;
    anna.head("/bkt").send().await.expect_status(200);
    assert_eq!(log_keys(&anna).await, [""; 0]);
    let TestServer { running, data } = server;
    running.shutdown().await;
    let data = data.unwrap();
    let again = staves::Server::builder().hosts(["127.0.0.1"]).port(0).data_dir(data.path()).identities(two());
    let running = again.log_delivery(Duration::from_millis(30)).start().await.unwrap();
    let server = TestServer { running, data: Some(data) };
    let anna = client(&server, "anna");
    records(&anna, &["REST.HEAD.BUCKET"]).await;
    anna.get("/bkt?versioning").send().await.expect_status(200);
    records(&anna, &["REST.GET.VERSIONING"]).await;
    // Until it is switched off.
    anna.put("/bkt?logging").body("<BucketLoggingStatus/>").send().await.expect_status(200);
    anna.get("/bkt?location").send().await.expect_status(200);
    tokio::time::sleep(Duration::from_millis(250)).await;
    assert!(delivered(&anna).await.iter().all(|record| record[OPERATION] != "REST.GET.LOCATION"));
}

#[tokio::test]
async fn access_log_of_the_source_of_a_copy() {
    let (server, anna) = logging("", |builder| builder).await;
    let berta = client(&server, "berta");
    anna.put("/bkt/a%20b").body("0123456789").send().await.expect_status(200);
    anna.put("/other").send().await.expect_status(200);
    let copy = |to: &str, from: &str| anna.put(to).header("x-amz-copy-source", from);
    // The destination does not log: the source's record stands alone.
    let copied = copy("/other/c", "bkt/a%20b").header("referer", "http://r.test/").send().await.expect_status(200);
    let record = &records(&anna, &["REST.COPY.OBJECT_GET"]).await[0];
    for (field, expected) in [
        (OWNER, canonical_id(ANNA_ACCOUNT).as_str()),
        (BUCKET, "bkt"),
        (REQUESTER, &canonical_id(ANNA_ACCOUNT)),
        (REQUEST_ID, copied.header("x-amz-request-id").unwrap()),
        (KEY, "a%20b"),
        (URI, "-"),
        (STATUS, "200"),
        (ERROR, "-"),
        (SENT, "-"),
        (SIZE, "10"),
        (TOTAL, "-"),
        (TURN_AROUND, "-"),
        (REFERER, "-"),
        (USER_AGENT, "-"),
        (SIGNATURE, "SigV4"),
    ] {
        assert_eq!(record[field], expected, "field {field}");
    }
    // Within the bucket both are logged, and of a part its own.
    copy("/bkt/d", "bkt/a%20b").send().await.expect_status(200);
    let id = create_upload(&anna, "/bkt/u", &[]).await;
    copy(&format!("/bkt/u?partNumber=1&uploadId={id}"), "bkt/a%20b").send().await.expect_status(200);
    let both = records(&anna, &["REST.COPY.OBJECT", "REST.COPY.PART", "REST.COPY.PART_GET"]).await;
    assert_eq!((both[0][KEY].as_str(), both[2][KEY].as_str(), both[2][SIZE].as_str()), ("d", "a%20b", "10"));
    // One that may not be read, by whoever asks.
    berta.put("/bertas").send().await.expect_status(200);
    berta.put("/bertas/c").header("x-amz-copy-source", "bkt/secret").send().await.expect_status(403);
    // One that was read, for a copy that failed then.
    copy("/other/c", "bkt/d").header("if-none-match", "*").send().await.expect_status(412);
    for _ in 0..200 {
        if delivered(&anna).await.iter().filter(|record| record[OPERATION] == "REST.COPY.OBJECT_GET").count() == 4 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    let all = delivered(&anna).await;
    let of = |key: &str| {
        let found = all.iter().find(|record| record[OPERATION] == "REST.COPY.OBJECT_GET" && record[KEY] == key);
        let record = found.unwrap_or_else(|| panic!("{key} in {all:?}"));
        [STATUS, ERROR, SIZE].map(|field| record[field].clone())
    };
    assert_eq!(of("secret"), ["403", "AccessDenied", "-"]);
    assert_eq!(of("d"), ["200", "-", "10"]);
}

#[tokio::test]
async fn access_log_of_a_lifecycle() {
    let (_server, anna) = logging("", |builder| builder.lifecycle_day(Duration::from_secs(1))).await;
    let enabled = "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>";
    anna.put("/bkt?versioning").body(enabled).send().await.expect_status(200);
    let put = anna.put("/bkt/gone/k").body("hello").send().await.expect_status(200);
    let version = put.header("x-amz-version-id").unwrap().to_owned();
    anna.put("/bkt/cold/k").body("hello").send().await.expect_status(200);
    create_upload(&anna, "/bkt/open/k", &[]).await;
    let rule = |prefix: &str, what: &str| {
        format!(
            "<Rule><ID>{prefix}</ID><Filter><Prefix>{prefix}/</Prefix></Filter><Status>Enabled</Status>{what}</Rule>"
        )
    };
    let rules = [
        rule(
            "gone",
            "<Expiration><Days>1</Days></Expiration><NoncurrentVersionExpiration><NoncurrentDays>1</NoncurrentDays></NoncurrentVersionExpiration>",
        ),
        rule("cold", "<Transition><Days>0</Days><StorageClass>DEEP_ARCHIVE</StorageClass></Transition>"),
        rule(
            "open",
            "<AbortIncompleteMultipartUpload><DaysAfterInitiation>1</DaysAfterInitiation></AbortIncompleteMultipartUpload>",
        ),
    ]
    .concat();
    let document = format!("<LifecycleConfiguration>{rules}</LifecycleConfiguration>");
    let put = crate::documents::putting(&anna, "/bkt?lifecycle", &document);
    let put = put.header("x-amz-transition-default-minimum-object-size", "varies_by_storage_class");
    put.send().await.expect_status(200);
    let operations = ["S3.CREATE.DELETEMARKER", "S3.EXPIRE.OBJECT", "S3.TRANSITION_GDA.OBJECT", "S3.DELETE.UPLOAD"];
    let records = records(&anna, &operations).await;
    for record in &records {
        for (field, expected) in [
            (BUCKET, "bkt"),
            (REMOTE_IP, "-"),
            (REQUESTER, "AmazonS3"),
            (URI, "\"-\""),
            (STATUS, "-"),
            (SIGNATURE, "-"),
        ] {
            assert_eq!(record[field], expected, "field {field} of {record:?}");
        }
    }
    let told = |at: usize| [KEY, SIZE, VERSION].map(|field| records[at][field].clone());
    let marker = told(0);
    assert!(marker[0] == "gone/k" && marker[2] != version && marker[2] != "-", "{marker:?}");
    assert_eq!(told(1), ["gone/k".to_owned(), "5".to_owned(), version]);
    assert_eq!(told(2)[..2], ["cold/k", "5"]);
    assert_eq!(told(3), ["open/k", "-", "-"]);
}
