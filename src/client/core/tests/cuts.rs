//! The core against a server that keeps its promises, with the network cut wherever it hurts.

use super::*;
use crate::{
    client::state::Age,
    model::{ServerRole, Timestamp, TokenId},
    protocol::{EntryBody, EntryFrame, Sent, Welcome},
};

/// A server with one room that keeps its promises, and whose connections are cut after so many
/// frames it has read or written.
#[derive(Default)]
struct Chat {
    log: Vec<EntryFrame>,
    names: HashMap<MessageId, u64>,
}

/// Where the network is cut in the course of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cut {
    /// It has not left, or is lost on its way.
    BeforeItIsRead,
    /// It was done, and the answer is lost.
    BeforeTheAnswer,
    /// The first frame that follows from it arrives, the next does not.
    AfterHalfTheAnswer,
}

impl Chat {
    /// Serves one connection until it may say or hear no more.
    async fn serve(&mut self, far: &mut Far, mut frames: usize) {
        let mut spend = || {
            frames = frames.checked_sub(1)?;
            Some(())
        };
        while let Some(request) = far.request().await {
            let answers = self.answers(&request);
            for answer in &answers {
                if spend().is_none() {
                    return;
                }
                far.say(answer).await;
            }
        }
    }

    /// Serves so many requests whole; then the network is cut as told.
    async fn serve_until(&mut self, far: &mut Far, requests: usize, cut: Cut) {
        for _ in 0..requests {
            let Some(request) = far.request().await else {
                return;
            };
            for answer in self.answers(&request) {
                far.say(&answer).await;
            }
        }
        if cut == Cut::BeforeItIsRead {
            return;
        }
        let Some(request) = far.request().await else {
            return;
        };
        let answers = self.answers(&request);
        if let (Cut::AfterHalfTheAnswer, Some(first)) = (cut, answers.first()) {
            far.say(first).await;
        }
    }

    fn texts(&self) -> Vec<&str> {
        let text = |entry| match entry {
            &EntryFrame {
                body:
                    EntryBody::Posted {
                        text: Some(ref text),
                        ..
                    },
                ..
            } => text.as_str(),
            other => panic!("{other:?}"),
        };
        self.log.iter().map(text).collect()
    }

    fn answers(&mut self, request: &Request) -> Vec<Frame> {
        let head = u64::try_from(self.log.len()).unwrap();
        let ok = |answer: Answer| {
            Frame::Ok(Answer {
                id: request.id,
                ..answer
            })
        };
        match &request.verb {
            Verb::Login(login) => self.welcome(ok(welcome()), &login.cursors, head),
            Verb::Resume(resume) => self.welcome(ok(welcome()), &resume.cursors, head),
            Verb::Send(send) => {
                let known = self.names.get(&send.message).copied();
                let seq = known.unwrap_or(head + 1);
                let sent = Some(Sent {
                    conversation: room(),
                    seq: Seq::new(seq),
                    at: Timestamp::default(),
                });
                let answer = ok(Answer {
                    sent,
                    ..Answer::default()
                });
                if known.is_some() {
                    return vec![answer];
                }
                self.names.insert(send.message.clone(), seq);
                let body = fake::posted(send.text.as_str());
                let entry = EntryFrame {
                    message: Some(send.message.clone()),
                    ..fake::entry("#ops", seq, "alice", body)
                };
                self.log.push(entry.clone());
                vec![Frame::Entry(entry), answer]
            }
            _ => vec![ok(Answer::default())],
        }
    }

    fn welcome(&self, welcome: Frame, cursors: &Cursors, head: u64) -> Vec<Frame> {
        let cursor = cursors.get("#ops").copied().unwrap_or(head);
        let backlog = self.log.iter().filter(|entry| entry.seq.get() > cursor);
        let mut frames = vec![welcome, conversation(head)];
        frames.extend(backlog.cloned().map(Frame::Entry));
        frames.push(Frame::Current {});
        frames
    }
}

fn welcome() -> Answer {
    Answer {
        welcome: Some(Welcome {
            user: UserName::parse("alice").unwrap(),
            role: ServerRole::Member,
            session: TokenId::new(1),
            token: None,
            failed_logins: None,
        }),
        ..Answer::default()
    }
}

