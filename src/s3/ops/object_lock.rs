//! Object Lock: `GetObjectLockConfiguration` and `PutObjectLockConfiguration` of a bucket, retention and legal hold of a
//! version, and whether a request bypasses governance. What a lock forbids is checked where versions are deleted.

use super::version_id::{self, refuse_marker};
use crate::engine::error::Error;
use crate::engine::version_id::VersionId;
use crate::s3::call::Call;
use crate::s3::error::{Result, S3Error};
use crate::s3::intake::DigestRule;
use crate::s3::operation::Operation;
use crate::s3::reply::Reply;
use crate::s3::request::Head;
use crate::wire::error_codes::Code;
use crate::wire::object_lock::{
    Bypass, LegalHold, MAX_DOCUMENT_BYTES, ObjectLock, ObjectLockConfiguration, Protection, Retention,
};
use crate::wire::time::Timestamp;
use crate::wire::versioning::Versioning;
use crate::wire::xml::Element;

const BYPASS: &str = "x-amz-bypass-governance-retention";

/// Source: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObjectLockConfiguration.html>
pub(crate) struct GetObjectLockConfiguration;

/// Source: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObjectLockConfiguration.html>
pub(crate) struct PutObjectLockConfiguration;

/// Source: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObjectRetention.html>
pub(crate) struct GetObjectRetention(Locked);

/// Source: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObjectRetention.html>
pub(crate) struct PutObjectRetention {
    locked: Locked,
    bypass: Bypass,
}

/// Source: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObjectLegalHold.html>
pub(crate) struct GetObjectLegalHold(Locked);

/// Source: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObjectLegalHold.html>
pub(crate) struct PutObjectLegalHold(Locked);

/// A version in a bucket with Object Lock, or the current one.
struct Locked {
    version: Option<VersionId>,
}

impl Operation for GetObjectLockConfiguration {
    const NAME: &'static str = "GetObjectLockConfiguration";
    const ACTION: &'static str = "s3:GetBucketObjectLockConfiguration";

    fn parse(_call: &Call) -> Result<Self> {
        Ok(GetObjectLockConfiguration)
    }

    async fn run(self, call: Call) -> Result<Reply> {
        let bucket = call.bucket()?;
        match bucket.state.object_lock {
            Some(configuration) => Ok(Reply::xml(configuration.to_xml())),
            None => Err(Code::ObjectLockConfigurationNotFoundError.with("BucketName", &bucket.name)),
        }
    }
}

impl Operation for PutObjectLockConfiguration {
    const NAME: &'static str = "PutObjectLockConfiguration";
    const ACTION: &'static str = "s3:PutBucketObjectLockConfiguration";

    fn parse(_call: &Call) -> Result<Self> {
        Ok(PutObjectLockConfiguration)
    }

    async fn run(self, mut call: Call) -> Result<Reply> {
        let document = receive(&mut call).await?;
        let bucket = call.bucket()?;
        // That versioning is asked about before what the document means was seen on AWS.
        if bucket.state.versioning != Versioning::Enabled {
            return Err(call.says(Error::LockNeedsVersioning));
        }
        let configuration = ObjectLockConfiguration::parse(&document)?;
        call.engine().put_object_lock(bucket, configuration).await.map_err(|error| call.says(error))?;
        Ok(Reply::ok())
    }
}

impl Operation for GetObjectRetention {
    const NAME: &'static str = "GetObjectRetention";
    const ACTION: &'static str = "s3:GetObjectRetention";

    fn parse(call: &Call) -> Result<Self> {
        Locked::parse(call).map(GetObjectRetention)
    }

    async fn run(self, call: Call) -> Result<Reply> {
        let retention = self.0.look_up(&call)?.retention.ok_or(Code::NoSuchObjectLockConfiguration)?;
        Ok(Reply::xml(retention.to_xml()))
    }
}

impl Operation for PutObjectRetention {
    const NAME: &'static str = "PutObjectRetention";
    const ACTION: &'static str = "s3:PutObjectRetention";

    fn parse(call: &Call) -> Result<Self> {
        Ok(PutObjectRetention { locked: Locked::parse(call)?, bypass: asked(&call.head) })
    }

