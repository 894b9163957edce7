//! How long a session token lives, and what time it is for it.

use std::time::Duration;

use tokio::time::Instant;

use crate::{config::Sessions, model::Timestamp, store::TokenRecord};

/// A use is written down at most this often: the idle limit is counted in days.
const TOUCH_INTERVAL: Duration = Duration::from_secs(60 * 60);
/// But at least this many times within the idle limit, should it be set shorter than that.
const TOUCHES_WITHIN_IDLE: u32 = 4;

/// When a token is void.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lifetime {
    idle: Duration,
    absolute: Duration,
}

impl Lifetime {
    pub(super) const fn new(sessions: &Sessions) -> Self {
        Self {
            idle: sessions.idle,
            absolute: sessions.absolute,
        }
    }

    pub(super) fn is_over(self, token: &TokenRecord, now: Timestamp) -> bool {
        now.since(token.created) >= self.absolute || now.since(token.last_used) >= self.idle
    }

    pub(super) fn touch_due(self, token: &TokenRecord, now: Timestamp) -> bool {
        let interval = TOUCH_INTERVAL.min(self.idle / TOUCHES_WITHIN_IDLE);
        now.since(token.last_used) >= interval
    }
}

/// The wall clock, except that it does not go back while the program runs: putting the clock back
/// gives no token a longer life.
#[derive(Debug)]
pub(super) struct Wall {
    started: Instant,
    at: Timestamp,
}

impl Wall {
    pub(super) fn new() -> Self {
        Self {
            started: Instant::now(),
            at: Timestamp::now(),
        }
    }

    pub(super) fn now(&self) -> Timestamp {
        self.at(Timestamp::now(), self.uptime())
    }

    /// Time since the start, which no setting of the clock changes.
    pub(super) fn uptime(&self) -> Duration {
        self.started.elapsed()
    }

    fn at(&self, shown: Timestamp, uptime: Duration) -> Timestamp {
        shown.max(self.at.after(uptime))
    }
}

#[cfg(test)]
mod tests {
    use crate::{
        model::{Account, AccountId, ServerRole, TokenId, UserName},
        store::AccountRecord,
    };

    use super::*;

    const DAY: Duration = Duration::from_secs(24 * 60 * 60);

    fn token(created: Timestamp, last_used: Timestamp) -> TokenRecord {
        TokenRecord {
            id: TokenId::new(1),
            owner: AccountRecord {
                account: Account {
                    id: AccountId::new(1),
                    name: UserName::parse("alice").unwrap(),
                },
                role: ServerRole::Member,
                disabled: false,
                created,
            },
            created,
            last_used,
        }
    }

    #[test]
    fn a_token_dies_of_idleness_or_of_age_whichever_comes_first() {
        let lifetime = Lifetime::new(&Sessions::default());
        let start = Timestamp::from_millis(0);
        let day = |days: u32| start.after(DAY * days);
        for (used, now, over) in [
            (0, 0, false),
            (0, 29, false),
            (0, 30, true),
            (60, 89, false),
            (60, 90, true),
            (89, 90, true),
        ] {
            let token = token(start, day(used));
            assert_eq!(lifetime.is_over(&token, day(now)), over, "{used}, {now}");
        }
    }

    #[test]
    fn a_use_is_written_down_once_an_hour_or_as_often_as_a_short_limit_needs() {
        let start = Timestamp::from_millis(0);
        let after = |seconds| start.after(Duration::from_secs(seconds));
        let usual = Lifetime::new(&Sessions::default());
        assert!(!usual.touch_due(&token(start, start), after(3599)));
        assert!(usual.touch_due(&token(start, start), after(3600)));
        let short = Lifetime {
            idle: Duration::from_secs(60),
            ..usual
        };
        assert!(short.touch_due(&token(start, start), after(15)));
    }

    #[test]
    fn putting_the_clock_back_makes_no_token_younger() {
        let wall = Wall {
            started: Instant::now(),
            at: Timestamp::from_millis(10_000_000),
        };
        let hour = Duration::from_secs(3600);
        let right = wall.at.after(hour);
        assert_eq!(wall.at(right, hour), right);
        assert_eq!(wall.at(right.before(2 * hour), hour), right);
        assert_eq!(wall.at(right.after(DAY), hour), right.after(DAY));
    }
}
