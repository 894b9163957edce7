//! A world in simulated time, in which some guess and others want to get in.

mod guessers;
mod owners;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::{rule::SECOND, *};

const TEN_MINUTES: u64 = 600;
const HOUR: u64 = 3600;

impl Throttle {
    /// Bytes of all counters.
    fn size(&self) -> usize {
        let tables = [&self.v4, &self.v6];
        let sizes =
            tables.map(|tables| tables.guesses.size() + tables.asked.size() + tables.proven.size());
        sizes.iter().sum()
    }
}

struct World {
    throttle: Throttle,
    seconds: u64,
    /// Beyond the seconds.
    millis: u64,
}

/// An attempt that may have to wait for its turn.
struct Try {
    name: UserName,
    origin: Origin,
    place: Option<Place>,
}

impl World {
    fn new() -> Self {
        Self {
            throttle: Throttle::with_capacity(30, 8192),
            seconds: 0,
            millis: 0,
        }
    }

    fn now(&self) -> Duration {
        Duration::from_secs(self.seconds) + Duration::from_millis(self.millis)
    }

    /// Asks once; whoever is told to wait goes away.
    fn ask(&mut self, name: &UserName, origin: Origin, relation: Relation) -> Verdict {
        let attempt = Attempt {
            name,
            origin,
            relation,
            stored: None,
        };
        let mut place = None;
        let verdict = self.throttle.ask(self.now(), &attempt, &mut place);
        self.throttle.leave(&mut place);
        verdict
    }

    /// Asks again for those who wait, as strangers with a wrong password. Those who wait on stay in
    /// the list; says how many were looked at.
    fn go_on(&mut self, waiting: &mut Vec<Try>) -> usize {
        let mut looked_at = 0;
        waiting.retain_mut(|one| match self.ask_again(one) {
            Verdict::Look(guess) => {
                let now = self.now();
                self.throttle.settle(now, &guess, Outcome::Wrong);
                looked_at += 1;
                false
            }
            Verdict::Wait(_) => true,
            Verdict::Busy | Verdict::Limited => false,
        });
        looked_at
    }

    fn ask_again(&mut self, one: &mut Try) -> Verdict {
        let attempt = Attempt {
            name: &one.name,
            origin: one.origin,
            relation: Relation::Stranger,
            stored: None,
        };
        self.throttle.ask(self.now(), &attempt, &mut one.place)
    }

    /// Has a stranger with the right password try, while `attack` is asked ten times a second. Says
    /// after how many milliseconds the password was looked at, if it was.
    fn tries(
        &mut self,
        name: &UserName,
        origin: Origin,
        mut attack: impl FnMut(&mut Self),
    ) -> Option<u64> {
        let mut owner = Try::new(name, origin);
        let began = self.now();
        loop {
            attack(self);
            match self.ask_again(&mut owner) {
                Verdict::Look(guess) => {
                    let now = self.now();
                    self.throttle.settle(now, &guess, Outcome::Right);
                    return u64::try_from((now - began).as_millis()).ok();
                }
                Verdict::Wait(_) => self.millis += 100,
                Verdict::Busy | Verdict::Limited => return None,
            }
        }
    }

    /// Guesses wrong; says whether the guess was looked at.
    fn guesses(&mut self, name: &UserName, origin: Origin) -> bool {
        self.wrong(name, origin, Relation::Stranger)
    }

    fn wrong(&mut self, name: &UserName, origin: Origin, relation: Relation) -> bool {
        match self.ask(name, origin, relation) {
            Verdict::Look(guess) => {
                let now = self.now();
                self.throttle.settle(now, &guess, Outcome::Wrong);
                true
            }
            Verdict::Wait(_) | Verdict::Busy | Verdict::Limited => false,
        }
    }

    /// Gives the right password; says whether it was looked at.
    fn gets_in(&mut self, name: &UserName, origin: Origin, relation: Relation) -> bool {
        match self.ask(name, origin, relation) {
            Verdict::Look(guess) => {
                let now = self.now();
                self.throttle.settle(now, &guess, Outcome::Right);
                true
            }
            Verdict::Wait(_) | Verdict::Busy | Verdict::Limited => false,
        }
    }

    /// Lets `attack` guess once a second, and counts what was looked at.
    fn count(&mut self, seconds: u64, mut attack: impl FnMut(&mut Self, u64) -> usize) -> usize {
        let mut looked_at = 0;
        for _ in 0..seconds {
            let second = self.seconds;
            looked_at += attack(self, second);
            self.seconds += 1;
        }
        looked_at
    }
}

impl Try {
    fn new(name: &UserName, origin: Origin) -> Self {
        Self {
            name: name.clone(),
            origin,
            place: None,
        }
    }
}

fn name(number: u64) -> UserName {
    UserName::parse(&format!("user{number}")).unwrap()
}

fn alice() -> UserName {
    UserName::parse("alice").unwrap()
}

fn v4(bits: u32) -> Origin {
    Origin::of(IpAddr::V4(Ipv4Addr::from_bits(bits)))
}

/// The `n`th /64 of a network of 65,536 /48s.
fn v6(network: u32, n: u32) -> Origin {
    let bits = (u128::from(network) << 96) | (u128::from(n) << 64) | 1;
    Origin::of(IpAddr::V6(Ipv6Addr::from_bits(bits)))
}

const HOME: u32 = 0xc000_0207;
