//! Runs the workloads: each in turn against all endpoints and its reference, round by round, so that whatever the machine
//! does meanwhile is done to all of them.

use std::path::Path;
use std::time::{Duration, Instant};

use crate::failure::Failure;
use crate::goal::Verdict;
use crate::sample::{Figures, Sample};
use crate::target::{Spec, Target};
use crate::workload::{Group, NO_PAYLOAD, Workload};

/// Whose figures these are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    Endpoint,
    Reference,
}

pub(crate) struct Row {
    pub(crate) workload: String,
    pub(crate) payload: &'static str,
    pub(crate) endpoint: String,
    pub(crate) role: Role,
    pub(crate) outcome: Result<Figures, Failure>,
    pub(crate) verdicts: Vec<Verdict>,
}

/// With how its bodies are vouched for, where it has any.
pub(crate) fn full_name(workload: &dyn Workload) -> String {
    match workload.payload() {
        NO_PAYLOAD => workload.name(),
        payload => format!("{} ({payload})", workload.name()),
    }
}

pub(crate) struct Plan<'a> {
    pub(crate) specs: &'a [Spec],
    pub(crate) scratch: &'a Path,
    pub(crate) rounds: usize,
    pub(crate) until: Option<Instant>,
}

/// What one endpoint, or the reference, has yielded so far.
struct Lane {
    name: String,
    outcome: Result<Vec<Sample>, Failure>,
}

impl Lane {
    fn new(name: &str) -> Lane {
        Lane { name: name.to_owned(), outcome: Ok(Vec::new()) }
    }

    /// A failure ends the lane: nothing more is tried, and what was measured does not count.
    fn take(&mut self, round: impl FnOnce() -> Result<Sample, Failure>) {
        if let Ok(samples) = &mut self.outcome {
            match round() {
                Ok(sample) => samples.push(sample),
                Err(failure) => self.outcome = Err(failure),
            }
        }
    }
}

impl Plan<'_> {
    pub(crate) fn run(&self, groups: &[Group]) -> Vec<Row> {
        let mut rows = Vec::new();
        for group in groups.iter().filter(|group| !group.workloads.is_empty()) {
            let targets: Vec<Result<Target, Failure>> =
                self.specs.iter().map(|spec| spec.start(self.scratch)).collect();
            for workload in &group.workloads {
                rows.extend(self.run_workload(workload.as_ref(), &targets));
            }
            for target in targets.into_iter().flatten() {
                let name = target.spec.name.clone();
                if let Err(failure) = target.stop() {
                    eprintln!("  cleaning up {name}: {failure}");
                }
            }
        }
        rows
    }

    fn run_workload(&self, workload: &dyn Workload, targets: &[Result<Target, Failure>]) -> Vec<Row> {
        let mut lanes: Vec<Lane> = self.specs.iter().map(|spec| Lane::new(&spec.name)).collect();
        if self.until.is_some_and(|until| Instant::now() > until) {
            for lane in &mut lanes {
                lane.outcome = Err(Failure::skipped("--max-time is over"));
            }
            return self.rows(workload, &lanes, None);
        }
        eprintln!("{}", full_name(workload));
        for (lane, target) in lanes.iter_mut().zip(targets) {
            let prepared = target.as_ref().map_err(Clone::clone).and_then(|target| workload.prepare(target));
            lane.outcome = prepared.map(|()| Vec::new());
        }
        let mut reference = workload.reference(self.scratch);
        let mut reference_lane = reference.as_ref().map(|reference| {
            let name = reference.as_ref().map_or("reference", |reference| reference.name());
            Lane { name: name.to_owned(), outcome: reference.as_ref().map(|_| Vec::new()).map_err(Clone::clone) }
        });
        for _ in 0..workload.rounds(self.rounds) {
            for (lane, target) in lanes.iter_mut().zip(targets) {
                let Ok(target) = target else { continue };
                if lane.outcome.is_ok() {
                    target.settle();
                    lane.take(|| workload.round(target));
                }
            }
            if let (Some(lane), Some(Ok(reference))) = (&mut reference_lane, &mut reference) {
                std::thread::sleep(Duration::from_millis(200));
                lane.take(|| reference.round());
            }
        }
        self.rows(workload, &lanes, reference_lane)
    }

    fn rows(&self, workload: &dyn Workload, lanes: &[Lane], reference: Option<Lane>) -> Vec<Row> {
        let figures = |lane: &Lane| match &lane.outcome {
            Ok(samples) => Ok(Figures::of(samples)),
            Err(failure) => Err(failure.clone()),
        };
        let of_reference = reference.as_ref().map(figures);
        let row = |endpoint: &str, role, outcome, verdicts| {
            let (workload, payload) = (workload.name(), workload.payload());
            Row { workload, payload, endpoint: endpoint.to_owned(), role, outcome, verdicts }
        };
        let mut rows = Vec::new();
        for (lane, spec) in lanes.iter().zip(self.specs) {
            let outcome = figures(lane);
            let goals = if spec.is_own() { workload.goals() } else { Vec::new() };
            let judge = |figures: &Figures| {
                let reference = of_reference.as_ref().and_then(|outcome| outcome.as_ref().ok());
                goals.iter().filter_map(|goal| goal.judge(figures, reference)).collect()
            };
            let verdicts = outcome.as_ref().map(judge).unwrap_or_default();
            rows.push(row(&lane.name, Role::Endpoint, outcome, verdicts));
        }
        if let (Some(lane), Some(outcome)) = (reference, of_reference) {
            rows.push(row(&lane.name, Role::Reference, outcome, Vec::new()));
        }
        rows
    }
}
