//! What a handshake led to, for people to see.

use std::fmt;

use rustls::{ClientConnection, NamedGroup, ProtocolVersion};
use tokio_rustls::client::TlsStream;

use crate::tls::Pin;

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
