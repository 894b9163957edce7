//! Each promise broken on purpose, and found.

use super::*;

fn line(seq: u64, message: &str) -> Line {
    Line {
        place: "#a".to_owned(),
        seq,
        by: "alice".to_owned(),
        kind: "posted".to_owned(),
        message: Some(message.to_owned()),
        about: About::Nothing,
    }
}

fn by(by: &str, kind: &str, about: About, line: Line) -> Line {
    Line {
        by: by.to_owned(),
        kind: kind.to_owned(),
        about,
        ..line
    }
}

fn history(lines: &[Line]) -> BTreeMap<Where, Standing> {
    let standing = Standing {
        lines: lines.to_vec(),
        ..Standing::default()
    };
    BTreeMap::from([("#a".to_owned(), standing)])
}

/// The same, with what can be read there.
fn reading(lines: &[Line], texts: &[(u64, &str)]) -> BTreeMap<Where, Standing> {
    let mut history = history(lines);
    let standing = history.get_mut("#a").unwrap();
    standing.texts = texts
        .iter()
        .map(|(at, text)| (*at, (*text).to_owned()))
        .collect();
    history
}

/// The same, with what the room says its members may do.
fn with_roles(lines: &[Line], roles: &[(&str, RoomRole)]) -> BTreeMap<Where, Standing> {
    let mut history = history(lines);
    let roles = roles.iter().map(|(who, role)| ((*who).to_owned(), *role));
    history.get_mut("#a").unwrap().roles = Some(roles.collect());
    history
}

fn alice(events: Vec<Event>) -> Vec<Record> {
    vec![Record {
        who: "alice".to_owned(),
        member_of: vec!["#a".to_owned()],
        events,
    }]
}

fn sent(message: &str) -> Event {
    Event::Sent {
        message: message.to_owned(),
        place: "#a".to_owned(),
        text: None,
    }
}

fn gave(message: &str, text: &str) -> Event {
    Event::Sent {
        message: message.to_owned(),
        place: "#a".to_owned(),
        text: Some(text.to_owned()),
    }
}

fn answered(message: &str, seq: u64) -> Event {
    Event::Answered {
        message: message.to_owned(),
        seq,
    }
}

#[test]
fn a_run_that_kept_every_promise_gives_nothing_to_report() {
    let history = history(&[line(1, "m1"), line(2, "m2")]);
    let told = vec![
        sent("m1"),
        Event::Saw(line(1, "m1")),
        answered("m1", 1),
        sent("m2"),
        answered("m2", 2),
        Event::Gap {
            place: "#a".to_owned(),
            from: 2,
            to: 2,
        },
    ];
    assert_eq!(check(&history, &alice(told)), []);
}

#[test]
fn what_was_answered_and_is_not_there_is_lost() {
    let found = check(&history(&[]), &alice(vec![sent("m1"), answered("m1", 1)]));
    assert!(matches!(found[..], [Finding::Lost { .. }]), "{found:?}");
}

#[test]
fn one_message_at_two_places_is_doubled() {
    let found = check(&history(&[line(1, "m1"), line(2, "m1")]), &[]);
    assert!(
        matches!(found[..], [Finding::Doubled { seqs: (1, 2), .. }]),
        "{found:?}"
    );
}

#[test]
fn an_answer_that_names_another_place_is_misplaced() {
    let history = history(&[line(1, "m0"), line(2, "m1")]);
    let found = check(&history, &alice(vec![sent("m1"), answered("m1", 1)]));
    assert!(
        matches!(
            found[..],
            [Finding::Misplaced {
                said: 1,
                stands: 2,
                ..
            }]
        ),
        "{found:?}"
    );
}

#[test]
fn a_hole_in_the_history_and_a_hole_in_what_was_shown_are_found() {
    let found = check(&history(&[line(1, "m1"), line(3, "m3")]), &[]);
    assert!(
        matches!(
            found[..],
            [Finding::Hole {
                after: 1,
                next: 3,
                ..
            }]
        ),
        "{found:?}"
    );
    let whole = history(&[line(1, "m1"), line(2, "m2")]);
    let found = check(&whole, &alice(vec![Event::Saw(line(2, "m2"))]));
    assert!(
        matches!(found[..], [Finding::ShownTwiceOrMissed { .. }]),
        "{found:?}"
    );
    let twice = vec![Event::Saw(line(1, "m1")), Event::Saw(line(1, "m1"))];
    let found = check(&whole, &alice(twice));
    assert!(
        matches!(found[..], [Finding::ShownTwiceOrMissed { .. }]),
        "{found:?}"
    );
}

#[test]
fn what_is_shown_and_not_in_the_history_or_to_a_stranger_is_found() {
    let found = check(
        &history(&[line(1, "m1")]),
        &alice(vec![Event::Saw(line(1, "x"))]),
    );
    assert!(
        matches!(found[..], [Finding::ShownOtherwise { .. }]),
        "{found:?}"
    );
    let mut stranger = alice(vec![Event::Saw(line(1, "m1"))]);
    stranger[0].member_of.clear();
    let found = check(&history(&[line(1, "m1")]), &stranger);
    assert!(
        matches!(found[..], [Finding::ShownToStranger { .. }]),
        "{found:?}"
    );
}

#[test]
fn what_was_never_answered_is_found() {
    let found = check(&history(&[]), &alice(vec![sent("m1")]));
    assert!(
        matches!(found[..], [Finding::NeverDone { .. }]),
        "{found:?}"
    );
}

