//! Whatever two clients say to a server, in whatever order and however broken: every request with a
//! number gets one answer, entries come in order, once, and from nowhere one is not, and a session
//! ends only for the reasons in docs/protocol.md.
//!
//! Each line of the input is said by alice, or by bob when it begins with `b`. A line that is only
//! `~` cuts that one's connection in the middle of a word; they come back with their cursors.

#![no_main]

mod world;

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
};

use libfuzzer_sys::fuzz_target;
use netcomm::protocol::{Code, Failure, Request, RequestId, Verb};
use tokio::runtime::Runtime;
use world::{Client, Past, Server, Told};

/// Lines of one input; more only make it slow.
const LINES_MAX: usize = 40;
/// Comings and goings of one connection: above ten the server waits a second for each.
const ROOM_REQUESTS_MAX: usize = 9;
/// Numbers from here on are ours.
const OURS: RequestId = 1 << 63;

thread_local! {
    static STAND: RefCell<Option<(Runtime, Past)>> = const { RefCell::new(None) };
}

fuzz_target!(|input: &[u8]| {
    STAND.with_borrow_mut(|stand| {
        let (runtime, past) = stand.get_or_insert_with(|| {
            let runtime = world::runtime();
            let past = Past::new(&runtime);
            (runtime, past)
        });
        runtime.block_on(run(past, input));
    });
});

async fn run(past: &Past, input: &[u8]) {
    let mut server = past.server();
    let mut alice = Actor::new("alice", &past.alice);
    let mut bob = Actor::new("bob", &past.bob);
    alice.come_back(&mut server).await;
    bob.come_back(&mut server).await;
    for line in input.split(|byte| *byte == b'\n').take(LINES_MAX) {
        match line {
            b"b~" => bob.cut(&mut server).await,
            b"~" => alice.cut(&mut server).await,
            [b'b', line @ ..] => bob.says(line, &mut server).await,
            line => alice.says(line, &mut server).await,
        }
    }
    bob.settle(&mut server).await;
    alice.settle(&mut server).await;
    bob.settle(&mut server).await;
    if let (Some(alice), Some(bob)) = (&alice.client, &bob.client) {
        for (conversation, next) in &alice.next {
            if let Some(other) = bob.next.get(conversation).filter(|_| shared(conversation)) {
                assert_eq!(next, other, "two heads of {conversation}");
            }
        }
    }
    drop((alice, bob));
    server.close().await;
}

/// Whether both call the same conversation by this name.
fn shared(conversation: &netcomm::model::Address) -> bool {
    !matches!(conversation, netcomm::model::Address::Direct(_))
}

struct Actor {
    name: &'static str,
    token: String,
    client: Option<Client>,
    /// How many answers are due to each number.
    due: BTreeMap<RequestId, usize>,
    room_requests: usize,
    /// What was said may end the session or the token: then it may.
    ends: BTreeSet<Ends>,
    settled: RequestId,
}

/// What a session may end by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Ends {
    /// A line that cannot be answered.
    BadLine,
    /// `quit` or `logout`.
    Goodbye,
    /// `logout`, `revoke`: the token may be gone.
    Token,
}

impl Actor {
    fn new(name: &'static str, token: &str) -> Self {
        Self {
            name,
            token: token.to_owned(),
            client: None,
            due: BTreeMap::new(),
            room_requests: 0,
            ends: BTreeSet::new(),
            settled: OURS,
        }
    }

    async fn says(&mut self, line: &[u8], server: &mut Server) {
        let Some(client) = &mut self.client else {
            return;
        };
        if line.is_empty() {
            return;
        }
        match Request::parse(line) {
            Ok(Request { id, .. }) if id >= OURS => return,
            Ok(Request { id, verb }) => {
                if matches!(verb, Verb::Create(_) | Verb::Join(_) | Verb::Leave(_)) {
                    self.room_requests += 1;
                    if self.room_requests > ROOM_REQUESTS_MAX {
                        return;
                    }
                }
                if !matches!(verb, Verb::Pong(_)) {
                    *self.due.entry(id).or_default() += 1;
                }
                self.ends.extend(match verb {
                    Verb::Quit(_) => vec![Ends::Goodbye],
                    Verb::Logout(_) => vec![Ends::Goodbye, Ends::Token],
                    Verb::Revoke(_) => vec![Ends::Token],
                    _ => vec![],
                });
            }
            Err(malformed) => match malformed.id {
                Some(id) if id >= OURS => return,
                Some(id) => *self.due.entry(id).or_default() += 1,
                None => drop(self.ends.insert(Ends::BadLine)),
            },
        }
        client.write(&[line, b"\n"].concat()).await;
        if !self.ends.is_empty() {
            self.settle(server).await;
        }
    }

