//! `?lifecycle`.

use super::{absent, document, malformed, not_documents, put, putting, round_trip, shown};
use crate::answers::{bad_argument, bad_request};
use crate::support::server::TestServer;

const TARGET: &str = "/bkt?lifecycle";
const ROOT: &str = "LifecycleConfiguration";
const MINIMUM: &str = "x-amz-transition-default-minimum-object-size";
const NONE: &str = "The lifecycle configuration does not exist";
const WEEK: &str = "<Expiration><Days>7</Days></Expiration>";

fn rule(id: &str, inner: &str) -> String {
    format!("<Rule><ID>{id}</ID>{inner}<Status>Enabled</Status></Rule>")
}

/// As [`rule`], in the order in which S3 shows it.
fn tidy(id: &str, selection: &str, actions: &str) -> String {
    format!("<Rule><ID>{id}</ID>{selection}<Status>Enabled</Status>{actions}</Rule>")
}

fn of(rules: &str) -> String {
    format!("<{ROOT}>{rules}</{ROOT}>")
}

fn to(days: u32, class: &str) -> String {
    format!("<Transition><Days>{days}</Days><StorageClass>{class}</StorageClass></Transition>")
}

fn noncurrent(days: u32, class: &str) -> String {
    let when = format!("<NoncurrentDays>{days}</NoncurrentDays><StorageClass>{class}</StorageClass>");
    format!("<NoncurrentVersionTransition>{when}</NoncurrentVersionTransition>")
}

fn tag(key: &str) -> String {
    format!("<Tag><Key>{key}</Key><Value>v</Value></Tag>")
}

fn at(date: &str) -> String {
    format!("<Expiration><Date>{date}</Date></Expiration>")
}

#[tokio::test]
async fn lifecycle_documents() {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    absent(&client, TARGET, "NoSuchLifecycleConfiguration", NONE).await;
    client.delete(TARGET).send().await.expect_status(204);
    let (filter, midnight) = ("<Filter/>", at("2023-01-01T00:00:00.000Z"));
    let and = format!(
        "<Filter><And><Prefix>p/</Prefix>{}{}<ObjectSizeGreaterThan>500</ObjectSizeGreaterThan><ObjectSizeLessThan>64000</ObjectSizeLessThan></And></Filter>",
        tag("a"),
        tag("b")
    );
    let moves = [to(30, "STANDARD_IA"), to(60, "GLACIER_IR"), to(150, "GLACIER"), to(240, "DEEP_ARCHIVE")].concat();
    let end = "<NoncurrentVersionExpiration><NoncurrentDays>91</NoncurrentDays><NewerNoncurrentVersions>3</NewerNoncurrentVersions></NoncurrentVersionExpiration>";
    let noncurrent = [noncurrent(30, "STANDARD_IA"), noncurrent(90, "GLACIER")].concat();
    let abort =
        "<AbortIncompleteMultipartUpload><DaysAfterInitiation>7</DaysAfterInitiation></AbortIncompleteMultipartUpload>";
    let markers = "<Expiration><ExpiredObjectDeleteMarker>true</ExpiredObjectDeleteMarker></Expiration>";
    let year = "<Expiration><Days>365</Days></Expiration>";
    // What Terraform's provider puts in a test against AWS.
    let at_once = "<NoncurrentVersionTransition><NoncurrentDays>30</NoncurrentDays><StorageClass>STANDARD_IA</StorageClass></NoncurrentVersionTransition><NoncurrentVersionExpiration><NoncurrentDays>30</NoncurrentDays><NewerNoncurrentVersions>2</NewerNoncurrentVersions></NoncurrentVersionExpiration>";
    for (given, expected) in [
        (rule("a", &format!("{WEEK}{filter}")), tidy("a", filter, WEEK)),
        (rule("a", &format!("{WEEK}<Prefix/>")), tidy("a", "<Prefix/>", WEEK)),
        (rule("a", &format!("{filter}{}", at("2023-01-01T00:00:00Z"))), tidy("a", filter, &midnight)),
        (rule("a", &format!("{year}{moves}{and}")), tidy("a", &and, &format!("{moves}{year}"))),
        (
            rule("a", &format!("{abort}{end}{noncurrent}{filter}{markers}")),
            tidy("a", filter, &format!("{markers}{noncurrent}{end}{abort}")),
        ),
        (tidy("a", filter, at_once), tidy("a", filter, at_once)),
        (
            [rule("b", &format!("{filter}{WEEK}")), rule("a", &format!("{filter}{WEEK}"))].concat(),
            [tidy("b", filter, WEEK), tidy("a", filter, WEEK)].concat(),
        ),
    ] {
        round_trip(&client, TARGET, 200, (ROOT, &given, &expected)).await;
    }
    for single in ["<Prefix>p</Prefix>", "<ObjectSizeGreaterThan>20</ObjectSizeGreaterThan>", &tag("a")] {
        let filter = format!("<Filter>{single}</Filter>");
        round_trip(&client, TARGET, 200, (ROOT, &tidy("a", &filter, WEEK), &tidy("a", &filter, WEEK))).await;
    }
    client.delete(TARGET).send().await.expect_status(204);
    absent(&client, TARGET, "NoSuchLifecycleConfiguration", NONE).await;
}

