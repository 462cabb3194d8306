//! Whether a policy is public, as `GetBucketPolicyStatus` and public access blocks mean it: it may let in someone whom it
//! does not name.
//!
//! Source: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html>, "The meaning of
//! public".

use super::condition::{Comparison, Condition, Quantifier, Value};
use super::document::{Effect, Policy, Selection, Statement};
use super::ip::IpRange;
use super::principal::Principals;

/// Keys that name who calls, or from where: with a value that is fixed, the caller is not the public.
const NAMING: [&str; 10] = [
    "aws:principalaccount",
    "aws:principalorgid",
    "aws:sourceaccount",
    "aws:sourcearn",
    "aws:sourceowner",
    "aws:sourcevpc",
    "aws:sourcevpce",
    "aws:userid",
    "aws:principalarn",
    "s3:dataaccesspointaccount",
];

impl Policy {
    /// Whether a statement allows something to the public.
    pub fn is_public(&self) -> bool {
        self.statements.iter().any(Statement::is_public)
    }
}

impl Statement {
    /// Whether it allows something to callers that neither its principals nor its conditions pin down.
    pub fn is_public(&self) -> bool {
        let names_everyone = match &self.principal {
            Selection::Only(principals) => *principals == Principals::Everyone,
            Selection::AllBut(_) => true,
        };
        self.effect == Effect::Allow && names_everyone && !self.conditions.iter().any(Condition::names_callers)
    }
}

impl Condition {
    /// Whether only requests of named callers fulfil it: the key has to be there, and every value is fixed.
    fn names_callers(&self) -> bool {
        let operator = self.operator;
        if operator.negated || operator.if_exists || operator.quantifier == Quantifier::All {
            return false;
        }
        let key = self.key.as_str();
        match operator.comparison {
            Comparison::IpAddress => {
                key == "aws:sourceip" && self.values.iter().all(|value| value.range().is_some_and(IpRange::is_narrow))
            }
            // The name of an access point may have a wildcard, as long as its account has none.
            _ if key == "s3:dataaccesspointarn" => self.values.iter().all(|value| has_fixed_account(&value.text)),
            Comparison::StringEquals
            | Comparison::StringEqualsIgnoreCase
            | Comparison::StringLike
            | Comparison::Arn => NAMING.contains(&key) && self.values.iter().all(Value::is_fixed),
            _ => false,
        }
    }
}

fn has_fixed_account(arn: &str) -> bool {
    arn.split(':')
        .nth(4)
        .is_some_and(|account| account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit()))
}
