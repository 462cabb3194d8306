//! What a policy says of a request, and whether it is public. Not what follows: that an account may use its own bucket
//! without a policy is decided elsewhere.
//!
//! Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html>

use std::fmt;

use super::condition::Condition;
use super::document::{Effect, Policy, PolicyVersion, Selection, Statement};
use super::keys::ConditionKey;
use super::pattern::{Template, matches, matches_ignoring_case};

/// Who calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Caller<'a> {
    /// Without credentials.
    Anonymous,
    /// A service of AWS, by its name: `logging.s3.amazonaws.com`.
    Service(&'a str),
    /// With those of an account.
    Account {
        /// 12 digits.
        account: &'a str,
        /// `arn:aws:iam::123456789012:user/name`, or that of the root.
        arn: &'a str,
        /// The account's canonical user id.
        canonical_id: &'a str,
        /// AWS's id of the user (`aws:userid`); of an account's root its number.
        user_id: &'a str,
    },
}

/// What is known of a request beside who, what and on which resource.
pub trait RequestContext {
    /// The values of a condition key: none, if the request does not have it. The key is in lower case up to a `/`, behind
    /// which a tag's name stands as the policy has it (S3 compares it without regard to case).
    ///
    /// It is only asked for keys of statements that otherwise match, so that what costs something (the tags of an object)
    /// is fetched only if it decides.
    fn values(&self, key: &str) -> Vec<String>;
}

/// A request, as a policy sees it.
#[derive(Clone, Copy)]
pub struct Request<'a> {
    /// Who calls. `aws:PrincipalArn`, `aws:PrincipalAccount`, `aws:PrincipalType`, `aws:userid` and `aws:username` follow
    /// from it.
    pub caller: Caller<'a>,
    /// What, with its prefix: `s3:GetObject`.
    pub action: &'a str,
    /// On what: `arn:aws:s3:::bucket` or `arn:aws:s3:::bucket/key`.
    pub resource: &'a str,
    /// Everything else.
    pub context: &'a dyn RequestContext,
}

/// What a policy says of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision<'a> {
    /// This statement allows it, and none denies it.
    Allow(StatementName<'a>),
    /// This statement denies it.
    Deny(StatementName<'a>),
    /// No statement is about it.
    NoMatch,
}

/// A statement, for the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StatementName<'a> {
    /// Its place, counted from 1.
    pub number: usize,
    /// The client's name for it.
    pub sid: Option<&'a str>,
}

impl Policy {
    /// Decides. A statement that denies counts before all that allow; of several, the first is named.
    pub fn decide(&self, request: &Request<'_>) -> Decision<'_> {
        let with_effect = |effect| {
            let mut numbered = (1..).zip(&self.statements).filter(move |(_, statement)| statement.effect == effect);
            let found = numbered.find(|(_, statement)| statement.matches(request, self.version));
            found.map(|(number, statement)| StatementName { number, sid: statement.sid.as_deref() })
        };
        if let Some(statement) = with_effect(Effect::Deny) {
            return Decision::Deny(statement);
        }
        with_effect(Effect::Allow).map_or(Decision::NoMatch, Decision::Allow)
    }

    /// For each statement that is not about a request, a sentence that says why, for the log. It asks for all keys again.
    pub fn explain(&self, request: &Request<'_>) -> Vec<String> {
        let numbered = (1..).zip(&self.statements);
        let reason = |(number, statement): (usize, &Statement)| {
            let name = StatementName { number, sid: statement.sid.as_deref() };
            let effect = if statement.effect == Effect::Allow { "allow" } else { "deny" };
            let why = match statement.mismatch(request, self.version)? {
                Mismatch::Principal => "the caller is none of its principals".to_owned(),
                Mismatch::Action => format!("its actions do not include {}", request.action),
                Mismatch::Resource => format!("its resources do not include {}", request.resource),
                Mismatch::Condition(condition) => format!(
                    "{condition} does not hold: the request has {}",
                    quoted(request.values(&condition.key).iter())
                ),
            };
            Some(format!("{name} does not {effect} it: {why}"))
        };
        numbered.filter_map(reason).collect()
    }
}

/// Why a statement is not about a request.
enum Mismatch<'a> {
    Principal,
    Action,
    Resource,
    Condition(&'a Condition),
}

impl Statement {
    fn matches(&self, request: &Request<'_>, version: PolicyVersion) -> bool {
        self.mismatch(request, version).is_none()
    }

