//! The copy of the conversations, in SQLite.
//!
//! It is a copy: it may be thrown away, it may have holes, and losing its last second is no loss.

use std::{fs, path::Path};

use rusqlite::{Connection, Error, OptionalExtension, Row, Transaction, params, params_from_iter};

use super::{Job, Remembered};
use crate::{
    client::private,
    model::{Address, Seq},
    protocol::{ConversationFrame, EntryBody, EntryFrame},
};

/// Entries kept of one conversation; older ones are fetched from the server again.
const KEPT_MAX: i64 = 20_000;
/// Conversations kept; of more, those go in which nothing was said for the longest time. All are read
/// when the client opens: so many are a hundred thousand entries.
const CONVERSATIONS_MAX: usize = 1000;
/// Entries of each conversation that are read when the client opens: a few screens.
const OPENED: i64 = 100;
/// Entries of a page of what was before.
const PAGE: i64 = 200;
/// Messages a search gives.
const FOUND_MAX: i64 = 200;
/// Entries and conversations written before the bounds are looked after.
const PRUNE_INTERVAL: usize = 1000;

/// Everything there is, where something was said last first. The addresses of entries are found by
/// one look into the index each: they may be of a conversation whose facts are not here.
const ADDRESSES: &str = "
    WITH RECURSIVE
        said(address) AS (
            SELECT min(address) FROM entry
            UNION ALL
            SELECT (SELECT min(address) FROM entry WHERE address > said.address)
            FROM said WHERE said.address IS NOT NULL),
        place(address) AS (
            SELECT address FROM said WHERE address IS NOT NULL
            UNION SELECT address FROM conversation)
    SELECT address FROM place
    ORDER BY (SELECT at FROM entry WHERE entry.address = place.address
              ORDER BY seq DESC LIMIT 1) DESC
";

const SCHEMA: &str = "
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = NORMAL;
    PRAGMA busy_timeout = 2000;
    CREATE TABLE IF NOT EXISTS conversation (address TEXT PRIMARY KEY, facts TEXT NOT NULL);
    CREATE TABLE IF NOT EXISTS entry (
        address TEXT NOT NULL,
        seq INTEGER NOT NULL,
        at INTEGER NOT NULL,
        text TEXT,
        frame TEXT NOT NULL,
        PRIMARY KEY (address, seq)
    ) WITHOUT ROWID;
";

/// The copy, and its one owner's connection to it.
pub(super) struct Copy {
    connection: Connection,
    written: usize,
}

impl Copy {
    /// Opens the copy, or begins a new one where there is none that can be read.
    pub(super) fn open(path: &Path) -> Result<Self, Error> {
        let connection = connect(path).or_else(|_| {
            for end in ["", "-wal", "-shm"] {
                let mut name = path.as_os_str().to_owned();
                name.push(end);
                // What cannot be removed makes the second try fail, which says why.
                let _there_still = fs::remove_file(name);
            }
            connect(path)
        })?;
        Ok(Self {
            connection,
            written: PRUNE_INTERVAL,
        })
    }

    /// Every conversation with the newest of its entries, oldest first.
    pub(super) fn newest(&self) -> Result<Vec<Remembered>, Error> {
        let mut query = self.connection.prepare("SELECT facts FROM conversation")?;
        let facts = query.query_map([], |row| row.get::<_, String>(0))?;
        let mut remembered = Vec::new();
        for facts in facts {
            let Ok(facts) = serde_json::from_str::<ConversationFrame>(&facts?) else {
                continue;
            };
            let entries = self.before(&facts.conversation, i64::MAX, OPENED)?;
            remembered.push((facts, entries));
        }
        Ok(remembered)
    }

    /// What was before an entry, oldest first; nothing when it cannot be read.
    pub(super) fn past(&self, of: &Address, before: Seq) -> Vec<EntryFrame> {
        let before = i64::try_from(before.get()).unwrap_or(i64::MAX);
        self.before(of, before, PAGE).unwrap_or_default()
    }

    fn before(&self, of: &Address, before: i64, count: i64) -> Result<Vec<EntryFrame>, Error> {
        let mut query = self.connection.prepare_cached(
            "SELECT address, frame FROM entry WHERE address = ?1 AND seq < ?2 \
             ORDER BY seq DESC LIMIT ?3",
        )?;
        let rows = query.query_map(params![of.to_string(), before, count], named)?;
        let mut entries = frames(rows)?;
        entries.reverse();
        Ok(entries)
    }

    /// The newest messages that hold all the words; none when they cannot be read.
    pub(super) fn search(&self, words: &str) -> Vec<EntryFrame> {
        self.find(words).unwrap_or_default()
    }

