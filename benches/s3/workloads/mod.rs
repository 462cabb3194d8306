//! The workloads, a file for each kind of load.

pub(crate) mod bulk;
pub(crate) mod complete;
pub(crate) mod large;
pub(crate) mod listing;
pub(crate) mod memory;
pub(crate) mod mixed;
pub(crate) mod multipart;
pub(crate) mod small;
pub(crate) mod start;
