//! The client's side of TLS: whom to trust, and what to say when a server cannot be trusted.
//!
//! Promises: the server's chain, name and dates are always verified; there is no switch. Knows
//! nothing of reconnecting.

mod error;
mod negotiated;
mod verify;

use std::{fmt, path::PathBuf, sync::Arc};

use rustls::{ClientConfig, client::Resumption, pki_types::ServerName, version::TLS13};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::{TlsConnector, client::TlsStream};

pub use error::ConnectError;
pub use negotiated::Negotiated;

use super::{ALPN, load::LoadError, pin::Pin, provider, summary::Summary};
use crate::model::Timestamp;
use verify::Verifier;

/// Servers whose tickets are kept for a quicker reconnect: a client talks to one.
const RESUMABLE_SERVERS_MAX: usize = 4;

/// Whom a client believes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trust {
    /// The CA certificates in this file, as `gen-certs` writes them to `ca.pem`.
    CaFile(PathBuf),
    /// The CA with this public key, which the server must send along. What invite links carry.
    Pin(Pin),
    /// The machine's own store, for servers with a public certificate.
    System,
}

impl fmt::Display for Trust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CaFile(path) => write!(f, "the CA in {}", path.display()),
            Self::Pin(pin) => write!(f, "the CA with pin {pin}"),
            Self::System => f.write_str("this machine's certificate store"),
        }
    }
}

/// Makes verified connections. Cheap to clone.
#[derive(Clone)]
pub struct ClientTls {
    connector: TlsConnector,
    trust: Trust,
}

impl ClientTls {
    /// Prepares to trust as told; reads the CA file now, once.
    ///
    /// # Errors
    ///
    /// [`LoadError`] when the CA file or the machine's store gives nothing to trust.
    pub fn new(trust: Trust) -> Result<Self, LoadError> {
        let provider = provider();
        let verifier = Verifier::new(&trust, &provider)?;
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&TLS13])
            .map_err(LoadError::Setup)?
            .dangerous() // rustls's word for a verifier of one's own
            .with_custom_certificate_verifier(Arc::new(verifier))
            .with_no_client_auth();
        config.alpn_protocols = vec![ALPN.to_vec()];
        config.resumption = Resumption::in_memory_sessions(RESUMABLE_SERVERS_MAX);
        Ok(Self {
            connector: TlsConnector::from(Arc::new(config)),
            trust,
        })
    }

    /// Whom it trusts.
    #[must_use]
    pub const fn trust(&self) -> &Trust {
        &self.trust
    }

    /// Does the handshake with the server that was dialled as `host`, a DNS name or an address
    /// without port. Has no deadline of its own: the caller sets one.
    ///
    /// Cancel safe: dropping it drops the connection.
    ///
    /// # Errors
    ///
    /// [`ConnectError`]; [`ConnectError::is_final`] says whether another try could help.
    pub async fn connect<IO>(&self, io: IO, host: &str) -> Result<TlsStream<IO>, ConnectError>
    where
        IO: AsyncRead + AsyncWrite + Unpin,
    {
        let name = ServerName::try_from(host.to_owned()).map_err(|_| ConnectError::NotAName {
            host: host.escape_debug().to_string(),
        })?;
        let stream = self
            .connector
            .connect(name, io)
            .await
            .map_err(|error| ConnectError::from_handshake(error, host, &self.trust))?;
        // A TLS server without ALPN ends up here: the handshake itself has no complaint.
        if stream.get_ref().1.alpn_protocol() != Some(ALPN) {
            return Err(ConnectError::NotNetcomm);
        }
        check_not_expired(&stream, Timestamp::now())?;
        Ok(stream)
    }
}

/// A resumed handshake does not look at the certificate again, which may have expired since.
fn check_not_expired<IO>(stream: &TlsStream<IO>, now: Timestamp) -> Result<(), ConnectError> {
    let leaf = stream
        .get_ref()
        .1
        .peer_certificates()
        .and_then(<[_]>::first);
    match leaf.map(Summary::of) {
        Some(Ok(leaf)) if now <= leaf.not_after => Ok(()),
        Some(Ok(leaf)) => Err(ConnectError::Expired {
            on: Some(leaf.not_after),
        }),
        Some(Err(error)) => Err(ConnectError::Certificate(error.to_string())),
        None => Err(ConnectError::Certificate("there is none".to_owned())),
    }
}

