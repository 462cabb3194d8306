//! SDK clients without TLS and without name lookups: every host name leads to the server under test.

use std::net::SocketAddr;

use aws_sdk_s3::Client;
use aws_sdk_s3::config::http::HttpRequest;
use aws_sdk_s3::config::{Credentials, Region, SharedHttpClient};
use aws_smithy_runtime_api::client::http::{
    HttpClient as _, HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn,
};

use crate::support::server::TestServer;

/// How a bucket is named in a URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Addressing {
    Path,
    VirtualHost,
}

/// A client with the default credentials, path-style.
pub(crate) fn client(server: &TestServer) -> Client {
    client_as(server, "test", Addressing::Path)
}

/// A client with this secret key.
pub(crate) fn client_as(server: &TestServer, secret_key: &str, addressing: Addressing) -> Client {
    let addr = server.addr();
    let host = match addressing {
        Addressing::Path => "127.0.0.1",
        Addressing::VirtualHost => "localhost",
    };
    let config = aws_sdk_s3::Config::builder()
        .http_client(connected_to(addr))
        .endpoint_url(format!("http://{host}:{}", addr.port()))
        .force_path_style(addressing == Addressing::Path)
        .region(Region::new("us-east-1"))
        .credentials_provider(Credentials::new("test", secret_key, None, None, "tests"))
        .build();
    Client::from_conf(config)
}

/// A client and its bucket `bkt`.
pub(crate) async fn bucket(server: &TestServer) -> Client {
    let client = client(server);
    client.create_bucket().bucket("bkt").send().await.expect("a bucket");
    client
}

/// `bkt.localhost` need not resolve where tests run, so the name goes into `Host` only.
fn connected_to(addr: SocketAddr) -> SharedHttpClient {
    let inner = aws_smithy_http_client::Builder::new().build_http();
    http_client_fn(move |settings, components| {
        let inner = inner.http_connector(settings, components);
        SharedHttpConnector::new(ConnectedTo { inner, addr })
    })
}

#[derive(Debug)]
struct ConnectedTo {
    inner: SharedHttpConnector,
    addr: SocketAddr,
}

impl HttpConnector for ConnectedTo {
    fn call(&self, mut request: HttpRequest) -> HttpConnectorFuture {
        let uri: http::Uri = request.uri().parse().expect("a URI");
        let authority = uri.authority().expect("an authority").to_string();
        let target = uri.path_and_query().expect("a path").to_string();
        request.headers_mut().insert("host", authority);
        request.set_uri(format!("http://{}{target}", self.addr)).expect("a URI");
        self.inner.call(request)
    }
}
