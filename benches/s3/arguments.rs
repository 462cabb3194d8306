//! The command line.

use std::net::{SocketAddr, ToSocketAddrs as _};
use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, ValueEnum};
use staves::wire::sigv4::Credentials;

use crate::sink::Sink;
use crate::target::{Kind, Spec};
use crate::units::parse_duration;

const EXAMPLES: &str = "\
Examples:
  cargo bench --bench s3                                    everything, against a Staves of its own
  cargo bench --bench s3 -- --list                          the workloads
  cargo bench --bench s3 -- --quick --only \"GET 4 KiB\"      some of them, in seconds
  cargo bench --bench s3 -- --endpoint http://127.0.0.1:9000 --access-key K --secret-key S
                                                            against a server that runs
  cargo bench --bench s3 -- --compare other=http://127.0.0.1:9001,K,S
                                                            Staves and a server that runs, in turn
  cargo bench --bench s3 -- --spawn 'moto=moto_server -p $PORT'
                                                            Staves and a server that is started, in turn

A server that is started by --spawn runs in a fresh directory with PORT and DATA (an empty directory) in its environment,
and is asked with the credentials test and test, or with others: --spawn 'NAME:ACCESS:SECRET=COMMAND'.
Processor time and memory of servers on this machine come from /proc, those of their child processes included.";

/// Measures S3 endpoints over HTTP: what they do per second, and what that costs them
#[derive(Debug, Parser)]
#[command(name = "s3", after_help = EXAMPLES, max_term_width = 120)]
pub(crate) struct Arguments {
    /// Measure this endpoint (http://host:port) instead of a Staves of its own
    #[arg(long, value_name = "URL", help_heading = "What is measured")]
    pub(crate) endpoint: Option<String>,
    /// The access key for --endpoint
    #[arg(long, value_name = "KEY", default_value = "test", help_heading = "What is measured")]
    access_key: String,
    /// The secret key for --endpoint
    #[arg(long, value_name = "SECRET", default_value = "test", help_heading = "What is measured")]
    secret_key: String,
    /// The region that all requests are signed for
    #[arg(long, value_name = "REGION", default_value = "us-east-1", help_heading = "What is measured")]
    region: String,
    /// The process whose processor time and memory count [default: whoever listens on the endpoint's port]
    #[arg(long, value_name = "PID", requires = "endpoint", help_heading = "What is measured")]
    pid: Option<u32>,
    /// What the Staves of its own promises
    #[arg(long, value_name = "MODE", default_value = "process", help_heading = "What is measured")]
    durability: DurabilityMode,
    /// Measure also this endpoint, in turn with the first (repeatable)
    #[arg(long, value_name = "NAME=URL[,KEY,SECRET[,PID]]", help_heading = "What is measured")]
    compare: Vec<String>,
    /// Start also this server by a shell command, and measure it in turn with the first (repeatable)
    #[arg(long, value_name = "NAME[:KEY:SECRET]=COMMAND", help_heading = "What is measured")]
    spawn: Vec<String>,

    /// Only workloads whose name contains this (repeatable)
    #[arg(long, value_name = "PATTERN", help_heading = "How much")]
    pub(crate) only: Vec<String>,
    /// Name the workloads, and measure nothing
    #[arg(long, help_heading = "How much")]
    pub(crate) list: bool,
    /// Shorter rounds, fewer and smaller objects: for a first look, and not for goals
    #[arg(long, help_heading = "How much")]
    pub(crate) quick: bool,
    /// Rounds per workload and endpoint; figures are their medians [default: 3, or 2 with --quick]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..), help_heading = "How much")]
    pub(crate) rounds: Option<u16>,
    /// Keys in the bucket that is listed [default: 1000000, or 100000 with --quick]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(4000..), help_heading = "How much")]
    pub(crate) keys: Option<u64>,
    /// Begin no workload after this time, such as 10m
    #[arg(long, value_name = "TIME", value_parser = parse_duration, help_heading = "How much")]
    pub(crate) max_time: Option<Duration>,
    /// Where servers that are started keep their data: 60 GB may be needed [default: cargo's target directory]
    #[arg(long, value_name = "DIR", help_heading = "How much")]
    pub(crate) scratch: Option<PathBuf>,

