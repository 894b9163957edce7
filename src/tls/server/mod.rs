//! The server's side of TLS: one configuration that can be replaced while connections live.
//!
//! Promises: a peer gets past [`TlsAcceptor::accept`] only if it named the protocol; a reload that
//! fails leaves what was in force.

mod accept;
mod turns;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use arc_swap::ArcSwap;
use rustls::{
    ServerConfig, SupportedProtocolVersion,
    crypto::aws_lc_rs::Ticketer,
    server::NoServerSessionStorage,
    sign::SingleCertAndKey,
    version::{TLS12, TLS13},
};

pub use accept::{AcceptError, TlsAcceptor};

use self::turns::Turns;

use super::{
    ALPN,
    load::{self, LoadError},
    pin::Pin,
    provider,
    summary::Summary,
};
use crate::model::Timestamp;

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
    turns: Turns,
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
            turns: Turns::of_this_machine(),
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
            turns: self.turns.clone(),
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

#[cfg(test)]
mod tests {
    use rustls::HandshakeKind;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;
    use crate::tls::{
        ConnectError, GenerateOptions, Negotiated, Replace, generate,
        testing::{Made, handshake},
    };

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
    async fn a_reload_serves_the_new_certificate_and_ends_old_tickets() {
        let made = Made::new();
        let (server, client) = (made.server(), made.by_pin());
        for expected in [HandshakeKind::Full, HandshakeKind::Resumed] {
            let (client, server) = handshake(&server, &client, "localhost").await;
            let mut client = client.unwrap();
            assert_eq!(client.get_ref().1.handshake_kind(), Some(expected));
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
