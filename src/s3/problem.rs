//! What is wrong with a value of the wire, as S3's error: code, sentence and fields are the value's own.

use super::error::S3Error;
use crate::wire::acl::AclProblem;
use crate::wire::object_lock::ObjectLockProblem;
use crate::wire::ownership_controls::OwnershipProblem;
use crate::wire::policy::PolicyProblem;
use crate::wire::post_policy::PostPolicyProblem;
use crate::wire::public_access_block::PublicAccessBlockProblem;
use crate::wire::tagging::TagProblem;
use crate::wire::versioning::VersioningProblem;

impl From<VersioningProblem> for S3Error {
    fn from(problem: VersioningProblem) -> S3Error {
        let error = problem.code().says(problem.message());
        match problem {
            VersioningProblem::MfaDelete => error.with("Element", "MfaDelete"),
            VersioningProblem::Shape(_) | VersioningProblem::NoStatus => error,
        }
    }
}

impl From<TagProblem> for S3Error {
    fn from(problem: TagProblem) -> S3Error {
        with_fields(problem.code().says(problem.message()), problem.fields())
    }
}

impl From<ObjectLockProblem> for S3Error {
    fn from(problem: ObjectLockProblem) -> S3Error {
        with_fields(problem.code().says(problem.message()), problem.fields())
    }
}

impl From<AclProblem> for S3Error {
    fn from(problem: AclProblem) -> S3Error {
        with_fields(problem.code().says(problem.message()), problem.fields())
    }
}

impl From<OwnershipProblem> for S3Error {
    fn from(problem: OwnershipProblem) -> S3Error {
        with_fields(problem.code().says(problem.message()), problem.fields())
    }
}

impl From<PolicyProblem> for S3Error {
    fn from(problem: PolicyProblem) -> S3Error {
        with_fields(problem.code().says(problem.message()), problem.fields())
    }
}

impl From<PostPolicyProblem> for S3Error {
    fn from(problem: PostPolicyProblem) -> S3Error {
        with_fields(problem.code().says(problem.message()), problem.fields())
    }
}

impl From<PublicAccessBlockProblem> for S3Error {
    fn from(problem: PublicAccessBlockProblem) -> S3Error {
        problem.code().says(problem.message())
    }
}

fn with_fields(error: S3Error, fields: Vec<(&'static str, String)>) -> S3Error {
    fields.into_iter().fold(error, |error, (name, value)| error.with(name, value))
}
