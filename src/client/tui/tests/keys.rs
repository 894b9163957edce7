//! What keys and news lead to.

use super::scene::Scene;
use crate::{
    client::tui::{
        keys::{Act, Chord},
        overlay::{Asking, Overlay},
        screen::{Aim, Scroll, Standing},
        update::{Effect, Event},
    },
    model::{Address, Seq},
    protocol::Verb,
};

pub(super) fn place(text: &str) -> Address {
    Address::parse(text).unwrap()
}

pub(super) fn sent(effects: &[Effect]) -> Vec<String> {
    let sent = effects.iter().filter_map(|effect| match effect {
        Effect::Send(post) => {
            let (text, reply_to) = (post.text.as_str(), post.reply_to);
            Some(format!("{} {text} {reply_to:?}", post.to))
        }
        _ => None,
    });
    sent.collect()
}

#[test]
fn enter_sends_to_the_conversation_one_is_in_and_emoji_have_names() {
    let mut scene = Scene::new();
    scene.go("#ops");
    scene.write("ship it :rocket:");
    assert_eq!(sent(&scene.press(&["enter"])), ["#ops ship it 🚀 None"]);
    assert!(scene.screen.pane().unwrap().editor.text().is_empty());
}

#[test]
fn a_line_that_is_wrong_stays_where_it_is() {
    let mut scene = Scene::new();
    scene.write("/dance wildly");
    assert!(sent(&scene.press(&["esc", "enter"])).is_empty());
    assert_eq!(scene.screen.pane().unwrap().editor.text(), "/dance wildly");
    assert!(scene.screen.note.is_some());
}

#[test]
fn text_goes_nowhere_else_when_one_changes_the_conversation() {
    let mut scene = Scene::new();
    scene.go("#ops");
    scene.write("half a tho");
    scene.go("#dev");
    assert!(
        scene
            .screen
            .pane()
            .is_none_or(|pane| pane.editor.is_blank())
    );
    let drafts: Vec<_> = scene.screen.drafts().collect();
    assert_eq!(drafts, [(&place("#ops"), "half a tho")]);
    assert!(scene.happen(Event::Tick).contains(&Effect::KeepDrafts));
}

#[test]
fn pasted_lines_are_not_sent_before_enter() {
    let mut scene = Scene::new();
    let effects = scene.happen(Event::Paste("one\ntwo\n".to_owned()));
    assert!(sent(&effects).is_empty());
    assert_eq!(sent(&scene.press(&["enter"])), ["* one\ntwo None"]);
}

#[test]
fn a_chosen_message_is_answered_edited_or_copied() {
    let mut scene = Scene::new();
    scene.go("#ops");
    scene.says("alice", "#ops", "mine");
    scene.says("bob", "#ops", "theirs");
    scene.press(&["alt-up"]);
    scene.write("r");
    scene.write("yes");
    assert_eq!(sent(&scene.press(&["enter"])), ["#ops yes Some(Seq(2))"]);
    scene.press(&["alt-up"]);
    scene.write("e");
    assert!(scene.screen.pane().unwrap().aim.is_none());
    scene.press(&["alt-up"]);
    scene.write("e");
    assert_eq!(
        scene.screen.pane().unwrap().aim,
        Some(Aim::Edit(Seq::new(1)))
    );
    scene.write("!");
    let effects = scene.press(&["enter"]);
    assert!(effects.iter().any(|effect| matches!(effect,
        Effect::Change(Verb::Edit(edit)) if edit.change.text.as_str() == "mine!")));
    scene.press(&["alt-up"]);
    assert_eq!(scene.write("c"), [Effect::Copy("theirs".to_owned())]);
}

