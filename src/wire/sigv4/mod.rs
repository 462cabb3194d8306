//! AWS Signature Version 4 as S3 checks it: headers, presigned URLs, chunked bodies; and the client's side of each.
//! Not a policy of who may do what, and not the mapping to S3's error codes: errors here are conditions with data.
//!
//! Source of behaviour: AWS's "Authenticating Requests (AWS Signature Version 4)" for S3, and what S3 was seen to answer.
//! No clock: `now` is always a parameter, in seconds since the Unix epoch.

mod canonical;
mod chunked;
mod date;
mod explain;
mod header;
mod key;
mod payload;
mod presign;
mod presigner;
mod scope;
mod signed_headers;
mod signer;
#[cfg(test)]
mod vectors;

pub use canonical::{Canonical, Computed, Mechanism, Request, hex_dump, signatures_match};
pub use chunked::{ChunkSigner, ChunkSigning, ChunkedDecoder, ChunkedEncoder, ChunkedError, TrailerPolicy};
pub use date::{AmzDate, DateError, MAX_SKEW_SECONDS, RequestDate, Skewed};
pub use explain::{Alternatives, Cause, Failure, Finding, explain};
pub use header::{AuthScheme, HeaderAuth, HeaderAuthError};
pub use key::{Credentials, SigningKey};
pub use payload::{EMPTY_SHA256, PayloadHash, PayloadHashError, UNSIGNED_PAYLOAD};
pub use presign::{ExpiryError, PresignAuth, PresignError, REQUIRED_PARAMETERS};
pub use presigner::{PresignRequest, presign};
pub use scope::{Credential, Scope, ScopeError};
pub use signed_headers::{HEADERS_NOT_SIGNED, SignedHeaders};
pub use signer::{SignRequest, Signed, sign_headers};

/// The only algorithm that is verified here. Its elliptic-curve sibling is recognised by name.
pub const ALGORITHM: &str = "AWS4-HMAC-SHA256";
/// `SigV4A`: named in AWS's messages, refused by us.
pub const ALGORITHM_ECDSA: &str = "AWS4-ECDSA-P256-SHA256";
/// The service in every credential scope.
pub const SERVICE: &str = "s3";
/// The last part of every credential scope.
pub const TERMINAL: &str = "aws4_request";
