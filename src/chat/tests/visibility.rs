//! A private room is no different from none, for those it does not concern.

use super::*;

/// One command of every kind but making the room, whose name is taken for all.
pub(super) fn every_command(scene: &Scene, name: &str) -> Vec<Command> {
    let target = scene.message(name, Seq::new(6));
    vec![
        post("hi"),
        calling_here(),
        edit(target.clone()),
        Command::Delete {
            target: target.clone(),
        },
        react(target.clone()),
        unreact(target),
        Command::Join,
        Command::Leave,
        invite("ivy"),
        topic(),
        set_role("mike", RoomRole::Owner),
        kick("mike"),
        ban("mike", None),
        unban("mike"),
        mute("mike", None),
        unmute("mike"),
        rename("park"),
        Command::Set(Setting::Visibility(Visibility::Public)),
        Command::Set(Setting::SlowMode(HOUR * 9)),
        Command::Set(Setting::Archived(true)),
        Command::Set(Setting::Archived(false)),
    ]
}

#[test]
fn outsiders_of_every_kind_find_no_private_room_whatever_they_ask() {
    let mut scene = Scene::room(Visibility::Private);
    scene.bring_in("eve");
    scene.posts("eve");
    scene.does("eve", Command::Leave);
    scene.bring_in("max");
    scene.does("mona", kick("max"));
    scene.does("mona", ban("bea", None));
    for name in ["stan", "eve", "max", "bea", "ada"] {
        let account = who(name).account.id;
        assert!(!scene.conversation.can_see(account), "{name}");
        assert_eq!(scene.conversation.reads_from(account), None, "{name}");
        for command in every_command(&scene, name) {
            let shown = format!("{name}: {command:?}");
            let refusal = scene.refuses(name, command);
            assert_eq!(refusal, Refusal::NoSuchConversation, "{shown}");
        }
    }
}

#[test]
fn archiving_a_private_room_does_not_show_it() {
    let mut scene = Scene::room(Visibility::Private);
    scene.does("olga", Command::Set(Setting::Archived(true)));
    assert_eq!(
        scene.refuses("stan", Command::Join),
        Refusal::NoSuchConversation
    );
}

#[test]
fn members_and_the_invited_find_a_private_room() {
    let mut scene = Scene::room(Visibility::Private);
    scene.does("mona", invite("stan"));
    for name in ["olga", "mona", "mike", "stan"] {
        assert!(scene.conversation.can_see(who(name).account.id), "{name}");
    }
    assert_eq!(scene.conversation.reads_from(who("stan").account.id), None);
}

#[test]
fn everybody_finds_a_public_room_and_the_broadcast() {
    let mut scene = Scene::room(Visibility::Public);
    scene.does("mona", ban("bea", None));
    for name in CAST {
        let account = who(name).account.id;
        assert!(scene.conversation.can_see(account), "{name}");
        let broadcast = Scene::everyone().conversation;
        assert_eq!(broadcast.reads_from(account), Some(Seq::FIRST), "{name}");
    }
}
