//! Gjirafa VP's uploads: every endpoint, every refusal, and that nothing is left behind.

use serde_json::{Value, json};
use staves::http::identity::{Identities, Identity};

use super::plain::{World, json_of, over_both_storages};
use super::support::{RawClient, Reply};

const UPLOADS: &str = "/api/projects/p1/uploads";
const BUCKET: &str = "gjirafa-p1";
const PART: [u8; 20] = [7; 20];

over_both_storages! { "gjirafa":
    start_to_object_over_parts_in_any_order,
    start_takes_every_field,
    start_refuses_bad_fields_and_leaves_nothing,
    start_refuses_duplicates_of_checked_files_only,
    urls_end_when_they_were_asked_to,
    complete_refuses_bad_fields,
    complete_refuses_parts_that_are_not_there,
    complete_partly_only_if_allowed,
    complete_again_is_true_again,
    abort_leaves_nothing,
    resume_gives_urls_of_missing_parts,
    parts_are_listed,
    single_upload_and_its_download,
    state_survives_a_restart,
    completions_at_once_make_one_object,
    abort_and_complete_at_once_agree,
}

/// The `result` of a success, its envelope checked.
fn result(reply: &Reply) -> Value {
    let envelope = json_of(reply);
    assert_eq!(reply.status, 200, "{envelope}");
    assert_eq!(reply.header("content-type"), Some("application/json"));
    assert_eq!(
        (&envelope["success"], &envelope["statusCode"], &envelope["errors"], &envelope["resultInfo"]),
        (&json!(true), &json!(200), &json!([]), &Value::Null),
        "{envelope}"
    );
    assert!(envelope["messages"].is_array());
    envelope["result"].clone()
}

/// The `errors` of a refusal, its envelope checked.
fn errors(reply: &Reply, status: u16) -> String {
    let envelope = json_of(reply);
    assert_eq!(reply.status, status, "{envelope}");
    let expected = json!({
        "success": false, "errors": envelope["errors"], "messages": [], "result": null, "resultInfo": null,
        "statusCode": status,
    });
    assert_eq!(envelope, expected);
    let errors: Vec<&str> =
        envelope["errors"].as_array().unwrap().iter().map(|error| error.as_str().unwrap()).collect();
    assert!(!errors.is_empty());
    errors.join(" ")
}

async fn post(world: &World, path: &str, body: Value) -> Reply {
    world.json("POST", &format!("{UPLOADS}{path}"), &body).send().await
}

async fn put(world: &World, path: &str, body: Value) -> Reply {
    world.json("PUT", &format!("{UPLOADS}{path}"), &body).send().await
}

async fn start(world: &World, parts: u16) -> Value {
    let body = json!({ "fileName": "a b.mp4", "partsNumber": parts, "contentLength": "60", "mimeType": "video/mp4" });
    result(&post(world, "/multipart", body).await)
}

/// Uploads a part by its URL, and returns its ETag as S3 sends it.
async fn upload(world: &World, started: &Value, number: u64, bytes: &[u8]) -> String {
    let urls = started["presignedUrl"].as_array().unwrap();
    let url = urls.iter().find(|url| url["partNumber"] == number).unwrap()["presignedUrl"].as_str().unwrap();
    let reply = world.follow("PUT", url).body(bytes).send().await.expect_status(200);
    reply.header("etag").unwrap().to_owned()
}

async fn complete(world: &World, started: &Value, parts: &[(u64, &str)]) -> Reply {
    let parts: Vec<Value> = parts.iter().map(|(n, etag)| json!({ "partNumber": n, "eTag": etag })).collect();
    put(world, "/multipart-complete", json!({ "requestKey": started["requestKey"], "parts": parts })).await
}

fn key(started: &Value) -> String {
    format!("uploads/{}/a b.mp4", started["requestKey"].as_str().unwrap())
}