#[test]
fn a_mention_elsewhere_is_notified_and_found_by_one_key() {
    let mut scene = Scene::new();
    let line = r##"{"type":"entry","in":"#dev","seq":1,"at":1,"by":"bob","kind":"posted","text":"\u001b]9;x\u0007 @alice","mentions":["alice"]}"##;
    let frame = crate::protocol::Frame::parse(line.as_bytes());
    // A text with control characters is none, so that none gets this far.
    assert!(frame.is_err());
    scene.says("carol", "#ops", "small talk");
    scene.entry(
        "bob",
        "#dev",
        r#""kind":"posted","text":"@alice?","mentions":["alice"]"#,
    );
    scene.press(&["alt-a"]);
    assert_eq!(scene.screen.current, place("#dev"));
}

#[test]
fn a_private_message_is_notified_unless_it_is_looked_at() {
    let mut scene = Scene::new();
    let told = |scene: &mut Scene, seq: u64| {
        let line = format!(
            r#"{{"type":"entry","in":"@bob","seq":{seq},"at":1,"by":"bob","kind":"posted","text":"psst"}}"#
        );
        let frame = crate::protocol::Frame::parse(line.as_bytes())
            .unwrap()
            .unwrap();
        let changes = scene.state.apply(frame);
        let events = changes
            .into_iter()
            .map(|change| Event::Told(crate::client::core::Update::Changed(change)));
        let events: Vec<_> = events.collect();
        let effects = events.into_iter().flat_map(|event| scene.happen(event));
        effects
            .filter(|effect| matches!(effect, Effect::Notify(_)))
            .count()
    };
    assert_eq!(told(&mut scene, 1), 1);
    scene.go("@bob");
    assert_eq!(told(&mut scene, 2), 0);
    scene.happen(Event::Focus(false));
    assert_eq!(told(&mut scene, 3), 1);
}

