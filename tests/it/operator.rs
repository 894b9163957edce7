//! The operator's commands on accounts, invites and data, while the server runs and when it does not.

use std::{fs, os::unix::fs::PermissionsExt};

use netcomm::protocol::{Code, EntryBody};
use serde_json::{Value, json};

use crate::harness::{PASSWORD, Site, left, posted, within_deadline};

/// What a command said and how it ended.
struct Said {
    code: Option<i32>,
    out: String,
    error: String,
}

/// Runs a command of the operator to its end.
fn operate(site: &Site, arguments: &[&str]) -> Said {
    let mut command = site.command(arguments);
    let output = command.args(["--config", "server.toml"]).output().unwrap();
    Said {
        code: output.status.code(),
        out: String::from_utf8(output.stdout).unwrap(),
        error: String::from_utf8(output.stderr).unwrap(),
    }
}

/// Runs a command that must succeed.
fn done(site: &Site, arguments: &[&str]) -> String {
    let said = operate(site, arguments);
    assert_eq!(said.code, Some(0), "{arguments:?}: {}", said.error);
    said.out
}

/// Runs a command that must fail, and gives its reason.
fn refused(site: &Site, arguments: &[&str]) -> String {
    let said = operate(site, arguments);
    assert_eq!(said.code, Some(1), "{arguments:?}: {}", said.out);
    said.error
}

fn add(site: &Site, name: &str, role: &str) {
    fs::write(site.path("password"), PASSWORD).unwrap();
    let add = [
        "user",
        "add",
        name,
        "--role",
        role,
        "--password-file",
        "password",
    ];
    done(site, &add);
}

/// Name, role and state of every user.
fn users(site: &Site) -> Vec<[String; 3]> {
    let listed = done(site, &["user", "list", "--json"]);
    let word = |line: &Value, key: &str| line[key].as_str().unwrap().to_owned();
    let user = |line: &str| {
        let line: Value = serde_json::from_str(line).unwrap();
        ["user", "role", "state"].map(|key| word(&line, key))
    };
    listed.lines().map(user).collect()
}

#[test]
fn commands_do_the_same_whether_the_server_runs_or_not() {
    let running = Site::new(|_| {});
    // A server that runs knows its port, whatever the settings say.
    let public = "chat.example.org:44444".to_owned();
    let stopped = Site::new(|config| config.server.public_address = Some(public));
    let server = running.start();
    for site in [&stopped, &running] {
        add(site, "alice", "owner");
        add(site, "bob", "member");
        add(site, "carol", "member");
        done(site, &["user", "role", "bob", "admin"]);
        done(site, &["user", "disable", "carol"]);
        let expected = [
            ["alice", "owner", "active"],
            ["bob", "admin", "active"],
            ["carol", "member", "disabled"],
        ];
        assert_eq!(users(site), expected);
        done(site, &["user", "enable", "carol"]);
        done(
            site,
            &["user", "passwd", "carol", "--password-file", "password"],
        );
        done(site, &["user", "delete", "bob"]);
        let expected = [["alice", "owner", "active"], ["carol", "member", "active"]];
        assert_eq!(users(site), expected);
        let taken = ["user", "add", "Bob", "--password-file", "password"];
        assert!(refused(site, &taken).contains("kept back"));
        assert!(refused(site, &["user", "disable", "alice"]).contains("--force"));
        assert!(refused(site, &["user", "enable", "dave"]).contains("no user dave"));
        assert_eq!(
            operate(site, &["user", "role", "alice", "king"]).code,
            Some(2)
        );
        let link = done(site, &["invite", "new", "--expires", "1h"]);
        assert!(
            link.starts_with("netcomm://") && link.contains("/#v1."),
            "{link}"
        );
        let invites = done(site, &["invite", "list", "--json"]);
        let invite: Value = serde_json::from_str(invites.lines().last().unwrap()).unwrap();
        let id = invite["id"].to_string();
        done(site, &["invite", "revoke", &id]);
        assert!(refused(site, &["invite", "revoke", &id]).contains("no invite"));
    }
    let link = done(&running, &["invite", "new"]);
    assert!(link.contains(&server.address().to_string()), "{link}");
}

