//! Why the rules say no.

use std::time::Duration;

use crate::model::{RoomRole, ServerRole, Timestamp};

/// Why a command was refused. Nothing has changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// There is none, or it is none of the actor's business that there is one.
    #[error("there is no such conversation")]
    NoSuchConversation,
    /// The room cannot be made a second time.
    #[error("there is such a room already")]
    RoomExists,
    /// Only rooms can do that.
    #[error("only a room can do that")]
    RoomsOnly,
    /// Only members may.
    #[error("you are not a member of that room; join it first")]
    NotMember,
    /// Joining twice.
    #[error("you are a member already")]
    AlreadyMember,
    /// The account the command is about is no member.
    #[error("that user is not a member of the room")]
    TargetNotMember,
    /// The account the command is about is one already.
    #[error("that user is a member already")]
    TargetAlreadyMember,
    /// The account the command is about is banned.
    #[error("that user is banned from the room; lift the ban first")]
    TargetBanned,
    /// The role in the room is too low.
    #[error("only a room's {} may do that", .needed.as_str())]
    NeedsRoomRole {
        /// The least role that may.
        needed: RoomRole,
    },
    /// The role on the server is too low.
    #[error("only the server's {} may do that", .needed.as_str())]
    NeedsServerRole {
        /// The least role that may.
        needed: ServerRole,
    },
    /// The account the command is about stands as high or higher.
    #[error("that user's role is not below yours")]
    TargetOutranks,
    /// The room would be left without an owner.
    #[error("the room would have no owner; make another member its owner first")]
    LastOwner,
    /// The actor is banned.
    #[error("you are banned from that room{}", until_text(.until.as_ref()))]
    Banned {
        /// When it ends by itself.
        until: Option<Timestamp>,
    },
    /// The actor is muted.
    #[error("you are muted in that room{}", until_text(.until.as_ref()))]
    Muted {
        /// When it ends by itself.
        until: Option<Timestamp>,
    },
    /// There is no such ban or mute.
    #[error("that user is not {what}")]
    NotUnder {
        /// "banned" or "muted".
        what: &'static str,
    },
    /// The room is archived.
    #[error("the room is archived; it can be read but not written")]
    Archived,
    /// The room's slow mode.
    #[error("slow mode: you can write here again in {} s", .wait.as_secs().max(1))]
    SlowMode {
        /// How long it still takes.
        wait: Duration,
    },
    /// The message is not there, or not any more.
    #[error("there is no such message")]
    NoSuchMessage,
    /// Only its author may.
    #[error("only the author of a message may do that")]
    NotAuthor,
    /// Reacting twice with one emoji.
    #[error("you have put that reaction already")]
    AlreadyReacted,
    /// Taking back what was not put.
    #[error("you have not put that reaction")]
    NotReacted,
    /// A bound of the rules.
    #[error("{what}: at most {max}")]
    Limit {
        /// What there is too much of.
        what: &'static str,
        /// The most there may be.
        max: u64,
    },
    /// The other bound.
    #[error("{what}: at least {min}")]
    TooFew {
        /// What there is too little of.
        what: &'static str,
        /// The least there may be.
        min: u64,
    },
    /// One of the two has blocked the other.
    #[error("that user does not take messages from you")]
    Blocked,
}

fn until_text(until: Option<&Timestamp>) -> String {
    until.map(|end| format!(" until {end}")).unwrap_or_default()
}
