//! The conditions of a statement: an operator, a key and values. Where a key's values come from is the request's business.
//!
//! Sources: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html> and
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-logic-multiple-context-keys-or-values.html>

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::document::{PolicyVersion, template};
use super::evaluate::quoted;
use super::ip::{self, IpRange};
use super::keys::ConditionKey;
use super::pattern::{self, Template, Token};
use super::problem::PolicyProblem;
use crate::wire::json::Json;
use crate::wire::time::Timestamp;

/// One key under one operator. Its values are alternatives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    /// How it compares.
    pub operator: Operator,
    /// The operator as it was written.
    pub name: String,
    /// What it compares.
    pub key: ConditionKey,
    /// With what.
    pub values: Vec<Value>,
}

/// How a condition compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Operator {
    /// What is compared.
    pub comparison: Comparison,
    /// `…Not…`: none of the values may match.
    pub negated: bool,
    /// `…IfExists`: a request without the key fulfils the condition.
    pub if_exists: bool,
    /// How several values of a request count.
    pub quantifier: Quantifier,
}

/// What is compared, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the variants are AWS's operators")]
pub enum Comparison {
    StringEquals,
    StringEqualsIgnoreCase,
    StringLike,
    NumericEquals,
    NumericLessThan,
    NumericLessThanEquals,
    NumericGreaterThan,
    NumericGreaterThanEquals,
    DateEquals,
    DateLessThan,
    DateLessThanEquals,
    DateGreaterThan,
    DateGreaterThanEquals,
    Bool,
    BinaryEquals,
    IpAddress,
    /// `ArnEquals` and `ArnLike`, which are the same.
    Arn,
    Null,
}

/// How several values of a request count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quantifier {
    /// No prefix: one value that matches is enough.
    None,
    /// `ForAnyValue:` one value that fulfils the condition is enough, and there has to be one.
    Any,
    /// `ForAllValues:` all values have to fulfil it, if there are any.
    All,
}

/// A value to compare with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Value {
    /// As it was written.
    pub text: String,
    parsed: Parsed,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Parsed {
    Template(Template),
    Number(Number),
    Date(Timestamp),
    Bool(bool),
    Bytes(Vec<u8>),
    Range(IpRange),
}

/// A finite number, which is equal to itself.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Number(f64);

impl Eq for Number {}

/// Names of operators without prefix and suffix, what they compare, and whether they are negated.
const OPERATORS: [(&str, Comparison, bool); 27] = [
    ("StringEquals", Comparison::StringEquals, false),
    ("StringNotEquals", Comparison::StringEquals, true),
    ("StringEqualsIgnoreCase", Comparison::StringEqualsIgnoreCase, false),
    ("StringNotEqualsIgnoreCase", Comparison::StringEqualsIgnoreCase, true),
    ("StringLike", Comparison::StringLike, false),
    ("StringNotLike", Comparison::StringLike, true),
    ("NumericEquals", Comparison::NumericEquals, false),
    ("NumericNotEquals", Comparison::NumericEquals, true),
    ("NumericLessThan", Comparison::NumericLessThan, false),
    ("NumericLessThanEquals", Comparison::NumericLessThanEquals, false),
    ("NumericGreaterThan", Comparison::NumericGreaterThan, false),
    ("NumericGreaterThanEquals", Comparison::NumericGreaterThanEquals, false),
    ("DateEquals", Comparison::DateEquals, false),
    ("DateNotEquals", Comparison::DateEquals, true),
    ("DateLessThan", Comparison::DateLessThan, false),
    ("DateLessThanEquals", Comparison::DateLessThanEquals, false),
    ("DateGreaterThan", Comparison::DateGreaterThan, false),
    ("DateGreaterThanEquals", Comparison::DateGreaterThanEquals, false),
    ("Bool", Comparison::Bool, false),
    ("BinaryEquals", Comparison::BinaryEquals, false),
    ("IpAddress", Comparison::IpAddress, false),
    ("NotIpAddress", Comparison::IpAddress, true),
    ("ArnEquals", Comparison::Arn, false),
    ("ArnLike", Comparison::Arn, false),
    ("ArnNotEquals", Comparison::Arn, true),
    ("ArnNotLike", Comparison::Arn, true),
    ("Null", Comparison::Null, false),
];

