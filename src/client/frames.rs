//! `connect --json`: requests come in by the line, frames go out by the line, as on the wire.
//!
//! Logging in and the server's pings are taken care of. At the end of the input every answer is
//! waited for. One connection: a program that wants to go on starts anew with the cursors it kept.

use std::{
    collections::HashSet,
    io::{self, Write},
    process::ExitCode,
};

use anyhow::{Context, bail};
use tokio::{
    io::{AsyncBufReadExt, BufReader, Lines, Stdin, stdin},
    net::TcpStream,
    select,
};

use super::{
    Options,
    connection::{Connection, Lost},
    core::Credentials,
    start,
};
use crate::{
    model::UserName,
    protocol::{Code, Cursors, Failure, Frame, Login, Nothing, Request, RequestId, Resume, Verb},
    tls::ClientTls,
};

/// The number of the login; a program may use it again afterwards.
const LOGIN: RequestId = 0;

/// Connects, logs in behind these cursors, and carries frames until the input or the connection
/// ends.
///
/// # Errors
///
/// When the server cannot be reached, does not let one in, or is lost before it has answered all.
pub async fn carry(options: Options, cursors: Cursors) -> anyhow::Result<ExitCode> {
    let (account, tls) = start::known(&options)?;
    let login = login(account.credentials, account.user, cursors)?;
    let server = (account.server.host(), account.server.port());
    let mut pipe = Pipe {
        connection: connect(server, &tls).await?,
        input: None,
        awaited: HashSet::from([LOGIN]),
        leaving: false,
    };
    pipe.connection.queue(&Request {
        id: LOGIN,
        verb: login,
    });
    pipe.run().await
}

async fn connect(server: (&str, u16), tls: &ClientTls) -> anyhow::Result<Connection> {
    let context = || format!("cannot reach {}:{}", server.0, server.1);
    let tcp = TcpStream::connect(server).await.with_context(context)?;
    let stream = tls.connect(tcp, server.0).await?;
    Ok(Connection::new(Box::new(stream)))
}

fn login(
    credentials: Option<Credentials>,
    user: UserName,
    cursors: Cursors,
) -> anyhow::Result<Verb> {
    Ok(match credentials {
        Some(Credentials::Token(token)) => Verb::Resume(Resume { token, cursors }),
        Some(Credentials::Password(password)) => Verb::Login(Login {
            user,
            password,
            device: None,
            cursors,
        }),
        Some(Credentials::Register { .. }) | None => bail!("run netcomm connect once to log in"),
    })
}

/// A connection between two pipes.
struct Pipe {
    connection: Connection,
    /// Nothing before the login and after the end.
    input: Option<Lines<BufReader<Stdin>>>,
    /// Requests without an answer.
    awaited: HashSet<RequestId>,
    /// Whether goodbye was said.
    leaving: bool,
}

enum Step {
    Frame(Box<Result<Frame, Lost>>),
    Line(io::Result<Option<String>>),
}

impl Pipe {
    async fn run(mut self) -> anyhow::Result<ExitCode> {
        loop {
            let frame = match self.step().await {
                Step::Line(line) => {
                    self.line(line.context("cannot read standard input")?)?;
                    continue;
                }
                Step::Frame(frame) => *frame,
            };
            match frame {
                Ok(frame) => {
                    if !self.frame(frame)? {
                        return Ok(ExitCode::SUCCESS);
                    }
                }
                Err(_) if self.leaving => return Ok(ExitCode::SUCCESS),
                Err(lost) => return Err(lost.into()),
            }
        }
    }

    async fn step(&mut self) -> Step {
        let takes_lines = self.input.is_some() && self.connection.has_room();
        let input = &mut self.input;
        let line = async {
            match input {
                Some(input) => input.next_line().await,
                None => std::future::pending().await,
            }
        };
        select! {
            frame = self.connection.next() => Step::Frame(Box::new(frame)),
            line = line, if takes_lines => Step::Line(line),
        }
    }

    fn line(&mut self, line: Option<String>) -> anyhow::Result<()> {
        let Some(line) = line else {
            self.input = None;
            self.leave_when_answered();
            return Ok(());
        };
        match Request::parse(line.as_bytes()) {
            Ok(request) => {
                if !matches!(request.verb, Verb::Pong(_)) {
                    self.awaited.insert(request.id);
                }
                self.connection.queue(&request);
            }
            // As the server would have answered, whose connection would not live on.
            Err(malformed) => {
                print(&Frame::Error(Failure {
                    id: malformed.id,
                    code: malformed.code,
                    text: malformed.text,
                    retry_ms: None,
                }))?;
            }
        }
        Ok(())
    }

    /// Shows a frame; says whether there is somebody to show it to.
    fn frame(&mut self, frame: Frame) -> anyhow::Result<bool> {
        let (frame, answered) = match frame {
            Frame::Ping {} => {
                let verb = Verb::Pong(Nothing {});
                self.connection.queue(&Request { id: 0, verb });
                return Ok(true);
            }
            Frame::Ok(mut answer) => {
                if let Some(welcome) = &mut answer.welcome {
                    // What is printed may be kept by anybody.
                    welcome.token = None;
                    self.input = Some(BufReader::new(stdin()).lines());
                }
                let id = answer.id;
                (Frame::Ok(answer), Some(id))
            }
            Frame::Error(failure) if failure.code == Code::SessionEnded => {
                bail!("{}", failure.text)
            }
            Frame::Error(failure)
                if failure.id == Some(LOGIN) && self.input.is_none() && !self.leaving =>
            {
                bail!("{}", failure.text)
            }
            Frame::Error(failure) => {
                let id = failure.id;
                (Frame::Error(failure), id)
            }
            frame => (frame, None),
        };
        let is_read = print(&frame)?;
        if let Some(id) = answered {
            self.awaited.remove(&id);
            if self.input.is_none() {
                self.leave_when_answered();
            }
        }
        Ok(is_read)
    }

    fn leave_when_answered(&mut self) {
        if self.awaited.is_empty() && !self.leaving {
            self.leaving = true;
            let verb = Verb::Quit(Nothing {});
            self.connection.queue(&Request { id: LOGIN, verb });
        }
    }
}

/// Prints a frame; says whether anybody reads.
fn print(frame: &Frame) -> io::Result<bool> {
    let mut line = Vec::new();
    frame.encode(&mut line);
    let mut out = io::stdout();
    match out.write_all(&line).and_then(|()| out.flush()) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(false),
        Err(error) => Err(error),
    }
}
