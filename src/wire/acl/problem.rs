//! What is wrong with an ACL, and how S3 says it.

use std::fmt;

use crate::wire::error_codes::Code;
use crate::wire::xml::ShapeError;

/// Why an ACL is refused. The sentences and fields were seen on AWS unless a comment says otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AclProblem {
    /// The document is not of the schema.
    Shape(ShapeError),
    /// More than [`MAX_GRANTS`](super::MAX_GRANTS). Which error S3 answers was not seen; a count is the schema's business.
    TooManyGrants(usize),
    /// `x-amz-acl` is no canned ACL.
    UnknownCanned(String),
    /// `x-amz-acl` and `x-amz-grant-*` at once.
    CannedAndGrants,
    /// A header and a document at once.
    HeadersAndDocument,
    /// Neither a header nor a document.
    Nothing,
    /// A piece of `x-amz-grant-*` that is not `id="…"`, `uri="…"` or `emailAddress="…"`.
    MalformedHeader {
        /// Which header.
        header: &'static str,
        /// The piece.
        given: String,
    },
    /// A canonical user id of no account.
    UnknownId {
        /// `id`, or `CanonicalUser/ID` in a document.
        argument: &'static str,
        /// The id.
        given: String,
    },
    /// A URI of no group.
    UnknownGroup {
        /// `uri`, or `Group/URI` in a document.
        argument: &'static str,
        /// The URI.
        given: String,
    },
    /// An email address, where they are no longer taken.
    /// Source: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_Grantee.html>
    EmailDiscontinued(String),
    /// An email address of no account.
    UnknownEmail(String),
    /// An email address of several accounts.
    AmbiguousEmail(String),
}

impl AclProblem {
    /// The error code.
    pub fn code(&self) -> Code {
        match self {
            AclProblem::Shape(_) | AclProblem::TooManyGrants(_) => Code::MalformedAclError,
            AclProblem::UnknownCanned(_)
            | AclProblem::MalformedHeader { .. }
            | AclProblem::UnknownId { .. }
            | AclProblem::UnknownGroup { .. } => Code::InvalidArgument,
            AclProblem::CannedAndGrants => Code::InvalidRequest,
            AclProblem::HeadersAndDocument => Code::UnexpectedContent,
            AclProblem::Nothing => Code::MissingSecurityHeader,
            AclProblem::EmailDiscontinued(_) => Code::MethodNotAllowed,
            AclProblem::UnknownEmail(_) => Code::UnresolvableGrantByEmailAddress,
            AclProblem::AmbiguousEmail(_) => Code::AmbiguousGrantByEmailAddress,
        }
    }

    /// S3's sentence. Of an unknown canned ACL it is empty.
    pub fn message(&self) -> &'static str {
        match self {
            AclProblem::UnknownCanned(_) => "",
            AclProblem::CannedAndGrants => "Specifying both Canned ACLs and Header Grants is not allowed",
            AclProblem::MalformedHeader { .. } => "Argument format not recognized",
            AclProblem::UnknownId { .. } => "Invalid id",
            AclProblem::UnknownGroup { .. } => "Invalid group uri",
            other => other.code().message(),
        }
    }

    /// The extra elements of the error.
    pub fn fields(&self) -> Vec<(&'static str, String)> {
        let (name, value) = match self {
            AclProblem::UnknownCanned(given) => ("x-amz-acl", given),
            AclProblem::MalformedHeader { header: name, given }
            | AclProblem::UnknownId { argument: name, given }
            | AclProblem::UnknownGroup { argument: name, given } => (*name, given),
            AclProblem::Nothing => return vec![("MissingHeaderName", "x-amz-acl".to_owned())],
            _ => return Vec::new(),
        };
        vec![("ArgumentName", name.to_owned()), ("ArgumentValue", value.clone())]
    }
}

impl From<ShapeError> for AclProblem {
    fn from(error: ShapeError) -> AclProblem {
        AclProblem::Shape(error)
    }
}

impl fmt::Display for AclProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AclProblem::Shape(error) => error.fmt(f),
            AclProblem::TooManyGrants(count) => {
                write!(f, "there are {count} grants; {} is the most", super::MAX_GRANTS)
            }
            AclProblem::UnknownCanned(given) => write!(f, "x-amz-acl {given:?} is no canned ACL"),
            AclProblem::EmailDiscontinued(email) => {
                write!(f, "S3 no longer takes email addresses ({email:?}); grant to a canonical user id")
            }
            AclProblem::UnknownEmail(email) => write!(f, "no account has the email address {email:?}"),
            AclProblem::AmbiguousEmail(email) => write!(f, "several accounts have the email address {email:?}"),
            AclProblem::MalformedHeader { header: name, given }
            | AclProblem::UnknownId { argument: name, given }
            | AclProblem::UnknownGroup { argument: name, given } => {
                write!(f, "{}: {name} {given:?}", self.message())
            }
            AclProblem::CannedAndGrants | AclProblem::HeadersAndDocument | AclProblem::Nothing => {
                f.write_str(self.message())
            }
        }
    }
}

impl std::error::Error for AclProblem {}
