//! Who may do what: every permission question of the chat is answered here.
//!
//! The table ([`row`]) says what each verb needs; the few rules that are more than a row (joining,
//! rank, `@here`) stand below it by name. `docs/permissions.md` is the same table for people, and
//! a test holds the two together. Whether a command makes sense is `decide`'s.

use crate::model::{AccountId, Backscroll, RoomRole, Seq, ServerRole, Timestamp, Visibility};

use super::{Actor, Conversation, Kind, Refusal, Room};

/// In a room of more members, `@here` is a moderator's: it would call more people than know each
/// other.
pub const HERE_MEMBERS_MAX: usize = 50;

/// What one needs a right for, besides making and joining a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verb {
    Post,
    Edit,
    Delete,
    DeleteOthers,
    React,
    Unreact,
    Leave,
    Invite,
    SetTopic,
    SetRole,
    Kick,
    Ban,
    Unban,
    Mute,
    Unmute,
    Rename,
    SetVisibility,
    SetBackscroll,
    SetSlowMode,
    SetRetention,
    Archive,
    Unarchive,
}

/// What a verb needs in each kind of conversation.
struct Row {
    /// The least server role in the broadcast; absent: only a room can do that.
    everyone: Option<ServerRole>,
    direct: Direct,
    /// The least role in a public room.
    public: RoomRole,
    /// The least role in a private room.
    private: RoomRole,
    stopped_by: StoppedBy,
}

/// Whether the two of a direct conversation may.
enum Direct {
    Both,
    AuthorOnly,
    RoomsOnly,
}

/// What takes the right away from those who have it.
#[derive(PartialEq, Eq)]
enum StoppedBy {
    Nothing,
    Archive,
    MuteAndArchive,
}

/// The table.
#[rustfmt::skip]
const fn row(verb: Verb) -> Row {
    use Direct::{AuthorOnly, Both, RoomsOnly};
    use RoomRole::{Member, Moderator, Owner};
    use StoppedBy::{Archive, MuteAndArchive, Nothing};
    const ALL: Option<ServerRole> = Some(ServerRole::Member);
    const ADMIN: Option<ServerRole> = Some(ServerRole::Admin);

    match verb {
        //                              `*`    direct      public     private    stopped by
        Verb::Post          => Row::new(ALL,   Both,       Member,    Member,    MuteAndArchive),
        Verb::Edit          => Row::new(ALL,   Both,       Member,    Member,    MuteAndArchive),
        Verb::Delete        => Row::new(ALL,   Both,       Member,    Member,    Archive),
        Verb::DeleteOthers  => Row::new(ADMIN, AuthorOnly, Moderator, Moderator, Archive),
        Verb::React         => Row::new(ALL,   Both,       Member,    Member,    MuteAndArchive),
        Verb::Unreact       => Row::new(ALL,   Both,       Member,    Member,    Archive),
        Verb::Leave         => Row::new(None,  RoomsOnly,  Member,    Member,    Nothing),
        Verb::Invite        => Row::new(None,  RoomsOnly,  Member,    Moderator, Archive),
        Verb::SetTopic      => Row::new(None,  RoomsOnly,  Member,    Member,    MuteAndArchive),
        Verb::Kick          => Row::new(None,  RoomsOnly,  Moderator, Moderator, Archive),
        Verb::Ban           => Row::new(None,  RoomsOnly,  Moderator, Moderator, Archive),
        Verb::Unban         => Row::new(None,  RoomsOnly,  Moderator, Moderator, Archive),
        Verb::Mute          => Row::new(None,  RoomsOnly,  Moderator, Moderator, Archive),
        Verb::Unmute        => Row::new(None,  RoomsOnly,  Moderator, Moderator, Archive),
        Verb::SetSlowMode   => Row::new(None,  RoomsOnly,  Moderator, Moderator, Archive),
        Verb::SetRole       => Row::new(None,  RoomsOnly,  Owner,     Owner,     Archive),
        Verb::Rename        => Row::new(None,  RoomsOnly,  Owner,     Owner,     Archive),
        Verb::SetVisibility => Row::new(None,  RoomsOnly,  Owner,     Owner,     Archive),
        Verb::SetBackscroll => Row::new(None,  RoomsOnly,  Owner,     Owner,     Archive),
        Verb::SetRetention  => Row::new(None,  RoomsOnly,  Owner,     Owner,     Archive),
        Verb::Archive       => Row::new(None,  RoomsOnly,  Owner,     Owner,     Archive),
        Verb::Unarchive     => Row::new(None,  RoomsOnly,  Owner,     Owner,     Nothing),
    }
}

