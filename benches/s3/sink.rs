//! What uploads are compared with: a process that receives bytes and writes them to files, and that may hash them, in the
//! plainest way there is. It runs as a process of its own, so that it is measured as a server is.

use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use clap::ValueEnum;
use md5::{Digest as _, Md5};

use crate::connection::write_pieces;
use crate::drive::{Load, drive};
use crate::failure::Failure;
use crate::payload::{Body, PLAIN_PIECE_BYTES};
use crate::sample::{Rate, Sample};
use crate::server::Server;
use crate::workload::Reference;

const BUFFER_BYTES: usize = 256 << 10;
/// In place of a body's length: the files are deleted.
const CLEAR: u64 = u64::MAX;

/// What is done with bytes that are received.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Sink {
    Write,
    Md5AndWrite,
}

impl Sink {
    /// Prints its port, then serves the current directory until it is killed. A body is its length in eight bytes and what
    /// they announce; each is answered with a byte.
    pub(crate) fn run(self) -> io::Result<()> {
        static FILES: AtomicU64 = AtomicU64::new(0);
        let listener = TcpListener::bind("127.0.0.1:0")?;
        println!("{}", listener.local_addr()?);
        for stream in listener.incoming() {
            let stream = stream?;
            std::thread::spawn(move || while let Ok(()) = self.take_body(&stream, &FILES) {});
        }
        Ok(())
    }

    fn take_body(self, mut stream: &TcpStream, files: &AtomicU64) -> io::Result<()> {
        let mut length = [0; 8];
        stream.read_exact(&mut length)?;
        let mut left = u64::from_be_bytes(length);
        if left == CLEAR {
            (0..files.swap(0, Ordering::Relaxed)).try_for_each(|number| std::fs::remove_file(file_name(number)))?;
            return stream.write_all(b"1");
        }
        let mut file = File::create(file_name(files.fetch_add(1, Ordering::Relaxed)))?;
        let mut hasher = Md5::new();
        let mut buffer = vec![0; BUFFER_BYTES];
        while left > 0 {
            let here = &mut buffer[..usize::try_from(left).unwrap_or(usize::MAX).min(BUFFER_BYTES)];
            stream.read_exact(here)?;
            if self == Sink::Md5AndWrite {
                hasher.update(&*here);
            }
            file.write_all(here)?;
            left -= here.len() as u64;
        }
        std::hint::black_box(hasher.finalize());
        stream.write_all(b"1")
    }

    /// Starts the process and makes it the reference for uploads of `bodies` bodies at this concurrency.
    pub(crate) fn reference(
        self,
        scratch: &Path,
        body: Arc<Body>,
        bodies: u64,
        concurrency: usize,
    ) -> Result<Box<dyn Reference>, Failure> {
        let this = std::env::current_exe()?;
        let work = self.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default();
        let mut server = Server::start(scratch, |_| {
            let mut command = Command::new(this);
            command.args(["--reference-sink", &work]);
            command
        })?;
        let address = server.first_line()?.trim().parse();
        let address = address.map_err(|_| Failure::failed(server.log_end()).at("starting the reference"))?;
        Ok(Box::new(Compared { sink: self, server, address, body, load: Load::all(concurrency, bodies) }))
    }
}

struct Compared {
    sink: Sink,
    server: Server,
    address: SocketAddr,
    body: Arc<Body>,
    load: Load,
}

impl Reference for Compared {
    fn name(&self) -> &'static str {
        match self.sink {
            Sink::Write => "receive + write",
            Sink::Md5AndWrite => "receive + one MD5 pass + write",
        }
    }

    fn round(&mut self) -> Result<Sample, Failure> {
        send(&mut TcpStream::connect(self.address)?, &[&CLEAR.to_be_bytes()])?;
        let sample = drive(self.load, Some(self.server.processes()), || {
            let mut stream = TcpStream::connect(self.address)?;
            stream.set_nodelay(true)?;
            let body = &self.body;
            Ok(move |_| {
                let length = body.length().to_be_bytes();
                let mut pieces = vec![length.as_slice()];
                pieces.extend(body.pieces(PLAIN_PIECE_BYTES));
                send(&mut stream, &pieces)?;
                Ok(body.length())
            })
        })?;
        Ok(Sample { rate: Rate::Bytes, ..sample })
    }
}

fn send(stream: &mut TcpStream, pieces: &[&[u8]]) -> Result<(), Failure> {
    write_pieces(stream, pieces)?;
    stream.read_exact(&mut [0])?;
    Ok(())
}

fn file_name(number: u64) -> String {
    format!("body-{number}")
}
