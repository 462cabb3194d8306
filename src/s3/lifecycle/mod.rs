//! What becomes of objects with time: the rules of a bucket at hand, what answers say of them, and carrying them out; and
//! telling of restores what time brings. What the rules mean is in `wire::lifecycle`, the pass over a bucket in `engine::lifecycle`.

mod report;
mod restores;
mod run;

use std::sync::Arc;

use super::call::Call;
use super::engine_error::{Named, s3_error};
use super::error::{Result, S3Error};
use crate::engine::Engine;
use crate::engine::bucket::Bucket;
use crate::engine::document::DocumentName;
use crate::engine::error::Error;
use crate::wire::lifecycle::LifecycleConfiguration;
use crate::wire::xml::Element;

pub(crate) use self::report::{show_abort, show_expiry, show_expiry_of_written};

const DOCUMENT: DocumentName<'static> = DocumentName { namespace: "s3", name: "lifecycle" };

/// The rules of a bucket, kept with it until one of its documents changes.
struct Rules(Option<Arc<LifecycleConfiguration>>);

/// Those of the bucket of a call, if it has any.
fn rules_of(call: &Call) -> Result<Option<Arc<LifecycleConfiguration>>> {
    let bucket = call.bucket()?;
    if let Some(known) = bucket.derived::<Rules>() {
        return Ok(known.0.clone());
    }
    let read = stored(call.engine(), bucket)?.map(|body| parse(&body)).transpose()?;
    bucket.derive(Arc::new(Rules(read.clone())));
    Ok(read)
}

fn stored(engine: &Engine, bucket: &Bucket) -> Result<Option<Vec<u8>>> {
    match engine.document(bucket, DOCUMENT) {
        Ok(body) => Ok(Some(body)),
        Err(Error::NoSuchDocument) => Ok(None),
        Err(error) => Err(s3_error(error, Named { bucket: Some(&bucket.name), ..Named::default() })),
    }
}

fn parse(body: &[u8]) -> Result<Arc<LifecycleConfiguration>> {
    let document = Element::parse(body).map_err(S3Error::internal)?;
    let rules = LifecycleConfiguration::parse(&document);
    rules.map(Arc::new).map_err(|problem| S3Error::internal(format!("stored lifecycle: {problem:?}")))
}
