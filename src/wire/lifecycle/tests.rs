//! Lifecycle documents as values. What is wrong with one is tested on the wire.

use super::*;
use crate::wire::tagging::TagSet;

fn parse(rules: &str) -> Result<LifecycleConfiguration> {
    let document = format!("<LifecycleConfiguration>{rules}</LifecycleConfiguration>");
    LifecycleConfiguration::parse(&SHAPE.read(&Element::parse(document.as_bytes()).unwrap())?)
}

#[test]
fn a_rule_of_every_kind() {
    let rules = "<Rule><ID>a</ID><Status>Enabled</Status><Filter><And><Prefix>p/</Prefix><Tag><Key>k</Key><Value>v</Value></Tag>\
        <ObjectSizeGreaterThan>1</ObjectSizeGreaterThan><ObjectSizeLessThan>9</ObjectSizeLessThan></And></Filter>\
        <Expiration><Days>90</Days></Expiration><Transition><Days>30</Days><StorageClass>STANDARD_IA</StorageClass></Transition>\
        <NoncurrentVersionExpiration><NoncurrentDays>3</NoncurrentDays><NewerNoncurrentVersions>2</NewerNoncurrentVersions>\
        </NoncurrentVersionExpiration><NoncurrentVersionTransition><NoncurrentDays>0</NoncurrentDays>\
        <StorageClass>GLACIER</StorageClass></NoncurrentVersionTransition></Rule>\
        <Rule><ID>b</ID><Status>Disabled</Status><Filter/><AbortIncompleteMultipartUpload>\
        <DaysAfterInitiation>7</DaysAfterInitiation></AbortIncompleteMultipartUpload></Rule>";
    let configuration = parse(rules).unwrap();
    let expected = LifecycleRule {
        id: "a".to_owned(),
        status: RuleStatus::Enabled,
        filter: LifecycleFilter {
            version: Version::V2,
            prefix: Some("p/".to_owned()),
            tags: vec![("k".to_owned(), "v".to_owned())],
            larger_than_bytes: Some(1),
            smaller_than_bytes: Some(9),
        },
        expiration: Some(Expiration::At(When::Days(90))),
        transitions: vec![Transition { when: When::Days(30), class: StorageClass::StandardIa }],
        noncurrent_expiration: Some(Noncurrent { days: 3, newer_versions: Some(2) }),
        noncurrent_transitions: vec![(Noncurrent { days: 0, newer_versions: None }, StorageClass::Glacier)],
        abort_uploads_after_days: None,
    };
    assert_eq!(configuration.rules[0], expected);
    assert_eq!(configuration.rules[1].status, RuleStatus::Disabled);
    assert_eq!(configuration.rules[1].filter, LifecycleFilter::default());
    assert_eq!(configuration.rules[1].abort_uploads_after_days, Some(7));
}

#[test]
fn filters_match_objects() {
    let of = |filter: &str| {
        let rule =
            format!("<Rule><ID>a</ID><Status>Enabled</Status>{filter}<Expiration><Days>1</Days></Expiration></Rule>");
        parse(&rule).unwrap().rules.remove(0).filter
    };
    let none = TagSet::default();
    let tags = |header: &str| TagSet::parse_header(header).unwrap();
    assert!(of("<Filter/>").matches("k", &none, 0));
    assert!(of("<Prefix>k</Prefix>").matches("k", &none, 0) && !of("<Prefix>k/</Prefix>").matches("k", &none, 0));
    let tagged = of("<Filter><Tag><Key>a</Key><Value>1</Value></Tag></Filter>");
    assert!(tagged.matches("k", &tags("b=2&a=1"), 0) && !tagged.matches("k", &tags("a=2"), 0));
    let sized = of(
        "<Filter><And><ObjectSizeGreaterThan>1</ObjectSizeGreaterThan><ObjectSizeLessThan>4</ObjectSizeLessThan></And></Filter>",
    );
    assert_eq!([1, 2, 3, 4].map(|size| sized.matches("k", &none, size)), [false, true, true, false]);
}

#[test]
fn dates_are_days() {
    let rule = |date: &str| {
        format!("<Rule><ID>a</ID><Status>Enabled</Status><Filter/><Expiration><Date>{date}</Date></Expiration></Rule>")
    };
    let expiration = |date: &str| parse(&rule(date)).map(|configuration| configuration.rules[0].expiration);
    let day = Timestamp::from_secs(1_672_531_200);
    for date in ["2023-01-01T00:00:00Z", "2023-01-01T00:00:00.000Z", "2023-01-01T00:00:00", "2023-01-01T02:00:00+02:00"]
    {
        assert_eq!(expiration(date).unwrap(), Some(Expiration::At(When::Date(day))), "{date}");
    }
    let late = expiration("2023-01-01T02:02:00Z").unwrap_err();
    let message = "'Date' must be at midnight GMT".to_owned();
    assert_eq!(late, LifecycleProblem::Argument(message, "Date", "2023-01-01T02:02:00.000Z".to_owned()));
}
