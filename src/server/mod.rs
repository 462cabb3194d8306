//! Listeners, connections, TLS, graceful stop, and which dialect gets a request. Not what a request means: that is the
//! dialect's. [`Server::builder`] starts in-process exactly what the command line starts.

mod builder;
mod connections;
mod error;
mod header_case;
mod listen;
mod nofile;
mod request;
mod route;
mod running;
mod seed;
mod stall;
mod tls;
mod url;
mod webhooks;

pub use builder::{FacadeSetting, ServerBuilder};
pub use error::StartError;
pub use running::{FacadeUrl, RunningServer};
pub use seed::{SeedEvent, SeedReport};
pub use tls::Tls;

/// Where every server starts: [`Server::builder`].
#[derive(Debug)]
pub struct Server;

impl Server {
    /// A builder with the defaults of the command line.
    pub fn builder() -> ServerBuilder {
        ServerBuilder::default()
    }
}
