//! The client as a process, between pipes.

use std::{fs, path::Path, time::Duration};

use rustix::process::Signal;
use tokio::time::sleep;

use crate::harness::{PASSWORD, Site, run, start, within_deadline};

#[test]
fn an_invite_link_is_all_it_takes_and_the_next_start_asks_nothing() {
    let site = Site::new(|_| {});
    let server = site.start();
    let first = site.register(&server).well();
    assert!(first.stdout.contains("* [1] alice: hello"), "{first:?}");
    let input = "again\n/who\n/history 5\n";
    let lines = run(site.client(&["connect"]), input).well().stdout;
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
    site.register(&server).well();
    // A server that does not answer keeps the line in the outbox.
    server.signal(Signal::STOP);
    let mut killed = start(site.client(&["connect"]), "typed in vain\n");
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
    for input in ["", "/history 50\n"] {
        let next = run(site.client(&["connect"]), input).well();
        let count = next.stdout.matches("alice: typed in vain").count();
        assert_eq!(count, 1, "{next:?}");
    }
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
    let mut arguments = vec!["connect", "--ca", ca.to_str().unwrap(), "--user", "alice"];
    arguments.push(server.told("listening"));
    let mut command = site.client(&arguments);
    command.env("NETCOMM_PASSWORD", PASSWORD);
    let refused = run(command, "hello\n");
    assert_eq!(refused.code, Some(1));
    let why = &refused.stderr;
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
        (&["connect"][..], "no user name"),
        (&["connect", "--user", "alice"][..], "no password"),
    ] {
        let misused = run(site.client(arguments), "");
        assert_eq!(misused.code, Some(2));
        assert!(misused.stderr.contains(missing), "{misused:?}");
    }
}
