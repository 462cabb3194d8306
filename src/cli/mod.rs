//! The command line: what was asked for, with which settings, and what the process says and returns. Not the server
//! itself, which `server` starts for programs too.

mod args;
mod banner;
mod check;
mod config_file;
mod health;
mod log;
mod operations;
mod presign;
mod progress;
mod serve;
mod settings;
mod units;

use std::process::ExitCode;

use clap::{CommandFactory as _, FromArgMatches as _};

use args::{Cli, Command};
use settings::Settings;

/// Runs the command line and returns the process's exit code.
pub fn main() -> ExitCode {
    let matches = Cli::command().get_matches();
    let cli = match Cli::from_arg_matches(&matches) {
        Ok(cli) => cli,
        Err(error) => error.exit(),
    };
    // The settings may stand before nothing at all (`staves --port 1`) or after `serve`.
    let serving = matches.subcommand_matches("serve").unwrap_or(&matches);
    match cli.command {
        None | Some(Command::Serve(_)) => or_explain(1, Settings::resolve(serving).and_then(serve::run)),
        Some(Command::Presign(presign)) => or_explain(1, presign::run(&presign)),
        Some(Command::Check(check)) => or_explain(2, check::run(&check)),
        Some(Command::Health(health)) => or_explain(1, health::run(&health)),
        Some(Command::Operations(operations)) => or_explain(1, operations::run(&operations)),
    }
}

/// Every failure is one sentence on standard error.
fn or_explain(code_of_failure: u8, result: Result<ExitCode, String>) -> ExitCode {
    result.unwrap_or_else(|sentence| {
        eprintln!("staves: {sentence}");
        ExitCode::from(code_of_failure)
    })
}
