//! What those whom an account does not know share at it, and who of them is next.

use std::cmp::Reverse;

use super::{
    Attempt, Family, Place, Relation, Throttle, Whose,
    room::{Asked, ROOM_MAX, WAIT_MAX, Waiter},
    rule::{ASKER, MOMENT, Millis, PROVEN},
    table::Key,
};

/// How soon to ask again while somebody else has the turn.
const TURN_INTERVAL: Millis = 100;

/// Whether an attempt may go on.
pub(super) enum Turn {
    Now,
    Later(Millis),
    Never,
}

impl Throttle {
    /// Whether a stranger has the next turn at an account, which may be one they have waited for.
    pub(super) fn turn(
        &mut self,
        family: Family,
        moment: Key,
        asked: Asked,
        place: &mut Option<Place>,
        now: Millis,
    ) -> Turn {
        let waiter = match place {
            None => {
                let ticket = self.room.enter(now, family, moment, asked);
                *place = Some(Place(ticket));
                self.room.find(ticket)
            }
            Some(Place(ticket)) => self.room.find(*ticket),
        };
        let Some(waiter) = waiter.filter(|waiter| now < waiter.since + WAIT_MAX) else {
            return Turn::Never;
        };
        let wait = self
            .tables(family)
            .guesses
            .get(moment)
            .until_few(MOMENT, now);
        let waiters = self.room.waiters().to_vec();
        let same = |other: &&Waiter| (other.family, other.moment) == (family, moment);
        let next = waiters
            .iter()
            .filter(same)
            .min_by_key(|other| self.rank(other, now));
        if wait == 0 && next == Some(&waiter) {
            return Turn::Now;
        }
        if waiters.len() > ROOM_MAX {
            let worst = waiters.iter().max_by_key(|other| self.rank(other, now));
            self.room
                .leave(worst.map_or(waiter.ticket, |worst| worst.ticket));
            if worst == Some(&waiter) {
                return Turn::Never;
            }
        }
        Turn::Later(wait.max(TURN_INTERVAL))
    }

    /// The less, the sooner they have a turn.
    fn rank(&mut self, waiter: &Waiter, now: Millis) -> (usize, u64, Reverse<u64>) {
        let likeness = self.likeness(waiter.family, waiter.asked, now);
        let asker = self.tables(waiter.family).asked.get(waiter.asked.asker);
        // Everybody here has asked, also where others were put in the place of that memory.
        let asked = asker.count(ASKER, now).max(1);
        (likeness, asked, Reverse(waiter.ticket))
    }

    /// How much somebody looks like those who have asked for an account before; see
    /// [`SHARES`](super::rule::SHARES).
    pub(super) fn likeness(&mut self, family: Family, asked: Asked, now: Millis) -> usize {
        let table = &mut self.tables(family).asked;
        let of_them = asked.rules();
        let few = of_them
            .iter()
            .position(|(key, rule)| table.get(*key).few(*rule, now));
        few.unwrap_or(of_them.len())
    }

    pub(super) fn note_asked(&mut self, family: Family, asked: Asked, now: Millis) {
        let table = &mut self.tables(family).asked;
        for (key, rule) in asked.rules() {
            table.enter(key).add(rule, now, 1);
        }
    }

    pub(super) fn asked(&self, attempt: &Attempt<'_>) -> Asked {
        let Attempt { name, origin, .. } = *attempt;
        Asked {
            network: self.key(&Whose::Network(origin.network(), name)),
            neighbourhood: self.key(&Whose::Neighbourhood(origin.neighbourhood(), name)),
            asker: self.key(&Whose::Asker(origin, name)),
        }
    }

    /// Whether the account knows the origin, by its tokens or by what was proven there.
    pub(super) fn relation(&mut self, now: Millis, attempt: &Attempt<'_>) -> Relation {
        let Some(key) = self.proven(attempt) else {
            return attempt.relation;
        };
        let table = &mut self.tables(Family::of(attempt.origin)).proven;
        if table.get(key).few(PROVEN, now) {
            attempt.relation
        } else {
            Relation::Known
        }
    }

    pub(super) fn proven(&self, attempt: &Attempt<'_>) -> Option<Key> {
        let stored = attempt.stored?.as_str();
        Some(self.key(&Whose::Proven(attempt.origin, stored, attempt.name)))
    }
}
