//! What the judge needs to know of an entry on the wire.

use crate::{
    model::{Address, UserName},
    protocol::{EntryBody, EntryFrame},
};

use super::checker::{About, Line, Where};

/// What all members of a conversation call it here.
pub(super) fn place(me: &UserName, address: &Address) -> Where {
    match address {
        Address::Direct(other) if other < me => format!("@{other}+{me}"),
        Address::Direct(other) => format!("@{me}+{other}"),
        Address::Everyone | Address::Room(_) => address.to_string(),
    }
}

pub(super) fn line(me: &UserName, entry: &EntryFrame) -> Line {
    Line {
        place: place(me, &entry.conversation),
        seq: entry.seq.get(),
        by: entry.by.to_string(),
        kind: entry.body.kind().to_owned(),
        message: entry
            .message
            .as_ref()
            .map(|message| message.as_str().to_owned()),
        about: about(&entry.body),
    }
}

fn about(body: &EntryBody) -> About {
    match body {
        EntryBody::Edited { target, .. }
        | EntryBody::Deleted { target }
        | EntryBody::Reacted { target, .. }
        | EntryBody::Unreacted { target, .. } => About::Message(target.get()),
        EntryBody::Role { user, role } => About::Role(user.to_string(), *role),
        EntryBody::Invited { user }
        | EntryBody::Kicked { user, .. }
        | EntryBody::Banned { user, .. }
        | EntryBody::Unbanned { user }
        | EntryBody::Muted { user, .. }
        | EntryBody::Unmuted { user } => About::User(user.to_string()),
        EntryBody::Created { .. }
        | EntryBody::Posted { .. }
        | EntryBody::Joined {}
        | EntryBody::Left {}
        | EntryBody::Topic { .. }
        | EntryBody::Renamed { .. }
        | EntryBody::Visibility { .. }
        | EntryBody::Backscroll { .. }
        | EntryBody::SlowMode { .. }
        | EntryBody::Retention { .. }
        | EntryBody::Archived {}
        | EntryBody::Unarchived {} => About::Nothing,
    }
}

/// The text that an entry has, as it stands now.
pub(super) fn standing_text(entry: &EntryFrame) -> Option<String> {
    match &entry.body {
        EntryBody::Posted { text, .. } | EntryBody::Edited { text, .. } => {
            text.as_ref().map(|text| text.as_str().to_owned())
        }
        _ => None,
    }
}
