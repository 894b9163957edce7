//! The state against logs that are cut, repeated and delivered in every way a server may.

use proptest::prelude::*;

use super::*;

/// What a server may do next with a log of a certain length.
#[derive(Clone, Debug)]
enum Turn {
    /// Deliver what comes next, after going back by so many, and leave out so many.
    Deliver { back: u64, skip: u64 },
    /// Cut the connection; the client resumes with its cursor.
    Cut,
    /// Answer everything that was asked for, or refuse it.
    Answer { refuse: bool },
}

fn turn() -> impl Strategy<Value = Turn> {
    prop_oneof![
        8 => (0_u64..4, prop_oneof![9 => Just(0_u64), 1 => 1_u64..700]).prop_map(|(back, skip)| Turn::Deliver { back, skip }),
        1 => Just(Turn::Cut),
        3 => prop_oneof![9 => Just(false), 1 => Just(true)].prop_map(|refuse| Turn::Answer { refuse }),
    ]
}

/// Everything up to the cursor was named exactly once, in order, as an entry or in a gap.
fn assert_told_once(changes: &[Change], from: u64, cursor: u64) {
    let mut next = from + 1;
    for change in changes {
        match change {
            Change::Entry { seq, .. } => {
                assert_eq!(seq.get(), next);
                next += 1;
            }
            Change::Gap { from, to, .. } => {
                assert_eq!(from.get(), next);
                next = to.get() + 1;
            }
            _ => {}
        }
    }
    assert_eq!(next, cursor + 1);
}

proptest! {
    #[test]
    fn however_a_log_is_delivered_each_entry_is_told_once_and_in_order(
        start in 0_u64..5,
        turns in proptest::collection::vec(turn(), 0..50),
    ) {
        let mut state = state(start, start);
        state.apply(Frame::Current {});
        let mut sent = start;
        let mut asked = Vec::new();
        let mut told = Vec::new();
        for turn in turns {
            match turn {
                Turn::Deliver { back, skip } => {
                    sent += skip;
                    let first = (sent + 1).saturating_sub(back).max(1);
                    sent += 1;
                    for seq in first..=sent {
                        told.extend(state.apply(Frame::Entry(said(seq))));
                    }
                }
                Turn::Cut => {
                    state.cut_off();
                    asked.clear();
                    state.begin(user("alice"));
                    told.extend(state.apply(Frame::Conversation(facts(sent))));
                    for seq in state.cursors()["#ops"] + 1..=sent {
                        told.extend(state.apply(Frame::Entry(said(seq))));
                    }
                    told.extend(state.apply(Frame::Current {}));
                }
                Turn::Answer { refuse } => for history in std::mem::take(&mut asked) {
                    let History { after: Some(after), limit: Some(limit), .. } = history else {
                        panic!("a hole is asked for from its start");
                    };
                    let last = sent.min(after.get() + u64::from(limit));
                    let page = if refuse { Vec::new() } else { (after.get() + 1..=last).map(said).collect() };
                    told.extend(state.page(&ops(), page, Some(&end(sent)), Purpose::Hole));
                },
            }
            asked.extend(state.wanted());
        }
        let cursor = state.conversation(&ops()).unwrap().cursor().get();
        assert_told_once(&told, start, cursor);
        // Nothing is left waiting without having been asked for.
        if asked.is_empty() {
            prop_assert_eq!(cursor, sent);
        }
    }
}
