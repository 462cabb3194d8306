//! Server-side encryption: what a request asks for, what the bucket says where it asks for nothing, the keys that clients
//! bring (SSE-C), and what answers show. Not the encrypting, which is the engine's.

mod bucket;
mod customer;
mod kms;
mod shown;

use http::header::AUTHORIZATION;

pub(crate) use self::bucket::BucketEncryption;
pub(crate) use self::customer::{KeyOf, key_for_reading, key_missing};
pub use self::kms::{KmsKeys, TlsForCustomerKeys};
pub(crate) use self::shown::{show, show_written};

use super::AuthMode;
use super::access;
use super::auth::Principal;
use super::call::Call;
use super::error::{Result, S3Error};
use super::request::Head;
use crate::engine::upload::UploadRow;
use crate::wire::encryption::{
    BucketKey, CustomerEncryption, CustomerKey, Encryption, KmsEncryption, Layers, ShownChecksum,
};

pub(crate) const ALGORITHM: &str = "x-amz-server-side-encryption";
const KMS_KEY: &str = "x-amz-server-side-encryption-aws-kms-key-id";
const CONTEXT: &str = "x-amz-server-side-encryption-context";
const BUCKET_KEY: &str = "x-amz-server-side-encryption-bucket-key-enabled";

/// How a new object is to be encrypted.
pub(crate) struct Chosen {
    /// What is kept of it.
    pub(crate) encryption: Encryption,
    /// The client's own key, with SSE-C.
    pub(crate) key: Option<CustomerKey>,
}

/// How the object that a request makes is to be encrypted: as it says, or else as its bucket says.
pub(crate) fn of_new_object(call: &Call) -> Result<Chosen> {
    let head = &call.head;
    let bucket = BucketEncryption::of(call)?;
    if !head.headers.keys().any(|name| name.as_str().starts_with(ALGORITHM)) && bucket.is_s3() {
        return Ok(Chosen { encryption: Encryption::S3, key: None });
    }
    let asked = head.header(ALGORITHM).map(|sent| sent.trim().to_owned());
    if let Some(asked) = &asked
        && customer::is_sent(head, KeyOf::Object)
    {
        let message =
            "Server Side Encryption with Customer provided key is incompatible with the encryption method specified";
        return Err(S3Error::invalid_argument(message, ALGORITHM, asked));
    }
    if let Some(key) = customer::key_for_writing(call)? {
        let mark = key.mark(rand::random());
        let kept = CustomerEncryption { mark, checksum: ShownChecksum::Yes };
        return Ok(Chosen { encryption: Encryption::Customer(Box::new(kept)), key: Some(key) });
    }
    let layers = match asked.as_deref() {
        None | Some("AES256") => None,
        Some(name) => Some(Layers::parse(name).ok_or_else(|| {
            S3Error::invalid_argument("The encryption method specified is not supported", ALGORITHM, name)
        })?),
    };
    if layers.is_none()
        && let Some(stray) = [KMS_KEY, CONTEXT].into_iter().find(|name| head.headers.contains_key(*name))
    {
        tracing::debug!(header = stray, "a header of SSE-KMS without SSE-KMS");
        let message = "Server Side Encryption with AWS KMS managed key requires HTTP header x-amz-server-side-encryption : aws:kms";
        return Err(S3Error::invalid_argument(message, ALGORITHM, asked.as_deref().unwrap_or("null")));
    }
    let encryption = match (layers, asked) {
        (Some(layers), _) => kms_as_asked(call, layers, &bucket)?,
        (None, Some(_)) => Encryption::S3,
        (None, None) => bucket.default_of(call, bucket_key(head)?)?,
    };
    require_signature_v4(call, &encryption)?;
    Ok(Chosen { encryption, key: None })
}

/// Whether a request says how its object is to be encrypted, or with what the source of its copy is.
pub(crate) fn is_asked(head: &Head) -> bool {
    head.headers.contains_key(ALGORITHM)
        || customer::is_sent(head, KeyOf::Object)
        || customer::is_sent(head, KeyOf::CopySource)
}

/// The client's key for a part: that of its upload, which has to come again each time.
pub(crate) fn key_of_part(call: &Call, upload: &UploadRow) -> Result<Option<CustomerKey>> {
    let key = customer::key_for_writing(call)?;
    match (upload.attributes.encryption.customer(), key) {
        (None, None) => Ok(None),
        (Some(kept), Some(key)) if key.is_of(&kept.mark) => Ok(Some(key)),
        (Some(_), Some(_)) => {
            Err(S3Error::invalid_request("The provided encryption parameters did not match the ones used originally."))
        }
        (Some(_), None) | (None, Some(_)) => Err(S3Error::invalid_request(
            "The multipart upload initiate requested encryption. Subsequent part requests must include the appropriate encryption parameters.",
        )),
    }
}

