//! Session tokens: held as hashes, listed and revoked by their owner. When one is too old is the
//! caller's to say; the rows hold when it was made and last used.

use rusqlite::{Connection, Row};

use crate::model::{AccountId, Timestamp, TokenId};

use super::{
    AccountRecord, SecretHash, StoreError, Tx, account,
    query::{all, execute, first, only},
};

/// A token to be stored.
#[derive(Clone, Debug)]
pub struct NewToken {
    /// Whose.
    pub account: AccountId,
    /// Of the token.
    pub hash: SecretHash,
    /// What its owner calls the device.
    pub device: String,
    /// The network it was asked for from.
    pub prefix: String,
}

/// A token's owner, and how old it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenRecord {
    /// What it is listed and revoked by.
    pub id: TokenId,
    /// Whose.
    pub owner: AccountRecord,
    /// When it was made.
    pub created: Timestamp,
    /// When it was last used.
    pub last_used: Timestamp,
}

/// A token as its owner sees it in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenListing {
    /// What it is revoked by.
    pub id: TokenId,
    /// What its owner calls the device.
    pub device: String,
    /// The network it was asked for from.
    pub prefix: String,
    /// When it was made.
    pub created: Timestamp,
    /// When it was last used.
    pub last_used: Timestamp,
}

impl Tx<'_> {
    /// Stores a token: this is a login. The account's oldest go when it has more than `keep` then.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub fn insert_token(
        &self,
        token: &NewToken,
        at: Timestamp,
        keep: usize,
    ) -> Result<TokenId, StoreError> {
        let sql = "INSERT INTO tokens (account, hash, device, prefix, created, last_used)
                   VALUES (?1, ?2, ?3, ?4, ?5, ?5) RETURNING id";
        let NewToken {
            account,
            hash,
            device,
            prefix,
        } = token;
        let params = (account, hash, device, prefix, at);
        let id = only(self.connection()?, sql, params, |row| Ok(row.get(0)?))?;
        let sql = "DELETE FROM tokens WHERE id IN
                   (SELECT id FROM tokens WHERE account = ?1 ORDER BY id DESC LIMIT -1 OFFSET ?2)";
        execute(self.connection()?, sql, (account, account::limit_of(keep)))?;
        let sql = "UPDATE accounts SET last_login = ?2 WHERE id = ?1";
        execute(self.connection()?, sql, (account, at))?;
        Ok(id)
    }

    /// Writes down that a token was used.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub fn touch_token(&self, id: TokenId, at: Timestamp) -> Result<(), StoreError> {
        let sql = "UPDATE tokens SET last_used = max(last_used, ?2) WHERE id = ?1";
        execute(self.connection()?, sql, (id, at)).map(drop)
    }

    /// Writes down that tokens are in use, where that was last done before `stale`.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub fn keep_tokens(
        &self,
        ids: &[TokenId],
        stale: Timestamp,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let sql = "UPDATE tokens SET last_used = ?3 WHERE id = ?1 AND last_used < ?2";
        ids.iter()
            .try_for_each(|id| execute(self.connection()?, sql, (id, stale, at)).map(drop))
    }

    /// Forgets tokens that were made or last used too long ago, at most `at_most` of them. Says
    /// whose they were.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub fn sweep_tokens(
        &self,
        made_by: Timestamp,
        used_by: Timestamp,
        at_most: usize,
    ) -> Result<Vec<(AccountId, TokenId)>, StoreError> {
        let sql = "DELETE FROM tokens WHERE id IN
                   (SELECT id FROM tokens WHERE created <= ?1 OR last_used <= ?2 LIMIT ?3)
                   RETURNING account, id";
        let params = (made_by, used_by, account::limit_of(at_most));
        all(self.connection()?, sql, params, |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
    }

    /// Revokes one of an account's tokens. Says whether it was there.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub fn revoke_token(&self, account: AccountId, id: TokenId) -> Result<bool, StoreError> {
        let sql = "DELETE FROM tokens WHERE id = ?1 AND account = ?2";
        Ok(execute(self.connection()?, sql, (id, account))? > 0)
    }

    /// Revokes an account's tokens, all or all but one. Says which are gone.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub fn revoke_tokens(
        &self,
        account: AccountId,
        except: Option<TokenId>,
    ) -> Result<Vec<TokenId>, StoreError> {
        let sql = "DELETE FROM tokens WHERE account = ?1 AND id IS NOT ?2 RETURNING id";
        all(self.connection()?, sql, (account, except), |row| {
            Ok(row.get(0)?)
        })
    }

    /// Whose a token is, while it is stored and the account is in use.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub fn token_owner(&self, id: TokenId) -> Result<Option<AccountRecord>, StoreError> {
        let sql = "SELECT a.id, a.name, a.role, a.disabled, a.created
                   FROM tokens t JOIN accounts a ON a.id = t.account
                   WHERE t.id = ?1 AND NOT a.disabled";
        first(self.connection()?, sql, [id], account::record)
    }
}

pub(super) fn by_hash(
    connection: &Connection,
    hash: SecretHash,
) -> Result<Option<TokenRecord>, StoreError> {
    let sql = "SELECT a.id, a.name, a.role, a.disabled, a.created, t.id, t.created, t.last_used
               FROM tokens t JOIN accounts a ON a.id = t.account WHERE t.hash = ?1";
    first(connection, sql, [hash], |row| {
        Ok(TokenRecord {
            owner: account::record(row)?,
            id: row.get(5)?,
            created: row.get(6)?,
            last_used: row.get(7)?,
        })
    })
}

