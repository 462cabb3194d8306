//! GeoLens's ingest: what its tests share, and the way of a file from its start to the end of its import.

#[path = "geolens/access.rs"]
mod access;
#[path = "geolens/complete.rs"]
mod complete;
#[path = "geolens/files.rs"]
mod files;
#[path = "geolens/imports.rs"]
mod imports;
#[path = "geolens/life.rs"]
mod life;
#[path = "geolens/start.rs"]
mod start;

use serde_json::{Value, json};
use staves::server::ServerBuilder;

use super::plain::{World, form_data, json_of};
use super::support::Reply;

const BUCKET: &str = "geolens";
/// Files above this are uploaded in parts.
const THRESHOLD: usize = 300;
const PART: usize = 200;
const CSV: &str = "name,lon,lat\nLjubljana,14.5,46.05\nPiran,13.57,45.53\n";

/// Small numbers, so that small files do.
pub(crate) fn small(builder: ServerBuilder) -> ServerBuilder {
    with_options(builder, &[])
}

fn with_options(builder: ServerBuilder, more: &[&str]) -> ServerBuilder {
    let mut options = staves::facades::Options::default();
    let small = ["geolens.presigned_threshold=300", "geolens.part_size=200", "geolens.max_file_size=1MiB"];
    for option in small.iter().chain(more) {
        options.add(option).unwrap();
    }
    builder.facade_options(options)
}

/// The `detail` of a problem document, which is checked.
fn problem(reply: &Reply, status: u16) -> String {
    let body = json_of(reply);
    assert_eq!(reply.status, status, "{body}");
    assert_eq!(reply.header("content-type"), Some("application/problem+json"), "{body}");
    assert_eq!((&body["type"], &body["status"]), (&json!("about:blank"), &json!(status)), "{body}");
    let title = match status {
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        409 => "Conflict",
        413 => "Payload Too Large",
        422 => "Validation Error",
        500 => "Internal Server Error",
        502 => "Bad Gateway",
        other => panic!("{other} {body}"),
    };
    assert_eq!((body["title"].as_str(), body.as_object().unwrap().len()), (Some(title), 4), "{body}");
    body["detail"].as_str().unwrap().to_owned()
}

/// Where fields were refused, and why: `body.parts.0.etag missing`.
fn invalid(reply: &Reply) -> Vec<String> {
    let body = json_of(reply);
    assert_eq!((reply.status, reply.header("content-type")), (422, Some("application/json")), "{body}");
    let errors = body["detail"].as_array().unwrap_or_else(|| panic!("no array: {body}"));
    let loc = |error: &Value| {
        let parts = error["loc"].as_array().unwrap().iter();
        parts.map(|part| part.as_str().map_or_else(|| part.to_string(), str::to_owned)).collect::<Vec<_>>().join(".")
    };
    for error in errors {
        assert!(error["msg"].is_string() && error.get("input").is_some(), "{error}");
    }
    errors.iter().map(|error| format!("{} {}", loc(error), error["type"].as_str().unwrap())).collect()
}

fn ok(reply: &Reply, status: u16) -> Value {
    let body = json_of(reply);
    assert_eq!((reply.status, reply.header("content-type")), (status, Some("application/json")), "{body}");
    body
}

async fn post(world: &World, path: &str, body: Value) -> Reply {
    world.json("POST", path, &body).send().await
}

async fn get(world: &World, path: &str) -> Reply {
    world.asked("GET", path).send().await
}

async fn start(world: &World, name: &str, size: usize) -> Value {
    let body = json!({ "filename": name, "file_size": size, "content_type": "text/csv" });
    ok(&post(world, "/ingest/upload/presigned", body).await, 201)
}

/// Uploads bytes by the URLs that were handed out, and returns the list of parts: none for a single PUT.
async fn put(world: &World, started: &Value, bytes: &[u8]) -> Value {
    let urls: Vec<&str> = started["urls"].as_array().unwrap().iter().map(|url| url.as_str().unwrap()).collect();
    if started["upload_id"].is_null() {
        let sent = world.follow("PUT", urls[0]).header("content-type", "text/csv").body(bytes).send().await;
        sent.expect_status(200);
        return json!([]);
    }
    let mut parts = Vec::new();
    for (index, (url, part)) in urls.iter().zip(bytes.chunks(PART)).enumerate() {
        let sent = world.follow("PUT", url).body(part).send().await.expect_status(200);
        parts.push(json!({ "part_number": index + 1, "etag": sent.header("etag").unwrap() }));
    }
    parts.into()
}

async fn complete(world: &World, started: &Value, parts: Value) -> Reply {
    let path = format!("/ingest/upload/presigned/{}/complete", id(started));
    post(world, &path, json!({ "parts": parts })).await
}

fn id(answer: &Value) -> &str {
    answer["job_id"].as_str().unwrap()
}

fn frozen(started: &Value, name: &str) -> String {
    format!("staging/{}/frozen/{name}", id(started))
}

/// A file that is uploaded and completed.
async fn uploaded(world: &World, name: &str, bytes: &[u8]) -> Value {
    let started = start(world, name, bytes.len()).await;
    let parts = put(world, &started, bytes).await;
    ok(&complete(world, &started, parts).await, 200);
    started
}

async fn upload_directly(world: &World, name: &str, bytes: &[u8]) -> Reply {
    let (content_type, body) = form_data(&[("note", "x")], Some(("file", name, "text/csv", bytes)));
    world.asked("POST", "/ingest/upload").header("content-type", &content_type).body(body).send().await
}

/// Commits a job and waits until its import has ended.
async fn imported(world: &World, job: &str) -> Value {
    let committed = post(world, &format!("/ingest/commit/{job}"), json!({ "title": "T" })).await;
    let expected = json!({ "job_id": job, "status": "pending", "message": "Import queued" });
    assert_eq!(ok(&committed, 202), expected);
    ended(world, job).await
}

/// The status of a job, once it has ended.
async fn ended(world: &World, job: &str) -> Value {
    for _ in 0..400 {
        let status = ok(&get(world, &format!("/jobs/{job}")).await, 200);
        match status["status"].as_str().unwrap() {
            "pending" | "running" => tokio::time::sleep(std::time::Duration::from_millis(25)).await,
            _ => return status,
        }
    }
    panic!("{job} does not end");
}
