//! The process stops, in good order or not: what was accepted is there, once, and in its place.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use netcomm::protocol::EntryBody;
use rustix::process::Signal;
use serde_json::json;
use tokio::{task::JoinSet, time::sleep};

use crate::harness::{Client, Running, Site, within_deadline};

const SENDERS: usize = 6;

/// Somebody who talks on and on, through every end of the server.
struct Sender {
    client: Client,
    said: usize,
    /// Sent, and not answered before the server went.
    open: Option<String>,
    /// The places that were answered, by text.
    accepted: BTreeMap<String, u64>,
}

impl Sender {
    fn new(client: Client) -> Self {
        Self {
            client,
            said: 0,
            open: None,
            accepted: BTreeMap::new(),
        }
    }

    /// Talks until the connection is gone; first again what was not answered.
    async fn talk(mut self, accepted: Arc<AtomicUsize>) -> Self {
        loop {
            let text = self.open.take().unwrap_or_else(|| {
                self.said += 1;
                format!("{} says {}", self.client.name(), self.said)
            });
            let message = text.replace(' ', "-");
            let request = json!({"type": "send", "to": "*", "text": text, "message": message});
            let Ok(answer) = self.client.try_ask(request).await else {
                self.open = Some(text);
                return self;
            };
            let place = answer.unwrap().sent.unwrap().seq.get();
            self.accepted.insert(text, place);
            accepted.fetch_add(1, Ordering::SeqCst);
        }
    }
}

/// Has all of them talk until the server ends, which it is made to after so many messages.
async fn talk_until(senders: Vec<Sender>, messages: usize, end: impl FnOnce()) -> Vec<Sender> {
    let accepted = Arc::new(AtomicUsize::new(0));
    let mut talking = JoinSet::new();
    for sender in senders {
        talking.spawn(sender.talk(Arc::clone(&accepted)));
    }
    let enough = async {
        while accepted.load(Ordering::SeqCst) < messages {
            sleep(Duration::from_millis(1)).await;
        }
    };
    within_deadline("messages to be accepted", enough).await;
    end();
    within_deadline("the connections to end", talking.join_all()).await
}

async fn all_back(server: &Running, senders: &mut [Sender]) {
    for sender in senders {
        sender.client.resume(server.connect().await).await.unwrap();
    }
}

/// Every message that was accepted is in its place, and no text is there twice.
async fn check(server: &Running, mut senders: Vec<Sender>) {
    all_back(server, &mut senders).await;
    let history = senders[0].client.history("*").await;
    let mut texts = BTreeMap::new();
    for (index, entry) in history.iter().enumerate() {
        assert_eq!(entry.seq.get(), index as u64 + 1);
        let EntryBody::Posted {
            text: Some(text), ..
        } = &entry.body
        else {
            panic!("{entry:?}");
        };
        let twice = texts.insert(text.as_str().to_owned(), entry.seq.get());
        assert_eq!(twice, None, "{} is there twice", text.as_str());
    }
    for sender in senders {
        for (text, place) in sender.accepted {
            assert_eq!(texts.get(&text), Some(&place), "{text}");
        }
        for entry in sender.client.seen().entries("*") {
            let kept = &history[usize::try_from(entry.seq.get()).unwrap() - 1];
            assert_eq!(entry, kept);
        }
    }
}

async fn senders(server: &Running) -> Vec<Sender> {
    let mut senders = Vec::new();
    for number in 0..SENDERS {
        let client = server.register(&format!("user{number}")).await;
        senders.push(Sender::new(client));
    }
    senders
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kills_under_load_lose_no_accepted_message_and_double_none() {
    let site = Site::new(|_| {});
    let mut server = site.start();
    let mut senders = senders(&server).await;
    for _ in 0..3 {
        senders = talk_until(senders, 100, move || server.kill()).await;
        server = site.start();
        all_back(&server, &mut senders).await;
    }
    check(&server, senders).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stop_under_load_answers_what_it_took_and_ends_well_within_five_seconds() {
    let site = Site::new(|_| {});
    let server = site.start();
    let mut crowd = senders(&server).await;
    let mut stopped = Instant::now();
    crowd = talk_until(crowd, 100, || {
        stopped = Instant::now();
        server.signal(Signal::TERM);
    })
    .await;
    assert_eq!(server.exit().code(), Some(0));
    assert!(stopped.elapsed() < Duration::from_secs(5));
    check(&site.start(), crowd).await;
}

#[tokio::test]
async fn accounts_rooms_and_revocations_that_were_answered_outlast_a_kill() {
    let site = Site::new(|_| {});
    let server = site.start();
    let mut alice = server.register("alice").await;
    let mut bob = server.register("bob").await;
    alice.create_private("#garden").await;
    alice.invite("#garden", "bob").await;
    bob.join("#garden").await;
    bob.get(json!({"type": "logout"})).await;
    server.kill();
    let server = site.start();
    let mut newcomer = server.connect().await;
    let resume = json!({"type": "resume", "id": 1, "token": bob.token()});
    newcomer.write_line(&resume).await;
    assert_eq!(
        newcomer.refusal().await.code,
        netcomm::protocol::Code::TokenRefused
    );
    alice.resume(server.connect().await).await.unwrap();
    assert_eq!(alice.history("#garden").await.len(), 3);
}
