//! The id of a version as clients see it: `null`, or 32 characters made from the version's sequence.

use std::fmt;

use base64::Engine as _;
use base64::alphabet::Alphabet;
use base64::engine::general_purpose::{GeneralPurpose, NO_PAD};
use sha2::{Digest as _, Sha256};

use super::ids::Sequence;
use crate::wire::versioning::Versioning;

/// The letters of AWS's ids.
const LETTERS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._";

const TAG_BYTES: usize = 16;

/// Which version of a key.
///
/// An id is opaque, but hides nothing: its tag only tells an id that was made here from any other text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum VersionId {
    /// `null`: what was written while versioning was never set, or suspended. A key has one at most.
    Null,
    /// Of a version that was written while versioning was enabled.
    Numbered(Sequence),
}

impl VersionId {
    /// Reads an id; `None` for a text that is none of ours.
    pub fn parse(text: &str) -> Option<VersionId> {
        if text == "null" {
            return Some(VersionId::Null);
        }
        let bytes = letters()?.decode(text).ok()?;
        let (masked, tag) = bytes.split_at_checked(8)?;
        let sequence = i64::from_be_bytes(masked.try_into().ok()?) ^ mask(tag);
        (tag_of(sequence) == tag).then_some(VersionId::Numbered(Sequence(sequence)))
    }

    /// The id of a version that is written in a bucket of this state.
    pub(crate) fn given(versioning: Versioning, sequence: Sequence) -> VersionId {
        match versioning {
            Versioning::Enabled => VersionId::Numbered(sequence),
            Versioning::Never | Versioning::Suspended => VersionId::Null,
        }
    }
}

impl fmt::Display for VersionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            VersionId::Null => f.write_str("null"),
            VersionId::Numbered(Sequence(sequence)) => {
                let tag = tag_of(*sequence);
                let mut bytes = [0; 8 + TAG_BYTES];
                bytes[..8].copy_from_slice(&(sequence ^ mask(&tag)).to_be_bytes());
                bytes[8..].copy_from_slice(&tag);
                f.write_str(&letters().map(|letters| letters.encode(bytes)).unwrap_or_default())
            }
        }
    }
}

/// base64 in AWS's letters; 24 bytes need no padding.
fn letters() -> Option<GeneralPurpose> {
    Some(GeneralPurpose::new(&Alphabet::new(LETTERS).ok()?, NO_PAD))
}

fn tag_of(sequence: i64) -> [u8; TAG_BYTES] {
    let full = Sha256::new().chain_update(b"staves version id").chain_update(sequence.to_be_bytes()).finalize();
    let mut tag = [0; TAG_BYTES];
    tag.copy_from_slice(&full[..TAG_BYTES]);
    tag
}

/// Ids of neighbours have nothing in common.
fn mask(tag: &[u8]) -> i64 {
    let full = Sha256::new().chain_update(b"staves version id mask").chain_update(tag).finalize();
    let mut mask = [0; 8];
    mask.copy_from_slice(&full[..8]);
    i64::from_be_bytes(mask)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_32_url_safe_characters_and_are_read_back() {
        for sequence in [1, 2, 1_700_000_000_000_000, i64::MAX] {
            let id = VersionId::Numbered(Sequence(sequence));
            let text = id.to_string();
            assert_eq!(text.len(), 32);
            assert!(text.bytes().all(|byte| LETTERS.as_bytes().contains(&byte)), "{text}");
            assert_eq!(VersionId::parse(&text), Some(id));
        }
        assert_eq!(VersionId::parse("null"), Some(VersionId::Null));
        // What clients hold has to stay good: the encoding never changes.
        assert_eq!(VersionId::Numbered(Sequence(1)).to_string(), "nZJcnZ3P4ibSk9oNty_b.6npYpp8DJOi");
    }

    #[test]
    fn other_texts_are_no_ids() {
        let text = VersionId::Numbered(Sequence(77)).to_string();
        let changed = text.replacen(&text[..1], if text.starts_with('a') { "b" } else { "a" }, 1);
        for text in ["", "NULL", "x", "3HL4kqtJlcpXroDTDmJ.rmSpXd3dIbrH", &text[1..], &changed, &format!("{text}A")] {
            assert_eq!(VersionId::parse(text), None, "{text}");
        }
    }
}