async fn start_to_object_over_parts_in_any_order(world: World) {
    let started = start(&world, 3).await;
    assert_eq!(started["presignedUrl"].as_array().unwrap().len(), 3);
    let third = upload(&world, &started, 3, b"end").await;
    upload(&world, &started, 1, &[9; 30]).await;
    let (second, first) = (upload(&world, &started, 2, &[2; 16]).await, upload(&world, &started, 1, &PART).await);
    let done = complete(&world, &started, &[(1, &first), (2, second.trim_matches('"')), (3, &third)]).await;
    assert_eq!(result(&done), true);
    let object = world.object(BUCKET, &key(&started)).unwrap();
    assert_eq!(object.headers.content_type.as_deref(), Some("video/mp4"));
    assert_eq!(world.s3_bytes(BUCKET, &key(&started)).await.unwrap(), [&PART[..], &[2; 16], b"end"].concat());
    assert_eq!(world.uploads_and_objects(BUCKET).await, (0, 1));
}

async fn start_takes_every_field(world: World) {
    let mut ids = Vec::new();
    for extra in [
        json!({}),
        json!({ "contentLength": 5 }),
        json!({ "contentLength": "5", "mimeType": null, "presignedUrlExpiryTimeHours": null, "fileHash": "" }),
        json!({ "presignedUrlExpiryTimeHours": 168, "enableDuplicateCheck": true, "fileHash": "h", "unknown": {} }),
    ] {
        let mut body = json!({ "fileName": "čaša.csv", "partsNumber": 1 });
        body.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        let started = result(&post(&world, "/multipart", body).await);
        assert!(started["uploadId"].is_string() && started["requestKey"].as_str().unwrap().len() == 32);
        ids.push(started["uploadFileDetailsId"].as_u64().unwrap());
        let etag = upload(&world, &started, 1, b"").await;
        assert_eq!(result(&complete(&world, &started, &[(1, &etag)]).await), true);
        let key = format!("uploads/{}/čaša.csv", started["requestKey"].as_str().unwrap());
        // Without a type, the file's name tells.
        assert_eq!(world.object(BUCKET, &key).unwrap().headers.content_type.as_deref(), Some("text/csv"));
    }
    ids.dedup();
    assert_eq!(ids.len(), 4);
}

async fn start_refuses_bad_fields_and_leaves_nothing(world: World) {
    let good = json!({ "fileName": "a", "partsNumber": 2 });
    let with = |field: &str, value: Value| {
        let mut body = good.clone();
        body[field] = value;
        body
    };
    let long = "x".repeat(256);
    for (body, field) in [
        (json!({ "partsNumber": 1 }), "fileName"),
        (with("fileName", json!("")), "fileName"),
        (with("fileName", json!(7)), "fileName"),
        (with("fileName", json!("../a")), "fileName"),
        (with("fileName", json!("a\u{0}b")), "fileName"),
        (with("fileName", json!(long)), "fileName"),
        (json!({ "fileName": "a" }), "partsNumber"),
        (with("partsNumber", json!(0)), "partsNumber"),
        (with("partsNumber", json!(10_001)), "partsNumber"),
        (with("partsNumber", json!(1.5)), "partsNumber"),
        (with("partsNumber", json!("2")), "partsNumber"),
        (with("contentLength", json!("-1")), "contentLength"),
        (with("contentLength", json!(-1)), "contentLength"),
        (with("contentLength", json!("1e3")), "contentLength"),
        (with("contentLength", json!("99999999999999999999")), "contentLength"),
        (with("contentLength", json!([])), "contentLength"),
        (with("mimeType", json!("nothing")), "mimeType"),
        (with("mimeType", json!("a/b\r\nx: y")), "mimeType"),
        (with("mimeType", json!(1)), "mimeType"),
        (with("enableDuplicateCheck", json!("yes")), "enableDuplicateCheck"),
        (with("enableDuplicateCheck", json!(true)), "fileHash"),
        (with("fileHash", json!(5)), "fileHash"),
        (with("presignedUrlExpiryTimeHours", json!(0)), "presignedUrlExpiryTimeHours"),
        (with("presignedUrlExpiryTimeHours", json!(169)), "presignedUrlExpiryTimeHours"),
        (with("presignedUrlExpiryTimeHours", json!("12")), "presignedUrlExpiryTimeHours"),
    ] {
        let error = errors(&post(&world, "/multipart", body.clone()).await, 400);
        assert!(error.contains(field), "{body}: {error}");
    }
    let both = errors(&post(&world, "/multipart", json!({})).await, 400);
    assert!(both.contains("fileName") && both.contains("partsNumber"), "{both}");
    for body in ["", "[]", "{", "null", "\"x\""] {
        let reply = world.asked("POST", &format!("{UPLOADS}/multipart")).body(body).send().await;
        assert!(errors(&reply, 400).contains("JSON"), "{body}");
    }
    let big = world.asked("POST", &format!("{UPLOADS}/multipart")).body(vec![b' '; (4 << 20) + 1]).send().await;
    errors(&big, 413);
    assert_eq!(world.uploads_and_objects(BUCKET).await, (0, 0));
}

