//! A client that speaks the domain: people talk, join, leave; the wire is underneath.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::atomic::{AtomicU64, Ordering},
};

use netcomm::protocol::{Answer, Code, EntryFrame, Failure, Frame, Sent, Welcome};
use serde_json::{Value, json};

use super::{Connection, Expected, PASSWORD, seen::Seen};

/// The connection is gone, and whether the request was done is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Lost;

/// A logged-in client. Keeps everything it saw, over reconnects.
pub(crate) struct Client {
    name: String,
    token: String,
    connection: Connection,
    requests: u64,
    answers: BTreeMap<u64, Result<Answer, Failure>>,
    past: Vec<EntryFrame>,
    arrived: VecDeque<EntryFrame>,
    /// Frames that are neither answers nor entries, in the order they came.
    values: VecDeque<Frame>,
    seen: Seen,
}

/// Message ids are unique in a test, whichever session of whichever account sends.
fn fresh_message_id() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    format!("message-{}", NEXT.fetch_add(1, Ordering::Relaxed))
}

impl Client {
    pub(super) async fn register(connection: Connection, name: &str) -> Self {
        let request = json!({"type": "register", "user": name, "password": PASSWORD});
        Self::enter(connection, name, request).await
    }

    pub(super) async fn login(connection: Connection, name: &str) -> Self {
        let request = json!({"type": "login", "user": name, "password": PASSWORD});
        Self::enter(connection, name, request).await
    }

    async fn enter(connection: Connection, name: &str, request: Value) -> Self {
        let mut client = Self {
            name: name.to_owned(),
            token: String::new(),
            connection,
            requests: 0,
            answers: BTreeMap::new(),
            past: Vec::new(),
            arrived: VecDeque::new(),
            values: VecDeque::new(),
            seen: Seen::by(name),
        };
        let welcome = client.welcomed(request).await.unwrap();
        client.token = welcome.token.unwrap().expose().to_owned();
        client
    }

    /// Logs in, and waits for all that is behind the cursors.
    async fn welcomed(&mut self, request: Value) -> Result<Welcome, Lost> {
        let answer = match self.try_ask(request).await? {
            Ok(answer) => answer,
            Err(failure) => panic!("{} was not let in: {failure:?}", self.name),
        };
        while !matches!(self.values.back(), Some(Frame::Current {})) {
            self.receive().await?;
        }
        self.values.pop_back();
        Ok(answer.welcome.unwrap())
    }

    /// Gives up its connection, if there still is one, for a new one, and goes on where it stood.
    pub(crate) async fn resume(&mut self, connection: Connection) -> Result<(), Lost> {
        self.connection = connection;
        self.answers.clear();
        let cursors = self.seen.cursors();
        let request = json!({"type": "resume", "token": self.token, "cursors": cursors});
        self.welcomed(request).await.map(drop)
    }

    /// What `resume` takes.
    pub(crate) fn token(&self) -> &str {
        &self.token
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) const fn seen(&self) -> &Seen {
        &self.seen
    }

    /// The connection as it is, for what no client should do.
    pub(crate) const fn wire(&mut self) -> &mut Connection {
        &mut self.connection
    }

    /// Puts a request on the wire and says what number its answer will have.
    pub(crate) async fn put(&mut self, mut request: Value) -> u64 {
        self.requests += 1;
        request["id"] = self.requests.into();
        // A connection that broke shows when the answer is waited for.
        self.connection.write_line(&request).await;
        self.requests
    }

    /// Waits for the answer to a request.
    pub(crate) async fn answer(&mut self, id: u64) -> Result<Result<Answer, Failure>, Lost> {
        loop {
            if let Some(answer) = self.answers.remove(&id) {
                return Ok(answer);
            }
            self.receive().await?;
        }
    }

    /// Asks, on a connection that may be gone.
    pub(crate) async fn try_ask(
        &mut self,
        request: Value,
    ) -> Result<Result<Answer, Failure>, Lost> {
        let id = self.put(request).await;
        self.answer(id).await
    }

    /// Asks, on a connection that must hold.
    pub(crate) async fn ask(&mut self, request: Value) -> Result<Answer, Failure> {
        let word = request["type"].to_string();
        match self.try_ask(request).await {
            Ok(answer) => answer,
            Err(Lost) => panic!("{} lost the connection over {word}", self.name),
        }
    }

    /// Asks for what must be granted.
    pub(crate) async fn get(&mut self, request: Value) -> Answer {
        match self.ask(request.clone()).await {
            Ok(answer) => answer,
            Err(failure) => panic!("{}: {request}: {failure:?}", self.name),
        }
    }

    /// Asks for what must be refused, and says how.
    pub(crate) async fn refused(&mut self, request: Value) -> Failure {
        match self.ask(request.clone()).await {
            Ok(answer) => panic!("{}: {request} was granted: {answer:?}", self.name),
            Err(failure) => failure,
        }
    }

