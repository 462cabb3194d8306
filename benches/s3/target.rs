//! The endpoints that are measured: Staves of our own, peers that are started by a command, and those that run already.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use staves::wire::sigv4::Credentials;

use crate::client::{Access, Client};
use crate::failure::Failure;
use crate::process::Processes;
use crate::server::{Server, answers, free_address};

pub(crate) const OWN_BINARY: &str = env!("CARGO_BIN_EXE_staves");
const HEALTH: &str = "/_staves/health";

/// An endpoint as it was asked for.
#[derive(Debug, Clone)]
pub(crate) struct Spec {
    pub(crate) name: String,
    pub(crate) kind: Kind,
    pub(crate) credentials: Credentials,
    pub(crate) region: String,
}

#[derive(Debug, Clone)]
pub(crate) enum Kind {
    /// The binary that cargo has built beside this benchmark.
    Own { durability: String },
    /// A shell command, told `PORT` and `DATA`.
    Spawned { command: String },
    /// It runs already.
    Running { address: SocketAddr, host: String, pid: Option<u32> },
}

/// An endpoint that answers.
pub(crate) struct Target {
    pub(crate) spec: Spec,
    pub(crate) access: Access,
    pub(crate) processes: Option<Processes>,
    /// From the start of its process to its first answer.
    pub(crate) started_in: Option<Duration>,
    scratch: PathBuf,
    server: Option<Server>,
    /// Buckets and sets of objects that are there already.
    made: RefCell<BTreeSet<String>>,
}

impl Spec {
    pub(crate) fn is_own(&self) -> bool {
        matches!(self.kind, Kind::Own { .. })
    }

    /// Starts it, if it is to be started, with a directory in `scratch`.
    pub(crate) fn start(&self, scratch: &Path) -> Result<Target, Failure> {
        let started = match &self.kind {
            Kind::Own { durability } => self.start_own(durability, scratch),
            Kind::Spawned { command } => self.start_command(command, scratch),
            Kind::Running { address, host, pid } => {
                let processes = pid.map(Processes::of).or_else(|| Processes::listening_on(*address));
                Ok(Target { processes, ..self.target(*address, host.clone(), scratch) })
            }
        };
        started.map_err(|failure| failure.at(&format!("starting {}", self.name)))
    }

    fn target(&self, address: SocketAddr, host: String, scratch: &Path) -> Target {
        let (credentials, region) = (self.credentials.clone(), self.region.clone());
        Target {
            spec: self.clone(),
            access: Access { address, host, credentials, region },
            processes: None,
            started_in: None,
            scratch: scratch.to_owned(),
            server: None,
            made: RefCell::default(),
        }
    }

    fn of_server(&self, server: Server, address: SocketAddr, scratch: &Path) -> Target {
        let (processes, started_in) = (Some(server.processes()), Some(server.running_for()));
        let target = self.target(address, address.to_string(), scratch);
        Target { processes, started_in, server: Some(server), ..target }
    }

    fn start_own(&self, durability: &str, scratch: &Path) -> Result<Target, Failure> {
        let mut server = Server::start(scratch, |home| {
            let mut command = Command::new(OWN_BINARY);
            // Neither a settings file nor variables of whoever runs this shall change what is measured.
            for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("STAVES_")) {
                command.env_remove(name);
            }
            command.args(["serve", "--host", "127.0.0.1", "--port", "0", "--ready-json", "--log", "warn"]);
            command.args(["--min-part-size", "1", "--durability", durability, "--data"]).arg(home.join("data"));
            command.args(["--access-key", &self.credentials.access_key, "--secret-key", &self.credentials.secret_key]);
            command.args(["--region", &self.region]);
            command
        })?;
        let ready: Option<serde_json::Value> = serde_json::from_str(&server.first_line()?).ok();
        let address = ready.as_ref().and_then(|ready| ready["endpoint"].as_str()?.strip_prefix("http://"));
        let Some(address) = address.and_then(|address| address.parse().ok()) else {
            return Err(Failure::failed(format!("it did not get ready: {}", server.log_end())));
        };
        if !answers(address, HEALTH, "200") {
            return Err(Failure::failed("it is not healthy"));
        }
        Ok(self.of_server(server, address, scratch))
    }

    fn start_command(&self, command: &str, scratch: &Path) -> Result<Target, Failure> {
        let address = free_address()?;
        let mut server = Server::start(scratch, |home| {
            let mut shell = Command::new("sh");
            // Its standard output has nothing to say that is not for the log.
            shell.arg("-c").arg(format!("mkdir -p \"$DATA\"; exec 1>&2; {command}"));
            shell.env("PORT", address.port().to_string()).env("DATA", home.join("data"));
            shell
        })?;
        server.await_answer(address)?;
        Ok(self.of_server(server, address, scratch))
    }
}

impl Target {
    pub(crate) fn client(&self) -> Result<Client, Failure> {
        Client::open(&self.access)
    }

    /// Another of the same kind, for workloads that measure starting itself.
    pub(crate) fn another(&self) -> Result<Target, Failure> {
        match self.spec.kind {
            Kind::Running { .. } => Err(Failure::skipped("it runs already")),
            _ => self.spec.start(&self.scratch),
        }
    }

    /// Creates the bucket, unless it was created before.
    pub(crate) fn bucket(&self, bucket: &str) -> Result<(), Failure> {
        self.once(&format!("bucket {bucket}"), || self.client()?.create_bucket(bucket))
    }

    /// Does this only once for this target, if it succeeds.
    pub(crate) fn once(&self, what: &str, make: impl FnOnce() -> Result<(), Failure>) -> Result<(), Failure> {
        if !self.made.borrow().contains(what) {
            make()?;
            self.made.borrow_mut().insert(what.to_owned());
        }
        Ok(())
    }

    /// Waits until the server has nothing left to do from before: files to unlink, a log to checkpoint.
    pub(crate) fn settle(&self) {
        const PAUSE: Duration = Duration::from_millis(200);
        const QUIET_SECONDS: f64 = 0.005;
        const PAUSES: usize = 50;
        std::thread::sleep(PAUSE);
        for _ in 0..PAUSES {
            let Some((processes, before)) = self.processes.and_then(|it| it.cpu().map(|cpu| (it, cpu))) else { return };
            std::thread::sleep(PAUSE / 2);
            if processes.cpu().is_none_or(|after| before.until(&after) < QUIET_SECONDS) {
                return;
            }
        }
    }

    /// Stops what was started. From an endpoint that ran before, only what was put there is deleted.
    pub(crate) fn stop(self) -> Result<(), Failure> {
        if self.server.is_some() {
            return Ok(());
        }
        let mut client = self.client()?;
        let made = self.made.take();
        made.iter().filter_map(|what| what.strip_prefix("bucket ")).try_for_each(|bucket| client.delete_bucket(bucket))
    }
}
