//! The start of presigned uploads, and the configuration that tells clients of it.

use serde_json::{Value, json};

use super::*;
use crate::plain::over_both_storages;

over_both_storages! { "geolens", super::super::small;
    config_says_what_is_taken,
    start_single_signs_the_type,
    start_in_parts_above_the_threshold,
    start_refuses_in_the_products_order,
    start_refuses_bad_fields_and_leaves_nothing,
    urls_end_with_the_job,
}

async fn config_says_what_is_taken(world: World) {
    for path in ["/ingest/upload/config", "/api/ingest/upload/config"] {
        let expected = json!({
            "presigned_uploads": true,
            "presigned_threshold_bytes": THRESHOLD,
            "max_file_size_bytes": 1 << 20,
            "allowed_extensions": ".zip,.gpkg,.geojson,.json,.csv,.tif,.tiff,.xlsx,.xls,.parquet",
            "remaining_dataset_quota": null,
        });
        assert_eq!(ok(&get(&world, path).await, 200), expected);
    }
}

async fn start_single_signs_the_type(world: World) {
    let started = start(&world, "a b č.csv", THRESHOLD).await;
    assert_eq!((&started["upload_id"], &started["part_size"]), (&Value::Null, &Value::Null));
    assert_eq!(started["urls"].as_array().unwrap().len(), 1);
    assert_eq!(started["s3_key"], format!("staging/{}/a b č.csv", id(&started)));
    let url = started["urls"][0].as_str().unwrap();
    let other = world.follow("PUT", url).header("content-type", "text/plain").body("x").send().await;
    other.expect_error(403, "SignatureDoesNotMatch");
    put(&world, &started, b"x").await;
    let object = world.object(BUCKET, started["s3_key"].as_str().unwrap()).unwrap();
    assert_eq!(object.headers.content_type.as_deref(), Some("text/csv"));
}

async fn start_in_parts_above_the_threshold(world: World) {
    let started = start(&world, "a.csv", THRESHOLD + 1).await;
    assert!(started["upload_id"].is_string());
    assert_eq!((&started["part_size"], started["urls"].as_array().unwrap().len()), (&json!(PART), 2));
    assert_eq!(start(&world, "a.csv", 2 * PART).await["urls"].as_array().unwrap().len(), 2);
    assert_eq!(start(&world, "a.csv", 2 * PART + 1).await["urls"].as_array().unwrap().len(), 3);
    assert_eq!(world.uploads_and_objects(BUCKET).await, (3, 0));
    // Under the proxy's prefix it is the same.
    let body = json!({ "filename": "a.geojson", "file_size": "5" });
    ok(&post(&world, "/api/ingest/upload/presigned", body).await, 201);
}

async fn start_refuses_in_the_products_order(world: World) {
    let ask = async |name: &str, size: u64| {
        post(&world, "/ingest/upload/presigned", json!({ "filename": name, "file_size": size })).await
    };
    let vrt = problem(&ask("A.VRT", 9 << 20).await, 422);
    assert!(vrt.starts_with("Standalone VRT uploads are not supported."), "{vrt}");
    for name in ["a.exe", "a", ".csv", "a."] {
        assert_eq!(problem(&ask(name, 9 << 20).await, 500), "Internal server error", "{name}");
    }
    let large = problem(&ask("a.csv", (3 << 20) / 2).await, 422);
    assert_eq!(large, "File size (1.5 MB) exceeds the maximum allowed (1 MB).");
    problem(&ask("a.csv", u64::MAX).await, 422);
    ok(&ask("a.csv", 1 << 20).await, 201);
    assert_eq!(world.uploads_and_objects(BUCKET).await, (1, 0));
}

