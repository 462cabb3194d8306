//! Commits and their imports, what a client that polls sees of them, retries, and files that replace others.

use serde_json::json;

use super::*;
use crate::plain::over_both_storages;

over_both_storages! { "geolens", super::super::small;
    commit_to_dataset,
    commit_takes_every_field,
    commit_refuses_bad_fields,
    commit_is_taken_once,
    commits_at_once_make_one_dataset,
    import_that_fails_can_be_tried_again,
    retry_refuses_what_did_not_fail,
    reupload_replaces_the_file,
    reupload_refuses_what_does_not_fit,
}

async fn commit_to_dataset(world: World) {
    let done = uploaded(&world, "a.csv", CSV.as_bytes()).await;
    let before = ok(&get(&world, &format!("/api/jobs/{}", id(&done))).await, 200);
    for (field, value) in [
        ("id", json!(id(&done))),
        ("status", json!("pending")),
        ("dataset_id", Value::Null),
        ("source_filename", json!("a.csv")),
        ("error_message", Value::Null),
        ("can_retry", json!(false)),
        ("retry_reason", Value::Null),
        ("progress", Value::Null),
        ("current_step", Value::Null),
        ("warnings", json!([])),
        ("started_at", Value::Null),
        ("completed_at", Value::Null),
    ] {
        assert_eq!(before.get(field), Some(&value), "{field}");
    }
    assert!(before["created_at"].as_str().unwrap().ends_with('Z'));
    let after = imported(&world, id(&done)).await;
    assert_eq!(
        (&after["status"], &after["progress"], &after["current_step"], &after["rows_processed"]),
        (&json!("complete"), &json!(1.0), &json!("complete"), &json!(2)),
        "{after}"
    );
    assert_eq!(after["dataset_id"].as_str().unwrap().len(), 36);
    assert!(after["started_at"].is_string() && after["completed_at"].is_string());
    // The file stays where it is: it is the dataset's.
    assert_eq!(world.s3_bytes(BUCKET, &frozen(&done, "a.csv")).await.unwrap(), CSV.as_bytes());
}

async fn commit_takes_every_field(world: World) {
    let done = uploaded(&world, "a.csv", CSV.as_bytes()).await;
    let body = json!({
        "title": "č".repeat(500), "summary": "s", "visibility": "public", "srid_override": 4326, "token": null,
        "temporal_start": "2024-01-02", "temporal_end": "2024-01-02T03:04:05+01:00", "compression": "LZW",
        "resampling": null, "nodata_override": -9999, "strict_cog": false, "layer_name": "a", "x_column": "lon",
        "y_column": "lat", "geom_column": null, "unknown": {},
    });
    ok(&post(&world, &format!("/ingest/commit/{}", id(&done)), body).await, 202);
    assert_eq!(ended(&world, id(&done)).await["status"], "complete");
}

async fn commit_refuses_bad_fields(world: World) {
    let done = uploaded(&world, "a.csv", CSV.as_bytes()).await;
    let path = format!("/ingest/commit/{}", id(&done));
    let with = |field: &str, value: Value| {
        let mut body = json!({ "title": "T" });
        body[field] = value;
        body
    };
    for (body, expected) in [
        (json!({}), "body.title missing"),
        (with("title", json!("")), "body.title string_too_short"),
        (with("title", json!("x".repeat(501))), "body.title string_too_long"),
        (with("title", json!(7)), "body.title string_type"),
        (with("summary", json!("x".repeat(5001))), "body.summary string_too_long"),
        (with("summary", json!([])), "body.summary string_type"),
        (with("visibility", json!("secret")), "body.visibility literal_error"),
        (with("visibility", Value::Null), "body.visibility literal_error"),
        (with("srid_override", json!(0)), "body.srid_override greater_than_equal"),
        (with("srid_override", json!(999_000)), "body.srid_override less_than_equal"),
        (with("srid_override", json!("x")), "body.srid_override int_parsing"),
        (with("token", json!(1)), "body.token string_type"),
        (with("temporal_start", json!("soon")), "body.temporal_start datetime_from_date_parsing"),
        (with("temporal_end", json!([])), "body.temporal_end datetime_type"),
        (with("compression", json!(1)), "body.compression string_type"),
        (with("resampling", json!(1)), "body.resampling string_type"),
        (with("strict_cog", json!("perhaps")), "body.strict_cog bool_parsing"),
        (with("layer_name", json!(1)), "body.layer_name string_type"),
        (with("x_column", json!(1)), "body.x_column string_type"),
        (with("y_column", json!(1)), "body.y_column string_type"),
        (with("geom_column", json!(1)), "body.geom_column string_type"),
    ] {
        assert_eq!(invalid(&post(&world, &path, body.clone()).await), [expected], "{body}");
    }
    let union = invalid(&post(&world, &path, with("nodata_override", json!([]))).await);
    assert_eq!(union, ["body.nodata_override.float float_type", "body.nodata_override.str string_type"]);
    problem(&post(&world, &path, with("layer_name", json!("-a"))).await, 422);
    // None of them was a commit.
    assert_eq!(imported(&world, id(&done)).await["status"], "complete");
}

