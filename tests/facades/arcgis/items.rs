//! Whole uploads, registering, the list, items, their download and their end.

use serde_json::{Value, json};

use super::super::plain::form_data;
use super::{
    SERVER_UPLOADS, UPLOADS, commit, download, expect_nothing, get, good, post, post_file, refused, register,
    upload_part, world,
};

fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte),
        })
}

#[tokio::test]
async fn upload_on_kubernetes_is_an_item_and_an_object() {
    let world = world().await;
    let file = ("itemFile", "places.csv", "text/csv", &b"x,y\n1,2\n"[..]);
    let reply = post_file(&world, &format!("{UPLOADS}/upload"), &[("description", "Places, čšž")], file).send().await;
    let answer = good(&reply);
    assert_eq!(answer["status"], "success");
    let item = &answer["item"];
    let id = item["itemID"].as_str().unwrap();
    assert!(is_uuid(id), "{id}");
    let expected = json!({
        "itemID": id, "itemName": "places.csv", "description": "Places, čšž", "date": item["date"], "committed": true,
        "contentType": "text/csv",
    });
    assert_eq!(item, &expected);
    assert!(item["date"].as_i64().unwrap() > 1_700_000_000_000);
    assert_eq!(good(&get(&world, &format!("{UPLOADS}/{id}")).send().await), expected);
    let list = json!({ "uploadItems": [expected] });
    assert_eq!(good(&get(&world, UPLOADS).send().await), list);

    let object = world.s3().get(&format!("/arcgis-arcgis/uploads/{id}/places.csv")).send().await.expect_status(200);
    assert_eq!((object.body.as_slice(), object.header("content-type")), (&b"x,y\n1,2\n"[..], Some("text/csv")));
    assert_eq!(object.header("x-amz-meta-itemid"), Some(id));
    assert!(object.header("x-amz-meta-description").is_some());
}

#[tokio::test]
async fn upload_on_server_is_spelled_as_there() {
    let world = world().await;
    let file = ("itemFile", "Test.sd", "application/octet-stream", &b"sd"[..]);
    let answer = good(&post_file(&world, &format!("{SERVER_UPLOADS}/upload"), &[], file).send().await);
    let item = &answer["item"];
    let id = item["itemID"].as_str().unwrap();
    assert!(id.strip_prefix('i').is_some_and(is_uuid), "{id}");
    let path = format!("/arcgisserver/directories/arcgissystem/arcgisuploads/{id}/Test.sd");
    let expected = json!({
        "itemID": id, "itemName": "Test.sd", "description": "", "pathOnServer": path, "date": item["date"],
        "committed": true, "serviceName": "", "contentType": "application/octet-stream",
    });
    assert_eq!(item, &expected);
    let list = good(&get(&world, SERVER_UPLOADS).send().await);
    let listed = &list["items"][0];
    let date = listed["date"].as_str().unwrap();
    assert!(date.contains(" UTC 20") && date.len() == 28, "{date}");
    let expected = json!({
        "itemID": id, "itemName": "Test.sd", "description": "", "pathOnServer": path, "date": date, "committed": true,
    });
    assert_eq!(list, json!({ "items": [expected] }));
}

#[tokio::test]
async fn upload_of_megabytes_keeps_every_byte() {
    let world = world().await;
    let bytes: Vec<u8> = (0..3_000_017_u32).map(|n| n.wrapping_mul(2_654_435_761).to_be_bytes()[0]).collect();
    let file = ("itemFile", "big.zip", "application/zip", &bytes[..]);
    let answer = good(&post_file(&world, &format!("{UPLOADS}/upload"), &[], file).http_chunked().send().await);
    let id = answer["item"]["itemID"].as_str().unwrap();
    assert!(download(&world, UPLOADS, id).await == bytes);
    assert!(world.s3_bytes("arcgis-arcgis", &format!("uploads/{id}/big.zip")).await.unwrap() == bytes);
}

