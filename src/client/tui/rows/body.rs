//! How one piece of a conversation reads.

use ratatui::{
    style::{Modifier, Style},
    text::{Line, Span},
};

use super::Manner;
use crate::{
    client::{
        outbox::{Item, Standing},
        sanitize,
        tui::{keys::Act, pieces, wrap},
    },
    model::{Seq, UserName},
    protocol::{EntryBody, EntryFrame, Reaction, Verb},
};

/// What stands before a text.
struct Head {
    time: String,
    name: String,
    style: Style,
}

pub(super) fn message(
    entry: &EntryFrame,
    first: bool,
    timed: bool,
    manner: &Manner<'_>,
) -> Vec<Line<'static>> {
    let EntryBody::Posted {
        text,
        action,
        reply_to,
        mentions,
        here,
        edited,
        deleted,
        reactions,
    } = &entry.body
    else {
        return Vec::new();
    };
    let theme = manner.theme;
    let for_me = entry.by != *manner.known.me && (*here || mentions.contains(manner.known.me));
    let mut lines = Vec::new();
    if let Some(target) = reply_to {
        lines.push(quote(*target, manner));
    }
    let head = Head {
        time: if timed {
            pieces::clock(entry.at, manner.zone)
        } else {
            String::new()
        },
        name: match (action, first || reply_to.is_some()) {
            (true, _) => "*".to_owned(),
            (false, true) => entry.by.to_string(),
            (false, false) => String::new(),
        },
        style: theme.name(&entry.by).add_modifier(Modifier::BOLD),
    };
    let style = if for_me {
        theme.mention()
    } else {
        Style::new()
    };
    let mut content = match text {
        Some(text) if !deleted => said(text.as_str(), *action, entry, style, manner),
        _ => vec![vec![Span::styled(
            "message deleted",
            theme.dim().add_modifier(Modifier::ITALIC),
        )]],
    };
    if edited.is_some()
        && !deleted
        && let Some(last) = content.last_mut()
    {
        last.push(Span::styled(" (edited)", theme.dim()));
    }
    lines.extend(beside(&head, &content, manner));
    if !reactions.is_empty() {
        lines.extend(reacted(reactions, manner));
    }
    lines
}

/// The lines of a text, with its links marked.
fn said(
    text: &str,
    action: bool,
    entry: &EntryFrame,
    style: Style,
    manner: &Manner<'_>,
) -> Vec<Vec<Span<'static>>> {
    let mut lines: Vec<_> = sanitize::lines(text)
        .map(|line| linked(&line, style))
        .collect();
    if action && let Some(first) = lines.first_mut() {
        let name = Span::styled(format!("{} ", entry.by), manner.theme.name(&entry.by));
        first.insert(0, name);
    }
    lines
}

fn linked(line: &str, style: Style) -> Vec<Span<'static>> {
    line.split_inclusive(' ')
        .map(|word| {
            let is_link = word.starts_with("https://") || word.starts_with("http://");
            let link = style.add_modifier(Modifier::UNDERLINED);
            Span::styled(word.to_owned(), if is_link { link } else { style })
        })
        .collect()
}

/// Puts lines beside a time and a name.
fn beside(head: &Head, content: &[Vec<Span<'static>>], manner: &Manner<'_>) -> Vec<Line<'static>> {
    let names = manner.name_width();
    let width = manner.width.saturating_sub(manner.indent());
    let rows = content.iter().flat_map(|line| wrap::wrap(line, width));
    rows.enumerate()
        .map(|(at, row)| {
            let mut spans = if at == 0 {
                let name = wrap::cut(&head.name, names);
                let blank = names - wrap::columns(&name);
                vec![
                    Span::styled(format!("{:5} ", head.time), manner.theme.dim()),
                    Span::raw(" ".repeat(blank)),
                    Span::styled(name, head.style),
                    Span::raw("  "),
                ]
            } else {
                vec![Span::raw(" ".repeat(manner.indent()))]
            };
            spans.extend(row.spans);
            Line::from(spans)
        })
        .collect()
}

