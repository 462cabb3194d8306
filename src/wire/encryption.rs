//! How the bytes of an object are encrypted, as a version keeps it, and the keys that clients bring themselves (SSE-C). Not
//! the encrypting: that is done where bytes are written.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::Mac as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::Sha256;
use subtle::ConstantTimeEq as _;

use super::mac::keyed;
use super::md5::Md5;

/// The size of a client's own key: AES-256 is all that S3 takes.
pub const CUSTOMER_KEY_BYTES: usize = 32;

/// How a version is encrypted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Encryption {
    /// SSE-S3 (`AES256`): every object, unless something else was said.
    #[default]
    S3,
    /// SSE-KMS and DSSE-KMS.
    Kms(Box<KmsEncryption>),
    /// SSE-C: with a key that the client brings each time.
    Customer(Box<CustomerEncryption>),
}

/// A key in KMS and how it is used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KmsEncryption {
    /// Once or twice.
    pub layers: Layers,
    /// The key as S3 shows it: its ARN.
    pub key: String,
    /// The encryption context as it was sent: base64 of a JSON object.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context: Option<String>,
    /// Whether an S3 Bucket Key is used.
    #[serde(default, skip_serializing_if = "is_default")]
    pub bucket_key: BucketKey,
}

/// How often KMS encrypts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Layers {
    /// `aws:kms`.
    One,
    /// `aws:kms:dsse`.
    Two,
}

/// Whether a key of the bucket stands between KMS's and the object's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum BucketKey {
    /// It does not.
    #[default]
    Off,
    /// It does.
    On,
}

/// What is kept of a client's own key, and of an object that is encrypted with it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CustomerEncryption {
    /// By what the key is known again.
    pub mark: KeyMark,
    /// Whether the object shows a checksum.
    #[serde(default, skip_serializing_if = "is_default")]
    pub checksum: ShownChecksum,
}

/// Whether an object shows its checksum. One made by a multipart upload with SSE-C that declared none has none on AWS.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum ShownChecksum {
    /// It does.
    #[default]
    Yes,
    /// It does not.
    No,
}

/// A key that a client brought. Never stored, and not to be seen in logs.
#[derive(Clone, PartialEq, Eq)]
pub struct CustomerKey([u8; CUSTOMER_KEY_BYTES]);

/// A salted HMAC of a key: it tells whether a key is that one, and nothing else of it.
///
/// Source: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/specifying-s3-c-encryption.html>
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyMark {
    salt: [u8; 16],
    mac: [u8; 32],
}

impl Encryption {
    /// The value of `x-amz-server-side-encryption`; SSE-C has none.
    pub fn name(&self) -> Option<&'static str> {
        match self {
            Encryption::S3 => Some("AES256"),
            Encryption::Kms(kms) => Some(kms.layers.name()),
            Encryption::Customer(_) => None,
        }
    }

    /// Whether the ETag of an object in one piece is the MD5 of its bytes. Else it says nothing of them.
    ///
    /// Source: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_Object.html>
    pub fn etag_is_md5(&self) -> bool {
        matches!(self, Encryption::S3)
    }

    /// What is kept of the client's own key, with SSE-C.
    pub fn customer(&self) -> Option<&CustomerEncryption> {
        match self {
            Encryption::Customer(customer) => Some(customer),
            Encryption::S3 | Encryption::Kms(_) => None,
        }
    }

    /// What is kept of KMS's key.
    pub fn kms(&self) -> Option<&KmsEncryption> {
        match self {
            Encryption::Kms(kms) => Some(kms),
            Encryption::S3 | Encryption::Customer(_) => None,
        }
    }

    /// Whether an object so encrypted shows a checksum.
    pub fn shows_checksum(&self) -> bool {
        self.customer().is_none_or(|customer| customer.checksum == ShownChecksum::Yes)
    }
}

impl Layers {
    /// As S3 writes it.
    pub fn name(self) -> &'static str {
        match self {
            Layers::One => "aws:kms",
            Layers::Two => "aws:kms:dsse",
        }
    }

    /// Reads what S3 writes.
    pub fn parse(name: &str) -> Option<Layers> {
        [Layers::One, Layers::Two].into_iter().find(|layers| layers.name() == name)
    }
}

