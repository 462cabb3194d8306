//! The decision about one demand: what the policy denies is denied; then the account that owns the bucket may; then those
//! whom the policy allows, and those to whom an ACL grants it.
//!
//! Sources: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/how-s3-evaluates-access-control.html> and
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html>

use std::fmt;

use super::accounts::bucket_owner;
use super::context::Context;
use super::demand::{Demand, Door};
use super::owns;
use super::settings::BucketAccess;
use crate::engine::bucket::Bucket;
use crate::s3::auth::Principal;
use crate::s3::call::Call;
use crate::s3::error::{Result, S3Error};
use crate::s3::ops;
use crate::wire::acl::{Acl, Caller as AclCaller, Permission};
use crate::wire::error_codes::Code;
use crate::wire::policy::{Caller, Decision, Policy, Request, StatementName};

/// What the root of the owner's account may always do, whatever the policy says: nobody locks himself out.
/// Source: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketPolicy.html>
const ALWAYS_THE_OWNERS: [&str; 3] = ["s3:DeleteBucketPolicy", "s3:GetBucketPolicy", "s3:PutBucketPolicy"];

/// Why something is denied.
enum Denial<'a> {
    /// The policy denies it.
    Statement(StatementName<'a>),
    /// The policy is public, and the public access block keeps everyone outside of the account from it.
    Restricted,
    /// Neither the policy nor an ACL allows it.
    NothingAllows,
}

/// Whether the caller's own bucket says nothing that could keep the caller from this action: what most requests come to.
pub(super) fn is_free(call: &Call, bucket: &Bucket, action: &str) -> Result<bool> {
    if !owns(&call.principal, bucket) {
        return Ok(false);
    }
    let access = BucketAccess::of(&call.shared, bucket)?;
    // Where ACLs count, an object in the bucket may be somebody else's.
    let reads_object = matches!(Door::of(action), Door::Object(_)) || action == "s3:GetObjectAttributes";
    Ok(access.policy.is_none() && !(access.acls_count() && reads_object))
}

/// Allows it or says that it is denied, the log being told why.
pub(super) fn require(call: &Call, demand: &Demand<'_>) -> Result<()> {
    if is_free(call, demand.bucket, demand.action)? {
        return Ok(());
    }
    let access = BucketAccess::of(&call.shared, demand.bucket)?;
    let judge = Judge { call, demand: *demand, access: &access, names: Names::of(&call.principal) };
    match judge.denial()? {
        None => Ok(()),
        Some(denial) => Err(judge.refuse(&denial)),
    }
}

struct Judge<'a> {
    call: &'a Call,
    demand: Demand<'a>,
    access: &'a BucketAccess,
    names: Names,
}

