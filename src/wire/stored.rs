//! How values are kept in columns of their own: a version byte, then compact JSON. New fields that have a default need no new
//! version.

use std::fmt;

use serde::Serialize;
use serde::de::DeserializeOwned;

/// The first byte: JSON follows.
const VERSION_JSON: u8 = 1;

/// Stored bytes that no version of Staves wrote.
#[derive(Debug)]
pub struct Unreadable(Option<serde_json::Error>);

/// The encoding of a value of texts, numbers and the like.
pub(super) fn encode(value: &impl Serialize) -> Vec<u8> {
    let mut stored = vec![VERSION_JSON];
    // Neither serialisation of such values nor writing to memory can fail.
    let written = serde_json::to_writer(&mut stored, value);
    debug_assert!(written.is_ok(), "plain values serialise");
    stored
}

/// Reads what [`encode`] wrote.
pub(super) fn decode<T: DeserializeOwned>(stored: &[u8]) -> Result<T, Unreadable> {
    match stored.split_first() {
        Some((&VERSION_JSON, json)) => serde_json::from_slice(json).map_err(|err| Unreadable(Some(err))),
        _ => Err(Unreadable(None)),
    }
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a stored value is of an unknown encoding or damaged")
    }
}

impl std::error::Error for Unreadable {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.as_ref().map(|err| err as _)
    }
}
