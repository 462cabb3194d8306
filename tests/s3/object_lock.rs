//! Object Lock: its configuration, retention and legal hold of versions, and what they forbid.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use staves::engine::clock::Clock;
use staves::wire::sigv4::AmzDate;
use staves::wire::time::Timestamp;

use crate::answers::{MALFORMED_XML, bad_argument, bad_request, refused, refused_bare};
use crate::documents::{posting, put as put_document, putting};
use crate::support::server::{SMALL_PART, TestServer, complete, create_upload, part_list, upload_part};
use crate::support::{RawClient, Reply, RequestBuilder};
use crate::versioning::{put, set_versioning};
use staves::engine::limits::Limits;

const K: &str = "/bkt/k";
const CONFIGURATION: &str = "/bkt?object-lock";
const LOCKED: &str = "Access Denied because object protected by object lock.";
const BYPASS: &str = "x-amz-bypass-governance-retention";
const MISSING: &str = "Bucket is missing Object Lock Configuration";
const DAY_MS: i64 = 86_400_000;

/// A bucket with Object Lock, and what time it is.
struct Vault {
    _server: TestServer,
    client: RawClient,
    millis: Arc<AtomicI64>,
}

impl Vault {
    async fn open() -> Vault {
        let now = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap().as_millis();
        let millis = Arc::new(AtomicI64::new(i64::try_from(now).unwrap() / 1000 * 1000));
        let clock = Clock::Fixed(Arc::clone(&millis));
        let limits = Limits { min_part_size_bytes: SMALL_PART, ..Limits::default() };
        let server = TestServer::with(|builder| builder.clock(clock).limits(limits)).await;
        let client = server.client();
        let request = client.put("/bkt").header("x-amz-bucket-object-lock-enabled", "True");
        request.send().await.expect_status(200);
        Vault { _server: server, client, millis }
    }

    /// The moment in so many days, as documents have it.
    fn in_days(&self, days: i64) -> String {
        Timestamp::from_millis(self.millis.load(Ordering::SeqCst) + days * DAY_MS).iso8601_millis()
    }

    fn pass_days(&self, days: i64) {
        self.millis.fetch_add(days * DAY_MS, Ordering::SeqCst);
    }

    /// Signed at the moment that it is here.
    fn now(&self, request: RequestBuilder) -> RequestBuilder {
        request.date(AmzDate::from_unix(self.millis.load(Ordering::SeqCst) / 1000))
    }

    async fn put_retention(&self, version: &str, mode: &str, days: i64, headers: &[(&str, &str)]) -> Reply {
        let until = self.in_days(days);
        let body = format!("<Retention><Mode>{mode}</Mode><RetainUntilDate>{until}</RetainUntilDate></Retention>");
        self.put_retention_document(version, &body, headers).await
    }

    async fn put_retention_document(&self, version: &str, body: &str, headers: &[(&str, &str)]) -> Reply {
        let request = putting(&self.client, &format!("{K}?retention&versionId={version}"), body);
        self.now(with(request, headers)).send().await
    }

    async fn delete(&self, version: &str, headers: &[(&str, &str)]) -> Reply {
        self.now(with(self.client.delete(&format!("{K}?versionId={version}")), headers)).send().await
    }
}

fn with(request: RequestBuilder, headers: &[(&str, &str)]) -> RequestBuilder {
    headers.iter().fold(request, |request, (name, value)| request.header(name, value))
}

fn configuration(rule: &str) -> String {
    format!("<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled>{rule}</ObjectLockConfiguration>")
}

fn default_retention(inner: &str) -> String {
    configuration(&format!("<Rule><DefaultRetention>{inner}</DefaultRetention></Rule>"))
}

fn hold(status: &str) -> String {
    format!("<LegalHold><Status>{status}</Status></LegalHold>")
}

fn locked(reply: &Reply) {
    refused(reply, 403, "AccessDenied", LOCKED, &[]);
}

fn not_set(reply: &Reply) {
    let message = "The specified object does not have a ObjectLock configuration";
    refused(reply, 404, "NoSuchObjectLockConfiguration", message, &[]);
}

