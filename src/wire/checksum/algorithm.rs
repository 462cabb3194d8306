//! The names, sizes and permitted kinds of checksum algorithms. One table; no hashing in here.

use std::fmt;

/// A checksum algorithm of the S3 API (the model of 2026: five of these are newer than most SDKs).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the variants are the names of the algorithms")]
pub enum Algorithm {
    Crc32,
    Crc32c,
    Crc64Nvme,
    Md5,
    Sha1,
    Sha256,
    Sha512,
    XxHash64,
    XxHash3,
    XxHash128,
}

/// What the checksum of an object made from parts covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ChecksumKind {
    /// The concatenated raw checksums of the parts.
    Composite,
    /// All bytes of the object.
    FullObject,
}

/// Which kinds a multipart upload may declare; the first is what it gets when it declares none.
#[derive(Clone, Copy)]
enum Kinds {
    CompositeOrFull,
    CompositeOnly,
    FullOnly,
}

struct Row {
    algorithm: Algorithm,
    /// Stored in databases: never change or reuse one.
    db: u8,
    name: &'static str,
    lower: &'static str,
    header: &'static str,
    element: &'static str,
    digest_bytes: usize,
    kinds: Kinds,
}

const fn row(algorithm: Algorithm, db: u8, names: [&'static str; 4], digest_bytes: usize, kinds: Kinds) -> Row {
    let [name, lower, header, element] = names;
    Row { algorithm, db, name, lower, header, element, digest_bytes, kinds }
}

/// In the order of the enum, which is also the order in which AWS lists the names in messages but for the XXHASH ones.
#[rustfmt::skip]
static TABLE: [Row; 10] = [
    row(Algorithm::Crc32, 1, ["CRC32", "crc32", "x-amz-checksum-crc32", "ChecksumCRC32"], 4, Kinds::CompositeOrFull),
    row(Algorithm::Crc32c, 2, ["CRC32C", "crc32c", "x-amz-checksum-crc32c", "ChecksumCRC32C"], 4, Kinds::CompositeOrFull),
    row(Algorithm::Crc64Nvme, 3, ["CRC64NVME", "crc64nvme", "x-amz-checksum-crc64nvme", "ChecksumCRC64NVME"], 8, Kinds::FullOnly),
    row(Algorithm::Md5, 4, ["MD5", "md5", "x-amz-checksum-md5", "ChecksumMD5"], 16, Kinds::CompositeOnly),
    row(Algorithm::Sha1, 5, ["SHA1", "sha1", "x-amz-checksum-sha1", "ChecksumSHA1"], 20, Kinds::CompositeOnly),
    row(Algorithm::Sha256, 6, ["SHA256", "sha256", "x-amz-checksum-sha256", "ChecksumSHA256"], 32, Kinds::CompositeOnly),
    row(Algorithm::Sha512, 7, ["SHA512", "sha512", "x-amz-checksum-sha512", "ChecksumSHA512"], 64, Kinds::CompositeOnly),
    row(Algorithm::XxHash64, 8, ["XXHASH64", "xxhash64", "x-amz-checksum-xxhash64", "ChecksumXXHASH64"], 8, Kinds::CompositeOnly),
    row(Algorithm::XxHash3, 9, ["XXHASH3", "xxhash3", "x-amz-checksum-xxhash3", "ChecksumXXHASH3"], 8, Kinds::CompositeOnly),
    row(Algorithm::XxHash128, 10, ["XXHASH128", "xxhash128", "x-amz-checksum-xxhash128", "ChecksumXXHASH128"], 16, Kinds::CompositeOnly),
];

impl Algorithm {
    /// Every algorithm.
    pub const ALL: [Algorithm; 10] = [
        Algorithm::Crc32,
        Algorithm::Crc32c,
        Algorithm::Crc64Nvme,
        Algorithm::Md5,
        Algorithm::Sha1,
        Algorithm::Sha256,
        Algorithm::Sha512,
        Algorithm::XxHash64,
        Algorithm::XxHash3,
        Algorithm::XxHash128,
    ];

    /// Reads a name such as `CRC64NVME`, in any case.
    pub fn parse_name(name: &str) -> Option<Algorithm> {
        Algorithm::find(|row| row.name.eq_ignore_ascii_case(name))
    }

    /// Reads a header (or trailer) name such as `x-amz-checksum-crc64nvme`, in any case.
    pub fn from_header_name(header: &str) -> Option<Algorithm> {
        Algorithm::find(|row| row.header.eq_ignore_ascii_case(header))
    }

    /// Reads an XML element name such as `ChecksumCRC64NVME`.
    pub fn from_xml_element(element: &str) -> Option<Algorithm> {
        Algorithm::find(|row| row.element == element)
    }

    /// The name as responses carry it: `CRC64NVME`.
    pub fn name(self) -> &'static str {
        self.row().name
    }

    /// The name as most error messages carry it: `crc64nvme`.
    pub fn lower_name(self) -> &'static str {
        self.row().lower
    }

    /// The header of the value: `x-amz-checksum-crc64nvme`.
    pub fn header_name(self) -> &'static str {
        self.row().header
    }

    /// The XML element of the value: `ChecksumCRC64NVME`.
    pub fn xml_element(self) -> &'static str {
        self.row().element
    }

    /// The length of the raw value in bytes.
    pub fn digest_len(self) -> usize {
        self.row().digest_bytes
    }

    /// Whether a multipart upload may declare this kind with this algorithm. (A single PUT or copy is always
    /// `FULL_OBJECT`.)
    pub fn supports(self, kind: ChecksumKind) -> bool {
        match self.row().kinds {
            Kinds::CompositeOrFull => true,
            Kinds::CompositeOnly => kind == ChecksumKind::Composite,
            Kinds::FullOnly => kind == ChecksumKind::FullObject,
        }
    }

    /// The kind of a multipart upload that declares only the algorithm.
    pub fn default_kind(self) -> ChecksumKind {
        match self.row().kinds {
            Kinds::CompositeOrFull | Kinds::CompositeOnly => ChecksumKind::Composite,
            Kinds::FullOnly => ChecksumKind::FullObject,
        }
    }

    /// The number under which databases keep the algorithm.
    pub fn to_db(self) -> u8 {
        self.row().db
    }

    /// Reads what [`Algorithm::to_db`] gave.
    pub fn from_db(number: u8) -> Option<Algorithm> {
        Algorithm::find(|row| row.db == number)
    }

    fn row(self) -> &'static Row {
        &TABLE[self as usize]
    }

    fn find(wanted: impl Fn(&Row) -> bool) -> Option<Algorithm> {
        TABLE.iter().find(|row| wanted(row)).map(|row| row.algorithm)
    }
}

