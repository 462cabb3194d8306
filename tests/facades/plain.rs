//! What tests of the facades share: a server whose clock can be stepped, requests without S3's signatures, and JSON.

#![allow(dead_code, reason = "every facade uses another part of this module")]

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use serde_json::Value;
use staves::engine::clock::Clock;
use staves::engine::limits::Limits;
use staves::engine::list::ListQuery;
use staves::engine::upload::UploadQuery;
use staves::facades::Upstream;
use staves::http::identity::{Identities, Identity, Secret};
use staves::server::{RunningServer, Server, ServerBuilder};
use tempfile::TempDir;

use super::support::{RawClient, Reply, RequestBuilder};

/// Parts may be as small as this, so that tests need not send megabytes.
pub(crate) const SMALL_PART: usize = 16;

/// Runs tests of a control plane, functions of a [`World`], over the engine and over an S3 endpoint behind the server,
/// perhaps one that is `set_up` otherwise.
macro_rules! over_both_storages {
    ($facade:literal: $($test:ident),+ $(,)?) => {
        crate::plain::over_both_storages! { $facade, |builder| builder; $($test),+ }
    };
    ($facade:literal, $set_up:expr; $($test:ident),+ $(,)?) => {
        mod over_the_engine {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $test() {
                super::$test(crate::plain::World::with($facade, $set_up).await).await;
            })+
        }
        #[cfg(feature = "upstream")]
        mod over_an_upstream {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $test() {
                super::$test(crate::plain::World::over_upstream_with($facade, $set_up).await).await;
            })+
        }
    };
}
pub(crate) use over_both_storages;

/// A server on disk that can be started again, with a clock that only moves when it is told; perhaps with another server
/// behind it, as its upstream.
pub(crate) struct World {
    running: Option<RunningServer>,
    upstream: Option<RunningServer>,
    data: TempDir,
    now_ms: Arc<AtomicI64>,
    set_up: Box<dyn Fn(ServerBuilder) -> ServerBuilder + Send + Sync>,
    /// The name of the facade that is asked.
    facade: &'static str,
}

impl World {
    pub(crate) async fn start(facade: &'static str) -> World {
        World::with(facade, |builder| builder).await
    }

    pub(crate) async fn with(
        facade: &'static str,
        set_up: impl Fn(ServerBuilder) -> ServerBuilder + Send + Sync + 'static,
    ) -> World {
        let mut world = World::closed(facade, set_up);
        world.open().await;
        world
    }

    /// With another Staves behind it. Only builds with the feature `upstream` can do that.
    pub(crate) async fn over_upstream(facade: &'static str) -> World {
        World::over_upstream_with(facade, |builder| builder).await
    }

    pub(crate) async fn over_upstream_with(
        facade: &'static str,
        set_up: impl Fn(ServerBuilder) -> ServerBuilder + Send + Sync + 'static,
    ) -> World {
        let mut world = World::closed(facade, set_up);
        let identities = Identities::new([Identity::new("upstream", "hidden")]).unwrap();
        let builder = world.builder().data_dir(world.data.path().join("upstream")).identities(identities);
        world.upstream = Some(builder.start().await.expect("the upstream starts"));
        world.open().await;
        world
    }

    fn closed(facade: &'static str, set_up: impl Fn(ServerBuilder) -> ServerBuilder + Send + Sync + 'static) -> World {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
        World {
            running: None,
            upstream: None,
            data: tempfile::tempdir().unwrap(),
            now_ms: Arc::new(AtomicI64::new(i64::try_from(now.as_millis()).unwrap())),
            set_up: Box::new(set_up),
            facade,
        }
    }

    fn builder(&self) -> ServerBuilder {
        let limits = Limits { min_part_size_bytes: SMALL_PART as u64, ..Limits::default() };
        let clock = Clock::Fixed(Arc::clone(&self.now_ms));
        Server::builder().hosts(["127.0.0.1"]).port(0).limits(limits).clock(clock)
    }

    async fn open(&mut self) {
        let mut builder = self.builder().data_dir(self.data.path().join("data"));
        if let Some(upstream) = &self.upstream {
            builder = builder.upstream(Upstream {
                url: upstream.endpoint().to_owned(),
                public_url: None,
                region: "us-east-1".to_owned(),
                access_key: "upstream".to_owned(),
                secret_key: Secret::new("hidden"),
            });
        }
        self.running = Some((self.set_up)(builder).start().await.expect("the server starts"));
    }

    /// Stops the server well and starts another on the same data, at another port.
    pub(crate) async fn restart(&mut self) {
        self.running.take().unwrap().shutdown().await;
        self.open().await;
    }

    /// The server that has the bytes: the upstream, if there is one.
    pub(crate) fn storage(&self) -> &RunningServer {
        self.upstream.as_ref().unwrap_or_else(|| self.server())
    }

    pub(crate) fn server(&self) -> &RunningServer {
        self.running.as_ref().unwrap()
    }

    /// Moves the clock on.
    pub(crate) fn pass_seconds(&self, seconds: i64) {
        self.now_ms.fetch_add(seconds * 1000, Ordering::SeqCst);
    }

    pub(crate) fn addr(&self) -> SocketAddr {
        self.server().addr()
    }

    /// A client that signs for S3, as of the machine's clock: step this world's clock by less than 15 minutes, or ask by
    /// [`World::s3_bytes`].
    pub(crate) fn s3(&self) -> RawClient {
        RawClient::new(self.addr(), "test", "test")
    }

    /// As [`World::s3`], of the server that has the bytes.
    pub(crate) fn storage_client(&self) -> RawClient {
        let (key, secret) = self.storage_keys();
        RawClient::new(self.storage().addr(), key, secret)
    }

