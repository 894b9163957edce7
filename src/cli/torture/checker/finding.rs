//! What the judge can find, in words.

use std::fmt;

use crate::model::RoomRole;

use super::{Line, Where};

/// A promise that was not kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) enum Finding {
    Lost {
        who: String,
        message: String,
        place: Where,
        seq: u64,
    },
    Misplaced {
        who: String,
        message: String,
        said: u64,
        stands: u64,
    },
    Doubled {
        who: String,
        message: String,
        seqs: (u64, u64),
    },
    NeverDone {
        who: String,
        message: String,
        place: Where,
    },
    Hole {
        place: Where,
        after: u64,
        next: u64,
    },
    ShownTwiceOrMissed {
        who: String,
        place: Where,
        after: u64,
        then: u64,
    },
    ShownOtherwise {
        who: String,
        shown: Line,
        stands: Option<Line>,
    },
    ShownToStranger {
        who: String,
        line: Line,
    },
    HistoryShrank {
        who: String,
        what: String,
    },
    /// Something stands otherwise than the log says.
    Contradicted(Contradiction),
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Lost {
                who,
                message,
                place,
                seq,
            } => write!(
                f,
                "LOST: the server told {who} that {message} is kept as {place} {seq}; it is nowhere in the history"
            ),
            Self::Misplaced {
                who,
                message,
                said,
                stands,
            } => write!(
                f,
                "MISPLACED: the server told {who} that {message} stands at {said}; it stands at {stands}"
            ),
            Self::Doubled {
                who,
                message,
                seqs: (one, other),
            } => write!(
                f,
                "DOUBLED: {message} of {who} stands at {one} and again at {other}"
            ),
            Self::NeverDone {
                who,
                message,
                place,
            } => write!(
                f,
                "NEVER DONE: {who} asked for {message} in {place} until the end and got no answer"
            ),
            Self::Hole { place, after, next } => {
                write!(f, "HOLE: in the history of {place}, {next} follows {after}")
            }
            Self::ShownTwiceOrMissed {
                who,
                place,
                after,
                then,
            } => write!(
                f,
                "TWICE OR MISSED: {who} was shown {place} {then} right after {after}"
            ),
            Self::ShownOtherwise { who, shown, stands } => {
                let stands = stands
                    .as_ref()
                    .map_or_else(|| "nothing".to_owned(), ToString::to_string);
                write!(
                    f,
                    "SHOWN OTHERWISE: {who} was shown [{shown}]; the history has [{stands}]"
                )
            }
            Self::ShownToStranger { who, line } => {
                write!(
                    f,
                    "SHOWN TO A STRANGER: {who} is no member and was shown [{line}]"
                )
            }
            Self::HistoryShrank { who, what } => {
                write!(f, "HISTORY SHRANK: {who} knew more than the server: {what}")
            }
            Self::Contradicted(what) => what.fmt(f),
        }
    }
}

/// What stands otherwise than the log says, or went back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) enum Contradiction {
    /// A message says something else than its author last gave it, or says something although it
    /// was deleted.
    SaysOtherwise {
        place: Where,
        seq: u64,
        given: Option<String>,
        stands: Option<String>,
    },
    /// A room gives somebody another role than its log does.
    RoleOtherwise {
        place: Where,
        user: String,
        given: Option<RoomRole>,
        stands: Option<RoomRole>,
    },
    /// Something was done by one who had not, at that place of the log, the role for it.
    DoneWithoutRight { line: Line, role: Option<RoomRole> },
    ReadMovedBack {
        who: String,
        place: Where,
        from: u64,
        to: u64,
    },
}

impl fmt::Display for Contradiction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SaysOtherwise {
                place,
                seq,
                given,
                stands,
            } => write!(
                f,
                "SAYS OTHERWISE: {place} {seq} should say {given:?} and says {stands:?}"
            ),
            Self::RoleOtherwise {
                place,
                user,
                given,
                stands,
            } => write!(
                f,
                "ROLE OTHERWISE: by the log of {place}, {user} is {}; the room says {}",
                role(*given),
                role(*stands)
            ),
            Self::DoneWithoutRight { line, role: had } => write!(
                f,
                "DONE WITHOUT RIGHT: [{line}], who was {} then",
                role(*had)
            ),
            Self::ReadMovedBack {
                who,
                place,
                from,
                to,
            } => write!(
                f,
                "READ MOVED BACK: {who} had read {place} up to {from}, then up to {to}"
            ),
        }
    }
}

fn role(role: Option<RoomRole>) -> &'static str {
    role.map_or("no member", RoomRole::as_str)
}
