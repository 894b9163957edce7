//! The state, one rule after the other.

mod counts;
mod delivery;

use super::*;
use crate::{
    client::fake::{self, posted},
    model::{Emoji, RoomName, Text},
    protocol::EntryBody,
};

fn user(name: &str) -> UserName {
    UserName::parse(name).unwrap()
}

fn ops() -> Address {
    Address::parse("#ops").unwrap()
}

fn entry(seq: u64, by: &str, body: EntryBody) -> EntryFrame {
    fake::entry("#ops", seq, by, body)
}

fn said(seq: u64) -> EntryFrame {
    entry(seq, "bob", posted(&format!("text {seq}")))
}

fn facts(head: u64) -> ConversationFrame {
    fake::conversation("#ops", head)
}

fn end(head: u64) -> HistoryEnd {
    HistoryEnd {
        count: 0,
        start: Seq::FIRST,
        head: Seq::new(head),
        more: true,
    }
}

/// A state that knows `#ops` with this head and is up to date.
fn state(cursor: u64, head: u64) -> State {
    let mut state = State::new(Cursors::from([("#ops".to_owned(), cursor)]));
    state.begin(user("alice"));
    state.apply(Frame::Conversation(facts(head)));
    state
}

/// The sequence numbers that were named, and the gaps.
fn seen(changes: &[Change]) -> Vec<u64> {
    changes
        .iter()
        .flat_map(|change| match change {
            Change::Entry { seq, .. } => vec![seq.get()],
            Change::Gap { from, to, .. } => vec![from.get() + 1_000_000, to.get() + 1_000_000],
            _ => Vec::new(),
        })
        .collect()
}

fn text_of(state: &State, seq: u64) -> String {
    let held = state.conversation(&ops()).unwrap().held(Seq::new(seq));
    match &held.unwrap().entry().body {
        EntryBody::Posted {
            text: Some(text),
            reactions,
            ..
        } => {
            let reactions: Vec<_> = reactions
                .iter()
                .map(|known| format!("{}{}", known.emoji.as_str(), known.count))
                .collect();
            format!("{} {}", text.as_str(), reactions.join(" "))
                .trim()
                .to_owned()
        }
        EntryBody::Posted { .. } => "deleted".to_owned(),
        other => format!("{other:?}"),
    }
}

#[test]
fn without_a_cursor_a_conversation_starts_at_its_head() {
    let mut state = State::default();
    state.begin(user("alice"));
    state.apply(Frame::Conversation(facts(40)));
    state.apply(Frame::Current {});
    assert_eq!(state.cursors(), Cursors::from([("#ops".to_owned(), 40)]));
    assert!(state.wanted().is_empty());
    assert_eq!(
        state.conversation(&ops()).unwrap().page_before(),
        Some(Seq::new(41))
    );
}

#[test]
fn a_conversation_that_begins_shows_its_first_entry_though_its_head_counts_it() {
    let mut state = State::default();
    state.begin(user("alice"));
    state.apply(Frame::Current {});
    state.apply(Frame::Conversation(facts(7)));
    assert_eq!(seen(&state.apply(Frame::Entry(said(7)))), [7]);
    assert_eq!(seen(&state.apply(Frame::Entry(said(7)))), Vec::<u64>::new());
}

#[test]
fn what_somebody_wrote_for_the_first_time_while_one_was_away_is_asked_for() {
    let mut state = State::default();
    state.begin(user("alice"));
    let bob = Address::Direct(user("bob"));
    state.apply(Frame::Conversation(ConversationFrame {
        conversation: bob.clone(),
        ..facts(2)
    }));
    state.apply(Frame::Current {});
    let wanted = state.wanted();
    assert_eq!((&wanted[0].of, wanted[0].after), (&bob, Some(Seq::ZERO)));
}

