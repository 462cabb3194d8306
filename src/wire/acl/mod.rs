//! Access control lists of buckets and objects: who was granted what, in the document of `PutBucketAcl` and `PutObjectAcl`,
//! in the headers `x-amz-grant-*` and as the canned `x-amz-acl`; and what a list grants to a caller. Whether ACLs count at
//! all is said by `ownership_controls` and `public_access_block`.
//!
//! Source: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/acl-overview.html>

mod canned;
mod document;
mod headers;
mod problem;

use std::fmt;

use serde::{Deserialize, Serialize};

pub use canned::CannedAcl;
pub use document::parse_grants;
pub use headers::{AclHeaders, GRANT_HEADERS};
pub use problem::AclProblem;

/// The largest document, in bytes.
pub const MAX_DOCUMENT_BYTES: usize = 204_800;

/// The most grants of a list.
pub const MAX_GRANTS: usize = 100;

/// Who owns a bucket or an object, and what is granted to whom.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Acl {
    /// The owner, who may always read and write the list itself.
    pub owner: Owner,
    /// The grants in their order.
    pub grants: Vec<Grant>,
}

/// An account, as ACLs name it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Owner {
    /// The canonical user id.
    pub id: String,
    /// S3 stopped showing names in November 2025. Where they are wanted as they were before, the name is here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
}

/// A permission for someone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    /// For whom.
    pub grantee: Grantee,
    /// What.
    pub permission: Permission,
}

/// Someone to whom something is granted. An email address is another way to name an account when a grant is made; what is
/// kept and shown is the account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Grantee {
    /// An account.
    User(Owner),
    /// A group that AWS defines.
    Group(Group),
}

/// The groups that AWS defines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Group {
    /// Everyone, without credentials too.
    AllUsers,
    /// Everyone with credentials, of whatever account.
    AuthenticatedUsers,
    /// Server access logging.
    LogDelivery,
}

/// What may be granted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Permission {
    /// All of the others.
    #[serde(rename = "FULL_CONTROL")]
    FullControl,
    /// Listing a bucket, reading an object.
    #[serde(rename = "READ")]
    Read,
    /// Making and deleting objects in a bucket. On an object it means nothing.
    #[serde(rename = "WRITE")]
    Write,
    /// Reading the list.
    #[serde(rename = "READ_ACP")]
    ReadAcp,
    /// Writing the list.
    #[serde(rename = "WRITE_ACP")]
    WriteAcp,
}

/// A caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Caller<'a> {
    /// Without credentials.
    Anonymous,
    /// With those of the account of this canonical user id.
    Account(&'a str),
}

/// Why a list allows something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Permit<'a> {
    /// Owners may always read and write the list.
    Owner,
    /// This grant says so.
    Grant(&'a Grant),
}

/// Finds the accounts that grants name.
pub trait Accounts {
    /// The account of a canonical user id; S3 refuses ids of no account.
    fn by_id(&self, id: &str) -> Option<Owner>;

    /// The account of an email address.
    fn by_email(&self, email: &str) -> ByEmail;
}

/// What an email address leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ByEmail {
    /// S3 no longer takes email addresses (405 since October 2025).
    Discontinued,
    /// An account.
    Account(Owner),
    /// No account.
    Nobody,
    /// More than one.
    Ambiguous,
}

impl Acl {
    /// The list of what nobody said anything about: full control for the owner.
    pub fn private(owner: Owner) -> Acl {
        let grants = vec![Grant { grantee: Grantee::User(owner.clone()), permission: Permission::FullControl }];
        Acl { owner, grants }
    }

