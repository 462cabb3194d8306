//! Buckets as websites on their own hosts: pages, folders, redirects, routing rules, errors. What is put as a configuration
//! is in `documents/website`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use md5::Digest as _;
use staves::http::identity::{Identities, Identity};
use staves::s3::AclDefaults;

use crate::access_support::{Two, policy, statement};
use crate::support::server::TestServer;
use crate::support::{RawClient, Reply, RequestBuilder};

const ANYONE: &str = "\"*\"";

/// A bucket `bkt`, and its website.
struct Site {
    _server: TestServer,
    owner: RawClient,
    visitor: RawClient,
}

impl Site {
    /// With this configuration; objects can be read by everyone, and so can the list of keys if `actions` says so.
    async fn with(configuration: &str, actions: &[&str]) -> Site {
        let identities = Identities::new([Identity::of_account("test", "test", "111111111111")]).unwrap();
        let server = TestServer::with(|builder| builder.identities(identities).acl_defaults(AclDefaults::Legacy)).await;
        let owner = server.bucket().await;
        put_website(&owner, configuration).await;
        let statements: Vec<String> = actions.iter().map(|action| statement("Allow", ANYONE, action, "")).collect();
        if !statements.is_empty() {
            let put = owner.put("/bkt?policy").body(policy(&statements.join(",")));
            put.send().await.expect_status(204);
        }
        let visitor = owner.with_host(&host(&owner, "bkt"));
        Site { _server: server, owner, visitor }
    }

    async fn put(&self, key: &str, body: &str) {
        let put = self.owner.put(&format!("/bkt/{key}")).header("content-type", "text/html").body(body);
        put.send().await.expect_status(200);
    }

    fn request(&self, method: &str, target: &str) -> RequestBuilder {
        self.visitor.request(method, target).anonymous()
    }

    async fn get(&self, target: &str) -> Reply {
        self.request("GET", target).send().await
    }

    /// Where a GET is sent, and with which status.
    async fn location(&self, target: &str) -> (u16, String) {
        let reply = self.get(target).await;
        assert_eq!(reply.body, b"", "redirects have no body");
        (reply.status, reply.header("location").unwrap_or_default().to_owned())
    }

    fn here(&self) -> String {
        host(&self.owner, "bkt")
    }
}

fn host(client: &RawClient, bucket: &str) -> String {
    format!("{bucket}.s3-website.localhost:{}", client.addr.port())
}

async fn put_website(owner: &RawClient, inner: &str) {
    let body = format!("<WebsiteConfiguration>{inner}</WebsiteConfiguration>");
    owner.put("/bkt?website").body(body).send().await.expect_status(200);
}

const INDEX: &str = "<IndexDocument><Suffix>index.html</Suffix></IndexDocument>";
const ERROR: &str = "<ErrorDocument><Key>error.html</Key></ErrorDocument>";
const OPEN: [&str; 2] = ["s3:GetObject", "s3:ListBucket"];
/// As most websites are: what is not there is not told.
const READ: [&str; 1] = ["s3:GetObject"];

/// A page of AWS's: its title, and its list up to the ids.
fn page(reply: &Reply, status: u16, title: &str, lines: &[&str]) {
    let items: Vec<String> = lines.iter().map(|line| format!("<li>{line}</li>\n")).collect();
    let start = format!(
        "<html>\n<head><title>{title}</title></head>\n<body>\n<h1>{title}</h1>\n<ul>\n{}<li>RequestId: {}</li>\n<li>HostId: {}</li>\n</ul>\n",
        items.concat(),
        reply.header("x-amz-request-id").unwrap(),
        reply.header("x-amz-id-2").unwrap(),
    );
    assert_eq!(reply.status, status, "{}", reply.text());
    assert!(reply.text().starts_with(&start), "{}\n{start}", reply.text());
    assert!(reply.text().ends_with("</ul>\n<hr/>\n</body>\n</html>\n"), "{}", reply.text());
    assert_eq!(reply.header("content-type"), Some("text/html; charset=utf-8"));
    let code = lines[0].strip_prefix("Code: ").unwrap();
    assert_eq!(reply.header("x-amz-error-code"), Some(code));
}