async fn start_refuses_duplicates_of_checked_files_only(world: World) {
    let body =
        |check: bool| json!({ "fileName": "a", "partsNumber": 1, "enableDuplicateCheck": check, "fileHash": "H" });
    let upload_one = async |check| {
        let started = result(&post(&world, "/multipart", body(check)).await);
        let etag = upload(&world, &started, 1, b"x").await;
        assert_eq!(result(&complete(&world, &started, &[(1, &etag)]).await), true);
        started
    };
    upload_one(false).await;
    let checked = upload_one(true).await;
    upload_one(false).await;
    let refused = errors(&post(&world, "/multipart", body(true)).await, 400);
    assert!(refused.contains("same hash"), "{refused}");
    errors(&post(&world, "/url", json!({ "fileName": "b", "enableDuplicateCheck": true, "fileHash": "H" })).await, 400);
    // Of another project, or gone, it is no duplicate.
    let other = world.json("POST", "/api/projects/p2/uploads/multipart", &body(true)).send().await;
    result(&other);
    let storage = world.storage();
    let identity = storage.identities().default_identity();
    let s3 = RawClient::new(storage.addr(), &identity.access_key, identity.secret_key.expose());
    let key = format!("/{BUCKET}/uploads/{}/a", checked["requestKey"].as_str().unwrap());
    s3.delete(&key).send().await.expect_status(204);
    upload_one(true).await;
}

async fn urls_end_when_they_were_asked_to(world: World) {
    let body = json!({ "fileName": "a", "partsNumber": 1, "presignedUrlExpiryTimeHours": 2 });
    let started = result(&post(&world, "/multipart", body).await);
    let default = start(&world, 1).await;
    let url = |started: &Value| started["presignedUrl"][0]["presignedUrl"].as_str().unwrap().to_owned();
    world.pass_seconds(2 * 3600 - 1);
    world.follow("PUT", &url(&started)).body("x").send().await.expect_status(200);
    world.pass_seconds(1);
    let late = world.follow("PUT", &url(&started)).body("y").send().await;
    late.expect_error(403, "AccessDenied");
    world.pass_seconds(10 * 3600 - 1);
    world.follow("PUT", &url(&default)).body("x").send().await.expect_status(200);
    world.pass_seconds(1);
    world.follow("PUT", &url(&default)).body("x").send().await.expect_error(403, "AccessDenied");
}

