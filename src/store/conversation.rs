//! Conversations as a whole: made, found by name, and put together for the rules.

use std::collections::BTreeMap;

use rusqlite::Connection;

use crate::{
    chat::{Conversation, Kind, Member, Room, Target},
    model::{Account, AccountId, ConversationId, Emoji, RoomName, Seq, Timestamp, Visibility},
};

use super::{
    EVERYONE, StoreError, Tx, account,
    query::{all, execute, first, only},
    sql::{Count, Millis},
};

impl Tx<'_> {
    /// A conversation's state, as its log amounts to it.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub fn conversation(&self, id: ConversationId) -> Result<Option<Conversation>, StoreError> {
        load(self.connection()?, id)
    }

    /// The place of a conversation's newest entry.
    ///
    /// # Errors
    ///
    /// When there is no such conversation, and when the database fails.
    pub fn head(&self, id: ConversationId) -> Result<Seq, StoreError> {
        let sql = "SELECT head FROM conversations WHERE id = ?1";
        only(self.connection()?, sql, [id], |row| Ok(row.get(0)?))
    }

    /// The room of this name, or that was called so before it was renamed.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub fn room_id(&self, name: &RoomName) -> Result<Option<ConversationId>, StoreError> {
        room_id(self.unsettled()?, name)
    }

    /// The direct conversation of two accounts, in either order.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub fn direct_id(
        &self,
        one: AccountId,
        other: AccountId,
    ) -> Result<Option<ConversationId>, StoreError> {
        let sql = "SELECT id FROM conversations WHERE kind = 'direct' AND low = ?1 AND high = ?2";
        let pair = (one.min(other), one.max(other));
        first(self.unsettled()?, sql, pair, |row| Ok(row.get(0)?))
    }

    /// Makes a room without entries or members; its `Created` entry is the caller's to append.
    ///
    /// # Errors
    ///
    /// [`StoreError::Conflict`] when a room has or had the name; and when the database fails.
    pub fn create_room(
        &self,
        name: &RoomName,
        visibility: Visibility,
    ) -> Result<ConversationId, StoreError> {
        let connection = self.connection()?;
        let sql = "INSERT INTO conversations (kind) VALUES ('room') RETURNING id";
        let id = only(connection, sql, [], |row| Ok(row.get(0)?))?;
        let sql = "INSERT INTO rooms (conversation, name, key, visibility) VALUES (?1, ?2, ?3, ?4)";
        execute(connection, sql, (id, name, name.key(), visibility))?;
        let sql = "INSERT INTO room_names (key, conversation) VALUES (?1, ?2)";
        execute(connection, sql, (name.key(), id))?;
        Ok(id)
    }

    /// Makes the direct conversation of two accounts, without entries.
    ///
    /// # Errors
    ///
    /// [`StoreError::Conflict`] when there is one; and when the database fails.
    pub fn create_direct(
        &self,
        one: AccountId,
        other: AccountId,
    ) -> Result<ConversationId, StoreError> {
        let sql = "INSERT INTO conversations (kind, low, high) VALUES ('direct', ?1, ?2)
                   RETURNING id";
        let pair = (one.min(other), one.max(other));
        only(self.connection()?, sql, pair, |row| Ok(row.get(0)?))
    }

    /// What the rules need to know of an earlier message that `actor` wants to do something with.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub fn target(
        &self,
        conversation: ConversationId,
        seq: Seq,
        actor: AccountId,
        emoji: Option<&Emoji>,
    ) -> Result<Target, StoreError> {
        let sql = "SELECT a.id, a.name FROM entries e JOIN accounts a ON a.id = e.author
                   WHERE e.conversation = ?1 AND e.seq = ?2
                     AND e.kind = 'posted' AND e.text IS NOT NULL";
        let author = first(self.connection()?, sql, (conversation, seq), |row| {
            account::account(row, 0)
        })?;
        let sql = "SELECT count(DISTINCT emoji), coalesce(max(emoji = ?4 AND account = ?3), 0)
                   FROM reactions WHERE conversation = ?1 AND target = ?2";
        let params = (conversation, seq, actor, emoji);
        only(self.connection()?, sql, params, |row| {
            Ok(Target {
                seq,
                author: author.clone(),
                reactions: usize::from(row.get::<_, u16>(0)?),
                reacted: row.get(1)?,
            })
        })
    }
}

