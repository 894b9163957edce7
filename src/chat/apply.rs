//! What an entry changes. Every entry can be taken into any state: nothing here can fail.

use crate::model::{AccountId, RoomRole};

use super::{Conversation, Entry, Event, Kind, Member, Room};

impl Conversation {
    /// Takes the next entry of the log into the state.
    pub fn apply(&mut self, entry: &Entry) {
        self.head = entry.seq;
        match &mut self.kind {
            Kind::Room(room) => room.apply(entry),
            // These two have no members, roles or settings that an entry could change.
            Kind::Everyone | Kind::Direct(..) => {}
        }
    }

    /// The state after a whole log, starting from a conversation nothing has happened in.
    #[must_use]
    pub fn replay<'a>(mut self, log: impl IntoIterator<Item = &'a Entry>) -> Self {
        for entry in log {
            self.apply(entry);
        }
        self
    }
}

impl Room {
    fn apply(&mut self, entry: &Entry) {
        let author = entry.author.id;
        match &entry.event {
            Event::Created { name, visibility } => {
                self.name = name.clone();
                self.visibility = *visibility;
                self.admit(entry);
            }
            Event::Posted { .. } => {
                if let Some(member) = self.members.get_mut(&author) {
                    member.posted_at = Some(entry.at);
                }
            }
            Event::Edited { .. }
            | Event::Deleted { .. }
            | Event::Reacted { .. }
            | Event::Unreacted { .. } => {}
            Event::Joined => self.admit(entry),
            Event::Left => self.dismiss(author),
            Event::Invited { account } => {
                self.banned.remove(&account.id);
                self.invited.insert(account.id, account.clone());
            }
            Event::RoleSet { account, role } => {
                if let Some(member) = self.members.get_mut(&account.id) {
                    member.role = *role;
                }
            }
            Event::Kicked { account, .. } => self.dismiss(account.id),
            Event::Banned { account, until, .. } => {
                self.dismiss(account.id);
                self.invited.remove(&account.id);
                self.banned.insert(account.id, *until);
            }
            Event::Unbanned { account } => {
                self.banned.remove(&account.id);
            }
            Event::Muted { account, until, .. } => {
                self.muted.insert(account.id, *until);
            }
            Event::Unmuted { account } => {
                self.muted.remove(&account.id);
            }
            Event::TopicSet { topic } => self.topic = topic.clone(),
            Event::Renamed { name } => self.name = name.clone(),
            Event::VisibilitySet { visibility } => self.visibility = *visibility,
            Event::BackscrollSet { backscroll } => self.backscroll = *backscroll,
            Event::SlowModeSet { wait } => self.slow_mode = *wait,
            Event::RetentionSet {
                keep_for,
                keep_last,
            } => {
                self.keep_for = *keep_for;
                self.keep_last = *keep_last;
            }
            Event::Archived => self.archived = true,
            Event::Unarchived => self.archived = false,
        }
    }

    /// Whoever comes into an empty room owns it: its maker, or the first after all had left.
    ///
    /// A ban that let them in has ended, and goes: nobody is both, whatever the clock does later.
    fn admit(&mut self, entry: &Entry) {
        let role = if self.members.is_empty() {
            RoomRole::Owner
        } else {
            RoomRole::Member
        };
        let member = Member {
            account: entry.author.clone(),
            role,
            reads_from: self.newcomer_reads_from(entry.author.id, entry.seq),
            posted_at: Some(entry.at),
        };
        self.invited.remove(&entry.author.id);
        self.banned.remove(&entry.author.id);
        self.members.insert(entry.author.id, member);
    }

    /// When the last owner is gone after all (the rules do not let them leave, but an account can
    /// be deleted), whoever stands highest follows; among equals, the oldest account.
    fn dismiss(&mut self, account: AccountId) {
        self.members.remove(&account);
        let highest = self.members.values().map(|member| member.role).max();
        if highest != Some(RoomRole::Owner)
            && let Some(heir) = self
                .members
                .values_mut()
                .find(|member| Some(member.role) == highest)
        {
            heir.role = RoomRole::Owner;
        }
    }
}
