//! Jobs that nobody ends, and servers that do.

use serde_json::json;

use super::*;
use crate::plain::over_both_storages;

over_both_storages! { "geolens", super::super::small;
    stale_upload_fails_and_leaves_nothing,
    stale_file_fails_and_leaves_nothing,
    stale_jobs_are_found_at_start,
    late_put_is_removed,
    state_survives_a_restart,
    import_goes_on_after_a_restart,
}

async fn status(world: &World, started: &Value) -> Value {
    ok(&get(world, &format!("/jobs/{}", id(started))).await, 200)
}

async fn expect_nothing_stored(world: &World, objects: usize) {
    for _ in 0..200 {
        if world.uploads_and_objects(BUCKET).await == (0, objects) {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(25)).await;
    }
    panic!("{:?} uploads and objects, not {objects} objects", world.uploads_and_objects(BUCKET).await);
}

async fn stale_upload_fails_and_leaves_nothing(world: World) {
    let (single, parts) = (start(&world, "a.csv", CSV.len()).await, start(&world, "a.csv", 500).await);
    put(&world, &single, CSV.as_bytes()).await;
    put(&world, &parts, &[b'a'; 500]).await;
    world.pass_seconds(3600);
    assert_eq!(status(&world, &single).await["status"], "pending");
    world.pass_seconds(1);
    for started in [single, parts] {
        let stale = status(&world, &started).await;
        assert_eq!(
            (&stale["status"], &stale["error_message"], &stale["can_retry"]),
            (&json!("failed"), &json!("Stale: pending too long (never queued)"), &json!(false))
        );
        assert_eq!(stale["retry_reason"], "The source is no longer available. Start the import again.");
    }
    assert_eq!(world.uploads_and_objects(BUCKET).await, (0, 0));
    world.expect_blob_files(0).await;
}

async fn stale_file_fails_and_leaves_nothing(world: World) {
    let done = uploaded(&world, "a.csv", CSV.as_bytes()).await;
    let direct = ok(&upload_directly(&world, "a.csv", CSV.as_bytes()).await, 201);
    world.pass_seconds(24 * 3600);
    assert_eq!(status(&world, &done).await["status"], "pending");
    world.pass_seconds(1);
    for job in [done, direct] {
        let stale = status(&world, &job).await;
        let reason = "Stale: upload completed but never committed";
        assert_eq!((&stale["status"], &stale["error_message"]), (&json!("failed"), &json!(reason)));
        let late = post(&world, &format!("/ingest/commit/{}", id(&job)), json!({ "title": "T" })).await;
        assert_eq!(problem(&late, 400), "Job already processed");
    }
    assert_eq!(world.uploads_and_objects(BUCKET).await, (0, 0));
}

async fn stale_jobs_are_found_at_start(mut world: World) {
    let parts = start(&world, "a.csv", 500).await;
    put(&world, &parts, &[b'a'; 500]).await;
    let kept = uploaded(&world, "a.csv", CSV.as_bytes()).await;
    imported(&world, id(&kept)).await;
    world.pass_seconds(3601);
    world.restart().await;
    expect_nothing_stored(&world, 1).await;
    world.pass_seconds(30 * 24 * 3600);
    world.restart().await;
    assert_eq!(status(&world, &kept).await["status"], "complete");
    assert!(world.object(BUCKET, &frozen(&kept, "a.csv")).is_some());
}

async fn late_put_is_removed(mut world: World) {
    let done = uploaded(&world, "a.csv", CSV.as_bytes()).await;
    imported(&world, id(&done)).await;
    // The URL is good still, and brings the object back.
    put(&world, &done, b"late").await;
    assert_eq!(world.uploads_and_objects(BUCKET).await, (0, 2));
    world.pass_seconds(3600 + 901);
    world.restart().await;
    expect_nothing_stored(&world, 1).await;
    assert_eq!(world.s3_bytes(BUCKET, &frozen(&done, "a.csv")).await.unwrap(), CSV.as_bytes());
}

async fn state_survives_a_restart(mut world: World) {
    let body = CSV.repeat(12);
    let started = start(&world, "a.csv", body.len()).await;
    let parts = put(&world, &started, body.as_bytes()).await;
    world.restart().await;
    ok(&complete(&world, &started, parts).await, 200);
    world.restart().await;
    let preview = post(&world, &format!("/ingest/preview/{}", id(&started)), json!({})).await;
    ok(&preview, 200);
    let dataset = imported(&world, id(&started)).await["dataset_id"].clone();
    world.restart().await;
    assert_eq!(status(&world, &started).await["dataset_id"], dataset);
    let path = format!("/datasets/{}/reupload/presigned", dataset.as_str().unwrap());
    ok(&post(&world, &path, json!({ "filename": "a.csv", "file_size": 5 })).await, 201);
}

async fn import_goes_on_after_a_restart(mut world: World) {
    let body = format!("n\n{}", "1\n".repeat((1 << 19) - 1));
    let mut jobs = Vec::new();
    for _ in 0..6 {
        jobs.push(ok(&upload_directly(&world, "a.csv", body.as_bytes()).await, 201));
    }
    for job in &jobs {
        ok(&post(&world, &format!("/ingest/commit/{}", id(job)), json!({ "title": "T" })).await, 202);
    }
    world.restart().await;
    for job in &jobs {
        let ended = ended(&world, id(job)).await;
        assert_eq!((&ended["status"], &ended["rows_processed"]), (&json!("complete"), &json!(524_287)), "{ended}");
    }
    assert_eq!(world.uploads_and_objects(BUCKET).await, (0, 6));
}
