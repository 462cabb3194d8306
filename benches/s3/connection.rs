//! One HTTP/1.1 connection, kept alive: bytes out, one reply in. Knows neither S3 nor signatures. Blocking, with a buffer
//! that is read into again and again, since the client shares the processors with the server that is measured.

use std::io::{self, IoSlice, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

const BUFFER_BYTES: usize = 256 << 10;
/// Slow servers complete large uploads in half a minute.
const PATIENCE: Duration = Duration::from_mins(3);

/// What to do with the body of a good reply. That of an error is always kept, for its code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Keep {
    /// Only its bytes are counted.
    Length,
    Text,
    /// There is none: the request was a HEAD.
    Nothing,
}

#[derive(Debug, Default)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) etag: Option<String>,
    pub(crate) body_bytes: u64,
    pub(crate) body: Vec<u8>,
}

pub(crate) struct Connection {
    address: SocketAddr,
    stream: Option<TcpStream>,
    buffer: Vec<u8>,
    /// The part of the buffer that has been received and not yet been looked at.
    unread: std::ops::Range<usize>,
}

/// How a body ends.
enum Framing {
    Length(u64),
    Chunked,
    Close,
}

struct Head {
    reply: Reply,
    framing: Framing,
    closes: bool,
}

impl Connection {
    pub(crate) fn open(address: SocketAddr) -> io::Result<Connection> {
        let mut connection = Connection { address, stream: None, buffer: vec![0; BUFFER_BYTES], unread: 0..0 };
        connection.connect()?;
        Ok(connection)
    }

    /// Sends the pieces and reads the reply. A kept connection that the server has closed meanwhile is opened again,
    /// once.
    pub(crate) fn exchange(&mut self, pieces: &[&[u8]], keep: Keep) -> io::Result<Reply> {
        let was_kept = self.stream.is_some();
        match self.try_exchange(pieces, keep) {
            Err(error) if was_kept && is_closed(&error) => {
                self.stream = None;
                self.try_exchange(pieces, keep)
            }
            Err(error) => {
                self.stream = None;
                Err(error)
            }
            reply => reply,
        }
    }

