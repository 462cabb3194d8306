//! Signs requests with a key that is derived once a day. The canonical request is written by hand from headers that the
//! benchmark itself chose: what a general signer does for any request would be client time that is taken from the server.

use std::fmt::Write as _;
use std::time::{SystemTime, UNIX_EPOCH};

use sha2::{Digest as _, Sha256};
use staves::wire::sigv4::{ALGORITHM, AmzDate, Credentials, EMPTY_SHA256, Scope, SigningKey};

/// What is signed. Path and query are as they are sent, and already canonical.
pub(crate) struct Lines<'a> {
    pub(crate) method: &'a str,
    pub(crate) path: &'a str,
    pub(crate) query: &'a str,
    pub(crate) payload_hash: &'a str,
    /// With `host`; names in lower case.
    pub(crate) headers: Vec<(&'a str, &'a str)>,
}

pub(crate) struct Signer {
    credentials: Credentials,
    region: String,
    seconds: i64,
    date: String,
    scope: Scope,
    scope_text: String,
    key: SigningKey,
    canonical: String,
}

impl Signer {
    pub(crate) fn new(credentials: Credentials, region: &str) -> Signer {
        let date = AmzDate::from_unix(unix_seconds());
        let scope = Scope::s3(date, region);
        let key = SigningKey::derive(&credentials.secret_key, &scope);
        Signer {
            credentials,
            region: region.to_owned(),
            seconds: date.unix_seconds(),
            date: date.iso_basic(),
            scope_text: scope.to_string(),
            scope,
            key,
            canonical: String::new(),
        }
    }

    /// Writes the request's head, up to and with `authorization` but without the empty line, and returns the signature.
    pub(crate) fn write_head(&mut self, lines: &Lines<'_>, head: &mut Vec<u8>) -> String {
        self.refresh();
        let own = [("x-amz-content-sha256", lines.payload_hash), ("x-amz-date", self.date.as_str())];
        let mut headers: Vec<(&str, &str)> = lines.headers.iter().copied().chain(own).collect();
        headers.sort_unstable();
        let canonical = &mut self.canonical;
        canonical.clear();
        canonical.extend([lines.method, "\n", lines.path, "\n"]);
        write_query(canonical, lines.query);
        canonical.push('\n');
        for (name, value) in &headers {
            canonical.extend([name, ":", value, "\n"]);
        }
        canonical.push('\n');
        let names = canonical.len();
        for (at, (name, _)) in headers.iter().enumerate() {
            canonical.extend([if at > 0 { ";" } else { "" }, name]);
        }
        let names = names..canonical.len();
        canonical.extend(["\n", lines.payload_hash]);
        let hash = hex::encode(Sha256::digest(canonical.as_bytes()));
        let signature = self.key.sign(&format!("{ALGORITHM}\n{}\n{}\n{hash}", self.date, self.scope_text));

        let question_mark = if lines.query.is_empty() { "" } else { "?" };
        for piece in [lines.method, " ", lines.path, question_mark, lines.query, " HTTP/1.1\r\n"] {
            head.extend_from_slice(piece.as_bytes());
        }
        for (name, value) in &headers {
            for piece in [name, ": ", value, "\r\n"] {
                head.extend_from_slice(piece.as_bytes());
            }
        }
        let (access_key, scope) = (self.credentials.access_key.as_str(), self.scope_text.as_str());
        let signed = &self.canonical[names];
        for piece in ["authorization: ", ALGORITHM, " Credential=", access_key, "/", scope, ", SignedHeaders=", signed]
        {
            head.extend_from_slice(piece.as_bytes());
        }
        for piece in [", Signature=", &signature, "\r\n"] {
            head.extend_from_slice(piece.as_bytes());
        }
        signature
    }

    /// The signature of a chunk, which covers the one before it.
    pub(crate) fn sign_chunk(&self, previous: &str, data_hash: &str) -> String {
        let mut text = String::with_capacity(320);
        let _infallible = write!(
            text,
            "{ALGORITHM}-PAYLOAD\n{}\n{}\n{previous}\n{EMPTY_SHA256}\n{data_hash}",
            self.date, self.scope_text
        );
        self.key.sign(&text)
    }

    fn refresh(&mut self) {
        let seconds = unix_seconds();
        if seconds == self.seconds {
            return;
        }
        let date = AmzDate::from_unix(seconds);
        if !self.scope.is_of(date) {
            self.scope = Scope::s3(date, &self.region);
            self.scope_text = self.scope.to_string();
            self.key = SigningKey::derive(&self.credentials.secret_key, &self.scope);
        }
        self.seconds = seconds;
        self.date = date.iso_basic();
    }
}

/// A name without a value is signed with `=`.
fn write_query(canonical: &mut String, query: &str) {
    for (at, pair) in query.split('&').filter(|pair| !pair.is_empty()).enumerate() {
        let equals = if pair.contains('=') { "" } else { "=" };
        canonical.extend([if at > 0 { "&" } else { "" }, pair, equals]);
    }
}

fn unix_seconds() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or_default()
}
