//! Whom requests are sent to, and as whom.

use std::net::SocketAddr;
use std::time::{SystemTime, UNIX_EPOCH};

use http::HeaderMap;
use staves::wire::query::Query;
use staves::wire::sigv4::{AmzDate, Credentials, PresignRequest, presign};

use super::reply::Reply;
use super::request::RequestBuilder;
use super::socket;

/// A server's address, credentials, and the host name that is signed and sent.
#[derive(Debug, Clone)]
pub(crate) struct RawClient {
    pub(crate) addr: SocketAddr,
    pub(crate) credentials: Credentials,
    pub(crate) region: String,
    pub(crate) host: String,
}

impl RawClient {
    /// Region `us-east-1`, and the address as the host name.
    pub(crate) fn new(addr: SocketAddr, access_key: &str, secret_key: &str) -> Self {
        let credentials = Credentials::new(access_key, secret_key);
        Self { addr, credentials, region: "us-east-1".to_owned(), host: addr.to_string() }
    }

    /// The same server under another host name, such as `bucket.localhost:9000`.
    pub(crate) fn with_host(&self, host: &str) -> Self {
        Self { host: host.to_owned(), ..self.clone() }
    }

    /// Signs for another region.
    pub(crate) fn with_region(&self, region: &str) -> Self {
        Self { region: region.to_owned(), ..self.clone() }
    }

    /// Signs as somebody else.
    pub(crate) fn with_credentials(&self, credentials: Credentials) -> Self {
        Self { credentials, ..self.clone() }
    }

    /// `target` is path and query as they go into the request line: encode what has to be encoded.
    pub(crate) fn get(&self, target: &str) -> RequestBuilder {
        self.request("GET", target)
    }

    pub(crate) fn head(&self, target: &str) -> RequestBuilder {
        self.request("HEAD", target)
    }

    pub(crate) fn put(&self, target: &str) -> RequestBuilder {
        self.request("PUT", target)
    }

    pub(crate) fn post(&self, target: &str) -> RequestBuilder {
        self.request("POST", target)
    }

    pub(crate) fn delete(&self, target: &str) -> RequestBuilder {
        self.request("DELETE", target)
    }

    pub(crate) fn options(&self, target: &str) -> RequestBuilder {
        self.request("OPTIONS", target)
    }

    pub(crate) fn request(&self, method: &str, target: &str) -> RequestBuilder {
        RequestBuilder::new(self.clone(), method, target)
    }

    /// Sends these bytes and nothing else, and reads one reply.
    pub(crate) async fn send_raw(&self, bytes: &[u8]) -> Reply {
        socket::exchange(self.addr, bytes, "GET").await
    }

    /// The target of a presigned URL: path and query, to be sent with [`RequestBuilder::anonymous`].
    pub(crate) fn presigned_target(&self, method: &str, target: &str, expires_seconds: i64) -> String {
        self.presigned_target_at(method, target, expires_seconds, now(), &HeaderMap::new())
    }

    /// As [`RawClient::presigned_target`], at another moment and with further signed headers.
    pub(crate) fn presigned_target_at(
        &self,
        method: &str,
        target: &str,
        expires_seconds: i64,
        date: AmzDate,
        headers: &HeaderMap,
    ) -> String {
        let (raw_path, raw_query) = target.split_once('?').unwrap_or((target, ""));
        let query = Query::parse(raw_query).expect("a query that can be decoded");
        let query: Vec<(&str, &str)> = query.pairs().collect();
        let request = PresignRequest {
            method,
            host: &self.host,
            raw_path,
            query: &query,
            headers,
            expires_seconds,
            credentials: &self.credentials,
            region: &self.region,
            date,
        };
        format!("{raw_path}?{}", presign(&request))
    }
}

/// This second.
pub(crate) fn now() -> AmzDate {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock after 1970");
    AmzDate::from_unix(i64::try_from(since.as_secs()).expect("a clock before the end of time"))
}
