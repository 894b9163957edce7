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
                let entry = EntryFrame {
                    conversation: room(),
                    seq: Seq::new(seq),
                    at: Timestamp::default(),
                    by: UserName::parse("alice").unwrap(),
                    message: Some(send.message.clone()),
                    body: EntryBody::Posted {
                        text: Some(send.text.clone()),
                        action: false,
                        reply_to: None,
                        mentions: Vec::new(),
                        here: false,
                        edited: None,
                        deleted: false,
                        reactions: Vec::new(),
                    },
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
            let texts: Vec<_> = chat
                .log
                .iter()
                .map(|entry| match &entry.body {
                    EntryBody::Posted {
                        text: Some(text), ..
                    } => text.as_str().to_owned(),
                    other => panic!("{other:?}"),
                })
                .collect();
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
