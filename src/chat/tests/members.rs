//! Coming and going.

use super::super::{Audience, MEMBERS_MAX};
use super::*;
use crate::model::Backscroll;

#[test]
fn whoever_makes_a_room_owns_it() {
    let scene = Scene::made(Visibility::Private);
    assert_eq!(scene.member("olga").unwrap().role, RoomRole::Owner);
    assert_eq!(scene.room_state().members.len(), 1);
    assert_eq!(scene.room_state().visibility, Visibility::Private);
}

#[test]
fn a_room_is_made_once() {
    let create = Command::Create {
        visibility: Visibility::Public,
    };
    for visibility in [Visibility::Public, Visibility::Private] {
        let mut scene = Scene::room(visibility);
        for name in ["olga", "stan"] {
            assert_eq!(scene.refuses(name, create.clone()), Refusal::RoomExists);
        }
    }
}

#[test]
fn anybody_joins_a_public_room_once_as_a_plain_member() {
    let mut scene = Scene::room(Visibility::Public);
    scene.does("stan", Command::Join);
    assert_eq!(scene.member("stan").unwrap().role, RoomRole::Member);
    assert_eq!(scene.refuses("stan", Command::Join), Refusal::AlreadyMember);
}

#[test]
fn an_invitation_opens_a_private_room_once() {
    let mut scene = Scene::room(Visibility::Private);
    scene.does("mona", invite("stan"));
    scene.does("stan", Command::Join);
    assert!(scene.room_state().invited.is_empty());
    scene.does("stan", Command::Leave);
    assert_eq!(
        scene.refuses("stan", Command::Join),
        Refusal::NoSuchConversation
    );
}

#[test]
fn the_invited_are_told_to_join_first() {
    let mut scene = Scene::room(Visibility::Private);
    scene.does("mona", invite("stan"));
    assert_eq!(scene.refuses("stan", post("hi")), Refusal::NotMember);
    assert_eq!(scene.refuses("stan", Command::Leave), Refusal::NotMember);
}

#[test]
fn every_member_invites_to_a_public_room_but_only_moderators_to_a_private_one() {
    Scene::room(Visibility::Public).does("mike", invite("stan"));
    let mut scene = Scene::room(Visibility::Private);
    assert_eq!(
        scene.refuses("mike", invite("stan")),
        needs(RoomRole::Moderator)
    );
    scene.does("mona", invite("stan"));
}

#[test]
fn members_and_the_banned_cannot_be_invited() {
    let mut scene = Scene::room(Visibility::Public);
    assert_eq!(
        scene.refuses("olga", invite("mike")),
        Refusal::TargetAlreadyMember
    );
    scene.does("olga", ban("bea", Some(scene.in_an_hour())));
    assert_eq!(scene.refuses("olga", invite("bea")), Refusal::TargetBanned);
    scene.passes(HOUR);
    scene.does("olga", invite("bea"));
}

#[test]
fn a_room_has_at_most_five_thousand_members_with_those_invited() {
    let mut scene = Scene::made(Visibility::Public);
    for id in 100.. {
        if scene.room_state().members.len() == MEMBERS_MAX - 1 {
            break;
        }
        scene.append(&account(id, "crowd"), Event::Joined);
    }
    scene.does("olga", invite("ivy"));
    scene.does("olga", invite("ivy"));
    let full = Refusal::Limit {
        what: "members of a room, with those invited",
        max: 5_000,
    };
    assert_eq!(scene.refuses("olga", invite("stan")), full);
    scene.does("stan", Command::Join);
    let full = Refusal::Limit {
        what: "members of a room",
        max: 5_000,
    };
    assert_eq!(scene.refuses("ivy", Command::Join), full);
}

#[test]
fn newcomers_read_everything_or_what_comes_after_them_as_the_room_says() {
    let mut scene = Scene::made(Visibility::Public);
    let early = scene.posts("olga");
    scene.does("mike", Command::Join);
    let since_join = Command::Set(Setting::Backscroll(Backscroll::SinceJoin));
    scene.does("olga", since_join);
    scene.does("tom", Command::Join);
    let [mike, tom, stan] = ["mike", "tom", "stan"].map(|name| who(name).account.id);
    assert_eq!(scene.conversation.reads_from(mike), Some(Seq::FIRST));
    assert!(scene.conversation.may_read(mike, early));
    let joined = scene.conversation.head;
    assert_eq!(scene.conversation.reads_from(tom), Some(joined));
    assert!(!scene.conversation.may_read(tom, joined.previous()));
    assert!(scene.conversation.may_read(tom, joined));
    assert_eq!(scene.conversation.reads_from(stan), None);
}

#[test]
fn who_left_or_was_put_out_reads_nothing_more() {
    let mut scene = Scene::room(Visibility::Public);
    scene.does("mike", Command::Leave);
    scene.does("mona", kick("tom"));
    for name in ["mike", "tom"] {
        let account = who(name).account.id;
        assert_eq!(scene.conversation.reads_from(account), None, "{name}");
        assert!(!scene.conversation.is_member(account), "{name}");
        assert_eq!(scene.refuses(name, post("hi")), Refusal::NotMember);
    }
}

