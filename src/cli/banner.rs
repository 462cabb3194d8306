//! What is printed when the server is ready: for people, and as a line of JSON for programs. Not the log.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{IsTerminal as _, Write as _};

use serde::Serialize;

use super::settings::Settings;
use crate::engine::Durability;
use crate::http::identity::{Identities, Identity};
use crate::s3::AuthMode;
use crate::server::{FacadeUrl, RunningServer};

/// Where the banner goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// Usually.
    StandardOutput,
    /// When standard output is for the line of JSON.
    StandardError,
}

/// Prints the banner. A closed pipe is no reason to stop serving.
pub(super) fn show(settings: &Settings, server: &RunningServer, place: Place) {
    let facts = Facts {
        endpoint: server.endpoint().to_owned(),
        also: server.addrs().iter().skip(1).map(ToString::to_string).collect(),
        ca_file: server.ca_file().map(|file| file.display().to_string()),
        reachable: if server.addrs().iter().all(|address| address.ip().is_loopback()) {
            Reachable::FromThisMachine
        } else {
            Reachable::FromOthers
        },
        seeded: server.seeded().map(|report| report.files),
        secrets: secrets(settings, place),
        facades: server.facades().to_vec(),
    };
    let text = text(settings, &facts);
    let _closed_pipe = match place {
        Place::StandardOutput => std::io::stdout().lock().write_all(text.as_bytes()),
        Place::StandardError => std::io::stderr().lock().write_all(text.as_bytes()),
    };
}

/// Prints the line that programs wait for.
pub(super) fn ready_json(server: &RunningServer) {
    let line = ready_line(server.endpoint(), server.region(), server.identities(), server.ca_file(), server.facades());
    let mut out = std::io::stdout().lock();
    let _closed_pipe = writeln!(out, "{line}").and_then(|()| out.flush());
}

/// The line of JSON; its fields are a promise.
#[derive(Serialize)]
struct Ready<'a> {
    endpoint: &'a str,
    access_key: &'a str,
    secret_key: &'a str,
    region: &'a str,
    pid: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    ca_file: Option<&'a std::path::Path>,
    facades: BTreeMap<&'static str, &'a str>,
}

fn ready_line(
    endpoint: &str,
    region: &str,
    identities: &Identities,
    ca_file: Option<&std::path::Path>,
    facades: &[FacadeUrl],
) -> String {
    let identity = identities.default_identity();
    let (access_key, secret_key) = (identity.access_key.as_str(), identity.secret_key.expose());
    let facades = facades.iter().map(|facade| (facade.name, facade.url.as_str())).collect();
    let ready = Ready { endpoint, access_key, secret_key, region, pid: std::process::id(), ca_file, facades };
    serde_json::to_string(&ready).unwrap_or_else(|error| format!("{{\"error\":\"{error}\"}}"))
}

/// What the settings alone do not say.
struct Facts {
    endpoint: String,
    also: Vec<String>,
    ca_file: Option<String>,
    reachable: Reachable,
    seeded: Option<u64>,
    secrets: Secrets,
    facades: Vec<FacadeUrl>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Reachable {
    FromThisMachine,
    FromOthers,
}

/// The well-known secret is shown everywhere, one's own only on a terminal: what goes into a pipe ends in somebody's logs.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Secrets {
    Shown,
    Hidden,
}

fn secrets(settings: &Settings, place: Place) -> Secrets {
    let terminal = match place {
        Place::StandardOutput => std::io::stdout().is_terminal(),
        Place::StandardError => std::io::stderr().is_terminal(),
    };
    if terminal || is_well_known(settings.identities.default_identity()) { Secrets::Shown } else { Secrets::Hidden }
}

fn is_well_known(identity: &Identity) -> bool {
    identity.access_key == "test" && identity.secret_key.expose() == "test"
}

fn text(settings: &Settings, facts: &Facts) -> String {
    let serve = &settings.serve;
    let identity = settings.identities.default_identity();
    let secret = match facts.secrets {
        Secrets::Shown => identity.secret_key.expose(),
        Secrets::Hidden => "(as configured)",
    };
    let mut text = format!("\nStaves {} is ready.\n\n", env!("CARGO_PKG_VERSION"));
    let mut row = |name: &str, value: &str| {
        let _infallible = writeln!(text, "  {name:<11} {value}");
    };
    row("Endpoint", &facts.endpoint);
    if !facts.also.is_empty() {
        row("", &format!("and on {}", facts.also.join(", ")));
    }
    row("Access key", &identity.access_key);
    row("Secret key", secret);
    let others = settings.identities.iter().count() - 1;
    if others > 0 {
        row("", &format!("and {others} more {}", if others == 1 { "identity" } else { "identities" }));
    }
    row("Region", &serve.region);
    row("Data", &data(settings));
    row("Durability", durability(serve.durability));
    if let Some(file) = &settings.file {
        row("Settings", &file.display().to_string());
    }
    if let Some(files) = facts.seeded {
        row("Seed", &format!("{files} objects loaded"));
    }
    if let Some(file) = &facts.ca_file {
        row("CA file", &format!("{file}  (export AWS_CA_BUNDLE={})", quoted(file)));
    }
    for (index, facade) in facts.facades.iter().enumerate() {
        row(if index == 0 { "Also" } else { "" }, &format!("{}  ({})", facade.url, facade.product));
    }
    if let Some(upstream) = &serve.upstream {
        row("Upstream", &format!("{upstream}  (what Gjirafa VP and GeoLens upload goes there)"));
    }
    for warning in warnings(settings, facts) {
        let _infallible = write!(text, "\n  !! {warning}\n");
    }
    let _infallible = write!(text, "\n  Try:\n    {}\n\n", aws_line(settings, facts));
    text
}

