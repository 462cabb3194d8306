//! What is wrong with a policy, and how S3 says it: `MalformedPolicy` with a sentence, and a `Detail` where it has one.

use std::fmt;

use super::MAX_DOCUMENT_BYTES;
use crate::wire::error_codes::Code;

/// Why a document is not the policy of a bucket. The sentences were seen on AWS, or are those that versitygw's authors wrote
/// down from it; what else a comment says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PolicyProblem {
    /// The document does not begin with `{`.
    NotAnObject,
    /// The document begins well, but is not JSON; the text says why.
    InvalidJson(String),
    /// The document has, without its spaces, more than [`MAX_DOCUMENT_BYTES`].
    TooLarge,
    /// A member that policies or statements do not have.
    UnknownField(String),
    /// A member of another kind than it should be.
    Syntax(&'static str),
    /// `Version` is neither of the two.
    Version(String),
    /// A member that has to be there.
    Missing(&'static str),
    /// A list of statements without one.
    NoStatement,
    /// A `Principal` that names nobody.
    EmptyPrincipal,
    /// `Effect` is neither `Allow` nor `Deny`.
    Effect(String),
    /// Who is no principal: its kind and the text.
    Principal {
        /// `AWS` and so on.
        kind: String,
        /// The text.
        given: String,
    },
    /// A name or pattern that no action has.
    Action(String),
    /// A resource that is not this bucket or in it.
    Resource(String),
    /// An action about a bucket where only objects are named, or the other way round.
    ActionWithoutResource {
        /// The action.
        action: String,
        /// The statement: its `Sid`, or `NO_ID-` and its place, counted from 0.
        statement: String,
    },
    /// An operator that there is not, or in another case.
    Operator(String),
    /// A condition key that S3 does not know.
    ConditionKey(String),
    /// A condition key that says nothing about an action.
    ConditionWithoutAction {
        /// The key.
        key: String,
        /// The action.
        action: String,
    },
    /// A value of `IpAddress` that is no address and no range.
    IpAddress(String),
    /// A value that an operator cannot compare with. S3's own sentence was not seen.
    Value {
        /// The operator.
        operator: String,
        /// The value.
        given: String,
    },
}

impl PolicyProblem {
    /// `MalformedPolicy`.
    pub fn code(&self) -> Code {
        Code::MalformedPolicy
    }

    /// S3's sentence.
    pub fn message(&self) -> String {
        match self {
            PolicyProblem::NotAnObject => Code::MalformedPolicy.message().to_owned(),
            PolicyProblem::InvalidJson(_) => "This policy contains invalid Json".to_owned(),
            PolicyProblem::TooLarge => {
                format!("Normalized policy document exceeds the maximum allowed size of {MAX_DOCUMENT_BYTES} bytes")
            }
            PolicyProblem::UnknownField(name) => format!("Unknown field {name}"),
            PolicyProblem::Syntax(_) | PolicyProblem::Value { .. } => "Invalid policy syntax.".to_owned(),
            PolicyProblem::Version(_) => "The policy must contain a valid version string".to_owned(),
            PolicyProblem::Missing(name) => format!("Missing required field {name}"),
            PolicyProblem::NoStatement => "Could not parse the policy: Statement is empty!".to_owned(),
            PolicyProblem::EmptyPrincipal => "Missing required field Principal cannot be empty!".to_owned(),
            PolicyProblem::Effect(given) => format!("Invalid effect: {given}"),
            PolicyProblem::Principal { .. } => "Invalid principal in policy".to_owned(),
            PolicyProblem::Action(_) => "Policy has invalid action".to_owned(),
            PolicyProblem::Resource(_) => "Policy has invalid resource".to_owned(),
            PolicyProblem::ActionWithoutResource { .. } => {
                "Action does not apply to any resource(s) in statement".to_owned()
            }
            PolicyProblem::Operator(name) => format!("Invalid Condition type : {name}"),
            PolicyProblem::ConditionKey(_) => "Policy has an invalid condition key".to_owned(),
            PolicyProblem::ConditionWithoutAction { .. } => {
                "Conditions do not apply to combination of actions and resources in statement".to_owned()
            }
            PolicyProblem::IpAddress(_) => "Invalid IP address in Conditions".to_owned(),
        }
    }

    /// The extra elements of the error: `Detail`.
    pub fn fields(&self) -> Vec<(&'static str, String)> {
        let detail = match self {
            PolicyProblem::Principal { kind, given } => format!("\"{kind}\" : \"{given}\""),
            PolicyProblem::Action(given) | PolicyProblem::Resource(given) | PolicyProblem::ConditionKey(given) => {
                given.clone()
            }
            PolicyProblem::ActionWithoutResource { action, statement } => {
                format!("Action \"{action}\" in Statement \"{statement}\"")
            }
            _ => return Vec::new(),
        };
        vec![("Detail", detail)]
    }
}

impl fmt::Display for PolicyProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PolicyProblem::InvalidJson(why) => write!(f, "it is not JSON: {why}"),
            PolicyProblem::Syntax(name) => write!(f, "{name} is of the wrong kind"),
            PolicyProblem::Version(given) => write!(f, "Version {given:?} is neither 2008-10-17 nor 2012-10-17"),
            PolicyProblem::ConditionWithoutAction { key, action } => {
                write!(f, "the condition key {key:?} says nothing about {action:?}")
            }
            PolicyProblem::IpAddress(given) => write!(f, "{given:?} is no IP address and no range of them"),
            PolicyProblem::Value { operator, given } => write!(f, "{operator} cannot compare with {given:?}"),
            other => {
                f.write_str(&other.message())?;
                other.fields().into_iter().try_for_each(|(_, detail)| write!(f, " ({detail})"))
            }
        }
    }
}

impl std::error::Error for PolicyProblem {}
