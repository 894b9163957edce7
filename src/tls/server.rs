//! The server's side of TLS: one configuration that can be replaced while connections live.
//!
//! Promises: a peer gets past [`TlsAcceptor::accept`] only if it named the protocol; a reload that
//! fails leaves what was in force.

use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use arc_swap::ArcSwap;
use rustls::{
    ServerConfig, SupportedProtocolVersion,
    crypto::aws_lc_rs::Ticketer,
    server::{Acceptor, NoServerSessionStorage},
    sign::SingleCertAndKey,
    version::{TLS12, TLS13},
};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio_rustls::{LazyConfigAcceptor, server::TlsStream};

use super::{
    ALPN,
    load::{self, LoadError},
    pin::Pin,
    provider,
    summary::Summary,
};
use crate::model::Timestamp;

/// A fatal `no_application_protocol` alert, in the clear as every alert before the server's hello:
/// rustls sends it for a wrong ALPN, but lets pass a peer that offers none.
const NO_APPLICATION_PROTOCOL_ALERT: [u8; 7] = [21, 3, 3, 0, 2, 2, 120];
/// A client keeps one link per session, so it never needs two tickets at once.
const TICKETS_PER_HANDSHAKE: usize = 1;

static TLS13_ONLY: &[&SupportedProtocolVersion] = &[&TLS13];
static TLS12_TOO: &[&SupportedProtocolVersion] = &[&TLS13, &TLS12];

/// The oldest TLS version a server speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MinVersion {
    /// TLS 1.3 only.
    #[default]
    Tls13,
    /// TLS 1.2 too: forward secret, authenticated suites only.
    Tls12,
}

impl MinVersion {
    const fn versions(self) -> &'static [&'static SupportedProtocolVersion] {
        match self {
            Self::Tls13 => TLS13_ONLY,
            Self::Tls12 => TLS12_TOO,
        }
    }
}

/// The server's certificate and TLS settings. The owner reloads; the listener gets a
/// [`TlsAcceptor`].
#[derive(Debug)]
pub struct ServerTls {
    certificate: PathBuf,
    key: PathBuf,
    min_version: MinVersion,
    current: Arc<ArcSwap<Current>>,
}

/// What new connections get.
#[derive(Debug)]
struct Current {
    config: Arc<ServerConfig>,
    summary: Summary,
    pin: Option<Pin>,
}

impl ServerTls {
    /// Reads the certificate chain and the key, and checks that they can be served.
    ///
    /// # Errors
    ///
    /// [`LoadError`] saying which file is wrong and how to mend it.
    pub fn load(
        certificate: PathBuf,
        key: PathBuf,
        min_version: MinVersion,
    ) -> Result<Self, LoadError> {
        let current = Current::load(&certificate, &key, min_version)?;
        Ok(Self {
            certificate,
            key,
            min_version,
            current: Arc::new(ArcSwap::from_pointee(current)),
        })
    }

    /// Reads the files again, for connections made from now on; those that live keep what they have.
    ///
    /// Session tickets given out earlier end with the old certificate, so that every client
    /// verifies the new one.
    ///
    /// # Errors
    ///
    /// [`LoadError`]; then the old certificate stays in force.
    pub fn reload(&self) -> Result<(), LoadError> {
        let current = Current::load(&self.certificate, &self.key, self.min_version)?;
        self.current.store(Arc::new(current));
        Ok(())
    }

    /// A handle that accepts connections, with whatever certificate is then in force.
    #[must_use]
    pub fn acceptor(&self) -> TlsAcceptor {
        TlsAcceptor {
            current: Arc::clone(&self.current),
        }
    }

    /// The pin of the CA that the served chain ends in; `None` when the file has the server's
    /// certificate alone, and invite links cannot be made.
    #[must_use]
    pub fn pin(&self) -> Option<Pin> {
        self.current.load().pin
    }

    /// When the certificate ends.
    #[must_use]
    pub fn expires(&self) -> Timestamp {
        self.current.load().summary.not_after
    }

    /// The DNS names and addresses the certificate is good for.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        self.current.load().summary.names.clone()
    }
}

impl Current {
    fn load(certificate: &Path, key: &Path, min_version: MinVersion) -> Result<Self, LoadError> {
        let loaded = load::server_certificate(certificate, key, Timestamp::now())?;
        let config =
            server_config(SingleCertAndKey::from(loaded.key), min_version).map_err(|source| {
                LoadError::Unusable {
                    path: certificate.into(),
                    source,
                }
            })?;
        Ok(Self {
            config: Arc::new(config),
            summary: loaded.summary,
            pin: loaded.pin,
        })
    }
}

