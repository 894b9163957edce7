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
mod seat;
mod settings;
mod terminal;
#[cfg(test)]
mod tests;
mod theme;
mod update;
mod view;
mod welcome;
mod wrap;

use std::{io, time::Duration};

use anyhow::Context;
use crossterm::event;
use jiff::tz::TimeZone;
use tokio::{
    select,
    task::JoinSet,
    time::{Instant, Interval, MissedTickBehavior, interval, sleep_until},
};

use super::{
    core::{Core, Update},
    door::Door,
    link::{LinkState, Stop},
    local::{Found, Local},
    state::Change,
};
use crate::{
    model::{Address, Timestamp},
    protocol::Secret,
    tls::ConnectError,
};

use editor::Editor;
use overlay::Overlay;
use screen::{Known, Screen, Standing, Tone};
use seat::{Asked, Caught, Seat};
pub use settings::{Settings, SettingsError};
use update::{Event, FoundHere, update};

/// How long changes are collected before they are drawn: one picture of a fast terminal.
const DRAW_DELAY: Duration = Duration::from_millis(12);
/// How often what changes by time alone is looked at.
const TICK_INTERVAL: Duration = Duration::from_millis(500);

/// Chats on the whole screen until the user leaves.
///
/// # Errors
///
/// When the terminal cannot be taken, read or drawn on, or the account's folder cannot be used.
pub(super) async fn run(mut door: Door, settings: Settings) -> anyhow::Result<()> {
    const TERMINAL: &str = "cannot use the terminal";
    let mut seat = Seat::take(settings.mouse).context(TERMINAL)?;
    loop {
        while let Some(question) = door.question() {
            match seat
                .ask(question, &door, &settings)
                .await
                .context(TERMINAL)?
            {
                Asked::Said(said) => door.take(said)?,
                Asked::Back => door.reopen(),
                Asked::Left => return Ok(()),
            }
        }
        let Some(core) = door.start()? else { continue };
        let mut client = Client::new(core, seat, &settings, &door).context(TERMINAL)?;
        let done = client.live().await;
        let elsewhere = client.leave().await;
        done.context(TERMINAL)?;
        match elsewhere {
            Some(kept) => seat = kept,
            None => return Ok(()),
        }
        door.reopen();
    }
}

/// Everything joined.
struct Client {
    core: Core,
    screen: Screen,
    seat: Seat,
    /// Nothing when the disk would not have it.
    local: Option<Local>,
    /// The secret of the invite that was given at the start.
    invite: Option<Secret>,
    /// Programs that were started to open links.
    helpers: JoinSet<()>,
    draw_at: Option<Instant>,
    leaving: bool,
    /// Whether somebody is to say anew where to go and who they are.
    elsewhere: bool,
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
    fn new(core: Core, seat: Seat, settings: &Settings, door: &Door) -> io::Result<Self> {
        let area = seat.terminal.area()?;
        let mut client = Self {
            screen: Screen::new(area, settings.clone(), TimeZone::system()),
            core,
            seat,
            local: None,
            invite: door.secret(),
            helpers: JoinSet::new(),
            draw_at: Some(Instant::now()),
            leaving: false,
            elsewhere: false,
        };
        client.screen.entrance.registers = door.registers();
        client.screen.entrance.invited = client.invite.is_some();
        if !client.core.can_sign_in() {
            // What was typed blindly for a password must not become a message.
            let server = client.core.server();
            client.screen.overlay = Some(Overlay::Stopped(vec![
                format!("Waiting for {server}, which has to let you in first."),
                "What is wrong stands in the last line.".to_owned(),
            ]));
        }
        client.remember();
        Ok(client)
    }

    /// Keeps what is to be kept and ends; gives the terminal on when somebody is to be asked again,
    /// and back to its owner before the goodbye otherwise.
    async fn leave(mut self) -> Option<Seat> {
        self.keep_drafts();
        let Self {
            core,
            seat,
            local,
            elsewhere,
            ..
        } = self;
        let seat = elsewhere.then_some(seat);
        drop(local);
        core.close().await;
        seat
    }

    async fn live(&mut self) -> io::Result<()> {
        let mut ticks = interval(TICK_INTERVAL);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while !self.leaving {
            match self.wake(&mut ticks).await {
                Wake::Terminal(None) | Wake::End => break,
                Wake::Terminal(Some(event)) => {
                    if let Some(event) = from_terminal(event?) {
                        self.happen(event)?;
                    }
                }
                Wake::Told(update) => self.told(update)?,
                Wake::Found(found) => self.found(found)?,
                Wake::Tick => self.happen(Event::Tick)?,
                Wake::Suspend => self.seat.terminal.suspend()?,
                Wake::Draw => self.draw()?,
            }
        }
        Ok(())
    }

    async fn wake(&mut self, ticks: &mut Interval) -> Wake {
        let Self {
            core,
            local,
            screen,
            draw_at,
            seat,
            ..
        } = self;
        let found = async {
            match local {
                Some(local) => local.next().await,
                None => std::future::pending().await,
            }
        };
        select! {
            event = seat::next_event(&mut seat.keys) => Wake::Terminal(event),
            update = core.next() => Wake::Told(update),
            found = found => Wake::Found(found),
            _ = ticks.tick(), if screen.is_ticking() => Wake::Tick,
            () = sleep_until(draw_at.unwrap_or_else(Instant::now)), if draw_at.is_some() => Wake::Draw,
            signal = seat.signals.next() => match signal {
                Caught::End => Wake::End,
                Caught::Stop => Wake::Suspend,
            },
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
        self.seat.terminal.draw(&self.screen, known)
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
        LinkState::Stopped(stop) => Standing::Stopped(explained(stop)),
    }
}

/// Why a server is not talked to: in a sentence, and what there is to know beside.
fn explained(stop: &Stop) -> Vec<String> {
    let Stop::Unverified(ConnectError::WrongPin {
        expected,
        presented,
    }) = stop
    else {
        return vec![stop.to_string()];
    };
    let shown = presented.map_or_else(|| "none".to_owned(), |pin| pin.to_string());
    vec![
        "this is not the server that was trusted".to_owned(),
        String::new(),
        format!("expected pin  {expected}"),
        format!("its own pin   {shown}"),
        String::new(),
        "Somebody may be in between, or the server was set up anew. Nothing was sent to it. Ask \
         whoever runs the server, in person or by telephone, which pin is right, and for a new \
         invite link."
            .to_owned(),
    ]
}
