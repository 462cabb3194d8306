//! What comes before uploads: tokens, lookup, who may ask, and paths that lead nowhere.

use base64::Engine as _;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::json;
use sha2::Sha256;
use staves::http::identity::{Identities, Identity};
use staves::wire::percent;

use super::{bad_request, bare, world};
use crate::plain::{World, json_of};
use crate::support::Reply;

/// Asks for a token as HERE's SDK does: JSON, and a parameter that it adds to every URL.
async fn ask_token(world: &World, secret: &str, seconds_off: i64, edit: impl FnOnce(String) -> String) -> Reply {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs().cast_signed();
    let url = format!("http://{}/_staves/here/oauth2/token", world.addr());
    let encode = |text: &str| percent::encode(text.as_bytes());
    let timestamp = now + seconds_off;
    let own = format!(
        "oauth_consumer_key=test&oauth_nonce=n1&oauth_signature_method=HMAC-SHA256&oauth_timestamp={timestamp}\
         &oauth_version=1.0&sentWith=sdk-1"
    );
    let base = format!("POST&{}&{}", encode(&url), encode(&own));
    let mac = Hmac::<Sha256>::new_from_slice(format!("{secret}&").as_bytes()).unwrap().chain_update(base);
    let signature = base64::engine::general_purpose::STANDARD.encode(mac.finalize().into_bytes());
    let authorization = format!(
        "OAuth oauth_consumer_key=\"test\",oauth_nonce=\"n1\",oauth_signature_method=\"HMAC-SHA256\",\
         oauth_timestamp=\"{timestamp}\",oauth_version=\"1.0\",oauth_signature=\"{}\"",
        encode(&signature)
    );
    let body = json!({ "grantType": "client_credentials", "expiresIn": 60 });
    let post = world.ask("POST", "/oauth2/token?sentWith=sdk-1").header("authorization", edit(authorization));
    post.header("content-type", "application/json").body(body.to_string()).send().await
}

#[tokio::test]
async fn token_of_client_credentials_is_good_until_it_ends() {
    let mut world = world().await;
    let token = json_of(&ask_token(&world, "test", 0, |sent| sent).await.expect_status(200));
    assert_eq!((&token["tokenType"], &token["expiresIn"]), (&json!("bearer"), &json!(60)));
    let token = format!("Bearer {}", token["accessToken"].as_str().unwrap());
    world.restart().await;
    let list = |world: &World| world.ask("GET", "/layers/l/keys").header("authorization", &token).send();
    list(&world).await.expect_status(200);
    world.pass_seconds(60);
    bare(&list(&world).await, 401);
}

