//! What an account asks to be done in a conversation.

use std::time::Duration;

use crate::model::{
    Account, Backscroll, Emoji, Reason, RoomName, RoomRole, Seq, ServerRole, Text, Timestamp,
    Topic, Visibility,
};

use super::Style;

/// Who asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    /// The account.
    pub account: Account,
    /// What it may do on the server as a whole.
    pub role: ServerRole,
}

/// What is asked, of one conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Make this room. The only command for a room that does not exist.
    Create {
        /// Who will find it.
        visibility: Visibility,
    },
    /// Say something.
    Post {
        /// What.
        text: Text,
        /// How.
        style: Style,
        /// The message it answers.
        reply_to: Option<Target>,
        /// Whom it calls.
        mentions: Mentions,
    },
    /// Change the text of one's own message.
    Edit {
        /// The message.
        target: Target,
        /// Its text from now on.
        text: Text,
    },
    /// Take a message back.
    Delete {
        /// The message.
        target: Target,
    },
    /// Put a reaction to a message.
    React {
        /// The message.
        target: Target,
        /// With what.
        emoji: Emoji,
    },
    /// Take a reaction back.
    Unreact {
        /// The message.
        target: Target,
        /// Which.
        emoji: Emoji,
    },
    /// Become a member.
    Join,
    /// Be a member no more.
    Leave,
    /// Ask an account in.
    Invite {
        /// Whom.
        account: Account,
    },
    /// Say what the room is about.
    SetTopic {
        /// What.
        topic: Topic,
    },
    /// Give a member a role.
    SetRole {
        /// Whom.
        account: Account,
        /// The role from now on.
        role: RoomRole,
    },
    /// Put a member out.
    Kick {
        /// Whom.
        account: Account,
        /// Why.
        reason: Reason,
    },
    /// Put an account out and keep it out.
    Ban {
        /// Whom.
        account: Account,
        /// Why.
        reason: Reason,
        /// Until when; for good when absent.
        until: Option<Timestamp>,
    },
    /// Lift a ban.
    Unban {
        /// Whose.
        account: Account,
    },
    /// Let a member read but not write.
    Mute {
        /// Whom.
        account: Account,
        /// Why.
        reason: Reason,
        /// Until when; for good when absent.
        until: Option<Timestamp>,
    },
    /// Lift a mute.
    Unmute {
        /// Whose.
        account: Account,
    },
    /// Change what the room is.
    Set(Setting),
}

/// One thing about a room that can be changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Setting {
    /// What it is called. Whether the name is free is the caller's to check.
    Name(RoomName),
    /// Who can find it.
    Visibility(Visibility),
    /// How far back newcomers may read.
    Backscroll(Backscroll),
    /// The least time between two messages of one member; zero is none.
    SlowMode(Duration),
    /// How long messages stay.
    Retention {
        /// Older messages go; absent: the server's rule.
        keep_for: Option<Duration>,
        /// Only so many of the newest entries stay; absent: the server's rule.
        keep_last: Option<u64>,
    },
    /// Whether it can be written.
    Archived(bool),
}

/// An earlier message that a command is about, with what the rules need to know of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// Where it stands.
    pub seq: Seq,
    /// Who wrote it; absent when there is no message at that place (any more).
    pub author: Option<Account>,
    /// Whether the actor has put the reaction in question already.
    pub reacted: bool,
    /// How many different reactions it has, not counting the one in question.
    pub reactions: usize,
}

/// Whom a text calls, as found by the caller.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mentions {
    /// Accounts that exist and are called by name (`@user`).
    pub accounts: Vec<Account>,
    /// Whether the text calls whoever of the conversation is online (`@here`).
    pub here: bool,
}
