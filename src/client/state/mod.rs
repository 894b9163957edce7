//! What the client knows of the chat. Pure: frames go in, changes to show come out.
//!
//! Promises: each entry is taken in once and in order, whatever is repeated, cut or reconnected; what
//! is missing is asked for, and what cannot be had is named as a gap. Knows nothing of the network
//! and nothing of screens.

mod change;
mod consequence;
mod conversation;
mod held;
mod people;
mod reader;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap};

use crate::{
    model::{Address, Seq, UserName},
    protocol::{
        ConversationFrame, Cursors, EntryFrame, Frame, History, HistoryEnd, InviteOffer,
        MemberLine, Positions, Unread,
    },
};

pub use change::{Age, Change, Purpose};
use consequence::Consequence;
pub use conversation::Conversation;
pub use held::Held;
pub use people::{Presence, Roster};
use reader::Reader;

/// Invitations kept for showing; the server limits them as well.
const INVITED_MAX: usize = 100;

/// What the client knows of the chat. Its owner feeds it every frame in the order they came.
#[derive(Debug, Default)]
pub struct State {
    reader: Reader,
    conversations: BTreeMap<Address, Conversation>,
    /// What was left in this session: its last entry says why, and is to be shown.
    former: BTreeMap<Address, Conversation>,
    /// What conversations were called earlier in this session.
    renamed: BTreeMap<Address, Address>,
    /// Cursors of an earlier run, for conversations that have not been named yet.
    remembered: Cursors,
    presence: HashMap<UserName, Presence>,
    invited: Vec<InviteOffer>,
    /// Whether the backlog of the last login is through.
    current: bool,
}

impl State {
    /// Starts where an earlier run of the client stood.
    #[must_use]
    pub fn new(cursors: Cursors) -> Self {
        Self {
            remembered: cursors,
            ..Self::default()
        }
    }

    /// A session begins as this user; everything that was live is not so any more.
    pub fn begin(&mut self, me: UserName) {
        self.reader.name = Some(me);
        self.current = false;
        self.presence.clear();
        self.invited.clear();
        self.former.clear();
        self.renamed.clear();
        for known in self.conversations.values_mut() {
            known.unname();
        }
    }

    /// Who one is, once logged in.
    #[must_use]
    pub const fn me(&self) -> Option<&UserName> {
        self.reader.name.as_ref()
    }

    /// Whether a message of somebody else calls its reader, who has not blocked them.
    #[must_use]
    pub fn is_called_by(&self, entry: &EntryFrame) -> bool {
        self.reader.is_called_by(entry)
    }

    /// Whom one has blocked, all of them: they call in vain from now on.
    pub fn blocks(&mut self, users: impl IntoIterator<Item = UserName>) {
        self.reader.blocked = users.into_iter().collect();
    }

    /// One has blocked somebody.
    pub fn block(&mut self, user: UserName) {
        self.reader.blocked.insert(user);
    }

    /// One has taken a block back.
    pub fn unblock(&mut self, user: &UserName) {
        self.reader.blocked.remove(user);
    }

    /// Whether everything that was missed has come.
    #[must_use]
    pub const fn is_current(&self) -> bool {
        self.current
    }

    /// The conversations, in the order of their addresses.
    pub fn conversations(&self) -> impl Iterator<Item = &Conversation> {
        self.conversations.values()
    }

    /// One conversation, also by what it was called earlier in this session, or one that was left in
    /// it: entries are to be shown that came before.
    #[must_use]
    pub fn conversation(&self, address: &Address) -> Option<&Conversation> {
        let now = self.renamed.get(address).unwrap_or(address);
        self.conversations.get(now).or_else(|| self.former.get(now))
    }

    /// Whether the server has said that one is in it; one that was left in this session is not.
    #[must_use]
    pub fn is_in(&self, address: &Address) -> bool {
        let now = self.renamed.get(address).unwrap_or(address);
        self.conversations.contains_key(now)
    }

    /// Whether somebody is online or away.
    #[must_use]
    pub fn presence(&self, user: &UserName) -> Option<&Presence> {
        self.presence.get(user)
    }

    /// The rooms one was asked into and has not joined.
    #[must_use]
    pub fn invited(&self) -> &[InviteOffer] {
        &self.invited
    }

    /// Where the client stands: what a login takes, and what the next run begins with.
    #[must_use]
    pub fn cursors(&self) -> Cursors {
        let mut cursors = self.remembered.clone();
        for conversation in self.conversations.values() {
            cursors.insert(
                conversation.address().to_string(),
                conversation.cursor().get(),
            );
        }
        cursors
    }

    /// The holes that are to be asked for; each is named once until it was answered.
    pub fn wanted(&mut self) -> Vec<History> {
        let current = self.current;
        self.conversations
            .values_mut()
            .filter_map(|conversation| conversation.wanted(current))
            .collect()
    }

    /// Forgets what was asked for on a connection that is gone.
    pub fn cut_off(&mut self) {
        self.current = false;
        for conversation in self.conversations.values_mut() {
            conversation.cut_off();
        }
    }

