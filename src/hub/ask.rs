//! What a session asks of the hub, and what it gets for an answer.

use crate::{
    chat::{Refusal, Setting, Style},
    model::{
        Address, Emoji, MessageId, Reason, RoomRole, Seq, Text, Timestamp, Topic, UserName,
        Visibility,
    },
    store::Fingerprint,
};

use super::Unavailable;

/// Something to be done in a conversation.
#[derive(Clone, Debug)]
pub struct Ask {
    /// Where.
    pub to: Address,
    /// The account's name for it: asking the same again gives the first answer again.
    pub message: Option<MessageId>,
    /// Tells whether a message id stands for the same thing again.
    pub fingerprint: Fingerprint,
    /// What.
    pub want: Want,
}

/// What is to be done, in the words of the one who asks.
#[derive(Clone, Debug)]
#[expect(
    missing_docs,
    reason = "as in chat::Command, with names and places in place of what they stand for"
)]
pub enum Want {
    Post {
        text: Text,
        style: Style,
        reply_to: Option<Seq>,
    },
    Edit {
        seq: Seq,
        text: Text,
    },
    Delete {
        seq: Seq,
    },
    React {
        seq: Seq,
        emoji: Emoji,
    },
    Unreact {
        seq: Seq,
        emoji: Emoji,
    },
    Create {
        visibility: Visibility,
    },
    Join,
    Leave,
    Invite {
        user: UserName,
    },
    SetTopic {
        topic: Topic,
    },
    SetRole {
        user: UserName,
        role: RoomRole,
    },
    Kick {
        user: UserName,
        reason: Reason,
    },
    Ban {
        user: UserName,
        reason: Reason,
        until: Option<Timestamp>,
    },
    Unban {
        user: UserName,
    },
    Mute {
        user: UserName,
        reason: Reason,
        until: Option<Timestamp>,
    },
    Unmute {
        user: UserName,
    },
    Set(Setting),
}

/// What came of it.
pub type Outcome = Result<Kept, Refused>;

/// It is on disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// As it was addressed.
    pub to: Address,
    /// Its place in the log.
    pub seq: Seq,
    /// When the server took it.
    pub at: Timestamp,
}

/// Nothing has changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The rules say no.
    #[error(transparent)]
    Rule(#[from] Refusal),
    /// There is no such user.
    #[error("there is no such user")]
    NoSuchUser,
    /// The account has used the message id for something else.
    #[error("you have used this message id for something else")]
    MessageIdReused,
    /// The store cannot write just now.
    #[error("the server cannot write just now; nothing was kept, try again later")]
    Unavailable,
}

impl From<Unavailable> for Refused {
    fn from(_: Unavailable) -> Self {
        Self::Unavailable
    }
}
