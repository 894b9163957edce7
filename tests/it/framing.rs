//! Bytes into frames: exact limits, any cuts, and nothing that a peer writes harms the server.

use netcomm::protocol::{Code, FRAME_MAX, FRAME_MAX_BEFORE_LOGIN, Frame};
use serde_json::json;

use crate::harness::{Client, Connection, TestServer};

/// A ping of exactly so many bytes with its newline.
fn ping_of(length: usize) -> Vec<u8> {
    let bare = r#"{"type":"ping","id":1,"x":""}"#.len() + 1;
    let padding = "x".repeat(length - bare);
    let line = format!("{{\"type\":\"ping\",\"id\":1,\"x\":\"{padding}\"}}\n");
    assert_eq!(line.len(), length);
    line.into_bytes()
}

async fn is_answered(connection: &mut Connection) {
    match connection.frame().await {
        Some(Frame::Ok(answer)) => assert_eq!(answer.id, 1),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_frame_may_be_as_long_as_the_limit_and_not_a_byte_longer() {
    let server = TestServer::start();
    let mut newcomer = server.connect().await;
    for length in [FRAME_MAX_BEFORE_LOGIN - 1, FRAME_MAX_BEFORE_LOGIN] {
        newcomer.write(&ping_of(length)).await;
        is_answered(&mut newcomer).await;
    }
    newcomer.write(&ping_of(FRAME_MAX_BEFORE_LOGIN + 1)).await;
    newcomer.closed_with(Code::FrameTooLong).await;

    let mut alice = server.register("alice").await;
    for length in [FRAME_MAX - 1, FRAME_MAX] {
        alice.wire().write(&ping_of(length)).await;
        is_answered(alice.wire()).await;
    }
    alice.wire().write(&ping_of(FRAME_MAX + 1)).await;
    alice.wire().closed_with(Code::FrameTooLong).await;
}

#[tokio::test]
async fn bytes_without_end_are_cut_off_at_the_limit() {
    let server = TestServer::start();
    let mut newcomer = server.connect().await;
    newcomer.write(&[b'x'; FRAME_MAX_BEFORE_LOGIN]).await;
    newcomer.closed_with(Code::FrameTooLong).await;
    let mut alice = server.register("alice").await;
    alice.wire().write(&[b'x'; FRAME_MAX]).await;
    alice.wire().closed_with(Code::FrameTooLong).await;
}

#[tokio::test]
async fn who_is_sending_far_too_much_is_still_told_why_it_ends() {
    let server = TestServer::start();
    for _ in 0..5 {
        let mut alice = server.connect().await;
        alice.write(&vec![b'x'; 1024 * 1024]).await;
        alice.closed_with(Code::FrameTooLong).await;
    }
}

/// Three requests as one run of bytes, with message ids of their own.
fn exchange(run: &str) -> Vec<u8> {
    let lines = [
        json!({"type": "send", "id": 1, "to": "*", "text": "one", "message": format!("{run}-1")}),
        json!({"type": "send", "id": 2, "to": "*", "text": "x\ny", "message": format!("{run}-2")}),
        json!({"type": "send", "id": 3, "to": "*", "text": "zwei ä€🎈", "message": format!("{run}-3")}),
    ];
    let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
    text.into_bytes()
}

/// What it amounts to: the numbers of the answers and the texts, in the order they came.
async fn outcome(client: &mut Client) -> (Vec<u64>, Vec<String>) {
    let (mut answered, mut texts) = (Vec::new(), Vec::new());
    while answered.len() < 3 {
        match client.wire().frame().await.unwrap() {
            Frame::Ok(answer) => answered.push(answer.id),
            Frame::Entry(entry) => {
                texts.push(serde_json::to_value(entry.body).unwrap()["text"].to_string());
            }
            other => panic!("{other:?}"),
        }
    }
    (answered, texts)
}

#[tokio::test]
async fn wherever_the_bytes_are_cut_the_same_is_done() {
    let server = TestServer::start();
    let mut alice = server.register("alice").await;
    alice.wire().write(&exchange("whole")).await;
    let whole = outcome(&mut alice).await;
    assert_eq!(whole.0, [1, 2, 3]);
    for cut in (1..exchange("whole").len()).step_by(5) {
        let bytes = exchange(&format!("{cut:05}"));
        let (first, second) = bytes.split_at(cut.min(bytes.len()));
        alice.wire().write(first).await;
        alice.wire().write(second).await;
        assert_eq!(outcome(&mut alice).await, whole, "cut at {cut}");
    }
    for byte in exchange("bytes") {
        alice.wire().write(&[byte]).await;
    }
    assert_eq!(outcome(&mut alice).await, whole);
}

#[tokio::test]
async fn a_thousand_frames_in_one_write_are_answered_in_order() {
    let server = TestServer::start();
    let mut alice = server.register("alice").await;
    let line = |n: u64| json!({"type": "send", "id": n, "to": "*", "text": "hi", "message": n.to_string()});
    let lines: String = (1..=1000).map(|n| format!("{}\n", line(n))).collect();
    alice.wire().write(lines.as_bytes()).await;
    let mut answered = Vec::new();
    while answered.len() < 1000 {
        match alice.wire().frame().await.unwrap() {
            Frame::Ok(answer) => {
                assert_eq!(answer.sent.unwrap().seq.get(), answer.id);
                answered.push(answer.id);
            }
            Frame::Entry(_) => {}
            other => panic!("{other:?}"),
        }
    }
    assert!(answered.is_sorted());
}

#[tokio::test]
async fn deep_json_is_refused_or_passed_over_without_a_stack_to_overflow() {
    let server = TestServer::start();
    let mut newcomer = server.connect().await;
    newcomer
        .write(format!("{}\n", "[".repeat(4000)).as_bytes())
        .await;
    newcomer.closed_with(Code::BadFrame).await;
    let mut alice = server.register("alice").await;
    let deep = format!("{}1{}", "{\"a\":".repeat(10_000), "}".repeat(10_000));
    let line = format!("{{\"type\":\"ping\",\"id\":1,\"x\":{deep}}}\n");
    alice.wire().write(line.as_bytes()).await;
    is_answered(alice.wire()).await;
    let line = format!(
        "{{\"type\":\"ping\",\"id\":1,\"x\":{}\n",
        "[".repeat(60_000)
    );
    alice.wire().write(line.as_bytes()).await;
    alice.wire().closed_with(Code::BadFrame).await;
}

#[tokio::test]
async fn what_is_no_text_ends_the_connection() {
    let server = TestServer::start();
    let lines: [&[u8]; 6] = [
        b"\n",
        b"GET / HTTP/1.1\n",
        b"{\"type\":\"ping\",\"id\":1,\"x\":\"\xff\"}\n",
        b"\xef\xbb\xbf{\"type\":\"ping\",\"id\":1}\n",
        b"{\"type\":\"ping\",\"id\":1}{\"type\":\"ping\",\"id\":2}\n",
        b"{\"type\":\"ping\",\"id\":1\0}\n",
    ];
    for line in lines {
        let mut newcomer = server.connect().await;
        newcomer.write(line).await;
        newcomer.closed_with(Code::BadFrame).await;
    }
}

#[tokio::test]
async fn odd_texts_are_refused_or_kept_exactly() {
    let server = TestServer::start();
    let mut alice = server.register("alice").await;
    let odd = [
        "a\u{2028}b\u{2029}c",
        "e\u{301} é",
        "\u{202e}abc",
        "👩‍👩‍👧‍👦",
        "a\tb\nc",
        "\u{feff}x",
        "ﷺ",
        "𝕏\u{10ffff}",
        " x ",
    ];
    for text in odd {
        alice.say("*", text).await;
    }
    let history = alice.history("*").await;
    assert_eq!(history.len(), odd.len());
    assert_eq!(alice.seen().texts("*"), odd);
    for text in ["", "a\0b", "a\rb", "\u{1b}[2J", "\u{7f}", "\u{9b}x"] {
        let refused =
            alice.refused(json!({"type": "send", "to": "*", "text": text, "message": "m"}));
        assert_eq!(refused.await.code, Code::BadRequest, "{text:?}");
    }
    // Half a character, which JSON can write and UTF-8 cannot.
    alice
        .wire()
        .write(
            b"{\"type\":\"send\",\"id\":9,\"to\":\"*\",\"message\":\"h\",\"text\":\"\\ud800\"}\n",
        )
        .await;
    let refused = alice.wire().refusal().await;
    assert!(matches!(refused.code, Code::BadFrame | Code::BadRequest));
}

#[tokio::test]
async fn a_request_that_is_wrong_is_answered_by_its_number_and_the_session_lives() {
    let server = TestServer::start();
    let mut alice = server.register("alice").await;
    let big = u64::MAX;
    let wrong = [
        (json!({"type": "dance"}), Code::UnknownType),
        (
            json!({"type": "send", "to": "*", "message": "m"}),
            Code::BadRequest,
        ),
        (
            json!({"type": "send", "to": "nowhere", "text": "x", "message": "m"}),
            Code::BadRequest,
        ),
        (
            json!({"type": "send", "to": "*", "text": "x", "message": ""}),
            Code::BadRequest,
        ),
        (
            json!({"type": "send", "to": "*", "text": "x", "message": "m", "reply_to": 0.5}),
            Code::BadRequest,
        ),
        (
            json!({"type": "send", "to": "*", "text": "x", "message": "m", "reply_to": big}),
            Code::NoSuchMessage,
        ),
        (
            json!({"type": "delete", "in": "*", "seq": big}),
            Code::NoSuchMessage,
        ),
        (
            json!({"type": "edit", "in": "*", "seq": -1, "text": "x"}),
            Code::BadRequest,
        ),
        (
            json!({"type": "react", "in": "*", "seq": big, "emoji": "👍"}),
            Code::NoSuchMessage,
        ),
        (json!({"type": "revoke", "session": big}), Code::NotFound),
        (json!({"type": "set", "room": "#x"}), Code::BadRequest),
        (
            json!({"type": "create", "room": "#../etc"}),
            Code::BadRequest,
        ),
        (json!({"type": "create", "room": "#*"}), Code::BadRequest),
        (json!({"type": "create", "room": "#a.b>"}), Code::BadRequest),
    ];
    for (request, code) in wrong {
        let refused = alice.refused(request.clone()).await;
        assert_eq!(refused.code, code, "{request}: {}", refused.text);
    }
    for fine in [
        json!({"type": "read", "in": "*", "seq": big}),
        json!({"type": "history", "in": "*", "before": big}),
        json!({"type": "history", "in": "*", "after": big}),
        json!({"type": "history", "in": "*", "limit": u32::MAX}),
        json!({"type": "ping", "admin": true, "role": "owner"}),
    ] {
        alice.get(fine).await;
    }
    alice.create("#x").await;
    alice.say("#x", "alive").await;
}

#[tokio::test]
async fn what_a_client_says_of_sender_place_and_time_is_passed_over() {
    let server = TestServer::start();
    let (mut alice, mut bob) = (server.register("alice").await, server.register("bob").await);
    let forged = json!({
        "type": "send", "to": "*", "text": "hi", "message": "m",
        "by": "bob", "from": "bob", "user": "bob", "seq": 99, "at": 1, "admin": true,
    });
    let sent = alice.get(forged).await.sent.unwrap();
    assert_eq!(sent.seq.get(), 1);
    let entry = bob.expect(crate::harness::posted("hi")).await;
    assert_eq!((entry.by.as_str(), entry.seq.get()), ("alice", 1));
    assert!(entry.at.as_millis() > 1);
}
