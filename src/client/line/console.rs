//! The keyboard: a terminal with a line editor, or a pipe.
//!
//! One thread of its own reads, and only what it was asked to: reading cannot be cancelled, so nobody
//! may wait for it. It is left behind at the end of the process.

use std::{
    collections::VecDeque,
    io::{self, BufRead, IsTerminal, Read, Write},
    sync::mpsc as blocking,
    thread,
};

use rustix::termios::{OptionalActions, Termios, tcgetattr, tcsetattr};
use rustyline_async::{Readline, ReadlineError, ReadlineEvent};
use tokio::{runtime::Handle, sync::mpsc};

use super::{
    output::{Output, Sink},
    screen::Screen,
};
use crate::protocol::Secret;

/// The longest line taken from a pipe at once; no text may be nearly as long.
const LINE_MAX: u64 = 64 * 1024;

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
        let (output, reader) = if terminal.is_some() {
            let screen = Screen::default();
            let keyboard = Keyboard {
                screen: screen.clone(),
                runtime: Handle::current(),
                editor: None,
                history: VecDeque::new(),
            };
            (
                Output::start(Sink::Terminal(screen))?,
                Reader::Terminal(Box::new(keyboard)),
            )
        } else {
            (Output::start(Sink::Pipe)?, Reader::Pipe)
        };
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

/// The line editor, and what it is called back for.
struct Keyboard {
    screen: Screen,
    runtime: Handle,
    /// While lines are said and done; questions get an editor of their own.
    editor: Option<Readline>,
    history: VecDeque<String>,
}

enum Reader {
    Terminal(Box<Keyboard>),
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
            (Self::Terminal(keyboard), Ask::Command { prompt }) => keyboard.command(&prompt),
            (Self::Terminal(keyboard), Ask::Answer { prompt }) => keyboard.question(&prompt),
            (Self::Terminal(keyboard), Ask::Secret { prompt }) => {
                keyboard.put_away();
                secret(&prompt)
            }
            (Self::Pipe, _) => read_line(),
        }
    }
}

impl Keyboard {
    /// A line that goes into the history and off the screen: it comes back when it is kept.
    fn command(&mut self, prompt: &str) -> Reply {
        let taken = match self.editor.take() {
            Some(mut editor) => editor.update_prompt(prompt).map(|()| editor),
            None => self.editor(prompt).map(|mut editor| {
                editor.should_print_line_on(false, false);
                editor.set_history_entries(self.history.drain(..));
                editor
            }),
        };
        let Ok(mut editor) = taken else {
            return Reply::End;
        };
        let reply = self.edit(&mut editor);
        if let Reply::Line(line) = &reply
            && !line.is_empty()
        {
            editor.add_history_entry(line.clone());
        }
        self.editor = Some(editor);
        if matches!(reply, Reply::End) {
            self.put_away();
        }
        reply
    }

    /// A line that stays where it was typed.
    fn question(&mut self, prompt: &str) -> Reply {
        self.put_away();
        let Ok(editor) = self.editor(prompt) else {
            return Reply::End;
        };
        let editor = self.editor.insert(editor);
        let reply = edit(&self.runtime, &self.screen, editor);
        self.leave();
        reply
    }

    fn editor(&self, prompt: &str) -> Result<Readline, ReadlineError> {
        let (editor, writer) = Readline::new(prompt.to_owned())?;
        self.screen.enter(writer);
        Ok(editor)
    }

    fn edit(&self, editor: &mut Readline) -> Reply {
        edit(&self.runtime, &self.screen, editor)
    }

    /// Lets go of the terminal between two commands, keeping the history.
    fn put_away(&mut self) {
        if let Some(editor) = &self.editor {
            self.history = editor.get_history_entries().clone();
        }
        self.leave();
    }

    fn leave(&mut self) {
        if let Some(mut editor) = self.editor.take() {
            // What waits to be printed is printed; a terminal that is gone needs nothing.
            let _gone = editor.flush();
            drop(editor);
            self.screen.leave();
        }
    }
}

fn edit(runtime: &Handle, screen: &Screen, editor: &mut Readline) -> Reply {
    let closing = screen.closing();
    let event = runtime.block_on(async {
        tokio::select! {
            event = editor.readline() => event,
            () = closing.cancelled() => Ok(ReadlineEvent::Eof),
        }
    });
    match event {
        Ok(ReadlineEvent::Line(line)) => Reply::Line(line),
        Ok(ReadlineEvent::Interrupted) => Reply::Interrupted,
        Ok(ReadlineEvent::Eof) | Err(_) => Reply::End,
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
