//! Screens compared with pictures in the source, and drawn for the documentation.
//!
//! `NETCOMM_DRAW=1 cargo test pictures` draws them anew; then look at what has changed.

use std::{env, fs, path::Path};

use super::{
    scene::{MORNING, Scene},
    svg::svg,
};
use crate::{
    auth::LoginError,
    client::{
        core::Update,
        tui::{
            screen::Standing,
            theme::Theme,
            update::{Event, FoundHere},
        },
    },
    model::{Address, Seq, Timestamp, UserName},
    protocol::{Code, Failure},
};

/// Compares a screen with its pictures.
fn check(scene: &Scene, name: &str) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = root.join(format!("src/client/tui/tests/pictures/{name}.txt"));
    let drawn = root.join(format!("docs/screens/{name}.svg"));
    let now = scene.picture();
    let picture = svg(&scene.buffer(), scene.screen.settings.theme);
    if env::var_os("NETCOMM_DRAW").is_some() {
        for (path, content) in [(text, now), (drawn, picture)] {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
        }
        return;
    }
    let before = fs::read_to_string(text).unwrap();
    assert!(now == before, "{name} is\n{now}\nand was\n{before}");
    assert!(
        fs::read_to_string(drawn).unwrap() == picture,
        "docs/screens/{name}.svg is out of date"
    );
}

