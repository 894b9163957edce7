//! What is shown: printed by a thread of its own, because a terminal or a pipe may take its time.

use std::{
    collections::VecDeque,
    io::{self, Write},
    thread,
    time::Duration,
};

use tokio::{
    sync::{mpsc, oneshot},
    time::timeout,
};

use super::screen::Screen;

/// Lines on their way to the printer. When it is full they wait in the queue.
const PRINTING_MAX: usize = 64;
/// Lines that wait for the printer; at more, nothing further is taken from the server.
const QUEUE_MAX: usize = 1_000;
/// How long the last lines may take at the end.
const FLUSH_TIMEOUT: Duration = Duration::from_secs(2);

/// A line to show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::client) enum Shown {
    /// What was said: the output proper.
    Chat(String),
    /// What the client has to say itself; beside the output, when that is a pipe.
    Notice(String),
}

/// Where lines go.
pub(super) enum Sink {
    /// Above the line that is being typed.
    Terminal(Screen),
    /// Chat to standard output, notices to standard error.
    Pipe,
}

/// What is to be shown.
pub(in crate::client) struct Output {
    queue: VecDeque<Shown>,
    printer: mpsc::Sender<Shown>,
    /// Sent when the printer has ended.
    ended: oneshot::Receiver<()>,
}

impl Output {
    pub(super) fn start(sink: Sink) -> io::Result<Self> {
        let (printer, lines) = mpsc::channel(PRINTING_MAX);
        let (end, ended) = oneshot::channel();
        thread::Builder::new()
            .name("printer".to_owned())
            .spawn(move || {
                print(sink, lines);
                let _nobody_waits = end.send(());
            })?;
        Ok(Self {
            queue: VecDeque::new(),
            printer,
            ended,
        })
    }

    /// Has a line shown.
    pub(in crate::client) fn show(&mut self, line: Shown) {
        self.queue.push_back(line);
    }

    /// Has the client say something.
    pub(in crate::client) fn notice(&mut self, text: impl Into<String>) {
        self.show(Shown::Notice(text.into()));
    }

    /// Whether there is room for more of what can wait.
    pub(in crate::client) fn has_room(&self) -> bool {
        self.queue.len() < QUEUE_MAX
    }

    /// Whether everything is with the printer.
    pub(in crate::client) fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    /// Gives the next line to the printer. An error says that nobody reads any more.
    ///
    /// Cancel safe: a line is either with the printer or still in the queue.
    pub(in crate::client) async fn drain(&mut self) -> Result<(), Gone> {
        let permit = self.printer.reserve().await.map_err(|_| Gone)?;
        if let Some(line) = self.queue.pop_front() {
            permit.send(line);
        }
        Ok(())
    }

    /// Shows what is left, within a moment, and ends.
    pub(in crate::client) async fn finish(mut self) {
        let rest = async {
            while !self.is_empty() && self.drain().await.is_ok() {}
            drop(self.printer);
            self.ended.await
        };
        // A terminal that takes nothing any more is left with what it has.
        let _late = timeout(FLUSH_TIMEOUT, rest).await;
    }
}

/// Nobody reads the output any more.
#[derive(Clone, Copy, Debug)]
pub(in crate::client) struct Gone;

fn print(mut sink: Sink, mut lines: mpsc::Receiver<Shown>) {
    while let Some(line) = lines.blocking_recv() {
        if sink.print(line).is_err() {
            return;
        }
    }
    if let Sink::Terminal(screen) = sink {
        screen.close();
    }
}

impl Sink {
    fn print(&mut self, line: Shown) -> io::Result<()> {
        match (self, line) {
            (Self::Terminal(screen), Shown::Chat(line) | Shown::Notice(line)) => {
                screen.print(&line)
            }
            (Self::Pipe, Shown::Chat(line)) => {
                let mut stdout = io::stdout().lock();
                writeln!(stdout, "{line}").and_then(|()| stdout.flush())
            }
            (Self::Pipe, Shown::Notice(line)) => writeln!(io::stderr().lock(), "{line}"),
        }
    }
}
