//! Bytes out, one HTTP/1.1 reply back. Knows no more of HTTP than where a reply ends.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::reply::Reply;

const PATIENCE: Duration = Duration::from_mins(1);

/// Writes all bytes and reads the reply to a request with this method. A server may answer (and close) before it has
/// read everything: then the reply counts, not the broken pipe.
pub(crate) async fn exchange(addr: SocketAddr, bytes: &[u8], method: &str) -> Reply {
    let stream = TcpStream::connect(addr).await.expect("a server that listens");
    let (mut reader, mut writer) = stream.into_split();
    let write = async {
        let _ = writer.write_all(bytes).await;
        let _ = writer.flush().await;
        // Keeps the write half open: a half-closed connection looks like a client that has gone.
        std::future::pending::<()>().await;
    };
    let read = async {
        let mut received = Vec::new();
        loop {
            if let Some(reply) = complete(&received, method) {
                return reply;
            }
            let ended = !matches!(reader.read_buf(&mut received).await, Ok(1..));
            if ended {
                let reply = parse(&received, method);
                return reply.unwrap_or_else(|| panic!("no whole reply: {:?}", String::from_utf8_lossy(&received)));
            }
        }
    };
    tokio::select! {
        reply = read => reply,
        () = write => unreachable!("the writer waits for ever"),
        () = tokio::time::sleep(PATIENCE) => panic!("no reply within {PATIENCE:?}"),
    }
}

/// The reply, if its end can be told from what has been read.
fn complete(received: &[u8], method: &str) -> Option<Reply> {
    let (head, rest) = final_head(received)?;
    if has_no_body(&head, method) {
        return Some(head);
    }
    if head.header("transfer-encoding").is_some() {
        return rest.ends_with(b"0\r\n\r\n").then(|| unchunk(rest)).flatten().map(|body| Reply { body, ..head });
    }
    let length: usize = head.header("content-length")?.parse().expect("a content-length");
    (rest.len() >= length).then(|| Reply { body: rest[..length].to_vec(), ..head })
}

/// The reply, now that the connection has ended.
fn parse(received: &[u8], method: &str) -> Option<Reply> {
    let (head, rest) = final_head(received)?;
    if has_no_body(&head, method) {
        return Some(head);
    }
    if head.header("transfer-encoding").is_some() {
        return unchunk(rest).map(|body| Reply { body, ..head });
    }
    match head.header("content-length") {
        Some(length) if length.parse() != Ok(rest.len()) => None,
        _ => Some(Reply { body: rest.to_vec(), ..head }),
    }
}

fn has_no_body(head: &Reply, method: &str) -> bool {
    method == "HEAD" || matches!(head.status, 204 | 304)
}

/// The status line and headers after any `100 Continue`, and what follows them.
fn final_head(mut received: &[u8]) -> Option<(Reply, &[u8])> {
    loop {
        let end = received.windows(4).position(|window| window == b"\r\n\r\n")?;
        // Each byte a character: what a header says beyond ASCII can be compared byte for byte.
        let text: String = received[..end].iter().map(|byte| char::from(*byte)).collect();
        received = &received[end + 4..];
        let mut lines = text.split("\r\n");
        let status = lines.next().and_then(|line| line.split(' ').nth(1)).and_then(|status| status.parse().ok());
        let status: u16 = status.unwrap_or_else(|| panic!("not an HTTP reply: {text:?}"));
        if status >= 200 {
            let header = |line: &str| {
                let (name, value) = line.split_once(':').unwrap_or_else(|| panic!("not a header: {line:?}"));
                (name.to_ascii_lowercase(), value.trim_matches(' ').to_owned())
            };
            return Some((Reply { status, headers: lines.map(header).collect(), body: vec![] }, received));
        }
    }
}

/// Undoes HTTP's chunked framing; `None` if it is not complete.
fn unchunk(mut rest: &[u8]) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let end = rest.windows(2).position(|window| window == b"\r\n")?;
        let size = usize::from_str_radix(std::str::from_utf8(&rest[..end]).ok()?, 16).ok()?;
        rest = &rest[end + 2..];
        if size == 0 {
            return Some(body);
        }
        body.extend_from_slice(rest.get(..size)?);
        rest = rest.get(size + 2..)?;
    }
}