async fn start_refuses_bad_fields_and_leaves_nothing(world: World) {
    let with = |field: &str, value: Value| {
        let mut body = json!({ "filename": "a.csv", "file_size": 5 });
        body[field] = value;
        body
    };
    let (long, longest) = ("x".repeat(252) + ".csv", "č".repeat(251) + ".csv");
    for (body, expected) in [
        (json!({ "file_size": 5 }), "body.filename missing"),
        (with("filename", json!("")), "body.filename string_too_short"),
        (with("filename", json!(long)), "body.filename string_too_long"),
        (with("filename", json!(7)), "body.filename string_type"),
        (with("filename", Value::Null), "body.filename string_type"),
        (with("filename", json!("../a.csv")), "body.filename value_error"),
        (with("filename", json!("a\\b.csv")), "body.filename value_error"),
        (with("filename", json!("a\u{0}.csv")), "body.filename value_error"),
        (json!({ "filename": "a.csv" }), "body.file_size missing"),
        (with("file_size", json!(0)), "body.file_size greater_than_equal"),
        (with("file_size", json!(-5)), "body.file_size greater_than_equal"),
        (with("file_size", json!("x")), "body.file_size int_parsing"),
        (with("file_size", json!(1.5)), "body.file_size int_from_float"),
        (with("file_size", json!([])), "body.file_size int_type"),
        (with("content_type", Value::Null), "body.content_type string_type"),
        (with("content_type", json!("x".repeat(256))), "body.content_type string_too_long"),
        (with("content_type", json!("a\r\nb: c")), "body.content_type value_error"),
        (json!([]), "body model_attributes_type"),
        (Value::Null, "body model_attributes_type"),
    ] {
        assert_eq!(invalid(&post(&world, "/ingest/upload/presigned", body.clone()).await), [expected], "{body}");
    }
    let both = invalid(&post(&world, "/ingest/upload/presigned", json!({})).await);
    assert_eq!(both, ["body.filename missing", "body.file_size missing"]);
    let raw = |content_type: &'static str, body: &'static str| {
        world.asked("POST", "/ingest/upload/presigned").header("content-type", content_type).body(body).send()
    };
    assert!(invalid(&raw("application/json", "{").await)[0].ends_with("json_invalid"));
    assert_eq!(invalid(&raw("application/json", "").await), ["body missing"]);
    assert_eq!(invalid(&raw("text/plain", "{}").await), ["body model_attributes_type"]);
    problem(&world.asked("POST", "/ingest/upload/presigned").body(vec![b' '; (4 << 20) + 1]).send().await, 413);
    assert_eq!(world.uploads_and_objects(BUCKET).await, (0, 0));
    // Letters outside ASCII count once, and fit.
    ok(&post(&world, "/ingest/upload/presigned", with("filename", json!(longest))).await, 201);
}

async fn urls_end_with_the_job(world: World) {
    let (single, parts) = (start(&world, "a.csv", 5).await, start(&world, "a.csv", 500).await);
    world.pass_seconds(3600);
    for started in [single, parts] {
        let url = started["urls"][0].as_str().unwrap();
        let late = world.follow("PUT", url).header("content-type", "text/csv").body("x").send().await;
        late.expect_error(403, "AccessDenied");
    }
}

#[tokio::test]
async fn start_says_what_is_wrong_with_fields_as_the_products_server_does() {
    let world = World::with("geolens", |builder| with_options(builder, &["geolens.validation_errors=problem"])).await;
    let both = problem(&post(&world, "/ingest/upload/presigned", json!({})).await, 422);
    assert_eq!(both, "body.filename: Field required; body.file_size: Field required");
    let parts = json!({ "parts": [{ "part_number": 1 }, 5] });
    let path = format!("/ingest/upload/presigned/{}/complete", uuid());
    assert_eq!(
        problem(&post(&world, &path, parts).await, 422),
        "body.parts.0.etag: Field required; \
         body.parts.1: Input should be a valid dictionary or object to extract fields from"
    );
}

fn uuid() -> &'static str {
    "6f2b1c9e-0000-4000-8000-000000000001"
}

#[tokio::test]
async fn options_out_of_range_end_the_start() {
    for option in [
        "geolens.part_size=0",
        "geolens.max_file_size=98GiB",
        "geolens.presigned_threshold=6GiB",
        "geolens.pending_job_timeout=59",
        "geolens.allowed_extensions=csv",
        "geolens.validation_errors=none",
    ] {
        let mut options = staves::facades::Options::default();
        options.add(option).unwrap();
        let data = tempfile::tempdir().unwrap();
        let server = staves::server::Server::builder().hosts(["127.0.0.1"]).port(0).data_dir(data.path());
        let error = server.facade_options(options).start().await.err().unwrap_or_else(|| panic!("{option}"));
        let name = option.split('=').next().unwrap();
        assert!(error.to_string().contains(name), "{option}: {error}");
    }
}
