//! What was typed for a room one is not in, or not in any more.

use super::{keys::place, scene::Scene};
use crate::{
    client::{
        core::Update,
        outbox::{self, Item},
        tui::update::{Effect, Event},
    },
    model::{MessageId, RoomName},
    protocol::{InRoom, Nothing, Verb},
};

/// The server refuses something; what the screen wants done about it.
fn refuse(scene: &mut Scene, message: &MessageId) -> Vec<Effect> {
    let item: Item = scene
        .outbox
        .refuse(message, "you are not a member there".to_owned())
        .unwrap()
        .clone();
    scene.happen(Event::Told(Update::Refused(item)))
}

#[test]
fn a_message_refused_in_a_room_one_has_lost_is_in_the_list_and_can_be_taken_back() {
    let mut scene = Scene::new();
    scene.go("#dev");
    let message = scene.typed("#dev", "half an hour of writing");
    scene.write("and a thought");
    scene.entry(
        "bob",
        "#dev",
        r#""kind":"kicked","user":"alice","reason":"""#,
    );
    assert_eq!(scene.screen.current, place("*"));
    assert!(refuse(&mut scene, &message).is_empty());
    let picture = scene.picture();
    let listed = picture.lines().find(|line| line.contains(" #dev"));
    assert!(listed.unwrap().contains("✎✗"), "{picture}");
    assert!(picture.contains("it is kept there: Alt-X"), "{picture}");
    scene.go("#dev");
    assert_eq!(scene.screen.current, place("#dev"));
    assert!(scene.picture().contains("half an hour of writing"));
    assert!(scene.picture().starts_with(" #dev  not joined"));
    assert_eq!(scene.press(&["alt-x"]), [Effect::Dismiss(message.clone())]);
    scene.outbox.done(&message);
    // It stays in the list while it is a draft, and not longer.
    scene.go("*");
    assert!(scene.picture().contains("#dev"), "{}", scene.picture());
    scene.go("#dev");
    assert_eq!(
        scene.screen.pane().unwrap().editor.text(),
        "and a thought\nhalf an hour of writing"
    );
    scene.press(&["ctrl-c", "esc"]);
    scene.go("*");
    assert!(!scene.picture().contains("#dev"), "{}", scene.picture());
}

#[test]
fn a_refused_join_is_told_and_not_kept() {
    let mut scene = Scene::new();
    let join = Verb::Join(InRoom {
        room: RoomName::parse("vault").unwrap(),
        message: None,
        what: Nothing {},
    });
    let join = scene.outbox.add(|message| outbox::name(join, message));
    let message = join.unwrap();
    assert_eq!(
        refuse(&mut scene, &message),
        [Effect::Dismiss(message.clone())]
    );
    let picture = scene.picture();
    assert!(picture.contains("#vault: you are not a member there"));
    assert!(!picture.contains("kept there"), "{picture}");
}