#[test]
fn a_weak_password_and_a_folder_without_data_are_refused() {
    let site = Site::new(|_| {});
    assert!(refused(&site, &["user", "list"]).contains("no server's data"));
    assert!(!site.path("data").exists());
    fs::write(site.path("password"), "password\n").unwrap();
    let weak = ["user", "add", "alice", "--password-file", "password"];
    assert!(refused(&site, &weak).contains("too easy to guess"));
}

#[test]
fn the_control_socket_is_for_its_owner_alone_and_there_while_the_server_runs() {
    let site = Site::new(|_| {});
    let socket = site.path("data/control.sock");
    let server = site.start();
    let mode = fs::metadata(&socket).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode, 0o600);
    // A crash leaves it behind: nobody listens there, and the next server takes its place.
    server.kill();
    assert!(socket.exists());
    add(&site, "alice", "owner");
    let server = site.start();
    assert_eq!(users(&site), [["alice", "owner", "active"]]);
    server.signal(rustix::process::Signal::TERM);
    assert!(server.exit().success());
    assert!(!socket.exists());
}

#[tokio::test]
async fn who_is_disabled_deleted_or_given_another_password_is_out_at_once() {
    let site = Site::new(|_| {});
    let server = site.start();
    fs::write(site.path("password"), PASSWORD).unwrap();
    for (name, command) in [
        ("alice", &["user", "disable", "alice"][..]),
        ("bob", &["user", "delete", "bob"]),
        (
            "carol",
            &["user", "passwd", "carol", "--password-file", "password"],
        ),
    ] {
        let mut client = server.register(name).await;
        done(&site, command);
        client.ended_with(Code::SessionEnded).await;
        let mut again = server.connect().await;
        let resume = json!({"type": "resume", "id": 1, "token": client.token()});
        assert!(again.write_line(&resume).await);
        assert_eq!(again.refusal().await.code, Code::TokenRefused, "{name}");
    }
}

#[tokio::test]
async fn a_new_role_counts_at_once() {
    let site = Site::new(|_| {});
    let server = site.start();
    let mut alice = server.register("alice").await;
    let offer = || json!({"type": "offer"});
    assert_eq!(alice.refused(offer()).await.code, Code::Forbidden);
    done(&site, &["user", "role", "alice", "admin"]);
    assert!(alice.get(offer()).await.link.is_some());
}

#[tokio::test]
async fn a_deleted_account_leaves_its_rooms_and_its_messages_when_that_is_wanted() {
    let site = Site::new(|_| {});
    let server = site.start();
    for (name, removes) in [("alice", false), ("carol", true)] {
        let mut gone = server.register(name).await;
        let mut stays = server.register(&format!("friend-of-{name}")).await;
        let room = format!("#{name}s");
        gone.create(&room).await;
        stays.join(&room).await;
        gone.say(&room, "hello").await;
        stays.expect(posted("hello")).await;
        let messages = if removes { "remove" } else { "keep" };
        done(&site, &["user", "delete", name, "--messages", messages]);
        stays.expect(left(name)).await;
        let history = stays.history(&room).await;
        let message = history
            .iter()
            .find(|entry| matches!(entry.body, EntryBody::Posted { .. }))
            .unwrap();
        assert!(message.by.as_str().starts_with("deleted-"), "{message:?}");
        let EntryBody::Posted { text, deleted, .. } = &message.body else {
            panic!("{message:?}");
        };
        assert_eq!((text.is_none(), *deleted), (removes, removes));
        // The one who is left runs the room.
        stays
            .get(json!({"type": "topic", "room": room, "topic": "ours"}))
            .await;
    }
    assert!(done(&site, &["verify"]).contains("all is well"));
}

