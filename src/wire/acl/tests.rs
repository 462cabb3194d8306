//! Tests of ACLs: documents, headers, canned lists, and whom they let in.

use super::*;
use crate::wire::error_codes::Code;
use crate::wire::xml::Element;

const ALICE: &str = "a1";
const BOB: &str = "b2";

/// Alice and Bob have accounts, Alice a name. The field says what email addresses lead to.
struct Book(ByEmail);

impl Accounts for Book {
    fn by_id(&self, id: &str) -> Option<Owner> {
        match id {
            ALICE => Some(alice()),
            BOB => Some(Owner::new(BOB)),
            _ => None,
        }
    }

    fn by_email(&self, _email: &str) -> ByEmail {
        self.0.clone()
    }
}

const BOOK: Book = Book(ByEmail::Discontinued);

fn alice() -> Owner {
    Owner { id: ALICE.to_owned(), display_name: Some("Alice".to_owned()) }
}

fn user(id: &str, permission: Permission) -> Grant {
    Grant { grantee: Grantee::User(BOOK.by_id(id).unwrap()), permission }
}

fn group(group: Group, permission: Permission) -> Grant {
    Grant { grantee: Grantee::Group(group), permission }
}

fn parse_with(inner: &str, book: &Book) -> Result<Acl, AclProblem> {
    let document = format!(
        "<AccessControlPolicy xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\">{inner}</AccessControlPolicy>"
    );
    Acl::parse(&Element::parse(document.as_bytes()).unwrap(), book)
}

fn parse(inner: &str) -> Result<Acl, AclProblem> {
    parse_with(inner, &BOOK)
}

/// Alice's list with one grant.
fn one_grant(kind: &str, grantee: &str, permission: &str) -> String {
    format!(
        "<Owner><ID>a1</ID></Owner><AccessControlList><Grant><Grantee xsi:type=\"{kind}\">{grantee}</Grantee>\
         <Permission>{permission}</Permission></Grant></AccessControlList>"
    )
}

fn argument(name: &str, value: &str) -> Vec<(&'static str, String)> {
    vec![("ArgumentName", name.to_owned()), ("ArgumentValue", value.to_owned())]
}

#[test]
fn a_document_and_back() {
    let acl = Acl {
        owner: alice(),
        grants: vec![user(ALICE, Permission::FullControl), group(Group::LogDelivery, Permission::ReadAcp)],
    };
    let xsi = "xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\"";
    assert_eq!(
        acl.to_xml(),
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
             <AccessControlPolicy xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Owner><ID>a1</ID>\
             <DisplayName>Alice</DisplayName></Owner><AccessControlList><Grant>\
             <Grantee {xsi} xsi:type=\"CanonicalUser\"><ID>a1</ID><DisplayName>Alice</DisplayName></Grantee>\
             <Permission>FULL_CONTROL</Permission></Grant><Grant><Grantee {xsi} xsi:type=\"Group\">\
             <URI>http://acs.amazonaws.com/groups/s3/LogDelivery</URI></Grantee><Permission>READ_ACP</Permission>\
             </Grant></AccessControlList></AccessControlPolicy>"
        )
    );
    assert_eq!(Acl::parse(&Element::parse(acl.to_xml().as_bytes()).unwrap(), &BOOK), Ok(acl.clone()));
    let stored = serde_json::to_string(&acl).unwrap();
    assert_eq!(serde_json::from_str::<Acl>(&stored).unwrap(), acl);
    let none = parse("<Owner><ID>b2</ID><DisplayName>ignored</DisplayName></Owner><AccessControlList/>").unwrap();
    assert_eq!(none, Acl { owner: Owner::new(BOB), grants: vec![] });
}

/// What AWS answered, by `LocalStack`'s recordings of February 2026.
#[test]
fn documents_of_another_schema() {
    let grantee = "<URI>http://acs.amazonaws.com/groups/s3/LogDelivery</URI>";
    let fine = one_grant("Group", grantee, "WRITE");
    assert!(parse(&fine).is_ok());
    for inner in [
        String::new(),
        fine.replace("<Owner><ID>a1</ID></Owner>", ""),
        fine.replace("<ID>a1</ID>", ""),
        "<Owner><ID>a1</ID></Owner>".to_owned(),
        fine.replace("WRITE", "WRONG-PERMISSION"),
        fine.replace("WRITE", "write"),
        fine.replace("<Permission>WRITE</Permission>", ""),
        fine.replace("\"Group\"", "\"BadType\""),
        fine.replace(" xsi:type=\"Group\"", ""),
        fine.replace("\"Group\"", "\"CanonicalUser\""),
        fine.replace(grantee, ""),
        fine.replace("AccessControlList", "Acl"),
        // The structure comes before the ids.
        fine.replace("a1", "wrong-id").replace("WRITE", "WRONG-PERMISSION"),
    ] {
        let problem = parse(&inner).unwrap_err();
        assert_eq!((problem.code(), problem.fields()), (Code::MalformedAclError, vec![]), "{inner}");
        assert_eq!(problem.message(), Code::MalformedAclError.message());
    }
    let grant = "<Grant><Grantee xsi:type=\"CanonicalUser\"><ID>b2</ID></Grantee><Permission>READ</Permission></Grant>";
    let many =
        |count| format!("<Owner><ID>a1</ID></Owner><AccessControlList>{}</AccessControlList>", grant.repeat(count));
    assert_eq!(parse(&many(100)).unwrap().grants.len(), 100);
    assert_eq!(parse(&many(101)), Err(AclProblem::TooManyGrants(101)));
}