#[test]
fn a_missed_entry_comes_before_the_live_one_and_is_called_so() {
    let mut state = state(3, 4);
    let ages = |changes: Vec<Change>| match changes.first() {
        Some(Change::Entry { age, .. }) => Some(*age),
        _ => None,
    };
    assert_eq!(ages(state.apply(Frame::Entry(said(4)))), Some(Age::Missed));
    state.apply(Frame::Current {});
    assert_eq!(ages(state.apply(Frame::Entry(said(5)))), Some(Age::New));
    assert_eq!(ages(state.apply(Frame::Entry(said(5)))), None);
}

#[test]
fn a_hole_is_asked_for_and_what_is_behind_it_waits() {
    let mut state = state(3, 3);
    state.apply(Frame::Current {});
    assert_eq!(seen(&state.apply(Frame::Entry(said(6)))), Vec::<u64>::new());
    let wanted = state.wanted();
    assert_eq!(
        (wanted[0].after, wanted[0].limit),
        (Some(Seq::new(3)), Some(2))
    );
    assert!(state.wanted().is_empty(), "asked once");
    let changes = state.page(&ops(), vec![said(4), said(5)], Some(&end(6)), Purpose::Hole);
    assert_eq!(seen(&changes), [4, 5, 6]);
}

#[test]
fn what_cannot_be_had_is_named_as_a_gap() {
    let mut state = state(3, 3);
    state.apply(Frame::Current {});
    state.apply(Frame::Entry(said(6)));
    state.wanted();
    let changes = state.page(&ops(), Vec::new(), None, Purpose::Hole);
    assert_eq!(seen(&changes), [1_000_004, 1_000_005, 6]);
}

#[test]
fn a_gap_the_server_names_is_shown_and_paged_in_from_its_newer_end() {
    let mut state = state(3, 1000);
    let gap = Frame::Gap {
        conversation: ops(),
        from: Seq::new(4),
        to: Seq::new(998),
    };
    assert_eq!(seen(&state.apply(gap)), [1_000_004, 1_000_998]);
    state.apply(Frame::Entry(said(999)));
    state.apply(Frame::Entry(said(1000)));
    state.apply(Frame::Current {});
    let before = |state: &State| state.conversation(&ops()).unwrap().page_before();
    assert_eq!(before(&state), Some(Seq::new(999)));
    state.page(
        &ops(),
        vec![said(997), said(998)],
        Some(&end(1000)),
        Purpose::Past,
    );
    assert_eq!(before(&state), Some(Seq::new(997)));
    state.page(
        &ops(),
        (1..=996).map(said).collect(),
        Some(&end(1000)),
        Purpose::Past,
    );
    assert_eq!(before(&state), None);
}

#[test]
fn a_cursor_that_was_not_sent_leads_to_a_question_when_all_else_has_come() {
    let mut state = state(3, 5);
    assert!(state.wanted().is_empty());
    state.apply(Frame::Current {});
    assert_eq!(state.wanted()[0].after, Some(Seq::new(3)));
}

#[test]
fn edits_deletions_and_reactions_change_the_message_they_are_about() {
    let mut state = state(0, 0);
    state.apply(Frame::Current {});
    let emoji = || Emoji::parse("👍").unwrap();
    let target = Seq::new(1);
    let live = [
        ("bob", posted("helo"), "helo"),
        (
            "bob",
            EntryBody::Edited {
                target,
                text: Text::parse("hello").ok(),
            },
            "hello",
        ),
        (
            "bob",
            EntryBody::Reacted {
                target,
                emoji: emoji(),
            },
            "hello 👍1",
        ),
        (
            "carol",
            EntryBody::Reacted {
                target,
                emoji: emoji(),
            },
            "hello 👍2",
        ),
        (
            "bob",
            EntryBody::Unreacted {
                target,
                emoji: emoji(),
            },
            "hello 👍1",
        ),
        ("bob", EntryBody::Deleted { target }, "deleted"),
        (
            "carol",
            EntryBody::Unreacted {
                target,
                emoji: emoji(),
            },
            "deleted",
        ),
    ];
    for (seq, (by, body, reads)) in (1..).zip(live) {
        state.apply(Frame::Entry(entry(seq, by, body)));
        assert_eq!(text_of(&state, 1), reads);
    }
}