#[test]
fn the_last_owner_neither_leaves_nor_steps_down_while_others_stay() {
    let mut scene = Scene::room(Visibility::Public);
    assert_eq!(scene.refuses("olga", Command::Leave), Refusal::LastOwner);
    let step_down = set_role("olga", RoomRole::Moderator);
    assert_eq!(scene.refuses("olga", step_down.clone()), Refusal::LastOwner);
    scene.does("olga", set_role("olga", RoomRole::Owner));
    scene.does("olga", set_role("mona", RoomRole::Owner));
    scene.does("olga", step_down);
    scene.does("olga", Command::Leave);
}

#[test]
fn the_last_member_may_leave_and_the_next_to_come_owns() {
    let mut scene = Scene::made(Visibility::Public);
    scene.does("olga", Command::Leave);
    assert!(scene.room_state().members.is_empty());
    scene.does("stan", Command::Join);
    assert_eq!(scene.member("stan").unwrap().role, RoomRole::Owner);
}

#[test]
fn an_archived_room_that_all_have_left_is_taken_by_the_next_to_come() {
    let mut scene = Scene::room(Visibility::Public);
    scene.does("olga", Command::Set(Setting::Archived(true)));
    assert_eq!(scene.refuses("stan", Command::Join), Refusal::Archived);
    for name in ["mona", "mike", "tom", "olga"] {
        scene.does(name, Command::Leave);
    }
    scene.does("stan", Command::Join);
    assert_eq!(scene.member("stan").unwrap().role, RoomRole::Owner);
    assert_eq!(scene.refuses("ada", Command::Join), Refusal::Archived);
    scene.does("stan", Command::Set(Setting::Archived(false)));
    scene.posts("stan");
}

#[test]
fn a_private_room_that_all_have_left_is_for_the_invited_and_for_server_admins() {
    let left = || {
        let mut scene = Scene::made(Visibility::Private);
        scene.posts("olga");
        scene.does("olga", invite("stan"));
        scene
    };
    let mut scene = left();
    let absent = Refusal::NoSuchConversation;
    assert_eq!(scene.refuses("ada", Command::Join), absent);
    scene.does("olga", Command::Leave);
    assert_eq!(scene.refuses("olga", Command::Join), absent);
    assert_eq!(scene.refuses("mike", Command::Join), absent);
    scene.does("stan", Command::Join);
    let stan = scene.member("stan").unwrap();
    assert_eq!((stan.role, stan.reads_from), (RoomRole::Owner, Seq::FIRST));
    let mut scene = left();
    scene.does("olga", Command::Leave);
    assert!(!scene.conversation.can_see(who("ada").account.id));
    scene.does("ada", Command::Join);
    let ada = scene.member("ada").unwrap();
    // What was said among those who have left stays among them.
    assert_eq!(
        (ada.role, ada.reads_from),
        (RoomRole::Owner, scene.conversation.head)
    );
    assert_eq!(scene.refuses("ann", Command::Join), absent);
}

#[test]
fn when_the_last_owner_is_gone_all_the_same_the_highest_follows() {
    let mut scene = Scene::room(Visibility::Public);
    // As when the account is deleted: nobody is asked.
    scene.append(&who("olga").account, Event::Left);
    assert_eq!(scene.member("mona").unwrap().role, RoomRole::Owner);
    scene.append(&who("mona").account, Event::Left);
    assert_eq!(scene.member("mike").unwrap().role, RoomRole::Owner);
    assert_eq!(scene.member("tom").unwrap().role, RoomRole::Member);
}

#[test]
fn a_direct_conversation_is_for_its_two_alone_in_whatever_order() {
    let id = ConversationId::new(2);
    let [mike, tom] = ["mike", "tom"].map(|name| who(name).account);
    let conversation = Conversation::direct(id, tom.clone(), mike.clone());
    assert_eq!(conversation, Conversation::direct(id, mike, tom));
    let mut scene = Scene::of(conversation);
    scene.posts("mike");
    scene.posts("tom");
    for other in ["stan", "ada"] {
        assert!(!scene.conversation.can_see(who(other).account.id));
        for command in [post("hi"), Command::Join, Command::Leave, rename("x")] {
            assert_eq!(scene.refuses(other, command), Refusal::NoSuchConversation);
        }
    }
}

#[test]
fn only_rooms_are_joined_left_set_and_moderated() {
    for mut scene in [Scene::everyone(), Scene::direct("mike", "tom")] {
        for command in [
            Command::Create {
                visibility: Visibility::Public,
            },
            Command::Join,
            Command::Leave,
            invite("stan"),
            topic(),
            set_role("tom", RoomRole::Owner),
            kick("tom"),
            ban("tom", None),
            unban("tom"),
            mute("tom", None),
            unmute("tom"),
            rename("x"),
        ] {
            assert_eq!(scene.refuses("mike", command), Refusal::RoomsOnly);
        }
    }
}

#[test]
fn the_audience_is_everybody_who_is_in_it_once() {
    let audience = |scene: &Scene| match scene.conversation.audience() {
        Audience::Everyone => None,
        Audience::These(accounts) => Some(accounts.map(AccountId::get).collect::<Vec<_>>()),
    };
    assert_eq!(audience(&Scene::everyone()), None);
    assert_eq!(audience(&Scene::direct("tom", "mike")), Some(vec![3, 4]));
    assert_eq!(audience(&Scene::direct("tom", "tom")), Some(vec![4]));
    let room = Scene::room(Visibility::Private);
    assert_eq!(audience(&room), Some(vec![1, 2, 3, 4]));
}
