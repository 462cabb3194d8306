//! Tests of policies: what S3 refuses, what a policy says of requests, and which are public.

mod conditions;
mod documents;

use std::cell::RefCell;

use super::*;

const BUCKET: &str = "amzn-s3-demo-bucket";

/// A request's context: pairs of a key and a value, and which keys were asked for.
#[derive(Default)]
struct Context {
    values: Vec<(&'static str, &'static str)>,
    asked: RefCell<Vec<String>>,
}

impl RequestContext for Context {
    fn values(&self, key: &str) -> Vec<String> {
        self.asked.borrow_mut().push(key.to_owned());
        self.values.iter().filter(|(name, _)| *name == key).map(|(_, value)| (*value).to_owned()).collect()
    }
}

const ALICE: Caller<'_> = Caller::Account {
    account: "111122223333",
    arn: "arn:aws:iam::111122223333:user/team/alice",
    canonical_id: "a1",
    user_id: "AIDAALICEALICEALICE1",
};

fn policy(statements: &str) -> Policy {
    let document = format!("{{\"Version\": \"2012-10-17\", \"Statement\": {statements}}}");
    match Policy::parse(document.as_bytes(), BUCKET) {
        Ok(policy) => policy,
        Err(problem) => panic!("{problem}: {document}"),
    }
}

/// A statement that allows everyone to get objects, with more members.
fn allow_get(more: &str) -> String {
    format!(
        "{{\"Effect\": \"Allow\", \"Principal\": \"*\", \"Action\": \"s3:GetObject\", \
         \"Resource\": \"arn:aws:s3:::{BUCKET}/*\"{more}}}"
    )
}

fn with_principal(principal: &str) -> String {
    allow_get("").replace("\"*\"", principal)
}

fn decide<'a>(policy: &'a Policy, caller: Caller<'_>, action: &str, key: &str, context: &Context) -> Decision<'a> {
    let slash = if key.is_empty() { "" } else { "/" };
    let resource = format!("{ARN_PREFIX}{BUCKET}{slash}{key}");
    policy.decide(&Request { caller, action, resource: &resource, context })
}

fn allows(policy: &Policy, caller: Caller<'_>, action: &str, key: &str) -> bool {
    matches!(decide(policy, caller, action, key, &Context::default()), Decision::Allow(_))
}

