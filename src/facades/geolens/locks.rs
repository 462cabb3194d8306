//! One at a time per job: completions, imports and the keeper do not meet. Only within this process, which is the only
//! one on its data.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use tokio::sync::{Mutex as AsyncMutex, OwnedMutexGuard};
use uuid::Uuid;

/// So many entries are looked through for those that nobody holds.
const TIDY_AT: usize = 1024;

/// The locks of all jobs.
#[derive(Default)]
pub(super) struct Locks(Mutex<HashMap<Uuid, Weak<AsyncMutex<()>>>>);

/// As long as it is there, the job is its holder's.
pub(super) struct Held {
    _guard: OwnedMutexGuard<()>,
}

impl Locks {
    /// Waits until nobody else holds the job.
    pub(super) async fn hold(&self, id: Uuid) -> Held {
        Held { _guard: self.of(id).lock_owned().await }
    }

    /// Holds the job unless somebody else does.
    pub(super) fn try_hold(&self, id: Uuid) -> Option<Held> {
        self.of(id).try_lock_owned().ok().map(|guard| Held { _guard: guard })
    }

    fn of(&self, id: Uuid) -> Arc<AsyncMutex<()>> {
        let mut all = self.map();
        if all.len() >= TIDY_AT {
            all.retain(|_, lock| lock.strong_count() > 0);
        }
        if let Some(lock) = all.get(&id).and_then(Weak::upgrade) {
            return lock;
        }
        let lock = Arc::default();
        all.insert(id, Arc::downgrade(&lock));
        lock
    }

    /// Nothing that holds it can panic half way.
    fn map(&self) -> MutexGuard<'_, HashMap<Uuid, Weak<AsyncMutex<()>>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_job_is_held_by_one() {
        let (locks, one, two) = (Locks::default(), Uuid::new_v4(), Uuid::new_v4());
        let held = locks.hold(one).await;
        assert!(locks.try_hold(one).is_none() && locks.try_hold(two).is_some());
        drop(held);
        assert!(locks.try_hold(one).is_some());
    }
}
