//! Whom a statement is about. Not whether they exist: a name that is well-formed is taken.
//!
//! Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html>

use super::evaluate::Caller;
use super::problem::PolicyProblem;
use crate::wire::json::Json;

/// Everyone, or a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Principals {
    /// `"*"`, or `{"AWS": "*"}`: everyone, without credentials too.
    Everyone,
    /// These, at least one.
    These(Vec<Principal>),
}

/// Someone that a policy names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Principal {
    /// All of an account, named by its number or by the ARN of its root.
    Account(String),
    /// A user, a role or a session, by its ARN.
    Arn(String),
    /// A user or a role, by the id that AWS gave it.
    UserId(String),
    /// An account by its canonical user id.
    CanonicalUser(String),
    /// A service of AWS. None calls here, but this server does for some what they do.
    Service(String),
    /// A provider of identities. Nobody comes through one here.
    Federated(String),
}

impl Principals {
    /// Reads the value of `Principal` or `NotPrincipal`.
    pub(super) fn parse(value: &Json) -> Result<Principals, PolicyProblem> {
        // Of texts, S3 takes `*` only: an ARN outside an object is a syntax error (seen).
        if value.as_str() == Some("*") {
            return Ok(Principals::Everyone);
        }
        let members = value.members().ok_or(PolicyProblem::Syntax("Principal"))?;
        let mut everyone = false;
        let mut these = Vec::new();
        for (kind, value) in members {
            for item in value.items() {
                let text = item.as_str().ok_or(PolicyProblem::Syntax("Principal"))?;
                if kind == "AWS" && text == "*" {
                    everyone = true;
                } else {
                    let unknown = || PolicyProblem::Principal { kind: kind.clone(), given: text.to_owned() };
                    these.push(Principal::parse(kind, text).ok_or_else(unknown)?);
                }
            }
        }
        match (everyone, these.is_empty()) {
            (true, _) => Ok(Principals::Everyone),
            (false, true) => Err(PolicyProblem::EmptyPrincipal),
            (false, false) => Ok(Principals::These(these)),
        }
    }

    /// Whether a caller is among them.
    pub(super) fn include(&self, caller: Caller<'_>) -> bool {
        match self {
            Principals::Everyone => true,
            Principals::These(these) => these.iter().any(|principal| principal.is(caller)),
        }
    }
}

impl Principal {
    fn parse(kind: &str, text: &str) -> Option<Principal> {
        let principal = match kind {
            "AWS" if is_account(text) => Principal::Account(text.to_owned()),
            "AWS" if is_user_id(text) => Principal::UserId(text.to_owned()),
            "AWS" => Principal::parse_arn(text)?,
            "CanonicalUser" if is_word(text) => Principal::CanonicalUser(text.to_owned()),
            "Service" if is_word(text) && text.contains('.') => Principal::Service(text.to_owned()),
            "Federated" if is_word(text) => Principal::Federated(text.to_owned()),
            _ => return None,
        };
        Some(principal)
    }

    /// `arn:aws:iam::123456789012:root`, `…:user/path/name`, `…:role/name`, `arn:aws:sts::123456789012:assumed-role/role/session`
    /// and the users of `CloudFront`, whose account has a name.
    fn parse_arn(text: &str) -> Option<Principal> {
        let mut parts = text.splitn(6, ':');
        let (arn, partition) = (parts.next()?, parts.next()?);
        let (service, region, account, name) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        if arn != "arn" || !partition.starts_with("aws") || !region.is_empty() || text.contains(['*', '?']) {
            return None;
        }
        let named = |prefixes: &[&str]| {
            prefixes.iter().any(|prefix| name.strip_prefix(prefix).is_some_and(|name| !name.is_empty()))
        };
        match service {
            "iam" if name == "root" && is_account(account) => Some(Principal::Account(account.to_owned())),
            "iam" if named(&["user/", "role/"]) && (is_account(account) || account == "cloudfront") => {
                Some(Principal::Arn(text.to_owned()))
            }
            "sts" if named(&["assumed-role/", "federated-user/"]) && is_account(account) => {
                Some(Principal::Arn(text.to_owned()))
            }
            _ => None,
        }
    }

    fn is(&self, caller: Caller<'_>) -> bool {
        let (account, arn, canonical_id, user_id) = match caller {
            Caller::Account { account, arn, canonical_id, user_id } => (account, arn, canonical_id, user_id),
            Caller::Service(name) => return matches!(self, Principal::Service(named) if named == name),
            Caller::Anonymous => return false,
        };
        match self {
            Principal::Account(number) => number == account,
            Principal::Arn(named) => named == arn || role_of_session(arn).is_some_and(|role| is_role(named, &role)),
            Principal::UserId(id) => {
                id == user_id || user_id.strip_prefix(id.as_str()).is_some_and(|s| s.starts_with(':'))
            }
            Principal::CanonicalUser(id) => id == canonical_id,
            Principal::Service(_) | Principal::Federated(_) => false,
        }
    }
}

/// Account and name of the role of `arn:aws:sts::123456789012:assumed-role/role/session`.
fn role_of_session(arn: &str) -> Option<(&str, &str)> {
    let rest = arn.strip_prefix("arn:aws:sts::")?;
    let (account, name) = rest.split_once(":assumed-role/")?;
    Some((account, name.split_once('/')?.0))
}

/// Whether an ARN is that of a role, whatever path its name is under: sessions do not show the path.
fn is_role(arn: &str, (account, role): &(&str, &str)) -> bool {
    let name = arn.strip_prefix("arn:aws:iam::").and_then(|rest| rest.strip_prefix(account));
    name.and_then(|rest| rest.strip_prefix(":role/")).and_then(|path| path.rsplit('/').next()) == Some(role)
}

fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// `AIDA…` of a user, `AROA…` of a role: what AWS shows in place of the ARN of one that was deleted.
fn is_user_id(text: &str) -> bool {
    (text.starts_with("AIDA") || text.starts_with("AROA"))
        && (16..=128).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
}

fn is_word(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'*' | b'?'))
}
