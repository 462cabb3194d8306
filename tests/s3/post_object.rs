//! `POST Object`: forms as browsers send them, their policies and signatures.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use staves::wire::post_policy::{sign_v2, sign_v4};
use staves::wire::sigv4::{AmzDate, Scope};
use staves::wire::time::Timestamp;

use crate::access_support::{ANNA_ACCOUNT, BERTA_ACCOUNT, Two, account, statement};
use crate::answers::{DENIED, bad_argument, refused};
use crate::support::server::TestServer;
use crate::support::{RawClient, Reply, RequestBuilder};

const ETAG: &str = "\"841a2d689ad86bd1611447453c22c6fc\"";

/// A form to be: fields in their order, then the file.
#[derive(Clone)]
struct Form {
    fields: Vec<(String, String)>,
    file_name: String,
    body: Vec<u8>,
}

impl Form {
    fn new(fields: &[(&str, &str)]) -> Form {
        let fields = fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Form { fields, file_name: "cat.jpg".to_owned(), body: b"body".to_vec() }
    }

    fn with(mut self, name: &str, value: &str) -> Form {
        self.fields.push((name.to_owned(), value.to_owned()));
        self
    }

    fn without(mut self, name: &str) -> Form {
        self.fields.retain(|(other, _)| other != name);
        self
    }

    fn set(mut self, name: &str, value: &str) -> Form {
        for (_, old) in self.fields.iter_mut().filter(|(other, _)| other == name) {
            value.clone_into(old);
        }
        self
    }

    fn body(mut self, body: &[u8]) -> Form {
        self.body = body.to_vec();
        self
    }

    /// Adds a policy with these conditions, and `SigV4`'s fields, which the conditions cover.
    fn signed(self, conditions: &str) -> Form {
        self.signed_as("test", conditions, &expiration(600))
    }

    fn signed_as(self, key: &str, conditions: &str, expiration: &str) -> Form {
        let date = AmzDate::from_unix(now());
        let scope = Scope::s3(date, "us-east-1");
        let (credential, stamp) = (format!("{key}/{scope}"), date.iso_basic());
        let own = format!(
            "{{\"x-amz-algorithm\":\"AWS4-HMAC-SHA256\"}},{{\"x-amz-credential\":\"{credential}\"}},{{\"x-amz-date\":\"{stamp}\"}}"
        );
        let join = if conditions.is_empty() { "" } else { "," };
        let policy = document(&format!("{own}{join}{conditions}"), expiration);
        let signature = sign_v4(key, &scope, &policy);
        self.with("policy", &policy)
            .with("x-amz-algorithm", "AWS4-HMAC-SHA256")
            .with("x-amz-credential", &credential)
            .with("x-amz-date", &stamp)
            .with("x-amz-signature", &signature)
    }