#[test]
fn a_denial_counts_before_what_allows() {
    let policy = policy(
        &r#"[
            {"Sid": "Read", "Effect": "Allow", "Principal": "*", "Action": "s3:Get*", "Resource": "arn:aws:s3:::B/*"},
            {"Effect": "Allow", "Principal": "*", "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::B"},
            {"Sid": "Keep out", "Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "arn:aws:s3:::B/private/*"}
        ]"#
        .replace(":::B", &format!(":::{BUCKET}")),
    );
    let none = Context::default();
    let allowed = decide(&policy, Caller::Anonymous, "s3:GetObject", "a", &none);
    assert_eq!(allowed, Decision::Allow(StatementName { number: 1, sid: Some("Read") }));
    let listed = decide(&policy, ALICE, "s3:ListBucket", "", &none);
    assert_eq!(listed.to_string(), "statement 2 of the bucket policy allows it");
    let denied = decide(&policy, ALICE, "s3:GetObject", "private/a", &none);
    assert_eq!(denied.to_string(), "statement 3 (\"Keep out\") of the bucket policy denies it");
    assert_eq!(decide(&policy, ALICE, "s3:PutObject", "a", &none), Decision::NoMatch);
    assert!(decide(&policy, ALICE, "s3:ListBucket", "private/", &none).to_string().contains("denies"));
    assert_eq!(decide(&policy, ALICE, "s3:GetObject", "", &none), Decision::NoMatch);
}

#[test]
fn principals() {
    let root = Caller::Account {
        account: "111122223333",
        arn: "arn:aws:iam::111122223333:root",
        canonical_id: "a1",
        user_id: "111122223333",
    };
    let other = Caller::Account {
        account: "999999999999",
        arn: "arn:aws:iam::999999999999:user/alice",
        canonical_id: "c3",
        user_id: "AIDAOTHEROTHEROTHER1",
    };
    let session = Caller::Account {
        account: "111122223333",
        arn: "arn:aws:sts::111122223333:assumed-role/reader/s1",
        canonical_id: "a1",
        user_id: "AROAROLEROLEROLEROLE:s1",
    };
    let callers =
        [("anonymous", Caller::Anonymous), ("alice", ALICE), ("root", root), ("session", session), ("other", other)];
    for (principal, expected) in [
        (r#""*""#, vec!["anonymous", "alice", "root", "session", "other"]),
        (r#"{"AWS": "*"}"#, vec!["anonymous", "alice", "root", "session", "other"]),
        (r#"{"AWS": "111122223333"}"#, vec!["alice", "root", "session"]),
        (r#"{"AWS": "arn:aws:iam::111122223333:root"}"#, vec!["alice", "root", "session"]),
        (r#"{"AWS": "arn:aws:iam::111122223333:user/team/alice"}"#, vec!["alice"]),
        (r#"{"AWS": ["arn:aws:iam::111122223333:user/alice", "999999999999"]}"#, vec!["other"]),
        (r#"{"AWS": "arn:aws:iam::111122223333:role/team/reader"}"#, vec!["session"]),
        (r#"{"AWS": "arn:aws:iam::111122223333:role/reade"}"#, vec![]),
        (r#"{"AWS": "arn:aws:sts::111122223333:assumed-role/reader/s1"}"#, vec!["session"]),
        (r#"{"AWS": "AROAROLEROLEROLEROLE"}"#, vec!["session"]),
        (r#"{"AWS": "AIDAALICEALICEALICE1"}"#, vec!["alice"]),
        (r#"{"CanonicalUser": "c3"}"#, vec!["other"]),
        (r#"{"CanonicalUser": "c3", "AWS": "111122223333"}"#, vec!["alice", "root", "session", "other"]),
        (r#"{"Service": "logging.s3.amazonaws.com"}"#, vec![]),
        (r#"{"Federated": "cognito-identity.amazonaws.com"}"#, vec![]),
        (r#"{"AWS": "arn:aws:iam::cloudfront:user/CloudFront Origin Access Identity E1"}"#, vec![]),
    ] {
        let policy = policy(&with_principal(principal));
        let allowed = callers.iter().filter(|(_, caller)| allows(&policy, *caller, "s3:GetObject", "k"));
        assert_eq!(allowed.map(|(name, _)| *name).collect::<Vec<_>>(), expected, "{principal}");
    }
}

#[test]
fn elements_that_name_what_is_left_out() {
    let all_but = |element: &str, value: &str| {
        let text = allow_get("").replace(&format!("\"{element}\""), &format!("\"Not{element}\""));
        policy(&text.replace("\"*\"", value))
    };
    let not_alice = all_but("Principal", r#"{"AWS": "111122223333"}"#);
    assert!(
        !allows(&not_alice, ALICE, "s3:GetObject", "k") && allows(&not_alice, Caller::Anonymous, "s3:GetObject", "k")
    );
    let not_get = all_but("Action", "\"*\"");
    assert!(!allows(&not_get, ALICE, "s3:GetObject", "k") && allows(&not_get, ALICE, "s3:PutObject", "k"));
    let not_objects = all_but("Resource", "\"*\"");
    assert!(!allows(&not_objects, ALICE, "s3:GetObject", "k"));
}

#[test]
fn actions_are_patterns_whatever_their_case() {
    let policy = policy(&allow_get("").replace("\"s3:GetObject\"", "[\"S3:getobjectA*\", \"s3:Put?bject\"]"));
    for (action, allowed) in [
        ("s3:GetObjectAcl", true),
        ("s3:GetObjectAttributes", true),
        ("s3:PutObject", true),
        ("s3:GetObject", false),
        ("s3:PutObjectAcl", false),
    ] {
        assert_eq!(allows(&policy, ALICE, action, "k"), allowed, "{action}");
    }
}

#[test]
fn resources_may_have_variables() {
    let home = |version: &str| {
        let text = allow_get("").replace("/*\"", "/home/${aws:username}/*\"");
        let document = format!("{{{version}\"Statement\": [{text}]}}");
        Policy::parse(document.as_bytes(), BUCKET).unwrap()
    };
    let new = home("\"Version\": \"2012-10-17\", ");
    assert!(allows(&new, ALICE, "s3:GetObject", "home/alice/k"));
    assert!(!allows(&new, ALICE, "s3:GetObject", "home/bob/k"));
    assert!(!allows(&new, Caller::Anonymous, "s3:GetObject", "home/alice/k"));
    for old in ["", "\"Version\": \"2008-10-17\", "] {
        assert!(!allows(&home(old), ALICE, "s3:GetObject", "home/alice/k"));
        assert!(allows(&home(old), ALICE, "s3:GetObject", "home/${aws:username}/k"));
    }
}

#[test]
fn a_context_is_asked_only_when_it_decides() {
    let policy = policy(&allow_get(r#", "Condition": {"StringEquals": {"s3:ExistingObjectTag/Public": "yes"}}"#));
    let tagged = Context { values: vec![("s3:existingobjecttag/Public", "yes")], ..Context::default() };
    assert_eq!(decide(&policy, ALICE, "s3:PutObject", "k", &tagged), Decision::NoMatch);
    assert_eq!(decide(&policy, ALICE, "s3:GetObject", "", &tagged), Decision::NoMatch);
    assert!(tagged.asked.borrow().is_empty());
    assert!(matches!(decide(&policy, ALICE, "s3:GetObject", "k", &tagged), Decision::Allow(_)));
    assert_eq!(*tagged.asked.borrow(), ["s3:existingobjecttag/Public"]);
    assert_eq!(decide(&policy, ALICE, "s3:GetObject", "k", &Context::default()), Decision::NoMatch);
}

#[test]
fn why_a_statement_is_not_about_a_request() {
    let condition = r#", "Condition": {"StringLike": {"aws:Referer": ["http://example.com/*", "x"]}}"#;
    let policy = policy(&format!(
        "[{}, {}, {}, {}, {}]",
        with_principal(r#"{"AWS": "999999999999"}"#),
        allow_get("").replace("GetObject", "PutObject"),
        allow_get("").replace("/*\"", "/a\""),
        allow_get(condition).replace("\"Effect\"", "\"Sid\": \"Page\", \"Effect\""),
        allow_get("").replace("Allow", "Deny"),
    ));
    let context = Context { values: vec![("aws:referer", "evil\n")], ..Context::default() };
    let resource = format!("{ARN_PREFIX}{BUCKET}/k");
    let request = Request { caller: ALICE, action: "s3:GetObject", resource: &resource, context: &context };
    assert_eq!(
        policy.explain(&request),
        [
            "statement 1 does not allow it: the caller is none of its principals",
            "statement 2 does not allow it: its actions do not include s3:GetObject",
            "statement 3 does not allow it: its resources do not include arn:aws:s3:::amzn-s3-demo-bucket/k",
            "statement 4 (\"Page\") does not allow it: StringLike aws:referer \"http://example.com/*\", \"x\" does not \
             hold: the request has \"evil\\n\"",
        ]
    );
    let without = Request { context: &Context::default(), ..request };
    assert!(policy.explain(&without)[3].ends_with("does not hold: the request has no value"));
}

#[test]
fn public_policies() {
    let condition = |inner: &str| allow_get(&format!(", \"Condition\": {{{inner}}}"));
    for (statement, public) in [
        (allow_get(""), true),
        (with_principal(r#"{"AWS": "*"}"#), true),
        (with_principal(r#"{"AWS": "111122223333"}"#), false),
        (with_principal(r#"{"Service": "logging.s3.amazonaws.com"}"#), false),
        (allow_get("").replace("Allow", "Deny"), false),
        (allow_get("").replace("\"Principal\": \"*\"", "\"NotPrincipal\": {\"AWS\": \"111122223333\"}"), true),
        (condition(r#""IpAddress": {"aws:SourceIp": "10.0.0.0/32"}"#), false),
        (condition(r#""IpAddress": {"aws:SourceIp": ["10.0.0.0/8", "2001:db8::/32"]}"#), false),
        (condition(r#""IpAddress": {"aws:SourceIp": "0.0.0.0/1"}"#), true),
        (condition(r#""IpAddress": {"aws:SourceIp": ["10.0.0.0/8", "::/0"]}"#), true),
        (condition(r#""NotIpAddress": {"aws:SourceIp": "10.0.0.0/8"}"#), true),
        (condition(r#""StringEquals": {"aws:SourceVpc": "vpc-91237329"}"#), false),
        (condition(r#""StringLike": {"aws:SourceVpc": "vpc-91237329"}"#), false),
        (condition(r#""StringLike": {"aws:SourceVpc": "vpc-*"}"#), true),
        (condition(r#""StringEqualsIfExists": {"aws:SourceVpc": "vpc-91237329"}"#), true),
        (condition(r#""ForAllValues:StringEquals": {"aws:SourceVpc": "vpc-91237329"}"#), true),
        (condition(r#""StringEquals": {"aws:PrincipalOrgID": "${aws:PrincipalOrgID}"}"#), true),
        (condition(r#""StringEquals": {"aws:UserAgent": "me"}"#), true),
        (condition(r#""StringLike": {"aws:Referer": "http://www.example.com/*"}"#), true),
        (condition(r#""ArnEquals": {"aws:SourceArn": "arn:aws:sns:us-east-1:111122223333:t"}"#), false),
        (condition(r#""ArnLike": {"aws:SourceArn": "arn:aws:sns:*:*:*"}"#), true),
        (
            condition(r#""ArnLike": {"s3:DataAccessPointArn": "arn:aws:s3:us-west-2:123456789012:accesspoint/*"}"#),
            false,
        ),
        (condition(r#""ArnLike": {"s3:DataAccessPointArn": "arn:aws:s3:us-west-2:*:accesspoint/x"}"#), true),
        (condition(r#""Bool": {"aws:SecureTransport": "true"}"#), true),
    ] {
        assert_eq!(policy(&statement).is_public(), public, "{statement}");
    }
    let two = policy(&format!("[{}, {}]", with_principal(r#"{"AWS": "111122223333"}"#), allow_get("")));
    assert!(two.is_public(), "one statement is enough");
}