impl ChecksumKind {
    /// Reads `COMPOSITE` or `FULL_OBJECT`, in any case.
    pub fn parse(name: &str) -> Option<ChecksumKind> {
        [ChecksumKind::Composite, ChecksumKind::FullObject]
            .into_iter()
            .find(|kind| kind.name().eq_ignore_ascii_case(name))
    }

    /// `COMPOSITE` or `FULL_OBJECT`.
    pub fn name(self) -> &'static str {
        match self {
            ChecksumKind::Composite => "COMPOSITE",
            ChecksumKind::FullObject => "FULL_OBJECT",
        }
    }

    /// The number under which databases keep the kind.
    pub fn to_db(self) -> u8 {
        match self {
            ChecksumKind::Composite => 1,
            ChecksumKind::FullObject => 2,
        }
    }

    /// Reads what [`ChecksumKind::to_db`] gave.
    pub fn from_db(number: u8) -> Option<ChecksumKind> {
        [ChecksumKind::Composite, ChecksumKind::FullObject].into_iter().find(|kind| kind.to_db() == number)
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Display for ChecksumKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table_is_in_the_order_of_the_enum_and_names_agree() {
        for (position, algorithm) in Algorithm::ALL.into_iter().enumerate() {
            let row = &TABLE[position];
            assert_eq!(row.algorithm, algorithm);
            assert_eq!(row.lower, row.name.to_lowercase());
            assert_eq!(row.header, format!("x-amz-checksum-{}", row.lower));
            assert_eq!(row.element, format!("Checksum{}", row.name));
            assert_eq!(Algorithm::parse_name(row.lower), Some(algorithm));
            assert_eq!(Algorithm::from_header_name(&row.header.to_uppercase()), Some(algorithm));
            assert_eq!(Algorithm::from_xml_element(row.element), Some(algorithm));
            assert_eq!(Algorithm::from_db(algorithm.to_db()), Some(algorithm));
        }
        assert_eq!(Algorithm::parse_name("CRC64"), None);
        assert_eq!(Algorithm::from_db(0), None);
    }

    #[test]
    fn kinds_of_a_multipart_upload() {
        use ChecksumKind::{Composite, FullObject};
        for algorithm in Algorithm::ALL {
            let expected = match algorithm {
                Algorithm::Crc32 | Algorithm::Crc32c => (true, true, Composite),
                Algorithm::Crc64Nvme => (false, true, FullObject),
                _ => (true, false, Composite),
            };
            let actual = (algorithm.supports(Composite), algorithm.supports(FullObject), algorithm.default_kind());
            assert_eq!(actual, expected, "{algorithm}");
        }
        assert_eq!(ChecksumKind::parse("full_object"), Some(FullObject));
        assert_eq!(ChecksumKind::parse("COMPOSITE"), Some(Composite));
        assert_eq!(ChecksumKind::parse("FULL"), None);
        for kind in [Composite, FullObject] {
            assert_eq!(ChecksumKind::from_db(kind.to_db()), Some(kind));
        }
    }
}
