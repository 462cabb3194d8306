//! The workloads, a file for each kind of load.

pub(crate) mod large;
pub(crate) mod multipart;
pub(crate) mod small;
