//! `?notification`.

use super::{document, malformed, not_documents, put, putting, round_trip, shown};
use crate::answers::bad_argument;
use crate::support::server::TestServer;

const TARGET: &str = "/bkt?notification";
const ROOT: &str = "NotificationConfiguration";
const QUEUE: &str = "arn:aws:sqs:us-east-1:000000000000:queue";

fn queue(id: &str, events: &[&str], filter: &str) -> String {
    let events = events.iter().map(|event| format!("<Event>{event}</Event>")).collect::<Vec<_>>().concat();
    format!("<QueueConfiguration><Id>{id}</Id><Queue>{QUEUE}</Queue>{events}{filter}</QueueConfiguration>")
}

fn filter(rules: &[(&str, &str)]) -> String {
    let rules =
        rules.iter().map(|(name, value)| format!("<FilterRule><Name>{name}</Name><Value>{value}</Value></FilterRule>"));
    format!("<Filter><S3Key>{}</S3Key></Filter>", rules.collect::<Vec<_>>().concat())
}

fn of(inner: &str) -> String {
    format!("<{ROOT}>{inner}</{ROOT}>")
}

#[tokio::test]
async fn notification_documents() {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    assert_eq!(shown(&client, TARGET).await, document(ROOT, ""));
    let created = "s3:ObjectCreated:*";
    let topic = "<TopicConfiguration><Id>t</Id><Topic>arn:aws:sns:us-east-1:000000000000:topic</Topic><Event>s3:ObjectAcl:Put</Event></TopicConfiguration>";
    let function = "<CloudFunctionConfiguration><Id>f</Id><CloudFunction>arn:aws:lambda:us-east-1:000000000000:function:fn</CloudFunction><Event>s3:LifecycleTransition</Event></CloudFunctionConfiguration>";
    let bridge = "<EventBridgeConfiguration/>";
    let plain = queue("q", &[created, "s3:ObjectRemoved:Delete"], "");
    let given = queue("q", &[created], &filter(&[("suffix", ".txt"), ("PREFIX", "notif-")]));
    let with_capitals = queue("q", &[created], &filter(&[("Suffix", ".txt"), ("Prefix", "notif-")]));
    let empty = queue("q", &[created], &filter(&[("Suffix", "")]));
    for (given, expected) in [
        (plain.clone(), plain.clone()),
        (given, with_capitals),
        (empty.clone(), empty.replace("<Value></Value>", "<Value/>")),
        (format!("{bridge}{function}{plain}{topic}"), format!("{topic}{plain}{function}{bridge}")),
        (bridge.to_owned(), bridge.to_owned()),
        (String::new(), String::new()),
    ] {
        round_trip(&client, TARGET, 200, (ROOT, &given, &expected)).await;
    }
    client.delete(TARGET).send().await.expect_error(405, "MethodNotAllowed");
}

#[tokio::test]
async fn notification_ids_are_made() {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    let bare = queue("", &["s3:ObjectCreated:Put"], "").replace("<Id></Id>", "");
    let empty = queue("", &["s3:ObjectCreated:Copy"], "");
    let request =
        putting(&client, TARGET, &of(&[bare, empty].concat())).header("x-amz-skip-destination-validation", "true");
    request.send().await.expect_status(200);
    let reply = client.get(TARGET).send().await;
    let ids = reply.xml_all("Id");
    assert!(ids.len() == 2 && ids[0] != ids[1] && ids.iter().all(|id| id.len() == 48), "{ids:?}");
    put(&client, TARGET, reply.text()).await.expect_status(200);
    assert_eq!(shown(&client, TARGET).await, reply.text());
}

#[tokio::test]
async fn notification_bad_documents() {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    not_documents(&client, TARGET, ROOT).await;
    let created = ["s3:ObjectCreated:*"];
    for inner in [
        "<QueueConfiguration/>".to_owned(),
        queue("q", &[], ""),
        format!("<QueueConfiguration><Topic>{QUEUE}</Topic><Event>s3:ObjectCreated:*</Event></QueueConfiguration>"),
        queue("q", &created, "<Filter/>"),
        queue("q", &created, "<Filter><S3Key/></Filter>"),
        queue("q", &created, "<Filter><S3Key><FilterRule/></S3Key></Filter>"),
        queue("q", &created, "<Filter><S3Key><FilterRule><Name>prefix</Name></FilterRule></S3Key></Filter>"),
        queue("q", &created, "<Filter><S3Key><FilterRule><Value>test</Value></FilterRule></S3Key></Filter>"),
        "<EventBridgeConfiguration>on</EventBridgeConfiguration>".to_owned(),
    ] {
        malformed(&client, TARGET, &of(&inner)).await;
    }
    let cases = [
        (
            queue("q", &created, &filter(&[("INVALID", "x")])),
            "filter rule name must be either prefix or suffix",
            "FilterRule.Name",
            "INVALID",
        ),
        (
            queue("q", &created, &filter(&[("prefix", "a"), ("Prefix", "b")])),
            "Cannot specify more than one prefix rule in a filter.",
            "FilterRule.Name",
            "Prefix",
        ),
        (
            queue("q", &created, &filter(&[("suffix", "a"), ("suffix", "b")])),
            "Cannot specify more than one suffix rule in a filter.",
            "FilterRule.Name",
            "suffix",
        ),
        (queue("q", &["s3:Object"], ""), "The event is not supported for notifications", "Event", "s3:Object"),
        (
            [queue("q", &created, ""), queue("q", &["s3:ObjectRemoved:*"], "")].concat(),
            "Same ID used for multiple configurations. IDs must be unique.",
            "Id",
            "q",
        ),
    ];
    for (inner, message, name, value) in cases {
        bad_argument(&put(&client, TARGET, &of(&inner)).await, message, name, value);
    }
    assert_eq!(shown(&client, TARGET).await, document(ROOT, ""));
}

