//! What a client has seen, conversation by conversation, and whether that can be.

use std::collections::BTreeMap;

use netcomm::protocol::{ConversationFrame, EntryBody, EntryFrame};

use super::expected::text_of;

/// Everything a client has seen. Panics at an entry that is missed, doubled or out of order.
#[derive(Default)]
pub(crate) struct Seen {
    name: String,
    logs: BTreeMap<String, Log>,
}

/// One conversation as a client knows it.
#[derive(Default)]
struct Log {
    entries: Vec<EntryFrame>,
    /// The only place the next entry may have; known from the first entry on.
    next: Option<u64>,
    /// The newest entry when the server began to send this conversation.
    head: u64,
    gaps: Vec<(u64, u64)>,
}

impl Seen {
    pub(super) fn by(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            logs: BTreeMap::new(),
        }
    }

    /// The server says that entries of this conversation follow.
    pub(super) fn open(&mut self, conversation: &ConversationFrame) {
        let log = self.logs.entry(conversation.conversation.to_string());
        log.or_default().head = conversation.head.get();
    }

    pub(super) fn gap(&mut self, conversation: &str, from: u64, to: u64) {
        let log = self.logs.entry(conversation.to_owned()).or_default();
        assert!(from <= to, "a gap from {from} to {to} in {conversation}");
        assert_eq!(log.next.unwrap_or(from), from, "the gap in {conversation}");
        log.next = Some(to + 1);
        log.gaps.push((from, to));
    }

    pub(super) fn entry(&mut self, entry: &EntryFrame) {
        let conversation = entry.conversation.to_string();
        let is_end = self.is_end(entry);
        let Some(log) = self.logs.get_mut(&conversation) else {
            panic!("{}: {entry:?} of a conversation never heard of", self.name);
        };
        let seq = entry.seq.get();
        let next = log.next.unwrap_or(seq);
        assert_eq!(seq, next, "{} in {conversation}: {entry:?}", self.name);
        log.entries.push(entry.clone());
        log.next = if is_end { None } else { Some(seq + 1) };
    }

    /// After its own going a client need not see what comes before it is back.
    fn is_end(&self, entry: &EntryFrame) -> bool {
        match &entry.body {
            EntryBody::Left {} => entry.by.as_str() == self.name,
            EntryBody::Kicked { user, .. } | EntryBody::Banned { user, .. } => {
                user.as_str() == self.name
            }
            _ => false,
        }
    }

    /// Where to go on after a reconnect.
    pub(super) fn cursors(&self) -> BTreeMap<&str, u64> {
        let logs = self.logs.iter().map(|(conversation, log)| {
            let cursor = log.next.map_or(log.head, |next| next - 1);
            (conversation.as_str(), cursor)
        });
        logs.collect()
    }

    /// The entries of a conversation, in the order they came.
    pub(crate) fn entries(&self, conversation: &str) -> &[EntryFrame] {
        self.logs
            .get(conversation)
            .map_or(&[][..], |log| &log.entries)
    }

    /// The messages of a conversation.
    pub(crate) fn texts(&self, conversation: &str) -> Vec<&str> {
        let entries = self.entries(conversation).iter();
        entries.filter_map(text_of).collect()
    }

    /// The last place seen.
    pub(crate) fn head(&self, conversation: &str) -> u64 {
        self.entries(conversation)
            .last()
            .map_or(0, |entry| entry.seq.get())
    }

    /// What the server has said it leaves out.
    pub(crate) fn gaps(&self, conversation: &str) -> &[(u64, u64)] {
        self.logs.get(conversation).map_or(&[][..], |log| &log.gaps)
    }
}