async fn commit_is_taken_once(world: World) {
    let early = start(&world, "a.csv", 5).await;
    let refused = problem(&post(&world, &format!("/ingest/commit/{}", id(&early)), json!({ "title": "T" })).await, 400);
    assert_eq!(refused, "Job has no associated file — upload must complete before preview");
    let done = uploaded(&world, "a.csv", CSV.as_bytes()).await;
    imported(&world, id(&done)).await;
    let again = post(&world, &format!("/ingest/commit/{}", id(&done)), json!({ "title": "T" })).await;
    assert_eq!(problem(&again, 400), "Job already processed");
    let unknown = post(&world, "/ingest/commit/6f2b1c9e-0000-4000-8000-000000000001", json!({ "title": "T" })).await;
    assert_eq!(problem(&unknown, 404), "Job not found");
}

async fn commits_at_once_make_one_dataset(world: World) {
    let done = uploaded(&world, "a.csv", CSV.as_bytes()).await;
    let path = format!("/ingest/commit/{}", id(&done));
    let commit = || post(&world, &path, json!({ "title": "T" }));
    let (a, b, c) = tokio::join!(commit(), commit(), commit());
    let mut statuses = [a.status, b.status, c.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [202, 400, 400]);
    assert_eq!(ended(&world, id(&done)).await["status"], "complete");
}

async fn import_that_fails_can_be_tried_again(world: World) {
    let done = uploaded(&world, "a.geojson", b"{\"type\": \"Nothing\"}").await;
    let failed = imported(&world, id(&done)).await;
    assert_eq!((&failed["status"], &failed["can_retry"]), (&json!("failed"), &json!(true)), "{failed}");
    assert!(!failed["error_message"].as_str().unwrap().is_empty());
    assert_eq!((&failed["dataset_id"], &failed["retry_reason"]), (&Value::Null, &Value::Null));
    let retried = ok(&post(&world, &format!("/jobs/{}/retry", id(&done)), json!({})).await, 202);
    assert_eq!((&retried["status"], &retried["message"]), (&json!("pending"), &json!("Job re-queued for ingestion")));
    assert_eq!(ended(&world, id(&done)).await["status"], "failed");
    // What the commit asked for has to be there, too.
    for (field, value) in [("x_column", "nothing"), ("layer_name", "other")] {
        let done = uploaded(&world, "a.csv", CSV.as_bytes()).await;
        let body = json!({ "title": "T", field: value });
        ok(&post(&world, &format!("/ingest/commit/{}", id(&done)), body).await, 202);
        let failed = ended(&world, id(&done)).await;
        assert!(failed["error_message"].as_str().unwrap().contains(value), "{failed}");
    }
    // The file is kept for a day.
    world.pass_seconds(24 * 3600 + 1);
    let kept = ok(&get(&world, &format!("/jobs/{}", id(&done))).await, 200);
    assert_eq!(kept["can_retry"], true);
    let mut world = world;
    world.restart().await;
    let gone = async || ok(&get(&world, &format!("/jobs/{}", id(&done))).await, 200)["can_retry"] == false;
    for _ in 0..200 {
        if gone().await {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(25)).await;
    }
    let refused = problem(&post(&world, &format!("/jobs/{}/retry", id(&done)), json!({})).await, 400);
    assert_eq!(refused, "The source is no longer available. Start the import again.");
}

async fn retry_refuses_what_did_not_fail(world: World) {
    let started = start(&world, "a.csv", 5).await;
    let pending = problem(&post(&world, &format!("/jobs/{}/retry", id(&started)), json!({})).await, 400);
    assert_eq!(pending, "Only failed jobs can be retried");
    world.pass_seconds(3601);
    let stale = problem(&post(&world, &format!("/jobs/{}/retry", id(&started)), json!({})).await, 400);
    assert_eq!(stale, "The source is no longer available. Start the import again.");
    let unknown = post(&world, "/jobs/6f2b1c9e-0000-4000-8000-000000000001/retry", json!({})).await;
    assert_eq!(problem(&unknown, 404), "Job not found");
}

async fn reupload(world: &World, dataset: &str, name: &str, bytes: &[u8]) -> (Value, Reply) {
    let body = json!({ "filename": name, "file_size": bytes.len(), "content_type": "text/csv" });
    let started = ok(&post(world, &format!("/datasets/{dataset}/reupload/presigned"), body).await, 201);
    let parts = put(world, &started, bytes).await;
    let path = format!("/api/datasets/{dataset}/reupload/presigned/{}/complete", id(&started));
    let done = post(world, &path, json!({ "parts": parts })).await;
    (started, done)
}

