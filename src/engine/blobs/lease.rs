//! Leases: readers keep blobs from being unlinked while they read.
//!
//! A lease is on the moment, not on blobs: the keeper unlinks what was released at a moment only when every lease taken
//! up to then is gone. That makes taking one independent of how many extents an object has.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// The moments at which leases were taken and are still held.
#[derive(Default)]
pub(crate) struct Leases {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    moment: u64,
    held: BTreeMap<u64, usize>,
    revivals: u64,
}

/// Held by a reader from before it looks up extents until it has read the last byte.
pub(crate) struct Lease {
    leases: Arc<Leases>,
    moment: u64,
}

impl Leases {
    pub(crate) fn take(self: &Arc<Self>) -> Lease {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let moment = state.moment;
        *state.held.entry(moment).or_default() += 1;
        Lease { leases: Arc::clone(self), moment }
    }

    /// Ends the present moment and returns it: leases taken from now on do not see what was released by now.
    pub(crate) fn advance(&self) -> u64 {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.moment += 1;
        state.moment - 1
    }

    /// How often a released blob was taken up again. Only what was leased before its release can be.
    pub(crate) fn revivals(&self) -> u64 {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).revivals
    }

    /// Whether a lease from `moment` or before is still held.
    pub(crate) fn held_since(&self, moment: u64) -> bool {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.held.keys().next().is_some_and(|oldest| *oldest <= moment)
    }
}

impl Lease {
    /// Says that a copy takes up a blob again that was released. Said before the copy is committed.
    pub(crate) fn revives(&self) {
        self.leases.state.lock().unwrap_or_else(PoisonError::into_inner).revivals += 1;
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let mut state = self.leases.state.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = state.held.get_mut(&self.moment) {
            *count -= 1;
            if *count == 0 {
                state.held.remove(&self.moment);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_older_leases_hold_a_moment() {
        let leases = Arc::new(Leases::default());
        let old = leases.take();
        let moment = leases.advance();
        let new = leases.take();
        assert!(leases.held_since(moment));
        drop(old);
        assert!(!leases.held_since(moment));
        drop(new);
        assert!(!leases.held_since(leases.advance()));
    }
}