pub(super) fn of_account(
    connection: &Connection,
    account: AccountId,
) -> Result<Vec<TokenListing>, StoreError> {
    let sql = "SELECT id, device, prefix, created, last_used FROM tokens
               WHERE account = ?1 ORDER BY id";
    all(connection, sql, [account], listing)
}

/// Whether a live token of the account was asked for from this network.
pub(super) fn known_prefix(
    connection: &Connection,
    account: AccountId,
    prefix: &str,
) -> Result<bool, StoreError> {
    let sql = "SELECT EXISTS (SELECT 1 FROM tokens WHERE account = ?1 AND prefix = ?2)";
    only(connection, sql, (account, prefix), |row| Ok(row.get(0)?))
}

fn listing(row: &Row<'_>) -> Result<TokenListing, StoreError> {
    Ok(TokenListing {
        id: row.get(0)?,
        device: row.get(1)?,
        prefix: row.get(2)?,
        created: row.get(3)?,
        last_used: row.get(4)?,
    })
}

#[cfg(test)]
mod tests {
    use crate::store::fixture::{Fixture, at};

    use super::*;

    fn token(account: AccountId, mark: u8) -> NewToken {
        NewToken {
            account,
            hash: SecretHash::new([mark; 32]),
            device: format!("device {mark}"),
            prefix: format!("192.0.2.{mark}"),
        }
    }

    #[test]
    fn tokens_too_old_or_too_long_unused_are_swept_and_those_in_use_are_kept() {
        let mut fixture = Fixture::new();
        let alice = fixture.account("alice");
        fixture.within(|tx| {
            let [old, idle, used, _new] =
                [(1, 10), (2, 20), (3, 20), (4, 30)].map(|(mark, made)| {
                    tx.insert_token(&token(alice.id, mark), at(made), 9)
                        .unwrap()
                });
            tx.keep_tokens(&[old, used], at(25), at(40)).unwrap();
            assert_eq!(tx.sweep_tokens(at(9), at(19), 9).unwrap(), []);
            let mut swept = tx.sweep_tokens(at(10), at(20), 9).unwrap();
            swept.sort_unstable();
            assert_eq!(swept, [(alice.id, old), (alice.id, idle)]);
            assert_eq!(
                tx.sweep_tokens(at(99), at(99), 1).unwrap().len(),
                1,
                "one at most"
            );
            assert_eq!(tx.revoke_tokens(alice.id, None).unwrap().len(), 1);
        });
    }

    #[tokio::test]
    async fn the_oldest_tokens_go_when_there_are_too_many() {
        let mut fixture = Fixture::new();
        let [alice, bob] = ["alice", "bob"].map(|name| fixture.account(name));
        fixture.within(|tx| {
            tx.insert_token(&token(bob.id, 9), at(0), 3).unwrap();
            for mark in 1..=5 {
                tx.insert_token(&token(alice.id, mark), at(i64::from(mark)), 3)
                    .unwrap();
            }
        });
        let reader = fixture.reader();
        let left = reader.tokens_of(alice.id).await.unwrap();
        let devices: Vec<_> = left.iter().map(|token| token.device.as_str()).collect();
        assert_eq!(devices, ["device 3", "device 4", "device 5"]);
        assert_eq!(reader.token(SecretHash::new([2; 32])).await.unwrap(), None);
        assert!(
            reader
                .token(SecretHash::new([9; 32]))
                .await
                .unwrap()
                .is_some()
        );
        assert!(
            reader
                .known_prefix(alice.id, "192.0.2.4".to_owned())
                .await
                .unwrap()
        );
        assert!(
            !reader
                .known_prefix(alice.id, "192.0.2.1".to_owned())
                .await
                .unwrap()
        );
    }

    #[tokio::test]
    async fn tokens_are_revoked_by_their_owner_alone() {
        let mut fixture = Fixture::new();
        let [alice, bob] = ["alice", "bob"].map(|name| fixture.account(name));
        let ids = fixture.within(|tx| {
            [1, 2, 3].map(|mark| tx.insert_token(&token(alice.id, mark), at(0), 9).unwrap())
        });
        fixture.within(|tx| {
            assert!(!tx.revoke_token(bob.id, ids[0]).unwrap());
            assert!(tx.revoke_token(alice.id, ids[0]).unwrap());
            assert_eq!(tx.revoke_tokens(alice.id, Some(ids[2])).unwrap(), [ids[1]]);
            assert_eq!(tx.revoke_tokens(alice.id, None).unwrap(), [ids[2]]);
        });
        assert_eq!(fixture.reader().tokens_of(alice.id).await.unwrap(), []);
    }

    #[tokio::test]
    async fn the_last_use_of_a_token_never_moves_back() {
        let mut fixture = Fixture::new();
        let alice = fixture.account("alice");
        let id = fixture.within(|tx| tx.insert_token(&token(alice.id, 1), at(5), 9).unwrap());
        for (used, expected) in [(9, 9), (7, 9)] {
            fixture.within(|tx| tx.touch_token(id, at(used)).unwrap());
            let found = fixture
                .reader()
                .token(SecretHash::new([1; 32]))
                .await
                .unwrap()
                .unwrap();
            assert_eq!((found.created, found.last_used), (at(5), at(expected)));
        }
    }
}
