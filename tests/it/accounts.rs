//! Who one is: registering, logging in, and what ends a session.

use std::collections::BTreeSet;

use netcomm::{
    config::Registration,
    model::UserName,
    protocol::{Code, Failure, Frame},
};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::harness::{Client, Connection, PASSWORD, TestServer, posted};

fn login(user: &str, password: &str) -> Value {
    json!({"type": "login", "id": 1, "user": user, "password": password})
}

/// What a fresh connection is answered to one request.
async fn refusal_of(server: &TestServer, request: &Value) -> Failure {
    let mut newcomer = server.connect().await;
    newcomer.write_line(request).await;
    newcomer.refusal().await
}

async fn disable(server: &TestServer, name: &str) {
    let name = UserName::parse(name).unwrap();
    let hub = server.inside().hub();
    let disabled = hub.write(move |tx, _| {
        let record = tx.account_by_name(&name)?.unwrap();
        tx.set_disabled(record.account.id, true)
    });
    disabled.await.unwrap();
}

#[tokio::test]
async fn before_login_nothing_is_done() {
    let server = TestServer::start();
    let mut newcomer = server.connect().await;
    for request in [
        json!({"type": "send", "id": 1, "to": "*", "text": "hi", "message": "m"}),
        json!({"type": "history", "id": 1, "in": "*"}),
        json!({"type": "create", "id": 1, "room": "#x"}),
        json!({"type": "online", "id": 1}),
    ] {
        newcomer.write_line(&request).await;
        assert_eq!(newcomer.refusal().await.code, Code::NotLoggedIn);
    }
    let mut alice = server.register("alice").await;
    assert_eq!(alice.history("*").await.len(), 0);
}

#[tokio::test]
async fn a_second_login_is_refused_and_changes_nothing() {
    let server = TestServer::start();
    let _bob = server.register("bob").await;
    let mut alice = server.register("alice").await;
    let refused = alice.refused(login("bob", PASSWORD)).await;
    assert_eq!(refused.code, Code::AlreadyLoggedIn);
    alice.say("*", "who am I").await;
    assert_eq!(alice.expect(posted("who am I")).await.by.as_str(), "alice");
}

#[tokio::test]
async fn a_cursor_ahead_of_the_log_is_refused_and_the_token_stays_good() {
    let server = TestServer::start();
    let mut alice = server.register("alice").await;
    let resume = |cursors: Value| json!({"type": "resume", "id": 1, "token": alice.token(), "cursors": cursors});
    let refused = refusal_of(&server, &resume(json!({"*": 5}))).await;
    assert_eq!(refused.code, Code::Conflict);
    let refused = refusal_of(&server, &resume(json!({"no address": 5}))).await;
    assert_eq!(refused.code, Code::BadRequest);
    alice.resume(server.connect().await).await.unwrap();
}

#[tokio::test]
async fn of_a_hundred_registrations_of_one_name_one_is_done() {
    let server = TestServer::with(|config| config.passwords.waiting = 1000);
    let mut connections = Vec::new();
    for _ in 0..100 {
        connections.push(server.connect().await);
    }
    let mut racing = JoinSet::new();
    for (number, mut connection) in connections.into_iter().enumerate() {
        let name = ["alice", "Alice", "ALICE", "aLiCe"][number % 4];
        racing.spawn(async move {
            let request = json!({"type": "register", "id": 1, "user": name, "password": PASSWORD});
            connection.write_line(&request).await;
            match connection.frame().await {
                Some(Frame::Ok(_)) => None,
                Some(Frame::Error(failure)) => Some(failure.code),
                other => panic!("{other:?}"),
            }
        });
    }
    let outcomes = racing.join_all().await;
    let done = outcomes.iter().filter(|outcome| outcome.is_none()).count();
    let taken = outcomes
        .iter()
        .filter(|outcome| **outcome == Some(Code::NameTaken))
        .count();
    assert_eq!((done, taken), (1, 99));
    server.login("alice").await;
}

#[tokio::test]
async fn whatever_is_wrong_with_a_login_is_said_in_the_same_words() {
    let server = TestServer::start();
    for name in ["alice", "bob", "carol"] {
        server.register(name).await;
    }
    disable(&server, "bob").await;
    let mut told = BTreeSet::new();
    for (user, password) in [
        ("nobody", PASSWORD),
        ("alice", "wrong"),
        ("alice", ""),
        ("bob", PASSWORD),
    ] {
        let refused = refusal_of(&server, &login(user, password)).await;
        told.insert(serde_json::to_string(&refused).unwrap());
    }
    // Until the limit is reached, and beyond it.
    for _ in 0..40 {
        let refused = refusal_of(&server, &login("carol", "wrong")).await;
        told.insert(serde_json::to_string(&refused).unwrap());
    }
    assert_eq!(told.len(), 1, "{told:#?}");
}

