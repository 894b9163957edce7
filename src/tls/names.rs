//! What a server is called: the DNS names and addresses its certificate is made for.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    str::FromStr,
};

use nix::ifaddrs::getifaddrs;
use rustls::pki_types::DnsName;

/// A machine with more addresses names the ones that matter with `--name`.
const OWN_ADDRESSES_MAX: usize = 32;

/// The text is neither a DNS name nor an address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "'{}' is neither a DNS name nor an IP address: write it without port, names beyond ASCII as xn--",
    .0.escape_debug()
)]
pub struct HostError(String);

/// A DNS name or an address, as people dial it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Host {
    /// In lower case, without the dot at the end.
    Dns(String),
    /// IPv4 or IPv6.
    Address(IpAddr),
}

impl FromStr for Host {
    type Err = HostError;

    fn from_str(text: &str) -> Result<Self, HostError> {
        let bare = text
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'))
            .unwrap_or(text);
        if let Ok(address) = bare.parse() {
            return Ok(Self::Address(address));
        }
        let name = text.strip_suffix('.').unwrap_or(text).to_ascii_lowercase();
        // All digits at the end would be a mistyped address, and no verifier takes it for a name.
        let is_name = DnsName::try_from(name.as_str()).is_ok()
            && !name
                .rsplit('.')
                .next()
                .is_some_and(|last| last.bytes().all(|byte| byte.is_ascii_digit()));
        is_name
            .then_some(Self::Dns(name))
            .ok_or_else(|| HostError(text.to_owned()))
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dns(name) => f.pad(name),
            Self::Address(address) => address.fmt(f),
        }
    }
}

/// What this machine can be reached by: `localhost`, its own name, loopback and the addresses of
/// its interfaces.
#[must_use]
pub fn own_hosts() -> Vec<Host> {
    let mut hosts = vec![
        Host::Dns("localhost".to_owned()),
        Host::Address(Ipv4Addr::LOCALHOST.into()),
        Host::Address(Ipv6Addr::LOCALHOST.into()),
    ];
    let own_name = rustix::system::uname()
        .nodename()
        .to_str()
        .ok()
        .and_then(|name| name.parse().ok());
    let addresses = own_addresses().into_iter().map(Host::Address);
    for host in own_name.into_iter().chain(addresses) {
        if !hosts.contains(&host) {
            hosts.push(host);
        }
    }
    hosts
}

/// Empty when the system does not tell: then the certificate is for this machine alone.
fn own_addresses() -> Vec<IpAddr> {
    let Ok(interfaces) = getifaddrs() else {
        return Vec::new();
    };
    interfaces
        .filter_map(|interface| {
            let address = interface.address?;
            let v4 = address.as_sockaddr_in().map(|v4| IpAddr::V4(v4.ip()));
            v4.or_else(|| address.as_sockaddr_in6().map(|v6| IpAddr::V6(v6.ip())))
        })
        .filter(is_dialable)
        .take(OWN_ADDRESSES_MAX)
        .collect()
}

/// A link-local IPv6 address means nothing without an interface, which no certificate can name.
fn is_dialable(address: &IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => !v4.is_unspecified(),
        IpAddr::V6(v6) => !v6.is_unspecified() && !v6.is_unicast_link_local(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_read_as_people_write_them() {
        for (text, read) in [
            ("localhost", "localhost"),
            ("Chat.Example.ORG.", "chat.example.org"),
            ("xn--bcher-kva.example", "xn--bcher-kva.example"),
            ("192.0.2.7", "192.0.2.7"),
            ("[2001:DB8::1]", "2001:db8::1"),
            ("::1", "::1"),
        ] {
            assert_eq!(text.parse::<Host>().unwrap().to_string(), read);
        }
        for bad in [
            "",
            ".",
            "a b",
            "a:1",
            "192.0.2.256",
            "1.2.3",
            "*.example.org",
            "bücher.example",
            "a..b",
            "fe80::1%eth0",
            "a\n",
            "https://a",
        ] {
            assert!(bad.parse::<Host>().is_err(), "{bad:?} was taken");
        }
    }

    #[test]
    fn a_machine_is_reachable_by_its_loopback_names_once_each() {
        let hosts = own_hosts();
        for expected in ["localhost", "127.0.0.1", "::1"] {
            let times = hosts
                .iter()
                .filter(|host| host.to_string() == expected)
                .count();
            assert_eq!(times, 1, "{expected} in {hosts:?}");
        }
    }
}
