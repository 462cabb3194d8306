//! Entity tags of objects and parts: an MD5, or the MD5 of part MD5s with their count. Not the lists in `If-Match`.

use std::fmt;

use md5::{Digest as _, Md5};

/// An entity tag that S3 issued. Written `hex` for a plain object or part, `hex-N` for an object made of N parts.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct ETag {
    md5: [u8; 16],
    /// How many parts the object was completed from; 0 = not by multipart upload.
    parts: u16,
}

impl ETag {
    /// The tag of bytes stored in one piece.
    pub fn plain(md5: [u8; 16]) -> ETag {
        ETag { md5, parts: 0 }
    }

    /// The tag of an object completed from parts: the MD5 of the parts' raw MD5s, and their count (`-1` for one part).
    /// An upload has between 1 and 10,000 parts.
    pub fn multipart(part_md5s: impl Iterator<Item = [u8; 16]>) -> ETag {
        let mut hash = Md5::new();
        let mut parts = 0_u16;
        for md5 in part_md5s {
            hash.update(md5);
            parts = parts.saturating_add(1);
        }
        debug_assert!(parts > 0, "an upload is completed from at least one part");
        ETag { md5: hash.finalize().into(), parts }
    }

    /// Reads a tag, quoted or not. Only the form that S3 writes is a tag: lower-case hex, no leading zero in the count.
    pub fn parse(text: &str) -> Option<ETag> {
        let text = text.strip_prefix('"').and_then(|inner| inner.strip_suffix('"')).unwrap_or(text);
        let (hex_md5, parts) = match text.split_once('-') {
            Some((hex_md5, count)) => (hex_md5, parse_count(count)?),
            None => (text, 0),
        };
        if hex_md5.bytes().any(|byte| byte.is_ascii_uppercase()) {
            return None;
        }
        let mut md5 = [0; 16];
        hex::decode_to_slice(hex_md5, &mut md5).ok()?;
        Some(ETag { md5, parts })
    }

    /// The tag without quotes.
    pub fn to_hex(&self) -> String {
        self.to_string()
    }

    /// The tag in double quotes, as headers and XML carry it.
    pub fn quoted(&self) -> String {
        format!("\"{self}\"")
    }

    /// The raw 16 bytes before any part count.
    pub fn bytes(&self) -> [u8; 16] {
        self.md5
    }

    /// How many parts the object was completed from; `None` if it was not made by multipart upload.
    pub fn part_count(&self) -> Option<u16> {
        (self.parts > 0).then_some(self.parts)
    }

    /// The tag for storage: the 16 bytes, then the part count (big-endian, 0 = not multipart).
    pub fn to_bytes(&self) -> [u8; 18] {
        let mut stored = [0; 18];
        stored[..16].copy_from_slice(&self.md5);
        stored[16..].copy_from_slice(&self.parts.to_be_bytes());
        stored
    }

    /// Reads what [`ETag::to_bytes`] wrote; `None` if the length is wrong.
    pub fn from_bytes(stored: &[u8]) -> Option<ETag> {
        let stored: &[u8; 18] = stored.try_into().ok()?;
        let mut md5 = [0; 16];
        md5.copy_from_slice(&stored[..16]);
        Some(ETag { md5, parts: u16::from_be_bytes([stored[16], stored[17]]) })
    }
}

impl fmt::Display for ETag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = [0; 32];
        hex::encode_to_slice(self.md5, &mut text).map_err(|_| fmt::Error)?;
        f.write_str(std::str::from_utf8(&text).map_err(|_| fmt::Error)?)?;
        match self.part_count() {
            Some(count) => write!(f, "-{count}"),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for ETag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ETag({self})")
    }
}

fn parse_count(text: &str) -> Option<u16> {
    let canonical = text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0');
    if canonical { text.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Tab-separated: the parts' contents joined by `|` (each `text*count`), then the tag, computed with Python's hashlib.
    const VECTORS: &str = include_str!("../../data/vectors/etags.tsv");

    fn md5(data: &[u8]) -> [u8; 16] {
        Md5::digest(data).into()
    }

    #[test]
    fn golden_vectors() {
        let mut seen = 0;
        for line in VECTORS.lines().filter(|line| !line.starts_with('#')) {
            let fields: Vec<&str> = line.split('\t').collect();
            let parts: Vec<[u8; 16]> = fields[1]
                .split('|')
                .map(|part| {
                    let (text, count) = part.split_once('*').unwrap();
                    md5(text.repeat(count.parse().unwrap()).as_bytes())
                })
                .collect();
            let etag =
                if fields[0] == "plain" { ETag::plain(parts[0]) } else { ETag::multipart(parts.iter().copied()) };
            assert_eq!(etag.to_hex(), fields[2], "{line}");
            seen += 1;
        }
        assert!(seen >= 5);
    }

    #[test]
    fn parse_accepts_only_what_s3_writes() {
        let plain = "d41d8cd98f00b204e9800998ecf8427e";
        assert_eq!(ETag::parse(plain), Some(ETag::plain(md5(b""))));
        assert_eq!(ETag::parse(&format!("\"{plain}\"")), Some(ETag::plain(md5(b""))));
        let multipart = ETag::parse(&format!("\"{plain}-10000\"")).unwrap();
        assert_eq!((multipart.part_count(), multipart.bytes()), (Some(10_000), md5(b"")));
        assert_eq!(multipart.quoted(), format!("\"{plain}-10000\""));
        for suffix in ["-", "-0", "-01", "-+1", "--1", "-65536", "-1-1", "0", "\""] {
            assert_eq!(ETag::parse(&format!("{plain}{suffix}")), None, "{suffix}");
        }
        for text in ["", "\"\"", "\"", "*", &plain.to_uppercase(), &plain[1..], &format!("W/\"{plain}\"")] {
            assert_eq!(ETag::parse(text), None, "{text}");
        }
    }

    #[test]
    fn storage_round_trip() {
        for etag in [ETag::plain(md5(b"a")), ETag::multipart([md5(b"a"), md5(b"b")].into_iter())] {
            assert_eq!(ETag::from_bytes(&etag.to_bytes()), Some(etag));
            assert_eq!(ETag::parse(&etag.to_hex()), Some(etag));
        }
        assert_eq!(ETag::from_bytes(&[0; 16]), None);
    }
}
