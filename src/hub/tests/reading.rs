//! What a session reads: its conversations from where it came in to where it went, each entry once.

use super::*;
use crate::{chat::Setting, hub::tail::TAIL_ENTRIES_MAX};

/// Alice owns `#garden`, bob is in it, and both have looked.
async fn garden(world: &mut World) -> (Session, Session) {
    let (mut alice, mut bob) = (world.enter("alice").await, world.enter("bob").await);
    let public = create(Visibility::Public);
    assert_eq!(seq_of(world.ask(&mut alice, "#garden", public).await), 1);
    assert_eq!(seq_of(world.ask(&mut bob, "#garden", Want::Join).await), 2);
    alice.look().await;
    (alice, bob)
}

#[tokio::test]
async fn marks_of_a_slow_reader_merge_and_it_reads_everything_once() {
    let mut world = World::new();
    let (mut alice, mut bob) = (world.enter("alice").await, world.enter("bob").await);
    for number in 1..=50 {
        let posted = world.ask(&mut alice, "*", post(&format!("{number}"))).await;
        assert_eq!(seq_of(posted), number);
    }
    let look = bob.look().await;
    assert_eq!(look.seqs("*"), (1..=50).collect::<Vec<_>>());
    assert_eq!(look.from_store, 0);
    assert_eq!(bob.look().await.entries.len(), 0);
}

#[tokio::test]
async fn who_keeps_up_with_much_reads_the_very_same_bytes_as_the_others() {
    let mut world = World::new();
    let (mut alice, mut bob) = (world.enter("alice").await, world.enter("bob").await);
    let mut carol = world.enter("carol").await;
    for session in [&mut alice, &mut bob, &mut carol] {
        session.look().await;
    }
    let jobs = (0..20).map(|_| alice.job("*", post("hi"))).collect();
    world.step(jobs);
    let (hers, his) = (alice.run(), bob.run());
    assert_eq!(hers.as_ptr(), his.as_ptr());
    assert_eq!(hers.split(|&byte| byte == b'\n').count(), 20 + 1);
    // Carol has not looked, and wants more than they did.
    world.step((0..20).map(|_| alice.job("*", post("hi"))).collect());
    assert_eq!(alice.run(), bob.run());
    assert_eq!(carol.look().await.seqs("*"), (1..=40).collect::<Vec<_>>());
    assert_eq!(bob.look().await.entries.len(), 0);
}

#[tokio::test]
async fn who_has_much_to_read_shares_each_piece_of_it_with_the_others() {
    let mut world = World::new();
    let (mut alice, mut bob) = (world.enter("alice").await, world.enter("bob").await);
    alice.look().await;
    bob.look().await;
    world.step((0..300).map(|_| alice.job("*", post("hi"))).collect());
    let (hers, his) = ([alice.run(), alice.run()], [bob.run(), bob.run()]);
    assert_ne!(hers[0], hers[1]);
    for (hers, his) in hers.iter().zip(&his) {
        assert_eq!(hers.as_ptr(), his.as_ptr());
    }
}

#[tokio::test]
async fn a_few_entries_are_copied_for_each_reader() {
    let mut world = World::new();
    let (mut alice, mut bob) = (world.enter("alice").await, world.enter("bob").await);
    bob.look().await;
    world.step((0..7).map(|_| alice.job("*", post("hi"))).collect());
    bob.feed.take();
    let mut out = Vec::new();
    let step = bob.feed.copy(encode, &mut out, 1024);
    assert!(matches!(step, Step::Done), "{step:?}");
    assert!(!out.is_empty());
    world.step((0..8).map(|_| alice.job("*", post("hi"))).collect());
    assert!(!bob.run().is_empty());
}

#[tokio::test]
async fn who_has_fallen_behind_the_tail_goes_on_from_the_store_without_a_hole() {
    let mut world = World::new();
    let (mut alice, mut bob) = (world.enter("alice").await, world.enter("bob").await);
    let count = u64::try_from(TAIL_ENTRIES_MAX).unwrap() + 20;
    let jobs = (0..count).map(|_| alice.job("*", post("hi"))).collect();
    world.step(jobs);
    let look = bob.look().await;
    assert!(look.from_store > 0);
    assert_eq!(look.seqs("*"), (1..=count).collect::<Vec<_>>());
}

#[tokio::test]
async fn what_all_have_had_time_to_read_is_let_go_of_and_is_read_from_the_store_after_that() {
    let mut world = World::new();
    let (mut alice, mut bob) = (world.enter("alice").await, world.enter("bob").await);
    world.core.step(vec![alice.job("*", post("old"))], at(1));
    alice.look().await;
    world.core.step(vec![alice.job("*", post("new"))], at(9));
    world.core.step(vec![Job::Tick], at(12));
    let (alices, bobs) = (alice.look().await, bob.look().await);
    assert_eq!(alices.entries, ["* 2 new"]);
    assert_eq!(bobs.entries, ["* 1 stored", "* 2 stored"]);
    world.core.step(vec![Job::Tick], at(30));
    world
        .core
        .step(vec![alice.job("*", post("newest"))], at(31));
    assert_eq!(bob.look().await.entries, ["* 3 newest"]);
}

