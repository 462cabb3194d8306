//! Tests of object lock: documents, headers, and what is refused.

use super::*;
use crate::wire::error_codes::Code;

const NOW: Timestamp = Timestamp::from_secs(1_700_000_000);

fn element(document: &str) -> Element {
    Element::parse(document.as_bytes()).unwrap()
}

fn configuration(inner: &str) -> Result<ObjectLockConfiguration, ObjectLockProblem> {
    let document = format!("<ObjectLockConfiguration>{inner}</ObjectLockConfiguration>");
    ObjectLockConfiguration::parse(&element(&document))
}

fn rule(inner: &str) -> Result<ObjectLockConfiguration, ObjectLockProblem> {
    configuration(&format!(
        "<ObjectLockEnabled>Enabled</ObjectLockEnabled><Rule><DefaultRetention>{inner}</DefaultRetention></Rule>"
    ))
}

fn retention(inner: &str) -> Result<Option<Retention>, ObjectLockProblem> {
    Retention::parse(&element(&format!("<Retention>{inner}</Retention>")), NOW)
}

#[test]
fn a_configuration_and_back() {
    let plain = configuration("<ObjectLockEnabled>Enabled</ObjectLockEnabled>").unwrap();
    let days = rule("<Mode>GOVERNANCE</Mode><Days> 36500 </Days>").unwrap();
    let years = rule("<Years>100</Years><Mode>COMPLIANCE</Mode>").unwrap();
    for value in [plain, days, years] {
        assert_eq!(ObjectLockConfiguration::parse(&element(&value.to_xml())), Ok(value));
        let stored = serde_json::to_string(&value).unwrap();
        assert_eq!(serde_json::from_str::<ObjectLockConfiguration>(&stored).unwrap(), value);
    }
    assert_eq!(
        days.to_xml(),
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <ObjectLockConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\
         <ObjectLockEnabled>Enabled</ObjectLockEnabled><Rule><DefaultRetention><Mode>GOVERNANCE</Mode>\
         <Days>36500</Days></DefaultRetention></Rule></ObjectLockConfiguration>"
    );
    let starting = years.default_retention.unwrap().starting(NOW);
    assert_eq!(starting.until.secs() - NOW.secs(), 100 * 365 * 86_400);
    assert!(starting.holds(NOW) && !starting.holds(starting.until));
}

/// What AWS answered, by `LocalStack`'s recordings of February 2026.
#[test]
fn configurations_of_another_schema() {
    let enabled = "<ObjectLockEnabled>Enabled</ObjectLockEnabled>";
    for inner in [
        "",
        "<Rule><DefaultRetention><Mode>GOVERNANCE</Mode><Days>1</Days></DefaultRetention></Rule>",
        "<ObjectLockEnabled>Disabled</ObjectLockEnabled>",
        "<ObjectLockEnabled>Enabled</ObjectLockEnabled><Rule/>",
        "<ObjectLockEnabled>Enabled</ObjectLockEnabled><Rule><DefaultRetention/></Rule>",
        &format!("{enabled}{enabled}"),
    ] {
        assert_eq!(configuration(inner).unwrap_err().code(), Code::MalformedXml, "{inner}");
    }
    for inner in [
        "<Mode>GOVERNANCE</Mode>",
        "<Days>1</Days>",
        "<Mode>BAD-VALUE</Mode><Days>1</Days>",
        "<Mode>governance</Mode><Days>1</Days>",
        "<Mode>GOVERNANCE</Mode><Days>1</Days><Years>1</Years>",
        "<Mode>GOVERNANCE</Mode><Days>1.5</Days>",
        "<Mode>GOVERNANCE</Mode><Days>99999999999</Days>",
        "<Mode>GOVERNANCE</Mode><Months>1</Months>",
    ] {
        let problem = rule(inner).unwrap_err();
        assert_eq!((problem.code(), problem.fields()), (Code::MalformedXml, vec![]), "{inner}");
        assert_eq!(problem.message(), Code::MalformedXml.message());
    }
}

