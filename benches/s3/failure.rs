//! Why a workload has no figures. Never a panic: a refusal by one endpoint leaves the other rows as they are.

use std::fmt;
use std::io;

/// What is shown in place of figures.
#[derive(Debug, Clone)]
pub(crate) enum Failure {
    /// It was tried, and something else than expected came back.
    Failed(String),
    /// It was not tried: this endpoint or this machine cannot do it.
    Skipped(String),
}

impl Failure {
    pub(crate) fn failed(reason: impl Into<String>) -> Failure {
        Failure::Failed(reason.into())
    }

    pub(crate) fn skipped(reason: impl Into<String>) -> Failure {
        Failure::Skipped(reason.into())
    }

    /// Says at what it failed.
    pub(crate) fn at(self, what: &str) -> Failure {
        match self {
            Failure::Failed(reason) => Failure::Failed(format!("{what}: {reason}")),
            Failure::Skipped(reason) => Failure::Skipped(reason),
        }
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Failure {
        Failure::Failed(error.to_string())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Failed(reason) => write!(f, "failed: {reason}"),
            Failure::Skipped(reason) => write!(f, "skipped: {reason}"),
        }
    }
}
