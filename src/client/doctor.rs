//! What is between this machine and a server, looked at step by step.

use std::time::Duration;

use tokio::{
    net::{TcpStream, lookup_host},
    time::timeout,
};

use super::{Options, connection::Connection, core::Credentials, sanitize, start};
use crate::{
    auth::ServerAddress,
    model::Timestamp,
    protocol::{Cursors, Frame, Hello, Request, Resume, VERSION, Verb},
    tls::{ClientTls, ConnectError, Negotiated},
};

/// How long each step may take.
const STEP_TIMEOUT: Duration = Duration::from_secs(10);
/// How far two clocks may be apart: more, and the minutes shown beside messages are wrong.
const CLOCK_DIFFERENCE_MAX: Duration = Duration::from_secs(60);

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What.
    pub what: &'static str,
    /// What it is like, or what is wrong and what to do.
    pub result: Result<String, String>,
}

/// Looks at everything from the name to the token, up to the first thing that is wrong.
///
/// # Errors
///
/// When it is not known which server is meant or whom to trust there.
pub async fn examine(options: &Options) -> anyhow::Result<Vec<Finding>> {
    let place = start::place(options)?;
    let tls = ClientTls::new(place.trust.clone())?;
    let mut findings = Vec::new();
    match examine_link(&place.server, &tls, &mut findings).await {
        Ok(connection) => findings.push(examine_token(options, connection).await),
        Err(found) => findings.push(found),
    }
    Ok(findings)
}

async fn examine_link(
    server: &ServerAddress,
    tls: &ClientTls,
    findings: &mut Vec<Finding>,
) -> Result<Connection, Finding> {
    let name = (server.host(), server.port());
    let advice = "check the name, or this machine's name service";
    let addresses = step(lookup_host(name)).await;
    let addresses: Vec<_> = addresses.map_err(bad("name", advice))?.collect();
    let listed: Vec<_> = addresses.iter().map(|at| at.ip().to_string()).collect();
    let text = format!("{} is {}", server.host(), listed.join(", "));
    findings.push(good("name", text));

    let advice = "is netcomm serve running there, and does a firewall let the port through?";
    let tcp = step(TcpStream::connect(addresses.as_slice())).await;
    let tcp = tcp.map_err(bad("port", advice))?;
    findings.push(good("port", format!("{} answers", server.port())));

    let stream = timeout(STEP_TIMEOUT, tls.connect(tcp, server.host())).await;
    let stream = stream
        .map_err(|_| wrong("tls", &no_answer()))?
        .map_err(|error| wrong(part(&error), &error.to_string()))?;
    let negotiated = Negotiated::of(&stream);
    findings.push(good("tls", negotiated.to_string()));
    findings.push(good("pin", format!("it comes from {}", tls.trust())));
    findings.push(good("alpn", "netcomm/1".to_owned()));

    let mut connection = Connection::new(Box::new(stream));
    let hello = greeting(&mut connection).await?;
    findings.push(introduction(&hello));
    findings.push(clock(hello.at, Timestamp::now()));
    Ok(connection)
}

/// Which part of the way a handshake failed at; the error's sentence says what to do.
const fn part(error: &ConnectError) -> &'static str {
    match error {
        ConnectError::UnknownCa { .. } | ConnectError::WrongPin { .. } => "pin",
        ConnectError::NotYetValid { .. } => "clock",
        ConnectError::NotNetcomm => "alpn",
        ConnectError::WrongName { .. }
        | ConnectError::Expired { .. }
        | ConnectError::Certificate(_) => "certificate",
        ConnectError::NotAName { .. } => "name",
        ConnectError::NotTls | ConnectError::Tls(_) | ConnectError::Io(_) => "tls",
    }
}

