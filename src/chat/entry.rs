//! What a conversation's log consists of.

use std::time::Duration;

use crate::model::{
    Account, Backscroll, ConversationId, Emoji, MessageId, Reason, RoomName, RoomRole, Seq, Text,
    Timestamp, Topic, Visibility,
};

/// One line of a conversation's log. Never changed once stored; a later entry may amend it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The log it stands in.
    pub conversation: ConversationId,
    /// Its place there.
    pub seq: Seq,
    /// When the server took it; says nothing about order.
    pub at: Timestamp,
    /// Who did it.
    pub author: Account,
    /// The author's name for it, where they gave one.
    pub message: Option<MessageId>,
    /// What happened.
    pub event: Event,
}

/// What happened in a conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The room was made; its author is its first member and owner. The first entry of every room.
    Created {
        /// What it is called.
        name: RoomName,
        /// Who can find it.
        visibility: Visibility,
    },
    /// Somebody said something.
    Posted {
        /// What.
        text: Text,
        /// How.
        style: Style,
        /// The message it answers.
        reply_to: Option<Seq>,
        /// The accounts it calls by name (`@user`), each once.
        mentions: Vec<Account>,
        /// Whether it calls whoever of the conversation is online (`@here`).
        here: bool,
    },
    /// The author of a message changed its text.
    Edited {
        /// The message.
        target: Seq,
        /// Its text from now on.
        text: Text,
    },
    /// A message was taken back; its text is gone from the log.
    Deleted {
        /// The message.
        target: Seq,
    },
    /// The author put a reaction to a message.
    Reacted {
        /// The message.
        target: Seq,
        /// Once per account and emoji.
        emoji: Emoji,
    },
    /// The author took a reaction back.
    Unreacted {
        /// The message.
        target: Seq,
        /// The one they had put.
        emoji: Emoji,
    },
    /// The author became a member.
    Joined,
    /// The author is no member any more.
    Left,
    /// The author asked an account in.
    Invited {
        /// Whom.
        account: Account,
    },
    /// The room is about something else now.
    TopicSet {
        /// What it is about.
        topic: Topic,
    },
    /// A member's role changed.
    RoleSet {
        /// Whose.
        account: Account,
        /// The role from now on.
        role: RoomRole,
    },
    /// A member was put out; they may come back.
    Kicked {
        /// Whom.
        account: Account,
        /// Why, in the moderator's words.
        reason: Reason,
    },
    /// An account was put out and may not come back until the end of the ban.
    Banned {
        /// Whom.
        account: Account,
        /// Why, in the moderator's words.
        reason: Reason,
        /// When the ban ends by itself; never when absent.
        until: Option<Timestamp>,
    },
    /// A ban was lifted.
    Unbanned {
        /// Whose.
        account: Account,
    },
    /// A member may read but not write until the end of the mute.
    Muted {
        /// Whom.
        account: Account,
        /// Why, in the moderator's words.
        reason: Reason,
        /// When the mute ends by itself; never when absent.
        until: Option<Timestamp>,
    },
    /// A mute was lifted.
    Unmuted {
        /// Whose.
        account: Account,
    },
    /// The room is called something else; the log goes on, and the old name still leads here.
    Renamed {
        /// The name from now on.
        name: RoomName,
    },
    /// Who can find the room changed.
    VisibilitySet {
        /// From now on.
        visibility: Visibility,
    },
    /// How far back newcomers may read changed; those who are members keep what they had.
    BackscrollSet {
        /// For those who join from now on.
        backscroll: Backscroll,
    },
    /// The least time between two messages of one member changed; zero is none.
    SlowModeSet {
        /// At most an hour.
        wait: Duration,
    },
    /// How long the room keeps messages changed.
    RetentionSet {
        /// Older messages go; absent: the server's rule.
        keep_for: Option<Duration>,
        /// Only so many of the newest entries stay; absent: the server's rule.
        keep_last: Option<u64>,
    },
    /// The room can be read but not written until it is taken back.
    Archived,
    /// The room can be written again.
    Unarchived,
}

/// How a message is said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Style {
    /// As it stands.
    #[default]
    Plain,
    /// As something the author does (`/me`).
    Action,
}

impl Event {
    /// The word for it in frames, the store and logs.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Created { .. } => "created",
            Self::Posted { .. } => "posted",
            Self::Edited { .. } => "edited",
            Self::Deleted { .. } => "deleted",
            Self::Reacted { .. } => "reacted",
            Self::Unreacted { .. } => "unreacted",
            Self::Joined => "joined",
            Self::Left => "left",
            Self::Invited { .. } => "invited",
            Self::TopicSet { .. } => "topic",
            Self::RoleSet { .. } => "role",
            Self::Kicked { .. } => "kicked",
            Self::Banned { .. } => "banned",
            Self::Unbanned { .. } => "unbanned",
            Self::Muted { .. } => "muted",
            Self::Unmuted { .. } => "unmuted",
            Self::Renamed { .. } => "renamed",
            Self::VisibilitySet { .. } => "visibility",
            Self::BackscrollSet { .. } => "backscroll",
            Self::SlowModeSet { .. } => "slow_mode",
            Self::RetentionSet { .. } => "retention",
            Self::Archived => "archived",
            Self::Unarchived => "unarchived",
        }
    }
}
