//! The hub's end of a feed: where it leaves for a session what there is to read.
//!
//! Marks of one conversation merge and old values are dropped, so whoever does not look costs a bounded
//! amount of memory.

use std::{
    mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use smallvec::SmallVec;
use tokio::sync::Notify;

use crate::model::{ConversationId, Seq};

use super::{
    ask::Outcome,
    cursor::Renaming,
    feed::{Ended, News, Opened, Value},
    place::{Place, Side},
    tail::Tail,
};

/// The most values (presence, typing, read positions) that wait for one session; of more, the oldest
/// are dropped: a value is worth only as much as its newest state, which can be asked for.
const VALUES_MAX: usize = 256;

/// What the hub has left and the session has not taken yet.
#[derive(Debug, Default)]
pub(super) struct Pending {
    /// Up to where there are entries. Nearly always of one conversation, which takes no memory of its
    /// own.
    pub(super) marks: SmallVec<[(ConversationId, Seq); 1]>,
    /// What the marks are to be read by, in order.
    pub(super) changes: Vec<Change>,
    pub(super) news: News,
}

/// A change to the conversations that a session reads.
#[derive(Debug)]
pub(super) enum Change {
    Open(Box<Opened>, Side, Arc<Tail>, Seq),
    Close(ConversationId, Seq),
    Rename(ConversationId, Renaming),
}

/// The hub's end of a feed.
#[derive(Debug, Default)]
pub(super) struct Slip {
    pending: Mutex<Pending>,
    wake: Notify,
}

impl Slip {
    fn pending(&self) -> MutexGuard<'_, Pending> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes all there is. That the session is over stays.
    pub(super) fn take(&self) -> Pending {
        let mut pending = self.pending();
        let taken = mem::take(&mut *pending);
        pending.news.ended = taken.news.ended;
        taken
    }

    /// Waits until something was left. Cancel safe: a wake-up is stored, not lost.
    pub(super) async fn changed(&self) {
        self.wake.notified().await;
    }

    /// There are entries up to `up_to`.
    pub(super) fn mark(&self, conversation: ConversationId, up_to: Seq) {
        let mut pending = self.pending();
        match pending.marks.iter_mut().find(|(id, _)| *id == conversation) {
            Some((_, mark)) => *mark = up_to,
            None => pending.marks.push((conversation, up_to)),
        }
        drop(pending);
        self.wake();
    }

    pub(super) fn open(&self, opened: Opened, side: Side, tail: Arc<Tail>, next: Seq) {
        self.pending()
            .changes
            .push(Change::Open(Box::new(opened), side, tail, next));
        self.wake();
    }

    /// Nothing after `last` is for this session.
    pub(super) fn close(&self, conversation: ConversationId, last: Seq) {
        self.pending()
            .changes
            .push(Change::Close(conversation, last));
        self.wake();
    }

    /// The conversation is called something else after the entry `after`.
    pub(super) fn rename(&self, conversation: ConversationId, place: Place, after: Seq) {
        let renaming = Renaming { after, place };
        self.pending()
            .changes
            .push(Change::Rename(conversation, renaming));
    }

    pub(super) fn answer(&self, request: u64, outcome: Outcome) {
        self.pending().news.answers.push_back((request, outcome));
        self.wake();
    }

    pub(super) fn value(&self, value: Value) {
        let mut pending = self.pending();
        if pending.news.values.len() >= VALUES_MAX {
            pending.news.values.pop_front();
        }
        pending.news.values.push_back(value);
        drop(pending);
        self.wake();
    }

    pub(super) fn end(&self, why: Ended) {
        self.pending().news.ended.get_or_insert(why);
        self.wake();
    }

    /// Whether the session is over, whether or not it knows yet.
    pub(super) fn has_ended(&self) -> bool {
        self.pending().news.ended.is_some()
    }

    fn wake(&self) {
        #[cfg(test)]
        super::tests::waking::others_may_go_on();
        self.wake.notify_one();
        #[cfg(test)]
        super::tests::waking::others_may_go_on();
    }
}
