//! The workloads, a file for each kind of load.

pub(crate) mod small;
