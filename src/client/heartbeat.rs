//! Whether the server is still there. Pure: it is told the time.

use std::time::Duration;

use tokio::time::Instant;

use crate::model::Timestamp;

/// How long nothing may come before the client asks.
const QUIET_MAX: Duration = Duration::from_secs(10);
/// How long nothing may come before the server is held dead: every server answers a ping at once.
/// With the tick in which that is noticed it is at most twenty seconds.
const DEAD_AFTER: Duration = Duration::from_secs(19);
/// How often to look.
pub(super) const TICK_INTERVAL: Duration = Duration::from_secs(1);
/// A tick that comes this late by either clock means that the machine or the process slept: the
/// monotonic clock stands still in a suspended machine, so the one on the wall is asked too.
const SLEPT: Duration = Duration::from_secs(5);
/// How long an answer may take after sleep, when most connections are dead and few are not.
const PROBE_TIMEOUT: Duration = Duration::from_secs(3);

/// What to do now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pulse {
    /// Nothing.
    Fine,
    /// Ask.
    Ping,
    /// Give the connection up.
    Dead,
}

/// Watches one connection.
#[derive(Debug)]
pub(super) struct Heartbeat {
    heard: Instant,
    /// When the server is held dead if nothing comes; set once it was asked.
    deadline: Option<Instant>,
    clocks: Clocks,
}

impl Heartbeat {
    pub(super) const fn new(now: Instant, wall: Timestamp) -> Self {
        Self {
            heard: now,
            deadline: None,
            clocks: Clocks { now, wall },
        }
    }

    /// Something came.
    pub(super) const fn heard(&mut self, now: Instant) {
        self.heard = now;
        self.deadline = None;
    }

    /// To be called every [`TICK_INTERVAL`].
    pub(super) fn tick(&mut self, now: Instant, wall: Timestamp) -> Pulse {
        if self.clocks.slept(now, wall) {
            self.deadline = Some(now + PROBE_TIMEOUT);
            return Pulse::Ping;
        }
        match self.deadline {
            Some(deadline) if now >= deadline => Pulse::Dead,
            None if now - self.heard >= QUIET_MAX => {
                self.deadline = Some(self.heard + DEAD_AFTER);
                Pulse::Ping
            }
            Some(_) | None => Pulse::Fine,
        }
    }
}

/// Both clocks at the last look; notices that the machine or the process slept.
#[derive(Debug)]
pub(super) struct Clocks {
    now: Instant,
    wall: Timestamp,
}

impl Clocks {
    pub(super) const fn new(now: Instant, wall: Timestamp) -> Self {
        Self { now, wall }
    }

    /// Whether much more time has passed since the last look than should have.
    pub(super) fn slept(&mut self, now: Instant, wall: Timestamp) -> bool {
        let passed = (now - self.now).max(wall.since(self.wall));
        (self.now, self.wall) = (now, wall);
        passed >= SLEPT
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Watch {
        now: Instant,
        wall: Timestamp,
        heartbeat: Heartbeat,
    }

    impl Watch {
        fn new() -> Self {
            let (now, wall) = (Instant::now(), Timestamp::from_millis(0));
            let heartbeat = Heartbeat::new(now, wall);
            Self {
                now,
                wall,
                heartbeat,
            }
        }

        /// Ticks that many times, one second apart, and gives what was not fine.
        fn ticks(&mut self, count: u64) -> Vec<(u64, Pulse)> {
            (1..=count)
                .map(|second| (second, self.after(TICK_INTERVAL, TICK_INTERVAL)))
                .filter(|(_, pulse)| *pulse != Pulse::Fine)
                .collect()
        }

        fn after(&mut self, monotonic: Duration, wall: Duration) -> Pulse {
            self.now += monotonic;
            self.wall = self.wall.after(wall);
            self.heartbeat.tick(self.now, self.wall)
        }
    }

    #[test]
    fn a_silent_server_is_asked_after_ten_seconds_and_dead_within_twenty() {
        let mut watch = Watch::new();
        assert_eq!(
            watch.ticks(20),
            [(10, Pulse::Ping), (19, Pulse::Dead), (20, Pulse::Dead)]
        );
    }

    #[test]
    fn whatever_comes_is_a_sign_of_life() {
        let mut watch = Watch::new();
        assert_eq!(watch.ticks(15), [(10, Pulse::Ping)]);
        watch.heartbeat.heard(watch.now);
        assert_eq!(watch.ticks(15), [(10, Pulse::Ping)]);
    }

    #[test]
    fn after_sleep_the_server_is_asked_at_once_and_has_three_seconds() {
        let hour = Duration::from_secs(3600);
        for (monotonic, wall) in [(TICK_INTERVAL, hour), (hour, hour)] {
            let mut watch = Watch::new();
            assert_eq!(watch.after(monotonic, wall), Pulse::Ping);
            assert_eq!(watch.ticks(3), [(3, Pulse::Dead)]);
        }
    }

    #[test]
    fn a_clock_that_is_set_back_does_no_harm() {
        let mut watch = Watch::new();
        watch.wall = Timestamp::from_millis(-100_000);
        assert_eq!(watch.ticks(9), []);
    }
}
