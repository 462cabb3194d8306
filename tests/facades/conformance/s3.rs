//! S3 itself.

use serde_json::json;

use super::adapter::{Adapter, Listed, Refusal, Rule, Started};
use crate::plain::{SMALL_PART, World};
use crate::support::server;

pub(crate) struct S3;

const TARGET: &str = "/bkt/file.bin";

impl Adapter for S3 {
    const UNIT: usize = SMALL_PART;
    const LISTED: Listed = Listed::HasToAscend;
    const GAPS: Rule = Rule::Taken;
    const SMALL: Rule = Rule::Refused;
    const AGAIN: Rule = Rule::Taken;

    async fn start() -> World {
        // Any facade's world: S3 is beside it.
        World::with("here", |builder| builder.buckets(["bkt"])).await
    }

    async fn start_upload(world: &World, _size_bytes: usize, _parts: u16) -> Started {
        Started(json!(server::create_upload(&world.s3(), TARGET, &[]).await))
    }

    async fn part(world: &World, started: &Started, number: u16, bytes: &[u8]) -> Result<String, Refusal> {
        let reply = server::upload_part(&world.s3(), TARGET, started.0.as_str().unwrap(), number.into(), bytes).await;
        if reply.status == 200 { Ok(reply.header("etag").unwrap().to_owned()) } else { Err(Refusal::of(&reply)) }
    }

    async fn part_with_wrong_digest(
        world: &World,
        started: &Started,
        number: u16,
        bytes: &[u8],
    ) -> Option<Result<String, Refusal>> {
        let target = format!("{TARGET}?partNumber={number}&uploadId={}", started.0.as_str().unwrap());
        let put = world.s3().put(&target).header("content-md5", "1B2M2Y8AsgTpgAmY7PhCfg==").body(bytes);
        let reply = put.send().await;
        Some(if reply.status == 200 { Ok(String::new()) } else { Err(Refusal::of(&reply)) })
    }

    async fn complete(world: &World, started: &Started, list: &[(u16, String)]) -> Result<(), Refusal> {
        let list = server::part_list(list.iter().map(|(number, etag)| (u32::from(*number), etag.as_str())));
        let reply = server::complete(&world.s3(), TARGET, started.0.as_str().unwrap(), &list).await;
        if reply.status == 200 { Ok(()) } else { Err(Refusal::of(&reply)) }
    }

    async fn abort(world: &World, started: &Started) -> Option<Result<(), Refusal>> {
        let target = format!("{TARGET}?uploadId={}", started.0.as_str().unwrap());
        let reply = world.s3().delete(&target).send().await;
        Some(if reply.status == 204 { Ok(()) } else { Err(Refusal::of(&reply)) })
    }

    async fn object(world: &World, _started: &Started) -> Option<Vec<u8>> {
        world.s3_bytes("bkt", "file.bin").await
    }
}
