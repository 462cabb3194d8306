//! v2: objects and multipart uploads by key.

use base64::Engine as _;
use serde_json::{Value, json};
use staves::wire::checksum::{Algorithm, Hasher};

use super::{BUCKET, UNIT, bad_request, bare, list, part, start, upload, world};
use crate::plain::{World, json_of};

#[tokio::test]
async fn put_get_head_delete() {
    let world = world().await;
    let put = world.asked("PUT", "/layers/l1/keys/a/b.txt").header("content-type", "text/plain");
    let put = put.header("content-encoding", "gzip").body("hello").send().await.expect_status(200);
    assert!(put.body.is_empty());
    let get = world.asked("GET", "/layers/l1/keys/a/b.txt?sentWith=sdk").send().await.expect_status(200);
    assert_eq!(
        (get.text(), get.header("content-type"), get.header("content-encoding")),
        ("hello", Some("text/plain"), Some("gzip"))
    );
    let head = world.asked("HEAD", "/layers/l1/keys/a/b.txt").send().await.expect_status(200);
    assert_eq!((head.header("content-length"), head.header("last-modified").is_some()), (Some("5"), true));
    let object = world.object(BUCKET, "l1/keys/a/b.txt").unwrap();
    assert_eq!(object.headers.content_type.as_deref(), Some("text/plain"));
    for _ in 0..2 {
        bare(&world.asked("DELETE", "/layers/l1/keys/a/b.txt").send().await, 202);
    }
    for method in ["GET", "HEAD"] {
        bare(&world.asked(method, "/layers/l1/keys/a/b.txt").send().await, 404);
    }
    bare(&world.asked("DELETE", "/layers/never/keys/k").send().await, 202);
}

#[tokio::test]
async fn put_refuses_bad_headers_and_sizes() {
    let world = world().await;
    let put = |name: &'static str, value: &'static str| world.asked("PUT", "/layers/l1/keys/k").header(name, value);
    assert!(bad_request(&put("content-type", "nothing").body("x").send().await).contains("Content-Type"));
    bare(&put("content-type", "a/b").body(vec![0; (128 << 10) + 1]).send().await, 413);
    bare(&put("content-type", "a/b").body(vec![0; (128 << 10) + 1]).http_chunked().send().await, 413);
    put("content-type", "a/b").body(vec![0; 128 << 10]).send().await.expect_status(200);
    assert!(bad_request(&world.asked("PUT", "/layers/l1/keys/k2?source=k").body("x").send().await).contains("no body"));
    bare(&world.asked("PUT", "/layers/l1/keys/k2?source=nothing").send().await, 404);
    assert!(bad_request(&world.asked("PUT", "/layers/l1/keys/k2?source=a%20b").send().await).contains("450"));
    world.expect_blob_files(1).await;
}

#[tokio::test]
async fn put_copies_another_key() {
    let world = world().await;
    world
        .asked("PUT", "/layers/l1/keys/a")
        .header("content-type", "x/y")
        .body("copied")
        .send()
        .await
        .expect_status(200);
    for to in ["b/c", "a"] {
        let put = world.asked("PUT", &format!("/layers/l1/keys/{to}?source=a")).send().await.expect_status(200);
        assert!(put.body.is_empty());
        let get = world.asked("GET", &format!("/layers/l1/keys/{to}")).send().await.expect_status(200);
        assert_eq!((get.text(), get.header("content-type")), ("copied", Some("x/y")));
    }
}

/// The value of `X-HERE-Digest` for some bytes.
fn digest(name: &str, algorithm: Algorithm, bytes: &[u8]) -> String {
    format!("{name}:{}", hex::encode(Hasher::digest(algorithm, bytes).as_bytes()))
}

