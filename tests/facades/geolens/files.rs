//! Direct uploads, and what previews see in files.

use serde_json::json;

use super::*;
use crate::plain::over_both_storages;

over_both_storages! { "geolens", super::super::small;
    upload_direct_is_ready_for_preview,
    upload_direct_refuses_and_leaves_nothing,
    upload_direct_that_breaks_off_leaves_nothing,
    preview_reads_a_table,
    preview_reads_features,
    preview_refuses_what_cannot_be_read,
    preview_refuses_jobs_without_a_file,
}

async fn preview(world: &World, job: &str) -> Reply {
    post(world, &format!("/ingest/preview/{job}"), json!({})).await
}

async fn upload_direct_is_ready_for_preview(world: World) {
    let done = ok(&upload_directly(&world, "čaša.csv", CSV.as_bytes()).await, 201);
    assert_eq!((&done["status"], &done["message"]), (&json!("pending"), &json!("File uploaded and ready for preview")));
    let object = world.object(BUCKET, &frozen(&done, "čaša.csv")).unwrap();
    assert_eq!(object.headers.content_type.as_deref(), Some("text/csv"));
    assert_eq!(ok(&preview(&world, id(&done)).await, 200)["feature_count"], 2);
    // As large as it may be, streamed.
    let large = [b"a\n".as_slice(), &vec![b'1'; (1 << 20) - 3], b"\n"].concat();
    let done = ok(&upload_directly(&world, "a.csv", &large).await, 201);
    assert_eq!(world.object(BUCKET, &frozen(&done, "a.csv")).unwrap().size_bytes, 1 << 20);
}

async fn upload_direct_refuses_and_leaves_nothing(world: World) {
    let vrt = problem(&upload_directly(&world, "a.vrt", b"x").await, 422);
    assert!(vrt.starts_with("Standalone VRT uploads"), "{vrt}");
    let exe = problem(&upload_directly(&world, "a.Exe", b"x").await, 400);
    assert!(exe.starts_with("File extension '.exe' not allowed. Allowed: ['.zip', '.gpkg'"), "{exe}");
    problem(&upload_directly(&world, "a.csv", &vec![b'a'; (1 << 20) + 1]).await, 413);
    let content = problem(&upload_directly(&world, "a.geojson", b"a,b").await, 422);
    assert!(content.contains("does not match"), "{content}");
    problem(&upload_directly(&world, "a.csv", b"").await, 422);
    assert_eq!(problem(&upload_directly(&world, "", b"x").await, 400), "Upload missing filename");
    for name in ["a/b.csv", "a\\b.csv", &("x".repeat(252) + ".csv")] {
        assert_eq!(invalid(&upload_directly(&world, name, b"x").await), ["body.file value_error"], "{name}");
    }
    let (content_type, body) = form_data(&[("file", "text")], None);
    let text = world.asked("POST", "/ingest/upload").header("content-type", &content_type).body(body).send().await;
    assert_eq!(invalid(&text), ["body.file value_error"]);
    let (content_type, body) = form_data(&[("other", "text")], None);
    let other = world.asked("POST", "/ingest/upload").header("content-type", &content_type).body(body).send().await;
    assert_eq!(invalid(&other), ["body.file missing"]);
    for content_type in ["application/json", "application/x-www-form-urlencoded"] {
        let reply = world.asked("POST", "/ingest/upload").header("content-type", content_type).body("a=1").send().await;
        assert_eq!(invalid(&reply), ["body.file missing"], "{content_type}");
    }
    assert_eq!(world.uploads_and_objects(BUCKET).await, (0, 0));
    world.expect_blob_files(0).await;
}

async fn upload_direct_that_breaks_off_leaves_nothing(world: World) {
    let (content_type, mut body) = form_data(&[], Some(("file", "a.csv", "text/csv", &vec![b'a'; 100_000])));
    body.truncate(90_000);
    let reply = world.asked("POST", "/ingest/upload").header("content-type", &content_type).body(body).send().await;
    problem(&reply, 400);
    assert_eq!(world.uploads_and_objects(BUCKET).await, (0, 0));
    world.expect_blob_files(0).await;
}

