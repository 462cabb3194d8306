//! Who may call: access keys with their secrets and the accounts they act for. Not permissions: what an identity may do
//! is decided elsewhere.

mod parse;

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use sha2::{Digest as _, Sha256};

/// The account of an identity that names none.
pub const DEFAULT_ACCOUNT: &str = "000000000000";

/// One access key and whom it speaks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// What the client names in its `Credential`.
    pub access_key: String,
    /// What the client signs with.
    pub secret_key: Secret,
    /// The AWS account: 12 digits. Several keys may share one.
    pub account: String,
    /// The account's canonical user id: 64 hexadecimal digits.
    pub canonical_id: String,
    /// The owner's name in listings.
    pub display_name: String,
    /// The account's email address, by which old ACL grants name it.
    pub email: Option<String>,
    /// The token that temporary credentials must come with.
    pub session_token: Option<Secret>,
}

/// A text that must not be seen in logs: `Debug` prints `***`, and there is no `Display`.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

/// All identities that may call, and the one that Staves itself acts as.
#[derive(Debug, Clone)]
pub struct Identities {
    all: Vec<Arc<Identity>>,
    by_access_key: HashMap<String, usize>,
}

/// Why identities were refused: one sentence that says which, what, and what to write instead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdentityError(pub(crate) String);

/// Whether requests have to say who calls, and prove it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AuthMode {
    /// Signatures, keys and tokens are verified.
    #[default]
    On,
    /// Everyone is the default identity.
    Off,
}

impl Identity {
    /// An identity of the default account.
    pub fn new(access_key: impl Into<String>, secret_key: impl Into<String>) -> Identity {
        Identity::of_account(access_key, secret_key, DEFAULT_ACCOUNT)
    }

    /// An identity of the given account, with the canonical id and the display name that follow from it.
    pub fn of_account(
        access_key: impl Into<String>,
        secret_key: impl Into<String>,
        account: impl Into<String>,
    ) -> Identity {
        let account = account.into();
        Identity {
            access_key: access_key.into(),
            secret_key: Secret::new(secret_key),
            canonical_id: canonical_id_of(&account),
            display_name: account.clone(),
            account,
            email: None,
            session_token: None,
        }
    }

    fn check(&self) -> Result<(), IdentityError> {
        let key = &self.access_key;
        if key.is_empty() {
            return Err(IdentityError("an access_key is empty; leave the identity out, or give it a key".to_owned()));
        }
        // A credential is written `KEY/20250101/region/s3/aws4_request, SignedHeaders=…`: these would end the key early.
        if let Some(bad) = key.chars().find(|c| !c.is_ascii_graphic() || matches!(c, '/' | ',' | '=')) {
            return Err(IdentityError(format!(
                "access_key {key:?} contains {bad:?}; use printable ASCII without spaces, `/`, `,` and `=`"
            )));
        }
        if self.secret_key.expose().is_empty() {
            return Err(IdentityError(format!("identity {key:?} has an empty secret_key; give it one")));
        }
        if self.account.len() != 12 || !self.account.bytes().all(|b| b.is_ascii_digit()) {
            let account = &self.account;
            return Err(IdentityError(format!(
                "identity {key:?} has account {account:?}; an account is exactly 12 digits, such as \"123456789012\""
            )));
        }
        // AWS's are 64 hexadecimal digits. Test suites bring their own names, and nothing here rests on the digits.
        let id = &self.canonical_id;
        let fits = |byte: u8| byte.is_ascii_graphic() && !b"\"'<>&,\\".contains(&byte);
        if id.is_empty() || id.len() > 128 || !id.bytes().all(fits) {
            return Err(IdentityError(format!(
                "identity {key:?} has canonical_id {id:?}; it is 1 to 128 characters of ASCII without spaces, quotes, \
                 commas, `<`, `>`, `&` and `\\`, on AWS 64 hexadecimal digits (leave it out to have it made from the account)"
            )));
        }
        if self.session_token.as_ref().is_some_and(|token| token.expose().is_empty()) {
            return Err(IdentityError(format!(
                "identity {key:?} has an empty session_token; leave it out, or give it one"
            )));
        }
        Ok(())
    }
}

impl Secret {
    /// Wraps a text.
    pub fn new(text: impl Into<String>) -> Secret {
        Secret(text.into())
    }

