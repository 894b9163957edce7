//! The full-screen client.
//!
//! `update` is pure: an event changes the `screen` and asks for effects. `view` is pure: it draws
//! the screen and what is known of the chat. This file joins the two with the terminal, the client's
//! core and the disk, and is the only one here that waits for anything.

mod completion;
mod editor;
mod effects;
mod emoji;
mod keys;
mod layout;
mod overlay;
mod pieces;
mod rows;
mod screen;
mod settings;
mod terminal;
#[cfg(test)]
mod tests;
mod theme;
mod update;
mod view;
mod wrap;

use std::{future::poll_fn, io, pin::Pin, time::Duration};

use crossterm::event::{self, EventStream};
use futures_core::Stream;
use jiff::tz::TimeZone;
use tokio::{
    select,
    signal::unix::{Signal, SignalKind, signal},
    task::JoinSet,
    time::{Instant, Interval, MissedTickBehavior, interval, sleep_until},
};

use super::{
    core::{Core, Update},
    link::LinkState,
    local::{Found, Local},
    state::Change,
};
use crate::model::{Address, Timestamp};

use editor::Editor;
use screen::{Known, Screen, Standing, Tone};
pub use settings::{Settings, SettingsError};
use terminal::Terminal;
use update::{Event, FoundHere, update};

/// How long changes are collected before they are drawn: one picture of a fast terminal.
const DRAW_DELAY: Duration = Duration::from_millis(12);
/// How often what changes by time alone is looked at.
const TICK_INTERVAL: Duration = Duration::from_millis(500);

/// Chats on the whole screen until the user leaves.
///
/// # Errors
///
/// When the terminal cannot be taken, read or drawn on.
pub async fn run(core: Core, settings: Settings) -> io::Result<()> {
    let terminal = Terminal::take(settings.mouse)?;
    let screen = Screen::new(terminal.area()?, settings, TimeZone::system());
    let mut client = Client {
        core,
        screen,
        terminal,
        local: None,
        helpers: JoinSet::new(),
        draw_at: Some(Instant::now()),
        leaving: false,
    };
    client.remember();
    if let Some(tls) = client.core.protection() {
        client.screen.link = Standing::Connected(tls.to_string());
    }
    let done = client.live().await;
    client.keep_drafts();
    let Client {
        core,
        terminal,
        local,
        ..
    } = client;
    drop(terminal);
    drop(local);
    core.close().await;
    done
}

/// Everything joined.
struct Client {
    core: Core,
    screen: Screen,
    terminal: Terminal,
    /// Nothing when the disk would not have it.
    local: Option<Local>,
    /// Programs that were started to open links.
    helpers: JoinSet<()>,
    draw_at: Option<Instant>,
    leaving: bool,
}

/// What the loop woke up for.
enum Wake {
    Terminal(Option<io::Result<event::Event>>),
    Told(Update),
    Found(Found),
    Tick,
    Draw,
    Suspend,
    End,
}

impl Client {
    async fn live(&mut self) -> io::Result<()> {
        let mut keys = EventStream::new();
        let mut ticks = interval(TICK_INTERVAL);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut signals = Signals::new()?;
        while !self.leaving {
            match self.wake(&mut keys, &mut ticks, &mut signals).await {
                Wake::Terminal(None) | Wake::End => break,
                Wake::Terminal(Some(event)) => {
                    if let Some(event) = from_terminal(event?) {
                        self.happen(event)?;
                    }
                }
                Wake::Told(update) => self.told(update)?,
                Wake::Found(found) => self.found(found)?,
                Wake::Tick => self.happen(Event::Tick)?,
                Wake::Suspend => self.terminal.suspend()?,
                Wake::Draw => self.draw()?,
            }
        }
        Ok(())
    }

