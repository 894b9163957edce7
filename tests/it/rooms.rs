//! Rooms and who may know of them, and conversations of two.

use netcomm::protocol::{Code, Frame};
use serde_json::{Value, json};

use crate::harness::{TestServer, joined, kicked, left, posted};

/// Every request that names a room, but for `create`, which must say that a name is taken.
fn about(room: &str) -> Vec<Value> {
    vec![
        json!({"type": "send", "to": room, "text": "hi", "message": "m"}),
        json!({"type": "edit", "in": room, "seq": 1, "text": "hi"}),
        json!({"type": "delete", "in": room, "seq": 1}),
        json!({"type": "react", "in": room, "seq": 1, "emoji": "👍"}),
        json!({"type": "unreact", "in": room, "seq": 1, "emoji": "👍"}),
        json!({"type": "history", "in": room}),
        json!({"type": "leave", "room": room}),
        json!({"type": "join", "room": room}),
        json!({"type": "invite", "room": room, "user": "carol"}),
        json!({"type": "invite", "room": room, "user": "nobody-at-all"}),
        json!({"type": "topic", "room": room, "topic": "x"}),
        json!({"type": "role", "room": room, "user": "alice", "role": "member"}),
        json!({"type": "kick", "room": room, "user": "alice"}),
        json!({"type": "ban", "room": room, "user": "alice"}),
        json!({"type": "unban", "room": room, "user": "alice"}),
        json!({"type": "mute", "room": room, "user": "alice"}),
        json!({"type": "unmute", "room": room, "user": "alice"}),
        json!({"type": "set", "room": room, "archived": true}),
        json!({"type": "members", "room": room}),
        json!({"type": "read", "in": room, "seq": 1}),
        json!({"type": "silence", "in": room, "silent": true}),
        json!({"type": "typing", "in": room}),
    ]
}

#[tokio::test]
async fn to_a_stranger_a_private_room_looks_as_if_it_were_not_there() {
    let server = TestServer::start();
    let mut alice = server.register("alice").await;
    let mut bob = server.register("bob").await;
    let _carol = server.register("carol").await;
    alice.create_private("#secret").await;
    alice.say("#secret", "psst").await;
    for (secret, absent) in about("#secret").into_iter().zip(about("#absent")) {
        let (secret_answer, absent_answer) = (bob.ask(secret.clone()).await, bob.ask(absent).await);
        let text = |answer| format!("{answer:?}").replace("absent", "secret");
        let without_id = |text: String| {
            let end = text.find("id: ").map_or(0, |at| at + 4);
            let rest = text[end..]
                .trim_start_matches(|c: char| c.is_ascii_digit() || "Some()".contains(c));
            format!("{}{rest}", &text[..end])
        };
        assert_eq!(
            without_id(text(secret_answer)),
            without_id(text(absent_answer)),
            "{secret}"
        );
    }
    let rooms = bob.get(json!({"type": "rooms"})).await.rooms.unwrap();
    assert_eq!(rooms.len(), 0);
    bob.catch_up().await;
    assert_eq!(bob.seen().entries("#secret").len(), 0);
    assert_eq!(alice.history("#secret").await.len(), 2);
}

#[tokio::test]
async fn who_is_invited_finds_the_private_room_and_reads_what_is_said() {
    let server = TestServer::start();
    let (mut alice, mut bob) = (server.register("alice").await, server.register("bob").await);
    alice.create_private("#secret").await;
    alice.invite("#secret", "bob").await;
    bob.value(|frame| matches!(frame, Frame::Invited(_))).await;
    bob.join("#secret").await;
    alice.expect(joined("bob")).await;
    alice.say("#secret", "welcome").await;
    bob.expect(posted("welcome")).await;
}

#[tokio::test]
async fn who_was_kicked_hears_nothing_more_until_they_are_back() {
    let server = TestServer::start();
    let (mut alice, mut bob) = (server.register("alice").await, server.register("bob").await);
    alice.create("#garden").await;
    bob.join("#garden").await;
    alice.say("#garden", "before").await;
    alice.kick("#garden", "bob").await;
    alice.say("#garden", "behind his back").await;
    bob.catch_up().await;
    assert_eq!(bob.seen().texts("#garden"), ["before"]);
    bob.expect(kicked("bob")).await;
    let refused = bob
        .refused(json!({"type": "history", "in": "#garden"}))
        .await;
    assert_eq!(refused.code, Code::NotFound);
    bob.join("#garden").await;
    alice.say("#garden", "welcome back").await;
    bob.expect(posted("welcome back")).await;
    assert_eq!(bob.seen().texts("#garden"), ["before", "welcome back"]);
}