/// The message that is answered, in one row.
fn quote(target: Seq, manner: &Manner<'_>) -> Line<'static> {
    let held = manner.conversation.and_then(|known| known.held(target));
    let quoted = held.map(|held| (&held.entry().by, &held.entry().body));
    let text = match quoted {
        Some((
            by,
            EntryBody::Posted {
                text: Some(text), ..
            },
        )) => {
            format!("{by}: {}", sanitize::line(text.as_str()))
        }
        Some((by, _)) => format!("{by}: message deleted"),
        None => format!("message {target}"),
    };
    let width = manner.width.saturating_sub(manner.indent() + 2);
    Line::from(vec![
        Span::raw(" ".repeat(manner.indent())),
        Span::styled(format!("╭ {}", wrap::cut(&text, width)), manner.theme.dim()),
    ])
}

fn reacted(reactions: &[Reaction], manner: &Manner<'_>) -> Vec<Line<'static>> {
    let mut spans = Vec::new();
    for reaction in reactions {
        let emoji = sanitize::line(reaction.emoji.as_str());
        let mine = reaction.users.contains(manner.known.me);
        let style = if mine {
            manner.theme.mention()
        } else {
            manner.theme.dim()
        };
        spans.push(Span::styled(format!("{emoji} {}", reaction.count), style));
        spans.push(Span::raw("  "));
    }
    indented(&spans, manner)
}

fn indented(spans: &[Span<'static>], manner: &Manner<'_>) -> Vec<Line<'static>> {
    let head = Head {
        time: String::new(),
        name: String::new(),
        style: Style::new(),
    };
    beside(&head, &[spans.to_vec()], manner)
}

/// Who came and went, each once.
pub(super) fn crowd(entries: &[&EntryFrame], manner: &Manner<'_>) -> Vec<Line<'static>> {
    let names = |wanted: fn(&EntryBody) -> bool| {
        let mut names: Vec<&UserName> = Vec::new();
        for entry in entries.iter().filter(|entry| wanted(&entry.body)) {
            if !names.contains(&&entry.by) {
                names.push(&entry.by);
            }
        }
        names
    };
    let joined = names(|body| matches!(body, EntryBody::Joined {}));
    let left = names(|body| matches!(body, EntryBody::Left {}));
    let mut parts = Vec::new();
    for (names, verb) in [(joined, "joined"), (left, "left")] {
        if let Some(names) = listed(&names) {
            parts.push(format!("{names} {verb}"));
        }
    }
    note("→", &parts.join(" · "), entries.first().copied(), manner)
}

/// `a`, `a and b`, `a, b and 3 others`.
fn listed(names: &[&UserName]) -> Option<String> {
    Some(match names {
        [] => return None,
        [one] => one.to_string(),
        [one, two] => format!("{one} and {two}"),
        [one, two, three] => format!("{one}, {two} and {three}"),
        [one, two, rest @ ..] => format!("{one}, {two} and {} others", rest.len()),
    })
}

pub(super) fn event(entry: &EntryFrame, manner: &Manner<'_>) -> Vec<Line<'static>> {
    let by = &entry.by;
    let because = |reason: &crate::model::Reason| match reason.as_str() {
        "" => String::new(),
        reason => format!(": {}", sanitize::line(reason)),
    };
    let text = match &entry.body {
        EntryBody::Created { .. } => format!("{by} made this room"),
        EntryBody::Invited { user } => format!("{by} invited {user}"),
        EntryBody::Topic { topic } => {
            format!("{by} set the topic: {}", sanitize::line(topic.as_str()))
        }
        EntryBody::Role { user, role } => format!("{by} made {user} {}", role.as_str()),
        EntryBody::Kicked { user, reason } => format!("{by} put {user} out{}", because(reason)),
        EntryBody::Banned { user, reason, .. } => format!("{by} banned {user}{}", because(reason)),
        EntryBody::Unbanned { user } => format!("{by} lifted the ban of {user}"),
        EntryBody::Muted { user, reason, .. } => format!("{by} muted {user}{}", because(reason)),
        EntryBody::Unmuted { user } => format!("{by} lets {user} write again"),
        EntryBody::Renamed { room } => format!("{by} renamed this room to #{room}"),
        EntryBody::Visibility { visibility } => {
            format!("{by} made this room {}", visibility.as_str())
        }
        EntryBody::Backscroll { backscroll } => {
            format!("{by} set what newcomers may read: {}", backscroll.as_str())
        }
        EntryBody::SlowMode { wait: 0 } => format!("{by} ended slow mode"),
        EntryBody::SlowMode { wait } => format!("{by} set slow mode: {wait} s between messages"),
        EntryBody::Retention { .. } => format!("{by} changed how long messages stay"),
        EntryBody::Archived {} => format!("{by} archived this room"),
        EntryBody::Unarchived {} => format!("{by} opened this room again"),
        EntryBody::Posted { .. }
        | EntryBody::Edited { .. }
        | EntryBody::Deleted { .. }
        | EntryBody::Reacted { .. }
        | EntryBody::Unreacted { .. }
        | EntryBody::Joined {}
        | EntryBody::Left {} => return Vec::new(),
    };
    note("—", &text, Some(entry), manner)
}

fn note(
    mark: &str,
    text: &str,
    entry: Option<&EntryFrame>,
    manner: &Manner<'_>,
) -> Vec<Line<'static>> {
    let head = Head {
        time: entry.map_or_else(String::new, |entry| pieces::clock(entry.at, manner.zone)),
        name: mark.to_owned(),
        style: manner.theme.dim(),
    };
    let spans = vec![Span::styled(text.to_owned(), manner.theme.dim())];
    beside(&head, &[spans], manner)
}

/// What one typed, and how it stands.
pub(super) fn pending(item: &Item, manner: &Manner<'_>) -> Vec<Line<'static>> {
    let theme = manner.theme;
    let (mark, style) = match &item.standing {
        Standing::Queued => ("queued".to_owned(), theme.waiting()),
        Standing::Sending => ("sending…".to_owned(), theme.waiting()),
        Standing::Refused(reason) => {
            let reason = sanitize::line(reason);
            let keys = manner.keys.of(Act::TakeBack);
            (
                format!("✗ refused: {reason} · {keys} takes it back"),
                theme.bad(),
            )
        }
    };
    let head = Head {
        time: String::new(),
        name: manner.known.me.to_string(),
        style: theme.name(manner.known.me).add_modifier(Modifier::BOLD),
    };
    let text = described(&item.verb);
    let mut content: Vec<_> = sanitize::lines(&text)
        .map(|line| vec![Span::styled(line, theme.dim())])
        .collect();
    content.push(vec![Span::styled(mark, style)]);
    beside(&head, &content, manner)
}

/// What an item says or does, for its author.
fn described(verb: &Verb) -> String {
    match verb {
        Verb::Send(send) => send.text.as_str().to_owned(),
        Verb::Edit(edit) => format!(
            "(edit of message {}) {}",
            edit.seq,
            edit.change.text.as_str()
        ),
        Verb::React(react) => format!("({} to message {})", react.change.emoji.as_str(), react.seq),
        Verb::Topic(topic) => format!("(topic) {}", topic.what.topic.as_str()),
        other => format!("({})", other.word()),
    }
}