#[test]
fn what_a_page_includes_already_is_not_counted_again() {
    let mut state = state(9, 9);
    state.apply(Frame::Current {});
    let emoji = Emoji::parse("👍").unwrap();
    let mut as_now = said(5);
    if let EntryBody::Posted { reactions, .. } = &mut as_now.body {
        reactions.push(crate::protocol::Reaction {
            emoji: emoji.clone(),
            count: 9,
            users: vec![user("dora")],
        });
    }
    let reacted = EntryBody::Reacted {
        target: Seq::new(5),
        emoji,
    };
    let page = vec![as_now, entry(6, "carol", reacted.clone())];
    state.page(&ops(), page, Some(&end(9)), Purpose::Past);
    assert_eq!(text_of(&state, 5), "text 5 👍9");
    state.apply(Frame::Entry(entry(10, "erin", reacted)));
    assert_eq!(text_of(&state, 5), "text 5 👍10");
}

#[test]
fn a_renamed_room_keeps_its_entries_and_its_cursor() {
    let mut state = state(1, 1);
    state.apply(Frame::Current {});
    state.apply(Frame::Entry(said(2)));
    let fire = Address::parse("#fire").unwrap();
    let frame = ConversationFrame {
        conversation: fire.clone(),
        was: Some(ops()),
        ..facts(2)
    };
    let changes = state.apply(Frame::Conversation(frame));
    assert!(changes.contains(&Change::Renamed {
        was: ops(),
        now: fire.clone()
    }));
    assert!(state.conversations().all(|known| *known.address() == fire));
    assert_eq!(state.conversation(&fire).unwrap().cursor(), Seq::new(2));
}

#[test]
fn a_room_that_is_renamed_live_is_found_by_both_names() {
    let mut state = state(1, 1);
    state.apply(Frame::Current {});
    let room = RoomName::parse("fire").unwrap();
    let changes = state.apply(Frame::Entry(entry(2, "bob", EntryBody::Renamed { room })));
    assert_eq!(seen(&changes), [2]);
    let fire = Address::parse("#fire").unwrap();
    for address in [ops(), fire.clone()] {
        let known = state.conversation(&address).unwrap();
        assert_eq!(known.address(), &fire);
        assert!(known.held(Seq::new(2)).is_some());
    }
}

#[test]
fn whoever_is_put_out_reads_no_further() {
    let mut state = state(1, 1);
    state.apply(Frame::Current {});
    let kicked = EntryBody::Kicked {
        user: user("alice"),
        reason: crate::model::Reason::default(),
    };
    let changes = state.apply(Frame::Entry(entry(2, "bob", kicked)));
    assert!(changes.contains(&Change::Gone(ops())));
    assert!(
        state
            .conversation(&ops())
            .unwrap()
            .held(Seq::new(2))
            .is_some(),
        "it says why"
    );
    assert_eq!(state.conversations().count(), 0);
    assert_eq!(state.apply(Frame::Entry(said(3))), []);
}

#[test]
fn a_log_that_was_replaced_is_begun_again() {
    let mut state = state(50, 50);
    state.cut_off();
    state.begin(user("alice"));
    state.apply(Frame::Conversation(facts(2)));
    state.apply(Frame::Current {});
    assert_eq!(seen(&state.apply(Frame::Entry(said(3)))), [3]);
}

#[test]
fn a_room_that_was_lost_while_one_was_away_is_gone_once_all_has_been_named() {
    let mut state = state(1, 1);
    state.apply(Frame::Current {});
    state.cut_off();
    state.begin(user("alice"));
    assert_eq!(state.conversations().count(), 1, "nobody knows yet");
    let changes = state.apply(Frame::Current {});
    assert_eq!(changes, [Change::Gone(ops()), Change::Current]);
    assert_eq!(state.conversations().count(), 0);
    assert_eq!(state.cursors(), Cursors::default());
}
