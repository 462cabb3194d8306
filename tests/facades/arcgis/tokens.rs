//! `generateToken`, and tokens in every place where a call may have one.

use staves::engine::Durability;
use staves::facades::Options;
use staves::http::identity::{AuthMode, Identities, Identity};

use super::super::plain::{World, form_data, json_of};
use super::super::support::Reply;
use super::{UPLOADS, expect_nothing, good, post_only, refused, register, world};

const LOGIN: [(&str, &str); 3] = [("username", "test"), ("password", "test"), ("f", "json")];

async fn generate(world: &World, path: &str, more: &[(&str, &str)]) -> Reply {
    post_only(world, path, &[&LOGIN, more].concat()).send().await
}

async fn token(world: &World, path: &str, more: &[(&str, &str)]) -> String {
    good(&generate(world, path, more).await)["token"].as_str().unwrap().to_owned()
}

/// A portal's error.
#[track_caller]
fn not_generated(reply: &Reply, words: &str) {
    let error = json_of(reply)["error"].clone();
    assert_eq!(
        (error["code"].as_u64(), error["message"].as_str()),
        (Some(400), Some("Unable to generate token.")),
        "{error}"
    );
    let details = error["details"][0].as_str().unwrap();
    assert!(details.contains(words), "{details:?} without {words:?}");
}

async fn list_with(world: &World, token: &str) -> Reply {
    world.ask("GET", &format!("{UPLOADS}?f=json&token={token}")).send().await
}

#[tokio::test]
async fn generate_token_in_all_its_places_decides_whose_words() {
    let world = world().await;
    for (path, key) in [
        ("/arcgis/sharing/rest/generateToken", "uploadItems"),
        ("/arcgis/sharing/generateToken", "uploadItems"),
        ("/portal/sharing/rest/generateToken", "uploadItems"),
        ("/arcgis/tokens/generateToken", "items"),
        ("/arcgis/tokens/", "items"),
        ("/arcgis/admin/generateToken", "items"),
    ] {
        let answer = good(&generate(&world, path, &[]).await);
        assert_eq!(answer["ssl"], false, "{path}");
        let list = good(&list_with(&world, answer["token"].as_str().unwrap()).await);
        assert!(list[key].is_array(), "{path}: {list}");
    }
    // A context that is called a server is one, whoever made the token.
    let portal = token(&world, "/portal/sharing/rest/generateToken", &[]).await;
    let reply = world.ask("GET", &format!("/server/admin/uploads?f=json&token={portal}")).send().await;
    assert!(good(&reply)["items"].is_array());
}

#[tokio::test]
async fn option_product_sets_the_words() {
    let with = |value: &'static str| {
        let mut options = Options::default();
        options.add(&format!("arcgis.product={value}")).unwrap();
        World::with("arcgis", move |builder| builder.facade_options(options.clone()))
    };
    let server = with("server").await;
    assert!(good(&list_with(&server, "test").await)["items"].is_array());
    let kubernetes = with("kubernetes").await;
    let token = token(&kubernetes, "/arcgis/tokens/generateToken", &[]).await;
    assert!(good(&list_with(&kubernetes, &token).await)["uploadItems"].is_array());
    let mut options = Options::default();
    options.add("arcgis.product=desktop").unwrap();
    let builder = staves::Server::builder().durability(Durability::Memory).port(0).facade_options(options);
    let error = builder.start().await.unwrap_err().to_string();
    assert_eq!(error, "arcgis.product is \"desktop\"; it should be auto, kubernetes or server");
}

#[tokio::test]
async fn authentication_off_asks_for_no_token() {
    let world = World::with("arcgis", |builder| builder.auth(AuthMode::Off)).await;
    for token in ["", "&token=wrong"] {
        let reply = world.ask("GET", &format!("{UPLOADS}?f=json{token}")).send().await;
        assert!(good(&reply)["uploadItems"].is_array());
    }
    good(&post_only(&world, &format!("{UPLOADS}/register"), &[("f", "json"), ("itemName", "a.sd")]).send().await);
    let login = [("username", "x"), ("password", "y"), ("f", "json")];
    let answer = good(&post_only(&world, "/arcgis/tokens/generateToken", &login).send().await);
    assert!(good(&list_with(&world, answer["token"].as_str().unwrap()).await)["items"].is_array());
}

