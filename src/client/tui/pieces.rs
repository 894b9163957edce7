//! What a conversation is made of on the screen: messages, and what is told between them. Pure.

use std::iter::Peekable;

use jiff::{civil::Date, tz::TimeZone};

use crate::{
    client::{outbox::Item, state::Conversation},
    model::{Seq, Timestamp},
    protocol::{EntryBody, EntryFrame},
};

/// Messages of one author this close together stand under one name.
const GROUP_SPAN_MS: i64 = 5 * 60 * 1000;

/// One thing that is shown.
#[derive(Debug)]
pub(crate) enum Piece<'a> {
    /// There is more before.
    Earlier,
    /// A new day.
    Day(Date),
    /// From here on unread.
    Unread,
    /// Left out: the first and the last.
    Gap(Seq, Seq),
    /// So many that are not kept any more.
    Lost(u64),
    /// Somebody said something.
    Message {
        /// What.
        entry: &'a EntryFrame,
        /// Whether the author is named: not if the message above is theirs as well.
        first: bool,
        /// Whether the time is shown: not if it is that of the message above.
        timed: bool,
    },
    /// People came and went.
    Crowd(Vec<&'a EntryFrame>),
    /// Something else happened.
    Event(&'a EntryFrame),
    /// Something one typed that the server has not kept.
    Pending(&'a Item),
}

impl Piece<'_> {
    /// The entry it shows; the last one of several.
    pub(crate) fn seq(&self) -> Option<Seq> {
        match self {
            Self::Message { entry, .. } | Self::Event(entry) => Some(entry.seq),
            Self::Crowd(entries) => entries.last().map(|entry| entry.seq),
            Self::Earlier
            | Self::Day(_)
            | Self::Unread
            | Self::Gap(..)
            | Self::Lost(_)
            | Self::Pending(_) => None,
        }
    }
}

/// The pieces of a conversation, oldest first.
pub(crate) fn pieces<'a>(
    conversation: Option<&'a Conversation>,
    pending: impl Iterator<Item = &'a Item>,
    divider: Option<Seq>,
    zone: &TimeZone,
) -> Vec<Piece<'a>> {
    let mut pieces = Vec::new();
    if let Some(known) = conversation {
        let first = known.entries().next().map(|held| held.entry().seq);
        let missing = first.is_none_or(|first| first > known.facts().start);
        if missing && known.page_before().is_some() {
            pieces.push(Piece::Earlier);
        }
        let entries = known.entries().map(|held| held.entry());
        walk(known, entries.peekable(), divider, zone, &mut pieces);
    }
    pieces.extend(pending.map(Piece::Pending));
    pieces
}

/// What is not here: some of it may be fetched, some may be gone for good.
fn gap(known: &Conversation, from: Seq, to: Seq, pieces: &mut Vec<Piece<'_>>) {
    let lost = known.lost(from, to);
    if lost > 0 {
        pieces.push(Piece::Lost(lost));
    }
    let kept = Seq::new(from.get().saturating_add(lost));
    if kept <= to {
        pieces.push(Piece::Gap(kept, to));
    }
}

fn walk<'a>(
    known: &Conversation,
    mut entries: Peekable<impl Iterator<Item = &'a EntryFrame>>,
    divider: Option<Seq>,
    zone: &TimeZone,
    pieces: &mut Vec<Piece<'a>>,
) {
    let mut above: Option<&EntryFrame> = None;
    let mut day = None;
    let mut divider = divider;
    while let Some(entry) = entries.next() {
        if let Some(above) = above.filter(|above| above.seq.next() < entry.seq) {
            gap(known, above.seq.next(), entry.seq.previous(), pieces);
        }
        above = Some(entry);
        if !is_shown(entry) {
            continue;
        }
        let today = date(entry.at, zone);
        if day != Some(today) {
            pieces.push(Piece::Day(today));
            day = Some(today);
        }
        if divider.is_some_and(|read| entry.seq > read) {
            pieces.push(Piece::Unread);
            divider = None;
        }
        pieces.push(match &entry.body {
            EntryBody::Posted { .. } => message(entry, pieces.last(), zone),
            EntryBody::Joined {} | EntryBody::Left {} => {
                let mut crowd = vec![entry];
                while let Some(next) =
                    entries.next_if(|next| joins_crowd(next, entry, divider, zone))
                {
                    crowd.push(next);
                }
                above = crowd.last().copied();
                Piece::Crowd(crowd)
            }
            _ => Piece::Event(entry),
        });
    }
}

fn joins_crowd(
    next: &EntryFrame,
    first: &EntryFrame,
    divider: Option<Seq>,
    zone: &TimeZone,
) -> bool {
    matches!(next.body, EntryBody::Joined {} | EntryBody::Left {})
        && divider.is_none_or(|read| next.seq <= read)
        && date(next.at, zone) == date(first.at, zone)
}

fn message<'a>(entry: &'a EntryFrame, above: Option<&Piece<'a>>, zone: &TimeZone) -> Piece<'a> {
    let above = match above {
        Some(Piece::Message { entry, .. }) => Some(entry),
        _ => None,
    };
    // What somebody does stands without a name beside it, so that the next message needs one.
    let is_named = |body: &EntryBody| matches!(body, EntryBody::Posted { action: false, .. });
    let near = |above: &&&EntryFrame| {
        above.by == entry.by
            && is_named(&above.body)
            && entry.at.as_millis().saturating_sub(above.at.as_millis()) < GROUP_SPAN_MS
    };
    let same_minute = |above: &EntryFrame| clock(above.at, zone) == clock(entry.at, zone);
    Piece::Message {
        entry,
        first: above.filter(near).is_none(),
        timed: !above.is_some_and(|above| same_minute(above)),
    }
}

/// Changes to a message are shown in the message.
const fn is_shown(entry: &EntryFrame) -> bool {
    !matches!(
        entry.body,
        EntryBody::Edited { .. }
            | EntryBody::Deleted { .. }
            | EntryBody::Reacted { .. }
            | EntryBody::Unreacted { .. }
    )
}

/// The day something happened on.
pub(crate) fn date(at: Timestamp, zone: &TimeZone) -> Date {
    zoned(at, zone).date()
}

/// The time of day something happened at, to the minute.
pub(crate) fn clock(at: Timestamp, zone: &TimeZone) -> String {
    zoned(at, zone).strftime("%H:%M").to_string()
}

fn zoned(at: Timestamp, zone: &TimeZone) -> jiff::Zoned {
    jiff::Timestamp::from_millisecond(at.as_millis())
        .unwrap_or_default()
        .to_zoned(zone.clone())
}
