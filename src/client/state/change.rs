//! What becomes different for a screen when the state takes something in. Data only.

use crate::{
    model::{Address, Seq, UserName},
    protocol::InviteOffer,
};

/// Something a screen may want to show.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// A conversation is there, or what is said about it has changed.
    Conversation(Address),
    /// A conversation is called something else.
    Renamed {
        /// Before.
        was: Address,
        /// Now.
        now: Address,
    },
    /// A conversation is not read any more: one left it, or was put out.
    Gone(Address),
    /// An entry is there. Each is named once.
    Entry {
        /// Where.
        conversation: Address,
        /// Its place.
        seq: Seq,
        /// How it came.
        age: Age,
    },
    /// A message reads differently: it was edited, deleted or reacted to.
    Amended {
        /// Where.
        conversation: Address,
        /// Its place.
        seq: Seq,
    },
    /// Entries are left out here; they can be asked for.
    Gap {
        /// Where.
        conversation: Address,
        /// The first that is left out.
        from: Seq,
        /// The last that is left out.
        to: Seq,
    },
    /// How far one has read has changed.
    Read(Address),
    /// Somebody came, went or is away.
    Presence(UserName),
    /// Somebody is typing.
    Typing {
        /// Where.
        conversation: Address,
        /// Who.
        by: UserName,
    },
    /// One was asked into a room.
    Invited(InviteOffer),
    /// The server has something to say.
    Notice(String),
    /// Everything that was missed has been shown; what follows is live.
    Current,
}

/// How an entry came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Age {
    /// Just now.
    New,
    /// While one was not connected.
    Missed,
    /// Because it was asked for.
    Past,
}

/// What a page of history was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// To fill a hole.
    Hole,
    /// To see what was before.
    Past,
}