    /// Why the caller has this permission, if so. Asked for [`Permission::FullControl`], it looks for a grant of that.
    pub fn permit(&self, caller: Caller<'_>, permission: Permission) -> Option<Permit<'_>> {
        if matches!(permission, Permission::ReadAcp | Permission::WriteAcp)
            && caller == Caller::Account(self.owner.id.as_str())
        {
            return Some(Permit::Owner);
        }
        let grant = self.grants.iter().find(|grant| grant.includes(permission) && grant.grantee.includes(caller));
        grant.map(Permit::Grant)
    }

    /// Whether anything is granted to everyone, or to everyone with credentials: what a public access block calls public.
    pub fn is_public(&self) -> bool {
        self.grants.iter().any(Grant::is_public)
    }

    /// The list as it counts where public ACLs are ignored.
    #[must_use]
    pub fn without_public_grants(&self) -> Acl {
        let grants = self.grants.iter().filter(|grant| !grant.is_public()).cloned().collect();
        Acl { owner: self.owner.clone(), grants }
    }

    /// Whether the list says no more than that this account has full control: what a bucket that enforces its owner's
    /// ownership still takes.
    pub fn is_full_control_of(&self, id: &str) -> bool {
        let of_account = |grant: &Grant| {
            grant.permission == Permission::FullControl
                && matches!(&grant.grantee, Grantee::User(user) if user.id == id)
        };
        !self.grants.is_empty() && self.grants.iter().all(of_account)
    }
}

impl Owner {
    /// An account without a name.
    pub fn new(id: impl Into<String>) -> Owner {
        Owner { id: id.into(), display_name: None }
    }
}

impl Grant {
    /// Whether it is a grant to everyone, or to everyone with credentials.
    pub fn is_public(&self) -> bool {
        matches!(self.grantee, Grantee::Group(Group::AllUsers | Group::AuthenticatedUsers))
    }

    fn includes(&self, permission: Permission) -> bool {
        self.permission == permission || self.permission == Permission::FullControl
    }
}

impl Grantee {
    /// Whether a caller is meant.
    pub fn includes(&self, caller: Caller<'_>) -> bool {
        match (self, caller) {
            (Grantee::Group(Group::AllUsers), _) | (Grantee::Group(Group::AuthenticatedUsers), Caller::Account(_)) => {
                true
            }
            (Grantee::User(user), Caller::Account(id)) => user.id == id,
            (Grantee::Group(_) | Grantee::User(_), _) => false,
        }
    }
}

impl Group {
    /// Every group.
    pub const ALL: [Group; 3] = [Group::AllUsers, Group::AuthenticatedUsers, Group::LogDelivery];

    /// The name in documents and headers.
    pub fn uri(self) -> &'static str {
        match self {
            Group::AllUsers => "http://acs.amazonaws.com/groups/global/AllUsers",
            Group::AuthenticatedUsers => "http://acs.amazonaws.com/groups/global/AuthenticatedUsers",
            Group::LogDelivery => "http://acs.amazonaws.com/groups/s3/LogDelivery",
        }
    }

    /// Reads the name in documents and headers.
    pub fn parse(uri: &str) -> Option<Group> {
        Group::ALL.into_iter().find(|group| group.uri() == uri)
    }
}

impl Permission {
    /// Every permission.
    pub const ALL: [Permission; 5] =
        [Permission::FullControl, Permission::Read, Permission::Write, Permission::ReadAcp, Permission::WriteAcp];

    /// AWS's name.
    pub fn name(self) -> &'static str {
        match self {
            Permission::FullControl => "FULL_CONTROL",
            Permission::Read => "READ",
            Permission::Write => "WRITE",
            Permission::ReadAcp => "READ_ACP",
            Permission::WriteAcp => "WRITE_ACP",
        }
    }

    /// Reads AWS's name, case included.
    pub fn parse(name: &str) -> Option<Permission> {
        Permission::ALL.into_iter().find(|permission| permission.name() == name)
    }
}

impl fmt::Display for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// For the log: `READ for http://acs.amazonaws.com/groups/global/AllUsers`.
impl fmt::Display for Grant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let grantee = match &self.grantee {
            Grantee::User(user) => user.id.as_str(),
            Grantee::Group(group) => group.uri(),
        };
        write!(f, "{} for {grantee}", self.permission)
    }
}

/// For the log.
impl fmt::Display for Permit<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Permit::Owner => f.write_str("the owner may always read and write the ACL"),
            Permit::Grant(grant) => write!(f, "the ACL grants {grant}"),
        }
    }
}

#[cfg(test)]
mod tests;
