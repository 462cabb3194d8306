//! One request: what is signed, what is sent, and where the two shall differ.

use http::{HeaderMap, HeaderName, HeaderValue};
use sha2::{Digest, Sha256};
use staves::wire::sigv4::{AmzDate, ChunkSigning, ChunkedEncoder, SignRequest, sign_headers};

use super::client::{RawClient, now};
use super::reply::Reply;
use super::socket;

/// How the body is framed and signed inside HTTP: the four values of `x-amz-content-sha256` that SDKs send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Streaming {
    /// `STREAMING-UNSIGNED-PAYLOAD-TRAILER`.
    UnsignedTrailer,
    /// `STREAMING-AWS4-HMAC-SHA256-PAYLOAD`.
    Signed,
    /// `STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER`.
    SignedTrailer,
    /// Unsigned chunks under `STREAMING-AWS4-HMAC-SHA256-PAYLOAD`: always wrong.
    SignedWithoutSignatures,
}

impl Streaming {
    fn payload_hash(self) -> &'static str {
        match self {
            Self::UnsignedTrailer => "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
            Self::Signed | Self::SignedWithoutSignatures => "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
            Self::SignedTrailer => "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Auth {
    Signed,
    None,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Framing {
    ContentLength,
    HttpChunked,
}

/// The frames of an aws-chunked body: one per chunk, and the end with its trailers.
pub(crate) struct Frames(pub(crate) Vec<Vec<u8>>);

struct FrameEdit(Box<dyn FnOnce(&mut Frames) + Send>);

struct TextEdit(Box<dyn FnOnce(&str) -> String + Send>);

/// A request in the making. Without further words it is signed now, with the body's SHA-256.
pub(crate) struct RequestBuilder {
    client: RawClient,
    method: String,
    target: String,
    signed: HeaderMap,
    added: Vec<(String, Vec<u8>)>,
    removed: Vec<String>,
    body: Vec<u8>,
    auth: Auth,
    framing: Framing,
    date: Option<AmzDate>,
    payload_hash: Option<String>,
    streaming: Option<Streaming>,
    chunk_bytes: usize,
    trailers: Vec<(String, String)>,
    edit_frames: Option<FrameEdit>,
    edit_authorization: Option<TextEdit>,
}

impl RequestBuilder {
    pub(super) fn new(client: RawClient, method: &str, target: &str) -> Self {
        Self {
            client,
            method: method.to_owned(),
            target: target.to_owned(),
            signed: HeaderMap::new(),
            added: vec![],
            removed: vec![],
            body: vec![],
            auth: Auth::Signed,
            framing: Framing::ContentLength,
            date: None,
            payload_hash: None,
            streaming: None,
            chunk_bytes: 64 * 1024,
            trailers: vec![],
            edit_frames: None,
            edit_authorization: None,
        }
    }

    /// A header that is signed and sent. Again with the same name: a second value. `host`, `x-amz-date` and
    /// `x-amz-content-sha256` replace the client's own.
    pub(crate) fn header(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        let name: HeaderName = name.parse().expect("a header name");
        self.signed.append(name, HeaderValue::from_bytes(value.as_ref()).expect("a header value"));
        self
    }

    /// A header that is sent but not signed: after the others, as it stands.
    pub(crate) fn unsigned_header(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.added.push((name.to_owned(), value.as_ref().to_vec()));
        self
    }

    /// Leaves out a header after signing.
    pub(crate) fn without_header(mut self, name: &str) -> Self {
        self.removed.push(name.to_owned());
        self
    }

    /// Replaces a header's value after signing.
    pub(crate) fn tampered_header(self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.without_header(name).unsigned_header(name, value)
    }

    pub(crate) fn body(mut self, body: impl AsRef<[u8]>) -> Self {
        self.body = body.as_ref().to_vec();
        self
    }

    /// Does not sign at all: anonymous, or with a target that is presigned.
    pub(crate) fn anonymous(mut self) -> Self {
        self.auth = Auth::None;
        self
    }

    /// Turns the target into a presigned one, headers so far included; nothing is signed in the headers.
    pub(crate) fn presigned(mut self, expires_seconds: i64) -> Self {
        let date = self.date.unwrap_or_else(now);
        self.target = self.client.presigned_target_at(&self.method, &self.target, expires_seconds, date, &self.signed);
        self.anonymous()
    }

    /// Signs as if it were this moment.
    pub(crate) fn date(mut self, date: AmzDate) -> Self {
        self.date = Some(date);
        self
    }

    /// Signs this payload hash instead of the body's: `UNSIGNED-PAYLOAD`, or a lie.
    pub(crate) fn payload_hash(mut self, value: &str) -> Self {
        self.payload_hash = Some(value.to_owned());
        self
    }

    /// Changes the `Authorization` header after signing.
    pub(crate) fn edit_authorization(mut self, edit: impl FnOnce(&str) -> String + Send + 'static) -> Self {
        self.edit_authorization = Some(TextEdit(Box::new(edit)));
        self
    }

    /// Sends the body as aws-chunked, with `x-amz-decoded-content-length` and, if there are trailers, `x-amz-trailer`
    /// (unless the request has these headers already).
    pub(crate) fn streaming(mut self, streaming: Streaming) -> Self {
        self.streaming = Some(streaming);
        self
    }

    /// The size of aws-chunked chunks; 64 KiB without this.
    pub(crate) fn chunk_bytes(mut self, chunk_bytes: usize) -> Self {
        self.chunk_bytes = chunk_bytes;
        self
    }

    /// A trailer of an aws-chunked body, declared in `x-amz-trailer`.
    pub(crate) fn trailer(mut self, name: &str, value: &str) -> Self {
        self.trailers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Changes the frames of an aws-chunked body after signing.
    pub(crate) fn edit_frames(mut self, edit: impl FnOnce(&mut Frames) + Send + 'static) -> Self {
        self.edit_frames = Some(FrameEdit(Box::new(edit)));
        self
    }

    /// Flips a bit in the last byte of the data of one chunk (from 0).
    pub(crate) fn corrupt_chunk(self, chunk: usize) -> Self {
        self.edit_frames(move |frames| {
            let frame = &mut frames.0[chunk];
            let last = frame.len() - 3;
            frame[last] ^= 1;
        })
    }

    /// Replaces a text in the last frame: in the terminal chunk's line or in a trailer.
    pub(crate) fn corrupt_end(self, from: &str, to: &str) -> Self {
        let (from, to) = (from.to_owned(), to.to_owned());
        self.edit_frames(move |frames| {
            let end = frames.0.last_mut().expect("a last frame");
            *end = String::from_utf8_lossy(end).replacen(&from, &to, 1).into_bytes();
        })
    }

    /// Sends the body with `Transfer-Encoding: chunked` instead of a `Content-Length`.
    pub(crate) fn http_chunked(mut self) -> Self {
        self.framing = Framing::HttpChunked;
        self
    }

    /// Sends the request and reads the reply; the connection is closed afterwards.
    pub(crate) async fn send(self) -> Reply {
        let (addr, method) = (self.client.addr, self.method.clone());
        socket::exchange(addr, &self.into_bytes(), &method).await
    }

    /// The bytes that [`RequestBuilder::send`] writes.
    pub(crate) fn into_bytes(mut self) -> Vec<u8> {
        self.add_own_headers();
        let body = self.sign_and_encode();
        let mut bytes = format!("{} {} HTTP/1.1\r\n", self.method, self.target).into_bytes();
        let mut line = |name: &str, value: &[u8]| {
            bytes.extend_from_slice(name.as_bytes());
            bytes.extend_from_slice(b": ");
            bytes.extend_from_slice(value);
            bytes.extend_from_slice(b"\r\n");
        };
        let removed = |name: &str| self.removed.iter().any(|other| other.eq_ignore_ascii_case(name));
        for (name, value) in self.signed.iter().filter(|(name, _)| !removed(name.as_str())) {
            line(name.as_str(), value.as_bytes());
        }
        for (name, value) in &self.added {
            line(name, value);
        }
        let has = |name: &str| {
            self.signed.contains_key(name) || self.added.iter().any(|(other, _)| other.eq_ignore_ascii_case(name))
        };
        if !has("connection") {
            line("connection", b"close");
        }
        match self.framing {
            Framing::HttpChunked => line("transfer-encoding", b"chunked"),
            Framing::ContentLength => {
                let wanted = !body.is_empty() || matches!(self.method.as_str(), "PUT" | "POST");
                if wanted && !has("content-length") && !removed("content-length") {
                    line("content-length", body.len().to_string().as_bytes());
                }
            }
        }
        bytes.extend_from_slice(b"\r\n");
        match self.framing {
            Framing::ContentLength => bytes.extend(body),
            Framing::HttpChunked => {
                for piece in body.chunks(1000) {
                    bytes.extend(format!("{:x}\r\n", piece.len()).into_bytes());
                    bytes.extend_from_slice(piece);
                    bytes.extend_from_slice(b"\r\n");
                }
                bytes.extend_from_slice(b"0\r\n\r\n");
            }
        }
        bytes
    }

    fn add_own_headers(&mut self) {
        let mut own = vec![("host", self.client.host.clone())];
        if self.streaming.is_some() {
            own.push(("x-amz-decoded-content-length", self.body.len().to_string()));
            if !self.trailers.is_empty() {
                let names: Vec<&str> = self.trailers.iter().map(|(name, _)| name.as_str()).collect();
                own.push(("x-amz-trailer", names.join(",")));
            }
        }
        for (name, value) in own {
            if !self.signed.contains_key(name) {
                self.signed.insert(name, value.parse().expect("a header value"));
            }
        }
    }

    /// Signs the headers, if they are to be signed, and encodes the body.
    fn sign_and_encode(&mut self) -> Vec<u8> {
        let payload_hash = match (&self.payload_hash, self.streaming) {
            (Some(value), _) => value.clone(),
            (None, Some(streaming)) => streaming.payload_hash().to_owned(),
            (None, None) => hex::encode(Sha256::digest(&self.body)),
        };
        let mut signing = ChunkSigning::Unsigned;
        if self.auth == Auth::Signed {
            let (raw_path, raw_query) = self.target.split_once('?').unwrap_or((&self.target, ""));
            let request = SignRequest {
                method: &self.method,
                raw_path,
                raw_query,
                payload_hash: &payload_hash,
                credentials: &self.client.credentials,
                region: &self.client.region,
                date: self.date.unwrap_or_else(now),
            };
            let signed = sign_headers(&request, &mut self.signed).expect("header values");
            if matches!(self.streaming, Some(Streaming::Signed | Streaming::SignedTrailer)) {
                signing = ChunkSigning::Signed(signed.chunks);
            }
        } else if self.streaming.is_some() || self.payload_hash.is_some() {
            self.signed.insert("x-amz-content-sha256", payload_hash.parse().expect("a header value"));
        }
        if let Some(TextEdit(edit)) = self.edit_authorization.take() {
            let value = self.signed["authorization"].to_str().expect("a text");
            let edited = edit(value).parse().expect("a header value");
            self.signed.insert("authorization", edited);
        }
        if self.streaming.is_none() {
            return std::mem::take(&mut self.body);
        }
        let frames = ChunkedEncoder::new(signing).frames(&self.body, self.chunk_bytes, &self.trailers);
        let mut frames = Frames(frames);
        if let Some(FrameEdit(edit)) = self.edit_frames.take() {
            edit(&mut frames);
        }
        frames.0.concat()
    }
}
