//! Events of every kind, for properties that hold for all of them. For tests only.

use std::time::Duration;

use proptest::prelude::*;

use crate::{
    chat::{Event, Style},
    model::{
        Account, Backscroll, Emoji, Reason, RoomName, RoomRole, Seq, Text, Timestamp, Topic,
        Visibility,
    },
};

use super::fixture::account;

/// Any event.
pub(super) fn event() -> impl Strategy<Value = Event> {
    prop_oneof![message(), amendment(), about_somebody(), about_the_room()]
}

/// Somebody whose name follows from the id.
pub(super) fn somebody() -> impl Strategy<Value = Account> {
    (1_u64..1000).prop_map(|id| account(id, &format!("user-{id}")))
}

fn seq() -> impl Strategy<Value = Seq> {
    (1_u64..1 << 40).prop_map(Seq::new)
}

fn text() -> impl Strategy<Value = Text> {
    "\\PC{1,40}".prop_filter_map("blank", |text| Text::parse(&text).ok())
}

fn reason() -> impl Strategy<Value = Reason> {
    "[^\\pC]{0,20}".prop_map(|reason| Reason::parse(&reason).unwrap())
}

fn emoji() -> impl Strategy<Value = Emoji> {
    prop::sample::select(vec!["👍", "👨‍👩‍👧‍👦", "é", "+"]).prop_map(|emoji| Emoji::parse(emoji).unwrap())
}

fn name() -> impl Strategy<Value = RoomName> {
    "[a-zA-Z0-9][a-zA-Z0-9_-]{0,63}".prop_map(|name| RoomName::parse(&name).unwrap())
}

fn span() -> impl Strategy<Value = Duration> {
    (0_u64..1 << 40).prop_map(Duration::from_millis)
}

fn until() -> impl Strategy<Value = Option<Timestamp>> {
    prop::option::of((0_i64..1 << 50).prop_map(Timestamp::from_millis))
}

fn message() -> impl Strategy<Value = Event> {
    let parts = (
        text(),
        any::<bool>(),
        prop::option::of(seq()),
        prop::collection::vec(somebody(), 0..4),
        any::<bool>(),
    );
    parts.prop_map(|(text, action, reply_to, mentions, here)| Event::Posted {
        text,
        style: if action { Style::Action } else { Style::Plain },
        reply_to,
        mentions,
        here,
    })
}

fn amendment() -> impl Strategy<Value = Event> {
    prop_oneof![
        (seq(), text()).prop_map(|(target, text)| Event::Edited { target, text }),
        seq().prop_map(|target| Event::Deleted { target }),
        (seq(), emoji()).prop_map(|(target, emoji)| Event::Reacted { target, emoji }),
        (seq(), emoji()).prop_map(|(target, emoji)| Event::Unreacted { target, emoji }),
    ]
}

fn about_somebody() -> impl Strategy<Value = Event> {
    let roles = prop::sample::select(RoomRole::ALL);
    prop_oneof![
        somebody().prop_map(|account| Event::Invited { account }),
        (somebody(), roles).prop_map(|(account, role)| Event::RoleSet { account, role }),
        (somebody(), reason()).prop_map(|(account, reason)| Event::Kicked { account, reason }),
        (somebody(), reason(), until()).prop_map(|(account, reason, until)| {
            Event::Banned {
                account,
                reason,
                until,
            }
        }),
        somebody().prop_map(|account| Event::Unbanned { account }),
        (somebody(), reason(), until()).prop_map(|(account, reason, until)| {
            Event::Muted {
                account,
                reason,
                until,
            }
        }),
        somebody().prop_map(|account| Event::Unmuted { account }),
    ]
}

fn about_the_room() -> impl Strategy<Value = Event> {
    let visibility = || prop::sample::select(Visibility::ALL);
    prop_oneof![
        (name(), visibility()).prop_map(|(name, visibility)| Event::Created { name, visibility }),
        Just(Event::Joined),
        Just(Event::Left),
        reason().prop_map(|topic| Event::TopicSet {
            topic: Topic::parse(topic.as_str()).unwrap()
        }),
        name().prop_map(|name| Event::Renamed { name }),
        visibility().prop_map(|visibility| Event::VisibilitySet { visibility }),
        prop::sample::select(Backscroll::ALL)
            .prop_map(|backscroll| Event::BackscrollSet { backscroll }),
        span().prop_map(|wait| Event::SlowModeSet { wait }),
        (prop::option::of(span()), prop::option::of(0_u64..1 << 40)).prop_map(
            |(keep_for, keep_last)| Event::RetentionSet {
                keep_for,
                keep_last
            }
        ),
        Just(Event::Archived),
        Just(Event::Unarchived),
    ]
}
