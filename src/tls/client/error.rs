//! Why a server was not connected to, told apart so that a person knows what to do.

use std::{fmt, io};

use rustls::{AlertDescription, CertificateError, Error, OtherError, pki_types::UnixTime};

use super::{Trust, verify::Untrusted};
use crate::{model::Timestamp, tls::Pin};

/// Names of a certificate shown in an error: enough to see the mistake, whatever a server sends.
const NAMES_SHOWN_MAX: usize = 8;

/// Why there is no verified connection.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The server's chain does not lead to a CA the client was told to trust.
    #[error(
        "the server's certificate does not come from {trust}{}: this is another server, or somebody in between; \
         get ca.pem or an invite link from whoever runs the server",
        Shown(.presented)
    )]
    UnknownCa {
        /// What is trusted, in words.
        trust: String,
        /// The CA the server showed.
        presented: Option<Pin>,
    },
    /// The server's chain does not end in the pinned CA.
    #[error(
        "the server's certificate does not come from the expected CA with pin {expected}{}: this is another server, \
         or somebody in between; ask whoever runs the server for a new invite link",
        Instead(.expected, .presented)
    )]
    WrongPin {
        /// What the invite link said.
        expected: Pin,
        /// The CA the server showed.
        presented: Option<Pin>,
    },
    /// The certificate is for other names.
    #[error(
        "the server's certificate is not for {host}, only for {}: connect by one of these names, \
         or renew it with netcomm gen-certs --renew --name {host}",
        Names(.names)
    )]
    WrongName {
        /// What was dialled.
        host: String,
        /// What the certificate is for.
        names: Vec<String>,
    },
    /// The certificate, or one above it, is past its last day.
    #[error(
        "the server's certificate {}: whoever runs the server renews it with netcomm gen-certs --renew",
        When("expired", .on)
    )]
    Expired {
        /// When it ended, if known.
        on: Option<Timestamp>,
    },
    /// The certificate, or one above it, is before its first day.
    #[error(
        "the server's certificate {}: check the clocks of this machine and of the server",
        When("is not valid yet", .from)
    )]
    NotYetValid {
        /// When it begins, if known.
        from: Option<Timestamp>,
    },
    /// The certificate is unfit in another way.
    #[error(
        "the server's certificate cannot be trusted ({0}): make a new one with netcomm gen-certs --renew"
    )]
    Certificate(String),
    /// TLS, but another protocol inside.
    #[error("the server does not speak netcomm/1: check the address and the port")]
    NotNetcomm,
    /// No TLS at all.
    #[error("the server answers, but not with TLS: check the address and the port")]
    NotTls,
    /// Neither a DNS name nor an address.
    #[error("'{host}' is no host: give a DNS name or an address")]
    NotAName {
        /// What was given.
        host: String,
    },
    /// The handshake failed otherwise.
    #[error("the TLS handshake failed: {0}; are both sides up to date?")]
    Tls(#[source] Error),
    /// The connection ended within the handshake.
    #[error("connection lost during the TLS handshake: {0}")]
    Io(#[source] io::Error),
}

impl ConnectError {
    /// Whether trying again is of no use: all but a lost connection needs a person.
    #[must_use]
    pub const fn is_final(&self) -> bool {
        !matches!(self, Self::Io(_))
    }

    pub(super) fn from_handshake(error: io::Error, host: &str, trust: &Trust) -> Self {
        match error.downcast::<Error>() {
            Ok(Error::InvalidCertificate(error)) => Self::from_certificate(error, host, trust),
            Ok(
                Error::NoApplicationProtocol
                | Error::AlertReceived(AlertDescription::NoApplicationProtocol),
            ) => Self::NotNetcomm,
            Ok(Error::InvalidMessage(_)) => Self::NotTls,
            Ok(error) => Self::Tls(error),
            Err(error) => Self::Io(error),
        }
    }

    fn from_certificate(error: CertificateError, host: &str, trust: &Trust) -> Self {
        match error {
            CertificateError::NotValidForNameContext { presented, .. } => Self::WrongName {
                host: host.to_owned(),
                names: presented,
            },
            CertificateError::Expired => Self::Expired { on: None },
            CertificateError::ExpiredContext { not_after, .. } => Self::Expired {
                on: Some(timestamp(not_after)),
            },
            CertificateError::NotValidYet => Self::NotYetValid { from: None },
            CertificateError::NotValidYetContext { not_before, .. } => Self::NotYetValid {
                from: Some(timestamp(not_before)),
            },
            CertificateError::Other(OtherError(error)) => {
                match (error.downcast_ref::<Untrusted>(), trust) {
                    (Some(&Untrusted { presented }), &Trust::Pin(expected)) => Self::WrongPin {
                        expected,
                        presented,
                    },
                    (Some(&Untrusted { presented }), Trust::CaFile(_) | Trust::System) => {
                        Self::UnknownCa {
                            trust: trust.to_string(),
                            presented,
                        }
                    }
                    (None, _) => Self::Certificate(error.to_string()),
                }
            }
            other => Self::Certificate(other.to_string()),
        }
    }
}

fn timestamp(time: UnixTime) -> Timestamp {
    let millis = time.as_secs().saturating_mul(1000);
    Timestamp::from_millis(i64::try_from(millis).unwrap_or(i64::MAX))
}

struct Shown<'a>(&'a Option<Pin>);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(pin) => write!(f, " (it shows a CA with pin {pin})"),
            None => f.write_str(" (it shows no CA)"),
        }
    }
}