#[tokio::test]
async fn token_is_refused_to_whoever_cannot_sign() {
    let world = world().await;
    let refused = |reply: Reply, code: u32| {
        let error = json_of(&reply);
        assert_eq!((reply.status, &error["errorCode"]), (401, &json!(code)), "{error}");
        assert_eq!(error["error"], "invalid_client");
    };
    refused(ask_token(&world, "wrong", 0, |sent| sent).await, 401_300);
    refused(ask_token(&world, "test", 0, |sent| sent.replace("\"test\"", "\"nobody\"")).await, 401_300);
    refused(ask_token(&world, "test", 0, |sent| sent.replace("n1", "n2")).await, 401_300);
    refused(ask_token(&world, "test", 0, |sent| sent.replace("HMAC-SHA256", "PLAINTEXT")).await, 401_203);
    refused(ask_token(&world, "test", 301, |sent| sent).await, 401_204);
    refused(ask_token(&world, "test", -301, |sent| sent).await, 401_204);
    refused(ask_token(&world, "test", 0, |_| "Bearer test".to_owned()).await, 401_200);
    refused(ask_token(&world, "test", 0, |_| "OAuth nothing".to_owned()).await, 401_200);
    for (body, code) in
        [("{", 400_002), ("{}", 400_201), (r#"{"grantType":"client_credentials","expiresIn":"x"}"#, 400_002)]
    {
        let reply = world.ask("POST", "/oauth2/token").body(body).send().await;
        assert_eq!((reply.status, json_of(&reply)["errorCode"].as_u64()), (400, Some(code)), "{body}");
    }
    assert_eq!(world.ask("GET", "/oauth2/token").send().await.status, 405);
}

#[tokio::test]
async fn lookup_leads_to_where_the_client_came_by() {
    let world = world().await;
    let hrn = "hrn:here:data::olp-here:my-catalog";
    let reply = world.ask("GET", &format!("/lookup/v1/resources/{hrn}/apis")).header("host", "staves.test:80");
    let found = json_of(&reply.send().await.expect_status(200));
    let base = |version: &str| format!("http://staves.test/_staves/here/blobstore/{version}/catalogs/{hrn}");
    let entry =
        |version: &str| json!({ "api": "blob", "version": version, "baseURL": base(version), "parameters": {} });
    assert_eq!(found, json!([entry("v1"), entry("v2")]));
    let one = world.ask("GET", &format!("/lookup/v1/resources/{hrn}/apis/blob/v2")).send().await;
    assert_eq!(json_of(&one).as_array().unwrap().len(), 1);
    assert_eq!(json_of(&world.ask("GET", "/lookup/v1/platform/apis").send().await), json!([]));
    let put = world.asked("PUT", &format!("/blobstore/v2/catalogs/{hrn}/layers/l/keys/k")).body("x");
    put.send().await.expect_status(200);
    assert_eq!(world.s3_bytes("here-my-catalog", "l/keys/k").await.unwrap(), b"x");
}

#[tokio::test]
async fn callers_are_known_by_bearer_only() {
    let world = world().await;
    for authorization in ["Bearer test", "bearer  test"] {
        world.ask("GET", "/layers/l/keys").header("authorization", authorization).send().await.expect_status(200);
    }
    for authorization in ["", "test", "Bearer tes", "Basic dGVzdDp0ZXN0", "Bearer a.b.c"] {
        bare(&world.ask("GET", "/layers/l/keys").header("authorization", authorization).send().await, 401);
    }
    bare(&world.ask("PUT", "/layers/l/keys/k").body("x").send().await, 401);
}

#[tokio::test]
async fn catalogs_of_others_are_forbidden() {
    let world = World::with("here", |builder| {
        let mine = Identity::of_account("a", "mine", "111111111111");
        let theirs = Identity::of_account("b", "theirs", "222222222222");
        builder.identities(Identities::new([mine, theirs]).unwrap())
    })
    .await;
    let ask = |secret: &str, method: &str, path: &str| {
        world.ask(method, path).header("authorization", format!("Bearer {secret}")).header("content-type", "a/b")
    };
    ask("mine", "PUT", "/layers/l/keys/k").body("x").send().await.expect_status(200);
    for (method, path) in [
        ("GET", "/layers/l/keys/k"),
        ("PUT", "/layers/l/keys/k"),
        ("DELETE", "/layers/l/keys/k"),
        ("GET", "/layers/l/keys"),
        ("PUT", "/layers/l/data/h"),
        ("GET", "/layers/l/keysMultipart/t"),
    ] {
        bare(&ask("theirs", method, path).send().await, 403);
    }
    assert_eq!(world.s3_bytes("here-default", "l/keys/k").await.unwrap(), b"x");
}

#[tokio::test]
async fn paths_that_lead_nowhere_and_methods_that_are_not_taken() {
    let world = world().await;
    for path in
        ["/", "/layers", "/layers/l1", "/layers/l1/other", "/layers/%FF/keys", "/layers/a%20b/keys/k", "/lookup/v1"]
    {
        bare(&world.asked("GET", path).send().await, 404);
    }
    for (method, path, allow) in [
        ("PATCH", "/layers/l/keys/k", "GET, HEAD, POST, PUT, DELETE"),
        ("POST", "/layers/l/keys", "GET"),
        ("POST", "/layers/l/keysMultipart/t", "GET, PUT, DELETE"),
        ("PUT", "/layers/l/keysMultipart/t/parts", "POST"),
        ("POST", "/layers/l/data/h", "GET, HEAD, PUT, DELETE"),
        ("GET", "/layers/l/data/h/multiparts", "POST"),
    ] {
        let reply = world.asked(method, path).send().await.expect_status(405);
        assert_eq!(reply.header("allow"), Some(allow), "{method} {path}");
    }
    for key in ["a%20b", "%C4%8D", "a%5Cb", &"x".repeat(451)] {
        for method in ["GET", "PUT", "DELETE"] {
            assert!(bad_request(&world.asked(method, &format!("/layers/l/keys/{key}")).send().await).contains("450"));
        }
    }
}
