//! The client as a process, between pipes.

use std::{
    fs,
    io::Write,
    path::Path,
    process::{Child, Command, Output, Stdio},
    time::Duration,
};

use rustix::process::Signal;
use tokio::time::sleep;

use crate::harness::{Running, Site, within_deadline};

const PASSWORD: &str = "correct horse battery staple";

/// `netcomm connect` with a folder of its own to remember things in.
fn client(site: &Site, arguments: &[&str]) -> Command {
    let mut command = site.command(&["connect"]);
    command
        .args(arguments)
        .env("NETCOMM_STATE_DIR", site.path("state"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

fn start(mut command: Command, input: &str) -> Child {
    let mut child = command.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(input.as_bytes()).unwrap();
    child
}

fn run(command: Command, input: &str) -> Output {
    start(command, input).wait_with_output().unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn complained(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// What stands after this word in what the server printed.
fn printed<'a>(server: &'a Running, word: &str) -> &'a str {
    let mut lines = server.printed.iter();
    lines
        .find_map(|line| line.strip_prefix(word))
        .unwrap()
        .trim()
}

/// Makes alice's account by the server's owner invite.
fn register(site: &Site, server: &Running) -> Output {
    let link = printed(server, "owner invite");
    let mut command = client(site, &["--user", "alice", link]);
    command.env("NETCOMM_PASSWORD", PASSWORD);
    run(command, "hello\n")
}

#[test]
fn an_invite_link_is_all_it_takes_and_the_next_start_asks_nothing() {
    let site = Site::new(|_| {});
    let server = site.start();
    let first = register(&site, &server);
    assert!(first.status.success(), "{}", complained(&first));
    assert!(
        said(&first).contains("* [1] alice: hello"),
        "{}",
        said(&first)
    );
    let second = run(client(&site, &[]), "again\n/who\n/history 5\n");
    assert!(second.status.success(), "{}", complained(&second));
    let lines = said(&second);
    assert!(
        lines.contains("* [2] alice: again") && lines.contains("  alice\n"),
        "{lines}"
    );
    assert_eq!(
        lines.matches("hello").count(),
        1,
        "shown because it was asked for: {lines}"
    );
}

#[tokio::test]
async fn what_a_killed_client_was_given_is_sent_once_by_the_next() {
    let site = Site::new(|_| {});
    let server = site.start();
    assert!(register(&site, &server).status.success());
    // A server that does not answer keeps the line in the outbox.
    server.signal(Signal::STOP);
    let mut killed = start(client(&site, &[]), "typed in vain\n");
    let state = site.path("state/default");
    let kept = async {
        while !holds(&state, "typed in vain") {
            sleep(Duration::from_millis(5)).await;
        }
    };
    within_deadline("the line in the outbox", kept).await;
    killed.kill().unwrap();
    killed.wait().unwrap();
    server.signal(Signal::CONT);
    let next = run(client(&site, &[]), "");
    assert!(next.status.success(), "{}", complained(&next));
    assert_eq!(
        said(&next).matches("alice: typed in vain").count(),
        1,
        "{}",
        said(&next)
    );
    let after = run(client(&site, &[]), "/history 50\n");
    assert_eq!(
        said(&after).matches("alice: typed in vain").count(),
        1,
        "{}",
        said(&after)
    );
}

/// Whether some file below this folder holds the text.
fn holds(folder: &Path, text: &str) -> bool {
    fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .any(|entry| {
            let path = entry.path();
            if path.is_dir() {
                holds(&path, text)
            } else {
                fs::read_to_string(&path).is_ok_and(|content| content.contains(text))
            }
        })
}

#[test]
fn a_server_that_cannot_be_verified_is_told_nothing() {
    let site = Site::new(|_| {});
    let server = site.start();
    let other = Site::new(|_| {});
    let ca = other.path("ca.pem");
    let address = printed(&server, "listening");
    let mut command = client(
        &site,
        &["--ca", ca.to_str().unwrap(), "--user", "alice", address],
    );
    command.env("NETCOMM_PASSWORD", PASSWORD);
    let refused = run(command, "hello\n");
    assert_eq!(refused.status.code(), Some(1));
    let why = complained(&refused);
    assert!(
        why.contains("does not come from") && why.contains("1 message is not sent yet"),
        "{why}"
    );
    assert!(!site.log().contains("alice"));
}

#[test]
fn without_a_terminal_what_is_missing_is_named() {
    let site = Site::new(|_| {});
    for (arguments, missing) in [
        (&[][..], "no user name"),
        (&["--user", "alice"][..], "no password"),
    ] {
        let misused = run(client(&site, arguments), "");
        assert_eq!(misused.status.code(), Some(2));
        assert!(
            complained(&misused).contains(missing),
            "{}",
            complained(&misused)
        );
    }
}
