//! Every limit of the engine in one value, settable at start.

/// Sizes and counts that the engine enforces. The defaults are AWS's.
/// Source: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html>
#[derive(Debug, Clone)]
pub struct Limits {
    /// The least size of a part that is not the last, checked at completion.
    pub min_part_size_bytes: u64,
    /// The greatest size of a part, and of a body sent in one PUT.
    pub max_part_size_bytes: u64,
    /// The greatest size of an object. 50 TB since December 2025.
    pub max_object_size_bytes: u64,
    /// Bodies up to this size are kept inside SQLite. Measured: up to about 8 KiB that beats a file of its own.
    pub inline_body_bytes: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            min_part_size_bytes: 5 << 20,
            max_part_size_bytes: 5 << 30,
            max_object_size_bytes: 50_000_000_000_000,
            inline_body_bytes: 8 << 10,
        }
    }
}
