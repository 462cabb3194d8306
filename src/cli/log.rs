//! Where logs go and which. Not what is logged: secrets never are, whatever the filter.

use std::io::IsTerminal as _;

use tracing_subscriber::EnvFilter;

/// Logs to standard error what `filter` lets through.
pub(super) fn start(filter: &str) -> Result<(), String> {
    let filter = EnvFilter::try_new(with_quiet_dependencies(filter)).map_err(|error| {
        format!("the log filter {filter:?} is not valid: {error}; write error, warn, info or debug")
    })?;
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .with_target(false)
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
        assert!(EnvFilter::try_new(with_quiet_dependencies("info")).is_ok());
    }
}
