//! Entries as lines of text. Pure.
//!
//! Whatever others write passes through [`sanitize`]; continued lines are marked, so that no text
//! can look like a line of its own.

use jiff::{civil::Date, tz::TimeZone};

use crate::{
    client::{
        sanitize,
        state::{Age, Conversation},
    },
    model::{Address, Seq, Timestamp, UserName},
    protocol::{EntryBody, EntryFrame, Reaction},
};

/// What stands before every line of a text but the first.
pub(super) const CONTINUED: &str = "    | ";
/// Characters of a message that is quoted.
const QUOTE_MAX: usize = 40;

/// A day as it parts the lines.
pub(super) fn day(date: Date) -> String {
    format!("-- {} --", date.strftime("%A, %-d %B %Y"))
}

/// The day something happened.
pub(super) fn date(at: Timestamp, zone: &TimeZone) -> Option<Date> {
    let moment = jiff::Timestamp::from_millisecond(at.as_millis()).ok()?;
    Some(moment.to_zoned(zone.clone()).date())
}

fn time(at: Timestamp, zone: &TimeZone) -> String {
    match jiff::Timestamp::from_millisecond(at.as_millis()) {
        Ok(moment) => moment.to_zoned(zone.clone()).strftime("%H:%M").to_string(),
        Err(_) => "--:--".to_owned(),
    }
}

/// Who reads, and where days begin.
pub(in crate::client) struct Reader<'a> {
    pub(in crate::client) me: &'a UserName,
    pub(in crate::client) zone: &'a TimeZone,
}

impl Reader<'_> {
    /// The lines of an entry; none for what an older entry shows already.
    pub(super) fn lines(
        &self,
        conversation: &Conversation,
        entry: &EntryFrame,
        age: Age,
    ) -> Vec<String> {
        let at = time(entry.at, self.zone);
        let address = conversation.address();
        let seq = entry.seq;
        match &entry.body {
            EntryBody::Posted { .. } => self.message(conversation, entry),
            _ => self
                .deed(conversation, entry, age)
                .map(|deed| format!("{at} {address} [{seq}] {deed}"))
                .into_iter()
                .collect(),
        }
    }

    fn message(&self, conversation: &Conversation, entry: &EntryFrame) -> Vec<String> {
        let EntryBody::Posted {
            text,
            action,
            reply_to,
            edited,
            reactions,
            ..
        } = &entry.body
        else {
            return Vec::new();
        };
        let mut shown = match text {
            Some(text) => sanitize::lines(text.as_str()).collect(),
            None => vec!["(deleted)".to_owned()],
        };
        if let Some(last) = shown.last_mut() {
            if edited.is_some() && text.is_some() {
                last.push_str(" (edited)");
            }
            last.push_str(&counted(reactions));
        }
        let head = self.head(conversation.address(), entry, *action);
        let answered = reply_to.map(|target| answered(conversation, target));
        let colon = if *action { "" } else { ":" };
        let head = format!("{head}{}{colon}", answered.unwrap_or_default());
        let mut lines = shown.into_iter();
        let first = lines.next().unwrap_or_default();
        std::iter::once(format!("{head} {first}"))
            .chain(lines.map(|line| format!("{CONTINUED}{line}")))
            .collect()
    }

    fn head(&self, address: &Address, entry: &EntryFrame, action: bool) -> String {
        let at = time(entry.at, self.zone);
        let (seq, by) = (entry.seq, &entry.by);
        let star = if action { "* " } else { "" };
        match address {
            Address::Direct(user) if by == self.me => {
                format!("{at} you → @{user} [{seq}]{}", doer(star, by))
            }
            Address::Direct(user) => format!("{at} @{user} → you [{seq}]{}", doer(star, by)),
            Address::Everyone | Address::Room(_) => format!("{at} {address} [{seq}] {star}{by}"),
        }
    }

    /// What somebody did, as a sentence without its end; nothing for a message, and for what an
    /// older entry shows already.
    pub(in crate::client) fn deed(
        &self,
        conversation: &Conversation,
        entry: &EntryFrame,
        age: Age,
    ) -> Option<String> {
        // A message from history stands as it is now; what made it so says nothing more.
        if age == Age::Past && is_amendment(&entry.body) {
            return None;
        }
        let quoted = |target: Seq| quote(conversation, target);
        let by = &entry.by;
        Some(match &entry.body {
            EntryBody::Posted { .. } => return None,
            EntryBody::Created { room, visibility } => {
                format!("{by} made the {} room #{room}", visibility.as_str())
            }
            EntryBody::Edited { target, text } => {
                let text = text.as_ref().map(|text| sanitize::line(text.as_str()));
                format!("{by} edited [{target}]: {}", text?)
            }
            EntryBody::Deleted { target } => format!("{by} deleted [{target}]"),
            EntryBody::Reacted { target, emoji } => {
                format!(
                    "{by} reacted {} to {}",
                    sanitize::line(emoji.as_str()),
                    quoted(*target)
                )
            }
            EntryBody::Unreacted { target, emoji } => {
                format!(
                    "{by} took {} back from [{target}]",
                    sanitize::line(emoji.as_str())
                )
            }
            EntryBody::Joined {} => format!("{by} joined"),
            EntryBody::Left {} => format!("{by} left"),
            EntryBody::Invited { user } => format!("{by} asked {user} in"),
            EntryBody::Topic { topic } if topic.as_str().is_empty() => {
                format!("{by} cleared the topic")
            }
            EntryBody::Topic { topic } => {
                format!("{by} set the topic: {}", sanitize::line(topic.as_str()))
            }
            EntryBody::Role { user, role } => format!("{by} made {user} {}", role.as_str()),
            EntryBody::Kicked { user, reason } => format!("{by} put {user} out{}", why(reason)),
            EntryBody::Banned {
                user,
                reason,
                until,
            } => {
                format!("{by} banned {user}{}{}", self.end(*until), why(reason))
            }
            EntryBody::Unbanned { user } => format!("{by} lifted the ban of {user}"),
            EntryBody::Muted {
                user,
                reason,
                until,
            } => {
                format!("{by} muted {user}{}{}", self.end(*until), why(reason))
            }
            EntryBody::Unmuted { user } => format!("{by} lifted the mute of {user}"),
            EntryBody::Renamed { room } => format!("{by} renamed the room to #{room}"),
            EntryBody::Visibility { visibility } => {
                format!("{by} made the room {}", visibility.as_str())
            }
            EntryBody::Backscroll { backscroll } => {
                format!("{by} lets newcomers read: {}", backscroll.as_str())
            }
            EntryBody::SlowMode { wait: 0 } => format!("{by} turned slow mode off"),
            EntryBody::SlowMode { wait } => format!("{by} set slow mode: one message in {wait} s"),
            EntryBody::Retention {
                keep_for,
                keep_last,
            } => {
                format!("{by} set what is kept: {}", kept(*keep_for, *keep_last))
            }
            EntryBody::Archived {} => format!("{by} archived the room: it can be read only"),
            EntryBody::Unarchived {} => format!("{by} opened the room again"),
        })
    }

    fn end(&self, until: Option<Timestamp>) -> String {
        let moment =
            until.and_then(|until| jiff::Timestamp::from_millisecond(until.as_millis()).ok());
        let moment = moment.map(|moment| moment.to_zoned(self.zone.clone()));
        moment.map_or_else(String::new, |moment| {
            format!(" until {}", moment.strftime("%Y-%m-%d %H:%M"))
        })
    }
}

