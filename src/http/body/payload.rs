//! The body of a request, read chunk by chunk with a limit on silence. Not a buffer: nothing is read before it is asked
//! for, which is also what makes `Expect: 100-continue` wait for the checks that come before the body.

use std::error::Error as _;
use std::fmt;
use std::io;
use std::mem;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, header};
use http_body::Body as _;
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use tokio::time::{Instant, timeout, timeout_at};

/// How much of an unread body is still taken in after the answer was given without it.
const LINGER_BYTES: u64 = 64 * 1024 * 1024;
/// How long an unread body is still taken in after the answer was given without it.
const LINGER_TIME: Duration = Duration::from_secs(10);

/// The body of a request.
///
/// Dropping a payload that was not read to its end leaves a task behind that reads on for a while (64 MiB, 10 s), so that
/// a client that sends everything before it listens can read the answer instead of meeting a reset. A client that still
/// waits for `100 Continue` is not drained: it learns from the answer that the body is not wanted.
pub struct Payload {
    source: Source,
    state: State,
    expectation: Expectation,
    content_length: Option<u64>,
    received_bytes: u64,
    idle_timeout: Duration,
    asked_for: Arc<AtomicBool>,
}

/// What remains to be known of a payload when it is gone.
#[derive(Debug)]
pub struct Unasked(Option<Arc<AtomicBool>>);

impl Unasked {
    /// Whether the client still waits for `100 Continue`, so that it may or may not send the body after the answer:
    /// nobody can tell where the next request begins, and the connection has to end.
    pub fn is_left_waiting(&self) -> bool {
        self.0.as_ref().is_some_and(|asked_for| !asked_for.load(Ordering::Relaxed))
    }
}

/// Why a payload could not be read to its end.
#[derive(Debug)]
pub enum PayloadError {
    /// The client sent nothing for the idle timeout.
    IdleTimeout,
    /// The client ended the connection before the end of the body.
    Truncated,
    /// The connection failed, or the framing of the body was broken.
    Io(io::Error),
}

/// Why a payload could not be collected into memory.
#[derive(Debug)]
pub enum CollectError {
    /// The body is longer than the limit.
    TooLarge {
        /// The limit that the caller gave.
        limit_bytes: u64,
    },
    /// The body could not be read.
    Payload(PayloadError),
}

/// What [`Payload::drain`] came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Drained {
    /// The body was read to its end: the connection can serve another request.
    ToItsEnd,
    /// The limit, the time or the client ended the draining first, or the client was never told to send.
    GaveUp,
}

enum Source {
    Network(Incoming),
    Memory(Bytes),
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Untouched,
    Reading,
    Ended,
    Failed,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Expectation {
    Continue,
    None,
}

impl Payload {
    /// Wraps what hyper received. `headers` are those of the same request; more than `idle_timeout` of silence from the
    /// client, while a chunk is waited for, is an error.
    pub fn new(incoming: Incoming, headers: &HeaderMap, idle_timeout: Duration) -> Payload {
        let content_length = incoming.size_hint().exact();
        let state = if incoming.is_end_stream() { State::Ended } else { State::Untouched };
        let expects = headers.get(header::EXPECT).is_some_and(|v| v.as_bytes().eq_ignore_ascii_case(b"100-continue"));
        let expectation = if expects { Expectation::Continue } else { Expectation::None };
        Payload {
            source: Source::Network(incoming),
            state,
            expectation,
            content_length,
            received_bytes: 0,
            idle_timeout,
            asked_for: Arc::default(),
        }
    }

    /// To be asked after the answer was made.
    pub fn unasked(&self) -> Unasked {
        let waits = self.expectation == Expectation::Continue && self.state == State::Untouched;
        Unasked(waits.then(|| Arc::clone(&self.asked_for)))
    }

    /// A payload that is in memory already.
    pub fn from_bytes(bytes: impl Into<Bytes>) -> Payload {
        let bytes = bytes.into();
        Payload {
            state: if bytes.is_empty() { State::Ended } else { State::Untouched },
            expectation: Expectation::None,
            content_length: Some(bytes.len() as u64),
            received_bytes: 0,
            idle_timeout: Duration::MAX,
            asked_for: Arc::default(),
            source: Source::Memory(bytes),
        }
    }

