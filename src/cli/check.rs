//! `staves check`: is a data directory as it should be? Not a repair: nothing is changed.

use std::path::PathBuf;
use std::process::ExitCode;

use super::args::CheckArgs;
use super::progress;
use super::settings::Settings;
use crate::engine::{CheckReport, Durability, Engine, Limits, MultipartOrder, Options};

/// Differences were found.
const DIFFERENCES: u8 = 1;

/// Checks, prints the report, and says by the exit code what came out. An error means that it could not be checked.
pub(super) fn run(args: &CheckArgs) -> Result<ExitCode, String> {
    let data_dir = match &args.data {
        Some(directory) => directory.clone(),
        None => Settings::without_flags(args.config.as_deref())?.serve.data,
    };
    let report = check(data_dir.clone())?;
    if args.json {
        println!("{}", as_json(&report));
    } else {
        for difference in &report.differences {
            println!("{difference}");
        }
        println!("{}: {}", data_dir.display(), summary(&report));
    }
    Ok(if report.differences.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(DIFFERENCES) })
}

fn check(data_dir: PathBuf) -> Result<CheckReport, String> {
    // Opening creates what is missing; a check of a mistyped directory must not find it clean.
    if !data_dir.is_dir() {
        return Err(format!("there is no data directory {}; name one with --data DIR", data_dir.display()));
    }
    let runtime = tokio::runtime::Runtime::new().map_err(|error| format!("the runtime cannot start: {error}"))?;
    let _entered = runtime.enter();
    let engine = Engine::open(Options {
        data_dir,
        durability: Durability::Process,
        limits: Limits::default(),
        multipart_order: MultipartOrder::default(),
    })
    .map_err(|error| error.to_string())?;
    let bar = progress::bar("checking", "{msg} [{bar:30}] {pos}/{len}, {eta} left");
    let report = engine.check(|progress| {
        if let Some(bar) = &bar {
            bar.set_length(progress.total);
            bar.set_position(progress.checked);
        }
    });
    if let Some(bar) = bar {
        bar.finish_and_clear();
    }
    runtime.block_on(engine.close());
    report.map_err(|error| format!("the check could not be finished: {error}"))
}

fn summary(report: &CheckReport) -> String {
    let checked = report.checked;
    match report.differences.len() {
        0 => format!("all is well ({checked} checked)"),
        1 => format!("1 difference ({checked} checked)"),
        n => format!("{n} differences ({checked} checked)"),
    }
}

fn as_json(report: &CheckReport) -> serde_json::Value {
    serde_json::json!({
        "clean": report.differences.is_empty(),
        "checked": report.checked,
        "differences": report.differences,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_that_is_not_there_is_not_clean() {
        let directory = tempfile::tempdir().unwrap();
        let missing = directory.path().join("missing");
        assert!(check(missing.clone()).unwrap_err().contains("--data"));
        assert!(!missing.exists());
    }
}
