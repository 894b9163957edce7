//! What an entry means for more than the conversation it stands in. Pure.

use crate::{
    model::{RoomName, UserName},
    protocol::{EntryBody, EntryFrame},
};

/// What an entry leads to beyond its own log.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Consequence {
    /// The room is called something else.
    Renamed(RoomName),
    /// A user is no member any more.
    Out(UserName),
}

impl Consequence {
    pub(super) fn of(entry: &EntryFrame) -> Option<Self> {
        match &entry.body {
            EntryBody::Renamed { room } => Some(Self::Renamed(room.clone())),
            EntryBody::Left {} => Some(Self::Out(entry.by.clone())),
            EntryBody::Kicked { user, .. } | EntryBody::Banned { user, .. } => {
                Some(Self::Out(user.clone()))
            }
            _ => None,
        }
    }
}