#[tokio::test]
async fn a_backup_made_while_people_chat_has_all_that_was_answered_before() {
    let site = Site::new(|_| {});
    let server = site.start();
    let mut alice = server.register("alice").await;
    for number in 0..20 {
        alice.say("*", &format!("message {number}")).await;
    }
    assert!(done(&site, &["backup", "copy"]).contains("bytes"));
    assert!(refused(&site, &["backup", "copy"]).contains("copy"));
    assert!(done(&site, &["verify", "copy"]).contains("all is well"));
    alice.say("*", "too late").await;
    assert!(refused(&site, &["restore", "copy", "--force"]).contains("in use"));
    server.kill();
    assert!(refused(&site, &["restore", "copy"]).contains("netcomm.db"));
    let restored = done(&site, &["restore", "copy", "--force"]);
    assert!(restored.contains("replaced-"), "{restored}");
    let server = site.start();
    let mut bob = server.register("bob").await;
    let history = bob.history("*").await;
    assert_eq!(history.len(), 20);
    assert!(history.iter().all(|entry| entry.by.as_str() == "alice"));
}

#[tokio::test]
async fn a_damaged_backup_is_found_out_and_not_restored() {
    let site = Site::new(|_| {});
    let server = site.start();
    server.register("alice").await.say("*", "hi").await;
    done(&site, &["backup", "copy"]);
    server.kill();
    let mut bytes = fs::read(site.path("copy")).unwrap();
    let middle = bytes.len() / 2;
    bytes.truncate(middle);
    fs::write(site.path("copy"), bytes).unwrap();
    assert_eq!(operate(&site, &["verify", "copy"]).code, Some(1));
    refused(&site, &["restore", "copy", "--force"]);
    assert!(done(&site, &["verify"]).contains("with 1 entries: all is well"));
}

#[tokio::test]
async fn an_export_is_lines_of_json_of_all_of_one_log_or_of_one_account() {
    let site = Site::new(|_| {});
    let server = site.start();
    let mut alice = server.register("alice").await;
    let mut bob = server.register("bob").await;
    alice.create("#garden").await;
    alice.say("#garden", "in the room").await;
    bob.say("*", "to all").await;
    bob.say("@alice", "to alice").await;
    let kinds = |arguments: &[&str]| -> Vec<String> {
        let text = done(&site, &[&["export"], arguments].concat());
        let line = |line: &str| {
            let line: Value = serde_json::from_str(line).unwrap();
            let word = |key: &str| line[key].as_str().unwrap_or_default().to_owned();
            format!(
                "{} {}{}{}",
                word("type"),
                word("in"),
                word("user"),
                word("text")
            )
        };
        text.lines().map(line).collect()
    };
    let all = kinds(&[]);
    assert_eq!(
        all,
        [
            "account alice",
            "account bob",
            "log *",
            "entry *to all",
            "log #garden",
            "entry #garden",
            "entry #gardenin the room",
            "log @bob",
            "entry @bobto alice",
        ]
    );
    assert_eq!(kinds(&["--broadcast"]), all[2..4]);
    assert_eq!(kinds(&["--room", "garden"]), all[4..7]);
    assert_eq!(kinds(&["--direct", "alice", "bob"]), all[7..]);
    let of_bob = [
        "account bob",
        "log *",
        "entry *to all",
        "log @alice",
        "entry @aliceto alice",
    ];
    assert_eq!(kinds(&["--user", "bob"]), of_bob);
    done(&site, &["export", "--output", "all.jsonl"]);
    refused(&site, &["export", "--output", "all.jsonl"]);
    refused(&site, &["export", "--room", "absent"]);
    assert_eq!(
        operate(&site, &["export", "--room", "a", "--broadcast"]).code,
        Some(2)
    );
}

#[tokio::test]
async fn what_is_beyond_the_retention_rule_goes_and_is_seen_as_a_gap() {
    let mut site = Site::new(|_| {});
    let server = site.start();
    let mut alice = server.register("alice").await;
    for number in 0..30 {
        alice.say("*", &format!("message {number}")).await;
    }
    server.kill();
    site.configure(|config| config.retention.keep_last = Some(10));
    let server = site.start();
    let mut bob = server.register("bob").await;
    let trimmed = async {
        while bob.history("*").await.len() > 10 {}
        bob.history("*").await
    };
    let history = within_deadline("old entries to go", trimmed).await;
    let places: Vec<u64> = history.iter().map(|entry| entry.seq.get()).collect();
    assert_eq!(places, (21..=30).collect::<Vec<_>>());
    assert_eq!(bob.say("*", "the next").await.seq.get(), 31);
    assert!(done(&site, &["verify"]).contains("all is well"));
}
