//! Who may have a password looked at, and when: pure, told the time, in a fixed amount of memory.
//!
//! Every guess is counted before it is looked at, at a few counters (their figures are in `rule`);
//! a right one is taken back. All ways in share one [`Throttle`]. A guess that is not allowed
//! counts at none that limits: nobody is kept out longer by trying.
//!
//! # Keeping guessers out without keeping the owner out
//!
//! A limit on guesses at an account is a weapon: a stranger uses it up, and the owner is refused.
//! So guesses at one account are counted apart by where they come from:
//!
//! 1. **Origins the account knows**, because one of its live tokens was asked for from there or its
//!    password was right there within a month, are limited by their own guesses alone. Nothing that
//!    happens elsewhere touches them. An account that logs in at home keeps this right at home.
//! 2. **All others** share what may be guessed at an account in an hour (`HOUR_OF_ALL`), and most of
//!    that is for those who have hardly asked for this account: a part for any origin of which that is
//!    true, more where it is true of the whole neighbourhood, all of it where it is true of the whole
//!    network (`SHARES`). A crowd that comes back uses up the first part and never sees the others.
//! 3. They also share what may be guessed at one moment (`MOMENT`). Who finds that used up **waits for
//!    a turn**, a few seconds at most. A turn goes to whoever has asked least, and among those to the
//!    latest: a thousand guesses at once get the turns of that moment, not those of the hour, and
//!    whoever comes after them from a fresh place has the next.
//! 4. IPv4 and IPv6 are counted apart throughout.
//!
//! What remains: an attacker who has addresses in about eighty networks, and sends a guess from a
//! fresh one every few minutes for hours, can keep an owner out who logs in by password from a
//! place never used before. Nothing the server can see tells these two apart at the first try.
//! Tokens, and known origins, are not affected.
//!
//! Someone who shares an origin with an account's owner can tell, by when "busy" is answered
//! instead of a refusal, that this account logs in from there.

mod room;
mod rule;
mod strangers;
mod table;

use std::{
    hash::{BuildHasher, RandomState},
    time::Duration,
};

use super::peer::Origin;
use crate::{model::UserName, store::PasswordHash};

use room::{Asked, Room};
use rule::{
    Answer, HOUR_OF_ALL, MOMENT, Millis, NETWORK, ORIGIN, PAIR, PROVEN, Rule, SHARES, SITE, Strikes,
};
use strangers::Turn;
use table::{Key, Steady, Table};

/// Counters for IPv4 addresses, and as many for IPv6: 2 MiB each. An attacker gets one only for a
/// password that is looked at, at the cost of one hash, so filling this takes hours.
const CAPACITY: usize = 65_536;
/// One in so many counters is for those who have asked for an account, and as many for where one has
/// logged in. They are kept apart because they are remembered for longer than those that limit, and
/// must not displace them.
const REMEMBERED_SHARE: usize = 4;

/// What an account has to do with an origin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Relation {
    /// A live token of the account was asked for from there, or its password was right there.
    Known,
    /// Anything else, also when there is no such account.
    Stranger,
}

/// Whether a password may be looked at.
#[derive(Debug)]
pub(super) enum Verdict {
    /// Yes; what came of it is to be told to [`Throttle::settle`].
    Look(Guess),
    /// Not yet: to be asked again after this long.
    Wait(Duration),
    /// Perhaps, once it is known what came of those being looked at.
    Busy,
    /// No.
    Limited,
}

/// What came of a guess.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// The password was right.
    Right,
    /// It was wrong, or the one who asked went away before the answer.
    Wrong,
    /// It was never looked at.
    NotLookedAt,
}

/// A guess that was counted and is being looked at.
#[derive(Debug)]
pub(super) struct Guess {
    family: Family,
    /// The first one is the origin's at the account.
    counted: Vec<Counter>,
    asked: Asked,
    proven: Option<Key>,
}

/// Somebody who gives a password.
#[derive(Clone, Copy, Debug)]
pub(super) struct Attempt<'a> {
    /// For this account, which there may not be.
    pub(super) name: &'a UserName,
    /// From here.
    pub(super) origin: Origin,
    /// As far as the account's tokens say.
    pub(super) relation: Relation,
    /// What the account's password is stored as: after a change of password, no origin has proven
    /// the new one.
    pub(super) stored: Option<&'a PasswordHash>,
}

