//! A resume request against a state that lives: whatever the cursors say, what follows is each entry
//! of what one is in, once, in order, and nothing else; or a refusal, and the connection lives.
//!
//! The input is the request, with `TOKEN` where alice's token is to stand. When it begins with `!`,
//! bob says something at the same time.

#![no_main]

mod world;

use std::{cell::RefCell, collections::BTreeMap};

use libfuzzer_sys::fuzz_target;
use netcomm::{
    model::{Address, Seq},
    protocol::{Code, Cursors, Request, Verb},
};
use tokio::runtime::Runtime;
use world::{Client, Past, Server, Told};

/// After so many inputs the state is made anew, so that it does not grow for ever.
const INPUTS_MAX: u64 = 2_000;

struct Stand {
    runtime: Runtime,
    past: Past,
    server: Server,
    bob: Client,
    /// The heads of what alice is in.
    heads: BTreeMap<Address, Seq>,
    inputs: u64,
}

thread_local! {
    static STAND: RefCell<Option<Stand>> = const { RefCell::new(None) };
}

fuzz_target!(|input: &[u8]| {
    STAND.with_borrow_mut(|stand| {
        let stand = stand.get_or_insert_with(Stand::new);
        stand.run(input);
        stand.inputs += 1;
        if stand.inputs > INPUTS_MAX {
            stand.renew();
        }
    });
});

impl Stand {
    fn new() -> Self {
        let runtime = world::runtime();
        let past = Past::new(&runtime);
        let (server, bob, heads) = runtime.block_on(open(&past));
        Self {
            runtime,
            past,
            server,
            bob,
            heads,
            inputs: 0,
        }
    }

    fn renew(&mut self) {
        let (server, bob, heads) = self.runtime.block_on(open(&self.past));
        drop(std::mem::replace(&mut self.bob, bob));
        let old = std::mem::replace(&mut self.server, server);
        self.runtime.block_on(old.close());
        (self.heads, self.inputs) = (heads, 0);
    }

    fn run(&mut self, input: &[u8]) {
        let (live, line) = match input.strip_prefix(b"!") {
            Some(line) => (true, line),
            None => (false, input),
        };
        let Ok(line) = std::str::from_utf8(line) else {
            return;
        };
        let line = line.replace("TOKEN", &self.past.alice).replace('\n', " ");
        if line.len() >= netcomm::protocol::FRAME_MAX_BEFORE_LOGIN {
            return;
        }
        let Ok(Request { id, verb: Verb::Resume(resume) }) = Request::parse(line.as_bytes()) else {
            return;
        };
        let right = resume.token.expose() == self.past.alice;
        let Some((expected, cursors)) = self.expected(right, &resume.cursors) else {
            return;
        };
        // Which comes first, bob's word or the login, is open.
        let next = self.heads[&Address::Everyone].next();
        let either = live && cursors.contains(&(Address::Everyone, next));
        let Self { runtime, server, bob, heads, inputs, .. } = self;
        runtime.block_on(async {
            let mut alice = server.connect("alice").await;
            if live {
                let text = format!(
                    r#"{{"type":"send","id":{inputs},"to":"*","text":"x","message":"i{inputs}"}}"#
                );
                bob.write(format!("{text}\n").as_bytes()).await;
            }
            alice.cursors = cursors;
            alice.write(format!("{line}\n").as_bytes()).await;
            let code = login(&mut alice, id).await;
            if !(either && matches!(code, None | Some(Code::Conflict))) {
                assert_eq!(code, expected, "{line}");
            }
            if live {
                until_answered(bob, *inputs).await;
                let head = heads.get_mut(&Address::Everyone).expect("all are in it");
                *head = head.next();
            }
            alice.write(b"{\"type\":\"ping\",\"id\":7}\n").await;
            until_answered(&mut alice, 7).await;
            if code.is_none() {
                let reads: BTreeMap<_, _> =
                    heads.iter().map(|(address, head)| (address.clone(), head.next())).collect();
                assert_eq!(alice.next, reads, "{line}");
            }
            bob.write(b"{\"type\":\"pong\"}\n").await;
        });
    }

    /// What the login is refused with, if it is, and the cursors by which it goes on. Nothing when
    /// two cursors are for one conversation: which of them counts is nowhere said.
    #[expect(clippy::type_complexity, reason = "said above")]
    fn expected(
        &self,
        right: bool,
        cursors: &Cursors,
    ) -> Option<(Option<Code>, Vec<(Address, Seq)>)> {
        let mut known = Vec::new();
        let (mut ahead, mut seen) = (false, Vec::new());
        for (key, seq) in cursors {
            let Ok(address) = Address::parse(key) else {
                return Some((Some(Code::BadRequest), known));
            };
            let shed = Address::parse("#shed").expect("it is one");
            let now = if address == shed {
                Address::parse("#barn").expect("it is one")
            } else {
                address.clone()
            };
            if let Some(head) = self.heads.get(&now) {
                if seen.contains(&now) {
                    return None;
                }
                ahead |= Seq::new(*seq) > *head;
                known.push((address, Seq::new(*seq)));
                seen.push(now);
            }
        }
        let code = match (right, ahead) {
            (false, _) => Some(Code::TokenRefused),
            (true, true) => Some(Code::Conflict),
            (true, false) => None,
        };
        Some((code, known))
    }
}

/// A server, bob there, and the heads of what alice is in.
async fn open(past: &Past) -> (Server, Client, BTreeMap<Address, Seq>) {
    let mut server = past.server();
    let mut bob = server.connect("bob").await;
    let line = |token| format!(r#"{{"type":"resume","id":1,"token":"{token}"}}"#);
    bob.does(&line(&past.bob)).await;
    let mut alice = server.connect("alice").await;
    alice.does(&line(&past.alice)).await;
    alice.does(r#"{"type":"ping","id":2}"#).await;
    let heads = alice.next.iter().map(|(address, next)| (address.clone(), next.previous()));
    let heads = heads.collect();
    (server, bob, heads)
}

/// Reads up to the answer to the login; says what it was refused with, if it was.
async fn login(client: &mut Client, id: u64) -> Option<Code> {
    loop {
        match client.read().await {
            Told::Answer(answer) if answer.id == id && answer.welcome.is_some() => return None,
            Told::Refused(failure) if failure.id == Some(id) => return Some(failure.code),
            told => panic!("{told:?} in the place of an answer to {id}"),
        }
    }
}

async fn until_answered(client: &mut Client, id: u64) {
    loop {
        match client.read().await {
            Told::Answer(answer) if answer.id == id => return,
            Told::Other => {}
            Told::Found(other) => panic!("something was found for {other}, which asked for nothing"),
            told => panic!("{told:?} in the place of an answer to {id}"),
        }
    }
}
