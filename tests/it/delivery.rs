//! Each entry once, in order, to everybody who may read it: through cuts, long absences, slow readers.

use netcomm::protocol::Code;
use serde_json::json;

use crate::harness::{Client, Connection, Cutter, TestServer, posted};

#[tokio::test]
async fn coming_back_after_a_cut_brings_what_was_missed_once() {
    let server = TestServer::start();
    let (mut alice, mut bob) = (server.register("alice").await, server.register("bob").await);
    alice.say("*", "one").await;
    bob.expect(posted("one")).await;
    // The new connection is there before the server knows that the old one is gone.
    bob.resume(server.connect().await).await.unwrap();
    alice.say("*", "two").await;
    bob.expect(posted("two")).await;
    drop(std::mem::replace(bob.wire(), server.connect().await));
    for text in ["three", "four"] {
        alice.say("*", text).await;
    }
    bob.resume(server.connect().await).await.unwrap();
    alice.say("*", "five").await;
    bob.expect(posted("five")).await;
    assert_eq!(
        bob.seen().texts("*"),
        ["one", "two", "three", "four", "five"]
    );
}

#[tokio::test]
async fn a_long_absence_is_a_gap_that_can_be_paged_in() {
    let server = TestServer::with(|config| {
        config.limits.backlog_max = 10;
        config.limits.history_page_max = 7;
    });
    let (mut alice, mut bob) = (server.register("alice").await, server.register("bob").await);
    alice.say("*", "first").await;
    bob.expect(posted("first")).await;
    bob.get(json!({"type": "quit"})).await;
    for number in 2..=40 {
        alice.say("*", &format!("{number}")).await;
    }
    bob.resume(server.connect().await).await.unwrap();
    assert_eq!(bob.seen().gaps("*"), [(2, 30)]);
    assert_eq!(bob.seen().head("*"), 40);
    let history = bob.history("*").await;
    let places: Vec<_> = history.iter().map(|entry| entry.seq.get()).collect();
    assert_eq!(places, (1..=40).collect::<Vec<_>>());
    assert_eq!(alice.seen().entries("*").len(), history.len());
}

#[tokio::test]
async fn history_pages_meet_without_a_hole_or_an_overlap() {
    let server = TestServer::with(|config| config.limits.history_page_max = 4);
    let mut alice = server.register("alice").await;
    let page = |before: Option<u64>, after: Option<u64>| json!({"type": "history", "in": "*", "before": before, "after": after, "limit": 9});
    let end = alice.get(page(None, None)).await.history.unwrap();
    assert_eq!((end.count, end.head.get(), end.more), (0, 0, false));
    for count in 1..=9_u64 {
        alice.say("*", "x").await;
        let newest = alice.get(page(None, None)).await.history.unwrap();
        assert_eq!(
            (newest.count, newest.more),
            (count.min(4), count > 4),
            "{count} entries"
        );
        let oldest = alice.get(page(None, Some(0))).await.history.unwrap();
        assert_eq!(
            (oldest.count, oldest.more),
            (count.min(4), count > 4),
            "{count} entries"
        );
        let none = alice.get(page(Some(1), None)).await.history.unwrap();
        assert_eq!((none.count, none.more), (0, false));
        let none = alice.get(page(None, Some(count))).await.history.unwrap();
        assert_eq!((none.count, none.more), (0, false));
        assert_eq!(
            u64::try_from(alice.history("*").await.len()).unwrap(),
            count
        );
    }
}

#[tokio::test]
async fn sending_the_same_again_gives_the_first_answer_however_long_ago() {
    let server = TestServer::start();
    let (mut alice, mut bob) = (server.register("alice").await, server.register("bob").await);
    let first = alice.send("*", "hi", "mine").await.unwrap();
    assert_eq!(alice.send("*", "hi", "mine").await.unwrap(), first);
    let other = alice.send("*", "ho", "mine").await.unwrap_err();
    assert_eq!(other.code, Code::MessageIdReused);
    let elsewhere = alice.send("@bob", "hi", "mine").await.unwrap_err();
    assert_eq!(elsewhere.code, Code::MessageIdReused);
    let bobs = bob.send("*", "hi", "mine").await.unwrap();
    assert_ne!(bobs.seq, first.seq);
    let server = server.restart().await;
    let mut alice = server.login("alice").await;
    assert_eq!(alice.send("*", "hi", "mine").await.unwrap(), first);
    assert_eq!(alice.history("*").await.len(), 2);
}