#[tokio::test]
async fn digests_are_compared_in_four_algorithms() {
    let world = world().await;
    let body = vec![5; 20_000];
    let token = start(&world, "k").await;
    let part_path = format!("{}/parts?partNumber=1", upload(&token));
    for (name, algorithm) in [
        ("CRC-32C", Algorithm::Crc32c),
        ("MD5", Algorithm::Md5),
        ("SHA1", Algorithm::Sha1),
        ("SHA256", Algorithm::Sha256),
    ] {
        let (good, wrong) = (digest(name, algorithm, &body), digest(name, algorithm, b"other"));
        for (method, path) in [("PUT", "/layers/l1/keys/d"), ("POST", part_path.as_str())] {
            let send = |digest: &str| world.asked(method, path).header("x-here-digest", digest).body(&body).send();
            send(&good).await.expect_status(200);
            for digest in [wrong.as_str(), &good.to_uppercase(), &good[..good.len() - 1], "CRC32:00000000", "x"] {
                assert!(bad_request(&send(digest).await).contains("X-HERE-Digest"), "{digest}");
            }
        }
    }
    // The object and the part, and nothing of what was refused.
    world.expect_blob_files(2).await;
}

#[tokio::test]
async fn get_ranges() {
    let world = world().await;
    world.asked("PUT", "/layers/l1/keys/k").body("0123456789").send().await.expect_status(200);
    let get = |range: &'static str| world.asked("GET", "/layers/l1/keys/k").header("range", range).send();
    for (range, shown, bytes) in [
        ("bytes=2-4", "bytes 2-4/10", "234"),
        ("bytes=7-", "bytes 7-9/10", "789"),
        ("bytes=-2", "bytes 8-9/10", "89"),
        ("bytes=5-100", "bytes 5-9/10", "56789"),
    ] {
        let reply = get(range).await.expect_status(206);
        assert_eq!((reply.text(), reply.header("content-range")), (bytes, Some(shown)));
        let by_query = world.asked("GET", &format!("/layers/l1/keys/k?range={range}")).send().await.expect_status(206);
        assert_eq!(by_query.text(), bytes);
    }
    bare(&get("bytes=10-").await, 416);
    for range in ["bytes=4-2", "bytes=0-1,3-4", "items=1-2", "x"] {
        assert!(bad_request(&get(range).await).contains("range"), "{range}");
    }
}

#[tokio::test]
async fn get_from_the_storage_layer_is_a_redirect() {
    let world = world().await;
    world.asked("PUT", "/layers/l1/keys/k").header("content-type", "a/b").body("bytes").send().await.expect_status(200);
    let get = |access: &str| world.asked("GET", &format!("/layers/l1/keys/k?accessType={access}")).send();
    assert_eq!(get("inlineAccess").await.expect_status(200).text(), "bytes");
    let redirect = get("storageLayerAccess").await.expect_status(307);
    let location = redirect.header("location").unwrap();
    assert_eq!(world.follow("GET", location).send().await.expect_status(200).text(), "bytes");
    world.pass_seconds(3600);
    world.follow("GET", location).send().await.expect_error(403, "AccessDenied");
    assert!(bad_request(&get("other").await).contains("accessType"));
    bare(&world.asked("GET", "/layers/l1/keys/none?accessType=storageLayerAccess").send().await, 404);
}

