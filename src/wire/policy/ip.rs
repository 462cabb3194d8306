//! Ranges of IP addresses, for `aws:SourceIp`.

use std::net::{IpAddr, Ipv6Addr};

/// A range in CIDR notation, of either version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IpRange {
    first: IpAddr,
    prefix_bits: u32,
}

/// The fewest leading bits that still make a range small in the eyes of S3; wider ones are as good as everyone. IPv4, IPv6.
const NARROW_BITS: (u32, u32) = (8, 32);

/// Reads an address. One of IPv4 that is written as one of IPv6 is one of IPv4.
pub(super) fn parse(text: &str) -> Option<IpAddr> {
    text.trim().parse::<IpAddr>().ok().map(|address| address.to_canonical())
}

impl IpRange {
    /// Reads `192.0.2.0/24` or `2001:db8::/32`; an address alone is a range of one.
    pub fn parse(text: &str) -> Option<IpRange> {
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address, Some(bits)),
            None => (text, None),
        };
        let first: IpAddr = address.parse().ok()?;
        let most = if first.is_ipv4() { 32 } else { 128 };
        let prefix_bits = match bits {
            Some(bits) if bits.bytes().all(|byte| byte.is_ascii_digit()) => bits.parse().ok()?,
            Some(_) => return None,
            None => most,
        };
        (prefix_bits <= most).then_some(IpRange { first, prefix_bits })
    }

    /// Whether the range has this address.
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.first, address) {
            (IpAddr::V4(first), IpAddr::V4(address)) => {
                same(first.to_bits().into(), address.to_bits().into(), 32, self.prefix_bits)
            }
            (IpAddr::V6(first), address) => {
                let address = match address {
                    IpAddr::V4(address) => address.to_ipv6_mapped(),
                    IpAddr::V6(address) => address,
                };
                same(bits(first), bits(address), 128, self.prefix_bits)
            }
            (IpAddr::V4(_), IpAddr::V6(_)) => false,
        }
    }

    /// Whether it is so small that who is in it is not the public: from /8 on, with IPv6 from /32 on (seen on AWS).
    pub fn is_narrow(&self) -> bool {
        self.prefix_bits >= if self.first.is_ipv4() { NARROW_BITS.0 } else { NARROW_BITS.1 }
    }
}

fn bits(address: Ipv6Addr) -> u128 {
    address.to_bits()
}

/// Whether two numbers of that width have the same leading bits.
fn same(a: u128, b: u128, width: u32, leading: u32) -> bool {
    // Shifting by the whole width would be an overflow: no leading bits are always the same.
    leading == 0 || (a ^ b) >> (width - leading) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges() {
        let contains = |range: &str, address: &str| IpRange::parse(range).unwrap().contains(parse(address).unwrap());
        for (range, inside, outside) in [
            ("192.0.2.0/24", "192.0.2.255", "192.0.3.0"),
            ("192.0.2.77/24", "192.0.2.0", "192.0.1.255"),
            ("192.0.2.1", "192.0.2.1", "192.0.2.2"),
            ("10.0.0.0/8", "::ffff:10.9.8.7", "11.0.0.0"),
            ("2001:db8::/33", "2001:db8:7fff::1", "2001:db8:8000::"),
            ("::1", "::1", "127.0.0.1"),
        ] {
            assert!(contains(range, inside) && !contains(range, outside), "{range}");
        }
        assert!(contains("0.0.0.0/0", "255.255.255.255") && contains("::/0", "1.2.3.4"));
        assert!(!contains("0.0.0.0/0", "2001:db8::1"));
        for wrong in ["", "123", "1.2.3.4/33", "::/129", "1.2.3.4/", "1.2.3.4/+8", "1.2.3.*", "1.2.3.4 ", "a/8"] {
            assert_eq!(IpRange::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn narrow_ranges() {
        let narrow = |range: &str| IpRange::parse(range).unwrap().is_narrow();
        assert!(narrow("10.0.0.0/8") && narrow("1.2.3.4") && narrow("2001:db8::/32"));
        assert!(!narrow("0.0.0.0/1") && !narrow("0.0.0.0/7") && !narrow("::/0") && !narrow("2001::/16"));
    }
}
