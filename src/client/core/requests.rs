//! What a person does.

use super::{ASKED_MAX, Asked, Core, Order, Update};
use crate::{
    client::outbox::{self, OutboxError},
    model::{Address, MessageId, Seq, Text},
    protocol::{History, InConversation, Nothing, Password, Search, Secret, Send, Verb},
};

/// Why a question was not asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotNow {
    /// There is no session.
    #[error("not connected just now; ask again when you are (/retry connects at once)")]
    NotConnected,
    /// Too much was asked already.
    #[error("too many questions wait for their answer; ask again in a moment")]
    TooMany,
    /// The conversation is not read.
    #[error("that conversation is not among yours; /rooms lists the rooms, /join enters one")]
    NotThere,
    /// There is no more.
    #[error("there is nothing more")]
    NoMore,
}

/// Something to say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Post {
    /// Where.
    pub to: Address,
    /// What.
    pub text: Text,
    /// The message it answers.
    pub reply_to: Option<Seq>,
    /// Whether it is something one does (`/me`).
    pub action: bool,
}

impl Post {
    /// A text that answers nothing.
    #[must_use]
    pub const fn plain(to: Address, text: Text) -> Self {
        Self {
            to,
            text,
            reply_to: None,
            action: false,
        }
    }

    fn named(self, message: MessageId) -> Verb {
        let Self {
            to,
            text,
            reply_to,
            action,
        } = self;
        Verb::Send(Send {
            to,
            text,
            message,
            reply_to,
            action,
        })
    }
}

impl Core {
    /// Says something, now or as soon as the server can be reached.
    ///
    /// # Errors
    ///
    /// When the outbox cannot keep it. Nothing is sent then.
    pub fn send(&mut self, post: Post) -> Result<MessageId, OutboxError> {
        self.outbox.add(|message| post.named(message))
    }

    /// Says something under a name of the caller's choice: under the same name it is said once,
    /// however often it is sent.
    ///
    /// # Errors
    ///
    /// When the outbox cannot keep it. Nothing is sent then.
    pub fn send_named(&mut self, message: MessageId, post: Post) -> Result<MessageId, OutboxError> {
        self.outbox
            .add_named(message, |message| post.named(message))
    }

    /// Changes something in a conversation, now or as soon as the server can be reached.
    ///
    /// # Errors
    ///
    /// When the outbox cannot keep it. Nothing is sent then.
    pub fn change(&mut self, verb: Verb) -> Result<MessageId, OutboxError> {
        self.outbox.add(|message| outbox::name(verb, message))
    }

    /// Takes an item out of the outbox: what was refused, or what is not to be sent any more. It may
    /// be on its way already.
    pub fn dismiss(&mut self, message: &MessageId) {
        self.outbox.done(message);
    }

    /// Asks something; the answer comes as an update.
    ///
    /// # Errors
    ///
    /// When it cannot be asked now. Nothing is kept for later.
    pub fn ask(&mut self, verb: Verb) -> Result<(), NotNow> {
        self.can_ask()?;
        let hits = Vec::new();
        self.request(verb.clone(), Asked::Question { verb, hits });
        Ok(())
    }

    /// Asks for the page of entries before those that are held; they come as changes.
    ///
    /// # Errors
    ///
    /// When it cannot be asked now, or there is nothing before.
    pub fn history(&mut self, of: &Address, count: u32) -> Result<(), NotNow> {
        self.can_ask()?;
        let known = self.state.conversation(of).ok_or(NotNow::NotThere)?;
        let before = known.page_before().ok_or(NotNow::NoMore)?;
        let page = self.hello.as_ref().map(|hello| hello.limits.history_page);
        self.request_past(History {
            of: of.clone(),
            before: Some(before),
            after: None,
            limit: Some(page.map_or(count, |page| count.min(page))),
        });
        Ok(())
    }

    /// Asks for a page of history that a person wants to see.
    pub(super) fn request_past(&mut self, history: History) {
        let of = history.of.clone();
        let verb = Verb::History(history);
        let asked = Asked::Past {
            verb: verb.clone(),
            of,
            entries: Vec::new(),
        };
        self.request(verb, asked);
    }

    /// Asks for the next page of the last search.
    ///
    /// # Errors
    ///
    /// When it cannot be asked now, or there is none.
    pub fn more(&mut self) -> Result<(), NotNow> {
        self.can_ask()?;
        let verb = self.more.take().ok_or(NotNow::NoMore)?;
        self.ask(verb)
    }

    /// Says that one is typing, if anybody can be told.
    pub fn typing(&mut self, conversation: &Address) {
        if self.can_ask().is_ok() {
            let verb = Verb::Typing(InConversation {
                conversation: conversation.clone(),
            });
            self.request(verb.clone(), Asked::Quiet(verb));
        }
    }

    /// Changes the password; all other sessions end.
    ///
    /// # Errors
    ///
    /// When it cannot be asked now.
    pub fn change_password(&mut self, old: Secret, new: Secret) -> Result<(), NotNow> {
        self.ask(Verb::Password(Password { old, new }))
    }

    /// Ends the session for good: its token is worth nothing afterwards.
    ///
    /// # Errors
    ///
    /// When it cannot be asked now.
    pub fn log_out(&mut self) -> Result<(), NotNow> {
        self.ask(Verb::Logout(Nothing {}))
    }

    /// Connects now instead of waiting.
    pub fn retry(&mut self) {
        self.orders.push_back(Order::Retry);
    }

    pub(super) fn remember_search(&mut self, search: &Search, next: Option<u64>) {
        self.more = next.map(|page| {
            Verb::Search(Search {
                page: Some(page),
                ..search.clone()
            })
        });
    }

    pub(super) fn tell(&mut self, update: Update) {
        self.updates.push_back(update);
    }

    pub(super) fn can_ask(&self) -> Result<(), NotNow> {
        if !self.is_connected() {
            Err(NotNow::NotConnected)
        } else if self.asked.len() >= ASKED_MAX {
            Err(NotNow::TooMany)
        } else {
            Ok(())
        }
    }
}
