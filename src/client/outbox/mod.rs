//! The outbox: what was typed and is not answered yet, on disk.
//!
//! Promises: what is in it survives the client's death; it leaves first in first out per
//! conversation, each under a name of its own, so that sending it again does nothing twice. A refused
//! item stays until it is dismissed. Several clients of one account each have a journal of their
//! own; what a dead one left is taken over by the next to start.

mod item;
mod journal;

use std::{io, path::Path};

use tokio::time::Instant;

use crate::{
    model::{Address, MessageId, Timestamp, chance},
    protocol::Verb,
};

pub(super) use item::name;
pub use item::{Item, Standing};
use journal::{Journal, Record};

/// What an outbox holds at most: days of typing, and a bound for a script that types for ever.
const ITEMS_MAX: usize = 10_000;

/// Why something was not put into the outbox. Nothing of it will be sent.
#[derive(Debug, thiserror::Error)]
pub enum OutboxError {
    /// Too much waits already.
    #[error("{ITEMS_MAX} messages wait to be sent already; this one was not kept")]
    Full,
    /// The disk did not take it.
    #[error("cannot keep the message in the outbox: {0}; it was not sent")]
    Disk(#[from] io::Error),
}

/// What was typed and is not answered yet. Owned by the client's core.
#[derive(Debug)]
pub struct Outbox {
    items: Vec<Item>,
    journal: Journal,
    /// Conversations whose items wait until then, because the server asked for it.
    postponed: Vec<(Address, Instant)>,
}

impl Outbox {
    /// Opens the outbox in this folder, with what clients that are gone have left in it.
    ///
    /// # Errors
    ///
    /// When the folder or its files cannot be made, read or written.
    pub(super) fn open(folder: &Path) -> io::Result<Self> {
        let (journal, items) = Journal::open(folder)?;
        Ok(Self {
            items,
            journal,
            postponed: Vec::new(),
        })
    }

    /// Everything that waits or was refused, in the order it was typed.
    #[must_use]
    pub fn items(&self) -> &[Item] {
        &self.items
    }

    /// How many wait to be sent or answered.
    #[must_use]
    pub fn unsent(&self) -> usize {
        self.items.iter().filter(|item| item.is_unsent()).count()
    }

    /// Keeps something to be sent; `make` is given the name it will have.
    pub(super) fn add(
        &mut self,
        make: impl FnOnce(MessageId) -> Verb,
    ) -> Result<MessageId, OutboxError> {
        self.add_named(fresh_name()?, make)
    }

    /// Keeps something to be sent under a name that was chosen for it. What is in the outbox under
    /// that name already stays as it is.
    pub(super) fn add_named(
        &mut self,
        message: MessageId,
        make: impl FnOnce(MessageId) -> Verb,
    ) -> Result<MessageId, OutboxError> {
        if self.items.iter().any(|item| item.message == message) {
            return Ok(message);
        }
        if self.items.len() >= ITEMS_MAX {
            return Err(OutboxError::Full);
        }
        let item = Item::new(make(message.clone()))
            .ok_or_else(|| io::Error::other("it changes no conversation"))?;
        self.journal.append(&Record::add(&item.verb)?)?;
        self.items.push(item);
        Ok(message)
    }

    /// The next that may be sent; it counts as being sent from now on.
    pub(super) fn next(&mut self, now: Instant) -> Option<&Item> {
        self.postponed.retain(|(_, until)| *until > now);
        let mut busy: Vec<&Address> = self.postponed.iter().map(|(address, _)| address).collect();
        let mut found = None;
        for (at, item) in self
            .items
            .iter()
            .enumerate()
            .filter(|(_, item)| item.is_unsent())
        {
            if item.standing == Standing::Queued && !busy.contains(&&item.conversation) {
                found = Some(at);
                break;
            }
            // One at a time in each conversation: were this one put off, the next must not overtake.
            busy.push(&item.conversation);
        }
        let item = self.items.get_mut(found?)?;
        item.standing = Standing::Sending;
        Some(item)
    }

    /// When something that was postponed may go.
    pub(super) fn postponed_until(&self) -> Option<Instant> {
        self.postponed.iter().map(|(_, until)| *until).min()
    }

    /// The server has kept it, or it was dismissed.
    pub(super) fn done(&mut self, message: &MessageId) -> Option<Item> {
        let at = self
            .items
            .iter()
            .position(|item| item.message == *message)?;
        let item = self.items.remove(at);
        self.journal
            .note(&Record::Done(message.as_str().to_owned()));
        if self.items.is_empty() {
            self.journal.clear();
        }
        Some(item)
    }

    /// The server will not have it.
    pub(super) fn refuse(&mut self, message: &MessageId, reason: String) -> Option<&Item> {
        let item = self
            .items
            .iter_mut()
            .find(|item| item.message == *message)?;
        let record = Record::Refused {
            message: message.as_str().to_owned(),
            reason: reason.clone(),
        };
        item.standing = Standing::Refused(reason);
        self.journal.note(&record);
        Some(item)
    }

    /// The server will have it later: it and what follows it in its conversation wait until then.
    pub(super) fn postpone(&mut self, message: &MessageId, until: Instant) {
        if let Some(item) = self.items.iter_mut().find(|item| item.message == *message) {
            item.standing = Standing::Queued;
            self.postponed.push((item.conversation.clone(), until));
        }
    }