    /// The events that the server with the bytes keeps.
    pub(crate) async fn told(&self) -> Vec<Value> {
        let (_, secret) = self.storage_keys();
        let ask = self.storage_client().get("/_staves/control/events?limit=1000").anonymous();
        let reply = ask.header("authorization", format!("Bearer {secret}")).send().await.expect_status(200);
        json_of(&reply)["events"].as_array().unwrap().clone()
    }

    fn storage_keys(&self) -> (&'static str, &'static str) {
        if self.upstream.is_some() { ("upstream", "hidden") } else { ("test", "test") }
    }

    /// A request to the facade: the product's path, without credentials.
    pub(crate) fn ask(&self, method: &str, path: &str) -> RequestBuilder {
        self.s3().request(method, &format!("/_staves/{}{path}", self.facade)).anonymous()
    }

    /// A request to the facade with `Authorization: Bearer` and the secret key.
    pub(crate) fn asked(&self, method: &str, path: &str) -> RequestBuilder {
        self.ask(method, path).header("authorization", "Bearer test")
    }

    /// A request with a JSON body, and the secret key.
    pub(crate) fn json(&self, method: &str, path: &str, body: &Value) -> RequestBuilder {
        self.asked(method, path).header("content-type", "application/json").body(body.to_string())
    }

    /// A request to a URL that an answer carried, without credentials.
    pub(crate) fn follow(&self, method: &str, url: &str) -> RequestBuilder {
        let (addr, target) = url.strip_prefix("http://").unwrap().split_at(url["http://".len()..].find('/').unwrap());
        let known = [self.addr(), self.storage().addr()];
        let addr = addr.parse().unwrap_or_else(|error| panic!("{error}: {url}"));
        assert!(known.contains(&addr), "{url} is at none of {known:?}");
        RawClient::new(addr, "", "").request(method, target).anonymous()
    }

    /// An object as the engine has it; `None` if there is none.
    pub(crate) fn object(&self, bucket: &str, key: &str) -> Option<staves::engine::object::Object> {
        let engine = self.storage().engine();
        let bucket = engine.bucket(&staves::wire::bucket_name::BucketName::parse(bucket).ok()?).ok()?;
        engine.object(&bucket, &staves::wire::object_key::ObjectKey::parse(key.to_owned()).ok()?).ok()
    }

    /// How many multipart uploads are open in a bucket, and how many objects it has.
    pub(crate) async fn uploads_and_objects(&self, bucket: &str) -> (usize, usize) {
        let engine = self.storage().engine();
        let name = staves::wire::bucket_name::BucketName::parse(bucket).unwrap();
        let Ok(bucket) = engine.bucket(&name) else { return (0, 0) };
        let keys = ListQuery { limit: 1000, ..ListQuery::default() };
        let objects = engine.list_objects(&bucket, keys.clone()).await.unwrap().entries.len();
        let query = UploadQuery { keys, after_upload: None };
        (engine.list_uploads(&bucket, query).await.unwrap().entries.len(), objects)
    }

    /// An object's bytes as the engine has them; `None` if there is none.
    pub(crate) async fn s3_bytes(&self, bucket: &str, key: &str) -> Option<Vec<u8>> {
        let engine = self.storage().engine();
        let bucket = engine.bucket(&staves::wire::bucket_name::BucketName::parse(bucket).ok()?).ok()?;
        let key = staves::wire::object_key::ObjectKey::parse(key.to_owned()).ok()?;
        let opened = engine.open_object(&bucket, &key).ok()?;
        let size = opened.object.size_bytes;
        let mut body = opened.read(0, size);
        let mut bytes = Vec::new();
        while let Some(piece) = body.next().await {
            bytes.extend_from_slice(&piece.unwrap());
        }
        Some(bytes)
    }

    /// The files that hold bytes of bodies, arrived or arriving, once the keeper is done.
    pub(crate) fn blob_files(&self) -> usize {
        let count = |dir: &str| walk(&self.data.path().join(dir));
        count("data/blobs") + count("data/tmp") + count("upstream/blobs") + count("upstream/tmp")
    }

    /// Waits until as many files hold bytes of bodies: released ones go in the background.
    pub(crate) async fn expect_blob_files(&self, expected: usize) {
        for _ in 0..200 {
            if self.blob_files() == expected {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(25)).await;
        }
        panic!("{} files with bytes, not {expected}", self.blob_files());
    }
}

fn walk(dir: &std::path::Path) -> usize {
    let Ok(entries) = std::fs::read_dir(dir) else { return 0 };
    entries.map(|entry| entry.unwrap().path()).map(|path| if path.is_dir() { walk(&path) } else { 1 }).sum()
}

/// An answer's body as JSON.
pub(crate) fn json_of(reply: &Reply) -> Value {
    serde_json::from_slice(&reply.body)
        .unwrap_or_else(|error| panic!("{error}: {} {:?}", reply.status, String::from_utf8_lossy(&reply.body)))
}

/// A `multipart/form-data` body and its type: text fields, and one file (field, file name, type, bytes) after them.
pub(crate) fn form_data(fields: &[(&str, &str)], file: Option<(&str, &str, &str, &[u8])>) -> (String, Vec<u8>) {
    const BOUNDARY: &str = "----staves-test-boundary";
    let mut body = Vec::new();
    for (name, value) in fields {
        let part = format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
        body.extend_from_slice(part.as_bytes());
    }
    if let Some((name, file_name, content_type, bytes)) = file {
        let head = format!(
            "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"; filename=\"{file_name}\"\r\n\
             Content-Type: {content_type}\r\n\r\n"
        );
        body.extend_from_slice(head.as_bytes());
        body.extend_from_slice(bytes);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(format!("--{BOUNDARY}--\r\n").as_bytes());
    (format!("multipart/form-data; boundary={BOUNDARY}"), body)
}
