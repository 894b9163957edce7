//! The server's end of a connection and what it says there, for tests that play the server.

use tokio::io::{
    AsyncBufReadExt, AsyncWriteExt, BufReader, DuplexStream, Lines, ReadHalf, WriteHalf, duplex,
    split,
};

use crate::{
    model::{Address, Seq, ServerRole, Text, Timestamp, TokenId, UserName},
    protocol::{
        Answer, Code, ConversationFrame, EntryBody, EntryFrame, Failure, Frame, Hello, Limits,
        Request, RequestId, Secret, Unread, UserLine, Verb, Welcome,
    },
};

/// Bytes on their way, as in a socket.
const PIPE: usize = 4096;

/// The server's end of one connection.
pub(super) struct Far {
    lines: Lines<BufReader<ReadHalf<DuplexStream>>>,
    writer: WriteHalf<DuplexStream>,
}

impl Far {
    /// The two ends of a connection.
    pub(super) fn new() -> (DuplexStream, Self) {
        let (near, far) = duplex(PIPE);
        let (reader, writer) = split(far);
        let lines = BufReader::new(reader).lines();
        (near, Self { lines, writer })
    }

    pub(super) async fn say(&mut self, frame: &Frame) {
        let mut line = Vec::new();
        frame.encode(&mut line);
        // The client may be gone; what it then misses is what the test is about.
        let _gone = self.writer.write_all(&line).await;
    }

    /// The next request; none when the client is gone. Whom it has blocked, which it asks after each
    /// login, is answered here: nobody.
    pub(super) async fn request(&mut self) -> Option<Request> {
        loop {
            let request = self.any_request().await?;
            if !matches!(request.verb, Verb::Blocks(_)) {
                return Some(request);
            }
            self.block_list(request.id, &[]).await;
        }
    }

    /// The next request, whatever it is.
    pub(super) async fn any_request(&mut self) -> Option<Request> {
        let line = self.lines.next_line().await.ok()??;
        Some(Request::parse(line.as_bytes()).unwrap())
    }

    /// Says whom the client has blocked.
    pub(super) async fn block_list(&mut self, id: RequestId, users: &[&str]) {
        let line = |user: &&str| UserLine {
            user: UserName::parse(user).unwrap(),
            away: None,
        };
        let answer = Answer {
            id,
            users: Some(users.iter().map(line).collect()),
            ..Answer::default()
        };
        self.say(&Frame::Ok(answer)).await;
    }

    pub(super) async fn expect(&mut self, word: &str) -> Request {
        let request = self.request().await.expect("a request");
        assert_eq!(request.verb.word(), word);
        request
    }

    /// Takes the login, which must be of this kind.
    pub(super) async fn let_in(&mut self, word: &str) -> Request {
        let request = self.expect(word).await;
        let welcome = Welcome {
            user: UserName::parse("alice").unwrap(),
            role: ServerRole::Member,
            session: TokenId::new(1),
            token: Some(Secret::new("token".to_owned())),
            failed_logins: None,
        };
        let answer = Answer {
            id: request.id,
            welcome: Some(welcome),
            ..Answer::default()
        };
        self.say(&Frame::Ok(answer)).await;
        request
    }

    pub(super) async fn refuse(
        &mut self,
        id: Option<RequestId>,
        code: Code,
        retry_ms: Option<u64>,
    ) {
        let failure = Failure {
            id,
            code,
            text: format!("{code:?}"),
            retry_ms,
        };
        self.say(&Frame::Error(failure)).await;
    }
}

pub(super) fn hello(protocol: u32) -> Frame {
    Frame::Hello(Hello {
        protocol,
        software: "netcomm 0.1.0".to_owned(),
        name: "test".to_owned(),
        registration: "open".to_owned(),
        at: Timestamp::from_millis(1_795_403_451_762),
        limits: Limits {
            frame: 65_536,
            frame_before_login: 4096,
            text: 16_384,
            history_page: 200,
            backlog: 500,
        },
    })
}

/// A conversation in which nothing waits to be read.
pub(super) fn conversation(place: &str, head: u64) -> ConversationFrame {
    ConversationFrame {
        conversation: Address::parse(place).unwrap(),
        was: None,
        head: Seq::new(head),
        start: Seq::FIRST,
        role: None,
        topic: None,
        visibility: None,
        unread: Unread::default(),
        silent: false,
        archived: false,
    }
}

/// An entry, so many seconds after the epoch as its number says.
pub(super) fn entry(place: &str, seq: u64, by: &str, body: EntryBody) -> EntryFrame {
    EntryFrame {
        conversation: Address::parse(place).unwrap(),
        seq: Seq::new(seq),
        at: Timestamp::from_millis(1000 * i64::try_from(seq).unwrap()),
        by: UserName::parse(by).unwrap(),
        message: None,
        body,
    }
}

/// A message as it is first said.
pub(super) fn posted(text: &str) -> EntryBody {
    EntryBody::Posted {
        text: Text::parse(text).ok(),
        action: false,
        reply_to: None,
        mentions: Vec::new(),
        here: false,
        edited: None,
        deleted: false,
        reactions: Vec::new(),
    }
}

/// A message that calls a user.
pub(super) fn calling(user: &str) -> EntryBody {
    let mut body = posted(&format!("@{user}"));
    if let EntryBody::Posted { mentions, .. } = &mut body {
        mentions.push(UserName::parse(user).unwrap());
    }
    body
}
