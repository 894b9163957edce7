//! What happens in a simulated world: what people say and do, and what goes wrong.

use std::{sync::atomic::Ordering, time::Duration};

use crate::{
    cli::torture::entry,
    model::{Address, RoomName, RoomRole, UserName, Visibility},
    protocol::{InRoom, Moderate, Nothing, SetRole, Topic, Verb, WithUser, WithVisibility},
};

use super::{
    player::{Person, Wish},
    world::{SHORTLY, World},
};

/// Who there is. The last comes only when things go wrong already.
pub(super) const PEOPLE: [&str; 4] = ["alice", "bob", "carol", "dave"];
/// Who is in the private room.
const INSIDERS: [&str; 2] = ["alice", "bob"];

impl World {
    /// Accounts and rooms, while nothing goes wrong.
    pub(super) async fn set_up(&mut self) {
        self.tend().await;
        self.settle(PEOPLE.len() - 1, SHORTLY).await;
        let creates = [
            ("open", Visibility::Public),
            ("door", Visibility::Public),
            ("vault", Visibility::Private),
        ];
        for (name, visibility) in creates {
            let visibility = Some(visibility);
            self.wish(
                0,
                change(Verb::Create(room(name, WithVisibility { visibility }))),
            );
        }
        let user = UserName::parse(INSIDERS[1]).unwrap();
        self.wish(0, change(Verb::Invite(room("vault", WithUser { user }))));
        self.settle(PEOPLE.len() - 1, SHORTLY).await;
        for (who, name) in [(1, "vault"), (1, "open"), (2, "open"), (2, "door")] {
            self.wish(who, change(Verb::Join(room(name, Nothing {}))));
        }
        self.settle(PEOPLE.len() - 1, SHORTLY).await;
    }

    /// So many things happen, most of them bad.
    pub(super) async fn go_wrong(&mut self, steps: u32) {
        self.faults.on.store(true, Ordering::Relaxed);
        for _ in 0..steps {
            let pause = match self.random.u32(0..100) {
                0..50 => self.random.u64(0..20),
                50..95 => self.random.u64(0..400),
                _ => self.random.u64(0..30_000),
            };
            self.pass(Duration::from_millis(pause)).await;
            self.tend().await;
            let who = self.random.usize(0..PEOPLE.len());
            match self.random.u32(0..100) {
                0..62 => self.speak(who),
                62..76 => self.meddle(who),
                76..84 => self.network.cut_one(),
                84..89 => self.network.part_or_heal(&self.seats[who].person.name),
                89..93 => self.endanger(who),
                93..95 => self.wish(who, Wish::Close),
                95..97 => self.endanger_the_server(),
                97..98 => self.restart_the_server().await,
                _ => self.wish(who, Wish::Retry),
            }
        }
        self.faults.on.store(false, Ordering::Relaxed);
    }

    fn speak(&mut self, who: usize) {
        self.said += 1;
        let text = format!("{}{}", self.said, " word".repeat(self.random.usize(0..60)));
        let to = self.place(who);
        self.wish(who, Wish::Say(to, text));
    }

    /// Somewhere; not everywhere everybody may speak.
    fn place(&mut self, who: usize) -> Address {
        let other = (who + self.random.usize(1..PEOPLE.len())) % PEOPLE.len();
        let place = match self.random.u32(0..10) {
            0..3 => "*".to_owned(),
            3..6 => "#open".to_owned(),
            6 => "#vault".to_owned(),
            7 => "#door".to_owned(),
            _ => format!("@{}", PEOPLE[other]),
        };
        Address::parse(&place).unwrap()
    }

    fn meddle(&mut self, who: usize) {
        let at = self.place(who);
        let user = UserName::parse(self.random.choice(PEOPLE).unwrap()).unwrap();
        let wish = match self.random.u32(0..13) {
            0 | 1 => {
                self.said += 1;
                Wish::Edit(at, format!("better so, {}", self.said))
            }
            2 => Wish::Delete(at),
            3 => Wish::React(at),
            4 => Wish::Read(at),
            5 => {
                let topic = crate::model::Topic::parse("all kinds of things").unwrap();
                change(Verb::Topic(room("open", Topic { topic })))
            }
            6 => change(Verb::Join(room("open", Nothing {}))),
            7 | 8 => change(Verb::Join(room("door", Nothing {}))),
            9 => change(Verb::Leave(room("door", Nothing {}))),
            10 | 11 => {
                let role = *self.random.choice(RoomRole::ALL).unwrap();
                change(Verb::Role(room("open", SetRole { user, role })))
            }
            _ => change(Verb::Kick(room("door", put_out(user)))),
        };
        self.wish(who, wish);
    }

    fn endanger(&mut self, who: usize) {
        let steps = self.random.u32(0..60);
        if let Some(player) = &self.seats[who].player {
            player.process.die_after(steps);
        }
    }

    fn endanger_the_server(&mut self) {
        let steps = self.random.u32(0..150);
        if let Some(server) = &self.server {
            server.door.process.die_after(steps);
        }
    }

    /// Nobody types faster than their client takes it in; who is not there types nothing.
    fn wish(&self, who: usize, wish: Wish) {
        if let Some(player) = &self.seats[who].player {
            drop(player.wishes.try_send(wish));
        }
    }
}

pub(super) fn person(name: &str) -> Person {
    let mut member_of: Vec<_> = ["*", "#open", "#door"].map(str::to_owned).into();
    if INSIDERS.contains(&name) {
        member_of.push("#vault".to_owned());
    }
    let me = UserName::parse(name).unwrap();
    for other in PEOPLE.into_iter().filter(|other| *other != name) {
        let other = Address::Direct(UserName::parse(other).unwrap());
        member_of.push(entry::place(&me, &other));
    }
    Person {
        name: me,
        member_of,
    }
}

fn room<T>(name: &str, what: T) -> InRoom<T> {
    InRoom {
        room: RoomName::parse(name).unwrap(),
        message: None,
        what,
    }
}

fn put_out(user: UserName) -> Moderate {
    Moderate {
        user,
        reason: None,
        seconds: None,
    }
}

fn change(verb: Verb) -> Wish {
    Wish::Change(Box::new(verb))
}
