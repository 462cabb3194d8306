//! Tests of the CORS rules: the document, and which requests the rules allow.

use super::*;

fn parse(inner: &str) -> Result<CorsConfiguration, CorsProblem> {
    let document = format!("<CORSConfiguration>{inner}</CORSConfiguration>");
    CorsConfiguration::parse(&Element::parse(document.as_bytes()).unwrap())
}

fn one_rule(inner: &str) -> Result<CorsConfiguration, CorsProblem> {
    parse(&format!("<CORSRule>{inner}</CORSRule>"))
}

/// A rule of `GET` and those origins, with more elements.
fn rule_for(origins: &[&str], more: &str) -> CorsConfiguration {
    let origins = origins.join("</AllowedOrigin><AllowedOrigin>");
    one_rule(&format!("<AllowedOrigin>{origins}</AllowedOrigin>{METHOD}{more}")).unwrap()
}

fn allowed(rules: &CorsConfiguration, origin: &str, method: &str, requested: &[&str]) -> Option<CorsGrant> {
    match rules.decide(origin, method, requested) {
        CorsDecision::Allowed(grant) => Some(grant),
        CorsDecision::Refused(reasons) => {
            assert_eq!(reasons.len(), rules.rules().len());
            None
        }
    }
}

fn reasons(rules: &CorsConfiguration, origin: &str, method: &str, requested: &[&str]) -> Vec<String> {
    match rules.decide(origin, method, requested) {
        CorsDecision::Allowed(grant) => panic!("allowed: {grant:?}"),
        CorsDecision::Refused(reasons) => reasons,
    }
}

const ORIGIN: &str = "<AllowedOrigin>http://a</AllowedOrigin>";
const METHOD: &str = "<AllowedMethod>GET</AllowedMethod>";

#[test]
fn a_document_and_back() {
    let rules = parse(
        "<CORSRule><ExposeHeader>ETag</ExposeHeader><MaxAgeSeconds> 3000 </MaxAgeSeconds><ID>a&amp;b</ID>\
         <AllowedOrigin>http://x:80</AllowedOrigin><AllowedMethod>PUT</AllowedMethod>\
         <AllowedOrigin>http://*.y</AllowedOrigin><AllowedMethod>GET</AllowedMethod>\
         <AllowedHeader>x-AMZ-*</AllowedHeader></CORSRule>\n\
         <CORSRule><AllowedOrigin/><AllowedMethod>HEAD</AllowedMethod></CORSRule>",
    )
    .unwrap();
    assert_eq!(rules.rules()[0].max_age_seconds, Some(3000));
    let xml = rules.to_xml();
    assert_eq!(
        xml,
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <CORSConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><CORSRule>\
         <AllowedHeader>x-AMZ-*</AllowedHeader><AllowedMethod>PUT</AllowedMethod><AllowedMethod>GET</AllowedMethod>\
         <AllowedOrigin>http://x:80</AllowedOrigin><AllowedOrigin>http://*.y</AllowedOrigin>\
         <ExposeHeader>ETag</ExposeHeader><ID>a&amp;b</ID><MaxAgeSeconds>3000</MaxAgeSeconds></CORSRule>\
         <CORSRule><AllowedMethod>HEAD</AllowedMethod><AllowedOrigin></AllowedOrigin></CORSRule></CORSConfiguration>"
    );
    assert_eq!(CorsConfiguration::parse(&Element::parse(xml.as_bytes()).unwrap()), Ok(rules));
}

#[test]
fn malformed_documents() {
    let root = Element::parse(b"<CORSRule/>").unwrap();
    assert_eq!(CorsConfiguration::parse(&root), Err(CorsProblem::WrongRoot("CORSRule".into())));
    let cases = [
        ("", CorsProblem::NoRule),
        ("<CorsRule/>", CorsProblem::UnknownElement("CorsRule".into())),
        ("<CORSRule/>", CorsProblem::Missing { rule: 1, element: "AllowedOrigin" }),
    ];
    for (inner, problem) in cases {
        assert_eq!(parse(inner), Err(problem.clone()), "{inner}");
        assert_eq!(problem.code(), Code::MalformedXml);
        assert!(problem.message().starts_with("The XML you provided was not well-formed"));
    }
    let too_long = format!("{ORIGIN}{METHOD}<ID>{}</ID>", "é".repeat(256));
    let cases = [
        (METHOD, CorsProblem::Missing { rule: 1, element: "AllowedOrigin" }),
        (ORIGIN, CorsProblem::Missing { rule: 1, element: "AllowedMethod" }),
        ("<AllowedOrigins>*</AllowedOrigins>", CorsProblem::UnknownElement("AllowedOrigins".into())),
        ("<AllowedOrigin><a/></AllowedOrigin>", CorsProblem::UnknownElement("a".into())),
        ("<ID/><ID>b</ID>", CorsProblem::Repeated { rule: 1, element: "ID" }),
        (&too_long, CorsProblem::IdTooLong { rule: 1 }),
        (
            "<MaxAgeSeconds>1</MaxAgeSeconds><MaxAgeSeconds>1</MaxAgeSeconds>",
            CorsProblem::Repeated { rule: 1, element: "MaxAgeSeconds" },
        ),
    ];
    for (inner, problem) in cases {
        assert_eq!(one_rule(inner), Err(problem.clone()), "{inner}");
        assert_eq!(problem.code(), Code::MalformedXml);
    }
    for age in ["", "x", "-1", "1.5", "2147483648"] {
        let inner = format!("{ORIGIN}{METHOD}<MaxAgeSeconds>{age}</MaxAgeSeconds>");
        assert_eq!(one_rule(&inner), Err(CorsProblem::InvalidMaxAge(age.into())));
    }
}

