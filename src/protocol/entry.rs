//! Entries as they stand on the wire.

use serde::{Deserialize, Serialize};

use crate::model::{
    Address, Backscroll, Emoji, MessageId, Reason, RoomName, RoomRole, Seq, Text, Timestamp, Topic,
    UserName, Visibility,
};

use super::words::{number, number_option, word, word_list, word_option};

/// One entry of a conversation's log, live or from history.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EntryFrame {
    /// The conversation, as its reader would type it.
    #[serde(rename = "in", with = "word")]
    pub conversation: Address,
    /// Its place: dense, from 1.
    #[serde(with = "number")]
    pub seq: Seq,
    /// When the server took it, in milliseconds since 1970-01-01 UTC.
    #[serde(with = "number")]
    pub at: Timestamp,
    /// Who did it.
    #[serde(with = "word")]
    pub by: UserName,
    /// The author's name for it.
    #[serde(with = "word_option", default, skip_serializing_if = "Option::is_none")]
    pub message: Option<MessageId>,
    /// What happened.
    #[serde(flatten)]
    pub body: EntryBody,
}

/// What happened; the variant's name is the frame's `kind`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[expect(
    missing_docs,
    reason = "field by field as in chat::Event, which says what each means"
)]
pub enum EntryBody {
    Created {
        #[serde(with = "word")]
        room: RoomName,
        #[serde(with = "word")]
        visibility: Visibility,
    },
    /// From history a message stands as it is now: with its newest text, or none once deleted.
    Posted {
        #[serde(with = "word_option", default, skip_serializing_if = "Option::is_none")]
        text: Option<Text>,
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        action: bool,
        #[serde(
            with = "number_option",
            default,
            skip_serializing_if = "Option::is_none"
        )]
        reply_to: Option<Seq>,
        #[serde(with = "word_list", default, skip_serializing_if = "Vec::is_empty")]
        mentions: Vec<UserName>,
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        here: bool,
        /// When it was last edited.
        #[serde(
            with = "number_option",
            default,
            skip_serializing_if = "Option::is_none"
        )]
        edited: Option<Timestamp>,
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        deleted: bool,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        reactions: Vec<Reaction>,
    },
    /// From history the text is there only until the message is edited again or deleted.
    Edited {
        #[serde(with = "number")]
        target: Seq,
        #[serde(with = "word_option", default, skip_serializing_if = "Option::is_none")]
        text: Option<Text>,
    },
    Deleted {
        #[serde(with = "number")]
        target: Seq,
    },
    Reacted {
        #[serde(with = "number")]
        target: Seq,
        #[serde(with = "word")]
        emoji: Emoji,
    },
    Unreacted {
        #[serde(with = "number")]
        target: Seq,
        #[serde(with = "word")]
        emoji: Emoji,
    },
    Joined {},
    Left {},
    Invited {
        #[serde(with = "word")]
        user: UserName,
    },
    Topic {
        #[serde(with = "word")]
        topic: Topic,
    },
    Role {
        #[serde(with = "word")]
        user: UserName,
        #[serde(with = "word")]
        role: RoomRole,
    },
    Kicked {
        #[serde(with = "word")]
        user: UserName,
        #[serde(with = "word")]
        reason: Reason,
    },
    Banned {
        #[serde(with = "word")]
        user: UserName,
        #[serde(with = "word")]
        reason: Reason,
        #[serde(
            with = "number_option",
            default,
            skip_serializing_if = "Option::is_none"
        )]
        until: Option<Timestamp>,
    },
    Unbanned {
        #[serde(with = "word")]
        user: UserName,
    },
    Muted {
        #[serde(with = "word")]
        user: UserName,
        #[serde(with = "word")]
        reason: Reason,
        #[serde(
            with = "number_option",
            default,
            skip_serializing_if = "Option::is_none"
        )]
        until: Option<Timestamp>,
    },
    Unmuted {
        #[serde(with = "word")]
        user: UserName,
    },
    Renamed {
        #[serde(with = "word")]
        room: RoomName,
    },
    Visibility {
        #[serde(with = "word")]
        visibility: Visibility,
    },
    Backscroll {
        #[serde(with = "word")]
        backscroll: Backscroll,
    },
    /// In seconds.
    SlowMode {
        wait: u64,
    },
    /// In seconds and entries.
    Retention {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        keep_for: Option<u64>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        keep_last: Option<u64>,
    },
    Archived {},
    Unarchived {},
}

impl EntryBody {
    /// The frame's `kind`.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Created { .. } => "created",
            Self::Posted { .. } => "posted",
            Self::Edited { .. } => "edited",
            Self::Deleted { .. } => "deleted",
            Self::Reacted { .. } => "reacted",
            Self::Unreacted { .. } => "unreacted",
            Self::Joined { .. } => "joined",
            Self::Left { .. } => "left",
            Self::Invited { .. } => "invited",
            Self::Topic { .. } => "topic",
            Self::Role { .. } => "role",
            Self::Kicked { .. } => "kicked",
            Self::Banned { .. } => "banned",
            Self::Unbanned { .. } => "unbanned",
            Self::Muted { .. } => "muted",
            Self::Unmuted { .. } => "unmuted",
            Self::Renamed { .. } => "renamed",
            Self::Visibility { .. } => "visibility",
            Self::Backscroll { .. } => "backscroll",
            Self::SlowMode { .. } => "slow_mode",
            Self::Retention { .. } => "retention",
            Self::Archived { .. } => "archived",
            Self::Unarchived { .. } => "unarchived",
        }
    }
}

/// One emoji of a message and who put it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reaction {
    /// Which.
    #[serde(with = "word")]
    pub emoji: Emoji,
    /// How many have put it.
    pub count: u64,
    /// The first few of them.
    #[serde(with = "word_list", default, skip_serializing_if = "Vec::is_empty")]
    pub users: Vec<UserName>,
}
