//! The ArcGIS facade on the wire, in Kubernetes' words and in Server's.

#[path = "arcgis/formats.rs"]
mod formats;
#[path = "arcgis/items.rs"]
mod items;
#[path = "arcgis/parts.rs"]
mod parts;
#[path = "arcgis/tokens.rs"]
mod tokens;

use serde_json::Value;

use super::plain::{World, form_data, json_of};
use super::support::{Reply, RequestBuilder};

/// The uploads of the context `arcgis`, which speaks Kubernetes to who sends the secret key.
const UPLOADS: &str = "/arcgis/admin/uploads";
/// Those of the context `server`, which is always a Server.
const SERVER_UPLOADS: &str = "/server/admin/uploads";

async fn world() -> World {
    World::start("arcgis").await
}

/// A POST of an urlencoded form with `f=json` and the secret key as its token.
fn post(world: &World, path: &str, fields: &[(&str, &str)]) -> RequestBuilder {
    let fields = [&[("f", "json"), ("token", "test")], fields].concat();
    post_only(world, path, &fields)
}

/// A POST of just these fields.
fn post_only(world: &World, path: &str, fields: &[(&str, &str)]) -> RequestBuilder {
    let encode = |text: &str| staves::wire::percent::encode(text.as_bytes());
    let fields: Vec<_> = fields.iter().map(|(name, value)| format!("{}={}", encode(name), encode(value))).collect();
    world.ask("POST", path).header("content-type", "application/x-www-form-urlencoded").body(fields.join("&"))
}

/// A POST of a multipart form with `f=json` and the secret key as its token: these fields, then the file.
fn post_file(world: &World, path: &str, fields: &[(&str, &str)], file: (&str, &str, &str, &[u8])) -> RequestBuilder {
    let fields = [&[("f", "json"), ("token", "test")], fields].concat();
    let (content_type, body) = form_data(&fields, Some(file));
    world.ask("POST", path).header("content-type", content_type).body(body)
}

/// A GET with `f=json` and the secret key.
fn get(world: &World, path: &str) -> RequestBuilder {
    world.ask("GET", &format!("{path}?f=json&token=test"))
}

/// The answer as JSON, which is no error.
#[track_caller]
fn good(reply: &Reply) -> Value {
    assert_eq!(reply.status, 200, "{}", reply.text());
    assert_eq!(reply.header("content-type"), Some("application/json;charset=UTF-8"));
    let value = json_of(reply);
    assert!(value["status"] != "error" && value["error"].is_null(), "{value}");
    value
}

/// Fails unless the answer is an error of the administrator API with this code, whose message has these words.
#[track_caller]
fn refused(reply: &Reply, code: u16, words: &str) {
    assert_eq!(reply.status, 200, "{}", reply.text());
    let value = json_of(reply);
    assert_eq!((&value["status"], &value["code"]), (&Value::from("error"), &Value::from(code)), "{value}");
    assert_eq!(value["messages"].as_array().map(Vec::len), Some(1), "{value}");
    let message = value["messages"][0].as_str().unwrap();
    assert!(message.contains(words), "{message:?} without {words:?}");
}

/// Registers an item and returns its id.
async fn register(world: &World, uploads: &str, name: &str) -> String {
    let reply = post(world, &format!("{uploads}/register"), &[("itemName", name)]).send().await;
    good(&reply)["item"]["itemID"].as_str().unwrap().to_owned()
}

/// Uploads a part and returns the answer.
async fn upload_part(world: &World, uploads: &str, id: &str, number: &str, bytes: &[u8]) -> Reply {
    let file = ("partFile", "blob", "application/octet-stream", bytes);
    post_file(world, &format!("{uploads}/{id}/uploadPart"), &[("partNumber", number)], file).send().await
}

/// Commits an item, of these parts or without a list, and returns the answer.
async fn commit(world: &World, uploads: &str, id: &str, parts: Option<&str>) -> Reply {
    let fields = parts.map(|parts| ("parts", parts));
    post(world, &format!("{uploads}/{id}/commit"), fields.as_slice()).send().await
}

/// The bytes of an item, as its download gives them.
async fn download(world: &World, uploads: &str, id: &str) -> Vec<u8> {
    get(world, &format!("{uploads}/{id}/download")).send().await.expect_status(200).body
}

/// Nothing is left of what was refused: no item, no file, no open upload.
async fn expect_nothing(world: &World) {
    for uploads in [UPLOADS, SERVER_UPLOADS] {
        let list = good(&get(world, uploads).send().await);
        let items = if list["items"].is_null() { &list["uploadItems"] } else { &list["items"] };
        assert_eq!(items.as_array().map(Vec::len), Some(0), "{list}");
    }
    for bucket in ["arcgis-arcgis", "arcgis-server"] {
        let reply = world.s3().get(&format!("/{bucket}?uploads")).send().await;
        assert!(reply.status == 404 || reply.xml_all("Upload").is_empty(), "{}", reply.text());
        let reply = world.s3().get(&format!("/{bucket}?list-type=2")).send().await;
        assert!(reply.status == 404 || reply.xml_all("Key").is_empty(), "{}", reply.text());
    }
    world.expect_blob_files(0).await;
}