#[tokio::test]
async fn website_pages_and_folders() {
    let site = Site::with(INDEX, &READ).await;
    for key in ["index.html", "a/index.html", "a/b", "page%20one"] {
        site.put(key, key).await;
    }
    for (target, body) in [
        ("/", "index.html"),
        ("/index.html", "index.html"),
        ("/a/", "a/index.html"),
        ("/a/b", "a/b"),
        ("/page%20one", "page%20one"),
        ("/a/b?versionId=x&acl", "a/b"),
    ] {
        let reply = site.get(target).await.expect_status(200);
        assert_eq!((reply.text(), reply.header("content-type")), (body, Some("text/html")), "{target}");
        let head = site.request("HEAD", target).send().await.expect_status(200);
        assert_eq!(head.header("content-length"), Some(body.len().to_string().as_str()), "{target}");
        assert_eq!(head.body, b"");
    }
    // A folder without its slash.
    let reply = site.get("/a").await.expect_status(302);
    assert_eq!((reply.header("location"), reply.header("x-amz-error-code")), (Some("/a/"), Some("Found")));
    assert_eq!(site.request("HEAD", "/a").send().await.status, 302);
    // The object comes first.
    site.put("a", "the object").await;
    assert_eq!(site.get("/a").await.expect_status(200).text(), "the object");
}

#[tokio::test]
async fn website_conditions_and_ranges() {
    let site = Site::with(INDEX, &READ).await;
    site.put("index.html", "0123456789").await;
    let etag = site.get("/").await.header("etag").unwrap().to_owned();
    let get = || site.request("GET", "/");
    get().header("if-none-match", &etag).send().await.expect_status(304);
    get().header("if-modified-since", "Fri, 01 Jan 2100 00:00:00 GMT").send().await.expect_status(200);
    let failed = get().header("if-match", "\"other\"").send().await;
    page(
        &failed,
        412,
        "412 Precondition Failed",
        &[
            "Code: PreconditionFailed",
            "Message: At least one of the pre-conditions you specified did not hold",
            "Condition: If-Match",
        ],
    );
    let part = get().header("range", "bytes=2-4").send().await.expect_status(206);
    assert_eq!((part.text(), part.header("content-range")), ("234", Some("bytes 2-4/10")));
}

#[tokio::test]
async fn website_errors_as_pages() {
    let site = Site::with(INDEX, &OPEN).await;
    let missing = ["Code: NoSuchKey", "Message: The specified key does not exist.", "Key: no/thing"];
    let reply = site.get("/no/thing").await;
    page(&reply, 404, "404 Not Found", &missing);
    assert_eq!(reply.header("x-amz-error-message"), Some("The specified key does not exist."));
    assert_eq!(reply.header("x-amz-error-detail-key"), Some("no/thing"));
    let head = site.request("HEAD", "/no/thing").send().await.expect_status(404);
    assert_eq!((head.body.len(), head.header("x-amz-error-code")), (0, Some("NoSuchKey")));
    let missing = ["Code: NoSuchKey", "Message: The specified key does not exist.", "Key: d/index.html"];
    page(&site.get("/d/").await, 404, "404 Not Found", &missing);
    let missing = ["Code: NoSuchKey", "Message: The specified key does not exist.", "Key: &lt;b&gt;&amp;"];
    page(&site.get("/%3Cb%3E&").await, 404, "404 Not Found", &missing);
    let denied = ["Code: AccessDenied", "Message: Access Denied"];
    site.owner.delete("/bkt?policy").send().await.expect_status(204);
    for target in ["/", "/no/thing"] {
        page(&site.get(target).await, 403, "403 Forbidden", &denied);
    }
    // Signatures mean nothing here.
    site.put("k", "x").await;
    page(&site.visitor.get("/k").send().await, 403, "403 Forbidden", &denied);
    for method in ["POST", "PUT", "DELETE"] {
        let reply = site.request(method, "/k").send().await;
        let lines = [
            "Code: MethodNotAllowed",
            "Message: The specified method is not allowed against this resource.",
            &format!("Method: {method}"),
            "ResourceType: OBJECT",
        ];
        page(&reply, 405, "405 Method Not Allowed", &lines);
    }
    let lines = ["Code: KeyTooLongError", "Message: Your key is too long", "Size: 1025", "MaxSizeAllowed: 1024"];
    page(&site.get(&format!("/{}", "k".repeat(1025))).await, 400, "400 Bad Request", &lines);
    site.owner.get("/bkt/k").send().await.expect_status(200);
}

