//! A session's two directions: lines in, and bytes out that are written all at once.

use std::{
    future::poll_fn,
    io::{self, IoSlice},
    mem::MaybeUninit,
    pin::{Pin, pin},
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf},
    time::timeout,
};

use crate::protocol::{Frame, FrameBuffer, FramingError};

/// How much is gathered before it is written: four TLS records, and a bound on what one session
/// holds in memory for a peer that does not read.
pub(super) const WRITE_BUFFER_MAX: usize = 64 * 1024;
/// How much is read at once; larger frames are read in several goes.
const READ_CHUNK: usize = 4 * 1024;
/// How long a goodbye may take.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(1);
/// The most write buffers that are kept for reuse. Idle sessions hold none.
const BUFFERS_KEPT: usize = 32;

/// Write buffers that sessions borrow while they have something to write.
#[derive(Clone, Debug, Default)]
pub(in crate::server) struct Buffers(Arc<Mutex<Vec<Vec<u8>>>>);

impl Buffers {
    fn take(&self) -> Vec<u8> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.pop().unwrap_or_default()
    }

    fn give_back(&self, mut buffer: Vec<u8>) {
        buffer.clear();
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() < BUFFERS_KEPT && buffer.capacity() <= 2 * WRITE_BUFFER_MAX {
            kept.push(buffer);
        }
    }
}

/// What becomes of bytes that the peer has sent before it hears our goodbye.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rest {
    /// They are left alone: there should be none.
    Ignored,
    /// They are read and dropped: left unread, the system would answer them with a reset, which
    /// may reach the peer before our last words do.
    Dropped,
}

/// Both directions of one connection.
#[derive(Debug)]
pub(super) struct Wire<S> {
    stream: S,
    input: FrameBuffer,
    /// What others are told as well; goes before the output.
    run: Bytes,
    output: Vec<u8>,
    /// How much of the two has been written.
    written: usize,
    buffers: Buffers,
    write_timeout: Duration,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Wire<S> {
    pub(super) fn new(stream: S, buffers: Buffers, write_timeout: Duration) -> Self {
        Self {
            stream,
            input: FrameBuffer::default(),
            run: Bytes::new(),
            output: Vec::new(),
            written: 0,
            buffers,
            write_timeout,
        }
    }

    /// Waits for bytes and keeps them; 0 at the peer's orderly end. Cancel safe: bytes are either
    /// still in the stream or kept. Holds no memory while it waits.
    pub(super) async fn fill(&mut self) -> io::Result<usize> {
        poll_fn(|cx| self.poll_fill(cx)).await
    }

    /// As [`Wire::fill`].
    pub(super) fn poll_fill(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let mut chunk = [MaybeUninit::<u8>::uninit(); READ_CHUNK];
        let mut chunk = ReadBuf::uninit(&mut chunk);
        ready!(Pin::new(&mut self.stream).poll_read(cx, &mut chunk))?;
        self.input.extend(chunk.filled());
        Poll::Ready(Ok(chunk.filled().len()))
    }

    /// The next whole line that has come, if there is one.
    pub(super) fn next_line(&mut self, limit: usize) -> Result<Option<&[u8]>, FramingError> {
        self.input.next_line(limit)
    }

    /// Gives back the memory of what has been read.
    pub(super) fn release(&mut self) {
        self.input.release();
    }

    /// The bytes to be written next.
    pub(super) fn output(&mut self) -> &mut Vec<u8> {
        if self.output.capacity() == 0 {
            self.output = self.buffers.take();
        }
        &mut self.output
    }

    pub(super) fn push(&mut self, frame: &Frame) {
        frame.encode(self.output());
    }

    /// Has these bytes written with what is pushed from now on, and before it; what was pushed before
    /// is written at once.
    pub(super) async fn put_first(&mut self, run: Bytes) -> io::Result<()> {
        if !self.run.is_empty() || !self.output.is_empty() {
            self.flush().await?;
        }
        self.run = run;
        Ok(())
    }

    /// Writes what has gathered, as long as the peer takes some of it within the write timeout.
    ///
    /// Cancel safe: the next flush goes on where this one was.
    pub(super) async fn flush(&mut self) -> io::Result<()> {
        let length = self.run.len() + self.output.len();
        while self.written < length {
            let run = self.run.get(self.written..).unwrap_or_default();
            let skipped = self.written.saturating_sub(self.run.len());
            let output = self.output.get(skipped..).unwrap_or_default();
            let write = async {
                match (run, output) {
                    ([], bytes) | (bytes, []) => self.stream.write(bytes).await,
                    (run, output) => {
                        let both = [IoSlice::new(run), IoSlice::new(output)];
                        self.stream.write_vectored(&both).await
                    }
                }
            };
            let written = within(self.write_timeout, write).await?;
            if written == 0 {
                return Err(io::ErrorKind::WriteZero.into());
            }
            self.written += written;
        }
        if length > 0 {
            within(self.write_timeout, self.stream.flush()).await?;
        }
        self.let_go();
        Ok(())
    }

    fn let_go(&mut self) {
        self.written = 0;
        self.run = Bytes::new();
        if self.output.capacity() > 0 {
            self.buffers.give_back(std::mem::take(&mut self.output));
        }
    }

    /// Writes what is left and says goodbye, as far as the peer lets us within a second.
    pub(super) async fn close(mut self, rest: Rest) {
        let goodbye = async {
            self.flush().await?;
            self.stream.shutdown().await?;
            if rest == Rest::Dropped {
                // Not in the future itself, which every session holds.
                let mut dropped = vec![0; READ_CHUNK];
                while self.stream.read(&mut dropped).await? > 0 {}
            }
            Ok::<_, io::Error>(())
        };
        match timeout(CLOSE_TIMEOUT, goodbye).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::debug!(%error, "the peer was gone before the goodbye"),
            Err(_) => tracing::debug!("the peer did not take the goodbye"),
        }
    }
}

/// What comes of an operation that may not take longer than `limit`. Nearly every one is done at once:
/// only for one that is not is the time looked at.
async fn within<T>(
    limit: Duration,
    operation: impl Future<Output = io::Result<T>>,
) -> io::Result<T> {
    let mut operation = pin!(operation);
    match poll_fn(|cx| Poll::Ready(operation.as_mut().poll(cx))).await {
        Poll::Ready(done) => done,
        // Boxed: every session that waits would have room for the timer.
        Poll::Pending => Box::pin(timeout(limit, operation)).await?,
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::duplex;

    use super::*;

    #[tokio::test]
    async fn whatever_was_put_first_goes_before_what_was_pushed_however_little_is_taken_at_once() {
        for taken_at_once in [1, 3, 64] {
            let (near, mut far) = duplex(taken_at_once);
            let writing = async move {
                let mut wire = Wire::new(near, Buffers::default(), Duration::from_secs(60));
                wire.put_first(Bytes::from_static(b"one ")).await.unwrap();
                wire.put_first(Bytes::from_static(b"two ")).await.unwrap();
                wire.output().extend_from_slice(b"three ");
                wire.flush().await.unwrap();
                wire.output().extend_from_slice(b"four ");
                wire.put_first(Bytes::from_static(b"five")).await.unwrap();
                wire.flush().await.unwrap();
            };
            let mut read = String::new();
            let (read_all, ()) = tokio::join!(far.read_to_string(&mut read), writing);
            read_all.unwrap();
            assert_eq!(read, "one two three four five", "{taken_at_once}");
        }
    }
}