#[tokio::test]
async fn lifecycle_minimum_object_size() {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    let body = of(&tidy("varies_by_storage_class", "<Filter/>", WEEK));
    let (all, varies) = ("all_storage_classes_128K", "varies_by_storage_class");
    for (given, expected) in [(varies, varies), ("", all), (all, all)] {
        let put = putting(&client, TARGET, &body);
        let put = if given.is_empty() { put } else { put.header(MINIMUM, given) };
        assert_eq!(put.send().await.expect_status(200).header(MINIMUM), Some(expected));
        let get = client.get(TARGET).send().await.expect_status(200);
        assert_eq!(get.header(MINIMUM), Some(expected));
        assert_eq!(get.text(), document(ROOT, &tidy("varies_by_storage_class", "<Filter/>", WEEK)));
    }
    let reply = putting(&client, TARGET, &body).header(MINIMUM, "value").send().await;
    bad_request(&reply, "Invalid TransitionDefaultMinimumObjectSize found: value");
}

#[tokio::test]
async fn lifecycle_ids_are_made() {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    let bare = format!("<Rule><Filter/><Status>Disabled</Status>{WEEK}</Rule>");
    let empty = format!("<Rule><ID/><Filter/><Status>Disabled</Status>{WEEK}</Rule>");
    put(&client, TARGET, &of(&[bare, empty].concat())).await.expect_status(200);
    let reply = client.get(TARGET).send().await.expect_status(200);
    let ids = reply.xml_all("ID");
    assert!(ids.len() == 2 && ids[0] != ids[1] && ids.iter().all(|id| id.len() == 48), "{ids:?}");
    put(&client, TARGET, reply.text()).await.expect_status(200);
    assert_eq!(shown(&client, TARGET).await, reply.text());
}

#[tokio::test]
async fn lifecycle_needs_a_digest() {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    let body = of(&tidy("a", "<Filter/>", WEEK));
    let reply = client.put(TARGET).body(&body).send().await;
    bad_request(&reply, "Missing required header for this request: Content-MD5");
    let crc = client.put(TARGET).header("x-amz-checksum-crc32", "AAAAAA==").body(&body).send().await;
    crc.expect_error(400, "BadDigest");
    putting(&client, TARGET, &body).send().await.expect_status(200);
}

