//! GeoLens: parts by presigned URLs, completed once.

use serde_json::{Value, json};

use super::adapter::{Adapter, Listed, Refusal, Rule, Started};
use crate::plain::{SMALL_PART, World, json_of};
use crate::support::RawClient;

pub(crate) struct GeoLens;

/// Every file is uploaded in parts, with more URLs than the suite has parts.
fn small_parts(builder: staves::server::ServerBuilder) -> staves::server::ServerBuilder {
    let mut options = staves::facades::Options::default();
    for option in ["geolens.presigned_threshold=0", "geolens.part_size=7", "geolens.max_file_size=64KiB"] {
        options.add(option).unwrap();
    }
    builder.facade_options(options)
}

impl GeoLens {
    async fn put(
        world: &World,
        started: &Started,
        number: u16,
        bytes: &[u8],
        md5: Option<&str>,
    ) -> Result<String, Refusal> {
        let url = started.0["urls"][usize::from(number) - 1].as_str().unwrap();
        let (authority, target) =
            url.strip_prefix("http://").unwrap().split_at(url["http://".len()..].find('/').unwrap());
        // The server's port is another after a restart; the URL is good for the address that it was made for.
        let address =
            if authority == world.storage().addr().to_string() { authority.parse().unwrap() } else { world.addr() };
        let client = RawClient::new(address, "", "");
        let mut put = client.request("PUT", target).anonymous().header("x-forwarded-host", authority).body(bytes);
        if let Some(md5) = md5 {
            put = put.header("content-md5", md5);
        }
        let reply = put.send().await;
        if reply.status == 200 { Ok(reply.header("etag").unwrap().to_owned()) } else { Err(Refusal::of(&reply)) }
    }
}

impl Adapter for GeoLens {
    const UNIT: usize = SMALL_PART;
    const LISTED: Listed = Listed::HasToAscend;
    const GAPS: Rule = Rule::Taken;
    const SMALL: Rule = Rule::Refused;
    const AGAIN: Rule = Rule::Refused;
    const URL_SECONDS: Option<i64> = Some(3600);
    const REFUSAL_ENDS_UPLOAD: bool = true;

    async fn start() -> World {
        World::with("geolens", small_parts).await
    }

    async fn over_upstream() -> World {
        World::over_upstream_with("geolens", small_parts).await
    }

    async fn start_upload(world: &World, size_bytes: usize, _parts: u16) -> Started {
        let body = json!({ "filename": "file.csv", "file_size": size_bytes });
        let reply = world.json("POST", "/ingest/upload/presigned", &body).send().await.expect_status(201);
        Started(json_of(&reply))
    }

    async fn part(world: &World, started: &Started, number: u16, bytes: &[u8]) -> Result<String, Refusal> {
        GeoLens::put(world, started, number, bytes, None).await
    }

    async fn part_with_wrong_digest(
        world: &World,
        started: &Started,
        number: u16,
        bytes: &[u8],
    ) -> Option<Result<String, Refusal>> {
        Some(GeoLens::put(world, started, number, bytes, Some("1B2M2Y8AsgTpgAmY7PhCfg==")).await)
    }

    async fn complete(world: &World, started: &Started, list: &[(u16, String)]) -> Result<(), Refusal> {
        let parts: Vec<Value> = list.iter().map(|(n, etag)| json!({ "part_number": n, "etag": etag })).collect();
        let path = format!("/ingest/upload/presigned/{}/complete", started.0["job_id"].as_str().unwrap());
        let reply = world.json("POST", &path, &json!({ "parts": parts })).send().await;
        if reply.status == 200 { Ok(()) } else { Err(Refusal::of(&reply)) }
    }

    async fn abort(_world: &World, _started: &Started) -> Option<Result<(), Refusal>> {
        None
    }

    async fn object(world: &World, started: &Started) -> Option<Vec<u8>> {
        let key = format!("staging/{}/frozen/file.csv", started.0["job_id"].as_str().unwrap());
        world.s3_bytes("geolens", &key).await
    }

    fn says_no(refusal: &Refusal) -> bool {
        refusal.status == 502 && refusal.text.contains("Upload completion failed")
    }
}