    fn connect(&mut self) -> io::Result<()> {
        let stream = TcpStream::connect(self.address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        self.stream = Some(stream);
        self.unread = 0..0;
        Ok(())
    }

    fn try_exchange(&mut self, pieces: &[&[u8]], keep: Keep) -> io::Result<Reply> {
        if self.stream.is_none() {
            self.connect()?;
        }
        // A server may refuse and close before it has read everything: then its answer counts, not the broken pipe.
        let sent = write_pieces(self.stream.as_mut().ok_or(io::ErrorKind::NotConnected)?, pieces);
        let mut head = match (self.head(), sent) {
            (Ok(head), _) => head,
            (Err(_), Err(error)) | (Err(error), Ok(())) => return Err(error),
        };
        let keep = if head.reply.status >= 300 && keep == Keep::Length { Keep::Text } else { keep };
        if keep != Keep::Nothing && !matches!(head.reply.status, 204 | 304) {
            self.body(&mut head, keep)?;
        }
        if head.closes {
            self.stream = None;
        }
        Ok(head.reply)
    }

    /// Reads more into the buffer, behind what is unread.
    fn receive(&mut self) -> io::Result<usize> {
        if self.unread.is_empty() {
            self.unread = 0..0;
        } else if self.unread.end == self.buffer.len() {
            self.buffer.copy_within(self.unread.clone(), 0);
            self.unread = 0..self.unread.len();
            if self.unread.end == self.buffer.len() {
                return Err(io::Error::other("a reply's head is too long"));
            }
        }
        let stream = self.stream.as_mut().ok_or(io::ErrorKind::NotConnected)?;
        let received = stream.read(&mut self.buffer[self.unread.end..])?;
        self.unread.end += received;
        Ok(received)
    }

    fn receive_some(&mut self) -> io::Result<()> {
        if self.receive()? == 0 { Err(io::ErrorKind::UnexpectedEof.into()) } else { Ok(()) }
    }

    /// The final head: those of 1xx are read over.
    fn head(&mut self) -> io::Result<Head> {
        loop {
            let unread = &self.buffer[self.unread.clone()];
            let Some(end) = unread.windows(4).position(|window| window == b"\r\n\r\n") else {
                self.receive_some()?;
                continue;
            };
            let head = parse_head(&unread[..end])?;
            self.unread.start += end + 4;
            if head.reply.status >= 200 {
                return Ok(head);
            }
        }
    }

    fn body(&mut self, head: &mut Head, keep: Keep) -> io::Result<()> {
        match head.framing {
            Framing::Length(bytes) => self.take(bytes, &mut head.reply, keep),
            Framing::Chunked => loop {
                let bytes = self.chunk_line()?;
                self.take(bytes, &mut head.reply, keep)?;
                if bytes == 0 {
                    while !self.line()?.is_empty() {}
                    return Ok(());
                }
                self.line()?;
            },
            Framing::Close => loop {
                self.take(self.unread.len() as u64, &mut head.reply, keep)?;
                if self.receive()? == 0 {
                    head.closes = true;
                    return Ok(());
                }
            },
        }
    }

    fn take(&mut self, mut bytes: u64, reply: &mut Reply, keep: Keep) -> io::Result<()> {
        reply.body_bytes += bytes;
        while bytes > 0 {
            if self.unread.is_empty() {
                self.receive_some()?;
            }
            let here = self.unread.len().min(usize::try_from(bytes).unwrap_or(usize::MAX));
            if keep == Keep::Text {
                reply.body.extend_from_slice(&self.buffer[self.unread.start..self.unread.start + here]);
            }
            self.unread.start += here;
            bytes -= here as u64;
        }
        Ok(())
    }

    fn chunk_line(&mut self) -> io::Result<u64> {
        let line = self.line()?;
        let size = line.split(';').next().unwrap_or_default().trim();
        u64::from_str_radix(size, 16).map_err(|_| io::Error::other("a chunk without a size"))
    }

    fn line(&mut self) -> io::Result<String> {
        loop {
            let unread = &self.buffer[self.unread.clone()];
            if let Some(end) = unread.windows(2).position(|window| window == b"\r\n") {
                let line = String::from_utf8_lossy(&unread[..end]).into_owned();
                self.unread.start += end + 2;
                return Ok(line);
            }
            self.receive_some()?;
        }
    }
}

/// Writes all of them, without copying them together.
pub(crate) fn write_pieces(stream: &mut TcpStream, pieces: &[&[u8]]) -> io::Result<()> {
    let mut slices: Vec<IoSlice<'_>> = pieces.iter().map(|piece| IoSlice::new(piece)).collect();
    let mut left = slices.as_mut_slice();
    IoSlice::advance_slices(&mut left, 0);
    while !left.is_empty() {
        match stream.write_vectored(left) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(written) => IoSlice::advance_slices(&mut left, written),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

fn is_closed(error: &io::Error) -> bool {
    use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, UnexpectedEof};
    matches!(error.kind(), BrokenPipe | ConnectionAborted | ConnectionReset | UnexpectedEof)
}

fn parse_head(bytes: &[u8]) -> io::Result<Head> {
    let text = std::str::from_utf8(bytes).map_err(|_| io::Error::other("a reply's head is not a text"))?;
    let mut lines = text.split("\r\n");
    let status_line = lines.next().unwrap_or_default();
    let status = status_line.split(' ').nth(1).and_then(|status| status.parse().ok());
    let status = status.ok_or_else(|| io::Error::other(format!("not an HTTP reply: {status_line:?}")))?;
    let mut head = Head {
        reply: Reply { status, ..Reply::default() },
        framing: Framing::Close,
        closes: status_line.starts_with("HTTP/1.0"),
    };
    for line in lines {
        let Some((name, value)) = line.split_once(':') else { continue };
        let value = value.trim();
        if name.eq_ignore_ascii_case("content-length") {
            let length = value.parse().map_err(|_| io::Error::other("a content-length that is no number"))?;
            head.framing = Framing::Length(length);
        } else if name.eq_ignore_ascii_case("transfer-encoding") && value.eq_ignore_ascii_case("chunked") {
            head.framing = Framing::Chunked;
        } else if name.eq_ignore_ascii_case("connection") {
            head.closes = value.eq_ignore_ascii_case("close");
        } else if name.eq_ignore_ascii_case("etag") {
            head.reply.etag = Some(value.to_owned());
        }
    }
    Ok(head)
}
