//! One tortured client: says things, is cut off, comes back, says again what was not answered.

use std::{collections::BTreeMap, net::SocketAddr, time::Duration};

use fastrand::Rng;
use tokio::{select, time::sleep};
use tokio_util::sync::CancellationToken;

use crate::{
    model::{Address, MessageId, Seq, Text, UserName},
    protocol::{
        Code, Cursors, EntryFrame, Frame, NewText, OfMessage, Read, RequestId, Resume, Secret,
        Send, Verb,
    },
    tls::ClientTls,
};

use super::{
    checker::{Event, Line, Record, Where},
    wire::Wire,
};

/// How many requests a client lets wait for their answers.
const OPEN_MAX: usize = 16;
/// Of a thousand steps, how many cut the connection, edit a message, or say how far was read.
const CUTS: u32 = 8;
const EDITS: u32 = 100;
const READS: u32 = 60;

/// One client, over as many connections as it takes.
pub(super) struct Actor {
    pub(super) name: UserName,
    pub(super) token: Secret,
    pub(super) server: SocketAddr,
    pub(super) tls: ClientTls,
    /// Where it may say something.
    pub(super) places: Vec<Address>,
    pub(super) random: Rng,
    /// When this is cancelled it says nothing new, gets its answers, and is done.
    pub(super) enough: CancellationToken,
    pub(super) record: Record,
    pub(super) cursors: Cursors,
    pub(super) count: u64,
    /// Not answered yet, oldest first.
    pub(super) open: Vec<(String, Verb)>,
    /// Its own messages, to be edited.
    pub(super) said: Vec<(Address, Seq)>,
}

impl Actor {
    /// Runs until it has had enough and everything it ever asked for is answered.
    pub(super) async fn run(mut self) -> Record {
        loop {
            match self.connection().await {
                Ok(()) if self.enough.is_cancelled() && self.open.is_empty() => return self.record,
                Ok(()) => {}
                Err(error) => tracing::debug!(who = %self.name, %error, "cut off"),
            }
            sleep(Duration::from_millis(self.random.u64(5..150))).await;
        }
    }

    async fn connection(&mut self) -> anyhow::Result<()> {
        let mut wire = Wire::open(&self.tls, self.server).await?;
        let (token, cursors) = (self.token.clone(), self.cursors.clone());
        let mut seen = Vec::new();
        let resumed = wire.ask(Verb::Resume(Resume { token, cursors }), |frame| {
            seen.push(frame);
        });
        if let Err(failure) = resumed.await? {
            if failure.code == Code::Conflict {
                self.record.events.push(Event::HistoryShrank {
                    what: failure.text.clone(),
                });
                self.cursors.clear();
            }
            anyhow::bail!(failure.text);
        }
        let mut asked: BTreeMap<RequestId, String> = BTreeMap::new();
        for (message, verb) in self.open.clone() {
            asked.insert(wire.say(verb).await?, message);
        }
        for frame in seen {
            self.hear(frame, &mut asked);
        }
        loop {
            if self.enough.is_cancelled() && self.open.is_empty() {
                return self.last_look(wire, asked).await;
            }
            let pause = Duration::from_micros(self.random.u64(200..8_000));
            select! {
                frame = wire.next() => self.hear(frame?, &mut asked),
                () = sleep(pause) => match self.step() {
                    Step::Nothing => {}
                    Step::Cut => {
                        let verb = self.new_message();
                        let bytes = self.random.usize(0..300);
                        wire.say_part(verb, bytes).await?;
                        return Ok(());
                    }
                    Step::Say(message, verb) => {
                        asked.insert(wire.say(*verb).await?, message);
                    }
                },
            }
        }
    }

    /// One answer more: so everything before it has been shown.
    async fn last_look(
        &mut self,
        mut wire: Wire,
        mut asked: BTreeMap<RequestId, String>,
    ) -> anyhow::Result<()> {
        let mut seen = Vec::new();
        let answer = wire
            .ask(Verb::Ping(crate::protocol::Nothing {}), |frame| {
                seen.push(frame);
            })
            .await;
        for frame in seen {
            self.hear(frame, &mut asked);
        }
        answer.map(drop)
    }

    fn step(&mut self) -> Step {
        if self.enough.is_cancelled() || self.open.len() >= OPEN_MAX {
            return Step::Nothing;
        }
        let dice = self.random.u32(0..1000);
        if dice < CUTS {
            return Step::Cut;
        }
        let edited = if dice < CUTS + EDITS {
            self.random.choice(&self.said).cloned()
        } else {
            None
        };
        if let Some((place, seq)) = edited {
            let message = self.next_id();
            let verb = edit(&place, seq, &message);
            return self.open(message, &place, verb);
        }
        if dice < CUTS + EDITS + READS
            && let Some((place, seq)) = self.said.last()
        {
            let read = Read {
                conversation: place.clone(),
                seq: *seq,
            };
            return Step::Say(String::new(), Box::new(Verb::Read(read)));
        }
        let verb = self.new_message();
        let message = self
            .open
            .last()
            .map(|(message, _)| message.clone())
            .unwrap_or_default();
        Step::Say(message, Box::new(verb))
    }

