//! An object's bytes as the body of an answer.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;

use super::{Body, BodyStream};
use crate::engine::blobs::reader::ObjectBody;

struct ObjectStream {
    first: Option<Bytes>,
    rest: ObjectBody,
}

impl Body {
    /// The engine's bytes as a body. The first of them are read before it returns, so that bytes that cannot be read are
    /// an error while there is still a status to say so.
    pub async fn object(mut bytes: ObjectBody) -> io::Result<Body> {
        if let Some(whole) = bytes.take_whole() {
            return Ok(Body::full(whole));
        }
        let length_bytes = bytes.left_bytes();
        let first = bytes.next().await.transpose()?;
        Ok(Body::stream(length_bytes, ObjectStream { first, rest: bytes }))
    }
}

impl BodyStream for ObjectStream {
    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<io::Result<Bytes>>> {
        match self.first.take() {
            Some(piece) => Poll::Ready(Some(Ok(piece))),
            None => self.rest.poll_next(cx),
        }
    }
}
