//! `UpdateObjectEncryption`: another key in KMS for an object that is there, without a new version.
//!
//! Source: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_UpdateObjectEncryption.html>, the sentences too; their order
//! was not seen on AWS.

use super::version_id::{self, refuse_marker};
use crate::engine::version_id::VersionId;
use crate::s3::access;
use crate::s3::call::Call;
use crate::s3::error::{Result, S3Error};
use crate::s3::intake::DigestRule;
use crate::s3::operation::Operation;
use crate::s3::reply::Reply;
use crate::wire::encryption::{BucketKey, Encryption, KmsEncryption, Layers};
use crate::wire::error_codes::Code;
use crate::wire::object_attributes::ObjectAttributes;
use crate::wire::object_lock::{Bypass, Protection};
use crate::wire::time::Timestamp;
use crate::wire::xml::Element;

const MAX_DOCUMENT_BYTES: u64 = 64 << 10;
const MAX_ARN_BYTES: usize = 2048;
const NO_ARN: &str = "Requests that modify an object's encryption type to SSE-KMS require an Amazon Web Services KMS key \
                      Amazon Resource Name (ARN). Modify the request to specify a KMS key ARN, and then try again.";
const BAD_ARN: &str = "Requests that modify an object's encryption type to SSE-KMS require a valid Amazon Web Services KMS \
                       key Amazon Resource Name (ARN). Confirm that you have a correctly formatted KMS key ARN in your \
                       request, and then try again.";
const NO_TYPE: &str = "Requests that modify an object encryption configuration require a valid new encryption type. Valid \
                       values are SSEKMS. Modify the request to specify SSE-KMS for the updated encryption type, and then \
                       try again.";
const BAD_BUCKET_KEY: &str = "The BucketKeyEnabled value isn't valid. Valid values are true or false. Modify the request to \
                              specify a valid value, and then try again.";
const BAD_SOURCE: &str = "The UpdateObjectEncryption operation doesn't support source objects with the encryption type \
                          DSSE-KMS or SSE-C. Only source objects encrypted with SSE-S3 or SSE-KMS are supported.";
const SIGV4_ONLY: &str = "Requests that modify an object encryption configuration require Amazon Web Services Signature \
                          Version 4. Modify the request to use Amazon Web Services Signature Version 4, and then try again.";
const OTHER_ACCOUNT: &str = "The Amazon Web Services KMS key in the request must be owned by the same account as the bucket. \
                             Modify the request to specify a KMS key from the same account, and then try again.";
const LOCKED: &str = "The encryption type for the specified object can’t be updated because that object is protected by S3 \
                      Object Lock. If the object has a governance-mode retention period or a legal hold, you must first \
                      remove the Object Lock status on the object before you issue your UpdateObjectEncryption request. You \
                      can't use the UpdateObjectEncryption operation with objects that have an Object Lock compliance mode \
                      retention period applied to them.";

/// Re-encrypts, on AWS, the key of the object's data; here, what is said of it changes.
pub(crate) struct UpdateObjectEncryption {
    version: Option<VersionId>,
}

impl Operation for UpdateObjectEncryption {
    const NAME: &'static str = "UpdateObjectEncryption";
    const ACTION: &'static str = "s3:UpdateObjectEncryption";

    fn parse(call: &Call) -> Result<Self> {
        let is_v2 = call.head.header("authorization").is_some_and(|authorization| authorization.starts_with("AWS "));
        if is_v2 || call.head.query.has("Signature") {
            return Err(S3Error::invalid_request(SIGV4_ONLY));
        }
        Ok(UpdateObjectEncryption { version: version_id::of(&call.head)? })
    }

    async fn run(self, mut call: Call) -> Result<Reply> {
        let body = call.document(MAX_DOCUMENT_BYTES, DigestRule::Optional).await?;
        let document = Element::parse(&body).map_err(|_| Code::MalformedXml)?;
        let new = wanted(&call, &document)?;
        let bucket = call.bucket()?;
        let changed =
            call.engine().change_attributes(bucket, call.head.key()?, self.version, move |attributes, now| {
                Ok(change(attributes, new, now))
            });
        let (_, refusal) = changed.await.map_err(|error| refuse_marker(&call, error))?;
        match refusal {
            None => Ok(Reply::ok()),
            Some(Refused::Source) => Err(S3Error::invalid_request(BAD_SOURCE)),
            Some(Refused::Locked(protection)) => {
                let because = format_args!("{protection} protects the version");
                access::log_denial(&call.head, call.head.target.key(), because);
                Err(Code::AccessDenied.says(LOCKED))
            }
        }
    }
}

/// Why an object stays encrypted as it is.
enum Refused {
    Locked(Protection),
    /// It is encrypted in another way than can be changed.
    Source,
}

/// Changes it, or says why not.
fn change(attributes: &mut ObjectAttributes, new: KmsEncryption, now: Timestamp) -> Option<Refused> {
    if let Some(protection) = attributes.lock.protection(Bypass::None, now) {
        return Some(Refused::Locked(protection));
    }
    let context = match &attributes.encryption {
        Encryption::S3 => None,
        Encryption::Kms(kms) if kms.layers == Layers::One => kms.context.clone(),
        Encryption::Kms(_) | Encryption::Customer(_) => return Some(Refused::Source),
    };
    attributes.encryption = Encryption::Kms(Box::new(KmsEncryption { context, ..new }));
    None
}

fn wanted(call: &Call, document: &Element) -> Result<KmsEncryption> {
    if document.name != "ObjectEncryption" {
        return Err(Code::MalformedXml.into());
    }
    let kms = document.child("SSE-KMS").ok_or_else(|| S3Error::invalid_request(NO_TYPE))?;
    let key = kms.child_text("KMSKeyArn").filter(|key| !key.is_empty());
    let key = key.ok_or_else(|| S3Error::invalid_request(NO_ARN))?;
    let account = account_of(key).ok_or_else(|| S3Error::invalid_request(BAD_ARN))?;
    let owner = &call.bucket()?.account;
    if account != owner {
        let because = format_args!("the key in KMS is of account {account}, and the bucket of {owner}");
        access::log_denial(&call.head, call.head.target.key(), because);
        return Err(Code::AccessDenied.says(OTHER_ACCOUNT));
    }
    let bucket_key = match kms.child_text("BucketKeyEnabled") {
        None | Some("false") => BucketKey::Off,
        Some("true") => BucketKey::On,
        Some(_) => return Err(S3Error::invalid_request(BAD_BUCKET_KEY)),
    };
    let region = &call.bucket()?.region;
    let key = call.shared.config.kms_keys.resolve(Some(key), account, region)?;
    Ok(KmsEncryption { layers: Layers::One, key, context: None, bucket_key })
}

/// The account in the ARN of a key: `arn:aws:kms:REGION:ACCOUNT:key/ID`. Ids alone and aliases are not taken.
fn account_of(arn: &str) -> Option<&str> {
    let mut parts = arn.splitn(6, ':');
    let (scheme, partition, service) = (parts.next()?, parts.next()?, parts.next()?);
    let (region, account, resource) = (parts.next()?, parts.next()?, parts.next()?);
    let is_word =
        |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    let is_key = resource.strip_prefix("key/").is_some_and(is_word);
    let is_account = account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit());
    let is_kms = scheme == "arn" && partition.starts_with("aws") && service == "kms" && is_word(region);
    (is_kms && is_account && is_key && arn.len() <= MAX_ARN_BYTES).then_some(account)
}
