//! Why a server did not start, in sentences that say what to do. Not for what happens once it runs.

use std::fmt;
use std::io;
use std::net::SocketAddr;

use crate::engine;

/// Why a server did not start.
#[derive(Debug)]
pub enum StartError {
    /// Something else listens on the address already.
    PortInUse {
        /// The address.
        address: SocketAddr,
    },
    /// The address cannot be listened on.
    CannotListen {
        /// The host as it was given.
        host: String,
        /// The port.
        port: u16,
        /// What the system said.
        source: io::Error,
    },
    /// The data directory could not be opened.
    Open(engine::OpenError),
    /// Certificates could not be made or read.
    Tls(String),
    /// A bucket that should exist from the start could not be created.
    Bucket {
        /// Its name.
        name: String,
        /// Why not.
        reason: String,
    },
    /// The seed directory could not be loaded.
    Seed(String),
    /// A setting does not make sense.
    Setting(String),
    /// A bug in Staves.
    Bug(String),
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StartError::PortInUse { address } => write!(
                f,
                "port {} is already in use on {}; stop what listens there (another Staves?), or choose another port \
                 with --port (0 picks a free one)",
                address.port(),
                address.ip()
            ),
            StartError::CannotListen { host, port, source } => cannot_listen(f, host, *port, source),
            StartError::Open(error) => error.fmt(f),
            StartError::Tls(reason) => write!(f, "TLS: {reason}"),
            StartError::Bucket { name, reason } => write!(f, "bucket {name:?} could not be created: {reason}"),
            StartError::Seed(reason) => write!(f, "seed: {reason}"),
            StartError::Setting(reason) => f.write_str(reason),
            StartError::Bug(what) => write!(f, "bug: {what}"),
        }
    }
}

fn cannot_listen(f: &mut fmt::Formatter<'_>, host: &str, port: u16, source: &io::Error) -> fmt::Result {
    let advice = match source.kind() {
        io::ErrorKind::PermissionDenied => "ports below 1024 need privileges: choose a higher one with --port",
        io::ErrorKind::AddrNotAvailable => {
            "this machine has no such address: use 127.0.0.1, or 0.0.0.0 for all of its addresses, with --host"
        }
        _ => "check --host and --port",
    };
    write!(f, "cannot listen on host {host}, port {port}: {source}; {advice}")
}

impl std::error::Error for StartError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            StartError::CannotListen { source, .. } => Some(source),
            StartError::Open(error) => Some(error),
            _ => None,
        }
    }
}