#[test]
fn documents_that_name_nobody() {
    let fake = "http://acs.amazonaws.com/groups/s3/FakeGroup";
    for (inner, message, fields) in [
        (one_grant("Group", &format!("<URI>{fake}</URI>"), "READ"), "Invalid group uri", argument("Group/URI", fake)),
        (
            one_grant("CanonicalUser", "<ID>wrong-id</ID>", "READ"),
            "Invalid id",
            argument("CanonicalUser/ID", "wrong-id"),
        ),
        (
            one_grant("CanonicalUser", "<ID>b2</ID>", "READ").replace("a1", "wrong-id"),
            "Invalid id",
            argument("CanonicalUser/ID", "wrong-id"),
        ),
    ] {
        let problem = parse(&inner).unwrap_err();
        assert_eq!((problem.code(), problem.message()), (Code::InvalidArgument, message), "{inner}");
        assert_eq!(problem.fields(), fields);
    }
}

#[test]
fn email_addresses() {
    let inner = one_grant("AmazonCustomerByEmail", "<EmailAddress>b@example.com</EmailAddress>", "READ");
    let with = |found: ByEmail| parse_with(&inner, &Book(found));
    let found = with(ByEmail::Account(Owner::new(BOB))).unwrap();
    assert_eq!(found.grants, [user(BOB, Permission::Read)]);
    let code = |found| with(found).unwrap_err().code();
    assert_eq!(code(ByEmail::Discontinued), Code::MethodNotAllowed);
    assert_eq!(code(ByEmail::Nobody), Code::UnresolvableGrantByEmailAddress);
    assert_eq!(code(ByEmail::Ambiguous), Code::AmbiguousGrantByEmailAddress);
}

fn headers(pairs: &'static [(&str, &str)]) -> Result<Option<AclHeaders>, AclProblem> {
    AclHeaders::parse(|name| pairs.iter().find(|(other, _)| *other == name).map(|(_, value)| *value), &BOOK)
}

#[test]
fn headers_grant_nothing_to_the_owner() {
    assert_eq!(headers(&[]), Ok(None));
    assert_eq!(headers(&[("x-amz-acl", "")]), Ok(None));
    let public = headers(&[("x-amz-acl", "public-read")]).unwrap().unwrap();
    assert_eq!(public, AclHeaders::Canned(CannedAcl::PublicRead));
    assert!(public.is_public());
    let granted = headers(&[
        ("x-amz-grant-read", "uri=\"http://acs.amazonaws.com/groups/s3/LogDelivery\", id=b2"),
        ("x-amz-grant-full-control", "id=\"a1\""),
    ])
    .unwrap()
    .unwrap();
    assert!(!granted.is_public());
    let expected = vec![
        user(ALICE, Permission::FullControl),
        group(Group::LogDelivery, Permission::Read),
        user(BOB, Permission::Read),
    ];
    assert_eq!(granted, AclHeaders::Grants(expected.clone()));
    assert_eq!(granted.clone().on_bucket(alice()), Acl { owner: alice(), grants: expected.clone() });
    assert_eq!(granted.on_object(Owner::new(BOB), alice()), Acl { owner: Owner::new(BOB), grants: expected });
}

/// What AWS answered, by `LocalStack`'s recordings of February 2026.
#[test]
fn headers_that_are_refused() {
    let refused = |pairs| headers(pairs).unwrap_err();
    let problem = refused(&[("x-amz-acl", "fake-acl")]);
    assert_eq!((problem.code(), problem.message()), (Code::InvalidArgument, ""));
    assert_eq!(problem.fields(), argument("x-amz-acl", "fake-acl"));

    let problem = refused(&[("x-amz-grant-write", "uri=\"http://acs.amazonaws.com/groups/s3/FakeGroup\"")]);
    assert_eq!(problem.message(), "Invalid group uri");
    assert_eq!(problem.fields(), argument("uri", "http://acs.amazonaws.com/groups/s3/FakeGroup"));

    for piece in ["fakekey=\"1234\"", "id", "", "id=\"1234"] {
        let value = |name: &str| (name == "x-amz-grant-write").then_some(piece);
        let problem = AclHeaders::parse(value, &BOOK).unwrap_err();
        assert_eq!(problem.message(), "Argument format not recognized");
        assert_eq!(problem.fields(), argument("x-amz-grant-write", piece));
    }

    let problem = refused(&[("x-amz-grant-write", "id=\"wrong-id\"")]);
    assert_eq!((problem.message(), problem.fields()), ("Invalid id", argument("id", "wrong-id")));

    let problem = refused(&[("x-amz-acl", "private"), ("x-amz-grant-read", "id=\"b2\"")]);
    assert_eq!(problem.code(), Code::InvalidRequest);
    assert_eq!(problem.message(), "Specifying both Canned ACLs and Header Grants is not allowed");

    assert_eq!(refused(&[("x-amz-grant-read", "emailAddress=\"b@example.com\"")]).code(), Code::MethodNotAllowed);

    assert_eq!(AclProblem::HeadersAndDocument.code(), Code::UnexpectedContent);
    assert_eq!(AclProblem::HeadersAndDocument.message(), "This request does not support content");
    assert_eq!(AclProblem::Nothing.code(), Code::MissingSecurityHeader);
    assert_eq!(AclProblem::Nothing.message(), "Your request was missing a required header");
    assert_eq!(AclProblem::Nothing.fields(), [("MissingHeaderName", "x-amz-acl".to_owned())]);
}