#[tokio::test]
async fn a_wake_up_that_nobody_waits_for_is_kept() {
    let mut world = World::new();
    let (mut alice, bob) = (world.enter("alice").await, world.enter("bob").await);
    assert!(!bob.is_woken(), "it has looked already");
    world.ask(&mut alice, "*", post("one")).await.unwrap();
    world.ask(&mut alice, "*", post("two")).await.unwrap();
    assert!(bob.is_woken());
    assert!(!bob.is_woken(), "two wake-ups are one");
}

#[tokio::test]
async fn who_is_kicked_reads_up_to_that_and_nothing_after() {
    let mut world = World::new();
    let (mut alice, mut bob) = garden(&mut world).await;
    let jobs = vec![
        alice.job("#garden", post("before")),
        alice.job("#garden", kick("bob")),
        alice.job("#garden", post("after")),
    ];
    world.step(jobs);
    world
        .ask(&mut alice, "#garden", post("much later"))
        .await
        .unwrap();
    assert_eq!(
        bob.look().await.entries,
        ["#garden 3 before", "#garden 4 kicked"]
    );
    assert_eq!(bob.feed.conversation(&address("#garden")), None);
    let refused = world.ask(&mut bob, "#garden", post("hello?")).await;
    assert!(refused.is_err());
    world
        .ask(&mut alice, "#garden", post("later still"))
        .await
        .unwrap();
    assert_eq!(bob.look().await.entries.len(), 0);
}

#[tokio::test]
async fn who_is_kicked_and_comes_back_at_once_reads_on_from_the_return() {
    let mut world = World::new();
    let (mut alice, mut bob) = garden(&mut world).await;
    let jobs = vec![
        alice.job("#garden", kick("bob")),
        alice.job("#garden", post("behind his back")),
        bob.job("#garden", Want::Join),
        alice.job("#garden", post("welcome")),
    ];
    world.step(jobs);
    let look = bob.look().await;
    assert_eq!(look.seqs("#garden"), [3, 5, 6]);
    assert_eq!(look.opened_after, [1]);
    assert!(bob.feed.conversation(&address("#garden")).is_some());
    world
        .ask(&mut alice, "#garden", post("more"))
        .await
        .unwrap();
    assert_eq!(bob.look().await.seqs("#garden"), [7]);
}

#[tokio::test]
async fn all_sessions_of_an_account_come_and_go_together() {
    let mut world = World::new();
    let identity = world.account("carol").await;
    let (mut desk, mut phone) = (world.attach(&identity, &[]), world.attach(&identity, &[]));
    let (mut alice, _bob) = garden(&mut world).await;
    desk.look().await;
    phone.look().await;
    world.ask(&mut desk, "#garden", Want::Join).await.unwrap();
    let look = phone.look().await;
    assert_eq!((look.opened.len(), look.entries.len()), (1, 1));
    world.ask(&mut phone, "#garden", Want::Leave).await.unwrap();
    assert_eq!(desk.look().await.entries, ["#garden 4 left"]);
    world
        .ask(&mut alice, "#garden", post("gone?"))
        .await
        .unwrap();
    assert_eq!(
        desk.look().await.entries.len() + phone.look().await.entries.len(),
        0
    );
}

#[tokio::test]
async fn a_session_that_is_gone_is_detached_and_its_requests_are_not_done() {
    let mut world = World::new();
    let (mut alice, mut bob) = (world.enter("alice").await, world.enter("bob").await);
    let late = bob.job("*", post("from nobody"));
    drop(bob);
    world.step(vec![late, alice.job("*", post("hi"))]);
    assert_eq!(alice.look().await.entries, ["* 1 hi"]);
}

#[tokio::test]
async fn a_renamed_room_is_read_on_under_its_new_name() {
    let mut world = World::new();
    let (mut alice, mut bob) = garden(&mut world).await;
    let jobs = vec![
        alice.job("#garden", post("before")),
        alice.job("#garden", Want::Set(Setting::Name(room("park")))),
        alice.job("#park", post("after")),
    ];
    world.step(jobs);
    let look = bob.look().await;
    let told = ["#garden 3 stored", "#garden 4 stored", "#park 5 after"];
    assert_eq!(look.entries, told);
    assert_eq!(bob.feed.conversation(&address("#garden")), None);
    assert!(bob.feed.conversation(&address("#park")).is_some());
    // Who still says the old name is understood.
    assert_eq!(seq_of(world.ask(&mut bob, "#garden", post("hm")).await), 6);
}

#[tokio::test]
async fn the_two_sides_of_a_direct_conversation_call_it_by_each_other() {
    let mut world = World::new();
    let (mut alice, mut bob) = (world.enter("alice").await, world.enter("bob").await);
    world.ask(&mut bob, "@alice", post("hi")).await.unwrap();
    assert_eq!(alice.look().await.entries, ["@bob 1 hi"]);
    let job = alice.job("@bob", post("ho"));
    world.step(vec![job]);
    assert_eq!(bob.look().await.entries, ["@alice 2 ho"]);
    // To oneself, for notes.
    let note = alice.job("@alice", post("milk"));
    world.step(vec![note]);
    assert_eq!(alice.look().await.entries, ["@alice 1 milk", "@bob 2 ho"]);
}

#[tokio::test]
async fn the_oldest_values_of_a_session_that_does_not_look_are_dropped() {
    let mut world = World::new();
    let (alice, mut bob) = (world.enter("alice").await, world.enter("bob").await);
    let typing = |_| Job::Typing {
        key: alice.key(),
        to: address("*"),
    };
    world.step((0..10_000).map(typing).collect());
    assert!(bob.look().await.values.len() <= 256);
}
