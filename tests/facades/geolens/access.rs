//! Who may ask, by what; and paths that are not there.

use serde_json::json;
use staves::http::identity::{AuthMode, Identities, Identity};

use super::*;

const CONFIG: &str = "/ingest/upload/config";

async fn login(world: &World, path: &str, form: &str) -> Reply {
    let ask = world.ask("POST", path).header("content-type", "application/x-www-form-urlencoded");
    ask.body(form).send().await
}

async fn with_bearer(world: &World, token: &str) -> Reply {
    world.ask("GET", CONFIG).header("authorization", format!("Bearer {token}")).send().await
}

fn unauthorized(reply: &Reply, detail: &str) {
    assert_eq!(problem(reply, 401), detail);
    assert!(reply.header("www-authenticate").unwrap().starts_with("Bearer"), "{reply:?}");
}

#[tokio::test]
async fn keys_and_tokens_are_taken_in_every_place() {
    let world = World::with("geolens", small).await;
    ok(&world.ask("GET", CONFIG).header("x-api-key", "test").send().await, 200);
    ok(&world.ask("GET", &format!("{CONFIG}?api_key=test")).send().await, 200);
    ok(&with_bearer(&world, "test").await, 200);
    ok(&world.ask("GET", CONFIG).header("authorization", "bearer test").send().await, 200);
    // A wrong key does not spoil a good token.
    ok(&world.asked("GET", CONFIG).header("x-api-key", "wrong").send().await, 200);
    let refused = "Could not validate credentials";
    unauthorized(&world.ask("GET", CONFIG).send().await, refused);
    unauthorized(&world.ask("GET", CONFIG).header("x-api-key", "tes").send().await, refused);
    // The header counts, and not the query beside it.
    unauthorized(&world.ask("GET", &format!("{CONFIG}?api_key=test")).header("x-api-key", "x").send().await, refused);
    unauthorized(&world.ask("GET", &format!("{CONFIG}?api_key=")).send().await, refused);
    for wrong in ["", "x", "a.b.c"] {
        unauthorized(&with_bearer(&world, wrong).await, refused);
    }
    unauthorized(&world.ask("GET", CONFIG).header("authorization", "Basic dGVzdDp0ZXN0").send().await, refused);
    // Every other call asks first who calls.
    let job = "6f2b1c9e-0000-4000-8000-000000000001";
    for (method, path) in [
        ("POST", "/ingest/upload/presigned".to_owned()),
        ("POST", format!("/ingest/upload/presigned/{job}/complete")),
        ("POST", "/ingest/upload".to_owned()),
        ("POST", format!("/ingest/preview/{job}")),
        ("POST", format!("/ingest/commit/{job}")),
        ("GET", format!("/jobs/{job}")),
        ("POST", format!("/jobs/{job}/retry")),
        ("POST", format!("/datasets/{job}/reupload/presigned")),
        ("POST", format!("/datasets/{job}/reupload/presigned/{job}/complete")),
        ("POST", format!("/datasets/{job}/reupload/{job}/preview")),
        ("POST", format!("/datasets/{job}/reupload/{job}/commit")),
    ] {
        unauthorized(&world.ask(method, &path).send().await, refused);
    }
}

#[tokio::test]
async fn login_gives_tokens_that_end() {
    let world = World::with("geolens", small).await;
    for path in ["/auth/login", "/auth/login/", "/api/auth/login"] {
        let tokens = ok(&login(&world, path, "username=test&password=test&grant_type=password&scope=").await, 200);
        assert_eq!((&tokens["token_type"], &tokens["expires_in"]), (&json!("bearer"), &json!(1800)));
        ok(&with_bearer(&world, tokens["access_token"].as_str().unwrap()).await, 200);
        // A refresh token opens nothing else.
        unauthorized(
            &with_bearer(&world, tokens["refresh_token"].as_str().unwrap()).await,
            "Could not validate credentials",
        );
    }
    let (content_type, body) = form_data(&[("username", "test"), ("password", "test")], None);
    let form = world.ask("POST", "/auth/login").header("content-type", &content_type).body(body).send().await;
    let token = ok(&form, 200)["access_token"].as_str().unwrap().to_owned();
    world.pass_seconds(1799);
    ok(&with_bearer(&world, &token).await, 200);
    world.pass_seconds(1);
    let ended = with_bearer(&world, &token).await;
    unauthorized(&ended, "The access token expired");
    assert!(ended.header("www-authenticate").unwrap().contains("invalid_token"));
}