#[tokio::test]
async fn start_refuses_bad_bodies() {
    let world = world().await;
    for (body, words) in [
        ("", "contentType is required"),
        ("{}", "contentType is required"),
        ("[]", "JSON object"),
        ("{", "not valid JSON"),
        (r#"{"contentType": 5}"#, "contentType has to be a string"),
        (r#"{"contentType": "x"}"#, "media type"),
        (r#"{"contentType": "a/b\u0000"}"#, "media type"),
        (r#"{"contentType": "a/b", "contentEncoding": []}"#, "contentEncoding"),
        (r#"{"contentType": "a/b", "contentEncoding": "x\ny"}"#, "contentEncoding"),
    ] {
        let reply = world.asked("POST", "/layers/l1/keys/k").body(body).send().await;
        assert!(bad_request(&reply).contains(words), "{body}");
    }
    bare(&world.asked("POST", "/layers/l1/keys/k").body(vec![b' '; (4 << 20) + 1]).send().await, 413);
    assert_eq!(world.uploads_and_objects(BUCKET).await, (0, 0));
}

#[tokio::test]
async fn multipart_keeps_type_and_coding_and_has_a_status_in_the_end() {
    let mut world = world().await;
    let token = start(&world, "dir/k").await;
    let (two, one) = (part(&world, &token, 2, b"end").await, part(&world, &token, 1, &[1; UNIT]).await);
    bare(&world.asked("GET", &upload(&token)).send().await, 404);
    world.restart().await;
    let complete = world.json("PUT", &upload(&token), &list(&[(2, &two), (1, &one)])).send().await.expect_status(204);
    assert!(complete.body.is_empty());
    assert_eq!(json_of(&world.asked("GET", &upload(&token)).send().await), json!({ "status": "completed" }));
    let object = world.object(BUCKET, "l1/keys/dir/k").unwrap();
    assert_eq!(object.headers.content_type.as_deref(), Some("image/png"));
    assert_eq!(object.headers.content_encoding.as_deref(), Some("gzip"));
    assert!(bad_request(&world.json("PUT", &upload(&token), &list(&[(1, &one)])).send().await).contains("already"));
    assert!(bad_request(&world.asked("DELETE", &upload(&token)).send().await).contains("completed"));
    let late = world.asked("POST", &format!("{}/parts?partNumber=1", upload(&token))).body("x").send().await;
    bare(&late, 404);
}

#[tokio::test]
async fn complete_without_a_list_takes_all_parts() {
    let world = world().await;
    for body in ["", "{}", r#"{"parts": null}"#] {
        let token = start(&world, "k").await;
        assert!(bad_request(&world.asked("PUT", &upload(&token)).body(body).send().await).contains("No part"));
        part(&world, &token, 2, b"b").await;
        part(&world, &token, 1, &[b'a'; UNIT]).await;
        for _ in 0..2 {
            bare(&world.asked("PUT", &upload(&token)).body(body).send().await, 204);
        }
        assert_eq!(world.s3_bytes(BUCKET, "l1/keys/k").await.unwrap(), b"aaaaaaaaaaaaaaaab");
    }
}

#[tokio::test]
async fn complete_refuses_bad_lists() {
    let world = world().await;
    let token = start(&world, "k").await;
    let (one, two) = (part(&world, &token, 1, &[1; UNIT + 1]).await, part(&world, &token, 2, b"x").await);
    let odd = bad_request(&world.json("PUT", &upload(&token), &list(&[(1, &one), (2, &two)])).send().await);
    assert!(odd.contains("multiple of 16"), "{odd}");
    let one = part(&world, &token, 1, &[1; UNIT]).await;
    for (body, words) in [
        (json!({ "parts": {} }), "array"),
        (json!({ "parts": [] }), "1 to 10000"),
        (json!({ "parts": [7] }), "parts[0].number"),
        (json!({ "parts": [{ "id": one, "number": "1" }] }), "parts[0].number"),
        (json!({ "parts": [{ "id": one, "number": 10_001 }] }), "parts[0].number"),
        (json!({ "parts": [{ "number": 1 }] }), "parts[0].id"),
        (json!({ "parts": [{ "id": 1, "number": 1 }] }), "parts[0].id"),
        (list(&[(1, &one), (1, &one)]), "more than once"),
        (list(&[(2, &two)]), "consecutive"),
        (list(&[(1, &two)]), "Part 1"),
        (list(&[(1, &one), (2, &two), (3, &two)]), "Part 3"),
    ] {
        let message = bad_request(&world.json("PUT", &upload(&token), &body).send().await);
        assert!(message.contains(words), "{body}: {message}");
    }
    bare(&world.json("PUT", &upload("0000"), &list(&[(1, &one)])).send().await, 404);
    assert_eq!(world.uploads_and_objects(BUCKET).await, (1, 0));
    bare(&world.json("PUT", &upload(&token), &list(&[(2, &two), (1, &one)])).send().await, 204);
}

#[tokio::test]
async fn part_refuses_what_is_wrong_with_it() {
    let world = world().await;
    let token = start(&world, "k").await;
    let path = |number: &str| format!("{}/parts{number}", upload(&token));
    for number in [
        "",
        "?partNumber=",
        "?partNumber=0",
        "?partNumber=10001",
        "?partNumber=1.5",
        "?partNumber=%2B1",
        "?partNumber=x",
    ] {
        assert!(
            bad_request(&world.asked("POST", &path(number)).body("x").send().await).contains("partNumber"),
            "{number}"
        );
    }
    let typed = |content_type: &'static str| {
        world.asked("POST", &path("?partNumber=1")).header("content-type", content_type).body("x").send()
    };
    assert!(bad_request(&typed("text/plain").await).contains("image/png"));
    typed("image/png").await.expect_status(200);
    typed("application/json").await.expect_status(200);
    bare(&world.asked("POST", &path("?partNumber=2")).body(vec![0; (64 << 10) + 1]).send().await, 413);
    bare(&world.asked("POST", "/layers/l1/keysMultipart/none/parts?partNumber=1").body("x").send().await, 404);
    bare(&world.asked("POST", &upload(&token).replace("l1", "l2")).body("x").send().await.expect_status(405), 405);
    bare(&world.asked("POST", &format!("/layers/l2/keysMultipart/{token}/parts?partNumber=1")).send().await, 404);
    world.expect_blob_files(0).await;
}

#[tokio::test]
async fn part_copies_a_range_of_a_key() {
    let world = world().await;
    let source: Vec<u8> = (0..100).collect();
    world.asked("PUT", "/layers/l1/keys/source").body(&source).send().await.expect_status(200);
    let token = start(&world, "k").await;
    let copy = |number: u16, query: &str| {
        world.asked("POST", &format!("{}/parts?partNumber={number}&source=source{query}", upload(&token)))
    };
    let id = |reply| json_of(&reply)["id"].as_str().unwrap().to_owned();
    let one = id(copy(1, "").header("range", "bytes=16-47").send().await.expect_status(200));
    let two = id(copy(2, "&range=bytes%3D64-99").send().await.expect_status(200));
    for (query, words) in [
        ("", "both ends"),
        ("&range=bytes=0-", "both ends"),
        ("&range=bytes=5-20", "begin at a multiple"),
        ("&range=x", "both ends"),
    ] {
        assert!(bad_request(&copy(3, query).send().await).contains(words), "{query}");
    }
    bare(&copy(3, "&range=bytes=0-100").send().await, 416);
    assert!(bad_request(&copy(3, "&range=bytes=0-15").body("x").send().await).contains("no body"));
    let none = format!("{}/parts?partNumber=3&source=none&range=bytes=0-15", upload(&token));
    bare(&world.asked("POST", &none).send().await, 404);
    bare(&world.json("PUT", &upload(&token), &list(&[(1, &one), (2, &two)])).send().await, 204);
    assert_eq!(world.s3_bytes(BUCKET, "l1/keys/k").await.unwrap(), [&source[16..48], &source[64..]].concat());
}

#[tokio::test]
async fn cancel_leaves_nothing() {
    let world = world().await;
    let token = start(&world, "k").await;
    let one = part(&world, &token, 1, &vec![1; 50_000]).await;
    bare(&world.asked("DELETE", &upload(&token)).send().await, 202);
    world.expect_blob_files(0).await;
    assert_eq!(world.uploads_and_objects(BUCKET).await, (0, 0));
    bare(&world.asked("DELETE", &upload(&token)).send().await, 404);
    bare(&world.json("PUT", &upload(&token), &list(&[(1, &one)])).send().await, 404);
    bare(&world.asked("GET", &upload(&token)).send().await, 404);
}

#[tokio::test]
async fn cancel_and_complete_at_once_agree() {
    let world = world().await;
    for round in 0..10 {
        let key = format!("k{round}");
        let token = start(&world, &key).await;
        let one = part(&world, &token, 1, b"x").await;
        let (completed, cancelled) = tokio::join!(
            world.json("PUT", &upload(&token), &list(&[(1, &one)])).send(),
            world.asked("DELETE", &upload(&token)).send()
        );
        let there = world.object(BUCKET, &format!("l1/keys/{key}")).is_some();
        assert_eq!((completed.status == 204, cancelled.status == 202), (there, !there), "{completed:?} {cancelled:?}");
    }
}

async fn names(world: &World, query: &str) -> (Vec<String>, Option<String>) {
    let page = json_of(&world.asked("GET", &format!("/layers/l1/keys{query}")).send().await.expect_status(200));
    let name = |item: &Value| format!("{} {}", item["type"].as_str().unwrap(), item["name"].as_str().unwrap());
    let names = page["items"].as_array().unwrap().iter().map(name).collect();
    (names, page["pageToken"].as_str().map(str::to_owned))
}

#[tokio::test]
async fn list_by_directories_and_pages() {
    let world = world().await;
    assert_eq!(names(&world, "").await, (vec![], None));
    for key in ["a", "dir/1", "dir/2", "dir/sub/3", "dir0", "z"] {
        world.asked("PUT", &format!("/layers/l1/keys/{key}")).body("12").send().await.expect_status(200);
    }
    world.asked("PUT", "/layers/l2/keys/other").body("x").send().await.expect_status(200);
    let all = ["object a", "commonPrefix dir/", "object dir0", "object z"];
    assert_eq!(names(&world, "").await.0, all);
    for parent in ["dir", "dir/", "/dir/"] {
        let inside = ["object dir/1", "object dir/2", "commonPrefix dir/sub/"];
        assert_eq!(names(&world, &format!("?parent={parent}&sentWith=x")).await.0, inside);
    }
    let deep = names(&world, "?deep=true").await.0;
    assert_eq!(deep, ["object a", "object dir/1", "object dir/2", "object dir/sub/3", "object dir0", "object z"]);
    let (mut found, mut query) = (Vec::new(), "?limit=1".to_owned());
    loop {
        let (page, token) = names(&world, &query).await;
        found.extend(page);
        let Some(token) = token else { break };
        query = format!("?limit=1&pageToken={token}");
    }
    assert_eq!(found, all);
    let page = json_of(&world.asked("GET", "/layers/l1/keys?limit=1").send().await);
    let item = &page["items"][0];
    assert_eq!(item["size"], 2);
    assert!(item["lastModified"].as_str().unwrap().ends_with('Z'));
    let stray = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode([0xff]);
    for (query, words) in [
        ("limit=0", "limit"),
        ("limit=1001", "limit"),
        ("limit=x", "limit"),
        ("deep=yes", "deep"),
        ("parent=a%20b", "450"),
        ("pageToken=%21", "pageToken"),
        (&format!("pageToken={stray}"), "pageToken"),
    ] {
        let reply = world.asked("GET", &format!("/layers/l1/keys?{query}")).send().await;
        assert!(bad_request(&reply).contains(words), "{query}");
    }
}

#[tokio::test]
async fn what_is_done_to_objects_is_told() {
    let world = world().await;
    let path = |key: &str| format!("/layers/l1/keys/{key}");
    world.asked("PUT", &path("a")).body(b"one").send().await.expect_status(200);
    let queue = "arn:aws:sqs:us-east-1:000000000000:queue";
    let document = format!(
        "<NotificationConfiguration><QueueConfiguration><Queue>{queue}</Queue><Event>s3:ObjectCreated:*</Event>\
         <Event>s3:ObjectRemoved:*</Event></QueueConfiguration></NotificationConfiguration>"
    );
    let put = world.s3().put(&format!("/{BUCKET}?notification")).header("x-amz-skip-destination-validation", "true");
    put.body(document).send().await.expect_status(200);
    world.asked("PUT", &path("a")).body(b"two").send().await.expect_status(200);
    world.asked("PUT", &format!("{}?source=a", path("b"))).send().await.expect_status(200);
    world.asked("DELETE", &path("a")).send().await.expect_status(202);
    let told = world.told().await;
    let names: Vec<&str> =
        told.iter().map(|event| event["message"]["Records"][0]["eventName"].as_str().unwrap()).collect();
    assert_eq!(names, ["ObjectCreated:Put", "ObjectCreated:Copy", "ObjectRemoved:Delete"]);
    let principal = &told[0]["message"]["Records"][0]["userIdentity"]["principalId"];
    assert_eq!(principal.as_str(), Some("AWS:000000000000"));
}
