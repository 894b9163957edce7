//! Two people at two real terminals, on the whole screen, from the invite to the same history.

use netcomm::config::Registration;
use serde_json::Value;

use crate::harness::{Cutter, PASSWORD, Site, Terminal, Terminals, run};

/// All that was said to everybody, as an account of this state folder reads it.
fn history(site: &Site, who: &str) -> Vec<(u64, String)> {
    let mut command = site.client(&["history", "*", "--json"]);
    command.env("NETCOMM_STATE_DIR", site.path(who));
    let frames = run(command, "").well().stdout;
    let entry = |line: &str| {
        let frame: Value = serde_json::from_str(line).unwrap();
        let text = frame["text"].as_str().unwrap_or_default().to_owned();
        (frame["seq"].as_u64().unwrap(), text)
    };
    frames.lines().map(entry).collect()
}

/// The invite link that the screen shows.
fn link_on(screen: &str) -> &str {
    let link = &screen[screen.find("netcomm://").unwrap()..];
    let is_part = |c: char| c.is_ascii_alphanumeric() || "-_.:/#".contains(c);
    let end = link.find(|c| !is_part(c)).unwrap_or(link.len());
    &link[..end]
}

/// Gives a new account its password, and waits until it is let in.
async fn choose_password(who: &Terminal<'_>) {
    who.shows("new password:").await;
    who.line(PASSWORD);
    who.shows("the same again:").await;
    who.line(PASSWORD);
    who.shows("TLS 1.3").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_people_chat_through_a_cut_and_a_kill_and_end_with_the_same_history() {
    let mut site = Site::new(|config| config.server.registration = Registration::Invite);
    let server = site.start();
    let address = server.address();
    // It comes back where it was.
    site.configure(|config| config.server.listen = vec![address]);
    let invite = server.told("owner invite").to_owned();
    let cutter = Cutter::before(address).await;
    let terminals = Terminals::new(&site);

    let alice = terminals.open("alice", "connect");
    alice.shows("Paste an invite link").await;
    alice.line(&invite);
    alice.shows("What is your name").await;
    alice.line("alice");
    choose_password(&alice).await;

    alice.line("/offer");
    let screen = alice.shows("netcomm://").await;
    alice.key("Escape");
    let port = |port: u16| format!(":{port}/");
    let link = link_on(&screen).replace(&port(address.port()), &port(cutter.address().port()));
    let bob = terminals.open("bob", &format!("connect '{link}' --user bob"));
    choose_password(&bob).await;

    alice.line("good morning");
    bob.shows("good morning").await;
    bob.line("morning, alice");
    alice.shows("morning, alice").await;

    // Bob's way is cut, and he goes on.
    cutter.cut_after(0);
    alice.line("are you there?");
    bob.shows("reconnecting").await;
    bob.line("typed while cut off");
    bob.shows("typed while cut off").await;
    // And the server dies, and alice goes on.
    server.kill();
    alice.shows("reconnecting").await;
    alice.line("typed while the server is gone");
    alice.shows("typed while the server is gone").await;

    let server = site.start();
    cutter.mend();
    alice.shows("typed while cut off").await;
    let screen = bob.shows("typed while the server is gone").await;
    for text in [
        "good morning",
        "morning, alice",
        "are you there?",
        "typed while cut off",
    ] {
        assert_eq!(screen.matches(text).count(), 1, "{screen}");
    }
    for person in [alice, bob] {
        person.line("/quit");
        person.ended().await;
    }

    let said = history(&site, "alice");
    assert_eq!(said, history(&site, "bob"));
    let (places, mut texts): (Vec<_>, Vec<_>) = said.into_iter().unzip();
    assert_eq!(places, [1, 2, 3, 4, 5]);
    let before: Vec<_> = texts.drain(..3).collect();
    assert_eq!(before, ["good morning", "morning, alice", "are you there?"]);
    texts.sort();
    assert_eq!(
        texts,
        ["typed while cut off", "typed while the server is gone"]
    );
    drop(server);
}