impl Row {
    const fn new(
        everyone: Option<ServerRole>,
        direct: Direct,
        public: RoomRole,
        private: RoomRole,
        stopped_by: StoppedBy,
    ) -> Self {
        Self {
            everyone,
            direct,
            public,
            private,
            stopped_by,
        }
    }
}

/// Somebody before a conversation, at some time: whom the questions are about.
#[derive(Clone, Copy)]
pub(super) struct Asker<'a> {
    pub(super) conversation: &'a Conversation,
    pub(super) actor: &'a Actor,
    pub(super) now: Timestamp,
}

impl<'a> Asker<'a> {
    /// Whether the table lets them.
    pub(super) fn may(self, verb: Verb) -> Result<(), Refusal> {
        let needs = row(verb);
        match &self.conversation.kind {
            Kind::Everyone => match needs.everyone {
                Some(needed) if self.actor.role >= needed => Ok(()),
                Some(needed) => Err(Refusal::NeedsServerRole { needed }),
                None => Err(Refusal::RoomsOnly),
            },
            Kind::Direct(..) => {
                self.finds_it()?;
                match needs.direct {
                    Direct::Both => Ok(()),
                    Direct::AuthorOnly => Err(Refusal::NotAuthor),
                    Direct::RoomsOnly => Err(Refusal::RoomsOnly),
                }
            }
            Kind::Room(room) => self.may_in(room, &needs),
        }
    }

