//! What services of AWS may do, of which this server is some: by the policy of a bucket, or by an ACL that names their
//! group. Nobody calls as one.
//!
//! Source: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/enable-server-access-logging.html#grant-log-delivery-permissions-general>

use super::demand::Demand;
use super::settings::BucketAccess;
use crate::engine::bucket::Bucket;
use crate::s3::Shared;
use crate::wire::acl::{Grantee, Group, Permission};
use crate::wire::object_key::ObjectKey;
use crate::wire::policy::{ARN_PREFIX, Caller, Decision, Request, RequestContext};
use crate::wire::time::Timestamp;

/// Whether a service may put this object into a bucket for another bucket's sake; or why not.
pub(crate) fn service_may_put(
    shared: &Shared,
    service: &str,
    source: &Bucket,
    target: &Bucket,
    key: &ObjectKey,
) -> Result<(), String> {
    let access = BucketAccess::of(shared, target).map_err(|error| error.message().to_owned())?;
    let resource = Demand::on_object("s3:PutObject", target, key, None).resource();
    let context = Context { service, source, target, region: &shared.config.region, now: shared.engine.clock().now() };
    let request =
        Request { caller: Caller::Service(service), action: "s3:PutObject", resource: &resource, context: &context };
    let decision = access.policy.as_ref().map_or(Decision::NoMatch, |policy| policy.decide(&request));
    match decision {
        Decision::Allow(_) => Ok(()),
        Decision::Deny(_) => Err(decision.to_string()),
        Decision::NoMatch if access.acls_count() && may_log(&access) => Ok(()),
        Decision::NoMatch => {
            Err(format!("neither the policy of the bucket allows {service} to put {resource}, nor an ACL"))
        }
    }
}

/// Whether the group that delivers logs was let in.
fn may_log(access: &BucketAccess) -> bool {
    let grants = access.acl.as_ref().map(|acl| acl.grants.as_slice()).unwrap_or_default();
    grants.iter().any(|grant| {
        grant.grantee == Grantee::Group(Group::LogDelivery)
            && matches!(grant.permission, Permission::Write | Permission::FullControl)
    })
}

struct Context<'a> {
    service: &'a str,
    source: &'a Bucket,
    target: &'a Bucket,
    region: &'a str,
    now: Timestamp,
}

impl RequestContext for Context<'_> {
    fn values(&self, key: &str) -> Vec<String> {
        let value = match key {
            "aws:currenttime" => self.now.iso8601_seconds(),
            "aws:epochtime" => self.now.secs().to_string(),
            "aws:principalisawsservice" | "aws:securetransport" | "s3:objectcreationoperation" => "true".to_owned(),
            "aws:principalservicename" => self.service.to_owned(),
            "aws:requestedregion" => self.region.to_owned(),
            "aws:resourceaccount" | "s3:resourceaccount" => self.target.account.clone(),
            "aws:sourceaccount" => self.source.account.clone(),
            "aws:sourcearn" => format!("{ARN_PREFIX}{}", self.source.name),
            "aws:viaawsservice" => "false".to_owned(),
            _ => return Vec::new(),
        };
        vec![value]
    }
}
