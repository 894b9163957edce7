//! From the words of the hub and the store to those of the wire. Decides nothing.

use crate::{
    chat::{Entry, Event, Style},
    hub::{Opened, Value},
    model::{Account, Address, Seq, UserName},
    protocol::{
        self, ConversationFrame, EntryBody, EntryFrame, Frame, InviteOffer, Positions,
        PresenceFrame, Unread,
    },
    store::{self, Body, Digest, Kept},
};

/// Writes the line for an entry that was just committed.
pub(super) fn encode_live(entry: &Entry, at: &Address, out: &mut Vec<u8>) {
    Frame::Entry(EntryFrame {
        conversation: at.clone(),
        seq: entry.seq,
        at: entry.at,
        by: entry.author.name.clone(),
        message: entry.message.clone(),
        body: body(&entry.event, &Digest::default()),
    })
    .encode(out);
}

/// Writes the line for an entry from the store, as it reads now.
pub fn write_entry(kept: &Kept, at: &Address, out: &mut Vec<u8>) {
    Frame::Entry(stored(kept, at)).encode(out);
}

/// An entry from the store, as it reads now.
pub(super) fn stored(kept: &Kept, at: &Address) -> EntryFrame {
    EntryFrame {
        conversation: at.clone(),
        seq: kept.seq,
        at: kept.at,
        by: kept.author.name.clone(),
        message: kept.message.clone(),
        body: match &kept.body {
            Body::Event { event, digest } => body(event, digest),
            Body::DeletedPost => deleted_post(),
            Body::DeletedEdit { target } => EntryBody::Edited {
                target: *target,
                text: None,
            },
        },
    }
}

const fn deleted_post() -> EntryBody {
    EntryBody::Posted {
        text: None,
        action: false,
        reply_to: None,
        mentions: Vec::new(),
        here: false,
        edited: None,
        deleted: true,
        reactions: Vec::new(),
    }
}

fn body(event: &Event, digest: &Digest) -> EntryBody {
    let name = |account: &Account| account.name.clone();
    match event {
        Event::Posted {
            text,
            style,
            reply_to,
            mentions,
            here,
        } => EntryBody::Posted {
            text: Some(text.clone()),
            action: *style == Style::Action,
            reply_to: *reply_to,
            mentions: mentions.iter().map(name).collect(),
            here: *here,
            edited: digest.edited_at,
            deleted: false,
            reactions: digest.reactions.iter().map(reaction).collect(),
        },
        Event::Edited { target, text } => EntryBody::Edited {
            target: *target,
            text: Some(text.clone()),
        },
        Event::Deleted { target } => EntryBody::Deleted { target: *target },
        Event::Reacted { target, emoji } => EntryBody::Reacted {
            target: *target,
            emoji: emoji.clone(),
        },
        Event::Unreacted { target, emoji } => EntryBody::Unreacted {
            target: *target,
            emoji: emoji.clone(),
        },
        Event::Joined => EntryBody::Joined {},
        Event::Left => EntryBody::Left {},
        other => room_body(other),
    }
}

/// The events that only rooms have.
fn room_body(event: &Event) -> EntryBody {
    let name = |account: &Account| account.name.clone();
    match event {
        Event::Created { name, visibility } => EntryBody::Created {
            room: name.clone(),
            visibility: *visibility,
        },
        Event::Invited { account } => EntryBody::Invited {
            user: name(account),
        },
        Event::TopicSet { topic } => EntryBody::Topic {
            topic: topic.clone(),
        },
        Event::RoleSet { account, role } => EntryBody::Role {
            user: name(account),
            role: *role,
        },
        Event::Kicked { account, reason } => EntryBody::Kicked {
            user: name(account),
            reason: reason.clone(),
        },
        Event::Banned {
            account,
            reason,
            until,
        } => EntryBody::Banned {
            user: name(account),
            reason: reason.clone(),
            until: *until,
        },
        Event::Unbanned { account } => EntryBody::Unbanned {
            user: name(account),
        },
        Event::Muted {
            account,
            reason,
            until,
        } => EntryBody::Muted {
            user: name(account),
            reason: reason.clone(),
            until: *until,
        },
        Event::Unmuted { account } => EntryBody::Unmuted {
            user: name(account),
        },
        Event::Renamed { name } => EntryBody::Renamed { room: name.clone() },
        Event::VisibilitySet { visibility } => EntryBody::Visibility {
            visibility: *visibility,
        },
        Event::BackscrollSet { backscroll } => EntryBody::Backscroll {
            backscroll: *backscroll,
        },
        Event::SlowModeSet { wait } => EntryBody::SlowMode {
            wait: wait.as_secs(),
        },
        Event::RetentionSet {
            keep_for,
            keep_last,
        } => EntryBody::Retention {
            keep_for: keep_for.map(|time| time.as_secs()),
            keep_last: *keep_last,
        },
        Event::Archived => EntryBody::Archived {},
        Event::Unarchived
        | Event::Posted { .. }
        | Event::Edited { .. }
        | Event::Deleted { .. }
        | Event::Reacted { .. }
        | Event::Unreacted { .. }
        | Event::Joined
        | Event::Left => EntryBody::Unarchived {},
    }
}

/// How many names stand with a reaction; the count says how many there are.
const REACTION_USERS_MAX: usize = 10;

fn reaction(reaction: &store::Reaction) -> protocol::Reaction {
    let users: Vec<UserName> = reaction
        .by
        .iter()
        .take(REACTION_USERS_MAX)
        .map(|account| account.name.clone())
        .collect();
    let count = u64::try_from(reaction.by.len()).unwrap_or(u64::MAX);
    protocol::Reaction {
        emoji: reaction.emoji.clone(),
        count,
        users,
    }
}

/// A conversation the session reads from now on.
pub(super) fn opened(opened: &Opened) -> Frame {
    let membership = &opened.membership;
    let seat = match &membership.place {
        store::Place::Room(seat) => Some(seat),
        store::Place::Everyone | store::Place::Direct(_) => None,
    };
    Frame::Conversation(ConversationFrame {
        conversation: opened.address.clone(),
        was: opened.was.clone(),
        head: membership.head,
        start: membership.start,
        role: seat.map(|seat| seat.role),
        topic: seat.map(|seat| seat.topic.clone()),
        visibility: seat.map(|seat| seat.visibility),
        unread: Unread {
            read: membership.read,
            unread: membership.unread,
            mentions: membership.mentions,
        },
        silent: membership.muted,
        archived: seat.is_some_and(|seat| seat.archived),
    })
}

/// The gap between a cursor and where reading starts.
pub(super) fn gap(opened: &Opened) -> Option<Frame> {
    let (from, to): (Seq, Seq) = opened.gap?;
    Some(Frame::Gap {
        conversation: opened.address.clone(),
        from,
        to,
    })
}

/// Something that is no entry.
pub(super) fn value(value: Value) -> Frame {
    match value {
        Value::Invited { room, by } => Frame::Invited(InviteOffer {
            room,
            by: Some(by.name),
        }),
        Value::Read {
            conversation,
            seq,
            unread,
            mentions,
        } => Frame::Read(Positions {
            conversation,
            unread: Unread {
                read: seq,
                unread,
                mentions,
            },
        }),
        Value::Presence {
            account,
            online,
            away,
        } => Frame::Presence(PresenceFrame {
            user: account.name,
            online,
            away,
        }),
        Value::Typing {
            conversation,
            account,
        } => Frame::Typing {
            conversation,
            by: account.name,
        },
        Value::Notice(text) => Frame::Notice { text },
    }
}
