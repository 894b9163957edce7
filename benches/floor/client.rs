//! One client of either server: connected, logged in, reading lines.

use std::net::SocketAddr;

use anyhow::{Context, bail};
use netcomm::tls::ClientTls;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use tokio_rustls::client::TlsStream;

/// How much is read at once: what four TLS records hold.
const READ_MAX: usize = 64 * 1024;
const CURRENT: &[u8] = b"{\"type\":\"current\"}";

/// How to get in.
#[derive(Clone, Debug)]
pub(crate) enum Ticket {
    /// The floor wants to know the group.
    Group(String),
    /// NetComm wants a token, and how far the client has read its room.
    Token { token: String, cursor: Option<u64> },
}

/// A connection whose client is up to date.
pub(crate) struct Client {
    stream: TlsStream<TcpStream>,
    input: Vec<u8>,
    read: usize,
}

impl Client {
    /// Connects and logs in, and reads until the server says that it is up to date. `each` gets the
    /// lines that came until then.
    pub(crate) async fn enter(
        address: SocketAddr,
        tls: &ClientTls,
        ticket: &Ticket,
        mut each: impl FnMut(&[u8]),
    ) -> anyhow::Result<Self> {
        let socket = TcpStream::connect(address).await?;
        socket.set_nodelay(true)?;
        let mut client = Self {
            stream: tls.connect(socket, "localhost").await?,
            input: Vec::new(),
            read: 0,
        };
        let line = match ticket {
            Ticket::Group(name) => format!("{name}\n"),
            Ticket::Token { token, cursor } => {
                let cursors = cursor.map_or_else(String::new, |seq| format!("\"#r0\":{seq}"));
                format!(
                    "{{\"id\":1,\"type\":\"resume\",\"token\":\"{token}\",\"cursors\":{{{cursors}}}}}\n"
                )
            }
        };
        client.write(line.as_bytes()).await?;
        loop {
            while let Some(line) = client.line() {
                if line == CURRENT {
                    return Ok(client);
                }
                if line.starts_with(b"{\"type\":\"error\"") {
                    bail!("not let in: {}", String::from_utf8_lossy(line));
                }
                each(line);
            }
            client.fill().await?;
        }
    }

    /// Writes all of it.
    pub(crate) async fn write(&mut self, bytes: &[u8]) -> anyhow::Result<()> {
        self.stream.write_all(bytes).await?;
        self.stream.flush().await?;
        Ok(())
    }

    /// Waits for more bytes. Cancel safe.
    pub(crate) async fn fill(&mut self) -> anyhow::Result<()> {
        self.input.drain(..self.read);
        self.read = 0;
        self.input.reserve(READ_MAX);
        let read = self.stream.read_buf(&mut self.input).await;
        if read.context("the connection broke")? == 0 {
            bail!("the server has closed the connection");
        }
        Ok(())
    }

    /// The next whole line that has come, without its newline.
    pub(crate) fn line(&mut self) -> Option<&[u8]> {
        let rest = self.input.get(self.read..)?;
        let length = memchr::memchr(b'\n', rest)?;
        let line = self.read..self.read + length;
        self.read = line.end + 1;
        self.input.get(line)
    }

    /// Gives memory back: for those that will only wait.
    pub(crate) fn rest(&mut self) {
        self.input.drain(..self.read);
        self.read = 0;
        self.input.shrink_to_fit();
    }

    /// Says goodbye.
    pub(crate) async fn leave(mut self) {
        // A server that is gone already needs no goodbye.
        drop(self.stream.shutdown().await);
    }
}
