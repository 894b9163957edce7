//! Reading a log by pages, each entry as it reads now.

use std::{borrow::Cow, collections::HashMap};

use rusqlite::{Connection, Row};

use crate::{
    chat::Event,
    model::{Account, AccountId, ConversationId, Emoji, Seq},
};

use super::{
    Body, Digest, Kept, Page, PageLimits, Reaction, StoreError, account,
    detail::Detail,
    query::{all, only},
    row::{Columns, Stored},
};

const COLUMNS: &str = "SELECT seq, at, author, message, kind, text, target, reply_to, detail,
                              edited_at FROM entries WHERE conversation = ?1";

/// The entries after `after` up to and with `up_to`, oldest first, as many as the limits allow.
pub(super) fn after(
    connection: &Connection,
    conversation: ConversationId,
    after: Seq,
    up_to: Seq,
    limits: PageLimits,
) -> Result<Page, StoreError> {
    let sql = format!("{COLUMNS} AND seq > ?2 AND seq <= ?3 ORDER BY seq LIMIT ?4");
    let params = (conversation, after, up_to, account::limit_of(limits.rows));
    Reading::new(connection, conversation).page(&sql, params, limits)
}

/// The newest entries before `before` and not before `from`, given oldest first.
pub(super) fn before(
    connection: &Connection,
    conversation: ConversationId,
    before: Seq,
    from: Seq,
    limits: PageLimits,
) -> Result<Page, StoreError> {
    let sql = format!("{COLUMNS} AND seq < ?2 AND seq >= ?3 ORDER BY seq DESC LIMIT ?4");
    let params = (conversation, before, from, account::limit_of(limits.rows));
    let mut page = Reading::new(connection, conversation).page(&sql, params, limits)?;
    page.entries.reverse();
    Ok(page)
}

/// The reading of one page: each account's name is looked up once.
struct Reading<'c> {
    connection: &'c Connection,
    conversation: ConversationId,
    accounts: HashMap<AccountId, Account>,
}

impl<'c> Reading<'c> {
    fn new(connection: &'c Connection, conversation: ConversationId) -> Self {
        Self {
            connection,
            conversation,
            accounts: HashMap::new(),
        }
    }

    fn page(
        mut self,
        sql: &str,
        params: impl rusqlite::Params,
        limits: PageLimits,
    ) -> Result<Page, StoreError> {
        let mut statement = self.connection.prepare_cached(sql)?;
        let mut rows = statement.query(params)?;
        let mut entries = Vec::new();
        let mut bytes = 0_usize;
        while let Some(row) = rows.next()? {
            let entry = self.entry(row)?;
            bytes = bytes.saturating_add(entry.size());
            if bytes > limits.bytes && !entries.is_empty() {
                break;
            }
            entries.push(entry);
        }
        let sql = "SELECT start, head FROM conversations WHERE id = ?1";
        only(self.connection, sql, [self.conversation], |row| {
            Ok(Page {
                entries: std::mem::take(&mut entries),
                start: row.get(0)?,
                head: row.get(1)?,
            })
        })
    }

    fn entry(&mut self, row: &Row<'_>) -> Result<Kept, StoreError> {
        let seq = row.get(0)?;
        Ok(Kept {
            conversation: self.conversation,
            seq,
            at: row.get(1)?,
            author: self.account(row.get(2)?)?,
            message: row.get(3)?,
            body: self.body(seq, row)?,
        })
    }

    fn body(&mut self, seq: Seq, row: &Row<'_>) -> Result<Body, StoreError> {
        let kind = row.get_ref(4)?.as_str().map_err(rusqlite::Error::from)?;
        let detail: Option<String> = row.get(8)?;
        let target: Option<Seq> = row.get(6)?;
        let columns = Columns {
            text: row.get::<_, Option<String>>(5)?.map(Cow::Owned),
            target,
            reply_to: row.get(7)?,
            detail: Detail::from_column(detail.as_deref())
                .map_err(|error| StoreError::corrupt(format!("an entry's detail: {error}")))?,
        };
        let event = Stored { kind, columns }.event(|id| self.account(id))?;
        match (event, target) {
            (Some(event @ Event::Posted { .. }), _) => Ok(Body::Event {
                event,
                digest: Digest {
                    edited_at: row.get(9)?,
                    reactions: self.reactions(seq)?,
                },
            }),
            (Some(event), _) => Ok(Body::Event {
                event,
                digest: Digest::default(),
            }),
            (None, Some(target)) => Ok(Body::DeletedEdit { target }),
            (None, None) => Ok(Body::DeletedPost),
        }
    }

