//! How sessions end: by silence, by the clock, by the server.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
};

use tokio::io::{ReadBuf, duplex};

use super::*;

#[tokio::test]
async fn who_is_silent_is_pinged_and_then_counts_as_gone() {
    let mut stage = Stage::new(|_| {});
    let (mut alice, _) = stage.register("alice").await;
    pause();
    let start = Instant::now();
    assert!(matches!(alice.frame().await, Some(Frame::Ping {})));
    assert!(start.elapsed() >= Limits::default().ping_interval);
    alice.send(&[json!({"type": "pong"})]).await;
    assert!(matches!(alice.frame().await, Some(Frame::Ping {})));
    let rest = alice.rest().await;
    assert_eq!(code_of(rest.last()), Some(Code::Timeout));
    let limits = Limits::default();
    assert!(start.elapsed() >= limits.ping_interval + limits.dead_after);
}

#[tokio::test(start_paused = true)]
async fn who_trickles_bytes_is_out_when_the_time_to_log_in_is_over() {
    let mut stage = Stage::new(|_| {});
    let mut newcomer = stage.connect().await;
    let start = Instant::now();
    let mut beat = tokio::time::interval(Duration::from_secs(1));
    while newcomer.0.write_all(b"{").await.is_ok() {
        beat.tick().await;
    }
    assert_eq!(code_of(newcomer.rest().await.last()), Some(Code::Timeout));
    let over = start.elapsed() - Limits::default().login_timeout;
    assert!(over <= Duration::from_secs(2), "{over:?} late");
}

#[tokio::test]
async fn who_takes_nothing_is_cut_off_and_misses_nothing() {
    let mut stage = Stage::new(|_| {});
    let (mut alice, token) = stage.register("alice").await;
    let mut stalled = stage.connect_over(1024).await;
    stalled
        .enter(json!({"type": "resume", "id": 0, "token": token}))
        .await;
    let sessions = stage.server.sessions.len();
    talk(&mut alice).await;
    pause();
    let start = Instant::now();
    stage.server.sessions.join_next().await.unwrap().unwrap();
    assert_eq!(stage.server.sessions.len(), sessions - 1);
    assert!(start.elapsed() <= Limits::default().write_timeout + Duration::from_secs(1));
    tokio::time::resume();
    let mut back = stage.connect().await;
    let resume = json!({"type": "resume", "id": 0, "token": token, "cursors": {"*": 0}});
    back.send(&[resume]).await;
    for seq in 1..=30 {
        assert_eq!(back.entry().await, seq);
    }
    drop(stalled);
}

#[tokio::test]
async fn a_stopping_server_answers_what_it_took_before_it_says_goodbye() {
    let mut stage = Stage::new(|_| {});
    let (mut alice, _) = stage.register("alice").await;
    let hub = stage.stop_the_hub();
    alice.send(&[say(1, "one"), say(2, "two")]).await;
    // Both have been read when a line behind them was refused.
    alice.send(&[json!({"type": "dance", "id": 3})]).await;
    assert_eq!(alice.answer().await.unwrap_err().id, Some(3));
    stage.server.context.shutdown.cancel();
    drop(hub);
    let rest = alice.rest().await;
    let answered = rest.iter().filter(|frame| matches!(frame, Frame::Ok(_)));
    assert_eq!(answered.count(), 2, "{rest:?}");
    assert!(
        rest.iter()
            .any(|frame| matches!(frame, Frame::GoingAway { .. }))
    );
}

#[tokio::test]
async fn a_stopping_server_does_not_wait_for_what_does_not_come() {
    let mut stage = Stage::new(|config| {
        config.limits.messages_burst = 1;
        config.limits.messages_per_second = 1;
    });
    let (mut alice, _) = stage.register("alice").await;
    let hub = stage.stop_the_hub();
    // The second is held back, by a timer that goes off before the time to leave.
    alice
        .send(&[
            json!({"type": "dance", "id": 3}),
            say(1, "one"),
            say(2, "two"),
        ])
        .await;
    assert_eq!(alice.answer().await.unwrap_err().id, Some(3));
    pause();
    let start = Instant::now();
    stage.server.context.shutdown.cancel();
    let rest = alice.rest().await;
    assert!(
        rest.iter()
            .any(|frame| matches!(frame, Frame::GoingAway { .. }))
    );
    assert!(
        start.elapsed() < Duration::from_secs(3),
        "{:?}",
        start.elapsed()
    );
    drop(hub);
}

#[tokio::test(start_paused = true)]
async fn last_words_follow_what_was_half_written() {
    let mut stage = Stage::new(|_| {});
    // A pipe that takes a part of hello, and nobody who reads it in time.
    let mut late = stage.pipe(64);
    tokio::time::sleep(Limits::default().login_timeout).await;
    assert!(matches!(late.frame().await, Some(Frame::Hello(_))));
    assert_eq!(code_of(late.frame().await.as_ref()), Some(Code::Timeout));
    assert!(late.frame().await.is_none());
}

/// A stream that makes the session that reads it panic, when it is told the word for it.
struct Trap(DuplexStream);

impl AsyncRead for Trap {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let read = Pin::new(&mut self.0).poll_read(cx, buffer);
        assert!(!buffer.filled().starts_with(b"snap"), "the trap snaps");
        read
    }
}

impl AsyncWrite for Trap {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}

#[tokio::test]
async fn a_panic_in_one_session_ends_that_one_alone_and_leaves_nothing_of_it() {
    let mut stage = Stage::new(|_| {});
    let (mut alice, _) = stage.register("alice").await;
    let (bob, token) = stage.register("bob").await;
    drop(bob);
    stage.server.sessions.join_next().await.unwrap().unwrap();
    let (near, far) = duplex(64 * 1024);
    assert!(stage.server.serve(Trap(far)));
    let mut bob = Peer(BufReader::new(near));
    assert!(matches!(bob.frame().await, Some(Frame::Hello(_))));
    bob.enter(json!({"type": "resume", "id": 0, "token": token}))
        .await;
    bob.write(b"snap").await;
    let ended = stage.server.sessions.join_next().await.unwrap();
    assert!(ended.unwrap_err().is_panic());
    alice.send(&[say(1, "still here")]).await;
    assert_eq!(alice.answer().await.unwrap().id, 1);
    alice.send(&[json!({"type": "online", "id": 2})]).await;
    let online = alice.answer().await.unwrap().users.unwrap();
    let names: Vec<_> = online.iter().map(|line| line.user.as_str()).collect();
    assert_eq!(names, ["alice"]);
    let back = stage.resume(&token).await;
    drop((alice, back));
    stage.server.close().await.unwrap();
}
