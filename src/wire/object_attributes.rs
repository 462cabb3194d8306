//! What is set on a version of an object and may change without a new version: tags, retention, legal hold, the ACL and how
//! it is encrypted. Not the headers that are stored with it, which never change.

use serde::{Deserialize, Serialize};

use super::acl::Acl;
use super::encryption::Encryption;
use super::object_lock::ObjectLock;
use super::restore::Restore;
use super::stored::{self, Unreadable};
use super::tagging::TagSet;

/// All of it. A field that is added has a default, and is left out of the encoding where it has that: so older rows are
/// read, and most versions have no row of attributes at all.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ObjectAttributes {
    /// Its tags.
    #[serde(skip_serializing_if = "is_default")]
    pub tags: TagSet,
    /// Its retention and legal hold.
    #[serde(skip_serializing_if = "is_default")]
    pub lock: ObjectLock,
    /// Its owner, and what is granted to whom. None: it is the bucket owner's, who alone may do anything with it.
    #[serde(skip_serializing_if = "is_default")]
    pub acl: Option<Acl>,
    /// The restore that was asked for last. Only of archived classes.
    #[serde(skip_serializing_if = "is_default")]
    pub restore: Option<Restore>,
    /// How it is encrypted.
    #[serde(skip_serializing_if = "is_default")]
    pub encryption: Encryption,
    /// How many annotations it has; they themselves are kept apart.
    #[serde(skip_serializing_if = "is_default")]
    pub annotations: u16,
}

impl ObjectAttributes {
    /// The storage encoding; `None` where nothing is set.
    pub fn to_stored(&self) -> Option<Vec<u8>> {
        (!is_default(self)).then(|| stored::encode(self))
    }

    /// Reads what [`ObjectAttributes::to_stored`] wrote.
    pub fn from_stored(stored: Option<&[u8]>) -> Result<ObjectAttributes, Unreadable> {
        stored.map_or_else(|| Ok(ObjectAttributes::default()), stored::decode)
    }
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::acl::{CannedAcl, Owner};
    use crate::wire::encryption::{BucketKey, KmsEncryption, Layers};
    use crate::wire::object_lock::{LegalHold, Retention, RetentionMode};
    use crate::wire::time::Timestamp;

    #[test]
    fn storage_round_trip() {
        let retention = Retention { mode: RetentionMode::Governance, until: Timestamp::from_millis(5000) };
        let full = ObjectAttributes {
            tags: TagSet::parse_header("a=1&b=").unwrap(),
            lock: ObjectLock { retention: Some(retention), legal_hold: Some(LegalHold::On) },
            acl: Some(CannedAcl::PublicRead.on_bucket(Owner::new("1"))),
            restore: Some(Restore::from((1, 2, 3))),
            encryption: Encryption::Kms(Box::new(KmsEncryption {
                layers: Layers::One,
                key: "k".to_owned(),
                context: None,
                bucket_key: BucketKey::Off,
            })),
            annotations: 3,
        };
        let stored = full.to_stored().unwrap();
        assert_eq!(ObjectAttributes::from_stored(Some(&stored)).unwrap(), full);
        assert_eq!(ObjectAttributes::default().to_stored(), None);
        assert_eq!(ObjectAttributes::from_stored(None).unwrap(), ObjectAttributes::default());
        let tagged = ObjectAttributes {
            lock: ObjectLock::default(),
            acl: None,
            restore: None,
            encryption: Encryption::S3,
            annotations: 0,
            ..full
        };
        let json = b"\x01{\"tags\":[{\"key\":\"a\",\"value\":\"1\"},{\"key\":\"b\",\"value\":\"\"}]}";
        assert_eq!(tagged.to_stored().as_deref(), Some(json.as_slice()));
    }

    #[test]
    fn unknown_encodings_are_refused() {
        for stored in [b"".as_slice(), b"\x02{}", b"\x01", b"\x01{\"tags\":1}"] {
            assert!(ObjectAttributes::from_stored(Some(stored)).is_err());
        }
        // A field of a later Staves does not keep this one from reading the others.
        assert_eq!(ObjectAttributes::from_stored(Some(b"\x01{\"later\":1}")).unwrap(), ObjectAttributes::default());
    }
}
