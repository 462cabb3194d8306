//! The limit on open files. Not a setting: a server simply takes what the system lets it have.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// macOS refuses more than this, whatever the hard limit says; elsewhere it is plenty.
const ENOUGH: u64 = 65_536;

/// Raises the soft limit on open files to the hard one: shells commonly give 1,024, and connections and blobs add up.
pub(super) fn raise() {
    let limits = getrlimit(Resource::Nofile);
    let hard = limits.maximum.unwrap_or(u64::MAX);
    for wanted in [hard, hard.min(ENOUGH), hard.min(10_240)] {
        if limits.current.is_none_or(|current| current >= wanted) {
            return;
        }
        if setrlimit(Resource::Nofile, Rlimit { current: Some(wanted), maximum: limits.maximum }).is_ok() {
            return;
        }
    }
    tracing::debug!(?limits, "the limit on open files could not be raised");
}
