//! Lists to look through: accounts, rooms, and the members of one.

use rusqlite::Connection;

use crate::model::{
    Account, AccountId, ConversationId, RoomName, RoomRole, Seq, Timestamp, Topic, UserName,
    Visibility,
};

use super::{AccountRecord, StoreError, account, query::all, sql::Count};

/// A room in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoomListing {
    /// Which.
    pub conversation: ConversationId,
    /// What it is called.
    pub name: RoomName,
    /// What it is about.
    pub topic: Topic,
    /// Who can find it.
    pub visibility: Visibility,
    /// Whether it can be read only.
    pub archived: bool,
    /// How many members it has.
    pub members: u64,
    /// Whether the viewer is one of them.
    pub joined: bool,
}

/// A member in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberListing {
    /// Who.
    pub account: Account,
    /// What they may do there.
    pub role: RoomRole,
    /// The first entry they may read.
    pub reads_from: Seq,
    /// Whether a moderator has muted them, and until when.
    pub muted: Option<Mute>,
}

/// A mute, as the list of members shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mute {
    /// When it ends by itself; never when absent. It may be over already.
    pub until: Option<Timestamp>,
}

/// An account in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountListing {
    /// What the server knows of it.
    pub record: AccountRecord,
    /// When one of its tokens was last used; absent when it has none.
    pub last_seen: Option<Timestamp>,
    /// When somebody last logged in to it, with the password or by making it.
    pub last_login: Option<Timestamp>,
}

/// Accounts by name, from after `after`.
pub(super) fn accounts(
    connection: &Connection,
    after: Option<&UserName>,
    limit: usize,
) -> Result<Vec<AccountListing>, StoreError> {
    let sql = "SELECT id, name, role, disabled, created,
                      (SELECT max(last_used) FROM tokens WHERE account = a.id), last_login
               FROM accounts a WHERE key > ?1 AND deleted IS NULL ORDER BY key LIMIT ?2";
    let after = after.map(UserName::key).unwrap_or_default();
    all(connection, sql, (after, account::limit_of(limit)), |row| {
        Ok(AccountListing {
            record: account::record(row)?,
            last_seen: row.get(5)?,
            last_login: row.get(6)?,
        })
    })
}

/// The rooms that `viewer` may know of: public ones, and private ones it is in. By name, from after
/// `after`.
pub(super) fn rooms(
    connection: &Connection,
    viewer: AccountId,
    after: Option<&RoomName>,
    limit: usize,
) -> Result<Vec<RoomListing>, StoreError> {
    let sql = "SELECT r.conversation, r.name, r.topic, r.visibility, r.archived, r.members,
                      m.account IS NOT NULL AS joined
               FROM rooms r
               LEFT JOIN members m ON m.conversation = r.conversation AND m.account = ?1
               WHERE r.key > ?2 AND (r.visibility = 'public' OR m.account IS NOT NULL)
               ORDER BY r.key LIMIT ?3";
    let after = after.map(RoomName::key).unwrap_or_default();
    let params = (viewer, after, account::limit_of(limit));
    all(connection, sql, params, |row| {
        Ok(RoomListing {
            conversation: row.get(0)?,
            name: row.get(1)?,
            topic: row.get(2)?,
            visibility: row.get(3)?,
            archived: row.get(4)?,
            members: row.get::<_, Count>(5)?.0,
            joined: row.get(6)?,
        })
    })
}

/// A room's members by name, from after `after`.
pub(super) fn members(
    connection: &Connection,
    conversation: ConversationId,
    after: Option<&UserName>,
    limit: usize,
) -> Result<Vec<MemberListing>, StoreError> {
    let sql = "SELECT a.id, a.name, m.role, m.reads_from, x.account IS NOT NULL, x.until
               FROM members m JOIN accounts a ON a.id = m.account
               LEFT JOIN mutes x ON x.conversation = m.conversation AND x.account = m.account
               WHERE m.conversation = ?1 AND a.key > ?2 ORDER BY a.key LIMIT ?3";
    let after = after.map(UserName::key).unwrap_or_default();
    let params = (conversation, after, account::limit_of(limit));
    all(connection, sql, params, |row| {
        let muted: bool = row.get(4)?;
        let until = row.get(5)?;
        Ok(MemberListing {
            account: account::account(row, 0)?,
            role: row.get(2)?,
            reads_from: row.get(3)?,
            muted: muted.then_some(Mute { until }),
        })
    })
}
