//! `GetBucketPolicy`, `PutBucketPolicy`, `DeleteBucketPolicy` and `GetBucketPolicyStatus`. What a policy says of requests is
//! asked in `access`.

use http::HeaderValue;
use http::header::CONTENT_TYPE;

use super::listing;
use crate::http::body::Body;
use crate::s3::access::{self, BucketAccess, Setting};
use crate::s3::call::Call;
use crate::s3::error::{Result, S3Error};
use crate::s3::intake::DigestRule;
use crate::s3::operation::Operation;
use crate::s3::reply::Reply;
use crate::wire::error_codes::Code;
use crate::wire::policy::Policy;

/// The largest body. That S3 measures a policy without its spaces is known, what it reads at most was not seen.
const MAX_BODY_BYTES: u64 = 1 << 20;

/// Shows the policy.
pub(crate) struct GetBucketPolicy;

/// Checks and keeps a policy.
pub(crate) struct PutBucketPolicy;

/// Deletes the policy; that there is none is fine.
pub(crate) struct DeleteBucketPolicy;

/// Says whether the policy is public.
pub(crate) struct GetBucketPolicyStatus;

impl Operation for GetBucketPolicy {
    const NAME: &'static str = "GetBucketPolicy";
    const ACTION: &'static str = "s3:GetBucketPolicy";

    fn parse(call: &Call) -> Result<Self> {
        of_the_owners_account(call).map(|()| GetBucketPolicy)
    }

    async fn run(self, call: Call) -> Result<Reply> {
        let access = BucketAccess::of(&call.shared, call.bucket()?)?;
        let policy = access.policy.as_ref().ok_or_else(|| absent(&call))?;
        let mut reply = Reply::ok();
        reply.headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        reply.body = Body::full(policy.normalized().to_owned());
        Ok(reply)
    }
}

impl Operation for PutBucketPolicy {
    const NAME: &'static str = "PutBucketPolicy";
    const ACTION: &'static str = "s3:PutBucketPolicy";

    fn parse(call: &Call) -> Result<Self> {
        of_the_owners_account(call).map(|()| PutBucketPolicy)
    }

    async fn run(self, mut call: Call) -> Result<Reply> {
        let body = call.document(MAX_BODY_BYTES, DigestRule::Optional).await?;
        let bucket = call.bucket()?;
        let policy = Policy::parse(&body, bucket.name.as_str()).map_err(|problem| {
            tracing::info!("bucket policy refused: {problem}");
            S3Error::from(problem)
        })?;
        if policy.is_public() && BucketAccess::of(&call.shared, bucket)?.block().block_public_policy {
            return Err(access::blocked(&call, "s3:PutBucketPolicy", access::Blocked::Policy));
        }
        call.put_setting(Setting::Policy, policy.normalized().as_bytes().to_vec()).await?;
        Ok(Reply::no_content())
    }
}

impl Operation for DeleteBucketPolicy {
    const NAME: &'static str = "DeleteBucketPolicy";
    const ACTION: &'static str = "s3:DeleteBucketPolicy";

    fn parse(call: &Call) -> Result<Self> {
        of_the_owners_account(call).map(|()| DeleteBucketPolicy)
    }

    async fn run(self, call: Call) -> Result<Reply> {
        call.delete_setting(Setting::Policy).await?;
        Ok(Reply::no_content())
    }
}

impl Operation for GetBucketPolicyStatus {
    const NAME: &'static str = "GetBucketPolicyStatus";
    const ACTION: &'static str = "s3:GetBucketPolicyStatus";

    fn parse(_call: &Call) -> Result<Self> {
        Ok(GetBucketPolicyStatus)
    }

    async fn run(self, call: Call) -> Result<Reply> {
        let access = BucketAccess::of(&call.shared, call.bucket()?)?;
        let policy = access.policy.as_ref().ok_or_else(|| absent(&call))?;
        let mut xml = listing::result("PolicyStatus");
        xml.text("IsPublic", if policy.is_public() { "true" } else { "false" }).close();
        Ok(Reply::xml(xml.finish()))
    }
}

fn absent(call: &Call) -> S3Error {
    let name = call.head.target.bucket().unwrap_or_default();
    Code::NoSuchBucketPolicy.with("BucketName", name)
}

/// Another account gets nowhere, also with the policy's permission.
/// Source: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketPolicy.html>
fn of_the_owners_account(call: &Call) -> Result<()> {
    if access::owns(&call.principal, call.bucket()?) {
        return Ok(());
    }
    Err(Code::MethodNotAllowed.with("Method", &call.head.method).with("ResourceType", "BUCKETPOLICY"))
}