#[test]
fn limits() {
    let rule = format!("<CORSRule>{ORIGIN}{METHOD}</CORSRule>");
    assert_eq!(parse(&rule.repeat(MAX_RULES)).unwrap().rules().len(), MAX_RULES);
    assert_eq!(parse(&rule.repeat(MAX_RULES + 1)), Err(CorsProblem::TooManyRules(101)));
    let id = "é".repeat(MAX_ID_CHARS);
    assert_eq!(one_rule(&format!("{ORIGIN}{METHOD}<ID>{id}</ID>")).unwrap().rules()[0].id, Some(id));
}

#[test]
fn invalid_requests() {
    for method in ["OPTIONS", "PATCH", "get", " GET", "*", ""] {
        let inner = format!("{ORIGIN}{METHOD}<AllowedMethod>{method}</AllowedMethod>");
        let problem = one_rule(&inner).unwrap_err();
        assert_eq!(problem.code(), Code::InvalidRequest);
        assert_eq!(
            problem.message(),
            format!("Found unsupported HTTP method in CORS config. Unsupported method is {method}")
        );
    }
    let cases = [
        ("<AllowedOrigin>*a*.com</AllowedOrigin>", "AllowedOrigin \"*a*.com\" can not have more than one wildcard."),
        ("<AllowedHeader>**</AllowedHeader>", "AllowedHeader \"**\" can not have more than one wildcard."),
        (
            "<ExposeHeader>*</ExposeHeader>",
            "ExposeHeader \"*\" contains wildcard. We currently do not support wildcard for ExposeHeader.",
        ),
    ];
    for (inner, message) in cases {
        let problem = one_rule(&format!("{ORIGIN}{METHOD}{inner}")).unwrap_err();
        assert_eq!((problem.code(), problem.message().as_str()), (Code::InvalidRequest, message));
        assert_eq!(problem.to_string(), message);
    }
}

#[test]
fn structure_is_checked_before_content() {
    let rules =
        format!("<CORSRule>{ORIGIN}<AllowedMethod>PATCH</AllowedMethod></CORSRule><CORSRule>{ORIGIN}</CORSRule>");
    assert_eq!(parse(&rules), Err(CorsProblem::Missing { rule: 2, element: "AllowedMethod" }));
}

#[test]
fn origins_match_byte_by_byte_with_one_star() {
    let cases = [
        ("http://a", "http://a", true),
        ("http://a", "http://a/", false),
        ("http://a", "https://a", false),
        ("http://a", "http://a:80", false),
        ("http://a", "http://A", false),
        ("http://*.a.com", "http://x.a.com", true),
        ("http://*.a.com", "http://x.y.a.com", true),
        ("http://*.a.com", "http://x.a.com/", false),
        ("http://*.a.com", "http://a.com", false),
        ("*suffix", "foo.suffix", true),
        ("*suffix", "suffix", true),
        ("*suffix", "foo.suffix.get", false),
        ("prefix*", "prefix.x", true),
        ("prefix*", "bla.prefix", false),
        ("start*end", "startend", true),
        ("start*end", "start12end", true),
        ("start*end", "0start12end", false),
        ("aba*aba", "ababa", false),
        ("é*", "é", true),
        ("*", "null", true),
        ("", "http://a", false),
    ];
    for (pattern, origin, expected) in cases {
        let granted = allowed(&rule_for(&[pattern], ""), origin, "GET", &[]);
        assert_eq!(granted.is_some(), expected, "{pattern} {origin}");
    }
}

#[test]
fn the_literal_star_answers_star_without_credentials() {
    for origins in [&["*"][..], &["http://a", "*"], &["*", "http://a"]] {
        let grant = allowed(&rule_for(origins, ""), "http://a", "GET", &[]).unwrap();
        assert_eq!(
            grant.headers(),
            [
                ("Access-Control-Allow-Origin", "*".to_owned()),
                ("Access-Control-Allow-Methods", "GET".to_owned()),
                ("Vary", "Origin, Access-Control-Request-Headers, Access-Control-Request-Method".to_owned()),
            ]
        );
    }
    let grant = allowed(&rule_for(&["http*"], ""), "http://a", "GET", &[]).unwrap();
    assert_eq!(grant.allow_origin, AllowOrigin::Origin("http://a".into()));
}