#[tokio::test]
async fn who_was_kicked_while_away_comes_back_to_a_room_that_is_gone() {
    let server = TestServer::start();
    let (mut alice, mut bob) = (server.register("alice").await, server.register("bob").await);
    alice.create("#garden").await;
    bob.join("#garden").await;
    let mut second = server.login("bob").await;
    second
        .wire()
        .write_line(&json!({"type": "quit", "id": 1}))
        .await;
    alice.kick("#garden", "bob").await;
    alice.say("#garden", "behind his back").await;
    second.resume(server.connect().await).await.unwrap();
    second.catch_up().await;
    assert_eq!(second.seen().texts("#garden").len(), 0);
}

#[tokio::test]
async fn who_leaves_is_seen_to_leave_and_hears_nothing_more() {
    let server = TestServer::start();
    let (mut alice, mut bob) = (server.register("alice").await, server.register("bob").await);
    alice.create("#garden").await;
    bob.join("#garden").await;
    bob.leave("#garden").await;
    alice.expect(left("bob")).await;
    alice.say("#garden", "gone").await;
    bob.catch_up().await;
    assert_eq!(bob.seen().texts("#garden").len(), 0);
    let refused =
        bob.refused(json!({"type": "send", "to": "#garden", "text": "x", "message": "m"}));
    assert_eq!(refused.await.code, Code::NotMember);
}

#[tokio::test]
async fn a_direct_message_waits_for_who_is_away() {
    let server = TestServer::start();
    let (mut alice, mut bob) = (server.register("alice").await, server.register("bob").await);
    alice.say("@bob", "first").await;
    bob.expect(posted("first")).await;
    bob.get(json!({"type": "quit"})).await;
    alice.say("@bob", "second").await;
    bob.resume(server.connect().await).await.unwrap();
    bob.expect(posted("second")).await;
    assert_eq!(bob.seen().texts("@alice"), ["first", "second"]);
    assert_eq!(alice.seen().texts("@bob"), ["first", "second"]);
}

#[tokio::test]
async fn one_can_write_to_oneself_but_not_to_nobody() {
    let server = TestServer::start();
    let mut alice = server.register("alice").await;
    alice.say("@alice", "milk").await;
    alice.expect(posted("milk")).await;
    let refused = alice.send("@nobody-at-all", "hi", "m").await.unwrap_err();
    assert_eq!(refused.code, Code::NotFound);
}

#[tokio::test]
async fn rooms_are_one_whatever_the_case_of_their_name() {
    let server = TestServer::start();
    let (mut alice, mut bob) = (server.register("alice").await, server.register("bob").await);
    alice.create("#Garden").await;
    let refused = bob
        .refused(json!({"type": "create", "room": "#gARDEN"}))
        .await;
    assert_eq!(refused.code, Code::Exists);
    bob.join("#garden").await;
    bob.say("#GARDEN", "hi").await;
    let entry = alice.expect(posted("hi")).await;
    assert_eq!(entry.conversation.to_string(), "#Garden");
}

#[tokio::test]
async fn limits_of_rooms_are_refused_and_not_a_reason_to_end() {
    let server = TestServer::with(|config| {
        config.limits.rooms_created = 2;
        config.limits.rooms_joined = 3;
    });
    let (mut alice, mut bob) = (server.register("alice").await, server.register("bob").await);
    alice.create("#one").await;
    alice.create("#two").await;
    assert_eq!(
        alice
            .refused(json!({"type": "create", "room": "#three"}))
            .await
            .code,
        Code::Limit
    );
    bob.create("#four").await;
    bob.create("#five").await;
    alice.join("#four").await;
    assert_eq!(
        alice
            .refused(json!({"type": "join", "room": "#five"}))
            .await
            .code,
        Code::Limit
    );
    alice.leave("#four").await;
    alice.join("#five").await;
}

#[tokio::test]
async fn a_renamed_room_goes_on_under_its_new_name() {
    let server = TestServer::start();
    let (mut alice, mut bob) = (server.register("alice").await, server.register("bob").await);
    alice.create("#garden").await;
    bob.join("#garden").await;
    alice.say("#garden", "before").await;
    alice
        .get(json!({"type": "set", "room": "#garden", "name": "#park"}))
        .await;
    bob.catch_up().await;
    let told = bob.seen().entries("#garden").last().unwrap().clone();
    assert!(matches!(
        told.body,
        netcomm::protocol::EntryBody::Renamed { .. }
    ));
    let history = bob.history("#park").await;
    assert_eq!(history.len(), 4);
}
