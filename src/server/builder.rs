//! What a server is made from, and its start in order. Not the command line, which only fills this in.

use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::{Semaphore, mpsc, watch};

use super::connections::{self, Life, Phase, Shared};
use super::header_case::HeaderCase;
use super::request::{AllDialects, Answerer};
use super::route::Router;
use super::running::{FacadeUrl, RunningServer};
use super::seed::{self, SeedEvent, SeedReport, SeedSink};
use super::tls::{self, Certificates, Names, Tls};
use super::url::{checked_url, url_of};
use super::{StartError, listen, nofile, webhooks};
use crate::control;
use crate::engine::clock::Clock;
use crate::engine::limits::Limits;
use crate::engine::open::MultipartOrder;
use crate::engine::{Durability, Engine, Options};
use crate::facades::{self, Facades, OriginPattern, Upstream};
use crate::http::connection::Scheme;
use crate::http::domains::Domains;
use crate::http::identity::{Identities, Identity, IdentityError};
use crate::s3::{AclDefaults, AuthMode, Config, Destinations, KmsKeys, RegionRule, Service, TlsForCustomerKeys};
use crate::wire::lifecycle::Calendar;

/// The domain that is always there: browsers and most resolvers send `*.localhost` to this machine.
const LOCALHOST: &str = "localhost";

/// The domain under which buckets are websites, wherever the server is.
const WEBSITES: &str = "s3-website.localhost";

/// Where a facade is served besides `/_staves/<name>`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FacadeSetting {
    /// Nowhere else.
    On,
    /// Nowhere at all.
    Off,
    /// At the root of a port of its own.
    Listen {
        /// The host to listen on; `None`: those of the server.
        host: Option<String>,
        /// The port; 0 picks a free one.
        port: u16,
    },
}

/// A facade's own port, listened on.
struct OwnPort {
    facade: String,
    address: SocketAddr,
    listeners: Vec<TcpListener>,
}

/// Everything that can be set before a server starts. The defaults are those of the command line.
pub struct ServerBuilder {
    data_dir: PathBuf,
    durability: Durability,
    limits: Limits,
    multipart_order: MultipartOrder,
    calendar: Calendar,
    hosts: Vec<String>,
    port: u16,
    identities: Identities,
    region: String,
    region_rule: RegionRule,
    auth: AuthMode,
    acl_defaults: AclDefaults,
    kms_keys: KmsKeys,
    tls_for_customer_keys: TlsForCustomerKeys,
    destinations: Arc<Destinations>,
    domains: Vec<String>,
    website_domains: Vec<String>,
    log_delivery: Duration,
    host_aliases: Vec<String>,
    public_url: Option<String>,
    tls: Tls,
    buckets: Vec<String>,
    seed: Option<PathBuf>,
    facades: Vec<(String, FacadeSetting)>,
    facade_options: facades::Options,
    cors_origins: Vec<OriginPattern>,
    upstream: Option<Upstream>,
    clock: Clock,
    on_seed: Box<dyn FnMut(SeedEvent<'_>) + Send>,
    idle_timeout: Duration,
    shutdown_grace: Duration,
    max_connections: usize,
}

impl Default for ServerBuilder {
    fn default() -> ServerBuilder {
        ServerBuilder {
            data_dir: PathBuf::from("./staves-data"),
            durability: Durability::default(),
            limits: Limits::default(),
            multipart_order: MultipartOrder::default(),
            calendar: Calendar::default(),
            hosts: Vec::new(),
            port: 9000,
            identities: Identities::default(),
            region: "us-east-1".to_owned(),
            region_rule: RegionRule::Any,
            auth: AuthMode::On,
            acl_defaults: AclDefaults::default(),
            kms_keys: KmsKeys::default(),
            tls_for_customer_keys: TlsForCustomerKeys::default(),
            destinations: Arc::default(),
            domains: vec![LOCALHOST.to_owned()],
            website_domains: vec![WEBSITES.to_owned()],
            log_delivery: Duration::from_mins(1),
            host_aliases: Vec::new(),
            public_url: None,
            tls: Tls::Off,
            buckets: Vec::new(),
            seed: None,
            facades: Vec::new(),
            facade_options: facades::Options::default(),
            cors_origins: Vec::new(),
            upstream: None,
            clock: Clock::default(),
            on_seed: Box::new(|_| {}),
            idle_timeout: Duration::from_secs(20),
            shutdown_grace: Duration::from_secs(25),
            max_connections: 8192,
        }
    }
}

impl ServerBuilder {
    /// Where everything is kept. Default: `./staves-data`.
    #[must_use]
    pub fn data_dir(mut self, directory: impl Into<PathBuf>) -> Self {
        self.data_dir = directory.into();
        self
    }

