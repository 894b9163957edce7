//! What is said, and what is done to what was said.

use super::super::{HERE_MEMBERS_MAX, MENTIONS_MAX, REACTIONS_MAX};
use super::*;
use crate::model::Backscroll;

fn here(event: &Event) -> bool {
    matches!(event, Event::Posted { here: true, .. })
}

fn called(event: Event) -> Vec<String> {
    let Event::Posted { mentions, .. } = event else {
        panic!("no message: {event:?}");
    };
    mentions.iter().map(|one| one.name.to_string()).collect()
}

fn mentioning(accounts: Vec<Account>) -> Command {
    let here = false;
    post_with("@you", None, Mentions { accounts, here })
}

#[test]
fn everybody_talks_edits_reacts_and_takes_back_in_the_broadcast() {
    let mut scene = Scene::everyone();
    let said = scene.posts("stan");
    scene.does("stan", edit(scene.message("stan", said)));
    scene.does("mike", react(scene.message("mike", said)));
    scene.does("mike", unreact(scene.message("mike", said)));
    let target = scene.message("stan", said);
    scene.does("stan", Command::Delete { target });
}

#[test]
fn in_the_broadcast_only_admins_delete_what_others_wrote() {
    let mut scene = Scene::everyone();
    let said = scene.posts("stan");
    let target = scene.message("mike", said);
    let delete = Command::Delete { target };
    let needed = ServerRole::Admin;
    assert_eq!(
        scene.refuses("mike", delete.clone()),
        Refusal::NeedsServerRole { needed }
    );
    scene.does("ada", delete);
}

#[test]
fn in_a_direct_conversation_each_deletes_only_their_own() {
    let mut scene = Scene::direct("mike", "tom");
    let said = scene.posts("mike");
    let target = scene.message("tom", said);
    let delete = Command::Delete { target };
    assert_eq!(scene.refuses("tom", delete.clone()), Refusal::NotAuthor);
    scene.does("mike", delete);
}

#[test]
fn only_its_author_edits_a_message() {
    let mut scene = Scene::room(Visibility::Public);
    scene.bring_in("ada");
    let said = scene.posts("mike");
    for other in ["tom", "mona", "olga", "ada"] {
        let command = edit(scene.message(other, said));
        assert_eq!(
            scene.refuses(other, command),
            Refusal::NotAuthor,
            "by {other}"
        );
    }
    scene.does("mike", edit(scene.message("mike", said)));
}

#[test]
fn a_message_is_deleted_by_its_author_or_a_moderator() {
    for (deleter, may) in [
        ("mike", true),
        ("tom", false),
        ("mona", true),
        ("olga", true),
    ] {
        let mut scene = Scene::room(Visibility::Private);
        let said = scene.posts("mike");
        let target = scene.message(deleter, said);
        let done = scene.asks(&who(deleter), &Command::Delete { target });
        assert_eq!(done.is_ok(), may, "by {deleter}: {done:?}");
    }
}

#[test]
fn what_was_deleted_is_no_message_any_more() {
    let mut scene = Scene::room(Visibility::Public);
    let said = scene.posts("mike");
    let target = scene.message("mike", said);
    scene.does("mike", Command::Delete { target });
    for command in about(&scene.message("mike", said)) {
        assert_eq!(scene.refuses("mike", command), Refusal::NoSuchMessage);
    }
}

#[test]
fn what_one_may_not_read_is_no_message() {
    let mut scene = Scene::room(Visibility::Public);
    let early = scene.posts("mike");
    scene.does(
        "olga",
        Command::Set(Setting::Backscroll(Backscroll::SinceJoin)),
    );
    scene.bring_in("stan");
    for command in about(&scene.message("stan", early)) {
        assert_eq!(scene.refuses("stan", command), Refusal::NoSuchMessage);
    }
    let late = scene.posts("mike");
    scene.does("stan", react(scene.message("stan", late)));
}

fn about(target: &Target) -> [Command; 5] {
    [
        post_with("yes", Some(target.clone()), Mentions::default()),
        edit(target.clone()),
        Command::Delete {
            target: target.clone(),
        },
        react(target.clone()),
        unreact(target.clone()),
    ]
}

#[test]
fn a_reply_names_the_place_of_what_it_answers() {
    let mut scene = Scene::direct("mike", "tom");
    let said = scene.posts("mike");
    let target = scene.message("tom", said);
    let answer = scene.does("tom", post_with("yes", Some(target), Mentions::default()));
    assert!(matches!(answer, Event::Posted { reply_to, .. } if reply_to == Some(said)));
}

#[test]
fn a_reaction_is_put_once_and_taken_back_once() {
    let mut scene = Scene::room(Visibility::Public);
    let said = scene.posts("mike");
    let nothing = unreact(scene.message("tom", said));
    assert_eq!(scene.refuses("tom", nothing), Refusal::NotReacted);
    scene.does("tom", react(scene.message("tom", said)));
    let again = react(scene.message("tom", said));
    assert_eq!(scene.refuses("tom", again), Refusal::AlreadyReacted);
    scene.does("mona", react(scene.message("mona", said)));
    scene.does("tom", unreact(scene.message("tom", said)));
    let again = unreact(scene.message("tom", said));
    assert_eq!(scene.refuses("tom", again), Refusal::NotReacted);
}

