//! What tests of the facades share: a server whose clock can be stepped, requests without S3's signatures, and JSON.

#![expect(clippy::allow_attributes, reason = "which of these helpers are unused changes from day to day")]
#![allow(dead_code, reason = "every facade uses another part of this module")]

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use serde_json::Value;
use staves::engine::clock::Clock;
use staves::server::{RunningServer, Server, ServerBuilder};
use tempfile::TempDir;

use super::support::{RawClient, Reply, RequestBuilder};

/// A server on disk that can be started again, with a clock that only moves when it is told.
pub(crate) struct World {
    running: Option<RunningServer>,
    data: TempDir,
    now_ms: Arc<AtomicI64>,
    set_up: Box<dyn Fn(ServerBuilder) -> ServerBuilder + Send>,
    /// The name of the facade that is asked.
    facade: &'static str,
}

impl World {
    pub(crate) async fn start(facade: &'static str) -> World {
        World::with(facade, |builder| builder).await
    }

    pub(crate) async fn with(
        facade: &'static str,
        set_up: impl Fn(ServerBuilder) -> ServerBuilder + Send + 'static,
    ) -> World {
        let data = tempfile::tempdir().unwrap();
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
        let now_ms = Arc::new(AtomicI64::new(i64::try_from(now.as_millis()).unwrap()));
        let mut world = World { running: None, data, now_ms, set_up: Box::new(set_up), facade };
        world.open().await;
        world
    }

    async fn open(&mut self) {
        let clock = Clock::Fixed(Arc::clone(&self.now_ms));
        let builder =
            Server::builder().hosts(["127.0.0.1"]).port(0).data_dir(self.data.path().join("data")).clock(clock);
        self.running = Some((self.set_up)(builder).start().await.expect("the server starts"));
    }

    /// Stops the server well and starts another on the same data, at another port.
    pub(crate) async fn restart(&mut self) {
        self.running.take().unwrap().shutdown().await;
        self.open().await;
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
        let target = url.strip_prefix(&format!("http://{}", self.addr())).expect("a URL of this server");
        self.s3().request(method, target).anonymous()
    }

    /// An object's bytes as the engine has them; `None` if there is none.
    pub(crate) async fn s3_bytes(&self, bucket: &str, key: &str) -> Option<Vec<u8>> {
        let engine = self.server().engine();
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
        let count = |dir: &str| walk(&self.data.path().join("data").join(dir));
        count("blobs") + count("tmp")
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
