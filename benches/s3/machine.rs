//! On what machine it was measured: figures mean little without.

use std::fs;
use std::time::SystemTime;

use serde::Serialize;

#[derive(Debug, Serialize)]
pub(crate) struct Machine {
    pub(crate) processor: String,
    pub(crate) cores: usize,
    pub(crate) kernel: String,
    pub(crate) date: String,
    pub(crate) staves: &'static str,
}

impl Machine {
    pub(crate) fn this() -> Machine {
        let processors = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let model = processors.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
        let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
        Machine {
            processor: model.map_or("an unknown processor", |(_, name)| name).to_owned(),
            cores: std::thread::available_parallelism().map_or(0, usize::from),
            kernel: format!("{} {}", std::env::consts::OS, kernel.trim()),
            date: httpdate::fmt_http_date(SystemTime::now()),
            staves: env!("CARGO_PKG_VERSION"),
        }
    }

    pub(crate) fn line(&self) -> String {
        format!("staves {} on {}, {} cores, {}, {}", self.staves, self.processor, self.cores, self.kernel, self.date)
    }
}
