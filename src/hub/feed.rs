//! What a session reads: a cursor for each conversation, and a note of what has news.
//!
//! The hub wakes, it does not push. It marks a conversation as having news up to a certain entry; the
//! session reads after its cursor when it gets to it. Marks merge, so a session that is slow or asleep
//! costs one mark a conversation, however much is said.

use std::{
    collections::VecDeque,
    mem,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll, Waker},
};

use bytes::Bytes;

use crate::{
    model::{Account, Address, ConversationId, Reason, RoomName, Seq},
    store::Membership,
};

use super::{
    ask::Outcome,
    cursor::{Cursor, Cursors},
    slip::{Change, Pending, Slip},
    tail::{Copied, Encode, Wanted},
};

/// Tells the attached sessions apart; never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SessionKey(pub(super) u64);

/// Why the hub ended a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// Its token was revoked, by its owner or the operator.
    Revoked,
    /// The password was changed elsewhere.
    PasswordChanged,
    /// The account was disabled or deleted.
    Disabled,
    /// Its token has reached the age at which one must log in again.
    Expired,
}

/// A conversation the session reads from now on.
#[derive(Clone, Debug)]
pub struct Opened {
    /// What the store knows of the membership.
    pub membership: Membership,
    /// What its reader types for it.
    pub address: Address,
    /// What the client's cursor called it, where that is an earlier name.
    pub was: Option<Address>,
    /// The entries left out between the client's cursor and where reading starts.
    pub gap: Option<(Seq, Seq)>,
}

/// Something a session is told that is no entry: of several about one thing the latest wins.
#[derive(Clone, Debug)]
pub enum Value {
    /// The account was asked into a room.
    Invited {
        /// Which.
        room: RoomName,
        /// By whom.
        by: Account,
    },
    /// Another session of the account has read this far.
    Read {
        /// Where.
        conversation: Address,
        /// Up to and with this entry.
        seq: Seq,
        /// Messages after it.
        unread: u64,
        /// Mentions after it.
        mentions: u64,
    },
    /// Somebody came, went or is away.
    Presence {
        /// Who.
        account: Account,
        /// Whether a session of theirs is attached.
        online: bool,
        /// Why they are away, if they are.
        away: Option<Reason>,
    },
    /// Somebody is typing.
    Typing {
        /// Where.
        conversation: Address,
        /// Who.
        account: Account,
    },
    /// Something the account's owner should know.
    Notice(String),
}

/// What the hub has left for a session since it last looked.
#[derive(Debug, Default)]
pub struct News {
    /// To be sent after the entries of the same look.
    pub answers: Vec<(u64, Outcome)>,
    /// To be sent in any order.
    pub values: VecDeque<Value>,
    /// The session is over; nothing else counts.
    pub ended: Option<Ended>,
}

/// What has woken a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Woken {
    /// The hub has left something.
    News,
    /// The bell was rung, see [`Feed::bell`].
    Bell,
}

/// What to do next to bring a session up to date.
#[derive(Debug)]
pub enum Step {
    /// Nothing: all that was marked has been copied.
    Done,
    /// Say that this conversation is read from here on; its entries come after, and those of an
    /// earlier stay in it have come before.
    Opened(Box<Opened>),
    /// The buffer is full: write it, then go on.
    Full,
    /// Write these bytes before anything else; the buffer was empty.
    Run(Bytes),
    /// Read these entries from the store, then say with [`Feed::has_read`] how far that went.
    Store {
        /// Where.
        conversation: ConversationId,
        /// What the reader calls it.
        address: Address,
        /// After this one.
        after: Seq,
        /// Up to and with this one.
        up_to: Seq,
    },
}

/// Sessions that are over and that the hub has not seen go yet.
#[derive(Clone, Debug, Default)]
pub(super) struct Departures(Arc<Mutex<Vec<SessionKey>>>);