/// The client's key at the end of an upload. It may come; it has to where the upload declared a checksum.
///
/// Source: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_CompleteMultipartUpload.html>. What AWS says to those who
/// leave it out is not known.
pub(crate) fn check_key_of_completion(call: &Call, upload: &UploadRow) -> Result<()> {
    if upload.attributes.encryption.customer().is_none() && !customer::is_sent(&call.head, KeyOf::Object) {
        return Ok(());
    }
    if upload.checksum.is_none() && !customer::is_sent(&call.head, KeyOf::Object) {
        return Ok(());
    }
    if !customer::is_sent(&call.head, KeyOf::Object) {
        return Err(customer::no_key());
    }
    key_of_part(call, upload).map(drop)
}

/// What SSE-KMS asks of those who read: a key that can be used, and a signature that S3 takes for it.
pub(crate) fn check_reader(call: &Call, encryption: &Encryption) -> Result<()> {
    let Some(kms) = encryption.kms() else { return Ok(()) };
    require_signature_v4(call, encryption)?;
    call.shared.config.kms_keys.check_usable(&kms.key).map_err(S3Error::from)
}

/// Encryption is settled where an object or upload is made. Elsewhere S3 takes no word about it, but for the client's key.
pub(crate) fn refuse_elsewhere(head: &Head) -> Result<()> {
    for name in [ALGORITHM, KMS_KEY, CONTEXT, BUCKET_KEY] {
        if let Some(sent) = head.header(name) {
            let message = format!("{name} header is not supported for this operation.");
            return Err(S3Error::invalid_argument(message, name, sent));
        }
    }
    Ok(())
}

fn kms_as_asked(call: &Call, layers: Layers, bucket: &BucketEncryption) -> Result<Encryption> {
    let head = &call.head;
    let sent = head.header_filled(KMS_KEY);
    let (account, region) = (caller_account(call)?, call.bucket()?.region.clone());
    let key = call.shared.config.kms_keys.resolve(sent.as_deref(), &account, &region)?;
    let context = head.header_filled(CONTEXT).map(checked_context).transpose()?;
    // A header overrides the bucket's setting, which counts where the request says nothing of it. With two layers there is
    // none.
    let bucket_key = match layers {
        Layers::One => bucket_key(head)?.unwrap_or(bucket.bucket_key()),
        Layers::Two => BucketKey::Off,
    };
    Ok(Encryption::Kms(Box::new(KmsEncryption { layers, key, context, bucket_key })))
}

/// Short key ids and aliases are those of the account that calls; of nobody, those of the bucket's.
fn caller_account(call: &Call) -> Result<String> {
    Ok(match &call.principal {
        Principal::Identity(identity) => identity.account.clone(),
        Principal::Anonymous => call.bucket()?.account.clone(),
    })
}

fn bucket_key(head: &Head) -> Result<Option<BucketKey>> {
    let Some(sent) = head.header_filled(BUCKET_KEY) else { return Ok(None) };
    match sent.to_ascii_lowercase().as_str() {
        "true" => Ok(Some(BucketKey::On)),
        "false" => Ok(Some(BucketKey::Off)),
        // The sentence is inferred.
        _ => Err(S3Error::invalid_argument("The value must be either true or false.", BUCKET_KEY, sent)),
    }
}

/// The context is base64 of a JSON object from strings to strings.
fn checked_context(sent: String) -> Result<String> {
    use base64::Engine as _;
    use std::collections::BTreeMap;
    let decoded = base64::engine::general_purpose::STANDARD.decode(&sent).ok();
    let pairs = decoded.and_then(|json| serde_json::from_slice::<BTreeMap<String, String>>(&json).ok());
    match pairs {
        Some(_) => Ok(sent),
        None => Err(S3Error::invalid_argument(
            "The header 'x-amz-server-side-encryption-context' shall be Base64-encoded UTF-8 string holding JSON which represents a string-string map",
            CONTEXT,
            sent,
        )),
    }
}

/// What KMS protects is for requests that are signed, and not with the old signature.
fn require_signature_v4(call: &Call, encryption: &Encryption) -> Result<()> {
    if encryption.kms().is_none() || call.shared.config.auth == AuthMode::Off {
        return Ok(());
    }
    let head = &call.head;
    let in_header = head.headers.get(AUTHORIZATION).is_some_and(|value| value.as_bytes().starts_with(b"AWS "));
    let old = in_header || head.query.has("Signature") || head.query.has("AWSAccessKeyId");
    if old || matches!(call.principal, Principal::Anonymous) {
        let message =
            "Requests specifying Server Side Encryption with AWS KMS managed keys require AWS Signature Version 4.";
        return Err(S3Error::invalid_argument(message, "Authorization", "null"));
    }
    Ok(())
}

/// The refusal of a client's key where the bucket takes none.
fn blocked(call: &Call) -> S3Error {
    access::denied_because(
        call,
        "because this bucket has blocked upload requests that specify Server Side Encryption with Customer provided keys (SSE-C). Please specify a different server-side encryption type",
    )
}
