//! Certificates: a CA of our own that is kept and signs for every name that is asked for, or those of given files. Not
//! the handshake, which is rustls's.

mod ca;
mod mint;

use std::fmt;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::server::ResolvesServerCert;
use rustls::sign::CertifiedKey;
use rustls::{CipherSuite, ProtocolVersion, ServerConfig};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;

use ca::Authority;
use mint::Mint;

use crate::http::connection::TlsSession;

/// Whether and how connections are encrypted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Tls {
    /// Plain HTTP.
    #[default]
    Off,
    /// Certificates signed by a CA that is made at the first start and kept in the data directory.
    SelfSigned,
    /// A certificate chain and its key, both PEM.
    Files {
        /// The chain, the server's own certificate first.
        cert: PathBuf,
        /// The private key.
        key: PathBuf,
    },
}

/// The names that certificates are for.
#[derive(Debug, Clone, Default)]
pub(super) struct Names {
    /// `domain`, and everything below it.
    pub(super) domains: Vec<String>,
    /// Single hosts: names or addresses.
    pub(super) hosts: Vec<String>,
    /// The addresses that are listened on.
    pub(super) addresses: Vec<IpAddr>,
}

/// What TLS needs while the server runs.
pub(super) struct Certificates {
    pub(super) acceptor: TlsAcceptor,
    /// The CA's certificate, where it is ours.
    pub(super) ca_file: Option<PathBuf>,
    /// Removed at the end, when nothing is to be kept.
    _temporary: Option<tempfile::TempDir>,
}

/// Makes or reads the certificates. `directory` keeps the CA; without one it lives as long as the server.
pub(super) fn certificates(tls: &Tls, directory: Option<&Path>, names: &Names) -> Result<Option<Certificates>, String> {
    match tls {
        Tls::Off => Ok(None),
        Tls::Files { cert, key } => {
            let certified = from_files(cert, key)?;
            let acceptor = acceptor(Arc::new(Always(Arc::new(certified))))?;
            Ok(Some(Certificates { acceptor, ca_file: None, _temporary: None }))
        }
        Tls::SelfSigned => {
            let temporary = match directory {
                Some(_) => None,
                None => Some(tempfile::tempdir().map_err(|error| format!("no temporary directory: {error}"))?),
            };
            let directory = directory.or(temporary.as_ref().map(tempfile::TempDir::path)).unwrap_or(Path::new("."));
            let authority = Authority::load_or_make(directory)?;
            let ca_file = Some(authority.file().to_owned());
            let acceptor = acceptor(Arc::new(Mint::new(authority, names.clone())?))?;
            Ok(Some(Certificates { acceptor, ca_file, _temporary: temporary }))
        }
    }
}

fn acceptor(resolver: Arc<dyn ResolvesServerCert>) -> Result<TlsAcceptor, String> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .with_no_client_auth()
        .with_cert_resolver(resolver);
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}

fn from_files(cert: &Path, key: &Path) -> Result<CertifiedKey, String> {
    let unreadable = |path: &Path, what: &str, error: &dyn fmt::Display| {
        format!("{} cannot be read as {what} in PEM: {error}", path.display())
    };
    let chain = CertificateDer::pem_file_iter(cert)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| unreadable(cert, "certificates", &error))?;
    if chain.is_empty() {
        return Err(unreadable(cert, "certificates", &"there is none in it"));
    }
    let key_der = PrivateKeyDer::from_pem_file(key).map_err(|error| unreadable(key, "a private key", &error))?;
    CertifiedKey::from_der(chain, key_der, &rustls::crypto::ring::default_provider())
        .map_err(|error| format!("{} and {} do not go together: {error}", cert.display(), key.display()))
}

/// The same certificate for every name.
#[derive(Debug)]
struct Always(Arc<CertifiedKey>);

impl ResolvesServerCert for Always {
    fn resolve(&self, _: rustls::server::ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0))
    }
}

/// What a handshake came to.
pub(super) fn session(connection: &rustls::ServerConnection) -> Option<TlsSession> {
    let version = match connection.protocol_version()? {
        ProtocolVersion::TLSv1_2 => "TLSv1.2",
        ProtocolVersion::TLSv1_3 => "TLSv1.3",
        _ => return None,
    };
    let suite = connection.negotiated_cipher_suite()?.suite();
    let cipher_suite = OPENSSL_NAMES.iter().find(|(known, _)| *known == suite).map(|(_, name)| *name)?;
    Some(TlsSession { version, cipher_suite })
}

/// The suites that rustls knows, as OpenSSL calls them.
const OPENSSL_NAMES: [(CipherSuite, &str); 9] = [
    (CipherSuite::TLS13_AES_128_GCM_SHA256, "TLS_AES_128_GCM_SHA256"),
    (CipherSuite::TLS13_AES_256_GCM_SHA384, "TLS_AES_256_GCM_SHA384"),
    (CipherSuite::TLS13_CHACHA20_POLY1305_SHA256, "TLS_CHACHA20_POLY1305_SHA256"),
    (CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, "ECDHE-ECDSA-AES128-GCM-SHA256"),
    (CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, "ECDHE-ECDSA-AES256-GCM-SHA384"),
    (CipherSuite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, "ECDHE-ECDSA-CHACHA20-POLY1305"),
    (CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, "ECDHE-RSA-AES128-GCM-SHA256"),
    (CipherSuite::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384, "ECDHE-RSA-AES256-GCM-SHA384"),
    (CipherSuite::TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256, "ECDHE-RSA-CHACHA20-POLY1305"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bad_files_are_named() {
        let directory = tempfile::tempdir().unwrap();
        let (cert, key) = (directory.path().join("c.pem"), directory.path().join("k.pem"));
        let tls = Tls::Files { cert: cert.clone(), key };
        let missing = certificates(&tls, None, &Names::default()).err().unwrap();
        assert!(missing.contains("c.pem"), "{missing}");
        std::fs::write(&cert, "nothing").unwrap();
        let empty = certificates(&tls, None, &Names::default()).err().unwrap();
        assert!(empty.contains("there is none"), "{empty}");
    }

    #[test]
    fn without_a_directory_the_ca_is_temporary() {
        let made = certificates(&Tls::SelfSigned, None, &Names::default()).unwrap().unwrap();
        let file = made.ca_file.clone().unwrap();
        assert!(file.exists());
        drop(made);
        assert!(!file.exists());
    }
}