    async fn run(self, mut call: Call) -> Result<Reply> {
        let document = receive(&mut call).await?;
        require_lock(&call)?;
        self.locked.look_up_to_change(&call)?;
        let (retention, bypass) = (Retention::parse(&document, call.head.now)?, self.bypass);
        self.locked
            .change(&call, move |lock, now| {
                if let Some(before) = lock.retention.filter(|before| !before.may_become(retention, bypass, now)) {
                    return Err(Error::Locked(Protection::Retention(before)));
                }
                lock.retention = retention;
                Ok(())
            })
            .await
    }
}

impl Operation for GetObjectLegalHold {
    const NAME: &'static str = "GetObjectLegalHold";
    const ACTION: &'static str = "s3:GetObjectLegalHold";

    fn parse(call: &Call) -> Result<Self> {
        Locked::parse(call).map(GetObjectLegalHold)
    }

    async fn run(self, call: Call) -> Result<Reply> {
        let hold = self.0.look_up(&call)?.legal_hold.ok_or(Code::NoSuchObjectLockConfiguration)?;
        Ok(Reply::xml(hold.to_xml()))
    }
}

impl Operation for PutObjectLegalHold {
    const NAME: &'static str = "PutObjectLegalHold";
    const ACTION: &'static str = "s3:PutObjectLegalHold";

    fn parse(call: &Call) -> Result<Self> {
        Locked::parse(call).map(PutObjectLegalHold)
    }

    async fn run(self, mut call: Call) -> Result<Reply> {
        let document = receive(&mut call).await?;
        require_lock(&call)?;
        self.0.look_up_to_change(&call)?;
        let hold = LegalHold::parse(&document)?;
        self.0
            .change(&call, move |lock, _| {
                lock.legal_hold = Some(hold);
                Ok(())
            })
            .await
    }
}

impl Locked {
    fn parse(call: &Call) -> Result<Locked> {
        Ok(Locked { version: version_id::of(&call.head)? })
    }

    fn look_up(&self, call: &Call) -> Result<ObjectLock> {
        require_lock(call)?;
        let found = call.engine().object_version(call.bucket()?, call.head.key()?, self.version);
        Ok(found.map_err(|error| call.says(error))?.attributes.lock)
    }

    /// That there is such a version is said before what the document means (seen on AWS).
    fn look_up_to_change(&self, call: &Call) -> Result<()> {
        let found = call.engine().object_version(call.bucket()?, call.head.key()?, self.version);
        found.map(drop).map_err(|error| refuse_marker(call, error))
    }

    async fn change(
        &self,
        call: &Call,
        change: impl FnOnce(&mut ObjectLock, Timestamp) -> std::result::Result<(), Error> + Send + 'static,
    ) -> Result<Reply> {
        let (bucket, key) = (call.bucket()?, call.head.key()?);
        let changed = call
            .engine()
            .change_attributes(bucket, key, self.version, move |attributes, now| change(&mut attributes.lock, now));
        changed.await.map_err(|error| refuse_marker(call, error))?;
        // Without the version's id, as in the API reference.
        Ok(Reply::ok())
    }
}

/// Said after a body that is no XML is refused, but before what it means (seen on AWS).
fn require_lock(call: &Call) -> Result<()> {
    match call.bucket()?.state.object_lock {
        Some(_) => Ok(()),
        None => Err(S3Error::invalid_request("Bucket is missing Object Lock Configuration")),
    }
}

async fn receive(call: &mut Call) -> Result<Element> {
    let body = call.document(MAX_DOCUMENT_BYTES as u64, DigestRule::Required).await?;
    Ok(Element::parse(&body).map_err(|_| Code::MalformedXml)?)
}

/// Whether a deletion bypasses governance: it asks to; that its caller may is decided with access. A bucket without Object
/// Lock refuses even to be asked (seen on AWS).
pub(super) fn bypass_of_deletion(call: &Call) -> Result<Bypass> {
    if call.head.headers.contains_key(BYPASS) && call.bucket()?.state.object_lock.is_none() {
        let message = "x-amz-bypass-governance-retention is only applicable to Object Lock enabled buckets.";
        return Err(Code::InvalidArgument.says(message).with("ArgumentName", BYPASS));
    }
    Ok(asked(&call.head))
}

fn asked(head: &Head) -> Bypass {
    match head.header(BYPASS) {
        Some(sent) if sent.trim().eq_ignore_ascii_case("true") => Bypass::Granted,
        _ => Bypass::None,
    }
}