    /// The connection is gone: what was being sent is to be sent again.
    pub(super) fn cut_off(&mut self) {
        self.postponed.clear();
        for item in &mut self.items {
            if item.standing == Standing::Sending {
                item.standing = Standing::Queued;
            }
        }
    }
}

/// A name no other message of anybody has: 48 bits of milliseconds, as a UUID of version 7 has them
/// (RFC 9562), and 80 random bits. The time stands first for the server's sake, whose index of names
/// then grows at its end.
fn fresh_name() -> io::Result<MessageId> {
    let mut random = [0; 10];
    chance::fill(&mut random).map_err(io::Error::other)?;
    let time = Timestamp::now().as_millis() & 0xffff_ffff_ffff;
    let random = data_encoding::HEXLOWER.encode(&random);
    MessageId::parse(&format!("{time:012x}{random}")).map_err(io::Error::other)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{
        model::Text,
        protocol::{InRoom, Nothing, Send},
    };

    fn say(outbox: &mut Outbox, to: &str, text: &str) -> MessageId {
        let send = |message| {
            Verb::Send(Send {
                to: Address::parse(to).unwrap(),
                text: Text::parse(text).unwrap(),
                message,
                reply_to: None,
                action: false,
            })
        };
        outbox.add(send).unwrap()
    }

    fn texts(outbox: &Outbox) -> Vec<String> {
        outbox
            .items()
            .iter()
            .map(|item| match &item.verb {
                Verb::Send(send) => send.text.as_str().to_owned(),
                verb => verb.word().to_owned(),
            })
            .collect()
    }

    fn next(outbox: &mut Outbox) -> Option<String> {
        let now = Instant::now();
        let message = outbox.next(now)?.message.clone();
        let at = outbox
            .items
            .iter()
            .position(|item| item.message == message)?;
        texts(outbox).get(at).cloned()
    }

    #[test]
    fn each_conversation_is_first_in_first_out_and_waits_for_no_other() {
        let folder = tempfile::tempdir().unwrap();
        let mut outbox = Outbox::open(folder.path()).unwrap();
        let first = say(&mut outbox, "#a", "a1");
        say(&mut outbox, "#a", "a2");
        say(&mut outbox, "@bob", "b1");
        assert_eq!(next(&mut outbox).as_deref(), Some("a1"));
        assert_eq!(next(&mut outbox).as_deref(), Some("b1"));
        assert_eq!(next(&mut outbox), None);
        outbox.done(&first);
        assert_eq!(next(&mut outbox).as_deref(), Some("a2"));
    }

    #[test]
    fn what_follows_a_refused_message_still_goes_and_what_follows_a_postponed_one_waits() {
        let folder = tempfile::tempdir().unwrap();
        let mut outbox = Outbox::open(folder.path()).unwrap();
        let first = say(&mut outbox, "#a", "a1");
        let second = say(&mut outbox, "#a", "a2");
        say(&mut outbox, "#a", "a3");
        next(&mut outbox);
        outbox.refuse(&first, "too rude".to_owned());
        assert_eq!(next(&mut outbox).as_deref(), Some("a2"));
        let later = Instant::now() + Duration::from_secs(60);
        outbox.postpone(&second, later);
        assert_eq!(next(&mut outbox), None);
        assert_eq!(outbox.postponed_until(), Some(later));
        assert_eq!(
            outbox.next(later).map(|item| item.message.clone()),
            Some(second)
        );
        assert_eq!(outbox.unsent(), 2);
    }

    #[test]
    fn after_a_cut_the_same_goes_again_in_the_same_order_under_the_same_names() {
        let folder = tempfile::tempdir().unwrap();
        let mut outbox = Outbox::open(folder.path()).unwrap();
        let names = ["a1", "a2"].map(|text| say(&mut outbox, "#a", text));
        next(&mut outbox);
        outbox.cut_off();
        assert_eq!(next(&mut outbox).as_deref(), Some("a1"));
        let kept: Vec<_> = outbox
            .items()
            .iter()
            .map(|item| item.message.clone())
            .collect();
        assert_eq!(kept, names);
    }

    #[test]
    fn what_a_dead_client_left_is_taken_over_once_with_its_refusals() {
        let folder = tempfile::tempdir().unwrap();
        let mut outbox = Outbox::open(folder.path()).unwrap();
        let sent = say(&mut outbox, "*", "sent");
        let refused = say(&mut outbox, "*", "refused");
        let waiting = say(&mut outbox, "*", "waiting");
        let join = InRoom {
            room: crate::model::RoomName::parse("a").unwrap(),
            message: None,
            what: Nothing {},
        };
        outbox
            .add(|message| name(Verb::Join(join), message))
            .unwrap();
        outbox.done(&sent);
        outbox.refuse(&refused, "no".to_owned());
        drop(outbox);
        let second = Outbox::open(folder.path()).unwrap();
        assert_eq!(texts(&second), ["refused", "waiting", "join"]);
        assert_eq!(
            second.items()[0].standing,
            Standing::Refused("no".to_owned())
        );
        assert_eq!(second.items()[1].message, waiting);
        let third = Outbox::open(folder.path()).unwrap();
        assert_eq!(texts(&third), Vec::<String>::new(), "the second lives");
        drop(second);
        assert_eq!(texts(&Outbox::open(folder.path()).unwrap()).len(), 3);
    }

    #[test]
    fn a_line_cut_off_by_the_death_of_its_client_costs_only_itself() {
        let folder = tempfile::tempdir().unwrap();
        let mut outbox = Outbox::open(folder.path()).unwrap();
        say(&mut outbox, "*", "whole");
        say(&mut outbox, "*", "torn");
        drop(outbox);
        let mut journals = std::fs::read_dir(folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().path());
        let journal = journals
            .find(|path| path.extension().is_some_and(|e| e == "jsonl"))
            .unwrap();
        let bytes = std::fs::read(&journal).unwrap();
        std::fs::write(&journal, &bytes[..bytes.len() - 5]).unwrap();
        assert_eq!(texts(&Outbox::open(folder.path()).unwrap()), ["whole"]);
    }
}