/// A place among those who wait for a turn; to be given back.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Place(u64);

#[derive(Clone, Copy, Debug)]
struct Counter {
    key: Key,
    rule: Rule,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Family {
    V4,
    V6,
}

impl Family {
    const fn of(origin: Origin) -> Self {
        if origin.is_v6() { Self::V6 } else { Self::V4 }
    }
}

/// Whose guesses a counter counts. Names are last, so that no two of them run together when hashed.
#[derive(Hash)]
enum Whose<'a> {
    Pair(Origin, &'a UserName),
    Origin(Origin, Relation),
    Site(Origin, Relation),
    Moment(&'a UserName),
    Hour(&'a UserName),
    Network(Origin, &'a UserName),
    Neighbourhood(Origin, &'a UserName),
    Asker(Origin, &'a UserName),
    Proven(Origin, &'a str, &'a UserName),
    Registering(Origin),
}

/// The counters of one address family.
struct Tables {
    /// Those that limit.
    guesses: Table,
    /// Who has asked: those of [`NETWORK`] and [`ASKER`](rule::ASKER).
    asked: Table,
    /// Those of [`PROVEN`].
    proven: Table,
}

impl Tables {
    fn new(capacity: usize) -> Self {
        let remembered = capacity / REMEMBERED_SHARE;
        Self {
            guesses: Table::new(capacity - 2 * remembered),
            asked: Table::new(remembered),
            proven: Table::new(remembered),
        }
    }
}

/// Owns all counters.
pub(super) struct Throttle {
    v4: Tables,
    v6: Tables,
    room: Room,
    /// Makes keys that nobody outside can aim at.
    secret: RandomState,
    clock: Steady,
    registering: Rule,
}

impl Throttle {
    /// A throttle that has seen nothing.
    pub(super) fn new(registrations_per_hour: u32) -> Self {
        Self::with_capacity(registrations_per_hour, CAPACITY)
    }

    fn with_capacity(registrations_per_hour: u32, capacity: usize) -> Self {
        Self {
            v4: Tables::new(capacity),
            v6: Tables::new(capacity),
            room: Room::default(),
            secret: RandomState::new(),
            clock: Steady::default(),
            registering: rule::registrations(registrations_per_hour),
        }
    }

    /// Takes another limit on registrations; what was counted stays counted.
    pub(super) fn limit_registrations(&mut self, per_hour: u32) {
        self.registering = rule::registrations(per_hour);
    }

    /// Asks whether a password may be looked at, and counts it if so. `now` is the time since any fixed
    /// moment. An attempt that is told to wait has a `place` from then on, to be given back with the
    /// next question.
    pub(super) fn ask(
        &mut self,
        now: Duration,
        attempt: &Attempt<'_>,
        place: &mut Option<Place>,
    ) -> Verdict {
        let now = self.clock.at(millis(now));
        let family = Family::of(attempt.origin);
        let asked = self.asked(attempt);
        let relation = self.relation(now, attempt);
        if place.is_none() {
            // Also when they hang up before their turn: asking is what gives a crowd away.
            self.note_asked(family, asked, now);
        }
        let mut counted = vec![self.counter(&Whose::Pair(attempt.origin, attempt.name), PAIR)];
        counted.extend(self.origin_counters(attempt.origin, relation));
        let mut answer = self.worst(family, &counted, now);
        if relation == Relation::Stranger {
            let moment = self.counter(&Whose::Moment(attempt.name), MOMENT);
            let hour = self.counter(&Whose::Hour(attempt.name), HOUR_OF_ALL);
            let guessed = self
                .tables(family)
                .guesses
                .get(hour.key)
                .count(HOUR_OF_ALL, now);
            if guessed >= SHARES[self.likeness(family, asked, now)] {
                answer = Answer::Closed(0);
            } else if answer == Answer::Open {
                match self.turn(family, moment.key, asked, place, now) {
                    Turn::Now => counted.extend([moment, hour]),
                    Turn::Later(wait) => return Verdict::Wait(Duration::from_millis(wait)),
                    Turn::Never => answer = Answer::Closed(0),
                }
            }
        }
        self.leave(place);
        match answer {
            Answer::Open => {
                let table = &mut self.tables(family).guesses;
                for counter in &counted {
                    table.enter(counter.key).strike(counter.rule, now);
                }
                let proven = self.proven(attempt);
                Verdict::Look(Guess {
                    family,
                    counted,
                    asked,
                    proven,
                })
            }
            Answer::Undecided => Verdict::Busy,
            Answer::Closed(_) => Verdict::Limited,
        }
    }

    /// Gives up a place among those who wait, if there is one.
    pub(super) fn leave(&mut self, place: &mut Option<Place>) {
        if let Some(Place(ticket)) = place.take() {
            self.room.leave(ticket);
        }
    }

    /// Takes what came of a guess.
    pub(super) fn settle(&mut self, now: Duration, guess: &Guess, outcome: Outcome) {
        let now = self.clock.at(millis(now));
        let tables = self.tables(guess.family);
        match outcome {
            Outcome::Right => {
                for (key, rule) in guess.asked.rules() {
                    tables.asked.enter(key).take_back(rule);
                }
                if let Some(key) = guess.proven {
                    tables.proven.enter(key).use_up(PROVEN, now);
                }
            }
            Outcome::Wrong => {
                for key in [guess.asked.network, guess.asked.neighbourhood] {
                    tables.asked.enter(key).use_up(NETWORK, now);
                }
            }
            Outcome::NotLookedAt => {}
        }
        for (place, counter) in guess.counted.iter().enumerate() {
            // It may have made room for another.
            let Some(strikes) = tables.guesses.find(counter.key) else {
                continue;
            };
            match outcome {
                Outcome::Right if place == 0 => *strikes = Strikes::default(),
                Outcome::Right | Outcome::NotLookedAt => strikes.take_back(counter.rule),
                Outcome::Wrong => strikes.confirm(),
            }
        }
    }

    /// How many guesses of this origin have not been forgotten.
    pub(super) fn strikes(&mut self, now: Duration, origin: Origin, relation: Relation) -> u64 {
        let now = self.clock.at(millis(now));
        let counters = self.origin_counters(origin, relation);
        let table = &mut self.tables(Family::of(origin)).guesses;
        counters
            .iter()
            .map(|counter| table.get(counter.key).count(counter.rule, now))
            .sum()
    }

    /// Counts a registration from this origin.
    ///
    /// # Errors
    ///
    /// The time to wait, when there were too many.
    pub(super) fn register(&mut self, now: Duration, origin: Origin) -> Result<(), Duration> {
        let now = self.clock.at(millis(now));
        let rule = self.registering;
        let key = self.key(&Whose::Registering(origin));
        let table = &mut self.tables(Family::of(origin)).guesses;
        match table.get(key).ask(rule, now) {
            Answer::Closed(wait) => Err(Duration::from_millis(wait)),
            Answer::Open | Answer::Undecided => {
                let strikes = table.enter(key);
                strikes.strike(rule, now);
                strikes.confirm();
                Ok(())
            }
        }
    }

    /// What an origin, and the /48 around it, has guessed at all accounts.
    fn origin_counters(&self, origin: Origin, relation: Relation) -> Vec<Counter> {
        let mut counters = vec![self.counter(&Whose::Origin(origin, relation), ORIGIN)];
        if let Some(site) = origin.site() {
            counters.push(self.counter(&Whose::Site(site, relation), SITE));
        }
        counters
    }

    fn worst(&mut self, family: Family, counters: &[Counter], now: Millis) -> Answer {
        let table = &mut self.tables(family).guesses;
        let answers = counters
            .iter()
            .map(|counter| table.get(counter.key).ask(counter.rule, now));
        answers.max().unwrap_or(Answer::Open)
    }

    fn counter(&self, whose: &Whose<'_>, rule: Rule) -> Counter {
        let key = self.key(whose);
        Counter { key, rule }
    }

    fn key(&self, whose: &Whose<'_>) -> Key {
        self.secret.hash_one(whose)
    }

    const fn tables(&mut self, family: Family) -> &mut Tables {
        match family {
            Family::V4 => &mut self.v4,
            Family::V6 => &mut self.v6,
        }
    }
}

fn millis(time: Duration) -> Millis {
    Millis::try_from(time.as_millis()).unwrap_or(Millis::MAX)
}

#[cfg(test)]
mod tests;
