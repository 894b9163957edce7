//! The panes at the sides, the mouse, and what lies over the screen.

use super::{keys::place, scene::Scene};
use crate::{
    client::{
        core::Update,
        tui::{screen::Side, update::Event},
    },
    model::UserName,
    protocol::{Answer, Listing, Nothing, Verb, WithUser},
};

#[test]
fn the_list_is_filtered_by_typing_and_enter_goes_there() {
    let mut scene = Scene::new();
    scene.press(&["alt-l"]);
    scene.write("op");
    let picture = scene.picture();
    assert!(
        picture.contains("#ops") && !picture.contains("#dev"),
        "{picture}"
    );
    scene.press(&["enter"]);
    assert_eq!(scene.screen.current, place("#ops"));
    assert!(scene.picture().contains("#dev"));
    scene.press(&["f2", "alt-l"]);
    scene.write("dev");
    assert!(
        scene.picture().contains("#dev"),
        "also where the list is hidden"
    );
    scene.press(&["down", "enter"]);
    assert_eq!(scene.screen.current, place("#dev"));
}

#[test]
fn the_panes_can_be_shown_and_hidden_at_any_width() {
    let mut scene = Scene::new();
    scene.go("#ops");
    scene.members(
        "#ops",
        &[("alice", "owner", true), ("zoe", "member", false)],
    );
    for (width, list, members) in [(60, true, false), (80, true, false), (110, true, true)] {
        scene.size(width, 20);
        assert_eq!(scene.picture().contains("#dev"), list, "{width}");
        assert_eq!(scene.picture().contains("zoe"), members, "{width}");
        scene.press(&["f3"]);
        assert_eq!(scene.picture().contains("zoe"), !members, "{width}");
        scene.press(&["f3", "f2"]);
        assert!(!scene.picture().contains("#dev"), "{width}");
        scene.press(&["f2"]);
        assert!(scene.picture().contains("#dev"), "{width}");
        scene.screen.members = Side::Auto;
    }
    scene.size(30, 20);
    scene.press(&["f2", "f2"]);
    assert!(scene.screen.note.is_some(), "it says why nothing happens");
}

#[test]
fn the_mouse_goes_to_what_is_clicked_also_in_lists_and_in_the_line() {
    let mut scene = Scene::new();
    scene.go("#ops");
    scene.write("abcdef");
    let input = 18;
    scene.click(2 + 3, input);
    scene.write("X");
    assert_eq!(scene.screen.pane().unwrap().editor.text(), "abcXdef");
    scene.press(&["ctrl-k"]);
    let row = scene.row_of("││@bob").unwrap();
    scene.click(30, row);
    assert_eq!(scene.screen.current, place("@bob"));
    scene.press(&["f1"]);
    let before = scene.picture();
    scene.wheel_down();
    assert_ne!(scene.picture(), before);
}

#[test]
fn no_picture_of_help_or_sentences_is_scrolled_past_its_end() {
    let mut scene = Scene::new();
    scene.press(&["f1"]);
    scene.press(&["page-down"; 30]);
    let end = scene.picture();
    assert!(end.contains("Ctrl-Q"), "{end}");
    scene.press(&["up"]);
    assert_ne!(scene.picture(), end);
}

/// The server answers a question.
fn answer(scene: &mut Scene, verb: Verb, answer: &str) {
    let answer: Answer = serde_json::from_str(answer).unwrap();
    let (answer, hits) = (Box::new(answer), Vec::new());
    scene.happen(Event::Told(Update::Answer { verb, answer, hits }));
}

#[test]
fn an_answer_is_a_sentence_also_when_a_list_is_empty() {
    let bob = UserName::parse("bob").unwrap();
    for (verb, sentence) in [
        (Verb::Blocks(Nothing {}), "you have blocked nobody"),
        (
            Verb::Block(WithUser { user: bob }),
            "bob can send you no private messages now",
        ),
    ] {
        let mut scene = Scene::new();
        answer(&mut scene, verb, r#"{"id":1}"#);
        assert!(scene.screen.overlay.is_none(), "{sentence}");
        let note = scene.screen.note.as_ref().unwrap();
        assert_eq!(note.text, sentence);
    }
}

/// The screen with something to read over it: keys, an answer, a list.
fn reading(what: &str) -> Scene {
    let mut scene = Scene::new();
    match what {
        "keys" => drop(scene.press(&["f1"])),
        "help" => {
            scene.write("/help join");
            scene.press(&["enter"]);
        }
        _ => {
            let rooms = r#"{"id":1,"rooms":[{"room":"dev","topic":"","visibility":"public","members":3,"joined":false}]}"#;
            answer(&mut scene, Verb::Rooms(Listing::default()), rooms);
        }
    }
    assert!(scene.screen.overlay.is_some(), "{what}");
    scene
}

#[test]
fn what_is_typed_or_pasted_over_something_to_read_closes_it_and_is_in_the_line() {
    for what in ["keys", "help", "rooms"] {
        let mut scene = reading(what);
        scene.write("quick");
        assert!(scene.screen.overlay.is_none(), "{what}");
        assert_eq!(scene.screen.pane().unwrap().editor.text(), "quick");
        let mut scene = reading(what);
        scene.happen(Event::Paste("a link".to_owned()));
        assert!(scene.screen.overlay.is_none(), "{what}");
        assert_eq!(scene.screen.pane().unwrap().editor.text(), "a link");
        let mut scene = reading(what);
        scene.press(&["down", "esc"]);
        assert!(scene.screen.overlay.is_none(), "{what}");
        assert!(
            scene
                .screen
                .pane()
                .is_none_or(|pane| pane.editor.text().is_empty())
        );
    }
}

#[test]
fn the_first_message_on_the_screen_says_who_speaks_and_when() {
    let mut scene = Scene::new();
    scene.go("#ops");
    for at in 0..50 {
        scene.says("bob", "#ops", &format!("line {at}"));
        scene.now -= 60_000;
    }
    for _ in 0..3 {
        let picture = scene.picture();
        let first = picture.lines().nth(1).unwrap();
        assert!(first.contains("09:01"), "{picture}");
        assert_eq!(picture.matches(" bob  line").count(), 1, "{picture}");
        assert!(first.contains(" bob  line"), "{picture}");
        scene.press(&["page-up"]);
    }
}
