//! The one owner of the chat: decides, commits, and only then lets be seen.
//!
//! The hub runs on a thread of its own, because what it does most is wait for the disk. It takes all
//! commands that wait, decides them one after another against the rules, writes what follows as one
//! transaction, and after the commit applies it, marks it for every reader and answers. Nobody is
//! shown what a crash could take back. Knows nothing of wire formats, sockets or passwords.

mod accounts;
mod ask;
mod batch;
mod command;
mod core;
mod crowd;
mod cursor;
mod feed;
mod job;
mod known;
mod operation;
mod place;
mod presence;
mod resume;
#[cfg(test)]
pub(crate) mod simulated;
mod slip;
mod tail;
mod turn;
mod world;

use std::{
    collections::VecDeque,
    io,
    sync::Arc,
    task::{Context, Poll, Wake, Waker},
    thread::{self, Thread},
    time::{Duration, Instant},
};

use tokio::sync::{mpsc, oneshot};

use crate::{
    auth::Identity,
    model::{AccountId, Address, Reason, Seq, Timestamp, TokenId},
    store::{Store, StoreError, Tx},
};

pub use accounts::{ReadUpTo, RegisterError, SessionsToEnd, SignInError};
pub use ask::{Ask, Kept, Outcome, Refused, Want};
pub use feed::{Ended, Feed, News, Opened, SessionKey, Step, Value, Woken};
pub use job::{AttachError, Effects, Online};
pub use operation::{Done, LastOwner, NotDone, Operation, Progress};
pub use presence::PRESENCE_READERS_MAX;
pub use tail::Encode;

use self::{core::Core, crowd::CROWD_INTERVAL, job::Job};

/// The most jobs that wait for the hub. When it is full whoever has one more waits, and so stops
/// reading from its peer.
const QUEUE_MAX: usize = 1024;
/// So much to do fills one transaction: bounds how long the first of it waits for its commit. The last
/// job may be of several requests, and so exceed it by a few.
const BATCH_MAX: usize = 1024;
/// A turn with at least so much to do is followed by others soon: before the next, the hub lets them
/// gather, and who only reads is told of several together. Fewer are people who chat, whom nothing keeps
/// waiting.
const BUSY_MIN: usize = 8;
/// For how long at least: a fraction of what a message takes through a busy server. Longer costs more
/// messages a second than it saves commits.
const GATHER_TIME: Duration = Duration::from_millis(1);
/// For how long after a turn with very much to do, for each thing it did: about half of what the
/// server takes for each, so that as many are at work meanwhile as wait.
const GATHER_TIME_EACH: Duration = Duration::from_micros(15);
/// And at most, however much it was.
const GATHER_TIME_MAX: Duration = Duration::from_millis(4);

/// What the hub holds accounts to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The most rooms an account may be in.
    pub rooms_joined: u64,
    /// The most rooms an account may own.
    pub rooms_owned: u64,
    /// The most entries of one conversation that are sent unasked after a login.
    pub backlog_max: u64,
    /// Whether the log of what went through holds the texts.
    pub log_texts: bool,
}

/// A handle to the hub. Cheap to clone; the hub ends when [`Hub::stop`] is called or the last handle
/// is dropped.
#[derive(Clone, Debug)]
pub struct Hub {
    jobs: mpsc::Sender<Message>,
}

/// The hub's thread, to be joined by whoever started it.
#[derive(Debug)]
pub struct HubThread(thread::JoinHandle<()>);

/// What goes through the hub's queue.
enum Message {
    Job(Job),
    Limits(Limits),
    Stop,
}

/// The hub did not do it: the store cannot be written just now, or the server is stopping. Nothing
/// was kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the server cannot write just now; nothing was kept, try again later")]
pub struct Unavailable;

impl Hub {
    /// Starts the hub's thread, which owns the store from then on.
    ///
    /// # Errors
    ///
    /// When the system has no thread left.
    pub fn start(store: Store, limits: Limits) -> io::Result<(Self, HubThread)> {
        let (jobs, queue) = mpsc::channel(QUEUE_MAX);
        let thread = thread::Builder::new()
            .name("hub".to_owned())
            .spawn(move || run(Core::new(store, limits), queue))?;
        Ok((Self { jobs }, HubThread(thread)))
    }

    /// Logs a session in: from here on the hub marks for it what it has not seen. The feed has the
    /// backlog after the cursors and everything later, each entry once. Dropping it ends the session.
    ///
    /// # Errors
    ///
    /// When a cursor is ahead of its conversation, and when the store cannot be read.
    pub async fn attach(
        &self,
        identity: Identity,
        cursors: Vec<(Address, Seq)>,
    ) -> Result<Feed, AttachError> {
        let (reply, answer) = oneshot::channel();
        let identity = Box::new(identity);
        self.put(Job::Attach {
            identity,
            cursors,
            reply,
        })
        .await;
        answer.await.unwrap_or(Err(AttachError::Unavailable))
    }

    /// Puts what a session asks in the queue, all that came at once together: it takes part in one
    /// transaction and wakes the hub once. The outcomes come with the session's feed, in the order of
    /// the requests.
    pub async fn ask(&self, key: SessionKey, asks: Vec<(u64, Ask)>) {
        self.put(Job::Asks(key, asks)).await;
    }

    /// Somebody is typing.
    pub async fn typing(&self, key: SessionKey, to: Address) {
        self.put(Job::Typing { key, to }).await;
    }

    /// Somebody is away, or back.
    pub async fn away(&self, key: SessionKey, text: Option<Reason>) {
        self.put(Job::Away { key, text }).await;
    }

    /// Who has a session attached, by name.
    pub async fn online(&self) -> Vec<Online> {
        let (reply, answer) = oneshot::channel();
        self.put(Job::Online { reply }).await;
        answer.await.unwrap_or_default()
    }

