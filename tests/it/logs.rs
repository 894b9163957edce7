//! What the log of a whole run may hold, at its most talkative.

use netcomm::config::LogFormat;
use rustix::process::Signal;
use serde_json::{Value, json};

use crate::harness::{PASSWORD, Running, Site};

const WRONG: &str = "a wrong guess nobody should read";
const TEXT: &str = "meet me behind the greenhouse at nine";
const TOPIC: &str = "what the gardeners know";
/// What would be a line of its own, or drive a terminal, if it were written as it is.
const HOSTILE: &str = "x\n{\"event\":\"login_ok\",\"user\":\"root\"}\r\u{1b}[2J";

/// Does a little of everything, and gives back the secrets of it.
async fn a_busy_day(server: &Running) -> Vec<String> {
    let mut newcomer = server.connect().await;
    for (user, device) in [("alice", "x"), (HOSTILE, "x"), ("nobody-here", HOSTILE)] {
        let login =
            json!({"type": "login", "id": 1, "user": user, "password": WRONG, "device": device});
        newcomer.write_line(&login).await;
        newcomer.refusal().await;
    }
    let mut alice = server.register("alice").await;
    let mut bob = server.register("bob").await;
    alice.create_private("#garden").await;
    alice
        .get(json!({"type": "topic", "room": "#garden", "topic": TOPIC}))
        .await;
    alice.invite("#garden", "bob").await;
    bob.join("#garden").await;
    alice.say("#garden", TEXT).await;
    bob.say("@alice", TEXT).await;
    alice
        .get(json!({"type": "edit", "in": "#garden", "seq": 5, "text": format!("{TEXT} or ten")}))
        .await;
    alice.refused(json!({"type": HOSTILE})).await;
    alice
        .refused(json!({"type": "join", "room": HOSTILE}))
        .await;
    alice.resume(server.connect().await).await.unwrap();
    bob.get(json!({"type": "logout"})).await;
    let mut junk = server.connect().await;
    junk.write(format!("{HOSTILE}\n").as_bytes()).await;
    junk.refusal().await;
    vec![alice.token().to_owned(), bob.token().to_owned()]
}

async fn log_of_a_day(format: LogFormat) -> String {
    let site = Site::new(|config| {
        config.log.format = format;
        config.log.filter = "trace".to_owned();
    });
    let server = site.start();
    let invite = server
        .printed
        .iter()
        .find_map(|line| line.strip_prefix("owner invite "))
        .unwrap()
        .to_owned();
    let mut secrets = a_busy_day(&server).await;
    server.signal(Signal::TERM);
    assert!(server.exit().success());
    let log = site.log();
    secrets.push(invite.rsplit('.').next().unwrap().to_owned());
    secrets.extend([PASSWORD, WRONG, TEXT, TOPIC].map(str::to_owned));
    for secret in secrets {
        assert!(!log.contains(&secret), "{secret} is in the log");
    }
    assert!(
        log.contains("alice"),
        "the log says too little to be worth a test"
    );
    log
}

#[tokio::test]
async fn no_secret_and_no_text_is_logged_and_no_peer_makes_a_line_of_its_own() {
    let log = log_of_a_day(LogFormat::Text).await;
    for line in log.lines() {
        let begins_with_a_time = line.starts_with("20") && line.contains('Z');
        assert!(begins_with_a_time, "{line:?}");
        assert!(!line.contains(char::is_control), "{line:?}");
    }
}

#[tokio::test]
async fn a_log_for_machines_is_one_object_a_line() {
    let log = log_of_a_day(LogFormat::Json).await;
    for line in log.lines() {
        let event: Value = serde_json::from_str(line).unwrap();
        assert!(event.is_object(), "{line}");
    }
}

#[tokio::test]
async fn texts_are_logged_where_the_operator_asks_for_them_and_stay_one_line() {
    let site = Site::new(|config| {
        config.log.texts = true;
        config.log.filter = "info,netcomm::entry=debug".to_owned();
    });
    let server = site.start();
    server.register("alice").await.say("*", "one\ntwo").await;
    server.signal(Signal::TERM);
    assert!(server.exit().success());
    let log = site.log();
    let line = log.lines().find(|line| line.contains("two")).unwrap();
    assert!(line.contains("one"), "{line}");
}
