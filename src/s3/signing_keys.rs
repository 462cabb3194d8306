//! Derived signing keys, kept: one for each access key, day and region in use.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use crate::wire::sigv4::{Scope, SigningKey};

/// Clients choose scopes, so the number kept is bounded; at the bound all are dropped and derived anew.
const MAX_KEYS: usize = 256;

/// The keys derived so far.
#[derive(Default)]
pub(crate) struct SigningKeys {
    keys: Mutex<HashMap<(String, String), SigningKey>>,
}

impl SigningKeys {
    /// The key for an access key and a scope, derived if it is not known.
    pub(crate) fn get(&self, access_key: &str, scope: &Scope, derive: impl FnOnce() -> SigningKey) -> SigningKey {
        let name = (access_key.to_owned(), scope.to_string());
        let mut keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(key) = keys.get(&name) {
            return key.clone();
        }
        if keys.len() >= MAX_KEYS {
            keys.clear();
        }
        let key = derive();
        keys.insert(name, key.clone());
        key
    }
}
