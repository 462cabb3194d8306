//! What is wrong with a form's policy, or with a form that does not keep to it, and how S3 says it.

use std::fmt;

use crate::wire::error_codes::Code;

/// Why an upload by form is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PostPolicyProblem {
    /// The field is empty.
    Empty,
    /// The field is not base64.
    NotBase64,
    /// Not a JSON object, or a piece of the wrong kind; the text says what.
    InvalidJson(String),
    /// No `expiration`.
    NoExpiration,
    /// No `conditions`.
    NoConditions,
    /// Another member.
    UnexpectedMember(String),
    /// `expiration` is no date.
    Expiration(String),
    /// `conditions` is no list.
    ConditionsNotList,
    /// A condition that is neither a list nor an object.
    ConditionKind,
    /// A list without an operation.
    NoOperation,
    /// An operation that there is not.
    UnknownOperation(String),
    /// An operation with more or fewer than two arguments.
    ArgumentCount(String),
    /// An object with more or fewer than one member.
    SimpleMembers,
    /// An object whose value is no text.
    SimpleValue,
    /// The policy is void.
    Expired,
    /// A condition does not hold: as S3 shows it.
    Failed(String),
    /// A field that no condition covers.
    ExtraField(String),
    /// The file is larger than the policy takes.
    TooLarge {
        /// How large it is.
        size_bytes: u64,
        /// How large it may be.
        max_bytes: i64,
    },
    /// The file is smaller than the policy takes.
    TooSmall {
        /// How large it is.
        size_bytes: u64,
        /// How large it has to be.
        min_bytes: i64,
    },
}

impl PostPolicyProblem {
    /// `InvalidPolicyDocument`, `AccessDenied`, `EntityTooLarge` or `EntityTooSmall`.
    pub fn code(&self) -> Code {
        match self {
            PostPolicyProblem::Expired | PostPolicyProblem::Failed(_) | PostPolicyProblem::ExtraField(_) => {
                Code::AccessDenied
            }
            PostPolicyProblem::TooLarge { .. } => Code::EntityTooLarge,
            PostPolicyProblem::TooSmall { .. } => Code::EntityTooSmall,
            _ => Code::InvalidPolicyDocument,
        }
    }

    /// S3's sentence. Some of those about the document's structure are versitygw's transcription of AWS's.
    pub fn message(&self) -> String {
        let sentence = match self {
            PostPolicyProblem::Empty => "Expecting '{' but found End-of-Input".to_owned(),
            PostPolicyProblem::NotBase64 => "invalid Base64 encoding.".to_owned(),
            PostPolicyProblem::InvalidJson(_) => "Invalid JSON.".to_owned(),
            PostPolicyProblem::NoExpiration => "Policy missing expiration.".to_owned(),
            PostPolicyProblem::NoConditions => "Policy missing conditions.".to_owned(),
            PostPolicyProblem::UnexpectedMember(name) => format!("Unexpected: \"{name}\""),
            PostPolicyProblem::Expiration(given) => format!("Invalid 'expiration' value: '{given}'"),
            PostPolicyProblem::ConditionsNotList => "Invalid 'conditions' value: must be a List.".to_owned(),
            PostPolicyProblem::ConditionKind => "Invalid condition test: must be a List or Object.".to_owned(),
            PostPolicyProblem::NoOperation => "Invalid Condition: missing operation identifier.".to_owned(),
            PostPolicyProblem::UnknownOperation(name) => format!("Invalid Condition: unknown operation '{name}'."),
            PostPolicyProblem::ArgumentCount(name) => format!("Invalid {name}: wrong number of arguments."),
            PostPolicyProblem::SimpleMembers => {
                "Invalid Simple-Condition: Simple-Conditions must have exactly one property specified.".to_owned()
            }
            PostPolicyProblem::SimpleValue => "Invalid Simple-Condition: value must be a string.".to_owned(),
            PostPolicyProblem::Expired => return "Invalid according to Policy: Policy expired.".to_owned(),
            PostPolicyProblem::Failed(condition) => {
                return format!("Invalid according to Policy: Policy Condition failed: {condition}");
            }
            PostPolicyProblem::ExtraField(name) => {
                return format!("Invalid according to Policy: Extra input fields: {name}");
            }
            PostPolicyProblem::TooLarge { .. } | PostPolicyProblem::TooSmall { .. } => {
                return self.code().message().to_owned();
            }
        };
        format!("Invalid Policy: {sentence}")
    }

    /// The extra elements of the error.
    pub fn fields(&self) -> Vec<(&'static str, String)> {
        match self {
            PostPolicyProblem::TooLarge { size_bytes, max_bytes } => {
                vec![("ProposedSize", size_bytes.to_string()), ("MaxSizeAllowed", max_bytes.to_string())]
            }
            PostPolicyProblem::TooSmall { size_bytes, min_bytes } => {
                vec![("ProposedSize", size_bytes.to_string()), ("MinSizeAllowed", min_bytes.to_string())]
            }
            _ => Vec::new(),
        }
    }
}

impl fmt::Display for PostPolicyProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message())?;
        match self {
            PostPolicyProblem::InvalidJson(why) => write!(f, " ({why})"),
            _ => self.fields().into_iter().try_for_each(|(name, value)| write!(f, " {name}={value}")),
        }
    }
}

impl std::error::Error for PostPolicyProblem {}