fn server_config(
    certificate: SingleCertAndKey,
    min_version: MinVersion,
) -> Result<ServerConfig, rustls::Error> {
    let mut config = ServerConfig::builder_with_provider(provider())
        .with_protocol_versions(min_version.versions())?
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(certificate));
    config.alpn_protocols = vec![ALPN.to_vec()];
    config.max_early_data_size = 0; // what arrives as 0-RTT can be replayed
    // Resumption costs the server no memory: the state is in the ticket, sealed with a key that
    // changes every six hours and on every reload.
    config.ticketer = Ticketer::new()?;
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = TICKETS_PER_HANDSHAKE;
    Ok(config)
}

/// Why a connection did not become a TLS connection.
#[derive(Debug, thiserror::Error)]
pub enum AcceptError {
    /// Another protocol, or none, was asked for.
    #[error("the peer did not ask for the protocol netcomm/1 (ALPN)")]
    Alpn,
    /// The peer speaks no TLS, or none we do.
    #[error("TLS handshake failed: {0}")]
    Tls(#[source] rustls::Error),
    /// The connection ended within the handshake.
    #[error("connection lost during the TLS handshake: {0}")]
    Io(#[source] io::Error),
}

impl From<io::Error> for AcceptError {
    fn from(error: io::Error) -> Self {
        match error.downcast::<rustls::Error>() {
            Ok(rustls::Error::NoApplicationProtocol) => Self::Alpn,
            Ok(error) => Self::Tls(error),
            Err(error) => Self::Io(error),
        }
    }
}

/// Makes TLS connections of accepted ones. Cheap to clone.
#[derive(Clone, Debug)]
pub struct TlsAcceptor {
    current: Arc<ArcSwap<Current>>,
}

impl TlsAcceptor {
    /// Does the handshake. Has no deadline of its own: the caller sets one.
    ///
    /// Cancel safe: dropping it drops the connection.
    ///
    /// # Errors
    ///
    /// [`AcceptError`], after the peer was sent the alert that says why.
    pub async fn accept<IO>(&self, io: IO) -> Result<TlsStream<IO>, AcceptError>
    where
        IO: AsyncRead + AsyncWrite + Unpin,
    {
        let mut start = LazyConfigAcceptor::new(Acceptor::default(), io).await?;
        let offers_netcomm = start
            .client_hello()
            .alpn()
            .is_some_and(|mut names| names.any(|name| name == ALPN));
        if !offers_netcomm {
            start.io.write_all(&NO_APPLICATION_PROTOCOL_ALERT).await?;
            start.io.shutdown().await?;
            return Err(AcceptError::Alpn);
        }
        let config = Arc::clone(&self.current.load().config);
        Ok(start.into_stream(config).await?)
    }
}

#[cfg(test)]
mod tests {
    use rustls::{ClientConfig, RootCertStore, pki_types::ServerName};
    use tokio::io::{AsyncReadExt, duplex};
    use tokio_rustls::TlsConnector;

    use super::*;
    use crate::tls::{
        ConnectError, GenerateOptions, Negotiated, Replace, generate,
        testing::{Made, handshake},
    };

    /// A client as rustls makes it, with the protocols and versions the test wants.
    fn foreign_client(
        made: &Made,
        protocols: &[&[u8]],
        versions: &[&'static SupportedProtocolVersion],
    ) -> TlsConnector {
        let mut roots = RootCertStore::empty();
        for (certificate, _) in load::ca_certificates(&made.files().ca).unwrap() {
            roots.add(certificate).unwrap();
        }
        let mut config = ClientConfig::builder_with_provider(provider())
            .with_protocol_versions(versions)
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = protocols.iter().map(|name| name.to_vec()).collect();
        TlsConnector::from(Arc::new(config))
    }

    #[tokio::test]
    async fn bytes_arrive_both_ways_over_tls_1_3_with_post_quantum_keys() {
        let made = Made::new();
        let (client, server) = handshake(&made.server(), &made.by_file(), "localhost").await;
        let (mut client, mut server) = (client.unwrap(), server.unwrap());
        client.write_all(b"to the server").await.unwrap();
        server.write_all(b"to the client").await.unwrap();
        let (mut there, mut back) = ([0; 13], [0; 13]);
        server.read_exact(&mut there).await.unwrap();
        client.read_exact(&mut back).await.unwrap();
        assert_eq!((&there, &back), (b"to the server", b"to the client"));
        let pin = made.generated.pin;
        assert_eq!(
            Negotiated::of(&client).to_string(),
            format!("TLS 1.3, key exchange X25519MLKEM768, CA pin {pin}")
        );
    }

    #[tokio::test]
    async fn a_peer_that_asks_for_another_protocol_or_for_none_gets_alert_120() {
        let made = Made::new();
        let many: Vec<_> = (0..200).map(|n| format!("p{n}")).collect();
        let many: Vec<&[u8]> = many.iter().map(String::as_bytes).collect();
        let cases: [&[&[u8]]; 4] = [&[b"http/1.1"], &[b"irc"], &[], &many];
        for protocols in cases {
            let (near, far) = duplex(64 * 1024);
            let name = ServerName::try_from("localhost").unwrap();
            let connector = foreign_client(&made, protocols, &[&TLS13]);
            let acceptor = made.server().acceptor();
            let (client, server) =
                tokio::join!(connector.connect(name, near), acceptor.accept(far));
            assert!(matches!(server, Err(AcceptError::Alpn)), "{protocols:?}");
            let error = client.unwrap_err().downcast::<rustls::Error>().unwrap();
            assert_eq!(
                error,
                rustls::Error::AlertReceived(rustls::AlertDescription::NoApplicationProtocol)
            );
        }
    }

    #[tokio::test]
    async fn netcomm_among_other_protocols_is_taken() {
        let made = Made::new();
        let (near, far) = duplex(64 * 1024);
        let name = ServerName::try_from("localhost").unwrap();
        let connector = foreign_client(&made, &[b"h2", ALPN], &[&TLS13]);
        let acceptor = made.server().acceptor();
        let (client, server) = tokio::join!(connector.connect(name, near), acceptor.accept(far));
        assert_eq!(server.unwrap().get_ref().1.alpn_protocol(), Some(ALPN));
        assert_eq!(client.unwrap().get_ref().1.alpn_protocol(), Some(ALPN));
    }

    #[tokio::test]
    async fn tls_1_2_is_refused_unless_it_is_allowed() {
        let made = Made::new();
        for (min_version, allowed) in [(MinVersion::Tls13, false), (MinVersion::Tls12, true)] {
            let files = made.files().clone();
            let server = ServerTls::load(files.certificate, files.key, min_version).unwrap();
            let (near, far) = duplex(64 * 1024);
            let name = ServerName::try_from("localhost").unwrap();
            let connector = foreign_client(&made, &[ALPN], &[&TLS12]);
            let acceptor = server.acceptor();
            let (client, server) =
                tokio::join!(connector.connect(name, near), acceptor.accept(far));
            assert_eq!(client.is_ok(), allowed);
            assert_eq!(server.is_ok(), allowed);
        }
    }

    #[tokio::test]
    async fn plain_text_is_answered_with_an_alert_and_nothing_else() {
        let made = Made::new();
        let zeros = vec![0; 64 * 1024];
        for plain in [
            b"GET / HTTP/1.1\r\n\r\n".as_slice(),
            b"NICK alice\r\n",
            b"{\"id\":1,\"type\":\"hello\"}\n",
            &zeros,
        ] {
            let (mut near, far) = duplex(128 * 1024);
            near.write_all(plain).await.unwrap();
            let refused = made.server().acceptor().accept(far).await;
            assert!(matches!(refused, Err(AcceptError::Tls(_))));
            let mut answer = Vec::new();
            near.read_to_end(&mut answer).await.unwrap();
            assert_eq!((answer.len(), answer[0]), (7, 21), "{answer:?}");
        }
    }

    #[tokio::test]
    async fn a_reload_serves_the_new_certificate_and_ends_old_tickets() {
        let made = Made::new();
        let (server, client) = (made.server(), made.by_pin());
        for _ in 0..2 {
            let (client, server) = handshake(&server, &client, "localhost").await;
            let mut client = client.unwrap();
            server.unwrap().write_all(b"x").await.unwrap();
            client.read_u8().await.unwrap(); // takes in the ticket that came before it
        }
        generate(&GenerateOptions {
            hosts: vec!["chat.example.org".parse().unwrap()],
            replace: Replace::Server,
            ..GenerateOptions::new(made.files().clone())
        })
        .unwrap();
        server.reload().unwrap();
        assert_eq!(server.names(), ["chat.example.org"]);
        assert_eq!(server.pin(), Some(made.generated.pin));
        let (refused, _) = handshake(&server, &client, "localhost").await;
        assert!(matches!(refused, Err(ConnectError::WrongName { .. })));
        let (taken, _) = handshake(&server, &client, "chat.example.org").await;
        taken.unwrap();
    }

    #[tokio::test]
    async fn a_reload_that_fails_keeps_the_old_certificate() {
        let (made, other) = (Made::new(), Made::new());
        let server = made.server();
        std::fs::copy(&other.files().key, &made.files().key).unwrap();
        assert!(matches!(server.reload(), Err(LoadError::Mismatch { .. })));
        std::fs::remove_file(&made.files().key).unwrap();
        assert!(matches!(server.reload(), Err(LoadError::Read { .. })));
        let (client, _) = handshake(&server, &made.by_pin(), "localhost").await;
        client.unwrap();
        assert_eq!(server.expires(), made.generated.expires);
    }
}