#[tokio::test]
async fn after_three_tries_the_connection_ends() {
    let server = TestServer::start();
    let mut newcomer = server.connect().await;
    for _ in 0..3 {
        newcomer.write_line(&login("nobody", "wrong")).await;
        let refused = newcomer.refusal().await;
        assert_eq!((refused.id, refused.code), (Some(1), Code::LoginRefused));
    }
    newcomer.closed_with(Code::LoginRefused).await;
}

#[tokio::test]
async fn what_is_no_wrong_guess_leaves_room_for_more_tries_but_not_for_ever() {
    let server = TestServer::start();
    let mut alice = server.register("alice").await;
    let mut newcomer = server.connect().await;
    let taken = json!({"type": "register", "id": 1, "user": "alice", "password": PASSWORD});
    for _ in 0..10 {
        newcomer.write_line(&taken).await;
        assert_eq!(newcomer.refusal().await.code, Code::NameTaken);
    }
    newcomer.closed_with(Code::NameTaken).await;
    let mut newcomer = server.connect().await;
    for _ in 0..9 {
        newcomer.write_line(&taken).await;
        assert_eq!(newcomer.refusal().await.code, Code::NameTaken);
    }
    newcomer.write_line(&login("alice", PASSWORD)).await;
    assert!(matches!(newcomer.frame().await, Some(Frame::Ok(_))));
    alice.say("*", "hello").await;
}

#[tokio::test]
async fn a_login_that_is_refused_for_its_cursors_leaves_no_session_behind() {
    let server = TestServer::start();
    let mut alice = server.register("alice").await;
    let mut request = login("alice", PASSWORD);
    request["cursors"] = json!({"*": 5});
    let refused = refusal_of(&server, &request).await;
    assert_eq!(refused.code, Code::Conflict);
    let sessions = alice.get(json!({"type": "sessions"})).await.sessions;
    assert_eq!(sessions.unwrap().len(), 1);
}

#[tokio::test]
async fn a_password_too_weak_or_too_long_is_refused_with_its_reason() {
    let server = TestServer::start();
    let long = "ä".repeat(513);
    for password in ["short", "password1234", "alicealice1", &long] {
        let request = json!({"type": "register", "id": 1, "user": "alice", "password": password});
        let refused = refusal_of(&server, &request).await;
        assert_eq!(refused.code, Code::PasswordRefused, "{}", refused.text);
    }
}

#[tokio::test]
async fn a_name_that_is_reserved_or_malformed_is_refused() {
    let server = TestServer::start();
    for name in [
        "admin",
        "Netcomm",
        "1a",
        "a b",
        "аdmin",
        "ａdmin",
        "a\nb",
        "",
        &"a".repeat(33),
    ] {
        let request = json!({"type": "register", "id": 1, "user": name, "password": PASSWORD});
        let refused = refusal_of(&server, &request).await;
        assert!(
            matches!(refused.code, Code::NameRefused | Code::BadRequest),
            "{name:?}: {refused:?}"
        );
    }
}

#[tokio::test]
async fn a_closed_server_takes_nobody_and_one_by_invite_takes_each_invite_once() {
    let closed = TestServer::with(|config| config.server.registration = Registration::Closed);
    let request = json!({"type": "register", "id": 1, "user": "alice", "password": PASSWORD});
    assert_eq!(
        refusal_of(&closed, &request).await.code,
        Code::RegistrationClosed
    );
    let invite = TestServer::with(|config| config.server.registration = Registration::Invite);
    assert_eq!(
        refusal_of(&invite, &request).await.code,
        Code::RegistrationClosed
    );
    let request = json!({"type": "register", "id": 1, "user": "alice", "password": PASSWORD, "invite": "nonsense"});
    assert_eq!(
        refusal_of(&invite, &request).await.code,
        Code::InviteRefused
    );
}

/// The numbers of an account's sessions: this one's, and the others'.
async fn sessions(client: &mut Client) -> (Vec<u64>, Vec<u64>) {
    let listed = client
        .get(json!({"type": "sessions"}))
        .await
        .sessions
        .unwrap();
    let (this, others): (Vec<_>, Vec<_>) = listed.iter().partition(|line| line.this);
    let numbers = |lines: Vec<&netcomm::protocol::SessionLine>| {
        lines.iter().map(|line| line.session.get()).collect()
    };
    (numbers(this), numbers(others))
}

