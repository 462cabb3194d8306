//! `staves check`: is a data directory as it should be? Not a repair: nothing is changed.

use std::path::PathBuf;
use std::process::ExitCode;

use super::args::CheckArgs;
use super::progress;
use super::settings::Settings;
use crate::engine::check::CheckReport;
use crate::engine::{Engine, Options};
use indicatif::HumanBytes;

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
    let engine = Engine::open(Options::new(data_dir)).map_err(|error| error.to_string())?;
    let bar = progress::bar("checking", "{msg} [{bar:30}] {bytes}/{total_bytes}, {eta} left");
    let report = engine.check(|progress| {
        if let Some(bar) = &bar {
            bar.set_length(progress.bytes_total);
            bar.set_position(progress.bytes_hashed);
        }
    });
    if let Some(bar) = bar {
        bar.finish_and_clear();
    }
    runtime.block_on(engine.close());
    report.map_err(|error| format!("the check could not be finished: {error}"))
}

fn summary(report: &CheckReport) -> String {
    let outcome = match report.differences.len() {
        0 => "all is well".to_owned(),
        1 => "1 difference".to_owned(),
        n => format!("{n} differences"),
    };
    let orphans = match report.orphaned_files {
        0 => String::new(),
        n => format!("; {n} files that a crash left, swept at the next start"),
    };
    let annotations = match report.annotations_hashed {
        0 => String::new(),
        1 => " and 1 annotation".to_owned(),
        n => format!(" and {n} annotations"),
    };
    let hashed = HumanBytes(report.bytes_hashed);
    format!("{outcome} ({} blobs{annotations}, {hashed} hashed{orphans})", report.blobs_hashed)
}

fn as_json(report: &CheckReport) -> serde_json::Value {
    serde_json::json!({
        "clean": report.differences.is_empty(),
        "blobs_hashed": report.blobs_hashed,
        "annotations_hashed": report.annotations_hashed,
        "bytes_hashed": report.bytes_hashed,
        "orphaned_files": report.orphaned_files,
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

    #[test]
    fn a_new_directory_is_clean() {
        let directory = tempfile::tempdir().unwrap();
        drop(Engine::open(Options::new(directory.path())).unwrap());
        let report = check(directory.path().to_owned()).unwrap();
        assert!(summary(&report).starts_with("all is well (0 blobs"), "{}", summary(&report));
        assert_eq!(as_json(&report)["clean"], true);
    }
}
