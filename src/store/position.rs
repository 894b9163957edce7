//! What an account keeps for itself: how far it has read, what it has muted, whom it blocks.

use rusqlite::Connection;

use crate::model::{Account, AccountId, ConversationId, Seq};

use super::{
    StoreError, Tx, account,
    query::{all, execute, only},
};

impl Tx<'_> {
    /// Moves an account's read position forward, never past the newest entry. Says where it is.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub fn set_read(
        &self,
        account: AccountId,
        conversation: ConversationId,
        seq: Seq,
    ) -> Result<Seq, StoreError> {
        let sql = "INSERT INTO positions (account, conversation, read)
                   SELECT ?1, id, min(?3, head) FROM conversations WHERE id = ?2
                   ON CONFLICT DO UPDATE SET read = max(read, excluded.read) RETURNING read";
        only(
            self.connection()?,
            sql,
            (account, conversation, seq),
            |row| Ok(row.get(0)?),
        )
    }

    /// Mutes a conversation for an account, or lets it be heard again.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub fn set_muted(
        &self,
        account: AccountId,
        conversation: ConversationId,
        muted: bool,
    ) -> Result<(), StoreError> {
        let sql = "INSERT INTO positions (account, conversation, muted) VALUES (?1, ?2, ?3)
                   ON CONFLICT DO UPDATE SET muted = excluded.muted";
        execute(self.connection()?, sql, (account, conversation, muted)).map(drop)
    }

    /// Blocks another account.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub fn block(&self, account: AccountId, blocked: AccountId) -> Result<(), StoreError> {
        let sql = "INSERT INTO blocks (account, blocked) VALUES (?1, ?2) ON CONFLICT DO NOTHING";
        execute(self.connection()?, sql, (account, blocked)).map(drop)
    }

    /// Takes a block back. Says whether there was one.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub fn unblock(&self, account: AccountId, blocked: AccountId) -> Result<bool, StoreError> {
        let sql = "DELETE FROM blocks WHERE account = ?1 AND blocked = ?2";
        Ok(execute(self.connection()?, sql, (account, blocked))? > 0)
    }

    /// Whether `account` blocks `other`.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub fn is_blocked(&self, account: AccountId, other: AccountId) -> Result<bool, StoreError> {
        let sql = "SELECT EXISTS (SELECT 1 FROM blocks WHERE account = ?1 AND blocked = ?2)";
        only(self.unsettled()?, sql, (account, other), |row| {
            Ok(row.get(0)?)
        })
    }
}

/// Whom an account blocks, by name.
pub(super) fn blocks(
    connection: &Connection,
    account: AccountId,
) -> Result<Vec<Account>, StoreError> {
    let sql = "SELECT a.id, a.name FROM blocks b JOIN accounts a ON a.id = b.blocked
               WHERE b.account = ?1 ORDER BY a.key";
    all(connection, sql, [account], |row| account::account(row, 0))
}

#[cfg(test)]
mod tests {
    use crate::store::{EVERYONE, fixture::Fixture};

    use super::*;

    #[test]
    fn a_read_position_moves_forward_only_and_never_past_the_newest_entry() {
        let mut fixture = Fixture::new();
        let [alice, bob] = ["alice", "bob"].map(|name| fixture.account(name));
        for _ in 0..5 {
            fixture.post(EVERYONE, &alice, "hi");
        }
        for (asked, expected) in [(3, 3), (2, 3), (0, 3), (4, 4), (99, 5), (1, 5)] {
            let read = fixture.within(|tx| tx.set_read(bob.id, EVERYONE, Seq::new(asked)).unwrap());
            assert_eq!(read, Seq::new(expected), "asked for {asked}");
        }
    }

    #[test]
    fn a_block_holds_in_one_direction_until_it_is_taken_back() {
        let mut fixture = Fixture::new();
        let [alice, bob] = ["alice", "bob"].map(|name| fixture.account(name));
        fixture.within(|tx| {
            tx.block(alice.id, bob.id).unwrap();
            tx.block(alice.id, bob.id).unwrap();
            assert!(tx.is_blocked(alice.id, bob.id).unwrap());
            assert!(!tx.is_blocked(bob.id, alice.id).unwrap());
            let blocked = blocks(tx.connection().unwrap(), alice.id).unwrap();
            assert_eq!(blocked, std::slice::from_ref(&bob));
            assert!(tx.unblock(alice.id, bob.id).unwrap());
            assert!(!tx.unblock(alice.id, bob.id).unwrap());
            assert!(!tx.is_blocked(alice.id, bob.id).unwrap());
        });
    }
}
