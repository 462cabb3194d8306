//! HERE Blob, both versions: the bytes go through the API.

use serde_json::{Value, json};
use staves::server::ServerBuilder;

use super::adapter::{Adapter, Listed, Refusal, Rule, Started};
use crate::plain::{SMALL_PART, World, json_of};
use crate::support::Reply;

pub(crate) struct HereV2;

pub(crate) struct HereV1;

const KEYS: &str = "/layers/l1/keys";
const DATA: &str = "/layers/l1/data/handle-1";
const WRONG_DIGEST: &str = "MD5:d41d8cd98f00b204e9800998ecf8427e";

fn small_parts(builder: ServerBuilder) -> ServerBuilder {
    let mut options = staves::facades::Options::default();
    options.add(&format!("here.part_multiple={SMALL_PART}")).unwrap();
    builder.facade_options(options)
}

fn done(reply: &Reply, status: u16) -> Result<(), Refusal> {
    if reply.status == status { Ok(()) } else { Err(Refusal::of(reply)) }
}

impl HereV2 {
    async fn put(
        world: &World,
        started: &Started,
        n: u16,
        bytes: &[u8],
        digest: Option<&str>,
    ) -> Result<String, Refusal> {
        let path = format!("{KEYS}Multipart/{}/parts?partNumber={n}", started.0.as_str().unwrap());
        let mut post = world.asked("POST", &path).body(bytes);
        if let Some(digest) = digest {
            post = post.header("x-here-digest", digest);
        }
        let reply = post.send().await;
        done(&reply, 200).map(|()| json_of(&reply)["id"].as_str().unwrap().to_owned())
    }
}

impl Adapter for HereV2 {
    const UNIT: usize = SMALL_PART;
    const LISTED: Listed = Listed::ByNumber;
    const GAPS: Rule = Rule::Refused;
    const SMALL: Rule = Rule::Refused;
    const AGAIN: Rule = Rule::Taken;

    async fn start() -> World {
        World::with("here", small_parts).await
    }

    async fn start_upload(world: &World, _size_bytes: usize, _parts: u16) -> Started {
        let body = json!({ "contentType": "application/x-test" });
        let reply = world.json("POST", &format!("{KEYS}/dir/file.bin"), &body).send().await.expect_status(200);
        Started(json_of(&reply)["multipartToken"].clone())
    }

    async fn part(world: &World, started: &Started, number: u16, bytes: &[u8]) -> Result<String, Refusal> {
        HereV2::put(world, started, number, bytes, None).await
    }

    async fn part_with_wrong_digest(
        world: &World,
        started: &Started,
        number: u16,
        bytes: &[u8],
    ) -> Option<Result<String, Refusal>> {
        Some(HereV2::put(world, started, number, bytes, Some(WRONG_DIGEST)).await)
    }

    async fn complete(world: &World, started: &Started, list: &[(u16, String)]) -> Result<(), Refusal> {
        let parts: Vec<Value> = list.iter().map(|(number, id)| json!({ "id": id, "number": number })).collect();
        let path = format!("{KEYS}Multipart/{}", started.0.as_str().unwrap());
        done(&world.json("PUT", &path, &json!({ "parts": parts })).send().await, 204)
    }

    async fn abort(world: &World, started: &Started) -> Option<Result<(), Refusal>> {
        let path = format!("{KEYS}Multipart/{}", started.0.as_str().unwrap());
        Some(done(&world.asked("DELETE", &path).send().await, 202))
    }

    async fn object(world: &World, _started: &Started) -> Option<Vec<u8>> {
        world.s3_bytes("here-default", "l1/keys/dir/file.bin").await
    }
}

impl HereV1 {
    /// The links lead to the port that was asked: after a restart it is another.
    fn path<'a>(started: &'a Started, link: &str) -> &'a str {
        let href = started.0[link]["href"].as_str().unwrap();
        &href[href.find("/layers/").unwrap()..]
    }

    async fn put(
        world: &World,
        started: &Started,
        n: u16,
        bytes: &[u8],
        digest: Option<&str>,
    ) -> Result<String, Refusal> {
        let path = format!("{}?partNumber={n}", HereV1::path(started, "uploadPart"));
        let mut post = world.asked("POST", &path).header("content-type", "application/x-test").body(bytes);
        if let Some(digest) = digest {
            post = post.header("x-here-digest", digest);
        }
        let reply = post.send().await;
        done(&reply, 200).map(|()| reply.header("etag").unwrap().to_owned())
    }
}

impl Adapter for HereV1 {
    const UNIT: usize = SMALL_PART;
    const LISTED: Listed = Listed::ByNumber;
    const GAPS: Rule = Rule::Refused;
    const SMALL: Rule = Rule::Refused;
    const AGAIN: Rule = Rule::Taken;

    async fn start() -> World {
        World::with("here", small_parts).await
    }

    async fn start_upload(world: &World, _size_bytes: usize, _parts: u16) -> Started {
        let body = json!({ "contentType": "application/x-test" });
        let reply = world.json("POST", &format!("{DATA}/multiparts"), &body).send().await.expect_status(200);
        Started(json_of(&reply)["links"].clone())
    }

    async fn part(world: &World, started: &Started, number: u16, bytes: &[u8]) -> Result<String, Refusal> {
        HereV1::put(world, started, number, bytes, None).await
    }

    async fn part_with_wrong_digest(
        world: &World,
        started: &Started,
        number: u16,
        bytes: &[u8],
    ) -> Option<Result<String, Refusal>> {
        Some(HereV1::put(world, started, number, bytes, Some(WRONG_DIGEST)).await)
    }

    async fn complete(world: &World, started: &Started, list: &[(u16, String)]) -> Result<(), Refusal> {
        let parts: Vec<Value> = list.iter().map(|(number, etag)| json!({ "etag": etag, "number": number })).collect();
        let path = HereV1::path(started, "complete");
        done(&world.json("PUT", path, &json!({ "parts": parts })).send().await, 204)
    }

    async fn abort(world: &World, started: &Started) -> Option<Result<(), Refusal>> {
        Some(done(&world.asked("DELETE", HereV1::path(started, "delete")).send().await, 204))
    }

    async fn object(world: &World, _started: &Started) -> Option<Vec<u8>> {
        world.s3_bytes("here-default", "l1/data/handle-1").await
    }
}
