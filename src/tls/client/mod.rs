//! The client's side of TLS: whom to trust, and what to say when a server cannot be trusted.
//!
//! Promises: the server's chain, name and dates are always verified; there is no switch. Knows
//! nothing of reconnecting.

mod error;
mod verify;

use std::{fmt, path::PathBuf, sync::Arc};

use rustls::{
    ClientConfig, ClientConnection, NamedGroup, ProtocolVersion, client::Resumption,
    pki_types::ServerName, version::TLS13,
};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::{TlsConnector, client::TlsStream};

pub use error::ConnectError;

use super::{ALPN, load::LoadError, pin::Pin, provider};
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
        Ok(stream)
    }
}

impl fmt::Debug for ClientTls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ClientTls({})", self.trust)
    }
}

/// What the two sides agreed on, for showing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Negotiated {
    version: Option<ProtocolVersion>,
    key_exchange: Option<NamedGroup>,
    pin: Option<Pin>,
}

impl Negotiated {
    /// Reads it off a connection whose handshake is done.
    #[must_use]
    pub fn of<IO>(stream: &TlsStream<IO>) -> Self {
        let connection: &ClientConnection = stream.get_ref().1;
        Self {
            version: connection.protocol_version(),
            key_exchange: connection
                .negotiated_key_exchange_group()
                .map(|group| group.name()),
            pin: connection.peer_certificates().and_then(Pin::of_chain),
        }
    }

    /// The pin of the CA that vouched for the server, if the server sent its certificate along.
    #[must_use]
    pub fn pin(&self) -> Option<Pin> {
        self.pin
    }
}

impl fmt::Display for Negotiated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.version {
            Some(ProtocolVersion::TLSv1_3) => "TLS 1.3",
            Some(ProtocolVersion::TLSv1_2) => "TLS 1.2",
            _ => "TLS",
        })?;
        if let Some(group) = self.key_exchange {
            write!(f, ", key exchange {group:?}")?;
        }
        if let Some(pin) = self.pin {
            write!(f, ", CA pin {pin}")?;
        }
        Ok(())
    }
}