    fn encoded(&self) -> Vec<u8> {
        let mut body = Vec::new();
        for (name, value) in &self.fields {
            let field = format!("--x\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
            body.extend_from_slice(field.as_bytes());
        }
        let file = format!(
            "--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{}\"\r\nContent-Type: image/jpeg\r\n\r\n",
            self.file_name
        );
        body.extend_from_slice(file.as_bytes());
        body.extend_from_slice(&self.body);
        body.extend_from_slice(b"\r\n--x--\r\n");
        body
    }
}

fn now() -> i64 {
    i64::try_from(std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap().as_secs()).unwrap()
}

fn expiration(seconds: i64) -> String {
    Timestamp::from_secs(now() + seconds).iso8601_millis()
}

fn document(conditions: &str, expiration: &str) -> String {
    STANDARD.encode(format!("{{\"expiration\":\"{expiration}\",\"conditions\":[{conditions}]}}"))
}

fn posting(client: &RawClient, body: Vec<u8>) -> RequestBuilder {
    client.post("/bkt").anonymous().header("content-type", "multipart/form-data; boundary=x").body(body)
}

async fn post(client: &RawClient, form: &Form) -> Reply {
    posting(client, form.encoded()).send().await
}

const BUCKET: &str = "{\"bucket\":\"bkt\"}";
const ANY_KEY: &str = "[\"starts-with\",\"$key\",\"\"]";

fn any_key() -> String {
    format!("{BUCKET},{ANY_KEY}")
}

#[tokio::test]
async fn post_object_answers() {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    let reply = post(&client, &Form::new(&[("key", "a/k")]).signed(&any_key())).await.expect_status(204);
    let location = format!("http://{}/bkt/a%2Fk", server.addr());
    assert_eq!(reply.header("etag"), Some(ETAG));
    assert_eq!(reply.header("location"), Some(location.as_str()));
    assert_eq!(reply.header("x-amz-server-side-encryption"), Some("AES256"));
    assert_eq!(reply.header("x-amz-checksum-type"), Some("FULL_OBJECT"));
    assert!(reply.header("x-amz-checksum-crc64nvme").is_some() && reply.body.is_empty());
    let got = client.get("/bkt/a/k").send().await.expect_status(200);
    assert_eq!((got.body.as_slice(), got.header("content-type")), (b"body".as_slice(), Some("binary/octet-stream")));

    let any = "[\"starts-with\",\"$success_action_status\",\"\"]";
    let status = |value: &str| {
        let form = Form::new(&[("key", "k"), ("success_action_status", value)]);
        form.signed(&format!("{},{any}", any_key()))
    };
    assert!(post(&client, &status("200")).await.expect_status(200).body.is_empty());
    for other in ["204", "404", "x", ""] {
        post(&client, &status(other)).await.expect_status(204);
    }
    let reply = post(&client, &status("201")).await.expect_status(201);
    let expected = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<PostResponse><Location>http://{}/bkt/k</Location><Bucket>bkt</Bucket><Key>k</Key><ETag>&quot;841a2d689ad86bd1611447453c22c6fc&quot;</ETag></PostResponse>",
        server.addr()
    );
    assert_eq!((reply.text(), reply.header("content-type")), (expected.as_str(), Some("application/xml")));
}

#[tokio::test]
async fn post_object_redirects() {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    for field in ["success_action_redirect", "redirect"] {
        let post = async |to: &str| {
            let any = format!("[\"starts-with\",\"${field}\",\"\"],[\"starts-with\",\"$success_action_status\",\"\"]");
            let form = Form::new(&[("key", "a b"), (field, to), ("success_action_status", "201")]);
            post(&client, &form.signed(&format!("{},{any}", any_key()))).await
        };
        let reply = post("http://example.com/ok").await.expect_status(303);
        let query = "bucket=bkt&key=a%20b&etag=%22841a2d689ad86bd1611447453c22c6fc%22";
        assert_eq!(reply.header("location"), Some(format!("http://example.com/ok?{query}").as_str()));
        let reply = post("http://example.com/ok?a=1").await.expect_status(303);
        assert_eq!(reply.header("location"), Some(format!("http://example.com/ok?a=1&{query}").as_str()));
        post("nowhere").await.expect_status(201);
    }
}

#[tokio::test]
async fn post_object_fields_beyond_ascii() {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    let fields = [
        ("key", "k"),
        ("Cache-Control", "non-ascii-%E2%80%94_—_é_"),
        ("x-amz-meta-word", "=?UTF-8?B?YWJj?="),
        ("x-amz-meta-tab", "a\tb\t"),
    ];
    let conditions = format!(
        "{},[\"starts-with\",\"$cache-control\",\"\"],[\"starts-with\",\"$x-amz-meta-word\",\"\"],[\"starts-with\",\"$x-amz-meta-tab\",\"\"]",
        any_key()
    );
    post(&client, &Form::new(&fields).signed(&conditions)).await.expect_status(204);
    let got = client.head("/bkt/k").send().await.expect_status(200);
    // Recorded on AWS: a space for what ISO 8859-1 lacks, and no decoding of what looks like an encoded word.
    assert_eq!(got.header("cache-control"), Some("non-ascii-%E2%80%94_ _\u{E9}_"));
    assert_eq!(got.header("x-amz-meta-word"), Some("=?UTF-8?B?YWJj?="));
    assert_eq!(got.header("x-amz-meta-tab"), Some("a\tb\t"));
}

