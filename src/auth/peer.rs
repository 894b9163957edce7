//! Where an attempt comes from, as far as it tells people apart.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

/// The part of an address that one household or machine has to itself: an IPv4 address, or the
/// /64 of an IPv6 one, whose lower half its owner makes up at will.
///
/// IPv4 addresses that come in IPv6 clothes (`::ffff:192.0.2.1`) are IPv4 addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Origin(IpAddr);

impl Origin {
    /// The origin of a connection from this address.
    #[must_use]
    pub fn of(address: IpAddr) -> Self {
        Self(match address.to_canonical() {
            IpAddr::V6(v6) => IpAddr::V6(leading(v6, 64)),
            v4 @ IpAddr::V4(_) => v4,
        })
    }

    pub(super) const fn is_v6(self) -> bool {
        self.0.is_ipv6()
    }

    /// The /48 that a customer of a provider usually gets and makes 65,536 origins of.
    pub(super) fn site(self) -> Option<Self> {
        match self.0 {
            IpAddr::V4(_) => None,
            IpAddr::V6(v6) => Some(Self(IpAddr::V6(leading(v6, 48)))),
        }
    }

    /// What is near, as networks are handed out: an IPv4 /24, an IPv6 /48.
    pub(super) fn neighbourhood(self) -> Self {
        Self(match self.0 {
            IpAddr::V4(v4) => {
                let [a, b, c, _] = v4.octets();
                IpAddr::V4(Ipv4Addr::new(a, b, c, 0))
            }
            IpAddr::V6(v6) => IpAddr::V6(leading(v6, 48)),
        })
    }

    /// The network of a provider, roughly: an IPv4 /16, an IPv6 /32.
    pub(super) fn network(self) -> Self {
        Self(match self.0 {
            IpAddr::V4(v4) => {
                let [a, b, ..] = v4.octets();
                IpAddr::V4(Ipv4Addr::new(a, b, 0, 0))
            }
            IpAddr::V6(v6) => IpAddr::V6(leading(v6, 32)),
        })
    }
}

fn leading(address: Ipv6Addr, bits: u32) -> Ipv6Addr {
    Ipv6Addr::from_bits(address.to_bits() & !(u128::MAX >> bits))
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            IpAddr::V4(v4) => v4.fmt(f),
            IpAddr::V6(v6) => write!(f, "{v6}/64"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin(address: &str) -> Origin {
        Origin::of(address.parse().unwrap())
    }

    #[test]
    fn an_origin_is_a_v4_address_or_a_v6_64() {
        for (address, shown) in [
            ("192.0.2.7", "192.0.2.7"),
            ("::ffff:192.0.2.7", "192.0.2.7"),
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
            ("::1", "::/64"),
        ] {
            assert_eq!(origin(address).to_string(), shown);
        }
        assert_eq!(origin("2001:db8::1"), origin("2001:db8::2"));
        assert_ne!(origin("2001:db8:0:1::1"), origin("2001:db8:0:2::1"));
    }

    #[test]
    fn sites_and_networks_are_wider() {
        assert_eq!(
            origin("2001:db8:1:2::").site(),
            origin("2001:db8:1:3::").site()
        );
        assert_ne!(origin("2001:db8:1::").site(), origin("2001:db8:2::").site());
        assert_eq!(origin("192.0.2.7").site(), None);
        assert_eq!(
            origin("192.0.2.7").network(),
            origin("192.0.99.1").network()
        );
        assert_ne!(origin("192.0.2.7").network(), origin("192.1.2.7").network());
        let near = |address| origin(address).neighbourhood();
        assert_eq!(near("192.0.2.7"), near("192.0.2.99"));
        assert_ne!(near("192.0.2.7"), near("192.0.3.7"));
        assert_eq!(near("2001:db8:1:2::"), near("2001:db8:1:3::"));
        assert_ne!(near("2001:db8:1::"), near("2001:db8:2::"));
        assert_eq!(
            origin("2001:db8:1::").network(),
            origin("2001:db8:ffff::").network()
        );
    }
}