#[test]
fn what_was_edited_says_its_newest_text_and_what_was_deleted_says_nothing() {
    let edited = |seq, message| by("alice", "edited", About::Message(1), line(seq, message));
    let deleted = by("alice", "deleted", About::Message(1), line(4, "m4"));
    let log = [line(1, "m1"), edited(2, "m2"), edited(3, "m3"), deleted];
    let told = alice(vec![
        gave("m1", "one"),
        answered("m1", 1),
        gave("m2", "two"),
        answered("m2", 2),
        gave("m3", "three"),
        answered("m3", 3),
        sent("m4"),
        answered("m4", 4),
    ]);
    let found = |last: usize, texts: &[(u64, &str)]| {
        let mut told = told.clone();
        told[0].events.truncate(2 * last);
        check(&reading(&log[..last], texts), &told)
    };
    for (last, texts) in [
        (1, &[(1, "one")][..]),
        (2, &[(1, "two"), (2, "two")]),
        (3, &[(1, "three"), (3, "three")]),
        (4, &[]),
    ] {
        assert_eq!(found(last, texts), []);
    }
    for (last, texts) in [
        // Another text, none, the one before, a replaced one that is kept.
        (1, &[(1, "two")][..]),
        (1, &[]),
        (2, &[(1, "one"), (2, "two")]),
        (3, &[(1, "three"), (2, "two"), (3, "three")]),
        // Deleted, and there all the same: in the message, in its edit.
        (4, &[(1, "three")]),
        (4, &[(3, "three")]),
    ] {
        let found = found(last, texts);
        assert!(
            matches!(
                found[..],
                [Finding::Contradicted(Contradiction::SaysOtherwise { .. })]
            ),
            "{last} {texts:?}: {found:?}"
        );
    }
}

#[test]
fn a_deletion_that_was_answered_and_is_not_in_the_log_is_lost() {
    let told = vec![
        gave("m1", "one"),
        answered("m1", 1),
        sent("d1"),
        answered("d1", 2),
    ];
    let found = check(&reading(&[line(1, "m1")], &[(1, "one")]), &alice(told));
    assert!(matches!(found[..], [Finding::Lost { .. }]), "{found:?}");
}

#[test]
fn a_role_that_was_answered_and_does_not_stand_is_found() {
    let role = |role| About::Role("bob".to_owned(), role);
    let log = [
        by("alice", "created", About::Nothing, line(1, "m1")),
        by("bob", "joined", About::Nothing, line(2, "b1")),
        by("alice", "role", role(RoomRole::Moderator), line(3, "m2")),
    ];
    let told = || alice(vec![sent("m2"), answered("m2", 3)]);
    let (owner, moderator) = (("alice", RoomRole::Owner), ("bob", RoomRole::Moderator));
    assert_eq!(check(&with_roles(&log, &[owner, moderator]), &told()), []);
    for stands in [&[owner, ("bob", RoomRole::Member)][..], &[owner]] {
        let found = check(&with_roles(&log, stands), &told());
        assert!(
            matches!(
                found[..],
                [Finding::Contradicted(Contradiction::RoleOtherwise {
                    given: Some(RoomRole::Moderator),
                    ..
                })]
            ),
            "{found:?}"
        );
    }
    let without = [owner, ("bob", RoomRole::Member)];
    let found = check(&with_roles(&log[..2], &without), &told());
    assert!(matches!(found[..], [Finding::Lost { .. }]), "{found:?}");
}

#[test]
fn what_was_done_without_the_role_for_it_is_found() {
    let start = [
        by("alice", "created", About::Nothing, line(1, "m1")),
        by("bob", "joined", About::Nothing, line(2, "b1")),
        line(3, "m2"),
    ];
    let deletes = by("bob", "deleted", About::Message(3), line(4, "b2"));
    let promotes = by(
        "bob",
        "role",
        About::Role("bob".to_owned(), RoomRole::Owner),
        line(4, "b2"),
    );
    let kicks = by(
        "bob",
        "kicked",
        About::User("alice".to_owned()),
        line(4, "b2"),
    );
    for deed in [deletes, promotes, kicks] {
        let log = [&start[..], &[deed]].concat();
        let found = check(&history(&log), &[]);
        assert!(
            matches!(
                found[..],
                [Finding::Contradicted(Contradiction::DoneWithoutRight {
                    role: Some(RoomRole::Member),
                    ..
                })]
            ),
            "{found:?}"
        );
    }
}

#[test]
fn a_read_position_that_moves_back_is_found() {
    let read = |seq| Event::ReadTo {
        place: "#a".to_owned(),
        seq,
    };
    assert_eq!(
        check(&history(&[]), &alice(vec![read(2), read(2), read(7)])),
        []
    );
    let found = check(&history(&[]), &alice(vec![read(7), read(2), read(3)]));
    assert!(
        matches!(
            found[..],
            [Finding::Contradicted(Contradiction::ReadMovedBack {
                from: 7,
                to: 2,
                ..
            })]
        ),
        "{found:?}"
    );
}

#[test]
fn who_comes_first_after_all_have_left_is_the_owner() {
    let log = [
        by("alice", "created", About::Nothing, line(1, "m1")),
        by("alice", "left", About::Nothing, line(2, "m2")),
        by("bob", "joined", About::Nothing, line(3, "b1")),
    ];
    let stands = |role| check(&with_roles(&log, &[("bob", role)]), &[]);
    assert_eq!(stands(RoomRole::Owner), []);
    assert_ne!(stands(RoomRole::Member), []);
}
