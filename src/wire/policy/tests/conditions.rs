//! Which requests fulfil a condition.

use super::*;

/// Whether a request with these values fulfils a condition. The key is `aws:k`.
fn holds(operator: &str, wanted: &str, given: &[&'static str]) -> bool {
    let policy = policy(&allow_get(&format!(", \"Condition\": {{\"{operator}\": {{\"aws:K\": {wanted}}}}}")));
    let context = Context { values: given.iter().map(|value| ("aws:k", *value)).collect(), ..Context::default() };
    matches!(decide(&policy, ALICE, "s3:GetObject", "k", &context), Decision::Allow(_))
}

#[test]
fn one_value_against_one() {
    for (operator, wanted, given, expected) in [
        ("StringEquals", "\"a*\"", "a*", true),
        ("StringEquals", "\"a*\"", "ab", false),
        ("StringEquals", "\"a\"", "A", false),
        ("StringEqualsIgnoreCase", "\"aČ\"", "Ač", true),
        ("StringLike", "\"a*c?\"", "abbbcd", true),
        ("StringLike", "\"a*c?\"", "abbbc", false),
        ("StringEquals", "\"${aws:username}\"", "alice", true),
        ("StringLike", "\"home/${aws:username}/*\"", "home/alice/x", true),
        ("StringLike", "\"${*}\"", "x", false),
        ("NumericEquals", "10", "10.0", true),
        ("NumericLessThan", "\"10\"", "9", true),
        ("NumericLessThan", "\"10\"", "10", false),
        ("NumericLessThanEquals", "\"10\"", "10", true),
        ("NumericGreaterThan", "\"10\"", "10.5", true),
        ("NumericGreaterThanEquals", "\"10\"", "9", false),
        ("NumericEquals", "10", "ten", false),
        ("DateGreaterThan", "\"2020-01-01T00:00:00Z\"", "2020-01-01T00:00:01Z", true),
        ("DateLessThan", "\"2020-01-01\"", "2019-12-31T23:59:59Z", true),
        ("DateEquals", "\"2020-01-01T00:00Z\"", "1577836800", true),
        ("DateLessThanEquals", "1577836800", "2020-01-01T00:00:00Z", true),
        ("DateGreaterThanEquals", "\"2020-01-01\"", "2019-12-31T23:59:59Z", false),
        ("Bool", "true", "true", true),
        ("Bool", "\"False\"", "false", true),
        ("Bool", "\"true\"", "false", false),
        ("BinaryEquals", "\"YWJj\"", "YWJj", true),
        ("BinaryEquals", "\"YWJj\"", "YWJk", false),
        ("IpAddress", "\"192.0.2.0/24\"", "192.0.2.9", true),
        ("IpAddress", "\"192.0.2.0/24\"", "192.0.3.9", false),
        ("IpAddress", "\"2001:db8::/32\"", "2001:db8::1", true),
        ("ArnLike", "\"arn:aws:sns:*:111122223333:*\"", "arn:aws:sns:us-east-1:111122223333:a:b", true),
        ("ArnEquals", "\"arn:aws:sns:*:111122223333:*\"", "arn:aws:sns:us-east-1:111122223333:a", true),
        ("ArnLike", "\"arn:aws:*\"", "arn:aws:sns:us-east-1:111122223333:a", false),
        ("ArnLike", "\"arn:*:111122223333:a\"", "arn:aws:sns:us-east-1:111122223333:a", false),
        ("Null", "\"false\"", "x", true),
        ("Null", "\"true\"", "x", false),
    ] {
        assert_eq!(holds(operator, wanted, &[given]), expected, "{operator} {wanted} {given}");
        assert_eq!(holds(&format!("{operator}IfExists").replace("NullIfExists", "Null"), wanted, &[given]), expected);
        let negated = match operator {
            "StringEquals" => "StringNotEquals",
            "StringEqualsIgnoreCase" => "StringNotEqualsIgnoreCase",
            "StringLike" => "StringNotLike",
            "NumericEquals" => "NumericNotEquals",
            "DateEquals" => "DateNotEquals",
            "IpAddress" => "NotIpAddress",
            "ArnEquals" => "ArnNotEquals",
            "ArnLike" => "ArnNotLike",
            _ => continue,
        };
        assert_eq!(holds(negated, wanted, &[given]), !expected, "{negated} {wanted} {given}");
    }
}

#[test]
fn a_request_without_the_key() {
    for (operator, wanted, expected) in [
        ("StringEquals", "\"a\"", false),
        ("StringNotEquals", "\"a\"", true),
        ("StringNotLike", "\"a\"", true),
        ("NotIpAddress", "\"10.0.0.0/8\"", true),
        ("Bool", "\"false\"", false),
        ("StringEqualsIfExists", "\"a\"", true),
        ("StringNotEqualsIfExists", "\"a\"", true),
        ("Null", "\"true\"", true),
        ("Null", "\"false\"", false),
        ("ForAllValues:StringEquals", "\"a\"", true),
        ("ForAnyValue:StringEquals", "\"a\"", false),
        ("ForAnyValue:StringNotEquals", "\"a\"", false),
    ] {
        assert_eq!(holds(operator, wanted, &[]), expected, "{operator}");
    }
}

#[test]
fn several_values() {
    let list = r#"["a", "b"]"#;
    for (operator, given, expected) in [
        ("StringEquals", vec!["b"], true),
        ("StringEquals", vec!["c"], false),
        ("StringNotEquals", vec!["b"], false),
        ("StringNotEquals", vec!["c"], true),
        ("ForAllValues:StringEquals", vec!["a", "b", "a"], true),
        ("ForAllValues:StringEquals", vec!["a", "c"], false),
        ("ForAnyValue:StringEquals", vec!["c", "a"], true),
        ("ForAnyValue:StringEquals", vec!["c", "d"], false),
        ("ForAllValues:StringNotEquals", vec!["c", "d"], true),
        ("ForAllValues:StringNotEquals", vec!["c", "a"], false),
        ("ForAnyValue:StringNotEquals", vec!["c", "a"], true),
        ("ForAnyValue:StringNotEquals", vec!["b", "a"], false),
    ] {
        assert_eq!(holds(operator, list, &given), expected, "{operator} {given:?}");
    }
    assert!(!holds("StringEquals", "[]", &["a"]));
}

#[test]
fn a_variable_that_stands_for_nothing_matches_nothing() {
    assert!(!holds("StringEquals", "\"${aws:tag}\"", &["x"]));
    assert!(holds("StringNotEquals", "\"${aws:tag}\"", &["x"]));
    assert!(holds("StringEquals", "\"${aws:tag, 'x'}\"", &["x"]));
    assert!(holds("StringEquals", "[\"${aws:tag}\", \"x\"]", &["x"]));
}

#[test]
fn all_conditions_have_to_hold() {
    let policy = policy(&allow_get(
        r#", "Condition": {
            "StringLike": {"aws:Referer": "http://example.com/*", "aws:UserAgent": "curl*"},
            "Bool": {"aws:SecureTransport": "true"}
        }"#,
    ));
    let all =
        vec![("aws:referer", "http://example.com/x"), ("aws:useragent", "curl/8"), ("aws:securetransport", "true")];
    let allowed = |values: Vec<(&'static str, &'static str)>| {
        let context = Context { values, ..Context::default() };
        matches!(decide(&policy, ALICE, "s3:GetObject", "k", &context), Decision::Allow(_))
    };
    assert!(allowed(all.clone()));
    for missing in 0..all.len() {
        let mut rest = all.clone();
        rest.remove(missing);
        assert!(!allowed(rest), "{missing}");
    }
}

#[test]
fn keys_that_follow_from_the_caller() {
    let holds = |caller, operator: &str, key: &str, value: &str| {
        let condition = format!(", \"Condition\": {{\"{operator}\": {{\"{key}\": \"{value}\"}}}}");
        allows(&policy(&allow_get(&condition)), caller, "s3:GetObject", "k")
    };
    assert!(holds(ALICE, "ArnEquals", "aws:PrincipalArn", "arn:aws:iam::111122223333:user/team/*"));
    assert!(holds(ALICE, "StringEquals", "AWS:principalaccount", "111122223333"));
    assert!(holds(ALICE, "StringEquals", "aws:username", "alice"));
    assert!(holds(ALICE, "StringEquals", "aws:userid", "AIDAALICEALICEALICE1"));
    assert!(holds(ALICE, "StringEquals", "aws:PrincipalType", "User"));
    assert!(holds(Caller::Anonymous, "StringEquals", "aws:userid", "anonymous"));
    assert!(holds(Caller::Anonymous, "StringEquals", "aws:PrincipalType", "Anonymous"));
    for key in ["aws:PrincipalArn", "aws:PrincipalAccount", "aws:username"] {
        assert!(holds(Caller::Anonymous, "Null", key, "true"), "{key}");
    }
}
