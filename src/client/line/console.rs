//! The keyboard: a terminal with a line editor, or a pipe.
//!
//! One thread of its own reads, and only what it was asked to: reading cannot be cancelled, so nobody
//! may wait for it. It is left behind at the end of the process.

use std::{
    io::{self, BufRead, IsTerminal, Read, Write},
    sync::{Arc, Mutex, PoisonError, mpsc as blocking},
    thread,
    time::{Duration, Instant},
};

use rustix::termios::{OptionalActions, Termios, tcgetattr, tcsetattr};
use rustyline::{Config, DefaultEditor, error::ReadlineError};
use tokio::sync::mpsc;
use unicode_width::UnicodeWidthStr;

use super::output::{Output, Sink};
use crate::protocol::Secret;

/// The longest line taken from a pipe at once; no text may be nearly as long.
const LINE_MAX: u64 = 64 * 1024;
/// What was printed this shortly before a line was taken may stand below it: the line then stays.
const ERASE_MARGIN: Duration = Duration::from_millis(100);

/// What the keyboard is asked for.
#[derive(Debug)]
pub(in crate::client) enum Ask {
    /// A line that is said or done; on a terminal it goes into the line history and off the screen.
    Command { prompt: String },
    /// The answer to a question.
    Answer { prompt: String },
    /// The answer to a question, which nobody may see.
    Secret { prompt: String },
}

/// What came of it.
#[derive(Debug)]
pub(in crate::client) enum Reply {
    Line(String),
    Secret(Secret),
    /// Ctrl-C.
    Interrupted,
    /// Ctrl-D, or the end of the pipe.
    End,
}

/// The keyboard, and how the terminal was found.
pub(in crate::client) struct Console {
    asks: blocking::SyncSender<Ask>,
    replies: mpsc::Receiver<Reply>,
    is_asked: bool,
    terminal: Option<Terminal>,
}

impl Console {
    /// Takes hold of standard input and output.
    pub(in crate::client) fn open() -> io::Result<(Self, Output)> {
        let (asks, asked) = blocking::sync_channel(1);
        let (reply, replies) = mpsc::channel(1);
        let terminal = Terminal::find();
        let editor = terminal.as_ref().and_then(|_| editor().ok());
        let (output, reader) = match editor {
            Some((editor, printer)) => {
                let printed = Arc::new(Mutex::new(Instant::now()));
                let output = Output::start(Sink::Terminal(printer, Arc::clone(&printed)))?;
                (
                    output,
                    Reader::Terminal {
                        editor: Box::new(editor),
                        printed,
                    },
                )
            }
            None => (Output::start(Sink::Pipe)?, Reader::Pipe),
        };
        let terminal = terminal.filter(|_| matches!(reader, Reader::Terminal { .. }));
        thread::Builder::new()
            .name("keyboard".to_owned())
            .spawn(move || read(reader, &asked, &reply))?;
        let console = Self {
            asks,
            replies,
            is_asked: false,
            terminal,
        };
        Ok((console, output))
    }

    /// Whether there is somebody to ask.
    pub(in crate::client) const fn is_terminal(&self) -> bool {
        self.terminal.is_some()
    }

    /// Whether an answer is awaited.
    pub(in crate::client) const fn is_asked(&self) -> bool {
        self.is_asked
    }

    /// Asks, unless it is asked already.
    pub(in crate::client) fn ask(&mut self, ask: Ask) {
        if !self.is_asked {
            // Without a reader there is no reply either, which says that the input has ended.
            self.is_asked = true;
            let _gone = self.asks.try_send(ask);
        }
    }

    /// Waits for the reply. Cancel safe: a reply is either given or still to come.
    pub(in crate::client) async fn reply(&mut self) -> Reply {
        let reply = self.replies.recv().await;
        self.is_asked = false;
        reply.unwrap_or(Reply::End)
    }
}

/// A terminal as it was found, which is how it is left, whatever happens in between.
struct Terminal {
    found: Termios,
}

impl Terminal {
    fn find() -> Option<Self> {
        let both = io::stdin().is_terminal() && io::stdout().is_terminal();
        let found = both.then(|| tcgetattr(io::stdin()).ok())??;
        Some(Self { found })
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // A terminal that is gone needs no care.
        let _gone = tcsetattr(io::stdin(), OptionalActions::Now, &self.found);
        // An editor that was left in the middle of a line had pasting announced to it.
        let _gone = io::stdout().lock().write_all(b"\x1b[?2004l");
    }
}