    /// What survives what. Default: [`Durability::Process`].
    #[must_use]
    pub fn durability(mut self, durability: Durability) -> Self {
        self.durability = durability;
        self
    }

    /// The engine's limits. Default: AWS's.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Which of two versions of a key is the newer: that whose upload was started later, or completed later.
    #[must_use]
    pub fn multipart_order(mut self, order: MultipartOrder) -> Self {
        self.multipart_order = order;
        self
    }

    /// How long a day of a lifecycle, or of a restore, is. Default: 24 hours.
    #[must_use]
    pub fn lifecycle_day(mut self, day: Duration) -> Self {
        self.calendar = Calendar::with_day(day);
        self
    }

    /// The addresses to listen on. Default: `127.0.0.1`, and `::1` where the machine has IPv6.
    #[must_use]
    pub fn hosts<H: Into<String>>(mut self, hosts: impl IntoIterator<Item = H>) -> Self {
        self.hosts = hosts.into_iter().map(Into::into).collect();
        self
    }

    /// The port; 0 picks one that is free on every address. Default: 9000.
    #[must_use]
    pub fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// The only identity: an access key and its secret. Default: `test` and `test`.
    pub fn credentials(self, access_key: &str, secret_key: &str) -> Result<Self, IdentityError> {
        Ok(self.identities(Identities::new([Identity::new(access_key, secret_key)])?))
    }

    /// All identities that may call; the first is the default one.
    #[must_use]
    pub fn identities(mut self, identities: Identities) -> Self {
        self.identities = identities;
        self
    }

    /// The endpoint's own region. Default: `us-east-1`.
    #[must_use]
    pub fn region(mut self, region: impl Into<String>) -> Self {
        self.region = region.into();
        self
    }

    /// Whether signatures for other regions are taken. Default: they are.
    #[must_use]
    pub fn region_rule(mut self, rule: RegionRule) -> Self {
        self.region_rule = rule;
        self
    }

    /// Whether signatures are asked for. Default: they are.
    #[must_use]
    pub fn auth(mut self, auth: AuthMode) -> Self {
        self.auth = auth;
        self
    }

    /// What holds of ACLs and public access in buckets of which nothing was said. Default: what AWS does since 2023.
    #[must_use]
    pub fn acl_defaults(mut self, defaults: AclDefaults) -> Self {
        self.acl_defaults = defaults;
        self
    }

    /// The keys that exist in KMS. Default: any.
    #[must_use]
    pub fn kms_keys(mut self, keys: KmsKeys) -> Self {
        self.kms_keys = keys;
        self
    }

    /// Whether keys of clients (SSE-C) are refused over plain HTTP. Default: they are taken.
    #[must_use]
    pub fn tls_for_customer_keys(mut self, rule: TlsForCustomerKeys) -> Self {
        self.tls_for_customer_keys = rule;
        self
    }

    /// Where events of buckets are sent to. Default: nowhere.
    #[must_use]
    pub fn destinations(mut self, destinations: Destinations) -> Self {
        self.destinations = Arc::new(destinations);
        self
    }

    /// Further domains under which buckets are hosts (`bucket.domain`), besides `localhost`.
    #[must_use]
    pub fn domains<D: Into<String>>(mut self, domains: impl IntoIterator<Item = D>) -> Self {
        self.domains = vec![LOCALHOST.to_owned()];
        for domain in domains.into_iter().map(Into::into) {
            if !self.domains.contains(&domain) {
                self.domains.push(domain);
            }
        }
        self
    }

    /// Further domains under which buckets are websites (`bucket.domain`), besides `s3-website.localhost`.
    #[must_use]
    pub fn website_domains<D: Into<String>>(mut self, domains: impl IntoIterator<Item = D>) -> Self {
        self.website_domains = vec![WEBSITES.to_owned()];
        self.website_domains.extend(domains.into_iter().map(Into::into));
        self
    }