#[test]
fn a_message_has_at_most_twenty_different_reactions_by_any_number_of_people() {
    let mut scene = Scene::room(Visibility::Public);
    let said = scene.posts("mike");
    let letters: Vec<Emoji> = ('a'..='u')
        .map(|letter| Emoji::parse(&letter.to_string()).unwrap())
        .collect();
    let (one_more, fit) = letters.split_last().unwrap();
    assert_eq!(fit.len(), REACTIONS_MAX);
    for name in ["tom", "mona"] {
        for emoji in fit {
            let target = scene.target(&who(name), said, emoji);
            let emoji = emoji.clone();
            scene.does(name, Command::React { target, emoji });
        }
    }
    let target = scene.target(&who("tom"), said, one_more);
    let emoji = one_more.clone();
    let refusal = scene.refuses("tom", Command::React { target, emoji });
    assert!(matches!(refusal, Refusal::Limit { max: 20, .. }));
}

#[test]
fn a_message_calls_each_account_once() {
    let mut scene = Scene::everyone();
    let [mike, tom] = ["mike", "tom"].map(|name| who(name).account);
    let said = scene.does("stan", mentioning(vec![mike.clone(), tom, mike]));
    assert_eq!(called(said), ["mike", "tom"]);
}

#[test]
fn a_message_calls_only_those_who_can_read_it() {
    let [mike, stan] = ["mike", "stan"].map(|name| who(name).account);
    for mut scene in [
        Scene::room(Visibility::Private),
        Scene::direct("mike", "tom"),
    ] {
        let said = scene.does("tom", mentioning(vec![stan.clone(), mike.clone()]));
        assert_eq!(called(said), ["mike"]);
    }
}

#[test]
fn a_message_calls_at_most_fifty_accounts() {
    let mut scene = Scene::everyone();
    let crowd: Vec<Account> = (100..=150).map(|id| account(id, "crowd")).collect();
    let (_, fit) = crowd.split_last().unwrap();
    assert_eq!(fit.len(), MENTIONS_MAX);
    scene.does("mike", mentioning(fit.to_vec()));
    let refusal = scene.refuses("mike", mentioning(crowd));
    assert!(matches!(refusal, Refusal::Limit { max: 50, .. }));
}

#[test]
fn in_the_broadcast_here_is_a_word_unless_an_admin_says_it() {
    let mut scene = Scene::everyone();
    assert!(!here(&scene.does("mike", calling_here())));
    assert!(here(&scene.does("ada", calling_here())));
}

#[test]
fn in_a_direct_conversation_here_always_calls() {
    let mut scene = Scene::direct("mike", "tom");
    assert!(here(&scene.does("tom", calling_here())));
}

#[test]
fn in_a_room_of_many_here_is_a_moderators() {
    let mut scene = Scene::room(Visibility::Public);
    assert!(
        !here(&scene.does("mike", post("no call"))),
        "nobody called anybody"
    );
    for id in 100.. {
        if scene.room_state().members.len() == HERE_MEMBERS_MAX {
            break;
        }
        scene.append(&account(id, "crowd"), Event::Joined);
    }
    assert!(here(&scene.does("mike", calling_here())));
    scene.bring_in("stan");
    assert!(!here(&scene.does("mike", calling_here())));
    for name in ["mona", "olga"] {
        assert!(here(&scene.does(name, calling_here())), "{name}");
    }
}

#[test]
fn slow_mode_makes_plain_members_wait_and_nobody_else() {
    let mut scene = Scene::room(Visibility::Public);
    scene.bring_in("ada");
    scene.does("mona", Command::Set(Setting::SlowMode(MINUTE)));
    scene.passes(MINUTE);
    let said = scene.posts("mike");
    scene.passes(MINUTE / 4);
    let wait = MINUTE / 4 * 3;
    assert_eq!(
        scene.refuses("mike", post("more")),
        Refusal::SlowMode { wait }
    );
    scene.does("mike", edit(scene.message("mike", said)));
    for name in ["mona", "olga", "ada"] {
        scene.posts(name);
        scene.posts(name);
    }
    scene.passes(wait);
    scene.posts("mike");
}

#[test]
fn slow_mode_is_not_dodged_by_leaving_and_coming_back() {
    let mut scene = Scene::room(Visibility::Public);
    scene.does("mona", Command::Set(Setting::SlowMode(MINUTE)));
    scene.passes(MINUTE);
    scene.posts("mike");
    scene.does("mike", Command::Leave);
    scene.does("mike", Command::Join);
    assert_eq!(
        scene.refuses("mike", post("more")),
        Refusal::SlowMode { wait: MINUTE }
    );
}

#[test]
fn a_clock_that_went_back_makes_nobody_wait() {
    let mut scene = Scene::room(Visibility::Public);
    scene.does("mona", Command::Set(Setting::SlowMode(MINUTE)));
    scene.passes(HOUR);
    scene.posts("mike");
    scene.now = scene.now.before(HOUR);
    scene.posts("mike");
}
