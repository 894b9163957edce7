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
    /// Who may not come back, and until when.
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
    /// When they last posted, as far as slow mode needs to know.
    pub posted_at: Option<Timestamp>,
}
