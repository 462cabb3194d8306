//! The certificate authority that Staves makes at its first start and keeps, so that clients need to be told of it only
//! once. Not the certificates it signs: those are `mint`'s.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use rcgen::{BasicConstraints, Certificate, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;
use sha2::{Digest as _, Sha256};

/// A CA: its key, and the file that tells clients of it.
pub(super) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    file: PathBuf,
}

impl Authority {
    /// Reads `ca.pem` and `ca.key` in `directory`, or makes them.
    pub(super) fn load_or_make(directory: &Path) -> Result<Authority, String> {
        fs::create_dir_all(directory).map_err(|error| format!("cannot create {}: {error}", directory.display()))?;
        let (file, key_file) = (directory.join("ca.pem"), directory.join("ca.key"));
        let key = match fs::read_to_string(&key_file) {
            Ok(pem) => KeyPair::from_pem(&pem).map_err(|error| {
                format!("{} is not a private key ({error}); remove it to have a new CA made", key_file.display())
            })?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => make(&file, &key_file)?,
            Err(error) => return Err(format!("cannot read {}: {error}", key_file.display())),
        };
        check_pair(&file, &key)?;
        let params = params(&key);
        Ok(Authority { issuer: Issuer::new(params, key), file })
    }

    /// The file with the CA's certificate.
    pub(super) fn file(&self) -> &Path {
        &self.file
    }

    /// Signs a certificate for `key`.
    pub(super) fn sign(&self, params: &CertificateParams, key: &KeyPair) -> Result<Certificate, rcgen::Error> {
        params.signed_by(key, &self.issuer)
    }
}

fn make(file: &Path, key_file: &Path) -> Result<KeyPair, String> {
    let key = KeyPair::generate().map_err(|error| error.to_string())?;
    let certificate = params(&key).self_signed(&key).map_err(|error| error.to_string())?;
    // The certificate first: a key without one would be taken for a whole CA at the next start.
    write(file, &certificate.pem(), Readers::Everyone)?;
    write(key_file, &key.serialize_pem(), Readers::Owner)?;
    Ok(key)
}

/// The CA's own description. It follows from the key alone, so that it need not be read back from the certificate; each
/// CA has a name of its own, so that a client that trusts an old one says "unknown", not "bad signature".
fn params(key: &KeyPair) -> CertificateParams {
    let mut params = CertificateParams::default();
    let fingerprint = hex::encode(&Sha256::digest(key.public_key_raw())[..4]);
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::OrganizationName, "Staves (local development)");
    params.distinguished_name.push(DnType::CommonName, format!("Staves local CA {fingerprint}"));
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign, KeyUsagePurpose::DigitalSignature];
    params.not_before = rcgen::date_time_ymd(2024, 1, 1);
    params.not_after = rcgen::date_time_ymd(2074, 1, 1);
    params
}

/// A certificate of another key would make every client refuse us, and none would say why.
fn check_pair(file: &Path, key: &KeyPair) -> Result<(), String> {
    let advice = "remove the tls directory to have a new CA made";
    let certificate = CertificateDer::from_pem_file(file)
        .map_err(|error| format!("cannot read {}: {error}; {advice}", file.display()))?;
    let public = key.public_key_raw();
    if certificate.windows(public.len()).any(|window| window == public) {
        return Ok(());
    }
    Err(format!("{} does not belong to the ca.key beside it; {advice}", file.display()))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Readers {
    Owner,
    Everyone,
}

/// Writes by rename, so that no half-written file is ever read; the file is the owner's alone from its first byte.
fn write(path: &Path, text: &str, readers: Readers) -> Result<(), String> {
    let failed = |error: std::io::Error| format!("cannot write {}: {error}", path.display());
    let directory = path.parent().unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(directory).map_err(failed)?;
    file.write_all(text.as_bytes()).map_err(failed)?;
    #[cfg(unix)]
    if readers == Readers::Everyone {
        use std::os::unix::fs::PermissionsExt as _;
        file.as_file().set_permissions(fs::Permissions::from_mode(0o644)).map_err(failed)?;
    }
    #[cfg(not(unix))]
    let _windows_inherits_permissions = readers;
    file.persist(path).map_err(|error| failed(error.error))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ca_is_made_once_and_kept() {
        let directory = tempfile::tempdir().unwrap();
        let tls = directory.path().join("tls");
        Authority::load_or_make(&tls).unwrap();
        let first = fs::read(tls.join("ca.pem")).unwrap();
        Authority::load_or_make(&tls).unwrap();
        assert_eq!(fs::read(tls.join("ca.pem")).unwrap(), first);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = |name: &str| fs::metadata(tls.join(name)).unwrap().permissions().mode() & 0o777;
            assert_eq!((mode("ca.key"), mode("ca.pem")), (0o600, 0o644));
        }
    }

    #[test]
    fn what_does_not_belong_together_is_refused() {
        let (a, b) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        Authority::load_or_make(a.path()).unwrap();
        Authority::load_or_make(b.path()).unwrap();
        fs::copy(a.path().join("ca.pem"), b.path().join("ca.pem")).unwrap();
        let error = Authority::load_or_make(b.path()).err().unwrap();
        assert!(error.contains("does not belong"), "{error}");
    }
}
