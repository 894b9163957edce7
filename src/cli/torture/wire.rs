//! One connection of a tortured client: frames in and out, and no mercy on the stream.

use std::{io, net::SocketAddr, time::Duration};

use anyhow::{Context, bail};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};
use tokio_rustls::client::TlsStream;

use crate::{
    protocol::{Answer, FRAME_MAX, Failure, Frame, FrameBuffer, Request, RequestId, Verb},
    tls::ClientTls,
};

/// How long anything that is answered at once may take while the server is up.
const PATIENCE: Duration = Duration::from_secs(10);

/// A connection whose handshake and hello are done.
pub(super) struct Wire {
    stream: TlsStream<TcpStream>,
    input: FrameBuffer,
    last_id: RequestId,
}

impl Wire {
    pub(super) async fn open(tls: &ClientTls, server: SocketAddr) -> anyhow::Result<Self> {
        let connecting = async {
            let socket = TcpStream::connect(server).await?;
            socket.set_nodelay(true)?;
            anyhow::Ok(tls.connect(socket, &server.ip().to_string()).await?)
        };
        let stream = timeout(PATIENCE, connecting)
            .await
            .context("no handshake")??;
        let mut wire = Self {
            stream,
            input: FrameBuffer::default(),
            last_id: 0,
        };
        match wire.next().await? {
            Frame::Hello(_) => Ok(wire),
            other => bail!("the first frame is {other:?}"),
        }
    }

    /// The next frame. Cancel safe: what was read is kept.
    pub(super) async fn next(&mut self) -> anyhow::Result<Frame> {
        let mut chunk = [0; 4096];
        loop {
            // Answers may be longer than what a client may say.
            while let Some(line) = self.input.next_line(16 * FRAME_MAX)? {
                if let Some(frame) = Frame::parse(line)? {
                    return Ok(frame);
                }
            }
            let read = self.stream.read(&mut chunk).await?;
            if read == 0 {
                bail!("the server closed the connection");
            }
            self.input.extend(chunk.get(..read).unwrap_or_default());
        }
    }

    /// Sends a request; says which number it has.
    pub(super) async fn say(&mut self, verb: Verb) -> io::Result<RequestId> {
        self.last_id += 1;
        let id = self.last_id;
        self.stream
            .write_all(&Request { id, verb }.encode())
            .await?;
        self.stream.flush().await?;
        Ok(id)
    }

    /// Sends the first `bytes` of a request, then nothing ever again.
    pub(super) async fn say_part(mut self, verb: Verb, bytes: usize) -> io::Result<()> {
        let line = Request {
            id: self.last_id + 1,
            verb,
        }
        .encode();
        let part = line.get(..bytes.min(line.len())).unwrap_or_default();
        self.stream.write_all(part).await?;
        self.stream.flush().await
    }

    /// Sends a request and waits for its answer. Every other frame goes to `aside`.
    pub(super) async fn ask(
        &mut self,
        verb: Verb,
        mut aside: impl FnMut(Frame),
    ) -> anyhow::Result<Result<Answer, Failure>> {
        let id = self.say(verb).await?;
        let answer = async {
            loop {
                match self.next().await? {
                    Frame::Ok(answer) if answer.id == id => return anyhow::Ok(Ok(answer)),
                    Frame::Error(failure) if failure.id == Some(id) => return Ok(Err(failure)),
                    Frame::Error(failure) if failure.id.is_none() => bail!(failure.text),
                    other => aside(other),
                }
            }
        };
        timeout(PATIENCE, answer).await.context("no answer")?
    }
}
