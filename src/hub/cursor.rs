//! How far a session has read each conversation, and what it calls it there.

use std::{collections::VecDeque, sync::Arc};

use crate::model::{Address, ConversationId, Seq};

use super::{
    feed::Opened,
    place::{Place, Side},
    tail::Tail,
};

/// One conversation as a session reads it. Owned by the session's feed.
#[derive(Debug)]
pub(super) struct Cursor {
    pub(super) conversation: ConversationId,
    /// What the reader calls it at `next`.
    pub(super) address: Address,
    /// What it is called later on, in order.
    pub(super) renamings: VecDeque<Renaming>,
    pub(super) side: Side,
    pub(super) tail: Arc<Tail>,
    pub(super) next: Seq,
    pub(super) up_to: Seq,
    pub(super) closing: bool,
    /// Until the reader was told that it reads this.
    pub(super) opened: Option<Box<Opened>>,
}

/// What a conversation is called after an entry.
#[derive(Clone, Debug)]
pub(super) struct Renaming {
    pub(super) after: Seq,
    pub(super) place: Place,
}

impl Cursor {
    /// Whether it is closing and has told all.
    fn is_over(&self) -> bool {
        self.closing && self.next > self.up_to
    }

    /// The last entry that can be told under the name the reader knows: a renaming is told under
    /// the old name, what follows under the new one. Takes over the names of renamings that have
    /// been read.
    pub(super) fn up_to_renaming(&mut self) -> Seq {
        while let Some(renaming) = self.renamings.pop_front() {
            if self.next <= renaming.after {
                let after = renaming.after;
                self.renamings.push_front(renaming);
                return self.up_to.min(after);
            }
            self.address = renaming.place.seen_from(self.side);
        }
        self.up_to
    }
}

/// The cursors of a session.
///
/// Those that may have something to tell stand first, and stay in front when they have told it. So who
/// reads many conversations looks, for each entry, at the few in which something was said of late.
#[derive(Debug, Default)]
pub(super) struct Cursors {
    list: Vec<Cursor>,
    /// How many may have something to tell, in the order in which they were roused. Whichever are closing
    /// are among them.
    behind: usize,
}

impl Cursors {
    /// Those of conversations that the session goes on reading.
    pub(super) fn open(&self) -> impl Iterator<Item = &Cursor> {
        self.list.iter().filter(|cursor| !cursor.closing)
    }

    /// Those that may have something to tell. An earlier stay in a conversation comes before a later one.
    pub(super) fn behind(&mut self) -> &mut [Cursor] {
        self.list.get_mut(..self.behind).unwrap_or_default()
    }

    pub(super) fn push(&mut self, cursor: Cursor) {
        self.list.push(cursor);
        self.rouse(self.list.len() - 1);
    }

    /// There are entries up to `up_to`.
    pub(super) fn mark(&mut self, conversation: ConversationId, up_to: Seq) {
        if let Some(cursor) = self.rouse_open(conversation) {
            cursor.up_to = cursor.up_to.max(up_to);
        }
    }

    /// Nothing after `last` is to be told.
    pub(super) fn close(&mut self, conversation: ConversationId, last: Seq) {
        if let Some(cursor) = self.rouse_open(conversation) {
            cursor.closing = true;
            cursor.up_to = last;
        }
    }

    pub(super) fn rename(&mut self, conversation: ConversationId, renaming: &Renaming) {
        for index in 0..self.list.len() {
            if let Some(cursor) = self.list.get_mut(index)
                && cursor.conversation == conversation
            {
                cursor.renamings.push_back(renaming.clone());
                self.rouse(index);
            }
        }
    }

    /// Drops those that are closing and have told all.
    pub(super) fn drop_over(&mut self) {
        let over = self.behind().iter().filter(|cursor| cursor.is_over());
        let over = over.count();
        if over > 0 {
            self.list.retain(|cursor| !cursor.is_over());
            self.behind -= over;
        }
    }

    /// All have told what they had.
    pub(super) fn settle(&mut self) {
        for cursor in self.behind() {
            cursor.up_to_renaming();
        }
        self.drop_over();
        self.behind = 0;
    }

    fn rouse_open(&mut self, conversation: ConversationId) -> Option<&mut Cursor> {
        let mut cursors = self.list.iter();
        let index = cursors.position(|c| c.conversation == conversation && !c.closing)?;
        let index = self.rouse(index);
        self.list.get_mut(index)
    }

    /// Puts a cursor behind all that may have something to tell, unless it is one of them. Says where it
    /// stands then.
    fn rouse(&mut self, index: usize) -> usize {
        if index < self.behind {
            return index;
        }
        self.list.swap(index, self.behind);
        self.behind += 1;
        self.behind - 1
    }
}

