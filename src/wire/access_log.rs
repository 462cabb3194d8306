//! Server access logs: a record as a line, and the keys of the objects that hold them. Not when they are written.
//!
//! Source: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/LogFormat.html>

use std::fmt::Write as _;

use super::percent;
use super::time::Timestamp;

/// One request, or one of the deletions of a request. What is `None` is written as `-`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Record {
    /// The canonical id of the bucket's owner.
    pub bucket_owner: String,
    /// The bucket.
    pub bucket: String,
    /// When the request came.
    pub time: Timestamp,
    /// The client's address.
    pub remote_ip: String,
    /// The canonical id of the caller.
    pub requester: Option<String>,
    /// `x-amz-request-id`.
    pub request_id: String,
    /// `REST.GET.OBJECT` and so on.
    pub operation: String,
    /// The key, not encoded.
    pub key: Option<String>,
    /// `GET /bucket/key HTTP/1.1`.
    pub request_uri: Option<String>,
    /// The status of the answer.
    pub status: Option<u16>,
    /// S3's error code.
    pub error_code: Option<String>,
    /// Bytes of the answer's body that were sent.
    pub bytes_sent: u64,
    /// The size of the object, in bytes.
    pub object_size_bytes: Option<u64>,
    /// From the request's coming to the answer's last byte.
    pub total_ms: Option<u64>,
    /// From the request's last byte to the answer's first.
    pub turn_around_ms: Option<u64>,
    /// The header.
    pub referer: Option<String>,
    /// The header.
    pub user_agent: Option<String>,
    /// The version that the request named, or that was made.
    pub version_id: Option<String>,
    /// `x-amz-id-2`.
    pub host_id: String,
    /// `SigV4` or `SigV2`.
    pub signature_version: Option<&'static str>,
    /// In the names of OpenSSL.
    pub cipher_suite: Option<&'static str>,
    /// `AuthHeader` or `QueryString`.
    pub authentication_type: Option<&'static str>,
    /// The `Host` header.
    pub host: Option<String>,
    /// `TLSv1.3`.
    pub tls_version: Option<&'static str>,
    /// Whether an ACL let the request through.
    pub acl_required: AclRequired,
}

/// Whether a request was let through by an ACL.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum AclRequired {
    /// It was.
    Yes,
    /// It was not, or it was refused.
    #[default]
    No,
}

impl Record {
    /// The record as a line, with its end: the 27 fields of 2026. The last two but one are of access points, of which there
    /// are none here, and of the region of AWS that the client is in.
    pub fn line(&self) -> String {
        let mut line = String::with_capacity(512);
        let number = |number: Option<u64>| number.map(|number| number.to_string());
        let plain = |text: &str| text.to_owned();
        let fields: [String; 27] = [
            plain(&self.bucket_owner),
            plain(&self.bucket),
            format!("[{}]", self.time.log_date()),
            plain(&self.remote_ip),
            word(self.requester.as_deref()),
            plain(&self.request_id),
            plain(&self.operation),
            self.key.as_ref().map_or_else(none, |key| percent::encode_path(key.as_bytes())),
            self.request_uri.as_deref().map_or_else(none, quoted),
            word(number(self.status.map(u64::from)).as_deref()),
            word(self.error_code.as_deref()),
            word(number(Some(self.bytes_sent).filter(|bytes| *bytes > 0)).as_deref()),
            word(number(self.object_size_bytes).as_deref()),
            word(number(self.total_ms).as_deref()),
            word(number(self.turn_around_ms).as_deref()),
            if self.request_uri.is_some() { quoted(self.referer.as_deref().unwrap_or("-")) } else { none() },
            if self.request_uri.is_some() { quoted(self.user_agent.as_deref().unwrap_or("-")) } else { none() },
            word(self.version_id.as_deref()),
            plain(&self.host_id),
            word(self.signature_version),
            word(self.cipher_suite),
            word(self.authentication_type),
            word(self.host.as_deref()),
            word(self.tls_version),
            none(),
            word(Some("Yes").filter(|_| self.acl_required == AclRequired::Yes)),
            none(),
        ];
        for (place, field) in fields.iter().enumerate() {
            // Writing to a string does not fail.
            let _ = write!(line, "{}{field}", if place == 0 { "" } else { " " });
        }
        line.push('\n');
        line
    }
}

/// How the keys of log objects are made.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum KeyFormat {
    /// `[prefix]2013-11-01-21-32-16-E568B2907131C0C0`
    #[default]
    Simple,
    /// `[prefix]111122223333/us-east-1/bucket/2023/03/01/2023-03-01-00-00-00-E568B2907131C0C0`: an object holds the records
    /// of one day.
    ByEventTime,
    /// The same, with the time of the delivery.
    ByDeliveryTime,
}

