//! One thing in the outbox, and its name.

use crate::{
    model::{Address, MessageId},
    protocol::Verb,
};

/// How something in the outbox stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It waits for the connection or for what was typed before it.
    Queued,
    /// It is on its way; the answer is not here.
    Sending,
    /// The server will not have it, and says why.
    Refused(String),
}

/// Something that was typed: a message, or another change to a conversation.
#[derive(Clone, Debug, PartialEq)]
pub struct Item {
    /// Its name, which makes sending it again harmless.
    pub message: MessageId,
    /// What it changes.
    pub conversation: Address,
    /// What is asked of the server.
    pub verb: Verb,
    /// How it stands.
    pub standing: Standing,
}

impl Item {
    /// Nothing for requests that carry no name.
    pub(super) fn new(mut verb: Verb) -> Option<Self> {
        Some(Self {
            message: slot(&mut verb)?.get()?,
            conversation: conversation(&verb)?,
            verb,
            standing: Standing::Queued,
        })
    }

    /// Whether it makes or enters a room: nothing is said that could be lost.
    #[must_use]
    pub const fn enters(&self) -> bool {
        matches!(self.verb, Verb::Create(_) | Verb::Join(_))
    }

    /// Whether the server has not answered for it.
    #[must_use]
    pub fn is_unsent(&self) -> bool {
        matches!(self.standing, Standing::Queued | Standing::Sending)
    }
}

/// Names a request, where it can carry a name.
pub(in crate::client) fn name(mut verb: Verb, message: MessageId) -> Verb {
    match slot(&mut verb) {
        Some(Slot::Always(named)) => *named = message,
        Some(Slot::Optional(named)) => *named = Some(message),
        None => {}
    }
    verb
}

/// Where a request has its name.
enum Slot<'a> {
    Always(&'a mut MessageId),
    Optional(&'a mut Option<MessageId>),
}

impl Slot<'_> {
    fn get(self) -> Option<MessageId> {
        match self {
            Self::Always(message) => Some(message.clone()),
            Self::Optional(message) => message.clone(),
        }
    }
}

fn slot(verb: &mut Verb) -> Option<Slot<'_>> {
    Some(match verb {
        Verb::Send(send) => Slot::Always(&mut send.message),
        Verb::Edit(of) => Slot::Optional(&mut of.message),
        Verb::Delete(of) => Slot::Optional(&mut of.message),
        Verb::React(of) | Verb::Unreact(of) => Slot::Optional(&mut of.message),
        Verb::Create(room) => Slot::Optional(&mut room.message),
        Verb::Join(room) | Verb::Leave(room) => Slot::Optional(&mut room.message),
        Verb::Invite(room) | Verb::Unban(room) | Verb::Unmute(room) => {
            Slot::Optional(&mut room.message)
        }
        Verb::Topic(room) => Slot::Optional(&mut room.message),
        Verb::Role(room) => Slot::Optional(&mut room.message),
        Verb::Kick(room) | Verb::Ban(room) | Verb::Mute(room) => Slot::Optional(&mut room.message),
        Verb::Set(room) => Slot::Optional(&mut room.message),
        _ => return None,
    })
}

fn conversation(verb: &Verb) -> Option<Address> {
    let room = match verb {
        Verb::Send(send) => return Some(send.to.clone()),
        Verb::Edit(of) => return Some(of.conversation.clone()),
        Verb::Delete(of) => return Some(of.conversation.clone()),
        Verb::React(of) | Verb::Unreact(of) => return Some(of.conversation.clone()),
        Verb::Create(create) => &create.room,
        Verb::Join(of) | Verb::Leave(of) => &of.room,
        Verb::Invite(of) | Verb::Unban(of) | Verb::Unmute(of) => &of.room,
        Verb::Topic(of) => &of.room,
        Verb::Role(of) => &of.room,
        Verb::Kick(of) | Verb::Ban(of) | Verb::Mute(of) => &of.room,
        Verb::Set(of) => &of.room,
        _ => return None,
    };
    Some(Address::Room(room.clone()))
}
