//! Reading out what is kept: one look at a whole database, log by log, page by page.

use std::path::Path;

use rusqlite::Connection;

use crate::model::{Account, AccountId, ConversationId, RoomName, Seq, UserName};

use super::{
    AccountListing, EVERYONE, Membership, Page, PageLimits, StoreError, TokenListing, account,
    connection, conversation,
    folder::DATABASE_FILE,
    history, listing, membership, position,
    query::{all, only},
    schema, token,
};

/// All that was committed at one moment, read-only, whether a server runs or not.
#[derive(Debug)]
pub struct Snapshot {
    connection: Connection,
}

/// A log to be read out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Log {
    /// Which.
    pub conversation: ConversationId,
    /// What it is called.
    pub name: LogName,
    /// The oldest entry that is kept.
    pub start: Seq,
    /// The newest.
    pub head: Seq,
}

/// What a log is called by somebody who is in no conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LogName {
    /// The broadcast.
    Everyone,
    /// A room.
    Room(RoomName),
    /// What these two say to each other.
    Direct(Account, Account),
}

impl Snapshot {
    /// Takes a look at the database of a data folder.
    ///
    /// # Errors
    ///
    /// When it cannot be read, or is newer than this program.
    pub fn open(folder: &Path) -> Result<Self, StoreError> {
        let connection = connection::to_read(&folder.join(DATABASE_FILE))?;
        schema::check(&connection)?;
        // The moment is that of the first read; the transaction ends with the connection.
        connection.execute_batch("BEGIN")?;
        Ok(Self { connection })
    }

    /// Every log there is, the oldest first.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub fn logs(&self) -> Result<Vec<Log>, StoreError> {
        self.select("1", [])
    }

    /// The logs in which an account has done something.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub fn logs_with(&self, author: AccountId) -> Result<Vec<Log>, StoreError> {
        let some = "EXISTS (SELECT 1 FROM entries WHERE conversation = c.id AND author = ?1)";
        self.select(some, [author])
    }

    /// The log of the broadcast.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub fn broadcast(&self) -> Result<Vec<Log>, StoreError> {
        self.select("c.id = ?1", [EVERYONE])
    }

    /// The log of a room, by its name or an earlier one; nothing when there is no such room.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub fn room(&self, name: &RoomName) -> Result<Vec<Log>, StoreError> {
        match conversation::room_id(&self.connection, name)? {
            Some(id) => self.select("c.id = ?1", [id]),
            None => Ok(Vec::new()),
        }
    }

    /// The log of what two accounts say to each other; nothing when they never have.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub fn direct(&self, one: AccountId, other: AccountId) -> Result<Vec<Log>, StoreError> {
        self.select(
            "c.low = ?1 AND c.high = ?2",
            (one.min(other), one.max(other)),
        )
    }

    fn select(&self, which: &str, params: impl rusqlite::Params) -> Result<Vec<Log>, StoreError> {
        let sql = format!(
            "SELECT c.id, c.start, c.head, r.name, l.id, l.name, h.id, h.name
             FROM conversations c LEFT JOIN rooms r ON r.conversation = c.id
             LEFT JOIN accounts l ON l.id = c.low LEFT JOIN accounts h ON h.id = c.high
             WHERE {which} ORDER BY c.id"
        );
        all(&self.connection, &sql, params, |row| {
            let room: Option<RoomName> = row.get(3)?;
            let low: Option<AccountId> = row.get(4)?;
            Ok(Log {
                conversation: row.get(0)?,
                start: row.get(1)?,
                head: row.get(2)?,
                name: match (room, low) {
                    (Some(room), _) => LogName::Room(room),
                    (None, Some(_)) => {
                        LogName::Direct(account::account(row, 4)?, account::account(row, 6)?)
                    }
                    (None, None) => LogName::Everyone,
                },
            })
        })
    }

    /// The entries of a log after `after`, oldest first, as many as the limits allow.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub fn entries(&self, log: &Log, after: Seq, limits: PageLimits) -> Result<Page, StoreError> {
        history::after(&self.connection, log.conversation, after, log.head, limits)
    }

    /// Accounts by name, from after `after`.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub fn accounts(
        &self,
        after: Option<&UserName>,
        limit: usize,
    ) -> Result<Vec<AccountListing>, StoreError> {
        listing::accounts(&self.connection, after, limit)
    }

    /// The account of this name.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub fn account(&self, name: &UserName) -> Result<Option<AccountListing>, StoreError> {
        let Some(record) = account::by_name(&self.connection, name)? else {
            return Ok(None);
        };
        let sql = "SELECT (SELECT max(last_used) FROM tokens WHERE account = a.id), last_login
                   FROM accounts a WHERE id = ?1";
        let (last_seen, last_login) = only(&self.connection, sql, [record.account.id], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?;
        Ok(Some(AccountListing {
            record,
            last_seen,
            last_login,
        }))
    }

    /// Where an account is logged in.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub fn tokens(&self, account: AccountId) -> Result<Vec<TokenListing>, StoreError> {
        token::of_account(&self.connection, account)
    }

    /// What conversations an account is in, and how far it has read them.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub fn memberships(&self, account: AccountId) -> Result<Vec<Membership>, StoreError> {
        membership::memberships(&self.connection, account)
    }

    /// Whom an account blocks.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub fn blocks(&self, account: AccountId) -> Result<Vec<Account>, StoreError> {
        position::blocks(&self.connection, account)
    }
}