struct Instead<'a>(&'a Pin, &'a Option<Pin>);

impl fmt::Display for Instead<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.1.as_ref() == Some(self.0) {
            return f.write_str(" (it shows that CA, but was not signed by it)");
        }
        Shown(self.1).fmt(f)
    }
}

struct Names<'a>(&'a [String]);

impl fmt::Display for Names<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("no name at all");
        }
        let shown = self.0.len().min(NAMES_SHOWN_MAX);
        f.write_str(&self.0[..shown].join(", "))?;
        match self.0.len() - shown {
            0 => Ok(()),
            more => write!(f, " and {more} more"),
        }
    }
}

struct When<'a>(&'static str, &'a Option<Timestamp>);

impl fmt::Display for When<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.0, self.1) {
            (what, None) => f.write_str(what),
            ("expired", Some(on)) => write!(f, "expired on {on}"),
            (what, Some(from)) => write!(f, "{what}, not before {from}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_shows_both_pins_and_says_what_to_do() {
        let expected = Pin::of_public_key(b"expected");
        let shown = Pin::of_public_key(b"shown");
        let text = |presented| {
            ConnectError::WrongPin {
                expected,
                presented,
            }
            .to_string()
        };
        let other = text(Some(shown));
        assert!(other.contains(&expected.to_string()) && other.contains(&shown.to_string()));
        assert!(other.contains("ask whoever runs the server"));
        assert!(text(None).contains("(it shows no CA)"));
        assert!(text(Some(expected)).contains("but was not signed by it"));
    }

    #[test]
    fn an_error_shows_a_few_names_however_many_a_server_sends() {
        let text = |count: u32| {
            ConnectError::WrongName {
                host: "chat".to_owned(),
                names: (0..count).map(|n| format!("n{n}")).collect(),
            }
            .to_string()
        };
        assert!(text(0).contains("only for no name at all:"));
        assert!(text(2).contains("only for n0, n1:"));
        assert!(text(1000).contains("n6, n7 and 992 more:"));
    }

    #[test]
    fn only_a_lost_connection_is_worth_another_try() {
        assert!(!ConnectError::Io(io::ErrorKind::UnexpectedEof.into()).is_final());
        for hopeless in [
            ConnectError::NotNetcomm,
            ConnectError::Expired { on: None },
            ConnectError::Tls(Error::DecryptError),
        ] {
            assert!(hopeless.is_final(), "{hopeless}");
        }
    }
}
