//! The chain of chunk signatures: each covers the one before it. Used to verify and to sign.

use sha2::{Digest, Sha256};

use crate::wire::sigv4::date::AmzDate;
use crate::wire::sigv4::key::SigningKey;
use crate::wire::sigv4::payload::EMPTY_SHA256;
use crate::wire::sigv4::scope::Scope;

/// Whether chunks carry signatures.
#[derive(Debug, Clone)]
pub enum ChunkSigning {
    /// `STREAMING-UNSIGNED-PAYLOAD-TRAILER`.
    Unsigned,
    /// `STREAMING-AWS4-HMAC-SHA256-PAYLOAD`, with or without `-TRAILER`.
    Signed(ChunkSigner),
    /// As `Signed`, where nothing is verified: signatures, the trailer's too, are read over.
    Unverified,
}

/// The state of the chain: the key, the fixed lines, the signature before.
#[derive(Debug, Clone)]
pub struct ChunkSigner {
    key: SigningKey,
    date: String,
    scope: String,
    previous: String,
}

impl ChunkSigner {
    /// Starts the chain at the signature of the request itself (the seed).
    pub fn new(key: SigningKey, date: AmzDate, scope: &Scope, seed_signature: &str) -> Self {
        Self { key, date: date.iso_basic(), scope: scope.to_string(), previous: seed_signature.to_owned() }
    }

    /// The string to sign of a chunk whose data have this SHA-256.
    pub(super) fn chunk_string_to_sign(&self, data_hash: &[u8]) -> String {
        let data_hash = hex::encode(data_hash);
        format!(
            "AWS4-HMAC-SHA256-PAYLOAD\n{}\n{}\n{}\n{EMPTY_SHA256}\n{data_hash}",
            self.date, self.scope, self.previous
        )
    }

    /// The string to sign of the trailer.
    pub(super) fn trailer_string_to_sign(&self, trailers: &[(String, String)]) -> String {
        let mut canonical = String::new();
        for (name, value) in trailers {
            canonical.extend([name, ":", value, "\n"]);
        }
        let hash = hex::encode(Sha256::digest(canonical.as_bytes()));
        format!("AWS4-HMAC-SHA256-TRAILER\n{}\n{}\n{}\n{hash}", self.date, self.scope, self.previous)
    }

    /// The signature of a string to sign.
    pub(super) fn sign(&self, string_to_sign: &str) -> String {
        self.key.sign(string_to_sign)
    }

    /// Goes on: the next string to sign contains this signature.
    pub(super) fn follow(&mut self, signature: String) {
        self.previous = signature;
    }
}
