//! Answers in words: what a request has done, and what a list says that is empty. Pure.
//!
//! One place for all screens, so that the same answer reads the same everywhere.

use crate::protocol::Verb;

/// What a request has done, where nothing else shows it.
pub(super) fn done(verb: &Verb) -> Option<String> {
    Some(match verb {
        Verb::Password(_) => "the password is changed; your other sessions have ended".to_owned(),
        Verb::Away(away) if away.text.is_some() => {
            "you are away; /back says that you are back".to_owned()
        }
        Verb::Away(_) => "you are back".to_owned(),
        Verb::Block(of) => format!("{} can send you no private messages now", of.user),
        Verb::Unblock(of) => format!("{} can send you private messages again", of.user),
        Verb::Silence(of) if of.silent => format!("{} counts no mentions now", of.conversation),
        Verb::Silence(of) => format!("{} counts mentions again", of.conversation),
        Verb::Revoke(_) => "done".to_owned(),
        _ => return None,
    })
}

/// What a list says that is empty.
pub(super) const fn nothing(verb: &Verb) -> &'static str {
    match verb {
        Verb::Rooms(_) => "there are no rooms yet; /create makes one",
        Verb::Members(_) => "nobody is in it",
        Verb::Online(_) => "nobody is online",
        Verb::Blocks(_) => "you have blocked nobody",
        _ => "there are none",
    }
}
