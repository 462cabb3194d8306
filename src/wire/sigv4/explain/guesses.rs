//! What a client may have signed instead: changed canonical requests, each with its meaning. No keys in here.

use http::HeaderMap;

use super::{Alternatives, Cause, Failure};
use crate::wire::sigv4::canonical::{Canonical, Mechanism, join_pairs};
use crate::wire::sigv4::payload::{EMPTY_SHA256, UNSIGNED_PAYLOAD};
use crate::wire::{percent, query};

/// More host names than this are not tried.
const MAX_HOSTS: usize = 24;

/// A changed canonical request, "what instead of what", and what that means.
pub(super) struct Guess {
    pub(super) cause: Cause,
    pub(super) change: String,
    pub(super) meaning: &'static str,
    pub(super) canonical: Canonical,
}

/// Other host names: what proxies, ports and virtual-hosted addresses make of the one that was signed.
pub(super) fn host_guesses(failure: &Failure<'_>, alternatives: &Alternatives<'_>) -> Vec<Guess> {
    let headers = failure.request.headers;
    let received = text_header(headers, "host");
    let (bare, port) = split_port(&received);
    let mut names: Vec<String> = vec![bare.to_owned(), format!("{bare}:80"), format!("{bare}:443")];
    let forwarded = text_header(headers, "x-forwarded-host");
    let forwarded_port = text_header(headers, "x-forwarded-port");
    let forwarded = forwarded.split(',').map(str::trim).filter(|name| !name.is_empty());
    for name in forwarded.chain(alternatives.hosts.iter().copied()) {
        let (bare, _) = split_port(name);
        names.extend([name.to_owned(), bare.to_owned()]);
        let ports = [port, Some(forwarded_port.as_str())].into_iter().flatten().filter(|port| !port.is_empty());
        names.extend(ports.map(|port| format!("{bare}:{port}")));
    }
    // A client that signs `bucket.host/key`, behind a proxy that turns it into `host/bucket/key`.
    if let Some(bucket) =
        failure.canonical.path.trim_start_matches('/').split('/').next().filter(|name| !name.is_empty())
    {
        let known: Vec<String> = [received.as_str()]
            .into_iter()
            .chain(alternatives.hosts.iter().copied())
            .map(|host| format!("{bucket}.{host}"))
            .collect();
        names.extend(known);
    }
    let mut tried = vec![received.clone()];
    names.retain(|name| {
        !tried.contains(name) && {
            tried.push(name.clone());
            true
        }
    });
    let guess = |name: String| {
        let mut canonical = failure.canonical.clone();
        replace_header(&mut canonical, "host", name.as_bytes());
        let change = format!("host `{name}` instead of `{received}`");
        Guess { cause: Cause::Host, change, meaning: "the client signed for another host name", canonical }
    };
    names.into_iter().take(MAX_HOSTS).map(guess).collect()
}

/// Everything else in the canonical request, one change at a time.
pub(super) fn other_guesses(failure: &Failure<'_>, alternatives: &Alternatives<'_>, base: &Canonical) -> Vec<Guess> {
    let mut guesses = path_guesses(failure, base);
    guesses.extend(query_guesses(failure, base));
    guesses.extend(header_guesses(failure, base));
    let payloads = [Some(UNSIGNED_PAYLOAD), Some(EMPTY_SHA256), alternatives.body_sha256];
    for payload_hash in payloads.into_iter().flatten().filter(|hash| *hash != base.payload_hash) {
        guesses.push(Guess {
            cause: Cause::Payload,
            change: format!("payload hash `{payload_hash}` instead of `{}`", base.payload_hash),
            meaning: "x-amz-content-sha256 is not what the client put into its canonical request",
            canonical: Canonical { payload_hash: payload_hash.to_owned(), ..base.clone() },
        });
    }
    for method in ["GET", "HEAD", "PUT", "POST", "DELETE"].into_iter().filter(|method| *method != base.method) {
        guesses.push(Guess {
            cause: Cause::Method,
            change: format!("method {method} instead of {}", base.method),
            meaning: "a signature is good for one method only",
            canonical: Canonical { method: method.to_owned(), ..base.clone() },
        });
    }
    guesses
}

fn path_guesses(failure: &Failure<'_>, base: &Canonical) -> Vec<Guess> {
    let raw = failure.request.raw_path;
    let decoded = String::from_utf8_lossy(&percent::decode_path_lossless(raw)).into_owned();
    let without_bucket = base.path.get(1..).and_then(|path| path.find('/')).map(|at| base.path[at + 1..].to_owned());
    let candidates = [
        (percent::encode_path(base.path.as_bytes()), "the client encodes the path twice, which S3 does not"),
        (normalised(&base.path), "the client normalises the path (`.`, `..`, `//`), which S3 does not"),
        (raw.to_owned(), "the client signs the path as it sends it, without encoding what SigV4 wants encoded"),
        (decoded, "the client signs the path without encoding it"),
        (base.path.trim_end_matches('/').to_owned(), "a slash at the end of the path was not signed"),
        (format!("{}/", base.path), "the slash at the end of the path was lost on the way"),
        (
            without_bucket.unwrap_or_default(),
            "the client signed a virtual-hosted address, without the bucket in the path",
        ),
    ];
    let guess = |(path, meaning): (String, &'static str)| Guess {
        cause: Cause::Path,
        change: format!("path `{path}` instead of `{}`", base.path),
        meaning,
        canonical: Canonical { path, ..base.clone() },
    };
    candidates.into_iter().filter(|(path, _)| !path.is_empty() && *path != base.path).map(guess).collect()
}

