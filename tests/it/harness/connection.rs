//! One TLS connection, line by line.

use std::net::SocketAddr;

use netcomm::{
    protocol::{Code, Failure, Frame},
    tls::ClientTls,
};
use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{TcpSocket, TcpStream},
};
use tokio_rustls::client::TlsStream;

use super::within_deadline;

/// One TLS connection, line by line. Dropped, it is gone without a goodbye.
pub(crate) struct Connection {
    stream: BufReader<TlsStream<TcpStream>>,
}

impl Connection {
    /// Connects and shakes hands; nothing is read yet.
    pub(crate) async fn open(address: SocketAddr, tls: &ClientTls) -> Option<Self> {
        let socket = within_deadline("a connection", TcpStream::connect(address)).await;
        Self::over(socket.ok()?, tls).await
    }

    /// As [`open`](Self::open), with so little room for what is not read that it fills up soon.
    pub(crate) async fn open_narrow(address: SocketAddr, tls: &ClientTls) -> Option<Self> {
        let socket = TcpSocket::new_v4().ok()?;
        socket.set_recv_buffer_size(4096).ok()?;
        let socket = within_deadline("a connection", socket.connect(address)).await;
        Self::over(socket.ok()?, tls).await
    }

    async fn over(socket: TcpStream, tls: &ClientTls) -> Option<Self> {
        let opening = async {
            let stream = tls.connect(socket, "127.0.0.1").await.ok()?;
            Some(Self {
                stream: BufReader::new(stream),
            })
        };
        within_deadline("a handshake", opening).await
    }

    /// The server's own certificate.
    pub(crate) fn certificate(&self) -> Vec<u8> {
        let (_, session) = self.stream.get_ref().get_ref();
        session.peer_certificates().unwrap()[0].to_vec()
    }

    /// Writes bytes as they are; a server that is gone takes none.
    pub(crate) async fn write(&mut self, bytes: &[u8]) -> bool {
        let writing = async {
            self.stream.write_all(bytes).await?;
            self.stream.flush().await
        };
        within_deadline("the server to read", writing).await.is_ok()
    }

    pub(crate) async fn write_line(&mut self, line: &Value) -> bool {
        self.write(format!("{line}\n").as_bytes()).await
    }

    /// The next line with its newline; nothing at the end, however that came.
    pub(crate) async fn line(&mut self) -> Option<Vec<u8>> {
        let mut line = Vec::new();
        let reading = self.stream.read_until(b'\n', &mut line);
        match within_deadline("a line from the server", reading).await {
            Ok(_) if line.ends_with(b"\n") => Some(line),
            Ok(_) | Err(_) => None,
        }
    }

    /// The next frame; nothing at the end.
    pub(crate) async fn frame(&mut self) -> Option<Frame> {
        let line = self.line().await?;
        match Frame::parse(&line) {
            Ok(Some(frame)) => Some(frame),
            other => panic!("{other:?} in {}", String::from_utf8_lossy(&line)),
        }
    }

    /// The next frame, which must be a refusal.
    pub(crate) async fn refusal(&mut self) -> Failure {
        match self.frame().await {
            Some(Frame::Error(failure)) => failure,
            other => panic!("expected an error, got {other:?}"),
        }
    }

    /// The server must say this code without an id, and close.
    pub(crate) async fn closed_with(&mut self, code: Code) {
        let failure = self.refusal().await;
        assert_eq!((failure.id, failure.code), (None, code), "{}", failure.text);
        self.closed().await;
    }

    /// The server must close without another word.
    pub(crate) async fn closed(&mut self) {
        let mut rest = Vec::new();
        let reading = self.stream.read_to_end(&mut rest);
        // An error is an end as well: what was not read when the server closed becomes a reset.
        drop(within_deadline("the server to close", reading).await);
        assert_eq!(String::from_utf8_lossy(&rest), "");
    }
}
