//! A connection to the control socket of a server that runs.

use std::{io, path::Path};

use anyhow::{Context, bail};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::UnixStream,
    time::timeout,
};

use crate::{
    protocol::FrameBuffer,
    server::{ANSWER_MAX, CONTROL_SOCKET, ControlAnswer, ControlRequest, REQUEST_TIMEOUT},
};

/// A connection to a server that runs. One request is answered before the next is sent.
#[derive(Debug)]
pub(in crate::cli) struct Connection {
    stream: UnixStream,
    buffer: FrameBuffer,
}

impl Connection {
    /// Connects to the server that holds the folder; nothing when there is none.
    pub(super) async fn open(folder: &Path) -> anyhow::Result<Option<Self>> {
        let path = folder.join(CONTROL_SOCKET);
        match UnixStream::connect(&path).await {
            Ok(stream) => Ok(Some(Self {
                stream,
                buffer: FrameBuffer::default(),
            })),
            Err(error) => match error.kind() {
                // A crashed server leaves its socket, which nobody listens to any more.
                io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused => Ok(None),
                _ => Err(error).with_context(|| {
                    format!("cannot reach the server that runs, at {}", path.display())
                }),
            },
        }
    }

    /// Asks one thing.
    ///
    /// # Errors
    ///
    /// When the server refuses, with its reason; and when it does not answer.
    pub(super) async fn ask(&mut self, request: &ControlRequest) -> anyhow::Result<ControlAnswer> {
        let mut line = serde_json::to_vec(request)?;
        line.push(b'\n');
        let answered = timeout(REQUEST_TIMEOUT, async {
            self.stream.write_all(&line).await?;
            self.answer().await
        });
        let answer = answered
            .await
            .map_err(|_| io::Error::from(io::ErrorKind::TimedOut))
            .and_then(|answer| answer)
            .context(
                "the server has not answered; whether it was done is not known: look, then try again",
            )?;
        match serde_json::from_slice(&answer).context(
            "cannot make sense of the server's answer; is it another version of netcomm?",
        )? {
            ControlAnswer::Refused { text } => bail!(text),
            answer => Ok(answer),
        }
    }

    async fn answer(&mut self) -> io::Result<Vec<u8>> {
        let mut received = [0; 4096];
        loop {
            let line = self
                .buffer
                .next_line(ANSWER_MAX)
                .map_err(io::Error::other)?;
            if let Some(line) = line {
                return Ok(line.to_vec());
            }
            let count = self.stream.read(&mut received).await?;
            match received.get(..count) {
                Some([]) | None => return Err(io::ErrorKind::UnexpectedEof.into()),
                Some(bytes) => self.buffer.extend(bytes),
            }
        }
    }
}

/// An answer to another question than was asked: a defect, or another version.
pub(super) fn unexpected<T>(answer: ControlAnswer) -> anyhow::Result<T> {
    drop(answer);
    bail!("the server answered something else than was asked; is it another version of netcomm?")
}