type Printer = Box<dyn rustyline::ExternalPrinter + Send>;

fn editor() -> rustyline::Result<(DefaultEditor, Printer)> {
    let config = Config::builder().history_ignore_dups(true)?.build();
    let mut editor = DefaultEditor::with_config(config)?;
    let printer = editor.create_external_printer()?;
    Ok((editor, Box::new(printer)))
}

enum Reader {
    Terminal {
        editor: Box<DefaultEditor>,
        /// When something was printed last.
        printed: Arc<Mutex<Instant>>,
    },
    Pipe,
}

fn read(mut reader: Reader, asked: &blocking::Receiver<Ask>, reply: &mpsc::Sender<Reply>) {
    while let Ok(ask) = asked.recv() {
        if reply.blocking_send(reader.answer(ask)).is_err() {
            return;
        }
    }
}

impl Reader {
    fn answer(&mut self, ask: Ask) -> Reply {
        match (self, ask) {
            (Self::Terminal { editor, printed }, Ask::Command { prompt }) => {
                let reply = edit(editor, &prompt);
                if let Reply::Line(line) = &reply {
                    // A history that is full or refuses a line is no reason to lose the line.
                    let _kept = editor.add_history_entry(line);
                    erase(&prompt, line, printed);
                }
                reply
            }
            (Self::Terminal { editor, .. }, Ask::Answer { prompt }) => edit(editor, &prompt),
            (Self::Terminal { .. }, Ask::Secret { prompt }) => secret(&prompt),
            (Self::Pipe, _) => read_line(),
        }
    }
}

fn edit(editor: &mut DefaultEditor, prompt: &str) -> Reply {
    match editor.readline(prompt) {
        Ok(line) => Reply::Line(line),
        Err(ReadlineError::Interrupted) => Reply::Interrupted,
        Err(_) => Reply::End,
    }
}

fn secret(prompt: &str) -> Reply {
    match rpassword::prompt_password(prompt) {
        Ok(secret) => Reply::Secret(Secret::new(secret)),
        Err(error) if error.kind() == io::ErrorKind::Interrupted => Reply::Interrupted,
        Err(_) => Reply::End,
    }
}

fn read_line() -> Reply {
    let mut line = Vec::new();
    match io::stdin()
        .lock()
        .take(LINE_MAX)
        .read_until(b'\n', &mut line)
    {
        Ok(0) | Err(_) => Reply::End,
        Ok(_) => {
            let line = String::from_utf8_lossy(&line);
            Reply::Line(line.trim_end_matches(['\n', '\r']).to_owned())
        }
    }
}

/// Takes a line that was entered off the screen: it comes back when the server has kept it.
///
/// Only while nothing can have been printed below it; else it stays where it is.
fn erase(prompt: &str, line: &str, printed: &Mutex<Instant>) {
    let printed = printed.lock().unwrap_or_else(PoisonError::into_inner);
    let Some(rows) = rows(prompt, line, columns()) else {
        return;
    };
    if printed.elapsed() > ERASE_MARGIN {
        let mut stdout = io::stdout().lock();
        // Up to where it began, and clear from there.
        let _gone = write!(stdout, "\x1b[{rows}A\x1b[J").and_then(|()| stdout.flush());
    }
}

fn columns() -> Option<usize> {
    let size = rustix::termios::tcgetwinsize(io::stdout()).ok()?;
    Some(usize::from(size.ws_col)).filter(|&columns| columns > 0)
}

/// How many rows of the terminal prompt and line take.
fn rows(prompt: &str, line: &str, columns: Option<usize>) -> Option<usize> {
    let columns = columns?;
    let text = format!("{prompt}{line}");
    Some(
        text.split('\n')
            .map(|part| part.width() / columns + 1)
            .sum(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_takes_as_many_rows_as_it_wraps_into() {
        let rows = |line| rows("*> ", line, Some(10)).unwrap();
        assert_eq!(
            (rows(""), rows("123456"), rows("1234567"), rows("a\nb")),
            (1, 1, 2, 2)
        );
        assert_eq!(rows("日本語日"), 2);
    }
}
