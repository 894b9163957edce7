//! What a screen keeps on this machine beside the outbox: a copy of the conversations, and drafts.
//!
//! Promises: the copy opens at once and without the network, is bounded, and can be thrown away
//! without loss; a draft is on disk soon after it was typed; the disk is never waited for, because
//! one thread of its own does all of this.

mod copy;
mod drafts;

use std::{
    io,
    path::{Path, PathBuf},
    sync::mpsc::{Receiver, SyncSender, sync_channel},
    thread::{self, JoinHandle},
};

use tokio::sync::mpsc;

use crate::{
    model::{Address, Seq},
    protocol::{ConversationFrame, EntryFrame},
};

use copy::Copy;
pub(super) use drafts::Drafts;

/// Jobs that wait for the disk. When it is full an entry is left out of the copy, which shows as a
/// gap and is fetched from the server; drafts are offered again.
const JOBS_MAX: usize = 8192;
/// Answers that wait for the screen; then the disk waits.
const ANSWERS_MAX: usize = 16;

/// A conversation and the newest of its entries, as the last run knew them.
pub(super) type Remembered = (ConversationFrame, Vec<EntryFrame>);

/// Something to be done with the disk.
pub(super) enum Job {
    /// An entry is there, or reads differently.
    Entry(Box<EntryFrame>),
    /// What is said about a conversation has changed.
    Conversation(Box<ConversationFrame>),
    /// A conversation is called something else.
    Renamed { was: Address, now: Address },
    /// A conversation is not read any more.
    Gone(Address),
    /// These are the drafts now.
    Drafts(Drafts),
    /// Look for words.
    Search(String),
    /// Read what was before.
    Past { of: Address, before: Seq },
}

/// What the disk had.
pub(super) enum Found {
    /// Messages that hold all the words, the newest first.
    Messages(Vec<EntryFrame>),
    /// What was before, oldest first.
    Past(Address, Vec<EntryFrame>),
}

/// The handle to the thread that writes and reads.
pub(super) struct Local {
    jobs: Option<SyncSender<Job>>,
    found: mpsc::Receiver<Found>,
    thread: Option<JoinHandle<()>>,
}

/// What was there when it was opened.
pub(super) struct Opened {
    pub(super) local: Local,
    pub(super) conversations: Vec<Remembered>,
    pub(super) drafts: Drafts,
}

impl Local {
    /// Opens the copy and the drafts at these two places.
    ///
    /// # Errors
    ///
    /// When there can be no copy; drafts that cannot be read are none.
    pub(super) fn open(copy: &Path, drafts: PathBuf) -> io::Result<Opened> {
        let copy = Copy::open(copy).map_err(io::Error::other)?;
        let conversations = copy.newest().map_err(io::Error::other)?;
        let kept = drafts::read(&drafts);
        let (jobs, todo) = sync_channel(JOBS_MAX);
        let (answers, found) = mpsc::channel(ANSWERS_MAX);
        let thread = thread::Builder::new()
            .name("netcomm-local".to_owned())
            .spawn(move || work(copy, &drafts, &todo, &answers))?;
        Ok(Opened {
            local: Self {
                jobs: Some(jobs),
                found,
                thread: Some(thread),
            },
            conversations,
            drafts: kept,
        })
    }

    /// Has something done soon; says whether there was room for it.
    pub(super) fn order(&self, job: Job) -> bool {
        self.jobs
            .as_ref()
            .is_some_and(|jobs| jobs.try_send(job).is_ok())
    }

    /// Waits for what was looked for; for ever when nothing will come.
    ///
    /// Cancel safe: what was not taken is given by the next call.
    pub(super) async fn next(&mut self) -> Found {
        match self.found.recv().await {
            Some(found) => found,
            None => std::future::pending().await,
        }
    }
}

impl Drop for Local {
    /// Waits until everything that was ordered is on disk.
    fn drop(&mut self) {
        self.jobs = None;
        self.found.close();
        if let Some(thread) = self.thread.take() {
            // A thread that panicked has said so already.
            let _panicked = thread.join();
        }
    }
}

/// Does jobs until there will be no more; those that wait are one transaction.
fn work(mut copy: Copy, drafts: &Path, todo: &Receiver<Job>, answers: &mpsc::Sender<Found>) {
    while let Ok(first) = todo.recv() {
        let jobs: Vec<_> = std::iter::once(first).chain(todo.try_iter()).collect();
        let mut newest = None;
        // A copy that cannot be written is a smaller copy: what is missing is fetched again.
        let _unwritten = copy.write(&jobs);
        for job in jobs {
            let found = match job {
                Job::Drafts(kept) => {
                    newest = Some(kept);
                    None
                }
                Job::Search(words) => Some(Found::Messages(copy.search(&words))),
                Job::Past { of, before } => {
                    let entries = copy.past(&of, before);
                    Some(Found::Past(of, entries))
                }
                Job::Entry(_) | Job::Conversation(_) | Job::Renamed { .. } | Job::Gone(_) => None,
            };
            if let Some(found) = found {
                // Nobody waits for it any more when the screen is gone.
                let _gone = answers.blocking_send(found);
            }
        }
        if let Some(kept) = newest {
            // They are offered again with the next key.
            let _unwritten = drafts::keep(drafts, &kept);
        }
    }
}
