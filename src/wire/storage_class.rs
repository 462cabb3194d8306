//! Storage classes of general-purpose buckets. Names only: Staves keeps every class on the same disk.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A class that `PutObject` accepts on a general-purpose bucket.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[expect(missing_docs, reason = "the variants are AWS's names")]
pub enum StorageClass {
    #[default]
    Standard,
    ReducedRedundancy,
    StandardIa,
    #[serde(rename = "ONEZONE_IA")]
    OneZoneIa,
    IntelligentTiering,
    Glacier,
    DeepArchive,
    GlacierIr,
}

impl StorageClass {
    /// Every class.
    pub const ALL: [StorageClass; 8] = [
        StorageClass::Standard,
        StorageClass::ReducedRedundancy,
        StorageClass::StandardIa,
        StorageClass::OneZoneIa,
        StorageClass::IntelligentTiering,
        StorageClass::Glacier,
        StorageClass::DeepArchive,
        StorageClass::GlacierIr,
    ];

    /// Reads AWS's name, case included. Classes of other kinds of storage (`EXPRESS_ONEZONE`, `OUTPOSTS`, `SNOW`, …) are
    /// not classes here: S3 answers `InvalidStorageClass`.
    pub fn parse(name: &str) -> Option<StorageClass> {
        StorageClass::ALL.into_iter().find(|class| class.name() == name)
    }

    /// AWS's name.
    pub fn name(self) -> &'static str {
        match self {
            StorageClass::Standard => "STANDARD",
            StorageClass::ReducedRedundancy => "REDUCED_REDUNDANCY",
            StorageClass::StandardIa => "STANDARD_IA",
            StorageClass::OneZoneIa => "ONEZONE_IA",
            StorageClass::IntelligentTiering => "INTELLIGENT_TIERING",
            StorageClass::Glacier => "GLACIER",
            StorageClass::DeepArchive => "DEEP_ARCHIVE",
            StorageClass::GlacierIr => "GLACIER_IR",
        }
    }

    /// Whether an object must be restored before it can be read.
    pub fn is_archived(self) -> bool {
        matches!(self, StorageClass::Glacier | StorageClass::DeepArchive)
    }
}

impl fmt::Display for StorageClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        for class in StorageClass::ALL {
            assert_eq!(StorageClass::parse(class.name()), Some(class));
            // The stored form is AWS's name too.
            assert_eq!(serde_json::to_string(&class).unwrap(), format!("\"{class}\""));
        }
        for name in ["", "standard", "EXPRESS_ONEZONE", "OUTPOSTS", "SNOW", "FSX_OPENZFS", "FSX_ONTAP"] {
            assert_eq!(StorageClass::parse(name), None, "{name}");
        }
        let archived: Vec<_> = StorageClass::ALL.into_iter().filter(|class| class.is_archived()).collect();
        assert_eq!(archived, [StorageClass::Glacier, StorageClass::DeepArchive]);
    }
}
