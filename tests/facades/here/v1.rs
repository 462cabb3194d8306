//! v1: blobs by data handle.

use serde_json::{Value, json};

use super::{BUCKET, UNIT, bare, world};
use crate::plain::{World, json_of};
use crate::support::Reply;

const DATA: &str = "/layers/l1/data/h.1";

async fn put(world: &World, path: &str, bytes: &[u8]) -> Reply {
    world.asked("PUT", path).header("content-type", "a/b").body(bytes).send().await
}

async fn start(world: &World) -> Value {
    let body = json!({ "contentType": "a/b", "contentEncoding": "gzip" });
    let reply = world.json("POST", &format!("{DATA}/multiparts"), &body).send().await.expect_status(200);
    json_of(&reply)["links"].clone()
}

/// A request to a link, with the secret key.
async fn follow(world: &World, link: &Value, query: &str, body: impl AsRef<[u8]>) -> Reply {
    let url = format!("{}{query}", link["href"].as_str().unwrap());
    let request = world.follow(link["method"].as_str().unwrap(), &url).header("authorization", "Bearer test");
    request.header("content-type", "a/b").body(body).send().await
}

async fn part(world: &World, links: &Value, number: u16, bytes: &[u8]) -> String {
    let reply = follow(world, &links["uploadPart"], &format!("?partNumber={number}"), bytes).await.expect_status(200);
    assert!(reply.body.is_empty());
    reply.header("etag").unwrap().to_owned()
}

fn list(parts: &[(u16, &str)]) -> String {
    let parts: Vec<Value> = parts.iter().map(|(number, etag)| json!({ "number": number, "etag": etag })).collect();
    json!({ "parts": parts }).to_string()
}

#[tokio::test]
async fn blob_is_written_once() {
    let world = world().await;
    bare(&put(&world, DATA, b"bytes").await, 200);
    bare(&put(&world, DATA, b"other").await, 409);
    let body = json!({ "contentType": "a/b" });
    bare(&world.json("POST", &format!("{DATA}/multiparts"), &body).send().await, 409);
    let get = world.asked("GET", DATA).send().await.expect_status(200);
    assert_eq!((get.text(), get.header("content-type")), ("bytes", Some("a/b")));
    let etag = get.header("etag").unwrap().to_owned();
    bare(&world.asked("GET", DATA).header("if-none-match", &etag).send().await, 304);
    world.asked("GET", DATA).header("if-none-match", "\"x\"").send().await.expect_status(200);
    assert_eq!(world.asked("GET", DATA).header("range", "bytes=1-2").send().await.expect_status(206).text(), "yt");
    bare(&world.asked("GET", DATA).header("range", "bytes=9-").send().await, 416);
    bare(&world.asked("GET", DATA).header("range", "x").send().await, 400);
    assert_eq!(world.asked("HEAD", DATA).send().await.expect_status(200).header("etag"), Some(etag.as_str()));
    assert_eq!(world.s3_bytes(BUCKET, "l1/data/h.1").await.unwrap(), b"bytes");
    for _ in 0..2 {
        bare(&world.asked("DELETE", DATA).send().await, 202);
    }
    bare(&world.asked("GET", DATA).send().await, 404);
    bare(&put(&world, DATA, b"").await, 200);
    bare(&world.asked("GET", DATA).send().await, 204);
}

#[tokio::test]
async fn bad_requests_have_no_body_and_leave_nothing() {
    let world = world().await;
    for path in ["/layers/l1/data/a_b", "/layers/l1/data/%C4%8D", &format!("/layers/l1/data/{}", "x".repeat(601))] {
        bare(&put(&world, path, b"x").await, 400);
    }
    for tag in ["abc", "a-bcd", "12345678901234567", ""] {
        bare(&put(&world, &format!("{DATA}?billingTag={tag}"), b"x").await, 400);
    }
    bare(&world.asked("PUT", DATA).body("x").send().await, 400);
    bare(&world.asked("PUT", DATA).header("content-type", "a/b").body("x").http_chunked().send().await, 400);
    let digest = world.asked("PUT", DATA).header("content-type", "a/b").header("x-here-digest", "CRC-32C:00000000");
    bare(&digest.body(vec![1; 50_000]).send().await, 400);
    for body in ["", "{}", "[", r#"{"contentType": 1}"#, r#"{"contentType": "a/b", "contentEncoding": "br"}"#] {
        bare(&world.asked("POST", &format!("{DATA}/multiparts")).body(body).send().await, 400);
    }
    assert_eq!(world.uploads_and_objects(BUCKET).await, (0, 0));
    world.expect_blob_files(0).await;
    bare(&put(&world, &format!("{DATA}?billingTag=abCD1234"), b"x").await, 200);
}

#[tokio::test]
async fn multipart_by_links() {
    let mut world = world().await;
    let links = start(&world).await;
    let (two, one) = (part(&world, &links, 2, b"end").await, part(&world, &links, 1, &[1; UNIT + 3]).await);
    bare(&follow(&world, &links["status"], "", "").await, 404);
    bare(&follow(&world, &links["complete"], "?billingTag=x", list(&[(1, &one)])).await, 400);
    for body in ["{", r#"{"parts": []}"#, r#"{"parts": [{"number": 1}]}"#, &list(&[(2, &two)]), &list(&[(1, &two)])] {
        bare(&follow(&world, &links["complete"], "", body).await, 400);
    }
    bare(&follow(&world, &links["uploadPart"], "", "x").await, 400);
    bare(&follow(&world, &links["complete"], "", list(&[(2, &two), (1, &one)])).await, 204);
    assert_eq!(json_of(&follow(&world, &links["status"], "", "").await), json!({ "status": "completed" }));
    bare(&follow(&world, &links["delete"], "", "").await, 404);
    let object = world.object(BUCKET, "l1/data/h.1").unwrap();
    assert_eq!((object.size_bytes, object.headers.content_encoding.as_deref()), (UNIT as u64 + 6, Some("gzip")));
    world.restart().await;
    assert_eq!(world.asked("GET", DATA).send().await.expect_status(200).body.len(), UNIT + 6);
}

#[tokio::test]
async fn multipart_of_another_handle_is_not_found() {
    let world = world().await;
    let mut links = start(&world).await;
    let other = links["uploadPart"]["href"].as_str().unwrap().replace("h.1", "h.2");
    links["uploadPart"]["href"] = json!(other);
    bare(&follow(&world, &links["uploadPart"], "?partNumber=1", "x").await, 404);
    bare(&follow(&world, &links["delete"], "", "").await, 204);
    bare(&follow(&world, &links["delete"], "", "").await, 404);
    assert_eq!(world.uploads_and_objects(BUCKET).await, (0, 0));
}

#[tokio::test]
async fn completions_of_one_handle_at_once_make_one_blob() {
    let world = world().await;
    for _ in 0..5 {
        let mut uploads = Vec::new();
        for n in 0..2_u8 {
            let links = start(&world).await;
            let etag = part(&world, &links, 1, &[n; 30]).await;
            uploads.push((links, etag));
        }
        let complete = |n: usize| follow(&world, &uploads[n].0["complete"], "", list(&[(1, &uploads[n].1)]));
        let (a, b) = tokio::join!(complete(0), complete(1));
        let mut statuses = [a.status, b.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [204, 409]);
        let winner = u8::from(b.status == 204);
        assert_eq!(world.s3_bytes(BUCKET, "l1/data/h.1").await.unwrap(), [winner; 30]);
        bare(&world.asked("DELETE", DATA).send().await, 202);
    }
}
