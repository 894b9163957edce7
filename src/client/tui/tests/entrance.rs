//! Getting in.

use super::scene::Scene;
use crate::{
    client::{
        core::Update,
        tui::{
            overlay::{Asking, Overlay},
            screen::Standing,
            update::{Effect, Event},
        },
    },
    protocol::{Code, Failure, Frame},
};

const LINK: &str = "netcomm://chat.example.org/#v1.n4bQgYhMfWWaL-qgxVrQFaO_TxsrC4Is0V1sFbDwCgg.dZFs5u1qq7BW3RIGcvwi3A";

fn at_the_door(scene: &mut Scene, registration: &str, refused: Option<Code>) {
    let Frame::Hello(mut hello) = crate::client::fake::hello(1) else {
        unreachable!("it is a hello");
    };
    hello.registration = registration.to_owned();
    let refused = refused.map(|code| Failure {
        id: None,
        code,
        text: "no".to_owned(),
        retry_ms: None,
    });
    scene.happen(Event::Link(Standing::Connecting));
    scene.happen(Event::Told(Update::NeedsLogin {
        hello: Some(Box::new(hello)),
        refused,
    }));
}

fn asked(scene: &Scene) -> Option<Asking> {
    match &scene.screen.overlay {
        Some(Overlay::Ask(ask)) => Some(ask.what),
        _ => None,
    }
}

#[test]
fn whoever_comes_with_an_invite_is_asked_for_a_new_password_and_keeps_the_invite() {
    let mut scene = Scene::new();
    scene.screen.entrance.registers = true;
    scene.screen.entrance.invited = true;
    at_the_door(&mut scene, "invite", None);
    assert_eq!(asked(&scene), Some(Asking::Register));
    scene.write("same");
    scene.press(&["enter"]);
    scene.write("same");
    let effects = scene.press(&["enter"]);
    // Without one of its own it is the one that was given at the start.
    assert!(matches!(
        effects.as_slice(),
        [Effect::Register { invite: None, .. }]
    ));
    at_the_door(&mut scene, "invite", Some(Code::PasswordRefused));
    assert_eq!(
        asked(&scene),
        Some(Asking::Register),
        "another password will do"
    );
    at_the_door(&mut scene, "invite", Some(Code::NameTaken));
    assert_eq!(
        asked(&scene),
        Some(Asking::Login),
        "they have an account then"
    );
}

#[test]
fn who_takes_longer_to_answer_than_a_connection_lasts_goes_on_answering_over_the_next() {
    let mut scene = Scene::new();
    at_the_door(&mut scene, "open", Some(Code::LoginRefused));
    scene.press(&["down"]);
    scene.write("same");
    at_the_door(&mut scene, "open", None);
    assert_eq!(asked(&scene), Some(Asking::Register));
    scene.press(&["enter"]);
    scene.write("same");
    let effects = scene.press(&["enter"]);
    assert!(matches!(effects.as_slice(), [Effect::Register { .. }]));
    at_the_door(&mut scene, "open", Some(Code::PasswordRefused));
    assert_eq!(asked(&scene), Some(Asking::Register));
}

#[test]
fn who_has_put_the_question_aside_is_not_asked_again_by_the_next_connection() {
    let mut scene = Scene::new();
    at_the_door(&mut scene, "open", None);
    scene.write("secret");
    scene.press(&["esc"]);
    at_the_door(&mut scene, "open", None);
    assert_eq!(asked(&scene), None, "what is written now is no password");
    scene.press(&["ctrl-r", "enter"]);
    at_the_door(&mut scene, "open", Some(Code::LoginRefused));
    assert_eq!(asked(&scene), Some(Asking::Login));
}

#[test]
fn where_an_invite_is_needed_it_is_asked_for_and_one_to_another_server_is_not_taken() {
    let mut scene = Scene::new();
    at_the_door(&mut scene, "invite", None);
    assert_eq!(asked(&scene), Some(Asking::Login));
    scene.press(&["down"]);
    assert_eq!(asked(&scene), Some(Asking::Join));
    for wrong in ["nonsense", &LINK.replace("chat.", "other.")] {
        scene.happen(Event::Paste(wrong.to_owned()));
        scene.press(&["enter"]);
        assert_eq!(asked(&scene), Some(Asking::Join));
    }
    assert!(
        scene.picture().contains("other.example.org"),
        "{}",
        scene.picture()
    );
    scene.happen(Event::Paste(LINK.to_owned()));
    assert!(
        scene.picture().contains("dZFs5u1qq7BW3RIGcvwi3A"),
        "it may be seen"
    );
    scene.press(&["enter"]);
    for typed in ["once", "twice"] {
        scene.write(typed);
        scene.press(&["enter"]);
    }
    scene.write("same");
    scene.press(&["enter"]);
    scene.write("same");
    let effects = scene.press(&["enter"]);
    assert!(
        matches!(effects.as_slice(), [Effect::Register { password, invite: Some(secret) }]
        if password.expose() == "same" && secret.expose() == "dZFs5u1qq7BW3RIGcvwi3A")
    );
}

#[test]
fn where_only_the_operator_makes_accounts_that_is_said() {
    let mut scene = Scene::new();
    at_the_door(&mut scene, "closed", None);
    scene.press(&["down"]);
    assert_eq!(asked(&scene), Some(Asking::Login));
    assert!(scene.picture().contains("operator"));
}

#[test]
fn without_getting_in_one_reads_on_and_is_asked_again_by_a_key() {
    let mut scene = Scene::new();
    at_the_door(&mut scene, "open", None);
    scene.press(&["esc"]);
    assert_eq!(asked(&scene), None);
    scene.write("typed meanwhile");
    assert_eq!(scene.press(&["ctrl-r"]), []);
    assert_eq!(asked(&scene), Some(Asking::Login));
    assert_eq!(scene.press(&["tab"]), [Effect::Elsewhere]);
}

#[test]
fn on_a_wrong_pin_both_are_shown_and_the_way_out_is_another_link() {
    let mut scene = Scene::new();
    let why = [
        "this is not the server that was trusted",
        "",
        "expected pin  AAA",
        "its own pin   BBB",
    ];
    scene.happen(Event::Link(Standing::Stopped(
        why.map(str::to_owned).to_vec(),
    )));
    let picture = scene.picture();
    for text in ["AAA", "BBB", "new invite link", "not the server"] {
        assert!(picture.contains(text), "{text}: {picture}");
    }
    assert_eq!(scene.press(&["enter"]), [Effect::Elsewhere]);
    assert_eq!(scene.press(&["ctrl-r"]), [Effect::Retry]);
    scene.press(&["esc"]);
    assert!(scene.screen.overlay.is_none());
    assert!(scene.picture().contains("offline"));
}
