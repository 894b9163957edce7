//! One conversation: its entries, each once and in order, and what is said about it.

use std::{collections::BTreeMap, mem};

use super::{Age, Change, Consequence, Held, Purpose, Roster, held, reader::Reader};
use crate::{
    model::{Address, Seq, UserName},
    protocol::{ConversationFrame, EntryBody, EntryFrame, History, HistoryEnd, Unread},
};

/// Entries held; of more, the oldest are let go: they can be asked for again.
const HELD_MAX: usize = 10_000;
/// The largest hole that is filled without being asked; of a larger one the rest is a gap.
const HOLE_MAX: u64 = 500;
/// Entries that wait behind a hole before it is given up.
const EARLY_MAX: usize = 1_000;
/// Entries asked for at once; every server's pages are at least this long.
const PAGE: u64 = 100;

/// A conversation that is read.
#[derive(Clone, Debug)]
pub struct Conversation {
    facts: ConversationFrame,
    /// Everything up to here was taken in, or named as a gap.
    cursor: Seq,
    held: BTreeMap<Seq, Held>,
    /// Whether nothing was taken in yet that says where reading starts.
    is_fresh: bool,
    /// What came while something before it was missing.
    early: BTreeMap<Seq, (EntryFrame, Age)>,
    /// Whether what is missing was asked for.
    asked: bool,
    /// Whether the server has named it in this session.
    named: bool,
    roster: Roster,
}

impl Conversation {
    /// Without a cursor of an earlier run it starts at its head; one with a single user starts where
    /// the account has read, because its first messages may have come while nobody was here.
    pub(super) fn new(facts: ConversationFrame, cursor: Option<Seq>) -> Self {
        let start = match facts.conversation {
            Address::Direct(_) => facts.unread.read.max(facts.start.previous()),
            Address::Everyone | Address::Room(_) => facts.head,
        };
        Self {
            cursor: cursor.unwrap_or(start).min(facts.head),
            is_fresh: cursor.is_none(),
            facts,
            held: BTreeMap::new(),
            early: BTreeMap::new(),
            asked: false,
            named: true,
            roster: Roster::default(),
        }
    }

    /// A session begins, in which the server has not named it yet.
    pub(super) const fn unname(&mut self) {
        self.named = false;
    }

    /// Whether the server has named it in this session.
    pub(super) const fn is_named(&self) -> bool {
        self.named
    }

    /// What people type for it.
    #[must_use]
    pub const fn address(&self) -> &Address {
        &self.facts.conversation
    }

    /// What is said about it; kept up to date by its entries.
    #[must_use]
    pub const fn facts(&self) -> &ConversationFrame {
        &self.facts
    }

    /// How many of these entries, the last included, stand before what is kept and may be read.
    #[must_use]
    pub fn lost(&self, from: Seq, to: Seq) -> u64 {
        let end = to.next().min(self.facts.start);
        end.get().saturating_sub(from.get())
    }

    /// The last entry that was taken in or named as left out.
    #[must_use]
    pub const fn cursor(&self) -> Seq {
        self.cursor
    }

    /// The members, as far as they were listed.
    #[must_use]
    pub const fn roster(&self) -> &Roster {
        &self.roster
    }

    /// The entries that are held, oldest first.
    pub fn entries(&self) -> impl DoubleEndedIterator<Item = &Held> {
        self.held.values()
    }

    /// One entry, if it is held.
    #[must_use]
    pub fn held(&self, seq: Seq) -> Option<&Held> {
        self.held.get(&seq)
    }

    /// Where the entries that are held have holes: the first and the last that is not.
    pub fn gaps(&self) -> impl Iterator<Item = (Seq, Seq)> {
        let next = self.held.keys().skip(1);
        self.held
            .keys()
            .zip(next)
            .filter(|(before, after)| before.next() < **after)
            .map(|(before, after)| (before.next(), after.previous()))
    }

