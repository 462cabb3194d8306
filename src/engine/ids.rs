//! Identifiers that clients see or files carry: upload ids, blob names, and the one sequence that orders versions.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::Mac as _;
use sha2::Sha512;
use subtle::ConstantTimeEq;

use crate::wire::mac::keyed;
use crate::wire::object_key::ObjectKey;

/// Bytes of MAC in an upload id; with the 8 bytes of the sequence, 96 bytes are AWS's 128 characters.
const UPLOAD_MAC_BYTES: usize = 88;

/// A place in the one order of everything that happens to keys: microseconds since the epoch, pushed forward where two
/// events fall into the same one, so that it is unique and never goes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sequence(pub(crate) i64);

/// An upload id as the client holds it.
///
/// It carries a MAC over the bucket's incarnation and the key, so that "never issued here" and "already ended" are told
/// apart without keeping a row for every upload there ever was.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct UploadId(String);

impl UploadId {
    /// The id as the client sent it, not yet verified.
    pub fn from_client(text: &str) -> UploadId {
        UploadId(text.to_owned())
    }

    /// The id's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The secret that upload ids are made with: random, made once for a data directory.
#[derive(Clone)]
pub(crate) struct UploadIdSecret([u8; 32]);

impl UploadIdSecret {
    pub(crate) fn new(bytes: [u8; 32]) -> UploadIdSecret {
        UploadIdSecret(bytes)
    }

    /// The id of the upload that was initiated at `sequence` for `key` in this incarnation of a bucket.
    pub(crate) fn issue(&self, bucket: i64, key: &[u8], sequence: Sequence) -> UploadId {
        let mut bytes = self.mac(bucket, key, sequence).to_vec();
        bytes.extend_from_slice(&sequence.0.to_be_bytes());
        UploadId(URL_SAFE_NO_PAD.encode(bytes))
    }

    /// The upload's sequence, if this id was issued for this key in this incarnation of the bucket.
    pub(crate) fn verify(&self, bucket: i64, key: &ObjectKey, id: &UploadId) -> Option<Sequence> {
        if id.0.len() != (UPLOAD_MAC_BYTES + 8) / 3 * 4 {
            return None;
        }
        let bytes = URL_SAFE_NO_PAD.decode(&id.0).ok()?;
        let (mac, sequence) = bytes.split_at_checked(UPLOAD_MAC_BYTES)?;
        let sequence = Sequence(i64::from_be_bytes(sequence.try_into().ok()?));
        let expected = self.mac(bucket, key.as_bytes(), sequence);
        bool::from(expected.ct_eq(mac)).then_some(sequence)
    }

    fn mac(&self, bucket: i64, key: &[u8], sequence: Sequence) -> [u8; UPLOAD_MAC_BYTES] {
        let block = |counter: u8| {
            let mut mac = keyed::<Sha512>(&self.0);
            mac.update(&[counter]);
            mac.update(&bucket.to_be_bytes());
            mac.update(&sequence.0.to_be_bytes());
            mac.update(key);
            mac.finalize().into_bytes()
        };
        let mut out = [0; UPLOAD_MAC_BYTES];
        out[..64].copy_from_slice(&block(0));
        out[64..].copy_from_slice(&block(1)[..UPLOAD_MAC_BYTES - 64]);
        out
    }
}

/// The name of a blob's file: random, so that nothing a client sends decides it or can guess it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct BlobName(pub(crate) [u8; 16]);

impl BlobName {
    pub(crate) fn random() -> BlobName {
        BlobName(rand::random())
    }

    pub(crate) fn hex(self) -> String {
        hex::encode(self.0)
    }

    pub(crate) fn from_hex(text: &str) -> Option<BlobName> {
        let mut bytes = [0; 16];
        hex::decode_to_slice(text, &mut bytes).ok()?;
        Some(BlobName(bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(text: &str) -> ObjectKey {
        ObjectKey::parse(text.to_owned()).unwrap()
    }

    #[test]
    fn upload_id_belongs_to_its_bucket_and_key() {
        let secret = UploadIdSecret::new([7; 32]);
        let id = secret.issue(3, b"a/b", Sequence(1_234_567));
        assert_eq!(id.as_str().len(), 128);
        assert_eq!(secret.verify(3, &key("a/b"), &id), Some(Sequence(1_234_567)));
        assert_eq!(secret.verify(4, &key("a/b"), &id), None);
        assert_eq!(secret.verify(3, &key("a/c"), &id), None);
        assert_eq!(UploadIdSecret::new([8; 32]).verify(3, &key("a/b"), &id), None);
    }

    #[test]
    fn foreign_upload_ids_are_not_ours() {
        let secret = UploadIdSecret::new([7; 32]);
        for text in ["", "x", "../../etc/passwd", &"A".repeat(128), &"A".repeat(2000)] {
            assert_eq!(secret.verify(1, &key("k"), &UploadId::from_client(text)), None, "{text}");
        }
    }
}