impl Operator {
    /// Reads a name, case included: `ForAnyValue:StringNotLikeIfExists`.
    pub fn parse(name: &str) -> Option<Operator> {
        let (quantifier, rest) = match name.split_once(':') {
            Some(("ForAnyValue", rest)) => (Quantifier::Any, rest),
            Some(("ForAllValues", rest)) => (Quantifier::All, rest),
            Some(_) => return None,
            None => (Quantifier::None, name),
        };
        let (plain, if_exists) = match rest.strip_suffix("IfExists") {
            Some(plain) => (plain, true),
            None => (rest, false),
        };
        let (_, comparison, negated) = OPERATORS.into_iter().find(|(known, _, _)| *known == plain)?;
        let asks_for_presence = comparison == Comparison::Null;
        if asks_for_presence && (if_exists || quantifier != Quantifier::None) {
            return None;
        }
        Some(Operator { comparison, negated, if_exists, quantifier })
    }
}

impl Condition {
    /// Reads the value of `Condition`: operators, in them keys, in them values.
    pub(super) fn parse_all(value: &Json, version: PolicyVersion) -> Result<Vec<Condition>, PolicyProblem> {
        let mut conditions = Vec::new();
        for (name, keys) in value.members().ok_or(PolicyProblem::Syntax("Condition"))? {
            let operator = Operator::parse(name).ok_or_else(|| PolicyProblem::Operator(name.clone()))?;
            for (key, values) in keys.members().ok_or(PolicyProblem::Syntax("Condition"))? {
                let key = ConditionKey::parse(key).ok_or_else(|| PolicyProblem::ConditionKey(key.clone()))?;
                let values = values.items().iter().map(|value| Value::parse(value, name, operator, version));
                let values = values.collect::<Result<_, _>>()?;
                conditions.push(Condition { operator, name: name.clone(), key, values });
            }
        }
        Ok(conditions)
    }

    /// Whether a request with these values of the key fulfils the condition. `variable` says what `${…}` stands for.
    pub(super) fn holds(&self, given: &[String], variable: &dyn Fn(&str) -> Option<String>) -> bool {
        let Operator { comparison, negated, if_exists, quantifier } = self.operator;
        if comparison == Comparison::Null {
            let absent = Parsed::Bool(given.is_empty());
            return self.values.iter().any(|value| value.parsed == absent);
        }
        if given.is_empty() {
            return if_exists
                || match quantifier {
                    Quantifier::None => negated,
                    Quantifier::Any => false,
                    Quantifier::All => true,
                };
        }
        let wanted: Vec<Wanted<'_>> = self.values.iter().filter_map(|value| value.wanted(variable)).collect();
        let matches = |text: &String| wanted.iter().any(|wanted| comparison.matches(wanted, text));
        match quantifier {
            Quantifier::None => given.iter().any(matches) != negated,
            Quantifier::Any => given.iter().any(|text| matches(text) != negated),
            Quantifier::All => given.iter().all(|text| matches(text) != negated),
        }
    }
}

/// For the log: `StringLike s3:prefix "home/*"`.
impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let values = quoted(self.values.iter().map(|value| &value.text));
        write!(f, "{} {} {values}", self.name, self.key.as_str())
    }
}

impl Value {
    /// Reads a value. Numbers and booleans need no quotation marks.
    fn parse(json: &Json, name: &str, operator: Operator, version: PolicyVersion) -> Result<Value, PolicyProblem> {
        let text = match json {
            Json::String(text) => text.clone(),
            Json::Number(_) | Json::Bool(_) => json.to_string(),
            Json::Null | Json::Array(_) | Json::Object(_) => return Err(PolicyProblem::Syntax("Condition")),
        };
        let parsed = match operator.comparison {
            Comparison::StringEquals
            | Comparison::StringEqualsIgnoreCase
            | Comparison::StringLike
            | Comparison::Arn => Some(Parsed::Template(template(&text, version))),
            Comparison::NumericEquals
            | Comparison::NumericLessThan
            | Comparison::NumericLessThanEquals
            | Comparison::NumericGreaterThan
            | Comparison::NumericGreaterThanEquals => number(&text).map(Parsed::Number),
            Comparison::DateEquals
            | Comparison::DateLessThan
            | Comparison::DateLessThanEquals
            | Comparison::DateGreaterThan
            | Comparison::DateGreaterThanEquals => date(&text).map(Parsed::Date),
            Comparison::Bool | Comparison::Null => boolean(&text).map(Parsed::Bool),
            Comparison::BinaryEquals => STANDARD.decode(&text).ok().map(Parsed::Bytes),
            Comparison::IpAddress => {
                let range = IpRange::parse(&text).ok_or_else(|| PolicyProblem::IpAddress(text.clone()))?;
                Some(Parsed::Range(range))
            }
        };
        match parsed {
            Some(parsed) => Ok(Value { text, parsed }),
            None => Err(PolicyProblem::Value { operator: name.to_owned(), given: text }),
        }
    }

