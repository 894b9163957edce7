//! Time and chance as a simulation has them: the same for the same seed.

use std::cell::RefCell;

use fastrand::Rng;
use tokio::time::Instant;

use super::Timestamp;

/// The moment at which every simulation begins.
const BEGINNING: Timestamp = Timestamp::from_millis(1_800_000_000_000);

thread_local! {
    static SIMULATION: RefCell<Option<(Instant, Rng)>> = const { RefCell::new(None) };
}

/// While it lives, the wall clock of this thread follows the runtime's, and what this thread draws
/// at random follows from the seed.
#[derive(Debug)]
pub(crate) struct Simulation(());

impl Simulation {
    pub(crate) fn begin(seed: u64) -> Self {
        let world = (Instant::now(), Rng::with_seed(seed));
        SIMULATION.with_borrow_mut(|simulation| *simulation = Some(world));
        Self(())
    }
}

impl Drop for Simulation {
    fn drop(&mut self) {
        SIMULATION.with_borrow_mut(|simulation| *simulation = None);
    }
}

pub(super) fn now() -> Option<Timestamp> {
    SIMULATION.with_borrow(|simulation| {
        let (began, _) = simulation.as_ref()?;
        Some(BEGINNING.after(began.elapsed()))
    })
}

/// Says whether it did.
pub(super) fn fill(bytes: &mut [u8]) -> bool {
    SIMULATION.with_borrow_mut(|simulation| {
        simulation
            .as_mut()
            .map(|(_, random)| random.fill(bytes))
            .is_some()
    })
}
