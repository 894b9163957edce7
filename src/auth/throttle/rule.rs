//! How many wrong guesses are free, and how long the wait grows after them.
//!
//! A guess is a strike. Strikes are forgotten one by one as time passes; above the free ones every
//! guess has to wait, twice as long with each strike, up to a longest wait that is always short
//! enough for a person: nobody is ever locked out.

/// Milliseconds of the throttle's own time.
pub(super) type Millis = u64;

pub(super) const SECOND: Millis = 1000;
pub(super) const MINUTE: Millis = 60 * SECOND;
pub(super) const HOUR: Millis = 60 * MINUTE;

/// What one kind of counter allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Rule {
    /// Strikes that cost no wait.
    free: u64,
    /// The wait after the free ones; it doubles with each further strike.
    first: Millis,
    /// The longest wait.
    longest: Millis,
    /// One strike is forgotten in this time. Times `free` it is about 50 minutes wherever guesses
    /// are limited, so that in a full table every counter at its limit outlives all those with one
    /// strike.
    forget: Millis,
}

/// One origin at one account: a person's typing errors are free, and a guesser of one account gets
/// about 20 guesses in ten minutes and 70 in an hour.
pub(super) const PAIR: Rule = Rule {
    free: 5,
    first: 2 * SECOND,
    longest: MINUTE,
    forget: 10 * MINUTE,
};

/// One origin at all accounts: the typing errors of an office, and the same for a guesser of names.
pub(super) const ORIGIN: Rule = Rule {
    free: 10,
    first: SECOND,
    longest: MINUTE,
    forget: 5 * MINUTE,
};

/// An IPv6 /48: five origins.
pub(super) const SITE: Rule = Rule {
    free: 5 * ORIGIN.free,
    first: ORIGIN.first / 5,
    longest: ORIGIN.longest / 5,
    forget: ORIGIN.forget / 5,
};

/// All origins that an account does not know, at that account, at one moment: whoever finds this
/// used up waits for a turn, and turns come often enough for a person to wait.
pub(super) const MOMENT: Rule = Rule {
    free: 6,
    first: 2500,
    longest: 2500,
    forget: 2500,
};

/// The same in an hour: 49 guesses. There is one such counter for IPv4 and one for IPv6, so fewer
/// than 100 in all. What is free is for those who have hardly asked, see [`SHARES`].
pub(super) const HOUR_OF_ALL: Rule = Rule {
    free: 34,
    first: 4 * MINUTE,
    longest: 4 * MINUTE,
    forget: 4 * MINUTE,
};

/// How many strikes at [`HOUR_OF_ALL`] still let somebody guess: whose whole network has hardly asked
/// for this account, whose neighbourhood, who themselves, and anybody. So a crowd uses up the share of
/// those who look like it, and leaves the others theirs.
pub(super) const SHARES: [u64; 4] = [34, 26, 18, 10];

/// A provider's network, or a neighbourhood in it, at one account. Makes nobody wait: it has hardly
/// asked while it has fewer strikes than are free here. Asking is one, so that a crowd gives itself
/// away by it; a guess that was looked at and wrong uses all up.
pub(super) const NETWORK: Rule = Rule {
    free: 5,
    first: 0,
    longest: 0,
    forget: 5 * HOUR,
};

/// One origin at one account, in the same sense. The three tries of a connection leave it one that has
/// hardly asked.
pub(super) const ASKER: Rule = Rule {
    free: 4,
    first: 0,
    longest: 0,
    forget: HOUR,
};

/// Where a password was right: for a month at least, an origin that the account knows.
pub(super) const PROVEN: Rule = Rule {
    free: 1,
    first: 0,
    longest: 0,
    forget: 30 * 24 * HOUR,
};

/// Registrations: so many at once, and as many again in each hour.
pub(super) fn registrations(per_hour: u32) -> Rule {
    let per_hour = Millis::from(per_hour.max(1));
    let interval = (HOUR / per_hour).max(1);
    Rule {
        free: per_hour,
        first: interval,
        longest: interval,
        forget: interval,
    }
}

/// What a counter says to one more guess; the larger, the less it allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Answer {
    /// Go on.
    Open,
    /// It depends on guesses that are being looked at this moment.
    Undecided,
    /// Not before so many milliseconds.
    Closed(Millis),
}

/// The strikes of one counter. When the last of them will be forgotten says how many there are.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Strikes {
    forgotten_at: Millis,
    last: Millis,
    /// Those among them that may yet turn out to be no wrong guess.
    undecided: u32,
}

impl Strikes {
    /// When nothing is left of them. The later, the worse their owner has behaved.
    pub(super) const fn forgotten_at(&self) -> Millis {
        self.forgotten_at
    }

    pub(super) const fn count(&self, rule: Rule, now: Millis) -> u64 {
        self.forgotten_at.saturating_sub(now).div_ceil(rule.forget)
    }

