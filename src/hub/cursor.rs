//! How far a session has read one conversation, and what it calls it there.

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

#[cfg(test)]
mod tests {
    use crate::model::RoomName;

    use super::*;

    fn at(address: &str) -> Address {
        Address::parse(address).unwrap()
    }

    #[test]
    fn a_renaming_is_told_under_the_old_name_and_what_follows_under_the_new_one() {
        let renaming = |after, name| Renaming {
            after: Seq::new(after),
            place: Place::Room(RoomName::parse(name).unwrap()),
        };
        let mut cursor = Cursor {
            conversation: ConversationId::new(7),
            address: at("#ops"),
            renamings: [renaming(4, "fire"), renaming(6, "water")].into(),
            side: Side::First,
            tail: Arc::default(),
            next: Seq::new(3),
            up_to: Seq::new(9),
            closing: false,
            opened: None,
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
