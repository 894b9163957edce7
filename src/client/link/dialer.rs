//! The way to a server, up to its first frame.

use std::{io, time::Duration};

use tokio::{net::TcpStream, time::timeout};

use super::Stop;
use crate::{
    auth::ServerAddress,
    client::connection::{Connection, Lost},
    protocol::{Frame, Hello, VERSION},
    tls::{ClientTls, ConnectError, Negotiated},
};

/// How long name resolution, TCP, TLS and the server's first frame may take together.
const DIAL_TIMEOUT: Duration = Duration::from_secs(10);

/// Makes connections to one server.
pub(in crate::client) enum Dialer {
    /// Over TCP and TLS.
    Tls {
        /// Whom to trust.
        tls: ClientTls,
        /// Where it is.
        server: ServerAddress,
    },
    /// Over memory, as a test provides for it.
    #[cfg(test)]
    Memory(Box<dyn FnMut() -> Arriving + Send>),
}

/// A connection over memory, once it is there.
#[cfg(test)]
pub(crate) type Arriving =
    std::pin::Pin<Box<dyn Future<Output = io::Result<tokio::io::DuplexStream>> + Send>>;

/// A server that has said hello.
pub(super) struct Dialled {
    pub(super) connection: Connection,
    pub(super) hello: Box<Hello>,
    pub(super) tls: Option<Negotiated>,
}

/// Why a server was not reached.
#[derive(Debug)]
pub(super) enum DialError {
    /// Another try may do.
    Again(String),
    /// No other try will.
    Never(Stop),
}

impl Dialer {
    /// Cancel safe: dropping it drops the connection.
    pub(super) async fn dial(&mut self) -> Result<Dialled, DialError> {
        let dialled = timeout(DIAL_TIMEOUT, self.dial_unhurried()).await;
        dialled.unwrap_or_else(|_| {
            let seconds = DIAL_TIMEOUT.as_secs();
            Err(DialError::Again(format!(
                "the server did not answer within {seconds} s"
            )))
        })
    }

    async fn dial_unhurried(&mut self) -> Result<Dialled, DialError> {
        let (mut connection, tls) = self.open().await?;
        let frame = connection.next().await.map_err(|lost| again(&lost))?;
        match frame {
            Frame::Hello(hello) if hello.protocol == VERSION => Ok(Dialled {
                connection,
                hello: Box::new(hello),
                tls,
            }),
            Frame::Hello(hello) => Err(DialError::Never(Stop::Version {
                theirs: hello.protocol,
            })),
            // Too many connections, for example.
            Frame::Error(failure) => Err(DialError::Again(failure.text)),
            _ => Err(DialError::Again(
                "the server did not begin with hello".to_owned(),
            )),
        }
    }

    /// Connects to whoever the test has sent for; to nobody when it has sent nobody.
    #[cfg(test)]
    pub(in crate::client) fn script(
        mut streams: tokio::sync::mpsc::Receiver<tokio::io::DuplexStream>,
    ) -> Self {
        Self::Memory(Box::new(move || {
            let stream = streams.try_recv();
            Box::pin(async { stream.map_err(|_| io::Error::other("nobody is there")) })
        }))
    }

    async fn open(&mut self) -> Result<(Connection, Option<Negotiated>), DialError> {
        match self {
            Self::Tls { tls, server } => {
                let tcp = TcpStream::connect((server.host(), server.port()))
                    .await
                    .map_err(|error| unreachable(server, &error))?;
                // Frames are small and a person waits for each.
                tcp.set_nodelay(true)
                    .map_err(|error| unreachable(server, &error))?;
                let stream = tls.connect(tcp, server.host()).await.map_err(refused)?;
                let negotiated = Negotiated::of(&stream);
                Ok((Connection::new(Box::new(stream)), Some(negotiated)))
            }
            #[cfg(test)]
            Self::Memory(connect) => match connect().await {
                Ok(stream) => Ok((Connection::new(Box::new(stream)), None)),
                Err(error) => Err(DialError::Again(error.to_string())),
            },
        }
    }
}

fn unreachable(server: &ServerAddress, error: &io::Error) -> DialError {
    DialError::Again(format!("cannot reach {server}: {error}"))
}

fn refused(error: ConnectError) -> DialError {
    if error.is_final() {
        DialError::Never(error.into())
    } else {
        DialError::Again(error.to_string())
    }
}

fn again(lost: &Lost) -> DialError {
    DialError::Again(lost.to_string())
}