pub(super) fn room_id(
    connection: &Connection,
    name: &RoomName,
) -> Result<Option<ConversationId>, StoreError> {
    let sql = "SELECT conversation FROM room_names WHERE key = ?1";
    first(connection, sql, [name.key()], |row| Ok(row.get(0)?))
}

pub(super) fn load(
    connection: &Connection,
    id: ConversationId,
) -> Result<Option<Conversation>, StoreError> {
    let sql = "SELECT c.head, c.kind, l.id, l.name, h.id, h.name FROM conversations c
               LEFT JOIN accounts l ON l.id = c.low LEFT JOIN accounts h ON h.id = c.high
               WHERE c.id = ?1";
    first(connection, sql, [id], |row| {
        let kind = match row.get_ref(1)?.as_str().unwrap_or_default() {
            "everyone" if id == EVERYONE => Kind::Everyone,
            "direct" => Kind::Direct(account::account(row, 2)?, account::account(row, 4)?),
            "room" => Kind::Room(Box::new(room(connection, id)?)),
            unknown => {
                return Err(StoreError::corrupt(format!(
                    "a conversation of kind '{unknown}'"
                )));
            }
        };
        Ok(Conversation {
            id,
            head: row.get(0)?,
            kind,
        })
    })
}

fn room(connection: &Connection, id: ConversationId) -> Result<Room, StoreError> {
    let sql = "SELECT name, topic, visibility, backscroll, slow_mode, keep_for, keep_last, archived
               FROM rooms WHERE conversation = ?1";
    only(connection, sql, [id], |row| {
        Ok(Room {
            name: row.get(0)?,
            topic: row.get(1)?,
            visibility: row.get(2)?,
            backscroll: row.get(3)?,
            slow_mode: row.get::<_, Millis>(4)?.0,
            keep_for: row.get::<_, Option<Millis>>(5)?.map(|span| span.0),
            keep_last: row.get::<_, Option<Count>>(6)?.map(|count| count.0),
            archived: row.get(7)?,
            members: members(connection, id)?,
            invited: invited(connection, id)?,
            banned: until(connection, "bans", id)?,
            muted: until(connection, "mutes", id)?,
        })
    })
}

fn members(
    connection: &Connection,
    id: ConversationId,
) -> Result<BTreeMap<AccountId, Member>, StoreError> {
    let sql = "SELECT a.id, a.name, m.role, m.reads_from, m.posted_at
               FROM members m JOIN accounts a ON a.id = m.account WHERE m.conversation = ?1";
    all(connection, sql, [id], |row| {
        let account = account::account(row, 0)?;
        let member = Member {
            role: row.get(2)?,
            reads_from: row.get(3)?,
            posted_at: row.get(4)?,
            account,
        };
        Ok((member.account.id, member))
    })
}

fn invited(
    connection: &Connection,
    id: ConversationId,
) -> Result<BTreeMap<AccountId, Account>, StoreError> {
    let sql = "SELECT a.id, a.name FROM invitations i JOIN accounts a ON a.id = i.account
               WHERE i.conversation = ?1";
    all(connection, sql, [id], |row| {
        let account = account::account(row, 0)?;
        Ok((account.id, account))
    })
}

fn until(
    connection: &Connection,
    table: &str,
    id: ConversationId,
) -> Result<BTreeMap<AccountId, Option<Timestamp>>, StoreError> {
    let sql = format!("SELECT account, until FROM {table} WHERE conversation = ?1");
    all(connection, &sql, [id], |row| Ok((row.get(0)?, row.get(1)?)))
}
