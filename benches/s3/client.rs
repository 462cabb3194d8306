//! An S3 client for one thread: a request is signed, sent and answered before the next. The calls that workloads share are
//! in `calls`.

use std::fmt::Write as _;
use std::net::SocketAddr;

use staves::wire::sigv4::{Credentials, EMPTY_SHA256};

use crate::connection::{Connection, Keep, Reply};
use crate::failure::Failure;
use crate::payload::{Body, CHUNK_BYTES, Mode, PLAIN_PIECE_BYTES};
use crate::signer::{Lines, Signer};

/// Where requests go, and who signs them.
#[derive(Debug, Clone)]
pub(crate) struct Access {
    pub(crate) address: SocketAddr,
    pub(crate) host: String,
    pub(crate) credentials: Credentials,
    pub(crate) region: String,
}

#[derive(Default)]
pub(crate) struct Request<'a> {
    pub(crate) method: &'static str,
    pub(crate) path: &'a str,
    /// Canonical: sorted, encoded.
    pub(crate) query: &'a str,
    /// Further headers, which are signed; names in lower case.
    pub(crate) headers: &'a [(&'a str, &'a str)],
    pub(crate) body: Option<(&'a Body, Mode)>,
}

pub(crate) struct Client {
    host: String,
    connection: Connection,
    signer: Signer,
    head: Vec<u8>,
}

impl Client {
    pub(crate) fn open(access: &Access) -> Result<Client, Failure> {
        Ok(Client {
            host: access.host.clone(),
            connection: Connection::open(access.address).map_err(|error| Failure::from(error).at("connecting"))?,
            signer: Signer::new(access.credentials.clone(), &access.region),
            head: Vec::new(),
        })
    }

    /// Sends a request; a reply with another status is a failure that shows its code.
    pub(crate) fn call(&mut self, request: &Request<'_>, status: u16, keep: Keep) -> Result<Reply, Failure> {
        let reply = self.send(request, keep).map_err(|error| Failure::from(error).at(request.method))?;
        let failed_late = keep == Keep::Text && reply.body.windows(7).take(200).any(|window| window == b"<Error>");
        if reply.status == status && !failed_late {
            return Ok(reply);
        }
        let code = text_of(&reply.body, "Code").unwrap_or_default();
        let (method, path) = (request.method, request.path);
        let target = if request.query.is_empty() { path.to_owned() } else { format!("{path}?{}", request.query) };
        let target: String = target.chars().take(80).collect();
        Err(Failure::failed(format!("{method} {target}: {} {code}", reply.status).trim_end()))
    }

    fn send(&mut self, request: &Request<'_>, keep: Keep) -> std::io::Result<Reply> {
        let mut head = std::mem::take(&mut self.head);
        head.clear();
        let signature = self.write_head(request, &mut head);
        let reply = match request.body {
            None => {
                head.extend_from_slice(b"\r\n");
                self.connection.exchange(&[&head], keep)
            }
            Some((body, mode)) if !mode.is_chunked() => {
                head.extend_from_slice(format!("content-length: {}\r\n\r\n", body.length()).as_bytes());
                let mut pieces = vec![head.as_slice()];
                pieces.extend(body.pieces(PLAIN_PIECE_BYTES));
                self.connection.exchange(&pieces, keep)
            }
            Some((body, mode)) => {
                let frames = self.frames(body, mode, &signature);
                let length = frames.iter().map(|frame| frame.len() as u64).sum::<u64>() + body.length();
                head.extend_from_slice(format!("content-length: {length}\r\n\r\n").as_bytes());
                let mut pieces = vec![head.as_slice()];
                let mut chunks = body.pieces(CHUNK_BYTES).into_iter();
                for frame in &frames {
                    pieces.push(frame);
                    pieces.extend(chunks.next());
                }
                self.connection.exchange(&pieces, keep)
            }
        };
        self.head = head;
        reply
    }

    fn write_head(&mut self, request: &Request<'_>, head: &mut Vec<u8>) -> String {
        let mut headers = vec![("host", self.host.as_str())];
        headers.extend_from_slice(request.headers);
        let mut payload_hash = EMPTY_SHA256;
        let decoded;
        if let Some((body, mode)) = request.body {
            payload_hash = body.payload_hash(mode);
            decoded = body.length().to_string();
            if mode.is_chunked() {
                headers.extend([("content-encoding", "aws-chunked"), ("x-amz-decoded-content-length", &decoded)]);
            }
            match mode {
                Mode::UnsignedCrc32 => headers.push(("x-amz-checksum-crc32", body.crc32())),
                Mode::TrailerCrc32 => headers.push(("x-amz-trailer", "x-amz-checksum-crc32")),
                Mode::Sha256 | Mode::SignedChunks => {}
            }
        }
        let (method, path, query) = (request.method, request.path, request.query);
        self.signer.write_head(&Lines { method, path, query, payload_hash, headers }, head)
    }

    /// What stands before, between and after the chunks.
    fn frames(&self, body: &Body, mode: Mode, seed_signature: &str) -> Vec<Vec<u8>> {
        let chunks = body.pieces(CHUNK_BYTES);
        let mut previous = seed_signature.to_owned();
        let mut frames = Vec::with_capacity(chunks.len() + 1);
        for at in 0..=chunks.len() {
            let mut frame = if at == 0 { String::new() } else { "\r\n".to_owned() };
            let _infallible = write!(frame, "{:x}", chunks.get(at).map_or(0, |chunk| chunk.len()));
            if mode == Mode::SignedChunks {
                previous = self.signer.sign_chunk(&previous, &body.chunk_hashes()[at]);
                frame.extend([";chunk-signature=", previous.as_str()]);
            }
            frame.push_str("\r\n");
            frames.push(frame.into_bytes());
        }
        if let Some(last) = frames.last_mut() {
            if mode == Mode::TrailerCrc32 {
                last.extend_from_slice(format!("x-amz-checksum-crc32:{}\r\n", body.crc32()).as_bytes());
            }
            last.extend_from_slice(b"\r\n");
        }
        frames
    }
}

/// The text of the first element of this name. The few elements that are looked for hold no entities but `&quot;`.
pub(crate) fn text_of(xml: &[u8], name: &str) -> Option<String> {
    texts_of(xml, name).into_iter().next()
}

/// The texts of all elements of this name.
pub(crate) fn texts_of(xml: &[u8], name: &str) -> Vec<String> {
    let xml = String::from_utf8_lossy(xml);
    let (start, end) = (format!("<{name}>"), format!("</{name}>"));
    let pieces = xml.split(&start).skip(1);
    pieces.filter_map(|piece| piece.split(&end).next()).map(|text| text.replace("&quot;", "\"")).collect()
}
