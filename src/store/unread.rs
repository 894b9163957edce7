//! How much of a conversation waits to be read, without counting its messages.

use rusqlite::Connection;

use crate::model::{AccountId, ConversationId, Seq};

use super::{StoreError, query::first, sql::Count};

/// So many deleted messages are looked for among the unread ones; those beyond still count as unread.
/// Finding that many takes well under a millisecond.
const DELETED_MAX: u64 = 1000;

/// The part of a log that an account has not read.
pub(super) struct Unseen<'c> {
    pub(super) connection: &'c Connection,
    pub(super) account: AccountId,
    pub(super) conversation: ConversationId,
    pub(super) after: Seq,
}

impl Unseen<'_> {
    /// How many messages of others, of `posts` that there ever were. Messages carry running
    /// numbers, so that none need be counted but the deleted ones.
    pub(super) fn posts(&self, posts: u64) -> Result<u64, StoreError> {
        let sql = "SELECT ordinal - (kind = 'posted') FROM entries
                   WHERE conversation = ?2 AND seq > ?3 ORDER BY seq LIMIT 1";
        let before = self.number(sql)?;
        let sql = "SELECT own - 1 FROM entries
                   WHERE author = ?1 AND conversation = ?2 AND seq > ?3 AND kind = 'posted'
                   ORDER BY seq LIMIT 1";
        let own_before = self.number(sql)?;
        let sql = "SELECT own FROM entries
                   WHERE author = ?1 AND conversation = ?2 AND seq > ?3 AND kind = 'posted'
                   ORDER BY seq DESC LIMIT 1";
        let own = self
            .number(sql)?
            .zip(own_before)
            .map_or(0, |(last, first)| last.saturating_sub(first));
        let others = before.map_or(0, |before| posts.saturating_sub(before).saturating_sub(own));
        if others == 0 {
            return Ok(0);
        }
        Ok(others.saturating_sub(self.deleted()?))
    }

    /// How many messages of others were deleted.
    fn deleted(&self) -> Result<u64, StoreError> {
        let sql = format!(
            "SELECT count(*) FROM (
                 SELECT 1 FROM entries INDEXED BY deleted_posts
                 WHERE conversation = ?2 AND seq > ?3 AND author <> ?1
                   AND kind = 'posted' AND text IS NULL
                 LIMIT {DELETED_MAX})"
        );
        Ok(self.number(&sql)?.unwrap_or(0))
    }

    pub(super) fn mentions(&self) -> Result<u64, StoreError> {
        let sql = "SELECT count(*) FROM mentions
                   WHERE account = ?1 AND conversation = ?2 AND seq > ?3";
        Ok(self.number(sql)?.unwrap_or(0))
    }

    fn number(&self, sql: &str) -> Result<Option<u64>, StoreError> {
        let params = (self.account, self.conversation, self.after);
        first(self.connection, sql, params, |row| {
            Ok(row.get::<_, Count>(0)?.0)
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use crate::{
        chat::Event,
        store::{
            EVERYONE, Retention,
            fixture::{Fixture, at, entry, posted},
        },
    };

    use super::*;

    #[derive(Clone, Debug)]
    enum Step {
        Post(usize),
        Other(usize),
        Delete(usize, u64),
        Read(usize, u64),
        Trim(u64),
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            4 => (0_usize..2).prop_map(Step::Post),
            1 => (0_usize..2).prop_map(Step::Other),
            2 => (0_usize..2, 0_u64..30).prop_map(|(who, seq)| Step::Delete(who, seq)),
            2 => (0_usize..2, 0_u64..30).prop_map(|(who, seq)| Step::Read(who, seq)),
            1 => (0_u64..9).prop_map(Step::Trim),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn what_is_unread_is_what_counting_gives(steps in prop::collection::vec(step(), 0..40)) {
            let mut fixture = Fixture::new();
            let accounts = ["alice", "bob"].map(|name| fixture.account(name));
            let tx = fixture.store.begin().unwrap();
            // Who posted each entry, if it is a message that stands; how far each has read; where the log begins.
            let mut log: Vec<Option<usize>> = Vec::new();
            let mut read = [0; 2];
            let mut start = 1;
            for step in steps {
                let next = Seq::new(u64::try_from(log.len()).unwrap() + 1);
                match step {
                    Step::Post(who) => {
                        let entry = entry(EVERYONE, next, &accounts[who], posted("hi"));
                        tx.append(&entry, None, &[]).unwrap();
                        log.push(Some(who));
                    }
                    Step::Other(who) => {
                        let entry = entry(EVERYONE, next, &accounts[who], Event::Archived);
                        tx.append(&entry, None, &[]).unwrap();
                        log.push(None);
                    }
                    Step::Delete(who, target) => {
                        let event = Event::Deleted { target: Seq::new(target) };
                        tx.append(&entry(EVERYONE, next, &accounts[who], event), None, &[]).unwrap();
                        if let Some(at) = usize::try_from(target).unwrap().checked_sub(1)
                            && let Some(gone) = log.get_mut(at)
                        {
                            *gone = None;
                        }
                        log.push(None);
                    }
                    Step::Read(who, seq) => {
                        tx.set_read(accounts[who].id, EVERYONE, Seq::new(seq)).unwrap();
                        read[who] = read[who].max(seq.min(next.get() - 1));
                    }
                    Step::Trim(keep) => {
                        let rule = Retention { keep_for: None, keep_last: Some(keep) };
                        start = tx.trim(EVERYONE, rule, at(0), 99).unwrap().start.get();
                    }
                }
                for (who, account) in accounts.iter().enumerate() {
                    let counted = (1_u64..).zip(&log).filter(|(seq, author)| {
                        *seq > read[who] && *seq >= start && author.is_some_and(|by| by != who)
                    });
                    let mine = tx.membership(account.id, EVERYONE).unwrap().unwrap();
                    prop_assert_eq!(mine.unread, u64::try_from(counted.count()).unwrap());
                }
            }
        }
    }
}
