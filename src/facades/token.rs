//! Tokens that facades give out: JSON Web Tokens, signed (HS256) by the caller's own secret key, so that nothing is stored
//! and a restart forgets none. Not opaque: whoever holds one can read it.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, Mac as _};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

use crate::http::identity::{Identities, Identity};
use crate::wire::mac::keyed;
use crate::wire::time::Timestamp;

/// Says what the key is for: a token's signature is no other signature.
const PURPOSE: &[u8] = b"staves facade token 1";
const HEADER: &str = r#"{"alg":"HS256","typ":"JWT"}"#;
/// Ours are a few hundred bytes.
const MAX_BYTES: usize = 8 << 10;

/// Makes tokens and reads them.
pub(crate) struct Tokens {
    identities: Arc<Identities>,
}

/// What a token says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Claims {
    /// The access key of the identity that it speaks for.
    pub(crate) sub: String,
    /// What it is good for: the facade, and what of it, such as `geolens/access`.
    pub(crate) aud: String,
    /// When it was made, in seconds since the epoch.
    pub(crate) iat: i64,
    /// When it ends, in seconds since the epoch.
    pub(crate) exp: i64,
    /// What else the facade has to remember.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) bound_to: Option<String>,
    /// A number of its own.
    pub(crate) jti: String,
}

/// Why a token is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TokenError {
    /// It is no token of this server, or not for this purpose.
    Invalid,
    /// It was good once.
    Expired,
}

impl Tokens {
    pub(super) fn new(identities: Arc<Identities>) -> Tokens {
        Tokens { identities }
    }

    /// Makes a token for `audience` that ends `seconds` from now.
    #[expect(clippy::unused_self, reason = "beside verify: who has the tokens can make them")]
    pub(crate) fn issue(
        &self,
        identity: &Identity,
        audience: &str,
        now: Timestamp,
        seconds: i64,
        bound_to: Option<&str>,
    ) -> String {
        let claims = Claims {
            sub: identity.access_key.clone(),
            aud: audience.to_owned(),
            iat: now.secs(),
            exp: now.secs().saturating_add(seconds),
            bound_to: bound_to.map(str::to_owned),
            jti: uuid::Uuid::new_v4().to_string(),
        };
        // Strings and numbers: they cannot fail to be written.
        let json = serde_json::to_string(&claims).unwrap_or_default();
        let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(HEADER), URL_SAFE_NO_PAD.encode(json));
        let signature = mac(identity, &signed).finalize().into_bytes();
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    /// Whom a token speaks for, and what it says.
    pub(crate) fn verify(
        &self,
        token: &str,
        audience: &str,
        now: Timestamp,
    ) -> Result<(&Arc<Identity>, Claims), TokenError> {
        if token.len() > MAX_BYTES {
            return Err(TokenError::Invalid);
        }
        let decode = |text: &str| URL_SAFE_NO_PAD.decode(text).map_err(|_| TokenError::Invalid);
        let (signed, signature) = token.rsplit_once('.').ok_or(TokenError::Invalid)?;
        let (header, claims) = signed.split_once('.').ok_or(TokenError::Invalid)?;
        if decode(header)? != HEADER.as_bytes() {
            return Err(TokenError::Invalid);
        }
        let claims: Claims = serde_json::from_slice(&decode(claims)?).map_err(|_| TokenError::Invalid)?;
        let identity = self.identities.find(&claims.sub).ok_or(TokenError::Invalid)?;
        // Compared in constant time.
        mac(identity, signed).verify_slice(&decode(signature)?).map_err(|_| TokenError::Invalid)?;
        if claims.aud != audience {
            return Err(TokenError::Invalid);
        }
        if now.secs() >= claims.exp {
            return Err(TokenError::Expired);
        }
        Ok((identity, claims))
    }
}

fn mac(identity: &Identity, signed: &str) -> Hmac<Sha256> {
    let key = keyed::<Sha256>(identity.secret_key.expose().as_bytes()).chain_update(PURPOSE).finalize().into_bytes();
    keyed(&key).chain_update(signed.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_speak_for_their_identity_until_they_end() {
        let identities = Arc::new(Identities::new([Identity::new("a", "x"), Identity::new("b", "y")]).unwrap());
        let tokens = Tokens::new(Arc::clone(&identities));
        let now = Timestamp::from_secs(1000);
        let token = tokens.issue(identities.find("b").unwrap(), "here", now, 60, Some("me"));
        let (identity, claims) = tokens.verify(&token, "here", now).unwrap();
        assert_eq!((identity.access_key.as_str(), claims.bound_to.as_deref()), ("b", Some("me")));
        assert_eq!(tokens.verify(&token, "here", Timestamp::from_secs(1060)), Err(TokenError::Expired));
        assert_eq!(tokens.verify(&token, "other", now), Err(TokenError::Invalid));
        let others = Arc::new(Identities::new([Identity::new("b", "z")]).unwrap());
        assert_eq!(Tokens::new(others).verify(&token, "here", now), Err(TokenError::Invalid));
        let (signed, _) = token.rsplit_once('.').unwrap();
        let unsigned =
            format!("{}.{}.", URL_SAFE_NO_PAD.encode(r#"{"alg":"none"}"#), signed.split_once('.').unwrap().1);
        for bad in ["", ".", "a.b", "a.b.c", signed, &unsigned, &format!("{token}x")] {
            assert_eq!(tokens.verify(bad, "here", now), Err(TokenError::Invalid), "{bad}");
        }
    }
}
