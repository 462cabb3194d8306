//! Object keys: 1 to 1,024 bytes of UTF-8, taken literally. Nothing here normalises, decodes or interprets a key.

use std::fmt;
use std::sync::Arc;

/// The longest key, in bytes of UTF-8.
pub const MAX_KEY_BYTES: usize = 1024;

/// A valid object key. Ordered by its UTF-8 bytes, which is the order of listings. Cheap to clone.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ObjectKey(Arc<str>);

/// Why a string is no object key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InvalidKey {
    /// The key has no bytes.
    Empty,
    /// The key is longer than [`MAX_KEY_BYTES`].
    TooLong {
        /// The length that was given, in bytes.
        size_bytes: usize,
    },
    /// The key contains U+0000.
    Nul,
}

impl ObjectKey {
    /// Checks `key`. `.`, `..`, `//` and a trailing `/` are ordinary characters of a key.
    pub fn parse(key: String) -> Result<ObjectKey, InvalidKey> {
        match key.len() {
            0 => Err(InvalidKey::Empty),
            size_bytes if size_bytes > MAX_KEY_BYTES => Err(InvalidKey::TooLong { size_bytes }),
            _ if key.as_bytes().contains(&0) => Err(InvalidKey::Nul),
            _ => Ok(ObjectKey(Arc::from(key))),
        }
    }

    /// The key as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The key as its UTF-8 bytes: what is stored and compared.
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

/// The smallest byte string that is greater than every string beginning with `prefix`; `None` when there is none (the
/// prefix is empty or only 0xFF bytes). The result need not be UTF-8.
pub fn prefix_successor(prefix: &[u8]) -> Option<Vec<u8>> {
    let last = prefix.iter().rposition(|&byte| byte != 0xFF)?;
    let mut successor = prefix[..=last].to_vec();
    successor[last] += 1;
    Some(successor)
}

impl fmt::Display for ObjectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for ObjectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ObjectKey({:?})", &*self.0)
    }
}

impl fmt::Display for InvalidKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            InvalidKey::Empty => f.write_str("the key is empty"),
            InvalidKey::TooLong { size_bytes } => {
                write!(f, "the key has {size_bytes} bytes, more than {MAX_KEY_BYTES}")
            }
            InvalidKey::Nul => f.write_str("the key contains a NUL character"),
        }
    }
}

impl std::error::Error for InvalidKey {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_taken_literally() {
        for key in ["a", ".", "..", "//", "a/../b", "a/", " ", "\u{1}", "ключ", "\u{10FFFF}"] {
            assert_eq!(ObjectKey::parse(key.to_owned()).expect(key).as_str(), key);
        }
    }

    #[test]
    fn length_is_counted_in_bytes() {
        assert!(ObjectKey::parse("a".repeat(1024)).is_ok());
        assert!(ObjectKey::parse("é".repeat(512)).is_ok());
        assert_eq!(ObjectKey::parse("a".repeat(1025)), Err(InvalidKey::TooLong { size_bytes: 1025 }));
        assert_eq!(ObjectKey::parse("é".repeat(513)), Err(InvalidKey::TooLong { size_bytes: 1026 }));
        assert_eq!(ObjectKey::parse(String::new()), Err(InvalidKey::Empty));
        assert_eq!(ObjectKey::parse("a\0b".to_owned()), Err(InvalidKey::Nul));
    }

    #[test]
    fn order_is_the_order_of_bytes() {
        // UTF-16 order would put U+FF61 after U+10000.
        let low = ObjectKey::parse("\u{FF61}".to_owned()).unwrap();
        let high = ObjectKey::parse("\u{10000}".to_owned()).unwrap();
        assert!(low < high);
    }

    #[test]
    fn prefix_successor_bounds_the_prefix() {
        assert_eq!(prefix_successor(b"a/"), Some(b"a0".to_vec()));
        assert_eq!(prefix_successor(b"a\xFF\xFF"), Some(b"b".to_vec()));
        assert_eq!(prefix_successor("\u{7F}".as_bytes()), Some(vec![0x80]));
        assert_eq!(prefix_successor(b"\xFF\xFF"), None);
        assert_eq!(prefix_successor(b""), None);
    }
}