#[tokio::test]
async fn notification_bad_arns() {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    for (name, service, resource, pattern) in [
        ("Topic", "sns", "x", r"^arn:aws[\p{Alpha}\-]*:sns:[\p{Alnum}\-]+:[\p{Digit}]{12}:[\p{Alnum}\-_]{1,256}$"),
        ("Queue", "sqs", "x", r"^arn:aws[\p{Alpha}\-]*:sqs:[\p{Alnum}\-]+:[\p{Digit}]{12}:[\p{Alnum}\-_]{1,80}$"),
        (
            "CloudFunction",
            "lambda",
            "function:x",
            r"^arn:aws[a-zA-Z\-]*:lambda:[a-zA-Z0-9\-]+:[0-9]{12}:function:[a-zA-Z0-9\-_]+(:[a-zA-Z0-9$_\-]+)?$",
        ),
    ] {
        let with = |arn: &str| {
            let inner = format!("<{name}>{arn}</{name}><Event>s3:ObjectCreated:*</Event>");
            of(&format!("<{name}Configuration>{inner}</{name}Configuration>"))
        };
        let constraint =
            format!("The ARN failed to satisfy constraint: Member must satisfy regular expression pattern: {pattern}");
        let region = "The notification destination service region is not valid for the bucket location constraint";
        for (arn, message) in [
            ("invalid".to_owned(), "The ARN could not be parsed"),
            (String::new(), "The ARN could not be parsed"),
            ("arn:aws:x".to_owned(), "The ARN could not be parsed"),
            (format!("arn:aws:s3:us-east-1:000000000000:{resource}"), &constraint),
            (format!("arn:aws:{service}:::{resource}"), &constraint),
            (format!("arn:aws:{service}:us-east-1:000000000000:a/b"), &constraint),
            (format!("arn:aws:{service}:us-west-2:000000000000:{resource}"), region),
        ] {
            for skip in ["true", "false"] {
                let request = putting(&client, TARGET, &with(&arn)).header("x-amz-skip-destination-validation", skip);
                bad_argument(&request.send().await, message, name, &arn);
            }
        }
        let good = with(&format!("arn:aws:{service}:us-east-1:000000000000:{resource}"));
        put(&client, TARGET, &good).await.expect_status(200);
    }
    let fifo = "arn:aws:sqs:us-east-1:000000000000:x.fifo";
    let body = of(&queue("q", &["s3:ObjectCreated:*"], "").replace(QUEUE, fifo));
    bad_argument(&put(&client, TARGET, &body).await, "FIFO SQS queues are not supported.", "Queue", fifo);
    let many: String = (0..=100).map(|id| queue(&id.to_string(), &["s3:ObjectAcl:Put"], "")).collect();
    let message = "Too many configurations submitted. The maximum number of configurations is 100";
    crate::answers::bad_request(&put(&client, TARGET, &of(&many)).await, message);
}

#[tokio::test]
async fn notification_overlaps() {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    let two = |one: (&str, &str), other: (&str, &str)| {
        of(&[queue("a", &[one.0], one.1), queue("b", &[other.0], other.1)].concat())
    };
    let overlap = "Configurations overlap. Configurations on the same bucket cannot share a common event type.";
    let ambiguous = "Configuration is ambiguously defined. Cannot have overlapping suffixes in two rules if the prefixes are overlapping for the same event type.";
    let (all, one, removed) = ("s3:ObjectCreated:*", "s3:ObjectCreated:Put", "s3:ObjectRemoved:*");
    let [p, pp, q, s, t] = [
        filter(&[("Prefix", "p")]),
        filter(&[("Prefix", "pp")]),
        filter(&[("Prefix", "q")]),
        filter(&[("Prefix", "p"), ("Suffix", ".s")]),
        filter(&[("Prefix", "p"), ("Suffix", ".t")]),
    ];
    for (body, message, value) in [
        (of(&queue("a", &[all, one], "")), overlap, format!("{all}, {one}")),
        (two((removed, ""), (removed, "")), overlap, format!("{removed}, {removed}")),
        (two((all, ""), (one, "")), overlap, format!("{all}, {one}")),
        (two((all, &p), (all, &pp)), ambiguous, format!("{all}, {all}")),
        (two((one, &p), (all, "")), ambiguous, format!("{one}, {all}")),
        (two((all, &s), (all, &p)), ambiguous, format!("{all}, {all}")),
    ] {
        bad_argument(&put(&client, TARGET, &body).await, message, "Event", &value);
    }
    for body in [two((all, ""), (removed, "")), two((all, &p), (all, &q)), two((all, &s), (all, &t))] {
        put(&client, TARGET, &body).await.expect_status(200);
    }
}
