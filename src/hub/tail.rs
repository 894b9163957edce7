//! The newest entries of a conversation, in memory, for all its readers at once.
//!
//! Reading the tail is how live delivery works; whoever has fallen behind it reads the store instead,
//! so a slow reader costs a cursor and not a queue.

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, OnceLock, PoisonError, RwLock},
};

use bytes::Bytes;

use crate::{
    chat::{Entry, Event},
    model::{Address, Seq, Timestamp},
};

use super::place::{Place, Side};

/// The most entries a tail holds: what hundreds of members can have said at once before all of them
/// have read it. To read the store instead costs seven times as much, when there is least time for it.
pub(super) const TAIL_ENTRIES_MAX: usize = 16 * 1024;
/// The most bytes a tail holds, a bound on what a busy room costs.
const TAIL_BYTES_MAX: usize = 8 * 1024 * 1024;
/// How long a tail holds an entry, in milliseconds, give or take a tick: whoever is not there by then
/// is not held up by the server.
const TAIL_TIME: i64 = 10_000;

/// Of so many entries or more, readers who want the very same share one copy. Fewer are copied for each
/// of them as fast as that is arranged.
const RUN_ENTRIES_MIN: usize = 8;
/// So many runs are kept: one who has much to read takes several, one after another, and the next reader
/// the same.
const RUNS_MAX: usize = 4;
/// About how long an encoded entry is, in bytes: with room for all of a run at once, it need not be moved
/// as it grows.
const ENTRY_USUAL: usize = 256;

/// Appends what one wire format sends for an entry, as read at that address.
pub type Encode = fn(&Entry, &Address, &mut Vec<u8>);

/// One entry and its encoded form, made by whoever needs it first and shared by all.
#[derive(Debug)]
struct Record {
    entry: Entry,
    place: Place,
    encoded: [OnceLock<Bytes>; 2],
}

impl Record {
    const fn encoded(&self, side: Side) -> &OnceLock<Bytes> {
        match side {
            Side::First => &self.encoded[0],
            Side::Second => &self.encoded[1],
        }
    }

    fn encode(&self, side: Side, encode: Encode, out: &mut Vec<u8>) {
        encode(&self.entry, &self.place.seen_from(side), out);
    }

    /// About what the record costs in memory, the same whether it is encoded yet or not.
    fn weight(&self) -> usize {
        const BARE: usize = 512;
        match &self.entry.event {
            Event::Posted { text, .. } | Event::Edited { text, .. } => {
                BARE + 2 * text.as_str().len()
            }
            _ => BARE,
        }
    }
}

/// What came of reading a tail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Copied {
    /// Everything up to and with this entry has been copied.
    UpTo(Seq),
    /// The entry asked for is not in memory any more: read the store.
    Behind,
}

/// The newest entries of one conversation. The hub appends, sessions read.
#[derive(Debug, Default)]
pub(super) struct Tail {
    ring: RwLock<Ring>,
    /// What was read last by whoever keeps up, the newest last. Locked after the ring, for a moment.
    runs: Mutex<VecDeque<Run>>,
}

/// Encoded entries, one after another, for all who want the same of them.
#[derive(Debug)]
struct Run {
    wanted: Wanted,
    last: Seq,
    bytes: Bytes,
}

#[derive(Debug, Default)]
struct Ring {
    records: VecDeque<Record>,
    weight: usize,
}

impl Tail {
    /// Adds the entry that follows the newest, and drops the oldest for it when the tail is full.
    pub(super) fn push(&self, entry: Entry, place: Place) {
        let record = Record {
            entry,
            place,
            encoded: Default::default(),
        };
        let mut ring = self.ring.write().unwrap_or_else(PoisonError::into_inner);
        ring.weight += record.weight();
        ring.records.push_back(record);
        while ring.records.len() > TAIL_ENTRIES_MAX || ring.weight > TAIL_BYTES_MAX {
            ring.drop_oldest();
        }
    }

    /// Drops everything. After a rename: what is encoded here has the old name in it.
    pub(super) fn clear(&self) {
        let mut ring = self.ring.write().unwrap_or_else(PoisonError::into_inner);
        *ring = Ring::default();
        self.runs().clear();
    }

    /// Drops what has stood here long enough. Says whether anything is left.
    pub(super) fn expire(&self, now: Timestamp) -> bool {
        let mut ring = self.ring.write().unwrap_or_else(PoisonError::into_inner);
        let is_due = |record: &Record| now.as_millis() - record.entry.at.as_millis() > TAIL_TIME;
        while ring.records.front().is_some_and(is_due) {
            ring.drop_oldest();
        }
        if ring.records.is_empty() {
            *ring = Ring::default();
            *self.runs() = VecDeque::new();
        }
        // Room for a crowd is given back although a few go on talking.
        let left = ring.records.len();
        ring.records.shrink_to(2 * left);
        left > 0
    }

    fn runs(&self) -> MutexGuard<'_, VecDeque<Run>> {
        self.runs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// As [`Tail::copy`], but of many entries, and without a copy for a reader that wants what another
    /// has just wanted: in a busy room that is nearly everybody. Nothing when they are few, or not in
    /// memory any more.
    pub(super) fn run(&self, wanted: Wanted, encode: Encode) -> Option<(Seq, Bytes)> {
        let count = wanted.up_to.next().get().saturating_sub(wanted.next.get());
        let count = usize::try_from(count).unwrap_or(usize::MAX);
        if count < RUN_ENTRIES_MIN {
            return None;
        }
        // Held until the run is there for others: none of before a `clear` is left behind by it.
        let ring = self.ring.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(run) = self.runs().iter().rfind(|run| run.wanted == wanted) {
            return Some((run.last, run.bytes.clone()));
        }
        let (last, bytes) = ring.run(wanted, encode, count)?;
        let mut runs = self.runs();
        if runs.len() >= RUNS_MAX {
            runs.pop_front();
        }
        runs.push_back(Run {
            wanted,
            last,
            bytes: bytes.clone(),
        });
        Some((last, bytes))
    }