#[tokio::test(start_paused = true)]
async fn wherever_the_network_is_cut_each_message_is_kept_once_in_order_and_shown_once() {
    const MESSAGES: usize = 4;
    // A first login is three frames, each message two.
    for first_cut in 0..=3 + 2 * MESSAGES {
        for second_cut in [0, 3, 4] {
            let state = tempfile::tempdir().unwrap();
            let mut world = World::new(&state, password());
            let mut chat = Chat::default();
            let mut shown = Vec::new();
            // The first login sets the cursor; what is typed after it must all be shown.
            let mut far = world.server().await;
            world.while_playing(chat.serve(&mut far, 3)).await;
            drop(far);
            for number in 0..MESSAGES {
                world.say(&format!("text {number}"));
            }
            for cut in [first_cut, second_cut, usize::MAX] {
                let mut far = world.server().await;
                let done = async {
                    let serving = chat.serve(&mut far, cut);
                    let _cut = timeout(Duration::from_secs(60), serving).await;
                };
                let (_, updates) = world.while_playing(done).await;
                shown.extend(updates.into_iter().filter(is_new_entry));
                drop(far);
            }
            let texts = chat.texts();
            let expected: Vec<_> = (0..MESSAGES)
                .map(|number| format!("text {number}"))
                .collect();
            assert_eq!(texts, expected, "cut after {first_cut} and {second_cut}");
            let seqs: Vec<_> = shown
                .iter()
                .map(|update| match update {
                    Update::Changed(Change::Entry { seq, age, .. }) => {
                        assert_ne!(*age, Age::Past);
                        seq.get()
                    }
                    other => panic!("{other:?}"),
                })
                .collect();
            assert_eq!(seqs, [1, 2, 3, 4], "cut after {first_cut} and {second_cut}");
            assert!(world.core.outbox().items().is_empty());
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_cut_before_in_or_after_any_request_of_login_and_resume_too_loses_and_doubles_nothing() {
    const MESSAGES: usize = 3;
    let cuts = [
        Cut::BeforeItIsRead,
        Cut::BeforeTheAnswer,
        Cut::AfterHalfTheAnswer,
    ];
    // The first request of a connection is its login, each other a message.
    for first in 0..=MESSAGES + 1 {
        for second in [0, 1, 2] {
            for (one, other) in cuts.iter().flat_map(|one| cuts.map(|other| (*one, other))) {
                let state = tempfile::tempdir().unwrap();
                let mut world = World::new(&state, password());
                let mut chat = Chat::default();
                for number in 0..MESSAGES {
                    world.say(&format!("text {number}"));
                }
                for (requests, cut) in [(first, one), (second, other)] {
                    let mut far = world.server().await;
                    let serving = chat.serve_until(&mut far, requests, cut);
                    let done = timeout(Duration::from_secs(60), serving);
                    let (_cut, _) = world.while_playing(done).await;
                }
                let mut far = world.server().await;
                let serving = chat.serve(&mut far, usize::MAX);
                let done = timeout(Duration::from_secs(60), serving);
                let (_still_there, _) = world.while_playing(done).await;
                let told = format!("{first} {one:?}, {second} {other:?}");
                assert_eq!(chat.texts(), ["text 0", "text 1", "text 2"], "{told}");
                assert!(world.core.outbox().items().is_empty(), "{told}");
            }
        }
    }
}

/// The only journal of the account.
fn journal(state: &TempDir) -> std::path::PathBuf {
    fn find(folder: &std::path::Path) -> Option<std::path::PathBuf> {
        std::fs::read_dir(folder).unwrap().find_map(|entry| {
            let path = entry.unwrap().path();
            if path.is_dir() {
                return find(&path);
            }
            path.extension()
                .is_some_and(|end| end == "jsonl")
                .then_some(path)
        })
    }
    find(state.path()).unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_client_killed_at_any_byte_of_its_outbox_says_what_it_had_written_once_and_in_order() {
    let state = tempfile::tempdir().unwrap();
    let mut world = World::new(&state, password());
    let names = ["one", "two", "three"].map(|text| world.say(text));
    let file = journal(&state);
    let mut whole = std::fs::read(&file).unwrap();
    let mut adds = Vec::new();
    for (at, byte) in whole.iter().enumerate() {
        if *byte == b'\n' {
            adds.push(at);
        }
    }
    let verbs: Vec<_> = world
        .core
        .outbox()
        .items()
        .iter()
        .map(|item| item.verb.clone())
        .collect();
    let mut dones = Vec::new();
    for name in &names[..2] {
        let line = serde_json::json!({ "done": name.as_str() });
        whole.extend_from_slice(line.to_string().as_bytes());
        dones.push(whole.len());
        whole.push(b'\n');
    }
    drop(world);
    for cut in (0..whole.len())
        .step_by(7)
        .chain(adds.clone())
        .chain(dones.clone())
        .chain([whole.len()])
    {
        let written = adds.iter().filter(|end| **end <= cut).count();
        let answered = dones.iter().filter(|end| **end <= cut).count();
        // The server has kept at least what was answered and at most what was written.
        for kept in answered..=written {
            let state = tempfile::tempdir().unwrap();
            drop(World::new(&state, password()));
            let file = journal(&state);
            std::fs::write(&file, &whole[..cut]).unwrap();
            let mut chat = Chat::default();
            for verb in &verbs[..kept] {
                chat.answers(&Request {
                    id: 9,
                    verb: verb.clone(),
                });
            }
            let mut world = World::new(&state, password());
            let mut far = world.server().await;
            let serving = chat.serve(&mut far, usize::MAX);
            let done = timeout(Duration::from_secs(60), serving);
            let (_still_there, _) = world.while_playing(done).await;
            let expected = &["one", "two", "three"][..written];
            assert_eq!(chat.texts(), expected, "cut at {cut}, {kept} kept");
            assert!(
                world.core.outbox().items().is_empty(),
                "cut at {cut}, {kept} kept"
            );
        }
    }
}
