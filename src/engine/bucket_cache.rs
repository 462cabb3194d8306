//! Buckets that were looked up, kept until any bucket changes: every request asks for one. Not a second truth: what is
//! kept was read from the database, and goes before the answer to what changed it.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

use super::bucket::Bucket;
use super::error::{Error, Result};
use crate::wire::bucket_name::BucketName;

/// A bound for servers with very many buckets; at it, all are looked up anew.
const MAX_BUCKETS: usize = 1024;

/// The buckets looked up since the last change.
#[derive(Default)]
pub(crate) struct BucketCache {
    known: RwLock<Known>,
}

#[derive(Default)]
struct Known {
    /// Counts the changes: what was read before one must not be kept after it.
    changes: u64,
    buckets: HashMap<BucketName, Bucket>,
}

impl BucketCache {
    /// The bucket of that name, from `look_up` if it is not known.
    pub(crate) fn find(&self, name: &BucketName, look_up: impl FnOnce() -> Result<Option<Bucket>>) -> Result<Bucket> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(bucket) = known.buckets.get(name) {
            return Ok(bucket.clone());
        }
        let changes = known.changes;
        drop(known);
        let bucket = look_up()?.ok_or(Error::NoSuchBucket)?;
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        if known.changes == changes {
            if known.buckets.len() >= MAX_BUCKETS {
                known.buckets.clear();
            }
            known.buckets.insert(name.clone(), bucket.clone());
        }
        Ok(bucket)
    }

    /// Buckets have changed. Called after the COMMIT, before anyone is told of it.
    pub(crate) fn forget(&self) {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        known.changes += 1;
        known.buckets.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::bucket::BucketState;
    use crate::wire::time::Timestamp;

    fn bucket(name: &BucketName, account: &str) -> Bucket {
        let (region, state) = ("us-east-1".to_owned(), BucketState::default());
        Bucket::new(1, name.clone(), account.to_owned(), region, Timestamp::from_millis(0), state)
    }

    #[test]
    fn what_is_known_is_not_looked_up_again_until_something_changes() {
        let (cache, name) = (BucketCache::default(), BucketName::parse("abc").unwrap());
        assert!(matches!(cache.find(&name, || Ok(None)), Err(Error::NoSuchBucket)));
        assert_eq!(cache.find(&name, || Ok(Some(bucket(&name, "1")))).unwrap().account, "1");
        assert_eq!(cache.find(&name, || panic!("it is known")).unwrap().account, "1");
        cache.forget();
        assert_eq!(cache.find(&name, || Ok(Some(bucket(&name, "2")))).unwrap().account, "2");
    }

    #[test]
    fn what_was_read_before_a_change_is_not_kept_after_it() {
        let (cache, name) = (BucketCache::default(), BucketName::parse("abc").unwrap());
        let read = cache.find(&name, || {
            cache.forget();
            Ok(Some(bucket(&name, "old")))
        });
        assert_eq!(read.unwrap().account, "old");
        assert!(matches!(cache.find(&name, || Ok(None)), Err(Error::NoSuchBucket)));
    }
}
