//! What a conversation is called by those who read it.

use crate::{
    chat::{Conversation, Kind},
    model::{Account, Address, RoomName, UserName},
    store,
};

/// From which side a conversation is seen. Only a direct conversation looks different from its two
/// sides: each member calls it by the other's name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Side {
    /// Everybody in the broadcast or a room; in a direct conversation the account with the lower id.
    #[default]
    First,
    /// In a direct conversation the account with the higher id.
    Second,
}

/// What a conversation is called by those who read it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// The broadcast.
    Everyone,
    /// A room by its name of the time.
    Room(RoomName),
    /// The names of the two, the account with the lower id first.
    Direct([UserName; 2]),
}

impl Place {
    /// What a conversation is called now.
    pub(super) fn of(state: &Conversation) -> Self {
        match &state.kind {
            Kind::Everyone => Self::Everyone,
            Kind::Room(room) => Self::Room(room.name.clone()),
            Kind::Direct(low, high) => Self::Direct([low.name.clone(), high.name.clone()]),
        }
    }

    /// What a member calls a conversation, and from which side they see it.
    pub(super) fn of_membership(place: &store::Place, me: &Account) -> (Self, Side) {
        match place {
            store::Place::Everyone => (Self::Everyone, Side::First),
            store::Place::Room(seat) => (Self::Room(seat.name.clone()), Side::First),
            store::Place::Direct(peer) if me.id <= peer.id => (
                Self::Direct([me.name.clone(), peer.name.clone()]),
                Side::First,
            ),
            store::Place::Direct(peer) => (
                Self::Direct([peer.name.clone(), me.name.clone()]),
                Side::Second,
            ),
        }
    }

    /// What those call it who are not the user called `one`.
    pub(super) fn called_by_other_than(&self, one: &UserName) -> Address {
        match self {
            Self::Direct(_) => Address::Direct(one.clone()),
            Self::Everyone | Self::Room(_) => self.seen_from(Side::First),
        }
    }

    /// Calls it by a user's new name. Says whether it was called by the old one.
    pub(super) fn rename(&mut self, from: &UserName, to: &UserName) -> bool {
        let Self::Direct(names) = self else {
            return false;
        };
        let mut renamed = false;
        for name in names.iter_mut().filter(|name| *name == from) {
            name.clone_from(to);
            renamed = true;
        }
        renamed
    }

    /// Whether the user called `me` means it by that address.
    pub(super) fn is_called(&self, address: &Address, me: &UserName) -> bool {
        match (self, address) {
            (Self::Everyone, Address::Everyone) => true,
            (Self::Room(name), Address::Room(wanted)) => name == wanted,
            (Self::Direct([first, second]), Address::Direct(wanted)) => {
                (first == me && second == wanted) || (second == me && first == wanted)
            }
            _ => false,
        }
    }

    /// The address a reader on that side would type.
    pub(super) fn seen_from(&self, side: Side) -> Address {
        match (self, side) {
            (Self::Everyone, _) => Address::Everyone,
            (Self::Room(name), _) => Address::Room(name.clone()),
            (Self::Direct([_, second]), Side::First) => Address::Direct(second.clone()),
            (Self::Direct([first, _]), Side::Second) => Address::Direct(first.clone()),
        }
    }
}