    /// A payload without bytes.
    pub fn empty() -> Payload {
        Payload::from_bytes(Bytes::new())
    }

    /// The length of the body by its framing: `Content-Length`, 0 for a request without a body, `None` for
    /// `Transfer-Encoding: chunked`.
    pub fn content_length(&self) -> Option<u64> {
        self.content_length
    }

    /// How many bytes [`next`](Payload::next) has given out so far.
    pub fn received_bytes(&self) -> u64 {
        self.received_bytes
    }

    /// Whether nothing was asked for yet. As long as this holds, no `100 Continue` was sent.
    pub fn is_untouched(&self) -> bool {
        self.received_bytes == 0 && matches!(self.state, State::Untouched | State::Ended)
    }

    /// The next chunk, never an empty one; `None` at the end of the body. After an error there is no clean end: every
    /// further call answers with an error.
    pub async fn next(&mut self) -> Option<Result<Bytes, PayloadError>> {
        match self.state {
            State::Ended => return None,
            State::Failed => return Some(Err(PayloadError::Truncated)),
            State::Untouched => {
                self.state = State::Reading;
                self.asked_for.store(true, Ordering::Relaxed);
            }
            State::Reading => {}
        }
        let incoming = match &mut self.source {
            Source::Memory(bytes) => {
                let bytes = mem::take(bytes);
                self.state = State::Ended;
                self.received_bytes = bytes.len() as u64;
                return Some(Ok(bytes));
            }
            Source::Network(incoming) => incoming,
        };
        loop {
            let error = match timeout(self.idle_timeout, incoming.frame()).await {
                Ok(Some(Ok(frame))) => match frame.into_data() {
                    Ok(data) if !data.is_empty() => {
                        self.received_bytes += data.len() as u64;
                        return Some(Ok(data));
                    }
                    // HTTP/1.1 trailer fields: S3 takes its trailers inside the aws-chunked body instead.
                    Ok(_) | Err(_) => continue,
                },
                Ok(None) => {
                    self.state = State::Ended;
                    return None;
                }
                Ok(Some(Err(error))) => PayloadError::from_hyper(error),
                Err(_elapsed) => PayloadError::IdleTimeout,
            };
            self.state = State::Failed;
            return Some(Err(error));
        }
    }

    /// The whole body in memory, if it is no longer than `limit_bytes`. A `Content-Length` above the limit is refused
    /// before anything is read.
    pub async fn collect(mut self, limit_bytes: u64) -> Result<Bytes, CollectError> {
        let too_large = CollectError::TooLarge { limit_bytes };
        if self.content_length.is_some_and(|length| length > limit_bytes) {
            return Err(too_large);
        }
        let Some(first) = self.next().await else { return Ok(Bytes::new()) };
        let first = first.map_err(CollectError::Payload)?;
        if self.received_bytes > limit_bytes {
            return Err(too_large);
        }
        // Nearly every small body comes in one chunk: hand it on without a copy.
        let Some(second) = self.next().await else { return Ok(first) };
        let mut all = BytesMut::from(first);
        let mut next = Some(second);
        while let Some(chunk) = next {
            let chunk = chunk.map_err(CollectError::Payload)?;
            if self.received_bytes > limit_bytes {
                return Err(too_large);
            }
            all.extend_from_slice(&chunk);
            next = self.next().await;
        }
        Ok(all.freeze())
    }

