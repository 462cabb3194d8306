//! What wire tests share: a client that signs like an SDK but sends exactly what it is told. Not an SDK: no retries, no
//! redirects, one connection per request.

#![expect(clippy::allow_attributes, reason = "which of these helpers are unused differs from test crate to test crate")]
#![allow(dead_code, reason = "every test crate uses another part of this module")]

mod client;
mod reply;
mod request;
pub(crate) mod server;
mod socket;

#[allow(unused_imports, reason = "every test crate uses another part of this module")]
pub(crate) use {
    client::RawClient,
    reply::Reply,
    request::{Frames, RequestBuilder, Streaming},
    socket::exchange,
};