impl<'a> Judge<'a> {
    fn denial(&self) -> Result<Option<Denial<'a>>> {
        let owns = owns(&self.call.principal, self.demand.bucket);
        let decision = self.of_policy();
        if let Decision::Deny(statement) = decision
            && !(owns && ALWAYS_THE_OWNERS.contains(&self.demand.action))
        {
            return Ok(Some(Denial::Statement(statement)));
        }
        let object = match self.demand.door {
            Door::Object(_) if self.access.acls_count() => self.object_acl()?,
            _ => Object::Irrelevant,
        };
        // A policy, and the ownership of a bucket, do not open what others own in it.
        let foreign = matches!(&object, Object::Acl(acl) if acl.owner != self.bucket_owner());
        if owns && !foreign {
            return Ok(None);
        }
        if !owns && self.access.restricts_public_policy() {
            return Ok(Some(Denial::Restricted));
        }
        if matches!(decision, Decision::Allow(_)) && !foreign {
            return Ok(None);
        }
        let by_acl = self.access.acls_count() && self.acl_grants(&object);
        if let (true, Some(observed)) = (by_acl, &self.call.observed) {
            observed.by_acl();
        }
        let allowed = by_acl || self.is_initiator() || self.may_miss(&object)?;
        Ok(Some(Denial::NothingAllows).filter(|_| !allowed))
    }

    fn of_policy(&self) -> Decision<'a> {
        self.with_request(|policy, request| policy.decide(request)).unwrap_or(Decision::NoMatch)
    }

    fn with_request<T>(&self, ask: impl FnOnce(&'a Policy, &Request<'_>) -> T) -> Option<T> {
        let policy = self.access.policy.as_ref()?;
        let context = Context { call: self.call, demand: self.demand };
        let resource = self.demand.resource();
        let (action, caller) = (self.demand.action, self.names.caller());
        Some(ask(policy, &Request { caller, action, resource: &resource, context: &context }))
    }

    fn acl_grants(&self, object: &Object) -> bool {
        let granted = |acl: &Acl, permission: Permission| {
            self.access.effective(acl.clone()).permit(self.names.acl_caller(), permission).is_some()
        };
        match (self.demand.door, object) {
            (Door::Bucket(permission), _) => {
                granted(self.access.acl.as_ref().unwrap_or(&Acl::private(self.bucket_owner())), permission)
            }
            (Door::Object(permission), Object::Acl(acl)) => granted(acl, permission),
            (Door::Closed, _) | (Door::Object(_), Object::Absent | Object::Irrelevant) => false,
        }
    }

    /// Whoever may see what is there is told that this is not.
    fn may_miss(&self, object: &Object) -> Result<bool> {
        let absent = match (self.demand.door, object) {
            (Door::Object(_), Object::Absent) => true,
            (Door::Object(_), Object::Irrelevant) => matches!(self.object_acl()?, Object::Absent),
            _ => false,
        };
        if !absent {
            return Ok(false);
        }
        let demand = Demand::to_miss(self.demand.bucket, self.demand.key);
        let judge = Judge { demand, names: self.names.clone(), ..*self };
        Ok(judge.denial()?.is_none())
    }

    fn object_acl(&self) -> Result<Object> {
        let Some(key) = self.demand.key else { return Ok(Object::Irrelevant) };
        let found = ops::acl_of_object(self.call, self.demand.bucket, key, self.demand.version)?;
        Ok(found.map_or(Object::Absent, Object::Acl))
    }

    fn bucket_owner(&self) -> crate::wire::acl::Owner {
        bucket_owner(&self.call.shared.config.identities, self.demand.bucket)
    }

    /// Whoever started an upload may list its parts and end it.
    /// Source: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html#mpuAndPermissions>
    fn is_initiator(&self) -> bool {
        let Principal::Identity(identity) = &self.call.principal else { return false };
        matches!(self.demand.action, "s3:AbortMultipartUpload" | "s3:ListMultipartUploadParts")
            && ops::upload_initiator(self.call).is_some_and(|account| account == identity.account)
    }

    fn refuse(&self, denial: &Denial<'_>) -> S3Error {
        let (action, resource) = (self.demand.action, self.demand.resource());
        let request_id = self.call.head.request_id.as_str();
        tracing::info!(request_id, caller = self.names.arn, action, resource, "access denied: {denial}");
        if let Denial::NothingAllows = denial {
            for why in self.with_request(Policy::explain).unwrap_or_default() {
                tracing::info!(request_id, "{why}");
            }
        }
        // Callers of the same account are told why.
        // Source: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/troubleshoot-403-errors.html>
        match denial {
            Denial::Statement(_) if owns(&self.call.principal, self.demand.bucket) => {
                let because = "with an explicit deny in a resource-based policy";
                not_authorized(&self.names.arn, action, &resource, because)
            }
            _ => Code::AccessDenied.into(),
        }
    }
}

/// `AccessDenied` with the reason that S3 gives to callers of the bucket's own account.
pub(super) fn not_authorized(arn: &str, action: &str, resource: &str, because: &str) -> S3Error {
    Code::AccessDenied
        .says(format!("User: {arn} is not authorized to perform: {action} on resource: \"{resource}\" {because}"))
}

/// What a decision about an object's content has to know of it.
enum Object {
    Absent,
    Acl(Acl),
    /// It is not asked for.
    Irrelevant,
}

/// The names of a caller, as policies and ACLs have them.
#[derive(Clone)]
pub(super) struct Names {
    pub(super) arn: String,
    account: Option<(String, String)>,
}

impl Names {
    pub(super) fn of(principal: &Principal) -> Names {
        match principal {
            Principal::Anonymous => Names { arn: "anonymous".to_owned(), account: None },
            Principal::Identity(identity) => Names {
                arn: format!("arn:aws:iam::{}:root", identity.account),
                account: Some((identity.account.clone(), identity.canonical_id.clone())),
            },
        }
    }

    fn caller(&self) -> Caller<'_> {
        match &self.account {
            None => Caller::Anonymous,
            // The id of an account's root is the account's number.
            Some((account, canonical_id)) => {
                Caller::Account { account, arn: &self.arn, canonical_id, user_id: account }
            }
        }
    }

    fn acl_caller(&self) -> AclCaller<'_> {
        match &self.account {
            None => AclCaller::Anonymous,
            Some((_, canonical_id)) => AclCaller::Account(canonical_id),
        }
    }
}

impl fmt::Display for Denial<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Denial::Statement(statement) => write!(f, "{statement} of the bucket policy denies it"),
            Denial::Restricted => f.write_str(
                "the bucket policy is public, and RestrictPublicBuckets keeps everyone outside of the bucket's account out",
            ),
            Denial::NothingAllows => f.write_str("neither the bucket policy nor an ACL allows it"),
        }
    }
}
