//! The outbox on disk: one line for each thing that happened to it, appended and never changed.
//!
//! Each running client has a journal of its own and holds its lock. Lines are not synced: they
//! survive the death of the client, not that of the machine, where the last moments may be lost.

use std::{
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
};

use rustix::fs::{FlockOperation, flock};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{Item, Standing};
use crate::{
    client::private,
    model::{Timestamp, chance},
    protocol::{Request, Verb},
};

/// Held while journals are made and taken over, so that none is taken between its making and its
/// locking.
const LOCK: &str = "lock";
const EXTENSION: &str = "jsonl";

/// One line.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Record {
    /// Something was put in: the request, as it goes over the wire.
    Add(Box<RawValue>),
    /// It was answered or dismissed.
    Done(String),
    /// It was refused.
    Refused { message: String, reason: String },
}

impl Record {
    pub(super) fn add(verb: &Verb) -> io::Result<Self> {
        let request = Request {
            id: 0,
            verb: verb.clone(),
        };
        Ok(Self::Add(serde_json::value::to_raw_value(&request)?))
    }
}

#[derive(Debug)]
pub(super) struct Journal {
    file: File,
    path: PathBuf,
}

impl Journal {
    /// Starts a journal, and takes over what is in those whose owners are gone.
    pub(super) fn open(folder: &Path) -> io::Result<(Self, Vec<Item>)> {
        private::folder(folder)?;
        let lock = private::lock_file(&folder.join(LOCK))?;
        flock(&lock, FlockOperation::LockExclusive)?;
        let orphans = orphans(folder)?;
        let mut items = Vec::new();
        for orphan in &orphans {
            replay(&fs::read(orphan)?, &mut items);
        }
        let mut journal = Self::create(folder)?;
        for item in &items {
            journal.append(&Record::add(&item.verb)?)?;
            if let Standing::Refused(reason) = &item.standing {
                let (message, reason) = (item.message.as_str().to_owned(), reason.clone());
                journal.append(&Record::Refused { message, reason })?;
            }
        }
        // Only now: a death in between leaves two copies, which their names make one.
        journal.file.sync_all()?;
        for orphan in &orphans {
            private::remove(orphan)?;
        }
        Ok((journal, items))
    }

    fn create(folder: &Path) -> io::Result<Self> {
        // In the order of their making, so that they are taken over in the order of typing.
        let now = Timestamp::now().as_millis();
        let random = chance::number().map_err(io::Error::other)?;
        let path = folder.join(format!("{now:013}-{random:08x}.{EXTENSION}"));
        let file = private::new_file(&path)?;
        flock(&file, FlockOperation::NonBlockingLockExclusive)?;
        Ok(Self { file, path })
    }

    /// Writes a line that must not be lost.
    pub(super) fn append(&mut self, record: &Record) -> io::Result<()> {
        let mut line = serde_json::to_vec(record)?;
        line.push(b'\n');
        self.file.write_all(&line)
    }

    /// Writes a line whose loss does no harm: what it is about is sent again, under its name.
    pub(super) fn note(&mut self, record: &Record) {
        if let Err(error) = self.append(record) {
            tracing::warn!(path = %self.path.display(), %error, "cannot write to the outbox");
        }
    }

    /// Begins anew when nothing is in the outbox.
    pub(super) fn clear(&mut self) {
        if let Err(error) = self.file.set_len(0) {
            tracing::warn!(path = %self.path.display(), %error, "cannot clear the outbox");
        }
    }
}

/// The journals whose owners are gone, the oldest first.
fn orphans(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut orphans = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path
            .extension()
            .is_some_and(|extension| extension == EXTENSION)
        {
            let file = File::open(&path)?;
            match flock(&file, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) => orphans.push(path),
                Err(rustix::io::Errno::WOULDBLOCK) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
    orphans.sort();
    Ok(orphans)
}

fn replay(journal: &[u8], items: &mut Vec<Item>) {
    for line in journal.split(|&byte| byte == b'\n') {
        // The last line may be torn: its writer died before it was whole.
        let Ok(record) = serde_json::from_slice(line) else {
            continue;
        };
        match record {
            Record::Add(request) => {
                let request = Request::parse(request.get().as_bytes()).ok();
                let item = request.and_then(|request| Item::new(request.verb));
                items.extend(item.filter(|new| items.iter().all(|old| old.message != new.message)));
            }
            Record::Done(message) => items.retain(|item| item.message.as_str() != message),
            Record::Refused { message, reason } => {
                let mut refused = items.iter_mut();
                if let Some(item) = refused.find(|item| item.message.as_str() == message) {
                    item.standing = Standing::Refused(reason);
                }
            }
        }
    }
}
