//! What a room is and how it works.

use super::super::{KEEP_FOR_MIN, KEEP_LAST_MIN, SLOW_MODE_MAX};
use super::*;
use crate::model::Backscroll;

fn every_setting() -> [Setting; 6] {
    [
        Setting::Name(RoomName::parse("park").unwrap()),
        Setting::Visibility(Visibility::Private),
        Setting::Backscroll(Backscroll::SinceJoin),
        Setting::SlowMode(MINUTE),
        Setting::Retention {
            keep_for: Some(HOUR),
            keep_last: Some(100),
        },
        Setting::Archived(false),
    ]
}

#[test]
fn any_member_sets_the_topic() {
    let mut scene = Scene::room(Visibility::Private);
    scene.does("mike", topic());
    assert_eq!(scene.room_state().topic.as_str(), "roses");
}

#[test]
fn a_room_becomes_what_it_is_set_to_and_its_log_goes_on() {
    let mut scene = Scene::room(Visibility::Public);
    let before = scene.conversation.head;
    let settings = every_setting();
    for setting in settings.clone() {
        scene.does("olga", Command::Set(setting));
    }
    let room = scene.room_state();
    assert_eq!(room.name.as_str(), "park");
    assert_eq!(room.visibility, Visibility::Private);
    assert_eq!(room.backscroll, Backscroll::SinceJoin);
    assert_eq!(room.slow_mode, MINUTE);
    assert_eq!((room.keep_for, room.keep_last), (Some(HOUR), Some(100)));
    assert!(!room.archived);
    assert_eq!(room.members.len(), 4);
    let added = u64::try_from(settings.len()).unwrap();
    assert_eq!(scene.conversation.head.get(), before.get() + added);
}

#[test]
fn setting_what_is_set_already_is_an_entry_like_any_other() {
    let mut scene = Scene::room(Visibility::Public);
    for setting in every_setting() {
        scene.does("olga", Command::Set(setting.clone()));
        let before = scene.conversation.clone();
        scene.does("olga", Command::Set(setting));
        assert_eq!(scene.conversation.head, before.head.next());
        assert_eq!(scene.conversation.kind, before.kind);
    }
}

#[test]
fn slow_mode_is_a_moderators_to_set_and_the_rest_an_owners() {
    let mut scene = Scene::room(Visibility::Public);
    for setting in every_setting() {
        let needed = match setting {
            Setting::SlowMode(_) => RoomRole::Moderator,
            _ => RoomRole::Owner,
        };
        let command = Command::Set(setting);
        assert_eq!(scene.refuses("mike", command.clone()), needs(needed));
        let done = scene.asks(&who("mona"), &command);
        assert_eq!(done.is_ok(), needed == RoomRole::Moderator, "{command:?}");
    }
}

#[test]
fn slow_mode_is_at_most_an_hour() {
    let mut scene = Scene::room(Visibility::Public);
    scene.does("mona", Command::Set(Setting::SlowMode(SLOW_MODE_MAX)));
    let longer = SLOW_MODE_MAX + Duration::from_millis(1);
    let refusal = scene.refuses("mona", Command::Set(Setting::SlowMode(longer)));
    assert!(matches!(refusal, Refusal::Limit { max: 3_600, .. }));
}

#[test]
fn a_room_keeps_at_least_an_hour_and_ten_entries() {
    let keep = |keep_for, keep_last| {
        Command::Set(Setting::Retention {
            keep_for,
            keep_last,
        })
    };
    let mut scene = Scene::room(Visibility::Public);
    scene.does("olga", keep(Some(KEEP_FOR_MIN), Some(KEEP_LAST_MIN)));
    scene.does("olga", keep(None, None));
    let shorter = KEEP_FOR_MIN - Duration::from_millis(1);
    let refusal = scene.refuses("olga", keep(Some(shorter), None));
    assert!(matches!(refusal, Refusal::TooFew { min: 3_600, .. }));
    let refusal = scene.refuses("olga", keep(None, Some(KEEP_LAST_MIN - 1)));
    assert!(matches!(refusal, Refusal::TooFew { min: 10, .. }));
}

#[test]
fn an_archived_room_is_left_or_taken_back_and_nothing_else() {
    let mut scene = Scene::room(Visibility::Public);
    let said = scene.posts("olga");
    scene.does("olga", react(scene.message("olga", said)));
    scene.does("olga", mute("mike", None));
    scene.does("olga", ban("bea", None));
    scene.does("olga", Command::Set(Setting::Archived(true)));
    let target = scene.message("olga", said);
    let mut commands = vec![
        post("hi"),
        edit(target.clone()),
        Command::Delete {
            target: target.clone(),
        },
        react(target.clone()),
        unreact(target),
        invite("stan"),
        topic(),
        set_role("mike", RoomRole::Moderator),
        kick("mike"),
        ban("mike", None),
        unban("bea"),
        mute("tom", None),
        unmute("mike"),
        Command::Set(Setting::Archived(true)),
    ];
    let settings = every_setting().into_iter();
    commands.extend(
        settings
            .filter(|setting| !matches!(setting, Setting::Archived(_)))
            .map(Command::Set),
    );
    for command in commands {
        let shown = format!("{command:?}");
        assert_eq!(scene.refuses("olga", command), Refusal::Archived, "{shown}");
    }
    assert_eq!(scene.refuses("stan", Command::Join), Refusal::Archived);
    assert!(scene.conversation.may_read(who("tom").account.id, said));
    scene.does("tom", Command::Leave);
    assert_eq!(
        scene.refuses("mona", Command::Set(Setting::Archived(false))),
        needs(RoomRole::Owner)
    );
    scene.does("olga", Command::Set(Setting::Archived(false)));
    scene.posts("olga");
}
