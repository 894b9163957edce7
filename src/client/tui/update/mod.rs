//! What an event does to the screen, and what is to be done about it. Pure: the screen is changed,
//! everything else is asked for as an [`Effect`].

mod act;
mod answer;
mod choose;
mod entrance;
mod mouse;
mod moving;
mod open;
mod paste;
mod submit;
mod told;

pub(crate) use open::{matching, write};

use crossterm::event::{KeyEvent, KeyEventKind, MouseEvent};
use ratatui::layout::Rect;

use super::{
    completion::{When, complete},
    overlay::Overlay,
    rows::Manner,
    screen::{Known, Note, Screen, Standing, Tone},
};
use crate::{
    client::core::{Post, Update},
    model::{Address, MessageId, Seq, Timestamp, UserName},
    protocol::{Secret, Verb},
};

/// How long a sentence stays at the foot of the screen.
const NOTE_MS: i64 = 8_000;
/// How long somebody counts as typing after they were said to.
const TYPING_MS: i64 = 6_000;

/// Something that happened.
#[derive(Debug)]
pub(crate) enum Event {
    /// A key.
    Key(KeyEvent),
    /// Text that was pasted whole.
    Paste(String),
    /// The mouse.
    Mouse(MouseEvent),
    /// The terminal has another size.
    Resize(u16, u16),
    /// The terminal is looked at, or not.
    Focus(bool),
    /// Time has passed.
    Tick,
    /// The link stands differently.
    Link(Standing),
    /// The client has something to show.
    Told(Update),
    /// What this machine has found.
    Found(Vec<FoundHere>),
    /// What this machine has of what was before is here.
    Fetched {
        of: Address,
        /// Whether it was nothing.
        is_empty: bool,
    },
    /// Something could not be done.
    Failed(String),
}

/// A message found on this machine.
#[derive(Clone, Debug)]
pub(crate) struct FoundHere {
    pub(crate) conversation: Address,
    pub(crate) seq: Seq,
    pub(crate) at: Timestamp,
    pub(crate) by: UserName,
    pub(crate) text: String,
}

/// Something to be done outside the screen.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Effect {
    /// Say something.
    Send(Post),
    /// Change something in a conversation.
    Change(Verb),
    /// Ask the server.
    Ask(Verb),
    /// Fetch what was before.
    History(Address),
    /// Fetch what is around a message.
    Around(Address, Seq),
    /// Fetch the next page of a search.
    More,
    MarkRead(Address),
    Typing(Address),
    Dismiss(MessageId),
    Retry,
    LogIn(Secret),
    /// Make an account; with the invite that was given at the start unless there is one here.
    Register {
        password: Secret,
        invite: Option<Secret>,
    },
    /// Say anew where to go and who one is.
    Elsewhere,
    ChangePassword {
        old: Secret,
        new: Secret,
    },
    LogOut,
    Quit,
    /// Put text into the clipboard.
    Copy(String),
    /// Open a link.
    Open(String),
    /// Tell the user, who may look elsewhere.
    Notify(String),
    /// Look for words on this machine.
    SearchHere(String),
    KeepDrafts,
    Suspend,
    Redraw,
    /// Take the mouse, or leave it to the terminal.
    Mouse(bool),
}

/// Lets something happen. The only way the screen changes.
pub(crate) fn update(
    screen: &mut Screen,
    known: Known<'_>,
    event: Event,
    now: Timestamp,
) -> Vec<Effect> {
    screen.now = now;
    let mut turn = Turn {
        screen,
        known,
        effects: Vec::new(),
    };
    turn.happen(event);
    turn.effects
}

/// One event being dealt with.
struct Turn<'a> {
    screen: &'a mut Screen,
    known: Known<'a>,
    effects: Vec<Effect>,
}

impl<'a> Turn<'a> {
    fn happen(&mut self, event: Event) {
        match event {
            Event::Key(key) if key.kind == KeyEventKind::Release => {}
            Event::Key(key) => self.key(key),
            Event::Paste(text) => self.paste(&text),
            Event::Mouse(mouse) => self.mouse(mouse),
            Event::Resize(width, height) => self.screen.area = Rect::new(0, 0, width, height),
            Event::Focus(focused) => {
                self.screen.focused = focused;
                self.seen();
            }
            Event::Tick => self.tick(),
            Event::Link(standing) => {
                if let Standing::Stopped(why) = &standing {
                    self.screen.overlay = Some(Overlay::Stopped(why.clone()));
                }
                self.screen.link = standing;
            }
            Event::Told(update) => self.told(update),
            Event::Found(found) => self.found_here(found),
            Event::Fetched { of, is_empty } => {
                self.screen.panes.entry(of).or_default().fetching = false;
                if is_empty {
                    self.note("this machine has nothing earlier; the server will");
                }
            }
            Event::Failed(text) => self.fail(text),
        }
    }

    fn tick(&mut self) {
        let now = self.screen.now;
        self.screen.typing.retain(|(.., until)| *until > now);
        if self
            .screen
            .note
            .as_ref()
            .is_some_and(|note| note.until <= now)
        {
            self.screen.note = None;
        }
        if std::mem::take(&mut self.screen.unkept) {
            self.effects.push(Effect::KeepDrafts);
        }
    }

    fn say(&mut self, text: impl Into<String>, tone: Tone) {
        self.screen.note = Some(Note {
            text: crate::client::sanitize::line(&text.into()),
            tone,
            until: Timestamp::from_millis(self.screen.now.as_millis().saturating_add(NOTE_MS)),
        });
    }

    fn note(&mut self, text: impl Into<String>) {
        self.say(text, Tone::Plain);
    }

    fn fail(&mut self, text: impl Into<String>) {
        self.screen.pane_mut().fetching = false;
        self.say(text, Tone::Bad);
    }

    /// After the text has changed: drafts, suggestions, and that one types.
    fn edited(&mut self) {
        self.screen.unkept = true;
        self.screen.recalled = None;
        self.suggest(When::Typing);
        let now = self.screen.now.as_millis();
        let Some(pane) = self.screen.pane() else {
            return;
        };
        let text = pane.editor.text();
        let told = self.screen.told_typing.as_millis();
        if !text.is_empty() && !text.starts_with('/') && now.saturating_sub(told) > TYPING_MS / 2 {
            self.screen.told_typing = self.screen.now;
            let current = self.screen.current.clone();
            self.effects.push(Effect::Typing(current));
        }
    }

    fn suggest(&mut self, when: When) {
        let found = self
            .screen
            .pane()
            .and_then(|pane| complete(&pane.editor, self.known, &self.screen.current, when));
        self.screen.completion = found;
    }

    /// How the rows of the current conversation are made.
    fn manner(&self) -> (Manner<'_>, usize) {
        let messages = super::layout::areas(self.screen, self.known).messages;
        (
            super::view::manner(self.screen, self.known, messages),
            usize::from(messages.height),
        )
    }
}
