//! One tortured client: says things, is cut off, comes back, says again what was not answered.

use std::{
    collections::{BTreeMap, VecDeque},
    net::SocketAddr,
    time::Duration,
};

use fastrand::Rng;
use tokio::{select, time::sleep};
use tokio_util::sync::CancellationToken;

use crate::{
    model::{Address, RoomRole, Seq, UserName},
    protocol::{
        Code, Cursors, EntryBody, Frame, Nothing, Positions, Read, RequestId, Resume, Secret, Verb,
    },
    tls::ClientTls,
};

use super::{
    ask,
    checker::{Event, Record, Where},
    entry,
    wire::Wire,
};

/// How many requests a client lets wait for their answers.
const OPEN_MAX: usize = 16;
/// Of a thousand steps, how many cut the connection, edit or delete a message, give a role, or say
/// how far was read.
const CUTS: u32 = 8;
const EDITS: u32 = 100;
const DELETES: u32 = 60;
const ROLES: u32 = 40;
const READS: u32 = 60;
/// How many of the others' newest messages a client remembers, to try to delete them.
const HEARD_MAX: usize = 32;

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
    /// Its own messages, to be edited and deleted.
    pub(super) said: Vec<(Address, Seq)>,
    /// Others' newest messages, to be deleted where it may.
    pub(super) heard: VecDeque<(Address, Seq)>,
    /// Everybody, to be given roles.
    pub(super) everybody: Vec<UserName>,
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
                        let (_, verb) = self.new_message();
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
            .ask(Verb::Ping(Nothing {}), |frame| {
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
        let mut dice = self.random.u32(0..1000);
        let mut falls = |share: u32| {
            let falls = dice < share;
            dice = dice.saturating_sub(share);
            falls
        };
        if falls(CUTS) {
            return Step::Cut;
        }
        let step = if falls(EDITS) {
            self.edit()
        } else if falls(DELETES) {
            self.delete()
        } else if falls(ROLES) {
            self.give_role()
        } else if falls(READS) {
            self.read()
        } else {
            None
        };
        step.unwrap_or_else(|| {
            let (message, verb) = self.new_message();
            Step::Say(message, Box::new(verb))
        })
    }

    fn edit(&mut self) -> Option<Step> {
        let (place, seq) = self.random.choice(&self.said).cloned()?;
        let message = self.next_id();
        let verb = ask::edit(&place, seq, &message);
        Some(self.open(message, &place, verb))
    }

    /// Takes back a message of its own, or tries to take back another's.
    fn delete(&mut self) -> Option<Step> {
        let target = if self.random.bool() {
            self.random.choice(&self.said)
        } else {
            self.random.choice(&self.heard)
        };
        let (place, seq) = target.cloned()?;
        let message = self.next_id();
        let verb = ask::delete(&place, seq, &message);
        Some(self.open(message, &place, verb))
    }

    /// Gives somebody a role somewhere, if it may.
    fn give_role(&mut self) -> Option<Step> {
        let Address::Room(room) = self.random.choice(&self.places).cloned()? else {
            return None;
        };
        let user = self.random.choice(&self.everybody).cloned()?;
        let role = self.random.choice(RoomRole::ALL).copied()?;
        let message = self.next_id();
        let verb = ask::role(&room, user, role, &message);
        Some(self.open(message, &Address::Room(room), verb))
    }

    fn read(&mut self) -> Option<Step> {
        let (conversation, seq) = self.random.choice(&self.said).cloned()?;
        let read = Read { conversation, seq };
        Some(Step::Say(String::new(), Box::new(Verb::Read(read))))
    }

    fn open(&mut self, message: String, place: &Address, verb: Verb) -> Step {
        self.record.events.push(Event::Sent {
            message: message.clone(),
            place: self.place(place),
            text: ask::given(&verb),
        });
        self.open.push((message.clone(), verb.clone()));
        Step::Say(message, Box::new(verb))
    }

    fn next_id(&mut self) -> String {
        self.count += 1;
        format!("{}-{}", self.name, self.count)
    }

    /// Something new to say, noted as not answered yet.
    fn new_message(&mut self) -> (String, Verb) {
        let message = self.next_id();
        let place = self
            .random
            .choice(&self.places)
            .cloned()
            .unwrap_or(Address::Everyone);
        let words = self.random.usize(1..40);
        let verb = ask::post(&place, &message, words);
        self.open(message.clone(), &place, verb.clone());
        (message, verb)
    }

    fn hear(&mut self, frame: Frame, asked: &mut BTreeMap<RequestId, String>) {
        match frame {
            Frame::Entry(entry) => {
                let line = entry::line(&self.name, &entry);
                self.cursors
                    .insert(entry.conversation.to_string(), entry.seq.get());
                self.record.events.push(Event::Saw(line));
                if matches!(entry.body, EntryBody::Posted { .. }) && entry.by != self.name {
                    self.heard.push_back((entry.conversation, entry.seq));
                    if self.heard.len() > HEARD_MAX {
                        self.heard.pop_front();
                    }
                }
            }
            Frame::Conversation(it) => self.read_to(&Positions {
                conversation: it.conversation,
                unread: it.unread,
            }),
            Frame::Read(positions) => self.read_to(&positions),
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
                if let Some(positions) = &answer.read {
                    self.read_to(positions);
                }
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

    fn read_to(&mut self, positions: &Positions) {
        let place = self.place(&positions.conversation);
        let seq = positions.unread.read.get();
        self.record.events.push(Event::ReadTo { place, seq });
    }

    fn answered(&mut self, message: &str) -> Option<Verb> {
        let at = self.open.iter().position(|(open, _)| open == message)?;
        Some(self.open.remove(at).1)
    }

    fn place(&self, address: &Address) -> Where {
        entry::place(&self.name, address)
    }
}

enum Step {
    Nothing,
    Cut,
    Say(String, Box<Verb>),
}