    /// The first reason, in the order of what it costs to find out.
    fn mismatch(&self, request: &Request<'_>, version: PolicyVersion) -> Option<Mismatch<'_>> {
        let action = |patterns: &Vec<String>| patterns.iter().any(|p| matches_ignoring_case(p, request.action));
        if !self.principal.selects(|principals| principals.include(request.caller)) {
            return Some(Mismatch::Principal);
        }
        if !self.action.selects(action) {
            return Some(Mismatch::Action);
        }
        let variable = |key: &str| request.single_value(key, version);
        let filled = |arn: &Template| arn.fill(&variable);
        let resource = |arns: &Vec<_>| arns.iter().filter_map(filled).any(|arn| matches(&arn, request.resource));
        if !self.resource.selects(resource) {
            return Some(Mismatch::Resource);
        }
        let fails = |condition: &&Condition| !condition.holds(&request.values(&condition.key), &variable);
        self.conditions.iter().find(fails).map(Mismatch::Condition)
    }
}

impl<T> Selection<T> {
    fn selects(&self, includes: impl FnOnce(&T) -> bool) -> bool {
        match self {
            Selection::Only(these) => includes(these),
            Selection::AllBut(these) => !includes(these),
        }
    }
}

impl Request<'_> {
    fn values(&self, key: &ConditionKey) -> Vec<String> {
        match (key.as_str(), self.caller) {
            ("aws:principalarn", Caller::Account { arn: value, .. })
            | ("aws:principalaccount", Caller::Account { account: value, .. })
            | ("aws:userid", Caller::Account { user_id: value, .. }) => vec![value.to_owned()],
            ("aws:userid", Caller::Anonymous) => vec!["anonymous".to_owned()],
            ("aws:principaltype", caller) => vec![caller.kind().to_owned()],
            ("aws:username", Caller::Account { arn, .. }) => user_name(arn).map(str::to_owned).into_iter().collect(),
            (
                "aws:principalarn" | "aws:principalaccount" | "aws:userid" | "aws:username",
                Caller::Anonymous | Caller::Service(_),
            ) => Vec::new(),
            (key, _) => self.context.values(key),
        }
    }

    /// What a variable stands for: the only value of a key.
    fn single_value(&self, key: &str, version: PolicyVersion) -> Option<String> {
        if version == PolicyVersion::V2008 {
            return None;
        }
        let mut values = self.values(&ConditionKey::parse(key)?);
        if values.len() == 1 { values.pop() } else { None }
    }
}

impl Caller<'_> {
    /// The value of `aws:PrincipalType`.
    fn kind(self) -> &'static str {
        match self {
            Caller::Anonymous => "Anonymous",
            Caller::Service(_) => "Service",
            Caller::Account { arn, .. } if arn.contains(":assumed-role/") => "AssumedRole",
            Caller::Account { arn, .. } if arn.contains(":federated-user/") => "FederatedUser",
            Caller::Account { arn, .. } if user_name(arn).is_some() => "User",
            Caller::Account { .. } => "Account",
        }
    }
}

/// `"a", "b"`, escaped: the texts come from outside and end up in a log.
pub(super) fn quoted<T: fmt::Debug>(texts: impl ExactSizeIterator<Item = T>) -> String {
    if texts.len() == 0 {
        return "no value".to_owned();
    }
    texts.map(|text| format!("{text:?}")).collect::<Vec<_>>().join(", ")
}

/// `name` of `arn:aws:iam::123456789012:user/path/name`.
fn user_name(arn: &str) -> Option<&str> {
    arn.split_once(":user/").and_then(|(_, path)| path.rsplit('/').next())
}

/// `statement 2 ("DenyHttp")`.
impl fmt::Display for StatementName<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "statement {}", self.number)?;
        self.sid.map_or(Ok(()), |sid| write!(f, " ({sid:?})"))
    }
}

/// For the log.
impl fmt::Display for Decision<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Decision::Allow(statement) => write!(f, "{statement} of the bucket policy allows it"),
            Decision::Deny(statement) => write!(f, "{statement} of the bucket policy denies it"),
            Decision::NoMatch => f.write_str("no statement of the bucket policy is about it"),
        }
    }
}
