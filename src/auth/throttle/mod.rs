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
//! 1. **Origins the account knows**, because one of its live tokens was asked for from there, are
//!    limited by their own guesses alone. Nothing that happens elsewhere touches them. An account
//!    that is logged in anywhere at home keeps this right at home.
//! 2. **All others** share one allowance for each account, which refills steadily (`CROWD`).
//! 3. A part is kept back (`RESERVE`) for those others whose whole network, an IPv4 /16 or an IPv6
//!    /32, has hardly guessed at this account. An attacker with a thousand addresses in a few
//!    networks uses up the shared allowance and never sees this one.
//! 4. IPv4 and IPv6 are counted apart throughout.
//!
//! What remains: an attacker who has addresses in about seventy networks and times them well can
//! keep an owner out who logs in by password from a place never used before. Nothing the server
//! can see tells these two apart at the first try. Tokens, and known origins, are not affected.
//!
//! Someone who shares an origin with an account's owner can tell, by when "busy" is answered
//! instead of a refusal, that this account is logged in from there.

mod rule;
mod table;

use std::{
    hash::{BuildHasher, RandomState},
    time::Duration,
};

use super::peer::Origin;
use crate::model::UserName;

use rule::{Answer, CROWD, Millis, NETWORK, ORIGIN, PAIR, RESERVE, Rule, SITE, Strikes};
use table::{Key, Steady, Table};

/// Counters for IPv4 addresses, and as many for IPv6: 2 MiB each. An attacker gets one only for a
/// password that is looked at, at the cost of one hash, so filling this takes hours.
const CAPACITY: usize = 65_536;
/// One in so many counters is for the networks that have guessed at an account. They are kept
/// apart because they are remembered for longer than those that limit, and must not displace them.
const NETWORKS_SHARE: usize = 4;

/// What an account has to do with an origin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Relation {
    /// A live token of the account was asked for from there.
    Known,
    /// Anything else, also when there is no such account.
    Stranger,
}

/// Whether a password may be looked at.
#[derive(Debug)]
pub(super) enum Verdict {
    /// Yes; what came of it is to be told to [`Throttle::settle`].
    Look(Guess),
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
    network: Key,
}

#[derive(Clone, Copy, Debug)]
struct Counter {
    key: Key,
    rule: Rule,
}

#[derive(Clone, Copy, Debug)]
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
    Crowd(&'a UserName),
    Reserve(&'a UserName),
    Network(Origin, &'a UserName),
    Registering(Origin),
}

/// The counters of one address family.
struct Tables {
    /// Those that limit.
    guesses: Table,
    /// Those of [`NETWORK`].
    networks: Table,
}

impl Tables {
    fn new(capacity: usize) -> Self {
        let networks = capacity / NETWORKS_SHARE;
        Self {
            guesses: Table::new(capacity - networks),
            networks: Table::new(networks),
        }
    }
}

/// Owns all counters.
pub(super) struct Throttle {
    v4: Tables,
    v6: Tables,
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
            secret: RandomState::new(),
            clock: Steady::default(),
            registering: rule::registrations(registrations_per_hour),
        }
    }

    /// Takes another limit on registrations; what was counted stays counted.
    pub(super) fn limit_registrations(&mut self, per_hour: u32) {
        self.registering = rule::registrations(per_hour);
    }

    /// Asks whether a password for `name` from `origin` may be looked at, and counts it if so.
    /// `now` is the time since any fixed moment.
    pub(super) fn ask(
        &mut self,
        now: Duration,
        name: &UserName,
        origin: Origin,
        relation: Relation,
    ) -> Verdict {
        let now = self.clock.at(millis(now));
        let family = Family::of(origin);
        let network = self.key(&Whose::Network(origin.network(), name));
        let mut counted = vec![self.counter(&Whose::Pair(origin, name), PAIR)];
        counted.extend(self.origin_counters(origin, relation));
        if relation == Relation::Stranger {
            counted.push(self.shared(now, name, family, network));
        }
        match self.worst(family, &counted, now) {
            Answer::Open => {
                let table = &mut self.tables(family).guesses;
                for counter in &counted {
                    table.enter(counter.key).strike(counter.rule, now);
                }
                Verdict::Look(Guess {
                    family,
                    counted,
                    network,
                })
            }
            Answer::Undecided => Verdict::Busy,
            Answer::Closed(_) => {
                let networks = &mut self.tables(family).networks;
                networks.enter(network).add(NETWORK, now, 1);
                Verdict::Limited
            }
        }
    }

    /// Takes what came of a guess.
    pub(super) fn settle(&mut self, now: Duration, guess: &Guess, outcome: Outcome) {
        let now = self.clock.at(millis(now));
        let tables = self.tables(guess.family);
        match outcome {
            Outcome::Right => *tables.networks.enter(guess.network) = Strikes::default(),
            Outcome::Wrong => tables.networks.enter(guess.network).use_up(NETWORK, now),
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

    /// What strangers to an account share: the allowance, or else, for who may, the reserve.
    fn shared(&mut self, now: Millis, name: &UserName, family: Family, network: Key) -> Counter {
        let crowd = self.counter(&Whose::Crowd(name), CROWD);
        let reserve = self.counter(&Whose::Reserve(name), RESERVE);
        let tables = self.tables(family);
        let has_room = tables.guesses.get(crowd.key).ask(CROWD, now) == Answer::Open;
        let may_use_reserve = tables.networks.get(network).few(NETWORK, now);
        if may_use_reserve && !has_room {
            reserve
        } else {
            crowd
        }
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
