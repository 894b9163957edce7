//! How far one has read, told to the server: for each conversation one request at a time, so that a
//! thousand entries that are looked at as they come cost a few requests, and the last is not lost.

use std::collections::BTreeMap;

use super::{ASKED_MAX, Asked, Core};
use crate::{
    model::{Address, Seq},
    protocol::{Read, Verb},
};

/// What was read and is not told yet. Forgotten when the connection is lost: what comes into view
/// after the next login is told anew.
#[derive(Debug, Default)]
pub(super) struct Marks {
    /// Up to where, once the request before is answered.
    waiting: BTreeMap<Address, Seq>,
    /// Up to where, with a request that is on its way.
    told: BTreeMap<Address, Seq>,
}

impl Marks {
    /// Whether the server knows everything.
    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty() && self.told.is_empty()
    }

    /// The server has answered, whatever it said.
    pub(super) fn answered(&mut self, verb: &Verb) {
        if let Verb::Read(read) = verb {
            self.told.remove(&read.conversation);
        }
    }

    fn add(&mut self, conversation: &Address, seq: Seq) {
        if self.told.get(conversation).is_none_or(|told| *told < seq) {
            self.waiting.insert(conversation.clone(), seq);
        }
    }

    fn next(&mut self) -> Option<Read> {
        let is_free = |at: &&Address| !self.told.contains_key(*at);
        let conversation = self.waiting.keys().find(is_free)?.clone();
        let seq = self.waiting.remove(&conversation)?;
        self.told.insert(conversation.clone(), seq);
        Some(Read { conversation, seq })
    }
}

impl Core {
    /// Says that everything there is in a conversation was read, if that is news.
    pub fn mark_read(&mut self, conversation: &Address) {
        let Some(known) = self.state.conversation(conversation) else {
            return;
        };
        if known.cursor() > known.facts().unread.read && self.is_connected() {
            self.marks.add(conversation, known.cursor());
        }
    }

    pub(super) fn send_marks(&mut self) {
        while self.asked.len() < ASKED_MAX {
            let Some(read) = self.marks.next() else {
                return;
            };
            let verb = Verb::Read(read);
            self.request(verb.clone(), Asked::Quiet(verb));
        }
    }
}
