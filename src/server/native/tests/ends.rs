//! How sessions end: by silence, by the clock, by the server.

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
    let sessions = stage.sessions.len();
    talk(&mut alice).await;
    pause();
    let start = Instant::now();
    stage.sessions.join_next().await.unwrap().unwrap();
    assert_eq!(stage.sessions.len(), sessions - 1);
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
    stage.context.shutdown.cancel();
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
    stage.context.shutdown.cancel();
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
