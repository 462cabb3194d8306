//! Who calls a facade, by the keys and passwords that its product knows: everywhere they are the server's own access keys
//! and secret keys. Not tokens that a facade gave out: those are `token`'s.

use std::sync::Arc;

use subtle::ConstantTimeEq as _;

use crate::http::identity::{AuthMode, Identities, Identity};

/// Who may call.
pub(crate) struct Credentials {
    identities: Arc<Identities>,
    auth: AuthMode,
}

impl Credentials {
    pub(super) fn new(identities: Arc<Identities>, auth: AuthMode) -> Credentials {
        Credentials { identities, auth }
    }

    /// With authentication switched off, everyone is the default identity.
    pub(crate) fn anyone(&self) -> Option<&Arc<Identity>> {
        (self.auth == AuthMode::Off).then(|| self.identities.default_identity())
    }

    /// The identity whose secret key was sent as an API key or a bearer token.
    pub(crate) fn by_secret(&self, secret: &str) -> Option<&Arc<Identity>> {
        let mut found = None;
        // All are compared, so that the time does not tell which.
        for identity in self.identities.iter() {
            // Temporary credentials are more than a secret: there is no place for their token.
            let matches = is_equal(identity.secret_key.expose(), secret) && identity.session_token.is_none();
            if matches && found.is_none() {
                found = Some(identity);
            }
        }
        found
    }

    /// The identity of an access key, sent as a user name, if its secret key was sent as the password.
    pub(crate) fn by_login(&self, access_key: &str, secret: &str) -> Option<&Arc<Identity>> {
        let identity = self.identities.find(access_key);
        // A user who is not there takes as long as a wrong password.
        let expected = identity.unwrap_or_else(|| self.identities.default_identity()).secret_key.expose();
        let equal = is_equal(expected, secret);
        identity.filter(|identity| equal && identity.session_token.is_none())
    }

    /// An identity of an account, for what is done in its name when nobody calls.
    pub(crate) fn by_account(&self, account: &str) -> Option<&Arc<Identity>> {
        self.identities.iter().find(|identity| identity.account == account)
    }

    /// The identity of an access key alone, for signatures that prove the rest.
    pub(crate) fn by_access_key(&self, access_key: &str) -> Option<&Arc<Identity>> {
        self.identities.find(access_key)
    }
}

fn is_equal(a: &str, b: &str) -> bool {
    a.as_bytes().ct_eq(b.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn callers_are_known_by_their_secrets() {
        let identities = Identities::new([Identity::new("a", "x"), Identity::new("b", "y")]).unwrap();
        let credentials = Credentials::new(Arc::new(identities), AuthMode::On);
        let key = |found: Option<&Arc<Identity>>| found.map(|identity| identity.access_key.clone());
        assert_eq!(key(credentials.by_secret("y")).as_deref(), Some("b"));
        assert_eq!(key(credentials.by_secret("")), None);
        assert_eq!(key(credentials.by_login("a", "x")).as_deref(), Some("a"));
        assert_eq!(key(credentials.by_login("a", "y")), None);
        assert_eq!(key(credentials.by_login("c", "x")), None);
        assert_eq!(key(credentials.anyone()), None);
    }
}
