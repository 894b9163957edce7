//! Many at once: whatever they do, all see one sequence, and what was accepted is in it once.

use std::collections::BTreeMap;

use serde_json::json;
use tokio::task::JoinSet;

use crate::harness::{Client, Lost, TestServer};

const CLIENTS: usize = 12;
const ROUNDS: usize = 12;
const ROOM: &str = "#crowd";

/// What one of the crowd did: the places its messages were given, by text.
struct Share {
    client: Client,
    accepted: BTreeMap<String, u64>,
}

/// Says something, and says it again until it is answered, whatever becomes of the connection.
async fn say_for_sure(server: &TestServer, share: &mut Share, text: &str, cut: bool) {
    let request = json!({"type": "send", "to": ROOM, "text": text, "message": text});
    let mut answered = if cut {
        // Cut off with the request on its way and the answer not read.
        share.client.put(request.clone()).await;
        Err(Lost)
    } else {
        share.client.try_ask(request.clone()).await
    };
    while answered.is_err() {
        share.client.resume(server.connect().await).await.unwrap();
        answered = share.client.try_ask(request.clone()).await;
    }
    let sent = answered.unwrap().unwrap().sent.unwrap();
    share.accepted.insert(text.to_owned(), sent.seq.get());
}

async fn take_part(server: &TestServer, number: usize) -> Share {
    let name = format!("user{number}");
    let mut client = server.register(&name).await;
    client.join(ROOM).await;
    let mut share = Share {
        client,
        accepted: BTreeMap::new(),
    };
    for round in 0..ROUNDS {
        let text = format!("{name}-{round}");
        let cut = (number + round).is_multiple_of(3);
        say_for_sure(server, &mut share, &text, cut).await;
        if round % 5 == number % 5 {
            share.client.leave(ROOM).await;
            share.client.join(ROOM).await;
        }
    }
    share
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crowd_that_comes_goes_and_breaks_off_sees_one_dense_sequence() {
    let server = std::sync::Arc::new(TestServer::start());
    let mut host = server.register("host").await;
    host.create(ROOM).await;
    let mut crowd = JoinSet::new();
    for number in 0..CLIENTS {
        let server = std::sync::Arc::clone(&server);
        crowd.spawn(async move { take_part(&server, number).await });
    }
    let mut shares = crowd.join_all().await;
    let history = host.history(ROOM).await;
    let places: Vec<_> = history.iter().map(|entry| entry.seq.get()).collect();
    assert_eq!(places, (1..=history.len() as u64).collect::<Vec<_>>());
    host.catch_up().await;
    assert_eq!(host.seen().entries(ROOM), history);
    let mut texts: Vec<_> = host.seen().texts(ROOM);
    texts.sort_unstable();
    texts.dedup();
    assert_eq!(texts.len(), CLIENTS * ROUNDS, "each message once");
    for share in &mut shares {
        share.client.catch_up().await;
        for entry in share.client.seen().entries(ROOM) {
            let kept = &history[usize::try_from(entry.seq.get()).unwrap() - 1];
            assert_eq!(entry, kept, "{}", share.client.name());
        }
        assert_eq!(share.client.seen().head(ROOM), history.len() as u64);
        for (text, seq) in &share.accepted {
            let kept = &history[usize::try_from(*seq).unwrap() - 1];
            let body = serde_json::to_value(&kept.body).unwrap();
            assert_eq!(body["text"], json!(text));
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_who_come_back_at_once_are_served() {
    let server = std::sync::Arc::new(TestServer::start());
    let mut alice = server.register("alice").await;
    let mut clients = Vec::new();
    for number in 0..40 {
        let name = format!("user{}", number % 4);
        let client = match number {
            0..4 => server.register(&name).await,
            _ => server.login(&name).await,
        };
        clients.push(client);
    }
    alice.say("*", "before").await;
    let mut returning = JoinSet::new();
    for mut client in clients {
        let server = std::sync::Arc::clone(&server);
        returning.spawn(async move {
            client.resume(server.connect().await).await.unwrap();
            client
        });
    }
    alice.say("*", "meanwhile").await;
    for mut client in returning.join_all().await {
        client.catch_up().await;
        assert_eq!(client.seen().texts("*"), ["before", "meanwhile"]);
    }
}