    /// How long the records of access logs wait until they are delivered together. Default: a minute.
    #[must_use]
    pub fn log_delivery(mut self, period: Duration) -> Self {
        self.log_delivery = period;
        self
    }

    /// Further names of the endpoint that clients may have signed for.
    #[must_use]
    pub fn host_aliases<H: Into<String>>(mut self, aliases: impl IntoIterator<Item = H>) -> Self {
        self.host_aliases = aliases.into_iter().map(Into::into).collect();
        self
    }

    /// The URL that clients reach the server by, where it is not the one it listens on.
    #[must_use]
    pub fn public_url(mut self, url: impl Into<String>) -> Self {
        self.public_url = Some(url.into());
        self
    }

    /// Plain HTTP, or TLS and with what certificates. Default: [`Tls::Off`].
    #[must_use]
    pub fn tls(mut self, tls: Tls) -> Self {
        self.tls = tls;
        self
    }

    /// Where a facade is served besides `/_staves/<name>`, or that it is not. May be said for each facade.
    #[must_use]
    pub fn facade(mut self, name: impl Into<String>, setting: FacadeSetting) -> Self {
        self.facades.push((name.into(), setting));
        self
    }

    /// What is set for the facades.
    #[must_use]
    pub fn facade_options(mut self, options: facades::Options) -> Self {
        self.facade_options = options;
        self
    }

    /// Pages of which other origins may use the facades and the buckets that they make, besides those of this machine.
    #[must_use]
    pub fn cors_origins(mut self, origins: impl IntoIterator<Item = OriginPattern>) -> Self {
        self.cors_origins = origins.into_iter().collect();
        self
    }

    /// The S3 endpoint that control planes (Gjirafa VP, GeoLens) put objects on, instead of this server.
    #[must_use]
    pub fn upstream(mut self, upstream: Upstream) -> Self {
        self.upstream = Some(upstream);
        self
    }

    /// Where the time comes from: for tests of what takes hours. Default: the machine's clock.
    #[must_use]
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// Buckets that exist from the start.
    #[must_use]
    pub fn buckets<B: Into<String>>(mut self, buckets: impl IntoIterator<Item = B>) -> Self {
        self.buckets = buckets.into_iter().map(Into::into).collect();
        self
    }

    /// A directory whose `<bucket>/<key…>` files are objects from the start.
    #[must_use]
    pub fn seed(mut self, directory: impl Into<PathBuf>) -> Self {
        self.seed = Some(directory.into());
        self
    }