    fn reactions(&mut self, target: Seq) -> Result<Vec<Reaction>, StoreError> {
        let sql = "SELECT emoji, account FROM reactions
                   WHERE conversation = ?1 AND target = ?2 ORDER BY seq";
        let pairs: Vec<(Emoji, AccountId)> =
            all(self.connection, sql, (self.conversation, target), |row| {
                Ok((row.get(0)?, row.get(1)?))
            })?;
        let mut reactions: Vec<Reaction> = Vec::new();
        for (emoji, id) in pairs {
            let account = self.account(id)?;
            match reactions.iter_mut().find(|known| known.emoji == emoji) {
                Some(reaction) => reaction.by.push(account),
                None => reactions.push(Reaction {
                    emoji,
                    by: vec![account],
                }),
            }
        }
        Ok(reactions)
    }

    fn account(&mut self, id: AccountId) -> Result<Account, StoreError> {
        if let Some(known) = self.accounts.get(&id) {
            return Ok(known.clone());
        }
        let sql = "SELECT id, name FROM accounts WHERE id = ?1";
        let found = only(self.connection, sql, [id], |row| account::account(row, 0))?;
        self.accounts.insert(id, found.clone());
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use crate::{
        model::Text,
        store::{
            EVERYONE,
            fixture::{Fixture, at},
            page::ENTRY_OVERHEAD,
        },
    };

    use super::*;

    const ALL: PageLimits = PageLimits {
        rows: 1000,
        bytes: 1 << 20,
    };

    fn rows(rows: usize) -> PageLimits {
        PageLimits { rows, ..ALL }
    }

    fn places(page: &Page) -> Vec<u64> {
        page.entries.iter().map(|entry| entry.seq.get()).collect()
    }

    fn digest(page: &Page, index: usize) -> &Digest {
        match &page.entries[index].body {
            Body::Event { digest, .. } => digest,
            gone => panic!("{gone:?}"),
        }
    }

    #[tokio::test]
    async fn a_page_ends_at_its_limit_or_at_the_end_of_the_log() {
        let mut fixture = Fixture::new();
        let alice = fixture.account("alice");
        for number in 1..=10 {
            fixture.post(EVERYONE, &alice, &number.to_string());
        }
        let head = Seq::new(10);
        for (after, limit, expected) in [
            (0, 10, (1..=10).collect::<Vec<u64>>()),
            (0, 11, (1..=10).collect()),
            (0, 9, (1..=9).collect()),
            (9, 5, vec![10]),
            (10, 5, vec![]),
            (99, 5, vec![]),
            (4, 1, vec![5]),
        ] {
            let reader = fixture.reader();
            let page = reader.entries(EVERYONE, Seq::new(after), head, rows(limit));
            assert_eq!(
                places(&page.await.unwrap()),
                expected,
                "{limit} after {after}"
            );
        }
        for (before, from, limit, expected) in [
            (11, 1, 10, (1..=10).collect::<Vec<u64>>()),
            (11, 1, 3, vec![8, 9, 10]),
            (3, 1, 3, vec![1, 2]),
            (8, 7, 3, vec![7]),
            (1, 1, 3, vec![]),
            (0, 0, 3, vec![]),
        ] {
            let (before, from) = (Seq::new(before), Seq::new(from));
            let reader = fixture.reader();
            let page = reader.entries_before(EVERYONE, before, from, rows(limit));
            assert_eq!(
                places(&page.await.unwrap()),
                expected,
                "{limit} before {before}"
            );
        }
    }

    #[tokio::test]
    async fn a_page_holds_so_many_bytes_but_never_nothing() {
        let mut fixture = Fixture::new();
        let alice = fixture.account("alice");
        for _ in 0..3 {
            fixture.post(EVERYONE, &alice, &"x".repeat(1000));
        }
        let one = ENTRY_OVERHEAD + 1000;
        for (bytes, expected) in [
            (0, 1),
            (one, 1),
            (2 * one - 1, 1),
            (2 * one, 2),
            (3 * one, 3),
            (4 * one, 3),
        ] {
            let limits = PageLimits { rows: 10, bytes };
            let reader = fixture.reader();
            let page = reader.entries(EVERYONE, Seq::ZERO, Seq::new(3), limits);
            assert_eq!(page.await.unwrap().entries.len(), expected, "{bytes} bytes");
        }
    }

    #[tokio::test]
    async fn a_message_reads_as_later_entries_have_made_it() {
        let mut fixture = Fixture::new();
        let [alice, bob] = ["alice", "bob"].map(|name| fixture.account(name));
        let target = fixture.post(EVERYONE, &alice, "helo");
        let text = Text::parse("hello").unwrap();
        let edit = fixture.add(
            EVERYONE,
            &alice,
            Event::Edited {
                target,
                text: text.clone(),
            },
        );
        let emoji = Emoji::parse("👍").unwrap();
        for account in [&bob, &alice] {
            let emoji = emoji.clone();
            fixture.add(EVERYONE, account, Event::Reacted { target, emoji });
        }
        let reader = fixture.reader();
        let page = reader
            .entries(EVERYONE, Seq::ZERO, Seq::FIRST, ALL)
            .await
            .unwrap();
        let Body::Event {
            event: Event::Posted { text: now, .. },
            ..
        } = &page.entries[0].body
        else {
            panic!("{page:?}");
        };
        assert_eq!(*now, text);
        let edited_at = Some(at(i64::try_from(edit.get()).unwrap()));
        let by = vec![bob, alice];
        let reactions = vec![Reaction { emoji, by }];
        assert_eq!(
            *digest(&page, 0),
            Digest {
                edited_at,
                reactions
            }
        );
        assert_eq!((page.start, page.head), (Seq::FIRST, Seq::new(4)));
    }

    #[tokio::test]
    async fn a_text_that_was_edited_away_is_nowhere_in_the_log() {
        let mut fixture = Fixture::new();
        let alice = fixture.account("alice");
        let target = fixture.post(EVERYONE, &alice, "one");
        let other = fixture.post(EVERYONE, &alice, "another");
        let edit = |target, text: &str| Event::Edited {
            target,
            text: Text::parse(text).unwrap(),
        };
        for (target, text) in [(target, "a secret"), (other, "kept"), (target, "harmless")] {
            fixture.add(EVERYONE, &alice, edit(target, text));
        }
        let reader = fixture.reader();
        let page = reader.entries(EVERYONE, Seq::ZERO, Seq::new(9), ALL);
        let page = page.await.unwrap();
        assert_eq!(page.entries[2].body, Body::DeletedEdit { target });
        for (index, target, text) in [(3, other, "kept"), (4, target, "harmless")] {
            let body = Body::Event {
                event: edit(target, text),
                digest: Digest::default(),
            };
            assert_eq!(page.entries[index].body, body);
        }
    }

    #[tokio::test]
    async fn the_text_of_a_deleted_message_is_nowhere_in_the_log() {
        let mut fixture = Fixture::new();
        let alice = fixture.account("alice");
        let target = fixture.post(EVERYONE, &alice, "a secret");
        let text = Text::parse("still a secret").unwrap();
        fixture.add(EVERYONE, &alice, Event::Edited { target, text });
        let emoji = Emoji::parse("👍").unwrap();
        fixture.add(EVERYONE, &alice, Event::Reacted { target, emoji });
        fixture.add(EVERYONE, &alice, Event::Deleted { target });
        let reader = fixture.reader();
        let page = reader
            .entries(EVERYONE, Seq::ZERO, Seq::new(9), ALL)
            .await
            .unwrap();
        assert_eq!(page.entries[0].body, Body::DeletedPost);
        assert_eq!(page.entries[1].body, Body::DeletedEdit { target });
        assert_eq!(places(&page), [1, 2, 3, 4]);
        fixture.within(|tx| {
            let target = tx.target(EVERYONE, target, alice.id, None).unwrap();
            assert_eq!((target.author, target.reactions), (None, 0));
        });
    }
}