    /// Takes a frame in. Frames that answer a request are not for the state.
    pub fn apply(&mut self, frame: Frame) -> Vec<Change> {
        let mut changes = Vec::new();
        match frame {
            Frame::Entry(entry) => self.entry(entry, &mut changes),
            Frame::Gap {
                conversation, to, ..
            } => {
                if let Some(known) = self.conversations.get_mut(&conversation) {
                    let consequences = known.skip(to, &self.reader, &mut changes);
                    self.follow(conversation, consequences, &mut changes);
                }
            }
            Frame::Conversation(frame) => self.introduce(frame, &mut changes),
            Frame::Invited(offer) => self.invite(offer, &mut changes),
            Frame::Current {} => self.caught_up(&mut changes),
            Frame::Read(positions) => self.read(&positions, &mut changes),
            Frame::Presence(frame) => {
                changes.push(Change::Presence(frame.user.clone()));
                people::note(&mut self.presence, frame);
            }
            Frame::Typing { conversation, by } => changes.push(Change::Typing { conversation, by }),
            Frame::Notice { text } => changes.push(Change::Notice(text)),
            Frame::Hello(_)
            | Frame::Ok(_)
            | Frame::Error(_)
            | Frame::Past { .. }
            | Frame::Hit(_)
            | Frame::Ping {}
            | Frame::GoingAway { .. } => {}
        }
        changes
    }

    /// Takes a page of history in. Without an end it was refused: what is missing stays a gap.
    pub fn page(
        &mut self,
        of: &Address,
        entries: Vec<EntryFrame>,
        end: Option<&HistoryEnd>,
        purpose: Purpose,
    ) -> Vec<Change> {
        let mut changes = Vec::new();
        if let Some(known) = self.conversations.get_mut(of) {
            let reader = &self.reader;
            let consequences = known.page(entries, end, purpose, reader, &mut changes);
            self.follow(of.clone(), consequences, &mut changes);
        }
        changes
    }

    /// How far the account has read, as the server answered or told.
    pub fn read(&mut self, positions: &Positions, changes: &mut Vec<Change>) {
        if let Some(known) = self.conversations.get_mut(&positions.conversation) {
            known.set_unread(positions.unread);
            changes.push(Change::Read(positions.conversation.clone()));
        }
    }

    /// Takes a page of a room's members in; `whole` when it is the first.
    pub fn members(&mut self, room: &Address, page: &[MemberLine], first: bool) {
        if let Some(known) = self.conversations.get_mut(room) {
            known.roster_mut().list(page, first);
        }
        for line in page {
            people::seen(&mut self.presence, line);
        }
    }

    /// All that one is in has been named: of everything else one is out.
    fn caught_up(&mut self, changes: &mut Vec<Change>) {
        self.current = true;
        self.remembered.clear();
        let lost = self.conversations.values();
        let lost: Vec<_> = lost
            .filter(|known| !known.is_named())
            .map(|known| known.address().clone())
            .collect();
        for address in lost {
            self.lose(&address, changes);
        }
        for known in self.conversations.values_mut() {
            known.bound_hole(true, changes);
        }
        changes.push(Change::Current);
    }

    fn lose(&mut self, address: &Address, changes: &mut Vec<Change>) {
        if let Some(mut left) = self.conversations.remove(address) {
            // The server takes no word any more of how far one reads there.
            left.set_unread(Unread {
                read: left.cursor(),
                ..Unread::default()
            });
            self.former.insert(address.clone(), left);
            changes.push(Change::Gone(address.clone()));
        }
    }

    fn introduce(&mut self, frame: ConversationFrame, changes: &mut Vec<Change>) {
        let now = frame.conversation.clone();
        if let Some(was) = frame.was.clone().filter(|was| *was != now) {
            self.rename(&was, &now, changes);
        }
        self.former.remove(&now);
        self.renamed.remove(&now);
        let remembered = self.remembered.remove(&now.to_string()).map(Seq::new);
        match self.conversations.get_mut(&now) {
            Some(known) => known.introduce_again(frame),
            None => {
                let known = Conversation::new(frame, remembered);
                self.conversations.insert(now.clone(), known);
            }
        }
        if let Address::Room(room) = &now {
            self.invited.retain(|offer| offer.room != *room);
        }
        changes.push(Change::Conversation(now));
    }

    fn rename(&mut self, was: &Address, now: &Address, changes: &mut Vec<Change>) {
        if was == now {
            return;
        }
        if let Some(cursor) = self.remembered.remove(&was.to_string()) {
            self.remembered.insert(now.to_string(), cursor);
        }
        if let Some(mut known) = self.conversations.remove(was) {
            known.call(now.clone());
            self.conversations.insert(now.clone(), known);
            self.renamed.insert(was.clone(), now.clone());
            changes.push(Change::Renamed {
                was: was.clone(),
                now: now.clone(),
            });
        }
    }

    fn entry(&mut self, entry: EntryFrame, changes: &mut Vec<Change>) {
        let address = entry.conversation.clone();
        let age = if self.current { Age::New } else { Age::Missed };
        // There may be none: one that was left in the meantime.
        if let Some(known) = self.conversations.get_mut(&address) {
            let consequences = known.entry(entry, age, &self.reader, changes);
            self.follow(address, consequences, changes);
        }
    }

    fn follow(
        &mut self,
        mut address: Address,
        consequences: Vec<Consequence>,
        changes: &mut Vec<Change>,
    ) {
        for consequence in consequences {
            match consequence {
                Consequence::Renamed(room) => {
                    let now = Address::Room(room);
                    self.rename(&address, &now, changes);
                    address = now;
                }
                Consequence::Out(user) if self.reader.is(&user) => {
                    self.lose(&address, changes);
                }
                Consequence::Out(_) => {}
            }
        }
    }

    fn invite(&mut self, offer: InviteOffer, changes: &mut Vec<Change>) {
        self.invited.retain(|known| known.room != offer.room);
        if self.invited.len() < INVITED_MAX {
            self.invited.push(offer.clone());
        }
        changes.push(Change::Invited(offer));
    }
}
