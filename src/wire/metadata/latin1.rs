//! ISO 8859-1, which is what S3 takes the bytes of a header for: each byte is a character.

/// The text that a header's bytes stand for.
pub fn from_latin1(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| char::from(*byte)).collect()
}

/// The bytes of a header that says `text`, if it has no character beyond ISO 8859-1.
pub fn to_latin1(text: &str) -> Option<Vec<u8>> {
    text.chars().map(|letter| u8::try_from(letter).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_characters() {
        assert_eq!(from_latin1(b"h\xE9 \xC3\xA9"), "hé Ã©");
        assert_eq!(to_latin1("hé Ã©").as_deref(), Some(b"h\xE9 \xC3\xA9".as_slice()));
        assert_eq!(to_latin1("č"), None);
    }
}
