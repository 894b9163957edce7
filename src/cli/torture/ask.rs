//! What a tortured client asks for.

use crate::{
    model::{Address, MessageId, RoomName, RoomRole, Seq, Text, UserName},
    protocol::{InRoom, NewText, Nothing, OfMessage, Send, SetRole, Verb},
};

pub(super) fn post(place: &Address, message: &str, words: usize) -> Verb {
    Verb::Send(Send {
        to: place.clone(),
        text: text(message, words),
        message: id(message),
        reply_to: None,
        action: false,
    })
}

pub(super) fn edit(place: &Address, seq: Seq, message: &str) -> Verb {
    Verb::Edit(OfMessage {
        conversation: place.clone(),
        seq,
        message: Some(id(message)),
        change: NewText {
            text: text(message, 3),
        },
    })
}

pub(super) fn delete(place: &Address, seq: Seq, message: &str) -> Verb {
    Verb::Delete(OfMessage {
        conversation: place.clone(),
        seq,
        message: Some(id(message)),
        change: Nothing {},
    })
}

pub(super) fn role(room: &RoomName, user: UserName, role: RoomRole, message: &str) -> Verb {
    Verb::Role(InRoom {
        room: room.clone(),
        message: Some(id(message)),
        what: SetRole { user, role },
    })
}

/// The text that a request gives a message.
pub(super) fn given(verb: &Verb) -> Option<String> {
    let text = match verb {
        Verb::Send(send) => &send.text,
        Verb::Edit(edit) => &edit.change.text,
        _ => return None,
    };
    Some(text.as_str().to_owned())
}

#[expect(
    clippy::expect_used,
    reason = "made of letters, digits and a dash just before"
)]
fn id(message: &str) -> MessageId {
    MessageId::parse(message).expect("letters, digits and a dash")
}

#[expect(clippy::expect_used, reason = "some words, made here")]
fn text(message: &str, words: usize) -> Text {
    Text::parse(&format!("{message}{}", " word".repeat(words))).expect("some words")
}
