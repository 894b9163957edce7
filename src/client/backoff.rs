//! How long to wait before trying again.

use std::time::Duration;

use crate::model::chance;

/// The ceiling of the first wait: a server that restarts is back within about this.
const FIRST_DELAY: Duration = Duration::from_millis(500);
/// The ceiling of every later wait: long enough to be no load, short enough to sit through.
const LONGEST_DELAY: Duration = Duration::from_secs(30);

/// Waits that double from 0.5 s to 30 s, each drawn anew between nothing and its ceiling, so that a
/// thousand clients cut off at once do not come back at once.
#[derive(Debug, Default)]
pub(super) struct Backoff {
    attempt: u32,
}

impl Backoff {
    /// The next wait; `chance` is a random number between 0 and 1.
    pub(super) fn next(&mut self, chance: f64) -> Duration {
        let ceiling = FIRST_DELAY
            .saturating_mul(2_u32.saturating_pow(self.attempt))
            .min(LONGEST_DELAY);
        self.attempt = self.attempt.saturating_add(1);
        ceiling.mul_f64(chance.clamp(0.0, 1.0))
    }

    /// What a server asked for, and up to half as much again; it counts as no failure.
    pub(super) fn hinted(hint: Duration, chance: f64) -> Duration {
        let hint = hint.min(LONGEST_DELAY);
        hint + hint.mul_f64(chance.clamp(0.0, 1.0) / 2.0)
    }

    /// How often in a row it has failed.
    pub(super) const fn attempt(&self) -> u32 {
        self.attempt
    }

    /// Starts over after a success.
    pub(super) const fn reset(&mut self) {
        self.attempt = 0;
    }
}

/// A random number between 0 and 1. Without randomness it is 1: the whole wait.
pub(super) fn chance() -> f64 {
    chance::number().map_or(1.0, |random| f64::from(random) / f64::from(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ceiling_doubles_up_to_thirty_seconds_and_starts_over_after_a_success() {
        let mut backoff = Backoff::default();
        let ceilings: Vec<_> = (0..9).map(|_| backoff.next(1.0).as_millis()).collect();
        assert_eq!(
            ceilings,
            [500, 1000, 2000, 4000, 8000, 16000, 30000, 30000, 30000]
        );
        for _ in 0..100 {
            assert_eq!(backoff.next(1.0), LONGEST_DELAY);
        }
        backoff.reset();
        assert_eq!(backoff.next(1.0), FIRST_DELAY);
    }

    #[test]
    fn a_wait_lies_anywhere_below_its_ceiling() {
        let mut backoff = Backoff::default();
        assert_eq!(backoff.next(0.0), Duration::ZERO);
        assert_eq!(backoff.next(0.5), Duration::from_millis(500));
        assert!((0.0..=1.0).contains(&chance()));
    }

    #[test]
    fn a_servers_hint_is_honoured_within_reason() {
        let second = Duration::from_secs(1);
        assert_eq!(Backoff::hinted(second, 0.0), second);
        assert_eq!(Backoff::hinted(second, 1.0), Duration::from_millis(1500));
        assert!(Backoff::hinted(Duration::from_secs(1 << 40), 1.0) <= Duration::from_secs(45));
    }
}