#[tokio::test]
async fn object_lock_configuration_round_trip() {
    let vault = Vault::open().await;
    let client = &vault.client;
    assert_eq!(client.get("/bkt?versioning").send().await.xml_text("Status").as_deref(), Some("Enabled"));
    let shown = async || client.get(CONFIGURATION).send().await.expect_status(200).text().to_owned();
    let root = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
                <ObjectLockConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\
                <ObjectLockEnabled>Enabled</ObjectLockEnabled>";
    assert_eq!(shown().await, format!("{root}</ObjectLockConfiguration>"));
    for inner in ["<Mode>GOVERNANCE</Mode><Days>3</Days>", "<Mode>COMPLIANCE</Mode><Years>100</Years>"] {
        put_document(client, CONFIGURATION, &default_retention(inner)).await.expect_status(200);
        let rule = format!("<Rule><DefaultRetention>{inner}</DefaultRetention></Rule>");
        let first = shown().await;
        assert_eq!(first, format!("{root}{rule}</ObjectLockConfiguration>"));
        put_document(client, CONFIGURATION, &first).await.expect_status(200);
        assert_eq!(shown().await, first);
    }
    put_document(client, CONFIGURATION, &configuration("")).await.expect_status(200);
    assert_eq!(shown().await, format!("{root}</ObjectLockConfiguration>"));
    client.delete(CONFIGURATION).send().await.expect_error(405, "MethodNotAllowed");
}

#[tokio::test]
async fn object_lock_configuration_refusals() {
    let vault = Vault::open().await;
    let client = &vault.client;
    let reply = client.put(CONFIGURATION).body(configuration("")).send().await;
    bad_request(&reply, "Missing required header for this request: Content-MD5 OR x-amz-checksum-*");
    let rule = default_retention("<Mode>GOVERNANCE</Mode><Days>1</Days>");
    for body in [
        String::new(),
        "<ObjectLockConfiguration/>".to_owned(),
        rule.replace("Enabled", "Disabled"),
        rule.replace("ObjectLockEnabled>", "Other>"),
        configuration("<Rule/>"),
        default_retention(""),
        default_retention("<Mode>GOVERNANCE</Mode>"),
        default_retention("<Days>1</Days>"),
        default_retention("<Mode>governance</Mode><Days>1</Days>"),
        default_retention("<Mode>GOVERNANCE</Mode><Days>1</Days><Years>1</Years>"),
        default_retention("<Mode>GOVERNANCE</Mode><Days>one</Days>"),
    ] {
        refused(&put_document(client, CONFIGURATION, &body).await, 400, "MalformedXML", MALFORMED_XML, &[]);
    }
    for (unit, value, message) in [
        ("Days", "0", "Default retention period must be a positive integer value."),
        ("Years", "-1", "Default retention period must be a positive integer value."),
        ("Days", "36501", "Default retention period too large."),
        ("Years", "101", "Default retention period too large."),
    ] {
        let body = default_retention(&format!("<Mode>GOVERNANCE</Mode><{unit}>{value}</{unit}>"));
        bad_argument(&put_document(client, CONFIGURATION, &body).await, message, unit, value);
    }
    client.put("/other").send().await.expect_status(200);
    let message = "Versioning must be 'Enabled' on the bucket to apply a Object Lock configuration";
    let none = "Object Lock configuration does not exist for this bucket";
    for status in [None, Some("Suspended")] {
        if let Some(status) = status {
            set_versioning(client, "other", status).await.expect_status(200);
        }
        for body in [rule.as_str(), "<ObjectLockConfiguration/>"] {
            refused(&put_document(client, "/other?object-lock", body).await, 409, "InvalidBucketState", message, &[]);
        }
        let reply = client.get("/other?object-lock").send().await;
        refused(&reply, 404, "ObjectLockConfigurationNotFoundError", none, &[("BucketName", "other")]);
    }
    set_versioning(client, "other", "Enabled").await.expect_status(200);
    put_document(client, "/other?object-lock", &rule).await.expect_status(200);
    let message = "An Object Lock configuration is present on this bucket, so the versioning state cannot be changed.";
    for bucket in ["bkt", "other"] {
        refused(&set_versioning(client, bucket, "Suspended").await, 409, "InvalidBucketState", message, &[]);
        set_versioning(client, bucket, "Enabled").await.expect_status(200);
    }
}

#[tokio::test]
async fn create_bucket_with_object_lock() {
    let server = TestServer::start().await;
    let client = server.client();
    let make = async |bucket: &str, value: &str| {
        client.put(bucket).header("x-amz-bucket-object-lock-enabled", value).send().await
    };
    bad_argument(&make("/bkt", "yes").await, "Invalid Argument", "x-amz-bucket-object-lock-enabled", "yes");
    client.head("/bkt").send().await.expect_status(404);
    make("/bkt", "false").await.expect_status(200);
    client.get(CONFIGURATION).send().await.expect_error(404, "ObjectLockConfigurationNotFoundError");
    // It is there, and would not get the lock.
    make("/bkt", "true").await.expect_error(409, "BucketAlreadyOwnedByYou");
    make("/locked", "true").await.expect_status(200);
    client.get("/locked?object-lock").send().await.expect_status(200);
}

