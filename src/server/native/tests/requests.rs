//! From bytes to answers: held requests, slow peers, cuts at every byte.

use super::*;

#[tokio::test]
async fn a_request_behind_others_goes_on_as_soon_as_those_are_answered() {
    let mut stage = Stage::new(|_| {});
    let (mut alice, _) = stage.register("alice").await;
    let start = Instant::now();
    let ping = |id: u64| json!({"type": "ping", "id": id});
    let mut lines: Vec<_> = (1..=200).map(|id| say(id, "hi")).collect();
    lines.extend([ping(201), say(202, "ho"), ping(203)]);
    alice.send(&lines).await;
    for id in 1..=203 {
        assert_eq!(alice.answer().await.unwrap().id, id);
    }
    // Otherwise it goes on only when the session looks after its timers.
    assert!(start.elapsed() < Limits::default().ping_interval);
}

#[tokio::test]
async fn who_is_slowed_down_is_not_taken_for_silent() {
    let mut stage = Stage::new(|_| {});
    let (mut alice, _) = stage.register("alice").await;
    pause();
    // While a blocking task runs, the clock moves when it is told to and never by itself: otherwise
    // minutes would pass in the moment that the hub takes for an answer.
    let (end, ended) = std::sync::mpsc::channel::<()>();
    let holding = tokio::task::spawn_blocking(move || ended.recv());
    let join = |id: u64| json!({"type": "join", "id": id, "room": "#x"});
    let lines: Vec<_> = (1..=100).map(join).collect();
    let start = Instant::now();
    alice.send(&lines).await;
    for id in 1..=100 {
        if id > 10 {
            // A little more than the pace asks for, as timers go off by the millisecond.
            advance(Duration::from_millis(1005)).await;
        }
        assert_eq!(alice.answer().await.unwrap_err().id, Some(id));
    }
    assert!(start.elapsed() > Limits::default().dead_after);
    drop(end);
    assert!(holding.await.unwrap().is_err(), "nobody says anything");
}

#[tokio::test]
async fn whatever_part_of_a_request_arrives_before_a_cut_sending_it_again_does_it_once() {
    let mut stage = Stage::new(|_| {});
    let (_peer, token) = stage.register("alice").await;
    let line = |id: usize| format!("{}\n", say(id as u64, "hi"));
    for cut in 0..=line(1000).len() {
        let line = line(1000 + cut);
        let mut cut_off = stage.resume(&token).await;
        cut_off.write(&line.as_bytes()[..cut]).await;
        drop(cut_off);
        let mut back = stage.resume(&token).await;
        back.write(line.as_bytes()).await;
        let sent = back.answer().await.unwrap().sent.unwrap();
        assert_eq!(sent.seq.get(), u64::try_from(cut).unwrap() + 1);
    }
}

#[tokio::test]
async fn who_stalls_keeps_nobody_waiting_and_reads_on_where_it_was() {
    let mut stage = Stage::new(|_| {});
    let (mut alice, token) = stage.register("alice").await;
    let mut stalled = stage.connect_over(1024).await;
    stalled
        .enter(json!({"type": "resume", "id": 0, "token": token}))
        .await;
    talk(&mut alice).await;
    for seq in 1..=30 {
        assert_eq!(stalled.entry().await, seq);
    }
}

#[tokio::test]
async fn half_a_line_at_the_end_is_not_acted_on() {
    let mut stage = Stage::new(|_| {});
    let (mut alice, token) = stage.register("alice").await;
    alice
        .write(format!("{}", say(1, "no newline")).as_bytes())
        .await;
    alice.0.shutdown().await.unwrap();
    let mut rest = Vec::new();
    alice.0.read_to_end(&mut rest).await.unwrap();
    let mut back = stage.resume(&token).await;
    back.send(&[say(2, "first")]).await;
    assert_eq!(back.answer().await.unwrap().sent.unwrap().seq.get(), 1);
}
