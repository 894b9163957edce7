//! The hub's end of a feed: where it leaves for a session what there is to read.
//!
//! Marks of one conversation merge and old values are dropped, so whoever does not look costs a bounded
//! amount of memory.

use std::{
    mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
};

use smallvec::SmallVec;

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
pub(super) struct Slip(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    pending: Pending,
    /// Whether there is more than when the session last looked or was woken.
    changed: bool,
    /// Of the session, while it waits.
    waker: Option<Waker>,
}

impl Slip {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes all there is. That the session is over stays.
    pub(super) fn take(&self) -> Pending {
        let mut state = self.state();
        state.changed = false;
        let taken = mem::take(&mut state.pending);
        state.pending.news.ended = taken.news.ended;
        taken
    }

    /// Waits until something was left. Cancel safe: a wake-up is stored, not lost.
    ///
    /// For one task at a time, the session's: of several only the last to be polled is woken.
    pub(super) fn poll_changed(&self, cx: &Context<'_>) -> Poll<()> {
        let mut state = self.state();
        if mem::take(&mut state.changed) {
            return Poll::Ready(());
        }
        match &mut state.waker {
            Some(waker) => waker.clone_from(cx.waker()),
            none => *none = Some(cx.waker().clone()),
        }
        Poll::Pending
    }

    /// There are entries up to `up_to`.
    pub(super) fn mark(&self, conversation: ConversationId, up_to: Seq) {
        self.leave(
            |pending| match pending.marks.iter_mut().find(|(id, _)| *id == conversation) {
                Some((_, mark)) => *mark = up_to,
                None => pending.marks.push((conversation, up_to)),
            },
        );
    }

    pub(super) fn open(&self, opened: Opened, side: Side, tail: Arc<Tail>, next: Seq) {
        let change = Change::Open(Box::new(opened), side, tail, next);
        self.leave(|pending| pending.changes.push(change));
    }

    /// Nothing after `last` is for this session.
    pub(super) fn close(&self, conversation: ConversationId, last: Seq) {
        self.leave(|pending| pending.changes.push(Change::Close(conversation, last)));
    }

    /// The conversation is called something else after the entry `after`. Wakes nobody: the entry
    /// will.
    pub(super) fn rename(&self, conversation: ConversationId, place: Place, after: Seq) {
        let renaming = Renaming { after, place };
        let change = Change::Rename(conversation, renaming);
        self.state().pending.changes.push(change);
    }

    pub(super) fn answer(&self, request: u64, outcome: Outcome) {
        self.leave(|pending| pending.news.answers.push_back((request, outcome)));
    }

    pub(super) fn value(&self, value: Value) {
        self.leave(|pending| {
            let values = &mut pending.news.values;
            if values.len() >= VALUES_MAX {
                values.pop_front();
            }
            values.push_back(value);
        });
    }

    pub(super) fn end(&self, why: Ended) {
        self.leave(|pending| {
            pending.news.ended.get_or_insert(why);
        });
    }

    /// Whether the session is over, whether or not it knows yet.
    pub(super) fn has_ended(&self) -> bool {
        self.state().pending.news.ended.is_some()
    }

    /// Leaves something and wakes the session, which so finds it however the two are timed.
    fn leave(&self, what: impl FnOnce(&mut Pending)) {
        let mut state = self.state();
        what(&mut state.pending);
        state.changed = true;
        let waker = state.waker.take();
        drop(state);
        #[cfg(test)]
        super::tests::waking::others_may_go_on();
        if let Some(waker) = waker {
            waker.wake();
        }
        #[cfg(test)]
        super::tests::waking::others_may_go_on();
    }
}