    /// A user's newest message that still stands.
    #[must_use]
    pub fn last_by(&self, user: &UserName) -> Option<Seq> {
        let standing = |held: &&Held| {
            let entry = held.entry();
            entry.by == *user && matches!(entry.body, EntryBody::Posted { deleted: false, .. })
        };
        self.entries().rfind(standing).map(|held| held.entry().seq)
    }

    /// Where the next page of earlier entries ends: the newest gap first. Nothing when all that is
    /// kept is held.
    #[must_use]
    pub fn page_before(&self) -> Option<Seq> {
        let mut missing = self.cursor;
        for &seq in self.held.keys().rev() {
            if seq != missing {
                break;
            }
            missing = seq.previous();
        }
        (missing >= self.facts.start && missing > Seq::ZERO).then_some(missing.next())
    }

    pub(super) const fn roster_mut(&mut self) -> &mut Roster {
        &mut self.roster
    }

    pub(super) fn call(&mut self, now: Address) {
        self.facts.conversation = now;
    }

    pub(super) const fn set_unread(&mut self, unread: Unread) {
        self.facts.unread = unread;
    }

    pub(super) fn introduce_again(&mut self, facts: ConversationFrame) {
        if facts.head < self.cursor {
            // Not the log that was known: the server's data was replaced.
            *self = Self::new(facts, None);
        } else {
            self.facts = facts;
            self.named = true;
        }
    }

    pub(super) const fn cut_off(&mut self) {
        self.asked = false;
    }

    /// The last entry that is missing before the first that is there.
    fn hole_end(&self, current: bool) -> Seq {
        match self.early.keys().next() {
            Some(first) => first.previous(),
            None if current => self.facts.head,
            None => self.cursor,
        }
    }

    /// What to ask for; once until it was answered.
    pub(super) fn wanted(&mut self, current: bool) -> Option<History> {
        let missing = self
            .hole_end(current)
            .get()
            .saturating_sub(self.cursor.get());
        if missing == 0 || self.asked {
            return None;
        }
        self.asked = true;
        Some(History {
            of: self.address().clone(),
            before: None,
            after: Some(self.cursor),
            limit: u32::try_from(missing.min(PAGE)).ok(),
        })
    }

    /// Names as a gap what of a hole is too long to be asked for.
    pub(super) fn bound_hole(&mut self, current: bool, changes: &mut Vec<Change>) {
        let end = self.hole_end(current).get();
        if end.saturating_sub(self.cursor.get()) > HOLE_MAX {
            self.leave_out(Seq::new(end - HOLE_MAX), changes);
        }
    }

    /// Everything up to and with `to` that has not come is a gap.
    fn leave_out(&mut self, to: Seq, changes: &mut Vec<Change>) {
        if to > self.cursor {
            changes.push(Change::Gap {
                conversation: self.address().clone(),
                from: self.cursor.next(),
                to,
            });
            self.cursor = to;
            self.early = self.early.split_off(&to.next());
        }
    }

    /// Everything up to and with `to` that has not come is a gap; takes in what waited behind it.
    pub(super) fn skip(
        &mut self,
        to: Seq,
        reader: &Reader,
        changes: &mut Vec<Change>,
    ) -> Vec<Consequence> {
        self.leave_out(to, changes);
        self.drain_early(reader, changes)
    }

    /// Takes an entry in, and what waited for it.
    pub(super) fn entry(
        &mut self,
        entry: EntryFrame,
        age: Age,
        reader: &Reader,
        changes: &mut Vec<Change>,
    ) -> Vec<Consequence> {
        if mem::take(&mut self.is_fresh) {
            // A conversation that begins is told of with a head that counts its first entries.
            self.cursor = self.cursor.min(entry.seq.previous());
        }
        if entry.seq > self.cursor {
            self.early.entry(entry.seq).or_insert((entry, age));
        }
        let mut consequences = self.drain_early(reader, changes);
        if self.early.len() > EARLY_MAX {
            consequences.extend(self.skip(self.hole_end(true), reader, changes));
        }
        self.bound_hole(false, changes);
        consequences
    }

