//! Invites to the server: held as hashes, good for one account each.

use rusqlite::Connection;

use crate::model::{Account, AccountId, InviteId, ServerRole, Timestamp};

use super::{
    SecretHash, StoreError, Tx,
    query::{all, execute, first, only},
};

/// An invite to be stored.
#[derive(Clone, Debug)]
pub struct NewInvite {
    /// Of the invite's token.
    pub hash: SecretHash,
    /// The role of the account that is made with it.
    pub role: ServerRole,
    /// Who made it; absent when the operator or the server itself did.
    pub made_by: Option<AccountId>,
    /// From when on it is good for nothing.
    pub expires: Timestamp,
}

/// An invite that was not spent yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InviteRecord {
    /// What it is revoked by.
    pub id: InviteId,
    /// The role of the account that is made with it.
    pub role: ServerRole,
    /// Who made it; absent when the operator or the server itself did.
    pub made_by: Option<Account>,
    /// From when on it is good for nothing.
    pub expires: Timestamp,
}

impl Tx<'_> {
    /// Stores an invite.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub fn insert_invite(&self, invite: &NewInvite) -> Result<InviteId, StoreError> {
        let sql = "INSERT INTO invites (hash, role, made_by, expires)
                   VALUES (?1, ?2, ?3, ?4) RETURNING id";
        let params = (invite.hash, invite.role, invite.made_by, invite.expires);
        only(self.connection()?, sql, params, |row| Ok(row.get(0)?))
    }

    /// The role an invite gives; nothing when there is none or it is too old.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub fn invite_role(
        &self,
        hash: SecretHash,
        now: Timestamp,
    ) -> Result<Option<ServerRole>, StoreError> {
        let sql = "SELECT role FROM invites WHERE hash = ?1 AND expires > ?2";
        first(self.connection()?, sql, (hash, now), |row| Ok(row.get(0)?))
    }

    /// Uses an invite up, and says what role it gives; nothing when there is none or it is too
    /// old. To be called in the transaction that makes the account.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub fn spend_invite(
        &self,
        hash: SecretHash,
        now: Timestamp,
    ) -> Result<Option<ServerRole>, StoreError> {
        let sql = "DELETE FROM invites WHERE hash = ?1 AND expires > ?2 RETURNING role";
        first(self.connection()?, sql, (hash, now), |row| Ok(row.get(0)?))
    }

    /// Revokes an invite. Says whether it was there.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub fn revoke_invite(&self, id: InviteId) -> Result<bool, StoreError> {
        Ok(execute(
            self.connection()?,
            "DELETE FROM invites WHERE id = ?1",
            [id],
        )? > 0)
    }

    /// Forgets the invites that are too old.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub fn sweep_invites(&self, now: Timestamp) -> Result<usize, StoreError> {
        execute(
            self.connection()?,
            "DELETE FROM invites WHERE expires <= ?1",
            [now],
        )
    }
}

pub(super) fn list(connection: &Connection) -> Result<Vec<InviteRecord>, StoreError> {
    let sql = "SELECT i.id, i.role, i.expires, a.id, a.name
               FROM invites i LEFT JOIN accounts a ON a.id = i.made_by ORDER BY i.id";
    all(connection, sql, [], |row| {
        let made_by: Option<AccountId> = row.get(3)?;
        let made_by = match made_by {
            Some(id) => Some(Account {
                id,
                name: row.get(4)?,
            }),
            None => None,
        };
        Ok(InviteRecord {
            id: row.get(0)?,
            role: row.get(1)?,
            made_by,
            expires: row.get(2)?,
        })
    })
}

#[cfg(test)]
mod tests {
    use crate::store::fixture::{Fixture, at};

    use super::*;

    fn invite(mark: u8, expires: i64) -> NewInvite {
        NewInvite {
            hash: SecretHash::new([mark; 32]),
            role: ServerRole::Admin,
            made_by: None,
            expires: at(expires),
        }
    }

    #[test]
    fn an_invite_is_spent_once_and_only_before_it_expires() {
        let mut fixture = Fixture::new();
        fixture.within(|tx| {
            tx.insert_invite(&invite(1, 10)).unwrap();
            let [good, unknown] = [1, 2].map(|mark| SecretHash::new([mark; 32]));
            assert_eq!(tx.spend_invite(unknown, at(1)).unwrap(), None);
            assert_eq!(tx.spend_invite(good, at(10)).unwrap(), None);
            assert_eq!(
                tx.spend_invite(good, at(9)).unwrap(),
                Some(ServerRole::Admin)
            );
            assert_eq!(tx.spend_invite(good, at(9)).unwrap(), None);
        });
    }

    #[tokio::test]
    async fn invites_are_listed_until_they_are_revoked_or_swept() {
        let mut fixture = Fixture::new();
        let alice = fixture.account("alice");
        let made_by = Some(alice.id);
        let [first, _second] = fixture.within(|tx| {
            let mine = NewInvite {
                made_by,
                ..invite(1, 10)
            };
            [mine, invite(2, 5)].map(|invite| tx.insert_invite(&invite).unwrap())
        });
        let listed = fixture.reader().invites().await.unwrap();
        assert_eq!(listed[0].made_by, Some(alice));
        assert_eq!(listed.len(), 2);
        fixture.within(|tx| {
            assert_eq!(tx.sweep_invites(at(5)).unwrap(), 1);
            assert!(tx.revoke_invite(first).unwrap());
            assert!(!tx.revoke_invite(first).unwrap());
        });
        assert_eq!(fixture.reader().invites().await.unwrap(), []);
    }
}