/// A morning in `#ops`.
fn chat() -> Scene {
    let mut scene = Scene::new();
    scene.go("#ops");
    scene.members(
        "#ops",
        &[
            ("alice", "owner", true),
            ("bob", "member", true),
            ("carol", "moderator", false),
            ("dave", "member", false),
        ],
    );
    for user in ["bob", "carol", "dave"] {
        scene.entry(user, "#ops", r#""kind":"joined""#);
    }
    let first = scene.says(
        "bob",
        "#ops",
        "the new build is up: https://ci.example.org/412",
    );
    scene.says("bob", "#ops", "all green 🎉");
    let question = scene.says("carol", "#ops", "nice. does it still need the migration? I would rather not run that one on a Friday afternoon again");
    scene.entry(
        "alice",
        "#ops",
        &format!(r#""kind":"posted","text":"no, that is done","reply_to":{question}"#),
    );
    scene.entry(
        "carol",
        "#ops",
        &format!(r#""kind":"reacted","target":{first},"emoji":"🚀""#),
    );
    scene.entry(
        "alice",
        "#ops",
        &format!(r#""kind":"reacted","target":{first},"emoji":"🚀""#),
    );
    let typo = scene.says("dave", "#ops", "teh backup ran at 03:00");
    scene.entry(
        "dave",
        "#ops",
        &format!(r#""kind":"edited","target":{typo},"text":"the backup ran at 03:00, 4.2 GB""#),
    );
    let wrong = scene.says("dave", "#ops", "hunter2");
    scene.entry(
        "dave",
        "#ops",
        &format!(r#""kind":"deleted","target":{wrong}"#),
    );
    scene.entry(
        "bob",
        "#ops",
        r#""kind":"posted","text":"waves","action":true"#,
    );
    scene.entry(
        "bob",
        "#ops",
        r#""kind":"posted","text":"@alice coffee?","mentions":["alice"]"#,
    );
    scene.says("bob", "#dev", "can somebody review the parser?");
    scene.says("carol", "#dev", "on it");
    scene.entry("bob", "@bob", r#""kind":"posted","text":"are you there?""#);
    scene.server_says(r##"{"type":"typing","in":"#ops","by":"carol"}"##);
    scene
}

#[test]
fn a_chat_shows_who_said_what_and_what_became_of_it() {
    let mut scene = chat();
    scene.size(110, 28);
    check(&scene, "chat");
}

#[test]
fn the_same_is_readable_on_a_light_terminal_and_without_colour() {
    let mut scene = chat();
    scene.size(110, 28);
    scene.theme(Theme::Light);
    check(&scene, "light");
    scene.theme(Theme::Plain);
    check(&scene, "plain");
}

#[test]
fn a_narrow_terminal_keeps_messages_and_input() {
    let mut scene = chat();
    scene.size(60, 16);
    check(&scene, "narrow");
}

#[test]
fn a_wide_terminal_has_room_for_everything() {
    let mut scene = chat();
    scene.size(180, 24);
    check(&scene, "wide");
}

#[test]
fn a_login_asks_for_the_password_unseen() {
    let mut scene = Scene::new();
    scene.happen(Event::Link(Standing::LoggingIn));
    scene.happen(Event::Told(Update::NeedsLogin {
        hello: None,
        refused: None,
    }));
    scene.write("secret");
    check(&scene, "login");
}

#[test]
fn why_a_login_was_refused_is_read_whole() {
    let mut scene = Scene::new();
    scene.happen(Event::Told(Update::NeedsLogin {
        hello: None,
        refused: Some(Failure {
            id: None,
            code: Code::LoginRefused,
            text: LoginError::Refused { guessed: None }.to_string(),
            retry_ms: None,
        }),
    }));
    check(&scene, "turned-away");
}

#[test]
fn a_line_stands_where_unread_begins() {
    let mut scene = Scene::new();
    scene.says("bob", "#ops", "old news");
    scene.go("#ops");
    scene.server_says(r##"{"type":"read","in":"#ops","read":1,"unread":0,"mentions":0}"##);
    scene.go("*");
    scene.says("bob", "#ops", "something new");
    scene.says("carol", "#ops", "and more of it");
    scene.go("#ops");
    check(&scene, "unread");
}

#[test]
fn without_a_link_what_is_typed_is_queued_and_the_wait_is_told() {
    let mut scene = chat();
    scene.happen(Event::Link(Standing::Waiting {
        until: Timestamp::from_millis(scene.now + 4_200),
        attempt: 3,
        reason: "cannot connect to chat.example.org: connection refused".to_owned(),
    }));
    scene.typed("#ops", "this goes out later");
    scene.write("and this is being written");
    scene.size(110, 20);
    check(&scene, "offline");
}

#[test]
fn a_refused_message_says_why_and_what_one_can_do() {
    let mut scene = Scene::new();
    scene.go("#ops");
    scene.says("bob", "#ops", "one at a time, please");
    let message = scene.typed("#ops", "but I have so much to say");
    scene
        .outbox
        .refuse(&message, "you are muted here".to_owned());
    check(&scene, "refused");
}

#[test]
fn hostile_text_neither_breaks_the_layout_nor_forges_a_line() {
    let mut scene = Scene::new();
    scene.go("#ops");
    for text in [
        "\u{1b}[2J\u{1b}]52;c;aGk=\u{7}",
        "09:05 alice  I resign\n09:06 bob  accepted",
        "\u{202e}gnihton\u{202c} here",
        "ظ\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}",
        "日本語のテキストは幅が二倍です、それでも行は崩れません。",
        "👩‍👩‍👧‍👦🇩🇪e\u{301}",
        "שלום עולם",
    ] {
        // Not through the wire, which would refuse some of it: a server may be hostile as well.
        let Ok(_) = crate::model::Text::parse(text) else {
            continue;
        };
        scene.says("mallory", "#ops", text);
    }
    scene.happen(Event::Failed("\u{1b}[2Jno\r\nyes".to_owned()));
    check(&scene, "hostile");
}

#[test]
fn a_search_lists_what_was_found() {
    let mut scene = chat();
    scene.happen(Event::Link(Standing::Connecting));
    scene.press(&["ctrl-f"]);
    scene.write("backup");
    scene.press(&["enter"]);
    let found = |seq, text: &str| FoundHere {
        conversation: Address::parse("#ops").unwrap(),
        seq: Seq::new(seq),
        at: Timestamp::from_millis(MORNING),
        by: UserName::parse("dave").unwrap(),
        text: text.to_owned(),
    };
    let found = vec![
        found(10, "the backup ran at 03:00, 4.2 GB"),
        found(3, "who looks after the backup?"),
    ];
    scene.happen(Event::Found(found));
    check(&scene, "search");
}

#[test]
fn the_switcher_finds_a_conversation_by_a_part_of_its_name() {
    let mut scene = chat();
    scene.press(&["ctrl-k"]);
    scene.write("o");
    check(&scene, "switcher");
}

#[test]
fn completion_says_what_may_be_meant() {
    let mut scene = chat();
    scene.write("/se");
    check(&scene, "completion");
}

#[test]
fn the_keys_are_explained() {
    let mut scene = chat();
    scene.size(110, 50);
    scene.press(&["f1"]);
    check(&scene, "keys");
}
