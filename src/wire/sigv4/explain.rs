//! Why a signature does not match, in words: tries what clients and proxies are known to do differently, and names what
//! would have matched. For logs and hints, never for access. No finding contains a secret or a right signature.

mod guesses;
#[cfg(test)]
mod tests;

use std::fmt;

use guesses::{Guess, host_guesses, other_guesses};

use super::canonical::{Canonical, Mechanism, Request};
use super::date::AmzDate;
use super::key::SigningKey;
use super::scope::Scope;

/// More guesses than this, hosts times everything else, are not tried.
const MAX_GUESSES: usize = 2000;

/// A request whose signature did not match.
#[derive(Debug, Clone, Copy)]
pub struct Failure<'a> {
    /// As received.
    pub request: Request<'a>,
    /// Header or presigned.
    pub mechanism: Mechanism,
    /// What the server built and signed.
    pub canonical: &'a Canonical,
    /// The moment of the signature.
    pub date: AmzDate,
    /// The client's scope.
    pub scope: &'a Scope,
    /// The client's signature.
    pub signature: &'a str,
}

/// What else to try.
#[derive(Clone, Copy, Default)]
pub struct Alternatives<'a> {
    /// The secret of the request's access key.
    pub secret_key: &'a str,
    /// Names under which clients may reach this server, with or without a port.
    pub hosts: &'a [&'a str],
    /// The server's region.
    pub region: &'a str,
    /// The body's SHA-256 in hexadecimal digits, if it is known.
    pub body_sha256: Option<&'a str>,
    /// Other access keys and their secrets.
    pub other_secrets: &'a [(&'a str, &'a str)],
}

/// What the client did differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// Another host name or port.
    Host,
    /// Another form of the path.
    Path,
    /// Another form of the query.
    Query,
    /// Another value of a header.
    Header,
    /// Another payload hash.
    Payload,
    /// Another method.
    Method,
    /// Another region.
    Region,
    /// Another secret.
    Secret,
}

/// One explanation that makes the signature match.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What to look at (the first, if two things together).
    pub cause: Cause,
    /// A sentence for the log.
    pub sentence: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.sentence)
    }
}

/// All single changes that make the signature match; if there are none, a host name together with one other change.
/// Costs some hundred hashes: call it for failures only. An empty answer most often means a wrong secret.
pub fn explain(failure: &Failure<'_>, alternatives: &Alternatives<'_>) -> Vec<Finding> {
    let key = SigningKey::derive(alternatives.secret_key, failure.scope);
    let matches = |canonical: &Canonical| canonical.sign(failure.date, failure.scope, &key).matches(failure.signature);
    let finding = |guess: &Guess| Finding {
        cause: guess.cause,
        sentence: format!("signing with {} would have matched: {}", guess.change, guess.meaning),
    };
    let hosts = host_guesses(failure, alternatives);
    let mut found: Vec<Finding> = hosts
        .iter()
        .chain(&other_guesses(failure, alternatives, failure.canonical))
        .filter(|guess| matches(&guess.canonical))
        .map(finding)
        .collect();
    found.extend(key_findings(failure, alternatives));
    if !found.is_empty() {
        return found;
    }
    let mut left = MAX_GUESSES;
    for host in &hosts {
        for other in other_guesses(failure, alternatives, &host.canonical).into_iter().take(left) {
            left -= 1;
            if matches(&other.canonical) {
                let change = format!("{} and with {}", host.change, other.change);
                return vec![finding(&Guess {
                    change,
                    ..Guess { cause: host.cause, meaning: other.meaning, ..other }
                })];
            }
        }
    }
    vec![]
}

/// Guesses that change the key, not the canonical request.
fn key_findings(failure: &Failure<'_>, alternatives: &Alternatives<'_>) -> Vec<Finding> {
    let signs = |secret: &str, scope: &Scope| {
        let key = SigningKey::derive(secret, scope);
        failure.canonical.sign(failure.date, failure.scope, &key).matches(failure.signature)
    };
    let mut found = vec![];
    let mut push = |cause, sentence| found.push(Finding { cause, sentence });
    if failure.scope.region != alternatives.region {
        let scope = Scope { region: alternatives.region.to_owned(), ..failure.scope.clone() };
        if signs(alternatives.secret_key, &scope) {
            let sentence = format!(
                "signing with a key for region `{}` would have matched: the credential names region `{}`",
                scope.region, failure.scope.region
            );
            push(Cause::Region, sentence);
        }
    }
    for end in ["\n", "\r\n", "\r", " "] {
        if signs(&format!("{}{end}", alternatives.secret_key), failure.scope) {
            let sentence = "signing with a blank or a line break after the secret would have matched: \
                            the client's secret was not trimmed";
            push(Cause::Secret, sentence.to_owned());
        }
    }
    for (access_key, secret) in alternatives.other_secrets {
        if signs(secret, failure.scope) {
            let sentence = format!(
                "signing with the secret of access key `{access_key}` would have matched: the client mixes two key pairs"
            );
            push(Cause::Secret, sentence);
        }
    }
    found
}