#[tokio::test]
async fn post_object_a_failed_condition_is_said_before_extra_fields() {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    let redirect = "http://localhost.test/random";
    let condition = format!("[\"eq\", \"success_action_redirect\", \"{redirect}\"]");
    let form = Form::new(&[("key", "k"), ("success_action_redirect", redirect)]);
    let reply = post(&client, &form.signed(&format!("{},{condition}", any_key()))).await;
    let message = format!("Invalid according to Policy: Policy Condition failed: {condition}");
    refused(&reply, 403, "AccessDenied", &message, &[]);
}

#[tokio::test]
async fn post_object_tags_are_another_document() {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    let conditions = format!("{},[\"starts-with\",\"$tagging\",\"\"]", any_key());
    let with = |document: &str| Form::new(&[("key", "k"), ("tagging", document)]).signed(&conditions);
    post(&client, &with("<InvalidXmlTagging></InvalidXmlTagging>")).await.expect_status(204);
    let tags = client.get("/bkt/k?tagging").send().await.expect_status(200);
    assert_eq!(tags.xml_all("Tag").len(), 0);
    client.delete("/bkt/k").send().await.expect_status(204);
    post(&client, &with("not-xml")).await.expect_error(400, "MalformedXML");
    client.head("/bkt/k").send().await.expect_status(404);
}

#[tokio::test]
async fn post_object_of_a_file_without_name() {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    let form = Form::new(&[("key", "file-as-field-${filename}")]).signed(&any_key()).encoded();
    let unnamed = String::from_utf8(form).unwrap().replace("; filename=\"cat.jpg\"", "");
    posting(&client, unnamed.into()).send().await.expect_status(204);
    let listed = client.get("/bkt").send().await.expect_status(200);
    assert_eq!(listed.xml_all("Key"), ["file-as-field-${filename}"]);
}

#[tokio::test]
async fn post_object_fields_are_headers() {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    let names =
        ["Content-Type", "cache-control", "x-amz-meta-Color", "x-amz-storage-class", "X-Amz-Checksum-Algorithm"];
    let values = ["text/plain", "no-cache", "žlutá", "STANDARD_IA", "SHA256"];
    let mut form = Form::new(&[("key", "dir/${filename}"), ("x-ignore-a", "1")]);
    let mut conditions = any_key();
    for (name, value) in names.iter().zip(values) {
        form = form.with(name, value);
        conditions.extend([format!(",[\"eq\",\"${}\",\"{value}\"]", name.to_ascii_lowercase())]);
    }
    form.file_name = "C:\\pictures\\cat.jpg".to_owned();
    let reply = post(&client, &form.signed(&conditions)).await.expect_status(204);
    assert!(reply.header("x-amz-checksum-sha256").is_some());
    let got = client.head("/bkt/dir/cat.jpg").send().await.expect_status(200);
    assert_eq!(got.header("content-type"), Some("text/plain"));
    assert_eq!(got.header("cache-control"), Some("no-cache"));
    assert_eq!(got.header("x-amz-storage-class"), Some("STANDARD_IA"));
    assert_eq!(got.header("x-amz-meta-color"), Some("=?UTF-8?Q?=C5=BElut=C3=A1?="));
    // Wrong ones are refused as headers are.
    let with = |name: &str, value: &str| {
        let form = Form::new(&[("key", "k"), (name, value)]);
        form.signed(&format!("{},[\"starts-with\",\"${name}\",\"\"]", any_key()))
    };
    post(&client, &with("x-amz-storage-class", "COLD")).await.expect_error(400, "InvalidStorageClass");
    post(&client, &with("content-md5", "x")).await.expect_error(400, "InvalidDigest");
    post(&client, &with("content-md5", "AAAAAAAAAAAAAAAAAAAAAA==")).await.expect_error(400, "BadDigest");
    post(&client, &with("x-amz-checksum-crc32", "AAAAAA==")).await.expect_error(400, "BadDigest");
    post(&client, &with("x-amz-checksum-algorithm", "CRC1")).await.expect_error(400, "InvalidRequest");
    post(&client, &with("acl", "open")).await.expect_error(400, "InvalidArgument");
    post(&client, &with("acl", "public-read")).await.expect_error(400, "AccessControlListNotSupported");
    client.head("/bkt/k").send().await.expect_status(404);
}