#[tokio::test]
async fn upload_bad_fields_leave_nothing() {
    let world = world().await;
    let long = "d".repeat(1501);
    let long_name = format!("{}.csv", "a".repeat(252));
    let upload = format!("{UPLOADS}/upload");
    let big = vec![1; 100_000];
    for (fields, field, name, words) in [
        (&[][..], "itemFile", "a.exe", "'a.exe' may not be uploaded"),
        (&[], "itemFile", "noextension", "may not be uploaded"),
        (&[], "itemFile", "", "'itemFile' is missing"),
        (&[], "itemFile", "dir/", "'itemFile' is missing"),
        (&[], "file", "a.csv", "'itemFile' is missing"),
        (&[], "itemFile", long_name.as_str(), "'itemFile' is too long"),
        (&[("description", long.as_str())], "itemFile", "a.csv", "'description' is too long"),
        (&[("description", "a"), ("description", "b")], "itemFile", "a.csv", "'description' is given more than once"),
        (&[("token", "again")], "itemFile", "a.csv", "'token' is given more than once"),
    ] {
        let reply = post_file(&world, &upload, fields, (field, name, "text/csv", &big)).send().await;
        refused(&reply, 400, words);
    }
    let (content_type, body) =
        form_data(&[("f", "xml"), ("token", "test")], Some(("itemFile", "a.csv", "text/csv", &big)));
    let reply = world.ask("POST", &upload).header("content-type", content_type).body(body).send().await;
    refused(&reply, 400, "'f' is 'xml'");
    refused(&post(&world, &upload, &[]).send().await, 400, "'itemFile' is missing");
    let json = world.ask("POST", &format!("{upload}?f=json")).header("content-type", "application/json").body("{}");
    refused(&json.send().await, 415, "'application/json'");
    refused(&world.ask("POST", &format!("{upload}?f=json")).body("x").send().await, 415, "the type ''");
    for broken in [
        "",
        "nothing",
        "--b\r\n",
        "--b\r\nContent-Disposition: form-data; name=\"itemFile\"; filename=\"a.csv\"\r\n\r\nx",
    ] {
        let post = world.ask("POST", &format!("{upload}?f=json")).header("authorization", "Bearer test");
        let post = post.header("content-type", "multipart/form-data; boundary=b").body(broken);
        refused(&post.send().await, 400, "The form cannot be read: multipart/form-data:");
    }
    let no_field = vec![b'x'; 6_000_000];
    let post = world.ask("POST", &format!("{upload}?f=json")).header("authorization", "Bearer test");
    let post = post.header("content-type", "multipart/form-data; boundary=b").body(no_field);
    refused(&post.send().await, 400, "no field within");
    expect_nothing(&world).await;
}

#[tokio::test]
async fn upload_two_files_is_refused_whole() {
    let world = world().await;
    let file = |n: u8| {
        let head = "--b\r\nContent-Disposition: form-data; name=\"itemFile\"; filename=\"a.csv\"\r\n\r\n";
        [head.as_bytes(), &vec![n; 50_000], b"\r\n"].concat()
    };
    let body =
        [file(1), file(2), b"--b\r\nContent-Disposition: form-data; name=\"f\"\r\n\r\njson\r\n--b--\r\n".to_vec()]
            .concat();
    let post =
        world.asked("POST", &format!("{UPLOADS}/upload")).header("content-type", "multipart/form-data; boundary=b");
    refused(&post.body(body).send().await, 400, "'itemFile' is given more than once");
    expect_nothing(&world).await;
}

#[tokio::test]
async fn upload_extensions_are_the_products() {
    let world = world().await;
    for name in ["a.geojson", "a.ZIP", "a.tar.gpx", "a.xlsx", "a.agssite", "a.cdpk"] {
        register(&world, UPLOADS, name).await;
        let reply = post(&world, &format!("{SERVER_UPLOADS}/register"), &[("itemName", name)]).send().await;
        refused(&reply, 400, ".soe .sd .sde .odc .csv .txt .zshp .kmz");
    }
    for name in ["a.sd", "a.KMZ", "a.csv"] {
        register(&world, SERVER_UPLOADS, name).await;
    }
}