#[tokio::test]
async fn object_lock_of_a_bucket_without() {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    client.put(K).body("hello").send().await.expect_status(200);
    for target in ["/bkt/k?retention", "/bkt/k?legal-hold", "/bkt/gone?retention"] {
        bad_request(&client.get(target).send().await, MISSING);
        bad_request(&put_document(&client, target, &hold("ON")).await, MISSING);
        put_document(&client, target, "<LegalHold>").await.expect_error(400, "MalformedXML");
        put_document(&client, target, "").await.expect_error(400, "MalformedXML");
    }
    for (name, value) in [
        ("x-amz-object-lock-mode", "GOVERNANCE"),
        ("x-amz-object-lock-retain-until-date", "2030-01-01T00:00:00Z"),
        ("x-amz-object-lock-legal-hold", "ON"),
        ("x-amz-object-lock-legal-hold", "OFF"),
    ] {
        let message = "Bucket is missing ObjectLockConfiguration";
        bad_request(&client.put(K).header(name, value).body("hello").send().await, message);
        bad_request(&client.post("/bkt/k?uploads").header(name, value).send().await, message);
        let copy = client.put("/bkt/to").header("x-amz-copy-source", "bkt/k").header(name, value).send().await;
        refused_bare(&copy, 400, "InvalidRequest", message, &[]);
    }
    let message = "x-amz-bypass-governance-retention is only applicable to Object Lock enabled buckets.";
    let fields = [("ArgumentName", BYPASS)];
    for value in ["true", "false"] {
        let reply = client.delete(K).header(BYPASS, value).send().await;
        refused(&reply, 400, "InvalidArgument", message, &fields);
        let list = "<Delete><Object><Key>k</Key></Object></Delete>";
        let reply = posting(&client, "/bkt?delete", list).header(BYPASS, value).send().await;
        refused(&reply, 400, "InvalidArgument", message, &fields);
    }
    client.get(K).send().await.expect_status(200);
}

#[tokio::test]
async fn put_object_retention_and_legal_hold_documents() {
    let vault = Vault::open().await;
    let client = &vault.client;
    let version = put(client, K, "hello").await;
    let (retention, legal_hold) = (format!("{K}?retention"), format!("{K}?legal-hold"));
    not_set(&client.get(&retention).send().await);
    not_set(&client.get(&legal_hold).send().await);
    for name in ["mode", "retain-until-date", "legal-hold"] {
        assert_eq!(client.head(K).send().await.header(&format!("x-amz-object-lock-{name}")), None);
    }
    let until = vault.in_days(2);
    let body = format!("<Retention><Mode>GOVERNANCE</Mode><RetainUntilDate>{until}</RetainUntilDate></Retention>");
    let reply = put_document(client, &retention, &body).await.expect_status(200);
    assert!(reply.body.is_empty());
    put_document(client, &legal_hold, &hold("ON")).await.expect_status(200);
    let shown = client.get(&retention).send().await.expect_status(200);
    let root = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
    let namespace = "xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"";
    assert_eq!(shown.text(), body.replace("<Retention>", &format!("{root}<Retention {namespace}>")));
    let shown = client.get(&format!("{legal_hold}&versionId={version}")).send().await.expect_status(200);
    assert_eq!(shown.text(), hold("ON").replace("<LegalHold>", &format!("{root}<LegalHold {namespace}>")));
    for reply in [client.head(K).send().await, client.get(K).send().await] {
        assert_eq!(reply.header("x-amz-object-lock-mode"), Some("GOVERNANCE"));
        assert_eq!(reply.header("x-amz-object-lock-retain-until-date"), Some(until.as_str()));
        assert_eq!(reply.header("x-amz-object-lock-legal-hold"), Some("ON"));
    }
    put_document(client, &legal_hold, &hold("OFF")).await.expect_status(200);
    assert_eq!(client.get(&legal_hold).send().await.xml_text("Status").as_deref(), Some("OFF"));
    assert_eq!(client.head(K).send().await.header("x-amz-object-lock-legal-hold"), Some("OFF"));
}

