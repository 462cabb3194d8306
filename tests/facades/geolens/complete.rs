//! Completions: every refusal in the product's order, and what each leaves.

use serde_json::json;

use super::*;
use crate::plain::over_both_storages;

over_both_storages! { "geolens", super::super::small;
    complete_single_freezes_the_file,
    complete_in_parts_freezes_the_file,
    complete_refuses_jobs_that_are_not_open,
    complete_refuses_bad_fields,
    complete_without_parts_ends_the_upload,
    complete_with_wrong_parts_ends_the_upload,
    complete_before_the_file_came,
    complete_refuses_a_file_that_is_too_large,
    complete_refuses_another_size,
    complete_refuses_other_content,
    complete_again_after_assembly_skips_it,
    completions_at_once_make_one,
    frozen_file_is_not_changed_by_a_late_put,
}

const READY: &str = "File uploaded and ready for preview";

async fn complete_single_freezes_the_file(world: World) {
    let started = start(&world, "a.csv", CSV.len()).await;
    put(&world, &started, CSV.as_bytes()).await;
    let path = format!("/api/ingest/upload/presigned/{}/complete", id(&started));
    // `parts` may be left out.
    let done = ok(&post(&world, &path, json!({})).await, 200);
    assert_eq!(done, json!({ "job_id": id(&started), "status": "pending", "message": READY }));
    let object = world.object(BUCKET, &frozen(&started, "a.csv")).unwrap();
    assert_eq!(object.headers.content_type.as_deref(), Some("text/csv"));
    assert_eq!(world.s3_bytes(BUCKET, &frozen(&started, "a.csv")).await.unwrap(), CSV.as_bytes());
    assert_eq!(world.uploads_and_objects(BUCKET).await, (0, 1));
}

async fn complete_in_parts_freezes_the_file(world: World) {
    let body = CSV.repeat(12);
    let started = uploaded(&world, "a.csv", body.as_bytes()).await;
    assert_eq!(world.s3_bytes(BUCKET, &frozen(&started, "a.csv")).await.unwrap(), body.as_bytes());
    let object = world.object(BUCKET, &frozen(&started, "a.csv")).unwrap();
    assert_eq!(object.headers.content_type.as_deref(), Some("text/csv"));
    assert_eq!(world.uploads_and_objects(BUCKET).await, (0, 1));
}

async fn complete_refuses_jobs_that_are_not_open(world: World) {
    let unknown = json!({ "job_id": "6f2b1c9e-0000-4000-8000-000000000001" });
    assert_eq!(problem(&complete(&world, &unknown, json!([])).await, 404), "Job not found");
    let direct = ok(&upload_directly(&world, "a.csv", b"a,b\n1,2\n").await, 201);
    assert_eq!(problem(&complete(&world, &direct, json!([])).await, 400), "Job is not a presigned upload");
    let done = uploaded(&world, "a.csv", CSV.as_bytes()).await;
    let again = problem(&complete(&world, &done, json!([])).await, 400);
    assert_eq!(again, "Upload already completed for this job");
    let late = start(&world, "a.csv", 500).await;
    world.pass_seconds(3601);
    let late = problem(&complete(&world, &late, json!([{ "part_number": 1, "etag": "x" }])).await, 400);
    assert_eq!(late, "This job has already failed and cannot be completed. Start a new upload.");
    assert_eq!(world.uploads_and_objects(BUCKET).await, (0, 2));
}

