//! Tests of the explanations: a client signs something else, the server says what.

use http::HeaderMap;

use super::guesses::replace_header;
use super::*;
use crate::wire::sigv4::{EMPTY_SHA256, SignedHeaders, UNSIGNED_PAYLOAD};

const SECRET: &str = "hush-hush";

struct Case {
    method: &'static str,
    path: &'static str,
    query: &'static str,
    headers: HeaderMap,
    signed: SignedHeaders,
}

impl Default for Case {
    fn default() -> Self {
        let mut headers = HeaderMap::new();
        headers.insert("host", "localhost:9000".parse().unwrap());
        headers.insert("accept-encoding", "br".parse().unwrap());
        let (method, path, query) = ("GET", "/b/.//k%20%2Bx", "b=x+y&uploads&a=1");
        Self { method, path, query, headers, signed: SignedHeaders::parse("accept-encoding;host") }
    }
}

impl Case {
    /// What the server finds when the client has signed something that `change` made of the right canonical request.
    fn found(&self, change: impl FnOnce(&mut Canonical), secret: &str, region: &str) -> Vec<Finding> {
        let (method, raw_path, raw_query, headers) = (self.method, self.path, self.query, &self.headers);
        let request = Request { method, raw_path, raw_query, headers };
        let canonical = Canonical::of(request, Mechanism::Header, &self.signed, EMPTY_SHA256);
        let mut of_client = canonical.clone();
        change(&mut of_client);
        let date = AmzDate::from_unix(1_369_353_600);
        let scope = Scope::s3(date, "us-east-1");
        let key = SigningKey::derive(secret, &Scope::s3(date, region));
        let signature = of_client.sign(date, &scope, &key).signature;
        let failure = Failure {
            request,
            mechanism: Mechanism::Header,
            canonical: &canonical,
            date,
            scope: &scope,
            signature: &signature,
        };
        let alternatives = Alternatives {
            secret_key: SECRET,
            hosts: &["minio", "s3.local:80"],
            region: "eu-west-1",
            body_sha256: Some("abc"),
            other_secrets: &[("OTHER", "another")],
        };
        let found = explain(&failure, &alternatives);
        assert!(found.iter().all(|finding| !finding.sentence.contains("hush")), "{found:?}");
        found
    }

    fn cause(&self, change: impl FnOnce(&mut Canonical)) -> (Cause, String) {
        let found = self.found(change, SECRET, "us-east-1");
        assert_eq!(found.len(), 1, "{found:?}");
        (found[0].cause, found[0].to_string())
    }
}

fn host(name: &str) -> impl FnOnce(&mut Canonical) {
    move |canonical| replace_header(canonical, "host", name.as_bytes())
}

#[test]
fn hosts() {
    let (cause, sentence) = Case::default().cause(host("minio:9000"));
    assert_eq!(cause, Cause::Host);
    assert_eq!(
        sentence,
        "signing with host `minio:9000` instead of `localhost:9000` would have matched: \
         the client signed for another host name"
    );
    for name in ["localhost", "localhost:443", "minio", "s3.local:80", "s3.local", "b.localhost:9000"] {
        assert_eq!(Case::default().cause(host(name)).0, Cause::Host, "{name}");
    }
    let mut proxied = Case::default();
    proxied.headers.insert("x-forwarded-host", "files.example.com".parse().unwrap());
    assert_eq!(proxied.cause(host("files.example.com")).0, Cause::Host);
}

#[test]
fn paths() {
    let path = |path: &str| Case::default().cause(|canonical| path.clone_into(&mut canonical.path));
    assert!(path("/b/.//k%2520%252Bx").1.contains("encodes the path twice"));
    assert!(path("/b/k%20%2Bx").1.contains("normalises the path"));
    assert!(path("/b/.//k +x").1.contains("without encoding it"));
    assert!(path("/b/.//k%20%2Bx/").1.contains("was lost on the way"));
    let tilde = Case { path: "/b/%7ek", ..Case::default() };
    assert!(tilde.cause(|canonical| "/b/%7ek".clone_into(&mut canonical.path)).1.contains("as it sends it"));
}

#[test]
fn queries() {
    let query = |query: &str| Case::default().cause(|canonical| query.clone_into(&mut canonical.query)).1;
    assert!(query("a=1&b=x%2By&uploads=").contains("send `%2B`"));
    assert!(query("b=x+y&uploads=&a=1").contains("sorts it by name"));
    assert!(query("a=1&b=x+y&uploads=").contains("without encoding"));
    assert!(query("a=1&b=x%20y&uploads").contains("SigV4 wants `name=`"));
    assert!(query("").contains("did not sign the query"));
    assert!(query("a=1&uploads=").contains("`b` was added after signing"));
}

#[test]
fn headers_payload_and_method() {
    let (cause, sentence) = Case::default().cause(|canonical| canonical.headers[0].1 = b"identity".to_vec());
    assert_eq!(cause, Cause::Header);
    assert!(sentence.contains("`accept-encoding: identity` instead of `accept-encoding: br`"));
    let dropped = Case::default().cause(|canonical| drop(canonical.headers.remove(0)));
    assert!(dropped.1.contains("no line for the header `accept-encoding`"));
    for hash in [UNSIGNED_PAYLOAD, "abc"] {
        let payload = Case::default().cause(|canonical| hash.clone_into(&mut canonical.payload_hash));
        assert_eq!(payload.0, Cause::Payload);
    }
    let method = Case::default().cause(|canonical| "HEAD".clone_into(&mut canonical.method));
    assert!(method.1.starts_with("signing with method HEAD instead of GET would have matched"));
}

#[test]
fn keys_and_secrets() {
    let cause = |secret: &str, region: &str| Case::default().found(|_| {}, secret, region)[0].cause;
    assert_eq!(cause(SECRET, "eu-west-1"), Cause::Region);
    assert_eq!(cause("another", "us-east-1"), Cause::Secret);
    assert_eq!(cause("hush-hush\n", "us-east-1"), Cause::Secret);
    assert!(Case::default().found(|_| {}, "no idea", "us-east-1").is_empty());
}

#[test]
fn a_host_and_something_else() {
    let (cause, sentence) = Case::default().cause(|canonical| {
        host("b.localhost:9000")(canonical);
        "/.//k%20%2Bx".clone_into(&mut canonical.path);
    });
    assert_eq!(cause, Cause::Host);
    assert!(sentence.contains("host `b.localhost:9000`") && sentence.contains("and with path `/.//k%20%2Bx`"));
}