#[tokio::test]
async fn generate_token_bad_login() {
    let world = world().await;
    for (user, password) in [("test", "wrong"), ("wrong", "test"), ("test", "Test")] {
        let fields = [("username", user), ("password", password), ("f", "json")];
        for path in ["/arcgis/sharing/rest/generateToken", "/arcgis/tokens/generateToken"] {
            not_generated(&post_only(&world, path, &fields).send().await, "Invalid username or password.");
        }
        let reply = post_only(&world, "/arcgis/admin/generateToken", &fields).send().await;
        refused(&reply, 400, "Invalid username or password.");
    }
}

#[tokio::test]
async fn generate_token_bad_fields() {
    let world = world().await;
    let path = "/arcgis/sharing/rest/generateToken";
    for (fields, words) in [
        (&[("password", "test")][..], "'username' is missing"),
        (&[("username", "test")], "'password' is missing"),
        (&[("username", "test"), ("password", "")], "'password' is missing"),
        (&[("username", "test"), ("username", "test")], "'username' is given more than once"),
        (&[("client", "referer"), ("username", "test"), ("password", "test")], "'referer' is missing"),
        (&[("client", "ip"), ("username", "test"), ("password", "test")], "'ip' is missing"),
        (&[("client", "ip"), ("ip", "1.2.3"), ("username", "test"), ("password", "test")], "no IP address"),
        (&[("client", "me"), ("username", "test"), ("password", "test")], "use referer, ip or requestip"),
        (&[("referer", "a\nb"), ("username", "test"), ("password", "test")], "'referer' contains"),
        (&[("expiration", "0"), ("username", "test"), ("password", "test")], "'expiration' is '0'"),
        (&[("expiration", "-5"), ("username", "test"), ("password", "test")], "'expiration' is '-5'"),
        (&[("expiration", "21601"), ("username", "test"), ("password", "test")], "'expiration' is '21601'"),
        (&[("expiration", "1h"), ("username", "test"), ("password", "test")], "'expiration' is '1h'"),
        (&[("request", "getToken"), ("token", "test")], "'serverURL' is missing"),
    ] {
        let reply = post_only(&world, path, &[&[("f", "json")], fields].concat()).send().await;
        not_generated(&reply, words);
    }
    let long = "h".repeat(2001);
    not_generated(&generate(&world, path, &[("referer", &long)]).await, "'referer' is too long");
    // What is in a URL is in logs.
    let reply = world.ask("POST", &format!("{path}?username=test&password=test&f=json")).send().await;
    not_generated(&reply, "'username' is missing");
    let reply = world.ask("GET", &format!("{path}?username=test&password=test&f=json")).send().await;
    assert_eq!(json_of(&reply)["error"]["code"], 405);
}

#[tokio::test]
async fn generate_token_lasts_as_long_as_asked() {
    let mut world = world().await;
    let hour = token(&world, "/arcgis/admin/generateToken", &[]).await;
    let answer = good(&generate(&world, "/arcgis/admin/generateToken", &[("expiration", "5")]).await);
    let five = answer["token"].as_str().unwrap();
    let expires = answer["expires"].as_i64().unwrap();
    assert_eq!(expires % 1000, 0);
    good(&list_with(&world, five).await);
    world.pass_seconds(5 * 60);
    refused(&list_with(&world, five).await, 498, "Invalid Token. It has expired");
    world.restart().await;
    good(&list_with(&world, &hour).await);
    world.pass_seconds(55 * 60);
    refused(&list_with(&world, &hour).await, 498, "expired");
}

