//! What line mode shows.

use jiff::tz::TimeZone;

use super::{Shown, View};
use crate::{
    client::{
        core::Update,
        fake::{self, posted},
        link::LinkState,
        outbox::{Item, Standing},
        state::{Change, State},
    },
    model::{
        Address, Emoji, MessageId, Reason, Seq, ServerRole, Text, Timestamp, TokenId, UserName,
    },
    protocol::{ConversationFrame, EntryBody, EntryFrame, Frame, Send, Verb, Welcome},
};

/// 2026-11-23, 14:03 UTC.
const AT: i64 = 1_795_442_580_000;

struct Screen {
    state: State,
    view: View,
}

impl Screen {
    fn new() -> Self {
        let mut state = State::default();
        state.begin(user("alice"));
        for address in ["*", "#ops", "@bob"] {
            state.apply(Frame::Conversation(fake::conversation(address, 0)));
        }
        let day = jiff::civil::date(2026, 11, 23);
        let view = View::new(TimeZone::UTC, Some(day));
        Self { state, view }
    }

    fn apply(&mut self, frame: Frame) -> Vec<String> {
        let changes = self.state.apply(frame);
        changes
            .into_iter()
            .flat_map(|change| self.show(&Update::Changed(change)))
            .collect()
    }

    fn show(&mut self, update: &Update) -> Vec<String> {
        let shown = self.view.lines(update, &self.state).into_iter();
        shown
            .map(|shown| match shown {
                Shown::Chat(line) | Shown::Notice(line) => line,
            })
            .collect()
    }

    fn entry(&mut self, place: &str, by: &str, body: EntryBody) -> Vec<String> {
        self.entry_at(AT, place, by, body)
    }

    fn entry_at(&mut self, at: i64, place: &str, by: &str, body: EntryBody) -> Vec<String> {
        let known = self.state.conversation(&Address::parse(place).unwrap());
        let seq = known.unwrap().cursor().next().get();
        self.apply(Frame::Entry(EntryFrame {
            at: Timestamp::from_millis(at),
            ..fake::entry(place, seq, by, body)
        }))
    }
}

fn user(name: &str) -> UserName {
    UserName::parse(name).unwrap()
}

#[test]
fn messages_say_when_where_and_by_whom_with_the_number_to_answer_them_by() {
    let mut screen = Screen::new();
    assert_eq!(
        screen.entry("#ops", "bob", posted("hi")),
        ["14:03 #ops [1] bob: hi"]
    );
    assert_eq!(
        screen.entry("*", "alice", posted("hi")),
        ["14:03 * [1] alice: hi"]
    );
    assert_eq!(
        screen.entry("@bob", "bob", posted("psst")),
        ["14:03 @bob → you [1]: psst"]
    );
    assert_eq!(
        screen.entry("@bob", "alice", posted("yes?")),
        ["14:03 you → @bob [2]: yes?"]
    );
    let mut action = posted("waves");
    if let EntryBody::Posted { action, .. } = &mut action {
        *action = true;
    }
    assert_eq!(
        screen.entry("#ops", "bob", action),
        ["14:03 #ops [2] * bob waves"]
    );
    let mut reply = posted("see you");
    if let EntryBody::Posted { reply_to, .. } = &mut reply {
        *reply_to = Some(Seq::FIRST);
    }
    assert_eq!(
        screen.entry("#ops", "alice", reply),
        ["14:03 #ops [3] alice (to bob, [1] “hi”): see you"]
    );
}

#[test]
fn a_message_cannot_look_like_another_line_or_sender() {
    let mut screen = Screen::new();
    let forged = "ok\n14:03 #ops [9] alice: I quit\u{202e}";
    assert_eq!(
        screen.entry("#ops", "bob", posted(forged)),
        [
            "14:03 #ops [1] bob: ok",
            "    | 14:03 #ops [9] alice: I quit\u{fffd}"
        ]
    );
}

#[test]
fn what_happens_to_a_message_or_a_member_is_a_sentence() {
    let mut screen = Screen::new();
    screen.entry("#ops", "bob", posted("helo"));
    let target = Seq::FIRST;
    let table = [
        (
            EntryBody::Edited {
                target,
                text: Text::parse("hello").ok(),
            },
            "[2] carol edited [1]: hello",
        ),
        (
            EntryBody::Reacted {
                target,
                emoji: Emoji::parse("👍").unwrap(),
            },
            "[3] carol reacted 👍 to [1] “hello”",
        ),
        (EntryBody::Deleted { target }, "[4] carol deleted [1]"),
        (EntryBody::Joined {}, "[5] carol joined"),
        (
            EntryBody::Kicked {
                user: user("bob"),
                reason: Reason::parse("too loud").unwrap(),
            },
            "[6] carol put bob out: too loud",
        ),
        (
            EntryBody::Banned {
                user: user("bob"),
                reason: Reason::default(),
                until: Some(Timestamp::from_millis(AT)),
            },
            "[7] carol banned bob until 2026-11-23 14:03",
        ),
        (
            EntryBody::SlowMode { wait: 30 },
            "[8] carol set slow mode: one message in 30 s",
        ),
    ];
    for (body, sentence) in table {
        assert_eq!(
            screen.entry("#ops", "carol", body),
            [format!("14:03 #ops {sentence}")]
        );
    }
}

