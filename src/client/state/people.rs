//! Who is in a room, and who is there.

use std::collections::{BTreeMap, HashMap};

use crate::{
    model::{Reason, RoomRole, UserName},
    protocol::{EntryBody, EntryFrame, MemberLine, PresenceFrame},
};

/// Users whose presence is kept; the least that is told of everybody in a large company.
const PRESENCE_MAX: usize = 20_000;

/// Whether somebody is there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Presence {
    /// Whether a session of theirs is connected.
    pub online: bool,
    /// Why they are away, if they are.
    pub away: Option<Reason>,
}

pub(super) fn note(known: &mut HashMap<UserName, Presence>, frame: PresenceFrame) {
    if known.len() >= PRESENCE_MAX && !known.contains_key(&frame.user) {
        return;
    }
    let PresenceFrame { user, online, away } = frame;
    known.insert(user, Presence { online, away });
}

/// A member list says as well who is online.
pub(super) fn seen(known: &mut HashMap<UserName, Presence>, line: &MemberLine) {
    if known.len() < PRESENCE_MAX {
        known.entry(line.user.clone()).or_default().online = line.online;
    }
}

/// The members of a room, as far as they were listed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Roster {
    members: BTreeMap<UserName, RoomRole>,
}

impl Roster {
    /// The members by name.
    pub fn iter(&self) -> impl Iterator<Item = (&UserName, RoomRole)> {
        self.members.iter().map(|(user, role)| (user, *role))
    }

    /// Whether nobody was listed yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    pub(super) fn list(&mut self, page: &[MemberLine], first: bool) {
        if first {
            self.members.clear();
        }
        let lines = page.iter().map(|line| (line.user.clone(), line.role));
        self.members.extend(lines);
    }

    /// Follows the log. Without a list there is nothing to keep up to date.
    pub(super) fn follow(&mut self, entry: &EntryFrame) {
        if self.members.is_empty() {
            return;
        }
        match &entry.body {
            EntryBody::Joined {} => {
                self.members.insert(entry.by.clone(), RoomRole::Member);
            }
            EntryBody::Role { user, role } => {
                self.members.insert(user.clone(), *role);
            }
            EntryBody::Left {} => {
                self.members.remove(&entry.by);
            }
            EntryBody::Kicked { user, .. } | EntryBody::Banned { user, .. } => {
                self.members.remove(user);
            }
            _ => {}
        }
    }
}