async fn complete_refuses_bad_fields(world: World) {
    let started = start(&world, 1).await;
    let request_key = &started["requestKey"];
    let etag = upload(&world, &started, 1, b"x").await;
    let part = json!({ "partNumber": 1, "eTag": etag });
    for (body, field) in [
        (json!({ "parts": [part] }), "requestKey"),
        (json!({ "requestKey": 7, "parts": [part] }), "requestKey"),
        (json!({ "requestKey": request_key }), "parts"),
        (json!({ "requestKey": request_key, "parts": [] }), "parts"),
        (json!({ "requestKey": request_key, "parts": {} }), "parts"),
        (json!({ "requestKey": request_key, "parts": [1] }), "parts[0].partNumber"),
        (json!({ "requestKey": request_key, "parts": [{ "partNumber": 0, "eTag": "a" }] }), "parts[0].partNumber"),
        (json!({ "requestKey": request_key, "parts": [{ "partNumber": "1", "eTag": "a" }] }), "parts[0].partNumber"),
        (json!({ "requestKey": request_key, "parts": [part, { "partNumber": 2 }] }), "parts[1].eTag"),
        (json!({ "requestKey": request_key, "parts": [{ "partNumber": 1, "eTag": 5 }] }), "parts[0].eTag"),
        (json!({ "requestKey": request_key, "parts": [part], "allowPartialComplete": 1 }), "allowPartialComplete"),
    ] {
        let error = errors(&put(&world, "/multipart-complete", body.clone()).await, 400);
        assert!(error.contains(field), "{body}: {error}");
    }
    let unknown = json!({ "requestKey": "0".repeat(32), "parts": [part] });
    assert!(errors(&put(&world, "/multipart-complete", unknown).await, 404).contains("Result Not Found"));
    assert_eq!(result(&complete(&world, &started, &[(1, &etag)]).await), true);
}

async fn complete_refuses_parts_that_are_not_there(world: World) {
    let started = start(&world, 3).await;
    let (one, two) = (upload(&world, &started, 1, &[1; 15]).await, upload(&world, &started, 2, b"y").await);
    for (parts, words) in [
        (vec![(1, one.as_str()), (3, &two)], "was not uploaded"),
        (vec![(1, &two), (2, &one)], "eTag"),
        (vec![(2, &two), (1, &one)], "ascending"),
        (vec![(1, &one), (1, &one)], "ascending"),
        (vec![(1, &one), (2, &two)], "least size"),
    ] {
        let error = errors(&complete(&world, &started, &parts).await, 400);
        assert!(error.contains(words), "{parts:?}: {error}");
        assert_eq!(world.uploads_and_objects(BUCKET).await, (1, 0));
    }
    let one = upload(&world, &started, 1, &PART).await;
    assert_eq!(result(&complete(&world, &started, &[(1, &one), (2, &two)]).await), true);
}

async fn complete_partly_only_if_allowed(world: World) {
    let started = start(&world, 3).await;
    let etag = upload(&world, &started, 2, &PART).await;
    let body = |allow: Value| {
        json!({ "requestKey": started["requestKey"], "allowPartialComplete": allow,
                "parts": [{ "partNumber": 2, "eTag": etag }] })
    };
    let error = errors(&put(&world, "/multipart-complete", body(json!(false))).await, 400);
    assert!(error.contains("missing: 1, 3"), "{error}");
    // It is still open: it can be resumed.
    let resumed = result(&post(&world, "/multipart-resume", json!({ "requestKey": started["requestKey"] })).await);
    assert_eq!(resumed["presignedUrl"].as_array().unwrap().len(), 2);
    assert_eq!(result(&put(&world, "/multipart-complete", body(Value::Null)).await), true);
    assert_eq!(world.s3_bytes(BUCKET, &key(&started)).await.unwrap(), PART);
}

async fn complete_again_is_true_again(world: World) {
    let started = start(&world, 2).await;
    let (one, two) = (upload(&world, &started, 1, &PART).await, upload(&world, &started, 2, b"y").await);
    for _ in 0..2 {
        assert_eq!(result(&complete(&world, &started, &[(1, &one), (2, &two)]).await), true);
    }
    let other = errors(&complete(&world, &started, &[(1, &one)]).await, 400);
    assert!(other.contains("completed already"), "{other}");
    let key = json!({ "requestKey": started["requestKey"] });
    assert!(errors(&put(&world, "/multipart-abort", key.clone()).await, 400).contains("completed"));
    assert!(errors(&post(&world, "/multipart-resume", key).await, 400).contains("completed"));
    assert_eq!(world.uploads_and_objects(BUCKET).await, (0, 1));
}