#[tokio::test]
async fn post_object_tags() {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    let any = format!("{},[\"starts-with\",\"$tagging\",\"\"]", any_key());
    let form = |tags: &str| Form::new(&[("key", "k"), ("tagging", tags)]).signed(&any);
    let tags = "<Tagging><TagSet><Tag><Key>a</Key><Value>b</Value></Tag></TagSet></Tagging>";
    post(&client, &form(tags)).await.expect_status(204);
    let shown = client.get("/bkt/k?tagging").send().await;
    assert_eq!((shown.xml_all("Key"), shown.xml_all("Value")), (vec!["a".to_owned()], vec!["b".to_owned()]));
    post(&client, &form("a=b")).await.expect_error(400, "MalformedXML");
    post(&client, &form(&tags.replace(">a<", ">aws:a<"))).await.expect_error(400, "InvalidTag");
}

#[tokio::test]
async fn post_object_headers_of_the_request_mean_nothing() {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    client.put("/bkt/k").body("old").send().await.expect_status(200);
    let body = Form::new(&[("key", "k")]).signed(&any_key()).encoded();
    let post = posting(&client, body).header("if-none-match", "*").header("x-amz-meta-a", "1");
    post.send().await.expect_status(204);
    let got = client.get("/bkt/k").send().await;
    assert_eq!((got.body.as_slice(), got.header("x-amz-meta-a")), (b"body".as_slice(), None));
}

#[tokio::test]
async fn post_object_bodies_that_are_no_forms() {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    let message = "At least one of the pre-conditions you specified did not hold";
    let fields = [("Condition", "Bucket POST must be of the enclosure-type multipart/form-data")];
    for content_type in ["text/plain", "application/x-www-form-urlencoded", ""] {
        let reply = client.post("/bkt").anonymous().header("content-type", content_type).body("a=1").send().await;
        refused(&reply, 412, "PreconditionFailed", message, &fields);
    }
    let message = "The body of your POST request is not well-formed multipart/form-data.";
    for body in ["nothing", "--x\r\nContent-Disposition: form-data; name=\"key\"\r\n\r\nbroken off"] {
        refused(&posting(&client, body.into()).send().await, 400, "MalformedPOSTRequest", message, &[]);
    }
    let form = Form::new(&[("key", "k")]).signed(&any_key()).encoded();
    let whole = String::from_utf8(form).unwrap();
    let message = "POST requires exactly one file upload per request.";
    let no_file = whole.replace("name=\"file\"; filename=\"cat.jpg\"", "name=\"other\"");
    bad_argument(&posting(&client, no_file.into()).send().await, message, "file", "0");
    let again = "--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"b\"\r\n\r\nb\r\n--x--";
    let two = whole.replace("--x--", again);
    bad_argument(&posting(&client, two.into()).send().await, message, "file", "2");
    let long = Form::new(&[("key", "k"), ("x-ignore-a", &"a".repeat(20 << 10))]);
    let reply = post(&client, &long.signed(&any_key())).await;
    reply.expect_error(400, "MaxPostPreDataLengthExceededError");
    client.get("/bkt/k").send().await.expect_status(404);
    // What follows the file is not looked at.
    let late = "--x\r\nContent-Disposition: form-data; name=\"nonsense\"\r\n\r\nb\r\n--x--";
    posting(&client, whole.replace("--x--", late).into()).send().await.expect_status(204);
}

