//! Accepting: the handshake, and the refusal of peers that do not ask for netcomm.

use std::{io, sync::Arc};

use arc_swap::ArcSwap;
use rustls::server::Acceptor;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio_rustls::{LazyConfigAcceptor, server::TlsStream};

use super::{Current, turns::Turns};
use crate::tls::ALPN;

/// A fatal `no_application_protocol` alert, in the clear as every alert before the server's hello:
/// rustls sends it for a wrong ALPN, but lets pass a peer that offers none.
const NO_APPLICATION_PROTOCOL_ALERT: [u8; 7] = [21, 3, 3, 0, 2, 2, 120];

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
    pub(super) current: Arc<ArcSwap<Current>>,
    pub(super) turns: Turns,
}

impl TlsAcceptor {
    /// Does the handshake, taking turns with others. Has no deadline of its own: the caller sets
    /// one.
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
        // Key exchange and signature; what may be left of them, with a peer that makes two attempts
        // or speaks TLS 1.2, is done by turns as well.
        let begin = || start.into_stream(Arc::clone(&self.current.load().config));
        let rest = self.turns.begin(begin).await;
        Ok(self.turns.go_on(rest).await?)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use rustls::{
        ClientConfig, ClientConnection, RootCertStore, SupportedProtocolVersion,
        pki_types::ServerName,
        version::{TLS12, TLS13},
    };
    use tokio::{
        io::{AsyncReadExt, duplex},
        task::JoinSet,
        time::timeout,
    };
    use tokio_rustls::TlsConnector;

    use super::*;
    use crate::tls::{MinVersion, ServerTls, load, provider, testing::Made};

    /// Longer than a thousand handshakes take anywhere.
    const DEADLINE: Duration = Duration::from_secs(20);

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

    /// The first thing a client says.
    fn client_hello(client: &TlsConnector) -> Vec<u8> {
        let name = ServerName::try_from("localhost").unwrap();
        let mut connection = ClientConnection::new(Arc::clone(client.config()), name).unwrap();
        let mut hello = Vec::new();
        connection.write_tls(&mut hello).unwrap();
        hello
    }

    #[tokio::test]
    async fn a_thousand_peers_that_stop_within_the_handshake_keep_nobody_out() {
        let made = Made::new();
        let server = made.server();
        let client = foreign_client(&made, &[ALPN], &[&TLS13]);
        let hello = client_hello(&client);
        let (mut silent, mut accepting) = (Vec::new(), JoinSet::new());
        for number in 0..1000 {
            let (mut near, far) = duplex(8 * 1024);
            let acceptor = server.acceptor();
            accepting.spawn(async move { acceptor.accept(far).await.is_ok() });
            let (sent, is_answered) = match number % 3 {
                0 => (0, false),
                1 => (hello.len() / 2, false),
                _ => (hello.len(), true),
            };
            near.write_all(&hello[..sent]).await.unwrap();
            if is_answered {
                near.read_u8().await.unwrap();
            }
            silent.push(near);
        }
        let (near, far) = duplex(64 * 1024);
        let name = ServerName::try_from("localhost").unwrap();
        let acceptor = server.acceptor();
        let honest = async { tokio::join!(client.connect(name, near), acceptor.accept(far)) };
        let (client, server) = timeout(DEADLINE, honest).await.expect("a turn");
        assert!(client.is_ok() && server.is_ok());
        drop(silent);
        let taken = timeout(DEADLINE, accepting.join_all()).await.unwrap();
        assert_eq!(taken, [false; 1000]);
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
}