#[tokio::test]
async fn token_bound_to_a_referer_or_address() {
    let world = world().await;
    let path = "/arcgis/tokens/generateToken";
    let bound = token(&world, path, &[("client", "referer"), ("referer", "https://app.test/map")]).await;
    let list = |referer: &'static str| {
        let request = world.ask("GET", &format!("{UPLOADS}?f=json&token={bound}"));
        if referer.is_empty() { request } else { request.header("referer", referer) }.send()
    };
    for referer in ["https://app.test/map", "https://app.test/map/page?x", "https://app.test/"] {
        good(&list(referer).await);
    }
    for referer in ["", "https://app.test.evil.test/", "https://app.test/other"] {
        refused(&list(referer).await, 498, "another referer");
    }
    good(&list_with(&world, &token(&world, path, &[("client", "requestip")]).await).await);
    good(&list_with(&world, &token(&world, path, &[("client", "ip"), ("ip", "127.0.0.1")]).await).await);
    let elsewhere = token(&world, path, &[("client", "ip"), ("ip", "192.0.2.1")]).await;
    refused(&list_with(&world, &elsewhere).await, 498, "another IP address");
}

#[tokio::test]
async fn get_token_for_a_federated_server() {
    let world = world().await;
    let portal = token(&world, "/portal/sharing/rest/generateToken", &[]).await;
    let fields = [("request", "getToken"), ("serverURL", "http://h/server"), ("token", portal.as_str()), ("f", "json")];
    let path = "/portal/sharing/rest/generateToken";
    let server = good(&post_only(&world, path, &fields).send().await)["token"].as_str().unwrap().to_owned();
    good(&list_with(&world, &server).await);
    let fields = [("request", "getToken"), ("serverURL", "http://h/server"), ("token", "bad"), ("f", "json")];
    assert_eq!(json_of(&post_only(&world, path, &fields).send().await)["error"]["code"], 498);
}

#[tokio::test]
async fn token_in_every_place() {
    let world = world().await;
    let generated = token(&world, "/arcgis/sharing/rest/generateToken", &[]).await;
    for token in ["test", generated.as_str()] {
        let bearer = format!("Bearer {token}");
        good(&list_with(&world, token).await);
        for header in ["authorization", "x-esri-authorization"] {
            good(&world.ask("GET", &format!("{UPLOADS}?f=json")).header(header, &bearer).send().await);
            let form = [("f", "json"), ("itemName", "a.sd")];
            let post = post_only(&world, &format!("{UPLOADS}/register"), &form).header(header, &bearer);
            good(&post.send().await);
        }
        let form = [("f", "json"), ("itemName", "a.sd"), ("token", token)];
        good(&post_only(&world, &format!("{UPLOADS}/register"), &form).send().await);
        let (content_type, body) = form_data(&form, None);
        let post = world.ask("POST", &format!("{UPLOADS}/register")).header("content-type", content_type).body(body);
        good(&post.send().await);
        // Reading by POST.
        good(&post_only(&world, UPLOADS, &[("f", "json"), ("token", token)]).send().await);
    }
}

#[tokio::test]
async fn token_missing_or_invalid_everywhere() {
    let world = world().await;
    let id = register(&world, UPLOADS, "a.sd").await;
    let item = format!("{UPLOADS}/{id}");
    let gets = [
        "/arcgis/admin",
        UPLOADS,
        &format!("{UPLOADS}/config"),
        &item,
        &format!("{item}/parts"),
        &format!("{item}/download"),
    ];
    for path in gets {
        let reply = world.ask("GET", &format!("{path}?f=json")).send().await;
        refused(
            &reply,
            499,
            "Unauthorized access.Token not found. You can generate a token using the 'generateToken' operation.",
        );
        let reply =
            world.ask("GET", &format!("{path}?f=json")).header("authorization", "Basic dGVzdDp0ZXN0").send().await;
        refused(&reply, 499, "Token not found");
        let signed_by_others = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJ0ZXN0IiwiYXVkIjoiYXJjZ2lzIiwiaWF0IjoxLCJleHAiOjk5OTk5OTk5OTksImp0aSI6IngifQ.AAAA";
        for bad in ["wrong", "Test", signed_by_others] {
            refused(&world.ask("GET", &format!("{path}?f=json&token={bad}")).send().await, 498, "Invalid Token");
        }
    }
    let posts = [
        format!("{UPLOADS}/register"),
        format!("{UPLOADS}/upload"),
        format!("{item}/uploadPart"),
        format!("{item}/commit"),
        format!("{item}/delete"),
    ];
    for path in &posts {
        let form = [("f", "json"), ("itemName", "a.sd"), ("partNumber", "1")];
        refused(&post_only(&world, path, &form).send().await, 499, "Token not found");
        refused(
            &post_only(&world, &format!("{path}?token=test"), &form).send().await,
            499,
            "in the body, not in the URL",
        );
        let form = [&form[..], &[("token", "wrong")]].concat();
        refused(&post_only(&world, path, &form).send().await, 498, "Invalid Token");
    }
    good(&super::post(&world, &format!("{item}/delete"), &[]).send().await);
    expect_nothing(&world).await;
}

