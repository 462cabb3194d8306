//! A policy as it is written: statements with their elements, and what S3 checks before it keeps one. What a policy says of
//! a request is in `evaluate`.
//!
//! Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html>

use super::actions::{self, Scope};
use super::condition::Condition;
use super::pattern::Template;
use super::principal::Principals;
use super::problem::PolicyProblem;
use super::{ARN_PREFIX, MAX_DOCUMENT_BYTES};
use crate::wire::json::Json;

/// The policy of a bucket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Which version of the language it is in.
    pub version: PolicyVersion,
    /// The client's name for it.
    pub id: Option<String>,
    /// At least one statement.
    pub statements: Vec<Statement>,
    /// The policy as S3 shows it.
    normalized: String,
}

/// A version of the policy language.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PolicyVersion {
    /// `2008-10-17`, which has no variables: what holds without `Version`.
    #[default]
    V2008,
    /// `2012-10-17`.
    V2012,
}

/// One statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// The client's name for it.
    pub sid: Option<String>,
    /// What follows when it matches.
    pub effect: Effect,
    /// `Principal` or `NotPrincipal`.
    pub principal: Selection<Principals>,
    /// `Action` or `NotAction`: patterns with their prefix.
    pub action: Selection<Vec<String>>,
    /// `Resource` or `NotResource`: ARNs.
    pub resource: Selection<Vec<Template>>,
    /// All of these have to hold.
    pub conditions: Vec<Condition>,
}

/// What a statement does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// It allows, unless another denies.
    Allow,
    /// It denies, whatever others allow.
    Deny,
}

/// An element that comes in two forms.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selection<T> {
    /// `Principal`, `Action`, `Resource`.
    Only(T),
    /// `NotPrincipal`, `NotAction`, `NotResource`.
    AllBut(T),
}

const POLICY_FIELDS: [&str; 3] = ["Version", "Id", "Statement"];

/// In the order in which S3 shows them.
const STATEMENT_FIELDS: [&str; 9] =
    ["Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition"];

impl Policy {
    /// Reads the body of `PutBucketPolicy` for this bucket, and checks it as S3 does.
    pub fn parse(document: &[u8], bucket: &str) -> Result<Policy, PolicyProblem> {
        if document.first() != Some(&b'{') {
            return Err(PolicyProblem::NotAnObject);
        }
        let json = Json::parse(document).map_err(|error| PolicyProblem::InvalidJson(error.to_string()))?;
        let normalized = normalized(&json).to_string();
        if normalized.len() > MAX_DOCUMENT_BYTES {
            return Err(PolicyProblem::TooLarge);
        }
        expect_fields(&json, &POLICY_FIELDS)?;
        let statements = json.member("Statement").ok_or(PolicyProblem::Missing("Statement"))?;
        let version = match text(&json, "Version")? {
            None | Some("2008-10-17") => PolicyVersion::V2008,
            Some("2012-10-17") => PolicyVersion::V2012,
            Some(other) => return Err(PolicyProblem::Version(other.to_owned())),
        };
        let id = text(&json, "Id")?.map(str::to_owned);
        if statements.items().is_empty() {
            return Err(PolicyProblem::NoStatement);
        }
        let numbered = statements.items().iter().enumerate();
        let statements = numbered.map(|(number, json)| Statement::parse(json, number, version, bucket));
        Ok(Policy { version, id, statements: statements.collect::<Result<_, _>>()?, normalized })
    }

    /// The policy as S3 shows it: on one line, the members of statements in S3's order.
    pub fn normalized(&self) -> &str {
        &self.normalized
    }
}

impl Statement {
    fn parse(json: &Json, number: usize, version: PolicyVersion, bucket: &str) -> Result<Statement, PolicyProblem> {
        if json.members().is_none() {
            return Err(PolicyProblem::Syntax("Statement"));
        }
        expect_fields(json, &STATEMENT_FIELDS)?;
        let sid = text(json, "Sid")?.map(str::to_owned);
        let effect = match text(json, "Effect")? {
            Some("Allow") => Effect::Allow,
            Some("Deny") => Effect::Deny,
            Some(other) => return Err(PolicyProblem::Effect(other.to_owned())),
            None => return Err(PolicyProblem::Missing("Effect")),
        };
        let principal = selection(json, "Principal", "NotPrincipal", Principals::parse)?;
        let action = selection(json, "Action", "NotAction", |value| {
            let texts = texts(value, "Action")?;
            match texts.iter().find(|pattern| actions::covered_by(pattern).is_empty()) {
                Some(unknown) => Err(PolicyProblem::Action(unknown.clone())),
                None if texts.is_empty() => Err(PolicyProblem::Action(String::new())),
                None => Ok(texts),
            }
        })?;
        let resource = selection(json, "Resource", "NotResource", |value| {
            let texts = texts(value, "Resource")?;
            match texts.iter().find(|arn| !is_in_bucket(arn, bucket)) {
                Some(other) => Err(PolicyProblem::Resource(other.clone())),
                None if texts.is_empty() => Err(PolicyProblem::Resource(String::new())),
                None => Ok(texts.iter().map(|arn| template(arn, version)).collect::<Vec<_>>()),
            }
        })?;
        let conditions = match json.member("Condition") {
            Some(value) => Condition::parse_all(value, version)?,
            None => Vec::new(),
        };
        let statement = Statement { sid, effect, principal, action, resource, conditions };
        statement.check_combination(number)?;
        Ok(statement)
    }

