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