    /// Takes one frame from the wire to where it belongs.
    async fn receive(&mut self) -> Result<(), Lost> {
        match self.connection.frame().await.ok_or(Lost)? {
            Frame::Ok(answer) => self.answered(answer.id, Ok(answer)),
            Frame::Error(failure) => match failure.id {
                Some(id) => self.answered(id, Err(failure)),
                None => self.values.push_back(Frame::Error(failure)),
            },
            Frame::Entry(entry) => {
                self.seen.entry(&entry);
                self.arrived.push_back(entry);
            }
            Frame::Past { entry, .. } => self.past.push(entry),
            Frame::Gap {
                conversation,
                from,
                to,
            } => {
                self.seen
                    .gap(&conversation.to_string(), from.get(), to.get());
            }
            Frame::Conversation(conversation) => {
                self.seen.open(&conversation);
                self.values.push_back(Frame::Conversation(conversation));
            }
            Frame::Ping {} => {
                self.connection.write_line(&json!({"type": "pong"})).await;
            }
            value => self.values.push_back(value),
        }
        Ok(())
    }

    fn answered(&mut self, id: u64, answer: Result<Answer, Failure>) {
        let earlier = self.answers.insert(id, answer);
        assert!(earlier.is_none(), "{}: two answers to {id}", self.name);
    }

    /// Waits until this has come that was not expected before. What came earlier is passed over.
    pub(crate) async fn expect(&mut self, expected: Expected) -> EntryFrame {
        loop {
            while let Some(entry) = self.arrived.pop_front() {
                if (expected.matches)(&entry) {
                    return entry;
                }
            }
            if self.receive().await == Err(Lost) {
                panic!("{} was cut off waiting for {}", self.name, expected.what);
            }
        }
    }

    /// Waits for the next frame that is neither an answer nor an entry and that passes.
    pub(crate) async fn value(&mut self, passes: impl Fn(&Frame) -> bool) -> Frame {
        loop {
            while let Some(value) = self.values.pop_front() {
                if passes(&value) {
                    return value;
                }
            }
            if self.receive().await == Err(Lost) {
                panic!("{} was cut off", self.name);
            }
        }
    }

    /// Waits until everything has come that was answered to anybody before this call.
    pub(crate) async fn catch_up(&mut self) {
        self.get(json!({"type": "ping"})).await;
    }

    /// The server must end this session with that code.
    pub(crate) async fn ended_with(&mut self, code: Code) {
        let error = self.value(|frame| matches!(frame, Frame::Error(_))).await;
        let Frame::Error(failure) = error else {
            panic!("{error:?}");
        };
        assert_eq!(failure.code, code, "{}", failure.text);
        self.connection.closed().await;
    }

    /// Says something; it must be taken.
    pub(crate) async fn say(&mut self, to: &str, text: &str) -> Sent {
        self.send(to, text, &fresh_message_id())
            .await
            .unwrap_or_else(|failure| panic!("{} in {to}: {failure:?}", self.name))
    }

    /// Says something by a message id of one's choice.
    pub(crate) async fn send(
        &mut self,
        to: &str,
        text: &str,
        message: &str,
    ) -> Result<Sent, Failure> {
        let request = json!({"type": "send", "to": to, "text": text, "message": message});
        let answer = self.ask(request).await?;
        Ok(answer.sent.unwrap())
    }

    pub(crate) async fn create(&mut self, room: &str) {
        self.get(json!({"type": "create", "room": room})).await;
    }

    pub(crate) async fn create_private(&mut self, room: &str) {
        self.get(json!({"type": "create", "room": room, "visibility": "private"}))
            .await;
    }

    pub(crate) async fn join(&mut self, room: &str) {
        self.get(json!({"type": "join", "room": room})).await;
    }

    pub(crate) async fn leave(&mut self, room: &str) {
        self.get(json!({"type": "leave", "room": room})).await;
    }

    pub(crate) async fn invite(&mut self, room: &str, user: &str) {
        self.get(json!({"type": "invite", "room": room, "user": user}))
            .await;
    }

    pub(crate) async fn kick(&mut self, room: &str, user: &str) {
        self.get(json!({"type": "kick", "room": room, "user": user}))
            .await;
    }

    /// All that is kept of a conversation and may be read, oldest first.
    pub(crate) async fn history(&mut self, of: &str) -> Vec<EntryFrame> {
        let mut all = Vec::new();
        let mut after = 0;
        self.past.clear();
        loop {
            let answer = self
                .get(json!({"type": "history", "in": of, "after": after}))
                .await;
            all.append(&mut self.past);
            match all.last() {
                Some(last) if answer.history.is_some_and(|end| end.more) => after = last.seq.get(),
                Some(_) | None => return all,
            }
        }
    }
}
