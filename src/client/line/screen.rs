//! The terminal that is typed on and printed to at the same time.

use std::{
    io::{self, Write},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::Duration,
};

use rustyline_async::SharedWriter;
use tokio_util::sync::CancellationToken;

/// How long to leave an editor alone that has more lines to print than it holds.
const FULL_DELAY: Duration = Duration::from_millis(10);
/// How long the editor may take to leave the terminal.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(1);

/// Shared by the thread that prints and the one that edits: who may write to the terminal.
#[derive(Clone, Default)]
pub(super) struct Screen(Arc<Shared>);

#[derive(Default)]
struct Shared {
    /// The editor's, while there is one: it prints above the line that is being typed.
    writer: Mutex<Option<SharedWriter>>,
    left: Condvar,
    closing: CancellationToken,
}

impl Screen {
    fn writer(&self) -> MutexGuard<'_, Option<SharedWriter>> {
        self.0.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From here on the editor prints.
    pub(super) fn enter(&self, writer: SharedWriter) {
        *self.writer() = Some(writer);
    }

    /// From here on everybody prints for themselves.
    pub(super) fn leave(&self) {
        *self.writer() = None;
        self.0.left.notify_all();
    }

    /// Cancelled when the editor is to leave the terminal for good.
    pub(super) fn closing(&self) -> CancellationToken {
        self.0.closing.clone()
    }

    /// Prints a line, above the one that is being typed if there is one.
    pub(super) fn print(&self, line: &str) -> io::Result<()> {
        loop {
            let mut writer = self.writer();
            let Some(editor) = writer.as_mut() else {
                let mut stdout = io::stdout().lock();
                return writeln!(stdout, "{line}").and_then(|()| stdout.flush());
            };
            // A clone starts with an empty line, so that one that was refused is not said twice.
            match editor.clone().write_all(format!("{line}\n").as_bytes()) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                result => return result,
            }
            drop(writer);
            thread::park_timeout(FULL_DELAY);
        }
    }

    /// Has the editor print what is left and leave the terminal as it was.
    pub(super) fn close(&self) {
        self.0.closing.cancel();
        let writer = self.writer();
        let waited = self
            .0
            .left
            .wait_timeout_while(writer, CLOSE_TIMEOUT, |w| w.is_some());
        drop(waited);
    }
}
