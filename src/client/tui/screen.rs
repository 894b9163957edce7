//! What the screen shows beyond the chat itself: where one is, what one types, what is open.
//!
//! Plain data: `update` changes it, `view` draws it, and neither waits for anything.

use std::collections::{BTreeSet, HashMap};

use jiff::tz::TimeZone;
use ratatui::layout::Rect;

use super::{completion::Completion, editor::Editor, overlay::Overlay, settings::Settings};
use crate::{
    auth::ServerAddress,
    client::{
        outbox::{Item, Outbox},
        state::{Conversation, State},
    },
    model::{Address, RoomName, Seq, Timestamp, UserName},
};

/// What the chat is known to be: the screen reads it and never changes it.
#[derive(Clone, Copy)]
pub(crate) struct Known<'a> {
    /// The conversations.
    pub(crate) state: &'a State,
    /// What is not sent yet.
    pub(crate) outbox: &'a Outbox,
    /// Who one is.
    pub(crate) me: &'a UserName,
    /// Where.
    pub(crate) server: &'a ServerAddress,
}

impl<'a> Known<'a> {
    /// What waits or was refused, but for entering rooms, which is told and shown nowhere.
    fn typed(self) -> impl Iterator<Item = &'a Item> {
        let items = self.outbox.items().iter();
        items.filter(|item| !item.enters())
    }

    /// What waits or was refused in a conversation.
    pub(crate) fn pending(self, of: &Address) -> impl Iterator<Item = &'a Item> {
        let of = of.clone();
        self.typed().filter(move |item| item.conversation == of)
    }

    /// The conversations in the order of the list: the newest activity first.
    pub(crate) fn order(self) -> Vec<&'a Conversation> {
        let mut list: Vec<_> = self.state.conversations().collect();
        list.sort_by_key(|known| {
            let newest = known.entries().next_back().map(|held| held.entry().at);
            (std::cmp::Reverse(newest), known.address().clone())
        });
        list
    }
}

/// How the link stands, for showing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Standing {
    /// On the way.
    #[default]
    Connecting,
    /// The server decides.
    LoggingIn,
    /// In; how the connection is protected.
    Connected(String),
    /// Cut off.
    Waiting {
        /// When the next try is.
        until: Timestamp,
        /// How many have failed.
        attempt: u32,
        /// Why.
        reason: String,
    },
    /// Nobody is logged in.
    LoggedOut,
    /// It will not be tried again: why, in a sentence, and what there is to know beside.
    Stopped(Vec<String>),
}

/// What a server says about new accounts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Registration {
    /// Anybody makes one; or nobody has said.
    #[default]
    Open,
    /// An invite is needed.
    Invite,
    /// The operator makes them.
    Closed,
}

/// How one gets in where no session is remembered.
#[derive(Clone, Debug, Default)]
pub(crate) struct Entrance {
    pub(crate) registration: Registration,
    /// Whether an account is to be made, rather than logged in to.
    pub(crate) registers: bool,
    /// Whether an invite was given.
    pub(crate) invited: bool,
    /// What was put aside to read what is on this machine.
    pub(crate) aside: Option<Overlay>,
}

/// Where a pane is scrolled to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Scroll {
    /// The entry at the bottom; none: follow what is new.
    pub(crate) bottom: Option<Seq>,
    /// Rows of it that are below the edge.
    pub(crate) hidden: usize,
}

/// What the next line that is sent is meant for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Aim {
    /// It answers this message.
    Reply(Seq),
    /// It replaces one's own message.
    Edit(Seq),
}

/// One conversation as it was left.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pane {
    pub(crate) editor: Editor,
    pub(crate) scroll: Scroll,
    /// The last message that was read when the conversation was opened.
    pub(crate) divider: Option<Seq>,
    pub(crate) chosen: Option<Seq>,
    pub(crate) aim: Option<Aim>,
    /// What was being written when an edit or a reaction took the line; it comes back after.
    pub(crate) aside: Option<String>,
    /// Whether older messages were asked for and are not here.
    pub(crate) fetching: bool,
}

/// Whether a pane at the side is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Side {
    /// Where there is room for it.
    #[default]
    Auto,
    /// Also where it takes room from others.
    Shown,
    /// Not at all.
    Hidden,
}