async fn complete_refuses_bad_fields(world: World) {
    let started = start(&world, "a.csv", 500).await;
    let path = format!("/ingest/upload/presigned/{}/complete", id(&started));
    for (body, expected) in [
        (json!({ "parts": null }), vec!["body.parts list_type"]),
        (json!({ "parts": {} }), vec!["body.parts list_type"]),
        (json!({ "parts": [7] }), vec!["body.parts.0 model_attributes_type"]),
        (json!({ "parts": [{}] }), vec!["body.parts.0.etag missing", "body.parts.0.part_number missing"]),
        (
            json!({ "parts": [{ "etag": "a", "part_number": 1 }, { "etag": 1, "part_number": "x" }] }),
            vec!["body.parts.1.etag string_type", "body.parts.1.part_number int_parsing"],
        ),
        (json!({ "parts": vec![json!({}); 10_001] }), vec!["body.parts too_long"]),
        (json!([]), vec!["body model_attributes_type"]),
    ] {
        assert_eq!(invalid(&post(&world, &path, body).await), expected);
    }
    let all = post(&world, "/ingest/upload/presigned/nothing/complete", json!({ "parts": 1 })).await;
    assert_eq!(invalid(&all), ["path.job_id uuid_parsing", "body.parts list_type"]);
    // None of them has ended the upload.
    let parts = put(&world, &started, &CSV.repeat(10).as_bytes()[..500]).await;
    ok(&complete(&world, &started, parts).await, 200);
}

async fn complete_without_parts_ends_the_upload(world: World) {
    let started = start(&world, "a.csv", 500).await;
    let parts = put(&world, &started, &[b'a'; 500]).await;
    let refused = problem(&complete(&world, &started, json!([])).await, 400);
    assert_eq!(refused, "Multipart upload completion requires at least one uploaded part");
    assert_eq!(world.uploads_and_objects(BUCKET).await, (0, 0));
    failed(&complete(&world, &started, parts).await);
}

fn failed(reply: &Reply) {
    let detail = problem(reply, 502);
    assert_eq!(detail, "Upload completion failed — the upload session may have expired. Please try again.");
}

async fn complete_with_wrong_parts_ends_the_upload(world: World) {
    for wrong in [
        |mut parts: Vec<Value>| {
            parts.swap(0, 1);
            parts
        },
        |mut parts: Vec<Value>| {
            parts[1]["etag"] = parts[0]["etag"].clone();
            parts
        },
        |mut parts: Vec<Value>| {
            parts[2]["part_number"] = json!(4);
            parts
        },
        |mut parts: Vec<Value>| {
            parts[2]["part_number"] = json!(0);
            parts
        },
        |mut parts: Vec<Value>| {
            parts[2]["part_number"] = json!(100_000);
            parts
        },
    ] {
        let started = start(&world, "a.csv", 3 * PART).await;
        let bytes: Vec<u8> = (0..3 * PART).map(|n| b'a' + u8::try_from(n / PART).unwrap()).collect();
        let parts = put(&world, &started, &bytes).await.as_array().unwrap().clone();
        failed(&complete(&world, &started, wrong(parts.clone()).into()).await);
        assert_eq!(world.uploads_and_objects(BUCKET).await, (0, 0));
        failed(&complete(&world, &started, parts.into()).await);
    }
    world.expect_blob_files(0).await;
}

async fn complete_before_the_file_came(world: World) {
    let started = start(&world, "a.csv", CSV.len()).await;
    let early = problem(&complete(&world, &started, json!([])).await, 400);
    assert_eq!(early, "File not found in S3 after upload");
    put(&world, &started, CSV.as_bytes()).await;
    ok(&complete(&world, &started, json!([])).await, 200);
}

async fn complete_refuses_a_file_that_is_too_large(world: World) {
    let started = start(&world, "a.csv", 5).await;
    put(&world, &started, &vec![b'a'; (3 << 20) / 2]).await;
    let large = problem(&complete(&world, &started, json!([])).await, 422);
    assert_eq!(large, "Uploaded file size (1.5 MB) exceeds the maximum allowed (1 MB).");
    assert_eq!(world.uploads_and_objects(BUCKET).await, (0, 0));
    world.expect_blob_files(0).await;
}

async fn complete_refuses_another_size(world: World) {
    let started = start(&world, "a.csv", 5).await;
    put(&world, &started, b"a,b\n1,2\n").await;
    let other = problem(&complete(&world, &started, json!([])).await, 422);
    assert_eq!(other, "Uploaded file size (8 bytes) does not match the declared size (5 bytes).");
    assert_eq!(world.uploads_and_objects(BUCKET).await, (0, 0));
    // The job is open still: the right file may come by the same URL.
    put(&world, &started, b"a\n1\n2").await;
    ok(&complete(&world, &started, json!([])).await, 200);
}