    /// Whether the table lets them, for what only a room can do.
    pub(super) fn may_in_room(self, verb: Verb) -> Result<&'a Room, Refusal> {
        self.may(verb)?;
        self.room()
    }

    fn may_in(self, room: &Room, needs: &Row) -> Result<(), Refusal> {
        self.finds_it()?;
        self.is_not_banned(room)?;
        let role = self.role_in(room).ok_or(Refusal::NotMember)?;
        if room.archived && needs.stopped_by != StoppedBy::Nothing {
            return Err(Refusal::Archived);
        }
        let needed = match room.visibility {
            Visibility::Public => needs.public,
            Visibility::Private => needs.private,
        };
        if role < needed {
            return Err(Refusal::NeedsRoomRole { needed });
        }
        // Nobody stands above an owner, so a mute from before somebody became one does not bind.
        if needs.stopped_by == StoppedBy::MuteAndArchive && role < RoomRole::Owner {
            self.is_not_muted(room)?;
        }
        Ok(())
    }

    /// Joining: a public room is open, a private one needs an invitation, which joining spends. A
    /// room that all have left is not lost: an archived one can be joined again, and server admins
    /// get into a private one.
    pub(super) fn may_join(self) -> Result<&'a Room, Refusal> {
        if !self.may_take_over() {
            self.finds_it()?;
        }
        let room = self.room()?;
        self.is_not_banned(room)?;
        if room.members.contains_key(&self.actor.account.id) {
            return Err(Refusal::AlreadyMember);
        }
        if room.archived && !room.members.is_empty() {
            return Err(Refusal::Archived);
        }
        Ok(room)
    }

    fn may_take_over(self) -> bool {
        let room = self.conversation.as_room();
        room.is_some_and(|room| room.members.is_empty()) && self.actor.role >= ServerRole::Admin
    }

    /// Making a room where there is something: it can only be refused. A taken name has to be
    /// refused even to those who cannot see the room, so this is the one answer that tells.
    pub(super) fn may_not_create(self) -> Refusal {
        match &self.conversation.kind {
            Kind::Room(_) => Refusal::RoomExists,
            Kind::Direct(..) | Kind::Everyone => {
                self.finds_it().err().unwrap_or(Refusal::RoomsOnly)
            }
        }
    }

    /// Moderating somebody takes a role strictly above theirs; nobody moderates themselves.
    pub(super) fn outranks(self, target: AccountId) -> Result<(), Refusal> {
        let room = self.room()?;
        let own = self.role_in(room);
        let theirs = room.members.get(&target).map(|member| member.role);
        if target != self.actor.account.id && own > theirs {
            Ok(())
        } else {
            Err(Refusal::TargetOutranks)
        }
    }

    /// Whether `@here` calls people, or is just a word.
    pub(super) fn may_call_here(self) -> bool {
        match &self.conversation.kind {
            Kind::Everyone => self.actor.role >= ServerRole::Admin,
            Kind::Direct(..) => true,
            Kind::Room(room) => {
                room.members.len() <= HERE_MEMBERS_MAX
                    || self.role_in(room) >= Some(RoomRole::Moderator)
            }
        }
    }

    /// Slow mode is for plain members.
    pub(super) fn is_slowed(self, room: &Room) -> bool {
        self.role_in(room) == Some(RoomRole::Member)
    }

    /// What they may do in the room; absent for those who are no members. Server admins act as
    /// owners of the public rooms they are in.
    fn role_in(self, room: &Room) -> Option<RoomRole> {
        let member = room.members.get(&self.actor.account.id)?;
        if room.visibility == Visibility::Public && self.actor.role >= ServerRole::Admin {
            Some(RoomRole::Owner)
        } else {
            Some(member.role)
        }
    }

    fn finds_it(self) -> Result<(), Refusal> {
        if self.conversation.can_see(self.actor.account.id) {
            Ok(())
        } else {
            Err(Refusal::NoSuchConversation)
        }
    }

    fn is_not_banned(self, room: &Room) -> Result<(), Refusal> {
        let account = self.actor.account.id;
        if !room.is_banned(account, self.now) {
            return Ok(());
        }
        let until = room.banned.get(&account).copied().flatten();
        Err(Refusal::Banned { until })
    }

    fn is_not_muted(self, room: &Room) -> Result<(), Refusal> {
        let account = self.actor.account.id;
        if !room.is_muted(account, self.now) {
            return Ok(());
        }
        let until = room.muted.get(&account).copied().flatten();
        Err(Refusal::Muted { until })
    }

    fn room(self) -> Result<&'a Room, Refusal> {
        self.conversation.as_room().ok_or(Refusal::RoomsOnly)
    }
}

impl Conversation {
    /// Whether there is such a conversation, as far as this account may know: a private room is
    /// there for its members and the invited alone, whatever one's role on the server.
    #[must_use]
    pub fn can_see(&self, account: AccountId) -> bool {
        match &self.kind {
            Kind::Room(room) if room.visibility == Visibility::Private => {
                room.members.contains_key(&account) || room.invited.contains_key(&account)
            }
            Kind::Room(_) => true,
            Kind::Everyone | Kind::Direct(..) => self.is_member(account),
        }
    }

    /// The first entry this account may read; absent when it may read none.
    #[must_use]
    pub fn reads_from(&self, account: AccountId) -> Option<Seq> {
        match &self.kind {
            Kind::Room(room) => room.members.get(&account).map(|member| member.reads_from),
            Kind::Everyone | Kind::Direct(..) => self.is_member(account).then_some(Seq::FIRST),
        }
    }

    /// Whether this account may read the entry at that place.
    #[must_use]
    pub fn may_read(&self, account: AccountId, seq: Seq) -> bool {
        self.reads_from(account).is_some_and(|first| first <= seq)
    }
}

impl Room {
    /// The first entry that somebody who joins with the entry at `joined` may read. Who takes over a
    /// private room uninvited reads nothing of those who have left it.
    pub(super) fn newcomer_reads_from(&self, newcomer: AccountId, joined: Seq) -> Seq {
        let takes_over = self.members.is_empty()
            && self.visibility == Visibility::Private
            && !self.invited.contains_key(&newcomer);
        match self.backscroll {
            Backscroll::All if !takes_over => Seq::FIRST,
            Backscroll::All | Backscroll::SinceJoin => joined,
        }
    }
}
