//! Bucket policies: the IAM policy language as S3 has it. A policy is read and checked (`document`), asked about requests
//! (`evaluate`), and judged to be public or not (`public`). Policies of users and roles are not S3's.

mod actions;
mod condition;
mod document;
mod evaluate;
mod ip;
mod keys;
mod pattern;
mod principal;
mod problem;
mod public;

pub use actions::{Scope, all as all_actions, scope as scope_of_action};
pub use condition::{Comparison, Condition, Operator, Quantifier, Value};
pub use document::{Effect, Policy, PolicyVersion, Selection, Statement};
pub use evaluate::{Caller, Decision, Request, RequestContext, StatementName};
pub use ip::IpRange;
pub use keys::ConditionKey;
pub use pattern::Template;
pub use principal::{Principal, Principals};
pub use problem::PolicyProblem;

/// The largest policy, in bytes, written without spaces.
pub const MAX_DOCUMENT_BYTES: usize = 20 * 1024;

/// What ARNs of buckets and objects begin with.
pub const ARN_PREFIX: &str = "arn:aws:s3:::";

#[cfg(test)]
mod tests;