    /// Every action needs a resource that it is about, and every condition key has to say something about every action.
    ///
    /// A pattern such as `s3:*` passes if one of the actions that it covers does; `NotAction` and `NotResource` are not
    /// looked at, since they name what is left out.
    fn check_combination(&self, number: usize) -> Result<(), PolicyProblem> {
        let Selection::Only(patterns) = &self.action else { return Ok(()) };
        for pattern in patterns {
            let mut covered = actions::covered_by(pattern);
            covered.retain(|(_, scope)| self.names_scope(*scope));
            if covered.is_empty() {
                let statement = self.sid.clone().unwrap_or_else(|| format!("NO_ID-{number}"));
                return Err(PolicyProblem::ActionWithoutResource { action: pattern.clone(), statement });
            }
            for condition in &self.conditions {
                if !covered.iter().any(|(name, _)| condition.key.applies_to(name)) {
                    let key = condition.key.as_str().to_owned();
                    return Err(PolicyProblem::ConditionWithoutAction { key, action: pattern.clone() });
                }
            }
        }
        Ok(())
    }

    fn names_scope(&self, scope: Scope) -> bool {
        let Selection::Only(resources) = &self.resource else { return scope != Scope::Other };
        resources.iter().any(|arn| match scope {
            Scope::Bucket => !is_object(arn.as_str()),
            Scope::Object => is_object(arn.as_str()),
            Scope::Other => false,
        })
    }
}

/// A pattern in the language of that version.
pub(super) fn template(text: &str, version: PolicyVersion) -> Template {
    match version {
        PolicyVersion::V2008 => Template::without_variables(text),
        PolicyVersion::V2012 => Template::with_variables(text),
    }
}

/// The bucket itself, or something in it. The name of the bucket has to stand there: `arn:aws:s3:::*` is refused.
fn is_in_bucket(arn: &str, bucket: &str) -> bool {
    let rest = arn.strip_prefix(ARN_PREFIX).and_then(|name| name.strip_prefix(bucket));
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

fn is_object(arn: &str) -> bool {
    arn.contains('/')
}

fn expect_fields(json: &Json, known: &[&str]) -> Result<(), PolicyProblem> {
    let mut names = json.members().unwrap_or_default().iter().map(|(name, _)| name);
    match names.find(|name| !known.contains(&name.as_str())) {
        Some(unknown) => Err(PolicyProblem::UnknownField(unknown.clone())),
        None => Ok(()),
    }
}

fn text<'a>(json: &'a Json, name: &'static str) -> Result<Option<&'a str>, PolicyProblem> {
    let Some(value) = json.member(name) else { return Ok(None) };
    value.as_str().map(Some).ok_or(PolicyProblem::Syntax(name))
}

fn texts(value: &Json, name: &'static str) -> Result<Vec<String>, PolicyProblem> {
    let text = |item: &Json| item.as_str().map(str::to_owned).ok_or(PolicyProblem::Syntax(name));
    value.items().iter().map(text).collect()
}

/// One of two elements, which may not both be there.
fn selection<T>(
    json: &Json,
    name: &'static str,
    not: &'static str,
    parse: impl FnOnce(&Json) -> Result<T, PolicyProblem>,
) -> Result<Selection<T>, PolicyProblem> {
    match (json.member(name), json.member(not)) {
        (Some(value), None) => parse(value).map(Selection::Only),
        (None, Some(value)) => parse(value).map(Selection::AllBut),
        (None, None) => Err(PolicyProblem::Missing(name)),
        (Some(_), Some(_)) => Err(PolicyProblem::Syntax(not)),
    }
}

/// The document with its members in S3's order.
fn normalized(json: &Json) -> Json {
    let statement = |json: &Json| sorted(json, &STATEMENT_FIELDS);
    let mut policy = sorted(json, &POLICY_FIELDS);
    if let Json::Object(members) = &mut policy {
        for (_, value) in members.iter_mut().filter(|(name, _)| name == "Statement") {
            *value = Json::Array(value.items().iter().map(statement).collect());
        }
    }
    policy
}

/// The members in this order, others behind them.
fn sorted(json: &Json, order: &[&str]) -> Json {
    let Json::Object(members) = json else { return json.clone() };
    let mut members = members.clone();
    members.sort_by_key(|(name, _)| order.iter().position(|known| known == name).unwrap_or(order.len()));
    Json::Object(members)
}
