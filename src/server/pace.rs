//! How fast one peer may go: a token bucket, pure and told the time.

use std::time::{Duration, Instant};

/// So many at once, then so many a second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Rate {
    pub(super) burst: u32,
    pub(super) per_second: u32,
}

/// A bucket that fills at a rate. Starts full.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    /// When the bucket will have been empty and full again; in the past when it is full.
    full_at: Instant,
}

impl Pace {
    pub(super) const fn new(now: Instant) -> Self {
        Self { full_at: now }
    }

    /// Takes one, or says how long until there is one.
    pub(super) fn take(&mut self, rate: Rate, now: Instant) -> Result<(), Duration> {
        let each = Duration::from_secs(1) / rate.per_second.max(1);
        let whole = each * rate.burst.max(1);
        let full_at = self.full_at.max(now) + each;
        let missing = full_at.saturating_duration_since(now);
        if missing > whole {
            return Err(missing - whole);
        }
        self.full_at = full_at;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: Rate = Rate {
        burst: 3,
        per_second: 10,
    };

    #[test]
    fn a_burst_goes_through_and_then_one_at_a_time() {
        let start = Instant::now();
        let mut pace = Pace::new(start);
        for _ in 0..3 {
            assert_eq!(pace.take(RATE, start), Ok(()));
        }
        let wait = pace.take(RATE, start).unwrap_err();
        assert_eq!(wait, Duration::from_millis(100));
        assert_eq!(pace.take(RATE, start + wait), Ok(()));
        assert!(pace.take(RATE, start + wait).is_err());
    }

    #[test]
    fn a_rest_fills_the_bucket_and_no_more() {
        let start = Instant::now();
        let mut pace = Pace::new(start);
        let later = start + Duration::from_secs(3600);
        for _ in 0..3 {
            assert_eq!(pace.take(RATE, later), Ok(()));
        }
        assert!(pace.take(RATE, later).is_err());
    }
}
