//! What a bucket says about access to it: its policy, its public access block, who owns its objects, and its ACL. Read once,
//! and kept with the bucket until a document of the bucket changes.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use crate::engine::bucket::Bucket;
use crate::engine::document::DocumentName;
use crate::engine::error::Error;
use crate::s3::Shared;
use crate::s3::engine_error::{Named, s3_error};
use crate::s3::error::{Result, S3Error};
use crate::s3::logging::LoggingTarget;
use crate::wire::acl::Acl;
use crate::wire::ownership_controls::ObjectOwnership;
use crate::wire::policy::Policy;
use crate::wire::public_access_block::PublicAccessBlock;
use crate::wire::xml::Element;

/// A document about access, by the name under which it is stored. An empty one says that it was deleted: a bucket without
/// the document goes by the server's defaults.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Setting {
    Acl,
    Block,
    Ownership,
    Policy,
}

/// What holds for a bucket of which nothing was said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AclDefaults {
    /// As of all buckets that AWS makes since April 2023: ACLs are off, and all public access is blocked.
    #[default]
    Aws,
    /// As of older ones: ACLs count, and nothing is blocked.
    Legacy,
}

/// All of it, parsed.
#[derive(Debug)]
pub(crate) struct BucketAccess {
    pub(crate) policy: Option<Policy>,
    /// None, if it was deleted.
    pub(crate) block: Option<PublicAccessBlock>,
    /// None, if it was deleted.
    pub(crate) ownership: Option<ObjectOwnership>,
    /// None, if only the owner may do anything.
    pub(crate) acl: Option<Acl>,
    policy_is_public: bool,
    /// Where requests are logged to: not about access, but asked as often.
    pub(crate) logging: Option<Arc<LoggingTarget>>,
}

impl Setting {
    pub(crate) fn name(self) -> DocumentName<'static> {
        let name = match self {
            Setting::Acl => "acl",
            Setting::Block => "publicAccessBlock",
            Setting::Ownership => "ownershipControls",
            Setting::Policy => "policy",
        };
        DocumentName { namespace: "s3", name }
    }
}

impl BucketAccess {
    /// Those of a bucket.
    pub(crate) fn of(shared: &Shared, bucket: &Bucket) -> Result<Arc<BucketAccess>> {
        if let Some(known) = bucket.derived() {
            return Ok(known);
        }
        let read = Arc::new(BucketAccess::read(shared, bucket)?);
        bucket.derive(Arc::clone(&read));
        Ok(read)
    }

    fn read(shared: &Shared, bucket: &Bucket) -> Result<BucketAccess> {
        let stored = |setting: Setting| match shared.engine.document(bucket, setting.name()) {
            Ok(body) => Ok(Some(body)),
            Err(Error::NoSuchDocument) => Ok(None),
            Err(error) => Err(s3_error(error, Named { bucket: Some(&bucket.name), ..Named::default() })),
        };
        let filled = |setting| stored(setting).map(|body| body.filter(|body| !body.is_empty()));
        let legacy = shared.config.acl_defaults == AclDefaults::Legacy;
        let block = match stored(Setting::Block)? {
            None => Some(PublicAccessBlock::ALL_ON).filter(|_| !legacy),
            Some(body) if body.is_empty() => None,
            Some(body) => Some(PublicAccessBlock::parse(&xml(&body)?).map_err(S3Error::internal)?),
        };
        let ownership = match stored(Setting::Ownership)? {
            None => Some(ObjectOwnership::BucketOwnerEnforced).filter(|_| !legacy),
            Some(body) if body.is_empty() => None,
            Some(body) => Some(ObjectOwnership::parse(&xml(&body)?).map_err(S3Error::internal)?),
        };
        let policy = filled(Setting::Policy)?.map(|body| Policy::parse(&body, bucket.name.as_str()));
        let policy = policy.transpose().map_err(S3Error::internal)?;
        let acl = filled(Setting::Acl)?.map(|body| serde_json::from_slice(&body));
        let acl = acl.transpose().map_err(S3Error::internal)?;
        let policy_is_public = policy.as_ref().is_some_and(Policy::is_public);
        let logging = LoggingTarget::of(shared, bucket)?.map(Arc::new);
        Ok(BucketAccess { policy, block, ownership, acl, policy_is_public, logging })
    }

    /// What is blocked.
    pub(crate) fn block(&self) -> PublicAccessBlock {
        self.block.unwrap_or(PublicAccessBlock::ALL_OFF)
    }

    /// Who owns what is put here. A bucket whose controls were deleted is as one that never had any.
    pub(crate) fn ownership(&self) -> ObjectOwnership {
        self.ownership.unwrap_or(ObjectOwnership::ObjectWriter)
    }

    /// Whether ACLs grant anything here.
    pub(crate) fn acls_count(&self) -> bool {
        self.ownership().acls_count()
    }

    /// Whether the policy would let the public in, and is kept from it.
    pub(crate) fn restricts_public_policy(&self) -> bool {
        self.policy_is_public && self.block().restrict_public_buckets
    }

    /// An ACL as it counts here.
    pub(crate) fn effective(&self, acl: Acl) -> Acl {
        if self.block().ignore_public_acls { acl.without_public_grants() } else { acl }
    }
}

fn xml(body: &[u8]) -> Result<Element> {
    Element::parse(body).map_err(S3Error::internal)
}

impl FromStr for AclDefaults {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<AclDefaults, String> {
        match text {
            "aws" => Ok(AclDefaults::Aws),
            "legacy" => Ok(AclDefaults::Legacy),
            other => Err(format!("{other:?} is neither `aws` nor `legacy`")),
        }
    }
}

impl fmt::Display for AclDefaults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            AclDefaults::Aws => "aws",
            AclDefaults::Legacy => "legacy",
        })
    }
}
