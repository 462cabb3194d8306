//! A server of its own for every test: in memory or in a temporary directory, on a free port of 127.0.0.1.

use std::net::SocketAddr;

use staves::engine::Durability;
use staves::engine::limits::Limits;
use staves::server::{RunningServer, ServerBuilder};
use tempfile::TempDir;

use super::{RawClient, Reply};

/// A running server and, unless it is in memory, its directory, which goes with it.
pub(crate) struct TestServer {
    pub(crate) running: RunningServer,
    pub(crate) data: Option<TempDir>,
}

/// A small least part size, so that tests of multipart uploads need not send megabytes.
pub(crate) const SMALL_PART: u64 = 16;

impl TestServer {
    /// In memory, with AWS's limits.
    pub(crate) async fn start() -> TestServer {
        TestServer::with(|builder| builder).await
    }

    /// In memory, with parts of [`SMALL_PART`] bytes allowed.
    pub(crate) async fn with_small_parts() -> TestServer {
        let limits = Limits { min_part_size_bytes: SMALL_PART, ..Limits::default() };
        TestServer::with(|builder| builder.limits(limits)).await
    }

    /// In memory, set up further.
    pub(crate) async fn with(set_up: impl FnOnce(ServerBuilder) -> ServerBuilder) -> TestServer {
        let builder = staves::Server::builder().hosts(["127.0.0.1"]).port(0).durability(Durability::Memory);
        let running = set_up(builder).start().await.expect("the server starts");
        TestServer { running, data: None }
    }

    /// On disk, in a directory of its own.
    pub(crate) async fn on_disk(set_up: impl FnOnce(ServerBuilder) -> ServerBuilder) -> TestServer {
        let data = tempfile::tempdir().expect("a temporary directory");
        let builder = staves::Server::builder().hosts(["127.0.0.1"]).port(0).data_dir(data.path());
        let running = set_up(builder).start().await.expect("the server starts");
        TestServer { running, data: Some(data) }
    }

    pub(crate) fn addr(&self) -> SocketAddr {
        self.running.addr()
    }

    /// A client with the default credentials.
    pub(crate) fn client(&self) -> RawClient {
        RawClient::new(self.addr(), "test", "test")
    }

    /// A client, and a bucket `bkt` made with it.
    pub(crate) async fn bucket(&self) -> RawClient {
        let client = self.client();
        client.put("/bkt").send().await.expect_status(200);
        client
    }
}

/// The id of a new upload of `target`, with these headers.
pub(crate) async fn create_upload(client: &RawClient, target: &str, headers: &[(&str, &str)]) -> String {
    let mut request = client.post(&format!("{target}?uploads"));
    for (name, value) in headers {
        request = request.header(name, value);
    }
    let reply = request.send().await.expect_status(200);
    reply.xml_text("UploadId").expect("an upload id")
}

/// Uploads a part and returns the answer.
pub(crate) async fn upload_part(client: &RawClient, target: &str, id: &str, number: u32, body: &[u8]) -> Reply {
    client.put(&format!("{target}?partNumber={number}&uploadId={id}")).body(body).send().await
}

/// The list of a completion: number and ETag of each part.
pub(crate) fn part_list<'a>(parts: impl IntoIterator<Item = (u32, &'a str)>) -> String {
    let parts: Vec<String> = parts
        .into_iter()
        .map(|(number, etag)| format!("<Part><PartNumber>{number}</PartNumber><ETag>{etag}</ETag></Part>"))
        .collect();
    format!("<CompleteMultipartUpload>{}</CompleteMultipartUpload>", parts.concat())
}

/// Completes an upload and returns the answer.
pub(crate) async fn complete(client: &RawClient, target: &str, id: &str, list: &str) -> Reply {
    client.post(&format!("{target}?uploadId={id}")).body(list.as_bytes()).send().await
}
