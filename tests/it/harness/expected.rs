//! What a test expects to happen in a conversation.

use netcomm::protocol::{EntryBody, EntryFrame};

/// A description of an entry, in words and as a test.
pub(crate) struct Expected {
    pub(super) what: String,
    pub(super) matches: Box<dyn Fn(&EntryFrame) -> bool + Send>,
}

fn expected(what: String, matches: impl Fn(&EntryFrame) -> bool + Send + 'static) -> Expected {
    let matches = Box::new(matches);
    Expected { what, matches }
}

/// Somebody said this.
pub(crate) fn posted(text: &str) -> Expected {
    let wanted = text.to_owned();
    expected(format!("the message {text:?}"), move |entry| {
        text_of(entry) == Some(wanted.as_str())
    })
}

/// This user came in.
pub(crate) fn joined(user: &str) -> Expected {
    let wanted = user.to_owned();
    expected(format!("{user} to join"), move |entry| {
        matches!(entry.body, EntryBody::Joined {}) && entry.by.as_str() == wanted
    })
}

/// This user went.
pub(crate) fn left(user: &str) -> Expected {
    let wanted = user.to_owned();
    expected(format!("{user} to leave"), move |entry| {
        matches!(entry.body, EntryBody::Left {}) && entry.by.as_str() == wanted
    })
}

/// This user was put out.
pub(crate) fn kicked(name: &str) -> Expected {
    let wanted = name.to_owned();
    expected(
        format!("{name} to be kicked"),
        move |entry| matches!(&entry.body, EntryBody::Kicked { user, .. } if user.as_str() == wanted),
    )
}

/// The text of a message, if the entry is one.
pub(super) fn text_of(entry: &EntryFrame) -> Option<&str> {
    match &entry.body {
        EntryBody::Posted { text, .. } => text.as_ref().map(|text| text.as_str()),
        _ => None,
    }
}