#[test]
fn scrolling_back_stays_where_it_is_when_something_new_comes_and_fetches_what_is_missing() {
    let mut scene = Scene::new();
    scene.go("#ops");
    for at in 0..50 {
        scene.says("bob", "#ops", &format!("line {at}"));
    }
    scene.press(&["page-up", "page-up"]);
    let before = scene.picture();
    assert!(before.contains("line 20") && !before.contains("line 49"));
    scene.says("carol", "#ops", "news");
    let lines = |picture: &str| {
        picture
            .lines()
            .take(15)
            .map(|line| line.split('│').next_back().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(lines(&scene.picture())[1..], lines(&before)[1..]);
    scene.press(&["page-up", "page-up", "page-up", "page-up"]);
    assert!(scene.picture().contains("line 0\n"), "{}", scene.picture());
    scene.press(&["page-down"; 8]);
    assert_eq!(scene.screen.pane().unwrap().scroll, Scroll::default());
    scene.press(&["page-up", "alt-end"]);
    assert!(scene.picture().contains("news"));
}

#[test]
fn what_was_before_is_fetched_once_when_one_gets_there() {
    let mut scene = Scene::new();
    let line = r##"{"type":"conversation","in":"#old","head":500,"start":1,"read":500,"unread":0,"mentions":0}"##;
    scene.server_says(line);
    let effects = scene.go("#old");
    assert!(effects.contains(&Effect::History(place("#old"))));
    assert!(
        !scene
            .press(&["page-up"])
            .contains(&Effect::History(place("#old")))
    );
    scene.happen(Event::Failed("not connected just now".to_owned()));
    assert!(
        scene
            .press(&["page-up"])
            .contains(&Effect::History(place("#old")))
    );
}

#[test]
fn a_refused_message_comes_back_into_the_line() {
    let mut scene = Scene::new();
    let message = scene.typed("*", "too long");
    scene.outbox.refuse(&message, "no".to_owned());
    assert_eq!(scene.press(&["alt-x"]), [Effect::Dismiss(message)]);
    assert_eq!(scene.screen.pane().unwrap().editor.text(), "too long");
}

#[test]
fn what_was_typed_before_can_be_had_again() {
    let mut scene = Scene::new();
    for line in ["first", "second"] {
        scene.write(line);
        scene.press(&["enter"]);
    }
    scene.write("third");
    let text = |scene: &Scene| scene.screen.pane().unwrap().editor.text().to_owned();
    scene.press(&["up"]);
    assert_eq!(text(&scene), "second");
    scene.press(&["up", "up"]);
    assert_eq!(text(&scene), "first");
    scene.press(&["down", "down"]);
    assert_eq!(text(&scene), "third");
}

#[test]
fn tab_completes_people_rooms_commands_and_emoji() {
    let mut scene = Scene::new();
    scene.go("#ops");
    scene.says("bob", "#ops", "hello");
    for (typed, completed) in [
        ("bo", "bob: "),
        ("see #de", "see #dev "),
        ("/searc", "/search "),
        ("nice :tada", "nice 🎉"),
        ("@bo", "@bob "),
    ] {
        scene.write(typed);
        scene.press(&["tab"]);
        assert_eq!(scene.screen.pane().unwrap().editor.text(), completed);
        scene.press(&["ctrl-u"]);
    }
}

#[test]
fn a_new_account_asks_twice_for_its_password() {
    let mut scene = Scene::new();
    scene.happen(Event::Told(crate::client::core::Update::NeedsLogin {
        hello: None,
        refused: None,
    }));
    scene.press(&["down"]);
    scene.write("one");
    scene.press(&["enter"]);
    scene.write("two");
    assert!(scene.press(&["enter"]).is_empty());
    let Some(Overlay::Ask(ask)) = &scene.screen.overlay else {
        panic!("nothing is asked");
    };
    assert_eq!((ask.what, ask.given.len()), (Asking::Register, 0));
    scene.write("same");
    scene.press(&["enter"]);
    scene.write("same");
    let effects = scene.press(&["enter"]);
    assert!(
        matches!(effects.as_slice(), [Effect::Register { password, invite: None }] if password.expose() == "same")
    );
}

#[test]
fn without_a_link_the_search_is_on_this_machine() {
    let mut scene = Scene::new();
    for (standing, here) in [
        (Standing::Connecting, true),
        (Standing::Connected(String::new()), false),
    ] {
        scene.happen(Event::Link(standing));
        scene.press(&["ctrl-f"]);
        scene.write("disk");
        let effects = scene.press(&["enter"]);
        assert_eq!(effects == [Effect::SearchHere("disk".to_owned())], here);
        scene.press(&["esc"]);
    }
}

#[test]
fn no_size_of_the_terminal_breaks_the_picture() {
    let mut scene = Scene::new();
    scene.go("#ops");
    scene.says(
        "bob",
        "#ops",
        "日本語 and a long line that has to be broken somewhere",
    );
    scene.write("/");
    for overlay in ["esc", "f1", "ctrl-k", "ctrl-f"] {
        scene.press(&[overlay]);
        for width in [1, 2, 23, 24, 25, 30, 59, 60, 99, 100, 300] {
            for height in [1, 5, 6, 7, 16, 60] {
                scene.size(width, height);
                scene.press(&["page-up", "page-down"]);
                scene.picture();
            }
        }
        scene.press(&["esc"]);
    }
}

#[test]
fn the_screen_names_the_keys_that_were_chosen() {
    let mut scene = Scene::new();
    let keys = &mut scene.screen.settings.keys;
    for (act, chord) in [
        (Act::PageUp, "ctrl-b"),
        (Act::TakeBack, "f9"),
        (Act::Clear, "ctrl-x"),
    ] {
        keys.bind(act, &[Chord::parse(chord).unwrap()]);
    }
    scene.server_says(r##"{"type":"conversation","in":"#old","head":500,"start":1,"read":500,"unread":0,"mentions":0}"##);
    scene.server_says(
        r##"{"type":"entry","in":"#old","seq":501,"at":1,"by":"bob","kind":"posted","text":"hi"}"##,
    );
    scene.go("#old");
    let message = scene.typed("#old", "no");
    scene.outbox.refuse(&message, "slow".to_owned());
    scene.press(&["ctrl-x"]);
    let picture = scene.picture();
    for sentence in [
        "Ctrl-B fetches earlier messages",
        "✗ refused: slow · F9 takes it back",
        "Ctrl-X once more leaves",
    ] {
        assert!(picture.contains(sentence), "{picture}");
    }
}