#[tokio::test]
async fn a_resend_to_a_room_one_has_left_still_gives_the_first_answer() {
    let server = TestServer::start();
    let (mut alice, mut bob) = (server.register("alice").await, server.register("bob").await);
    alice.create("#garden").await;
    bob.join("#garden").await;
    let first = bob.send("#garden", "hi", "mine").await.unwrap();
    bob.leave("#garden").await;
    assert_eq!(bob.send("#garden", "hi", "mine").await.unwrap(), first);
    assert_eq!(
        bob.send("#garden", "ho", "new").await.unwrap_err().code,
        Code::NotMember
    );
}

#[tokio::test]
async fn a_reader_who_stalls_harms_nobody_and_catches_up_without_a_hole() {
    let server = TestServer::start();
    let (mut alice, mut bob) = (server.register("alice").await, server.register("bob").await);
    let mut stalled = server.register("carol").await;
    stalled.resume(server.connect_narrow().await).await.unwrap();
    let text = "x".repeat(12 * 1024);
    for _ in 0..150 {
        alice.say("*", &text).await;
        bob.expect(posted(&text)).await;
    }
    stalled.catch_up().await;
    assert_eq!(stalled.seen().head("*"), 150);
    assert_eq!(stalled.seen().gaps("*"), []);
}

#[tokio::test]
async fn one_who_floods_is_slowed_down_and_others_are_not() {
    let server = TestServer::with(|config| {
        config.limits.messages_burst = 5;
        config.limits.messages_per_second = 10;
    });
    let (mut alice, mut bob) = (server.register("alice").await, server.register("bob").await);
    let mut ids = Vec::new();
    for number in 0..15 {
        ids.push(alice.put(json!({"type": "send", "to": "*", "text": "flood", "message": format!("{number}")})).await);
    }
    bob.say("*", "calm").await;
    let before = bob.seen().texts("*").len();
    assert!(before < 16, "bob had to wait for the flood");
    for id in ids {
        alice.answer(id).await.unwrap().unwrap();
    }
    assert_eq!(alice.history("*").await.len(), 16);
}

/// A client that reaches the server through the wire that breaks.
async fn resume_through(cutter: &Cutter, server: &TestServer, client: &mut Client) -> bool {
    match Connection::open(cutter.address(), server.tls()).await {
        Some(mut connection) => {
            connection.frame().await.is_some() && client.resume(connection).await.is_ok()
        }
        None => false,
    }
}

#[tokio::test]
async fn wherever_the_wire_is_cut_a_message_that_is_sent_again_is_there_once() {
    let server = TestServer::start();
    let cutter = Cutter::before(server.address()).await;
    let mut alice = server.register("alice").await;
    let mut bob = server.register("bob").await;
    let mut sent = Vec::new();
    // A send and its entry and answer are some 400 bytes in TLS records.
    for bytes in (0..420).step_by(7) {
        let text = format!("cut after {bytes}");
        let request =
            json!({"type": "send", "to": "*", "text": text, "message": bytes.to_string()});
        cutter.mend();
        assert!(resume_through(&cutter, &server, &mut alice).await);
        cutter.cut_after(bytes);
        let first = alice.try_ask(request.clone()).await;
        cutter.mend();
        if first.is_err() {
            assert!(resume_through(&cutter, &server, &mut alice).await);
        }
        let again = alice.get(request).await.sent.unwrap();
        if let Ok(Ok(first)) = first {
            assert_eq!(first.sent.unwrap(), again);
        }
        sent.push(text);
    }
    alice.catch_up().await;
    bob.catch_up().await;
    assert_eq!(alice.seen().texts("*"), sent);
    assert_eq!(bob.seen().texts("*"), sent);
}