#[tokio::test]
async fn lifecycle_malformed() {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    not_documents(&client, TARGET, ROOT).await;
    let filtered = |filter: &str| tidy("a", &format!("<Filter>{filter}</Filter>"), WEEK);
    let acting = |actions: &str| tidy("a", "<Filter/>", actions);
    for rules in [
        String::new(),
        format!("<Rule><Status>Enabled</Status>{WEEK}</Rule>"),
        tidy("a", "", WEEK),
        tidy("a", "<Prefix/><Filter/>", WEEK),
        format!("<Rule><ID>a</ID><Filter/>{WEEK}</Rule>"),
        format!("<Rule><ID>a</ID><Filter/><Status>On</Status>{WEEK}</Rule>"),
        filtered("<And><Prefix>test</Prefix></And><Prefix/>"),
        filtered("<ObjectSizeGreaterThan>500</ObjectSizeGreaterThan><Prefix/>"),
        filtered("<And><Prefix>p</Prefix></And>"),
        filtered("<Tag><Key>a</Key></Tag>"),
        filtered("<And/>"),
        acting("<Expiration/>"),
        acting("<Expiration><Days>7</Days><ExpiredObjectDeleteMarker>true</ExpiredObjectDeleteMarker></Expiration>"),
        acting("<Expiration><Days>7</Days><Date>2023-01-01T00:00:00Z</Date></Expiration>"),
        acting("<Expiration><Days>seven</Days></Expiration>"),
        acting(&at("tomorrow")),
        acting(&WEEK.repeat(2)),
        acting(&format!("{WEEK}<NoncurrentVersionExpiration/>")),
        acting(
            "<NoncurrentVersionExpiration><NewerNoncurrentVersions>1</NewerNoncurrentVersions></NoncurrentVersionExpiration>",
        ),
        acting("<AbortIncompleteMultipartUpload/>"),
        acting("<Transition><Days>1</Days></Transition>"),
        acting("<Transition><StorageClass>GLACIER</StorageClass></Transition>"),
        acting(&to(30, "OUTPOSTS")),
        (0..=1000).map(|id| tidy(&id.to_string(), "<Filter/>", WEEK)).collect::<String>(),
    ] {
        malformed(&client, TARGET, &of(&rules)).await;
    }
    absent(&client, TARGET, "NoSuchLifecycleConfiguration", NONE).await;
    let most: String = (0..1000).map(|id| tidy(&id.to_string(), "<Filter/>", WEEK)).collect();
    put(&client, TARGET, &of(&most)).await.expect_status(200);
}