    /// Takes in what waits and has nothing missing before it any more.
    fn drain_early(&mut self, reader: &Reader, changes: &mut Vec<Change>) -> Vec<Consequence> {
        let mut consequences = Vec::new();
        while let Some((entry, age)) = self.early.remove(&self.cursor.next()) {
            self.cursor = entry.seq;
            self.count(&entry, reader);
            consequences.extend(Consequence::of(&entry));
            self.roster.follow(&entry);
            self.note(&entry, reader);
            // What was read back for a backlog has its reactions in it already.
            let as_of = match &entry.body {
                EntryBody::Posted { reactions, .. } if !reactions.is_empty() => self.facts.head,
                _ => entry.seq,
            };
            self.hold(entry, as_of, age, changes);
        }
        consequences
    }

    /// Takes a page of history in.
    pub(super) fn page(
        &mut self,
        entries: Vec<EntryFrame>,
        end: Option<&HistoryEnd>,
        purpose: Purpose,
        reader: &Reader,
        changes: &mut Vec<Change>,
    ) -> Vec<Consequence> {
        let before = self.cursor;
        let as_of = end.map_or(Seq::ZERO, |end| end.head);
        for entry in entries {
            if entry.seq > self.cursor {
                self.early.entry(entry.seq).or_insert((entry, Age::Missed));
            } else if purpose == Purpose::Past && !self.held.contains_key(&entry.seq) {
                self.hold(entry, as_of, Age::Past, changes);
            }
        }
        if let Some(end) = end {
            self.facts.start = self.facts.start.max(end.start);
        }
        let mut consequences = self.drain_early(reader, changes);
        if purpose == Purpose::Hole {
            self.asked = false;
            if self.cursor == before {
                // What cannot be had is named rather than waited for.
                consequences.extend(self.skip(self.hole_end(true), reader, changes));
            }
            self.bound_hole(false, changes);
        }
        consequences
    }

    fn hold(&mut self, entry: EntryFrame, as_of: Seq, age: Age, changes: &mut Vec<Change>) {
        let conversation = self.address().clone();
        let seq = entry.seq;
        if let Some(target) = held::target(&entry.body)
            && self
                .held
                .get_mut(&target)
                .is_some_and(|held| held.amend(&entry))
        {
            changes.push(Change::Amended {
                conversation: conversation.clone(),
                seq: target,
            });
        }
        self.held.insert(seq, Held::new(entry, as_of.max(seq)));
        changes.push(Change::Entry {
            conversation,
            seq,
            age,
        });
        if self.held.len() > HELD_MAX && age != Age::Past {
            self.held.pop_first();
        }
    }

    /// Counts what is new since the server counted, as the server counts it.
    fn count(&mut self, entry: &EntryFrame, reader: &Reader) {
        if entry.seq <= self.facts.head {
            return;
        }
        self.facts.head = entry.seq;
        let calls = |entry| u64::from(!self.facts.silent && reader.is_called_by(entry));
        if reader.is_told(entry) {
            let calls = calls(entry);
            self.facts.unread.unread += 1;
            self.facts.unread.mentions += calls;
        } else if let EntryBody::Deleted { target } = entry.body
            && target > self.facts.unread.read
            && let Some(gone) = self.held(target).map(Held::entry)
            && reader.is_told(gone)
        {
            let calls = calls(gone);
            let unread = &mut self.facts.unread;
            unread.unread = unread.unread.saturating_sub(1);
            unread.mentions = unread.mentions.saturating_sub(calls);
        }
    }

    /// Keeps up to date what is said about the conversation.
    fn note(&mut self, entry: &EntryFrame, reader: &Reader) {
        match &entry.body {
            EntryBody::Topic { topic } => self.facts.topic = Some(topic.clone()),
            EntryBody::Visibility { visibility } => self.facts.visibility = Some(*visibility),
            EntryBody::Archived {} => self.facts.archived = true,
            EntryBody::Unarchived {} => self.facts.archived = false,
            EntryBody::Role { user, role } if reader.is(user) => self.facts.role = Some(*role),
            _ => {}
        }
    }
}
