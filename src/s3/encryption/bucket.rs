//! What a bucket says of the encryption of new objects: read once from its document, and kept with the bucket until one of its
//! documents changes. The document itself is in `documents/encryption`.

use std::sync::Arc;

use super::caller_account;
use crate::engine::document::DocumentName;
use crate::engine::error::Error;
use crate::s3::call::Call;
use crate::s3::error::{Result, S3Error};
use crate::wire::encryption::{BucketKey, Encryption, KmsEncryption, Layers};
use crate::wire::xml::Element;

/// What holds for new objects of a bucket.
#[derive(Debug, Default)]
pub(crate) struct BucketEncryption {
    default: ByDefault,
    bucket_key: BucketKey,
    customer_keys: CustomerKeys,
    /// Whether there is a document at all.
    configured: bool,
}

/// How objects are encrypted whose requests do not say.
#[derive(Debug, Default, PartialEq, Eq)]
enum ByDefault {
    #[default]
    S3,
    Kms(Layers, Option<String>),
}

/// Whether a bucket takes objects with SSE-C.
#[derive(Debug, Default, PartialEq, Eq)]
enum CustomerKeys {
    #[default]
    Taken,
    Blocked,
}

impl BucketEncryption {
    /// That of the bucket of a call.
    pub(crate) fn of(call: &Call) -> Result<Arc<BucketEncryption>> {
        let bucket = call.bucket()?;
        if let Some(known) = bucket.derived() {
            return Ok(known);
        }
        let name = DocumentName { namespace: "s3", name: "encryption" };
        let read = match call.engine().document(bucket, name) {
            Ok(stored) => BucketEncryption::parse(&Element::parse(&stored).map_err(S3Error::internal)?),
            Err(Error::NoSuchDocument) => BucketEncryption::default(),
            Err(error) => return Err(call.says(error)),
        };
        let read = Arc::new(read);
        bucket.derive(Arc::clone(&read));
        Ok(read)
    }

    /// What a document says that has been checked as it was put.
    fn parse(configuration: &Element) -> BucketEncryption {
        let Some(rule) = configuration.child("Rule") else { return BucketEncryption::default() };
        let by_default = rule.child("ApplyServerSideEncryptionByDefault");
        let layers = by_default.and_then(|by_default| Layers::parse(by_default.child_text("SSEAlgorithm")?));
        let key = by_default.and_then(|by_default| by_default.child_text("KMSMasterKeyID")).map(str::to_owned);
        let blocked = rule.child("BlockedEncryptionTypes");
        let blocks = blocked.is_some_and(|types| types.children.iter().any(|kind| kind.text == "SSE-C"));
        BucketEncryption {
            default: layers.map_or(ByDefault::S3, |layers| ByDefault::Kms(layers, key)),
            bucket_key: match rule.child_text("BucketKeyEnabled") {
                Some("true") => BucketKey::On,
                _ => BucketKey::Off,
            },
            customer_keys: if blocks { CustomerKeys::Blocked } else { CustomerKeys::Taken },
            configured: true,
        }
    }

    /// Whether new objects are with SSE-S3, unless they ask for something else.
    pub(super) fn is_s3(&self) -> bool {
        self.default == ByDefault::S3
    }

    /// Whether the bucket says how its objects are encrypted, be it as all are.
    pub(crate) fn is_configured(&self) -> bool {
        self.configured
    }

    pub(super) fn blocks_customer_keys(&self) -> bool {
        self.customer_keys == CustomerKeys::Blocked
    }

    /// Whether SSE-KMS uses a key of the bucket, unless a request says otherwise.
    pub(super) fn bucket_key(&self) -> BucketKey {
        self.bucket_key
    }

    /// How an object is encrypted whose request does not say; but it may have said something of the bucket key. The key in
    /// KMS is looked up only now, as on AWS: a document with a wrong one is taken.
    pub(super) fn default_of(&self, call: &Call, bucket_key: Option<BucketKey>) -> Result<Encryption> {
        let ByDefault::Kms(layers, key) = &self.default else { return Ok(Encryption::S3) };
        let (account, region) = (caller_account(call)?, call.bucket()?.region.clone());
        let key = call.shared.config.kms_keys.resolve(key.as_deref(), &account, &region)?;
        let bucket_key = match layers {
            Layers::One => bucket_key.unwrap_or(self.bucket_key),
            Layers::Two => BucketKey::Off,
        };
        Ok(Encryption::Kms(Box::new(KmsEncryption { layers: *layers, key, context: None, bucket_key })))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(rule: &str) -> BucketEncryption {
        let document =
            format!("<ServerSideEncryptionConfiguration><Rule>{rule}</Rule></ServerSideEncryptionConfiguration>");
        BucketEncryption::parse(&Element::parse(document.as_bytes()).unwrap())
    }

    #[test]
    fn a_document_says_what_holds() {
        let plain = parsed("<BlockedEncryptionTypes><EncryptionType>NONE</EncryptionType></BlockedEncryptionTypes>");
        assert!(plain.is_s3() && !plain.blocks_customer_keys());
        let blocks = parsed("<BlockedEncryptionTypes><EncryptionType>SSE-C</EncryptionType></BlockedEncryptionTypes>");
        assert!(blocks.is_s3() && blocks.blocks_customer_keys());
        let kms = parsed(
            "<ApplyServerSideEncryptionByDefault><SSEAlgorithm>aws:kms:dsse</SSEAlgorithm>
            <KMSMasterKeyID>k</KMSMasterKeyID></ApplyServerSideEncryptionByDefault><BucketKeyEnabled>true</BucketKeyEnabled>",
        );
        assert_eq!(kms.default, ByDefault::Kms(Layers::Two, Some("k".to_owned())));
        assert_eq!(kms.bucket_key(), BucketKey::On);
    }
}
