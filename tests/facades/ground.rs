//! What holds for all facades: where they are served, that they can be switched off, and who may ask from a browser.

use staves::server::FacadeSetting;

use super::plain::World;
use super::support::RawClient;
use super::support::server::TestServer;

const NAMES: [&str; 4] = ["gjirafa", "here", "geolens", "arcgis"];

#[tokio::test]
async fn facade_off_is_nothing() {
    let server = TestServer::with(|builder| builder.facade("here", FacadeSetting::Off)).await;
    assert_eq!(server.running.facades().len(), 3);
    let reply = server.client().get("/_staves/here/layers/l/keys/k").anonymous().send().await.expect_status(404);
    assert!(reply.text().contains("nothing is here"), "{}", reply.text());
}

#[tokio::test]
async fn facade_unknown_is_refused_at_start() {
    let builder = staves::Server::builder().durability(staves::engine::Durability::Memory).port(0);
    let error = builder.facade("geolense", FacadeSetting::On).start().await.unwrap_err().to_string();
    assert_eq!(error, "there is no facade \"geolense\"; there are gjirafa, here, geolens, arcgis");
}

#[tokio::test]
async fn facade_own_port_serves_it_at_the_root_beside_presigned_urls() {
    for name in NAMES {
        let listen = FacadeSetting::Listen { host: None, port: 0 };
        let server = TestServer::with(|builder| builder.facade(name, listen).buckets(["bkt"])).await;
        let url = &server.running.facades().iter().find(|facade| facade.name == name).unwrap().url;
        let client = RawClient::new(url.strip_prefix("http://").unwrap().parse().unwrap(), "test", "test");
        client.put("/bkt/k").body("x").presigned(60).send().await.expect_status(200);
        assert_eq!(server.client().get("/bkt/k").send().await.expect_status(200).body, b"x");
        // Not S3's words: the facade answers.
        let reply = client.get("/bkt/k").anonymous().send().await;
        assert!(!reply.text().contains("<Error>"), "{}", reply.text());
        client.get("/_staves/health").anonymous().send().await.expect_status(200);
    }
}

#[tokio::test]
async fn preflight_of_pages_on_this_machine_only() {
    for name in NAMES {
        let world = World::start(name).await;
        let preflight = |origin: &'static str| {
            world
                .ask("OPTIONS", "/any")
                .header("origin", origin)
                .header("access-control-request-method", "POST")
                .header("access-control-request-headers", "authorization, content-type")
                .send()
        };
        let granted = preflight("http://localhost:3000").await.expect_status(204);
        assert_eq!(granted.header("access-control-allow-origin"), Some("http://localhost:3000"));
        assert_eq!(granted.header("access-control-allow-headers"), Some("authorization, content-type"));
        let refused = preflight("https://evil.test").await.expect_status(204);
        assert_eq!(refused.header("access-control-allow-origin"), None);
        let answer = world.ask("GET", "/any").header("origin", "http://localhost:3000").send().await;
        assert!(answer.header("access-control-expose-headers").unwrap().contains("ETag"));
    }
}

#[tokio::test]
async fn form_of_a_foreign_page_is_refused() {
    for name in NAMES {
        let world = World::start(name).await;
        let post = |origin: &'static str| world.asked("POST", "/any").header("origin", origin).send();
        let refused = post("https://evil.test").await.expect_status(403);
        assert!(refused.text().contains("--cors-origin"), "{}", refused.text());
        assert!(!post("http://localhost:3000").await.text().contains("--cors-origin"));
    }
}
