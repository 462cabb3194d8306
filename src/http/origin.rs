//! The address that a client came by, for the URLs that an answer carries. Not the address that is listened on: a proxy, a
//! container's port or a name may stand before it.

use std::fmt;

use http::{HeaderMap, header};

use super::connection::Connection;

/// Scheme and authority of a URL, such as `http://localhost:9000`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    scheme: String,
    authority: String,
}

impl Origin {
    /// The public URL if one is set; else what `X-Forwarded-Proto`, `X-Forwarded-Host` and `X-Forwarded-Port` say, then
    /// the `Host` header, then the address of the connection.
    pub fn of(connection: &Connection, headers: &HeaderMap, public_url: Option<&str>) -> Origin {
        if let Some(origin) = public_url.and_then(Origin::parse) {
            return origin;
        }
        // Of several proxies, the first one is the one that the client spoke to.
        let first = |name: &str| {
            let value = headers.get(name)?.to_str().ok()?;
            value.split(',').map(str::trim).next().filter(|value| !value.is_empty())
        };
        let scheme = match first("x-forwarded-proto").map(str::to_ascii_lowercase).as_deref() {
            Some("https") => "https",
            Some("http") => "http",
            _ => connection.scheme.as_str(),
        };
        let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
        let forwarded = first("x-forwarded-host").filter(|host| is_authority(host)).map(|host| {
            match first("x-forwarded-port").filter(|port| port.parse::<u16>().is_ok()) {
                Some(port) if !has_port(host) => format!("{host}:{port}"),
                _ => host.to_owned(),
            }
        });
        let authority = forwarded
            .or_else(|| host.filter(|host| is_authority(host)).map(str::to_owned))
            .unwrap_or_else(|| connection.local.to_string());
        Origin::new(scheme, &authority)
    }

    /// Reads `http://host:port` or `https://host:port`, with or without a slash at the end.
    pub fn parse(url: &str) -> Option<Origin> {
        let (scheme, rest) = url.split_once("://")?;
        let authority = rest.strip_suffix('/').unwrap_or(rest);
        (matches!(scheme, "http" | "https") && is_authority(authority)).then(|| Origin::new(scheme, authority))
    }

    /// Clients leave the scheme's own port out of the Host header, which signatures cover.
    fn new(scheme: &str, authority: &str) -> Origin {
        let own_port = if scheme == "https" { ":443" } else { ":80" };
        let authority = authority.strip_suffix(own_port).unwrap_or(authority).to_ascii_lowercase();
        Origin { scheme: scheme.to_owned(), authority }
    }

    /// `http` or `https`.
    pub fn scheme(&self) -> &str {
        &self.scheme
    }

    /// Host, and the port unless it is the scheme's own.
    pub fn authority(&self) -> &str {
        &self.authority
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme, self.authority)
    }
}

fn has_port(host: &str) -> bool {
    host.rsplit_once(':').is_some_and(|(name, port)| !name.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()))
}

/// What goes into URLs comes from the client: nothing but a host and a port may.
fn is_authority(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b':' | b'[' | b']');
    !text.is_empty() && text.len() <= 260 && text.bytes().all(allowed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::connection::Scheme;

    fn origin(headers: &[(&'static str, &str)], public_url: Option<&str>) -> String {
        let headers = headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect();
        let connection = Connection {
            peer: "127.0.0.1:5".parse().unwrap(),
            local: "127.0.0.1:9000".parse().unwrap(),
            scheme: Scheme::Http,
            tls: None,
        };
        Origin::of(&connection, &headers, public_url).to_string()
    }

    #[test]
    fn the_nearest_to_the_client_counts() {
        let cases: [(&[(&'static str, &str)], &str); 9] = [
            (&[], "http://127.0.0.1:9000"),
            (&[("host", "LocalHost:9000")], "http://localhost:9000"),
            (&[("host", "[::1]:9000")], "http://[::1]:9000"),
            (&[("host", "h:80")], "http://h"),
            (&[("host", "h"), ("x-forwarded-proto", "https")], "https://h"),
            (
                &[("host", "h"), ("x-forwarded-host", "files.test, inner"), ("x-forwarded-proto", "https, http")],
                "https://files.test",
            ),
            (
                &[("host", "h"), ("x-forwarded-host", "files.test"), ("x-forwarded-port", "8443")],
                "http://files.test:8443",
            ),
            (&[("host", "h"), ("x-forwarded-host", "files.test:1"), ("x-forwarded-port", "2")], "http://files.test:1"),
            (&[("host", "h"), ("x-forwarded-host", "evil/path?")], "http://h"),
        ];
        for (headers, expected) in cases {
            assert_eq!(origin(headers, None), expected, "{headers:?}");
        }
        assert_eq!(origin(&[("host", "h")], Some("https://s3.test:443/")), "https://s3.test");
    }

    #[test]
    fn only_origins_are_origins() {
        assert!(Origin::parse("http://a:1").is_some());
        for bad in ["a:1", "ftp://a", "http://", "http://a/b", "http://a b", "http://a?x"] {
            assert_eq!(Origin::parse(bad), None, "{bad}");
        }
    }
}
