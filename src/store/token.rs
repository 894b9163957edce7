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
    /// Stores a token. The account's oldest go when it has more than `keep` then.
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
        let id = only(self.connection(), sql, params, |row| Ok(row.get(0)?))?;
        let sql = "DELETE FROM tokens WHERE id IN
                   (SELECT id FROM tokens WHERE account = ?1 ORDER BY id DESC LIMIT -1 OFFSET ?2)";
        execute(self.connection(), sql, (account, account::limit_of(keep)))?;
        Ok(id)
    }

    /// Writes down that a token was used.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub fn touch_token(&self, id: TokenId, at: Timestamp) -> Result<(), StoreError> {
        let sql = "UPDATE tokens SET last_used = max(last_used, ?2) WHERE id = ?1";
        execute(self.connection(), sql, (id, at)).map(drop)
    }

    /// Revokes one of an account's tokens. Says whether it was there.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub fn revoke_token(&self, account: AccountId, id: TokenId) -> Result<bool, StoreError> {
        let sql = "DELETE FROM tokens WHERE id = ?1 AND account = ?2";
        Ok(execute(self.connection(), sql, (id, account))? > 0)
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
        all(self.connection(), sql, (account, except), |row| {
            Ok(row.get(0)?)
        })
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
