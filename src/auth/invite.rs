//! Invite links: where the server is, how to know it, and what opens the door, in one line.
//!
//! `netcomm://host:port/#v1.<pin>.<secret>`. All that is secret stands after the `#`, which no
//! program that opens links sends anywhere.

use std::{fmt, net::IpAddr};

use rustls::pki_types::DnsName;
use zeroize::Zeroizing;

use super::{InviteSecret, SecretError};
use crate::tls::{Pin, PinError};

/// Where a server listens unless told otherwise.
pub const DEFAULT_PORT: u16 = 44444;

const SCHEME: &str = "netcomm://";
const VERSION: &str = "v1";

/// The longest line looked at: the longest host name, twice over.
const LINK_MAX: usize = 512;

/// Why a line is no invite link, or an address no server's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LinkError {
    /// Longer than any link.
    #[error("the invite link is longer than {LINK_MAX} bytes")]
    TooLong,
    /// Another kind of link, or none.
    #[error("an invite link starts with {SCHEME}")]
    Scheme,
    /// Cut off before the part that matters.
    #[error("the invite link has no part after '#': was it copied whole?")]
    NoSecret,
    /// Made by a newer netcomm, or cut off.
    #[error("this netcomm reads invite links of the form #{VERSION}.PIN.INVITE only")]
    Version,
    /// The pin is damaged.
    #[error("in the invite link, {0}")]
    Pin(#[from] PinError),
    /// The secret is damaged.
    #[error("in the invite link, {0}")]
    Secret(#[from] SecretError),
    /// No name a server can have.
    #[error("a server is a name, an IPv4 address or an IPv6 address in brackets, not '{0}'")]
    Host(String),
    /// No number a port can have.
    #[error("a port is a number from 1 to 65535, not '{0}'")]
    Port(String),
}

/// Where a server is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerAddress {
    host: Box<str>,
    port: u16,
}

impl ServerAddress {
    /// Reads `host` or `host:port`; an IPv6 address is written in brackets.
    ///
    /// # Errors
    ///
    /// [`LinkError::Host`] or [`LinkError::Port`], naming the part.
    pub fn parse(text: &str) -> Result<Self, LinkError> {
        // An IPv6 address has colons of its own: the port comes after the bracket.
        let ported = text
            .rsplit_once(':')
            .filter(|(_, after)| !after.contains(']'));
        let (host, port) = match ported {
            Some((host, port)) => (host, parse_port(port)?),
            None => (text, DEFAULT_PORT),
        };
        Ok(Self {
            host: parse_host(host)?,
            port,
        })
    }

    /// The name or address, as a TLS client names its server and as it is looked up.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The TCP port.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }
}

impl fmt::Display for ServerAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

fn parse_host(text: &str) -> Result<Box<str>, LinkError> {
    let bracketed = text
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    let legal = match bracketed {
        Some(v6) => v6
            .parse::<IpAddr>()
            .ok()
            .filter(IpAddr::is_ipv6)
            .map(|v6| v6.to_string()),
        None => DnsName::try_from(text)
            .ok()
            .map(|_| text.to_owned())
            .or_else(|| {
                Some(
                    text.parse::<IpAddr>()
                        .ok()
                        .filter(IpAddr::is_ipv4)?
                        .to_string(),
                )
            }),
    };
    legal
        .map(String::into_boxed_str)
        .ok_or_else(|| LinkError::Host(text.to_owned()))
}

fn parse_port(text: &str) -> Result<u16, LinkError> {
    text.parse()
        .ok()
        .filter(|&port| port > 0 && text.bytes().all(|byte| byte.is_ascii_digit()))
        .ok_or_else(|| LinkError::Port(text.to_owned()))
}

/// An invite as it is handed over.
#[derive(Clone, Debug)]
pub struct InviteLink {
    /// Where the server is.
    pub server: ServerAddress,
    /// How to know it at the first contact.
    pub pin: Pin,
    /// What opens the door, once.
    pub secret: InviteSecret,
}

impl InviteLink {
    /// Reads a link as somebody has pasted it.
    ///
    /// # Errors
    ///
    /// [`LinkError`], naming what is wrong with it and never repeating the secret.
    pub fn parse(pasted: &str) -> Result<Self, LinkError> {
        let link = pasted.trim();
        if link.len() > LINK_MAX {
            return Err(LinkError::TooLong);
        }
        let (scheme, rest) = link
            .split_at_checked(SCHEME.len())
            .ok_or(LinkError::Scheme)?;
        if !scheme.eq_ignore_ascii_case(SCHEME) {
            return Err(LinkError::Scheme);
        }
        let (address, fragment) = rest.split_once('#').ok_or(LinkError::NoSecret)?;
        let server = ServerAddress::parse(address.strip_suffix('/').unwrap_or(address))?;
        let mut parts = fragment.split('.');
        let (Some(VERSION), Some(pin), Some(secret), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(LinkError::Version);
        };
        Ok(Self {
            server,
            pin: Pin::parse(pin)?,
            secret: InviteSecret::parse(secret)?,
        })
    }