async fn abort_leaves_nothing(world: World) {
    let started = start(&world, 2).await;
    let etag = upload(&world, &started, 1, &vec![1; 100_000]).await;
    assert_eq!(world.blob_files(), 1);
    let key = json!({ "requestKey": started["requestKey"] });
    for _ in 0..2 {
        assert_eq!(result(&put(&world, "/multipart-abort", key.clone()).await), true);
    }
    assert_eq!(world.uploads_and_objects(BUCKET).await, (0, 0));
    world.expect_blob_files(0).await;
    errors(&complete(&world, &started, &[(1, &etag)]).await, 404);
    errors(&post(&world, "/multipart-resume", key).await, 404);
    let parts = format!("{UPLOADS}/url/multipart/{}/parts", started["requestKey"].as_str().unwrap());
    errors(&world.asked("GET", &parts).send().await, 404);
    let url = started["presignedUrl"][1]["presignedUrl"].as_str().unwrap();
    world.follow("PUT", url).body("x").send().await.expect_error(404, "NoSuchUpload");
    for body in [json!({}), json!({ "requestKey": null })] {
        assert!(errors(&put(&world, "/multipart-abort", body).await, 400).contains("requestKey"));
    }
    errors(&put(&world, "/multipart-abort", json!({ "requestKey": "nothing" })).await, 404);
}

async fn resume_gives_urls_of_missing_parts(world: World) {
    let started = start(&world, 3).await;
    let two = upload(&world, &started, 2, &PART).await;
    let body = json!({ "requestKey": started["requestKey"], "presignedUrlExpiryTimeHours": 1 });
    let resumed = result(&post(&world, "/multipart-resume", body).await);
    for field in ["uploadId", "requestKey", "uploadFileDetailsId"] {
        assert_eq!(resumed[field], started[field]);
    }
    let numbers: Vec<u64> =
        resumed["presignedUrl"].as_array().unwrap().iter().map(|url| url["partNumber"].as_u64().unwrap()).collect();
    assert_eq!(numbers, [1, 3]);
    let (one, three) = (upload(&world, &resumed, 1, &PART).await, upload(&world, &resumed, 3, b"z").await);
    let body = json!({ "requestKey": started["requestKey"], "presignedUrlExpiryTimeHours": 169 });
    assert!(errors(&post(&world, "/multipart-resume", body).await, 400).contains("presignedUrlExpiryTimeHours"));
    assert_eq!(result(&complete(&world, &started, &[(1, &one), (2, &two), (3, &three)]).await), true);
}

async fn parts_are_listed(world: World) {
    let started = start(&world, 3).await;
    let (three, one) = (upload(&world, &started, 3, b"z").await, upload(&world, &started, 1, &PART).await);
    let path = format!("{UPLOADS}/url/multipart/{}/parts", started["requestKey"].as_str().unwrap());
    let listed = result(&world.asked("GET", &path).send().await);
    let time = listed[0]["lastModified"].as_str().unwrap();
    assert!(time.len() == 25 && time.ends_with("+00:00") && time.as_bytes()[10] == b'T', "{time}");
    let expected =
        |n: u64, size: u64, etag: &str| json!({ "size": size, "lastModified": time, "partNumber": n, "eTag": etag });
    assert_eq!(listed, json!([expected(1, 20, &one), expected(3, 1, &three)]));
    errors(&world.asked("GET", &path.replace("parts", "part")).send().await, 404);
    errors(&world.asked("POST", &path).send().await, 405);
}

async fn single_upload_and_its_download(world: World) {
    for (body, field) in [
        (json!({}), "fileName"),
        (json!({ "fileName": "a", "contentLength": "x" }), "contentLength"),
        (json!({ "fileName": "a", "contentType": "x" }), "contentType"),
        (json!({ "fileName": "a", "enableDuplicateCheck": true }), "fileHash"),
    ] {
        let error = errors(&post(&world, "/url", body).await, 400);
        assert!(error.contains(field), "{error}");
    }
    let body = json!({ "fileName": "f.mp4", "contentLength": 4, "mimeType": "video/mp4" });
    let single = result(&post(&world, "/url", body).await);
    let request_key = single["requestKey"].as_str().unwrap();
    assert_eq!(single["filePath"], format!("uploads/{request_key}/f.mp4"));
    let success = format!("{UPLOADS}/success/{request_key}");
    errors(&world.asked("POST", &success).send().await, 404);
    let put = world.follow("PUT", single["url"].as_str().unwrap()).header("content-type", "video/mp4").body("film");
    put.send().await.expect_status(200);
    for _ in 0..2 {
        let done = result(&world.asked("POST", &success).send().await);
        let reply = world.follow("GET", done["downloadPath"].as_str().unwrap()).send().await.expect_status(200);
        assert_eq!((reply.text(), reply.header("content-type")), ("film", Some("video/mp4")));
    }
    errors(&world.asked("POST", &format!("{UPLOADS}/success/unknown")).send().await, 404);
    let video = result(&world.asked("POST", "/api/projects/p1/videos").send().await);
    assert_ne!(video, result(&world.asked("POST", "/api/projects/p1/videos/id").send().await));
    assert_eq!(video.as_str().unwrap().len(), 32);
}

