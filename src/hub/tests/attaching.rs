//! Coming back: backlog and live subscription are taken at one point.

use super::*;

#[tokio::test]
async fn a_session_with_a_cursor_reads_what_it_missed_and_goes_on_live() {
    let mut world = World::new();
    let bob = world.account("bob").await;
    let mut alice = world.enter("alice").await;
    for _ in 0..5 {
        world.ask(&mut alice, "*", post("hi")).await.unwrap();
    }
    let mut session = world.attach(&bob, &[("*", 2)]);
    world.ask(&mut alice, "*", post("live")).await.unwrap();
    let look = session.look().await;
    assert_eq!(look.seqs("*"), [3, 4, 5, 6]);
    assert_eq!(look.opened[0].gap, None);
}

#[tokio::test]
async fn a_session_without_a_cursor_starts_at_the_head() {
    let mut world = World::new();
    let bob = world.account("bob").await;
    let mut alice = world.enter("alice").await;
    world.ask(&mut alice, "*", post("old")).await.unwrap();
    let mut session = world.attach(&bob, &[]);
    assert_eq!(session.look().await.entries.len(), 0);
    world.ask(&mut alice, "*", post("new")).await.unwrap();
    assert_eq!(session.look().await.seqs("*"), [2]);
}

#[tokio::test]
async fn a_backlog_too_long_to_be_sent_is_cut_with_an_explicit_gap() {
    let mut world = World::with(Limits {
        backlog_max: 3,
        ..LIMITS
    });
    let bob = world.account("bob").await;
    let mut alice = world.enter("alice").await;
    for _ in 0..10 {
        world.ask(&mut alice, "*", post("hi")).await.unwrap();
    }
    // Cursor, the gap, and the first entry after it.
    let cases = [
        (10, None, 11),
        (7, None, 8),
        (6, Some((7, 7)), 8),
        (0, Some((1, 7)), 8),
    ];
    for (cursor, gap, first) in cases {
        let mut session = world.attach(&bob, &[("*", cursor)]);
        let look = session.look().await;
        let found = look.opened[0].gap.map(|(from, to)| (from.get(), to.get()));
        assert_eq!(found, gap, "cursor {cursor}");
        assert_eq!(look.seqs("*"), (first..=10).collect::<Vec<_>>());
    }
}

#[tokio::test]
async fn a_cursor_ahead_of_the_log_is_refused() {
    let mut world = World::new();
    let bob = world.account("bob").await;
    for cursor in [1, u64::MAX] {
        let refused = world.try_attach(&bob, &[("*", cursor)]).err();
        assert!(matches!(refused, Some(AttachError::CursorAhead { .. })));
    }
}

#[tokio::test]
async fn a_cursor_of_a_conversation_one_is_not_in_is_ignored() {
    let mut world = World::new();
    let bob = world.account("bob").await;
    let mut alice = world.enter("alice").await;
    let private = create(Visibility::Private);
    world.ask(&mut alice, "#secret", private).await.unwrap();
    let mut session = world.attach(&bob, &[("#secret", 99), ("#absent", 99), ("@alice", 99)]);
    let look = session.look().await;
    assert_eq!((look.opened.len(), look.entries.len()), (1, 0));
}

#[tokio::test]
async fn a_cursor_under_an_earlier_name_finds_the_room() {
    let mut world = World::new();
    let bob = world.account("bob").await;
    let mut alice = world.enter("alice").await;
    let mut session = world.attach(&bob, &[]);
    world
        .ask(&mut alice, "#garden", create(Visibility::Public))
        .await
        .unwrap();
    session.look().await;
    world
        .ask(&mut session, "#garden", Want::Join)
        .await
        .unwrap();
    let name = crate::chat::Setting::Name(room("park"));
    world
        .ask(&mut alice, "#garden", Want::Set(name))
        .await
        .unwrap();
    let mut back = world.attach(&bob, &[("#garden", 2)]);
    let look = back.look().await;
    let park = look
        .opened
        .iter()
        .find(|opened| opened.address == address("#park"))
        .unwrap();
    assert_eq!(park.was, Some(address("#garden")));
    assert_eq!(look.entries.len(), 1);
}

#[tokio::test]
async fn a_token_that_was_revoked_a_moment_ago_lets_nobody_in() {
    let mut world = World::new();
    let bob = world.account("bob").await;
    let (account, token) = (bob.account().id, bob.token());
    world.work(move |tx, _| tx.revoke_token(account, token).map(drop));
    let refused = world.try_attach(&bob, &[]).err();
    assert_eq!(refused, Some(AttachError::Revoked));
}

#[tokio::test]
async fn a_disabled_account_is_not_attached() {
    let mut world = World::new();
    let bob = world.account("bob").await;
    let account = bob.account().id;
    world.work(move |tx, _| tx.set_disabled(account, true));
    assert!(world.try_attach(&bob, &[]).is_err());
}

#[tokio::test]
async fn a_session_that_is_ended_is_told_before_anything_else() {
    let mut world = World::new();
    let bob = world.account("bob").await;
    let mut session = world.attach(&bob, &[]);
    let (account, token) = (bob.account().id, bob.token());
    world.work(move |_, effects| {
        effects.end_one(account, token, Ended::Revoked);
        Ok(())
    });
    assert_eq!(session.look().await.ended, Some(Ended::Revoked));
}
