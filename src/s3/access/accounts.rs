//! Accounts as ACLs name them: by canonical user ids. They are those of the configured identities.

use crate::engine::bucket::Bucket;
use crate::http::identity::{Identities, Identity};
use crate::s3::auth::Principal;
use crate::wire::acl::{Accounts, ByEmail, Owner};

/// The id that S3 shows for callers without credentials, who own what they have put into a bucket that is open to all.
/// Source: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/managing-acls.html>
pub(crate) const ANONYMOUS_ID: &str = "65a011a29cdf8ec533ec3d1ccaae921c";

/// The accounts that grants may name.
pub(crate) fn directory(identities: &Identities) -> impl Accounts {
    Directory(identities)
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

struct Directory<'a>(&'a Identities);

impl Accounts for Directory<'_> {
    fn by_id(&self, id: &str) -> Option<Owner> {
        self.0.iter().any(|identity| identity.canonical_id == id).then(|| Owner::new(id))
    }

    fn by_email(&self, _email: &str) -> ByEmail {
        ByEmail::Discontinued
    }
}