    /// Reads until all that was asked is answered, or the connection has ended as it may; then they
    /// come back.
    async fn settle(&mut self, server: &mut Server) {
        let Some(client) = &mut self.client else {
            return;
        };
        self.settled += 1;
        let ours = self.settled;
        client.write(format!("{{\"type\":\"ping\",\"id\":{ours}}}\n").as_bytes()).await;
        let mut last = None;
        loop {
            match client.read().await {
                Told::Answer(answer) if answer.id == ours => break,
                Told::Answer(answer) => answered(&mut self.due, answer.id),
                Told::Refused(Failure { id: Some(id), code, text, .. }) => {
                    let inside = matches!(code, Code::Internal | Code::Unavailable);
                    assert!(!inside, "{code:?}: {text}");
                    answered(&mut self.due, id);
                }
                Told::Refused(failure) => last = Some(failure.code),
                Told::Found(id) => assert!(self.due.contains_key(&id), "found for {id}"),
                Told::Other => {}
                Told::End => return self.ended(last, server).await,
            }
        }
        assert!(self.due.is_empty(), "not answered: {:?}", self.due);
        // What might have ended it has not.
        self.ends.retain(|ends| *ends == Ends::Token);
    }

    async fn ended(&mut self, last: Option<Code>, server: &mut Server) {
        let reason = match last {
            Some(Code::BadFrame) => Ends::BadLine,
            Some(Code::SessionEnded) => Ends::Token,
            None => Ends::Goodbye,
            Some(code) => panic!("{} was ended by {code:?}", self.name),
        };
        assert!(self.ends.remove(&reason), "{} was ended by {reason:?}", self.name);
        // A bad line is looked at while others wait for their answers.
        if reason == Ends::Goodbye {
            assert!(self.due.is_empty(), "not answered: {:?}", self.due);
        }
        self.come_back(server).await;
    }

    async fn cut(&mut self, server: &mut Server) {
        if let Some(mut client) = self.client.take() {
            client.write(b"{\"type\":\"send\",\"to\":\"*\",\"text\":\"cut").await;
            self.come_back_from(client, server).await;
        }
    }

    async fn come_back(&mut self, server: &mut Server) {
        let old = self.client.take();
        let mut client = server.connect(self.name).await;
        if let Some(old) = old {
            client.cursors = old.next.iter().map(|(at, next)| (at.clone(), next.previous())).collect();
        }
        self.enter(client).await;
    }

    async fn come_back_from(&mut self, old: Client, server: &mut Server) {
        self.client = Some(old);
        self.come_back(server).await;
    }

    /// Logs in with the token, if it still counts.
    async fn enter(&mut self, mut client: Client) {
        self.due.clear();
        self.room_requests = 0;
        self.ends.retain(|ends| *ends == Ends::Token);
        let cursors: BTreeMap<String, u64> =
            client.cursors.iter().map(|(at, seq)| (at.to_string(), seq.get())).collect();
        let cursors = serde_json::to_string(&cursors).expect("plain data");
        let line = format!(
            "{{\"type\":\"resume\",\"id\":{OURS},\"token\":\"{}\",\"cursors\":{cursors}}}\n",
            self.token
        );
        client.write(line.as_bytes()).await;
        match client.read().await {
            Told::Answer(answer) => assert!(answer.welcome.is_some()),
            Told::Refused(failure) if failure.code == Code::TokenRefused => {
                assert!(self.ends.contains(&Ends::Token), "{} lost the token", self.name);
                return;
            }
            told => panic!("{told:?} in the place of a welcome for {line}"),
        }
        self.client = Some(client);
    }
}

fn answered(due: &mut BTreeMap<RequestId, usize>, id: RequestId) {
    let left = due.get_mut(&id).unwrap_or_else(|| panic!("an answer to {id}, which was not asked"));
    *left -= 1;
    if *left == 0 {
        due.remove(&id);
    }
}
