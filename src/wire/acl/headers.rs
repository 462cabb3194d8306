//! ACLs in a request's headers: `x-amz-acl`, or `x-amz-grant-*` with `id="…", uri="…", emailAddress="…"`.

use super::document::by_email;
use super::{Accounts, Acl, AclProblem, CannedAcl, Grant, Grantee, Group, MAX_GRANTS, Owner, Permission};

/// The headers that grant something, and what.
pub const GRANT_HEADERS: [(&str, Permission); 5] = [
    ("x-amz-grant-full-control", Permission::FullControl),
    ("x-amz-grant-read", Permission::Read),
    ("x-amz-grant-write", Permission::Write),
    ("x-amz-grant-read-acp", Permission::ReadAcp),
    ("x-amz-grant-write-acp", Permission::WriteAcp),
];

/// What a request's headers say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AclHeaders {
    /// `x-amz-acl`.
    Canned(CannedAcl),
    /// `x-amz-grant-*`: these grants and no others, for the owner neither.
    Grants(Vec<Grant>),
}

impl AclHeaders {
    /// Reads the headers, which are looked up by their lower-case names. None, if there are none; an empty `x-amz-acl` is
    /// as none.
    pub fn parse<'a>(
        header: impl Fn(&str) -> Option<&'a str>,
        accounts: &dyn Accounts,
    ) -> Result<Option<AclHeaders>, AclProblem> {
        let canned = header("x-amz-acl").filter(|name| !name.is_empty());
        let granting = GRANT_HEADERS.into_iter().filter_map(|(name, what)| Some((name, what, header(name)?)));
        let granting: Vec<_> = granting.collect();
        match canned {
            Some(_) if !granting.is_empty() => return Err(AclProblem::CannedAndGrants),
            Some(canned) => return CannedAcl::parse(canned).map(|canned| Some(AclHeaders::Canned(canned))),
            None if granting.is_empty() => return Ok(None),
            None => {}
        }
        let mut grants = Vec::new();
        for (name, permission, value) in granting {
            read_grants(name, permission, value, accounts, &mut grants)?;
        }
        if grants.len() > MAX_GRANTS {
            return Err(AclProblem::TooManyGrants(grants.len()));
        }
        Ok(Some(AclHeaders::Grants(grants)))
    }

    /// Whether something is granted to everyone, or to everyone with credentials.
    pub fn is_public(&self) -> bool {
        match self {
            AclHeaders::Canned(canned) => canned.is_public(),
            AclHeaders::Grants(grants) => grants.iter().any(Grant::is_public),
        }
    }

    /// The list of a bucket.
    pub fn on_bucket(self, owner: Owner) -> Acl {
        match self {
            AclHeaders::Canned(canned) => canned.on_bucket(owner),
            AclHeaders::Grants(grants) => Acl { owner, grants },
        }
    }

    /// The list of an object.
    pub fn on_object(self, owner: Owner, bucket_owner: Owner) -> Acl {
        match self {
            AclHeaders::Canned(canned) => canned.on_object(owner, bucket_owner),
            AclHeaders::Grants(grants) => Acl { owner, grants },
        }
    }
}

/// The grantees of one header. S3 documents them quoted, and takes them without.
fn read_grants(
    header: &'static str,
    permission: Permission,
    value: &str,
    accounts: &dyn Accounts,
    grants: &mut Vec<Grant>,
) -> Result<(), AclProblem> {
    for piece in value.split(',').map(str::trim) {
        let malformed = || AclProblem::MalformedHeader { header, given: piece.to_owned() };
        let (kind, name) = piece.split_once('=').ok_or_else(malformed)?;
        let name = unquoted(name.trim()).ok_or_else(malformed)?;
        let grantee = match kind.trim() {
            "id" => Grantee::User(
                accounts.by_id(name).ok_or_else(|| AclProblem::UnknownId { argument: "id", given: name.to_owned() })?,
            ),
            "uri" => Grantee::Group(
                Group::parse(name)
                    .ok_or_else(|| AclProblem::UnknownGroup { argument: "uri", given: name.to_owned() })?,
            ),
            "emailAddress" => Grantee::User(by_email(name, accounts)?),
            _ => return Err(malformed()),
        };
        grants.push(Grant { grantee, permission });
    }
    Ok(())
}

fn unquoted(text: &str) -> Option<&str> {
    match text.strip_prefix('"') {
        Some(rest) => rest.strip_suffix('"'),
        None => Some(text),
    }
}
