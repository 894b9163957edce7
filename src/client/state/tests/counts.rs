//! What counts as unread while connected.

use super::*;

#[test]
fn only_what_others_say_after_the_servers_count_is_unread() {
    let mut state = state(1, 2);
    state.apply(Frame::Entry(said(2)));
    state.apply(Frame::Current {});
    state.apply(Frame::Entry(entry(3, "alice", posted("mine"))));
    state.apply(Frame::Entry(said(4)));
    let mut calling = posted("@alice");
    if let EntryBody::Posted { mentions, .. } = &mut calling {
        mentions.push(user("Alice"));
    }
    state.apply(Frame::Entry(entry(5, "bob", calling)));
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
    let calling = |seq| {
        let mut body = posted("@alice");
        let EntryBody::Posted { mentions, .. } = &mut body else {
            panic!("{body:?}");
        };
        mentions.push(user("alice"));
        entry(seq, "bob", body)
    };
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
