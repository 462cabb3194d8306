//! Delivering events to webhooks: what the engine keeps as waiting is posted to the URL of its destination, until it is taken.
//! At least once: an event is settled after its answer, so that a crash between the two sends it again.

mod client;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use http::Uri;
use tokio::time::{Instant, sleep_until, timeout};

use self::client::{Client, Failure};
use crate::engine::Engine;
use crate::engine::event::{Delivery, Event};
use crate::s3::Destinations;

/// Events looked at in one go.
const PAGE: usize = 100;
/// How long a webhook may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// The pause after the first failure; each further one is twice as long, up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_mins(1);
/// After so long an event is given up.
const GIVEN_UP_AFTER_MS: i64 = 24 * 3600 * 1000;

/// Delivers all that waits, until it is dropped. Destinations do not wait for each other.
pub(super) async fn deliver(engine: Engine, destinations: Arc<Destinations>) {
    let client = Client::new();
    let all = destinations.all().map(|(arn, url)| {
        let destination = Destination {
            engine: engine.clone(),
            client: client.clone(),
            arn: arn.to_owned(),
            url: url.clone(),
            failed: HashMap::new(),
        };
        destination.deliver()
    });
    futures_util::future::join_all(all).await;
}

/// One webhook.
struct Destination {
    engine: Engine,
    client: Client,
    arn: String,
    url: Uri,
    /// Events that were refused: how often, and when they are tried again.
    failed: HashMap<i64, (u32, Instant)>,
}

/// What came of a round.
enum Round {
    /// Nothing is left to do before this moment, or before there are new events.
    Done(Option<Instant>),
    /// The webhook cannot be reached.
    Unreachable(String),
}

impl Destination {
    async fn deliver(mut self) {
        let mut come = self.engine.events_come();
        let mut unreachable = 0;
        loop {
            come.borrow_and_update();
            match self.round().await {
                Ok(Round::Done(next)) => {
                    unreachable = 0;
                    tokio::select! {
                        changed = come.changed() => if changed.is_err() { return },
                        () = until(next) => {}
                    }
                }
                Ok(Round::Unreachable(why)) => {
                    // Said once, and not again for every attempt.
                    if unreachable == 0 {
                        tracing::warn!(arn = %self.arn, url = %self.url, why, "a webhook cannot be reached; its events wait");
                    }
                    tokio::time::sleep(pause(unreachable)).await;
                    unreachable += 1;
                }
                // The engine is closed, or its disk is full: then nothing comes of trying at once.
                Err(crate::engine::error::Error::Closed) => return,
                Err(error) => {
                    tracing::error!(%error, "events cannot be read");
                    tokio::time::sleep(LONGEST_PAUSE).await;
                }
            }
        }
    }

    /// Tries everything that waits and is due, in order.
    async fn round(&mut self) -> crate::engine::error::Result<Round> {
        let mut after = 0;
        loop {
            let page = self.engine.events_waiting(&self.arn, after, PAGE).await?;
            let Some(last) = page.last() else { break };
            after = last.sequence;
            for event in &page {
                if self.failed.get(&event.sequence).is_some_and(|(_, due)| *due > Instant::now()) {
                    continue;
                }
                if let Some(why) = self.try_one(event).await? {
                    return Ok(Round::Unreachable(why));
                }
            }
        }
        Ok(Round::Done(self.failed.values().map(|(_, due)| *due).min()))
    }

    /// Posts an event, and settles what comes of it. Returns why, if the webhook cannot be reached.
    async fn try_one(&mut self, event: &Event) -> crate::engine::error::Result<Option<String>> {
        let posted = timeout(PATIENCE, self.client.post(&self.url, &self.arn, event)).await;
        let failure = match posted.unwrap_or_else(|_| Err(Failure::Unreachable("it does not answer".to_owned()))) {
            Ok(()) => {
                self.failed.remove(&event.sequence);
                self.engine.settle_event(event.sequence, Delivery::Done).await?;
                return Ok(None);
            }
            Err(failure) => failure,
        };
        let age_ms = self.engine.clock().now().millis().saturating_sub(event.created.millis());
        if age_ms > GIVEN_UP_AFTER_MS {
            tracing::warn!(arn = %self.arn, sequence = event.sequence, "an event is given up: a day of attempts");
            self.failed.remove(&event.sequence);
            self.engine.settle_event(event.sequence, Delivery::GivenUp).await?;
            return Ok(None);
        }
        match failure {
            Failure::Unreachable(why) => Ok(Some(why)),
            Failure::Refused(status) => {
                let (attempts, due) = self.failed.entry(event.sequence).or_insert((0, Instant::now()));
                let (arn, sequence) = (&self.arn, event.sequence);
                tracing::warn!(%arn, sequence, %status, "a webhook refused an event; it is tried again");
                *due = Instant::now() + pause(*attempts);
                *attempts += 1;
                Ok(None)
            }
        }
    }
}

fn pause(attempts: u32) -> Duration {
    FIRST_PAUSE.saturating_mul(1 << attempts.min(16)).min(LONGEST_PAUSE)
}

async fn until(moment: Option<Instant>) {
    match moment {
        Some(moment) => sleep_until(moment).await,
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_a_minute() {
        let seconds: Vec<u64> = (0..9).map(|attempts| pause(attempts).as_secs()).collect();
        assert_eq!(seconds, [1, 2, 4, 8, 16, 32, 60, 60, 60]);
        assert_eq!(pause(u32::MAX), LONGEST_PAUSE);
    }
}
