//! Accepting connections and serving each to its end, graceful stop included. Not binding, and not what is answered.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, mpsc, watch};
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;

use super::header_case::HeaderCase;
use super::request::{Answerer, Dialects};
use super::stall::Stalling;
use super::tls;
use crate::http::connection::{Connection, Scheme};

/// For a request's head to arrive, and for a kept-alive connection to be used again.
const HEAD_TIMEOUT: Duration = Duration::from_mins(1);
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);
/// A client that pauses a download is common; one that pauses it for this long is gone.
const WRITE_STALL_LIMIT: Duration = Duration::from_mins(5);
/// When stopping: for a connection that was opened and has sent nothing yet.
const SILENT_GRACE: Duration = Duration::from_millis(300);
/// AWS refuses header sections above 8 KiB with an XML error, which the dialect can only send if hyper lets them pass.
const MAX_HEADER_SECTION_BYTES: usize = 64 * 1024;
/// More one-letter metadata headers than fit into 8 KiB; hyper's own limit of 100 would refuse requests that AWS takes.
const MAX_HEADERS: usize = 640;

/// How far the server is on its way to the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// Accepting and serving.
    Running,
    /// Serving what was asked already.
    Draining,
    /// Dropping all that is left.
    Stopped,
}

/// What all connections share.
pub(super) struct Shared<D> {
    pub(super) answerer: Arc<Answerer<D>>,
    pub(super) tls: Option<TlsAcceptor>,
    pub(super) slots: Arc<Semaphore>,
    pub(super) header_cases: Vec<HeaderCase>,
}

/// The life of one connection, as seen by those that stop the server.
#[derive(Clone)]
pub(super) struct Life {
    phase: watch::Receiver<Phase>,
    _alive: mpsc::Sender<Infallible>,
}

impl Life {
    /// `alive` is never sent on: when all its clones are dropped, its receiver knows that all connections have ended.
    pub(super) fn new(phase: watch::Receiver<Phase>, alive: mpsc::Sender<Infallible>) -> Life {
        Life { phase, _alive: alive }
    }
}

/// Accepts until the phase changes.
pub(super) async fn accept<D: Dialects>(listener: TcpListener, shared: Arc<Shared<D>>, mut life: Life) {
    let mut backoff = Backoff::default();
    loop {
        let accepting = async {
            // First a slot, then a connection: above the limit, clients wait in the system's queue.
            let slot = Arc::clone(&shared.slots).acquire_owned().await;
            (slot, listener.accept().await)
        };
        let (slot, accepted) = tokio::select! {
            accepted = accepting => accepted,
            _ = life.phase.changed() => return,
        };
        match accepted {
            Ok((stream, peer)) => {
                backoff.reset();
                let (shared, life) = (Arc::clone(&shared), life.clone());
                tokio::spawn(async move {
                    serve(stream, peer, &shared, life).await;
                    drop(slot);
                });
            }
            Err(error) if concerns_one_connection(&error) => {}
            Err(error) => backoff.wait(&error).await,
        }
    }
}

async fn serve<D: Dialects>(stream: TcpStream, peer: SocketAddr, shared: &Shared<D>, life: Life) {
    // Without it an answer in two segments waits for the client's delayed acknowledgement, some 40 ms.
    let ready = stream.set_nodelay(true).and_then(|()| stream.local_addr());
    let local = match ready {
        Ok(local) => local,
        Err(error) => return tracing::debug!(%peer, %error, "the connection was gone before it was served"),
    };
    let Some(acceptor) = &shared.tls else {
        return serve_http(stream, Connection { peer, local, scheme: Scheme::Http, tls: None }, shared, life).await;
    };
    match timeout(HANDSHAKE_TIMEOUT, acceptor.accept(stream)).await {
        Ok(Ok(stream)) => {
            let tls = tls::session(stream.get_ref().1);
            serve_http(stream, Connection { peer, local, scheme: Scheme::Https, tls }, shared, life).await;
        }
        Ok(Err(error)) => tracing::debug!(%peer, %error, "TLS handshake failed"),
        Err(_elapsed) => tracing::debug!(%peer, "TLS handshake took too long"),
    }
}

