//! Keeps each event on its line and each character from doing anything but being read.

use std::{borrow::Cow, fmt::Write as _, io};

use tracing::Metadata;
use tracing_subscriber::fmt::MakeWriter;

use crate::config::LogFormat;

/// Escapes whatever the formatters let through: every event comes by here as one write.
pub(super) struct OneLine<M> {
    make: M,
    format: LogFormat,
}

impl<M> OneLine<M> {
    pub(super) fn new(make: M, format: LogFormat) -> Self {
        Self { make, format }
    }
}

impl<'w, M: MakeWriter<'w>> MakeWriter<'w> for OneLine<M> {
    type Writer = Line<M::Writer>;

    fn make_writer(&'w self) -> Self::Writer {
        Line {
            writer: self.make.make_writer(),
            format: self.format,
        }
    }

    fn make_writer_for(&'w self, meta: &Metadata<'_>) -> Self::Writer {
        Line {
            writer: self.make.make_writer_for(meta),
            format: self.format,
        }
    }
}

/// Takes one event, which ends in the only newline that stays one.
pub(super) struct Line<W> {
    writer: W,
    format: LogFormat,
}

impl<W: io::Write> io::Write for Line<W> {
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        let line = String::from_utf8_lossy(event);
        self.writer
            .write_all(escaped(&line, self.format).as_bytes())?;
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.writer.flush()
    }
}

fn escaped(line: &str, format: LogFormat) -> Cow<'_, str> {
    let body = line.strip_suffix('\n').unwrap_or(line);
    if !body.contains(acts) {
        return Cow::Borrowed(line);
    }
    let mut clean = String::with_capacity(line.len() + 16);
    for c in body.chars() {
        match format {
            _ if !acts(c) => clean.push(c),
            LogFormat::Text => clean.extend(c.escape_default()),
            LogFormat::Json => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    // Writing to a String cannot fail.
                    let _ = write!(clean, "\\u{unit:04x}");
                }
            }
        }
    }
    clean.push_str(&line[body.len()..]);
    Cow::Owned(clean)
}

/// Whether a character does something to a terminal, a line or the order of what is read, or
/// hides: control characters (C0, DEL, C1), bidirectional formatting, separators, tags.
fn acts(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{61c}'
                | '\u{200b}'
                | '\u{200e}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{2069}'
                | '\u{feff}'
                | '\u{e0000}'..='\u{e007f}'
        )
}

#[cfg(test)]
mod tests {
    use super::{LogFormat, escaped};

    #[test]
    fn nothing_that_acts_stays_in_a_line() {
        let hostile = "a\x1b[2J\u{9b}\n\r\t\x7f\u{202e}\u{e0041}é😀\n";
        assert_eq!(
            escaped(hostile, LogFormat::Text),
            "a\\u{1b}[2J\\u{9b}\\n\\r\\t\\u{7f}\\u{202e}\\u{e0041}é😀\n"
        );
        assert_eq!(
            escaped(hostile, LogFormat::Json),
            "a\\u001b[2J\\u009b\\u000a\\u000d\\u0009\\u007f\\u202e\\udb40\\udc41é😀\n"
        );
    }

    #[test]
    fn a_harmless_line_is_left_alone() {
        assert_eq!(escaped("plain é 😀\n", LogFormat::Text), "plain é 😀\n");
        assert_eq!(escaped("", LogFormat::Text), "");
    }
}
