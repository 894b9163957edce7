//! Why a connection ends, and the last thing its peer is told.

use std::io;

use crate::{
    hub::Ended,
    protocol::{Answer, Code, Frame, RequestId},
    store::StoreError,
};

use super::{refusal::Refuse, wire::Rest};

/// Why a connection ends.
#[derive(Debug)]
pub(super) enum End {
    /// The peer has closed its side.
    Left,
    /// The peer has said goodbye.
    Quit(RequestId),
    /// The peer has logged out, and was answered.
    LoggedOut,
    /// The connection broke.
    Broken(io::Error),
    /// The peer was silent for too long.
    Silent,
    /// The peer did not log in in time.
    Late,
    /// The peer did what ends a connection, and is told so.
    Says(Box<Frame>),
    /// The session was ended from elsewhere.
    Ended(Ended),
    /// The server is stopping, and has said so.
    GoingAway,
    /// The store cannot be read.
    Store(StoreError),
}

impl End {
    /// The last thing the peer is told.
    pub(super) fn last_words(self) -> Option<Frame> {
        match self {
            Self::Left | Self::LoggedOut | Self::Broken(_) | Self::GoingAway => None,
            Self::Quit(id) => Some(Frame::Ok(Answer {
                id,
                ..Answer::default()
            })),
            Self::Silent => {
                Some(Refuse::new(Code::Timeout, "nothing was heard from you for too long").fatal())
            }
            Self::Late => Some(Refuse::new(Code::Timeout, "you did not log in in time").fatal()),
            Self::Says(frame) => Some(*frame),
            Self::Ended(ended) => Some(Refuse::from(ended).fatal()),
            Self::Store(error) => Some(Refuse::from(error).fatal()),
        }
    }

    /// Whether the peer may be in the middle of sending more.
    pub(super) const fn rest(&self) -> Rest {
        match self {
            Self::Late | Self::Says(_) | Self::Ended(_) => Rest::Dropped,
            Self::Left
            | Self::Quit(_)
            | Self::LoggedOut
            | Self::Broken(_)
            | Self::Silent
            | Self::GoingAway
            | Self::Store(_) => Rest::Ignored,
        }
    }

    /// The word for it in the log.
    pub(super) const fn reason(&self) -> &'static str {
        match self {
            Self::Left => "the peer closed the connection",
            Self::Quit(_) => "the peer said goodbye",
            Self::LoggedOut => "the peer logged out",
            Self::Broken(_) => "the connection broke",
            Self::Silent => "the peer was silent for too long",
            Self::Late => "the peer did not log in in time",
            Self::Says(_) => "the peer broke the protocol",
            Self::Ended(_) => "the session was ended",
            Self::GoingAway => "the server is stopping",
            Self::Store(_) => "the store cannot be read",
        }
    }
}

impl From<Frame> for End {
    fn from(frame: Frame) -> Self {
        Self::Says(Box::new(frame))
    }
}

impl From<StoreError> for End {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<io::Error> for End {
    fn from(error: io::Error) -> Self {
        Self::Broken(error)
    }
}

impl From<Ended> for End {
    fn from(ended: Ended) -> Self {
        Self::Ended(ended)
    }
}