    fn open(&mut self, message: String, place: &Address, verb: Verb) -> Step {
        self.record.events.push(Event::Sent {
            message: message.clone(),
            place: self.place(place),
        });
        self.open.push((message.clone(), verb.clone()));
        Step::Say(message, Box::new(verb))
    }

    fn next_id(&mut self) -> String {
        self.count += 1;
        format!("{}-{}", self.name, self.count)
    }

    /// Something new to say, noted as not answered yet.
    fn new_message(&mut self) -> Verb {
        let message = self.next_id();
        let place = self
            .random
            .choice(&self.places)
            .cloned()
            .unwrap_or(Address::Everyone);
        let words = self.random.usize(1..40);
        let verb = post(&place, &message, words);
        self.open(message, &place, verb.clone());
        verb
    }

    fn hear(&mut self, frame: Frame, asked: &mut BTreeMap<RequestId, String>) {
        match frame {
            Frame::Entry(entry) => {
                let line = line(&self.name, &entry);
                self.cursors
                    .insert(entry.conversation.to_string(), entry.seq.get());
                self.record.events.push(Event::Saw(line));
            }
            Frame::Gap {
                conversation,
                from,
                to,
            } => {
                self.cursors.insert(conversation.to_string(), to.get());
                let place = self.place(&conversation);
                self.record.events.push(Event::Gap {
                    place,
                    from: from.get(),
                    to: to.get(),
                });
            }
            Frame::Ok(answer) => {
                let Some(message) = asked.remove(&answer.id) else {
                    return;
                };
                let Some(sent) = answer.sent else { return };
                let verb = self.answered(&message);
                if let Some(Verb::Send(_)) = verb {
                    self.said.push((sent.conversation, sent.seq));
                }
                self.record.events.push(Event::Answered {
                    message,
                    seq: sent.seq.get(),
                });
            }
            Frame::Error(failure) => {
                let message = failure.id.and_then(|id| asked.remove(&id));
                let Some(message) = message.filter(|message| !message.is_empty()) else {
                    return;
                };
                if failure.code != Code::Unavailable && failure.code != Code::Busy {
                    self.answered(&message);
                    let code = format!("{:?}", failure.code);
                    self.record.events.push(Event::Refused { message, code });
                }
            }
            _ => {}
        }
    }

    fn answered(&mut self, message: &str) -> Option<Verb> {
        let at = self.open.iter().position(|(open, _)| open == message)?;
        Some(self.open.remove(at).1)
    }

    fn place(&self, address: &Address) -> Where {
        place(&self.name, address)
    }
}

enum Step {
    Nothing,
    Cut,
    Say(String, Box<Verb>),
}

/// What all members of a conversation call it here.
pub(super) fn place(me: &UserName, address: &Address) -> Where {
    match address {
        Address::Direct(other) if other < me => format!("@{other}+{me}"),
        Address::Direct(other) => format!("@{me}+{other}"),
        Address::Everyone | Address::Room(_) => address.to_string(),
    }
}

pub(super) fn line(me: &UserName, entry: &EntryFrame) -> Line {
    Line {
        place: place(me, &entry.conversation),
        seq: entry.seq.get(),
        by: entry.by.to_string(),
        kind: entry.body.kind().to_owned(),
        message: entry
            .message
            .as_ref()
            .map(|message| message.as_str().to_owned()),
    }
}

#[expect(
    clippy::expect_used,
    reason = "made of letters, digits and a dash just before"
)]
fn id(message: &str) -> MessageId {
    MessageId::parse(message).expect("letters, digits and a dash")
}

#[expect(clippy::expect_used, reason = "some words, made here")]
fn text(message: &str, words: usize) -> Text {
    Text::parse(&format!("{message}{}", " word".repeat(words))).expect("some words")
}

fn post(place: &Address, message: &str, words: usize) -> Verb {
    Verb::Send(Send {
        to: place.clone(),
        text: text(message, words),
        message: id(message),
        reply_to: None,
        action: false,
    })
}

fn edit(place: &Address, seq: Seq, message: &str) -> Verb {
    Verb::Edit(OfMessage {
        conversation: place.clone(),
        seq,
        message: Some(id(message)),
        change: NewText {
            text: text(message, 3),
        },
    })
}
