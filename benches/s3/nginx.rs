//! What downloads are compared with: nginx with sendfile, for a file of the same bytes. It knows no signatures.

use std::io::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use crate::connection::{Connection, Keep};
use crate::drive::{Load, drive};
use crate::failure::Failure;
use crate::payload::{Body, PLAIN_PIECE_BYTES};
use crate::sample::{Rate, Sample};
use crate::server::{Server, free_address};
use crate::workload::Reference;

struct Nginx {
    server: Server,
    address: SocketAddr,
    length: u64,
    load: Load,
}

/// Starts nginx, where there is one.
pub(crate) fn reference(scratch: &Path, body: &Arc<Body>, load: Load) -> Result<Box<dyn Reference>, Failure> {
    let binary = binary().ok_or_else(|| Failure::skipped("nginx is not installed"))?;
    let address = free_address()?;
    let mut server = Server::start(scratch, |home| {
        let mut command = Command::new(binary);
        command.arg("-p").arg(home).args(["-e", "log", "-c"]).arg(home.join("nginx.conf"));
        // The files are written before the command is started: this is called in between.
        if let Err(error) = write_files(home, address, body) {
            eprintln!("  nginx's files: {error}");
        }
        command
    })?;
    server.await_answer(address).map_err(|failure| failure.at("starting nginx"))?;
    Ok(Box::new(Nginx { server, address, length: body.length(), load }))
}

impl Reference for Nginx {
    fn name(&self) -> &'static str {
        "nginx, sendfile, unsigned"
    }

    fn round(&mut self) -> Result<Sample, Failure> {
        let request = format!("GET /object HTTP/1.1\r\nhost: {}\r\n\r\n", self.address);
        let sample = drive(self.load, Some(self.server.processes()), || {
            let mut connection = Connection::open(self.address)?;
            let (request, length) = (request.as_bytes(), self.length);
            Ok(move |_| {
                let reply = connection.exchange(&[request], Keep::Length)?;
                if (reply.status, reply.body_bytes) != (200, length) {
                    return Err(Failure::failed(format!("nginx answered {}", reply.status)));
                }
                Ok(length)
            })
        })?;
        Ok(Sample { rate: Rate::Bytes, ..sample })
    }
}

/// `/usr/sbin` is not on everybody's path.
fn binary() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain([PathBuf::from("/usr/sbin"), PathBuf::from("/usr/local/sbin")]);
    folders.map(|folder| folder.join("nginx")).find(|file| file.is_file())
}

fn write_files(home: &Path, address: SocketAddr, body: &Body) -> std::io::Result<()> {
    std::fs::create_dir(home.join("files"))?;
    let mut file = std::fs::File::create(home.join("files/object"))?;
    body.pieces(PLAIN_PIECE_BYTES).into_iter().try_for_each(|piece| file.write_all(piece))?;
    let temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
    let temporary = temporary.map(|name| format!("    {name}_temp_path temp_{name};\n")).concat();
    let settings = format!(
        "daemon off;\nworker_processes auto;\npid nginx.pid;\nevents {{}}\nhttp {{\n{temporary}    access_log off;\n    \
         sendfile on;\n    tcp_nodelay on;\n    keepalive_requests 1000000;\n    server {{\n        listen {address};\n        \
         root {}/files;\n    }}\n}}\n",
        home.display()
    );
    std::fs::write(home.join("nginx.conf"), settings)
}
