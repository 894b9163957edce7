//! What an account must be told of its conversations when it logs in.

use rusqlite::{Connection, Row};

use crate::model::{
    Account, AccountId, ConversationId, RoomName, RoomRole, Seq, Topic, Visibility,
};

use super::{
    StoreError, Tx, account,
    query::{all, first, only},
    sql::Count,
    unread::Unseen,
};

/// A conversation as one of its members has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Membership {
    /// Which.
    pub conversation: ConversationId,
    /// What kind it is, and what belongs to that kind.
    pub place: Place,
    /// The place of the newest entry.
    pub head: Seq,
    /// The first entry the account can read: the oldest kept one that it may.
    pub start: Seq,
    /// How far the account has read.
    pub read: Seq,
    /// How many messages of others were posted after that.
    pub unread: u64,
    /// How many of them call the account; none while it has muted the conversation.
    pub mentions: u64,
    /// Whether the account has muted the conversation for itself.
    pub muted: bool,
}

/// Where a conversation takes place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// The broadcast.
    Everyone,
    /// A direct conversation with this account.
    Direct(Account),
    /// A room.
    Room(Seat),
}

/// An account's seat in a room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seat {
    /// What the room is called.
    pub name: RoomName,
    /// What it is about.
    pub topic: Topic,
    /// Who can find it.
    pub visibility: Visibility,
    /// Whether it can be read only.
    pub archived: bool,
    /// How many members it has.
    pub members: u64,
    /// What the account may do there.
    pub role: RoomRole,
}

/// A room an account was asked into.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invitation {
    /// Which.
    pub conversation: ConversationId,
    /// What it is called.
    pub room: RoomName,
    /// Who asked.
    pub by: Account,
}

/// The conversations of account `?1`.
const MINE: &str = "
    SELECT c.id, c.kind, c.head, c.start, c.posts, coalesce(p.read, 0), coalesce(p.muted, 0),
           peer.id, peer.name,
           r.name, r.topic, r.visibility, r.archived, r.members, m.role, coalesce(m.reads_from, 1)
    FROM (SELECT 1 AS id
          UNION ALL SELECT conversation FROM members WHERE account = ?1
          UNION ALL SELECT id FROM conversations WHERE kind = 'direct' AND low = ?1
          UNION ALL SELECT id FROM conversations WHERE kind = 'direct' AND high = ?1 AND low <> ?1
         ) mine
    JOIN conversations c ON c.id = mine.id
    LEFT JOIN positions p ON p.account = ?1 AND p.conversation = c.id
    LEFT JOIN accounts peer ON peer.id = iif(c.low = ?1, c.high, c.low)
    LEFT JOIN rooms r ON r.conversation = c.id
    LEFT JOIN members m ON m.conversation = c.id AND m.account = ?1";

/// How many rooms an account is in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RoomCount {
    /// As a member of whatever role.
    pub joined: u64,
    /// As an owner.
    pub owned: u64,
}

impl Tx<'_> {
    /// How many rooms an account is in.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub fn rooms_of(&self, account: AccountId) -> Result<RoomCount, StoreError> {
        let sql = "SELECT count(*), count(*) FILTER (WHERE role = 'owner') FROM members
                   WHERE account = ?1";
        only(self.connection()?, sql, [account], |row| {
            let (Count(joined), Count(owned)) = (row.get(0)?, row.get(1)?);
            Ok(RoomCount { joined, owned })
        })
    }

    /// Every conversation of an account: the broadcast, its direct ones, the rooms it is in.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub fn memberships(&self, account: AccountId) -> Result<Vec<Membership>, StoreError> {
        memberships(self.connection()?, account)
    }

    /// One conversation of an account, if it is a member there.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub fn membership(
        &self,
        account: AccountId,
        conversation: ConversationId,
    ) -> Result<Option<Membership>, StoreError> {
        membership(self.connection()?, account, conversation)
    }

    /// The rooms an account was asked into and has not joined.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub fn invitations(&self, account: AccountId) -> Result<Vec<Invitation>, StoreError> {
        invitations(self.connection()?, account)
    }
}

pub(super) fn memberships(
    connection: &Connection,
    account: AccountId,
) -> Result<Vec<Membership>, StoreError> {
    let sql = format!("{MINE} ORDER BY c.id");
    all(connection, &sql, [account], |row| {
        read(connection, account, row)
    })
}

