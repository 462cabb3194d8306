//! What a bucket has many of, each under an id: `?analytics`, `?intelligent-tiering`, `?inventory`, `?metrics`.

use super::{NAMESPACE, document, malformed, put, round_trip, shown};
use crate::answers::{MALFORMED_XML, bad_argument, refused};
use crate::support::RawClient;
use crate::support::server::TestServer;

const NONE: &str = "The specified configuration does not exist.";

/// A kind: its query parameter, root, the root of its list, and what stands in it beside an id.
struct Kind {
    query: &'static str,
    root: &'static str,
    list: &'static str,
    inner: &'static str,
}

const ANALYTICS: Kind = Kind {
    query: "analytics",
    root: "AnalyticsConfiguration",
    list: "ListBucketAnalyticsConfigurationResult",
    inner: "<Filter><Prefix>p</Prefix></Filter><StorageClassAnalysis><DataExport><OutputSchemaVersion>V_1</OutputSchemaVersion><Destination><S3BucketDestination><Format>CSV</Format><Bucket>arn:aws:s3:::dest</Bucket><Prefix>out</Prefix></S3BucketDestination></Destination></DataExport></StorageClassAnalysis>",
};
const TIERING: Kind = Kind {
    query: "intelligent-tiering",
    root: "IntelligentTieringConfiguration",
    list: "ListBucketIntelligentTieringConfigurationsOutput",
    inner: "<Filter><Prefix>p</Prefix></Filter><Status>Enabled</Status><Tiering><Days>90</Days><AccessTier>ARCHIVE_ACCESS</AccessTier></Tiering><Tiering><Days>180</Days><AccessTier>DEEP_ARCHIVE_ACCESS</AccessTier></Tiering>",
};
const INVENTORY: Kind = Kind {
    query: "inventory",
    root: "InventoryConfiguration",
    list: "ListInventoryConfigurationsResult",
    inner: "<IsEnabled>true</IsEnabled><Filter><Prefix>p</Prefix></Filter><Destination><S3BucketDestination><Bucket>arn:aws:s3:::dest</Bucket><Format>CSV</Format><Encryption><SSE-S3/></Encryption></S3BucketDestination></Destination><Schedule><Frequency>Daily</Frequency></Schedule><IncludedObjectVersions>All</IncludedObjectVersions><OptionalFields><Field>Size</Field><Field>ETag</Field></OptionalFields>",
};
const METRICS: Kind = Kind {
    query: "metrics",
    root: "MetricsConfiguration",
    list: "ListMetricsConfigurationsResult",
    inner: "<Filter><And><Prefix>p</Prefix><Tag><Key>k</Key><Value>v</Value></Tag></And></Filter>",
};
const ALL: [Kind; 4] = [ANALYTICS, TIERING, INVENTORY, METRICS];

impl Kind {
    fn target(&self, id: &str) -> String {
        format!("/bkt?{}&id={id}", self.query)
    }

    fn body(&self, id: &str) -> String {
        format!("<{0} xmlns=\"{NAMESPACE}\"><Id>{id}</Id>{1}</{0}>", self.root, self.inner)
    }

    async fn ids(&self, client: &RawClient) -> Vec<String> {
        client.get(&format!("/bkt?{}", self.query)).send().await.expect_status(200).xml_all("Id")
    }
}

#[tokio::test]
async fn configurations_come_and_go() {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    for kind in ALL {
        let all = format!("/bkt?{}", kind.query);
        let last = "<IsTruncated>false</IsTruncated>";
        assert_eq!(shown(&client, &all).await, document(kind.list, last));
        refused(&client.get(&kind.target("gone")).send().await, 404, "NoSuchConfiguration", NONE, &[]);
        for id in ["b", "a", "c.1-2_3"] {
            let given = format!("<Id>{id}</Id>{}", kind.inner);
            round_trip(&client, &kind.target(id), 204, (kind.root, &given, &given)).await;
        }
        let one = |id: &str| format!("<{0}><Id>{id}</Id>{1}</{0}>", kind.root, kind.inner);
        let expected = format!("{}{}{}{last}", one("a"), one("b"), one("c.1-2_3"));
        assert_eq!(shown(&client, &all).await, document(kind.list, &expected));
        client.delete(&kind.target("b")).send().await.expect_status(204);
        refused(&client.delete(&kind.target("b")).send().await, 404, "NoSuchConfiguration", NONE, &[]);
        refused(&client.get(&kind.target("b")).send().await, 404, "NoSuchConfiguration", NONE, &[]);
        assert_eq!(kind.ids(&client).await, ["a", "c.1-2_3"]);
    }
}

