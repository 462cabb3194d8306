//! The body of an answer: empty, whole, or a stream whose length is kept to. Not a promise that can be broken quietly: a
//! stream that fails or ends early breaks the connection, so that a client never takes a short body for a whole one.

use std::fmt;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Frame, SizeHint};
use tokio::sync::mpsc;

/// The body of an answer.
pub struct Body {
    kind: Kind,
}

/// Chunks of an answer, made when the connection has room for them.
pub trait BodyStream: Send {
    /// The next chunk; `None` at the end. After an error or the end it is not called again. An error breaks the
    /// connection. Empty chunks are skipped.
    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<io::Result<Bytes>>>;
}

/// The writing end of [`Body::channel`]. Dropping it without [`finish`](BodySender::finish) breaks the connection.
#[derive(Debug)]
pub struct BodySender {
    sender: mpsc::Sender<Message>,
}

/// The client is gone, or the answer was dropped: nobody reads what would be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReceiverGone;

enum Kind {
    Empty,
    Full(Bytes),
    Stream { stream: Pin<Box<dyn BodyStream>>, remaining_bytes: Option<u64> },
}

#[derive(Debug)]
enum Message {
    Data(Bytes),
    Finished,
    Failed(io::Error),
}

impl Body {
    /// A body without bytes.
    pub fn empty() -> Body {
        Body { kind: Kind::Empty }
    }

    /// A body that is in memory.
    pub fn full(bytes: impl Into<Bytes>) -> Body {
        let bytes = bytes.into();
        Body { kind: if bytes.is_empty() { Kind::Empty } else { Kind::Full(bytes) } }
    }

    /// A body of exactly `length_bytes`. A stream that gives fewer or more breaks the connection.
    pub fn stream(length_bytes: u64, stream: impl BodyStream + 'static) -> Body {
        Body { kind: Kind::Stream { stream: Box::pin(stream), remaining_bytes: Some(length_bytes) } }
    }

    /// A body whose length is not known beforehand: it is sent with `Transfer-Encoding: chunked`.
    pub fn stream_of_unknown_length(stream: impl BodyStream + 'static) -> Body {
        Body { kind: Kind::Stream { stream: Box::pin(stream), remaining_bytes: None } }
    }

    /// A body written by another task, which waits while `depth_chunks` chunks are not taken yet. With a length, it must
    /// be kept to exactly.
    pub fn channel(length_bytes: Option<u64>, depth_chunks: usize) -> (BodySender, Body) {
        let (sender, receiver) = mpsc::channel(depth_chunks.max(1));
        let stream = Box::pin(Channel { receiver });
        (BodySender { sender }, Body { kind: Kind::Stream { stream, remaining_bytes: length_bytes } })
    }

    /// The same body, and `ended` is told how many bytes were taken from it, once it ends or is given up.
    #[must_use]
    pub fn observed(self, ended: impl FnOnce(u64) + Send + 'static) -> Body {
        let length_bytes = self.length_bytes();
        let mut stream = Observed { body: self, taken_bytes: 0, ended: Some(Box::new(ended)) };
        if length_bytes == Some(0) {
            stream.tell();
            return Body::empty();
        }
        Body { kind: Kind::Stream { stream: Box::pin(stream), remaining_bytes: length_bytes } }
    }

    /// The length that is left to send, where it is known.
    pub fn length_bytes(&self) -> Option<u64> {
        match &self.kind {
            Kind::Empty => Some(0),
            Kind::Full(bytes) => Some(bytes.len() as u64),
            Kind::Stream { remaining_bytes, .. } => *remaining_bytes,
        }
    }

    /// Reads the whole body into memory: for tests and small answers.
    pub async fn into_bytes(self) -> io::Result<Bytes> {
        Ok(http_body_util::BodyExt::collect(self).await?.to_bytes())
    }
}

impl BodySender {
    /// Hands a chunk on, waiting for room.
    pub async fn send(&self, chunk: Bytes) -> Result<(), ReceiverGone> {
        self.sender.send(Message::Data(chunk)).await.map_err(|_| ReceiverGone)
    }

    /// Ends the body: all of it was sent.
    pub async fn finish(self) -> Result<(), ReceiverGone> {
        self.sender.send(Message::Finished).await.map_err(|_| ReceiverGone)
    }

    /// Breaks the body off with an error.
    pub async fn fail(self, error: io::Error) -> Result<(), ReceiverGone> {
        self.sender.send(Message::Failed(error)).await.map_err(|_| ReceiverGone)
    }
}

impl Default for Body {
    fn default() -> Body {
        Body::empty()
    }
}

impl<B: Into<Bytes>> From<B> for Body {
    fn from(bytes: B) -> Body {
        Body::full(bytes)
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Body").field("length_bytes", &self.length_bytes()).finish_non_exhaustive()
    }
}

impl http_body::Body for Body {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        match &mut self.kind {
            Kind::Empty => Poll::Ready(None),
            Kind::Full(bytes) => {
                let bytes = std::mem::take(bytes);
                self.kind = Kind::Empty;
                Poll::Ready(Some(Ok(Frame::data(bytes))))
            }
            Kind::Stream { stream, remaining_bytes } => {
                let next = loop {
                    match ready!(stream.as_mut().poll_next(cx)) {
                        Some(Ok(chunk)) if chunk.is_empty() => {}
                        next => break next,
                    }
                };
                let frame = within_length(next, remaining_bytes);
                if !matches!(frame, Some(Ok(_))) {
                    self.kind = Kind::Empty;
                }
                Poll::Ready(frame.map(|chunk| chunk.map(Frame::data)))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        // A stream is asked until it says `None`, even when all bytes are there: it may yet have an error to tell.
        matches!(self.kind, Kind::Empty)
    }

