//! Header names as AWS writes them on the wire: `ETag`, `Content-Type`, and `x-amz-request-id` in lower case.
//!
//! Names are the same in any case, but scripts that look for `ETag:` in an answer exist, and hyper writes lower case. It
//! writes another case only for an answer that carries the spelling of one that it has read itself (which is meant for
//! proxies); so it is given one to read.

use bytes::Bytes;
use http::{Extensions, HeaderMap, HeaderName, Request};
use http_body_util::Empty;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream};

/// The spellings in an answer that is nothing special, where they differ from lower case.
const USUAL: [&str; 9] = [
    "Accept-Ranges",
    "Connection",
    "Content-Length",
    "Content-Type",
    "Date",
    "ETag",
    "Last-Modified",
    "Server",
    "Transfer-Encoding",
];

/// All others.
const RARE: [&str; 16] = [
    "Access-Control-Allow-Credentials",
    "Access-Control-Allow-Headers",
    "Access-Control-Allow-Methods",
    "Access-Control-Allow-Origin",
    "Access-Control-Expose-Headers",
    "Access-Control-Max-Age",
    "Allow",
    "Cache-Control",
    "Content-Disposition",
    "Content-Encoding",
    "Content-Language",
    "Content-Range",
    "Expires",
    "Location",
    "Retry-After",
    "Vary",
];

/// What answers carry to be written so.
#[derive(Clone, Debug, Default)]
pub(super) struct HeaderCase {
    /// Copied with each answer, and so kept small.
    usual: Extensions,
    all: Extensions,
    rare: Vec<HeaderName>,
}

impl HeaderCase {
    /// Has hyper read answers with these names, in memory. Should that fail, names are in lower case.
    async fn learn() -> HeaderCase {
        let all = [USUAL.as_slice(), RARE.as_slice()].concat();
        match tokio::try_join!(spellings(&USUAL), spellings(&all)) {
            Ok((usual, all)) => {
                let rare = RARE.iter().filter_map(|name| HeaderName::try_from(*name).ok()).collect();
                HeaderCase { usual, all, rare }
            }
            Err(error) => {
                tracing::debug!(error = &error as &dyn std::error::Error, "header names stay in lower case");
                HeaderCase::default()
            }
        }
    }

    /// One for each of some connections: what many answers copy at once counts its copies in one place, which processors
    /// would have to pass to and fro.
    pub(super) async fn several() -> Vec<HeaderCase> {
        const CONNECTIONS: usize = 8;
        let mut cases = Vec::with_capacity(CONNECTIONS);
        for _ in 0..CONNECTIONS {
            cases.push(HeaderCase::learn().await);
        }
        cases
    }

    /// For the extensions of an answer with these headers.
    pub(super) fn of(&self, headers: &HeaderMap) -> Extensions {
        let has_rare = headers.keys().any(|name| self.rare.contains(name));
        if has_rare { self.all.clone() } else { self.usual.clone() }
    }
}

async fn spellings(names: &[&str]) -> hyper::Result<Extensions> {
    let (near, far) = tokio::io::duplex(4096);
    let (read, ()) = tokio::join!(read_answer(near), write_answer(far, names));
    read
}

async fn read_answer(stream: DuplexStream) -> hyper::Result<Extensions> {
    let mut protocol = http1::Builder::new();
    protocol.preserve_header_case(true);
    let (mut sender, connection) = protocol.handshake(TokioIo::new(stream)).await?;
    let reading = async move {
        let answer = sender.send_request(Request::new(Empty::<Bytes>::new())).await?;
        Ok(answer.extensions().clone())
    };
    // The connection ends with its only sender.
    let (read, _connection) = tokio::join!(reading, connection);
    read
}

async fn write_answer(mut stream: DuplexStream, names: &[&str]) {
    let mut request = [0; 1024];
    let mut answer = String::from("HTTP/1.1 204 No Content\r\n");
    for name in names {
        // hyper reads no answer with another framing.
        let value = if *name == "Transfer-Encoding" { "chunked" } else { "0" };
        answer.extend([name, ": ", value, "\r\n"]);
    }
    answer.push_str("\r\n");
    if stream.read(&mut request).await.is_ok() {
        // A reader that is gone says so itself.
        let _gone = stream.write_all(answer.as_bytes()).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn rare_names_are_told_from_usual_ones() {
        let case = HeaderCase::learn().await;
        assert!((case.usual.len(), case.all.len(), case.rare.len()) == (1, 1, RARE.len()), "{case:?}");
        assert!(USUAL.iter().all(|name| !case.rare.contains(&HeaderName::try_from(*name).unwrap())));
    }
}