#[tokio::test]
async fn configurations_with_another_id() {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    for kind in ALL {
        let reply = put(&client, &kind.target("a"), &kind.body("b")).await;
        if kind.query == "inventory" {
            let message = "Document ID does not match the specified configuration ID.";
            refused(&reply, 400, "IdMismatch", message, &[]);
        } else {
            refused(&reply, 400, "MalformedXML", MALFORMED_XML, &[]);
        }
        let message = "The specified configuration id is invalid.";
        for target in [kind.target(""), format!("/bkt?{}", kind.query)] {
            let reply = put(&client, &target, &kind.body("a")).await;
            refused(&reply, 400, "InvalidConfigurationId", message, &[]);
            refused(&client.delete(&target).send().await, 400, "InvalidConfigurationId", message, &[]);
        }
        let long = "x".repeat(65);
        for (id, why) in [
            ("", "Config Id cannot be null or empty."),
            ("a/b", r"Config Id does not match the pattern ^[a-zA-Z0-9\-_.]+$"),
            (&long, "Config Id should be more than 1 character and less than 64 characters in length."),
        ] {
            let reply = put(&client, &kind.target("a"), &kind.body(id)).await;
            match kind.query {
                "intelligent-tiering" => refused(&reply, 400, "InvalidConfigId", why, &[]),
                _ => refused(&reply, 400, "MalformedXML", MALFORMED_XML, &[]),
            }
        }
        refused(&client.delete(&kind.target("a%2Fb")).send().await, 404, "NoSuchConfiguration", NONE, &[]);
        assert!(kind.ids(&client).await.is_empty());
    }
    client.head("/bkt").send().await.expect_status(200);
}

#[tokio::test]
async fn configurations_in_pages() {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    for number in 0..202 {
        let id = format!("{number:03}");
        put(&client, &METRICS.target(&id), &METRICS.body(&id)).await.expect_status(204);
    }
    let (mut ids, mut target) = (Vec::new(), "/bkt?metrics".to_owned());
    let mut sizes = Vec::new();
    loop {
        let page = client.get(&target).send().await.expect_status(200);
        sizes.push(page.xml_all("Id").len());
        ids.extend(page.xml_all("Id"));
        let token = target.split_once("continuation-token=").map(|(_, token)| token.to_owned());
        assert_eq!(page.xml_text("ContinuationToken"), token);
        let next = page.xml_text("NextContinuationToken");
        assert_eq!(page.xml_text("IsTruncated"), Some(next.is_some().to_string()));
        match next {
            Some(token) => target = format!("/bkt?metrics&continuation-token={token}"),
            None => break,
        }
    }
    assert_eq!(sizes, [100, 100, 2]);
    assert_eq!(ids, (0..202).map(|number| format!("{number:03}")).collect::<Vec<_>>());
    for token in ["%20", "!!", "AAAA"] {
        let reply = client.get(&format!("/bkt?metrics&continuation-token={token}")).send().await;
        let message = "The continuation-token you provided invalid.";
        refused(&reply, 400, "MalformedContinuationToken", message, &[]);
    }
    let first = client.get("/bkt?metrics&continuation-token=").send().await.expect_status(200);
    assert_eq!(first.xml_all("Id").len(), 100);
}

