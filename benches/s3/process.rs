//! What a server costs, from `/proc`: processor time and resident memory of a process and its children. Where there is no
//! such directory, or no such process, there are no figures.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs;
use std::net::SocketAddr;

use crate::units::float;

/// When threads have ended meanwhile, their time is only in the counts of clock ticks. Less than this is their rounding.
const TICK_DOUBT_SECONDS: f64 = 0.04;

/// A server's processes: the one that was started, and those that it starts.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Processes {
    pid: u32,
}

/// Processor time used up to a moment.
pub(crate) struct CpuReading {
    /// By process and thread, in nanoseconds: exact, but gone with the thread.
    threads: BTreeMap<(u32, u32), u64>,
    /// Of all threads and of children that have ended: in steps of a clock tick.
    ticks: u64,
}

impl Processes {
    pub(crate) fn of(pid: u32) -> Processes {
        Processes { pid }
    }

    /// Whose process listens on this port of this machine, as far as we may see.
    pub(crate) fn listening_on(address: SocketAddr) -> Option<Processes> {
        if !address.ip().is_loopback() && !is_own_address(address) {
            return None;
        }
        let inodes = listening_inodes(address.port());
        let owner = all_pids().into_iter().find(|&pid| {
            let Ok(descriptors) = fs::read_dir(format!("/proc/{pid}/fd")) else { return false };
            descriptors.flatten().any(|descriptor| {
                let target = fs::read_link(descriptor.path()).unwrap_or_default();
                inodes.contains(&target.to_string_lossy().into_owned())
            })
        });
        owner.map(Processes::of)
    }

    pub(crate) fn cpu(self) -> Option<CpuReading> {
        let mut reading = CpuReading { threads: BTreeMap::new(), ticks: 0 };
        for pid in self.tree() {
            let Some(fields) = stat_fields(pid) else { continue };
            // utime, stime, cutime, cstime: fields 14 to 17, counted from 1; the first two are cut off.
            reading.ticks += fields[11..15].iter().filter_map(|field| field.parse::<u64>().ok()).sum::<u64>();
            let Ok(threads) = fs::read_dir(format!("/proc/{pid}/task")) else { continue };
            for thread in threads.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok()) {
                let schedstat = fs::read_to_string(format!("/proc/{pid}/task/{thread}/schedstat")).unwrap_or_default();
                if let Some(nanoseconds) = schedstat.split(' ').next().and_then(|field| field.parse().ok()) {
                    reading.threads.insert((pid, thread), nanoseconds);
                }
            }
        }
        fs::exists(format!("/proc/{}", self.pid)).unwrap_or(false).then_some(reading)
    }

    /// Resident memory now.
    pub(crate) fn resident_bytes(self) -> Option<u64> {
        self.status_bytes("VmRSS:")
    }

    /// The most memory that was resident since [`Processes::forget_peak`], or ever where that is not allowed.
    pub(crate) fn peak_bytes(self) -> Option<u64> {
        self.status_bytes("VmHWM:")
    }

    pub(crate) fn forget_peak(self) {
        for pid in self.tree() {
            let _others_processes_keep_their_peak = fs::write(format!("/proc/{pid}/clear_refs"), "5");
        }
    }

    /// The process and all below it.
    pub(crate) fn tree(self) -> BTreeSet<u32> {
        let mut children: HashMap<u32, Vec<u32>> = HashMap::new();
        for pid in all_pids() {
            let parent = stat_fields(pid).and_then(|fields| fields[1].parse().ok());
            children.entry(parent.unwrap_or(0)).or_default().push(pid);
        }
        let mut tree = BTreeSet::new();
        let mut next = vec![self.pid];
        while let Some(pid) = next.pop() {
            if tree.insert(pid) {
                next.extend(children.get(&pid).into_iter().flatten());
            }
        }
        tree
    }

    fn status_bytes(self, field: &str) -> Option<u64> {
        let of = |pid: u32| -> Option<u64> {
            let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
            let line = status.lines().find(|line| line.starts_with(field))?;
            Some(line.split_whitespace().nth(1)?.parse::<u64>().ok()? * 1024)
        };
        let all: Vec<u64> = self.tree().into_iter().filter_map(of).collect();
        (!all.is_empty()).then(|| all.iter().sum())
    }
}

impl CpuReading {
    /// Seconds of processor time from `self` until `later`.
    pub(crate) fn until(&self, later: &CpuReading) -> f64 {
        let per_second = float(rustix::param::clock_ticks_per_second());
        let by_ticks = float(later.ticks.saturating_sub(self.ticks)) / per_second;
        if self.threads.is_empty() {
            return by_ticks;
        }
        let used = |(thread, &until): (&(u32, u32), &u64)| {
            until.saturating_sub(self.threads.get(thread).copied().unwrap_or_default())
        };
        let by_threads = float(later.threads.iter().map(used).sum()) / 1e9;
        if by_ticks > by_threads + TICK_DOUBT_SECONDS { by_ticks } else { by_threads }
    }
}

/// The fields of `/proc/<pid>/stat` after the process's name, which may hold spaces: state, parent, and so on.
fn stat_fields(pid: u32) -> Option<Vec<String>> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, rest) = stat.rsplit_once(") ")?;
    let fields: Vec<String> = rest.split(' ').map(str::to_owned).collect();
    (fields.len() > 20).then_some(fields)
}

fn all_pids() -> Vec<u32> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect()
}

/// As the descriptors of these sockets read: `socket:[…]`.
fn listening_inodes(port: u16) -> BTreeSet<String> {
    const LISTEN: &str = "0A";
    let suffix = format!(":{port:04X}");
    let mut inodes = BTreeSet::new();
    for table in ["/proc/net/tcp", "/proc/net/tcp6"] {
        for line in fs::read_to_string(table).unwrap_or_default().lines().skip(1) {
            let fields: Vec<&str> = line.split_whitespace().collect();
            if fields.len() > 9 && fields[1].ends_with(&suffix) && fields[3] == LISTEN {
                inodes.insert(format!("socket:[{}]", fields[9]));
            }
        }
    }
    inodes
}

/// An address of this machine can be bound to; that of another cannot.
fn is_own_address(address: SocketAddr) -> bool {
    std::net::UdpSocket::bind((address.ip(), 0)).is_ok()
}
