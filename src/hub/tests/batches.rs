//! One batch is one transaction: in order, all or nothing, seen only afterwards.

use std::{collections::VecDeque, time::Duration};

use super::*;
use crate::{
    chat::Refusal,
    hub::{BATCH_MAX, Message, Refused, Taken, gather_time, take},
};

fn failing() -> Job {
    job_of(|_, _| Err(StoreError::Full))
}

#[tokio::test]
async fn requests_of_one_batch_are_done_in_their_order() {
    let mut world = World::new();
    let (mut alice, mut bob) = (world.enter("alice").await, world.enter("bob").await);
    let jobs = vec![
        alice.job("*", post("one")),
        bob.job("*", post("two")),
        alice.job("*", post("three")),
    ];
    world.step(jobs);
    let (alices, bobs) = (alice.look().await, bob.look().await);
    assert_eq!(alices.entries, ["* 1 one", "* 2 two", "* 3 three"]);
    assert_eq!(alices.entries, bobs.entries);
    let answered: Vec<_> = alices
        .answers
        .into_iter()
        .map(|(id, o)| (id, seq_of(o)))
        .collect();
    assert_eq!(answered, [(1, 1), (2, 3)]);
}

#[tokio::test]
async fn a_batch_that_is_not_committed_is_refused_as_a_whole_and_leaves_no_trace() {
    let mut world = World::new();
    let (mut alice, mut bob) = (world.enter("alice").await, world.enter("bob").await);
    assert_eq!(seq_of(world.ask(&mut alice, "*", post("before")).await), 1);
    bob.look().await;
    let jobs = vec![
        alice.job("*", post("lost")),
        alice.job("#lost", create(Visibility::Public)),
        bob.job("@alice", post("lost")),
        failing(),
        bob.job("*", post("lost as well")),
    ];
    world.step(jobs);
    for (session, asked) in [(&mut alice, 2), (&mut bob, 2)] {
        let look = session.look().await;
        assert_eq!((look.entries.len(), look.opened.len()), (0, 0));
        let outcomes: Vec<_> = look
            .answers
            .into_iter()
            .map(|(_, outcome)| outcome)
            .collect();
        assert_eq!(outcomes, vec![Err(Refused::Unavailable); asked]);
    }
    // The places are given to those who come next, and the room can be made.
    assert_eq!(seq_of(world.ask(&mut bob, "*", post("after")).await), 2);
    let made = world.ask(&mut bob, "#lost", create(Visibility::Public));
    assert_eq!(seq_of(made.await), 1);
    assert_eq!(seq_of(world.ask(&mut bob, "@alice", post("hi")).await), 1);
    assert_eq!(alice.look().await.entries, ["@bob 1 hi", "* 2 after"]);
}

#[tokio::test]
async fn a_panic_in_a_batch_refuses_that_batch_alone() {
    let mut world = World::new();
    let mut alice = world.enter("alice").await;
    let jobs = vec![
        alice.job("*", post("lost")),
        job_of(|_, _| panic!("the defect this test is about")),
    ];
    world.step(jobs);
    assert_eq!(alice.look().await.answer(), Err(Refused::Unavailable));
    assert_eq!(seq_of(world.ask(&mut alice, "*", post("kept")).await), 1);
}

#[tokio::test]
async fn the_same_request_twice_in_one_batch_is_done_once() {
    let mut world = World::new();
    let mut alice = world.enter("alice").await;
    let jobs = vec![
        alice.named("*", post("hi"), Some(("m", 1))),
        alice.named("*", post("hi"), Some(("m", 1))),
        alice.named("*", post("ho"), Some(("m", 2))),
    ];
    world.step(jobs);
    let look = alice.look().await;
    assert_eq!(look.entries, ["* 1 hi"]);
    let [(_, first), (_, second), (_, other)] = look.answers.try_into().unwrap();
    assert_eq!(first, second);
    assert_eq!((seq_of(first), other), (1, Err(Refused::MessageIdReused)));
}