    pub(super) const fn few(&self, rule: Rule, now: Millis) -> bool {
        self.count(rule, now) < rule.free
    }

    /// How long until there are fewer than are free.
    pub(super) const fn until_few(&self, rule: Rule, now: Millis) -> Millis {
        let few = self
            .forgotten_at
            .saturating_sub(rule.forget * (rule.free - 1));
        few.saturating_sub(now)
    }

    pub(super) fn ask(&self, rule: Rule, now: Millis) -> Answer {
        let count = self.count(rule, now);
        let wait = |strikes| (self.last + rule.wait(strikes)).saturating_sub(now);
        match wait(count) {
            0 => Answer::Open,
            _ if wait(count.saturating_sub(u64::from(self.undecided))) == 0 => Answer::Undecided,
            wait => Answer::Closed(wait),
        }
    }

    /// Counts a guess before it is looked at, so that guessing all at once gains nothing.
    pub(super) fn strike(&mut self, rule: Rule, now: Millis) {
        self.add(rule, now, 1);
        self.last = now;
        self.undecided = self.undecided.saturating_add(1);
    }

    /// Adds as many strikes as are free, at once.
    pub(super) fn use_up(&mut self, rule: Rule, now: Millis) {
        self.add(rule, now, rule.free);
    }

    pub(super) fn add(&mut self, rule: Rule, now: Millis, strikes: u64) {
        // More than lead to the longest wait would only be remembered for longer.
        let most = now + rule.forget * rule.most();
        self.forgotten_at = (self.forgotten_at.max(now) + rule.forget * strikes).min(most);
    }

    /// The guess was one, and wrong.
    pub(super) const fn confirm(&mut self) {
        self.undecided = self.undecided.saturating_sub(1);
    }

    /// The guess was none.
    pub(super) const fn take_back(&mut self, rule: Rule) {
        self.undecided = self.undecided.saturating_sub(1);
        self.forgotten_at = self.forgotten_at.saturating_sub(rule.forget);
    }
}

impl Rule {
    const fn wait(self, strikes: u64) -> Millis {
        if strikes < self.free {
            return 0;
        }
        let doublings = strikes - self.free;
        let wait = if doublings < 32 {
            self.first << doublings
        } else {
            self.longest
        };
        if wait < self.longest {
            wait
        } else {
            self.longest
        }
    }

    /// One more strike than leads to the longest wait.
    const fn most(self) -> u64 {
        let mut strikes = self.free;
        while self.wait(strikes) < self.longest {
            strikes += 1;
        }
        strikes + 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_doubles_and_ends_at_the_longest() {
        let waits: Vec<_> = (4..=12)
            .map(|strikes| PAIR.wait(strikes) / SECOND)
            .collect();
        assert_eq!(waits, [0, 2, 4, 8, 16, 32, 60, 60, 60]);
        assert_eq!(PAIR.wait(u64::MAX), MINUTE);
    }

    #[test]
    fn strikes_are_forgotten_one_by_one() {
        let mut strikes = Strikes::default();
        for _ in 0..3 {
            strikes.strike(PAIR, 0);
        }
        assert_eq!(strikes.count(PAIR, 0), 3);
        assert_eq!(strikes.count(PAIR, 10 * MINUTE), 2);
        assert_eq!(strikes.count(PAIR, 30 * MINUTE), 0);
    }

    #[test]
    fn however_long_somebody_guesses_no_wait_is_long_and_a_quiet_night_forgets_it() {
        for rule in [PAIR, ORIGIN, SITE, MOMENT, HOUR_OF_ALL] {
            let mut strikes = Strikes::default();
            for _ in 0..1000 {
                strikes.strike(rule, 0);
            }
            assert_eq!(strikes.count(rule, 8 * HOUR), 0, "{rule:?}");
            assert!(rule.longest <= 5 * MINUTE, "{rule:?}");
        }
    }

    #[test]
    fn guesses_being_looked_at_make_later_ones_undecided_not_refused() {
        let mut strikes = Strikes::default();
        for _ in 0..5 {
            assert_eq!(strikes.ask(PAIR, 0), Answer::Open);
            strikes.strike(PAIR, 0);
        }
        assert_eq!(strikes.ask(PAIR, 0), Answer::Undecided);
        for _ in 0..5 {
            strikes.confirm();
        }
        assert_eq!(strikes.ask(PAIR, 0), Answer::Closed(2 * SECOND));
        assert_eq!(strikes.ask(PAIR, 2 * SECOND), Answer::Open);
    }

    #[test]
    fn what_was_no_guess_leaves_no_trace() {
        let mut strikes = Strikes::default();
        for _ in 0..100 {
            strikes.strike(PAIR, 7);
            strikes.take_back(PAIR);
        }
        assert_eq!(strikes.count(PAIR, 7), 0);
        assert_eq!(strikes.ask(PAIR, 7), Answer::Open);
    }
}
