//! Uploading parts, listing them, and committing items of them.

use serde_json::json;

use super::{
    SERVER_UPLOADS, UPLOADS, commit, download, get, good, post, post_file, refused, register, upload_part, world,
};
use crate::plain::World;

/// An item with the parts 1, 3 and 5, uploaded in another order.
async fn three_parts(world: &World, uploads: &str) -> String {
    let id = register(world, uploads, "Test.sd").await;
    for (number, bytes) in [("5", "five"), ("1", "one"), ("3", "three")] {
        let answer = good(&upload_part(world, uploads, &id, number, bytes.as_bytes()).await);
        assert_eq!(answer, json!({ "status": "success" }));
    }
    id
}

async fn parts(world: &World, uploads: &str, id: &str) -> serde_json::Value {
    good(&get(world, &format!("{uploads}/{id}/parts")).send().await)
}

#[tokio::test]
async fn parts_are_named_as_the_product_names_them_until_the_commit() {
    let world = world().await;
    for (uploads, names) in
        [(UPLOADS, json!(["1", "3", "5"])), (SERVER_UPLOADS, json!(["Test.sd.1", "Test.sd.3", "Test.sd.5"]))]
    {
        let id = three_parts(&world, uploads).await;
        assert_eq!(parts(&world, uploads, &id).await, json!({ "parts": names }));
        good(&commit(&world, uploads, &id, None).await);
        assert_eq!(parts(&world, uploads, &id).await, json!({ "parts": [] }));
    }
}

