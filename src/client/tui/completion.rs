//! What may be meant by the word before the cursor: users, rooms, commands, emoji. Pure.

use super::{editor::Editor, emoji::EMOJI, screen::Known};
use crate::{
    client::{command::COMMANDS, sanitize},
    model::{Address, UserName},
    protocol::EntryBody,
};

/// Suggestions shown at once.
pub(crate) const SHOWN_MAX: usize = 8;
/// Entries looked through for people who talk here.
const TALKERS_FROM: usize = 500;

/// One thing that may be meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Suggestion {
    /// What is put in.
    pub(crate) text: String,
    /// What it is.
    pub(crate) about: String,
}

/// What may be meant, and which of it is chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Completion {
    /// Bytes before the cursor that are replaced.
    pub(crate) replaces: usize,
    pub(crate) suggestions: Vec<Suggestion>,
    pub(crate) at: usize,
}

impl Completion {
    /// Moves the choice, around the ends.
    pub(crate) fn step(&mut self, by: isize) {
        let count = self.suggestions.len().max(1);
        let by = by.rem_euclid(isize::try_from(count).unwrap_or(1));
        self.at = (self.at + by.unsigned_abs()) % count;
    }

    /// What is chosen.
    pub(crate) fn chosen(&self) -> Option<&Suggestion> {
        self.suggestions.get(self.at)
    }
}

/// When suggestions are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum When {
    /// While typing: only where a sign says what is meant.
    Typing,
    /// Because they were asked for.
    Asked,
}

/// What may be meant by the word before the cursor.
pub(crate) fn complete(
    editor: &Editor,
    known: Known<'_>,
    current: &Address,
    when: When,
) -> Option<Completion> {
    let before = editor.before();
    let word = before
        .rsplit(char::is_whitespace)
        .next()
        .unwrap_or_default();
    let is_first = before.len() == word.len();
    let suggestions = if let Some(name) = word.strip_prefix('/').filter(|_| is_first) {
        commands(name)
    } else if let Some(name) = word.strip_prefix('#') {
        rooms(name, known)
    } else if let Some(name) = word.strip_prefix('@') {
        users(name, known, current, "@", " ")
    } else if let Some(name) = word.strip_prefix(':').filter(|name| name.len() >= 2) {
        emoji(name)
    } else if when == When::Asked && !word.is_empty() {
        let after = if is_first { ": " } else { " " };
        users(word, known, current, "", after)
    } else {
        Vec::new()
    };
    let exact = suggestions.len() == 1 && suggestions[0].text.trim_end() == word;
    if suggestions.is_empty() || (exact && when == When::Typing) {
        return None;
    }
    Some(Completion {
        replaces: word.len(),
        suggestions,
        at: 0,
    })
}

fn commands(name: &str) -> Vec<Suggestion> {
    let specs = COMMANDS
        .iter()
        .filter(|spec| spec.names().any(|known| starts(known, name)));
    specs
        .map(|spec| Suggestion {
            text: format!("/{} ", spec.name),
            about: format!("{}  {}", spec.arguments, spec.summary)
                .trim()
                .to_owned(),
        })
        .collect()
}

fn rooms(name: &str, known: Known<'_>) -> Vec<Suggestion> {
    let rooms = known.order().into_iter().filter_map(|conversation| {
        let Address::Room(room) = conversation.address() else {
            return None;
        };
        let topic = conversation.facts().topic.as_ref();
        starts(room.as_str(), name).then(|| Suggestion {
            text: format!("#{room} "),
            about: topic.map_or_else(String::new, |topic| sanitize::line(topic.as_str())),
        })
    });
    rooms.collect()
}

/// Whoever talked here last comes first, then the members, then all one talks to.
fn users(
    name: &str,
    known: Known<'_>,
    current: &Address,
    sign: &str,
    after: &str,
) -> Vec<Suggestion> {
    let mut found: Vec<&UserName> = Vec::new();
    let offer = |user: &UserName| starts(user.as_str(), name) && user != known.me;
    if let Some(conversation) = known.state.conversation(current) {
        let talked = conversation
            .entries()
            .rev()
            .take(TALKERS_FROM)
            .map(|held| held.entry());
        let talked = talked.filter(|entry| matches!(entry.body, EntryBody::Posted { .. }));
        let talkers = talked.map(|entry| &entry.by);
        let members = conversation.roster().iter().map(|(user, _)| user);
        for user in talkers.chain(members) {
            if offer(user) && !found.contains(&user) {
                found.push(user);
            }
        }
    }
    for conversation in known.state.conversations() {
        if let Address::Direct(user) = conversation.address()
            && offer(user)
            && !found.contains(&user)
        {
            found.push(user);
        }
    }
    let suggestion = |user: &UserName| {
        let presence = known.state.presence(user);
        Suggestion {
            text: format!("{sign}{user}{after}"),
            about: match presence {
                Some(presence) if presence.online => "online".to_owned(),
                _ => String::new(),
            },
        }
    };
    found.into_iter().map(suggestion).collect()
}

fn emoji(name: &str) -> Vec<Suggestion> {
    let mut found: Vec<_> = EMOJI
        .iter()
        .filter(|(known, _)| known.contains(name))
        .collect();
    found.sort_by_key(|(known, _)| (!known.starts_with(name), *known));
    found
        .into_iter()
        .map(|(known, emoji)| Suggestion {
            text: (*emoji).to_owned(),
            about: format!(":{known}:"),
        })
        .collect()
}

fn starts(name: &str, with: &str) -> bool {
    name.get(..with.len())
        .is_some_and(|head| head.eq_ignore_ascii_case(with))
}