pub(super) fn membership(
    connection: &Connection,
    account: AccountId,
    conversation: ConversationId,
) -> Result<Option<Membership>, StoreError> {
    let sql = format!("{MINE} WHERE c.id = ?2");
    first(connection, &sql, (account, conversation), |row| {
        read(connection, account, row)
    })
}

pub(super) fn invitations(
    connection: &Connection,
    account: AccountId,
) -> Result<Vec<Invitation>, StoreError> {
    let sql = "SELECT i.conversation, r.name, a.id, a.name FROM invitations i
               JOIN rooms r ON r.conversation = i.conversation
               JOIN accounts a ON a.id = i.invited_by WHERE i.account = ?1 ORDER BY r.key";
    all(connection, sql, [account], |row| {
        Ok(Invitation {
            conversation: row.get(0)?,
            room: row.get(1)?,
            by: account::account(row, 2)?,
        })
    })
}

fn read(
    connection: &Connection,
    account: AccountId,
    row: &Row<'_>,
) -> Result<Membership, StoreError> {
    let place = match row.get_ref(1)?.as_str().unwrap_or_default() {
        "everyone" => Place::Everyone,
        "direct" => Place::Direct(account::account(row, 7)?),
        _ => Place::Room(Seat {
            name: row.get(9)?,
            topic: row.get(10)?,
            visibility: row.get(11)?,
            archived: row.get(12)?,
            members: row.get::<_, Count>(13)?.0,
            role: row.get(14)?,
        }),
    };
    let conversation = row.get(0)?;
    let kept: Seq = row.get(3)?;
    let start = kept.max(row.get(15)?);
    let read: Seq = row.get(5)?;
    let muted = row.get(6)?;
    let unseen = Unseen {
        connection,
        account,
        conversation,
        // What cannot be read any more, or never could, does not wait to be read.
        after: read.max(start.previous()),
    };
    Ok(Membership {
        conversation,
        place,
        head: row.get(2)?,
        start,
        read,
        unread: unseen.posts(row.get::<_, Count>(4)?.0)?,
        mentions: if muted { 0 } else { unseen.mentions()? },
        muted,
    })
}

#[cfg(test)]
mod tests {
    use crate::{
        chat::{Event, Style},
        model::Text,
        store::{
            EVERYONE,
            fixture::{self, Fixture},
        },
    };

    use super::*;

    #[test]
    fn only_messages_of_others_wait_to_be_read() {
        let mut fixture = Fixture::new();
        let [alice, bob] = ["alice", "bob"].map(|name| fixture.account(name));
        let room = fixture.room("garden", &alice);
        fixture.add(room, &bob, Event::Joined);
        fixture.post(room, &alice, "one");
        fixture.post(room, &bob, "two");
        let third = fixture.post(room, &alice, "three");
        let unread = |fixture: &mut Fixture| {
            fixture.within(|tx| tx.membership(bob.id, room).unwrap().unwrap().unread)
        };
        assert_eq!(unread(&mut fixture), 2);
        fixture.within(|tx| tx.set_read(bob.id, room, third.previous()).unwrap());
        assert_eq!(unread(&mut fixture), 1);
        fixture.within(|tx| tx.set_read(bob.id, room, third).unwrap());
        assert_eq!(unread(&mut fixture), 0);
    }

    #[test]
    fn mentions_wait_until_read_unless_the_conversation_is_muted() {
        let mut fixture = Fixture::new();
        let [alice, bob] = ["alice", "bob"].map(|name| fixture.account(name));
        let call = Event::Posted {
            text: Text::parse("@bob").unwrap(),
            style: Style::Plain,
            reply_to: None,
            mentions: vec![bob.clone(), alice.clone()],
            here: false,
        };
        let first = fixture.add(EVERYONE, &alice, call.clone());
        fixture.add(EVERYONE, &alice, call.clone());
        let deleted = fixture.add(EVERYONE, &alice, call);
        fixture.add(EVERYONE, &alice, Event::Deleted { target: deleted });
        let mentions = |fixture: &mut Fixture, account: &Account| {
            let mine = fixture.within(|tx| tx.membership(account.id, EVERYONE).unwrap());
            mine.unwrap().mentions
        };
        assert_eq!(mentions(&mut fixture, &bob), 2);
        assert_eq!(mentions(&mut fixture, &alice), 0, "nobody calls themselves");
        fixture.within(|tx| tx.set_read(bob.id, EVERYONE, first).unwrap());
        assert_eq!(mentions(&mut fixture, &bob), 1);
        fixture.within(|tx| tx.set_muted(bob.id, EVERYONE, true).unwrap());
        assert_eq!(mentions(&mut fixture, &bob), 0);
    }

