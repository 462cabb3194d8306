//! What a dialect asks of the parts that complete an upload: their order, numbers and sizes. Not what is always true of
//! them, such as that a listed part was uploaded: that is `complete`'s.

use super::Part;
use crate::engine::error::{Error, Result};
use crate::engine::limits::Limits;
use crate::wire::etag::ETag;
use crate::wire::part::{ListedPart, PartNumber};

/// A dialect's rules for the list and the sizes of parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PartRules {
    /// In which order the parts make up the object.
    pub order: PartOrder,
    /// Which numbers they may have.
    pub numbers: PartNumbers,
    /// The least size of each part but the last.
    pub min_size_bytes: u64,
    /// Each part but the last is a multiple of this; 1 for any size.
    pub multiple_of_bytes: u64,
}

/// In which order parts make up the object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PartOrder {
    /// The list has to ascend strictly by number, as in S3.
    Ascending,
    /// As the list says, each part at most once. They are numbered anew, in that order.
    AsListed,
}

/// Which numbers parts may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PartNumbers {
    /// Any: gaps are fine.
    Any,
    /// 1, 2, 3 and so on.
    Consecutive,
}

impl PartRules {
    /// S3's own: ascending, with gaps, of a least size.
    pub fn s3(limits: &Limits) -> PartRules {
        PartRules {
            order: PartOrder::Ascending,
            numbers: PartNumbers::Any,
            min_size_bytes: limits.min_part_size_bytes,
            multiple_of_bytes: 1,
        }
    }

    /// Checks the order of a list.
    pub(super) fn check_order(&self, listed: &[ListedPart]) -> Result<()> {
        match self.order {
            PartOrder::Ascending if !listed.is_sorted_by(|a, b| a.number < b.number) => Err(Error::PartsOutOfOrder),
            PartOrder::AsListed => match twice(listed) {
                Some(number) => Err(Error::PartListedTwice { number }),
                None => Ok(()),
            },
            PartOrder::Ascending => Ok(()),
        }
    }

    /// Checks the numbers of parts in their order.
    pub(super) fn check_numbers(&self, chosen: &[&Part]) -> Result<()> {
        match self.numbers {
            PartNumbers::Consecutive if !are_consecutive(chosen) => Err(Error::PartsNotConsecutive),
            PartNumbers::Consecutive | PartNumbers::Any => Ok(()),
        }
    }

    /// Checks the size of each part but the last.
    pub(super) fn check_sizes(&self, chosen: &[&Part]) -> Result<()> {
        let Some((_, all_but_last)) = chosen.split_last() else { return Ok(()) };
        for part in all_but_last {
            let (number, size_bytes) = (part.number, part.size_bytes);
            if size_bytes < self.min_size_bytes {
                let etag = ETag::plain(part.md5).to_hex();
                return Err(Error::PartTooSmall { number, etag, size_bytes, min_size_bytes: self.min_size_bytes });
            }
            if !size_bytes.is_multiple_of(self.multiple_of_bytes.max(1)) {
                let multiple_of_bytes = self.multiple_of_bytes;
                return Err(Error::PartNotMultiple { number, size_bytes, multiple_of_bytes });
            }
        }
        Ok(())
    }
}

/// Whether parts are numbered 1 to N.
pub(super) fn are_consecutive(chosen: &[&Part]) -> bool {
    (1..).zip(chosen).all(|(n, part)| part.number.get() == n)
}

fn twice(listed: &[ListedPart]) -> Option<PartNumber> {
    let mut numbers: Vec<_> = listed.iter().map(|part| part.number).collect();
    numbers.sort_unstable();
    numbers.windows(2).find(|pair| pair[0] == pair[1]).map(|pair| pair[0])
}
