//! One connection: frames out of bytes and requests into them. Knows neither login nor reconnecting.

use std::io;

use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadHalf, WriteHalf},
    select,
};

use crate::protocol::{FRAME_MAX, Frame, FrameBuffer, FramingError, Request};

/// The longest frame taken from a server: its lists may be longer than what it takes itself.
const SERVER_FRAME_MAX: usize = 4 * FRAME_MAX;
/// How much is read at once: one TLS record.
const READ_SIZE: usize = 16 * 1024;
/// How many bytes may wait to be written before further requests wait themselves.
const OUTGOING_LIMIT: usize = FRAME_MAX;

/// What a connection runs over: TLS, or memory in tests.
pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// Why a connection ended.
#[derive(Debug, thiserror::Error)]
pub(super) enum Lost {
    #[error("the server closed the connection")]
    Closed,
    #[error("connection lost: {0}")]
    Io(#[source] io::Error),
    #[error("the server sent what is no frame: {0}")]
    TooLong(#[source] FramingError),
    #[error("the server sent what is no frame: {0}")]
    NoFrame(#[source] serde_json::Error),
}

impl Lost {
    fn of(error: io::Error) -> Self {
        // An end without TLS's own goodbye, as of a server that was killed.
        if error.kind() == io::ErrorKind::UnexpectedEof {
            Self::Closed
        } else {
            Self::Io(error)
        }
    }
}

/// A stream that is read and written by the frame, both at once, so that two full pipes never wait
/// for each other.
pub(super) struct Connection {
    reader: ReadHalf<Box<dyn Stream>>,
    writer: WriteHalf<Box<dyn Stream>>,
    /// What the last read gave, before it is put together.
    received: Box<[u8]>,
    incoming: FrameBuffer,
    outgoing: Outgoing,
}

impl Connection {
    pub(super) fn new(stream: Box<dyn Stream>) -> Self {
        let (reader, writer) = tokio::io::split(stream);
        Self {
            reader,
            writer,
            received: vec![0; READ_SIZE].into_boxed_slice(),
            incoming: FrameBuffer::default(),
            outgoing: Outgoing::default(),
        }
    }

    /// Whether another request may be queued.
    pub(super) const fn has_room(&self) -> bool {
        self.outgoing.bytes.len() < OUTGOING_LIMIT
    }

    /// Has a request written by the next calls of [`Connection::next`].
    pub(super) fn queue(&mut self, request: &Request) {
        self.outgoing.bytes.extend_from_slice(&request.encode());
    }

    /// Writes what is queued and gives the next frame; frames of a kind not known yet are left out.
    ///
    /// Cancel safe: what was read or written stays read or written.
    pub(super) async fn next(&mut self) -> Result<Frame, Lost> {
        loop {
            while let Some(line) = self
                .incoming
                .next_line(SERVER_FRAME_MAX)
                .map_err(Lost::TooLong)?
            {
                if let Some(frame) = Frame::parse(line).map_err(Lost::NoFrame)? {
                    return Ok(frame);
                }
            }
            self.exchange().await?;
        }
    }

    /// Moves some bytes, in whichever direction they can move first.
    async fn exchange(&mut self) -> Result<(), Lost> {
        select! {
            // What is to be written is bounded and soon gone; what comes in need not end.
            biased;
            written = self.outgoing.write_to(&mut self.writer), if !self.outgoing.is_done() => {
                written.map_err(Lost::of)
            }
            read = self.reader.read(&mut self.received) => {
                let bytes = read.map_err(Lost::of)?;
                if bytes == 0 {
                    // A line that was begun and never ended is dropped with the connection.
                    return Err(Lost::Closed);
                }
                self.incoming.extend(&self.received[..bytes]);
                Ok(())
            }
        }
    }
}

/// What is still to be written.
#[derive(Default)]
struct Outgoing {
    bytes: Vec<u8>,
    /// Whether TLS may still hold bytes that it took.
    unflushed: bool,
}

impl Outgoing {
    const fn is_done(&self) -> bool {
        self.bytes.is_empty() && !self.unflushed
    }

    /// Writes some bytes, or has what was written leave.
    ///
    /// Cancel safe: it waits once, and what was written by then is taken off.
    async fn write_to(&mut self, writer: &mut (impl AsyncWrite + Unpin)) -> io::Result<()> {
        if self.bytes.is_empty() {
            writer.flush().await?;
            self.unflushed = false;
        } else {
            let written = writer.write(&self.bytes).await?;
            self.bytes.drain(..written);
            self.unflushed = true;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::duplex;

    use super::*;
    use crate::protocol::{Nothing, Verb};

    fn ping(id: u64) -> Request {
        Request {
            id,
            verb: Verb::Ping(Nothing {}),
        }
    }

    #[tokio::test]
    async fn frames_come_out_whole_however_they_were_cut_and_unknown_ones_are_left_out() {
        let (near, mut far) = duplex(7);
        let mut connection = Connection::new(Box::new(near));
        let write = async {
            far.write_all(
                b"{\"type\":\"later\"}\n{\"type\":\"ping\"}\n{\"type\":\"current\"}\n{\"ty",
            )
            .await
            .unwrap();
            drop(far);
        };
        let read = async {
            assert_eq!(connection.next().await.unwrap(), Frame::Ping {});
            assert_eq!(connection.next().await.unwrap(), Frame::Current {});
            assert!(matches!(connection.next().await, Err(Lost::Closed)));
        };
        tokio::join!(write, read);
    }

    #[tokio::test]
    async fn two_peers_that_only_write_do_not_wait_for_each_other() {
        let (near, far) = duplex(16);
        let mut connection = Connection::new(Box::new(near));
        let requests: Vec<_> = (1..100).map(ping).collect();
        requests
            .iter()
            .for_each(|request| connection.queue(request));
        let expected: Vec<u8> = requests.iter().flat_map(Request::encode).collect();
        let (mut far_reader, mut far_writer) = tokio::io::split(far);
        let write = async {
            for _ in 0..100 {
                far_writer
                    .write_all(b"{\"type\":\"ping\"}\n")
                    .await
                    .unwrap();
            }
        };
        let read = async {
            let mut seen = vec![0; expected.len()];
            far_reader.read_exact(&mut seen).await.unwrap();
            assert_eq!(seen, expected);
        };
        let near = async {
            for _ in 0..100 {
                assert_eq!(connection.next().await.unwrap(), Frame::Ping {});
            }
            // Nothing more comes: this call only writes what is left.
            connection.next().await
        };
        tokio::select! {
            ((), ()) = async { tokio::join!(write, read) } => {}
            frame = near => panic!("nothing more was said, and {frame:?} came"),
        }
    }

    #[tokio::test]
    async fn what_is_no_frame_ends_the_connection() {
        for bytes in [
            "HTTP/1.1 400\n".to_owned(),
            "[]\n".to_owned(),
            "x".repeat(SERVER_FRAME_MAX),
        ] {
            let (near, mut far) = duplex(2 * SERVER_FRAME_MAX);
            let mut connection = Connection::new(Box::new(near));
            far.write_all(bytes.as_bytes()).await.unwrap();
            assert!(matches!(
                connection.next().await,
                Err(Lost::NoFrame(_) | Lost::TooLong(_))
            ));
        }
    }
}
