//! The ACLs that have a name: `x-amz-acl`. What they grant is AWS's table.
//!
//! Source: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/acl-overview.html#canned-acl>

use super::{Acl, AclProblem, Grant, Grantee, Group, Owner, Permission};

/// The account of Amazon EC2 that fetches machine images (`za-team`), whom `aws-exec-read` means. Its id is the one that the
/// tools for bundling images granted to; what S3 itself shows was not recorded.
const EC2_ID: &str = "6aa5a366c34c1cbe25dc49211496e913e0351eb0e8c37aa3477e40942ec6b97c";

/// A list with a name. Which grants it stands for depends on what it is put on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the variants are AWS's names")]
pub enum CannedAcl {
    Private,
    PublicRead,
    PublicReadWrite,
    AwsExecRead,
    AuthenticatedRead,
    BucketOwnerRead,
    BucketOwnerFullControl,
    LogDeliveryWrite,
}

impl CannedAcl {
    /// Every name.
    pub const ALL: [CannedAcl; 8] = [
        CannedAcl::Private,
        CannedAcl::PublicRead,
        CannedAcl::PublicReadWrite,
        CannedAcl::AwsExecRead,
        CannedAcl::AuthenticatedRead,
        CannedAcl::BucketOwnerRead,
        CannedAcl::BucketOwnerFullControl,
        CannedAcl::LogDeliveryWrite,
    ];

    /// AWS's name.
    pub fn name(self) -> &'static str {
        match self {
            CannedAcl::Private => "private",
            CannedAcl::PublicRead => "public-read",
            CannedAcl::PublicReadWrite => "public-read-write",
            CannedAcl::AwsExecRead => "aws-exec-read",
            CannedAcl::AuthenticatedRead => "authenticated-read",
            CannedAcl::BucketOwnerRead => "bucket-owner-read",
            CannedAcl::BucketOwnerFullControl => "bucket-owner-full-control",
            CannedAcl::LogDeliveryWrite => "log-delivery-write",
        }
    }

    /// Reads `x-amz-acl`, case included.
    pub fn parse(name: &str) -> Result<CannedAcl, AclProblem> {
        let found = CannedAcl::ALL.into_iter().find(|canned| canned.name() == name);
        found.ok_or_else(|| AclProblem::UnknownCanned(name.to_owned()))
    }

    /// Whether it grants something to everyone, or to everyone with credentials.
    pub fn is_public(self) -> bool {
        matches!(self, CannedAcl::PublicRead | CannedAcl::PublicReadWrite | CannedAcl::AuthenticatedRead)
    }

    /// The list of a bucket. Names that speak of the bucket's owner say nothing new here, and S3 takes them as `private`.
    pub fn on_bucket(self, owner: Owner) -> Acl {
        let mut acl = Acl::private(owner);
        match self {
            CannedAcl::LogDeliveryWrite => {
                acl.grants.extend([Permission::Write, Permission::ReadAcp].map(|what| to(Group::LogDelivery, what)));
            }
            common => common.extend_common(&mut acl),
        }
        acl
    }

    /// The list of an object. `log-delivery-write` is for buckets only; on an object it is taken as `private`.
    pub fn on_object(self, owner: Owner, bucket_owner: Owner) -> Acl {
        let mut acl = Acl::private(owner);
        let others = bucket_owner.id != acl.owner.id;
        let grantee = Grantee::User(bucket_owner);
        match self {
            CannedAcl::BucketOwnerRead if others => acl.grants.push(Grant { grantee, permission: Permission::Read }),
            CannedAcl::BucketOwnerFullControl if others => {
                acl.grants.push(Grant { grantee, permission: Permission::FullControl });
            }
            common => common.extend_common(&mut acl),
        }
        acl
    }

    /// What means the same on a bucket and an object.
    fn extend_common(self, acl: &mut Acl) {
        match self {
            CannedAcl::Private
            | CannedAcl::BucketOwnerRead
            | CannedAcl::BucketOwnerFullControl
            | CannedAcl::LogDeliveryWrite => {}
            CannedAcl::PublicRead => acl.grants.push(to(Group::AllUsers, Permission::Read)),
            CannedAcl::PublicReadWrite => {
                acl.grants.extend([Permission::Read, Permission::Write].map(|what| to(Group::AllUsers, what)));
            }
            CannedAcl::AuthenticatedRead => acl.grants.push(to(Group::AuthenticatedUsers, Permission::Read)),
            CannedAcl::AwsExecRead => {
                let grantee = Grantee::User(Owner::new(EC2_ID));
                acl.grants.push(Grant { grantee, permission: Permission::Read });
            }
        }
    }
}

fn to(group: Group, permission: Permission) -> Grant {
    Grant { grantee: Grantee::Group(group), permission }
}
