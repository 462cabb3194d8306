//! Deleting objects, one or many in one transaction.

use super::check_condition;
use crate::engine::bucket::Bucket;
use crate::engine::error::{Error, Result};
use crate::engine::meta::writer::Tx;
use crate::engine::meta::{current, versions};
use crate::engine::{Engine, require_bucket};
use crate::wire::conditions::WriteCondition;
use crate::wire::object_key::ObjectKey;

/// A key to delete.
#[derive(Debug, Clone)]
pub struct Deletion {
    /// The key; one that does not exist is fine.
    pub key: ObjectKey,
    /// A condition on its current version; with one, a key that does not exist is [`Error::NoSuchKey`].
    pub condition: Option<WriteCondition>,
}

impl Engine {
    /// Deletes a key.
    pub async fn delete_object(&self, bucket: &Bucket, deletion: Deletion) -> Result<()> {
        let id = bucket.id;
        self.transact(move |tx| {
            require_bucket(tx.conn, id)?;
            delete(tx, id, &deletion)
        })
        .await
    }

    /// Deletes many keys. Each has its own outcome; only a failure of the store fails them all.
    pub async fn delete_objects(&self, bucket: &Bucket, deletions: Vec<Deletion>) -> Result<Vec<Result<()>>> {
        let id = bucket.id;
        self.transact(move |tx| {
            require_bucket(tx.conn, id)?;
            let mut outcomes = Vec::with_capacity(deletions.len());
            for deletion in &deletions {
                outcomes.push(match delete(tx, id, deletion) {
                    // Refusals come before anything of that key is changed.
                    outcome @ (Ok(()) | Err(Error::NoSuchKey | Error::PreconditionFailed { .. })) => outcome,
                    Err(error) => return Err(error),
                });
            }
            Ok(outcomes)
        })
        .await
    }
}

fn delete(tx: &Tx<'_>, bucket: i64, deletion: &Deletion) -> Result<()> {
    check_condition(tx.conn, bucket, &deletion.key, deletion.condition.as_ref())?;
    if let Some(version) = current::version(tx.conn, bucket, &deletion.key)? {
        current::delete(tx.conn, bucket, &deletion.key)?;
        versions::remove(tx.conn, version)?;
    }
    Ok(())
}