#[tokio::test]
async fn website_that_there_is_not() {
    let site = Site::with(INDEX, &OPEN).await;
    site.owner.put("/plain").send().await.expect_status(200);
    let get = async |bucket: &str| site.owner.with_host(&host(&site.owner, bucket)).get("/k").anonymous().send().await;
    let none = "Message: The specified bucket does not have a website configuration";
    let lines = ["Code: NoSuchWebsiteConfiguration", none, "BucketName: plain"];
    page(&get("plain").await, 404, "404 Not Found", &lines);
    for name in ["absent", "x"] {
        let named = format!("BucketName: {name}");
        let lines = ["Code: NoSuchBucket", "Message: The specified bucket does not exist", &named];
        page(&get(name).await, 404, "404 Not Found", &lines);
    }
    let nobody = site.owner.with_host("s3-website.localhost").get("/x").anonymous().send().await.expect_status(301);
    assert_eq!(nobody.header("location"), Some("https://aws.amazon.com/s3/"));
    site.owner.delete("/bkt?website").send().await.expect_status(204);
    page(&site.get("/").await, 404, "404 Not Found", &[lines[0], lines[1], "BucketName: bkt"]);
}

#[tokio::test]
async fn website_error_documents() {
    let site = Site::with(&format!("{INDEX}{ERROR}"), &OPEN).await;
    let nested = |key: &str, reply: &Reply| {
        let text = format!(
            "</ul>\n<h3>An Error Occurred While Attempting to Retrieve a Custom Error Document</h3>\n<ul>\n<li>Code: NoSuchKey</li>\n<li>Message: The specified key does not exist.</li>\n<li>Key: {key}</li>\n</ul>\n<hr/>"
        );
        assert!(reply.text().contains(&text), "{}", reply.text());
    };
    let reply = site.get("/absent").await;
    page(
        &reply,
        404,
        "404 Not Found",
        &["Code: NoSuchKey", "Message: The specified key does not exist.", "Key: absent"],
    );
    nested("error.html", &reply);
    site.put("error.html", "nothing here").await;
    // Whole, whatever the conditions and ranges.
    let etag = site.get("/error.html").await.header("etag").unwrap().to_owned();
    let get = site.request("GET", "/absent").header("range", "bytes=0-1").header("if-none-match", &etag);
    let reply = get.send().await.expect_status(404);
    assert_eq!((reply.text(), reply.header("content-type")), ("nothing here", Some("text/html")));
    assert_eq!((reply.header("x-amz-error-code"), reply.header("etag")), (Some("NoSuchKey"), Some(etag.as_str())));
    let head = site.request("HEAD", "/absent").send().await.expect_status(404);
    assert_eq!(head.header("content-length"), Some("12"));
    // Also where access is denied, as long as the document itself can be read.
    let only = "{\"Effect\":\"Allow\",\"Principal\":\"*\",\"Action\":\"s3:GetObject\",\"Resource\":\"arn:aws:s3:::bkt/error.html\"}";
    site.owner.put("/bkt?policy").body(policy(only)).send().await.expect_status(204);
    let reply = site.get("/absent").await.expect_status(403);
    assert_eq!((reply.text(), reply.header("x-amz-error-code")), ("nothing here", Some("AccessDenied")));
    site.owner.delete("/bkt?policy").send().await.expect_status(204);
    let reply = site.get("/absent").await;
    page(&reply, 403, "403 Forbidden", &["Code: AccessDenied", "Message: Access Denied"]);
    assert_eq!(reply.text().matches("<li>Code: AccessDenied</li>").count(), 2);
    // Not for a method that there is not.
    assert_eq!(site.request("PUT", "/x").send().await.text().matches("<h3>").count(), 0);
}

