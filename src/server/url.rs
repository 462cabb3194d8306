//! The URLs of a server: of an address that it listens on, and the one that is set as public. Not those of objects.

use std::net::{IpAddr, SocketAddr};

use super::StartError;
use crate::http::connection::Scheme;

/// The URL by which this machine reaches an address; the wildcard addresses are not addresses to connect to.
pub(super) fn url_of(scheme: Scheme, address: SocketAddr) -> String {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::from([127, 0, 0, 1]),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::from([0, 0, 0, 0, 0, 0, 0, 1]),
        ip => ip,
    };
    format!("{}://{}", scheme.as_str(), SocketAddr::new(ip, address.port()))
}

/// A public URL as it was set, checked.
pub(super) fn checked_url(url: &str) -> Result<String, StartError> {
    let parsed = url.parse::<http::Uri>().ok();
    let good = parsed.as_ref().is_some_and(|uri| {
        matches!(uri.scheme_str(), Some("http" | "https")) && uri.path() == "/" && uri.query().is_none()
    });
    if good {
        return Ok(url.trim_end_matches('/').to_owned());
    }
    Err(StartError::Setting(format!(
        "public URL {url:?} is not of the form http://host:port or https://host:port, without a path"
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_can_be_connected_to() {
        assert_eq!(url_of(Scheme::Http, "0.0.0.0:9000".parse().unwrap()), "http://127.0.0.1:9000");
        assert_eq!(url_of(Scheme::Https, "[::]:1".parse().unwrap()), "https://[::1]:1");
        assert_eq!(checked_url("https://s3.test:9000/").unwrap(), "https://s3.test:9000");
        for bad in ["s3.test", "ftp://s3.test", "http://s3.test/path", ""] {
            assert!(checked_url(bad).is_err(), "{bad}");
        }
    }
}