impl fmt::Debug for ClientTls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ClientTls({})", self.trust)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use rcgen::SanType;
    use tokio::io::{AsyncWriteExt, duplex};

    use super::*;
    use crate::tls::testing::{Made, Odd, handshake};

    const DAY: Duration = Duration::from_secs(24 * 60 * 60);
    const NETCOMM: &[&[u8]] = &[ALPN];

    #[tokio::test]
    async fn a_server_is_known_by_its_ca_file_and_by_its_pin() {
        let made = Made::new();
        for client in [made.by_file(), made.by_pin()] {
            for host in ["localhost", "127.0.0.1"] {
                let (stream, _) = handshake(&made.server(), &client, host).await;
                let pin = Negotiated::of(&stream.unwrap()).pin();
                assert_eq!(pin, Some(made.generated.pin));
            }
        }
    }

    #[tokio::test]
    async fn a_wrong_name_is_refused_with_the_right_ones() {
        let made = Made::of(&["chat.example.org", "192.0.2.7"], Timestamp::now());
        for client in [made.by_file(), made.by_pin()] {
            for host in [
                "localhost",
                "127.0.0.1",
                "example.org",
                "a.chat.example.org",
            ] {
                let (refused, _) = handshake(&made.server(), &client, host).await;
                let Err(ConnectError::WrongName { names, .. }) = refused else {
                    panic!("{refused:?}");
                };
                assert_eq!(names, ["chat.example.org", "192.0.2.7"]);
            }
        }
    }

    #[tokio::test]
    async fn an_address_as_common_name_or_dns_name_is_no_address() {
        let ca = Odd::ca();
        let leaf = Odd::new(Some(&ca), |params| {
            params.subject_alt_names = vec![SanType::DnsName("127.0.0.1".try_into().unwrap())];
            params
                .distinguished_name
                .push(rcgen::DnType::CommonName, "127.0.0.1");
        });
        for client in ca.trusted() {
            let refused = leaf
                .serve(&[&ca], NETCOMM, &client.unwrap(), "127.0.0.1")
                .await;
            assert!(matches!(refused, Err(ConnectError::WrongName { .. })));
        }
    }

    #[tokio::test]
    async fn a_certificate_out_of_its_dates_is_refused() {
        let now = Timestamp::now();
        let at = |moment: Timestamp| {
            rcgen::date_time_ymd(1970, 1, 1) + moment.since(Timestamp::from_millis(0))
        };
        let ca = Odd::ca();
        let expired = Odd::new(Some(&ca), |params| params.not_after = at(now.before(DAY)));
        let early = Odd::new(Some(&ca), |params| params.not_before = at(now.after(DAY)));
        for client in ca.trusted().map(Result::unwrap) {
            let refused = expired.serve(&[&ca], NETCOMM, &client, "localhost").await;
            let Err(ConnectError::Expired { on: Some(on) }) = refused else {
                panic!("{refused:?}");
            };
            assert_eq!(on.as_millis() / 1000, now.before(DAY).as_millis() / 1000);
            let refused = early.serve(&[&ca], NETCOMM, &client, "localhost").await;
            assert!(matches!(
                refused,
                Err(ConnectError::NotYetValid { from: Some(_) })
            ));
        }
    }

    #[tokio::test]
    async fn a_resumed_connection_ends_with_the_certificate_too() {
        let made = Made::new();
        let (stream, _) = handshake(&made.server(), &made.by_pin(), "localhost").await;
        let (stream, end) = (stream.unwrap(), made.generated.expires);
        check_not_expired(&stream, end).unwrap();
        let refused = check_not_expired(&stream, end.after(DAY)).unwrap_err();
        assert!(matches!(refused, ConnectError::Expired { on: Some(on) } if on == end));
    }

    #[tokio::test]
    async fn a_server_of_another_protocol_is_refused() {
        let ca = Odd::ca();
        let leaf = Odd::new(Some(&ca), |_| ());
        let [client, _] = ca.trusted().map(Result::unwrap);
        for protocols in [&[][..], &[b"http/1.1".as_slice()]] {
            let refused = leaf.serve(&[&ca], protocols, &client, "localhost").await;
            assert!(matches!(refused, Err(ConnectError::NotNetcomm)));
        }
    }

    #[tokio::test]
    async fn plain_text_and_a_cut_connection_are_told_apart() {
        let client = Made::new().by_pin();
        let (near, mut far) = duplex(64 * 1024);
        far.write_all(b"220 mail.example.org\r\n").await.unwrap();
        let plain = client.connect(near, "localhost").await.unwrap_err();
        assert!(matches!(plain, ConnectError::NotTls), "{plain}");
        let (near, far) = duplex(64 * 1024);
        drop(far);
        let cut = client.connect(near, "localhost").await.unwrap_err();
        assert!(matches!(cut, ConnectError::Io(_)) && !cut.is_final());
        let (near, _far) = duplex(64 * 1024);
        let nonsense = client.connect(near, "not a host").await.unwrap_err();
        assert!(matches!(nonsense, ConnectError::NotAName { .. }));
    }

    #[tokio::test]
    async fn names_in_a_certificate_cannot_drive_the_terminal() {
        let ca = Odd::ca();
        let leaf = Odd::new(Some(&ca), |params| {
            params.subject_alt_names = vec![SanType::DnsName("a\x1b[2J\n".try_into().unwrap())];
        });
        let [client, _] = ca.trusted().map(Result::unwrap);
        let refused = leaf.serve(&[&ca], NETCOMM, &client, "localhost").await;
        let text = refused.unwrap_err().to_string();
        assert!(!text.contains(char::is_control), "{text:?}");
    }

    #[test]
    fn this_machine_may_be_trusted_or_says_why_not() {
        match ClientTls::new(Trust::System) {
            Ok(_) | Err(LoadError::NoSystemStore(_)) => (),
            Err(other) => panic!("{other}"),
        }
    }
}