async fn state_survives_a_restart(mut world: World) {
    let started = start(&world, 2).await;
    let one = upload(&world, &started, 1, &PART).await;
    world.restart().await;
    let resumed = result(&post(&world, "/multipart-resume", json!({ "requestKey": started["requestKey"] })).await);
    let two = upload(&world, &resumed, 2, b"y").await;
    world.restart().await;
    assert_eq!(result(&complete(&world, &started, &[(1, &one), (2, &two)]).await), true);
    world.restart().await;
    assert_eq!(result(&complete(&world, &started, &[(1, &one), (2, &two)]).await), true);
    let next = start(&world, 1).await;
    assert!(next["uploadFileDetailsId"].as_u64() > started["uploadFileDetailsId"].as_u64());
    assert_eq!(world.s3_bytes(BUCKET, &key(&started)).await.unwrap(), [&PART[..], b"y"].concat());
}

async fn completions_at_once_make_one_object(world: World) {
    for _ in 0..5 {
        let started = start(&world, 2).await;
        let (one, two) = (upload(&world, &started, 1, &PART).await, upload(&world, &started, 2, &[2; 17]).await);
        let (all, first) = ([(1, one.as_str()), (2, two.as_str())], [(1, one.as_str())]);
        let (a, b, c) = tokio::join!(
            complete(&world, &started, &all),
            complete(&world, &started, &first),
            complete(&world, &started, &all)
        );
        assert_eq!(a.status, c.status);
        let bytes = world.s3_bytes(BUCKET, &key(&started)).await.unwrap();
        match (a.status, b.status) {
            (200, 400) => assert_eq!(bytes, [&PART[..], &[2; 17]].concat()),
            (400, 200) => assert_eq!(bytes, PART),
            other => panic!("{other:?}"),
        }
    }
}

async fn abort_and_complete_at_once_agree(world: World) {
    for _ in 0..10 {
        let started = start(&world, 1).await;
        let etag = upload(&world, &started, 1, &PART).await;
        let abort = json!({ "requestKey": started["requestKey"] });
        let (parts, before) = ([(1, etag.as_str())], world.uploads_and_objects(BUCKET).await);
        let (completed, aborted) =
            tokio::join!(complete(&world, &started, &parts), put(&world, "/multipart-abort", abort));
        let there = world.object(BUCKET, &key(&started)).is_some();
        assert_eq!((completed.status == 200, aborted.status == 200), (there, !there), "{completed:?} {aborted:?}");
        let (uploads, objects) = world.uploads_and_objects(BUCKET).await;
        assert_eq!((uploads, objects), (0, before.1 + usize::from(there)));
    }
}

#[tokio::test]
async fn resume_after_the_urls_ended_gives_new_ones() {
    let world = World::start("gjirafa").await;
    let started = start(&world, 1).await;
    world.pass_seconds(13 * 3600);
    let ended = started["presignedUrl"][0]["presignedUrl"].as_str().unwrap();
    world.follow("PUT", ended).body("x").send().await.expect_error(403, "AccessDenied");
    let resumed = result(&post(&world, "/multipart-resume", json!({ "requestKey": started["requestKey"] })).await);
    let etag = upload(&world, &resumed, 1, b"x").await;
    assert_eq!(result(&complete(&world, &started, &[(1, &etag)]).await), true);
}

