//! Accounts: their names, passwords and roles. A row is never removed, so that an id is never reused.

use rusqlite::{Connection, Row};

use crate::model::{Account, AccountId, ServerRole, Timestamp, UserName};

use super::{
    PasswordHash, StoreError, Tx,
    query::{all, execute, first, only},
    sql::Count,
};

/// An account as the server knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountRecord {
    /// Its id and name.
    pub account: Account,
    /// What it may do on the server as a whole.
    pub role: ServerRole,
    /// Whether it may not log in for now.
    pub disabled: bool,
    /// When it was registered.
    pub created: Timestamp,
}

/// What a login is checked against.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credentials {
    /// Whose.
    pub record: AccountRecord,
    /// The password's hash.
    pub password: PasswordHash,
}

/// An account to be made.
#[derive(Clone, Debug)]
pub struct NewAccount {
    /// What it is to be called.
    pub name: UserName,
    /// The password's hash.
    pub password: PasswordHash,
    /// What it may do on the server as a whole.
    pub role: ServerRole,
}

/// What came of a registration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Registration {
    /// The account is there.
    Registered(AccountRecord),
    /// Somebody has the name, or had it and it is kept back.
    NameTaken,
}

/// How a login went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoginOutcome {
    /// The password was right.
    Good,
    /// It was not.
    Failed,
}

const COLUMNS: &str = "id, name, role, disabled, created";

impl Tx<'_> {
    /// The account with this id, unless it was deleted.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub fn account(&self, id: AccountId) -> Result<Option<AccountRecord>, StoreError> {
        by_id(self.connection()?, id)
    }

    /// The account of this name, whatever the case.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub fn account_by_name(&self, name: &UserName) -> Result<Option<AccountRecord>, StoreError> {
        by_name(self.unsettled()?, name)
    }

    /// Whether there is any account.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub fn has_accounts(&self) -> Result<bool, StoreError> {
        let sql = "SELECT EXISTS (SELECT 1 FROM accounts WHERE deleted IS NULL)";
        only(self.connection()?, sql, [], |row| Ok(row.get(0)?))
    }

    /// Whether another account than this is an owner that can log in.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub fn has_other_owner(&self, than: AccountId) -> Result<bool, StoreError> {
        let sql = "SELECT EXISTS (SELECT 1 FROM accounts WHERE role = 'owner' AND NOT disabled
                                  AND deleted IS NULL AND id <> ?1)";
        only(self.connection()?, sql, [than], |row| Ok(row.get(0)?))
    }

    /// Makes an account. It has read all that was broadcast before.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub fn register(&self, new: &NewAccount, at: Timestamp) -> Result<Registration, StoreError> {
        let sql = "INSERT INTO accounts (name, key, password, role, created)
                   VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (key) DO NOTHING";
        let params = (&new.name, new.name.key(), &new.password, new.role, at);
        if execute(self.connection()?, sql, params)? == 0 {
            return Ok(Registration::NameTaken);
        }
        let record = by_name(self.connection()?, &new.name)?
            .ok_or_else(|| StoreError::corrupt("an account just made is missing"))?;
        let sql = "INSERT INTO positions (account, conversation, read)
                   SELECT ?1, id, head FROM conversations WHERE id = ?2";
        execute(
            self.connection()?,
            sql,
            (record.account.id, super::EVERYONE),
        )?;
        Ok(Registration::Registered(record))
    }

    /// Gives an account another password.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub fn set_password(&self, id: AccountId, password: &PasswordHash) -> Result<(), StoreError> {
        let sql = "UPDATE accounts SET password = ?2 WHERE id = ?1 AND deleted IS NULL";
        execute(self.connection()?, sql, (id, password)).map(drop)
    }

    /// Whether the account may log in, and its password is still the one with this hash.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub fn opens_with(&self, id: AccountId, password: &PasswordHash) -> Result<bool, StoreError> {
        let sql = "SELECT EXISTS (SELECT 1 FROM accounts WHERE id = ?1 AND password = ?2
                   AND NOT disabled AND deleted IS NULL)";
        only(self.connection()?, sql, (id, password), |row| {
            Ok(row.get(0)?)
        })
    }

    /// Gives an account another role on the server.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub fn set_role(&self, id: AccountId, role: ServerRole) -> Result<(), StoreError> {
        let sql = "UPDATE accounts SET role = ?2 WHERE id = ?1 AND deleted IS NULL";
        execute(self.connection()?, sql, (id, role)).map(drop)
    }

    /// Bars an account from logging in, or lets it again. Its tokens are the caller's to revoke.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub fn set_disabled(&self, id: AccountId, disabled: bool) -> Result<(), StoreError> {
        let sql = "UPDATE accounts SET disabled = ?2 WHERE id = ?1 AND deleted IS NULL";
        execute(self.connection()?, sql, (id, disabled)).map(drop)
    }

    /// Writes down how a login went. Says how many had failed since the last good one before.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub fn note_login(&self, id: AccountId, outcome: LoginOutcome) -> Result<u64, StoreError> {
        let sql = "SELECT failed_logins FROM accounts WHERE id = ?1";
        let failed = only(self.connection()?, sql, [id], |row| {
            Ok(row.get::<_, Count>(0)?.0)
        })?;
        let now = match outcome {
            LoginOutcome::Good => 0,
            LoginOutcome::Failed => failed.saturating_add(1),
        };
        let sql = "UPDATE accounts SET failed_logins = ?2 WHERE id = ?1";
        execute(self.connection()?, sql, (id, Count(now)))?;
        Ok(failed)
    }
}

