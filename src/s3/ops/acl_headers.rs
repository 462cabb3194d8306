//! The ACL that a request gives to a bucket or an object: in headers, in a document, or by saying nothing. Not what it
//! grants, which `access` asks.

use crate::s3::access::{self, Blocked, BucketAccess, bucket_owner, caller_as_owner, directory};
use crate::s3::call::Call;
use crate::s3::error::{Result, S3Error};
use crate::s3::intake::DigestRule;
use crate::wire::acl::{Acl, AclHeaders, AclProblem, CannedAcl, GRANT_HEADERS, MAX_DOCUMENT_BYTES, Owner};
use crate::wire::error_codes::Code;
use crate::wire::ownership_controls::ObjectOwnership;
use crate::wire::public_access_block::PublicAccessBlock;
use crate::wire::xml::Element;

/// `x-amz-acl` and `x-amz-grant-*`, if there are any.
pub(super) fn parse(call: &Call) -> Result<Option<AclHeaders>> {
    let names = GRANT_HEADERS.iter().map(|(name, _)| *name).chain(["x-amz-acl"]);
    let sent: Vec<(&str, String)> = names.filter_map(|name| Some((name, call.head.header(name)?))).collect();
    if sent.is_empty() {
        return Ok(None);
    }
    let header = |name: &str| sent.iter().find(|(other, _)| *other == name).map(|(_, value)| value.trim());
    AclHeaders::parse(header, &directory(&call.shared.config)).map_err(refusal)
}

/// The ACL of an object that a request makes. None: it is the bucket's owner's, who alone may do anything with it.
pub(super) fn of_new_object(call: &Call) -> Result<Option<Acl>> {
    let given = parse(call)?;
    let bucket = call.bucket()?;
    let access = BucketAccess::of(&call.shared, bucket)?;
    let bucket_owner = bucket_owner(&call.shared.config.identities, bucket);
    if !access.acls_count() {
        check_enforced(given.as_ref(), &bucket_owner)?;
        return Ok(None);
    }
    if given.as_ref().is_some_and(AclHeaders::is_public) {
        refuse_blocked(call, &access, "s3:PutObject")?;
    }
    let given_away = matches!(given, Some(AclHeaders::Canned(CannedAcl::BucketOwnerFullControl)));
    let owner = match access.ownership() {
        ObjectOwnership::BucketOwnerPreferred if given_away => bucket_owner.clone(),
        _ => caller_as_owner(&call.principal),
    };
    Ok(match given {
        None if owner == bucket_owner => None,
        None => Some(Acl::private(owner)),
        Some(headers) => Some(headers.on_object(owner, bucket_owner)),
    })
}

/// Where ACLs are off, one that says what holds anyway is taken: that the bucket's owner has full control. `private` is not
/// (clients that send it by default are refused).
/// Source: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/about-object-ownership.html>
fn check_enforced(given: Option<&AclHeaders>, bucket_owner: &Owner) -> Result<()> {
    let says_what_holds = match given {
        None | Some(AclHeaders::Canned(CannedAcl::BucketOwnerFullControl)) => true,
        Some(AclHeaders::Canned(_)) => false,
        Some(AclHeaders::Grants(grants)) => {
            Acl { owner: bucket_owner.clone(), grants: grants.clone() }.is_full_control_of(&bucket_owner.id)
        }
    };
    if says_what_holds { Ok(()) } else { Err(Code::AccessControlListNotSupported.into()) }
}

/// What `PutBucketAcl` and `PutObjectAcl` are given.
pub(super) enum Given {
    Headers(AclHeaders),
    Document(Acl),
}

/// Reads it.
pub(super) async fn receive(call: &mut Call) -> Result<Given> {
    let headers = parse(call)?;
    let body = call.document(MAX_DOCUMENT_BYTES as u64, DigestRule::Optional).await?;
    match (headers, body.is_empty()) {
        (Some(headers), true) => Ok(Given::Headers(headers)),
        (Some(_), false) => Err(refusal(AclProblem::HeadersAndDocument)),
        (None, true) => Err(refusal(AclProblem::Nothing)),
        (None, false) => {
            let document = Element::parse(&body).map_err(|_| Code::MalformedAclError)?;
            let acl = Acl::parse(&document, &directory(&call.shared.config));
            acl.map(Given::Document).map_err(refusal)
        }
    }
}

/// Checks what was given against what the bucket allows, and makes the list of it. None: ACLs are off, and nothing changes.
pub(super) fn settle(
    call: &Call,
    given: Given,
    action: &'static str,
    owner: &Owner,
    of_headers: impl FnOnce(AclHeaders) -> Acl,
) -> Result<Option<Acl>> {
    let bucket = call.bucket()?;
    let access = BucketAccess::of(&call.shared, bucket)?;
    let bucket_owner = bucket_owner(&call.shared.config.identities, bucket);
    if !access.acls_count() {
        let headers = match given {
            Given::Headers(headers) => headers,
            Given::Document(acl) => AclHeaders::Grants(acl.grants),
        };
        return check_enforced(Some(&headers), &bucket_owner).map(|()| None);
    }
    let acl = match given {
        Given::Headers(headers) => of_headers(headers),
        // A list does not give away what it is about.
        Given::Document(acl) if acl.owner.id != owner.id => {
            let because = format_args!("the ACL names {:?} as the owner, who is {:?}", acl.owner.id, owner.id);
            access::log_denial(&call.head, call.head.target.key(), because);
            return Err(Code::AccessDenied.into());
        }
        Given::Document(acl) => acl,
    };
    if acl.is_public() {
        refuse_blocked(call, &access, action)?;
    }
    Ok(Some(acl))
}

/// A public ACL is refused where those are blocked.
fn refuse_blocked(call: &Call, access: &BucketAccess, action: &'static str) -> Result<()> {
    if access.block().block_public_acls { Err(access::blocked(call, action, Blocked::Acls)) } else { Ok(()) }
}

/// The list of a bucket that is made with these headers, under this setting.
pub(super) fn of_new_bucket(
    given: Option<AclHeaders>,
    ownership: ObjectOwnership,
    block: PublicAccessBlock,
    owner: Owner,
) -> Result<Option<Acl>> {
    let Some(given) = given else { return Ok(None) };
    let public = given.is_public();
    let acl = given.on_bucket(owner);
    if !ownership.acls_count() {
        let only_the_owners = acl.is_full_control_of(&acl.owner.id);
        return if only_the_owners { Ok(None) } else { Err(Code::InvalidBucketAclWithObjectOwnership.into()) };
    }
    if public && block.block_public_acls {
        return Err(Code::InvalidBucketAclWithBlockPublicAccessError.into());
    }
    Ok(Some(acl))
}

/// The error of a refused ACL.
pub(super) fn refusal(problem: AclProblem) -> S3Error {
    tracing::info!("ACL refused: {problem}");
    problem.into()
}
