//! Where attempts wait for their turn: at most so many, at most so long.
//!
//! Knows who waits, not who is next: how each of them has behaved changes while they wait, so their
//! order is worked out when there is a turn to give.

use super::{
    Family,
    rule::{ASKER, Millis, NETWORK, Rule},
    table::Key,
};

/// The most attempts that wait, at all accounts together. One more and the worst of them is refused.
pub(super) const ROOM_MAX: usize = 128;
/// How long an attempt may wait: a client, and whoever sits before it, waits for longer.
pub(super) const WAIT_MAX: Millis = 4500;

/// An attempt that waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Waiter {
    pub(super) ticket: u64,
    pub(super) since: Millis,
    pub(super) family: Family,
    /// The counter whose turns it waits for.
    pub(super) moment: Key,
    pub(super) asked: Asked,
}

/// What says how somebody has behaved towards an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Asked {
    pub(super) network: Key,
    pub(super) neighbourhood: Key,
    pub(super) asker: Key,
}

impl Asked {
    /// From the widest to the narrowest, each with its rule.
    pub(super) const fn rules(self) -> [(Key, Rule); 3] {
        [
            (self.network, NETWORK),
            (self.neighbourhood, NETWORK),
            (self.asker, ASKER),
        ]
    }
}

/// The attempts that wait.
#[derive(Debug, Default)]
pub(super) struct Room {
    waiters: Vec<Waiter>,
    tickets: u64,
}

impl Room {
    /// A place; its number tells it from all others, and later ones are higher.
    pub(super) fn enter(
        &mut self,
        since: Millis,
        family: Family,
        moment: Key,
        asked: Asked,
    ) -> u64 {
        self.tickets += 1;
        self.waiters.push(Waiter {
            ticket: self.tickets,
            since,
            family,
            moment,
            asked,
        });
        self.tickets
    }

    pub(super) fn find(&self, ticket: u64) -> Option<Waiter> {
        let found = self.waiters.iter().find(|waiter| waiter.ticket == ticket);
        found.copied()
    }

    pub(super) fn leave(&mut self, ticket: u64) {
        self.waiters.retain(|waiter| waiter.ticket != ticket);
    }

    pub(super) fn waiters(&self) -> &[Waiter] {
        &self.waiters
    }
}
