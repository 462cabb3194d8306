//! Posting one event to a URL: a connection for each, plain or TLS. No redirects, no cookies, no proxies.

use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HOST, USER_AGENT};
use http::{Method, Request, StatusCode, Uri};
use http_body_util::Full;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::engine::event::Event;

/// Posts events. Cheap to clone.
#[derive(Clone, Default)]
pub(super) struct Client {
    /// Made when the first webhook with `https` is called.
    tls: Arc<OnceLock<Result<TlsConnector, String>>>,
}

/// Why an event was not taken.
#[derive(Debug)]
pub(super) enum Failure {
    /// Nobody answers there; in words.
    Unreachable(String),
    /// The answer says so.
    Refused(StatusCode),
}

impl Client {
    pub(super) fn new() -> Client {
        Client::default()
    }

    /// Posts an event. Any 2xx takes it.
    pub(super) async fn post(&self, url: &Uri, arn: &str, event: &Event) -> Result<(), Failure> {
        let host = url.host().unwrap_or_default().trim_matches(['[', ']']);
        let https = url.scheme_str() == Some("https");
        let port = url.port_u16().unwrap_or(if https { 443 } else { 80 });
        let stream = TcpStream::connect((host, port)).await.map_err(unreachable)?;
        let request = request(url, arn, event)?;
        let status = if https {
            let name = ServerName::try_from(host.to_owned()).map_err(unreachable)?;
            let stream = self.tls()?.connect(name, stream).await.map_err(unreachable)?;
            exchange(stream, request).await?
        } else {
            exchange(stream, request).await?
        };
        if status.is_success() { Ok(()) } else { Err(Failure::Refused(status)) }
    }

    /// With the certificates of this machine, as its other programs trust them.
    fn tls(&self) -> Result<&TlsConnector, Failure> {
        let made = self.tls.get_or_init(|| {
            let mut roots = RootCertStore::empty();
            let (added, _unreadable) = roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
            if added == 0 {
                tracing::warn!("this machine has no certificates to trust: webhooks with https cannot be reached");
            }
            let provider = Arc::new(rustls::crypto::ring::default_provider());
            let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
            let config = config.map(|config| config.with_root_certificates(roots).with_no_client_auth());
            config.map(|config| TlsConnector::from(Arc::new(config))).map_err(|error| error.to_string())
        });
        made.as_ref().map_err(|why| Failure::Unreachable(why.clone()))
    }
}

fn request(url: &Uri, arn: &str, event: &Event) -> Result<Request<Full<Bytes>>, Failure> {
    let target = url.path_and_query().map_or("/", |target| target.as_str());
    let authority = url.authority().map(http::uri::Authority::as_str).unwrap_or_default();
    let request = Request::builder()
        .method(Method::POST)
        .uri(target)
        // `user@` is no part of a host.
        .header(HOST, authority.rsplit('@').next().unwrap_or_default())
        .header(CONTENT_TYPE, "application/json")
        .header(USER_AGENT, concat!("Staves/", env!("CARGO_PKG_VERSION")))
        .header("x-staves-destination", arn)
        // An event may come twice: by this it is known again.
        .header("x-staves-sequence", event.sequence)
        .body(Full::new(Bytes::copy_from_slice(&event.body)));
    request.map_err(unreachable)
}

async fn exchange<S>(stream: S, request: Request<Full<Bytes>>) -> Result<StatusCode, Failure>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(unreachable)?;
    let sending = sender.send_request(request);
    // Both on this task: when it is dropped, so is the connection. What the answer says besides its status is not read.
    tokio::pin!(sending, connection);
    tokio::select! {
        answer = &mut sending => answer.map(|answer| answer.status()).map_err(unreachable),
        ended = &mut connection => match ended {
            // The answer may have come with the end.
            Ok(()) => sending.await.map(|answer| answer.status()).map_err(unreachable),
            Err(error) => Err(unreachable(error)),
        },
    }
}

fn unreachable(error: impl std::fmt::Display) -> Failure {
    Failure::Unreachable(error.to_string())
}