#[tokio::test]
async fn put_object_retention_and_legal_hold_refusals() {
    let vault = Vault::open().await;
    let client = &vault.client;
    let (retention, legal_hold) = (format!("{K}?retention"), format!("{K}?legal-hold"));
    let until = vault.in_days(1);
    let good = format!("<Retention><Mode>GOVERNANCE</Mode><RetainUntilDate>{until}</RetainUntilDate></Retention>");
    let no_key = "The specified key does not exist.";
    for (target, body) in
        [(&retention, good.as_str()), (&legal_hold, &hold("ON")), (&retention, "<Retention><a/></Retention>")]
    {
        refused(&client.get(target).send().await, 404, "NoSuchKey", no_key, &[("Key", "k")]);
        refused(&put_document(client, target, body).await, 404, "NoSuchKey", no_key, &[("Key", "k")]);
    }
    put(client, K, "hello").await;
    for (target, body) in [(&retention, good.as_str()), (&legal_hold, &hold("ON"))] {
        let reply = client.put(target).body(body).send().await;
        bad_request(&reply, "Missing required header for this request: Content-MD5 OR x-amz-checksum-*");
        for body in ["", "no xml", "<Other/>"] {
            refused(&put_document(client, target, body).await, 400, "MalformedXML", MALFORMED_XML, &[]);
        }
    }
    for body in [
        good.replace("GOVERNANCE", "governance"),
        good.replace(&until, "tomorrow"),
        "<Retention><Mode>GOVERNANCE</Mode></Retention>".to_owned(),
        format!("<Retention><RetainUntilDate>{until}</RetainUntilDate></Retention>"),
    ] {
        refused(&put_document(client, &retention, &body).await, 400, "MalformedXML", MALFORMED_XML, &[]);
    }
    let past = good.replace(&until, "2020-01-01T00:00:00Z");
    let reply = put_document(client, &retention, &past).await;
    let message = "The retain until date must be in the future!";
    bad_argument(&reply, message, "RetainUntilDate", "Tue Dec 31 16:00:00 PST 2019");
    for body in [hold("on"), hold(""), "<LegalHold/>".to_owned()] {
        refused(&put_document(client, &legal_hold, &body).await, 400, "MalformedXML", MALFORMED_XML, &[]);
    }
    not_set(&client.get(&retention).send().await);
    not_set(&client.get(&legal_hold).send().await);
    let marker = client.delete(K).send().await.expect_status(204);
    let marker = marker.header("x-amz-version-id").unwrap().to_owned();
    for target in [retention.clone(), legal_hold, format!("{retention}&versionId={marker}")] {
        let reply = put_document(client, &target, if target == retention { &good } else { "<x/>" }).await;
        let fields = [("Method", "PUT"), ("ResourceType", "DeleteMarker")];
        let message = "The specified method is not allowed against this resource.";
        refused(&reply, 405, "MethodNotAllowed", message, &fields);
    }
}

#[tokio::test]
async fn retention_under_governance() {
    let vault = Vault::open().await;
    let version = put(&vault.client, K, "hello").await;
    vault.put_retention(&version, "GOVERNANCE", 2, &[]).await.expect_status(200);
    locked(&vault.delete(&version, &[]).await);
    locked(&vault.delete(&version, &[(BYPASS, "false")]).await);
    // Longer is fine; shorter, another mode and none at all are not.
    vault.put_retention(&version, "GOVERNANCE", 3, &[]).await.expect_status(200);
    locked(&vault.put_retention(&version, "GOVERNANCE", 1, &[]).await);
    locked(&vault.put_retention(&version, "COMPLIANCE", 4, &[]).await);
    locked(&vault.put_retention_document(&version, "<Retention/>", &[]).await);
    vault.put_retention(&version, "GOVERNANCE", 1, &[(BYPASS, "true")]).await.expect_status(200);
    // Without its version a delete marker hides it.
    let marker = vault.client.delete(K).send().await.expect_status(204);
    assert_eq!(marker.header("x-amz-delete-marker"), Some("true"));
    vault.delete(marker.header("x-amz-version-id").unwrap(), &[]).await.expect_status(204);
    vault.delete(&version, &[(BYPASS, "true")]).await.expect_status(204);
    vault.client.get(K).send().await.expect_status(404);
    let other = put(&vault.client, K, "hello").await;
    vault.put_retention(&other, "GOVERNANCE", 1, &[]).await.expect_status(200);
    vault.put_retention_document(&other, "<Retention/>", &[(BYPASS, "true")]).await.expect_status(200);
    not_set(&vault.client.get(&format!("{K}?retention")).send().await);
    vault.delete(&other, &[]).await.expect_status(204);
}

