//! Where bytes are: stretches of blobs in order. A part or an object *is* the concatenation of its extents.
//!
//! Kept packed, 24 bytes each, in one column of its owner's row: measured at 10,000 parts, completing an upload so
//! takes 2.4–6 ms against 3–10 ms with a row per extent, and nothing ever asks for an extent but through its owner.

const PACKED_BYTES: usize = 24;

/// A stretch of a blob with its place in a part or object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Extent {
    /// Row of the blob.
    pub(crate) blob: i64,
    /// First byte within the blob.
    pub(crate) offset_bytes: u64,
    /// How many bytes.
    pub(crate) length_bytes: u64,
}

/// Extents in order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct ExtentList(Vec<Extent>);

impl ExtentList {
    /// All of one blob. An empty one has an extent too: it is what keeps its row.
    pub(crate) fn whole(blob: i64, length_bytes: u64) -> ExtentList {
        ExtentList(vec![Extent { blob, offset_bytes: 0, length_bytes }])
    }

    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = &Extent> + ExactSizeIterator {
        self.0.iter()
    }

    /// The only extent, if there is one and no other.
    pub(crate) fn single(&self) -> Option<&Extent> {
        match self.0.as_slice() {
            [extent] => Some(extent),
            _ => None,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn size_bytes(&self) -> u64 {
        self.0.iter().map(|extent| extent.length_bytes).sum()
    }

    pub(crate) fn append(&mut self, other: &ExtentList) {
        self.0.extend_from_slice(&other.0);
    }

    /// Removes and returns up to `count` extents from the end.
    pub(crate) fn split_last(&mut self, count: usize) -> ExtentList {
        ExtentList(self.0.split_off(self.0.len().saturating_sub(count)))
    }

    /// The bytes `first..first + length` of this list; empty where they lie outside.
    pub(crate) fn slice(&self, first: u64, length: u64) -> ExtentList {
        let (mut skip, mut left) = (first, length);
        let mut out = Vec::new();
        for extent in &self.0 {
            if left == 0 {
                break;
            }
            if skip >= extent.length_bytes {
                skip -= extent.length_bytes;
                continue;
            }
            let take = left.min(extent.length_bytes - skip);
            out.push(Extent { blob: extent.blob, offset_bytes: extent.offset_bytes + skip, length_bytes: take });
            left -= take;
            skip = 0;
        }
        ExtentList(out)
    }

    pub(crate) fn pack(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.0.len() * PACKED_BYTES);
        for extent in &self.0 {
            out.extend_from_slice(&extent.blob.to_le_bytes());
            out.extend_from_slice(&extent.offset_bytes.to_le_bytes());
            out.extend_from_slice(&extent.length_bytes.to_le_bytes());
        }
        out
    }

    /// `None` where the bytes are no packed list: the row is corrupt.
    pub(crate) fn unpack(bytes: &[u8]) -> Option<ExtentList> {
        let (records, rest) = bytes.as_chunks::<PACKED_BYTES>();
        if !rest.is_empty() {
            return None;
        }
        let word = |record: &[u8; PACKED_BYTES], at: usize| {
            let mut word = [0; 8];
            word.copy_from_slice(&record[at..at + 8]);
            word
        };
        Some(ExtentList(
            records
                .iter()
                .map(|record| Extent {
                    blob: i64::from_le_bytes(word(record, 0)),
                    offset_bytes: u64::from_le_bytes(word(record, 8)),
                    length_bytes: u64::from_le_bytes(word(record, 16)),
                })
                .collect(),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(lengths: &[u64]) -> ExtentList {
        let mut all = ExtentList::default();
        for (blob, length) in (1..).zip(lengths) {
            all.append(&ExtentList::whole(blob, *length));
        }
        all
    }

    #[test]
    fn packing_is_reversible_and_refuses_other_bytes() {
        let all = list(&[5, 0, 7]);
        assert_eq!(ExtentList::unpack(&all.pack()), Some(all.clone()));
        assert_eq!(ExtentList::unpack(&all.pack()[1..]), None);
        assert_eq!(ExtentList::unpack(&[]), Some(ExtentList::default()));
    }

    #[test]
    fn slice_is_the_same_as_slicing_the_bytes() {
        let lengths = [3, 0, 5, 1, 4];
        let all = list(&lengths);
        let flat: Vec<(i64, u64)> =
            all.iter().flat_map(|e| (0..e.length_bytes).map(|at| (e.blob, e.offset_bytes + at))).collect();
        for first in 0..=flat.len() {
            for length in 0..=flat.len() - first {
                let cut = all.slice(first as u64, length as u64);
                let bytes: Vec<(i64, u64)> =
                    cut.iter().flat_map(|e| (0..e.length_bytes).map(|at| (e.blob, e.offset_bytes + at))).collect();
                assert_eq!(bytes, flat[first..first + length]);
            }
        }
    }

    #[test]
    fn slice_of_a_slice_keeps_blob_offsets() {
        let cut = list(&[10]).slice(4, 5).slice(2, 2);
        assert_eq!(cut.iter().copied().collect::<Vec<_>>(), [Extent { blob: 1, offset_bytes: 6, length_bytes: 2 }]);
    }
}