    async fn wake(
        &mut self,
        keys: &mut EventStream,
        ticks: &mut Interval,
        signals: &mut Signals,
    ) -> Wake {
        let Self {
            core,
            local,
            screen,
            draw_at,
            ..
        } = self;
        let found = async {
            match local {
                Some(local) => local.next().await,
                None => std::future::pending().await,
            }
        };
        select! {
            event = next_event(keys) => Wake::Terminal(event),
            update = core.next() => Wake::Told(update),
            found = found => Wake::Found(found),
            _ = ticks.tick(), if screen.is_ticking() => Wake::Tick,
            () = sleep_until(draw_at.unwrap_or_else(Instant::now)), if draw_at.is_some() => Wake::Draw,
            wake = signals.next() => wake,
        }
    }

    fn happen(&mut self, event: Event) -> io::Result<()> {
        let known = Known {
            state: self.core.state(),
            outbox: self.core.outbox(),
            me: self.core.user(),
            server: self.core.server(),
        };
        let effects = update(&mut self.screen, known, event, Timestamp::now());
        if self.draw_at.is_none() {
            self.draw_at = Some(Instant::now() + DRAW_DELAY);
        }
        for effect in effects {
            self.perform(effect)?;
        }
        Ok(())
    }

    fn draw(&mut self) -> io::Result<()> {
        self.draw_at = None;
        let known = Known {
            state: self.core.state(),
            outbox: self.core.outbox(),
            me: self.core.user(),
            server: self.core.server(),
        };
        self.screen.now = Timestamp::now();
        self.terminal.draw(&self.screen, known)
    }

    fn told(&mut self, update: Update) -> io::Result<()> {
        match update {
            Update::Link(state) => self.happen(Event::Link(standing(&state))),
            update => {
                if let Update::Changed(change) = &update {
                    self.copy(change);
                }
                self.happen(Event::Told(update))
            }
        }
    }

    fn found(&mut self, found: Found) -> io::Result<()> {
        match found {
            Found::Messages(entries) => {
                let found = entries.into_iter().filter_map(FoundHere::of).collect();
                self.happen(Event::Found(found))
            }
            Found::Past(of, entries) => {
                let is_empty = entries.is_empty();
                self.core.recall_past(&of, entries);
                self.happen(Event::Fetched { of, is_empty })
            }
        }
    }
}

/// The signals that stop or end a process.
struct Signals {
    terminate: Signal,
    hang_up: Signal,
    stop: Signal,
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
    async fn next(&mut self) -> Wake {
        select! {
            _ = self.terminate.recv() => Wake::End,
            _ = self.hang_up.recv() => Wake::End,
            _ = self.stop.recv() => Wake::Suspend,
        }
    }
}

/// What the terminal says next; nothing when it is gone. Cancel safe: it is still there then.
async fn next_event(keys: &mut EventStream) -> Option<io::Result<event::Event>> {
    poll_fn(|context| Pin::new(&mut *keys).poll_next(context)).await
}

fn from_terminal(event: event::Event) -> Option<Event> {
    Some(match event {
        event::Event::Key(key) => Event::Key(key),
        event::Event::Mouse(mouse) => Event::Mouse(mouse),
        event::Event::Paste(text) => Event::Paste(text),
        event::Event::Resize(width, height) => Event::Resize(width, height),
        event::Event::FocusGained => Event::Focus(true),
        event::Event::FocusLost => Event::Focus(false),
    })
}

/// How the link stands, as values that do not change by themselves.
fn standing(state: &LinkState) -> Standing {
    match state {
        LinkState::Connecting => Standing::Connecting,
        LinkState::LoggingIn => Standing::LoggingIn,
        LinkState::Connected { tls } => {
            Standing::Connected(tls.as_ref().map_or_else(String::new, ToString::to_string))
        }
        LinkState::Waiting {
            until,
            attempt,
            reason,
        } => Standing::Waiting {
            until: Timestamp::now().after(until.saturating_duration_since(Instant::now())),
            attempt: *attempt,
            reason: reason.clone(),
        },
        LinkState::LoggedOut => Standing::LoggedOut,
        LinkState::Stopped(stop) => Standing::Stopped(stop.to_string()),
    }
}