fn data(settings: &Settings) -> String {
    match settings.serve.durability {
        Durability::Memory => "nowhere: all is gone at the end".to_owned(),
        _ => std::path::absolute(&settings.serve.data).unwrap_or(settings.serve.data.clone()).display().to_string(),
    }
}

fn durability(durability: Durability) -> &'static str {
    match durability {
        Durability::Memory => "memory: nothing is kept",
        Durability::Process => "process: survives kill -9; after a power loss the last seconds may be missing",
        Durability::Power => "power: survives a power loss",
    }
}

fn warnings(settings: &Settings, facts: &Facts) -> Vec<&'static str> {
    let open = facts.reachable == Reachable::FromOthers;
    let mut warnings = Vec::new();
    match settings.serve.auth {
        AuthMode::Off if open => {
            warnings.push("AUTH IS OFF, and other machines can connect: ANYONE ON THE NETWORK MAY DO ANYTHING.");
        }
        AuthMode::Off => warnings.push("AUTH IS OFF: signatures are not looked at, everyone may do anything."),
        AuthMode::On if open && settings.identities.iter().any(|identity| is_well_known(identity)) => {
            warnings.push(
                "OTHER MACHINES CAN CONNECT, and the credentials are the well-known test/test. \
                 Set --access-key and --secret-key unless the network is your own.",
            );
        }
        AuthMode::On => {}
    }
    warnings
}

fn aws_line(settings: &Settings, facts: &Facts) -> String {
    let identity = settings.identities.default_identity();
    let mut line = format!("AWS_ACCESS_KEY_ID={} ", quoted(&identity.access_key));
    let mut variable = |name: &str, value: &str| {
        let value = if facts.secrets == Secrets::Shown { quoted(value) } else { "…".to_owned() };
        let _infallible = write!(line, "{name}={value} ");
    };
    variable("AWS_SECRET_ACCESS_KEY", identity.secret_key.expose());
    if let Some(token) = &identity.session_token {
        variable("AWS_SESSION_TOKEN", token.expose());
    }
    if let Some(file) = &facts.ca_file {
        let _infallible = write!(line, "AWS_CA_BUNDLE={} ", quoted(file));
    }
    let (region, endpoint) = (quoted(&settings.serve.region), quoted(&facts.endpoint));
    let _infallible = write!(line, "AWS_DEFAULT_REGION={region} aws --endpoint-url {endpoint} s3 ls");
    line
}

/// A word as a POSIX shell takes it unchanged.
pub(super) fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:@%+=,".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::settings::tests::settings_of;

    fn facts() -> Facts {
        Facts {
            endpoint: "http://127.0.0.1:9000".to_owned(),
            also: vec!["[::1]:9000".to_owned()],
            ca_file: None,
            reachable: Reachable::FromThisMachine,
            seeded: None,
            secrets: Secrets::Shown,
            facades: Vec::new(),
        }
    }

    #[test]
    fn the_aws_line_can_be_pasted() {
        let text = text(&settings_of(&[]), &facts());
        assert!(text.contains(
            "AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test AWS_DEFAULT_REGION=us-east-1 \
             aws --endpoint-url http://127.0.0.1:9000 s3 ls\n"
        ));
        assert!(text.contains(env!("CARGO_PKG_VERSION")) && text.contains("staves-data") && !text.contains("!!"));
        assert_eq!(quoted("it's"), r"'it'\''s'");
    }

    #[test]
    fn carelessness_is_said_loudly() {
        let open = Facts { reachable: Reachable::FromOthers, ..facts() };
        assert!(text(&settings_of(&["--auth", "off"]), &facts()).contains("!! AUTH IS OFF"));
        assert!(text(&settings_of(&["--auth", "off"]), &open).contains("ANYONE ON THE NETWORK"));
        assert!(text(&settings_of(&[]), &open).contains("test/test"));
        assert!(!text(&settings_of(&["--access-key", "a", "--secret-key", "b"]), &open).contains("!!"));
    }

    #[test]
    fn hidden_secrets_are_nowhere() {
        let hidden = Facts { secrets: Secrets::Hidden, ..facts() };
        let text = text(&settings_of(&["--secret-key", "confidential"]), &hidden);
        assert!(!text.contains("confidential"), "{text}");
    }

    #[test]
    fn the_ready_line_has_its_fields_in_order() {
        let here = FacadeUrl { name: "here", product: "HERE", url: "http://h:1/_staves/here".to_owned() };
        let line = ready_line("http://h:1", "eu-west-1", &Identities::default(), None, &[here]);
        let pid = std::process::id();
        let expected =
            r#"{"endpoint":"http://h:1","access_key":"test","secret_key":"test","region":"eu-west-1","pid":"#;
        let facades = r#","facades":{"here":"http://h:1/_staves/here"}}"#;
        assert_eq!(line, format!("{expected}{pid}{facades}"));
    }
}