    /// Writes the link out, for the one it is meant for.
    #[must_use]
    pub fn reveal(&self) -> Zeroizing<String> {
        let Self {
            server,
            pin,
            secret,
        } = self;
        let secret = secret.reveal();
        Zeroizing::new(format!(
            "{SCHEME}{server}/#{VERSION}.{pin}.{}",
            secret.as_str()
        ))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const PIN: &str = "n4bQgYhMfWWaL-qgxVrQFaO_TxsrC4Is0V1sFbDwCgg";
    const SECRET: &str = "AAECAwQFBgcICQoLDA0ODw";

    fn error(link: &str) -> String {
        InviteLink::parse(link).unwrap_err().to_string()
    }

    #[test]
    fn a_link_is_read_back_as_it_was_written() {
        for (host, port, address) in [
            ("chat.example.org", 44444, "chat.example.org:44444"),
            ("localhost", 1, "localhost:1"),
            ("192.0.2.7", 65535, "192.0.2.7:65535"),
            ("2001:db8::1", 44444, "[2001:db8::1]:44444"),
        ] {
            let link = format!("netcomm://{address}/#v1.{PIN}.{SECRET}");
            let parsed = InviteLink::parse(&link).unwrap();
            assert_eq!((parsed.server.host(), parsed.server.port()), (host, port));
            assert_eq!(parsed.pin.to_string(), PIN);
            assert_eq!(*parsed.reveal(), link);
        }
    }

    #[test]
    fn a_link_is_read_however_it_was_pasted() {
        for link in [
            format!("  netcomm://localhost/#v1.{PIN}.{SECRET}\n"),
            format!("NETCOMM://localhost#v1.{PIN}.{SECRET}"),
        ] {
            let server = InviteLink::parse(&link).unwrap().server;
            assert_eq!(server.to_string(), "localhost:44444");
        }
    }

    #[test]
    fn what_is_wrong_with_a_link_is_named() {
        let says = |link: &str, part: &str| {
            let error = error(link);
            assert!(error.contains(part), "{link}: {error}");
        };
        says("", "starts with netcomm://");
        says("https://example.org/", "starts with netcomm://");
        says("netcomm://localhost/", "copied whole");
        says(&format!("netcomm://a/#v2.{PIN}.{SECRET}"), "#v1.PIN.INVITE");
        says(&format!("netcomm://a/#v1.{PIN}"), "#v1.PIN.INVITE");
        says(
            &format!("netcomm://a/#v1.{PIN}.{SECRET}.x"),
            "#v1.PIN.INVITE",
        );
        says(&format!("netcomm://a/#v1.xyz.{SECRET}"), "a pin is 43");
        says(
            &format!("netcomm://a/#v1.{PIN}.xyz"),
            "the invite is not 22",
        );
        says(&format!("netcomm://a b/#v1.{PIN}.{SECRET}"), "not 'a b'");
        says(
            &format!("netcomm://2001:db8::1/#v1.{PIN}.{SECRET}"),
            "in brackets",
        );
        says(
            &format!("netcomm://[192.0.2.1]/#v1.{PIN}.{SECRET}"),
            "in brackets",
        );
        says(&format!("netcomm:///#v1.{PIN}.{SECRET}"), "not ''");
        for port in ["0", "65536", "-1", "+1", "", "x"] {
            says(
                &format!("netcomm://a:{port}/#v1.{PIN}.{SECRET}"),
                "from 1 to 65535",
            );
        }
        says(
            &format!("netcomm://{}", "a".repeat(LINK_MAX)),
            "longer than 512",
        );
    }

    #[test]
    fn neither_an_error_nor_the_debug_form_repeats_the_secret() {
        let damaged = format!("netcomm://a/#v1.{PIN}.{SECRET}x");
        assert!(!error(&damaged).contains(SECRET));
        let link = InviteLink::parse(&format!("netcomm://a/#v1.{PIN}.{SECRET}")).unwrap();
        assert!(!format!("{link:?}").contains(SECRET));
    }

    proptest! {
        #[test]
        fn no_input_makes_a_link_panic(text in "\\PC*") {
            let _result = InviteLink::parse(&text);
            let _result = InviteLink::parse(&format!("netcomm://{text}"));
            let _result = InviteLink::parse(&format!("netcomm://a/#{text}"));
            let _result = ServerAddress::parse(&text);
        }

        #[test]
        fn every_address_taken_reads_back_the_same(text in "[a-z0-9.:\\[\\]-]{1,30}") {
            if let Ok(address) = ServerAddress::parse(&text) {
                prop_assert_eq!(ServerAddress::parse(&address.to_string()), Ok(address));
            }
        }
    }
}
