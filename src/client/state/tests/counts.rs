//! What counts as unread while connected.

use super::*;
use crate::client::fake::calling;

#[test]
fn only_what_others_say_after_the_servers_count_is_unread() {
    let mut state = state(1, 2);
    state.apply(Frame::Entry(said(2)));
    state.apply(Frame::Current {});
    state.apply(Frame::Entry(entry(3, "alice", posted("mine"))));
    state.apply(Frame::Entry(said(4)));
    state.apply(Frame::Entry(entry(5, "bob", calling("Alice"))));
    let unread = state.conversation(&ops()).unwrap().facts().unread;
    assert_eq!((unread.unread, unread.mentions), (2, 1));
    assert_eq!(
        state.conversation(&ops()).unwrap().last_by(&user("alice")),
        Some(Seq::new(3))
    );
}

#[test]
fn what_was_deleted_before_it_was_read_is_not_unread() {
    let mut state = state(10, 10);
    state.apply(Frame::Current {});
    let calling = |seq| entry(seq, "bob", calling("alice"));
    let own = entry(13, "alice", posted("mine"));
    let delete = |seq, target| {
        let target = Seq::new(target);
        entry(seq, "bob", EntryBody::Deleted { target })
    };
    let mut after = |frame| {
        state.apply(Frame::Entry(frame));
        let unread = state.conversation(&ops()).unwrap().facts().unread;
        (unread.unread, unread.mentions)
    };
    assert_eq!(after(said(11)), (1, 0));
    assert_eq!(after(calling(12)), (2, 1));
    assert_eq!(after(own), (2, 1));
    // Of those that count, each once; one's own and what came before did not count.
    assert_eq!(after(delete(14, 12)), (1, 0));
    assert_eq!(after(delete(15, 12)), (1, 0));
    assert_eq!(after(delete(16, 13)), (1, 0));
    assert_eq!(after(delete(17, 3)), (1, 0));
    assert_eq!(after(delete(18, 11)), (0, 0));
}

#[test]
fn whoever_is_blocked_calls_in_vain_as_at_the_server() {
    let mut state = state(10, 10);
    state.apply(Frame::Current {});
    state.blocks([user("Bob"), user("carol")]);
    state.unblock(&user("carol"));
    state.block(user("dave"));
    let after = |state: &mut State, seq, by, body| {
        state.apply(Frame::Entry(entry(seq, by, body)));
        let unread = state.conversation(&ops()).unwrap().facts().unread;
        (unread.unread, unread.mentions)
    };
    let mut here = posted("@here");
    if let EntryBody::Posted { here, .. } = &mut here {
        *here = true;
    }
    assert_eq!(after(&mut state, 11, "bob", calling("Alice")), (1, 0));
    assert_eq!(after(&mut state, 12, "dave", here), (2, 0));
    assert_eq!(after(&mut state, 13, "carol", calling("Alice")), (3, 1));
    // A new session of the same account blocks whom it blocked.
    state.begin(user("alice"));
    state.apply(Frame::Conversation(facts(13)));
    state.apply(Frame::Current {});
    assert_eq!(after(&mut state, 14, "bob", calling("Alice")), (1, 0));
    // What was not counted is not taken away from what was.
    assert_eq!(after(&mut state, 15, "carol", calling("Alice")), (2, 1));
    let target = Seq::new(14);
    let gone = EntryBody::Deleted { target };
    assert_eq!(after(&mut state, 16, "bob", gone), (1, 1));
}

#[test]
fn ones_own_messages_after_a_gap_are_not_unread() {
    let mut state = state(1, 1);
    state.apply(Frame::Current {});
    state.apply(Frame::Entry(entry(4, "alice", posted("mine"))));
    // The page that was asked for cannot be had.
    state.page(&ops(), Vec::new(), None, Purpose::Hole);
    let known = state.conversation(&ops()).unwrap();
    assert_eq!(
        (known.cursor(), known.facts().unread.unread),
        (Seq::new(4), 0)
    );
}

#[test]
fn nothing_is_unread_in_a_room_one_has_lost() {
    let mut state = state(1, 1);
    state.apply(Frame::Current {});
    state.apply(Frame::Entry(said(2)));
    let kicked = EntryBody::Kicked {
        user: user("alice"),
        reason: crate::model::Reason::default(),
    };
    state.apply(Frame::Entry(entry(3, "bob", kicked)));
    let known = state.conversation(&ops()).unwrap();
    let unread = known.facts().unread;
    assert_eq!((unread.read, unread.unread), (known.cursor(), 0));
}

#[test]
fn a_message_that_comes_late_and_was_deleted_meanwhile_is_not_unread() {
    let mut state = state(1, 1);
    state.apply(Frame::Current {});
    let target = Seq::new(2);
    state.apply(Frame::Entry(entry(3, "bob", EntryBody::Deleted { target })));
    let mut gone = said(2);
    if let EntryBody::Posted { deleted, text, .. } = &mut gone.body {
        (*deleted, *text) = (true, None);
    }
    state.page(&ops(), vec![gone], Some(&end(3)), Purpose::Hole);
    assert_eq!(state.conversation(&ops()).unwrap().facts().unread.unread, 0);
}