#[test]
fn a_period_is_positive_and_no_longer_than_a_century() {
    let fields = |name: &str, value: &str| vec![("ArgumentName", name.to_owned()), ("ArgumentValue", value.to_owned())];
    for (unit, value, sentence) in [
        ("Days", "0", "Default retention period must be a positive integer value."),
        ("Days", "-1", "Default retention period must be a positive integer value."),
        ("Days", "36501", "Default retention period too large."),
        ("Years", "0", "Default retention period must be a positive integer value."),
        ("Years", "101", "Default retention period too large."),
    ] {
        let problem = rule(&format!("<Mode>COMPLIANCE</Mode><{unit}>{value}</{unit}>")).unwrap_err();
        assert_eq!((problem.code(), problem.message()), (Code::InvalidArgument, sentence));
        assert_eq!(problem.fields(), fields(unit, value));
    }
}

#[test]
fn a_retention_and_back() {
    let text = "<Mode>COMPLIANCE</Mode><RetainUntilDate>2030-01-01T01:00:00.5+01:00</RetainUntilDate>";
    let value = retention(text).unwrap().unwrap();
    assert_eq!(value.date(), "2030-01-01T00:00:00.500Z");
    assert_eq!(
        value.to_xml(),
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <Retention xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Mode>COMPLIANCE</Mode>\
         <RetainUntilDate>2030-01-01T00:00:00.500Z</RetainUntilDate></Retention>"
    );
    assert_eq!(Retention::parse(&element(&value.to_xml()), NOW), Ok(Some(value)));
    assert_eq!(retention(""), Ok(None), "asks to lift it");
}

#[test]
fn retentions_that_are_refused() {
    for inner in [
        "<Mode>GOVERNANCE</Mode>",
        "<RetainUntilDate>2030-01-01T00:00:00Z</RetainUntilDate>",
        "<Mode>BAD-VALUE</Mode><RetainUntilDate>2030-01-01T00:00:00Z</RetainUntilDate>",
        "<Mode>GOVERNANCE</Mode><RetainUntilDate>tomorrow</RetainUntilDate>",
        "<Mode>GOVERNANCE</Mode><RetainUntilDate/>",
    ] {
        assert_eq!(retention(inner).unwrap_err().code(), Code::MalformedXml, "{inner}");
    }
    let past = "<Mode>GOVERNANCE</Mode><RetainUntilDate>2020-01-01T00:00:00Z</RetainUntilDate>";
    let problem = retention(past).unwrap_err();
    assert_eq!(problem.code(), Code::InvalidArgument);
    assert_eq!(problem.message(), "The retain until date must be in the future!");
    let fields =
        [("ArgumentName", "RetainUntilDate".to_owned()), ("ArgumentValue", "Tue Dec 31 16:00:00 PST 2019".to_owned())];
    assert_eq!(problem.fields(), fields);
}

#[test]
fn the_time_of_seattle() {
    let shown = |text: &str| pacific(Timestamp::parse_iso8601(text).unwrap());
    assert_eq!(shown("2020-01-01T00:00:00Z"), "Tue Dec 31 16:00:00 PST 2019");
    assert_eq!(shown("2021-03-14T09:59:59Z"), "Sun Mar 14 01:59:59 PST 2021");
    assert_eq!(shown("2021-03-14T10:00:00Z"), "Sun Mar 14 03:00:00 PDT 2021");
    assert_eq!(shown("2021-11-07T08:59:59Z"), "Sun Nov 07 01:59:59 PDT 2021");
    assert_eq!(shown("2021-11-07T09:00:00Z"), "Sun Nov 07 01:00:00 PST 2021");
    assert_eq!(shown("2022-07-05T12:00:00Z"), "Tue Jul 05 05:00:00 PDT 2022");
}

#[test]
fn a_legal_hold() {
    for hold in [LegalHold::On, LegalHold::Off] {
        assert_eq!(LegalHold::parse(&element(&hold.to_xml())), Ok(hold));
        assert_eq!(LegalHold::parse_header(hold.name()), Ok(hold));
    }
    for document in ["<LegalHold/>", "<LegalHold><Status>on</Status></LegalHold>", "<Hold><Status>ON</Status></Hold>"] {
        assert_eq!(LegalHold::parse(&element(document)).unwrap_err().code(), Code::MalformedXml, "{document}");
    }
    let problem = LegalHold::parse_header("on").unwrap_err();
    assert_eq!(problem.message(), "Legal Hold must be either of 'ON' or 'OFF'");
    assert_eq!(problem.fields()[0], ("ArgumentName", HOLD_HEADER.to_owned()));
}