#[tokio::test]
async fn post_object_missing_fields() {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    let whole = Form::new(&[("key", "k")]).signed(&any_key());
    for (field, shown) in [
        ("key", "key"),
        ("x-amz-signature", "X-Amz-Signature"),
        ("x-amz-algorithm", "X-Amz-Algorithm"),
        ("x-amz-credential", "X-Amz-Credential"),
        ("x-amz-date", "X-Amz-Date"),
    ] {
        let message = format!(
            "Bucket POST must contain a field named '{shown}'.  If it is specified, please check the order of the fields."
        );
        bad_argument(&post(&client, &whole.clone().without(field)).await, &message, shown, "");
    }
    let unsigned = Form::new(&[("key", "k"), ("policy", &document(&any_key(), &expiration(60)))]);
    refused(&post(&client, &unsigned).await, 403, "AccessDenied", DENIED, &[]);
    refused(&post(&client, &Form::new(&[("key", "k")])).await, 403, "AccessDenied", DENIED, &[]);
}

#[tokio::test]
async fn post_object_signatures() {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    let whole = Form::new(&[("key", "k")]).signed(&any_key());
    let policy = whole.fields.iter().find(|(name, _)| name == "policy").unwrap().1.clone();
    let reply = post(&client, &whole.clone().set("x-amz-signature", "00")).await;
    let bytes: Vec<String> = policy.bytes().map(|byte| format!("{byte:02x}")).collect();
    let fields = [
        ("AWSAccessKeyId", "test"),
        ("StringToSign", policy.as_str()),
        ("SignatureProvided", "00"),
        ("StringToSignBytes", &bytes.join(" ")),
    ];
    let message = "The request signature we calculated does not match the signature you provided. Check your key and signing method.";
    refused(&reply, 403, "SignatureDoesNotMatch", message, &fields);
    let other = Form::new(&[("key", "k")]).signed_as("nobody", &any_key(), &expiration(60));
    post(&client, &other).await.expect_error(403, "InvalidAccessKeyId");
    for (field, value) in [("x-amz-algorithm", "MD5"), ("x-amz-credential", "test"), ("x-amz-date", "today")] {
        let reply = post(&client, &whole.clone().set(field, value)).await;
        reply.expect_error(400, "AuthorizationQueryParametersError");
    }
    // SigV2's.
    let policy = document(&any_key(), &expiration(60));
    let v2 = Form::new(&[("key", "v2"), ("AWSAccessKeyId", "test"), ("policy", &policy)]);
    post(&client, &v2.clone().with("signature", &sign_v2("test", &policy))).await.expect_status(204);
    post(&client, &v2.clone().with("signature", "wrong")).await.expect_error(403, "SignatureDoesNotMatch");
    let message = "Bucket POST must contain a field named 'Signature'.  If it is specified, please check the order of the fields.";
    bad_argument(&post(&client, &v2).await, message, "Signature", "");
    assert_eq!(client.get("/bkt/v2").send().await.body, b"body");
}

#[tokio::test]
async fn post_object_keeps_to_its_policy() {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    let denied = async |form: Form, message: &str| {
        refused(
            &post(&client, &form).await,
            403,
            "AccessDenied",
            &format!("Invalid according to Policy: {message}"),
            &[],
        );
    };
    let form = || Form::new(&[("key", "k")]);
    let expired = form().signed_as("test", &any_key(), "2020-01-01T00:00:00Z");
    denied(expired, "Policy expired.").await;
    denied(
        form().signed(&format!("{BUCKET},[\"eq\",\"$key\",\"other\"]")),
        "Policy Condition failed: [\"eq\", \"$key\", \"other\"]",
    )
    .await;
    denied(
        form().signed(&format!("{{\"bucket\":\"other\"}},{ANY_KEY}")),
        "Policy Condition failed: [\"eq\", \"$bucket\", \"other\"]",
    )
    .await;
    denied(form().signed(BUCKET), "Extra input fields: key").await;
    denied(form().with("x-amz-meta-a", "1").signed(&any_key()), "Extra input fields: x-amz-meta-a").await;
    let bad = form().signed("[\"less\",\"$key\",\"k\"]");
    let message = "Invalid Policy: Invalid Condition: unknown operation 'less'.";
    refused(&post(&client, &bad).await, 400, "InvalidPolicyDocument", message, &[]);
    client.head("/bkt/k").send().await.expect_status(404);
}