#[tokio::test]
async fn token_after_the_file_is_looked_at_before_anything_is_kept() {
    let world = world().await;
    let id = register(&world, UPLOADS, "a.sd").await;
    let bytes = vec![7; 300_000];
    for (path, field) in [(format!("{UPLOADS}/upload"), "itemFile"), (format!("{UPLOADS}/{id}/uploadPart"), "partFile")]
    {
        let send = |token: &'static str| {
            let file = format!("--b\r\nContent-Disposition: form-data; name=\"{field}\"; filename=\"a.sd\"\r\n\r\n");
            let fields = [("partNumber", "1"), ("token", token), ("f", "json")];
            let fields = fields.map(|(name, value)| {
                format!("\r\n--b\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}")
            });
            let body = [file.as_bytes(), &bytes, fields.concat().as_bytes(), b"\r\n--b--\r\n"].concat();
            world.ask("POST", &path).header("content-type", "multipart/form-data; boundary=b").body(body).send()
        };
        refused(&send("wrong").await, 498, "Invalid Token");
        refused(&send("").await, 499, "Token not found");
        world.expect_blob_files(0).await;
        good(&send("test").await);
        world.expect_blob_files(1).await;
        let list = good(&super::get(&world, UPLOADS).send().await);
        for item in list["uploadItems"].as_array().unwrap().iter().filter(|item| item["committed"] == true) {
            let id = item["itemID"].as_str().unwrap();
            good(&super::post(&world, &format!("{UPLOADS}/{id}/delete"), &[]).send().await);
        }
        world.expect_blob_files(usize::from(field == "partFile")).await;
    }
}

#[tokio::test]
async fn another_account_does_not_see_a_contexts_items() {
    let world = World::with("arcgis", |builder| {
        let other = Identity::of_account("other", "secret2", "222222222222");
        builder.identities(Identities::new([Identity::new("test", "test"), other]).unwrap())
    })
    .await;
    register(&world, UPLOADS, "a.sd").await;
    refused(&list_with(&world, "secret2").await, 403, "belong to another account");
    let form = [("f", "json"), ("token", "secret2"), ("itemName", "b.sd")];
    refused(&post_only(&world, &format!("{UPLOADS}/register"), &form).send().await, 403, "another account");
    let form = [("f", "json"), ("token", "secret2"), ("itemName", "b.sd")];
    good(&post_only(&world, "/theirs/admin/uploads/register", &form).send().await);
}

#[tokio::test]
async fn info_tells_where_tokens_are_generated() {
    let world = world().await;
    for (path, service) in
        [("/arcgis/rest/info", "tokens/generateToken"), ("/arcgis/sharing/rest/info", "sharing/rest/generateToken")]
    {
        let info = good(&world.ask("GET", &format!("{path}?f=json")).send().await);
        assert_eq!(info["authInfo"]["isTokenBasedSecurity"], true);
        let url = info["authInfo"]["tokenServicesUrl"].as_str().unwrap().to_owned();
        assert_eq!(url, format!("http://{}/_staves/arcgis/arcgis/{service}", world.addr()));
        let form = "username=test&password=test&f=json";
        let login = world.follow("POST", &url).header("content-type", "application/x-www-form-urlencoded").body(form);
        assert!(good(&login.send().await)["token"].is_string());
    }
}