    /// The text itself, for signing and for the banner that shows the default credentials.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl Identities {
    /// Checks the identities and makes them findable. The first is the default one.
    pub fn new(identities: impl IntoIterator<Item = Identity>) -> Result<Identities, IdentityError> {
        let all: Vec<_> = identities.into_iter().map(Arc::new).collect();
        if all.is_empty() {
            return Err(IdentityError("there is no identity: give at least one access key".to_owned()));
        }
        let mut by_access_key = HashMap::new();
        for (index, identity) in all.iter().enumerate() {
            identity.check()?;
            if by_access_key.insert(identity.access_key.clone(), index).is_some() {
                let key = &identity.access_key;
                return Err(IdentityError(format!("access_key {key:?} is given twice; remove one of the two")));
            }
        }
        check_accounts(&all)?;
        Ok(Identities { all, by_access_key })
    }

    /// The identity of an access key.
    pub fn find(&self, access_key: &str) -> Option<&Arc<Identity>> {
        self.by_access_key.get(access_key).map(|index| &self.all[*index])
    }

    /// The identity that owns what Staves makes itself: buckets and objects given at start.
    pub fn default_identity(&self) -> &Arc<Identity> {
        &self.all[0]
    }

    /// All identities, the default one first.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Identity>> {
        self.all.iter()
    }
}

impl Default for Identities {
    /// `test` / `test`, the convention of local AWS emulators.
    fn default() -> Identities {
        let all = vec![Arc::new(Identity::new("test", "test"))];
        Identities { all, by_access_key: HashMap::from([("test".to_owned(), 0)]) }
    }
}

impl fmt::Display for IdentityError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for IdentityError {}

/// A stable canonical user id for an account that was given none.
fn canonical_id_of(account: &str) -> String {
    hex::encode(Sha256::digest(account.as_bytes()))
}

/// An account has one canonical id and a canonical id one account, whichever key speaks.
fn check_accounts(all: &[Arc<Identity>]) -> Result<(), IdentityError> {
    for (index, a) in all.iter().enumerate() {
        for b in &all[..index] {
            if (a.account == b.account) != (a.canonical_id == b.canonical_id) {
                return Err(IdentityError(format!(
                    "identities {:?} and {:?} disagree: keys of one account share its canonical_id, \
                     and different accounts have different ones",
                    b.access_key, a.access_key
                )));
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(identities: Vec<Identity>) -> String {
        Identities::new(identities).unwrap_err().to_string()
    }

    #[test]
    fn default_is_test_test_of_the_zero_account() {
        let identities = Identities::default();
        let identity = identities.default_identity();
        assert_eq!(identity.access_key, "test");
        assert_eq!(identity.secret_key.expose(), "test");
        assert_eq!(identity.account, "000000000000");
        assert_eq!(identity.canonical_id.len(), 64);
        assert_eq!(identities.find("test"), Some(identity));
        assert_eq!(identities.find("nobody"), None);
    }

    #[test]
    fn secrets_are_not_printed() {
        assert!(!format!("{:?}", Identity::new("a", "hidden-secret")).contains("hidden"));
    }

    #[test]
    fn keys_are_unique_and_well_formed() {
        assert!(refused(vec![]).contains("no identity"));
        assert!(refused(vec![Identity::new("a", "s"), Identity::new("a", "t")]).contains("given twice"));
        assert!(refused(vec![Identity::new("a/b", "s")]).contains("'/'"));
        assert!(refused(vec![Identity::new("a", "")]).contains("secret_key"));
        assert!(refused(vec![Identity::of_account("a", "s", "123")]).contains("12 digits"));
    }

    #[test]
    fn accounts_and_canonical_ids_go_together() {
        let a = Identity::of_account("a", "s", "111111111111");
        let b = Identity::of_account("b", "s", "111111111111");
        assert!(Identities::new([a.clone(), b.clone()]).is_ok());
        let other_id = Identity { canonical_id: "0".repeat(64), ..b };
        assert!(refused(vec![a.clone(), other_id]).contains("disagree"));
        let same_id = Identity { canonical_id: a.canonical_id.clone(), ..Identity::new("c", "s") };
        assert!(refused(vec![a, same_id]).contains("disagree"));
    }
}
