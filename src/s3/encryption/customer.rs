//! The keys that clients bring (SSE-C): reading and checking the three headers of one, for the object of a request or for the
//! source of a copy. Neither the key nor its digest goes into a log or an error.
//!
//! Sources: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/specifying-s3-c-encryption.html>; errors as recorded from
//! AWS, which names the header `x-amz-server-side-encryption` in all of them, whichever is meant.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use subtle::ConstantTimeEq as _;

use super::{ALGORITHM, BucketEncryption, TlsForCustomerKeys, blocked, check_reader};
use crate::http::connection::Scheme;
use crate::s3::access;
use crate::s3::call::Call;
use crate::s3::error::{Result, S3Error};
use crate::s3::request::Head;
use crate::wire::encryption::{CustomerKey, Encryption};
use crate::wire::error_codes::Code;
use crate::wire::md5::Md5;

/// Whose key a request brings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum KeyOf {
    /// The object's that it is about.
    Object,
    /// That of the source of a copy.
    CopySource,
}

/// What was brought as a key.
enum Brought {
    Key(CustomerKey),
    /// Bytes that can be nobody's key.
    NoKey,
}

impl KeyOf {
    /// Algorithm, key, and the key's MD5.
    fn headers(self) -> [&'static str; 3] {
        match self {
            KeyOf::Object => [
                "x-amz-server-side-encryption-customer-algorithm",
                "x-amz-server-side-encryption-customer-key",
                "x-amz-server-side-encryption-customer-key-md5",
            ],
            KeyOf::CopySource => [
                "x-amz-copy-source-server-side-encryption-customer-algorithm",
                "x-amz-copy-source-server-side-encryption-customer-key",
                "x-amz-copy-source-server-side-encryption-customer-key-md5",
            ],
        }
    }
}

/// Whether a request says anything of a key.
pub(crate) fn is_sent(head: &Head, of: KeyOf) -> bool {
    of.headers().iter().any(|name| head.headers.contains_key(*name))
}

/// The key that a request brings for what it writes. A bucket may take none.
pub(super) fn key_for_writing(call: &Call) -> Result<Option<CustomerKey>> {
    if !is_sent(&call.head, KeyOf::Object) {
        return Ok(None);
    }
    // Said before the key is looked at (seen on AWS).
    if BucketEncryption::of(call)?.blocks_customer_keys() {
        return Err(blocked(call));
    }
    match brought(call, KeyOf::Object)? {
        Brought::Key(key) => Ok(Some(key)),
        Brought::NoKey => Err(invalid("The secret key was invalid for the specified algorithm.")),
    }
}

/// The key that a request brings to read something that is so encrypted. It has to be the right one; where there is none to
/// be brought, none may be.
pub(crate) fn key_for_reading(call: &Call, of: KeyOf, encryption: &Encryption) -> Result<Option<CustomerKey>> {
    if *encryption == Encryption::S3 && !is_sent(&call.head, of) {
        return Ok(None);
    }
    let brought = if is_sent(&call.head, of) { Some(brought(call, of)?) } else { None };
    match (encryption.customer(), brought) {
        (None, None) => check_reader(call, encryption).map(|()| None),
        (None, Some(_)) => {
            Err(S3Error::invalid_request("The encryption parameters are not applicable to this object."))
        }
        (Some(_), None) => Err(key_missing()),
        (Some(kept), Some(Brought::Key(key))) if key.is_of(&kept.mark) => Ok(Some(key)),
        (Some(_), Some(_)) => {
            access::log_denial(&call.head, call.head.target.key(), "the client's key is another than the object's");
            Err(Code::AccessDenied.says(
                "Requests specifying Server Side Encryption with Customer provided keys must provide the correct secret key.",
            ))
        }
    }
}

/// The refusal to read an object without its key.
pub(crate) fn key_missing() -> S3Error {
    S3Error::invalid_request(
        "The object was stored using a form of Server Side Encryption. The correct parameters must be provided to retrieve the object.",
    )
}

/// The refusal of a request that should bring a key.
pub(super) fn no_key() -> S3Error {
    invalid(
        "Requests specifying Server Side Encryption with Customer provided keys must provide an appropriate secret key.",
    )
}

/// Reads and checks the headers, of which at least one was sent. An empty one was sent too (seen on AWS).
fn brought(call: &Call, of: KeyOf) -> Result<Brought> {
    let tls = call.head.connection.scheme == Scheme::Https;
    if call.shared.config.tls_for_customer_keys == TlsForCustomerKeys::Required && !tls {
        return Err(invalid(
            "Requests specifying Server Side Encryption with Customer provided keys must be made over a secure connection.",
        ));
    }
    let [algorithm, key, md5] = of.headers().map(|name| call.head.header(name).map(|sent| sent.trim().to_owned()));
    let algorithm = algorithm.ok_or_else(|| {
        invalid(
            "Requests specifying Server Side Encryption with Customer provided keys must provide a valid encryption algorithm.",
        )
    })?;
    let key = key.ok_or_else(no_key)?;
    if algorithm != "AES256" {
        return Err(Code::InvalidEncryptionAlgorithmError
            .with("ArgumentName", ALGORITHM)
            .with("ArgumentValue", algorithm));
    }
    let md5 = md5.ok_or_else(|| {
        invalid(
            "Requests specifying Server Side Encryption with Customer provided keys must provide the client calculated MD5 of the secret key.",
        )
    })?;
    let Ok(key) = STANDARD.decode(key) else { return Ok(Brought::NoKey) };
    let matches = STANDARD.decode(md5).is_ok_and(|md5| bool::from(md5.ct_eq(&Md5::digest(&key))));
    if !matches {
        return Err(invalid("The calculated MD5 hash of the key did not match the hash that was provided."));
    }
    Ok(CustomerKey::new(&key).map_or(Brought::NoKey, Brought::Key))
}

fn invalid(message: &'static str) -> S3Error {
    // Without the ArgumentValue that others of this code have (seen on AWS).
    Code::InvalidArgument.says(message).with("ArgumentName", ALGORITHM)
}
