//! Counters in a fixed amount of memory.
//!
//! A table never grows. It is made of small sets; a counter's key says which set it is in, and
//! keys are hashed with a secret, so nobody can aim at one. In a full set the counter whose owner
//! has behaved best makes room: millions of newcomers with one guess each push each other out, and
//! nobody who has reached a limit.

use super::rule::{Millis, Strikes};

/// Counters in a set: enough that those at their limit hardly ever fill one.
const WAYS: usize = 8;

/// What a counter is found by: a hash, with a secret, of whose it is.
pub(super) type Key = u64;

#[derive(Clone, Copy, Default)]
struct Slot {
    key: Key,
    strikes: Strikes,
}

/// A fixed number of counters.
pub(super) struct Table {
    sets: Box<[[Slot; WAYS]]>,
}

impl Table {
    /// A table of `capacity` counters, rounded up to whole sets.
    pub(super) fn new(capacity: usize) -> Self {
        let sets = capacity.div_ceil(WAYS).max(1);
        Self {
            sets: vec![[Slot::default(); WAYS]; sets].into_boxed_slice(),
        }
    }

    /// The counter as it stands: without strikes when there is none.
    pub(super) fn get(&mut self, key: Key) -> Strikes {
        self.find(key).copied().unwrap_or_default()
    }

    /// The counter, if it is still there.
    pub(super) fn find(&mut self, key: Key) -> Option<&mut Strikes> {
        self.set(key)
            .iter_mut()
            .find(|slot| slot.key == key)
            .map(|slot| &mut slot.strikes)
    }

    /// The counter; when there is none, a new one in the place of the one forgotten soonest.
    pub(super) fn enter(&mut self, key: Key) -> &mut Strikes {
        let set = self.set(key);
        let mut place = 0;
        for (candidate, slot) in set.iter().enumerate() {
            if slot.key == key {
                return &mut set[candidate].strikes;
            }
            if slot.strikes.forgotten_at() < set[place].strikes.forgotten_at() {
                place = candidate;
            }
        }
        set[place] = Slot {
            key,
            strikes: Strikes::default(),
        };
        &mut set[place].strikes
    }

    #[expect(
        clippy::cast_possible_truncation,
        reason = "which bits of a hash choose the set does not matter"
    )]
    fn set(&mut self, key: Key) -> &mut [Slot; WAYS] {
        let sets = self.sets.len();
        &mut self.sets[key as usize % sets]
    }

    /// Bytes it takes, full or empty.
    #[cfg(test)]
    pub(super) fn size(&self) -> usize {
        size_of_val(&*self.sets)
    }
}

/// The throttle's own time, which only goes forward. When the clock it is told was put back, that
/// is taken for the same moment, and time goes on from there: putting a clock back neither frees
/// anybody nor keeps anybody waiting.
#[derive(Default)]
pub(super) struct Steady {
    passed: Millis,
    told: Option<Millis>,
}

impl Steady {
    pub(super) const fn at(&mut self, told: Millis) -> Millis {
        if let Some(before) = self.told {
            self.passed = self.passed.saturating_add(told.saturating_sub(before));
        }
        self.told = Some(told);
        self.passed
    }
}

#[cfg(test)]
mod tests {
    use super::{super::rule::PAIR, *};

    #[test]
    fn a_full_set_makes_room_by_dropping_whoever_behaved_best() {
        let mut table = Table::new(WAYS);
        for key in 1..=8 {
            for _ in 0..key {
                table.enter(key).strike(PAIR, 0);
            }
        }
        table.enter(9).strike(PAIR, 0);
        assert!(table.find(1).is_none());
        assert!((2..=9).all(|key| table.find(key).is_some()));
    }

    #[test]
    fn a_clock_put_back_stands_still_for_a_moment_and_goes_on() {
        let mut steady = Steady::default();
        let told = [5000, 6000, 2000, 2500, 7000];
        assert_eq!(
            told.map(|told| steady.at(told)),
            [0, 1000, 1000, 1500, 6000]
        );
    }
}
