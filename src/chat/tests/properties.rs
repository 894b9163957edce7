//! Whatever people do in whatever order, some things stay true.

use proptest::prelude::*;

use super::*;
use crate::model::Backscroll;

const PEOPLE: [&str; 6] = ["olga", "mona", "mike", "tom", "stan", "ada"];

/// Somebody tries something. The numbers pick whom, what and which message it is about.
#[derive(Clone, Debug)]
struct Step {
    actor: &'static str,
    verb: u8,
    other: &'static str,
    seq: u64,
    choice: u8,
    clock: i64,
}

const VERBS: u8 = 21;

fn step() -> impl Strategy<Value = Step> {
    let somebody = || proptest::sample::select(&PEOPLE[..]);
    let minutes = -30_i64..90;
    (
        somebody(),
        0..VERBS,
        somebody(),
        1_u64..50,
        0_u8..6,
        minutes,
    )
        .prop_map(|(actor, verb, other, seq, choice, minutes)| Step {
            actor,
            verb,
            other,
            seq,
            choice,
            clock: minutes * 60_000,
        })
}

impl Step {
    fn command(&self, scene: &Scene) -> Command {
        let target = scene.message(self.actor, Seq::new(self.seq));
        let until = self.choice.is_multiple_of(2).then(|| scene.in_an_hour());
        let other = self.other;
        match self.verb {
            0..=2 => self.post(target),
            3 => edit(target),
            4 => Command::Delete { target },
            5 => react(target),
            6 => unreact(target),
            7 | 8 => Command::Join,
            9 => Command::Leave,
            10 => invite(other),
            11 => topic(),
            12 | 13 => set_role(other, RoomRole::ALL[usize::from(self.choice / 2)]),
            14 => kick(other),
            15 => ban(other, until),
            16 => unban(other),
            17 => mute(other, until),
            18 => unmute(other),
            19 => Command::Create {
                visibility: Visibility::Public,
            },
            _ => Command::Set(self.setting()),
        }
    }

    fn post(&self, target: Target) -> Command {
        let mentions = Mentions {
            accounts: PEOPLE.map(|name| who(name).account).to_vec(),
            here: true,
        };
        let reply_to = self.choice.is_multiple_of(3).then_some(target);
        post_with("hello", reply_to, mentions)
    }

    fn setting(&self) -> Setting {
        let odd = self.seq % 2 == 1;
        match self.choice {
            0 => Setting::Name(RoomName::parse("park").unwrap()),
            1 if odd => Setting::Visibility(Visibility::Private),
            1 => Setting::Visibility(Visibility::Public),
            2 if odd => Setting::Backscroll(Backscroll::SinceJoin),
            2 => Setting::Backscroll(Backscroll::All),
            3 => Setting::SlowMode(MINUTE * u32::try_from(self.seq).unwrap()),
            4 => Setting::Retention {
                keep_for: Some(HOUR),
                keep_last: Some(self.seq),
            },
            _ => Setting::Archived(odd),
        }
    }
}

/// An archived room that its maker has left, as its only member.
fn left(visibility: Visibility) -> Scene {
    let mut scene = Scene::made(visibility);
    scene.does("olga", Command::Set(Setting::Archived(true)));
    scene.does("olga", Command::Leave);
    scene
}

fn scenes() -> impl Strategy<Value = fn() -> Scene> {
    let scenes: [fn() -> Scene; 7] = [
        || left(Visibility::Public),
        || left(Visibility::Private),
        || Scene::made(Visibility::Public),
        || Scene::made(Visibility::Private),
        || Scene::room(Visibility::Public),
        || Scene::direct("mike", "tom"),
        Scene::everyone,
    ];
    proptest::sample::select(scenes.to_vec())
}

fn holds_together(scene: &Scene) {
    let conversation = &scene.conversation;
    assert_eq!(
        conversation.head.get(),
        u64::try_from(scene.log.len()).unwrap()
    );
    let Some(room) = conversation.as_room() else {
        return;
    };
    let members = &room.members;
    let owned = members.values().any(|one| one.role == RoomRole::Owner);
    assert!(owned || members.is_empty(), "nobody owns the room");
    for (id, member) in members {
        assert_eq!(*id, member.account.id);
        assert!(!room.banned.contains_key(id), "{member:?} is banned");
        assert!(
            !room.invited.contains_key(id),
            "{member:?} is still invited"
        );
        assert!(
            member.reads_from <= conversation.head,
            "{member:?} reads from nowhere"
        );
    }
    for id in room.invited.keys() {
        assert!(!room.banned.contains_key(id), "{id} is invited and banned");
    }
}

/// What may come of a command, told from the state before it alone.
fn was_right(
    before: &Conversation,
    actor: &Actor,
    command: &Command,
    answer: &Result<Event, Refusal>,
) {
    let id = actor.account.id;
    // That a name is taken is the one thing that strangers are told.
    let is_taken = *answer == Err(Refusal::RoomExists);
    assert!(!is_taken || matches!(command, Command::Create { .. }));
    let empty = before.as_room().is_some_and(|room| room.members.is_empty());
    let takes_over = empty
        && actor.role >= ServerRole::Admin
        && matches!(answer, Ok(Event::Joined) | Err(Refusal::Banned { .. }));
    if !before.can_see(id) && !takes_over && !is_taken {
        assert_eq!(*answer, Err(Refusal::NoSuchConversation));
    }
    let Ok(event) = answer else {
        return;
    };
    let joins = matches!(event, Event::Joined);
    assert_ne!(joins, before.is_member(id), "{event:?} by a stranger");
    if before.as_room().is_some_and(|room| room.archived) {
        assert!(
            matches!(event, Event::Left | Event::Unarchived) || (empty && joins),
            "{event:?} in the archive"
        );
    }
    if let Event::Posted { mentions, .. } = event {
        for called in mentions {
            assert!(
                before.reads_from(called.id).is_some(),
                "{called:?} cannot read"
            );
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn any_interleaving_of_commands_keeps_the_invariants(
        begin in scenes(),
        steps in proptest::collection::vec(step(), 1..80),
    ) {
        let mut scene = begin();
        for step in &steps {
            scene.now = Timestamp::from_millis(scene.now.as_millis() + step.clock);
            let actor = who(step.actor);
            let command = step.command(&scene);
            let before = scene.conversation.clone();
            let answer = scene.asks(&actor, &command);
            was_right(&before, &actor, &command, &answer);
            holds_together(&scene);
            if answer.is_err() {
                prop_assert_eq!(&scene.conversation, &before);
            }
        }
    }

    #[test]
    fn replaying_the_log_gives_the_state(
        begin in scenes(),
        steps in proptest::collection::vec(step(), 1..80),
    ) {
        let mut scene = begin();
        let fresh = match &scene.conversation.kind {
            super::super::Kind::Room(room) => {
                let name = RoomName::parse("before").unwrap();
                Conversation::room(scene.conversation.id, name, room.visibility)
            }
            _ => scene.conversation.clone(),
        };
        for step in &steps {
            scene.now = Timestamp::from_millis(scene.now.as_millis() + step.clock);
            let command = step.command(&scene);
            // Refusals are fine here: they add nothing to the log.
            let _answer = scene.asks(&who(step.actor), &command);
        }
        prop_assert_eq!(fresh.replay(&scene.log), scene.conversation);
    }
}