#[tokio::test]
async fn commit_is_of_the_list_in_its_order() {
    let world = world().await;
    for uploads in [UPLOADS, SERVER_UPLOADS] {
        for (list, expected) in [
            (None, "onethreefive"),
            (Some(""), "onethreefive"),
            (Some("5,1,3"), "fiveonethree"),
            (Some("3"), "three"),
            (Some(r#""Test.sd.5","Test.sd.1""#), "fiveone"),
            (Some("Test.sd.3, 1"), "threeone"),
            (Some("[5, 3]"), "fivethree"),
            (Some(r#"["Test.sd.1", "5"]"#), "onefive"),
        ] {
            let id = three_parts(&world, uploads).await;
            assert_eq!(good(&commit(&world, uploads, &id, list).await), json!({ "status": "success" }));
            let item = good(&get(&world, &format!("{uploads}/{id}")).send().await);
            assert_eq!(item["committed"], true);
            assert_eq!(download(&world, uploads, &id).await, expected.as_bytes(), "{list:?}");
        }
    }
}

#[tokio::test]
async fn commit_makes_an_object_with_type_and_metadata() {
    let world = world().await;
    let fields = [("itemName", "Test.csv"), ("description", "About it")];
    let answer = good(&post(&world, &format!("{UPLOADS}/register"), &fields).send().await);
    let id = answer["item"]["itemID"].as_str().unwrap();
    let big = vec![1; 200_000];
    good(&upload_part(&world, UPLOADS, id, "2", &big).await);
    good(&upload_part(&world, UPLOADS, id, "1", b"first").await);
    let target = format!("/arcgis-arcgis/uploads/{id}/Test.csv");
    world.s3().get(&target).send().await.expect_error(404, "NoSuchKey");
    good(&commit(&world, UPLOADS, id, Some("2,1")).await);
    let object = world.s3().get(&target).send().await.expect_status(200);
    assert!(object.body == [&big[..], b"first"].concat());
    assert_eq!(object.header("content-type"), Some("text/csv"));
    assert_eq!(object.header("x-amz-meta-itemid"), Some(id));
    assert_eq!(object.header("x-amz-meta-description"), Some("About it"));
}

#[tokio::test]
async fn commit_bad_list_changes_nothing() {
    let world = world().await;
    let id = three_parts(&world, UPLOADS).await;
    for (list, words) in [
        ("1,2", "Part '2' has not been uploaded."),
        ("10000", "Part '10000' has not been uploaded."),
        ("1,1", "'parts' names part 1 more than once"),
        ("0", "'parts' names '0', which is no part"),
        ("10001", "which is no part"),
        ("1,x", "which is no part"),
        ("Other.sd.1", "which is no part"),
        ("1,", "ends in a comma"),
        ("\"1", "a quote that does not end"),
        ("[]", "'parts' names no part"),
        ("[1,{}]", "no JSON array"),
    ] {
        refused(&commit(&world, UPLOADS, &id, Some(list)).await, 400, words);
    }
    let item = good(&get(&world, &format!("{UPLOADS}/{id}")).send().await);
    assert_eq!(item["committed"], false);
    good(&commit(&world, UPLOADS, &id, Some("1")).await);
    assert_eq!(download(&world, UPLOADS, &id).await, b"one");

    let server = three_parts(&world, SERVER_UPLOADS).await;
    refused(
        &commit(&world, SERVER_UPLOADS, &server, Some("1,2")).await,
        400,
        "Part 'Test.sd.2' has not been uploaded.",
    );
    let empty = register(&world, UPLOADS, "a.sd").await;
    refused(&commit(&world, UPLOADS, &empty, None).await, 400, "No part of item");
}

#[tokio::test]
async fn commit_again_with_the_same_list_only() {
    let mut world = world().await;
    let id = three_parts(&world, UPLOADS).await;
    good(&commit(&world, UPLOADS, &id, Some("5,1")).await);
    for _ in 0..2 {
        good(&commit(&world, UPLOADS, &id, Some("5,1")).await);
        good(&commit(&world, UPLOADS, &id, None).await);
        for other in ["1,5", "5", "1,3,5", "7"] {
            refused(&commit(&world, UPLOADS, &id, Some(other)).await, 400, "is committed");
        }
        refused(&upload_part(&world, UPLOADS, &id, "1", b"late").await, 400, "is committed");
        assert_eq!(download(&world, UPLOADS, &id).await, b"fiveone");
        world.restart().await;
    }
}

#[tokio::test]
async fn commit_that_was_cut_off_is_found_to_have_happened() {
    let world = world().await;
    let id = three_parts(&world, UPLOADS).await;
    // What is left when the server ends between the engine's commit and the item's: an upload that S3 completed.
    let key = format!("/arcgis-arcgis/uploads/{id}/Test.sd");
    let upload = world.s3().get("/arcgis-arcgis?uploads").send().await.xml_text("UploadId").unwrap();
    let parts = world.s3().get(&format!("{key}?uploadId={upload}")).send().await;
    let etags = parts.xml_all("ETag");
    let list = format!(
        "<CompleteMultipartUpload><Part><PartNumber>5</PartNumber><ETag>{}</ETag></Part></CompleteMultipartUpload>",
        etags[2]
    );
    world.s3().post(&format!("{key}?uploadId={upload}")).body(list).send().await.expect_status(200);
    refused(&upload_part(&world, UPLOADS, &id, "1", b"late").await, 400, "is committed");
    refused(&commit(&world, UPLOADS, &id, Some("1,5")).await, 400, "is committed");
    good(&commit(&world, UPLOADS, &id, Some("5")).await);
    good(&commit(&world, UPLOADS, &id, None).await);
    assert_eq!(download(&world, UPLOADS, &id).await, b"five");
}

#[tokio::test]
async fn upload_that_was_aborted_over_s3_is_no_item() {
    let world = world().await;
    let id = three_parts(&world, UPLOADS).await;
    let upload = world.s3().get("/arcgis-arcgis?uploads").send().await.xml_text("UploadId").unwrap();
    let target = format!("/arcgis-arcgis/uploads/{id}/Test.sd?uploadId={upload}");
    world.s3().delete(&target).send().await.expect_status(204);
    refused(&upload_part(&world, UPLOADS, &id, "1", b"x").await, 404, "Could not find");
    refused(&commit(&world, UPLOADS, &id, None).await, 404, "Could not find");
    assert_eq!(good(&get(&world, UPLOADS).send().await), json!({ "uploadItems": [] }));
}

#[tokio::test]
async fn upload_part_survives_a_restart_and_is_replaced() {
    let mut world = world().await;
    let id = register(&world, UPLOADS, "a.sd").await;
    let big = vec![1; 100_000];
    good(&upload_part(&world, UPLOADS, &id, "1", &big).await);
    world.restart().await;
    good(&upload_part(&world, UPLOADS, &id, "2", b"two").await);
    good(&upload_part(&world, UPLOADS, &id, "1", b"one").await);
    world.expect_blob_files(0).await;
    good(&upload_part(&world, UPLOADS, &id, "10000", b"last").await);
    good(&upload_part(&world, UPLOADS, &id, "3", b"").await);
    world.restart().await;
    good(&commit(&world, UPLOADS, &id, None).await);
    world.restart().await;
    assert_eq!(download(&world, UPLOADS, &id).await, b"onetwolast");
}

#[tokio::test]
async fn upload_part_bad_fields_leave_nothing() {
    let world = world().await;
    let id = register(&world, UPLOADS, "a.sd").await;
    let path = format!("{UPLOADS}/{id}/uploadPart");
    let big = vec![1; 100_000];
    let file = ("partFile", "blob", "application/octet-stream", &big[..]);
    for number in ["0", "10001", "-1", "+1", "1.0", "1e3", "x", "1 2", "99999999999999999999"] {
        let words = format!("'partNumber' is '{number}': it is a whole number from 1 to 10000.");
        refused(&upload_part(&world, UPLOADS, &id, number, &big).await, 400, &words);
    }
    for (fields, words) in [
        (&[][..], "'partNumber' is missing"),
        (&[("partNumber", "")], "'partNumber' is missing"),
        (&[("partNumber", "1"), ("partNumber", "2")], "'partNumber' is given more than once"),
    ] {
        refused(&post_file(&world, &path, fields, file).send().await, 400, words);
    }
    let other = ("file", "blob", "application/octet-stream", &big[..]);
    refused(&post_file(&world, &path, &[("partNumber", "1")], other).send().await, 400, "'partFile' is missing");
    refused(&post(&world, &path, &[("partNumber", "1")]).send().await, 400, "'partFile' is missing");
    assert_eq!(parts(&world, UPLOADS, &id).await, json!({ "parts": [] }));
    world.expect_blob_files(0).await;
}

#[tokio::test]
async fn upload_part_that_breaks_off_is_no_part() {
    let world = world().await;
    let id = register(&world, UPLOADS, "a.sd").await;
    good(&upload_part(&world, UPLOADS, &id, "1", b"whole").await);
    let head = "--b\r\nContent-Disposition: form-data; name=\"partNumber\"\r\n\r\n1\r\n\
                --b\r\nContent-Disposition: form-data; name=\"partFile\"; filename=\"p\"\r\n\r\n";
    let body = [head.as_bytes(), &vec![b'x'; 700_000]].concat();
    let post = world.asked("POST", &format!("{UPLOADS}/{id}/uploadPart?f=json"));
    let post = post.header("content-type", "multipart/form-data; boundary=b").body(body);
    refused(&post.send().await, 400, "The form cannot be read");
    world.expect_blob_files(0).await;
    good(&commit(&world, UPLOADS, &id, None).await);
    assert_eq!(download(&world, UPLOADS, &id).await, b"whole");
}

#[tokio::test]
async fn upload_part_without_the_slash_as_esris_client_sends_it() {
    let world = world().await;
    let id = register(&world, SERVER_UPLOADS, "a.sd").await;
    let file = ("partFile", "blob", "application/octet-stream", &b"bytes"[..]);
    let path = format!("{SERVER_UPLOADS}{id}/uploadPart");
    good(&post_file(&world, &path, &[("partNumber", "1")], file).send().await);
    assert_eq!(parts(&world, SERVER_UPLOADS, &id).await, json!({ "parts": ["a.sd.1"] }));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn commits_at_once_with_different_lists_have_one_winner() {
    let world = world().await;
    for _ in 0..10 {
        let id = three_parts(&world, UPLOADS).await;
        let lists = ["1,3", "3,1", "5", "1,3,5"];
        let commits = lists.map(|list| {
            let (world, id) = (&world, &id);
            async move { (list, commit(world, UPLOADS, id, Some(list)).await) }
        });
        let outcomes = futures_util::future::join_all(commits).await;
        let bytes = download(&world, UPLOADS, &id).await;
        let won: Vec<_> = outcomes.iter().filter(|(_, reply)| !reply.text().contains("error")).collect();
        assert_eq!(won.len(), 1, "{outcomes:?}");
        let expected = match won[0].0 {
            "1,3" => "onethree",
            "3,1" => "threeone",
            "5" => "five",
            _ => "onethreefive",
        };
        assert_eq!(bytes, expected.as_bytes());
        good(&commit(&world, UPLOADS, &id, Some(won[0].0)).await);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn commits_at_once_with_the_same_list_all_succeed() {
    let world = world().await;
    for list in [None, Some("5,1"), Some("3,5,1")].into_iter().cycle().take(30) {
        let id = three_parts(&world, UPLOADS).await;
        let commits = (0..4).map(|_| commit(&world, UPLOADS, &id, list));
        for reply in futures_util::future::join_all(commits).await {
            good(&reply);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn delete_during_commits_and_parts_leaves_nothing() {
    let world = world().await;
    for _ in 0..10 {
        let id = register(&world, UPLOADS, "a.sd").await;
        let big = vec![3; 50_000];
        good(&upload_part(&world, UPLOADS, &id, "1", &big).await);
        let path = format!("{UPLOADS}/{id}/delete");
        let (committed, deleted, uploaded) = tokio::join!(
            commit(&world, UPLOADS, &id, None),
            post(&world, &path, &[]).send(),
            upload_part(&world, UPLOADS, &id, "2", &big)
        );
        good(&deleted);
        for reply in [committed, uploaded] {
            assert_eq!(reply.status, 200, "{}", reply.text());
        }
        refused(&get(&world, &format!("{UPLOADS}/{id}")).send().await, 404, "Could not find");
    }
    super::expect_nothing(&world).await;
}