#[tokio::test]
async fn website_objects_that_are_elsewhere() {
    let site = Site::with(&format!("{INDEX}{ERROR}"), &READ).await;
    for (key, to) in [("moved", "/new/page"), ("away", "https://example.com/x?y"), ("error.html", "/sorry")] {
        let put = site.owner.put(&format!("/bkt/{key}")).header("x-amz-website-redirect-location", to).body("x");
        put.send().await.expect_status(200);
        assert_eq!(site.location(&format!("/{key}")).await, (301, to.to_owned()));
    }
    assert_eq!(site.location("/absent").await, (301, "/sorry".to_owned()));
    let put = site.owner.put("/bkt/far").header("x-amz-website-redirect-location", "/caf\u{e9}?a%20b").body("x");
    put.send().await.expect_status(200);
    assert_eq!(site.location("/far").await, (301, "/caf%C3%A9?a%20b".to_owned()));
    // At the endpoint it is an object with a header.
    let reply = site.owner.get("/bkt/moved").send().await.expect_status(200);
    assert_eq!((reply.text(), reply.header("x-amz-website-redirect-location")), ("x", Some("/new/page")));
    // To those who may not read it, it says nothing.
    site.owner.delete("/bkt?policy").send().await.expect_status(204);
    site.get("/moved").await.expect_status(403);
}

#[tokio::test]
async fn website_redirects_of_everything() {
    let all = |protocol: &str| {
        format!("<RedirectAllRequestsTo><HostName>www.example.com</HostName>{protocol}</RedirectAllRequestsTo>")
    };
    let site = Site::with(&all(""), &[]).await;
    assert_eq!(site.location("/").await, (301, "http://www.example.com/".to_owned()));
    assert_eq!(site.location("/a%20b/?q=1").await, (301, "http://www.example.com/a%20b/?q=1".to_owned()));
    put_website(&site.owner, &all("<Protocol>https</Protocol>")).await;
    assert_eq!(site.location("/a").await, (301, "https://www.example.com/a".to_owned()));
    site.request("PUT", "/a").send().await.expect_status(405);
}