    /// Write all figures as JSON to FILE, or to standard output (-)
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub(crate) json: Option<String>,

    /// Be the process that uploads are compared with
    #[arg(long, hide = true, value_name = "WORK")]
    pub(crate) reference_sink: Option<Sink>,
    /// Cargo says so to every benchmark
    #[arg(long, hide = true)]
    bench: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum DurabilityMode {
    Memory,
    Process,
    Power,
}

impl Arguments {
    /// The endpoints that are measured, the one that others are compared with first.
    pub(crate) fn specs(&self) -> Result<Vec<Spec>, String> {
        let own_credentials = Credentials::new(self.access_key.as_str(), self.secret_key.as_str());
        let durability = format!("{:?}", self.durability).to_lowercase();
        let (name, kind) = match &self.endpoint {
            None => ("staves".to_owned(), Kind::Own { durability }),
            Some(url) => (url.clone(), running(url, self.pid)?),
        };
        let mut specs = vec![self.spec(&name, kind, own_credentials)];
        for text in &self.compare {
            let malformed = || format!("--compare {text}: write NAME=URL, or NAME=URL,KEY,SECRET or …,PID");
            let (name, rest) = text.split_once('=').ok_or_else(malformed)?;
            let fields: Vec<&str> = rest.split(',').collect();
            let (url, credentials, pid) = match fields.as_slice() {
                [url] => (url, Credentials::new("test", "test"), None),
                [url, key, secret] => (url, Credentials::new(*key, *secret), None),
                [url, key, secret, pid] => {
                    (url, Credentials::new(*key, *secret), Some(pid.parse().map_err(|_| malformed())?))
                }
                _ => return Err(malformed()),
            };
            specs.push(self.spec(name, running(url, pid)?, credentials));
        }
        for text in &self.spawn {
            let malformed = || format!("--spawn {text}: write NAME=COMMAND or NAME:KEY:SECRET=COMMAND");
            let (name, command) = text.split_once('=').ok_or_else(malformed)?;
            let fields: Vec<&str> = name.split(':').collect();
            let (name, credentials) = match fields.as_slice() {
                [name] => (name, Credentials::new("test", "test")),
                [name, key, secret] => (name, Credentials::new(*key, *secret)),
                _ => return Err(malformed()),
            };
            specs.push(self.spec(name, Kind::Spawned { command: command.to_owned() }, credentials));
        }
        Ok(specs)
    }

    fn spec(&self, name: &str, kind: Kind, credentials: Credentials) -> Spec {
        Spec { name: name.to_owned(), kind, credentials, region: self.region.clone() }
    }
}

fn running(url: &str, pid: Option<u32>) -> Result<Kind, String> {
    if url.starts_with("https://") {
        return Err(format!("{url}: this benchmark speaks plain HTTP only, so that TLS is not what it measures"));
    }
    let host = url.strip_prefix("http://").ok_or_else(|| format!("{url}: write http://host:port"))?;
    let host = host.trim_end_matches('/').to_owned();
    let with_port =
        if host.rsplit(']').next().is_some_and(|end| end.contains(':')) { host.clone() } else { format!("{host}:80") };
    let resolved = with_port.to_socket_addrs().map_err(|error| format!("{url}: {error}"))?;
    let addresses: Vec<SocketAddr> = resolved.collect();
    let address = addresses.iter().find(|address| address.is_ipv4()).or(addresses.first());
    let address = *address.ok_or_else(|| format!("{url}: it has no address"))?;
    Ok(Kind::Running { address, host, pid })
}
