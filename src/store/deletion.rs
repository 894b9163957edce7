//! Deleting an account: what goes with it, and what stays of what it said.

use crate::model::{AccountId, ConversationId, Seq, Timestamp, UserName};

use super::{
    StoreError, Tx, account,
    query::{all, execute, first},
};

/// What becomes of a deleted account's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NameAfterwards {
    /// Anybody may register it.
    Freed,
    /// Nobody ever may.
    Reserved,
}

impl Tx<'_> {
    /// Deletes an account: its password, tokens, positions and blocks are gone, and its name with
    /// them. Leaving its rooms and taking back its messages is the caller's, as that is told to
    /// the others.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub fn delete_account(
        &self,
        id: AccountId,
        name: NameAfterwards,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let connection = self.connection()?;
        let freed = name == NameAfterwards::Freed;
        let sql = "UPDATE accounts SET deleted = ?2, password = NULL, disabled = 1,
                          name = 'deleted-' || id, key = iif(?3, NULL, key)
                   WHERE id = ?1 AND deleted IS NULL";
        execute(connection, sql, (id, at, freed))?;
        for sql in [
            "DELETE FROM tokens WHERE account = ?1",
            "DELETE FROM positions WHERE account = ?1",
            "DELETE FROM mentions WHERE account = ?1",
            "DELETE FROM blocks WHERE ?1 IN (account, blocked)",
            "DELETE FROM invitations WHERE account = ?1",
        ] {
            execute(connection, sql, [id])?;
        }
        Ok(())
    }

    /// What an account is shown as, deleted or not.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub fn shown_name(&self, id: AccountId) -> Result<Option<UserName>, StoreError> {
        let sql = "SELECT name FROM accounts WHERE id = ?1";
        first(self.connection()?, sql, [id], |row| Ok(row.get(0)?))
    }

    /// Messages of an account whose texts are still there, by conversation and place, from after
    /// `after`.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub fn messages_of(
        &self,
        author: AccountId,
        after: (ConversationId, Seq),
        limit: usize,
    ) -> Result<Vec<(ConversationId, Seq)>, StoreError> {
        let sql = "SELECT conversation, seq FROM entries
                   WHERE author = ?1 AND kind = 'posted' AND (conversation, seq) > (?2, ?3)
                     AND text IS NOT NULL ORDER BY conversation, seq LIMIT ?4";
        let params = (author, after.0, after.1, account::limit_of(limit));
        all(self.connection()?, sql, params, |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::{
        chat::Event,
        model::ServerRole,
        store::{
            EVERYONE, NewAccount, NewToken, PageLimits, PasswordHash, Registration, SecretHash,
            fixture::{Fixture, at},
        },
    };

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
    async fn a_deleted_account_is_gone_but_for_what_it_said() {
        let mut fixture = Fixture::new();
        for (wanted, afterwards, again) in [
            ("freed", NameAfterwards::Freed, true),
            ("kept-back", NameAfterwards::Reserved, false),
        ] {
            let gone = fixture.account(wanted);
            let seq = fixture.post(EVERYONE, &gone, "hi");
            let hash = SecretHash::new([u8::from(again); 32]);
            fixture.within(|tx| {
                let token = NewToken {
                    account: gone.id,
                    hash,
                    device: "laptop".to_owned(),
                    prefix: "127.0.0.1".to_owned(),
                };
                tx.insert_token(&token, at(1), 10).unwrap();
                tx.delete_account(gone.id, afterwards, at(2)).unwrap();
                assert_eq!(tx.account(gone.id).unwrap(), None);
                assert_eq!(tx.account_by_name(&name(wanted)).unwrap(), None);
                let registered = tx.register(&new(wanted), at(3)).unwrap();
                assert_eq!(registered != Registration::NameTaken, again, "{wanted}");
            });
            assert_eq!(fixture.reader().token(hash).await.unwrap(), None);
            let limits = PageLimits { rows: 1, bytes: 1 };
            let reader = fixture.reader();
            let page = reader
                .entries(EVERYONE, seq.previous(), seq, limits)
                .await
                .unwrap();
            let author = page.entries[0].author.name.to_string();
            assert_eq!(author, format!("deleted-{}", gone.id));
        }
    }

    #[test]
    fn an_accounts_messages_are_found_by_pages_while_their_texts_are_there() {
        let mut fixture = Fixture::new();
        let [alice, bob] = ["alice", "bob"].map(|name| fixture.account(name));
        let mine: Vec<_> = (0..3)
            .map(|_| fixture.post(EVERYONE, &alice, "mine"))
            .collect();
        fixture.post(EVERYONE, &bob, "yours");
        fixture.add(EVERYONE, &alice, Event::Deleted { target: mine[1] });
        fixture.within(|tx| {
            let page = |after| tx.messages_of(alice.id, (EVERYONE, after), 1).unwrap();
            assert_eq!(page(Seq::ZERO), [(EVERYONE, mine[0])]);
            assert_eq!(page(mine[0]), [(EVERYONE, mine[2])]);
            assert_eq!(page(mine[2]), []);
        });
    }
}