#[cfg(test)]
mod tests {
    use crate::store::fixture::{Fixture, posted};

    use super::*;

    const ALL: PageLimits = PageLimits {
        rows: 99,
        bytes: 1 << 20,
    };

    fn names(logs: &[Log]) -> Vec<String> {
        let name = |log: &Log| match &log.name {
            LogName::Everyone => "*".to_owned(),
            LogName::Room(room) => format!("#{room}"),
            LogName::Direct(low, high) => format!("{} {}", low.name, high.name),
        };
        logs.iter().map(name).collect()
    }

    #[test]
    fn each_log_is_found_by_what_it_is_and_by_who_is_in_it() {
        let mut fixture = Fixture::new();
        let [alice, bob, carol] = ["alice", "bob", "carol"].map(|name| fixture.account(name));
        let room = fixture.room("garden", &alice);
        let direct = fixture.within(|tx| tx.create_direct(bob.id, alice.id).unwrap());
        fixture.post(direct, &bob, "hi");
        fixture.post(room, &alice, "ho");
        let look = Snapshot::open(fixture.folder.path()).unwrap();
        assert_eq!(names(&look.logs().unwrap()), ["*", "#garden", "alice bob"]);
        assert_eq!(names(&look.logs_with(bob.id).unwrap()), ["alice bob"]);
        assert_eq!(names(&look.logs_with(carol.id).unwrap()), [""; 0]);
        let garden = look.room(&RoomName::parse("Garden").unwrap()).unwrap();
        assert_eq!(names(&garden), ["#garden"]);
        let pair = look.direct(bob.id, alice.id).unwrap();
        assert_eq!(names(&pair), ["alice bob"]);
        assert_eq!(names(&look.direct(bob.id, carol.id).unwrap()), [""; 0]);
    }

    #[test]
    fn a_look_is_at_one_moment_whatever_is_written_meanwhile() {
        let mut fixture = Fixture::new();
        let alice = fixture.account("alice");
        fixture.post(EVERYONE, &alice, "before");
        let look = Snapshot::open(fixture.folder.path()).unwrap();
        let [log] = look.broadcast().unwrap().try_into().unwrap();
        fixture.add(EVERYONE, &alice, posted("after"));
        assert_eq!(look.broadcast().unwrap(), std::slice::from_ref(&log));
        let page = look.entries(&log, Seq::ZERO, ALL).unwrap();
        assert_eq!((page.entries.len(), page.head), (1, Seq::FIRST));
    }
}
