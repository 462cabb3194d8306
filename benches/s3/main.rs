//! A load generator for S3 endpoints: the same signed requests against Staves or any other server, and what they cost it.
//!
//! `cargo bench --bench s3 -- --help`; docs/performance.md says how to read the tables. Not a test: what is answered is
//! only looked at as far as to know that the work was done.

mod arguments;
mod calls;
mod client;
mod connection;
mod drive;
mod failure;
mod goal;
mod machine;
mod nginx;
mod payload;
mod process;
mod report;
mod runner;
mod sample;
mod server;
mod signer;
mod sink;
mod target;
mod units;
mod workload;
mod workloads;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use clap::Parser as _;

use crate::arguments::Arguments;
use crate::machine::Machine;
use crate::runner::Plan;
use crate::workload::{Group, Scale};

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            eprintln!("{reason}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<(), String> {
    if let Some(sink) = arguments.reference_sink {
        return sink.run().map_err(|error| error.to_string());
    }
    let specs = arguments.specs()?;
    let mut scale = if arguments.quick { Scale::QUICK } else { Scale::FULL };
    scale.keys = arguments.keys.unwrap_or(scale.keys);
    scale.rounds = arguments.rounds.map_or(scale.rounds, usize::from);
    let groups = selected(workload::all(scale), &arguments.only);
    if arguments.list {
        for workload in groups.iter().flat_map(|group| &group.workloads) {
            println!("{}", runner::full_name(workload.as_ref()));
        }
        return Ok(());
    }
    if groups.iter().all(|group| group.workloads.is_empty()) {
        return Err("no workload has such a name; --list names them all".to_owned());
    }
    let scratch = arguments.scratch.clone().unwrap_or_else(|| PathBuf::from(env!("CARGO_TARGET_TMPDIR")));
    let scratch = tempfile::Builder::new().prefix("bench-").tempdir_in(scratch).map_err(|error| error.to_string())?;
    let until = arguments.max_time.map(|time| Instant::now() + time);
    let plan = Plan { specs: &specs, scratch: scratch.path(), rounds: scale.rounds, until };
    let rows = plan.run(&groups);
    let machine = Machine::this();
    let json = format!("{:#}\n", report::json(&machine, &rows));
    match arguments.json.as_deref() {
        Some("-") => print!("{json}"),
        file => {
            print!("{}", report::tables(&machine, &rows));
            if let Some(file) = file {
                std::fs::write(file, json).map_err(|error| format!("{file}: {error}"))?;
            }
        }
    }
    Ok(())
}

fn selected(groups: Vec<Group>, patterns: &[String]) -> Vec<Group> {
    let is_wanted = |name: &str| patterns.is_empty() || patterns.iter().any(|pattern| name.contains(pattern.as_str()));
    let select = |mut group: Group| {
        group.workloads.retain(|workload| is_wanted(&workload.name()));
        group
    };
    groups.into_iter().map(select).collect()
}