async fn complete_refuses_other_content(world: World) {
    for (name, bytes) in [
        ("a.csv", &b"a,b\0c\n"[..]),
        ("a.geojson", b"a,b\n1,2\n"),
        ("a.zip", b"not a zip file"),
        ("a.xlsx", b"PK\x01\x02 no zip"),
        ("a.xls", b"no workbook"),
        ("a.gpkg", b"SQLite format 2\0"),
        ("a.tif", b"II\x2b no, not one"),
        ("a.parquet", b"PAR1 without an end"),
    ] {
        let started = start(&world, name, bytes.len()).await;
        put(&world, &started, bytes).await;
        let refused = problem(&complete(&world, &started, json!([])).await, 422);
        assert!(refused.contains("does not match"), "{name}: {refused}");
        assert_eq!(world.uploads_and_objects(BUCKET).await, (0, 0), "{name}");
    }
    for (name, bytes) in [("a.parquet", &b"PAR1 something PAR1"[..]), ("a.TIF", b"MM\0\x2a rest"), ("a.json", b" {}")] {
        uploaded(&world, name, bytes).await;
    }
}

/// A try that broke off between assembly and freezing has left the object, and its upload is spent.
async fn complete_again_after_assembly_skips_it(world: World) {
    let started = start(&world, "a.csv", 500).await;
    let parts = put(&world, &started, &[b'a'; 500]).await;
    let storage = world.storage();
    let identity = storage.identities().default_identity();
    let s3 = crate::support::RawClient::new(storage.addr(), &identity.access_key, identity.secret_key.expose());
    let target = format!("/{BUCKET}/{}", started["s3_key"].as_str().unwrap());
    let listed: Vec<(u32, String)> = parts
        .as_array()
        .unwrap()
        .iter()
        .zip(1..)
        .map(|(part, n)| (n, part["etag"].as_str().unwrap().to_owned()))
        .collect();
    let list = crate::support::server::part_list(listed.iter().map(|(n, etag)| (*n, etag.as_str())));
    let upload_id = started["upload_id"].as_str().unwrap();
    crate::support::server::complete(&s3, &target, upload_id, &list).await.expect_status(200);
    ok(&complete(&world, &started, json!([])).await, 200);
    assert_eq!(world.s3_bytes(BUCKET, &frozen(&started, "a.csv")).await.unwrap(), [b'a'; 500]);
    assert_eq!(world.uploads_and_objects(BUCKET).await, (0, 1));
}

async fn completions_at_once_make_one(world: World) {
    for size in [CSV.len(), 500] {
        for _ in 0..3 {
            let before = world.uploads_and_objects(BUCKET).await.1;
            let bytes = &CSV.repeat(12)[..size];
            let started = start(&world, "a.csv", size).await;
            let parts = put(&world, &started, bytes.as_bytes()).await;
            let (a, b, c) = tokio::join!(
                complete(&world, &started, parts.clone()),
                complete(&world, &started, parts.clone()),
                complete(&world, &started, parts.clone())
            );
            let mut statuses = [a.status, b.status, c.status];
            statuses.sort_unstable();
            assert_eq!(statuses, [200, 400, 400]);
            for refused in [a, b, c].iter().filter(|reply| reply.status == 400) {
                assert_eq!(problem(refused, 400), "Upload already completed for this job");
            }
            assert_eq!(world.s3_bytes(BUCKET, &frozen(&started, "a.csv")).await.unwrap(), bytes.as_bytes());
            assert_eq!(world.uploads_and_objects(BUCKET).await, (0, before + 1));
        }
    }
}

async fn frozen_file_is_not_changed_by_a_late_put(world: World) {
    let started = uploaded(&world, "a.csv", CSV.as_bytes()).await;
    put(&world, &started, b"something else").await;
    assert_eq!(world.s3_bytes(BUCKET, &frozen(&started, "a.csv")).await.unwrap(), CSV.as_bytes());
    let status = imported(&world, id(&started)).await;
    assert_eq!((&status["status"], &status["rows_processed"]), (&json!("complete"), &json!(2)));
}