pub(super) fn by_id(
    connection: &Connection,
    id: AccountId,
) -> Result<Option<AccountRecord>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM accounts WHERE id = ?1 AND deleted IS NULL");
    first(connection, &sql, [id], record)
}

pub(super) fn by_name(
    connection: &Connection,
    name: &UserName,
) -> Result<Option<AccountRecord>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM accounts WHERE key = ?1 AND deleted IS NULL");
    first(connection, &sql, [name.key()], record)
}

pub(super) fn credentials(
    connection: &Connection,
    name: &UserName,
) -> Result<Option<Credentials>, StoreError> {
    let sql =
        format!("SELECT {COLUMNS}, password FROM accounts WHERE key = ?1 AND deleted IS NULL");
    first(connection, &sql, [name.key()], |row| {
        Ok(Credentials {
            record: record(row)?,
            password: row.get(5)?,
        })
    })
}

/// Accounts in the order of their names, from after `after`.
pub(super) fn page(
    connection: &Connection,
    after: Option<&UserName>,
    limit: usize,
) -> Result<Vec<AccountRecord>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM accounts WHERE key > ?1 AND deleted IS NULL ORDER BY key LIMIT ?2"
    );
    let after = after.map(UserName::key).unwrap_or_default();
    all(connection, &sql, (after, limit_of(limit)), record)
}

/// What the first five columns of a query by [`COLUMNS`] say.
pub(super) fn record(row: &Row<'_>) -> Result<AccountRecord, StoreError> {
    Ok(AccountRecord {
        account: account(row, 0)?,
        role: row.get(2)?,
        disabled: row.get(3)?,
        created: row.get(4)?,
    })
}

/// An id and, in the column after it, a name.
pub(super) fn account(row: &Row<'_>, column: usize) -> Result<Account, StoreError> {
    Ok(Account {
        id: row.get(column)?,
        name: row.get(column + 1)?,
    })
}

/// A limit as SQLite takes it.
pub(super) fn limit_of(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use crate::store::fixture::{Fixture, at};

    use super::*;

    fn name(name: &str) -> UserName {
        UserName::parse(name).unwrap()
    }

    fn new(wanted: &str) -> NewAccount {
        NewAccount {
            name: name(wanted),
            password: PasswordHash::new("$argon2id$"),
            role: ServerRole::Member,
        }
    }

    #[tokio::test]
    async fn a_name_is_given_once_whatever_its_case() {
        let mut fixture = Fixture::new();
        let alice = fixture.account("Alice");
        let again = fixture.within(|tx| tx.register(&new("aLICE"), at(2)).unwrap());
        assert_eq!(again, Registration::NameTaken);
        let found = fixture
            .reader()
            .credentials(name("ALICE"))
            .await
            .unwrap()
            .unwrap();
        assert_eq!(found.record.account.id, alice.id);
        assert_eq!(found.record.account.name.as_str(), "Alice");
        assert_eq!(found.password.as_str(), "$argon2id$fixture");
    }

    #[test]
    fn an_account_opens_with_its_password_of_now_unless_it_is_disabled() {
        let mut fixture = Fixture::new();
        let alice = fixture.account("alice").id;
        let old = PasswordHash::new("$argon2id$fixture");
        assert!(fixture.within(|tx| tx.opens_with(alice, &old).unwrap()));
        let new = PasswordHash::new("$argon2id$new");
        fixture.within(|tx| tx.set_password(alice, &new).unwrap());
        assert!(!fixture.within(|tx| tx.opens_with(alice, &old).unwrap()));
        fixture.within(|tx| tx.set_disabled(alice, true).unwrap());
        assert!(!fixture.within(|tx| tx.opens_with(alice, &new).unwrap()));
    }

    #[test]
    fn failed_logins_are_counted_until_the_next_good_one() {
        let mut fixture = Fixture::new();
        let alice = fixture.account("alice");
        use LoginOutcome::{Failed, Good};
        for (outcome, before) in [(Good, 0), (Failed, 0), (Failed, 1), (Good, 2), (Good, 0)] {
            let failed = fixture.within(|tx| tx.note_login(alice.id, outcome).unwrap());
            assert_eq!(failed, before);
        }
    }
}
