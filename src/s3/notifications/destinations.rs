//! Where events are sent to: the URLs that the settings give for ARNs. There are no queues, topics and functions here, so that
//! any ARN may be named; one without a URL gets its events written down, to be read by whoever asks.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use http::Uri;

/// So many ARNs without a URL are remembered at most, so as to say it of each once.
const MAX_MENTIONED: usize = 1000;

/// The URLs of destinations.
#[derive(Debug, Default)]
pub struct Destinations {
    urls: BTreeMap<String, Uri>,
    mentioned: Mutex<BTreeSet<String>>,
}

impl Destinations {
    /// Of pairs of an ARN and a URL. Refuses what is neither, in words.
    pub fn new<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Destinations, String> {
        let mut urls = BTreeMap::new();
        for (arn, url) in pairs {
            if arn.splitn(6, ':').count() != 6 || !arn.starts_with("arn:") {
                return Err(format!("{arn:?} is no ARN, such as arn:aws:sqs:us-east-1:000000000000:uploads"));
            }
            let parsed: Option<Uri> = url.parse().ok().filter(is_url);
            let parsed =
                parsed.ok_or_else(|| format!("{url:?} is no URL of a webhook: http://… or https://… is meant"))?;
            if urls.insert(arn.to_owned(), parsed).is_some() {
                return Err(format!("{arn} has two URLs; give it one"));
            }
        }
        Ok(Destinations { urls, mentioned: Mutex::default() })
    }

    /// The URL of a destination.
    pub fn url(&self, arn: &str) -> Option<&Uri> {
        self.urls.get(arn)
    }

    /// All that have one.
    pub fn all(&self) -> impl Iterator<Item = (&str, &Uri)> {
        self.urls.iter().map(|(arn, url)| (arn.as_str(), url))
    }

    /// Says in the log, once, that nobody will be told.
    pub(super) fn mention(&self, arn: &str) {
        if self.urls.contains_key(arn) {
            return;
        }
        let mut mentioned = self.mentioned.lock().unwrap_or_else(PoisonError::into_inner);
        if mentioned.len() < MAX_MENTIONED && mentioned.insert(arn.to_owned()) {
            tracing::info!(
                "events for {arn} go nowhere: give it a URL with --notify {arn}=URL, or read them from /_staves/control/events"
            );
        }
    }
}

fn is_url(url: &Uri) -> bool {
    matches!(url.scheme_str(), Some("http" | "https")) && url.host().is_some_and(|host| !host.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ARN: &str = "arn:aws:sqs:us-east-1:000000000000:q";

    #[test]
    fn pairs_are_checked() {
        let destinations = Destinations::new([(ARN, "http://127.0.0.1:9/hook?a=b")]).unwrap();
        assert_eq!(destinations.url(ARN).unwrap().path(), "/hook");
        assert!(destinations.url("arn:aws:sqs:us-east-1:000000000000:other").is_none());
        for (arn, url) in [("q", "http://h/"), (ARN, "ftp://h/"), (ARN, "/path"), (ARN, "h:80")] {
            assert!(Destinations::new([(arn, url)]).is_err(), "{arn} {url}");
        }
        assert!(Destinations::new([(ARN, "http://a/"), (ARN, "http://b/")]).is_err());
    }
}
