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
            let (woken, timeout) = self
                .arrived
                .wait_timeout(state, KEEP_MEMORY)
                .unwrap_or_else(PoisonError::into_inner);
            state = woken;
            if timeout.timed_out() {
                scratch.release();
            }
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
mod tests {
    use std::sync::mpsc;

    use tokio::task::JoinSet;

    use super::*;

    /// A job that says it has begun and then waits to be let go.
    struct Held {
        begun: mpsc::Receiver<()>,
        go: mpsc::Sender<()>,
    }

    fn held() -> (Held, impl FnOnce(&mut Scratch) + Send + 'static) {
        let (begin, begun) = mpsc::channel();
        let (go, going) = mpsc::channel();
        let job = move |_: &mut Scratch| {
            begin.send(()).unwrap();
            // Also let go when the other end is dropped.
            let _ended = going.recv();
        };
        (Held { begun, go }, job)
    }

    fn hasher(concurrent: usize, waiting: usize) -> Arc<Hasher> {
        Arc::new(Hasher::new(NonZeroUsize::new(concurrent).unwrap(), waiting).unwrap())
    }

    /// Occupies every thread; the returned handles hold them.
    fn occupy(
        hasher: &Arc<Hasher>,
        tasks: &mut JoinSet<Result<(), Busy>>,
        count: usize,
    ) -> Vec<Held> {
        (0..count)
            .map(|_| {
                let (held, job) = held();
                enter(hasher, tasks, Standing::Known, job);
                held.begun.recv().unwrap();
                held
            })
            .collect()
    }

    /// Puts a job into the line before returning, whatever the runtime does.
    fn enter(
        hasher: &Arc<Hasher>,
        tasks: &mut JoinSet<Result<(), Busy>>,
        standing: Standing,
        job: impl FnOnce(&mut Scratch) + Send + 'static,
    ) {
        let (answer, answered) = oneshot::channel();
        let job: Job = Box::new(move |scratch| {
            job(scratch);
            answer.send(()).unwrap();
        });
        hasher.line.join(standing, job);
        tasks.spawn(async { answered.await.map_err(|_| Busy) });
    }

    #[tokio::test]
    async fn no_more_run_at_once_than_allowed_and_no_more_wait() {
        let hasher = hasher(2, 3);
        let mut tasks = JoinSet::new();
        let held = occupy(&hasher, &mut tasks, 2);
        for _ in 0..3 {
            enter(&hasher, &mut tasks, Standing::Known, |_| ());
        }
        assert_eq!(hasher.run(Standing::Known, |_| ()).await, Err(Busy));
        drop(held);
        let outcomes = tasks.join_all().await;
        assert_eq!(outcomes, [Ok(()); 5]);
    }

    #[tokio::test]
    async fn who_guesses_is_served_last_and_sent_away_first() {
        let hasher = hasher(1, 2);
        let mut tasks = JoinSet::new();
        let held = occupy(&hasher, &mut tasks, 1);
        let (order, served) = mpsc::channel();
        let note = |who: &'static str| {
            let order = order.clone();
            move |_: &mut Scratch| order.send(who).unwrap()
        };
        enter(&hasher, &mut tasks, Standing::Limited, note("guesser"));
        enter(&hasher, &mut tasks, Standing::Stranger(3), note("clumsy"));
        enter(&hasher, &mut tasks, Standing::Stranger(0), note("newcomer"));
        assert_eq!(
            hasher.run(Standing::Limited, note("other guesser")).await,
            Err(Busy)
        );
        drop(held);
        let outcomes = tasks.join_all().await;
        assert_eq!(
            outcomes.iter().filter(|outcome| outcome.is_err()).count(),
            1
        );
        drop(order);
        assert_eq!(served.iter().collect::<Vec<_>>(), ["newcomer", "clumsy"]);
    }

    #[tokio::test]
    async fn a_job_whose_caller_has_gone_is_not_begun() {
        let hasher = hasher(1, 2);
        let mut tasks = JoinSet::new();
        let held = occupy(&hasher, &mut tasks, 1);
        let (begun, count) = mpsc::channel();
        {
            let abandoned = hasher.run(Standing::Known, move |_| begun.send(()).unwrap());
            let mut abandoned = Box::pin(abandoned);
            assert!(futures_poll(&mut abandoned).await);
        }
        drop(held);
        hasher.run(Standing::Stranger(1), |_| ()).await.unwrap();
        assert!(count.try_recv().is_err());
    }

    /// Polls a future once; says whether it is still pending.
    async fn futures_poll<F: Future + Unpin>(future: &mut F) -> bool {
        std::future::poll_fn(|context| {
            std::task::Poll::Ready(std::pin::Pin::new(&mut *future).poll(context).is_pending())
        })
        .await
    }

    #[tokio::test]
    async fn a_panic_costs_one_job_and_no_thread() {
        let hasher = hasher(1, 2);
        assert_eq!(
            hasher.run(Standing::Known, |_| panic!("on purpose")).await,
            Err::<(), _>(Busy)
        );
        assert_eq!(hasher.run(Standing::Known, |_| 7).await, Ok(7));
    }

    #[tokio::test]
    async fn closing_sends_away_whoever_waits_and_joins_the_threads() {
        let hasher = hasher(1, 2);
        let mut tasks = JoinSet::new();
        let held = occupy(&hasher, &mut tasks, 1);
        enter(&hasher, &mut tasks, Standing::Known, |_| ());
        hasher.line.close();
        held[0].go.send(()).unwrap();
        let mut outcomes = tasks.join_all().await;
        outcomes.sort_by_key(Result::is_ok);
        assert_eq!(outcomes, [Err(Busy), Ok(())]);
        assert_eq!(hasher.run(Standing::Known, |_| ()).await, Err(Busy));
    }
}
