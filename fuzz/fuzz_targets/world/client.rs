//! One client: what it reads is held against what the protocol promises.

use std::collections::BTreeMap;

use netcomm::{
    model::{Address, Seq, UserName},
    protocol::{Answer, EntryBody, EntryFrame, Failure, Frame, RequestId},
};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader, DuplexStream},
    time::timeout,
};

use super::{PASSWORD, PATIENCE};

/// What a client is told that is not about a conversation.
#[derive(Debug)]
pub enum Told {
    Answer(Answer),
    Refused(Failure),
    /// An entry or hit of the request with this number.
    Found(RequestId),
    Other,
    /// The server has closed its side.
    End,
}

pub struct Client {
    pub name: UserName,
    stream: BufReader<DuplexStream>,
    /// The next entry of each conversation it reads.
    pub next: BTreeMap<Address, Seq>,
    /// Where it stood before it logged in.
    pub cursors: Vec<(Address, Seq)>,
    current: bool,
}

impl Client {
    pub fn new(name: &str, stream: DuplexStream) -> Self {
        Self {
            name: UserName::parse(name).expect("it is one"),
            stream: BufReader::new(stream),
            next: BTreeMap::new(),
            cursors: Vec::new(),
            current: false,
        }
    }

    /// Writes bytes as they are. That nobody reads them any more is seen when reading.
    pub async fn write(&mut self, bytes: &[u8]) {
        let written = timeout(PATIENCE, self.stream.write_all(bytes)).await;
        let _closed = written.expect("the server reads or closes");
    }

    pub async fn hello(&mut self) {
        let frame = self.frame().await;
        assert!(matches!(frame, Some(Frame::Hello(_))), "{frame:?}");
    }

    /// Makes the account, and gives its token.
    pub async fn register(&mut self) -> String {
        let line = format!(
            r#"{{"type":"register","id":0,"user":"{}","password":"{PASSWORD}"}}"#,
            self.name
        );
        let answer = self.does(&line).await;
        let welcome = answer.welcome.expect("a registration is welcomed");
        let token = welcome.token.expect("a registration gives a token");
        token.expose().to_owned()
    }

    /// Asks and is answered.
    pub async fn does(&mut self, line: &str) -> Answer {
        self.write(format!("{line}\n").as_bytes()).await;
        loop {
            match self.read().await {
                Told::Answer(answer) => return answer,
                Told::Other | Told::Found(_) => {}
                told => panic!("{line}: {told:?}"),
            }
        }
    }

    /// Reads one frame, and checks it.
    pub async fn read(&mut self) -> Told {
        let Some(frame) = self.frame().await else {
            return Told::End;
        };
        match frame {
            Frame::Ok(answer) => return Told::Answer(answer),
            Frame::Error(failure) => return Told::Refused(failure),
            Frame::Conversation(opened) => {
                let old = opened.was.as_ref().unwrap_or(&opened.conversation);
                let cursor = self.cursors.iter().filter(|(address, _)| {
                    address == old || *address == opened.conversation
                });
                let next = match cursor.map(|(_, seq)| *seq).next() {
                    _ if self.current => opened.head,
                    Some(seq) => seq.next(),
                    None => opened.head.next(),
                };
                assert!(opened.start <= opened.head.next(), "{opened:?}");
                let before = self.next.insert(opened.conversation, next);
                assert!(before.is_none(), "a conversation opened twice");
            }
            Frame::Gap { conversation, from, to } => {
                let next = self.reads(&conversation);
                assert_eq!(*next, from, "a gap elsewhere in {conversation}");
                assert!(to >= from, "an empty gap");
                *next = to.next();
            }
            Frame::Entry(entry) => self.entry(&entry),
            Frame::Past { id, entry } => {
                self.reads(&entry.conversation);
                return Told::Found(id);
            }
            Frame::Hit(hit) => {
                self.reads(&hit.conversation);
                return Told::Found(hit.id);
            }
            Frame::Typing { conversation, .. } => drop(self.reads(&conversation)),
            Frame::Read(positions) => drop(self.reads(&positions.conversation)),
            Frame::Current {} => {
                assert!(!self.current, "current twice");
                self.current = true;
            }
            Frame::Hello(_) => panic!("hello twice"),
            Frame::Ping {} => self.write(b"{\"type\":\"pong\"}\n").await,
            Frame::Invited(_)
            | Frame::Presence(_)
            | Frame::GoingAway { .. }
            | Frame::Notice { .. } => {}
        }
        Told::Other
    }

    fn reads(&mut self, conversation: &Address) -> &mut Seq {
        let told = format!("{} was told of {conversation}", self.name);
        self.next.get_mut(conversation).expect(&told)
    }

    fn entry(&mut self, entry: &EntryFrame) {
        let next = self.reads(&entry.conversation);
        assert_eq!(*next, entry.seq, "a hole or a repetition in {}", entry.conversation);
        *next = entry.seq.next();
        let (next, own) = (*next, entry.by == self.name);
        let (gone, renamed) = match &entry.body {
            EntryBody::Left {} => (own, None),
            EntryBody::Kicked { user, .. } | EntryBody::Banned { user, .. } => {
                (*user == self.name, None)
            }
            EntryBody::Renamed { room } => (true, Some(room.clone())),
            _ => (false, None),
        };
        if gone {
            self.next.remove(&entry.conversation);
        }
        if let Some(room) = renamed {
            self.next.insert(Address::Room(room), next);
        }
    }

    async fn frame(&mut self) -> Option<Frame> {
        let mut line = Vec::new();
        let read = timeout(PATIENCE, self.stream.read_until(b'\n', &mut line)).await;
        let length = read.expect("the server says something or closes").unwrap_or(0);
        if length == 0 {
            return None;
        }
        assert_eq!(line.last(), Some(&b'\n'), "half a line");
        let frame = Frame::parse(&line).expect("what the server says is a frame");
        Some(frame.expect("of a type that clients know"))
    }
}