#[tokio::test]
async fn lifecycle_bad_arguments() {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    let acting = |actions: &str| tidy("a", "<Filter><Prefix>p</Prefix></Filter>", actions);
    let days = |action: &str, name: &str, days: i32| acting(&format!("<{action}><{name}>{days}</{name}></{action}>"));
    let long = "x".repeat(256);
    let in_days = "<Expiration><Days>30</Days></Expiration>";
    let newer = "<NoncurrentVersionExpiration><NoncurrentDays>1</NoncurrentDays><NewerNoncurrentVersions>0</NewerNoncurrentVersions></NoncurrentVersionExpiration>";
    let noncurrent_end =
        "<NoncurrentVersionExpiration><NoncurrentDays>90</NoncurrentDays></NoncurrentVersionExpiration>";
    for (rules, message, name, value) in [
        (acting(&at("2023-01-01T02:02:00Z")), "'Date' must be at midnight GMT", "Date", "2023-01-01T02:02:00.000Z"),
        (days("Expiration", "Days", 0), "'Days' for Expiration action must be a positive integer", "Days", "0"),
        (days("Expiration", "Days", -1), "'Days' for Expiration action must be a positive integer", "Days", "-1"),
        (
            days("NoncurrentVersionExpiration", "NoncurrentDays", 0),
            "'NoncurrentDays' for NoncurrentVersionExpiration action must be a positive integer",
            "NoncurrentDays",
            "0",
        ),
        (
            days("AbortIncompleteMultipartUpload", "DaysAfterInitiation", 0),
            "'DaysAfterInitiation' for AbortIncompleteMultipartUpload action must be a positive integer",
            "DaysAfterInitiation",
            "0",
        ),
        (
            acting(newer),
            "'NewerNoncurrentVersions' for NoncurrentVersionExpiration action must be a positive integer",
            "NewerNoncurrentVersions",
            "0",
        ),
        (
            acting(&to(29, "STANDARD_IA")),
            "'Days' in Transition action must be greater than or equal to 30 for storageClass 'STANDARD_IA'",
            "Days",
            "29",
        ),
        (
            acting(&noncurrent(0, "ONEZONE_IA")),
            "'NoncurrentDays' in NoncurrentVersionTransition action must be greater than or equal to 30 for storageClass 'ONEZONE_IA'",
            "NoncurrentDays",
            "0",
        ),
        (
            acting(&[to(30, "STANDARD_IA"), to(59, "GLACIER")].concat()),
            "'Days' in the 'Transition' action for StorageClass 'GLACIER' for filter '(prefix=p)' must be 30 days more than 'filter '(prefix=p)'' in the 'Transition' action for StorageClass 'STANDARD_IA'",
            "Days",
            "59",
        ),
        (
            acting(&[to(119, "DEEP_ARCHIVE"), to(30, "GLACIER_IR")].concat()),
            "'Days' in the 'Transition' action for StorageClass 'DEEP_ARCHIVE' for filter '(prefix=p)' must be 90 days more than 'filter '(prefix=p)'' in the 'Transition' action for StorageClass 'GLACIER_IR'",
            "Days",
            "30",
        ),
        (
            acting(&[to(30, "GLACIER"), to(10, "DEEP_ARCHIVE")].concat()),
            "'Days' in the 'Transition' action for StorageClass 'DEEP_ARCHIVE' for filter '(prefix=p)' must be greater than 'Days' in the 'Transition' action for StorageClass 'GLACIER' for filter '(prefix=p)'",
            "Days",
            "10",
        ),
        (
            acting(&[noncurrent(30, "STANDARD_IA"), noncurrent(50, "GLACIER")].concat()),
            "'NoncurrentDays' in the 'NoncurrentVersionTransition' action for StorageClass 'GLACIER' for filter '(prefix=p)' must be 30 days more than 'filter '(prefix=p)'' in the 'NoncurrentVersionTransition' action for StorageClass 'STANDARD_IA'",
            "NoncurrentDays",
            "50",
        ),
        (acting(&to(30, "STANDARD")), "Invalid target Storage class for Transition action", "StorageClass", "STANDARD"),
        (
            acting("<Transition><Days>-1</Days><StorageClass>GLACIER</StorageClass></Transition>"),
            "'Days' in Transition action must be nonnegative",
            "Days",
            "-1",
        ),
        (
            acting(&format!("{in_days}{}", to(30, "GLACIER"))),
            "'Days' in the Expiration action for filter '(prefix=p)' must be greater than 'Days' in the Transition action",
            "Days",
            "30",
        ),
        (
            acting(&format!("{noncurrent_end}{}", noncurrent(90, "GLACIER"))),
            "'NoncurrentDays' in the NoncurrentVersionExpiration action for filter '(prefix=p)' must be greater than 'NoncurrentDays' in the NoncurrentVersionTransition action",
            "NoncurrentDays",
            "90",
        ),
        (tidy(&long, "<Filter/>", WEEK), "ID length should not exceed allowed limit of 255", "ID", &long),
        (
            tidy("a", "<Filter/>", WEEK).repeat(2),
            "Rule ID must be unique. Found same ID for more than one rule",
            "ID",
            "a",
        ),
    ] {
        bad_argument(&put(&client, TARGET, &of(&rules)).await, message, name, value);
    }
}

#[tokio::test]
async fn lifecycle_noncurrent_versions_that_go_before_they_are_moved() {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    let kept_end = "<NoncurrentVersionExpiration><NoncurrentDays>90</NoncurrentDays><NewerNoncurrentVersions>2</NewerNoncurrentVersions></NoncurrentVersionExpiration>";
    let rules = tidy("a", "<Filter><Prefix>p</Prefix></Filter>", &format!("{}{kept_end}", noncurrent(91, "GLACIER")));
    let message = "'NoncurrentDays' in the NoncurrentVersionExpiration action for filter '(prefix=p)' must be greater than 'NoncurrentDays' in the NoncurrentVersionTransition action";
    bad_argument(&put(&client, TARGET, &of(&rules)).await, message, "NoncurrentDays", "90");
}