#[tokio::test]
async fn post_object_sizes() {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    let sized = |body: &[u8]| {
        let form = Form::new(&[("key", "k")]).body(body);
        form.signed(&format!("{},[\"content-length-range\",3,100000]", any_key()))
    };
    let message = "Your proposed upload exceeds the maximum allowed size";
    let fields = [("ProposedSize", "3000000"), ("MaxSizeAllowed", "100000")];
    let large = vec![b'x'; 3_000_000];
    refused(&post(&client, &sized(&large)).await, 400, "EntityTooLarge", message, &fields);
    let message = "Your proposed upload is smaller than the minimum allowed size";
    let fields = [("ProposedSize", "2"), ("MinSizeAllowed", "3")];
    refused(&post(&client, &sized(b"ab")).await, 400, "EntityTooSmall", message, &fields);
    client.head("/bkt/k").send().await.expect_status(404);
    for body in [b"abc".as_slice(), &large[..100_000]] {
        post(&client, &sized(body)).await.expect_status(204);
        assert_eq!(client.get("/bkt/k").send().await.body, body);
    }
    // As large as it likes, where the policy says nothing of it.
    post(&client, &Form::new(&[("key", "k")]).body(&large).signed(&any_key())).await.expect_status(204);
    assert_eq!(client.get("/bkt/k").send().await.body, large);
}

#[tokio::test]
async fn post_object_of_strangers() {
    let two = Two::start().await;
    let signed = || Form::new(&[("key", "open/k")]).signed_as("berta", &any_key(), &expiration(60));
    let unsigned = Form::new(&[("key", "open/k")]);
    refused(&post(&two.anna, &signed()).await, 403, "AccessDenied", DENIED, &[]);
    let to_berta = statement("Allow", &account(BERTA_ACCOUNT), "s3:PutObject", "");
    two.policy(&to_berta.replace("bkt/*", "bkt/open/*")).await;
    post(&two.anna, &signed()).await.expect_status(204);
    post(&two.anna, &signed().set("key", "k")).await.expect_error(403, "AccessDenied");
    let condition = ",\"Condition\":{\"StringEquals\":{\"s3:authType\":\"POST\"}}";
    two.policy(&statement("Allow", &account(BERTA_ACCOUNT), "s3:PutObject", condition)).await;
    post(&two.anna, &signed()).await.expect_status(204);
    two.berta.put("/bkt/k").body("x").send().await.expect_error(403, "AccessDenied");
    refused(&post(&two.anna, &unsigned).await, 403, "AccessDenied", DENIED, &[]);
    // Without credentials, where everyone may write.
    let two = Two::legacy().await;
    refused(&post(&two.anna, &unsigned).await, 403, "AccessDenied", DENIED, &[]);
    two.anna.put("/bkt?acl").header("x-amz-acl", "public-read-write").send().await.expect_status(200);
    post(&two.anna, &unsigned).await.expect_status(204);
    let policy = statement("Deny", &account(ANNA_ACCOUNT), "s3:PutObject", "");
    two.policy(&policy).await;
    let signed = Form::new(&[("key", "k")]).signed_as("anna", &any_key(), &expiration(60));
    post(&two.anna, &signed).await.expect_error(403, "AccessDenied");
}

#[tokio::test]
async fn post_object_into_no_bucket() {
    let server = TestServer::start().await;
    let client = server.client();
    post(&client, &Form::new(&[("key", "k")]).signed(&any_key())).await.expect_error(404, "NoSuchBucket");
}
