//! HERE Blob: every operation of v2 and v1, every refusal, and that nothing is left behind.

#[path = "here/calls.rs"]
mod calls;
#[path = "here/v1.rs"]
mod v1;
#[path = "here/v2.rs"]
mod v2;

use serde_json::{Value, json};
use staves::facades::Options;
use staves::server::ServerBuilder;

use super::plain::{SMALL_PART, World, json_of};
use super::support::Reply;

const BUCKET: &str = "here-default";
const UNIT: usize = SMALL_PART;

/// Limits that tests can reach.
fn small(builder: ServerBuilder) -> ServerBuilder {
    let mut options = Options::default();
    for option in ["here.part_multiple=16", "here.max_part_size=64KiB", "here.max_put_size=128KiB"] {
        options.add(option).unwrap();
    }
    builder.facade_options(options)
}

async fn world() -> World {
    World::with("here", small).await
}

/// A 400 of v2, with all its fields; returns its message.
fn bad_request(reply: &Reply) -> String {
    let error = json_of(reply);
    assert_eq!(reply.status, 400, "{error}");
    let expected = json!({
        "title": "Input data failed validation",
        "status": 400,
        "code": "E215101",
        "message": error["message"],
        "correlationId": reply.header("x-correlation-id").unwrap(),
    });
    assert_eq!(error, expected);
    error["message"].as_str().unwrap().to_owned()
}

/// A refusal without a body, but with a correlation id.
fn bare(reply: &Reply, status: u16) {
    assert_eq!(reply.status, status, "{}", String::from_utf8_lossy(&reply.body));
    assert!(reply.body.is_empty(), "{}", String::from_utf8_lossy(&reply.body));
    assert_eq!(reply.header("x-correlation-id").unwrap().len(), 36);
}

async fn start(world: &World, key: &str) -> String {
    let body = json!({ "contentType": "image/png", "contentEncoding": "gzip" });
    let reply = world.json("POST", &format!("/layers/l1/keys/{key}"), &body).send().await.expect_status(200);
    json_of(&reply)["multipartToken"].as_str().unwrap().to_owned()
}

fn upload(token: &str) -> String {
    format!("/layers/l1/keysMultipart/{token}")
}

async fn part(world: &World, token: &str, number: u16, bytes: &[u8]) -> String {
    let path = format!("{}/parts?partNumber={number}", upload(token));
    let reply = world.asked("POST", &path).body(bytes).send().await.expect_status(200);
    json_of(&reply)["id"].as_str().unwrap().to_owned()
}

fn list(parts: &[(u16, &str)]) -> Value {
    let parts: Vec<Value> = parts.iter().map(|(number, id)| json!({ "number": number, "id": id })).collect();
    json!({ "parts": parts })
}