#[tokio::test]
async fn website_routing_rules() {
    let rule = |condition: &str, redirect: &str| {
        format!("<RoutingRule><Condition>{condition}</Condition><Redirect>{redirect}</Redirect></RoutingRule>")
    };
    let prefix = |prefix: &str| format!("<KeyPrefixEquals>{prefix}</KeyPrefixEquals>");
    let code = |code: u16| format!("<HttpErrorCodeReturnedEquals>{code}</HttpErrorCodeReturnedEquals>");
    let rules = [
        rule(&prefix("docs/"), "<ReplaceKeyPrefixWith>documents/</ReplaceKeyPrefixWith>"),
        rule(&prefix("images/"), "<ReplaceKeyWith>gone.html</ReplaceKeyWith><HttpRedirectCode>307</HttpRedirectCode>"),
        rule(
            &(code(404) + &prefix("report/")),
            "<HostName>reports.example.com</HostName><Protocol>https</Protocol><ReplaceKeyPrefixWith>404/</ReplaceKeyPrefixWith>",
        ),
        rule(&prefix("coffee"), "<HostName>a.test</HostName><ReplaceKeyWith>caf\u{e9}/\u{7a7a}?q=1</ReplaceKeyWith>"),
        rule(&code(403), "<ReplaceKeyPrefixWith>#!/</ReplaceKeyPrefixWith><HttpRedirectCode>302</HttpRedirectCode>"),
    ];
    let configuration = format!("{INDEX}{ERROR}<RoutingRules>{}</RoutingRules>", rules.concat());
    let site = Site::with(&configuration, &OPEN).await;
    for key in ["docs/here", "index.html", "report/here", "error.html"] {
        site.put(key, key).await;
    }
    let here = format!("http://{}", site.here());
    for (target, expected) in [
        // Before anything is looked up.
        ("/docs/here", (301, format!("{here}/documents/here"))),
        ("/docs/a%20b?q=1", (301, format!("{here}/documents/a%20b?q=1"))),
        ("/coffee", (301, "http://a.test/caf%C3%A9/%E7%A9%BA?q=1".to_owned())),
        ("/images/x", (307, format!("{here}/gone.html"))),
        // Where there is nothing.
        ("/report/x", (301, "https://reports.example.com/404/x".to_owned())),
    ] {
        assert_eq!(site.location(target).await, expected, "{target}");
    }
    assert_eq!(site.get("/").await.expect_status(200).text(), "index.html");
    assert_eq!(site.get("/report/here").await.expect_status(200).text(), "report/here");
    assert_eq!(site.get("/absent").await.expect_status(404).text(), "error.html");
    // What may not be seen is told by another status, and so by another rule.
    site.owner.put("/bkt?policy").body(policy(&statement("Allow", ANYONE, "s3:GetObject", ""))).send().await;
    assert_eq!(site.location("/report/x").await, (302, format!("{here}/#!/report/x")));
    site.owner.put("/bkt?policy").body(policy(&statement("Allow", ANYONE, "s3:ListBucket", ""))).send().await;
    assert_eq!(site.location("/report/here").await, (302, format!("{here}/#!/report/here")));
}

#[tokio::test]
async fn website_by_acls_and_other_domains() {
    let two = Two::legacy().await;
    put_website(&two.anna, INDEX).await;
    for (key, acl) in [("index.html", "public-read"), ("secret", "private")] {
        let put = two.anna.put(&format!("/bkt/{key}")).header("x-amz-acl", acl).body(key);
        put.send().await.expect_status(200);
    }
    let visitor = two.anna.with_host(&host(&two.anna, "bkt"));
    assert_eq!(visitor.get("/").anonymous().send().await.expect_status(200).text(), "index.html");
    visitor.get("/secret").anonymous().send().await.expect_status(403);

    let server = TestServer::with(|builder| builder.website_domains(["web.test"])).await;
    let owner = server.bucket().await;
    put_website(&owner, INDEX).await;
    for name in ["bkt.web.test", "BKT.Web.Test.:80", "bkt.s3-website.localhost"] {
        let reply = owner.with_host(name).get("/").anonymous().send().await.expect_status(403);
        assert_eq!(reply.header("content-type"), Some("text/html; charset=utf-8"), "{name}");
    }
}

#[tokio::test]
async fn website_cross_origin() {
    let site = Site::with(INDEX, &READ).await;
    site.put("font", "x").await;
    let rule = "<CORSConfiguration><CORSRule><AllowedOrigin>http://a.test</AllowedOrigin><AllowedMethod>GET</AllowedMethod></CORSRule></CORSConfiguration>";
    let digest = STANDARD.encode(md5::Md5::digest(rule));
    site.owner.put("/bkt?cors").header("content-md5", digest).body(rule).send().await.expect_status(200);
    let reply = site.request("GET", "/font").header("origin", "http://a.test").send().await.expect_status(200);
    assert_eq!(reply.header("access-control-allow-origin"), Some("http://a.test"));
    let ask = || site.request("OPTIONS", "/font").header("access-control-request-method", "GET");
    let reply = ask().header("origin", "http://a.test").send().await.expect_status(200);
    assert_eq!(reply.header("access-control-allow-origin"), Some("http://a.test"));
    let reply = ask().header("origin", "http://b.test").send().await.expect_status(403);
    assert_eq!(reply.header("x-amz-error-code"), Some("AccessForbidden"));
}
