//! What lies over the screen: help, switcher, search, lists and questions.

use super::editor::Editor;
use crate::{
    client::sanitize,
    model::{Address, RoomName, Seq},
    protocol::Secret,
};

/// Something that lies over the screen and takes the keys.
#[derive(Clone, Debug)]
pub(crate) enum Overlay {
    /// The keys; how far it is scrolled.
    Help(usize),
    /// Going somewhere by a part of its name.
    Switcher(Finder),
    /// The same, in the list of conversations.
    Filter(Finder),
    /// Looking for words.
    Search(Search),
    /// Something to read or to choose from.
    List(List),
    /// Something to read.
    Text(Reading),
    /// Something long that was pasted, to be looked at before it is sent.
    Paste(Pasted),
    /// Something to answer, unseen.
    Ask(Ask),
    /// Why the server is not talked to, and the way out.
    Stopped(Vec<String>),
}

/// Conversations found by a part of their name.
#[derive(Clone, Debug, Default)]
pub(crate) struct Finder {
    pub(crate) filter: Editor,
    pub(crate) at: usize,
}

/// Sentences in a box.
#[derive(Clone, Debug, Default)]
pub(crate) struct Reading {
    pub(crate) title: String,
    /// Already safe to show.
    pub(crate) lines: Vec<String>,
    /// The first row that is shown.
    pub(crate) at: usize,
}

/// A text that was pasted and is in no line yet.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pasted {
    /// Already safe to show.
    pub(crate) text: String,
    /// The first line that is shown.
    pub(crate) at: usize,
}

impl Pasted {
    /// Puts more to it, on a line of its own.
    pub(crate) fn add(&mut self, text: &str) {
        let lines: Vec<_> = sanitize::lines(text.trim_end()).collect();
        if !self.text.is_empty() {
            self.text.push('\n');
        }
        self.text.push_str(&lines.join("\n"));
    }
}

/// Looking for words.
#[derive(Clone, Debug, Default)]
pub(crate) struct Search {
    pub(crate) words: Editor,
    /// What was found; nothing before it was looked for.
    pub(crate) found: Option<List>,
    pub(crate) state: Looking,
}

/// How a search stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Looking {
    /// The words are being written.
    #[default]
    Not,
    /// The answer is awaited.
    Asked,
    /// What is shown is the server's.
    Server,
    /// What is shown is what this machine has.
    Here,
}

/// Lines of which one is chosen.
#[derive(Clone, Debug, Default)]
pub(crate) struct List {
    pub(crate) title: String,
    pub(crate) items: Vec<ListItem>,
    pub(crate) at: usize,
}

/// One line of a list.
#[derive(Clone, Debug)]
pub(crate) struct ListItem {
    /// Already safe to show.
    pub(crate) text: String,
    pub(crate) leads: Lead,
}

/// What choosing a line does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Lead {
    /// Nothing.
    Nowhere,
    /// Goes to a conversation.
    Go(Address),
    /// Joins a room and goes there.
    Join(RoomName),
    /// Shows a message.
    Message(Address, Seq),
}

impl List {
    /// Moves the choice.
    pub(crate) fn step(&mut self, by: isize) {
        let last = self.items.len().saturating_sub(1);
        self.at = self.at.saturating_add_signed(by).min(last);
    }

    /// The line that is chosen.
    pub(crate) fn chosen(&self) -> Option<&ListItem> {
        self.items.get(self.at)
    }
}

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asking {
    /// The password of the account.
    Login,
    /// A password for a new account, twice.
    Register,
    /// The same, where an invite is needed that nobody has given yet.
    Join,
    /// The password in force, then the new one twice.
    Change,
}

/// Something to answer, unseen.
#[derive(Clone, Debug)]
pub(crate) struct Ask {
    pub(crate) what: Asking,
    /// Why it is asked.
    pub(crate) why: String,
    /// Answers so far.
    pub(crate) given: Vec<Secret>,
    pub(crate) typing: Secret,
}

impl Ask {
    /// Begins to ask.
    pub(crate) fn new(what: Asking, why: String) -> Self {
        Self {
            what,
            why,
            given: Vec::new(),
            typing: Secret::new(String::new()),
        }
    }

    /// The questions, in order.
    pub(crate) const fn questions(&self) -> &'static [&'static str] {
        match self.what {
            Asking::Login => &["password"],
            Asking::Register => &["new password", "the same again"],
            Asking::Join => &["invite link", "new password", "the same again"],
            Asking::Change => &["password in force", "new password", "the same again"],
        }
    }

    /// Whether what is being typed may be seen.
    pub(crate) const fn is_open(&self) -> bool {
        matches!(self.what, Asking::Join) && self.given.is_empty()
    }

    /// Changes what is being typed.
    pub(crate) fn retype(&mut self, change: impl FnOnce(&mut String)) {
        let mut text = self.typing.expose().to_owned();
        change(&mut text);
        self.typing = Secret::new(text);
    }
}
