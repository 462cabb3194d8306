//! Which archive tier an object of the class `INTELLIGENT_TIERING` has come to, by the configurations of its bucket. Objects
//! are left alone from when they are written or restored: nobody counts who reads them.

use std::sync::Arc;

use super::call::Call;
use super::error::{Result, S3Error};
use crate::engine::bucket::Bucket;
use crate::engine::document::DocumentQuery;
use crate::engine::object::Object;
use crate::wire::intelligent_tiering::{ArchiveTier, TieringConfiguration};
use crate::wire::object_key::ObjectKey;
use crate::wire::storage_class::StorageClass;
use crate::wire::xml::Element;

/// A bucket has no more of them.
const MAX_CONFIGURATIONS: usize = 1000;

/// Those of a bucket that are enabled, kept with it until one of its documents changes.
struct Tierings(Vec<TieringConfiguration>);

/// The tier, if it is one that has to be restored from.
pub(crate) async fn tier_of(
    call: &Call,
    bucket: &Bucket,
    key: &ObjectKey,
    object: &Object,
) -> Result<Option<ArchiveTier>> {
    if object.headers.storage_class != StorageClass::IntelligentTiering {
        return Ok(None);
    }
    let (now, calendar) = (call.head.now, call.engine().calendar());
    let restored = object.attributes.restore.map(|restore| restore.completes).filter(|completes| *completes <= now);
    let since = restored.unwrap_or(object.modified);
    let tags = &object.attributes.tags;
    let tierings = tierings_of(call, bucket).await?;
    Ok(tierings.0.iter().filter_map(|tiering| tiering.tier(key.as_str(), tags, since, calendar, now)).max())
}

async fn tierings_of(call: &Call, bucket: &Bucket) -> Result<Arc<Tierings>> {
    if let Some(known) = bucket.derived() {
        return Ok(known);
    }
    let prefix = "intelligent-tiering/".to_owned();
    let query = DocumentQuery { prefix, limit: MAX_CONFIGURATIONS, ..DocumentQuery::default() };
    let stored = call.engine().list_documents(bucket, "s3", query).await.map_err(|error| call.says(error))?;
    let mut enabled = Vec::new();
    for (_, body) in stored {
        let document = Element::parse(&body).map_err(S3Error::internal)?;
        enabled.extend(TieringConfiguration::parse(&document));
    }
    let read = Arc::new(Tierings(enabled));
    bucket.derive(Arc::clone(&read));
    Ok(read)
}
