//! Lines out of a stream of bytes, with the limit before the memory.

use std::ops::Range;

/// Why a peer's bytes cannot be read any further.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FramingError {
    /// No newline within the limit.
    #[error("a frame is at most {limit} bytes with its newline")]
    TooLong {
        /// The limit in force, in bytes.
        limit: usize,
    },
}

/// Collects received bytes and gives them back line by line.
///
/// Memory is by bytes received: it never holds more than one frame of the limit plus what came
/// glued to it in the last read, and nothing when it is empty.
#[derive(Debug, Default)]
pub struct FrameBuffer {
    bytes: Vec<u8>,
    /// Where the unread part begins.
    start: usize,
    /// How far the unread part has been searched for a newline.
    searched: usize,
}

impl FrameBuffer {
    /// The next whole line without its newline, or nothing when more bytes are needed.
    ///
    /// # Errors
    ///
    /// [`FramingError::TooLong`] as soon as it is certain that the line is longer than `limit`
    /// bytes, its newline counted.
    pub fn next_line(&mut self, limit: usize) -> Result<Option<&[u8]>, FramingError> {
        let unsearched = self.bytes.get(self.searched..).unwrap_or_default();
        let newline = memchr::memchr(b'\n', unsearched);
        let end = newline.map(|at| self.searched.saturating_add(at));
        let length = end.unwrap_or(self.bytes.len()).saturating_sub(self.start);
        if length >= limit {
            return Err(FramingError::TooLong { limit });
        }
        let Some(end) = end else {
            self.searched = self.bytes.len();
            return Ok(None);
        };
        let line = Range {
            start: self.start,
            end,
        };
        self.start = end.saturating_add(1);
        self.searched = self.start;
        Ok(self.bytes.get(line))
    }

    /// Takes received bytes; what was given back before is dropped first.
    pub fn extend(&mut self, received: &[u8]) {
        self.bytes.drain(..self.start.min(self.bytes.len()));
        self.searched = self.searched.saturating_sub(self.start);
        self.start = 0;
        self.bytes.extend_from_slice(received);
    }

    /// Gives the memory back when nothing is held: an idle connection keeps no buffer.
    pub fn release(&mut self) {
        if self.start >= self.bytes.len() {
            *self = Self::default();
        }
    }

    /// Whether part of a line is held.
    #[must_use]
    pub fn has_partial(&self) -> bool {
        self.start < self.bytes.len()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn lines(buffer: &mut FrameBuffer, limit: usize) -> Result<Vec<Vec<u8>>, FramingError> {
        let mut all = Vec::new();
        while let Some(line) = buffer.next_line(limit)? {
            all.push(line.to_vec());
        }
        Ok(all)
    }

    #[test]
    fn a_line_may_be_as_long_as_the_limit_and_no_longer() {
        for (length, fits) in [(6, true), (7, true), (8, false)] {
            let mut buffer = FrameBuffer::default();
            buffer.extend(&vec![b'x'; length]);
            buffer.extend(b"\n");
            assert_eq!(
                lines(&mut buffer, 8).is_ok(),
                fits,
                "{length} bytes and a newline"
            );
        }
    }

    #[test]
    fn bytes_without_end_are_refused_at_the_limit() {
        let mut buffer = FrameBuffer::default();
        buffer.extend(&[b'x'; 7]);
        assert_eq!(buffer.next_line(8), Ok(None));
        buffer.extend(b"x");
        assert_eq!(buffer.next_line(8), Err(FramingError::TooLong { limit: 8 }));
    }

    #[test]
    fn an_empty_buffer_keeps_no_memory() {
        let mut buffer = FrameBuffer::default();
        buffer.extend(b"one\n");
        assert!(lines(&mut buffer, 8).is_ok());
        buffer.release();
        assert_eq!(buffer.bytes.capacity(), 0);
    }

    proptest! {
        #[test]
        fn how_the_bytes_are_cut_makes_no_difference(
            frames in proptest::collection::vec("[a-z]{0,20}", 0..20),
            cut in 1_usize..30,
        ) {
            let bytes: Vec<u8> = frames.iter().flat_map(|f| format!("{f}\n").into_bytes()).collect();
            let mut buffer = FrameBuffer::default();
            let mut seen = Vec::new();
            for part in bytes.chunks(cut) {
                buffer.extend(part);
                seen.extend(lines(&mut buffer, 64).unwrap());
            }
            let expected: Vec<Vec<u8>> = frames.iter().map(|f| f.clone().into_bytes()).collect();
            prop_assert_eq!(seen, expected);
            prop_assert!(!buffer.has_partial());
        }
    }
}
