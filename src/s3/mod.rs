//! The S3 dialect: turns HTTP requests into engine calls, and what comes of them into AWS's answers.
//!
//! A request's way: its target (`target`), who calls (`auth`), which row of the table it is for (`route`, `table`), whether
//! the caller may (`access`), then the operation itself (`ops/`, one file each).

mod access;
mod archive_tiers;
mod auth;
mod call;
mod catalog;
mod cors;
mod documents;
mod encryption;
mod engine_error;
mod error;
mod features;
mod intake;
mod integrity;
mod lifecycle;
mod logging;
mod notifications;
mod operation;
mod ops;
mod problem;
mod reply;
mod request;
mod route;
mod seeding;
mod service;
mod signing_keys;
mod table;
mod target;
mod website;

use std::sync::Arc;
use std::time::Duration;

use self::logging::Logs;
use self::signing_keys::SigningKeys;
use crate::engine::Engine;
use crate::http::domains::Domains;
use crate::http::identity::Identities;

pub use self::access::AclDefaults;
pub use self::catalog::{KnownOperation, operations};
pub use self::encryption::{KmsKeys, TlsForCustomerKeys};
pub use self::notifications::Destinations;
pub use self::service::Service;
pub use crate::http::identity::AuthMode;

/// Which regions a signature's scope may name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RegionRule {
    /// Any: a client need not know what this server calls itself.
    #[default]
    Any,
    /// The server's own only, as on AWS.
    Exact,
}

/// How the dialect is set up.
#[derive(Debug, Clone)]
pub struct Config {
    /// The endpoint's own region.
    pub region: String,
    /// Which regions a signature's scope may name.
    pub region_rule: RegionRule,
    /// Whether requests have to be signed.
    pub auth: AuthMode,
    /// What holds of access to buckets of which nothing was said.
    pub acl_defaults: AclDefaults,
    /// Domains under which buckets are host names, beside `localhost`.
    pub domains: Vec<String>,
    /// Domains under which buckets are websites.
    pub website_domains: Vec<String>,
    /// Other names that clients reach this server by: tried when a signature fails, to say why.
    pub host_aliases: Vec<String>,
    /// Who may call.
    pub identities: Arc<Identities>,
    /// How long the records of access logs wait for their delivery.
    pub log_delivery: Duration,
    /// The keys that exist in KMS.
    pub kms_keys: KmsKeys,
    /// Whether SSE-C needs TLS.
    pub tls_for_customer_keys: TlsForCustomerKeys,
    /// Where events are sent to.
    pub destinations: Arc<Destinations>,
    /// The address to put into URLs, if it is not the one that the client came by.
    pub public_url: Option<String>,
}

/// What every call shares.
pub(crate) struct Shared {
    pub(crate) engine: Engine,
    pub(crate) config: Config,
    pub(crate) domains: Domains,
    pub(crate) signing_keys: SigningKeys,
    pub(crate) logs: Logs,
}
