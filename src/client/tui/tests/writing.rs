//! What is written, pasted and changed.

use super::{
    keys::{place, sent},
    scene::Scene,
};
use crate::{
    client::tui::{
        overlay::Overlay,
        update::{Effect, Event},
    },
    protocol::Verb,
};

#[test]
fn a_long_paste_is_looked_at_before_it_is_sent() {
    let mut scene = Scene::new();
    let log: String = (1..=40)
        .map(|line| format!("/log/line {line}\r\n"))
        .collect();
    let paste = |scene: &mut Scene, text: &str| scene.happen(Event::Paste(text.to_owned()));
    assert!(paste(&mut scene, &log).is_empty());
    assert!(
        scene.picture().contains("pasted: 40 lines"),
        "{}",
        scene.picture()
    );
    assert!(scene.press(&["esc"]).is_empty());
    assert!(
        scene
            .screen
            .pane()
            .is_none_or(|pane| pane.editor.is_blank())
    );
    paste(&mut scene, &log);
    let said = sent(&scene.press(&["page-down", "enter"]));
    assert!(
        said[0].starts_with("* /log/line 1\n/log/line 2\n"),
        "{said:?}"
    );
    assert!(said[0].ends_with("line 40 None"));
    paste(&mut scene, &log);
    assert!(sent(&scene.press(&["tab"])).is_empty());
    assert_eq!(
        scene.screen.pane().unwrap().editor.text().lines().count(),
        40
    );
    scene.press(&["ctrl-c"]);
    paste(&mut scene, &"x".repeat(17 * 1024));
    assert!(scene.picture().contains("too long for a message"));
    assert!(sent(&scene.press(&["enter"])).is_empty());
    assert!(matches!(scene.screen.overlay, Some(Overlay::Paste(_))));
}

#[test]
fn what_is_being_written_waits_while_a_message_is_edited_or_reacted_to() {
    let mut scene = Scene::new();
    scene.go("#ops");
    scene.says("alice", "#ops", "teh build");
    scene.write("a long tho");
    let text = |scene: &Scene| scene.screen.pane().unwrap().editor.text().to_owned();
    scene.press(&["alt-up"]);
    scene.write("e");
    assert_eq!(text(&scene), "teh build");
    let drafts: Vec<_> = scene.screen.drafts().collect();
    assert_eq!(drafts, [(&place("#ops"), "a long tho")]);
    scene.press(&["esc"]);
    assert_eq!(text(&scene), "a long tho");
    scene.press(&["alt-up"]);
    scene.write("+tada");
    scene.press(&["tab", "enter"]);
    assert_eq!(text(&scene), "a long tho");
    scene.write("ught");
    assert_eq!(sent(&scene.press(&["enter"])), ["#ops a long thought None"]);
}

#[test]
fn giving_up_an_edit_leaves_nothing_to_be_sent_by_mistake() {
    let mut scene = Scene::new();
    scene.go("#ops");
    scene.says("alice", "#ops", "said already");
    scene.press(&["alt-up"]);
    scene.write("e");
    scene.press(&["esc"]);
    assert!(sent(&scene.press(&["enter"])).is_empty());
}

#[test]
fn a_message_is_deleted_only_when_asked_twice() {
    let mut scene = Scene::new();
    scene.go("#ops");
    scene.says("alice", "#ops", "wrong room");
    scene.press(&["alt-up"]);
    let deletes = |effects: &[Effect]| {
        effects
            .iter()
            .any(|effect| matches!(effect, Effect::Change(Verb::Delete(_))))
    };
    assert!(!deletes(&scene.write("d")));
    assert!(!deletes(&scene.write("cd")));
    assert!(deletes(&scene.write("d")));
}

#[test]
fn what_is_typed_or_pasted_while_a_paste_is_looked_at_comes_after_it() {
    let mut scene = Scene::new();
    let log = "line\n".repeat(10);
    scene.happen(Event::Paste(log.clone()));
    scene.happen(Event::Paste("more\r\n".to_owned()));
    assert!(scene.picture().contains("pasted: 11 lines"));
    scene.write("!");
    assert!(scene.screen.overlay.is_none());
    let text = scene.screen.pane().unwrap().editor.text();
    assert_eq!(text, format!("{log}more!"));
}
