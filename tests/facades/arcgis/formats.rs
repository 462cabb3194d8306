//! `f=html|json|pjson`, methods, and paths at which nothing is.

use serde_json::json;

use super::super::plain::{form_data, json_of};
use super::{UPLOADS, download, get, good, post, post_only, refused, register, world};

#[tokio::test]
async fn format_is_html_unless_something_else_is_asked() {
    let world = world().await;
    let fields = [("itemName", "<a>.sd"), ("description", "<script>alert(1)</script>")];
    let answer = good(&post(&world, &format!("{UPLOADS}/register"), &fields).send().await);
    let id = answer["item"]["itemID"].as_str().unwrap();
    for query in ["token=test", "f=html&token=test", "f=HTML&token=test", "f=&token=test"] {
        for path in ["/arcgis/admin", UPLOADS, &format!("{UPLOADS}/{id}"), &format!("{UPLOADS}/{id}/parts")] {
            let page = world.ask("GET", &format!("{path}?{query}")).send().await.expect_status(200);
            assert_eq!(page.header("content-type"), Some("text/html;charset=UTF-8"));
            assert!(page.header("content-security-policy").unwrap().starts_with("default-src 'none'"));
            let text = page.text();
            assert!(
                text.starts_with("<!DOCTYPE html>") && !text.contains("<script") && !text.contains("<a>"),
                "{text}"
            );
        }
    }
    let page = world.ask("GET", &format!("{UPLOADS}/{id}?token=test")).send().await;
    assert!(page.text().contains("&lt;script&gt;alert(1)&lt;/script&gt;"), "{}", page.text());
    let error = world.ask("GET", &format!("{UPLOADS}/{id}")).send().await.expect_status(200);
    assert!(error.text().contains("Token not found"), "{}", error.text());
}

#[tokio::test]
async fn format_pjson_is_indented() {
    let world = world().await;
    let reply = world.ask("GET", &format!("{UPLOADS}?f=pjson&token=test")).send().await.expect_status(200);
    assert_eq!(reply.text(), "{\n  \"uploadItems\": []\n}\n");
    assert_eq!(reply.header("content-type"), Some("text/plain;charset=UTF-8"));
    let error = world.ask("GET", &format!("{UPLOADS}?f=pjson")).send().await.expect_status(200);
    assert_eq!(json_of(&error)["code"], 499);
    assert!(error.text().contains("\n  \"code\": 499"), "{}", error.text());
}

#[tokio::test]
async fn format_that_does_not_exist_is_told_in_json() {
    let world = world().await;
    refused(&world.ask("GET", &format!("{UPLOADS}?f=xml&token=test")).send().await, 400, "'f' is 'xml'");
    let fields = [("f", "xml"), ("token", "test"), ("itemName", "a.sd")];
    refused(&post_only(&world, &format!("{UPLOADS}/register"), &fields).send().await, 400, "'f' is 'xml'");
    assert_eq!(good(&get(&world, UPLOADS).send().await), json!({ "uploadItems": [] }));
}

#[tokio::test]
async fn format_of_a_post_may_stand_in_the_url() {
    let world = world().await;
    let fields = [("token", "test"), ("itemName", "a.sd")];
    good(&post_only(&world, &format!("{UPLOADS}/register?f=json"), &fields).send().await);
    let fields = [("token", "test"), ("f", "json")];
    good(&post_only(&world, &format!("{UPLOADS}/register?f=html&itemName=b.sd"), &fields).send().await);
}

#[tokio::test]
async fn upload_in_html_leads_to_the_items_page() {
    let world = world().await;
    let (content_type, body) = form_data(&[("token", "test")], Some(("itemFile", "a.csv", "text/csv", b"x")));
    let post = world.ask("POST", &format!("{UPLOADS}/upload")).header("content-type", content_type).body(body);
    let reply = post.send().await.expect_status(303);
    let url = reply.header("location").unwrap().to_owned();
    assert!(!url.contains("token=test"), "a secret key is in no URL: {url}");
    let page = world.follow("GET", &url).send().await.expect_status(200);
    assert!(page.text().contains("a.csv") && page.text().contains("Download"), "{}", page.text());
    world.pass_seconds(11 * 60);
    let page = world.follow("GET", &url).send().await.expect_status(200);
    assert!(page.text().contains("expired"), "{}", page.text());
}

#[tokio::test]
async fn forms_of_the_pages_work_as_they_stand() {
    let world = world().await;
    let id = register(&world, UPLOADS, "a.sd").await;
    let page = world.ask("GET", &format!("{UPLOADS}/{id}?token=test")).send().await;
    let action = |page: &str, operation: &str| {
        let found = page.split("action=\"").find(|piece| piece.split('"').next().unwrap().ends_with(operation));
        found.unwrap().split('"').next().unwrap().to_owned()
    };
    let part =
        form_data(&[("partNumber", "1"), ("token", "test"), ("f", "html")], Some(("partFile", "p", "a/b", b"x")));
    let commit = form_data(&[("parts", ""), ("token", "test"), ("f", "html")], None);
    for (operation, (content_type, body)) in [("/uploadPart", part), ("/commit", commit)] {
        let url = action(page.text(), operation);
        let reply = world.follow("POST", &url).header("content-type", content_type).body(body).send().await;
        assert!(reply.expect_status(200).text().contains("success"));
    }
    assert_eq!(download(&world, UPLOADS, &id).await, b"x");
}

#[tokio::test]
async fn methods_are_those_of_the_resource() {
    let world = world().await;
    for path in ["/register", "/upload", "/x/commit", "/x/uploadPart", "/x/delete"] {
        for method in ["GET", "PUT", "DELETE", "HEAD"] {
            let reply = world.ask(method, &format!("{UPLOADS}{path}?f=json&token=test")).send().await;
            if method != "HEAD" {
                refused(&reply, 405, "send POST");
            }
        }
    }
    for path in ["", "/config", "/x", "/x/parts", "/x/download"] {
        for method in ["PUT", "DELETE"] {
            let reply = world.ask(method, &format!("{UPLOADS}{path}?f=json&token=test")).send().await;
            refused(&reply, 405, "send GET or POST");
        }
    }
}

#[tokio::test]
async fn nothing_is_anywhere_else() {
    let world = world().await;
    for path in [
        "/",
        "/arcgis",
        "/arcgis/",
        "/admin/uploads",
        "/arcgis/rest/services/s/uploads",
        "/arcgis/admin/other",
        "/arcgis/admin/uploads/a/b",
        "/arcgis/admin/uploads/a/commit/c",
        "/%FF/admin",
    ] {
        let reply = world.ask("GET", &format!("{path}?f=json&token=test")).send().await;
        refused(&reply, 404, "Could not find resource or operation");
    }
    let site = good(&get(&world, "/arcgis/admin").send().await);
    assert_eq!(site["resources"], json!(["uploads"]));
}
