//! Tests of form policies: documents, forms that keep to them and do not, and signatures.

use super::*;
use crate::wire::error_codes::Code;
use crate::wire::sigv4::AmzDate;

const NOW: Timestamp = Timestamp::from_secs(1_700_000_000);
const LATER: &str = "2030-01-01T00:00:00.000Z";

fn encode(document: &str) -> String {
    BASE64.encode(document)
}

fn parse(document: &str) -> Result<PostPolicy, PostPolicyProblem> {
    PostPolicy::parse(&encode(document))
}

/// A policy with these conditions and one for the bucket.
fn with(conditions: &str) -> PostPolicy {
    parse(&format!(r#"{{"expiration": "{LATER}", "conditions": [{{"bucket": "b"}}, {conditions}]}}"#)).unwrap()
}

fn check(conditions: &str, fields: &[(&str, &str)]) -> Result<(), String> {
    with(conditions).check(Form { bucket: "b", fields }, NOW).map_err(|problem| {
        assert_eq!(problem.code(), Code::AccessDenied);
        problem.message()
    })
}

fn failed(condition: &str) -> Result<(), String> {
    Err(format!("Invalid according to Policy: Policy Condition failed: {condition}"))
}

#[test]
fn documents_that_are_refused() {
    let conditions = |inner: &str| format!(r#"{{"expiration": "{LATER}", "conditions": {inner}}}"#);
    for (document, sentence) in [
        ("[]", "Invalid JSON."),
        ("{", "Invalid JSON."),
        (r#"{"conditions": []}"#, "Policy missing expiration."),
        (r#"{"EXPIRATION": "2030-01-01T00:00:00Z", "conditions": []}"#, "Policy missing expiration."),
        (r#"{"expiration": "2030-01-01T00:00:00Z"}"#, "Policy missing conditions."),
        (r#"{"expiration": "2030-01-01T00:00:00Z", "conditions": [], "more": 1}"#, "Unexpected: \"more\""),
        (r#"{"expiration": "x", "conditions": []}"#, "Invalid 'expiration' value: 'x'"),
        (
            r#"{"expiration": "2030-01-01 00:00:00.5+00:00", "conditions": []}"#,
            "Invalid 'expiration' value: '2030-01-01 00:00:00.5+00:00'",
        ),
        (
            r#"{"expiration": "2030-01-01 00:00:00+00:00x", "conditions": []}"#,
            "Invalid 'expiration' value: '2030-01-01 00:00:00+00:00x'",
        ),
        (&conditions("{}"), "Invalid 'conditions' value: must be a List."),
        (&conditions("[1]"), "Invalid condition test: must be a List or Object."),
        (&conditions("[[]]"), "Invalid Condition: missing operation identifier."),
        (&conditions(r#"[["x", "$key", ""]]"#), "Invalid Condition: unknown operation 'x'."),
        (&conditions("[[1, 2, 3]]"), "Invalid JSON."),
        (&conditions(r#"[["eq", "$key"]]"#), "Invalid eq: wrong number of arguments."),
        (&conditions(r#"[["eq", "$key", {}]]"#), "Invalid JSON."),
        (&conditions(r#"[["content-length-range", 1]]"#), "Invalid content-length-range: wrong number of arguments."),
        (
            &conditions(r#"[{"a": "1", "b": "2"}]"#),
            "Invalid Simple-Condition: Simple-Conditions must have exactly one property specified.",
        ),
        (&conditions("[{}]"), "Invalid Simple-Condition: Simple-Conditions must have exactly one property specified."),
        (&conditions(r#"[{"a": 1}]"#), "Invalid Simple-Condition: value must be a string."),
    ] {
        let problem = parse(document).unwrap_err();
        assert_eq!(problem.message(), format!("Invalid Policy: {sentence}"), "{document}");
        assert_eq!(problem.code(), Code::InvalidPolicyDocument);
    }
    let raw = |text: &str| PostPolicy::parse(text).unwrap_err().message();
    assert_eq!(raw(""), "Invalid Policy: Expecting '{' but found End-of-Input");
    assert_eq!(raw("{}"), "Invalid Policy: invalid Base64 encoding.");
    let unpadded = encode(&conditions("[]  ")).trim_end_matches('=').to_owned();
    assert!(PostPolicy::parse(&format!(" {unpadded}\n")).is_ok());
}

#[test]
fn fields_have_to_be_covered() {
    let key = [("key", "a")];
    assert_eq!(check(r#"{"key": "a"}"#, &key), Ok(()));
    let free = [("KEY", "a"), ("Policy", "x"), ("x-amz-signature", "x"), ("Signature", "x"), ("AWSAccessKeyId", "x")];
    assert_eq!(check(r#"{"Key": "a"}"#, &free), Ok(()));
    assert_eq!(check(r#"{"key": "a"}"#, &[("key", "a"), ("x-ignore-me", "x"), ("file", "")]), Ok(()));
    let extra = check(r#"{"key": "a"}"#, &[("key", "a"), ("x-amz-Meta-A", "x")]);
    assert_eq!(extra, Err("Invalid according to Policy: Extra input fields: x-amz-meta-a".to_owned()));
    let no_bucket = parse(&format!(r#"{{"expiration": "{LATER}", "conditions": [{{"key": "a"}}]}}"#)).unwrap();
    let problem = no_bucket.check(Form { bucket: "b", fields: &key }, NOW).unwrap_err();
    assert_eq!(problem.message(), "Invalid according to Policy: Extra input fields: bucket");
    let other = with(r#"{"key": "a"}"#).check(Form { bucket: "c", fields: &key }, NOW).unwrap_err();
    assert_eq!(other.message(), "Invalid according to Policy: Policy Condition failed: [\"eq\", \"$bucket\", \"b\"]");
}

/// What AWS answered, by `LocalStack`'s recordings of February 2026.
#[test]
fn values() {
    let redirect = [("success_action_redirect", "http://localhost.test/random")];
    let eq = r#"["eq", "$success_action_redirect", "http://localhost.test/random"]"#;
    assert_eq!(check(eq, &redirect), Ok(()));
    assert_eq!(check(eq, &[("success_action_redirect", "x")]), failed(eq));
    assert_eq!(check(eq, &[]), failed(eq));
    let casing = r#"["eq", "$success_action_redirect", "HTTP://localhost.test/random"]"#;
    assert_eq!(check(casing, &redirect), failed(casing));
    let no_dollar = r#"["eq", "success_action_redirect", "http://localhost.test/random"]"#;
    assert_eq!(check(&format!("{no_dollar}, {eq}"), &redirect), failed(no_dollar));
    assert_eq!(check(r#"["EQ", "$Key", 1]"#, &[("key", "1")]), Ok(()));
    assert_eq!(check(r#"["eq","$key","b"]"#, &[("key", "a")]), failed(r#"["eq", "$key", "b"]"#));

    let starts = r#"["starts-with", "$success_action_redirect", "http://localhost"]"#;
    assert_eq!(check(starts, &redirect), Ok(()));
    assert_eq!(check(starts, &[("success_action_redirect", "HTTP://localhost")]), failed(starts));
    let any = r#"["StArTs-WiTh", "$KeY", ""]"#;
    assert_eq!(check(any, &[("key", "anything")]), Ok(()));
    assert_eq!(check(any, &[]), failed(any));
}

#[test]
fn content_types_are_lists() {
    let image = r#"["starts-with", "$Content-Type", "image/"]"#;
    assert_eq!(check(image, &[("Content-Type", "image/jpeg, image/png,image/gif")]), Ok(()));
    assert_eq!(check(image, &[("Content-Type", "image/jpeg, text/plain")]), failed(image));
    let list = r#"["starts-with", "$x-amz-meta-types", "image/"]"#;
    assert_eq!(check(list, &[("x-amz-meta-types", "image/jpeg, text/plain")]), Ok(()));
}

#[test]
fn sizes() {
    let policy = with(r#"["content-length-range", 5, "10"]"#);
    assert_eq!(policy.max_bytes(), Some(10));
    assert_eq!((policy.check_size(5), policy.check_size(10)), (Ok(()), Ok(())));
    let large = policy.check_size(12).unwrap_err();
    assert_eq!((large.code(), large.message()), (Code::EntityTooLarge, Code::EntityTooLarge.message().to_owned()));
    assert_eq!(large.fields(), [("ProposedSize", "12".to_owned()), ("MaxSizeAllowed", "10".to_owned())]);
    let small = policy.check_size(1).unwrap_err();
    assert_eq!(small.fields(), [("ProposedSize", "1".to_owned()), ("MinSizeAllowed", "5".to_owned())]);
    assert_eq!(with(r#"{"key": "a"}"#).max_bytes(), None);
    // Seen on AWS.
    assert_eq!(
        check(r#"["content-length-range", "test", "10"]"#, &[]),
        failed(r#"["content-length-range", "test", "10"]"#)
    );
    let negative = with(r#"["content-length-range", -1, 0]"#);
    assert_eq!((negative.max_bytes(), negative.check_size(0)), (Some(0), Ok(())));
    let large = negative.check_size(3).unwrap_err();
    assert_eq!(large.fields(), [("ProposedSize", "3".to_owned()), ("MaxSizeAllowed", "0".to_owned())]);
    assert!(with(r#"["content-length-range", 0, -1]"#).check_size(0).is_err());
}

#[test]
fn a_policy_expires() {
    let policy = with(r#"{"key": "a"}"#);
    let form = Form { bucket: "b", fields: &[("key", "a")] };
    assert_eq!(policy.check(form, policy.expiration), Ok(()));
    let after = Timestamp::from_millis(policy.expiration.millis() + 1);
    let problem = policy.check(form, after).unwrap_err();
    assert_eq!(problem.message(), "Invalid according to Policy: Policy expired.");
    assert_eq!((problem.code(), problem.code().status()), (Code::AccessDenied, 403));
}

const SECRET: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";

/// <https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-post-example.html>
#[test]
fn the_documented_signature() {
    let document = [
        r#"{ "expiration": "2015-12-30T12:00:00.000Z","#,
        r#"  "conditions": ["#,
        r#"    {"bucket": "sigv4examplebucket"},"#,
        r#"    ["starts-with", "$key", "user/user1/"],"#,
        r#"    {"acl": "public-read"},"#,
        r#"    {"success_action_redirect": "http://sigv4examplebucket.s3.amazonaws.com/successful_upload.html"},"#,
        r#"    ["starts-with", "$Content-Type", "image/"],"#,
        r#"    {"x-amz-meta-uuid": "14365123651274"},"#,
        r#"    {"x-amz-server-side-encryption": "AES256"},"#,
        r#"    ["starts-with", "$x-amz-meta-tag", ""],"#,
        "",
        r#"    {"x-amz-credential": "AKIAIOSFODNN7EXAMPLE/20151229/us-east-1/s3/aws4_request"},"#,
        r#"    {"x-amz-algorithm": "AWS4-HMAC-SHA256"},"#,
        r#"    {"x-amz-date": "20151229T000000Z" }"#,
        "  ]",
        "}",
    ];
    let policy = encode(&document.join("\r\n"));
    let scope = Scope::s3(AmzDate::parse_iso_basic("20151229T000000Z").unwrap(), "us-east-1");
    let signature = sign_v4(SECRET, &scope, &policy);
    assert_eq!(signature, "8afdbf4008c03f22c2cd3cdb72e4afbb1f6a588f3255ac628749a66d7f09699e");
    let key = SigningKey::derive(SECRET, &scope);
    assert!(verify_v4(&key, &policy, &signature));
    assert!(!verify_v4(&key, &policy, &signature.to_uppercase()) && !verify_v4(&key, &policy, ""));

    let parsed = PostPolicy::parse(&policy).unwrap();
    assert_eq!(parsed.conditions.len(), 11);
    let form = [
        ("key", "user/user1/a.png"),
        ("acl", "public-read"),
        ("success_action_redirect", "http://sigv4examplebucket.s3.amazonaws.com/successful_upload.html"),
        ("Content-Type", "image/png"),
        ("x-amz-meta-uuid", "14365123651274"),
        ("x-amz-server-side-encryption", "AES256"),
        ("X-Amz-Credential", "AKIAIOSFODNN7EXAMPLE/20151229/us-east-1/s3/aws4_request"),
        ("X-Amz-Algorithm", "AWS4-HMAC-SHA256"),
        ("X-Amz-Date", "20151229T000000Z"),
        ("x-amz-meta-tag", ""),
        ("Policy", "x"),
        ("X-Amz-Signature", "x"),
    ];
    let now = Timestamp::from_secs(1_451_347_200);
    assert_eq!(parsed.check(Form { bucket: "sigv4examplebucket", fields: &form }, now), Ok(()));
}

#[test]
fn the_older_signature() {
    let policy = encode("{}");
    let signature = sign_v2(SECRET, &policy);
    assert!(verify_v2(SECRET, &policy, &signature));
    assert!(!verify_v2(SECRET, &policy, "") && !verify_v2("other", &policy, &signature));
}
