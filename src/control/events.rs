//! `GET /_staves/control/events`: what buckets have told, or would have told, their destinations; waited for, if asked so.

use std::fmt::Write as _;
use std::time::Duration;

use http::{Response, StatusCode};
use tokio::time::{Instant, timeout_at};

use super::reply::{Refusal, json};
use crate::engine::Engine;
use crate::engine::event::{Delivery, Event};
use crate::http::body::Body;
use crate::wire::query::Query;

const MAX_EVENTS: usize = 1000;
const DEFAULT_EVENTS: usize = 100;
/// Below the grace that a stopping server gives.
const MAX_WAIT: Duration = Duration::from_secs(20);

/// The events after `after`, up to `limit`; if there are none yet, those that come within `wait`.
pub(super) async fn show(engine: &Engine, query: &Query) -> Result<Response<Body>, Refusal> {
    let after = number(query, "after")?.unwrap_or(0);
    let after = i64::try_from(after).unwrap_or(i64::MAX);
    let limit = number(query, "limit")?.map_or(DEFAULT_EVENTS, |limit| usize::try_from(limit).unwrap_or(MAX_EVENTS));
    let limit = limit.clamp(1, MAX_EVENTS);
    let deadline = Instant::now() + wait(query)?;
    let mut come = engine.events_come();
    loop {
        come.borrow_and_update();
        let events = engine.events_after(after, limit).await?;
        if !events.is_empty() {
            return Ok(json(written(&events, after)));
        }
        match timeout_at(deadline, come.changed()).await {
            Ok(Ok(())) => {}
            // Out of time, or the engine is gone: there is nothing.
            Ok(Err(_)) | Err(_) => return Ok(json(written(&[], after))),
        }
    }
}

/// What was told stands as it was told: the order of its fields is AWS's.
fn written(events: &[Event], after: i64) -> String {
    let mut text = String::from("{\"events\":[");
    for (at, event) in events.iter().enumerate() {
        let delivery = match event.delivery {
            Delivery::Waiting => "waiting",
            Delivery::Done => "done",
            Delivery::GivenUp => "given up",
            Delivery::Nobody => "nobody",
        };
        let destination = serde_json::Value::from(event.destination.as_str());
        let comma = if at == 0 { "" } else { "," };
        // Writing to a text cannot fail.
        let _written = write!(
            text,
            "{comma}{{\"sequence\":{},\"time\":\"{}\",\"destination\":{destination},\"delivery\":\"{delivery}\",\"message\":{}}}",
            event.sequence,
            event.created.iso8601_to_the_millisecond(),
            String::from_utf8_lossy(&event.body),
        );
    }
    let next = events.last().map_or(after, |event| event.sequence);
    let _written = write!(text, "],\"next\":{next}}}");
    text
}

fn number(query: &Query, name: &str) -> Result<Option<u64>, Refusal> {
    let Some(sent) = query.first(name).filter(|sent| !sent.is_empty()) else { return Ok(None) };
    let refusal = || Refusal::new(StatusCode::BAD_REQUEST, format!("`{name}` is a whole number, not {sent:?}"));
    sent.parse().map(Some).map_err(|_| refusal())
}

/// `20s`, `500ms`, `20`; longer than [`MAX_WAIT`] is as long as that.
fn wait(query: &Query) -> Result<Duration, Refusal> {
    let Some(sent) = query.first("wait").filter(|sent| !sent.is_empty()) else { return Ok(Duration::ZERO) };
    let refusal = || Refusal::new(StatusCode::BAD_REQUEST, format!("`wait` is a time such as 20s, not {sent:?}"));
    let (digits, milliseconds) = match (sent.strip_suffix("ms"), sent.strip_suffix('s')) {
        (Some(digits), _) => (digits, 1),
        (None, Some(digits)) => (digits, 1000),
        (None, None) => (sent, 1000),
    };
    let number: u64 = digits.parse().map_err(|_| refusal())?;
    Ok(Duration::from_millis(number.saturating_mul(milliseconds)).min(MAX_WAIT))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_and_bounded() {
        let wait = |text: &str| wait(&Query::parse_lossy(&format!("wait={text}"))).map_err(|_| ());
        assert_eq!(wait(""), Ok(Duration::ZERO));
        assert_eq!(wait("3"), Ok(Duration::from_secs(3)));
        assert_eq!(wait("3s"), Ok(Duration::from_secs(3)));
        assert_eq!(wait("250ms"), Ok(Duration::from_millis(250)));
        assert_eq!(wait("1000s"), Ok(MAX_WAIT));
        assert_eq!(wait("soon"), Err(()));
        assert_eq!(wait("-1s"), Err(()));
    }
}