#[tokio::test]
async fn a_repeated_request_gets_its_first_answer_though_it_would_be_refused_now() {
    let mut world = World::new();
    let mut alice = world.enter("alice").await;
    let visibility = Visibility::Public;
    world
        .ask(&mut alice, "#garden", Want::Create { visibility })
        .await
        .unwrap();
    let said = alice.named("#garden", post("hi"), Some(("m", 1)));
    world.step(vec![said]);
    let first = alice.look().await.answer();
    world.ask(&mut alice, "#garden", Want::Leave).await.unwrap();
    let refused = world.ask(&mut alice, "#garden", post("ho")).await;
    assert!(matches!(refused, Err(Refused::Rule(_))), "{refused:?}");
    let again = alice.named("#garden", post("hi"), Some(("m", 1)));
    world.step(vec![again]);
    assert_eq!(alice.look().await.answer(), first);
}

#[tokio::test]
async fn a_message_id_that_is_used_up_makes_no_conversation() {
    let mut world = World::new();
    let (mut alice, mut bob) = (world.enter("alice").await, world.enter("bob").await);
    let said = alice.named("*", post("hi"), Some(("m", 1)));
    let other = alice.named("@bob", post("hi"), Some(("m", 2)));
    world.step(vec![said, other]);
    assert_eq!(alice.look().await.answer(), Err(Refused::MessageIdReused));
    let seq = Seq::FIRST;
    let delete = world.ask(&mut bob, "@alice", Want::Delete { seq }).await;
    assert_eq!(delete, Err(Refused::Rule(Refusal::NoSuchConversation)));
}

#[tokio::test]
async fn what_a_damaged_database_does_not_take_is_not_answered_as_if_it_was_there_before() {
    let mut world = World::new();
    let mut alice = world.enter("alice").await;
    assert_eq!(seq_of(world.ask(&mut alice, "*", post("kept")).await), 1);
    let database = rusqlite::Connection::open(world.folder.path().join("data/netcomm.db"));
    let behind = "UPDATE last_entry SET id = 0";
    assert_eq!(database.unwrap().execute(behind, ()), Ok(1));
    let lost = alice.named("*", post("lost"), Some(("m", 1)));
    world.step(vec![lost]);
    assert_eq!(alice.look().await.answer(), Err(Refused::Unavailable));
}

#[tokio::test]
async fn a_message_id_is_one_accounts_own() {
    let mut world = World::new();
    let (mut alice, mut bob) = (world.enter("alice").await, world.enter("bob").await);
    let jobs = vec![
        alice.named("*", post("hers"), Some(("m", 1))),
        bob.named("*", post("his"), Some(("m", 2))),
    ];
    world.step(jobs);
    assert_eq!(alice.look().await.entries, ["* 1 hers", "* 2 his"]);
}

#[tokio::test]
async fn numbers_past_all_that_is_kept_are_refused_and_harm_nobody_in_the_batch() {
    let mut world = World::new();
    let (mut alice, mut bob) = (world.enter("alice").await, world.enter("bob").await);
    for number in [0, i64::MAX as u64, i64::MAX as u64 + 1, u64::MAX] {
        let seq = Seq::new(number);
        let reply = Want::Post {
            text: Text::parse("re").unwrap(),
            style: Style::Plain,
            reply_to: Some(seq),
        };
        let jobs = vec![
            bob.job("*", Want::Delete { seq }),
            bob.job("*", reply.clone()),
            bob.job("@alice", reply),
            job_of(move |tx, _| {
                tx.set_read(crate::model::AccountId::new(1), crate::store::EVERYONE, seq)
                    .map(drop)
            }),
            alice.job("*", post("hi")),
        ];
        world.step(jobs);
        assert!(alice.look().await.answer().is_ok(), "{number}");
        for (_, outcome) in bob.look().await.answers {
            let no = Err(Refused::Rule(Refusal::NoSuchMessage));
            assert_eq!(outcome, no, "{number}");
        }
    }
}

#[tokio::test]
async fn a_refused_first_message_makes_no_empty_conversation() {
    let mut world = World::new();
    let (mut alice, bob) = (world.enter("alice").await, world.account("bob").await);
    let reply = Want::Post {
        text: Text::parse("re").unwrap(),
        style: Style::Plain,
        reply_to: Some(Seq::FIRST),
    };
    let refused = world.ask(&mut alice, "@bob", reply).await;
    assert_eq!(refused, Err(Refused::Rule(Refusal::NoSuchMessage)));
    let opened = world.attach(&bob, &[]).look().await.opened;
    let names: Vec<_> = opened
        .iter()
        .map(|opened| opened.address.to_string())
        .collect();
    assert_eq!(names, ["*"]);
}

