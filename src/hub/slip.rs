//! The hub's end of a feed: where it leaves for a session what there is to read.
//!
//! Marks of one conversation merge and old values are dropped, so whoever does not look costs a bounded
//! amount of memory.

use std::{
    collections::VecDeque,
    mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Wake, Waker},
};

use smallvec::SmallVec;

use crate::model::{ConversationId, Seq};

use super::{
    ask::Outcome,
    cursor::Renaming,
    feed::{Ended, News, Opened, Value, Woken},
    place::{Place, Side},
    tail::Tail,
};

/// The most values (presence, typing, read positions) that wait for one session; of more, the oldest
/// are dropped: a value is worth only as much as its newest state, which can be asked for.
const VALUES_MAX: usize = 256;

/// Up to where there are entries. Nearly always of one conversation, which takes no memory of its own.
pub(super) type Marks = SmallVec<[(ConversationId, Seq); 1]>;

/// What the hub has left and the session has not taken yet.
#[derive(Debug, Default)]
pub(super) struct Pending {
    pub(super) marks: Marks,
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

/// Small: who only reads has this looked at for each entry, when it has long gone cold.
#[derive(Debug, Default)]
struct State {
    marks: Marks,
    rest: Option<Box<Rest>>,
    ended: Option<Ended>,
    /// Whether there is more than when the session last looked or was woken.
    changed: bool,
    has_rung: bool,
    /// Of the session, while it waits.
    waker: Option<Waker>,
}

/// What comes seldom to who only reads.
#[derive(Debug, Default)]
struct Rest {
    changes: Vec<Change>,
    answers: Vec<(u64, Outcome)>,
    values: VecDeque<Value>,
}

impl State {
    fn mark(&mut self, conversation: ConversationId, up_to: Seq) {
        match self.marks.iter_mut().find(|(id, _)| *id == conversation) {
            Some((_, mark)) => *mark = up_to,
            None => self.marks.push((conversation, up_to)),
        }
    }

    fn rest(&mut self) -> &mut Rest {
        self.rest.get_or_insert_default()
    }
}

impl Slip {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes all there is. That the session is over stays.
    pub(super) fn take(&self) -> Pending {
        let mut state = self.state();
        state.changed = false;
        let (marks, rest, ended) = (mem::take(&mut state.marks), state.rest.take(), state.ended);
        drop(state);
        let Rest {
            changes,
            answers,
            values,
        } = rest.map(|rest| *rest).unwrap_or_default();
        Pending {
            marks,
            changes,
            news: News {
                answers,
                values,
                ended,
            },
        }
    }

    /// Waits until something was left or the bell has rung, which is said first. Cancel safe: a wake-up
    /// is stored, not lost.
    ///
    /// For one task at a time, the session's: of several only the last to be polled is woken.
    pub(super) fn poll_woken(&self, cx: &Context<'_>) -> Poll<Woken> {
        let mut state = self.state();
        if mem::take(&mut state.has_rung) {
            return Poll::Ready(Woken::Bell);
        }
        if mem::take(&mut state.changed) {
            return Poll::Ready(Woken::News);
        }
        match &mut state.waker {
            Some(waker) => waker.clone_from(cx.waker()),
            none => *none = Some(cx.waker().clone()),
        }
        Poll::Pending
    }

    /// There are entries up to `up_to`.
    pub(super) fn mark(&self, conversation: ConversationId, up_to: Seq) {
        self.leave(|state| state.mark(conversation, up_to));
    }

    /// As [`Slip::mark`], but wakes nobody: to be followed by [`Slip::wake_reader`]. Whoever looks before
    /// that sees it.
    pub(super) fn mark_quietly(&self, conversation: ConversationId, up_to: Seq) {
        let mut state = self.state();
        state.mark(conversation, up_to);
        state.changed = true;
    }

    /// Wakes the session for what it was not woken for.
    pub(super) fn wake_reader(&self) {
        self.rouse(|_| {});
    }

    pub(super) fn open(&self, opened: Opened, side: Side, tail: Arc<Tail>, next: Seq) {
        let change = Change::Open(Box::new(opened), side, tail, next);
        self.leave(|state| state.rest().changes.push(change));
    }

    /// Nothing after `last` is for this session.
    pub(super) fn close(&self, conversation: ConversationId, last: Seq) {
        let change = Change::Close(conversation, last);
        self.leave(|state| state.rest().changes.push(change));
    }

    /// The conversation is called something else after the entry `after`. Wakes nobody: the entry
    /// will.
    pub(super) fn rename(&self, conversation: ConversationId, place: Place, after: Seq) {
        let renaming = Renaming { after, place };
        let change = Change::Rename(conversation, renaming);
        self.state().rest().changes.push(change);
    }

    pub(super) fn answer(&self, mut answers: Vec<(u64, Outcome)>) {
        self.leave(|state| {
            let waiting = &mut state.rest().answers;
            if waiting.is_empty() {
                *waiting = answers;
            } else {
                waiting.append(&mut answers);
            }
        });
    }

    pub(super) fn value(&self, value: Value) {
        self.leave(|state| {
            let values = &mut state.rest().values;
            if values.len() >= VALUES_MAX {
                values.pop_front();
            }
            values.push_back(value);
        });
    }

    pub(super) fn end(&self, why: Ended) {
        self.leave(|state| {
            state.ended.get_or_insert(why);
        });
    }

    /// Whether the session is over, whether or not it knows yet.
    pub(super) fn has_ended(&self) -> bool {
        self.state().ended.is_some()
    }

    fn leave(&self, what: impl FnOnce(&mut State)) {
        self.rouse(|state| {
            what(state);
            state.changed = true;
        });
    }

    /// Notes something and wakes the session, which so finds it however the two are timed.
    fn rouse(&self, note: impl FnOnce(&mut State)) {
        let mut state = self.state();
        note(&mut state);
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

/// The bell.
impl Wake for Slip {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.rouse(|state| state.has_rung = true);
    }
}
