//! What the server answers.

use std::time::Duration;

use tokio::time::Instant;

use super::{Asked, Core, RequestId, Update};
use crate::{
    client::state::Purpose,
    model::{Address, MessageId},
    protocol::{Answer, Code, EntryFrame, Failure, Hit, Verb},
};

/// Entries or hits taken as one answer, whatever a server sends.
const PAGE_MAX: usize = 2_000;
/// How long to wait where the server does not say.
const POSTPONE_DELAY: Duration = Duration::from_secs(2);

impl Core {
    pub(super) fn collect(&mut self, id: RequestId, entry: EntryFrame) {
        if let Some(Asked::Hole { entries, .. } | Asked::Past { entries, .. }) =
            self.asked.get_mut(&id)
            && entries.len() < PAGE_MAX
        {
            entries.push(entry);
        }
    }

    pub(super) fn found(&mut self, hit: Hit) {
        if let Some(Asked::Question { hits, .. }) = self.asked.get_mut(&hit.id)
            && hits.len() < PAGE_MAX
        {
            hits.push(hit);
        }
    }

    pub(super) fn answered(&mut self, answer: Answer) {
        match self.asked.remove(&answer.id) {
            Some(Asked::Item(message)) => drop(self.outbox.done(&message)),
            Some(Asked::Hole { of, entries }) => {
                let end = answer.history;
                let changes = self.state.page(&of, entries, end.as_ref(), Purpose::Hole);
                self.changed(changes);
            }
            Some(Asked::Past { verb, of, entries }) => {
                let end = answer.history;
                let changes = self.state.page(&of, entries, end.as_ref(), Purpose::Past);
                self.changed(changes);
                self.answer(verb, answer, Vec::new());
            }
            Some(Asked::Question { verb, hits }) => {
                self.follow(&verb, &answer);
                self.answer(verb, answer, hits);
            }
            Some(Asked::Quiet(verb)) => {
                self.marks.answered(&verb);
                self.follow(&verb, &answer);
            }
            None => {}
        }
    }

    fn answer(&mut self, verb: Verb, answer: Answer, hits: Vec<Hit>) {
        if matches!(verb, Verb::Logout(_)) {
            self.forget_credentials();
            return self.tell(Update::LoggedOut);
        }
        let answer = Box::new(answer);
        self.tell(Update::Answer { verb, answer, hits });
    }

    /// What an answer changes in what is known.
    fn follow(&mut self, verb: &Verb, answer: &Answer) {
        if let Some(positions) = &answer.read {
            let mut changes = Vec::new();
            self.state.read(positions, &mut changes);
            self.changed(changes);
        }
        match verb {
            Verb::Search(search) => self.remember_search(search, answer.next),
            Verb::Members(list) => {
                let page = answer.members.as_deref().unwrap_or_default();
                let room = Address::Room(list.what.room.clone());
                self.state.members(&room, page, list.after.is_none());
            }
            Verb::Blocks(_) => {
                let users = answer.users.iter().flatten();
                self.state.blocks(users.map(|line| line.user.clone()));
            }
            Verb::Block(of) => self.state.block(of.user.clone()),
            Verb::Unblock(of) => self.state.unblock(&of.user),
            _ => {}
        }
    }

    pub(super) fn failed(&mut self, failure: Failure) {
        let asked = failure.id.and_then(|id| self.asked.remove(&id));
        match asked {
            Some(Asked::Item(message)) => self.not_taken(&message, failure),
            Some(Asked::Hole { of, .. }) => {
                let changes = self.state.page(&of, Vec::new(), None, Purpose::Hole);
                self.changed(changes);
            }
            Some(Asked::Past { verb, .. } | Asked::Question { verb, .. }) => {
                let reason = failure.text;
                self.tell(Update::Failed { verb, reason });
            }
            Some(Asked::Quiet(verb)) => self.marks.answered(&verb),
            None => {}
        }
    }

    fn not_taken(&mut self, message: &MessageId, failure: Failure) {
        if !is_passing(failure.code) {
            if let Some(item) = self.outbox.refuse(message, failure.text).cloned() {
                self.tell(Update::Refused(item));
            }
            return;
        }
        let wait = failure
            .retry_ms
            .map_or(POSTPONE_DELAY, Duration::from_millis);
        self.outbox.postpone(message, Instant::now() + wait);
        let item = self
            .outbox
            .items()
            .iter()
            .find(|item| item.message == *message);
        if let Some(item) = item.cloned() {
            let reason = failure.text;
            self.tell(Update::Postponed { item, reason, wait });
        }
    }
}

/// Whether the same request will do later.
const fn is_passing(code: Code) -> bool {
    matches!(
        code,
        Code::Busy | Code::Throttled | Code::Unavailable | Code::SlowDown
    )
}