#[test]
fn all_the_headers_of_a_grant() {
    let rules = one_rule(
        "<AllowedOrigin>https://localhost:4200</AllowedOrigin><AllowedMethod>GET</AllowedMethod>\
         <AllowedMethod>PUT</AllowedMethod><MaxAgeSeconds>0</MaxAgeSeconds><AllowedHeader>*</AllowedHeader>\
         <ExposeHeader>ETag</ExposeHeader><ExposeHeader>bad&#10;name</ExposeHeader><ExposeHeader/>\
         <ExposeHeader>x-amz-id-2</ExposeHeader>",
    )
    .unwrap();
    let grant = allowed(&rules, "https://localhost:4200", "PUT", &["X-Amz-Date", "content-type"]).unwrap();
    assert_eq!(
        grant.headers(),
        [
            ("Access-Control-Allow-Origin", "https://localhost:4200".to_owned()),
            ("Access-Control-Allow-Methods", "GET, PUT".to_owned()),
            ("Access-Control-Allow-Headers", "x-amz-date, content-type".to_owned()),
            ("Access-Control-Expose-Headers", "ETag, x-amz-id-2".to_owned()),
            ("Access-Control-Max-Age", "0".to_owned()),
            ("Access-Control-Allow-Credentials", "true".to_owned()),
            ("Vary", "Origin, Access-Control-Request-Headers, Access-Control-Request-Method".to_owned()),
        ]
    );
    // Allowed, but not requested.
    assert_eq!(allowed(&rules, "https://localhost:4200", "PUT", &[]).unwrap().allow_headers, None);
}

#[test]
fn every_requested_header_must_match() {
    let listed = "<AllowedHeader>x-amz-expected-bucket-owner</AllowedHeader>\
                  <AllowedHeader>x-AMZ-server-SIDE-encryption</AllowedHeader><AllowedHeader>X-Meta-*</AllowedHeader>";
    let rules = rule_for(&["*"], listed);
    let requested = requested_headers("x-AMZ-expected-BUCKET-owner,x-amz-server-side-encryption,, X-META-A ");
    let grant = allowed(&rules, "http://a", "GET", &requested).unwrap();
    assert_eq!(
        grant.allow_headers.as_deref(),
        Some("x-amz-expected-bucket-owner, x-amz-server-side-encryption, x-meta-a")
    );
    for refused in
        [&["x-amz-request-payer"][..], &["x-meta-a", "x-amz-request-payer"], &["x-amz-server-side-encryption-x"]]
    {
        assert_eq!(allowed(&rules, "http://a", "GET", refused), None);
    }
    // Without AllowedHeader none may be requested.
    assert_eq!(allowed(&rule_for(&["*"], ""), "http://a", "GET", &["x-meta-a"]), None);
    assert_eq!(requested_headers(" , "), Vec::<&str>::new());
}

#[test]
fn the_first_matching_rule_wins() {
    let rules = parse(
        "<CORSRule><AllowedOrigin>http://a</AllowedOrigin><AllowedMethod>PUT</AllowedMethod></CORSRule>\
         <CORSRule><AllowedOrigin>http://a</AllowedOrigin><AllowedMethod>GET</AllowedMethod>\
         <MaxAgeSeconds>1</MaxAgeSeconds></CORSRule>\
         <CORSRule><AllowedOrigin>*</AllowedOrigin><AllowedMethod>GET</AllowedMethod></CORSRule>",
    )
    .unwrap();
    let grant = allowed(&rules, "http://a", "GET", &[]).unwrap();
    assert_eq!((grant.allow_methods.as_str(), grant.max_age_seconds), ("GET", Some(1)));
    assert_eq!(allowed(&rules, "http://b", "GET", &[]).unwrap().allow_origin, AllowOrigin::Any);
    for (origin, method) in [("http://b", "PUT"), ("http://a", "DELETE"), ("http://a", "get"), ("http://a", "OPTIONS")]
    {
        assert_eq!(allowed(&rules, origin, method, &[]), None, "{origin} {method}");
    }
}

#[test]
fn a_refusal_says_why_rule_by_rule() {
    let rules = parse(
        "<CORSRule><ID>web</ID><AllowedOrigin>http://a/</AllowedOrigin><AllowedMethod>GET</AllowedMethod></CORSRule>\
         <CORSRule><AllowedOrigin>*</AllowedOrigin><AllowedMethod>GET</AllowedMethod><AllowedMethod>HEAD</AllowedMethod>\
         <AllowedHeader>x-*</AllowedHeader></CORSRule>",
    )
    .unwrap();
    assert_eq!(
        reasons(&rules, "http://a", "PUT", &["x-a", "etag\n"]),
        [
            "rule 1 (\"web\"): AllowedOrigin \"http://a/\" does not match \"http://a\"; \
             \"http://a/\" ends with a slash, which no browser's Origin does; \
             AllowedMethod \"GET\" does not list \"PUT\"; \
             there is no AllowedHeader, so it allows no requested header: \"x-a\", \"etag\\n\"",
            "rule 2: AllowedMethod \"GET\", \"HEAD\" does not list \"PUT\"; \
             AllowedHeader \"x-*\" does not match \"etag\\n\"",
        ]
    );
}
