//! Keeping order.

use super::*;

#[test]
fn moderating_takes_a_role_strictly_above_the_others() {
    let people = ["tom", "mona", "olga"];
    for (rank, actor) in people.into_iter().enumerate() {
        for (target_rank, target) in ["mike", "max", "ivy"].into_iter().enumerate() {
            for command in [
                kick(target),
                ban(target, None),
                mute(target, None),
                unmute(target),
            ] {
                let mut scene = Scene::room(Visibility::Private);
                for name in ["max", "ivy"] {
                    scene.bring_in(name);
                }
                scene.does("olga", mute(target, None));
                scene.does("olga", set_role("max", RoomRole::Moderator));
                scene.does("olga", set_role("ivy", RoomRole::Owner));
                let expected = match rank {
                    0 => Err(needs(RoomRole::Moderator)),
                    _ if rank > target_rank => Ok(()),
                    _ => Err(Refusal::TargetOutranks),
                };
                let done = scene.asks(&who(actor), &command).map(|_| ());
                assert_eq!(done, expected, "{actor}: {command:?}");
            }
        }
    }
}

#[test]
fn nobody_moderates_themselves() {
    let mut scene = Scene::room(Visibility::Public);
    scene.bring_in("ada");
    scene.does("olga", mute("mona", None));
    scene.does("olga", mute("ada", None));
    for name in ["mona", "ada"] {
        for command in [kick(name), ban(name, None), mute(name, None), unmute(name)] {
            assert_eq!(scene.refuses(name, command), Refusal::TargetOutranks);
        }
    }
}

#[test]
fn only_a_member_is_kicked_or_muted_but_anybody_is_banned() {
    let mut scene = Scene::room(Visibility::Public);
    for command in [kick("stan"), mute("stan", None)] {
        assert_eq!(scene.refuses("mona", command), Refusal::TargetNotMember);
    }
    scene.does("mona", ban("stan", None));
    assert_eq!(
        scene.refuses("stan", Command::Join),
        Refusal::Banned { until: None }
    );
}

#[test]
fn the_kicked_may_come_back_where_anybody_may() {
    let mut scene = Scene::room(Visibility::Public);
    scene.does("mona", kick("mike"));
    scene.does("mike", Command::Join);
    let mut scene = Scene::room(Visibility::Private);
    scene.does("mona", kick("mike"));
    assert_eq!(
        scene.refuses("mike", Command::Join),
        Refusal::NoSuchConversation
    );
}

#[test]
fn a_ban_puts_out_and_keeps_out_until_its_end() {
    let mut scene = Scene::room(Visibility::Public);
    let until = Some(scene.in_an_hour());
    scene.does("mona", ban("mike", until));
    assert!(scene.member("mike").is_none());
    for command in [Command::Join, post("hi"), topic()] {
        assert_eq!(scene.refuses("mike", command), Refusal::Banned { until });
    }
    scene.passes(HOUR - MINUTE);
    scene.refuses("mike", Command::Join);
    scene.passes(MINUTE);
    scene.does("mike", Command::Join);
}

#[test]
fn a_ban_lasts_until_it_is_lifted() {
    let mut scene = Scene::room(Visibility::Public);
    scene.does("mona", ban("mike", None));
    scene.passes(HOUR * 24 * 365);
    scene.refuses("mike", Command::Join);
    scene.does("mona", unban("mike"));
    scene.does("mike", Command::Join);
}

#[test]
fn a_ban_that_ended_is_gone_for_those_who_are_asked_or_come_back_whatever_the_clock_does() {
    let mut scene = Scene::room(Visibility::Public);
    for name in ["stan", "mike"] {
        scene.does("mona", ban(name, Some(scene.in_an_hour())));
    }
    scene.passes(HOUR);
    scene.does("mona", invite("stan"));
    scene.does("mike", Command::Join);
    scene.now = scene.now.before(HOUR);
    scene.does("stan", Command::Join);
    scene.posts("mike");
}

#[test]
fn a_ban_takes_the_invitation_back() {
    let mut scene = Scene::room(Visibility::Private);
    scene.does("mona", invite("stan"));
    scene.does("mona", ban("stan", None));
    assert!(!scene.conversation.can_see(who("stan").account.id));
    scene.does("mona", unban("stan"));
    assert_eq!(
        scene.refuses("stan", Command::Join),
        Refusal::NoSuchConversation
    );
}