#[tokio::test]
async fn keys_are_asked_for_in_every_form() {
    let world = World::start("gjirafa").await;
    let path = "/api/projects/p1/videos";
    for authorization in ["test", "Bearer test", "bearer  test"] {
        result(&world.ask("POST", path).header("authorization", authorization).send().await);
    }
    for (authorization, words) in
        [(None, "missing"), (Some(""), "missing"), (Some("tes"), "not valid"), (Some("Bearer"), "not valid")]
    {
        let mut request = world.ask("POST", path);
        if let Some(authorization) = authorization {
            request = request.header("authorization", authorization);
        }
        let error = errors(&request.send().await, 401);
        assert!(error.contains(words), "{authorization:?}: {error}");
    }
}

#[tokio::test]
async fn project_belongs_to_the_account_that_was_first() {
    let world = World::with("gjirafa", |builder| {
        let mine = Identity::of_account("a", "mine", "111111111111");
        let theirs = Identity::of_account("b", "theirs", "222222222222");
        builder.identities(Identities::new([mine, theirs]).unwrap())
    })
    .await;
    let ask = |key: &str, path: &str| {
        let body = r#"{"fileName":"a","partsNumber":1}"#;
        world.ask("POST", path).header("authorization", key).body(body).send()
    };
    result(&ask("mine", "/api/projects/p1/uploads/multipart").await);
    errors(&ask("theirs", "/api/projects/P1/uploads/multipart").await, 403);
    result(&ask("theirs", "/api/projects/p2/uploads/multipart").await);
    let long = "x".repeat(56);
    for project in ["a_b", "a.b", "%C4%8D", "", "..", &long] {
        errors(&ask("mine", &format!("/api/projects/{project}/uploads/multipart")).await, 404);
    }
}

#[tokio::test]
async fn urls_lead_to_the_address_that_the_client_came_by() {
    let world = World::with("gjirafa", |builder| builder).await;
    let body = json!({ "fileName": "a", "partsNumber": 1 });
    let url = async |headers: &[(&str, &str)]| {
        let mut request = world.json("POST", &format!("{UPLOADS}/multipart"), &body);
        for (name, value) in headers {
            request = request.header(name, value);
        }
        let started = result(&request.send().await);
        started["presignedUrl"][0]["presignedUrl"].as_str().unwrap().to_owned()
    };
    let forwarded = [("x-forwarded-host", "files.test"), ("x-forwarded-proto", "https")];
    let proxied = url(&forwarded).await;
    assert!(proxied.starts_with("https://files.test/gjirafa-p1/uploads/"), "{proxied}");
    // The proxy sends the URL's request on under another host name.
    let target = proxied.strip_prefix("https://files.test").unwrap();
    let put = |host: &str| world.s3().put(target).anonymous().header("x-forwarded-host", host).body("x").send();
    put("other.test").await.expect_error(403, "SignatureDoesNotMatch");
    put("files.test").await.expect_status(200);
    let named = url(&[("host", &format!("localhost:{}", world.addr().port()))]).await;
    assert!(named.starts_with(&format!("http://localhost:{}/gjirafa-p1/", world.addr().port())), "{named}");
    let target = named.split_once("localhost").unwrap().1.split_once('/').unwrap().1;
    let client = world.s3().with_host(&format!("localhost:{}", world.addr().port()));
    client.put(&format!("/{target}")).anonymous().body("x").send().await.expect_status(200);

    let public = World::with("gjirafa", |builder| builder.public_url("https://s3.test")).await;
    let started = result(&public.json("POST", &format!("{UPLOADS}/multipart"), &body).send().await);
    assert!(started["presignedUrl"][0]["presignedUrl"].as_str().unwrap().starts_with("https://s3.test/gjirafa-p1/"));
    let target = started["presignedUrl"][0]["presignedUrl"].as_str().unwrap().strip_prefix("https://s3.test").unwrap();
    public.s3().put(target).anonymous().body("x").send().await.expect_status(200);
}