    /// Is told how the loading of the seed directory gets on.
    #[must_use]
    pub fn on_seed(mut self, listener: impl FnMut(SeedEvent<'_>) + Send + 'static) -> Self {
        self.on_seed = Box::new(listener);
        self
    }

    /// How long a client may be silent in the middle of a body. Default: 20 s.
    #[must_use]
    pub fn idle_timeout(mut self, timeout: Duration) -> Self {
        self.idle_timeout = timeout;
        self
    }

    /// How long [`RunningServer::shutdown`] waits for requests in flight. Default: 25 s.
    #[must_use]
    pub fn shutdown_grace(mut self, grace: Duration) -> Self {
        self.shutdown_grace = grace;
        self
    }

    /// How many connections are served at once; more wait. Default: 8192.
    #[must_use]
    pub fn max_connections(mut self, connections: usize) -> Self {
        self.max_connections = connections.clamp(1, Semaphore::MAX_PERMITS);
        self
    }

    /// Starts: listens, opens the data directory, makes certificates, creates buckets, loads the seed, then accepts.
    /// Clients that connect earlier wait until then.
    pub async fn start(mut self) -> Result<RunningServer, StartError> {
        nofile::raise();
        let public_url = self.public_url.as_deref().map(checked_url).transpose()?;
        // Before the data directory is touched: a second start by mistake should change nothing.
        let listeners = listen::bind(&self.hosts, self.port).await?;
        let addresses: Vec<SocketAddr> = listeners.iter().filter_map(|listener| listener.local_addr().ok()).collect();
        let own_ports = self.own_ports().await?;
        let engine = self.open_engine().await?;
        match self.start_on(listeners, own_ports, &addresses, engine.clone(), public_url).await {
            Ok(server) => Ok(server),
            Err(error) => {
                engine.close().await;
                Err(error)
            }
        }
    }

    async fn open_engine(&self) -> Result<Engine, StartError> {
        let options = Options {
            durability: self.durability,
            limits: self.limits.clone(),
            multipart_order: self.multipart_order,
            calendar: self.calendar,
            clock: self.clock.clone(),
            ..Options::new(&self.data_dir)
        };
        // After a power loss, opening hashes what was written last.
        match tokio::task::spawn_blocking(|| Engine::open(options)).await {
            Ok(opened) => opened.map_err(StartError::Open),
            Err(panic) => Err(StartError::Bug(format!("opening the data directory panicked: {panic}"))),
        }
    }

    async fn start_on(
        &mut self,
        listeners: Vec<TcpListener>,
        own_ports: Vec<OwnPort>,
        addresses: &[SocketAddr],
        engine: Engine,
        public_url: Option<String>,
    ) -> Result<RunningServer, StartError> {
        let certificates = self.certificates(addresses)?;
        let scheme = if certificates.is_some() { Scheme::Https } else { Scheme::Http };
        let endpoint = public_url.clone().unwrap_or_else(|| url_of(scheme, addresses[0]));
        let identities = Arc::new(self.identities.clone());
        let service = Service::new(
            engine.clone(),
            Config {
                region: self.region.clone(),
                region_rule: self.region_rule,
                auth: self.auth,
                acl_defaults: self.acl_defaults,
                kms_keys: self.kms_keys.clone(),
                tls_for_customer_keys: self.tls_for_customer_keys,
                destinations: Arc::clone(&self.destinations),
                domains: self.domains.clone(),
                website_domains: self.website_domains.clone(),
                log_delivery: self.log_delivery,
                host_aliases: self.host_aliases.clone(),
                identities: Arc::clone(&identities),
                public_url: public_url.clone(),
            },
        );
        let facades = Arc::new(self.open_facades(&service, &engine, &identities, public_url.as_deref())?);
        let seeded = self.fill(&service).await?;
        if let Err(error) = engine.sweep_in_background() {
            tracing::warn!(%error, "files that a crash left are not swept this time");
        }

        let (phase, receiver) = watch::channel(Phase::Running);
        let (alive, ended) = mpsc::channel(1);
        let domains = Domains::new(&self.domains).with_websites(&self.website_domains);
        let router = Router::new(domains, facades.ids().collect());
        let delivering = service.clone();
        let log_delivery = tokio::spawn(async move { delivering.deliver_logs().await });
        let lifecycles = service.clone();
        let control = control::Service::new(engine.clone(), Arc::clone(&identities), self.auth);
        let dialects = Arc::new(AllDialects { s3: service.clone(), control, facades: Arc::clone(&facades) });
        let slots = Arc::new(Semaphore::new(self.max_connections));
        let idle_timeout = self.idle_timeout;
        let header_cases = HeaderCase::several().await;
        let shared = |router| {
            let (dialects, clock) = (Arc::clone(&dialects), engine.clock().clone());
            let answerer = Arc::new(Answerer { dialects, router, idle_timeout, clock });
            let tls = certificates.as_ref().map(|certificates| certificates.acceptor.clone());
            Arc::new(Shared { answerer, tls, slots: Arc::clone(&slots), header_cases: header_cases.clone() })
        };
        let accept = |listeners: Vec<TcpListener>, shared: &Arc<Shared<AllDialects>>| -> Vec<_> {
            let accept = |listener| {
                let life = Life::new(receiver.clone(), alive.clone());
                tokio::spawn(connections::accept(listener, Arc::clone(shared), life))
            };
            listeners.into_iter().map(accept).collect()
        };
        let mut facade_urls = Vec::new();
        let mut accepting = accept(listeners, &shared(router.clone()));
        for (name, id) in facades.ids() {
            let own = own_ports.iter().find(|own| own.facade == name);
            let url = own.map_or_else(|| format!("{endpoint}/_staves/{name}"), |own| url_of(scheme, own.address));
            facade_urls.push(FacadeUrl { name, product: facades.product(id), url });
        }
        for OwnPort { facade, listeners, .. } in own_ports {
            let found = facades.ids().find(|(name, _)| *name == facade);
            let (_, id) = found.ok_or_else(|| StartError::Bug(format!("the facade {facade} is open")))?;
            accepting.extend(accept(listeners, &shared(router.of_facade(id))));
        }
        let webhooks = webhooks::deliver(engine.clone(), Arc::clone(&self.destinations));
        let background = tokio::spawn(async move {
            tokio::join!(facades.run(), lifecycles.run_lifecycles(), lifecycles.tell_restores(), webhooks);
        });
        Ok(RunningServer {
            accepting,
            background,
            log_delivery,
            service,
            facade_urls,
            addresses: addresses.to_vec(),
            endpoint,
            region: self.region.clone(),
            identities,
            certificates,
            seeded,
            engine,
            phase,
            ended,
            shutdown_grace: self.shutdown_grace,
        })
    }

    /// Listens for the facades that have ports of their own, on the same hosts unless they name one.
    async fn own_ports(&self) -> Result<Vec<OwnPort>, StartError> {
        let mut own = Vec::new();
        for (facade, setting) in &self.facades {
            let FacadeSetting::Listen { host, port } = setting else { continue };
            if !facades::names().any(|name| name == facade) {
                continue; // Refused with a better sentence when the facades are opened.
            }
            let hosts = host.as_ref().map_or_else(|| self.hosts.clone(), |host| vec![host.clone()]);
            let listeners = listen::bind(&hosts, *port).await?;
            let addresses: Vec<_> = listeners.iter().filter_map(|listener| listener.local_addr().ok()).collect();
            own.push(OwnPort { facade: facade.clone(), address: addresses[0], listeners });
        }
        Ok(own)
    }

    fn open_facades(
        &self,
        service: &Service,
        engine: &Engine,
        identities: &Arc<Identities>,
        public_url: Option<&str>,
    ) -> Result<Facades, StartError> {
        let is_off = |(name, setting): &(String, FacadeSetting)| (*setting == FacadeSetting::Off).then(|| name.clone());
        let config = facades::Config {
            engine: engine.clone(),
            watcher: Arc::new(service.clone()),
            identities: Arc::clone(identities),
            auth: self.auth,
            region: self.region.clone(),
            public_url: public_url.map(str::to_owned),
            off: self.facades.iter().filter_map(is_off).collect(),
            named: self.facades.iter().map(|(name, _)| name.clone()).collect(),
            options: self.facade_options.clone(),
            cors_origins: self.cors_origins.clone(),
            upstream: self.upstream.clone(),
        };
        Facades::open(config).map_err(|error| StartError::Setting(error.to_string()))
    }

    fn certificates(&self, addresses: &[SocketAddr]) -> Result<Option<Certificates>, StartError> {
        // In memory durability nothing is written to the data directory, keys included.
        let directory = (self.durability != Durability::Memory).then(|| self.data_dir.join("tls"));
        let names = Names {
            domains: self.domains.iter().chain(&self.website_domains).cloned().collect(),
            hosts: self.host_aliases.iter().chain(&self.hosts).cloned().collect(),
            addresses: addresses.iter().map(SocketAddr::ip).collect(),
        };
        tls::certificates(&self.tls, directory.as_deref(), &names).map_err(StartError::Tls)
    }

    /// Creates the buckets and loads the seed directory.
    async fn fill(&mut self, service: &Service) -> Result<Option<SeedReport>, StartError> {
        for name in &self.buckets {
            let created = service.create_bucket_for(name).await;
            created.map_err(|reason| StartError::Bucket { name: name.clone(), reason })?;
        }
        let Some(directory) = &self.seed else { return Ok(None) };
        let report = seed::load(directory, service, &mut *self.on_seed).await.map_err(StartError::Seed)?;
        Ok(Some(report))
    }
}

/// The seed goes through the same doors as requests.
impl SeedSink for Service {
    async fn create_bucket(&self, bucket: &str) -> Result<(), String> {
        self.create_bucket_for(bucket).await
    }

    async fn put_file(&self, bucket: &str, key: &str, content_type: &str, path: &Path) -> Result<u64, String> {
        Service::put_file(self, bucket, key, content_type, path).await
    }
}

impl fmt::Debug for ServerBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerBuilder")
            .field("data_dir", &self.data_dir)
            .field("hosts", &self.hosts)
            .field("port", &self.port)
            .finish_non_exhaustive()
    }
}
