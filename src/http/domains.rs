//! Whom a Host header addresses: the endpoint, or a bucket under one of its domains.

/// The domains under which buckets are host names, `localhost` always among them, and those under which they are websites.
#[derive(Debug, Clone)]
pub struct Domains {
    buckets: Vec<String>,
    websites: Vec<String>,
}

/// Whom a Host header addresses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Addressed {
    /// The endpoint itself: buckets are in the path.
    Endpoint,
    /// A bucket: all of the path is a key.
    Bucket(String),
    /// A bucket as a website; none is named by the domain of websites itself.
    Website(Option<String>),
}

impl Domains {
    /// `localhost` and these.
    pub fn new(domains: &[String]) -> Domains {
        let mut buckets = longest_first(domains);
        buckets.push("localhost".to_owned());
        buckets.sort_by_key(|domain| std::cmp::Reverse(domain.len()));
        Domains { buckets, websites: Vec::new() }
    }

    /// And these, under which buckets are websites. They come first: such a domain may lie within one of buckets.
    #[must_use]
    pub fn with_websites(self, domains: &[String]) -> Domains {
        Domains { websites: longest_first(domains), ..self }
    }

    /// Whom `host` (with or without a port) addresses. A host under none of the domains is the endpoint under a name of
    /// its own, such as a container's.
    pub fn addressed(&self, host: &str) -> Addressed {
        let host = without_port(host).trim_end_matches('.').to_ascii_lowercase();
        for domain in &self.websites {
            if host == *domain {
                return Addressed::Website(None);
            }
            if let Some(bucket) = host.strip_suffix(domain.as_str()).and_then(|rest| rest.strip_suffix('.')) {
                return Addressed::Website(Some(bucket.to_owned()));
            }
        }
        for domain in &self.buckets {
            if host == *domain {
                return Addressed::Endpoint;
            }
            let Some(labels) = host.strip_suffix(domain.as_str()).and_then(|rest| rest.strip_suffix('.')) else {
                continue;
            };
            return match bucket_of(labels) {
                Some(bucket) => Addressed::Bucket(bucket.to_owned()),
                None => Addressed::Endpoint,
            };
        }
        Addressed::Endpoint
    }
}

/// A domain as a flag or a setting has it: labels of letters, digits, `-` and `_`, with dots between; dots around it do no
/// harm. The error says what else stands there.
pub fn checked(domain: &str) -> Result<String, String> {
    let name = domain.trim_matches('.');
    if let Some(bad) = name.chars().find(|&c| !c.is_ascii_alphanumeric() && !matches!(c, '-' | '_' | '.')) {
        let what = if bad == ':' { "leave the scheme and the port out" } else { "that is in no host name" };
        return Err(format!("a domain has no {bad:?}: {what}"));
    }
    if name.is_empty() || name.contains("..") {
        return Err("write a domain such as s3.example.test".to_owned());
    }
    Ok(domain.to_owned())
}

/// A domain may lie within another.
fn longest_first(domains: &[String]) -> Vec<String> {
    let mut all: Vec<String> = domains.iter().map(|domain| domain.trim_matches('.').to_ascii_lowercase()).collect();
    all.sort_by_key(|domain| std::cmp::Reverse(domain.len()));
    all
}

/// The bucket in `bucket`, `bucket.s3` or `bucket.s3.<region>`; none in `s3` and `s3.<region>`.
fn bucket_of(labels: &str) -> Option<&str> {
    if labels == "s3" {
        return None;
    }
    if let Some(bucket) = labels.strip_suffix(".s3") {
        return Some(bucket);
    }
    match labels.rsplit_once('.') {
        Some(("s3", _region)) => None,
        Some((rest, _region)) => rest.strip_suffix(".s3").or(Some(labels)),
        None => Some(labels),
    }
}

fn without_port(host: &str) -> &str {
    if host.starts_with('[') {
        return host; // An IPv6 address is never a bucket.
    }
    host.rsplit_once(':').map_or(host, |(name, _)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bucket(name: &str) -> Addressed {
        Addressed::Bucket(name.to_owned())
    }

    #[test]
    fn websites() {
        let domains = Domains::new(&["dev.test".to_owned()]);
        let domains = domains.with_websites(&["s3-website.localhost".to_owned(), "Web.dev.test.".to_owned()]);
        let website = |name: &str| Addressed::Website(Some(name.to_owned()));
        for (host, expected) in [
            ("b.s3-website.localhost:9000", website("b")),
            ("www.b.WEB.dev.test", website("www.b")),
            ("web.dev.test", Addressed::Website(None)),
            ("b.dev.test", bucket("b")),
            ("s3-websites.localhost", bucket("s3-websites")),
        ] {
            assert_eq!(domains.addressed(host), expected, "{host}");
        }
    }

    #[test]
    fn hosts() {
        let domains = Domains::new(&["s3.example.com".to_owned(), "dev.test".to_owned()]);
        let cases = [
            ("localhost:9000", Addressed::Endpoint),
            ("127.0.0.1:9000", Addressed::Endpoint),
            ("[::1]:9000", Addressed::Endpoint),
            ("minio", Addressed::Endpoint),
            ("s3.localhost", Addressed::Endpoint),
            ("s3.eu-west-1.localhost", Addressed::Endpoint),
            ("b.localhost:9000", bucket("b")),
            ("B.LocalHost", bucket("b")),
            ("my.dotted.bucket.localhost", bucket("my.dotted.bucket")),
            ("b.s3.localhost", bucket("b")),
            ("my.bucket.s3.eu-west-1.localhost", bucket("my.bucket")),
            ("s3.example.com", Addressed::Endpoint),
            ("b.s3.example.com", bucket("b")),
            ("b.s3.us-east-2.dev.test", bucket("b")),
            ("b.other.test", Addressed::Endpoint),
        ];
        for (host, expected) in cases {
            assert_eq!(domains.addressed(host), expected, "{host}");
        }
    }
}