    /// The tokens of an account whose sessions are attached.
    pub async fn tokens_online(&self, account: AccountId) -> Vec<TokenId> {
        let (reply, answer) = oneshot::channel();
        self.put(Job::TokensOnline { account, reply }).await;
        answer.await.unwrap_or_default()
    }

    /// The tokens of all sessions that are attached.
    pub async fn tokens_attached(&self) -> Vec<TokenId> {
        let (reply, answer) = oneshot::channel();
        self.put(Job::TokensAttached { reply }).await;
        answer.await.unwrap_or_default()
    }

    /// Lets values that have gathered be told. To be called about once a second.
    pub async fn tick(&self) {
        self.put(Job::Tick).await;
    }

    /// From now on other limits hold.
    pub async fn set_limits(&self, limits: Limits) {
        drop(self.jobs.send(Message::Limits(limits)).await);
    }

    /// Does what was put before, then stops.
    pub async fn stop(&self) {
        drop(self.jobs.send(Message::Stop).await);
    }

    /// Waits until the hub has stopped, for whatever reason.
    pub async fn stopped(&self) {
        self.jobs.closed().await;
    }

    /// Takes part in the next transaction. What `work` returns is given back once that is committed.
    ///
    /// # Errors
    ///
    /// [`Unavailable`] when it was not committed.
    pub async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Tx<'_>, &mut Effects) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, Unavailable> {
        let (reply, answer) = oneshot::channel();
        self.put(Job::Work(Box::new(move |tx, effects| {
            let done = work(tx, effects)?;
            Ok(Box::new(move || drop(reply.send(done))))
        })))
        .await;
        answer.await.map_err(|_| Unavailable)
    }

    /// A hub that has stopped drops the job, and with it the means to answer: the asker sees that.
    async fn put(&self, job: Job) {
        drop(self.jobs.send(Message::Job(job)).await);
    }
}

impl HubThread {
    /// Waits until the hub has done what was put before [`Hub::stop`] and has closed the store.
    ///
    /// # Errors
    ///
    /// When the hub has panicked.
    pub fn join(self) -> thread::Result<()> {
        self.0.join()
    }
}

fn run(mut core: Core, mut queue: mpsc::Receiver<Message>) {
    let mut waiting = VecDeque::with_capacity(BATCH_MAX);
    let mut done = 0;
    while wait(&mut core, &mut queue, &mut waiting, done) {
        let Taken { jobs, last } = take(&mut core, &mut waiting);
        done = jobs.iter().map(Job::size).sum();
        core.step(jobs, Timestamp::now());
        if last {
            break;
        }
    }
}

/// Waits until there is something to do, after a turn that did so much. False when nothing will come
/// any more.
fn wait(
    core: &mut Core,
    queue: &mut mpsc::Receiver<Message>,
    waiting: &mut VecDeque<Message>,
    done: usize,
) -> bool {
    if waiting.is_empty() {
        let Some(message) = next(core, queue) else {
            return false;
        };
        waiting.push_back(message);
        if done >= BUSY_MIN {
            // More comes that then shares one commit, and readers write the last turn in one go.
            #[expect(clippy::disallowed_methods, reason = "it is time that brings more")]
            thread::sleep(gather_time(done));
        }
    }
    take_up(queue, waiting);
    true
}

/// The next message, however long it takes. Meanwhile wakes who has yet to be woken. Nothing when none
/// will come any more.
fn next(core: &mut Core, queue: &mut mpsc::Receiver<Message>) -> Option<Message> {
    if core.is_quiet() {
        if let Poll::Ready(message) = recv_within(queue, CROWD_INTERVAL) {
            return message;
        }
        core.wake_crowds();
    }
    queue.blocking_recv()
}

/// As [`mpsc::Receiver::blocking_recv`], but does not wait longer than that.
fn recv_within(queue: &mut mpsc::Receiver<Message>, limit: Duration) -> Poll<Option<Message>> {
    let thread = Waker::from(Arc::new(Unpark(thread::current())));
    let deadline = Instant::now() + limit;
    loop {
        let received = queue.poll_recv(&mut Context::from_waker(&thread));
        let left = deadline.saturating_duration_since(Instant::now());
        if received.is_ready() || left.is_zero() {
            return received;
        }
        thread::park_timeout(left);
    }
}

/// Wakes a thread.
struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Takes up what has come, as much as one transaction could be about.
fn take_up(queue: &mut mpsc::Receiver<Message>, waiting: &mut VecDeque<Message>) {
    while waiting.len() < BATCH_MAX
        && let Ok(message) = queue.try_recv()
    {
        waiting.push_back(message);
    }
}

/// How long to wait for more after a turn that did so much.
fn gather_time(done: usize) -> Duration {
    let each = u32::try_from(done).map_or(GATHER_TIME_MAX, |done| GATHER_TIME_EACH * done);
    each.clamp(GATHER_TIME, GATHER_TIME_MAX)
}

/// What one turn of the hub is about.
struct Taken {
    jobs: Vec<Job>,
    /// Whether the hub stops after it.
    last: bool,
}

/// Takes as much as one transaction may be about; the rest waits.
fn take(core: &mut Core, waiting: &mut VecDeque<Message>) -> Taken {
    let (mut jobs, mut size) = (Vec::new(), 0);
    while size < BATCH_MAX
        && let Some(message) = waiting.pop_front()
    {
        match message {
            Message::Job(job) => {
                size += job.size();
                jobs.push(job);
            }
            Message::Limits(limits) => core.set_limits(limits),
            Message::Stop => return Taken { jobs, last: true },
        }
    }
    Taken { jobs, last: false }
}

#[cfg(test)]
mod tests;
