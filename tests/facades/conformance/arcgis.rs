//! `ArcGIS` uploads: parts in forms, and a list of their numbers.

use serde_json::{Value, json};

use super::adapter::{Adapter, Listed, Refusal, Rule, Started};
use crate::plain::{World, form_data, json_of};

pub(crate) struct ArcGis;

const UPLOADS: &str = "/arcgis/admin/uploads";
const NAME: &str = "Test.sd";

impl ArcGis {
    async fn post(
        world: &World,
        path: &str,
        fields: &[(&str, &str)],
        file: Option<(&str, &str, &str, &[u8])>,
    ) -> Result<Value, Refusal> {
        let fields = [&[("f", "json"), ("token", "test")], fields].concat();
        let (content_type, body) = form_data(&fields, file);
        let post = world.ask("POST", &format!("{UPLOADS}/{path}")).header("content-type", content_type).body(body);
        let reply = post.send().await;
        if json_of(&reply)["status"] == "success" { Ok(json_of(&reply)) } else { Err(Refusal::of(&reply)) }
    }
}

fn id(started: &Started) -> &str {
    started.0.as_str().unwrap()
}

impl Adapter for ArcGis {
    const UNIT: usize = 20_000;
    const LISTED: Listed = Listed::AsTheListSays;
    const GAPS: Rule = Rule::Taken;
    const SMALL: Rule = Rule::Taken;
    const AGAIN: Rule = Rule::Taken;
    const IDS: Rule = Rule::Refused;

    async fn start() -> World {
        World::start("arcgis").await
    }

    async fn start_upload(world: &World, _size_bytes: usize, _parts: u16) -> Started {
        let registered = ArcGis::post(world, "register", &[("itemName", NAME)], None).await.unwrap();
        Started(json!(registered["item"]["itemID"]))
    }

    async fn part(world: &World, started: &Started, number: u16, bytes: &[u8]) -> Result<String, Refusal> {
        let (path, number) = (format!("{}/uploadPart", id(started)), number.to_string());
        let file = ("partFile", "blob", "application/octet-stream", bytes);
        ArcGis::post(world, &path, &[("partNumber", &number)], Some(file)).await.map(|_| number)
    }

    async fn part_with_wrong_digest(
        _world: &World,
        _started: &Started,
        _number: u16,
        _bytes: &[u8],
    ) -> Option<Result<String, Refusal>> {
        None
    }

    async fn complete(world: &World, started: &Started, list: &[(u16, String)]) -> Result<(), Refusal> {
        let numbers: Vec<_> = list.iter().map(|(number, _)| number.to_string()).collect();
        let path = format!("{}/commit", id(started));
        ArcGis::post(world, &path, &[("parts", &numbers.join(","))], None).await.map(drop)
    }

    async fn abort(world: &World, started: &Started) -> Option<Result<(), Refusal>> {
        Some(ArcGis::post(world, &format!("{}/delete", id(started)), &[], None).await.map(drop))
    }

    async fn object(world: &World, started: &Started) -> Option<Vec<u8>> {
        world.s3_bytes("arcgis-arcgis", &format!("uploads/{}/{NAME}", id(started))).await
    }

    fn says_no(refusal: &Refusal) -> bool {
        // Its refusals come with 200, and their code in the body.
        refusal.status == 200 && refusal.text.contains("\"status\":\"error\"")
    }
}