/// How a note is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tone {
    /// To know.
    Plain,
    /// Something was not done.
    Bad,
}

/// A sentence at the foot of the screen.
#[derive(Clone, Debug)]
pub(crate) struct Note {
    pub(crate) text: String,
    pub(crate) tone: Tone,
    pub(crate) until: Timestamp,
}

/// Everything the screen knows beyond the chat.
pub(crate) struct Screen {
    pub(crate) area: Rect,
    pub(crate) now: Timestamp,
    pub(crate) zone: TimeZone,
    pub(crate) settings: Settings,
    pub(crate) link: Standing,
    pub(crate) current: Address,
    pub(crate) panes: HashMap<Address, Pane>,
    pub(crate) overlay: Option<Overlay>,
    pub(crate) completion: Option<Completion>,
    pub(crate) note: Option<Note>,
    /// Who types where, and until when that is believed.
    pub(crate) typing: Vec<(Address, UserName, Timestamp)>,
    /// When others were told last that one types.
    pub(crate) told_typing: Timestamp,
    /// What was typed before, oldest first.
    pub(crate) typed: Vec<String>,
    /// Where in it one is.
    pub(crate) recalled: Option<usize>,
    /// What stood in the line before one went back in it.
    pub(crate) unsent_line: String,
    /// Rooms whose members are asked for without anybody having said so.
    pub(crate) listing: Vec<RoomName>,
    /// Whether the terminal is looked at, as far as it tells.
    pub(crate) focused: bool,
    /// Whether drafts have changed since they were kept.
    pub(crate) unkept: bool,
    pub(crate) list: Side,
    pub(crate) members: Side,
    pub(crate) mouse: bool,
    /// The message that a second d deletes.
    pub(crate) deleting: Option<Seq>,
    pub(crate) entrance: Entrance,
    /// A second Ctrl-C leaves.
    pub(crate) leaving: bool,
}

impl Screen {
    /// A screen on which nothing has happened.
    pub(crate) fn new(area: Rect, settings: Settings, zone: TimeZone) -> Self {
        Self {
            area,
            now: Timestamp::default(),
            zone,
            mouse: settings.mouse,
            settings,
            link: Standing::default(),
            current: Address::Everyone,
            panes: HashMap::new(),
            overlay: None,
            completion: None,
            note: None,
            typing: Vec::new(),
            told_typing: Timestamp::default(),
            typed: Vec::new(),
            recalled: None,
            unsent_line: String::new(),
            listing: Vec::new(),
            focused: true,
            unkept: false,
            list: Side::default(),
            members: Side::default(),
            deleting: None,
            entrance: Entrance::default(),
            leaving: false,
        }
    }

    /// The conversation one is in, as it was left.
    pub(crate) fn pane(&self) -> Option<&Pane> {
        self.panes.get(&self.current)
    }

    /// The conversation one is in, to be changed.
    pub(crate) fn pane_mut(&mut self) -> &mut Pane {
        self.panes.entry(self.current.clone()).or_default()
    }

    /// The list of conversations: those first that one is not in, or not in any more, and that hold
    /// something one has typed.
    pub(crate) fn places(&self, known: Known<'_>) -> Vec<Address> {
        let order = known.order().into_iter().map(Conversation::address);
        let order: Vec<_> = order.cloned().collect();
        let entered: BTreeSet<_> = order.iter().collect();
        let typed = known.typed().map(|item| &item.conversation);
        let drafted = self.drafts().map(|(address, _)| address);
        let lost: BTreeSet<_> = typed
            .chain(drafted)
            .filter(|address| !entered.contains(address))
            .cloned()
            .collect();
        lost.into_iter().chain(order).collect()
    }

    /// Whether the screen changes by time alone.
    pub(crate) fn is_ticking(&self) -> bool {
        matches!(self.link, Standing::Waiting { .. })
            || self.note.is_some()
            || !self.typing.is_empty()
            || self.unkept
    }

    /// The texts that are being written, by conversation.
    pub(crate) fn drafts(&self) -> impl Iterator<Item = (&Address, &str)> {
        self.panes
            .iter()
            .map(|(address, pane)| {
                let aside = pane.aside.as_deref();
                (address, aside.unwrap_or_else(|| pane.editor.text()))
            })
            .filter(|(_, text)| !text.trim().is_empty())
    }
}