impl Departures {
    fn add(&self, key: SessionKey) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(key);
    }

    pub(super) fn take(&self) -> Vec<SessionKey> {
        mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The session's end of a feed: its cursors and what the hub has left for it.
///
/// Owned by one session. Dropping it detaches the session, however it ended.
#[derive(Debug)]
pub struct Feed {
    key: SessionKey,
    slip: Arc<Slip>,
    cursors: Cursors,
    departures: Departures,
}

impl Drop for Feed {
    fn drop(&mut self) {
        self.departures.add(self.key);
    }
}

impl Feed {
    pub(super) fn new(key: SessionKey, slip: Arc<Slip>, departures: Departures) -> Self {
        Self {
            key,
            slip,
            cursors: Cursors::default(),
            departures,
        }
    }

    /// Of a session that no hub knows.
    #[cfg(test)]
    pub(crate) fn alone() -> Self {
        Self::new(SessionKey(0), Arc::default(), Departures::default())
    }

    /// Leaves a value as the hub would.
    #[cfg(test)]
    pub(crate) fn leave(&self, value: Value) {
        self.slip.value(value);
    }

    /// The conversation that the reader means by an address, if it reads that one.
    #[must_use]
    pub fn conversation(&self, address: &Address) -> Option<ConversationId> {
        let mut open = self.cursors.open();
        open.find(|cursor| cursor.address == *address)
            .map(|cursor| cursor.conversation)
    }

    /// What the hub knows this session by.
    #[must_use]
    pub const fn key(&self) -> SessionKey {
        self.key
    }

    /// What the reader calls a conversation that it reads.
    #[must_use]
    pub fn address(&self, conversation: ConversationId) -> Option<&Address> {
        let mut open = self.cursors.open();
        open.find(|cursor| cursor.conversation == conversation)
            .map(|cursor| &cursor.address)
    }

    /// For whatever else the session waits for: wakes it as news does, and [`Feed::poll_woken`] says
    /// which of the two it was.
    #[must_use]
    pub fn bell(&self) -> Waker {
        Waker::from(Arc::clone(&self.slip))
    }

    /// Waits until the hub has left something or the bell was rung, which is said first. A wake-up is
    /// stored, not lost. For one task at a time.
    pub fn poll_woken(&self, cx: &Context<'_>) -> Poll<Woken> {
        self.slip.poll_woken(cx)
    }

    /// Takes what the hub has left; entries are then to be had by [`Feed::copy`].
    pub fn take(&mut self) -> News {
        let Pending {
            marks,
            changes,
            news,
        } = self.slip.take();
        for change in changes {
            self.change(change);
        }
        for (conversation, up_to) in marks {
            self.cursors.mark(conversation, up_to);
        }
        self.cursors.drop_over();
        news
    }

    fn change(&mut self, change: Change) {
        match change {
            Change::Open(opened, side, tail, next) => {
                self.cursors.push(Cursor {
                    conversation: opened.membership.conversation,
                    address: opened.address.clone(),
                    renamings: VecDeque::new(),
                    side,
                    tail,
                    next,
                    up_to: opened.membership.head,
                    closing: false,
                    opened: Some(opened),
                });
            }
            Change::Close(conversation, last) => self.cursors.close(conversation, last),
            Change::Rename(conversation, renaming) => self.cursors.rename(conversation, &renaming),
        }
    }

    /// Appends what is pending to `out` until that is `full` bytes long. Much that is pending comes as
    /// a [`Step::Run`] instead, about as long at most.
    pub fn copy(&mut self, encode: Encode, out: &mut Vec<u8>, full: usize) -> Step {
        for cursor in self.cursors.behind() {
            if let Some(opened) = cursor.opened.take() {
                return Step::Opened(opened);
            }
            while cursor.next <= cursor.up_to {
                if out.len() >= full {
                    return Step::Full;
                }
                let up_to = cursor.up_to_renaming();
                let wanted = Wanted {
                    next: cursor.next,
                    up_to,
                    side: cursor.side,
                    full,
                };
                if out.is_empty()
                    && let Some((last, run)) = cursor.tail.run(wanted, encode)
                {
                    cursor.next = last.next();
                    return Step::Run(run);
                }
                match cursor.tail.copy(wanted, encode, out) {
                    Copied::UpTo(seq) => cursor.next = seq.next(),
                    Copied::Behind => {
                        return Step::Store {
                            conversation: cursor.conversation,
                            address: cursor.address.clone(),
                            after: cursor.next.previous(),
                            up_to,
                        };
                    }
                }
            }
        }
        self.cursors.settle();
        Step::Done
    }

    /// Entries up to and with `seq` have been read from the store.
    pub fn has_read(&mut self, conversation: ConversationId, seq: Seq) {
        let mut behind = self.cursors.behind().iter_mut();
        if let Some(cursor) = behind.find(|c| c.conversation == conversation && c.next <= c.up_to) {
            cursor.next = cursor.next.max(seq.next());
        }
    }
}