#[tokio::test]
async fn register_is_an_open_item_and_an_upload() {
    let world = world().await;
    let fields = [("itemName", "Test.sd"), ("description", "a \"test\" <b>")];
    let answer = good(&post(&world, &format!("{SERVER_UPLOADS}/register"), &fields).send().await);
    assert_eq!(answer["status"], "success");
    let item = &answer["item"];
    assert_eq!((&item["committed"], &item["serviceName"]), (&json!(false), &json!("")));
    assert_eq!(item["description"], "a \"test\" <b>");
    let id = item["itemID"].as_str().unwrap();
    assert_eq!(good(&get(&world, &format!("{SERVER_UPLOADS}/{id}")).send().await), *item);
    let uploads = world.s3().get("/arcgis-server?uploads").send().await;
    assert_eq!(uploads.xml_all("Key"), [format!("uploads/{id}/Test.sd")]);
    // The two names are two items.
    assert_ne!(register(&world, SERVER_UPLOADS, "Test.sd").await, id);
}

#[tokio::test]
async fn register_bad_fields_leave_nothing() {
    let world = world().await;
    let register = format!("{UPLOADS}/register");
    let (long, long_name) = ("d".repeat(1501), format!("{}.sd", "a".repeat(253)));
    for (fields, words) in [
        (&[][..], "'itemName' is missing"),
        (&[("itemName", " ")], "'itemName' is missing"),
        (&[("itemName", "a/b.sd")], "'itemName' contains '/'"),
        (&[("itemName", "a\\b.sd")], "'itemName' contains"),
        (&[("itemName", "a\nb.sd")], "'itemName' contains"),
        (&[("itemName", "..")], "may not be uploaded"),
        (&[("itemName", "a.exe")], "may not be uploaded"),
        (&[("itemName", long_name.as_str())], "'itemName' is too long"),
        (&[("itemName", "a.sd"), ("itemName", "b.sd")], "'itemName' is given more than once"),
        (&[("itemName", "a.sd"), ("description", long.as_str())], "'description' is too long"),
    ] {
        refused(&post(&world, &register, fields).send().await, 400, words);
    }
    let bad =
        world.asked("POST", &format!("{register}?f=json")).header("content-type", "application/x-www-form-urlencoded");
    refused(&bad.body("itemName=%FF.sd").send().await, 400, "The form cannot be read");
    refused(
        &post(&world, &register, &[("itemName", "a.sd"), ("f", "x")]).send().await,
        400,
        "'f' is given more than once",
    );
    expect_nothing(&world).await;
}

#[tokio::test]
async fn context_that_names_no_bucket() {
    let world = world().await;
    for context in ["a.b", "%C4%8D", "-x", "x-", &"x".repeat(57), "a%2Fb"] {
        refused(&get(&world, &format!("/{context}/admin/uploads")).send().await, 404, "is no context");
        let reply = post(&world, &format!("/{context}/admin/uploads/register"), &[("itemName", "a.sd")]).send().await;
        refused(&reply, 404, "is no context");
    }
    let id = register(&world, "/My_Site/admin/uploads", "a.sd").await;
    let uploads = world.s3().get("/arcgis-my-site?uploads").send().await;
    assert_eq!(uploads.xml_all("Key"), [format!("uploads/{id}/a.sd")]);
}

#[tokio::test]
async fn item_that_is_not_there() {
    let world = world().await;
    let id = register(&world, UPLOADS, "a.sd").await;
    let other = "00000000-0000-4000-8000-000000000000";
    for missing in [other, "x", &format!("i{id}"), &id.to_uppercase(), "..%2f..", "%00"] {
        for resource in ["", "/parts", "/download"] {
            let reply = get(&world, &format!("{UPLOADS}/{missing}{resource}")).send().await;
            refused(&reply, 404, "Could not find uploaded item");
        }
        for operation in ["commit", "delete"] {
            let reply = post(&world, &format!("{UPLOADS}/{missing}/{operation}"), &[]).send().await;
            refused(&reply, 404, "Could not find uploaded item");
        }
        refused(&upload_part(&world, UPLOADS, missing, "1", b"x").await, 404, "Could not find uploaded item");
    }
    // Not that of another context either.
    refused(&get(&world, &format!("/other/admin/uploads/{id}")).send().await, 404, "Could not find uploaded item");
}

