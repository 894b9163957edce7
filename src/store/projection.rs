//! What an entry changes besides the log: the room, its members, the message it amends.

use rusqlite::Connection;

use crate::{
    chat::{Entry, Event},
    model::{Account, AccountId, Backscroll, ConversationId, RoomName, RoomRole, Seq, Timestamp},
};

use super::{
    StoreError,
    query::{execute, only},
    sql::{Count, Millis},
};

/// Writes down whom a message calls: those it names and, with `@here`, those in `here`. Nobody calls
/// themselves, and whoever is blocked calls in vain.
pub(super) fn mention(
    connection: &Connection,
    message: &Entry,
    named: &[Account],
    here: &[AccountId],
) -> Result<(), StoreError> {
    let sql = "INSERT INTO mentions (account, conversation, seq) SELECT ?1, ?2, ?3
               WHERE NOT EXISTS (SELECT 1 FROM blocks WHERE account = ?1 AND blocked = ?4)
               ON CONFLICT DO NOTHING";
    let called = named.iter().map(|account| account.id);
    called
        .chain(here.iter().copied())
        .filter(|account| *account != message.author.id)
        .try_for_each(|account| {
            let params = (
                account,
                message.conversation,
                message.seq,
                message.author.id,
            );
            execute(connection, sql, params).map(drop)
        })
}

/// Writes down what follows from an entry that is no message.
pub(super) fn project(connection: &Connection, entry: &Entry) -> Result<(), StoreError> {
    let room = Projection {
        connection,
        conversation: entry.conversation,
        seq: entry.seq,
    };
    let author = entry.author.id;
    match &entry.event {
        Event::Posted { .. } => Ok(()),
        Event::Edited { target, text } => room.amend(*target, text.as_str(), entry.at),
        Event::Deleted { target } => erase(connection, entry.conversation, *target),
        Event::Reacted { target, emoji } => room.run(
            "INSERT INTO reactions (conversation, target, emoji, account, seq)
             VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO NOTHING",
            (entry.conversation, target, emoji, author, entry.seq),
        ),
        Event::Unreacted { target, emoji } => room.run(
            "DELETE FROM reactions
             WHERE conversation = ?1 AND target = ?2 AND emoji = ?3 AND account = ?4",
            (entry.conversation, target, emoji, author),
        ),
        Event::Created { .. } | Event::Joined => room.enter(author, entry.at),
        Event::Left => room.leave(author),
        Event::Invited { account } => room.invite(account.id, author),
        Event::RoleSet { account, role } => room.run(
            "UPDATE members SET role = ?3 WHERE conversation = ?1 AND account = ?2",
            (entry.conversation, account.id, role),
        ),
        Event::Kicked { account, .. } => room.leave(account.id),
        Event::Banned { account, until, .. } => room.ban(account.id, *until),
        Event::Unbanned { account } => room.lift("bans", account.id),
        Event::Muted { account, until, .. } => room.restrict("mutes", account.id, *until),
        Event::Unmuted { account } => room.lift("mutes", account.id),
        Event::Renamed { name } => room.rename(name),
        Event::TopicSet { topic } => room.set("topic = ?2", topic),
        Event::VisibilitySet { visibility } => room.set("visibility = ?2", visibility),
        Event::BackscrollSet { backscroll } => room.set("backscroll = ?2", backscroll),
        Event::SlowModeSet { wait } => room.set("slow_mode = ?2", Millis(*wait)),
        Event::RetentionSet {
            keep_for,
            keep_last,
        } => room.run(
            "UPDATE rooms SET keep_for = ?2, keep_last = ?3 WHERE conversation = ?1",
            (
                entry.conversation,
                keep_for.map(Millis),
                keep_last.map(Count),
            ),
        ),
        Event::Archived => room.set("archived = ?2", true),
        Event::Unarchived => room.set("archived = ?2", false),
    }
}

/// Takes the text of a message out of the log, with all that hangs on it.
pub(super) fn erase(
    connection: &Connection,
    conversation: ConversationId,
    target: Seq,
) -> Result<(), StoreError> {
    for sql in [
        "INSERT INTO amended (entry)
         SELECT id FROM entries WHERE conversation = ?1 AND seq = ?2 AND kind = 'posted'",
        "UPDATE entries SET text = NULL, detail = NULL, reply_to = NULL, edited_at = NULL
         WHERE conversation = ?1 AND seq = ?2 AND kind = 'posted'",
        "UPDATE entries SET text = NULL
         WHERE conversation = ?1 AND target = ?2 AND kind = 'edited'",
        "DELETE FROM reactions WHERE conversation = ?1 AND target = ?2",
        "DELETE FROM mentions WHERE conversation = ?1 AND seq = ?2",
    ] {
        execute(connection, sql, (conversation, target))?;
    }
    Ok(())
}

