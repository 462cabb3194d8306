//! `RestoreObject`, and what an archived object answers until it is restored.

use http::StatusCode;

use super::version_id::{self, refuse_marker};
use crate::engine::bucket::Bucket;
use crate::engine::object::Object;
use crate::engine::version_id::VersionId;
use crate::s3::archive_tiers;
use crate::s3::call::Call;
use crate::s3::error::{Result, S3Error};
use crate::s3::intake::DigestRule;
use crate::s3::operation::Operation;
use crate::s3::reply::Reply;
use crate::wire::error_codes::Code;
use crate::wire::object_key::ObjectKey;
use crate::wire::restore::{Archive, MAX_DOCUMENT_BYTES, Restore, RestoreProblem, RestoreRequest, RestoreState};
use crate::wire::storage_class::StorageClass;
use crate::wire::xml::Element;

/// Source: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_RestoreObject.html>
pub(crate) struct RestoreObject {
    version: Option<VersionId>,
}

/// What a request comes to.
enum Asked {
    /// The copy is to be made, or made faster.
    Made,
    /// It is there, and kept for another while.
    Kept,
    InProgress,
}

impl Operation for RestoreObject {
    const NAME: &'static str = "RestoreObject";
    const ACTION: &'static str = "s3:RestoreObject";

    fn parse(call: &Call) -> Result<Self> {
        Ok(RestoreObject { version: version_id::of(&call.head)? })
    }

    async fn run(self, mut call: Call) -> Result<Reply> {
        let body = call.document(MAX_DOCUMENT_BYTES as u64, DigestRule::Optional).await?;
        let document = Element::parse(&body).map_err(|_| Code::MalformedXml)?;
        let (bucket, key) = (call.bucket()?, call.head.key()?);
        let found = call.engine().object_version(bucket, key, self.version);
        let archive = archive_of(&call, &found.map_err(|error| refuse_marker(&call, error))?).await?;
        let request = RestoreRequest::parse(&document).map_err(refusal)?;
        let calendar = call.engine().calendar();
        let restore = request.start(archive, calendar, call.head.now).map_err(refusal)?;
        let changed = call.engine().change_attributes(bucket, key, self.version, move |attributes, now| {
            let before = attributes.restore;
            let (asked, after) = match (RestoreState::of(before, now), before) {
                (RestoreState::Restored(_), Some(before)) => {
                    let expires = calendar.due(now, restore.days);
                    (Asked::Kept, Restore { days: restore.days, expires, ..before })
                }
                // The same again is in progress already, unless it is faster.
                (RestoreState::Ongoing, Some(before))
                    if restore.days != before.days || restore.completes >= before.completes =>
                {
                    (Asked::InProgress, before)
                }
                _ => (Asked::Made, restore),
            };
            attributes.restore = Some(after);
            Ok(asked)
        });
        let (_, asked) = changed.await.map_err(|error| refuse_marker(&call, error))?;
        match asked {
            Asked::Made => Ok(Reply::ok().status(StatusCode::ACCEPTED)),
            Asked::Kept => Ok(Reply::ok()),
            Asked::InProgress => Err(Code::RestoreAlreadyInProgress.into()),
        }
    }
}

/// What an object is restored from: only what is archived can be.
async fn archive_of(call: &Call, object: &Object) -> Result<Archive> {
    match object.headers.storage_class {
        StorageClass::Glacier => Ok(Archive::Glacier),
        StorageClass::DeepArchive => Ok(Archive::DeepArchive),
        StorageClass::IntelligentTiering => {
            let tier = archive_tiers::tier_of(call, call.bucket()?, call.head.key()?, object).await?;
            Ok(Archive::Tier(tier.ok_or(Code::ObjectAlreadyInActiveTierError)?))
        }
        class => Err(Code::InvalidObjectState
            .says("Restore is not allowed for the object's current storage class")
            .with("StorageClass", class.name())),
    }
}

/// Refuses to read what is archived and not restored.
pub(super) async fn require_readable(call: &Call, bucket: &Bucket, key: &ObjectKey, object: &Object) -> Result<()> {
    let class = object.headers.storage_class;
    let refused = Code::InvalidObjectState;
    if class.is_archived() {
        return match RestoreState::of(object.attributes.restore, call.head.now) {
            RestoreState::Restored(_) => Ok(()),
            RestoreState::Archived | RestoreState::Ongoing => Err(refused.with("StorageClass", class.name())),
        };
    }
    match archive_tiers::tier_of(call, bucket, key, object).await? {
        Some(tier) => Err(refused.with("StorageClass", class.name()).with("AccessTier", tier.name())),
        None => Ok(()),
    }
}

/// `x-amz-archive-status`.
pub(super) async fn show_tier(call: &Call, reply: Reply, object: &Object) -> Result<Reply> {
    let tier = archive_tiers::tier_of(call, call.bucket()?, call.head.key()?, object).await?;
    Ok(match tier {
        Some(tier) => reply.amz("x-amz-archive-status", tier.name()),
        None => reply,
    })
}

/// `x-amz-restore`.
pub(super) fn show(call: &Call, reply: Reply, object: &Object) -> Reply {
    match RestoreState::of(object.attributes.restore, call.head.now).header() {
        Some(value) => reply.amz("x-amz-restore", &value),
        None => reply,
    }
}

fn refusal(problem: RestoreProblem) -> S3Error {
    match problem {
        RestoreProblem::Malformed(why) => {
            tracing::info!("restore refused: {why}");
            Code::MalformedXml.into()
        }
        // AWS's sentence by hearsay: it was not seen on the wire.
        RestoreProblem::NoSuchTier(tier) => {
            let message = "Retrieval option is not supported by this storage class";
            S3Error::invalid_argument(message, "Tier", tier.name())
        }
        RestoreProblem::Select(element) => Code::NotImplemented
            .says(format!("The element {element} implies functionality that is not implemented"))
            .with("Element", element),
    }
}
