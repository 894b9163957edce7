//! Each promise broken on purpose, and found.

use super::*;

fn line(seq: u64, message: &str) -> Line {
    Line {
        place: "#a".to_owned(),
        seq,
        by: "alice".to_owned(),
        kind: "posted".to_owned(),
        message: Some(message.to_owned()),
    }
}

fn history(lines: &[Line]) -> BTreeMap<Where, Vec<Line>> {
    BTreeMap::from([("#a".to_owned(), lines.to_vec())])
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
