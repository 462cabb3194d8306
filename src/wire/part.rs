//! What a client says about parts: part numbers, and the list that completes an upload. Not how parts are stored.

use std::fmt;

use sha2::{Digest as _, Sha256};

use super::checksum::Algorithm;

/// A part number: 1 to 10,000.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PartNumber(u16);

/// The text or number is no part number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidPartNumber;

/// One entry of a list of parts, as the client wrote it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedPart {
    /// The number under which the part was uploaded.
    pub number: PartNumber,
    /// The entity tag, without quotes, otherwise untouched.
    pub etag: String,
    /// The checksums that came with it, still in base64.
    pub checksums: Vec<(Algorithm, String)>,
}

/// The list of parts that completes an upload: never empty. Its order is the client's; whether that order is acceptable
/// is decided elsewhere, after the upload was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartList(Vec<ListedPart>);

impl PartNumber {
    /// The highest part number.
    pub const MAX: PartNumber = PartNumber(10_000);

    /// The number, if it is in range.
    pub fn new(number: u16) -> Option<PartNumber> {
        (1..=PartNumber::MAX.0).contains(&number).then_some(PartNumber(number))
    }

    /// Parses decimal digits; like AWS, accepts a leading `+`.
    pub fn parse(text: &str) -> Result<PartNumber, InvalidPartNumber> {
        text.parse().ok().and_then(PartNumber::new).ok_or(InvalidPartNumber)
    }

    /// The number.
    pub fn get(self) -> u16 {
        self.0
    }
}

impl PartList {
    /// The list, unless it is empty.
    pub fn new(parts: Vec<ListedPart>) -> Option<PartList> {
        (!parts.is_empty()).then_some(PartList(parts))
    }

    /// The parts in the client's order: at least one.
    pub fn parts(&self) -> &[ListedPart] {
        &self.0
    }

    /// The identity of the list for an idempotent replay of `CompleteMultipartUpload`: SHA-256 over the numbers and
    /// `ETag`s in order. Checksums are left out, since AWS compares the part list only.
    pub fn fingerprint(&self) -> [u8; 32] {
        let mut hash = Sha256::new();
        for part in &self.0 {
            hash.update(part.number.0.to_be_bytes());
            // The length keeps neighbouring fields apart: no two lists feed the same bytes.
            hash.update((part.etag.len() as u64).to_be_bytes());
            hash.update(part.etag.as_bytes());
        }
        hash.finalize().into()
    }
}

impl fmt::Display for PartNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for InvalidPartNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a part number is an integer between 1 and 10000")
    }
}

impl std::error::Error for InvalidPartNumber {}

#[cfg(test)]
mod tests {
    use super::*;

    fn listed(number: u16, etag: &str) -> ListedPart {
        ListedPart { number: PartNumber::new(number).unwrap(), etag: etag.to_owned(), checksums: Vec::new() }
    }

    #[test]
    fn part_numbers() {
        for (text, number) in [("1", 1), ("+7", 7), ("0010", 10), ("10000", 10_000)] {
            assert_eq!(PartNumber::parse(text).map(PartNumber::get), Ok(number), "{text}");
        }
        for text in ["", "0", "-1", "10001", "65537", "abc", "1.0", " 1", "+", "++1", "0x1"] {
            assert_eq!(PartNumber::parse(text), Err(InvalidPartNumber), "{text}");
        }
        assert_eq!(PartNumber::new(0), None);
        assert_eq!(PartNumber::new(10_001), None);
    }

    #[test]
    fn a_list_is_never_empty() {
        assert_eq!(PartList::new(Vec::new()), None);
        assert_eq!(PartList::new(vec![listed(1, "a")]).unwrap().parts().len(), 1);
    }

    #[test]
    fn fingerprint_is_numbers_and_etags_only() {
        let list = |parts: &[ListedPart]| PartList::new(parts.to_vec()).unwrap().fingerprint();
        let mut with_checksum = listed(1, "a");
        with_checksum.checksums.push((Algorithm::Crc32, "AAAAAA==".to_owned()));
        assert_eq!(list(&[listed(1, "a")]), list(&[with_checksum]));
        assert_ne!(list(&[listed(1, "a")]), list(&[listed(2, "a")]));
        assert_ne!(list(&[listed(1, "a")]), list(&[listed(1, "b")]));
        assert_ne!(list(&[listed(1, "a"), listed(2, "b")]), list(&[listed(2, "b"), listed(1, "a")]));
        assert_ne!(list(&[listed(1, "a")]), list(&[listed(1, "a"), listed(2, "")]));
    }
}
