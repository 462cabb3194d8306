//! Where logs go and which. Not what is logged: secrets never are, whatever the filter.

use std::io::IsTerminal as _;

use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::layer;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

/// Logs to standard error what `filter` lets through.
pub(super) fn start(filter: &str) -> Result<(), String> {
    let targets: Targets = with_quiet_dependencies(filter).parse().map_err(|error| {
        format!("the log filter {filter:?} is not valid: {error}; write error, warn, info or debug")
    })?;
    let lines = layer().with_writer(std::io::stderr).with_ansi(std::io::stderr().is_terminal()).with_target(false);
    tracing_subscriber::registry()
        .with(lines)
        .with(targets)
        .try_init()
        .map_err(|error| format!("logging cannot start: {error}"))
}

/// A bare level is meant for Staves: what rustls or hyper think of a connection at that level helps nobody.
fn with_quiet_dependencies(filter: &str) -> String {
    match filter.trim() {
        level @ ("trace" | "debug" | "info") => format!("warn,staves={level}"),
        other => other.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_is_for_staves_alone() {
        assert_eq!(with_quiet_dependencies("debug"), "warn,staves=debug");
        assert_eq!(with_quiet_dependencies("hyper=debug"), "hyper=debug");
        assert!(with_quiet_dependencies("info").parse::<Targets>().is_ok());
        assert!("loud".parse::<Targets>().is_err() || "staves=loud".parse::<Targets>().is_err());
    }
}
