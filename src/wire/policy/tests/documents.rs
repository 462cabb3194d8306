//! What S3 says to documents that are no policies.

use super::*;
use crate::wire::error_codes::Code;

fn refused(document: &str) -> PolicyProblem {
    match Policy::parse(document.as_bytes(), BUCKET) {
        Ok(policy) => panic!("accepted: {policy:?}"),
        Err(problem) => {
            assert_eq!(problem.code(), Code::MalformedPolicy);
            problem
        }
    }
}

fn refused_statement(statement: &str) -> PolicyProblem {
    refused(&format!("{{\"Version\": \"2012-10-17\", \"Statement\": [{statement}]}}"))
}

fn detail(problem: &PolicyProblem) -> Option<String> {
    problem.fields().pop().map(|(name, value)| {
        assert_eq!(name, "Detail");
        value
    })
}

/// What AWS answered, by `LocalStack`'s recordings of February 2026 and versitygw's transcription.
#[test]
fn documents() {
    let first_byte = "Policies must be valid JSON and the first byte must be '{'";
    for (document, sentence) in [
        ("", first_byte),
        ("invalid json", first_byte),
        ("[]", first_byte),
        (" {}", first_byte),
        ("{", "This policy contains invalid Json"),
        ("{\"Statement\": [], \"Statement\": []}", "This policy contains invalid Json"),
        ("{}", "Missing required field Statement"),
        ("{\"Statement\": []}", "Could not parse the policy: Statement is empty!"),
        ("{\"Statement\": \"x\"}", "Invalid policy syntax."),
        ("{\"Version\": 1, \"Statement\": [{}]}", "Invalid policy syntax."),
        ("{\"Version\": \"2026-01-01\", \"Statement\": [{}]}", "The policy must contain a valid version string"),
        ("{\"Statements\": []}", "Unknown field Statements"),
        ("{\"Statement\": [{}]}", "Missing required field Effect"),
    ] {
        assert_eq!(refused(document).message(), sentence, "{document}");
    }
}

#[test]
fn statements() {
    let fine = allow_get("");
    for (from, to, sentence, more) in [
        ("\"Effect\": \"Allow\", ", "", "Missing required field Effect", None),
        ("Allow", "allow", "Invalid effect: allow", None),
        ("\"Principal\": \"*\", ", "", "Missing required field Principal", None),
        ("\"*\"", "{}", "Missing required field Principal cannot be empty!", None),
        ("\"*\"", "{\"AWS\": []}", "Missing required field Principal cannot be empty!", None),
        ("\"*\"", "\"arn:aws:iam::111122223333:root\"", "Invalid policy syntax.", None),
        ("\"Action\": \"s3:GetObject\", ", "", "Missing required field Action", None),
        ("\"s3:GetObject\"", "null", "Invalid policy syntax.", None),
        ("\"s3:GetObject\"", "[]", "Policy has invalid action", Some("")),
        ("s3:GetObject", "s3:getobjects", "Policy has invalid action", Some("s3:getobjects")),
        ("s3:GetObject", "GetObject", "Policy has invalid action", Some("GetObject")),
        ("s3:GetObject", "ec2:*", "Policy has invalid action", Some("ec2:*")),
        ("\"s3:GetObject\"", "[\"s3:GetObject\", \"x\"]", "Policy has invalid action", Some("x")),
        (
            ":::amzn-s3-demo-bucket/*",
            ":::amzn-s3-demo-bucket2/*",
            "Policy has invalid resource",
            Some("arn:aws:s3:::amzn-s3-demo-bucket2/*"),
        ),
        ("arn:aws:s3:::amzn-s3-demo-bucket/*", "*", "Policy has invalid resource", Some("*")),
        (":::amzn-s3-demo-bucket/*", ":::*", "Policy has invalid resource", Some("arn:aws:s3:::*")),
        (
            ":::amzn-s3-demo-bucket/*",
            ":::amzn-s3-demo-bucket*",
            "Policy has invalid resource",
            Some("arn:aws:s3:::amzn-s3-demo-bucket*"),
        ),
        ("arn:aws:s3:::", "", "Policy has invalid resource", Some("amzn-s3-demo-bucket/*")),
        (
            "bucket/*",
            "bucket",
            "Action does not apply to any resource(s) in statement",
            Some("Action \"s3:GetObject\" in Statement \"NO_ID-0\""),
        ),
        (
            "s3:GetObject",
            "s3:ListBucket",
            "Action does not apply to any resource(s) in statement",
            Some("Action \"s3:ListBucket\" in Statement \"NO_ID-0\""),
        ),
        (
            "\"Action\": \"s3:GetObject\"",
            "\"Sid\": \"Mine\", \"Action\": [\"s3:GetObject\", \"s3:ListAllMyBuckets\"]",
            "Action does not apply to any resource(s) in statement",
            Some("Action \"s3:ListAllMyBuckets\" in Statement \"Mine\""),
        ),
        ("\"Effect\"", "\"effect\"", "Unknown field effect", None),
        ("\"Action\"", "\"NotAction\": \"s3:*\", \"Action\"", "Invalid policy syntax.", None),
    ] {
        let statement = fine.replace(from, to);
        assert_ne!(statement, fine, "{from}");
        let problem = refused_statement(&statement);
        assert_eq!(problem.message(), sentence, "{statement}");
        assert_eq!(detail(&problem).as_deref(), more, "{statement}");
    }
    assert_eq!(refused_statement("\"x\"").message(), "Invalid policy syntax.");
}