impl CustomerKey {
    /// The key of these bytes; `None` if they are not [`CUSTOMER_KEY_BYTES`].
    pub fn new(bytes: &[u8]) -> Option<CustomerKey> {
        bytes.try_into().ok().map(CustomerKey)
    }

    /// The key itself, to encrypt with.
    pub fn expose(&self) -> &[u8; CUSTOMER_KEY_BYTES] {
        &self.0
    }

    /// Its MD5 in base64, as requests and answers carry it.
    pub fn md5_base64(&self) -> String {
        STANDARD.encode(Md5::digest(&self.0))
    }

    /// What is kept to know it again. `salt` is random.
    pub fn mark(&self, salt: [u8; 16]) -> KeyMark {
        KeyMark { salt, mac: self.mac(salt) }
    }

    /// Whether this is the key of a mark.
    pub fn is_of(&self, mark: &KeyMark) -> bool {
        self.mac(mark.salt).ct_eq(&mark.mac).into()
    }

    fn mac(&self, salt: [u8; 16]) -> [u8; 32] {
        let mut mac = keyed::<Sha256>(&self.0);
        mac.update(b"staves: mark of a customer's key");
        mac.update(&salt);
        mac.finalize().into_bytes().into()
    }
}

impl fmt::Debug for CustomerKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CustomerKey(***)")
    }
}

impl Serialize for KeyMark {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode([&self.salt[..], &self.mac[..]].concat()))
    }
}

impl<'de> Deserialize<'de> for KeyMark {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<KeyMark, D::Error> {
        let text = String::deserialize(deserializer)?;
        let bytes = STANDARD.decode(text).map_err(serde::de::Error::custom)?;
        let split = bytes.split_first_chunk::<16>();
        let mark = split.and_then(|(salt, mac)| Some(KeyMark { salt: *salt, mac: mac.try_into().ok()? }));
        mark.ok_or_else(|| serde::de::Error::custom("a mark has 48 bytes"))
    }
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_knows_its_key_and_no_other() {
        let (key, other) = (CustomerKey::new(&[7; 32]).unwrap(), CustomerKey::new(&[8; 32]).unwrap());
        let mark = key.mark([1; 16]);
        assert!(key.is_of(&mark) && !other.is_of(&mark));
        assert_ne!(key.mark([2; 16]).mac, mark.mac);
        let kept = serde_json::to_string(&mark).unwrap();
        assert_eq!(serde_json::from_str::<KeyMark>(&kept).unwrap(), mark);
        assert!(serde_json::from_str::<KeyMark>("\"AAAA\"").is_err());
        assert_eq!(format!("{key:?}"), "CustomerKey(***)");
    }

    #[test]
    fn a_key_has_32_bytes() {
        assert!(CustomerKey::new(&[0; 31]).is_none() && CustomerKey::new(&[0; 33]).is_none());
        // base64 of 32 times `a`, and its MD5, computed with Python's hashlib.
        assert_eq!(CustomerKey::new(&[b'a'; 32]).unwrap().md5_base64(), "Xsqb0+sHwAbNQ65I395/0w==");
    }

    #[test]
    fn storage_round_trip() {
        let kms = KmsEncryption {
            layers: Layers::Two,
            key: "arn:aws:kms:us-east-1:000000000000:key/k".to_owned(),
            context: Some("e30=".to_owned()),
            bucket_key: BucketKey::On,
        };
        let mark = CustomerKey::new(&[7; 32]).unwrap().mark([1; 16]);
        let customer = CustomerEncryption { mark, checksum: ShownChecksum::No };
        for encryption in [Encryption::S3, Encryption::Kms(kms.into()), Encryption::Customer(customer.into())] {
            let stored = serde_json::to_string(&encryption).unwrap();
            assert_eq!(serde_json::from_str::<Encryption>(&stored).unwrap(), encryption, "{stored}");
        }
    }
}
