//! A hub without a thread, for simulations: its turns are taken by a task, and go wrong on purpose.

mod process;

use std::{
    collections::VecDeque,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use fastrand::Rng;
use tokio::{
    sync::mpsc,
    time::{sleep, timeout},
};

use crate::{
    auth::Identity,
    model::{Address, Seq, Timestamp},
    store::{Reader, Store, StoreError},
};

use super::{
    CROWD_INTERVAL, Core, Hub, Limits, Message, QUEUE_MAX, Taken, job::Job, place::Place, take,
    take_up,
};

pub(crate) use process::Process;

/// Of a thousand turns, how many fail to be committed.
const FAILED: u32 = 30;
/// Of a thousand turns that write, how many end with the process: before or after their commit.
const FATAL: u32 = 12;
/// The longest a turn takes between its commit and what follows, in milliseconds.
const SLOWEST: u64 = 30;

/// A promise that is broken on purpose, to show that this is found out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Broken {
    /// What was asked is answered and shown, and only later kept.
    AnswersBeforeTheCommit,
    /// The name that an account gave its message is not kept, so it is taken for a new one.
    ForgetsTheMessageId,
    /// Whoever comes back is told of what it missed from the second entry on.
    StartsOneEntryLate,
}

/// What is wrong with a simulated hub.
#[derive(Clone, Debug, Default)]
pub(crate) struct Faults {
    /// Whether batches fail and the process dies around them.
    pub(crate) on: Arc<AtomicBool>,
    /// For every turn.
    pub(crate) broken: Option<Broken>,
}

impl Hub {
    /// A hub that lives as long as the future is run, in the process that is given.
    pub(crate) fn simulated(
        store: Store,
        limits: Limits,
        faults: Faults,
        process: Process,
        mut random: Rng,
    ) -> (Self, impl Future<Output = ()> + Send) {
        let (jobs, queue) = mpsc::channel(QUEUE_MAX);
        let machine = Machine {
            reader: store.reader().simulated(random.fork()),
            core: Core::new(store, limits),
            queue,
            faults,
            process,
            random,
        };
        (Self { jobs }, machine.run())
    }
}

struct Machine {
    reader: Reader,
    core: Core,
    queue: mpsc::Receiver<Message>,
    faults: Faults,
    process: Process,
    random: Rng,
}

impl Machine {
    async fn run(mut self) {
        let mut waiting = VecDeque::new();
        loop {
            if waiting.is_empty() {
                let Some(message) = self.next().await else {
                    return;
                };
                waiting.push_back(message);
                // As if the thread had been busy: more comes together in one turn.
                self.linger().await;
            }
            take_up(&mut self.queue, &mut waiting);
            let Taken { jobs, last } = take(&mut self.core, &mut waiting);
            self.turn(jobs).await;
            if last {
                return;
            }
        }
    }

    async fn next(&mut self) -> Option<Message> {
        if self.core.is_quiet() {
            if let Ok(message) = timeout(CROWD_INTERVAL, self.queue.recv()).await {
                return message;
            }
            self.core.wake_crowds();
        }
        self.queue.recv().await
    }

    async fn linger(&mut self) {
        let millis = self.random.u64(0..6).saturating_sub(3) * self.random.u64(0..=SLOWEST) / 2;
        sleep(Duration::from_millis(millis)).await;
    }

    async fn turn(&mut self, mut jobs: Vec<Job>) {
        let writes = jobs.iter().any(|job| matches!(job, Job::Asks(..)));
        let dice = if writes && self.faults.on.load(Ordering::Relaxed) {
            self.random.u32(0..1000)
        } else {
            1000
        };
        match self.faults.broken {
            Some(Broken::ForgetsTheMessageId) => forget_names(&mut jobs),
            Some(Broken::StartsOneEntryLate) => self.start_late(&mut jobs).await,
            Some(Broken::AnswersBeforeTheCommit) if dice < FATAL => {
                return self.answer_early(jobs).await;
            }
            Some(Broken::AnswersBeforeTheCommit) | None => {}
        }
        let decided = dice < FATAL / 2;
        if decided || (FATAL..FATAL + FAILED).contains(&dice) {
            jobs.push(Job::Work(Box::new(|_, _| Err(StoreError::Full))));
        }
        let committed = self.core.commit(jobs, Timestamp::now());
        if decided {
            self.process.die("between deciding and committing");
            sleep(Duration::MAX).await;
        }
        self.linger().await;
        if dice < FATAL {
            self.process.die("between committing and applying");
            sleep(Duration::MAX).await;
        }
        self.core.show(committed);
    }

    /// The power goes while the answers are on their way and the batch is not on the disk.
    async fn answer_early(&mut self, jobs: Vec<Job>) {
        self.process.remember();
        self.core.step(jobs, Timestamp::now());
        sleep(Duration::from_millis(self.random.u64(0..100))).await;
        self.process
            .die("before what it had answered was on the disk");
        sleep(Duration::MAX).await;
    }

    /// Has everybody who has missed something miss the first entry of it.
    async fn start_late(&mut self, jobs: &mut [Job]) {
        for job in jobs {
            if let Job::Attach {
                identity, cursors, ..
            } = job
            {
                pass_over_one(&self.reader, identity, cursors).await;
            }
        }
    }
}

async fn pass_over_one(reader: &Reader, identity: &Identity, cursors: &mut [(Address, Seq)]) {
    let me = identity.account();
    for membership in reader.memberships(me.id).await.unwrap() {
        let (place, _) = Place::of_membership(&membership.place, me);
        for (at, seq) in cursors.iter_mut() {
            if place.is_called(at, &me.name) && *seq < membership.head {
                *seq = seq.next();
            }
        }
    }
}

fn forget_names(jobs: &mut [Job]) {
    for job in jobs {
        if let Job::Asks(_, asks) = job {
            for (_, ask) in asks {
                ask.message = None;
            }
        }
    }
}