    fn find(&self, words: &str) -> Result<Vec<EntryFrame>, Error> {
        let patterns: Vec<_> = words.split_whitespace().map(pattern).collect();
        if patterns.is_empty() {
            return Ok(Vec::new());
        }
        let holds = vec!["text LIKE ? ESCAPE '\\'"; patterns.len()].join(" AND ");
        let sql = format!(
            "SELECT address, frame FROM entry WHERE {holds} ORDER BY at DESC LIMIT {FOUND_MAX}"
        );
        let mut query = self.connection.prepare(&sql)?;
        let rows = query.query_map(params_from_iter(patterns), named)?;
        frames(rows)
    }

    /// Writes what has changed, as one transaction.
    pub(super) fn write(&mut self, jobs: &[Job]) -> Result<(), Error> {
        let transaction = self.connection.transaction()?;
        for job in jobs {
            match job {
                Job::Entry(entry) => {
                    write_entry(&transaction, entry)?;
                    self.written += 1;
                }
                Job::Conversation(facts) => {
                    write_facts(&transaction, facts)?;
                    self.written += 1;
                }
                Job::Renamed { was, now } => rename(&transaction, was, now)?,
                Job::Gone(address) => forget(&transaction, &address.to_string())?,
                Job::Drafts(_) | Job::Search(_) | Job::Past { .. } => {}
            }
        }
        if self.written >= PRUNE_INTERVAL {
            prune(&transaction)?;
            self.written = 0;
        }
        transaction.commit()
    }
}

fn connect(path: &Path) -> Result<Connection, Error> {
    if !path.exists() {
        // Made here, so that it is its owner's alone from the first byte.
        drop(private::new_file(path));
    }
    let connection = Connection::open(path)?;
    connection.execute_batch(SCHEMA)?;
    let check = "SELECT address FROM conversation LIMIT 1";
    let _first: Option<String> = connection
        .query_row(check, [], |row| row.get(0))
        .optional()?;
    Ok(connection)
}

/// An entry as it is kept, and what its conversation is called by now.
fn named(row: &Row<'_>) -> Result<(String, String), Error> {
    Ok((row.get(0)?, row.get(1)?))
}

/// What cannot be understood any more is left out.
fn frames(
    rows: impl Iterator<Item = Result<(String, String), Error>>,
) -> Result<Vec<EntryFrame>, Error> {
    let read = |(address, frame): (String, String)| {
        let mut entry: EntryFrame = serde_json::from_str(&frame).ok()?;
        entry.conversation = Address::parse(&address).ok()?;
        Some(entry)
    };
    rows.filter_map(|row| row.map(read).transpose()).collect()
}

fn write_entry(transaction: &Transaction<'_>, entry: &EntryFrame) -> Result<(), Error> {
    let Ok(frame) = serde_json::to_string(entry) else {
        return Ok(());
    };
    let text = match &entry.body {
        EntryBody::Posted { text, .. } => text.as_ref().map(|text| text.as_str()),
        _ => None,
    };
    let seq = i64::try_from(entry.seq.get()).unwrap_or(i64::MAX);
    transaction
        .prepare_cached("INSERT OR REPLACE INTO entry VALUES (?1, ?2, ?3, ?4, ?5)")?
        .execute(params![
            entry.conversation.to_string(),
            seq,
            entry.at.as_millis(),
            text,
            frame
        ])?;
    Ok(())
}

fn write_facts(transaction: &Transaction<'_>, facts: &ConversationFrame) -> Result<(), Error> {
    let Ok(written) = serde_json::to_string(facts) else {
        return Ok(());
    };
    transaction
        .prepare_cached("INSERT OR REPLACE INTO conversation VALUES (?1, ?2)")?
        .execute(params![facts.conversation.to_string(), written])?;
    Ok(())
}

/// What stood under the new name before was of another conversation.
fn rename(transaction: &Transaction<'_>, was: &Address, now: &Address) -> Result<(), Error> {
    let (was, now) = (was.to_string(), now.to_string());
    forget(transaction, &now)?;
    let sql = "UPDATE entry SET address = ?2 WHERE address = ?1";
    transaction.execute(sql, [&was, &now])?;
    transaction.execute("DELETE FROM conversation WHERE address = ?1", [&was])?;
    Ok(())
}

fn forget(transaction: &Transaction<'_>, address: &str) -> Result<(), Error> {
    transaction.execute("DELETE FROM entry WHERE address = ?1", [address])?;
    transaction.execute("DELETE FROM conversation WHERE address = ?1", [address])?;
    Ok(())
}

/// Keeps the bounds: some looks into the index for each conversation.
fn prune(transaction: &Transaction<'_>) -> Result<(), Error> {
    let mut addresses = transaction.prepare(ADDRESSES)?;
    let addresses = addresses.query_map([], |row| row.get::<_, String>(0))?;
    let addresses: Vec<_> = addresses.collect::<Result<_, _>>()?;
    let (kept, surplus) = addresses.split_at(addresses.len().min(CONVERSATIONS_MAX));
    for address in surplus {
        forget(transaction, address)?;
    }
    for address in kept {
        transaction.execute(
            "DELETE FROM entry WHERE address = ?1 AND seq <= (
                SELECT seq FROM entry WHERE address = ?1 ORDER BY seq DESC LIMIT 1 OFFSET ?2)",
            params![address, KEPT_MAX],
        )?;
    }
    Ok(())
}