fn query_guesses(failure: &Failure<'_>, base: &Canonical) -> Vec<Guess> {
    let is_signature = |name: &str| failure.mechanism == Mechanism::Presigned && name == "X-Amz-Signature";
    let raw: Vec<(&str, &str)> =
        query::split(failure.request.raw_query).filter(|(name, _)| !is_signature(name)).collect();
    let text = |pairs: &[(&str, &str)]| pairs.iter().map(|(n, v)| format!("{n}={v}")).collect::<Vec<_>>().join("&");
    let recoded = |raw: &str| percent::encode(&percent::decode_path_lossless(raw));
    let mut plus: Vec<(String, String)> = raw.iter().map(|(name, value)| (recoded(name), recoded(value))).collect();
    plus.sort_unstable();
    let mut sorted = raw.clone();
    sorted.sort_unstable();
    let bare_names =
        base.query.split('&').map(|pair| pair.strip_suffix('=').unwrap_or(pair)).collect::<Vec<_>>().join("&");
    let mut candidates = vec![
        (
            join_pairs(&plus),
            "the client means `+` in the query as a plus, S3 reads it as a space: send `%2B`".to_owned(),
        ),
        (text(&raw), "the client signs the query in the order in which it sends it: SigV4 sorts it by name".to_owned()),
        (
            text(&sorted),
            "the client signs the query as it sends it, without encoding what SigV4 wants encoded".to_owned(),
        ),
        (bare_names, "the client signs parameters without a value as `name`: SigV4 wants `name=`".to_owned()),
        (String::new(), "the client did not sign the query".to_owned()),
    ];
    let pairs: Vec<&str> = base.query.split('&').collect();
    for (at, pair) in pairs.iter().enumerate().filter(|_| pairs.len() > 1) {
        let rest = [&pairs[..at], &pairs[at + 1..]].concat().join("&");
        let name = pair.split('=').next().unwrap_or_default();
        candidates.push((rest, format!("the query parameter `{name}` was added after signing")));
    }
    let guess = |(query, meaning): (String, String)| Guess {
        cause: Cause::Query,
        change: format!("another query ({meaning})"),
        meaning: "the query that was signed is not the query that was sent",
        canonical: Canonical { query, ..base.clone() },
    };
    candidates.into_iter().filter(|(query, _)| *query != base.query).map(guess).collect()
}

fn header_guesses(failure: &Failure<'_>, base: &Canonical) -> Vec<Guess> {
    let mut guesses = vec![];
    for (name, received) in base.headers.iter().filter(|(name, _)| name != "host") {
        let mut without = base.clone();
        without.headers.retain(|(other, _)| other != name);
        guesses.push(Guess {
            cause: Cause::Header,
            change: format!("no line for the header `{name}`"),
            meaning: "the header is listed in SignedHeaders but was not signed",
            canonical: without,
        });
        let sent: Vec<&[u8]> = failure.request.headers.get_all(name).iter().map(http::HeaderValue::as_bytes).collect();
        let usual: &[&str] = match name.as_str() {
            "accept-encoding" => &["identity", "gzip", "gzip, deflate", "gzip, deflate, br"],
            "connection" => &["close", "keep-alive", "Keep-Alive"],
            "content-length" => &["0"],
            "expect" => &["100-continue"],
            "te" => &["trailers"],
            _ => &[],
        };
        let mut values = vec![vec![], sent.join(&b','), sent.join(&b", "[..])];
        values.extend(usual.iter().map(|value| value.as_bytes().to_vec()));
        for value in values.into_iter().filter(|value| value != received) {
            let mut canonical = base.clone();
            replace_header(&mut canonical, name, &value);
            let (value, received) = (String::from_utf8_lossy(&value), String::from_utf8_lossy(received));
            let change = if is_secret(name) {
                format!("another value of the header `{name}`")
            } else {
                format!("`{name}: {value}` instead of `{name}: {received}`")
            };
            let meaning = "the header was changed on the way (a proxy?), or the client does not trim and join values";
            guesses.push(Guess { cause: Cause::Header, change, meaning, canonical });
        }
    }
    guesses
}

/// Headers whose values are as good as a secret: session tokens, customers' encryption keys, cookies.
fn is_secret(name: &str) -> bool {
    ["token", "customer-key", "cookie", "authorization"].iter().any(|word| name.contains(word))
}

fn text_header(headers: &HeaderMap, name: &str) -> String {
    headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).trim().to_owned()).unwrap_or_default()
}

/// Splits `host:port`; `[::1]:9000` too.
fn split_port(host: &str) -> (&str, Option<&str>) {
    match host.rsplit_once(':') {
        Some((bare, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) && !bare.ends_with(':') => {
            (bare, Some(port))
        }
        _ => (host, None),
    }
}

pub(super) fn replace_header(canonical: &mut Canonical, name: &str, value: &[u8]) {
    for header in canonical.headers.iter_mut().filter(|header| header.0 == name) {
        header.1 = value.to_vec();
    }
}

/// RFC 3986's removal of dot segments, and of empty segments: what signers for other services do.
fn normalised(path: &str) -> String {
    let mut segments: Vec<&str> = vec![];
    for segment in path.split('/') {
        match segment {
            "" | "." => {}
            ".." => drop(segments.pop()),
            _ => segments.push(segment),
        }
    }
    let end = if path.ends_with('/') && !segments.is_empty() { "/" } else { "" };
    format!("/{}{end}", segments.join("/"))
}