async fn serve_http<D, S>(stream: S, connection: Connection, shared: &Shared<D>, mut life: Life)
where
    D: Dialects,
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let requests = AtomicU64::new(0);
    let case = shared.header_cases.get(usize::from(connection.peer.port()) % shared.header_cases.len().max(1));
    let service = service_fn(|request| {
        requests.fetch_add(1, Ordering::Relaxed);
        let answering = Arc::clone(&shared.answerer).answer(connection, request);
        async {
            let mut answer = answering.await;
            if let Some(case) = case {
                *answer.extensions_mut() = case.of(answer.headers());
            }
            Ok::<_, Infallible>(answer)
        }
    });
    let io = TokioIo::new(Stalling::new(stream, WRITE_STALL_LIMIT));
    let mut http = pin!(protocol().serve_connection(io, service));
    loop {
        let phase = tokio::select! {
            ended = http.as_mut() => {
                if let Err(error) = ended {
                    tracing::debug!(peer = %connection.peer, error = &error as &dyn std::error::Error, "connection ended");
                }
                return;
            }
            changed = life.phase.changed() => changed.map_or(Phase::Stopped, |()| *life.phase.borrow_and_update()),
        };
        match phase {
            Phase::Running => {}
            Phase::Stopped => return,
            Phase::Draining => {
                http.as_mut().graceful_shutdown();
                // hyper waits for the first request of a connection, however long. A pool's spare one must not keep us.
                if requests.load(Ordering::Relaxed) == 0 {
                    let ended = timeout(SILENT_GRACE, http.as_mut()).await.is_ok();
                    if ended || requests.load(Ordering::Relaxed) == 0 {
                        return;
                    }
                }
            }
        }
    }
}

fn protocol() -> http1::Builder {
    let mut protocol = http1::Builder::new();
    protocol
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_header_size(MAX_HEADER_SECTION_BYTES)
        .max_headers(MAX_HEADERS);
    protocol
}

/// Such errors belong to a client that left while it was queued.
fn concerns_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted)
}

/// Waits longer each time: without file descriptors, accepting again at once would only burn the processor.
struct Backoff {
    next: Duration,
}

const FIRST_BACKOFF: Duration = Duration::from_millis(10);
const LAST_BACKOFF: Duration = Duration::from_secs(1);

impl Default for Backoff {
    fn default() -> Backoff {
        Backoff { next: FIRST_BACKOFF }
    }
}

impl Backoff {
    fn reset(&mut self) {
        self.next = FIRST_BACKOFF;
    }

