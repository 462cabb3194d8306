//! What is seen of a request on its way, for its record. There is one only while some bucket logs.

use std::sync::{Mutex, MutexGuard, PoisonError};

use http::request::Parts;
use http::{HeaderMap, Method};

use super::operation;
use crate::http::connection::Connection;
use crate::http::request_id::{HostId, RequestId};
use crate::s3::auth::Principal;
use crate::s3::operation::Row;
use crate::wire::access_log::{AclRequired, Record};
use crate::wire::query::Query;
use crate::wire::time::Timestamp;

/// Query parameters that could be used again by whoever reads the log.
const SECRETS: [&str; 3] = ["X-Amz-Signature", "Signature", "X-Amz-Security-Token"];

/// Operations whose request body is the object, or a part of it.
const STORING: [&str; 2] = ["PutObject", "UploadPart"];

/// A request that may be logged.
pub(crate) struct Observed {
    came: Timestamp,
    connection: Connection,
    method: Method,
    uri: String,
    headers: HeaderMap,
    signature: Option<(&'static str, Option<&'static str>)>,
    seen: Mutex<Seen>,
}

/// What only the operation knows.
#[derive(Default)]
struct Seen {
    row: Option<&'static Row>,
    website: Option<Method>,
    key: Option<String>,
    version_id: Option<String>,
    requester: Option<String>,
    acl_required: AclRequired,
    /// The deletions of a request for many: key and version.
    deleted: Vec<(String, Option<String>)>,
    /// What a copy reads.
    source: Option<CopySource>,
}

/// The source of a copy.
struct CopySource {
    bucket: String,
    key: String,
    version_id: Option<String>,
    /// Once it could be read.
    size_bytes: Option<u64>,
}

/// The answer, as far as records tell it.
pub(super) struct Answered<'a> {
    pub(super) status: u16,
    pub(super) headers: &'a HeaderMap,
    /// The length of its body, where it is known.
    pub(super) body_bytes: Option<u64>,
    pub(super) error_code: Option<String>,
    pub(super) turn_around_ms: u64,
    pub(super) request_id: &'a RequestId,
    pub(super) host_id: &'a HostId,
}

impl Observed {
    pub(super) fn of(request: &Parts, connection: &Connection, came: Timestamp) -> Observed {
        let target = request.uri.path_and_query().map(http::uri::PathAndQuery::as_str).unwrap_or_default();
        let authorization = request.headers.get("authorization").and_then(|value| value.to_str().ok());
        let query = Query::parse(request.uri.query().unwrap_or_default()).ok();
        let has = |name: &str| query.as_ref().is_some_and(|query| query.has(name));
        let signature = match authorization {
            Some(text) if text.starts_with("AWS4-") => Some(("SigV4", Some("AuthHeader"))),
            Some(text) if text.starts_with("AWS ") => Some(("SigV2", Some("AuthHeader"))),
            _ if has("X-Amz-Signature") => Some(("SigV4", Some("QueryString"))),
            _ if has("Signature") => Some(("SigV2", Some("QueryString"))),
            _ => None,
        };
        Observed {
            came,
            connection: *connection,
            method: request.method.clone(),
            uri: format!("{} {} {:?}", request.method, without_secrets(target), request.version),
            headers: request.headers.clone(),
            signature,
            seen: Mutex::default(),
        }
    }

    /// Who calls.
    pub(crate) fn caller(&self, principal: &Principal) {
        let id = match principal {
            Principal::Identity(identity) => Some(identity.canonical_id.clone()),
            Principal::Anonymous => None,
        };
        self.seen().requester = id;
    }

    /// Which operation it is, on which key and version.
    pub(crate) fn row(&self, row: &'static Row) {
        self.seen().row = Some(row);
    }

    pub(crate) fn key(&self, key: Option<&str>, version_id: Option<&str>) {
        let mut seen = self.seen();
        seen.key = key.map(str::to_owned);
        seen.version_id = version_id.map(str::to_owned);
    }

    /// A visit to a website, and the key that was asked for.
    pub(crate) fn website(&self, method: &Method, key: &str) {
        let mut seen = self.seen();
        seen.website = Some(method.clone());
        seen.key = Some(key.to_owned()).filter(|key| !key.is_empty());
    }

    /// It was let through by an ACL.
    pub(crate) fn by_acl(&self) {
        self.seen().acl_required = AclRequired::Yes;
    }

    /// One of many keys was deleted.
    pub(crate) fn deleted(&self, key: &str, version_id: Option<&str>) {
        self.seen().deleted.push((key.to_owned(), version_id.map(str::to_owned)));
    }

    /// A copy asks for an object of a bucket that is there.
    pub(crate) fn copies(&self, bucket: &str, key: &str, version_id: Option<&str>) {
        let (bucket, key, version_id) = (bucket.to_owned(), key.to_owned(), version_id.map(str::to_owned));
        self.seen().source = Some(CopySource { bucket, key, version_id, size_bytes: None });
    }

    /// It may read it.
    pub(crate) fn reads_copied(&self, object_size_bytes: u64) {
        if let Some(source) = &mut self.seen().source {
            source.size_bytes = Some(object_size_bytes);
        }
    }