    fn size_hint(&self) -> SizeHint {
        self.length_bytes().map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}

/// Counts a chunk against the announced length.
fn within_length(next: Option<io::Result<Bytes>>, remaining_bytes: &mut Option<u64>) -> Option<io::Result<Bytes>> {
    let Some(remaining) = remaining_bytes else { return next };
    match next {
        Some(Ok(chunk)) => {
            let length = chunk.len() as u64;
            if length > *remaining {
                let message = format!("the body has at least {} bytes too many", length - *remaining);
                return Some(Err(io::Error::other(message)));
            }
            *remaining -= length;
            Some(Ok(chunk))
        }
        None if *remaining > 0 => {
            let message = format!("the body ended {remaining} bytes early");
            Some(Err(io::Error::new(io::ErrorKind::UnexpectedEof, message)))
        }
        end_or_error => end_or_error,
    }
}

struct Channel {
    receiver: mpsc::Receiver<Message>,
}

impl BodyStream for Channel {
    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<io::Result<Bytes>>> {
        Poll::Ready(match ready!(self.receiver.poll_recv(cx)) {
            Some(Message::Data(chunk)) => Some(Ok(chunk)),
            Some(Message::Finished) => None,
            Some(Message::Failed(error)) => Some(Err(error)),
            None => Some(Err(io::Error::new(io::ErrorKind::BrokenPipe, "the body was dropped before its end"))),
        })
    }
}

/// A body, and who wants to know what became of it.
struct Observed {
    body: Body,
    taken_bytes: u64,
    ended: Option<Box<dyn FnOnce(u64) + Send>>,
}

impl Observed {
    fn tell(&mut self) {
        if let Some(ended) = self.ended.take() {
            ended(self.taken_bytes);
        }
    }
}

impl BodyStream for Observed {
    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<io::Result<Bytes>>> {
        let frame = ready!(http_body::Body::poll_frame(Pin::new(&mut self.body), cx));
        Poll::Ready(match frame {
            None => {
                self.tell();
                None
            }
            Some(Ok(frame)) => {
                let chunk = frame.into_data().unwrap_or_default();
                self.taken_bytes += chunk.len() as u64;
                Some(Ok(chunk))
            }
            Some(Err(error)) => Some(Err(error)),
        })
    }
}

impl Drop for Observed {
    fn drop(&mut self) {
        self.tell();
    }
}

impl fmt::Display for ReceiverGone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the client no longer reads the answer")
    }
}

impl std::error::Error for ReceiverGone {}

#[cfg(test)]
mod tests {
    use super::*;
    use http_body::Body as _;

    struct Chunks(Vec<&'static str>);

    impl BodyStream for Chunks {
        fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<io::Result<Bytes>>> {
            let next = if self.0.is_empty() { None } else { Some(Ok(Bytes::from(self.0.remove(0)))) };
            Poll::Ready(next)
        }
    }

    #[tokio::test]
    async fn a_stream_of_its_length_is_whole() {
        let body = Body::stream(6, Chunks(vec!["ab", "", "cdef"]));
        assert_eq!(body.size_hint().exact(), Some(6));
        assert_eq!(body.into_bytes().await.unwrap(), "abcdef");
    }

    #[tokio::test]
    async fn a_stream_that_misses_its_length_fails() {
        let short = Body::stream(7, Chunks(vec!["abcdef"])).into_bytes().await.unwrap_err();
        assert_eq!(short.kind(), io::ErrorKind::UnexpectedEof);
        assert!(Body::stream(5, Chunks(vec!["abcdef"])).into_bytes().await.is_err());
    }

    #[tokio::test]
    async fn an_observer_is_told_what_was_taken() {
        let told = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
        let observed = |body: Body| {
            let told = std::sync::Arc::clone(&told);
            body.observed(move |bytes| told.lock().unwrap().push(bytes))
        };
        assert_eq!(observed(Body::full("abc")).into_bytes().await.unwrap(), "abc");
        assert_eq!(observed(Body::stream(4, Chunks(vec!["ab", "cd"]))).size_hint().exact(), Some(4));
        assert!(observed(Body::empty()).is_end_stream());
        assert!(observed(Body::stream(9, Chunks(vec!["abcd"]))).into_bytes().await.is_err());
        assert_eq!(*told.lock().unwrap(), [3, 0, 0, 4]);
    }

    #[tokio::test]
    async fn a_channel_must_be_finished() {
        let (sender, body) = Body::channel(None, 2);
        sender.send(Bytes::from("ab")).await.unwrap();
        sender.finish().await.unwrap();
        assert_eq!(body.into_bytes().await.unwrap(), "ab");

        let (sender, body) = Body::channel(Some(2), 2);
        sender.send(Bytes::from("ab")).await.unwrap();
        drop(sender);
        assert!(body.into_bytes().await.is_err());
    }
}
