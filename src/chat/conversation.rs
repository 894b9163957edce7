//! The state of a conversation: what its log amounts to.

use std::{collections::BTreeMap, time::Duration};

use crate::model::{
    Account, AccountId, Backscroll, ConversationId, RoomName, RoomRole, Seq, Timestamp, Topic,
    Visibility,
};

/// What a conversation's log amounts to, without the messages.
///
/// Owned by the hub; rebuilt from the store when it is not at hand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conversation {
    /// Given by the store.
    pub id: ConversationId,
    /// The place of the newest entry; [`Seq::ZERO`] while there is none.
    pub head: Seq,
    /// Who is in it and by what rules.
    pub kind: Kind,
}

/// The three kinds differ in membership and policy only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Everybody is a member, always.
    Everyone,
    /// Exactly these two; both the same for notes to oneself. The lower id stands first.
    Direct(Account, Account),
    /// Whoever joined.
    Room(Box<Room>),
}

/// What a room's log amounts to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Room {
    /// What it is called now.
    pub name: RoomName,
    /// What it is about.
    pub topic: Topic,
    /// Who can find it.
    pub visibility: Visibility,
    /// How far back those who join now may read.
    pub backscroll: Backscroll,
    /// The least time between two messages of one member.
    pub slow_mode: Duration,
    /// Older messages go; absent: the server's rule.
    pub keep_for: Option<Duration>,
    /// Only so many of the newest entries stay; absent: the server's rule.
    pub keep_last: Option<u64>,
    /// Whether it can be read only.
    pub archived: bool,
    /// Who is in it.
    pub members: BTreeMap<AccountId, Member>,
    /// Who was asked in and has not come yet.
    pub invited: BTreeMap<AccountId, Account>,
    /// Who may not come back, and until when. Never a member, never invited.
    pub banned: BTreeMap<AccountId, Option<Timestamp>>,
    /// Who may not write, and until when. Outlasts leaving, so that re-joining does not lift it.
    pub muted: BTreeMap<AccountId, Option<Timestamp>>,
}

/// A member of a room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Who.
    pub account: Account,
    /// What they may do here.
    pub role: RoomRole,
    /// The first entry they may read.
    pub reads_from: Seq,
    /// When they last posted, for slow mode. Joining counts as posting, so that leaving and coming
    /// back does not shorten the wait.
    pub posted_at: Option<Timestamp>,
}

/// Whom the entries of a conversation are for.
#[derive(Debug)]
pub enum Audience<I> {
    /// Every account there is.
    Everyone,
    /// These, each once.
    These(I),
}

impl Conversation {
    /// The broadcast, with nothing said yet.
    #[must_use]
    pub const fn everyone(id: ConversationId) -> Self {
        Self::new(id, Kind::Everyone)
    }

    /// The direct conversation of two accounts, in whatever order, with nothing said yet.
    #[must_use]
    pub fn direct(id: ConversationId, one: Account, other: Account) -> Self {
        let (low, high) = if one.id <= other.id {
            (one, other)
        } else {
            (other, one)
        };
        Self::new(id, Kind::Direct(low, high))
    }

    /// A room before its first entry, which makes its author the owner.
    #[must_use]
    pub fn room(id: ConversationId, name: RoomName, visibility: Visibility) -> Self {
        Self::new(id, Kind::Room(Box::new(Room::new(name, visibility))))
    }

    const fn new(id: ConversationId, kind: Kind) -> Self {
        Self {
            id,
            head: Seq::ZERO,
            kind,
        }
    }

    /// The room, when it is one.
    #[must_use]
    pub const fn as_room(&self) -> Option<&Room> {
        match &self.kind {
            Kind::Room(room) => Some(room),
            Kind::Everyone | Kind::Direct(..) => None,
        }
    }

    /// What a room knows of a member; absent for others, and where there is nothing to know.
    #[must_use]
    pub fn member(&self, account: AccountId) -> Option<&Member> {
        self.as_room()?.members.get(&account)
    }

    /// Whether the account is in it now.
    #[must_use]
    pub fn is_member(&self, account: AccountId) -> bool {
        match &self.kind {
            Kind::Everyone => true,
            Kind::Direct(low, high) => low.id == account || high.id == account,
            Kind::Room(room) => room.members.contains_key(&account),
        }
    }

    /// Everybody who is in it now.
    pub fn audience(&self) -> Audience<impl Iterator<Item = AccountId> + '_> {
        let (pair, room) = match &self.kind {
            Kind::Everyone => return Audience::Everyone,
            Kind::Direct(low, high) if low.id == high.id => ([Some(low.id), None], None),
            Kind::Direct(low, high) => ([Some(low.id), Some(high.id)], None),
            Kind::Room(room) => ([None, None], Some(room)),
        };
        let members = room.into_iter().flat_map(|room| room.members.keys());
        Audience::These(pair.into_iter().flatten().chain(members.copied()))
    }
}

impl Room {
    fn new(name: RoomName, visibility: Visibility) -> Self {
        Self {
            name,
            topic: Topic::default(),
            visibility,
            backscroll: Backscroll::default(),
            slow_mode: Duration::ZERO,
            keep_for: None,
            keep_last: None,
            archived: false,
            members: BTreeMap::new(),
            invited: BTreeMap::new(),
            banned: BTreeMap::new(),
            muted: BTreeMap::new(),
        }
    }

    /// Whether the account is under a ban; one that has ended counts as none.
    #[must_use]
    pub fn is_banned(&self, account: AccountId, now: Timestamp) -> bool {
        in_force(&self.banned, account, now)
    }

    /// Whether the account is under a mute; one that has ended counts as none.
    #[must_use]
    pub fn is_muted(&self, account: AccountId, now: Timestamp) -> bool {
        in_force(&self.muted, account, now)
    }

    /// Whether the room has this owner and no other.
    #[must_use]
    pub fn is_only_owner(&self, account: AccountId) -> bool {
        let mut owners = self
            .members
            .values()
            .filter(|member| member.role == RoomRole::Owner);
        owners
            .next()
            .is_some_and(|owner| owner.account.id == account)
            && owners.next().is_none()
    }
}

fn in_force(
    ends: &BTreeMap<AccountId, Option<Timestamp>>,
    account: AccountId,
    now: Timestamp,
) -> bool {
    ends.get(&account)
        .is_some_and(|until| until.is_none_or(|end| now < end))
}
