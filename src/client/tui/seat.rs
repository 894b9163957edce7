//! Where a person sits: the terminal, its keys, and the signals that end or stop a process.

use std::{future::poll_fn, io, pin::Pin};

use crossterm::event::{self, EventStream};
use futures_core::Stream;
use tokio::{
    select,
    signal::unix::{Signal, SignalKind, signal},
};

use super::{
    settings::Settings,
    terminal::Terminal,
    welcome::{Step, Welcome},
};
use crate::client::door::{Door, Question, Said};

/// Where a person sits. Dropping it gives the terminal back.
pub(super) struct Seat {
    pub(super) terminal: Terminal,
    pub(super) keys: EventStream,
    pub(super) signals: Signals,
}

/// What came of a question.
pub(super) enum Asked {
    Said(Said),
    /// The question before is to be asked again.
    Back,
    Left,
}

impl Seat {
    pub(super) fn take(mouse: bool) -> io::Result<Self> {
        let signals = Signals::new()?;
        Ok(Self {
            terminal: Terminal::take(mouse)?,
            keys: EventStream::new(),
            signals,
        })
    }

    /// Asks until there is an answer that can be understood.
    pub(super) async fn ask(
        &mut self,
        question: Question,
        door: &Door,
        settings: &Settings,
    ) -> io::Result<Asked> {
        let place = door.server().map(ToString::to_string);
        let mut welcome = Welcome::new(question, place, door.suggested(question));
        loop {
            self.terminal
                .draw_with(|frame| welcome.draw(settings.theme, frame))?;
            let event = select! {
                event = next_event(&mut self.keys) => event,
                signal = self.signals.next() => match signal {
                    Caught::End => return Ok(Asked::Left),
                    Caught::Stop => {
                        self.terminal.suspend()?;
                        continue;
                    }
                },
            };
            let step = match event.transpose()? {
                None => return Ok(Asked::Left),
                Some(event::Event::Key(key)) => welcome.key(key, &settings.keys),
                Some(event::Event::Paste(text)) => {
                    welcome.paste(&text);
                    Step::Stay
                }
                Some(_) => Step::Stay,
            };
            match step {
                Step::Stay => {}
                Step::Back => return Ok(Asked::Back),
                Step::Leave => return Ok(Asked::Left),
                Step::Suspend => self.terminal.suspend()?,
                Step::Said(text) => match question.read(&text) {
                    Ok(said) => return Ok(Asked::Said(said)),
                    Err(problem) => welcome.refuse(&problem),
                },
            }
        }
    }
}

/// The signals that stop or end a process.
pub(super) struct Signals {
    terminate: Signal,
    hang_up: Signal,
    stop: Signal,
}

/// A signal that came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Caught {
    End,
    Stop,
}

impl Signals {
    fn new() -> io::Result<Self> {
        let stop = rustix::process::Signal::TSTP.as_raw();
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            hang_up: signal(SignalKind::hangup())?,
            stop: signal(SignalKind::from_raw(stop))?,
        })
    }

    /// Waits for one. Cancel safe: signals are remembered.
    pub(super) async fn next(&mut self) -> Caught {
        select! {
            _ = self.terminate.recv() => Caught::End,
            _ = self.hang_up.recv() => Caught::End,
            _ = self.stop.recv() => Caught::Stop,
        }
    }
}

/// What the terminal says next; nothing when it is gone. Cancel safe: it is still there then.
pub(super) async fn next_event(keys: &mut EventStream) -> Option<io::Result<event::Event>> {
    poll_fn(|context| Pin::new(&mut *keys).poll_next(context)).await
}
