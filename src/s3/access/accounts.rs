//! Accounts as ACLs name them: by canonical user ids. They are those of the configured identities.

use crate::engine::bucket::Bucket;
use crate::http::identity::{Identities, Identity};
use crate::s3::auth::Principal;
use crate::s3::{AclDefaults, Config};
use crate::wire::acl::{Accounts, Acl, ByEmail, Grantee, Owner};

/// The id that S3 shows for callers without credentials, who own what they have put into a bucket that is open to all.
/// Source: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/managing-acls.html>
pub(crate) const ANONYMOUS_ID: &str = "65a011a29cdf8ec533ec3d1ccaae921c";

/// The accounts that grants may name.
pub(crate) fn directory(config: &Config) -> impl Accounts {
    Directory(config)
}

/// The owner of a bucket.
pub(crate) fn bucket_owner(identities: &Identities, bucket: &Bucket) -> Owner {
    owner_of_account(identities, &bucket.account)
}

/// An account, also one of which no identity is configured any more.
pub(crate) fn owner_of_account(identities: &Identities, account: &str) -> Owner {
    let found = identities.iter().find(|identity| identity.account == account);
    Owner::new(match found {
        Some(identity) => identity.canonical_id.clone(),
        None => Identity::of_account("", "", account).canonical_id,
    })
}

/// The caller, as the owner of what it makes.
pub(crate) fn caller_as_owner(principal: &Principal) -> Owner {
    match principal {
        Principal::Identity(identity) => Owner::new(identity.canonical_id.clone()),
        Principal::Anonymous => Owner::new(ANONYMOUS_ID),
    }
}

/// The display name that is shown beside a canonical id: none since November 2025; before, each account's.
pub(crate) fn display_name<'a>(config: &'a Config, id: &str) -> Option<&'a str> {
    let named = || config.identities.iter().find(|identity| identity.canonical_id == id);
    match config.acl_defaults {
        AclDefaults::Aws => None,
        AclDefaults::Legacy => named().map(|identity| identity.display_name.as_str()),
    }
}

/// A list as it is shown, with names where names are shown.
pub(crate) fn shown(config: &Config, mut acl: Acl) -> Acl {
    let name = |owner: &mut Owner| owner.display_name = display_name(config, &owner.id).map(str::to_owned);
    name(&mut acl.owner);
    for grant in &mut acl.grants {
        if let Grantee::User(user) = &mut grant.grantee {
            name(user);
        }
    }
    acl
}

struct Directory<'a>(&'a Config);

impl Accounts for Directory<'_> {
    fn by_id(&self, id: &str) -> Option<Owner> {
        self.0.identities.iter().any(|identity| identity.canonical_id == id).then(|| Owner::new(id))
    }

    fn by_email(&self, email: &str) -> ByEmail {
        if self.0.acl_defaults == AclDefaults::Aws {
            return ByEmail::Discontinued;
        }
        let mut ids: Vec<&str> = Vec::new();
        for identity in self.0.identities.iter().filter(|identity| identity.email.as_deref() == Some(email)) {
            if !ids.contains(&identity.canonical_id.as_str()) {
                ids.push(&identity.canonical_id);
            }
        }
        match ids[..] {
            [] => ByEmail::Nobody,
            [id] => ByEmail::Account(Owner::new(id)),
            _ => ByEmail::Ambiguous,
        }
    }
}
