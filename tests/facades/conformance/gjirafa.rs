//! Gjirafa VP: parts by presigned URLs.

use serde_json::{Value, json};

use super::adapter::{Adapter, Listed, Refusal, Rule, Started};
use crate::plain::{SMALL_PART, World, json_of};

pub(crate) struct Gjirafa;

const UPLOADS: &str = "/api/projects/p1/uploads";

impl Gjirafa {
    async fn ask(world: &World, method: &str, path: &str, body: Value) -> Result<Value, Refusal> {
        let reply = world.json(method, &format!("{UPLOADS}{path}"), &body).send().await;
        if reply.status == 200 { Ok(json_of(&reply)["result"].clone()) } else { Err(Refusal::of(&reply)) }
    }

    async fn put(
        world: &World,
        started: &Started,
        number: u16,
        bytes: &[u8],
        md5: Option<&str>,
    ) -> Result<String, Refusal> {
        let urls = started.0["presignedUrl"].as_array().unwrap();
        let url = urls.iter().find(|url| url["partNumber"] == number).unwrap()["presignedUrl"].as_str().unwrap();
        let mut put = world.follow("PUT", url).body(bytes);
        if let Some(md5) = md5 {
            put = put.header("content-md5", md5);
        }
        let reply = put.send().await;
        if reply.status == 200 { Ok(reply.header("etag").unwrap().to_owned()) } else { Err(Refusal::of(&reply)) }
    }
}

impl Adapter for Gjirafa {
    const UNIT: usize = SMALL_PART;
    const LISTED: Listed = Listed::HasToAscend;
    const GAPS: Rule = Rule::Taken;
    const SMALL: Rule = Rule::Refused;
    const AGAIN: Rule = Rule::Taken;
    const URL_SECONDS: Option<i64> = Some(12 * 3600);

    async fn start() -> World {
        World::start("gjirafa").await
    }

    async fn over_upstream() -> World {
        World::over_upstream("gjirafa").await
    }

    async fn start_upload(world: &World, size_bytes: usize, parts: u16) -> Started {
        let body = json!({ "fileName": "file.bin", "partsNumber": parts, "contentLength": size_bytes });
        Started(Gjirafa::ask(world, "POST", "/multipart", body).await.unwrap())
    }

    async fn part(world: &World, started: &Started, number: u16, bytes: &[u8]) -> Result<String, Refusal> {
        Gjirafa::put(world, started, number, bytes, None).await
    }

    async fn part_with_wrong_digest(
        world: &World,
        started: &Started,
        number: u16,
        bytes: &[u8],
    ) -> Option<Result<String, Refusal>> {
        Some(Gjirafa::put(world, started, number, bytes, Some("1B2M2Y8AsgTpgAmY7PhCfg==")).await)
    }

    async fn complete(world: &World, started: &Started, list: &[(u16, String)]) -> Result<(), Refusal> {
        let parts: Vec<_> = list.iter().map(|(n, etag)| json!({ "partNumber": n, "eTag": etag })).collect();
        let body = json!({ "requestKey": started.0["requestKey"], "parts": parts });
        Gjirafa::ask(world, "PUT", "/multipart-complete", body).await.map(drop)
    }

    async fn abort(world: &World, started: &Started) -> Option<Result<(), Refusal>> {
        let body = json!({ "requestKey": started.0["requestKey"] });
        Some(Gjirafa::ask(world, "PUT", "/multipart-abort", body).await.map(drop))
    }

    async fn object(world: &World, started: &Started) -> Option<Vec<u8>> {
        let key = format!("uploads/{}/file.bin", started.0["requestKey"].as_str().unwrap());
        world.s3_bytes("gjirafa-p1", &key).await
    }

    async fn after_restart(world: &World, started: &mut Started) {
        let body = json!({ "requestKey": started.0["requestKey"] });
        if let Ok(resumed) = Gjirafa::ask(world, "POST", "/multipart-resume", body).await {
            started.0 = resumed;
        }
    }
}