/// A word as `LIKE` takes it.
fn pattern(word: &str) -> String {
    let mut pattern = String::from("%");
    for c in word.chars() {
        if matches!(c, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern.push('%');
    pattern
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::fake;

    fn said(place: &str, seq: u64, text: &str) -> Job {
        Job::Entry(Box::new(fake::entry(place, seq, "bob", fake::posted(text))))
    }

    fn facts(place: &str) -> Job {
        Job::Conversation(Box::new(fake::conversation(place, 1)))
    }

    fn seqs(entries: &[EntryFrame]) -> Vec<u64> {
        entries.iter().map(|entry| entry.seq.get()).collect()
    }

    #[test]
    fn what_was_written_is_there_at_the_next_start_newest_last() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("copy");
        let mut copy = Copy::open(&path).unwrap();
        let mut jobs = vec![facts("#ops")];
        jobs.extend((1..=250).map(|seq| said("#ops", seq, "text")));
        copy.write(&jobs).unwrap();
        drop(copy);
        let copy = Copy::open(&path).unwrap();
        let remembered = copy.newest().unwrap();
        let (facts, entries) = &remembered[0];
        assert_eq!(facts.conversation.to_string(), "#ops");
        assert_eq!(seqs(entries), (151..=250).collect::<Vec<_>>());
        let past = copy.past(&facts.conversation, Seq::new(151));
        assert_eq!(seqs(&past), (1..=150).collect::<Vec<_>>());
    }

    #[test]
    fn words_are_found_whatever_signs_they_hold_and_what_is_gone_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let mut copy = Copy::open(&folder.path().join("copy")).unwrap();
        copy.write(&[
            said("#ops", 1, "the Disk is 100% full"),
            said("#ops", 2, "the disk is 1000 full"),
            said("#dev", 3, "disk_usage"),
        ])
        .unwrap();
        assert_eq!(seqs(&copy.search("disk")), [3, 2, 1]);
        assert_eq!(seqs(&copy.search("disk 100%")), [1]);
        assert_eq!(seqs(&copy.search("k_u")), [3]);
        assert!(copy.search("  ").is_empty());
        copy.write(&[Job::Gone(Address::parse("#ops").unwrap())])
            .unwrap();
        assert_eq!(seqs(&copy.search("disk")), [3]);
    }

    #[test]
    fn a_conversation_that_is_renamed_keeps_its_entries_under_the_new_name() {
        let folder = tempfile::tempdir().unwrap();
        let mut copy = Copy::open(&folder.path().join("copy")).unwrap();
        let [was, now] = ["#ops", "#lights"].map(|name| Address::parse(name).unwrap());
        copy.write(&[
            said("#lights", 9, "of a room that was called so before"),
            facts("#ops"),
            said("#ops", 1, "first"),
            Job::Renamed {
                was,
                now: now.clone(),
            },
            facts("#lights"),
            said("#lights", 2, "second"),
        ])
        .unwrap();
        let remembered = copy.newest().unwrap();
        assert_eq!(remembered.len(), 1);
        assert_eq!(seqs(&remembered[0].1), [1, 2]);
        let found = copy.search("first");
        let mut entries = remembered[0].1.iter().chain(&found);
        assert!(entries.all(|entry| entry.conversation == now));
    }

    #[test]
    fn of_too_many_conversations_those_go_where_nothing_was_said_for_the_longest_time() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("copy");
        let mut copy = Copy::open(&path).unwrap();
        let place = |number: u64| format!("#r{number}");
        let surplus = 3;
        let most = u64::try_from(CONVERSATIONS_MAX).unwrap();
        let mut jobs = vec![facts("#silent")];
        for number in 1..most + surplus {
            // When they were said goes with their numbers; the oldest one's facts are not here.
            jobs.extend((number > 1).then(|| facts(&place(number))));
            jobs.push(said(&place(number), number, "text"));
        }
        copy.write(&jobs).unwrap();
        let mut left: Vec<_> = copy.newest().unwrap();
        left.sort_by_key(|(_, entries)| entries[0].at);
        assert_eq!(left.len(), CONVERSATIONS_MAX);
        assert_eq!(left[0].0.conversation.to_string(), place(surplus));
        assert_eq!(copy.search("text").len(), 200);
        let oldest = Address::parse(&place(1)).unwrap();
        assert!(copy.past(&oldest, Seq::new(9)).is_empty());
    }

    #[test]
    fn a_copy_that_cannot_be_read_is_begun_anew() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("copy");
        fs::write(
            &path,
            "this is no database, however long it may be".repeat(100),
        )
        .unwrap();
        assert!(Copy::open(&path).unwrap().newest().unwrap().is_empty());
    }
}