#[tokio::test]
async fn list_is_newest_first_and_survives_a_restart() {
    let mut world = world().await;
    let mut expected = Vec::new();
    for n in 0..5 {
        world.pass_seconds(1);
        expected.insert(0, register(&world, UPLOADS, &format!("{n}.sd")).await);
    }
    let ids = |list: &Value| {
        let items = list["uploadItems"].as_array().unwrap();
        items.iter().map(|item| item["itemID"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let before = good(&get(&world, UPLOADS).send().await);
    assert_eq!(ids(&before), expected);
    world.restart().await;
    assert_eq!(good(&get(&world, UPLOADS).send().await), before);
}

#[tokio::test]
async fn download_is_the_file_under_its_name() {
    let world = world().await;
    let file = ("itemFile", "Načrt 1.csv", "text/csv", &b"x"[..]);
    let answer = good(&post_file(&world, &format!("{UPLOADS}/upload"), &[], file).send().await);
    let path = format!("{UPLOADS}/{}/download", answer["item"]["itemID"].as_str().unwrap());
    let reply = get(&world, &path).send().await.expect_status(200);
    assert_eq!(reply.body, b"x");
    assert_eq!(reply.header("content-type"), Some("text/csv"));
    let disposition = "attachment; filename=\"Na_rt 1.csv\"; filename*=UTF-8''Na%C4%8Drt%201.csv";
    assert_eq!(reply.header("content-disposition"), Some(disposition));
    let head = world.ask("HEAD", &format!("{path}?token=test")).send().await.expect_status(200);
    assert_eq!((head.header("content-length"), head.body.len()), (Some("1"), 0));
}

#[tokio::test]
async fn download_before_the_commit_is_refused() {
    let world = world().await;
    let id = register(&world, UPLOADS, "a.sd").await;
    refused(&get(&world, &format!("{UPLOADS}/{id}/download")).send().await, 400, "not committed yet");
}

#[tokio::test]
async fn delete_leaves_nothing_of_open_and_committed_items() {
    let world = world().await;
    let big = vec![5; 100_000];
    let open = register(&world, UPLOADS, "a.sd").await;
    good(&upload_part(&world, UPLOADS, &open, "1", &big).await);
    let committed = register(&world, UPLOADS, "b.sd").await;
    good(&upload_part(&world, UPLOADS, &committed, "1", &big).await);
    good(&commit(&world, UPLOADS, &committed, None).await);
    let answer =
        good(&post_file(&world, &format!("{UPLOADS}/upload"), &[], ("itemFile", "c.sd", "x/y", &big)).send().await);
    let whole = answer["item"]["itemID"].as_str().unwrap();
    world.expect_blob_files(3).await;
    for id in [open.as_str(), &committed, whole] {
        let answer = good(&post(&world, &format!("{UPLOADS}/{id}/delete"), &[]).send().await);
        assert_eq!(answer, json!({ "status": "success" }));
        refused(&post(&world, &format!("{UPLOADS}/{id}/delete"), &[]).send().await, 404, "Could not find");
        refused(&get(&world, &format!("{UPLOADS}/{id}")).send().await, 404, "Could not find");
    }
    expect_nothing(&world).await;
}

#[tokio::test]
async fn item_whose_object_was_deleted_over_s3_is_gone() {
    let world = world().await;
    let file = ("itemFile", "a.csv", "text/csv", &b"x"[..]);
    let answer = good(&post_file(&world, &format!("{UPLOADS}/upload"), &[], file).send().await);
    let id = answer["item"]["itemID"].as_str().unwrap();
    world.s3().delete(&format!("/arcgis-arcgis/uploads/{id}/a.csv")).send().await.expect_status(204);
    refused(&get(&world, &format!("{UPLOADS}/{id}")).send().await, 404, "Could not find");
    expect_nothing(&world).await;
    // With its bucket, everything goes.
    register(&world, UPLOADS, "a.sd").await;
    world.s3().delete("/arcgis-arcgis").send().await.expect_status(204);
    expect_nothing(&world).await;
    register(&world, UPLOADS, "a.sd").await;
}

#[tokio::test]
async fn config_is_the_contexts_own() {
    let mut world = world().await;
    let config = good(&get(&world, &format!("{UPLOADS}/config")).send().await);
    assert_eq!(config["uploadPath"], "uploads");
    assert!(is_uuid(config["dataStoreId"].as_str().unwrap()));
    let other = good(&get(&world, "/other/admin/uploads/config").send().await);
    assert_ne!(other["dataStoreId"], config["dataStoreId"]);
    world.restart().await;
    assert_eq!(good(&get(&world, &format!("{UPLOADS}/config")).send().await), config);
}