/// What a message says, short enough to be quoted.
pub(super) fn quote(conversation: &Conversation, target: Seq) -> String {
    let body = conversation.held(target).map(|held| &held.entry().body);
    let Some(EntryBody::Posted {
        text: Some(text), ..
    }) = body
    else {
        return format!("[{target}]");
    };
    let line = sanitize::line(text.as_str());
    let mut short: String = line.chars().take(QUOTE_MAX).collect();
    if short.len() < line.len() {
        short.push('…');
    }
    format!("[{target}] “{short}”")
}

fn answered(conversation: &Conversation, target: Seq) -> String {
    let by = conversation
        .held(target)
        .map(|held| held.entry().by.as_str());
    match by {
        Some(by) => format!(" (to {by}, {})", quote(conversation, target)),
        None => format!(" (to [{target}])"),
    }
}

/// In a direct conversation the head names both already; an action still needs its subject.
fn doer(star: &str, by: &UserName) -> String {
    if star.is_empty() {
        String::new()
    } else {
        format!(" {star}{by}")
    }
}

const fn is_amendment(body: &EntryBody) -> bool {
    matches!(
        body,
        EntryBody::Edited { .. }
            | EntryBody::Deleted { .. }
            | EntryBody::Reacted { .. }
            | EntryBody::Unreacted { .. }
    )
}

fn counted(reactions: &[Reaction]) -> String {
    reactions
        .iter()
        .map(|known| format!("  {} {}", sanitize::line(known.emoji.as_str()), known.count))
        .collect()
}

fn why(reason: &crate::model::Reason) -> String {
    match reason.as_str() {
        "" => String::new(),
        reason => format!(": {}", sanitize::line(reason)),
    }
}

fn kept(keep_for: Option<u64>, keep_last: Option<u64>) -> String {
    match (keep_for, keep_last) {
        (None, None) => "what the server keeps".to_owned(),
        (Some(seconds), None) => format!("{} days", seconds / 86_400),
        (None, Some(entries)) => format!("the last {entries} entries"),
        (Some(seconds), Some(entries)) => {
            format!("{} days, at most {entries} entries", seconds / 86_400)
        }
    }
}
