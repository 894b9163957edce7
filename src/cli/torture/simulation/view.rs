//! What is seen of each conversation in one place: on a connection, or on a screen.

use std::collections::BTreeMap;

use crate::{
    cli::torture::{
        checker::{Event, Record},
        entry,
    },
    model::{Address, Seq, UserName},
    protocol::{EntryFrame, Positions},
};

use super::story::Story;

/// Told to the story when it is dropped.
#[derive(Debug)]
pub(super) struct View {
    me: UserName,
    story: Story,
    record: Record,
    last: BTreeMap<Address, u64>,
    /// Where reading begins anew: the next entry may be any up to this one.
    anew: BTreeMap<Address, u64>,
}

impl View {
    pub(super) fn new(me: &UserName, who: String, member_of: Vec<String>, story: Story) -> Self {
        Self {
            me: me.clone(),
            story,
            record: Record {
                who,
                member_of,
                events: Vec::new(),
            },
            last: BTreeMap::new(),
            anew: BTreeMap::new(),
        }
    }

    /// Everything up to and with this entry was seen before.
    pub(super) fn knows(&mut self, at: &Address, seq: u64) {
        if seq > 0 {
            self.pass(at, 1, seq);
        }
    }

    pub(super) fn has_seen(&self, at: &Address) -> bool {
        self.last.contains_key(at)
    }

    /// Reading begins anew, with this entry at the latest.
    pub(super) fn begins(&mut self, at: &Address, latest: u64) {
        self.anew.insert(at.clone(), latest);
    }

    pub(super) fn gap(&mut self, at: &Address, from: Seq, to: Seq) {
        self.begin_at(at, from.get());
        self.pass(at, from.get(), to.get());
    }

    pub(super) fn entry(&mut self, entry: &EntryFrame) {
        let at = &entry.conversation;
        self.begin_at(at, entry.seq.get());
        self.last.insert(at.clone(), entry.seq.get());
        let line = entry::line(&self.me, entry);
        self.record.events.push(Event::Saw(line));
    }

    /// The server says how far one has read.
    pub(super) fn read_to(&mut self, positions: &Positions) {
        let place = entry::place(&self.me, &positions.conversation);
        let seq = positions.unread.read.get();
        self.record.events.push(Event::ReadTo { place, seq });
    }

    fn begin_at(&mut self, at: &Address, seq: u64) {
        let last = self.last.get(at).copied().unwrap_or_default();
        if let Some(latest) = self.anew.remove(at)
            && seq <= latest
            && seq > last + 1
        {
            self.pass(at, last + 1, seq - 1);
        }
    }

    fn pass(&mut self, at: &Address, from: u64, to: u64) {
        self.last.insert(at.clone(), to);
        let place = entry::place(&self.me, at);
        self.record.events.push(Event::Gap { place, from, to });
    }
}

impl Drop for View {
    fn drop(&mut self) {
        self.story.saw(std::mem::take(&mut self.record));
    }
}