#[test]
fn another_day_has_a_line_of_its_own() {
    let mut screen = Screen::new();
    let next_day = AT + 86_400_000;
    assert_eq!(
        screen.entry_at(next_day, "*", "bob", posted("morning")),
        [
            "-- Tuesday, 24 November 2026 --",
            "14:03 * [1] bob: morning"
        ]
    );
    assert_eq!(
        screen.entry_at(next_day, "*", "bob", posted("all")),
        ["14:03 * [2] bob: all"]
    );
}

#[test]
fn what_was_missed_is_counted_and_what_is_left_out_named() {
    let mut screen = Screen::new();
    screen.entry("*", "bob", posted("one"));
    let gap = Frame::Gap {
        conversation: Address::Everyone,
        from: Seq::new(2),
        to: Seq::new(1201),
    };
    assert_eq!(
        screen.apply(gap),
        ["-- 1200 older entries of * are not shown: /to * and /history show them"]
    );
    screen.entry("*", "bob", posted("last"));
    assert_eq!(
        screen.apply(Frame::Current {}),
        [
            "-- that is all you missed: 2 entries",
            "-- your conversations: * (2 unread)  #ops  @bob"
        ]
    );
}

#[test]
fn the_list_at_the_start_says_where_one_is_called() {
    let mut screen = Screen::new();
    let mut calling = posted("@alice");
    if let EntryBody::Posted { here, .. } = &mut calling {
        *here = true;
    }
    screen.entry("*", "bob", posted("one"));
    screen.entry("*", "bob", calling);
    let told = screen.apply(Frame::Current {});
    assert_eq!(
        told.last().unwrap(),
        "-- your conversations: * (2 unread, 1 call you)  #ops  @bob"
    );
}

#[test]
fn the_same_trouble_with_the_link_is_told_once() {
    let mut screen = Screen::new();
    let waiting = |reason: &str| {
        Update::Link(LinkState::Waiting {
            until: tokio::time::Instant::now(),
            attempt: 1,
            reason: reason.to_owned(),
        })
    };
    assert_eq!(screen.show(&waiting("refused")).len(), 1);
    assert_eq!(screen.show(&waiting("refused")).len(), 0);
    let connected = Update::Link(LinkState::Connected { tls: None });
    assert_eq!(screen.show(&connected), ["-- connected"]);
    let lost = screen.show(&waiting("reset\u{1b}"));
    assert!(
        lost[0].starts_with("-- not connected any more: reset␛;"),
        "{lost:?}"
    );
    assert_eq!(screen.show(&connected), ["-- connected again"]);
}

#[test]
fn failed_logins_are_told_to_whom_they_were_about() {
    let mut screen = Screen::new();
    let welcome = Welcome {
        user: user("alice"),
        role: ServerRole::Owner,
        session: TokenId::new(1),
        token: None,
        failed_logins: Some(3),
    };
    assert_eq!(
        screen.show(&Update::LoggedIn(Box::new(welcome))),
        [
            "-- you are alice, owner of this server; /help lists the commands",
            "-- login as alice has failed 3 times since your last one"
        ]
    );
    let hostile = Change::Notice("\u{9b}2Jhi".to_owned());
    assert_eq!(screen.show(&Update::Changed(hostile)), ["-- \u{fffd}2Jhi"]);
}

#[test]
fn what_is_not_kept_any_more_is_told_apart_from_what_can_be_fetched() {
    let mut screen = Screen::new();
    screen.entry("#ops", "bob", posted("one"));
    screen.apply(Frame::Conversation(ConversationFrame {
        head: Seq::new(30),
        start: Seq::new(11),
        ..fake::conversation("#ops", 0)
    }));
    let gap = Frame::Gap {
        conversation: Address::parse("#ops").unwrap(),
        from: Seq::new(2),
        to: Seq::new(12),
    };
    assert_eq!(
        screen.apply(gap),
        [
            "-- 9 older entries of #ops are not kept any more",
            "-- 2 older entries of #ops are not shown: /to #ops and /history show them"
        ]
    );
}

#[test]
fn a_refused_text_is_shown_whole() {
    let mut screen = Screen::new();
    let mut refused = |text: &str| {
        let verb = Verb::Send(Send {
            to: Address::parse("#ops").unwrap(),
            text: Text::parse(text).unwrap(),
            message: MessageId::parse("m1").unwrap(),
            reply_to: None,
            action: false,
        });
        screen.show(&Update::Refused(Item {
            message: MessageId::parse("m1").unwrap(),
            conversation: Address::parse("#ops").unwrap(),
            verb,
            standing: Standing::Refused("you are not a member".to_owned()),
        }))
    };
    assert_eq!(
        refused("short"),
        ["-- not sent: “short” to #ops: you are not a member"]
    );
    let long = "word ".repeat(30) + "\nand more";
    let shown = refused(&long);
    assert_eq!(shown.len(), 3, "{shown:?}");
    assert_eq!(shown[1], format!("    | {}", "word ".repeat(30)));
    assert_eq!(shown[2], "    | and more");
}