    /// Appends the encoded entries from `next` to `up_to` to `out`, stopping early once `out` is
    /// `full` bytes long.
    pub(super) fn copy(&self, wanted: Wanted, encode: Encode, out: &mut Vec<u8>) -> Copied {
        let ring = self.ring.read().unwrap_or_else(PoisonError::into_inner);
        ring.copy(wanted, encode, out)
    }
}

impl Ring {
    fn drop_oldest(&mut self) {
        if let Some(oldest) = self.records.pop_front() {
            self.weight -= oldest.weight();
        }
    }

    /// The records from the first that is wanted on, if that is in memory.
    fn wanted(&self, wanted: Wanted) -> Option<impl Iterator<Item = &Record>> {
        let first = self.records.front()?.entry.seq;
        let skipped = wanted.next.get().checked_sub(first.get())?;
        let skipped = usize::try_from(skipped).unwrap_or(usize::MAX);
        let records = self.records.range(skipped.min(self.records.len())..);
        Some(records.take_while(move |record| record.entry.seq <= wanted.up_to))
    }

    fn copy(&self, wanted: Wanted, encode: Encode, out: &mut Vec<u8>) -> Copied {
        let mut copied = Copied::Behind;
        for record in self.wanted(wanted).into_iter().flatten() {
            if out.len() >= wanted.full {
                break;
            }
            let encoded = record.encoded(wanted.side).get_or_init(|| {
                let mut line = Vec::with_capacity(ENTRY_USUAL);
                record.encode(wanted.side, encode, &mut line);
                line.into()
            });
            out.extend_from_slice(encoded);
            copied = Copied::UpTo(record.entry.seq);
        }
        copied
    }

    /// As [`Ring::copy`], into a run of its own with room for so many. What it encodes stands there and
    /// nowhere else, if that is most of it: a record keeps all of the run it stands in.
    fn run(&self, wanted: Wanted, encode: Encode, count: usize) -> Option<(Seq, Bytes)> {
        let count = count.min(self.records.len());
        let mut bytes = Vec::with_capacity((count * ENTRY_USUAL).min(wanted.full));
        let (mut last, mut made) = (None, Vec::new());
        for record in self.wanted(wanted)? {
            if bytes.len() >= wanted.full {
                break;
            }
            let encoded = record.encoded(wanted.side);
            if let Some(encoded) = encoded.get() {
                bytes.extend_from_slice(encoded);
            } else {
                let start = bytes.len();
                record.encode(wanted.side, encode, &mut bytes);
                made.push((encoded, start..bytes.len()));
            }
            last = Some(record.entry.seq);
        }
        let bytes = Bytes::from(bytes);
        let new: usize = made.iter().map(|(_, range)| range.len()).sum();
        for (encoded, range) in made {
            let line = bytes.slice(range);
            let line = if 2 * new >= bytes.len() {
                line
            } else {
                Bytes::copy_from_slice(&line)
            };
            // Somebody else may have been as quick.
            encoded.get_or_init(|| line);
        }
        Some((last?, bytes))
    }
}

/// Which entries a reader wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Wanted {
    /// From this one.
    pub(super) next: Seq,
    /// Up to and with this one.
    pub(super) up_to: Seq,
    /// As seen from here.
    pub(super) side: Side,
    /// No more once the buffer is this long, in bytes.
    pub(super) full: usize,
}

#[cfg(test)]
mod tests {
    use crate::model::{Account, AccountId, UserName};

    use super::*;

    const EVERYONE: Wanted = Wanted {
        next: Seq::FIRST,
        up_to: Seq::new(u64::MAX),
        side: Side::First,
        full: usize::MAX,
    };

    fn encode(_: &Entry, _: &Address, out: &mut Vec<u8>) {
        out.extend_from_slice(&[b'x'; 100]);
    }

    #[test]
    fn one_new_entry_does_not_keep_the_many_old_ones_it_was_read_with() {
        let tail = Tail::default();
        let author = Account {
            id: AccountId::new(1),
            name: UserName::parse("alice").unwrap(),
        };
        let say = |seq| {
            let entry = Entry {
                conversation: crate::store::EVERYONE,
                seq: Seq::new(seq),
                at: Timestamp::default(),
                author: author.clone(),
                message: None,
                event: Event::Joined,
            };
            tail.push(entry, Place::Everyone);
        };
        (1..=20).for_each(&say);
        let (_, first) = tail.run(EVERYONE, encode).unwrap();
        say(21);
        let (_, second) = tail
            .run(
                Wanted {
                    up_to: Seq::new(21),
                    ..EVERYONE
                },
                encode,
            )
            .unwrap();
        let ring = tail.ring.read().unwrap();
        let stands_in = |run: &Bytes, nth: usize| {
            let line = ring.records[nth].encoded(Side::First).get().unwrap();
            run.as_ptr_range().contains(&line.as_ptr())
        };
        assert!(stands_in(&first, 0), "encoded once");
        assert!(!stands_in(&second, 20));
        assert_eq!((first.len(), second.len()), (2000, 2100));
    }
}
