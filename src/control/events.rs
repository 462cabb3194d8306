//! `GET /_staves/control/events`: what buckets have told, or would have told, their destinations; waited for, if asked so.

use std::fmt::Write as _;
use std::time::Duration;

use http::{Response, StatusCode};
use tokio::time::{Instant, timeout_at};

use super::reply::{Refusal, json};
use crate::engine::Engine;
use crate::engine::event::{Delivery, Event};
use crate::http::body::Body;
use crate::http::suggest;
use crate::wire::query::Query;

const MAX_EVENTS: usize = 1000;
const DEFAULT_EVENTS: usize = 100;
/// Below the grace that a stopping server gives.
const MAX_WAIT: Duration = Duration::from_secs(20);

const PARAMETERS: [&str; 3] = ["after", "limit", "wait"];

/// The events after `after`, up to `limit`; if there are none yet, those that come within `wait`.
pub(super) async fn show(engine: &Engine, query: &Query) -> Result<Response<Body>, Refusal> {
    if let Some((unknown, _)) = query.pairs().find(|(name, _)| !PARAMETERS.contains(name)) {
        let hint = suggest::hint(unknown, PARAMETERS);
        let message = format!("the parameter {unknown:?} is not known, only `after`, `limit` and `wait`{hint}");
        return Err(bad(message));
    }
    let after = number(query, "after")?.unwrap_or(0);
    let after = i64::try_from(after).unwrap_or(i64::MAX);
    let limit = limit(query)?;
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

fn bad(message: String) -> Refusal {
    Refusal::new(StatusCode::BAD_REQUEST, message)
}

fn number(query: &Query, name: &str) -> Result<Option<u64>, Refusal> {
    let Some(sent) = query.first(name).filter(|sent| !sent.is_empty()) else { return Ok(None) };
    sent.parse().map(Some).map_err(|_| bad(format!("`{name}` is a whole number, not {sent:?}")))
}

fn limit(query: &Query) -> Result<usize, Refusal> {
    let Some(sent) = number(query, "limit")? else { return Ok(DEFAULT_EVENTS) };
    let limit = usize::try_from(sent).ok().filter(|limit| (1..=MAX_EVENTS).contains(limit));
    limit.ok_or_else(|| bad(format!("`limit` is 1 to {MAX_EVENTS}, not {sent}")))
}

/// `20s`, `500ms`, `20`; at most [`MAX_WAIT`].
fn wait(query: &Query) -> Result<Duration, Refusal> {
    let Some(sent) = query.first("wait").filter(|sent| !sent.is_empty()) else { return Ok(Duration::ZERO) };
    let refusal = || bad(format!("`wait` is a time such as 500ms or 20s, not {sent:?}"));
    let (digits, milliseconds) = match (sent.strip_suffix("ms"), sent.strip_suffix('s')) {
        (Some(digits), _) => (digits, 1),
        (None, Some(digits)) => (digits, 1000),
        (None, None) => (sent, 1000),
    };
    let number: u64 = digits.parse().map_err(|_| refusal())?;
    let wait = Duration::from_millis(number.saturating_mul(milliseconds));
    if wait > MAX_WAIT {
        return Err(bad(format!("`wait` is {}s at most, not {sent:?}", MAX_WAIT.as_secs())));
    }
    Ok(wait)
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
        assert_eq!(wait("20s"), Ok(MAX_WAIT));
        assert_eq!(wait("20001ms"), Err(()));
        assert_eq!(wait("soon"), Err(()));
        assert_eq!(wait("-1s"), Err(()));
    }
}