#[tokio::test]
async fn login_refuses_what_is_wrong() {
    let world = World::with("geolens", small).await;
    for form in ["username=test&password=wrong", "username=nobody&password=test"] {
        unauthorized(&login(&world, "/auth/login", form).await, "Incorrect username or password");
    }
    for (form, expected) in [
        ("", vec!["body.username missing", "body.password missing"]),
        ("username=test", vec!["body.password missing"]),
        ("username=test&password=", vec!["body.password missing"]),
        ("username=test&password=test&grant_type=x", vec!["body.grant_type string_pattern_mismatch"]),
    ] {
        assert_eq!(invalid(&login(&world, "/auth/login", form).await), expected, "{form}");
    }
    let json = world.ask("POST", "/auth/login").header("content-type", "application/json").body("{}").send().await;
    assert_eq!(invalid(&json), ["body.username missing", "body.password missing"]);
}

#[tokio::test]
async fn refresh_tokens_are_good_once() {
    let mut world = World::with("geolens", small).await;
    let tokens = ok(&login(&world, "/auth/login", "username=test&password=test").await, 200);
    let refresh = async |world: &World, token: &Value| {
        let body = json!({ "refresh_token": token });
        let ask = world.ask("POST", "/auth/refresh/").header("content-type", "application/json");
        ask.body(body.to_string()).send().await
    };
    let refused = "Invalid or expired refresh token";
    let (first, second) =
        tokio::join!(refresh(&world, &tokens["refresh_token"]), refresh(&world, &tokens["refresh_token"]));
    let (good, bad) = if first.status == 200 { (first, second) } else { (second, first) };
    let next = ok(&good, 200);
    unauthorized(&bad, refused);
    ok(&with_bearer(&world, next["access_token"].as_str().unwrap()).await, 200);
    world.restart().await;
    unauthorized(&refresh(&world, &tokens["refresh_token"]).await, refused);
    unauthorized(&refresh(&world, &next["access_token"]).await, refused);
    unauthorized(&refresh(&world, &Value::Null).await, refused);
    unauthorized(&world.ask("POST", "/auth/refresh").send().await, refused);
    assert_eq!(invalid(&refresh(&world, &json!(5)).await), ["body.refresh_token string_type"]);
    world.pass_seconds(7 * 24 * 3600);
    unauthorized(&refresh(&world, &next["refresh_token"]).await, refused);
}

