//! Hashing off the runtime: a few threads, one short waiting line.
//!
//! Promises: never more hashes at once than asked for, so memory is bounded; never more than the
//! line holds waiting, so nobody waits for long; and the line is ordered by how an origin has
//! behaved, so that who guesses waits behind who does not, and is the first to be sent away.
//!
//! Threads of its own rather than `spawn_blocking`, for two reasons. They keep the memory that
//! argon2 fills, 19 MiB by default, instead of asking the system for it at every login. And they
//! run at a lower priority: on a machine with two cores, both busy hashing, the runtime's threads
//! still get theirs when a message arrives.

use std::{
    collections::BTreeMap,
    io,
    num::NonZeroUsize,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread::{self, JoinHandle},
    time::Duration,
};

use tokio::sync::oneshot;

use super::hash::Scratch;

/// How long a thread keeps its memory when there is nothing to hash: over a burst of logins, but
/// not through the night.
const KEEP_MEMORY: Duration = Duration::from_secs(10);

/// What is subtracted from a hashing thread's share of a contested core (see `nice(1)`): enough
/// that it gets about a tenth, so that logins never stand still either.
#[cfg(target_os = "linux")]
const NICENESS: i32 = 10;

/// The waiting line is full, and everybody in it has behaved at least as well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Busy;

/// How somebody has behaved, the best first: who has their turn, and who keeps their place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Standing {
    /// Where the account has logged in before.
    Known,
    /// Anywhere else, with so many wrong guesses.
    Stranger(u64),
    /// Will be refused; hashes only so that nobody can tell.
    Limited,
}

type Job = Box<dyn FnOnce(&mut Scratch) + Send>;

/// Owns the hashing threads; they end with it, each after the hash it is at.
pub(super) struct Hasher {
    line: Arc<Line>,
    threads: Vec<JoinHandle<()>>,
}

impl Hasher {
    /// Starts `concurrent` threads with room for `waiting` jobs before them.
    pub(super) fn new(concurrent: NonZeroUsize, waiting: usize) -> io::Result<Self> {
        let line = Arc::new(Line::new(waiting));
        let mut hasher = Self {
            line: Arc::clone(&line),
            threads: Vec::with_capacity(concurrent.get()),
        };
        for number in 0..concurrent.get() {
            let line = Arc::clone(&line);
            let thread = thread::Builder::new().name(format!("hash-{number}"));
            hasher.threads.push(thread.spawn(move || work(&line))?);
        }
        Ok(hasher)
    }

    /// Without threads: each job is done at once by whoever has it, as a simulation needs it.
    #[cfg(test)]
    pub(super) fn simulated() -> Self {
        Self {
            line: Arc::new(Line::new(0)),
            threads: Vec::new(),
        }
    }

    /// Runs a job on one of the threads, when its turn comes.
    ///
    /// Cancel safe: a job whose caller has gone is not begun.
    ///
    /// # Errors
    ///
    /// [`Busy`], at once, when the line is full and nobody in it stands worse; or later, when
    /// somebody who stands better has taken the place.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        standing: Standing,
        job: impl FnOnce(&mut Scratch) -> T + Send + 'static,
    ) -> Result<T, Busy> {
        #[cfg(test)]
        if self.threads.is_empty() {
            return Ok(job(&mut Scratch::default()));
        }
        let (answer, answered) = oneshot::channel();
        self.line.join(
            standing,
            Box::new(move |scratch| {
                if !answer.is_closed() {
                    // The caller may have gone meanwhile; then nobody wants the result.
                    drop(answer.send(job(scratch)));
                }
            }),
        );
        // A job that is sent away is dropped, and so is its end of the channel.
        answered.await.map_err(|_| Busy)
    }
}

impl Drop for Hasher {
    fn drop(&mut self) {
        self.line.close();
        for thread in self.threads.drain(..) {
            drop(thread.join());
        }
    }
}

/// The line before the threads. Jobs leave it by standing, then first come, first served.
struct Line {
    state: Mutex<State>,
    arrived: Condvar,
    room: usize,
}

#[derive(Default)]
struct State {
    waiting: BTreeMap<(Standing, u64), Job>,
    tickets: u64,
    /// Threads with nothing to do: a job for one of them does not wait.
    idle: usize,
    closed: bool,
}

impl Line {
    fn new(room: usize) -> Self {
        Self {
            state: Mutex::default(),
            arrived: Condvar::new(),
            room,
        }
    }

    /// Gives a job its place. When there is none left, whoever stands worst is dropped, which may
    /// be the job itself.
    fn join(&self, standing: Standing, job: Job) {
        let mut state = self.lock();
        if state.closed {
            return;
        }
        state.tickets += 1;
        let place = (standing, state.tickets);
        state.waiting.insert(place, job);
        let sent_away = (state.waiting.len() > self.room + state.idle)
            .then(|| state.waiting.pop_last())
            .flatten();
        drop(state);
        drop(sent_away);
        self.arrived.notify_one();
    }

    /// Waits for a job; `None` when the line is closed. Gives memory back when that takes long.
    fn next(&self, scratch: &mut Scratch) -> Option<Job> {
        let mut state = self.lock();
        state.idle += 1;
        loop {
            if state.closed {
                return None;
            }
            if let Some((_, job)) = state.waiting.pop_first() {
                state.idle -= 1;
                return Some(job);
            }
            state = if scratch.is_empty() {
                let woken = self.arrived.wait(state);
                woken.unwrap_or_else(PoisonError::into_inner)
            } else {
                let woken = self.arrived.wait_timeout(state, KEEP_MEMORY);
                let (woken, timeout) = woken.unwrap_or_else(PoisonError::into_inner);
                if timeout.timed_out() {
                    scratch.release();
                }
                woken
            };
        }
    }

    fn close(&self) {
        let mut state = self.lock();
        state.closed = true;
        let sent_away = std::mem::take(&mut state.waiting);
        drop(state);
        drop(sent_away);
        self.arrived.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing that can panic runs under the lock.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn work(line: &Line) {
    step_back();
    let mut scratch = Scratch::default();
    while let Some(job) = line.next(&mut scratch) {
        // A job that panics must not cost the server a thread; its caller hears "busy".
        if catch_unwind(AssertUnwindSafe(|| job(&mut scratch))).is_err() {
            scratch.release();
            tracing::error!("a password could not be hashed: the hashing code panicked");
        }
    }
}

/// Lowers the priority of this thread. Without it logins and messages merely compete as equals.
fn step_back() {
    // On Linux "this process" means this thread here; elsewhere it would mean all of us.
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::setpriority_process(None, NICENESS) {
        tracing::debug!(%error, "hashing runs at normal priority");
    }
}

#[cfg(test)]
mod tests;