#[tokio::test]
async fn retention_under_compliance() {
    let vault = Vault::open().await;
    let version = put(&vault.client, K, "hello").await;
    vault.put_retention(&version, "COMPLIANCE", 2, &[]).await.expect_status(200);
    for headers in [&[][..], &[(BYPASS, "true")]] {
        locked(&vault.delete(&version, headers).await);
        locked(&vault.put_retention(&version, "COMPLIANCE", 1, headers).await);
        locked(&vault.put_retention(&version, "GOVERNANCE", 3, headers).await);
        locked(&vault.put_retention_document(&version, "<Retention/>", headers).await);
    }
    vault.put_retention(&version, "COMPLIANCE", 3, &[]).await.expect_status(200);
    vault.pass_days(2);
    locked(&vault.delete(&version, &[]).await);
    vault.pass_days(1);
    vault.delete(&version, &[]).await.expect_status(204);
    vault.now(vault.client.get(K)).send().await.expect_status(404);
}

#[tokio::test]
async fn legal_hold_keeps_whatever_the_retention() {
    let vault = Vault::open().await;
    let version = put(&vault.client, K, "hello").await;
    let target = format!("{K}?legal-hold&versionId={version}");
    put_document(&vault.client, &target, &hold("ON")).await.expect_status(200);
    locked(&vault.delete(&version, &[]).await);
    locked(&vault.delete(&version, &[(BYPASS, "true")]).await);
    put_document(&vault.client, &target, &hold("OFF")).await.expect_status(200);
    vault.delete(&version, &[]).await.expect_status(204);
}

#[tokio::test]
async fn delete_objects_each_by_its_lock() {
    let vault = Vault::open().await;
    let client = &vault.client;
    let free = put(client, "/bkt/free", "1").await;
    let held = put(client, K, "2").await;
    let kept = put(client, K, "3").await;
    vault.put_retention(&held, "GOVERNANCE", 1, &[]).await.expect_status(200);
    vault.put_retention(&kept, "COMPLIANCE", 1, &[]).await.expect_status(200);
    let list: String = [("free", &free), ("k", &held), ("k", &kept)]
        .map(|(key, version)| format!("<Object><Key>{key}</Key><VersionId>{version}</VersionId></Object>"))
        .concat();
    let list = format!("<Delete>{list}</Delete>");
    let reply = posting(client, "/bkt?delete", &list).send().await.expect_status(200);
    let error = |version: &str| {
        format!(
            "<Error><Key>k</Key><VersionId>{version}</VersionId><Code>AccessDenied</Code><Message>{LOCKED}</Message></Error>"
        )
    };
    assert_eq!(reply.xml_all("Code").len(), 2, "{}", reply.text());
    for version in [&held, &kept] {
        assert!(reply.text().contains(&error(version)), "{}", reply.text());
    }
    let reply = posting(client, "/bkt?delete", &list).header(BYPASS, "true").send().await.expect_status(200);
    assert_eq!(reply.xml_all("Code").len(), 1, "{}", reply.text());
    assert!(reply.text().contains(&error(&kept)), "{}", reply.text());
    // Keys without a version are not what is locked.
    let reply = posting(client, "/bkt?delete", "<Delete><Object><Key>k</Key></Object></Delete>").send().await;
    assert_eq!(reply.expect_status(200).xml_text("DeleteMarker").as_deref(), Some("true"));
}