    /// Whether the value is the same for every request.
    pub fn is_fixed(&self) -> bool {
        if let Parsed::Template(template) = &self.parsed { template.is_fixed() } else { true }
    }

    /// The range of addresses that the value is, if it is one.
    pub(super) fn range(&self) -> Option<&IpRange> {
        if let Parsed::Range(range) = &self.parsed { Some(range) } else { None }
    }

    /// None if it has a variable that stands for nothing: then it matches nothing.
    fn wanted(&self, variable: &dyn Fn(&str) -> Option<String>) -> Option<Wanted<'_>> {
        match &self.parsed {
            Parsed::Template(template) => template.fill(variable).map(Wanted::Pattern),
            parsed => Some(Wanted::Value(parsed)),
        }
    }
}

/// A value with its variables filled in.
enum Wanted<'a> {
    Pattern(Vec<Token>),
    Value(&'a Parsed),
}

impl Comparison {
    fn matches(self, wanted: &Wanted<'_>, given: &str) -> bool {
        match wanted {
            Wanted::Pattern(wanted) => self.matches_pattern(wanted, given),
            Wanted::Value(Parsed::Number(Number(wanted))) => {
                number(given).is_some_and(|Number(given)| self.orders(given.partial_cmp(wanted)))
            }
            Wanted::Value(Parsed::Date(wanted)) => {
                date(given).is_some_and(|given| self.orders(Some(given.cmp(wanted))))
            }
            Wanted::Value(Parsed::Bool(wanted)) => boolean(given) == Some(*wanted),
            Wanted::Value(Parsed::Bytes(wanted)) => STANDARD.decode(given).is_ok_and(|given| given == *wanted),
            Wanted::Value(Parsed::Range(wanted)) => ip::parse(given).is_some_and(|given| wanted.contains(given)),
            Wanted::Value(Parsed::Template(_)) => false,
        }
    }

    fn matches_pattern(self, wanted: &[Token], given: &str) -> bool {
        match self {
            Comparison::StringEquals => pattern::as_text(wanted) == given,
            Comparison::StringEqualsIgnoreCase => pattern::as_text(wanted).to_lowercase() == given.to_lowercase(),
            Comparison::Arn => matches_arn(wanted, given),
            _ => pattern::matches(wanted, given),
        }
    }

    fn orders(self, order: Option<std::cmp::Ordering>) -> bool {
        order.is_some_and(|order| match self {
            Comparison::NumericLessThan | Comparison::DateLessThan => order.is_lt(),
            Comparison::NumericLessThanEquals | Comparison::DateLessThanEquals => order.is_le(),
            Comparison::NumericGreaterThan | Comparison::DateGreaterThan => order.is_gt(),
            Comparison::NumericGreaterThanEquals | Comparison::DateGreaterThanEquals => order.is_ge(),
            _ => order.is_eq(),
        })
    }
}

/// Component by component: no wildcard reaches over one of the first five colons.
fn matches_arn(wanted: &[Token], given: &str) -> bool {
    let wanted: Vec<_> = wanted.splitn(6, |token| *token == Token::Literal(':')).collect();
    let given: Vec<_> = given.splitn(6, ':').collect();
    wanted.len() == given.len() && wanted.iter().zip(given).all(|(wanted, given)| pattern::matches(wanted, given))
}

fn number(text: &str) -> Option<Number> {
    text.trim().parse().ok().filter(|number: &f64| number.is_finite()).map(Number)
}

fn boolean(text: &str) -> Option<bool> {
    match text {
        _ if text.eq_ignore_ascii_case("true") => Some(true),
        _ if text.eq_ignore_ascii_case("false") => Some(false),
        _ => None,
    }
}

/// A date of ISO 8601 (`2020-01-01`, or with a time and a zone), or seconds since the epoch.
fn date(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Timestamp::from_secs(seconds));
    }
    Timestamp::parse_iso8601(text)
        .or_else(|| Timestamp::parse_iso8601(&format!("{text}T00:00:00Z")))
        .or_else(|| Timestamp::parse_iso8601(&text.replacen('Z', ":00Z", 1)))
}