async fn token_is_refused(server: &TestServer, token: &str) {
    let resume = json!({"type": "resume", "id": 1, "token": token});
    assert_eq!(refusal_of(server, &resume).await.code, Code::TokenRefused);
}

#[tokio::test]
async fn a_revoked_session_ends_at_once_and_its_token_is_worth_nothing() {
    let server = TestServer::start();
    let mut desk = server.register("alice").await;
    let mut phone = server.login("alice").await;
    let (this, others) = sessions(&mut desk).await;
    assert_eq!((this.len(), others.len()), (1, 1));
    desk.get(json!({"type": "revoke", "session": others[0]}))
        .await;
    phone.ended_with(Code::SessionEnded).await;
    token_is_refused(&server, phone.token()).await;
    desk.say("*", "still here").await;
    let server = server.restart().await;
    token_is_refused(&server, phone.token()).await;
}

#[tokio::test]
async fn nobody_can_revoke_what_is_not_theirs() {
    let server = TestServer::start();
    let (mut alice, mut bob) = (server.register("alice").await, server.register("bob").await);
    let (this, _) = sessions(&mut alice).await;
    let refused = bob
        .refused(json!({"type": "revoke", "session": this[0]}))
        .await;
    assert_eq!(refused.code, Code::NotFound);
    alice.say("*", "still here").await;
}

#[tokio::test]
async fn logging_out_is_answered_and_ends_the_token() {
    let server = TestServer::start();
    let mut alice = server.register("alice").await;
    alice.get(json!({"type": "logout"})).await;
    alice.wire().closed().await;
    token_is_refused(&server, alice.token()).await;
}

#[tokio::test]
async fn a_new_password_ends_the_other_sessions_and_only_it_opens_the_account() {
    let server = TestServer::start();
    let mut desk = server.register("alice").await;
    let mut phone = server.login("alice").await;
    let new = "nine purple umbrellas on the moon";
    let change = |old: &str| json!({"type": "password", "old": old, "new": new});
    assert_eq!(desk.refused(change("wrong")).await.code, Code::LoginRefused);
    desk.get(change(PASSWORD)).await;
    phone.ended_with(Code::SessionEnded).await;
    token_is_refused(&server, phone.token()).await;
    desk.say("*", "still here").await;
    assert_eq!(
        refusal_of(&server, &login("alice", PASSWORD)).await.code,
        Code::LoginRefused
    );
    let mut newcomer = server.connect().await;
    newcomer.write_line(&login("ALICE", new)).await;
    assert!(matches!(newcomer.frame().await, Some(Frame::Ok(_))));
}

#[tokio::test]
async fn quitting_is_answered_and_the_token_stays_good() {
    let server = TestServer::start();
    let mut alice = server.register("alice").await;
    alice.get(json!({"type": "quit"})).await;
    alice.wire().closed().await;
    alice.resume(server.connect().await).await.unwrap();
}

#[tokio::test]
async fn each_session_of_an_account_sees_what_the_others_send() {
    let server = TestServer::start();
    let mut desk = server.register("alice").await;
    let mut phone = server.login("alice").await;
    server.register("bob").await;
    desk.say("@bob", "from the desk").await;
    phone.expect(posted("from the desk")).await;
    phone.say("@bob", "from the phone").await;
    desk.expect(posted("from the phone")).await;
}

#[tokio::test]
async fn a_login_tells_how_often_it_failed_since_the_last() {
    let server = TestServer::start();
    server.register("alice").await;
    for _ in 0..2 {
        refusal_of(&server, &login("alice", "wrong")).await;
    }
    let mut newcomer: Connection = server.connect().await;
    newcomer.write_line(&login("alice", PASSWORD)).await;
    let Some(Frame::Ok(answer)) = newcomer.frame().await else {
        panic!("not let in");
    };
    assert_eq!(answer.welcome.unwrap().failed_logins, Some(2));
}

#[tokio::test]
async fn guessing_at_an_account_does_not_keep_its_owner_out() {
    let server = TestServer::start();
    let mut alice = server.register("alice").await;
    for _ in 0..60 {
        refusal_of(&server, &login("alice", "wrong")).await;
    }
    alice.say("*", "still here").await;
    alice.resume(server.connect().await).await.unwrap();
}

#[tokio::test]
async fn one_address_registers_so_many_accounts_and_no_more() {
    let server = TestServer::with(|config| config.limits.registrations_per_hour = 2);
    server.register("alice").await;
    server.register("bob").await;
    let request = json!({"type": "register", "id": 1, "user": "carol", "password": PASSWORD});
    assert_eq!(refusal_of(&server, &request).await.code, Code::Throttled);
    server.login("alice").await;
}