#[tokio::test]
async fn a_full_list_of_rooms_does_not_tell_which_private_rooms_there_are() {
    let mut world = World::with(Limits {
        rooms_joined: 1,
        ..LIMITS
    });
    let (mut alice, mut bob) = (world.enter("alice").await, world.enter("bob").await);
    let private = create(Visibility::Private);
    assert_eq!(seq_of(world.ask(&mut alice, "#secret", private).await), 1);
    let public = create(Visibility::Public);
    assert_eq!(seq_of(world.ask(&mut bob, "#own", public).await), 1);
    let secret = world.ask(&mut bob, "#secret", Want::Join).await;
    assert_eq!(secret, world.ask(&mut bob, "#absent", Want::Join).await);
}

#[tokio::test]
async fn a_name_that_changes_hands_in_a_batch_leads_to_its_new_owner_from_then_on() {
    let mut world = World::new();
    let (mut alice, old) = (world.enter("alice").await, world.account("bob").await);
    assert_eq!(seq_of(world.ask(&mut alice, "@bob", post("one")).await), 1);
    let deletes = job_of(move |tx, effects| {
        let (account, freed) = (old.account(), crate::store::NameAfterwards::Freed);
        tx.delete_account(account.id, freed, at(1))?;
        let shown = tx.shown_name(account.id)?.unwrap();
        effects.rename(account.name.clone(), shown);
        Ok(())
    });
    let registers = job_of(|tx, _| {
        let new = NewAccount {
            name: user("bob"),
            password: PasswordHash::new("$argon2id$none"),
            role: ServerRole::Member,
        };
        tx.register(&new, at(1)).map(drop)
    });
    let jobs = vec![
        alice.job("@bob", post("two")),
        deletes,
        alice.job("@bob", post("to nobody")),
        registers,
        alice.job("@bob", post("to the new one")),
    ];
    world.step(jobs);
    let answers = alice.look().await.answers;
    let outcomes: Vec<_> = answers.into_iter().map(|(_, outcome)| outcome).collect();
    let [before, between, after] = outcomes.try_into().unwrap();
    assert_eq!((seq_of(before), seq_of(after)), (2, 1));
    assert_eq!(between, Err(Refused::NoSuchUser));
}

#[tokio::test]
async fn a_turn_takes_only_so_much_and_the_rest_follows_in_order() {
    const TOGETHER: usize = 64;
    let mut world = World::new();
    let mut alice = world.enter("alice").await;
    let mut job = || {
        let jobs = (0..TOGETHER).map(|_| alice.job("*", post("hi")));
        let asks = jobs.flat_map(|job| match job {
            Job::Asks(_, asks) => asks,
            _ => Vec::new(),
        });
        let asks = asks.collect();
        Message::Job(Job::Asks(alice.key(), asks))
    };
    let mut waiting: VecDeque<_> = (0..40).map(|_| job()).collect();
    let mut sizes = Vec::new();
    while !waiting.is_empty() {
        let Taken { jobs, last } = take(&mut world.core, &mut waiting);
        assert!(!last);
        sizes.push(jobs.iter().map(Job::size).sum::<usize>());
        world.step(jobs);
    }
    let most = BATCH_MAX.next_multiple_of(TOGETHER);
    assert_eq!(sizes, [most, most, 40 * TOGETHER - 2 * most]);
    let answered: Vec<_> = alice.look().await.answers;
    let answered: Vec<_> = answered.into_iter().map(|(id, _)| id).collect();
    assert_eq!(answered, (1..=2560).collect::<Vec<_>>());
}

#[test]
fn after_more_was_done_more_may_gather_but_nobody_waits_for_long() {
    for (done, micros) in [
        (8, 1000),
        (60, 1000),
        (200, 3000),
        (512, 4000),
        (usize::MAX, 4000),
    ] {
        assert_eq!(gather_time(done), Duration::from_micros(micros), "{done}");
    }
}