    async fn wait(&mut self, error: &io::Error) {
        if self.next == FIRST_BACKOFF {
            tracing::warn!(%error, "connections cannot be accepted; trying again (is the limit on open files too low?)");
        }
        sleep(self.next).await;
        self.next = (self.next * 2).min(LAST_BACKOFF);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::clock::Clock;
    use crate::http::body::{Body, Payload};
    use crate::http::domains::Domains;
    use crate::server::route::{Dialect, Router};
    use http::{Request, Response};
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::sync::Notify;

    /// Answers with what it was sent; on `/slow` only after it was let go, on `/panic` never, on `/early` at once.
    struct Echo {
        let_go: Arc<Notify>,
    }

    impl Dialects for Echo {
        async fn handle(&self, _: Dialect, request: Request<Payload>, _: &Connection) -> Response<Body> {
            let (head, payload) = request.into_parts();
            match head.uri.path() {
                "/panic" => panic!("as asked"),
                "/early" => return Response::new(Body::from("early")),
                "/slow" => self.let_go.notified().await,
                _ => {}
            }
            match payload.collect(1 << 30).await {
                Ok(bytes) => Response::new(Body::from(format!("{} bytes", bytes.len()))),
                Err(error) => Response::new(Body::from(error.to_string())),
            }
        }

        fn internal_error(&self, _: Dialect) -> Option<Response<Body>> {
            None
        }
    }

    struct Fixture {
        address: SocketAddr,
        phase: watch::Sender<Phase>,
        ended: mpsc::Receiver<Infallible>,
        let_go: Arc<Notify>,
    }

    async fn start() -> Fixture {
        let let_go = Arc::new(Notify::new());
        let answerer = Answerer {
            dialects: Arc::new(Echo { let_go: Arc::clone(&let_go) }),
            router: Router::new(Domains::new(&[]), Vec::new()),
            idle_timeout: Duration::from_millis(200),
            clock: Clock::default(),
        };
        let shared = Shared {
            answerer: Arc::new(answerer),
            tls: None,
            slots: Arc::new(Semaphore::new(8)),
            header_cases: vec![HeaderCase::default()],
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (phase, receiver) = watch::channel(Phase::Running);
        let (alive, ended) = mpsc::channel(1);
        tokio::spawn(accept(listener, Arc::new(shared), Life::new(receiver, alive)));
        Fixture { address, phase, ended, let_go }
    }

    async fn exchange(address: SocketAddr, request: &str) -> String {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        timeout(Duration::from_secs(5), stream.read_to_string(&mut answer)).await.unwrap().unwrap();
        answer
    }

    #[tokio::test]
    async fn requests_are_answered_also_after_a_panic() {
        let server = start().await;
        let panicked = exchange(server.address, "GET /panic HTTP/1.1\r\nhost: h\r\nconnection: close\r\n\r\n").await;
        assert!(panicked.starts_with("HTTP/1.1 500 "), "{panicked}");
        assert!(panicked.contains("x-amz-request-id") && panicked.contains("<Code>InternalError</Code>"));
        let post = "POST / HTTP/1.1\r\nhost: h\r\nconnection: close\r\ncontent-length: 3\r\n\r\nabc";
        assert!(exchange(server.address, post).await.ends_with("3 bytes"));
    }

    #[tokio::test]
    async fn headers_up_to_the_limit_reach_the_dialect() {
        let server = start().await;
        let many: String =
            (100..600).flat_map(|n| ["x-amz-meta-".to_owned(), n.to_string(), ": v\r\n".to_owned()]).collect();
        let long = "v".repeat(40_000);
        let request = format!("GET / HTTP/1.1\r\nhost: h\r\nconnection: close\r\n{many}x-long: {long}\r\n\r\n");
        assert!(exchange(server.address, &request).await.starts_with("HTTP/1.1 200 "));
    }

    #[tokio::test]
    async fn a_silent_body_times_out() {
        let server = start().await;
        let answer = exchange(server.address, "PUT / HTTP/1.1\r\nhost: h\r\ncontent-length: 3\r\n\r\na").await;
        assert!(answer.ends_with("the client sent nothing for too long"), "{answer}");
    }

    #[tokio::test]
    async fn a_body_that_ends_early_is_no_body() {
        let server = start().await;
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        stream.write_all(b"PUT / HTTP/1.1\r\nhost: h\r\ncontent-length: 3\r\n\r\na").await.unwrap();
        stream.shutdown().await.unwrap();
        let mut answer = String::new();
        timeout(Duration::from_secs(5), stream.read_to_string(&mut answer)).await.unwrap().unwrap();
        assert!(answer.contains("ended before its announced length"), "{answer}");
    }

    #[tokio::test]
    async fn continue_is_only_said_when_the_body_is_read() {
        let server = start().await;
        let head = "HTTP/1.1\r\nhost: h\r\nexpect: 100-continue\r\nconnection: close\r\ncontent-length: 3\r\n\r\n";
        let early = exchange(server.address, &format!("PUT /early {head}")).await;
        assert!(early.starts_with("HTTP/1.1 200 ") && early.ends_with("early"), "{early}");
        let read = exchange(server.address, &format!("PUT / {head}abc")).await;
        assert!(read.starts_with("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 "), "{read}");
    }

    #[tokio::test]
    async fn a_connection_whose_body_was_not_asked_for_is_said_to_end() {
        let server = start().await;
        let head = "HTTP/1.1\r\nhost: h\r\nexpect: 100-continue\r\ncontent-length: 3\r\n\r\n";
        let early = exchange(server.address, &format!("PUT /early {head}")).await;
        assert!(early.contains("connection: close\r\n"), "{early}");
        let last = "GET /early HTTP/1.1\r\nhost: h\r\nconnection: close\r\n\r\n";
        let both = exchange(server.address, &format!("PUT / {head}abc{last}")).await;
        assert_eq!(both.matches("HTTP/1.1 200 ").count(), 2, "a body that was asked for ends nothing: {both}");
    }

    #[tokio::test]
    async fn an_early_answer_reaches_a_client_that_sends_first() {
        let server = start().await;
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        let length = 32 << 20;
        let head = format!("PUT /early HTTP/1.1\r\nhost: h\r\ncontent-length: {length}\r\n\r\n");
        stream.write_all(head.as_bytes()).await.unwrap();
        stream.write_all(&vec![0; length]).await.unwrap();
        // The connection is even good for another request.
        stream.write_all(b"GET / HTTP/1.1\r\nhost: h\r\nconnection: close\r\n\r\n").await.unwrap();
        let mut answers = String::new();
        timeout(Duration::from_secs(5), stream.read_to_string(&mut answers)).await.unwrap().unwrap();
        assert_eq!(answers.matches("HTTP/1.1 200 OK").count(), 2, "{answers}");
        assert!(answers.contains("early") && answers.ends_with("0 bytes"), "{answers}");
    }

    #[tokio::test]
    async fn stopping_waits_for_requests_but_not_for_idle_connections() {
        let mut server = start().await;
        let idle = TcpStream::connect(server.address).await.unwrap();
        let slow = tokio::spawn(exchange(server.address, "GET /slow HTTP/1.1\r\nhost: h\r\n\r\n"));
        sleep(Duration::from_millis(50)).await;
        server.phase.send_replace(Phase::Draining);
        assert!(timeout(Duration::from_millis(600), server.ended.recv()).await.is_err(), "a request is in flight");
        assert!(TcpStream::connect(server.address).await.is_err(), "nobody listens any more");
        server.let_go.notify_one();
        assert!(slow.await.unwrap().ends_with("0 bytes"));
        timeout(Duration::from_secs(2), server.ended.recv()).await.unwrap();
        drop(idle);
    }

    #[tokio::test]
    async fn stopped_means_now() {
        let mut server = start().await;
        let slow = tokio::spawn(exchange(server.address, "GET /slow HTTP/1.1\r\nhost: h\r\n\r\n"));
        sleep(Duration::from_millis(50)).await;
        server.phase.send_replace(Phase::Stopped);
        timeout(Duration::from_secs(2), server.ended.recv()).await.unwrap();
        drop(slow);
    }
}