async fn reupload_replaces_the_file(world: World) {
    let first = uploaded(&world, "a.csv", CSV.as_bytes()).await;
    let dataset = imported(&world, id(&first)).await["dataset_id"].as_str().unwrap().to_owned();
    let wider = format!("name,lon,size\n{}", "Koper,13.7,25000\n".repeat(30));
    let (started, done) = reupload(&world, &dataset, "b.csv", wider.as_bytes()).await;
    assert_eq!(ok(&done, 200)["message"], "File uploaded for re-upload preview");
    let path = format!("/datasets/{dataset}/reupload/{}", id(&started));
    let seen = ok(&post(&world, &format!("{path}/preview"), json!({})).await, 200);
    let expected = json!({
        "columns_added": [{ "name": "size", "type": "Integer" }],
        "columns_removed": [{ "name": "lat", "type": "Real" }],
        "type_changes": [], "row_count_old": 2, "row_count_new": 30, "row_count_delta": 28,
    });
    assert_eq!(seen["schema_diff"], expected);
    for (body, expected) in [
        (json!({ "srid_override": 0 }), "body.srid_override greater_than_equal"),
        (json!({ "layer_name": 5 }), "body.layer_name string_type"),
        (json!({ "token": "x".repeat(1001) }), "body.token string_too_long"),
    ] {
        assert_eq!(invalid(&post(&world, &format!("{path}/commit"), body).await), [expected]);
    }
    let committed = ok(&post(&world, &format!("{path}/commit"), json!({})).await, 202);
    assert_eq!(committed["message"], "Re-upload queued");
    let after = ended(&world, id(&started)).await;
    assert_eq!((&after["status"], &after["dataset_id"]), (&json!("complete"), &json!(dataset)), "{after}");
    // The old file is gone, the new one is the dataset's.
    assert!(world.object(BUCKET, &frozen(&first, "a.csv")).is_none());
    assert_eq!(world.s3_bytes(BUCKET, &frozen(&started, "b.csv")).await.unwrap(), wider.as_bytes());
    // Committed as any other job, it does the same.
    let (third, done) = reupload(&world, &dataset, "c.csv", CSV.as_bytes()).await;
    ok(&done, 200);
    assert_eq!(imported(&world, id(&third)).await["dataset_id"], dataset);
    assert_eq!(world.uploads_and_objects(BUCKET).await, (0, 1));
}

async fn reupload_refuses_what_does_not_fit(world: World) {
    let first = uploaded(&world, "a.csv", CSV.as_bytes()).await;
    let dataset = imported(&world, id(&first)).await["dataset_id"].as_str().unwrap().to_owned();
    let path = format!("/datasets/{dataset}/reupload/presigned");
    for (name, size, status) in [("a.tif", 5, 400), ("a.vrt", 5, 400), ("a.exe", 5, 500), ("a.csv", 2 << 20, 422)] {
        problem(&post(&world, &path, json!({ "filename": name, "file_size": size })).await, status);
    }
    assert_eq!(invalid(&post(&world, &path, json!({ "filename": "a.csv" })).await), ["body.file_size missing"]);
    let unknown = "/datasets/6f2b1c9e-0000-4000-8000-000000000001/reupload/presigned";
    let body = json!({ "filename": "a.csv", "file_size": 5 });
    assert_eq!(problem(&post(&world, unknown, body).await, 404), "Dataset not found");
    // Not a re-upload of that dataset.
    let other = start(&world, "a.csv", 5).await;
    let refused = post(&world, &format!("{path}/{}/complete", id(&other)), json!({})).await;
    assert_eq!(problem(&refused, 404), "Reupload job not found");
    // A file that is refused for what it is fails the job, and leaves nothing.
    let (started, refused) = reupload(&world, &dataset, "b.geojson", b"no json").await;
    problem(&refused, 422);
    let status = ok(&get(&world, &format!("/jobs/{}", id(&started))).await, 200);
    assert_eq!((&status["status"], &status["can_retry"]), (&json!("failed"), &json!(false)));
    assert!(status["retry_reason"].as_str().unwrap().starts_with("Dataset replacement jobs cannot be replayed"));
    put(&world, &started, b"{}     ").await;
    let again = problem(&post(&world, &format!("{path}/{}/complete", id(&started)), json!({})).await, 400);
    assert_eq!(again, "This job has already failed and cannot be completed. Start the reupload again.");
    assert!(world.object(BUCKET, &frozen(&first, "a.csv")).is_some());
}