    #[test]
    fn whoever_is_blocked_calls_in_vain() {
        let mut fixture = Fixture::new();
        let [alice, bob] = ["alice", "bob"].map(|name| fixture.account(name));
        let call = |text: &str, mentions: Vec<Account>| Event::Posted {
            text: Text::parse(text).unwrap(),
            style: Style::Plain,
            reply_to: None,
            here: mentions.is_empty(),
            mentions,
        };
        let counts = |fixture: &mut Fixture| {
            let mine = fixture.within(|tx| tx.membership(bob.id, EVERYONE).unwrap());
            mine.map(|mine| (mine.unread, mine.mentions)).unwrap()
        };
        fixture.add(EVERYONE, &alice, call("@bob", vec![bob.clone()]));
        fixture.within(|tx| tx.block(bob.id, alice.id).unwrap());
        fixture.add(EVERYONE, &alice, call("@bob", vec![bob.clone()]));
        let here = fixture::entry(EVERYONE, Seq::new(3), &alice, call("@here", Vec::new()));
        fixture.within(|tx| tx.append(&here, None, &[bob.id]).unwrap());
        assert_eq!(counts(&mut fixture), (3, 1), "what is said is still unread");
        fixture.within(|tx| tx.unblock(bob.id, alice.id).unwrap());
        fixture.add(EVERYONE, &alice, call("@bob", vec![bob.clone()]));
        assert_eq!(counts(&mut fixture), (4, 2));
    }

    #[test]
    fn who_joins_has_missed_nothing_and_who_comes_back_is_where_they_were() {
        let mut fixture = Fixture::new();
        let [alice, bob] = ["alice", "bob"].map(|name| fixture.account(name));
        let room = fixture.room("garden", &alice);
        fixture.post(room, &alice, "before");
        fixture.add(room, &bob, Event::Joined);
        let unread = |fixture: &mut Fixture| {
            fixture.within(|tx| tx.membership(bob.id, room).unwrap().unwrap().unread)
        };
        assert_eq!(unread(&mut fixture), 0);
        fixture.add(room, &bob, Event::Left);
        fixture.post(room, &alice, "meanwhile");
        fixture.add(room, &bob, Event::Joined);
        assert_eq!(unread(&mut fixture), 1);
        let carol = fixture.account("carol");
        let broadcast = fixture.within(|tx| tx.membership(carol.id, EVERYONE).unwrap().unwrap());
        assert_eq!(broadcast.unread, 0);
    }

    #[test]
    fn an_account_is_told_of_all_its_conversations_and_no_other() {
        let mut fixture = Fixture::new();
        let [alice, bob, carol] = ["alice", "bob", "carol"].map(|name| fixture.account(name));
        let room = fixture.room("garden", &alice);
        fixture.add(room, &bob, Event::Joined);
        let direct = fixture.within(|tx| tx.create_direct(bob.id, alice.id).unwrap());
        let notes = fixture.within(|tx| tx.create_direct(bob.id, bob.id).unwrap());
        let places = |fixture: &mut Fixture, account: &Account| {
            let mine = fixture.within(|tx| tx.memberships(account.id).unwrap());
            mine.into_iter()
                .map(|one| (one.conversation, one.place))
                .collect::<Vec<_>>()
        };
        assert_eq!(places(&mut fixture, &carol), [(EVERYONE, Place::Everyone)]);
        let bobs = places(&mut fixture, &bob);
        assert_eq!(bobs.len(), 4);
        assert!(bobs.contains(&(direct, Place::Direct(alice))));
        assert!(bobs.contains(&(notes, Place::Direct(bob))));
        assert!(bobs.iter().any(|(id, place)| {
            *id == room && matches!(place, Place::Room(seat) if seat.members == 2)
        }));
    }
}