async fn greeting(connection: &mut Connection) -> Result<Hello, Finding> {
    let frame = step(connection.next()).await;
    let hello = match frame.map_err(bad("protocol", "is it a netcomm server?"))? {
        Frame::Hello(hello) => hello,
        Frame::Error(failure) => return Err(bad("protocol", "try again later")(failure.text)),
        _ => {
            let why = "it did not begin with hello".to_owned();
            return Err(bad("protocol", "is it a netcomm server?")(why));
        }
    };
    if hello.protocol != VERSION {
        let why = format!(
            "it speaks version {}, this netcomm {VERSION}",
            hello.protocol
        );
        return Err(bad("protocol", "update the older of the two")(why));
    }
    Ok(hello)
}

fn introduction(hello: &Hello) -> Finding {
    let (name, registration) = (
        sanitize::line(&hello.name),
        sanitize::line(&hello.registration),
    );
    let software = sanitize::line(&hello.software);
    let text = format!("{software}, called {name}, registration {registration}");
    good("protocol", text)
}

fn clock(server: Timestamp, here: Timestamp) -> Finding {
    let (ahead, behind) = (here.since(server), server.since(here));
    let (by, word) = if ahead > behind {
        (ahead, "ahead of")
    } else {
        (behind, "behind")
    };
    if by <= CLOCK_DIFFERENCE_MAX {
        return good("clock", format!("{here}, as at the server"));
    }
    let seconds = by.as_secs();
    let why = format!("this machine says {here}, {seconds} s {word} the server");
    bad("clock", "set the one that is wrong")(why)
}

async fn examine_token(options: &Options, connection: Connection) -> Finding {
    token(options, connection)
        .await
        .unwrap_or_else(|wrong| wrong)
}

async fn token(options: &Options, mut connection: Connection) -> Result<Finding, Finding> {
    let known = start::known(options).map_err(|error| error.to_string());
    let (account, _) = known.map_err(bad("token", "nothing else is wrong"))?;
    let Some(Credentials::Token(token)) = account.credentials else {
        let why = "there is none, only a password".to_owned();
        return Err(bad("token", "run netcomm connect to log in")(why));
    };
    connection.queue(&Request {
        id: 1,
        verb: Verb::Resume(Resume {
            token,
            cursors: Cursors::new(),
        }),
    });
    let answer = step(connection.next()).await;
    match answer.map_err(bad("token", "try again"))? {
        Frame::Ok(_) => Ok(good("token", format!("{} is let in", account.user))),
        Frame::Error(failure) => Err(bad("token", "run netcomm connect to log in again")(
            failure.text,
        )),
        _ => {
            let why = "the server answered something else".to_owned();
            Err(bad("token", "update the older of the two")(why))
        }
    }
}

async fn step<T, E: std::fmt::Display>(
    future: impl Future<Output = Result<T, E>>,
) -> Result<T, String> {
    match timeout(STEP_TIMEOUT, future).await {
        Ok(done) => done.map_err(|error| error.to_string()),
        Err(_) => Err(no_answer()),
    }
}

fn no_answer() -> String {
    format!("no answer within {} s", STEP_TIMEOUT.as_secs())
}

const fn good(what: &'static str, text: String) -> Finding {
    Finding {
        what,
        result: Ok(text),
    }
}

/// Makes a finding of what went wrong.
fn bad(what: &'static str, advice: &'static str) -> impl FnOnce(String) -> Finding {
    move |why| wrong(what, &format!("{why}; {advice}"))
}

fn wrong(what: &'static str, why: &str) -> Finding {
    Finding {
        what,
        result: Err(sanitize::line(why)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clocks_that_differ_by_more_than_a_minute_are_told_with_their_difference() {
        let now = Timestamp::from_millis(1_795_403_451_762);
        for ok in [0, 59] {
            let other = now.after(Duration::from_secs(ok));
            assert!(clock(now, other).result.is_ok() && clock(other, now).result.is_ok());
        }
        let later = now.after(Duration::from_secs(7200));
        let ahead = clock(now, later).result.unwrap_err();
        assert!(ahead.contains("7200 s ahead of the server"), "{ahead}");
        let behind = clock(later, now).result.unwrap_err();
        assert!(behind.contains("7200 s behind the server"), "{behind}");
    }
}