/// Where the entry in question stands.
struct Projection<'c> {
    connection: &'c Connection,
    conversation: ConversationId,
    seq: Seq,
}

impl Projection<'_> {
    fn run(&self, sql: &str, params: impl rusqlite::Params) -> Result<(), StoreError> {
        execute(self.connection, sql, params).map(drop)
    }

    fn set(&self, column: &str, value: impl rusqlite::ToSql) -> Result<(), StoreError> {
        let sql = format!("UPDATE rooms SET {column} WHERE conversation = ?1");
        self.run(&sql, (self.conversation, value))
    }

    fn amend(&self, target: Seq, text: &str, at: Timestamp) -> Result<(), StoreError> {
        self.run(
            "UPDATE entries SET text = ?3, edited_at = ?4
             WHERE conversation = ?1 AND seq = ?2 AND kind = 'posted'",
            (self.conversation, target, text, at),
        )?;
        // Who edits a text away wants it gone, from the edit before too; those before that have none.
        self.run(
            "UPDATE entries SET text = NULL
             WHERE id = (SELECT id FROM entries
                         WHERE conversation = ?1 AND target = ?2 AND kind = 'edited' AND seq < ?3
                         ORDER BY id DESC LIMIT 1)",
            (self.conversation, target, self.seq),
        )?;
        self.run(
            "INSERT INTO amended (entry)
             SELECT id FROM entries WHERE conversation = ?1 AND seq = ?2 AND kind = 'posted'",
            (self.conversation, target),
        )
    }

    fn enter(&self, account: AccountId, at: Timestamp) -> Result<(), StoreError> {
        let sql = "SELECT backscroll, members = 0,
                          members = 0 AND visibility = 'private' AND NOT EXISTS (
                              SELECT 1 FROM invitations WHERE conversation = ?1 AND account = ?2)
                   FROM rooms WHERE conversation = ?1";
        let (backscroll, is_empty, takes_over): (Backscroll, bool, bool) =
            only(self.connection, sql, (self.conversation, account), |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?))
            })?;
        // Who takes over a private room uninvited reads nothing of those who have left it.
        let reads_from = match backscroll {
            Backscroll::All if !takes_over => Seq::FIRST,
            Backscroll::All | Backscroll::SinceJoin => self.seq,
        };
        let role = if is_empty {
            RoomRole::Owner
        } else {
            RoomRole::Member
        };
        self.run(
            "INSERT INTO members (conversation, account, role, reads_from, posted_at)
             VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT DO UPDATE SET role = excluded.role, reads_from = excluded.reads_from,
                                       posted_at = excluded.posted_at",
            (self.conversation, account, role, reads_from, at),
        )?;
        // Who comes for the first time has missed nothing; who comes back is where they were.
        self.run(
            "INSERT INTO positions (account, conversation, read) VALUES (?1, ?2, ?3)
             ON CONFLICT DO NOTHING",
            (account, self.conversation, self.seq),
        )?;
        self.lift("bans", account)?;
        self.lift("invitations", account)
    }

    /// Who is asked in is not banned any more.
    fn invite(&self, account: AccountId, by: AccountId) -> Result<(), StoreError> {
        self.lift("bans", account)?;
        self.run(
            "INSERT INTO invitations (conversation, account, invited_by) VALUES (?1, ?2, ?3)
             ON CONFLICT DO UPDATE SET invited_by = excluded.invited_by",
            (self.conversation, account, by),
        )
    }

    /// A room whose last owner is gone falls to whoever stands highest.
    fn leave(&self, account: AccountId) -> Result<(), StoreError> {
        self.lift("members", account)?;
        self.run(
            "UPDATE members SET role = 'owner' WHERE conversation = ?1
               AND NOT EXISTS (SELECT 1 FROM members WHERE conversation = ?1 AND role = 'owner')
               AND account = (SELECT account FROM members WHERE conversation = ?1
                              ORDER BY role = 'moderator' DESC, account LIMIT 1)",
            [self.conversation],
        )
    }

    fn ban(&self, account: AccountId, until: Option<Timestamp>) -> Result<(), StoreError> {
        self.leave(account)?;
        self.lift("invitations", account)?;
        self.restrict("bans", account, until)
    }

    fn restrict(
        &self,
        table: &str,
        account: AccountId,
        until: Option<Timestamp>,
    ) -> Result<(), StoreError> {
        let sql = format!(
            "INSERT INTO {table} (conversation, account, until) VALUES (?1, ?2, ?3)
             ON CONFLICT DO UPDATE SET until = excluded.until"
        );
        self.run(&sql, (self.conversation, account, until))
    }

    fn lift(&self, table: &str, account: AccountId) -> Result<(), StoreError> {
        let sql = format!("DELETE FROM {table} WHERE conversation = ?1 AND account = ?2");
        self.run(&sql, (self.conversation, account))
    }

    /// The name before still leads here, and stays taken.
    fn rename(&self, name: &RoomName) -> Result<(), StoreError> {
        self.run(
            "INSERT INTO room_names (key, conversation) SELECT ?2, ?1
             WHERE NOT EXISTS (SELECT 1 FROM room_names WHERE key = ?2 AND conversation = ?1)",
            (self.conversation, name.key()),
        )?;
        self.run(
            "UPDATE rooms SET name = ?2, key = ?3 WHERE conversation = ?1",
            (self.conversation, name, name.key()),
        )
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use crate::{
        chat::Conversation,
        model::{Reason, Topic, Visibility},
        store::fixture::{self, Fixture, entry},
    };

    use super::*;

    const ACCOUNTS: u64 = 4;

    fn somebody() -> impl Strategy<Value = Account> {
        (1..=ACCOUNTS).prop_map(|id| fixture::account(id, &format!("user-{id}")))
    }

    fn until() -> impl Strategy<Value = Option<Timestamp>> {
        prop::option::of((0_i64..9).prop_map(fixture::at))
    }

    fn name() -> impl Strategy<Value = RoomName> {
        "[a-c]".prop_map(|name| RoomName::parse(&name).unwrap())
    }

    /// Whatever changes the state of a room, allowed or not.
    fn event() -> impl Strategy<Value = Event> {
        let reason = Reason::default();
        let why = reason.clone();
        let visibility = prop::sample::select(Visibility::ALL);
        prop_oneof![
            3 => Just(Event::Joined),
            2 => Just(fixture::posted("hi")),
            1 => Just(Event::Left),
            1 => Just(Event::Archived),
            1 => Just(Event::Unarchived),
            1 => somebody().prop_map(|account| Event::Invited { account }),
            1 => (somebody(), prop::sample::select(RoomRole::ALL))
                .prop_map(|(account, role)| Event::RoleSet { account, role }),
            1 => somebody().prop_map(move |account| {
                Event::Kicked { account, reason: reason.clone() }
            }),
            1 => (somebody(), until(), any::<bool>()).prop_map(move |(account, until, ban)| {
                let reason = why.clone();
                if ban {
                    Event::Banned { account, reason, until }
                } else {
                    Event::Muted { account, reason, until }
                }
            }),
            1 => somebody().prop_map(|account| Event::Unbanned { account }),
            1 => somebody().prop_map(|account| Event::Unmuted { account }),
            1 => name().prop_map(|name| Event::Renamed { name }),
            1 => "[a-z]{0,3}".prop_map(|topic| Event::TopicSet {
                topic: Topic::parse(&topic).unwrap()
            }),
            1 => visibility.prop_map(|visibility| Event::VisibilitySet { visibility }),
            1 => prop::sample::select(Backscroll::ALL)
                .prop_map(|backscroll| Event::BackscrollSet { backscroll }),
            1 => (0_u64..9).prop_map(|seconds| Event::SlowModeSet {
                wait: std::time::Duration::from_secs(seconds)
            }),
            1 => prop::option::of(0_u64..9).prop_map(|keep_last| Event::RetentionSet {
                keep_for: keep_last.map(std::time::Duration::from_secs),
                keep_last,
            }),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn what_is_stored_of_a_room_is_what_its_log_amounts_to(
            events in prop::collection::vec((somebody(), event()), 0..40)
        ) {
            let mut fixture = Fixture::new();
            for id in 1..=ACCOUNTS {
                fixture.account(&format!("user-{id}"));
            }
            let name = RoomName::parse("a").unwrap();
            let visibility = Visibility::Private;
            let tx = fixture.store.begin().unwrap();
            let id = tx.create_room(&name, visibility).unwrap();
            let mut state = Conversation::room(id, name.clone(), visibility);
            let maker = fixture::account(1, "user-1");
            let made = (maker, Event::Created { name, visibility });
            for (author, event) in std::iter::once(made).chain(events) {
                let entry = entry(id, state.head.next(), &author, event);
                tx.append(&entry, None, &[]).unwrap();
                state.apply(&entry);
                let stored = tx.conversation(id).unwrap();
                prop_assert_eq!(stored.as_ref(), Some(&state));
            }
        }
    }
}