    /// The bucket of the source of a copy, if it is one.
    pub(super) fn source_bucket(&self) -> Option<String> {
        self.seen().source.as_ref().map(|source| source.bucket.clone())
    }

    /// The record of a copy's source, which is one of the bucket that it lies in.
    /// Source: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/LogFormat.html#AdditionalLoggingforCopyOperations>
    pub(super) fn source_record(&self, record: &Record) -> Option<Record> {
        let seen = self.seen();
        let source = seen.source.as_ref()?;
        let was_read = source.size_bytes.is_some();
        Some(Record {
            operation: format!("{}_GET", record.operation),
            key: Some(source.key.clone()),
            version_id: source.version_id.clone(),
            object_size_bytes: source.size_bytes,
            status: if was_read { Some(200) } else { record.status },
            error_code: record.error_code.clone().filter(|_| !was_read),
            request_uri: None,
            turn_around_ms: None,
            acl_required: AclRequired::No,
            ..record.clone()
        })
    }

    pub(super) fn came(&self) -> Timestamp {
        self.came
    }

    /// The records, but for what is known at the end: the request's own, and those of its deletions.
    pub(super) fn records(&self, answered: &Answered<'_>) -> Vec<Record> {
        let seen = self.seen();
        let header =
            |name: &str| self.headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
        let answer = |name: &str| answered.headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let session = self.connection.tls;
        let operation = match (&seen.website, seen.row) {
            (Some(method), _) => operation::of_website(method),
            (None, Some(row)) => operation::of_row(row),
            (None, None) => operation::of_none(&self.method, seen.key.as_deref()),
        };
        let record = Record {
            time: self.came,
            remote_ip: self.connection.peer.ip().to_canonical().to_string(),
            requester: seen.requester.clone(),
            request_id: answered.request_id.as_str().to_owned(),
            operation,
            key: seen.key.clone(),
            request_uri: Some(self.uri.clone()),
            status: Some(answered.status),
            error_code: answered.error_code.clone(),
            object_size_bytes: self.object_size_bytes(&seen, answered),
            turn_around_ms: Some(answered.turn_around_ms),
            referer: header("referer"),
            user_agent: header("user-agent"),
            version_id: answer("x-amz-version-id").or_else(|| seen.version_id.clone()),
            host_id: answered.host_id.as_str().to_owned(),
            signature_version: self.signature.map(|(version, _)| version),
            cipher_suite: session.map(|session| session.cipher_suite),
            authentication_type: self.signature.and_then(|(_, place)| place),
            host: header("host"),
            tls_version: session.map(|session| session.version),
            acl_required: if answered.error_code.is_some() { AclRequired::No } else { seen.acl_required },
            ..Record::default()
        };
        let deletions = seen.deleted.iter().map(|(key, version_id)| Record {
            operation: "BATCH.DELETE.OBJECT".to_owned(),
            key: Some(key.clone()),
            version_id: version_id.clone(),
            request_uri: None,
            status: Some(204),
            turn_around_ms: None,
            ..record.clone()
        });
        let deletions: Vec<Record> = deletions.collect();
        std::iter::once(record).chain(deletions).collect()
    }

    /// The object's size: as the answer tells it, or as the request brought it.
    fn object_size_bytes(&self, seen: &Seen, answered: &Answered<'_>) -> Option<u64> {
        let number = |headers: &HeaderMap, name: &str| headers.get(name)?.to_str().ok()?.parse::<u64>().ok();
        if !(200..300).contains(&answered.status) {
            return None;
        }
        let reads =
            seen.website.is_some() || seen.row.is_some_and(|row| matches!(row.name, "GetObject" | "HeadObject"));
        if reads {
            let range = answered.headers.get("content-range").and_then(|range| range.to_str().ok());
            let whole = range.and_then(|range| range.rsplit('/').next()).and_then(|size| size.parse().ok());
            let told = whole.or_else(|| number(answered.headers, "content-length"));
            return told.or(answered.body_bytes);
        }
        let stores = seen.row.is_some_and(|row| STORING.contains(&row.name));
        let sent = || {
            number(&self.headers, "x-amz-decoded-content-length").or_else(|| number(&self.headers, "content-length"))
        };
        stores.then(sent).flatten()
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What stands for the value of a secret parameter.
const CROSSED_OUT: &str = "***";

/// The target with the values of secret parameters crossed out.
fn without_secrets(target: &str) -> String {
    let Some((path, query)) = target.split_once('?') else { return target.to_owned() };
    let pairs = query.split('&').map(|pair| match pair.split_once('=') {
        Some((name, _)) if SECRETS.contains(&name) => format!("{name}={CROSSED_OUT}"),
        _ => pair.to_owned(),
    });
    format!("{path}?{}", pairs.collect::<Vec<_>>().join("&"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signatures_are_crossed_out() {
        let target = "/b/k?X-Amz-Date=1&X-Amz-Signature=abc&x-id=GetObject";
        assert_eq!(without_secrets(target), "/b/k?X-Amz-Date=1&X-Amz-Signature=***&x-id=GetObject");
        assert_eq!(without_secrets("/b/k"), "/b/k");
    }
}