#[test]
fn principals_that_are_none() {
    for (kind, text) in [
        ("AWS", "alice"),
        ("AWS", "11112222333"),
        ("AWS", "arn:aws:iam::111122223333:alice"),
        ("AWS", "arn:aws:iam::111122223333:user/"),
        ("AWS", "arn:aws:iam::111122223333:user/*"),
        ("AWS", "arn:aws:iam::*:root"),
        ("AWS", "arn:aws:s3:::b"),
        ("AWS", "arn:aws:iam"),
        ("Service", "s3"),
        ("CanonicalUser", ""),
        ("Google", "x"),
    ] {
        let problem = refused_statement(&with_principal(&format!("{{\"{kind}\": \"{text}\"}}")));
        assert_eq!(problem.message(), "Invalid principal in policy", "{text}");
        assert_eq!(detail(&problem), Some(format!("\"{kind}\" : \"{text}\"")));
    }
    assert_eq!(refused_statement(&with_principal("{\"AWS\": 1}")).message(), "Invalid policy syntax.");
}

#[test]
fn conditions_that_are_none() {
    let condition = |inner: &str| refused_statement(&allow_get(&format!(", \"Condition\": {inner}")));
    for (inner, sentence, more) in [
        ("[]", "Invalid policy syntax.", None),
        (r#"{"StringEquals": "x"}"#, "Invalid policy syntax.", None),
        (r#"{"StringEquals": {"aws:Referer": {}}}"#, "Invalid policy syntax.", None),
        (r#"{"stringEquals": {"aws:Referer": "x"}}"#, "Invalid Condition type : stringEquals", None),
        (r#"{"NullIfExists": {"aws:Referer": "true"}}"#, "Invalid Condition type : NullIfExists", None),
        (
            r#"{"StringEquals": {"s3:VersionStatus": "x"}}"#,
            "Policy has an invalid condition key",
            Some("s3:VersionStatus"),
        ),
        (
            r#"{"StringEquals": {"s3:prefix": "x"}}"#,
            "Conditions do not apply to combination of actions and resources in statement",
            None,
        ),
        (r#"{"IpAddress": {"aws:SourceIp": "123"}}"#, "Invalid IP address in Conditions", None),
        (r#"{"NumericLessThan": {"s3:signatureAge": "soon"}}"#, "Invalid policy syntax.", None),
        (r#"{"DateLessThan": {"aws:CurrentTime": "soon"}}"#, "Invalid policy syntax.", None),
        (r#"{"Bool": {"aws:SecureTransport": "maybe"}}"#, "Invalid policy syntax.", None),
        (r#"{"Null": {"aws:Referer": "maybe"}}"#, "Invalid policy syntax.", None),
    ] {
        let problem = condition(inner);
        assert_eq!(problem.message(), sentence, "{inner}");
        assert_eq!(detail(&problem).as_deref(), more, "{inner}");
    }
    // Every action has to go with the key (seen on AWS), a pattern with one of those that it covers.
    let copy = r#", "Condition": {"StringLike": {"s3:x-amz-copy-source": "src/public/*"}}"#;
    let with = |actions: &str| allow_get(copy).replace("\"s3:GetObject\"", actions);
    assert!(matches!(
        refused_statement(&with("[\"s3:PutObject\", \"s3:GetObject\"]")),
        PolicyProblem::ConditionWithoutAction { action, .. } if action == "s3:GetObject"
    ));
    policy(&with("\"s3:Put*\""));
    policy(&with("\"s3:*\""));
}

#[test]
fn patterns_of_actions_need_one_resource() {
    policy(&allow_get("").replace("s3:GetObject", "s3:*"));
    policy(&allow_get("").replace("s3:GetObject", "s3:Get*"));
    policy(&allow_get("").replace("s3:GetObject", "*"));
    let both = format!("[\"arn:aws:s3:::{BUCKET}\", \"arn:aws:s3:::{BUCKET}/*\"]");
    policy(&allow_get("").replace(&format!("\"arn:aws:s3:::{BUCKET}/*\""), &both));
}

#[test]
fn the_size_counts_without_spaces() {
    let document = |spaces: usize, text: usize| {
        let statement = allow_get(&format!(", \"Sid\": \"{}\"", "x".repeat(text)));
        format!("{{\"Statement\": {}[{statement}]}}", " ".repeat(spaces))
    };
    let small = Policy::parse(document(30_000, 0).as_bytes(), BUCKET).unwrap();
    let room = MAX_DOCUMENT_BYTES - small.normalized().len();
    assert!(Policy::parse(document(0, room).as_bytes(), BUCKET).is_ok());
    let problem = refused(&document(0, room + 1));
    assert_eq!(problem.message(), "Normalized policy document exceeds the maximum allowed size of 20480 bytes");
}

#[test]
fn what_s3_shows() {
    let document = format!(
        "{{\"Statement\": {{\"Resource\": [\"arn:aws:s3:::{BUCKET}/*\"], \"Condition\": {{\"Bool\": {{\"aws:SecureTransport\": true}}}}, \
         \"Action\": \"s3:GetObject\", \"Principal\": \"*\",\n \"Effect\": \"Allow\", \"Sid\": \"č\"}}, \"Id\": \"x\", \"Version\": \"2012-10-17\"}}"
    );
    let policy = Policy::parse(document.as_bytes(), BUCKET).unwrap();
    assert_eq!(
        policy.normalized(),
        format!(
            "{{\"Version\":\"2012-10-17\",\"Id\":\"x\",\"Statement\":[{{\"Sid\":\"č\",\"Effect\":\"Allow\",\"Principal\":\"*\",\
             \"Action\":\"s3:GetObject\",\"Resource\":[\"arn:aws:s3:::{BUCKET}/*\"],\
             \"Condition\":{{\"Bool\":{{\"aws:SecureTransport\":true}}}}}}]}}"
        )
    );
    assert_eq!(policy.id.as_deref(), Some("x"));
    let again = Policy::parse(policy.normalized().as_bytes(), BUCKET).unwrap();
    assert_eq!(again, policy);
}