#[tokio::test]
async fn put_object_with_a_lock() {
    let vault = Vault::open().await;
    let client = &vault.client;
    let until = vault.in_days(1);
    let (mode, date, hold) =
        ("x-amz-object-lock-mode", "x-amz-object-lock-retain-until-date", "x-amz-object-lock-legal-hold");
    let put = async |headers: &[(&str, &str)]| with(putting(client, K, "hello"), headers).send().await;
    let reply = put(&[(mode, "COMPLIANCE"), (date, &until), (hold, "ON")]).await.expect_status(200);
    assert_eq!(reply.header(mode), None);
    let head = client.head(K).send().await.expect_status(200);
    assert_eq!((head.header(mode), head.header(hold)), (Some("COMPLIANCE"), Some("ON")));
    assert_eq!(head.header(date), Some(until.as_str()));
    let version = head.header("x-amz-version-id").unwrap();
    locked(&vault.delete(version, &[(BYPASS, "true")]).await);

    let both = "x-amz-object-lock-retain-until-date and x-amz-object-lock-mode must both be supplied";
    let reply = put(&[(mode, "COMPLIANCE")]).await;
    refused(&reply, 400, "InvalidArgument", both, &[("ArgumentName", date)]);
    let reply = put(&[(date, &until)]).await;
    refused(&reply, 400, "InvalidArgument", both, &[("ArgumentName", mode)]);
    let reply = put(&[(mode, "compliance"), (date, &until)]).await;
    bad_argument(&reply, "Unknown wormMode directive.", mode, "compliance");
    let reply = put(&[(mode, "COMPLIANCE"), (date, "tomorrow")]).await;
    bad_argument(&reply, "The retain until date must be provided in ISO 8601 format", date, "tomorrow");
    let reply = put(&[(mode, "COMPLIANCE"), (date, "2020-01-01T00:00:00Z")]).await;
    bad_argument(&reply, "The retain until date must be in the future!", date, "2020-01-01T00:00:00Z");
    let reply = put(&[(hold, "on")]).await;
    bad_argument(&reply, "Legal Hold must be either of 'ON' or 'OFF'", hold, "on");

    let digest =
        "Content-MD5 OR x-amz-checksum- HTTP header is required for Put Object requests with Object Lock parameters";
    let reply = client.put(K).header(hold, "ON").body("hello").send().await;
    bad_request(&reply, digest);
    client
        .put(K)
        .header(hold, "OFF")
        .header("x-amz-checksum-crc32", "NhCmhg==")
        .body("hello")
        .send()
        .await
        .expect_status(200);
    client.put(K).body("hello").send().await.expect_status(200);
    let rule = default_retention("<Mode>GOVERNANCE</Mode><Days>1</Days>");
    put_document(client, CONFIGURATION, &rule).await.expect_status(200);
    bad_request(&client.put(K).body("hello").send().await, digest);
    assert_eq!(client.get("/bkt?versions").send().await.xml_all("VersionId").len(), 3);
}

#[tokio::test]
async fn default_retention_of_every_way_to_make_an_object() {
    let vault = Vault::open().await;
    let client = &vault.client;
    let source = put(client, "/bkt/source", "hello").await;
    let rule = default_retention("<Mode>GOVERNANCE</Mode><Years>1</Years>");
    put_document(client, CONFIGURATION, &rule).await.expect_status(200);
    let until = vault.in_days(365);
    let shown = async |target: &str| {
        let head = client.head(target).send().await.expect_status(200);
        let shown = ["mode", "retain-until-date", "legal-hold"]
            .map(|name| head.header(&format!("x-amz-object-lock-{name}")).unwrap_or_default().to_owned());
        shown.join(" ")
    };
    putting(client, "/bkt/put", "hello").send().await.expect_status(200);
    client.put("/bkt/copy").header("x-amz-copy-source", "bkt/source").send().await.expect_status(200);
    let id = create_upload(client, "/bkt/upload", &[("x-amz-object-lock-legal-hold", "ON")]).await;
    let refusal = upload_part(client, "/bkt/upload", &id, 1, b"hello").await;
    bad_request(
        &refusal,
        "Content-MD5 OR x-amz-checksum- HTTP header is required for Put Part requests with Object Lock parameters",
    );
    let part = putting(client, &format!("/bkt/upload?partNumber=1&uploadId={id}"), "hello").send().await;
    let etag = part.expect_status(200).header("etag").unwrap().to_owned();
    complete(client, "/bkt/upload", &id, &part_list([(1, etag.as_str())])).await.expect_status(200);
    for (target, hold) in [("/bkt/put", ""), ("/bkt/copy", ""), ("/bkt/upload", "ON")] {
        assert_eq!(shown(target).await, format!("GOVERNANCE {until} {hold}"), "{target}");
    }
    assert_eq!(shown(&format!("/bkt/source?versionId={source}")).await, "  ");
    // What the request says comes before the default.
    let sooner = vault.in_days(1);
    let headers = [("x-amz-object-lock-mode", "COMPLIANCE"), ("x-amz-object-lock-retain-until-date", sooner.as_str())];
    with(putting(client, "/bkt/own", "hello"), &headers).send().await.expect_status(200);
    assert_eq!(shown("/bkt/own").await, format!("COMPLIANCE {sooner} "));
    // A copy's lock is its own.
    let copy = client.put("/bkt/copy").header("x-amz-copy-source", "bkt/own").send().await;
    copy.expect_status(200);
    assert_eq!(shown("/bkt/copy").await, format!("GOVERNANCE {until} "));
}
