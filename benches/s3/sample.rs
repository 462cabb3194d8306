//! What a round of a workload yields, and what the rounds of an endpoint come to: the median of each figure.

use std::time::{Duration, Instant};

use serde::Serialize;

use crate::process::{CpuReading, Processes};
use crate::units::{float, gigabytes, megabytes};

/// What the first column of figures shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Rate {
    #[default]
    Operations,
    Bytes,
    /// Neither: something was weighed.
    Size,
}

/// One round.
#[derive(Debug, Clone, Default)]
pub(crate) struct Sample {
    pub(crate) rate: Rate,
    pub(crate) operations: u64,
    pub(crate) bytes: u64,
    pub(crate) elapsed: Duration,
    pub(crate) latencies: Vec<Duration>,
    pub(crate) cpu_seconds: Option<f64>,
    pub(crate) peak_bytes: Option<u64>,
    pub(crate) size_bytes: Option<u64>,
}

impl Sample {
    /// Adds what was measured later in the same round.
    pub(crate) fn add(&mut self, later: Sample) {
        self.operations += later.operations;
        self.bytes += later.bytes;
        self.elapsed += later.elapsed;
        self.latencies.extend(later.latencies);
        self.cpu_seconds = match (self.cpu_seconds, later.cpu_seconds) {
            (Some(before), Some(after)) => Some(before + after),
            (one, other) => one.or(other),
        };
        self.peak_bytes = self.peak_bytes.max(later.peak_bytes);
    }

    pub(crate) fn of_size(bytes: u64) -> Sample {
        Sample { rate: Rate::Size, size_bytes: Some(bytes), ..Sample::default() }
    }
}

/// Measures a server from its making until [`Meter::stop`].
pub(crate) struct Meter {
    processes: Option<Processes>,
    cpu: Option<CpuReading>,
    started: Instant,
}

impl Meter {
    pub(crate) fn start(processes: Option<Processes>) -> Meter {
        if let Some(processes) = processes {
            processes.forget_peak();
        }
        let cpu = processes.and_then(Processes::cpu);
        Meter { processes, cpu, started: Instant::now() }
    }

    /// What was done meanwhile, `latencies` operation by operation.
    pub(crate) fn stop(self, latencies: Vec<Duration>, bytes: u64) -> Sample {
        let elapsed = self.started.elapsed();
        let after = self.processes.and_then(Processes::cpu);
        Sample {
            operations: latencies.len() as u64,
            bytes,
            elapsed,
            latencies,
            cpu_seconds: self.cpu.zip(after).map(|(before, after)| before.until(&after)),
            peak_bytes: self.processes.and_then(Processes::peak_bytes),
            ..Sample::default()
        }
    }
}

/// What is shown and compared. Nothing is shown where nothing was measured.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct Figures {
    pub(crate) rounds: usize,
    pub(crate) operations_per_second: Option<f64>,
    pub(crate) megabytes_per_second: Option<f64>,
    pub(crate) size_megabytes: Option<f64>,
    pub(crate) p50_ms: Option<f64>,
    pub(crate) p99_ms: Option<f64>,
    pub(crate) cpu_us_per_operation: Option<f64>,
    pub(crate) cpu_seconds_per_gigabyte: Option<f64>,
    pub(crate) peak_megabytes: Option<f64>,
    #[serde(skip)]
    pub(crate) rate: Rate,
}

impl Figures {
    pub(crate) fn of(samples: &[Sample]) -> Figures {
        let figure = |of: &dyn Fn(&Sample) -> Option<f64>| median(samples.iter().filter_map(of).collect());
        let rate = samples.first().map_or(Rate::Operations, |sample| sample.rate);
        let per_second = |amount: f64, sample: &Sample| {
            (amount > 0.0 && !sample.elapsed.is_zero()).then(|| amount / sample.elapsed.as_secs_f64())
        };
        Figures {
            rounds: samples.len(),
            operations_per_second: figure(&|sample| per_second(float(sample.operations), sample)),
            megabytes_per_second: figure(&|sample| per_second(megabytes(sample.bytes), sample)),
            size_megabytes: figure(&|sample| sample.size_bytes.map(megabytes)),
            p50_ms: figure(&|sample| percentile(&sample.latencies, 50)),
            p99_ms: figure(&|sample| percentile(&sample.latencies, 99)),
            cpu_us_per_operation: figure(&|sample| {
                let seconds = sample.cpu_seconds.filter(|_| sample.operations > 0)?;
                Some(seconds * 1e6 / float(sample.operations))
            }),
            cpu_seconds_per_gigabyte: figure(&|sample| {
                let seconds = sample.cpu_seconds.filter(|_| sample.bytes > 0)?;
                Some(seconds / gigabytes(sample.bytes))
            }),
            peak_megabytes: samples.iter().filter_map(|sample| sample.peak_bytes).max().map(megabytes),
            rate,
        }
    }

    /// What is compared between endpoints: how much was done per second.
    pub(crate) fn speed(&self) -> Option<f64> {
        self.megabytes_per_second.filter(|_| self.rate == Rate::Bytes).or(self.operations_per_second)
    }
}

fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() {
        0 => None,
        length if length.is_multiple_of(2) => Some(f64::midpoint(values[middle - 1], values[middle])),
        _ => Some(values[middle]),
    }
}

fn percentile(latencies: &[Duration], percent: usize) -> Option<f64> {
    let mut sorted = latencies.to_vec();
    sorted.sort_unstable();
    let at = (sorted.len() * percent).div_ceil(100).saturating_sub(1);
    sorted.get(at).map(|latency| latency.as_secs_f64() * 1e3)
}
