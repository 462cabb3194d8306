//! Certificates made when a client asks for a name. Not one wildcard for all: OpenSSL and Node take `*.localhost` for a
//! whole top-level domain and refuse it, so `bucket.localhost` needs a certificate that says `bucket.localhost`.

use std::collections::HashMap;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError};

use rcgen::{CertificateParams, DnType, ExtendedKeyUsagePurpose, KeyPair, KeyUsagePurpose};
use rustls::crypto::ring::sign::any_supported_type;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::{CertifiedKey, SigningKey};
use rustls_pki_types::PrivateKeyDer;
use time::{Duration, OffsetDateTime};

use super::Names;
use super::ca::Authority;

/// Certificates kept ready. More buckets than that are made anew now and then, a millisecond each.
const KEPT: usize = 1024;
/// Apple's systems refuse certificates that are valid for longer than 825 days, also under CAs of one's own.
const VALID: Duration = Duration::days(800);
/// Containers and virtual machines have wrong clocks.
const BACKDATED: Duration = Duration::days(2);

/// Answers each handshake with a certificate for the name that it asks for.
pub(super) struct Mint {
    authority: Authority,
    key: KeyPair,
    signing_key: Arc<dyn SigningKey>,
    domains: Vec<String>,
    always: Vec<String>,
    default: Arc<CertifiedKey>,
    made: Mutex<HashMap<String, Arc<CertifiedKey>>>,
}

impl Mint {
    pub(super) fn new(authority: Authority, names: Names) -> Result<Mint, String> {
        let key = KeyPair::generate().map_err(|error| error.to_string())?;
        let der = PrivateKeyDer::try_from(key.serialize_der()).map_err(str::to_owned)?;
        let signing_key = any_supported_type(&der).map_err(|error| error.to_string())?;
        let always = always(&names);
        let default = Arc::new(certify(&authority, &key, &signing_key, always.clone())?);
        Ok(Mint { authority, key, signing_key, domains: names.domains, always, default, made: Mutex::default() })
    }

    /// Whether a name is one that buckets may be found under, and the default certificate may not be taken for.
    fn is_below_a_domain(&self, name: &str) -> bool {
        self.domains.iter().any(|domain| {
            let domain = domain.to_ascii_lowercase();
            name.strip_suffix(&domain).is_some_and(|before| before.len() > 1 && before.ends_with('.'))
        })
    }

    fn for_name(&self, name: &str) -> Arc<CertifiedKey> {
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = made.get(name) {
            return Arc::clone(known);
        }
        let mut names = self.always.clone();
        names.push(name.to_owned());
        match certify(&self.authority, &self.key, &self.signing_key, names) {
            Ok(certified) => {
                let certified = Arc::new(certified);
                if made.len() >= KEPT {
                    made.clear();
                }
                made.insert(name.to_owned(), Arc::clone(&certified));
                certified
            }
            Err(error) => {
                tracing::debug!(name, error, "no certificate for this name");
                Arc::clone(&self.default)
            }
        }
    }
}

impl ResolvesServerCert for Mint {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let name = hello.server_name().map(str::to_ascii_lowercase);
        Some(match name {
            Some(name) if self.is_below_a_domain(&name) => self.for_name(&name),
            _ => Arc::clone(&self.default),
        })
    }
}

impl fmt::Debug for Mint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mint").field("domains", &self.domains).finish_non_exhaustive()
    }
}

/// The names in every certificate.
fn always(names: &Names) -> Vec<String> {
    let mut all = vec![Ipv4Addr::LOCALHOST.to_string(), Ipv6Addr::LOCALHOST.to_string()];
    for domain in &names.domains {
        all.extend([domain.clone(), format!("*.{domain}"), format!("s3.{domain}"), format!("*.s3.{domain}")]);
    }
    let hosts = names.hosts.iter().map(|host| host.trim_matches(['[', ']']).to_owned());
    all.extend(hosts.chain(names.addresses.iter().map(IpAddr::to_string)));
    let mut seen = std::collections::HashSet::new();
    all.retain(|name| seen.insert(name.to_ascii_lowercase()));
    all
}

fn certify(
    authority: &Authority,
    key: &KeyPair,
    signing_key: &Arc<dyn SigningKey>,
    names: Vec<String>,
) -> Result<CertifiedKey, String> {
    let failed = |error: rcgen::Error| format!("certificate: {error}");
    let mut params = CertificateParams::new(names).map_err(failed)?;
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, "Staves");
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.use_authority_key_identifier_extension = true;
    params.not_before = OffsetDateTime::now_utc() - BACKDATED;
    params.not_after = OffsetDateTime::now_utc() + VALID;
    let certificate = authority.sign(&params, key).map_err(failed)?;
    Ok(CertifiedKey::new(vec![certificate.der().clone()], Arc::clone(signing_key)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustls::pki_types::ServerName;
    use rustls::{ClientConfig, ClientConnection, RootCertStore, ServerConfig, ServerConnection};
    use rustls_pki_types::CertificateDer;
    use rustls_pki_types::pem::PemObject as _;

    /// A handshake in memory, with a client that trusts the CA's file and nothing else.
    fn handshake(mint: &Arc<Mint>, name: &str) -> Result<(), rustls::Error> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(mint.authority.file()).unwrap()).unwrap();
        let client = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let server = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_cert_resolver(Arc::clone(mint) as Arc<dyn ResolvesServerCert>);
        let mut client = ClientConnection::new(Arc::new(client), ServerName::try_from(name.to_owned()).unwrap())?;
        let mut server = ServerConnection::new(Arc::new(server))?;
        while client.is_handshaking() {
            let mut wire = Vec::new();
            client.write_tls(&mut wire).unwrap();
            server.read_tls(&mut wire.as_slice()).unwrap();
            server.process_new_packets()?;
            let mut wire = Vec::new();
            server.write_tls(&mut wire).unwrap();
            client.read_tls(&mut wire.as_slice()).unwrap();
            client.process_new_packets()?;
        }
        Ok(())
    }

    #[test]
    fn clients_that_know_the_ca_accept_every_name_of_the_server() {
        let directory = tempfile::tempdir().unwrap();
        let names = Names {
            domains: vec!["localhost".into(), "s3.example.test".into()],
            hosts: vec!["staves".into(), "[fd00::1]".into()],
            addresses: vec![IpAddr::V4(Ipv4Addr::LOCALHOST)],
        };
        let mint = Arc::new(Mint::new(Authority::load_or_make(directory.path()).unwrap(), names).unwrap());
        for name in [
            "localhost",
            "bucket.localhost",
            "a.dotted.bucket.localhost",
            "bucket.s3.localhost",
            "127.0.0.1",
            "::1",
            "staves",
            "fd00::1",
            "s3.example.test",
            "b.s3.example.test",
            "b.s3.eu-west-1.s3.example.test",
        ] {
            handshake(&mint, name).unwrap_or_else(|error| panic!("{name}: {error}"));
        }
        assert!(handshake(&mint, "example.com").is_err());
        // Such names are certified one by one, for clients that refuse `*.localhost`.
        assert!(mint.made.lock().unwrap().contains_key("bucket.localhost"));
    }
}
