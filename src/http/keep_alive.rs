//! A body that says "still working" until its answer is known: AWS's slow `CompleteMultipartUpload` sends the XML
//! declaration at once, then whitespace, then the document. Not for answers whose status may still change: 200 is sent.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at};

use super::body::{Body, BodyStream};

/// Sends `first` at once, `filler` each time `every` has passed, and at the end what `work` returns.
pub fn keep_alive<F>(first: Bytes, filler: Bytes, every: Duration, work: F) -> Body
where
    F: Future<Output = Bytes> + Send + 'static,
{
    let mut ticks = interval_at(Instant::now() + every, every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    Body::stream_of_unknown_length(KeepAlive { first: Some(first), filler, ticks, work: Some(Box::pin(work)) })
}

struct KeepAlive {
    first: Option<Bytes>,
    filler: Bytes,
    ticks: Interval,
    work: Option<Pin<Box<dyn Future<Output = Bytes> + Send>>>,
}

impl BodyStream for KeepAlive {
    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<io::Result<Bytes>>> {
        if let Some(first) = self.first.take() {
            return Poll::Ready(Some(Ok(first)));
        }
        let Some(work) = &mut self.work else { return Poll::Ready(None) };
        if let Poll::Ready(last) = work.as_mut().poll(cx) {
            self.work = None;
            return Poll::Ready(Some(Ok(last)));
        }
        self.ticks.poll_tick(cx).map(|_| Some(Ok(self.filler.clone())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn filler_comes_between_the_first_and_the_last() {
        let work = async {
            tokio::time::sleep(Duration::from_millis(60)).await;
            Bytes::from("</end>")
        };
        let body = keep_alive(Bytes::from("<?xml?>"), Bytes::from(" "), Duration::from_millis(10), work);
        let text = body.into_bytes().await.unwrap();
        let text = std::str::from_utf8(&text).unwrap();
        let filler = text.strip_prefix("<?xml?>").and_then(|rest| rest.strip_suffix("</end>")).unwrap();
        assert!(!filler.is_empty() && filler.bytes().all(|b| b == b' '), "{text}");
    }
}
