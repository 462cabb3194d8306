//! Credentials, and the signing key that is derived from them. Their `Debug` forms never show a secret.

use std::fmt;

use hmac::Mac as _;
use sha2::Sha256;

use super::TERMINAL;
use super::scope::Scope;
use crate::wire::mac::keyed;

/// What a client signs with.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// The access key id, public.
    pub access_key: String,
    /// The secret access key.
    pub secret_key: String,
    /// The token of temporary credentials, sent as `x-amz-security-token`.
    pub session_token: Option<String>,
}

impl Credentials {
    /// Static credentials, without a session token.
    pub fn new(access_key: impl Into<String>, secret_key: impl Into<String>) -> Self {
        Self { access_key: access_key.into(), secret_key: secret_key.into(), session_token: None }
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials").field("access_key", &self.access_key).finish_non_exhaustive()
    }
}

/// A key for one secret and one scope (a day, a region). Small and cheap to clone, so that it can be cached by
/// (access key, scope) and spare four HMACs per request.
#[derive(Clone)]
pub struct SigningKey([u8; 32]);

impl SigningKey {
    /// HMAC chain over day, region, service and terminal. Source: AWS, "Derive a signing key".
    pub fn derive(secret_key: &str, scope: &Scope) -> Self {
        let mut key = hmac(format!("AWS4{secret_key}").as_bytes(), scope.date.as_bytes());
        for part in [&scope.region, &scope.service] {
            key = hmac(&key, part.as_bytes());
        }
        Self(hmac(&key, TERMINAL.as_bytes()))
    }

    /// The signature of a string to sign (or of a POST policy in base64), in lower-case hexadecimal digits.
    pub fn sign(&self, text: &str) -> String {
        hex_text(hmac(&self.0, text.as_bytes()))
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKey(..)")
    }
}

fn hmac(key: &[u8], message: &[u8]) -> [u8; 32] {
    let mut mac = keyed::<Sha256>(key);
    mac.update(message);
    mac.finalize().into_bytes().into()
}

/// 32 bytes as 64 lower-case digits. Some thirty times as fast as `hex::encode`, which goes by characters; every request
/// has two or three.
pub(super) fn hex_text(bytes: [u8; 32]) -> String {
    let mut text = vec![0; 64];
    // Twice as long: it cannot fail.
    let fits = hex::encode_to_slice(bytes, &mut text);
    debug_assert!(fits.is_ok(), "two digits for each byte");
    String::from_utf8(text).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::sigv4::AmzDate;

    /// AWS, "Deriving a signing key", names this key for IAM.
    #[test]
    fn the_key_of_the_documentation() {
        let mut scope = Scope::s3(AmzDate::parse_iso_basic("20150830T000000Z").unwrap(), "us-east-1");
        scope.service = "iam".into();
        let key = SigningKey::derive("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", &scope);
        assert_eq!(hex::encode(key.0), "c4afb1cc5771d871763a393e44b703571b55cc28424d1a5e86da6ed3c154a4b9");
    }

    #[test]
    fn debug_forms_show_no_secret() {
        let credentials = Credentials::new("AKID", "hush");
        let key = SigningKey::derive("hush", &Scope::s3(AmzDate::from_unix(0), "r"));
        assert_eq!(format!("{credentials:?} {key:?}"), "Credentials { access_key: \"AKID\", .. } SigningKey(..)");
    }
}