#[tokio::test]
async fn configurations_are_a_thousand_at_most() {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    for id in 0..1000 {
        put(&client, &METRICS.target(&id.to_string()), &METRICS.body(&id.to_string())).await.expect_status(204);
    }
    let message = "You have attempted to create more configurations than the 1000 allowed.";
    let reply = put(&client, &METRICS.target("more"), &METRICS.body("more")).await;
    refused(&reply, 400, "TooManyConfigurations", message, &[]);
    // One that is there can be replaced, and another kind has its own limit.
    put(&client, &METRICS.target("7"), &METRICS.body("7")).await.expect_status(204);
    put(&client, &ANALYTICS.target("more"), &ANALYTICS.body("more")).await.expect_status(204);
    client.delete(&METRICS.target("7")).send().await.expect_status(204);
    put(&client, &METRICS.target("more"), &METRICS.body("more")).await.expect_status(204);
}

#[tokio::test]
async fn configurations_malformed() {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    for kind in ALL {
        let target = kind.target("a");
        let twice = kind.body("a").replace("<Id>a</Id>", "<Id>a</Id><Id>a</Id>");
        for body in ["", "no xml", "<Other/>", &twice] {
            malformed(&client, &target, body).await;
        }
    }
    let reply = put(&client, &ANALYTICS.target("a"), "<AnalyticsConfiguration/>").await;
    refused(&reply, 400, "MissingStorageClassAnalysis", "Storage Class Analysis cannot be null.", &[]);
    let tag = "<Tag><Key>k</Key><Value>v</Value></Tag>";
    for filter in [
        "<Filter/>".to_owned(),
        format!("<Filter><Prefix>p</Prefix>{tag}</Filter>"),
        "<Filter><And><Prefix>p</Prefix></And></Filter>".to_owned(),
        format!("<Filter><And>{tag}</And></Filter>"),
        "<Filter><Tag><Value>v</Value></Tag></Filter>".to_owned(),
        "<Filter><Tag><Key>k</Key></Tag></Filter>".to_owned(),
        "<Filter><Something>x</Something></Filter>".to_owned(),
        "<Prefix>p</Prefix>".to_owned(),
    ] {
        let metrics = format!("<MetricsConfiguration><Id>a</Id>{filter}</MetricsConfiguration>");
        malformed(&client, &METRICS.target("a"), &metrics).await;
        let analysis = "<StorageClassAnalysis/>";
        let analytics = format!("<AnalyticsConfiguration><Id>a</Id>{filter}{analysis}</AnalyticsConfiguration>");
        malformed(&client, &ANALYTICS.target("a"), &analytics).await;
    }
    let changed = |kind: &Kind, from: &str, to: &str| kind.body("a").replace(from, to);
    for (kind, from, to) in [
        (&INVENTORY, ">CSV<", ">WRONG-FORMAT<"),
        (&INVENTORY, "Daily", "Hourly"),
        (&INVENTORY, ">All<", ">Wrong<"),
        (&INVENTORY, ">ETag<", ">TestField<"),
        (&INVENTORY, "<SSE-S3/>", ""),
        (&INVENTORY, "<IsEnabled>true</IsEnabled>", ""),
        (&ANALYTICS, "V_1", "V_2"),
        (&TIERING, "Enabled", "On"),
        (&TIERING, "DEEP_ARCHIVE_ACCESS", "ARCHIVE_ACCESS"),
    ] {
        malformed(&client, &kind.target("a"), &changed(kind, from, to)).await;
    }
    for kind in [&INVENTORY, &ANALYTICS] {
        let reply = put(&client, &kind.target("a"), &changed(kind, "arn:aws:s3:::dest", "dest")).await;
        refused(&reply, 400, "InvalidS3DestinationBucket", "Invalid bucket ARN.", &[]);
    }
    for (from, to, days) in [(">90<", ">89<", "89"), (">180<", ">179<", "179"), (">180<", ">731<", "731")] {
        let reply = put(&client, &TIERING.target("a"), &changed(&TIERING, from, to)).await;
        bad_argument(&reply, "Invalid Argument", "Days", days);
    }
}