/// Whose records they are: what partitioned keys tell.
#[derive(Debug, Clone, Copy)]
pub struct Source<'a> {
    /// The account's number.
    pub account: &'a str,
    /// The bucket's region.
    pub region: &'a str,
    /// The bucket's name.
    pub bucket: &'a str,
}

impl KeyFormat {
    /// The key of an object with records of `event`'s day, delivered at `delivered`.
    pub fn key(self, prefix: &str, source: Source<'_>, event: Timestamp, delivered: Timestamp, unique: &str) -> String {
        let partition = |at: Timestamp| {
            let Source { account, region, bucket } = source;
            format!("{account}/{region}/{bucket}/{}/", at.date().replace('-', "/"))
        };
        let name = |at: Timestamp| format!("{}-{}", at.date(), at.time_of_day().replace(':', "-"));
        match self {
            KeyFormat::Simple => format!("{prefix}{}-{unique}", name(delivered)),
            KeyFormat::ByDeliveryTime => format!("{prefix}{}{}-{unique}", partition(delivered), name(delivered)),
            KeyFormat::ByEventTime => format!("{prefix}{}{}-00-00-00-{unique}", partition(event), event.date()),
        }
    }
}

fn none() -> String {
    "-".to_owned()
}

/// A field that is one word. What has spaces in spite of that would shift the fields behind it.
fn word(text: Option<&str>) -> String {
    match text {
        None | Some("") => none(),
        Some(text) => text.replace(|letter: char| letter.is_whitespace() || letter.is_control(), "+"),
    }
}

/// A field in quotes. AWS leaves quotes within it as they are; encoded, the line can still be read.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('"', "%22").replace(char::is_control, " "))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2019-02-06T00:00:38Z
    const MOMENT: Timestamp = Timestamp::from_secs(1_549_411_238);

    fn record() -> Record {
        Record {
            bucket_owner: "79a59d".to_owned(),
            bucket: "bkt".to_owned(),
            time: MOMENT,
            remote_ip: "192.0.2.3".to_owned(),
            requester: Some("79a59d".to_owned()),
            request_id: "3E57427F3EXAMPLE".to_owned(),
            operation: "REST.GET.VERSIONING".to_owned(),
            request_uri: Some("GET /bkt?versioning HTTP/1.1".to_owned()),
            status: Some(200),
            bytes_sent: 113,
            total_ms: Some(7),
            user_agent: Some("S3Console/0.4".to_owned()),
            host_id: "s9lz=".to_owned(),
            signature_version: Some("SigV4"),
            cipher_suite: Some("ECDHE-RSA-AES128-GCM-SHA256"),
            authentication_type: Some("AuthHeader"),
            host: Some("bkt.s3.us-west-1.amazonaws.com".to_owned()),
            tls_version: Some("TLSv1.2"),
            ..Record::default()
        }
    }

    #[test]
    fn a_record_is_a_line() {
        assert_eq!(
            record().line(),
            "79a59d bkt [06/Feb/2019:00:00:38 +0000] 192.0.2.3 79a59d 3E57427F3EXAMPLE REST.GET.VERSIONING - \"GET /bkt?versioning HTTP/1.1\" 200 - 113 - 7 - \"-\" \"S3Console/0.4\" - s9lz= SigV4 ECDHE-RSA-AES128-GCM-SHA256 AuthHeader bkt.s3.us-west-1.amazonaws.com TLSv1.2 - - -\n"
        );
    }

    #[test]
    fn clients_cannot_write_lines_or_fields() {
        let hostile = Record {
            key: Some("a b\n\"c".to_owned()),
            user_agent: Some("x\" 200 \"\r\ny".to_owned()),
            version_id: Some("a b".to_owned()),
            acl_required: AclRequired::Yes,
            ..record()
        };
        let line = hostile.line();
        assert!(line.contains(" a%20b%0A%22c ") && line.contains(" \"x%22 200 %22  y\" a+b "), "{line}");
        assert!(line.ends_with(" - Yes -\n") && line.matches('\n').count() == 1, "{line}");
    }

    #[test]
    fn keys_of_each_format() {
        let source = Source { account: "111122223333", region: "eu-west-1", bucket: "bkt" };
        let delivered = Timestamp::from_secs(MOMENT.secs() + 86_400);
        let key = |format: KeyFormat| format.key("p/", source, MOMENT, delivered, "UNIQUE");
        assert_eq!(key(KeyFormat::Simple), "p/2019-02-07-00-00-38-UNIQUE");
        let partition = "p/111122223333/eu-west-1/bkt";
        assert_eq!(key(KeyFormat::ByEventTime), format!("{partition}/2019/02/06/2019-02-06-00-00-00-UNIQUE"));
        assert_eq!(key(KeyFormat::ByDeliveryTime), format!("{partition}/2019/02/07/2019-02-07-00-00-38-UNIQUE"));
    }
}