#[tokio::test]
async fn jobs_and_datasets_are_their_accounts_own() {
    let world = World::with("geolens", |builder| {
        let mine = Identity::of_account("a", "mine", "111111111111");
        let theirs = Identity::of_account("b", "theirs", "222222222222");
        small(builder).identities(Identities::new([mine, theirs]).unwrap())
    })
    .await;
    let ask = |key: &str, method: &str, path: &str, body: Value| {
        let ask = world.ask(method, path).header("x-api-key", key).header("content-type", "application/json");
        ask.body(body.to_string()).send()
    };
    let (content_type, body) = form_data(&[], Some(("file", "a.csv", "text/csv", CSV.as_bytes())));
    let direct = world.ask("POST", "/ingest/upload").header("x-api-key", "mine").header("content-type", &content_type);
    let job = ok(&direct.body(body).send().await, 201)["job_id"].as_str().unwrap().to_owned();
    assert!(world.object("geolens-111111111111", &format!("staging/{job}/frozen/a.csv")).is_some());
    for (method, path) in [
        ("GET", format!("/jobs/{job}")),
        ("POST", format!("/ingest/preview/{job}")),
        ("POST", format!("/ingest/commit/{job}")),
        ("POST", format!("/ingest/upload/presigned/{job}/complete")),
    ] {
        let refused = problem(&ask("theirs", method, &path, json!({ "title": "T" })).await, 403);
        assert_eq!(refused, "Not authorized to access this job", "{path}");
    }
    let retry = problem(&ask("theirs", "POST", &format!("/jobs/{job}/retry"), json!({})).await, 403);
    assert_eq!(retry, "Not authorized to retry this job");
    ok(&ask("mine", "POST", &format!("/ingest/commit/{job}"), json!({ "title": "T" })).await, 202);
    let dataset = loop {
        let status = ok(&ask("mine", "GET", &format!("/jobs/{job}"), json!({})).await, 200);
        if let Some(dataset) = status["dataset_id"].as_str() {
            break dataset.to_owned();
        }
        assert_ne!(status["status"], "failed", "{status}");
        tokio::time::sleep(std::time::Duration::from_millis(25)).await;
    };
    let start = json!({ "filename": "a.csv", "file_size": 5 });
    let path = format!("/datasets/{dataset}/reupload/presigned");
    assert_eq!(problem(&ask("theirs", "POST", &path, start.clone()).await, 404), "Dataset not found");
    ok(&ask("mine", "POST", &path, start).await, 201);
}

#[tokio::test]
async fn without_authentication_everyone_may_ask() {
    let world = World::with("geolens", |builder| small(builder).auth(AuthMode::Off)).await;
    ok(&world.ask("GET", CONFIG).send().await, 200);
    ok(&login(&world, "/auth/login", "username=who&password=ever").await, 200);
}

#[tokio::test]
async fn paths_that_are_not_there() {
    let world = World::with("geolens", small).await;
    for path in
        ["/", "/ingest", "/ingest/upload/presigned/", "/ingest/upload/config/", "/api", "/api/api/jobs/x", "/jobs"]
    {
        assert_eq!(ok(&get(&world, path).await, 404), json!({ "detail": "Not Found" }), "{path}");
    }
    for (method, path, allowed) in
        [("POST", CONFIG, "GET"), ("GET", "/ingest/upload/presigned", "POST"), ("DELETE", "/jobs/x", "GET")]
    {
        let reply = world.asked(method, path).send().await;
        assert_eq!(ok(&reply, 405), json!({ "detail": "Method Not Allowed" }));
        assert_eq!(reply.header("allow"), Some(allowed));
    }
    for path in ["/jobs/nothing", "/jobs/%C4%8D"] {
        assert_eq!(invalid(&get(&world, path).await), ["path.job_id uuid_parsing"]);
    }
    let both = post(&world, "/datasets/x/reupload/y/commit", json!({})).await;
    assert_eq!(invalid(&both), ["path.dataset_id uuid_parsing", "path.job_id uuid_parsing"]);
}

#[tokio::test]
async fn pages_may_use_the_api_and_the_urls() {
    let world = World::with("geolens", small).await;
    let origin = "http://localhost:5173";
    let preflight = world
        .ask("OPTIONS", "/ingest/upload/presigned")
        .header("origin", origin)
        .header("access-control-request-method", "POST")
        .header("access-control-request-headers", "authorization,content-type")
        .send()
        .await
        .expect_status(204);
    assert_eq!(preflight.header("access-control-allow-origin"), Some(origin));
    let started = start(&world, "a.csv", 500).await;
    let url = started["urls"][0].as_str().unwrap();
    let sent = world.follow("PUT", url).header("origin", origin).body("x").send().await.expect_status(200);
    assert_eq!(sent.header("access-control-allow-origin"), Some(origin));
    assert!(sent.header("access-control-expose-headers").unwrap().contains("ETag"));
}
