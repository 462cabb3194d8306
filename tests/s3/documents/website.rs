//! `?website`.

use super::{absent, malformed, not_documents, put, round_trip};
use crate::answers::{bad_argument, bad_request};
use crate::support::server::TestServer;

const TARGET: &str = "/bkt?website";
const ROOT: &str = "WebsiteConfiguration";
const INDEX: &str = "<IndexDocument><Suffix>index.html</Suffix></IndexDocument>";

fn rules(inner: &str) -> String {
    format!("<{ROOT}>{INDEX}<RoutingRules>{inner}</RoutingRules></{ROOT}>")
}

fn redirect(condition: &str, redirect: &str) -> String {
    rules(&format!("<RoutingRule>{condition}<Redirect>{redirect}</Redirect></RoutingRule>"))
}

#[tokio::test]
async fn website_documents() {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    let message = "The specified bucket does not have a website configuration";
    absent(&client, TARGET, "NoSuchWebsiteConfiguration", message).await;
    client.delete(TARGET).send().await.expect_status(204);
    let all = "<RedirectAllRequestsTo><HostName>a.test</HostName><Protocol>https</Protocol></RedirectAllRequestsTo>";
    let error = "<ErrorDocument><Key>error.html</Key></ErrorDocument>";
    let rule = |inner: &str| format!("<RoutingRules><RoutingRule>{inner}</RoutingRule></RoutingRules>");
    let by_prefix = rule(
        "<Condition><KeyPrefixEquals>docs/</KeyPrefixEquals></Condition><Redirect><ReplaceKeyPrefixWith>documents/</ReplaceKeyPrefixWith></Redirect>",
    );
    let by_error = rule(
        "<Condition><HttpErrorCodeReturnedEquals>404</HttpErrorCodeReturnedEquals></Condition><Redirect><HostName>b.test</HostName><HttpRedirectCode>302</HttpRedirectCode><Protocol>http</Protocol><ReplaceKeyWith>k</ReplaceKeyWith></Redirect>",
    );
    for (given, expected) in [
        (INDEX.to_owned(), INDEX.to_owned()),
        (all.to_owned(), all.to_owned()),
        (format!("{error}{INDEX}"), format!("{INDEX}{error}")),
        (format!("{by_prefix}{error}{INDEX}"), format!("{INDEX}{error}{by_prefix}")),
        (format!("{INDEX}{by_error}"), format!("{INDEX}{by_error}")),
    ] {
        round_trip(&client, TARGET, 200, (ROOT, &given, &expected)).await;
    }
    client.delete(TARGET).send().await.expect_status(204);
    absent(&client, TARGET, "NoSuchWebsiteConfiguration", message).await;
}

#[tokio::test]
async fn website_bad_documents() {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    not_documents(&client, TARGET, ROOT).await;
    for body in [
        rules(""),
        rules("<RoutingRule/>"),
        format!("<{ROOT}><IndexDocument/></{ROOT}>"),
        format!("<{ROOT}>{INDEX}<ErrorDocument/></{ROOT}>"),
        format!("<{ROOT}><RedirectAllRequestsTo/></{ROOT}>"),
    ] {
        malformed(&client, TARGET, &body).await;
    }
    for suffix in ["/index.html", "a/b", ""] {
        let body = format!("<{ROOT}><IndexDocument><Suffix>{suffix}</Suffix></IndexDocument></{ROOT}>");
        let reply = put(&client, TARGET, &body).await;
        bad_argument(&reply, "The IndexDocument Suffix is not well formed", "IndexDocument", suffix);
    }
    let message = "A value for IndexDocument Suffix must be provided if RedirectAllRequestsTo is empty";
    for inner in ["", "<ErrorDocument><Key>/index.html</Key></ErrorDocument>"] {
        let reply = put(&client, TARGET, &format!("<{ROOT}>{inner}</{ROOT}>")).await;
        bad_argument(&reply, message, "IndexDocument", "null");
    }
    let body =
        format!("<{ROOT}><RedirectAllRequestsTo><HostName>test</HostName></RedirectAllRequestsTo>{INDEX}</{ROOT}>");
    let message = "RedirectAllRequestsTo cannot be provided in conjunction with other Routing Rules.";
    bad_argument(&put(&client, TARGET, &body).await, message, "RedirectAllRequestsTo", "not null");
    let body = format!("<{ROOT}>{INDEX}<ErrorDocument><Key/></ErrorDocument></{ROOT}>");
    bad_argument(&put(&client, TARGET, &body).await, "The ErrorDocument Key is not well formed", "ErrorDocument", "");
    let body = format!("<{ROOT}><RedirectAllRequestsTo><HostName/></RedirectAllRequestsTo></{ROOT}>");
    let message = "A host name must be provided to redirect all requests (e.g. \"example.com\").";
    bad_request(&put(&client, TARGET, &body).await, message);
    malformed(&client, TARGET, &redirect("", "<HttpRedirectCode>three</HttpRedirectCode>")).await;
    client.get(TARGET).send().await.expect_error(404, "NoSuchWebsiteConfiguration");
}

#[tokio::test]
async fn website_bad_rules() {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    let protocol =
        "Invalid protocol, protocol can be http or https. If not defined the protocol will be selected automatically.";
    let host = "<HostName>a.test</HostName>";
    for name in ["HostName", "ReplaceKeyWith", "ReplaceKeyPrefixWith"] {
        for control in ["&#10;", "&#13;", "&#9;", "&#127;"] {
            let body = redirect("", &format!("<{name}>a{control}b</{name}>"));
            bad_request(&put(&client, TARGET, &body).await, &format!("The {name} is not well formed"));
        }
    }
    for (body, message) in [
        (
            format!("<{ROOT}><RedirectAllRequestsTo><HostName>a&#10;b</HostName></RedirectAllRequestsTo></{ROOT}>"),
            "The HostName is not well formed",
        ),
        (redirect("", "<Protocol>protocol</Protocol>"), protocol),
        (
            format!("<{ROOT}><RedirectAllRequestsTo>{host}<Protocol>ftp</Protocol></RedirectAllRequestsTo></{ROOT}>"),
            protocol,
        ),
        (
            redirect("", "<ReplaceKeyPrefixWith>prefix</ReplaceKeyPrefixWith><ReplaceKeyWith>key</ReplaceKeyWith>"),
            "You can only define ReplaceKeyPrefix or ReplaceKey but not both.",
        ),
        (
            redirect("<Condition/>", "<ReplaceKeyPrefixWith>prefix</ReplaceKeyPrefixWith>"),
            "Condition cannot be empty. To redirect all requests without a condition, the condition element shouldn't be present.",
        ),
        (
            redirect("", &format!("{host}<HttpRedirectCode>200</HttpRedirectCode>")),
            "The provided HTTP redirect code (200) is not valid. Valid codes are 3XX except 300.",
        ),
        (
            redirect("<Condition><HttpErrorCodeReturnedEquals>301</HttpErrorCodeReturnedEquals></Condition>", host),
            "The provided HTTP error code (301) is not valid. Valid codes are 4XX or 5XX.",
        ),
        (
            rules(&format!("<RoutingRule><Redirect>{host}</Redirect></RoutingRule>").repeat(51)),
            "The number of routing rules must not exceed 50.",
        ),
    ] {
        bad_request(&put(&client, TARGET, &body).await, message);
    }
}