async fn preview_reads_a_table(world: World) {
    let started = uploaded(&world, "cities.csv", CSV.as_bytes()).await;
    let expected = json!({
        "job_id": id(&started),
        "source_filename": "cities.csv",
        "columns": [
            { "name": "name", "type": "String" }, { "name": "lon", "type": "Real" }, { "name": "lat", "type": "Real" }
        ],
        "crs": null,
        "geometry_type": null,
        "feature_count": 2,
        "sample_rows": [
            { "name": "Ljubljana", "lon": 14.5, "lat": 46.05 }, { "name": "Piran", "lon": 13.57, "lat": 45.53 }
        ],
        "layer_name": "cities",
        "layers": null,
        "detected_geometry_columns": { "x_column": "lon", "y_column": "lat", "wkt_column": null },
    });
    assert_eq!(ok(&preview(&world, id(&started)).await, 200), expected);
    let path = |layer: &str| format!("/api/ingest/preview/{}?layer_name={layer}", id(&started));
    ok(&post(&world, &path("cities"), json!({})).await, 200);
    problem(&post(&world, &path("other"), json!({})).await, 422);
    let option = problem(&post(&world, &path("-cities"), json!({})).await, 422);
    assert_eq!(option, "Invalid layer_name: must not start with '-'");
    // Of many rows the first five are shown, and all are counted.
    let many = format!("n\n{}", "1\n".repeat(50_000));
    let started = uploaded(&world, "many.csv", many.as_bytes()).await;
    let seen = ok(&preview(&world, id(&started)).await, 200);
    assert_eq!((&seen["feature_count"], seen["sample_rows"].as_array().unwrap().len()), (&json!(50_000), 5));
    assert_eq!(seen["detected_geometry_columns"], Value::Null);
}

async fn preview_reads_features(world: World) {
    let features = r#"{"type": "FeatureCollection", "features": [
        {"type": "Feature", "properties": {"n": 1}, "geometry": {"type": "Point", "coordinates": [1, 2]}},
        {"type": "Feature", "properties": {"n": 2}, "geometry": {"type": "Point", "coordinates": [3, 4]}}]}"#;
    for name in ["a.geojson", "a.json"] {
        let started = uploaded(&world, name, features.as_bytes()).await;
        let seen = ok(&preview(&world, id(&started)).await, 200);
        assert_eq!(
            (&seen["crs"], &seen["geometry_type"], &seen["feature_count"], &seen["columns"][0]["name"]),
            (&json!(4326), &json!("Point"), &json!(2), &json!("n"))
        );
        assert_eq!(seen["detected_geometry_columns"], Value::Null);
    }
}

async fn preview_refuses_what_cannot_be_read(world: World) {
    for (name, bytes, words) in [
        ("a.zip", &b"PK\x03\x04 and so on"[..], ".zip"),
        ("a.geojson", b"{\"type\": \"FeatureCollection\", ", ""),
        ("a.json", b"[1, 2, 3]", ""),
        ("a.csv", b"a,b\n1,2,3\n", "fields"),
    ] {
        let started = uploaded(&world, name, bytes).await;
        let refused = problem(&preview(&world, id(&started)).await, 422);
        assert!(refused.contains(words), "{name}: {refused}");
        // It stays as it was.
        assert_eq!(ok(&get(&world, &format!("/jobs/{}", id(&started))).await, 200)["status"], "pending");
    }
}

async fn preview_refuses_jobs_without_a_file(world: World) {
    let started = start(&world, "a.csv", 5).await;
    let early = problem(&preview(&world, id(&started)).await, 400);
    assert_eq!(early, "Job has no associated file — upload must complete before preview");
    let done = uploaded(&world, "a.csv", CSV.as_bytes()).await;
    imported(&world, id(&done)).await;
    assert_eq!(problem(&preview(&world, id(&done)).await, 400), "Job already processed");
    let unknown = "6f2b1c9e-0000-4000-8000-000000000001";
    assert_eq!(problem(&preview(&world, unknown).await, 404), "Job not found");
    assert_eq!(invalid(&preview(&world, "x").await), ["path.job_id uuid_parsing"]);
}