#[test]
fn canned_lists() {
    for canned in CannedAcl::ALL {
        assert_eq!(CannedAcl::parse(canned.name()), Ok(canned));
        assert_eq!(canned.is_public(), canned.on_bucket(alice()).is_public(), "{}", canned.name());
        assert_eq!(canned.is_public(), canned.on_object(alice(), alice()).is_public(), "{}", canned.name());
    }
    let own = user(ALICE, Permission::FullControl);
    let everyone = |what| group(Group::AllUsers, what);
    let log = |what| group(Group::LogDelivery, what);
    let on_bucket = |canned: CannedAcl| canned.on_bucket(alice()).grants;
    assert_eq!(on_bucket(CannedAcl::Private), std::slice::from_ref(&own));
    assert_eq!(on_bucket(CannedAcl::PublicRead), [own.clone(), everyone(Permission::Read)]);
    assert_eq!(
        on_bucket(CannedAcl::PublicReadWrite),
        [own.clone(), everyone(Permission::Read), everyone(Permission::Write)]
    );
    assert_eq!(
        on_bucket(CannedAcl::AuthenticatedRead),
        [own.clone(), group(Group::AuthenticatedUsers, Permission::Read)]
    );
    assert_eq!(on_bucket(CannedAcl::LogDeliveryWrite), [own.clone(), log(Permission::Write), log(Permission::ReadAcp)]);
    assert_eq!(on_bucket(CannedAcl::BucketOwnerFullControl), std::slice::from_ref(&own));
    assert_eq!(on_bucket(CannedAcl::AwsExecRead).len(), 2);

    let on_object = |canned: CannedAcl| canned.on_object(alice(), Owner::new(BOB)).grants;
    assert_eq!(on_object(CannedAcl::BucketOwnerRead), [own.clone(), user(BOB, Permission::Read)]);
    assert_eq!(on_object(CannedAcl::BucketOwnerFullControl), [own.clone(), user(BOB, Permission::FullControl)]);
    assert_eq!(on_object(CannedAcl::LogDeliveryWrite), std::slice::from_ref(&own));
    assert_eq!(CannedAcl::BucketOwnerRead.on_object(alice(), alice()).grants, [own]);
}

#[test]
fn whom_a_list_lets_in() {
    let acl = Acl {
        owner: alice(),
        grants: vec![
            group(Group::AllUsers, Permission::Read),
            group(Group::AuthenticatedUsers, Permission::ReadAcp),
            group(Group::LogDelivery, Permission::Write),
            user(BOB, Permission::FullControl),
        ],
    };
    let allowed = |caller: Caller<'_>| {
        let names = Permission::ALL.into_iter().filter(|what| acl.permit(caller, *what).is_some());
        names.map(Permission::name).collect::<Vec<_>>()
    };
    assert_eq!(allowed(Caller::Anonymous), ["READ"]);
    assert_eq!(allowed(Caller::Account("someone")), ["READ", "READ_ACP"]);
    assert_eq!(allowed(Caller::Account(BOB)), ["FULL_CONTROL", "READ", "WRITE", "READ_ACP", "WRITE_ACP"]);
    // Nothing was granted to the owner.
    assert_eq!(allowed(Caller::Account(ALICE)), ["READ", "READ_ACP", "WRITE_ACP"]);
    assert_eq!(acl.permit(Caller::Account(ALICE), Permission::WriteAcp), Some(Permit::Owner));
    assert_eq!(
        acl.permit(Caller::Account(BOB), Permission::Write).unwrap().to_string(),
        "the ACL grants FULL_CONTROL for b2"
    );
    assert!(acl.is_public());
    let rest = acl.without_public_grants();
    assert!(!rest.is_public());
    assert_eq!(rest.grants.len(), 2);
    assert_eq!(rest.permit(Caller::Anonymous, Permission::Read), None);
}

#[test]
fn full_control_of_the_owner_and_nothing_else() {
    assert!(Acl::private(alice()).is_full_control_of(ALICE));
    assert!(!Acl::private(alice()).is_full_control_of(BOB));
    assert!(CannedAcl::BucketOwnerFullControl.on_bucket(alice()).is_full_control_of(ALICE));
    assert!(!CannedAcl::PublicRead.on_bucket(alice()).is_full_control_of(ALICE));
    assert!(!Acl { owner: alice(), grants: vec![] }.is_full_control_of(ALICE));
}