#[tokio::test]
async fn lifecycle_bad_requests() {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    let acting = |actions: &str| tidy("a", "<Filter><Prefix>p</Prefix></Filter>", actions);
    let tagged = |filter: &str, actions: &str| tidy("a", &format!("<Filter>{filter}</Filter>"), actions);
    let dated = "<Transition><Date>2030-01-01T00:00:00Z</Date><StorageClass>GLACIER_IR</StorageClass></Transition>";
    let abort =
        "<AbortIncompleteMultipartUpload><DaysAfterInitiation>7</DaysAfterInitiation></AbortIncompleteMultipartUpload>";
    let sizes = "<And><ObjectSizeGreaterThan>9</ObjectSizeGreaterThan><ObjectSizeLessThan>9</ObjectSizeLessThan></And>";
    for (rules, message) in [
        (acting(""), "At least one action needs to be specified in a rule"),
        (tagged(&format!("<And>{}{}</And>", tag("k"), tag("k")), WEEK), "Duplicate Tag Keys are not allowed."),
        (tagged(&tag("k"), abort), "AbortIncompleteMultipartUpload cannot be specified with Tags."),
        (
            tagged(&tag("k"), "<Expiration><ExpiredObjectDeleteMarker>true</ExpiredObjectDeleteMarker></Expiration>"),
            "ExpiredObjectDeleteMarker cannot be specified with Tags.",
        ),
        (
            tagged("<ObjectSizeLessThan>9</ObjectSizeLessThan>", abort),
            "AbortIncompleteMultipartUpload cannot be specified with Object Size.",
        ),
        (
            tagged(
                "<ObjectSizeLessThan>9</ObjectSizeLessThan>",
                "<Expiration><ExpiredObjectDeleteMarker>false</ExpiredObjectDeleteMarker></Expiration>",
            ),
            "ExpiredObjectDeleteMarker cannot be specified with Object Size.",
        ),
        (
            tagged("<ObjectSizeLessThan>0</ObjectSizeLessThan>", WEEK),
            "'ObjectSizeLessThan' should be between 1 and 1099511627776000.",
        ),
        (
            tagged("<ObjectSizeGreaterThan>-1</ObjectSizeGreaterThan>", WEEK),
            "'ObjectSizeGreaterThan' should be between 0 and 1099511627776000.",
        ),
        (
            tidy(
                "a",
                "<Prefix/>",
                "<NoncurrentVersionExpiration><NoncurrentDays>1</NoncurrentDays><NewerNoncurrentVersions>1</NewerNoncurrentVersions></NoncurrentVersionExpiration>",
            ),
            "NewerNoncurrentVersions element can only be used in Lifecycle V2.",
        ),
        (tagged(sizes, WEEK), "'ObjectSizeLessThan' has to be a value greater than 'ObjectSizeGreaterThan'."),
        (
            acting(&[to(30, "GLACIER"), to(60, "GLACIER")].concat()),
            "'StorageClass' must be different for 'Transition' actions in same 'Rule' with filter '(prefix=p)'",
        ),
        (
            acting(&format!("{}{dated}", to(30, "GLACIER"))),
            "Found mixed 'Date' and 'Days' based Transition actions in lifecycle rule for filter '(prefix=p)'",
        ),
        (
            acting(&format!("{WEEK}{dated}")),
            "Found mixed 'Date' and 'Days' based Expiration and Transition actions in lifecycle rule for filter '(prefix=p)'",
        ),
        (
            [tidy("a", "<Filter/>", WEEK), tidy("b", "<Prefix/>", WEEK)].concat(),
            "Base level prefix cannot be used in Lifecycle V2, prefixes are only supported in the Filter.",
        ),
        (
            [tidy("a", "<Prefix/>", WEEK), tidy("b", "<Filter/>", WEEK)].concat(),
            "Filter element can only be used in Lifecycle V2.",
        ),
        (
            [tidy("a", "<Prefix>dir/</Prefix>", abort), tidy("b", "<Prefix>di</Prefix>", abort)].concat(),
            "Found overlapping prefixes 'dir/' and 'di' for same action type 'AbortIncompleteMultipartUpload'",
        ),
    ] {
        bad_request(&put(&client, TARGET, &of(&rules)).await, message);
    }
    // In the second version rules may overlap, and in the first those with other actions.
    let overlapping = [acting(WEEK), tidy("b", "<Filter/>", WEEK)].concat();
    put(&client, TARGET, &of(&overlapping)).await.expect_status(200);
    let others = [tidy("a", "<Prefix/>", WEEK), tidy("b", "<Prefix>p</Prefix>", abort)].concat();
    put(&client, TARGET, &of(&others)).await.expect_status(200);
    // Documented up to 100, and taken beyond.
    let kept = "<NoncurrentVersionExpiration><NoncurrentDays>1</NoncurrentDays><NewerNoncurrentVersions>500</NewerNoncurrentVersions></NoncurrentVersionExpiration>";
    put(&client, TARGET, &of(&acting(kept))).await.expect_status(200);
}
