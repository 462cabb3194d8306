//! HMAC (RFC 2104) with keys of any length, for signatures and marks. Not which text is signed.

use hmac::{EagerHash, Hmac, KeyInit as _};

/// HMAC with a hash and a key, ready for the message.
pub(crate) fn keyed<D: EagerHash>(key: &[u8]) -> Hmac<D> {
    // A key that is too long for a block is hashed, a shorter one is padded.
    Hmac::new_from_slice(key).expect("HMAC takes keys of any length")
}

#[cfg(test)]
mod tests {
    use super::*;
    use hmac::Mac as _;
    use sha2::Sha256;

    /// RFC 4231, test cases 1, 2 and 6.
    #[test]
    fn keys_of_any_length() {
        let mac = |key: &[u8], text: &str| hex::encode(keyed::<Sha256>(key).chain_update(text).finalize().into_bytes());
        for (key, text, expected) in [
            (&[0x0b; 20][..], "Hi There", "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"),
            (
                b"Jefe",
                "what do ya want for nothing?",
                "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
            ),
            (
                &[0xaa; 131],
                "Test Using Larger Than Block-Size Key - Hash Key First",
                "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
            ),
        ] {
            assert_eq!(mac(key, text), expected);
        }
    }
}