#[test]
fn headers() {
    let parse = |mode, date, hold| ObjectLock::parse_headers(mode, date, hold, NOW);
    assert!(parse(None, None, None).unwrap().is_empty());
    let all = parse(Some("GOVERNANCE"), Some("2030-01-01T00:00:00Z"), Some("OFF")).unwrap();
    assert_eq!(
        all.headers(),
        [
            ("x-amz-object-lock-mode", "GOVERNANCE".to_owned()),
            ("x-amz-object-lock-retain-until-date", "2030-01-01T00:00:00.000Z".to_owned()),
            ("x-amz-object-lock-legal-hold", "OFF".to_owned()),
        ]
    );
    let argument =
        |problem: &ObjectLockProblem| problem.fields().into_iter().map(|(_, value)| value).collect::<Vec<_>>();
    let both = "x-amz-object-lock-retain-until-date and x-amz-object-lock-mode must both be supplied";
    for (mode, date, sentence, shown) in [
        (Some("GOVERNANCE"), None, both, vec![DATE_HEADER]),
        (None, Some("2030-01-01T00:00:00Z"), both, vec![MODE_HEADER]),
        (Some("BAD-VALUE"), Some("x"), "Unknown wormMode directive.", vec![MODE_HEADER, "BAD-VALUE"]),
        (
            Some("COMPLIANCE"),
            Some("x"),
            "The retain until date must be provided in ISO 8601 format",
            vec![DATE_HEADER, "x"],
        ),
        (
            Some("COMPLIANCE"),
            Some("2020-01-01T00:00:00Z"),
            "The retain until date must be in the future!",
            vec![DATE_HEADER, "2020-01-01T00:00:00Z"],
        ),
    ] {
        let problem = parse(mode, date, None).unwrap_err();
        assert_eq!((problem.code(), problem.message()), (Code::InvalidArgument, sentence));
        assert_eq!(argument(&problem), shown);
    }
}

#[test]
fn what_a_lock_forbids() {
    let at = |mode, secs| Retention { mode, until: Timestamp::from_secs(NOW.secs() + secs) };
    let (governance, compliance) = (RetentionMode::Governance, RetentionMode::Compliance);
    for (old, new, without, with) in [
        (at(governance, 10), Some(at(governance, 10)), true, true),
        (at(governance, 10), Some(at(governance, 20)), true, true),
        (at(governance, 10), Some(at(governance, 5)), false, true),
        (at(governance, 10), Some(at(compliance, 20)), false, true),
        (at(governance, 10), None, false, true),
        (at(compliance, 10), Some(at(compliance, 20)), true, true),
        (at(compliance, 10), Some(at(compliance, 5)), false, false),
        (at(compliance, 10), Some(at(governance, 20)), false, false),
        (at(compliance, 10), None, false, false),
        (at(compliance, 0), None, true, true),
    ] {
        assert_eq!(old.may_become(new, Bypass::None, NOW), without, "{old:?} {new:?}");
        assert_eq!(old.may_become(new, Bypass::Granted, NOW), with, "{old:?} {new:?}");
    }
    let forbids = |retention, legal_hold| {
        let lock = ObjectLock { retention, legal_hold };
        assert_eq!(serde_json::from_str::<ObjectLock>(&serde_json::to_string(&lock).unwrap()).unwrap(), lock);
        (lock.protection(Bypass::None, NOW).is_some(), lock.protection(Bypass::Granted, NOW).is_some())
    };
    assert_eq!(forbids(None, None), (false, false));
    assert_eq!(forbids(None, Some(LegalHold::On)), (true, true));
    assert_eq!(forbids(Some(at(governance, 10)), Some(LegalHold::Off)), (true, false));
    assert_eq!(forbids(Some(at(compliance, 10)), None), (true, true));
    assert_eq!(forbids(Some(at(compliance, -1)), None), (false, false));
}