    /// Reads and throws away what is left of the body, up to `limit_bytes` and for at most `within`. A client that waits
    /// for `100 Continue` and was not given it has nothing to drain.
    pub async fn drain(&mut self, limit_bytes: u64, within: Duration) -> Drained {
        if self.state == State::Untouched && self.expectation == Expectation::Continue {
            return Drained::GaveUp;
        }
        let deadline = Instant::now() + within;
        let until = self.received_bytes.saturating_add(limit_bytes);
        loop {
            match timeout_at(deadline, self.next()).await {
                Ok(None) => return Drained::ToItsEnd,
                Ok(Some(Ok(_))) if self.received_bytes <= until => {}
                Ok(Some(_)) | Err(_) => {
                    // So that dropping it does not start a second round.
                    self.state = State::Failed;
                    return Drained::GaveUp;
                }
            }
        }
    }
}

impl Drop for Payload {
    fn drop(&mut self) {
        let unread = match self.state {
            State::Untouched => self.expectation == Expectation::None,
            State::Reading => true,
            State::Ended | State::Failed => false,
        };
        let source = mem::replace(&mut self.source, Source::Memory(Bytes::new()));
        let (true, Source::Network(incoming)) = (unread, source) else { return };
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(linger(incoming));
        }
    }
}

/// Reads on behind an answer that was given early.
async fn linger(mut incoming: Incoming) {
    let mut taken_bytes = 0;
    let reading = async {
        while let Some(Ok(frame)) = incoming.frame().await {
            taken_bytes += frame.data_ref().map_or(0, |data| data.len() as u64);
            if taken_bytes > LINGER_BYTES {
                break;
            }
        }
    };
    // Out of time is as good an end as any: the connection is closed when `incoming` goes.
    let _ended_or_not = timeout(LINGER_TIME, reading).await;
}

impl fmt::Debug for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Payload")
            .field("content_length", &self.content_length)
            .field("received_bytes", &self.received_bytes)
            .finish_non_exhaustive()
    }
}

impl PayloadError {
    /// hyper reports a body that ends early as an IO error inside its own: the client's mistake must be told apart from
    /// a broken connection.
    fn from_hyper(error: hyper::Error) -> PayloadError {
        if error.is_incomplete_message() {
            return PayloadError::Truncated;
        }
        let kind = error.source().and_then(|source| source.downcast_ref::<io::Error>()).map(io::Error::kind);
        match kind {
            Some(io::ErrorKind::UnexpectedEof) => PayloadError::Truncated,
            Some(kind) => PayloadError::Io(io::Error::new(kind, error)),
            None => PayloadError::Io(io::Error::other(error)),
        }
    }
}

impl fmt::Display for PayloadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PayloadError::IdleTimeout => f.write_str("the client sent nothing for too long"),
            PayloadError::Truncated => f.write_str("the request body ended before its announced length"),
            PayloadError::Io(error) => write!(f, "the request body could not be read: {error}"),
        }
    }
}

impl std::error::Error for PayloadError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            PayloadError::Io(error) => Some(error),
            PayloadError::IdleTimeout | PayloadError::Truncated => None,
        }
    }
}

impl fmt::Display for CollectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CollectError::TooLarge { limit_bytes } => write!(f, "the request body is longer than {limit_bytes} bytes"),
            CollectError::Payload(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for CollectError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            CollectError::TooLarge { .. } => None,
            CollectError::Payload(error) => Some(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn bytes_come_out_once_and_are_counted() {
        let mut payload = Payload::from_bytes("hello");
        assert!(payload.is_untouched());
        assert_eq!(payload.content_length(), Some(5));
        assert_eq!(payload.next().await.unwrap().unwrap(), "hello");
        assert!(!payload.is_untouched());
        assert_eq!(payload.received_bytes(), 5);
        assert!(payload.next().await.is_none());
    }

    #[tokio::test]
    async fn collect_refuses_more_than_its_limit() {
        assert_eq!(Payload::from_bytes("12345").collect(5).await.unwrap(), "12345");
        assert_eq!(Payload::empty().collect(0).await.unwrap(), "");
        let refused = Payload::from_bytes("123456").collect(5).await;
        assert!(matches!(refused, Err(CollectError::TooLarge { limit_bytes: 5 })));
    }

    #[tokio::test]
    async fn drain_reads_to_the_end() {
        let mut payload = Payload::from_bytes("rest");
        assert_eq!(payload.drain(100, Duration::from_secs(1)).await, Drained::ToItsEnd);
        assert!(payload.next().await.is_none());
    }
}
