//! Why a signature does not match, for the log: the container's name against `localhost` is the most common question
//! there is.

use http::header::HOST;

use super::sigv4::Signature;
use crate::http::identity::Identity;
use crate::s3::Shared;
use crate::s3::request::Head;
use crate::wire::sigv4::{Alternatives, Canonical, Failure, explain};

/// Logs what would have matched. No secret and no right signature is in it.
pub(super) fn log_why(
    shared: &Shared,
    head: &Head,
    identity: &Identity,
    signature: &Signature<'_>,
    canonical: &Canonical,
) {
    let forwarded = head.header("x-forwarded-host");
    let own = format!("localhost:{}", head.connection.local.port());
    let loopback = head.connection.local.to_string();
    let mut hosts: Vec<&str> = shared.config.host_aliases.iter().map(String::as_str).collect();
    hosts.extend(forwarded.as_deref());
    hosts.extend([own.as_str(), loopback.as_str()]);
    let failure = Failure {
        request: head.signable(),
        mechanism: signature.mechanism,
        canonical,
        date: signature.date,
        scope: signature.scope,
        signature: signature.provided,
    };
    let others: Vec<(&str, &str)> = shared
        .config
        .identities
        .iter()
        .filter(|other| other.access_key != identity.access_key)
        .map(|other| (other.access_key.as_str(), other.secret_key.expose()))
        .collect();
    let alternatives = Alternatives {
        secret_key: identity.secret_key.expose(),
        hosts: &hosts,
        region: &shared.config.region,
        body_sha256: None,
        other_secrets: &others,
    };
    let findings = explain(&failure, &alternatives);
    let request_id = head.request_id.as_str();
    let host = head.headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or("none");
    if findings.is_empty() {
        tracing::warn!(
            request_id,
            access_key = %identity.access_key,
            host,
            "signature mismatch: no single difference explains it. Most often the secret key is another one, or a \
             proxy changed the request after it was signed (a host name it is reached by: name it with --host-alias)"
        );
    }
    for finding in findings {
        tracing::warn!(request_id, access_key = %identity.access_key, host, "signature mismatch: {finding}");
    }
}