#[cfg(test)]
mod tests {
    use crate::model::RoomName;

    use super::*;

    fn at(address: &str) -> Address {
        Address::parse(address).unwrap()
    }

    fn renaming(after: u64, name: &str) -> Renaming {
        Renaming {
            after: Seq::new(after),
            place: Place::Room(RoomName::parse(name).unwrap()),
        }
    }

    fn cursor(conversation: u64, next: u64, up_to: u64) -> Cursor {
        Cursor {
            conversation: ConversationId::new(conversation),
            address: at("#ops"),
            renamings: VecDeque::new(),
            side: Side::First,
            tail: Arc::default(),
            next: Seq::new(next),
            up_to: Seq::new(up_to),
            closing: false,
            opened: None,
        }
    }

    /// Cursors of so many conversations, in which all has been told up to the fourth entry.
    fn told(conversations: u64) -> Cursors {
        let mut cursors = Cursors::default();
        for conversation in 1..=conversations {
            cursors.push(cursor(conversation, 5, 4));
        }
        cursors.settle();
        cursors
    }

    /// Leaves a conversation, with two entries still to be told, and joins it again later.
    fn come_back(cursors: &mut Cursors, conversation: u64) {
        cursors.close(ConversationId::new(conversation), Seq::new(6));
        cursors.push(cursor(conversation, 9, 9));
    }

    /// What is to be told: of which conversation, up to where.
    fn to_tell(cursors: &mut Cursors) -> Vec<(ConversationId, u64)> {
        let behind = cursors.behind().iter();
        behind.map(|c| (c.conversation, c.up_to.get())).collect()
    }

    #[test]
    fn only_what_has_news_is_looked_at_in_the_order_in_which_it_came() {
        let mut cursors = told(9);
        let ids = [7, 2, 9].map(ConversationId::new);
        for turn in 5..8 {
            for id in ids.iter().chain(&ids) {
                cursors.mark(*id, Seq::new(turn));
            }
            assert_eq!(to_tell(&mut cursors), ids.map(|id| (id, turn)));
            cursors.settle();
            assert_eq!(to_tell(&mut cursors), []);
        }
        assert_eq!(cursors.open().count(), 9);
    }

    #[test]
    fn an_earlier_stay_comes_before_a_later_one_and_is_dropped_once_it_is_told() {
        let mut cursors = told(3);
        let id = ConversationId::new(2);
        come_back(&mut cursors, 2);
        cursors.mark(id, Seq::new(10));
        cursors.drop_over();
        assert_eq!(to_tell(&mut cursors), [(id, 6), (id, 10)]);
        for cursor in cursors.behind() {
            cursor.next = cursor.up_to.next();
        }
        cursors.drop_over();
        assert_eq!(to_tell(&mut cursors), [(id, 10)]);
        assert_eq!(cursors.list.len(), 3);
    }

    #[test]
    fn who_closes_with_the_last_that_was_told_is_dropped() {
        let mut cursors = told(3);
        cursors.close(ConversationId::new(2), Seq::new(4));
        cursors.settle();
        assert_eq!(cursors.list.len(), 2);
    }

    #[test]
    fn a_new_name_is_for_every_stay_in_a_conversation() {
        let mut cursors = told(5);
        let id = ConversationId::new(3);
        come_back(&mut cursors, 3);
        // Of one that is roused by it as well.
        let idle = ConversationId::new(5);
        for id in [id, idle] {
            cursors.rename(id, &renaming(5, "fire"));
        }
        let mut renamed = Vec::new();
        for cursor in cursors.behind() {
            renamed.push((cursor.conversation, cursor.renamings.len()));
        }
        assert_eq!(renamed, [(id, 1), (id, 1), (idle, 1)]);
        assert!(cursors.list.iter().skip(3).all(|c| c.renamings.is_empty()));
    }

    #[test]
    fn a_renaming_is_told_under_the_old_name_and_what_follows_under_the_new_one() {
        let mut cursor = Cursor {
            renamings: [renaming(4, "fire"), renaming(6, "water")].into(),
            ..cursor(7, 3, 9)
        };
        for (next, up_to, address) in [
            (3, 4, "#ops"),
            (4, 4, "#ops"),
            (5, 6, "#fire"),
            (7, 9, "#water"),
        ] {
            cursor.next = Seq::new(next);
            assert_eq!(cursor.up_to_renaming(), Seq::new(up_to), "from {next}");
            assert_eq!(cursor.address, at(address), "from {next}");
        }
    }
}
