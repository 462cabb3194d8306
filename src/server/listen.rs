//! Binding the addresses that are listened on. Not accepting: that is `connections`.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use tokio::net::TcpListener;

use super::StartError;

/// How often a free port is looked for that is free on every address.
const FREE_PORT_ATTEMPTS: usize = 32;

/// Listens on all of `hosts` with one port; on `127.0.0.1` and `::1` when none is given. Port 0 picks a free one.
pub(super) async fn bind(hosts: &[String], port: u16) -> Result<Vec<TcpListener>, StartError> {
    let addresses = resolve(hosts).await?;
    let mut attempts_left = if port == 0 { FREE_PORT_ATTEMPTS } else { 1 };
    loop {
        attempts_left -= 1;
        match bind_all(&addresses, port).await {
            // The port that was free on the first address was taken on another: try the next free one.
            Err(StartError::PortInUse { .. }) if attempts_left > 0 => {}
            result => return result,
        }
    }
}

struct Address {
    host: String,
    ip: IpAddr,
    need: Need,
}

/// Machines and containers without IPv6 are common: there, "localhost" is 127.0.0.1 alone.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Need {
    Required,
    IfTheMachineHasIt,
    /// `0.0.0.0` beside `::`, which takes IPv4 as well on most systems, and then leaves nothing to listen on.
    UnlessOursAlready,
}

async fn resolve(hosts: &[String]) -> Result<Vec<Address>, StartError> {
    let localhost = ["localhost".to_owned()];
    let hosts = if hosts.is_empty() { &localhost } else { hosts };
    let mut addresses: Vec<Address> = Vec::new();
    for host in hosts {
        let found = addresses_of(host).await?;
        for (ip, need) in found {
            if !addresses.iter().any(|address| address.ip == ip) {
                addresses.push(Address { host: host.clone(), ip, need });
            }
        }
    }
    let (any_v4, any_v6) = (IpAddr::V4(Ipv4Addr::UNSPECIFIED), IpAddr::V6(Ipv6Addr::UNSPECIFIED));
    if addresses.iter().any(|address| address.ip == any_v6) {
        addresses.iter_mut().filter(|address| address.ip == any_v4).for_each(|v4| v4.need = Need::UnlessOursAlready);
        addresses.sort_by_key(|address| address.ip != any_v6);
    }
    Ok(addresses)
}

async fn addresses_of(host: &str) -> Result<Vec<(IpAddr, Need)>, StartError> {
    if host.eq_ignore_ascii_case("localhost") {
        return Ok(vec![
            (IpAddr::V4(Ipv4Addr::LOCALHOST), Need::Required),
            (IpAddr::V6(Ipv6Addr::LOCALHOST), Need::IfTheMachineHasIt),
        ]);
    }
    let bare = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
    if let Ok(ip) = bare.parse() {
        return Ok(vec![(ip, Need::Required)]);
    }
    let unknown = |reason: &dyn std::fmt::Display| {
        StartError::Setting(format!(
            "host {host:?} is neither an IP address nor a name that resolves ({reason}); use 127.0.0.1, ::1 or 0.0.0.0"
        ))
    };
    let found: Vec<_> = match tokio::net::lookup_host((host, 0)).await {
        Ok(found) => found.map(|address| (address.ip(), Need::Required)).collect(),
        Err(error) => return Err(unknown(&error)),
    };
    if found.is_empty() { Err(unknown(&"it has no address")) } else { Ok(found) }
}

async fn bind_all(addresses: &[Address], mut port: u16) -> Result<Vec<TcpListener>, StartError> {
    let mut listeners = Vec::new();
    for Address { host, ip, need } in addresses {
        let address = SocketAddr::new(*ip, port);
        match TcpListener::bind(address).await {
            Ok(listener) => {
                port = listener.local_addr().map_err(|source| cannot_listen(host, port, source))?.port();
                listeners.push(listener);
            }
            Err(error) if error.kind() == io::ErrorKind::AddrInUse && *need == Need::UnlessOursAlready => {}
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => return Err(StartError::PortInUse { address }),
            Err(error) if *need == Need::IfTheMachineHasIt => {
                tracing::debug!(%address, %error, "not listening there");
            }
            Err(source) => return Err(cannot_listen(host, port, source)),
        }
    }
    Ok(listeners)
}

fn cannot_listen(host: &str, port: u16, source: io::Error) -> StartError {
    StartError::CannotListen { host: host.to_owned(), port, source }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn port_zero_is_the_same_free_port_everywhere() {
        let listeners = bind(&[], 0).await.unwrap();
        let port = listeners[0].local_addr().unwrap().port();
        assert_ne!(port, 0);
        assert!(listeners.iter().all(|listener| listener.local_addr().unwrap().port() == port));
    }

    #[tokio::test]
    async fn all_addresses_of_both_families_go_together() {
        let listeners = bind(&["0.0.0.0".to_owned(), "::".to_owned()], 0).await;
        // A machine without IPv6 says so; where there is IPv6, the two do not get in each other's way.
        match listeners {
            Ok(listeners) => {
                let port = listeners[0].local_addr().unwrap().port();
                tokio::net::TcpStream::connect(("127.0.0.1", port)).await.unwrap();
            }
            Err(error) => assert!(matches!(error, StartError::CannotListen { .. }), "{error}"),
        }
    }

    #[tokio::test]
    async fn a_taken_port_says_so() {
        let taken = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = taken.local_addr().unwrap().port();
        let error = bind(&["127.0.0.1".to_owned()], port).await.unwrap_err().to_string();
        assert!(error.contains(&format!("port {port} is already in use")) && error.contains("--port"), "{error}");
    }

    #[tokio::test]
    async fn a_host_that_is_none_says_what_to_use() {
        let error = bind(&["no such host".to_owned()], 0).await.unwrap_err().to_string();
        assert!(error.contains("127.0.0.1"), "{error}");
    }
}
