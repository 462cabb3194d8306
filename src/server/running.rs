//! A server that runs, and its end. Not how it came to run: that is `builder`.

use std::convert::Infallible;
use std::fmt;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::connections::Phase;
use super::seed::SeedReport;
use super::tls::Certificates;
use crate::engine::Engine;
use crate::http::identity::Identities;
use crate::s3;

/// Where a facade is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FacadeUrl {
    /// Its name in paths and settings.
    pub name: &'static str,
    /// The product, for people.
    pub product: &'static str,
    /// The URL under which the product's own paths follow, without a slash at the end.
    pub url: String,
}

/// A server that accepts requests. Dropping it ends it at once; [`shutdown`](RunningServer::shutdown) ends it well.
pub struct RunningServer {
    pub(super) addresses: Vec<SocketAddr>,
    pub(super) endpoint: String,
    pub(super) region: String,
    pub(super) identities: Arc<Identities>,
    pub(super) certificates: Option<Certificates>,
    pub(super) seeded: Option<SeedReport>,
    pub(super) engine: Engine,
    pub(super) phase: watch::Sender<Phase>,
    pub(super) ended: mpsc::Receiver<Infallible>,
    pub(super) accepting: Vec<JoinHandle<()>>,
    /// What the facades do besides answering.
    pub(super) background: JoinHandle<()>,
    pub(super) log_delivery: JoinHandle<()>,
    pub(super) service: s3::Service,
    pub(super) facade_urls: Vec<FacadeUrl>,
    pub(super) shutdown_grace: Duration,
}

impl RunningServer {
    /// The URL for clients: the public one if there is one, else `http://` with the first address.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// The first address that is listened on.
    pub fn addr(&self) -> SocketAddr {
        self.addresses[0]
    }

    /// All addresses that are listened on.
    pub fn addrs(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// The port, the same on all addresses.
    pub fn port(&self) -> u16 {
        self.addr().port()
    }

    /// The region of the endpoint.
    pub fn region(&self) -> &str {
        &self.region
    }

    /// Who may call.
    pub fn identities(&self) -> &Identities {
        &self.identities
    }

    /// The file with the CA that signed the server's certificates, where Staves made them: for `AWS_CA_BUNDLE`.
    pub fn ca_file(&self) -> Option<&Path> {
        self.certificates.as_ref()?.ca_file.as_deref()
    }

    /// What was loaded from the seed directory.
    pub fn seeded(&self) -> Option<SeedReport> {
        self.seeded
    }

    /// The facades that are on, and where.
    pub fn facades(&self) -> &[FacadeUrl] {
        &self.facade_urls
    }

    /// The engine under the server, for what a program wants to do besides HTTP.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Stops listening, finishes the requests in flight (for as long as the grace allows), then closes the engine.
    pub async fn shutdown(mut self) {
        self.phase.send_replace(Phase::Draining);
        for accepting in &mut self.accepting {
            // A listener that panicked has ended too.
            let _ended = accepting.await;
        }
        if timeout(self.shutdown_grace, self.ended.recv()).await.is_err() {
            tracing::warn!(
                "requests were still in flight {} s after the stop was asked for; dropping them",
                self.shutdown_grace.as_secs()
            );
            self.phase.send_replace(Phase::Stopped);
            self.ended.recv().await;
        }
        self.service.close_logs();
        // A delivery that panicked has ended too.
        let _ended = (&mut self.log_delivery).await;
        self.background.abort();
        // What it holds of the engine, and so of its lock, is let go before the directory may be opened again.
        let _ended = (&mut self.background).await;
        self.engine.close().await;
    }
}

impl Drop for RunningServer {
    fn drop(&mut self) {
        self.background.abort();
        self.log_delivery.abort();
        self.phase.send_replace(Phase::Stopped);
    }
}

impl fmt::Debug for RunningServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RunningServer").field("endpoint", &self.endpoint).finish_non_exhaustive()
    }
}
