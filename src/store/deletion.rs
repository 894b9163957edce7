//! Deleting an account: what goes with it, and what stays of what it said.

use rusqlite::Connection;

use crate::model::{AccountId, ConversationId, Seq, Timestamp};

use super::{
    StoreError, Tx, projection,
    query::{all, execute},
};

/// What becomes of a deleted account's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NameAfterwards {
    /// Anybody may register it.
    Freed,
    /// Nobody ever may.
    Reserved,
}

/// What becomes of a deleted account's messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MessagesAfterwards {
    /// They stay, by `deleted-` and the id.
    Kept,
    /// Their texts go, as if their author had deleted each.
    Removed,
}

impl Tx<'_> {
    /// Deletes an account: its password, tokens, positions and blocks are gone, and its name with
    /// them. Leaving its rooms is the caller's, as that is told to the others.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub fn delete_account(
        &self,
        id: AccountId,
        name: NameAfterwards,
        messages: MessagesAfterwards,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let connection = self.connection();
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
        match messages {
            MessagesAfterwards::Kept => Ok(()),
            MessagesAfterwards::Removed => erase_messages_of(connection, id),
        }
    }
}

/// Takes the text of every message of an account out of the logs.
fn erase_messages_of(connection: &Connection, author: AccountId) -> Result<(), StoreError> {
    let sql = "SELECT conversation, seq FROM entries WHERE author = ?1 AND kind = 'posted'";
    let messages: Vec<(ConversationId, Seq)> = all(connection, sql, [author], |row| {
        Ok((row.get(0)?, row.get(1)?))
    })?;
    messages
        .into_iter()
        .try_for_each(|(conversation, seq)| projection::erase(connection, conversation, seq))
}

#[cfg(test)]
mod tests {
    use crate::{
        model::{ServerRole, UserName},
        store::{
            Body, EVERYONE, NewAccount, NewToken, PageLimits, PasswordHash, Registration,
            SecretHash,
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
                tx.delete_account(gone.id, afterwards, MessagesAfterwards::Kept, at(2))
                    .unwrap();
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

    #[tokio::test]
    async fn an_accounts_messages_can_go_with_it() {
        let mut fixture = Fixture::new();
        let [alice, bob] = ["alice", "bob"].map(|name| fixture.account(name));
        fixture.post(EVERYONE, &alice, "mine");
        fixture.post(EVERYONE, &bob, "yours");
        let (name, messages) = (NameAfterwards::Freed, MessagesAfterwards::Removed);
        fixture.within(|tx| tx.delete_account(alice.id, name, messages, at(2)).unwrap());
        let limits = PageLimits {
            rows: 9,
            bytes: 9999,
        };
        let reader = fixture.reader();
        let page = reader
            .entries(EVERYONE, Seq::ZERO, Seq::new(2), limits)
            .await
            .unwrap();
        assert_eq!(page.entries[0].body, Body::DeletedPost);
        assert!(matches!(page.entries[1].body, Body::Event { .. }));
    }
}
