//! A server that the benchmark starts: its process, its fresh directory, its log. Both end with the value.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::failure::Failure;
use crate::process::Processes;

const START_PATIENCE: Duration = Duration::from_mins(1);
const STOP_PATIENCE: Duration = Duration::from_mins(1);

pub(crate) struct Server {
    child: Child,
    home: TempDir,
    started: Instant,
}

impl Server {
    /// Starts a command in a directory of its own, which the command's making is told of. Standard output is a pipe,
    /// standard error goes to the log.
    pub(crate) fn start(scratch: &Path, command: impl FnOnce(&Path) -> Command) -> Result<Server, Failure> {
        let home = tempfile::Builder::new().prefix("server-").tempdir_in(scratch)?;
        let log = File::create(home.path().join("log"))?;
        let mut command = command(home.path());
        command.current_dir(home.path()).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log);
        let started = Instant::now();
        let child = command.spawn()?;
        Ok(Server { child, home, started })
    }

    pub(crate) fn processes(&self) -> Processes {
        Processes::of(self.child.id())
    }

    pub(crate) fn running_for(&self) -> Duration {
        self.started.elapsed()
    }

    /// The first line on standard output; an empty one if there is none.
    pub(crate) fn first_line(&mut self) -> Result<String, Failure> {
        let mut line = String::new();
        if let Some(out) = self.child.stdout.take() {
            BufReader::new(out).read_line(&mut line)?;
        }
        Ok(line)
    }

    /// Waits until it answers HTTP on its port, whatever it answers.
    pub(crate) fn await_answer(&mut self, address: SocketAddr) -> Result<(), Failure> {
        while !answers(address, "/", "") {
            let ended = self.child.try_wait()?.is_some();
            if ended || self.running_for() > START_PATIENCE {
                return Err(Failure::failed(format!("no answer on its port; it says: {}", self.log_end())));
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        Ok(())
    }

    /// The last lines of the log.
    pub(crate) fn log_end(&self) -> String {
        let log = std::fs::read_to_string(self.home.path().join("log")).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(3)..].join(" | ")
    }
}

/// A shell may not pass signals on to what it has started: all processes get them.
impl Drop for Server {
    fn drop(&mut self) {
        let tree = self.processes().tree();
        let signal = |signal| {
            for pid in &tree {
                let pid = i32::try_from(*pid).ok().and_then(rustix::process::Pid::from_raw);
                let _gone_already = pid.map(|pid| rustix::process::kill_process(pid, signal));
            }
        };
        signal(rustix::process::Signal::TERM);
        let asked = Instant::now();
        while self.child.try_wait().is_ok_and(|status| status.is_none()) {
            if asked.elapsed() > STOP_PATIENCE {
                signal(rustix::process::Signal::KILL);
                let _ended = self.child.wait();
            }
            std::thread::sleep(Duration::from_millis(2));
        }
    }
}

/// An address that nobody listens on.
pub(crate) fn free_address() -> Result<SocketAddr, Failure> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}

/// Whether an HTTP server answers a GET with a status that starts so.
pub(crate) fn answers(address: SocketAddr, path: &str, status: &str) -> bool {
    let Ok(mut stream) = TcpStream::connect(address) else { return false };
    let request = format!("GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
    let mut start = [0; 12];
    let got = stream.write_all(request.as_bytes()).and_then(|()| stream.read_exact(&mut start));
    got.is_ok() && start.starts_with(b"HTTP/1.") && start[9..].starts_with(status.as_bytes())
}