#[test]
fn only_a_ban_or_mute_in_force_is_lifted() {
    let mut scene = Scene::room(Visibility::Public);
    let no_ban = Refusal::NotUnder { what: "banned" };
    let no_mute = Refusal::NotUnder { what: "muted" };
    assert_eq!(scene.refuses("mona", unban("bea")), no_ban);
    assert_eq!(scene.refuses("mona", unmute("mike")), no_mute);
    scene.does("mona", ban("bea", Some(scene.in_an_hour())));
    scene.does("mona", mute("mike", Some(scene.in_an_hour())));
    scene.passes(HOUR);
    assert_eq!(scene.refuses("mona", unban("bea")), no_ban);
    assert_eq!(scene.refuses("mona", unmute("mike")), no_mute);
}

#[test]
fn the_muted_read_and_take_back_but_neither_write_react_nor_set_the_topic() {
    let mut scene = Scene::room(Visibility::Public);
    let own = scene.posts("mike");
    let others = scene.posts("tom");
    scene.does("mike", react(scene.message("mike", own)));
    let until = Some(scene.in_an_hour());
    scene.does("mona", mute("mike", until));
    for command in [
        post("hi"),
        edit(scene.message("mike", own)),
        react(scene.message("mike", others)),
        topic(),
    ] {
        assert_eq!(scene.refuses("mike", command), Refusal::Muted { until });
    }
    assert!(scene.conversation.may_read(who("mike").account.id, others));
    scene.does("mike", unreact(scene.message("mike", own)));
    let target = scene.message("mike", own);
    scene.does("mike", Command::Delete { target });
    scene.does("mike", Command::Leave);
}

#[test]
fn a_mute_ends_at_its_time_or_when_it_is_lifted() {
    let mut scene = Scene::room(Visibility::Public);
    scene.does("mona", mute("mike", Some(scene.in_an_hour())));
    scene.does("mona", mute("tom", None));
    scene.passes(HOUR);
    scene.posts("mike");
    scene.refuses("tom", post("hi"));
    scene.does("mona", unmute("tom"));
    scene.posts("tom");
}

#[test]
fn a_mute_outlasts_leaving_and_is_lifted_of_those_who_left() {
    let mut scene = Scene::room(Visibility::Public);
    scene.does("mona", mute("mike", None));
    scene.does("mike", Command::Leave);
    scene.does("mike", Command::Join);
    scene.refuses("mike", post("hi"));
    scene.does("mike", Command::Leave);
    scene.does("mona", unmute("mike"));
    scene.does("mike", Command::Join);
    scene.posts("mike");
}

#[test]
fn a_mute_does_not_bind_an_owner() {
    let mut scene = Scene::room(Visibility::Public);
    scene.does("olga", mute("mona", None));
    scene.refuses("mona", post("hi"));
    scene.does("olga", set_role("mona", RoomRole::Owner));
    scene.posts("mona");
}

#[test]
fn only_owners_give_and_take_roles_of_owners_too() {
    let mut scene = Scene::room(Visibility::Public);
    for name in ["mike", "mona"] {
        let promotion = set_role(name, RoomRole::Owner);
        assert_eq!(scene.refuses(name, promotion), needs(RoomRole::Owner));
    }
    scene.does("olga", set_role("mona", RoomRole::Owner));
    scene.does("mona", set_role("olga", RoomRole::Member));
    assert_eq!(scene.member("olga").unwrap().role, RoomRole::Member);
    assert_eq!(
        scene.refuses("mona", set_role("stan", RoomRole::Member)),
        Refusal::TargetNotMember
    );
}

#[test]
fn server_admins_act_as_owners_of_the_public_rooms_they_are_in() {
    let mut scene = Scene::room(Visibility::Public);
    assert_eq!(scene.refuses("ada", kick("mike")), Refusal::NotMember);
    scene.does("ada", Command::Join);
    assert_eq!(scene.member("ada").unwrap().role, RoomRole::Member);
    scene.does("ada", kick("mike"));
    scene.does("ada", ban("mona", None));
    scene.does("ada", rename("park"));
    assert_eq!(scene.refuses("ada", kick("olga")), Refusal::TargetOutranks);
    scene.does("ada", set_role("ada", RoomRole::Owner));
    scene.does("ada", set_role("olga", RoomRole::Member));
}

#[test]
fn in_private_rooms_server_admins_are_what_the_room_made_them() {
    let mut scene = Scene::room(Visibility::Private);
    scene.bring_in("ada");
    assert_eq!(
        scene.refuses("ada", kick("mike")),
        needs(RoomRole::Moderator)
    );
    assert_eq!(scene.refuses("ada", rename("park")), needs(RoomRole::Owner));
}
