//! The rules, told as scenes: a conversation, its log, and people who do things in it.

mod members;
mod messages;
mod moderation;
mod permissions;
mod properties;
mod settings;
mod visibility;

use std::time::Duration;

use crate::model::{
    Account, AccountId, ConversationId, Emoji, Reason, RoomName, RoomRole, Seq, ServerRole, Text,
    Timestamp, Topic, UserName, Visibility,
};

use super::{
    Actor, Command, Conversation, Entry, Event, Member, Mentions, Refusal, Room, Setting, Style,
    Target, create, decide,
};

/// Whoever plays: the place in this list is the id.
const CAST: [&str; 12] = [
    "olga", "mona", "mike", "tom", "stan", "bea", "eve", "max", "ivy", "otto", "ada", "ann",
];

/// Olga owns rooms, Mona moderates, Mike and Tom are members, Stan is outside; Ada and Ann are
/// server admins.
fn who(name: &str) -> Actor {
    let number = CAST.iter().position(|known| *known == name).unwrap();
    let role = match name {
        "ada" | "ann" => ServerRole::Admin,
        _ => ServerRole::Member,
    };
    Actor {
        account: account(u64::try_from(number).unwrap() + 1, name),
        role,
    }
}

fn account(id: u64, name: &str) -> Account {
    Account {
        id: AccountId::new(id),
        name: UserName::parse(name).unwrap(),
    }
}

/// One conversation and what happened in it so far.
struct Scene {
    conversation: Conversation,
    log: Vec<Entry>,
    now: Timestamp,
}

impl Scene {
    fn everyone() -> Self {
        Self::of(Conversation::everyone(ConversationId::new(1)))
    }

    fn direct(one: &str, other: &str) -> Self {
        let id = ConversationId::new(2);
        Self::of(Conversation::direct(
            id,
            who(one).account,
            who(other).account,
        ))
    }

    /// A room with Olga, its owner; Mona, its moderator; Mike and Tom.
    fn room(visibility: Visibility) -> Self {
        let mut scene = Self::made(visibility);
        for name in ["mona", "mike", "tom"] {
            scene.bring_in(name);
        }
        scene.does("olga", set_role("mona", RoomRole::Moderator));
        scene
    }

    /// A room Olga has just made.
    fn made(visibility: Visibility) -> Self {
        let name = RoomName::parse("garden").unwrap();
        let id = ConversationId::new(3);
        let mut scene = Self::of(Conversation::room(id, name.clone(), visibility));
        scene.append(&who("olga").account, create(name, visibility));
        scene
    }

    fn of(conversation: Conversation) -> Self {
        Self {
            conversation,
            log: Vec::new(),
            now: Timestamp::from_millis(1_000_000),
        }
    }

    /// As the hub does it: decide, store, apply.
    fn asks(&mut self, actor: &Actor, command: &Command) -> Result<Event, Refusal> {
        let event = decide(&self.conversation, actor, command, self.now)?;
        self.append(&actor.account, event.clone());
        Ok(event)
    }

    fn append(&mut self, author: &Account, event: Event) {
        let entry = Entry {
            conversation: self.conversation.id,
            seq: self.conversation.head.next(),
            at: self.now,
            author: author.clone(),
            message: None,
            event,
        };
        self.conversation.apply(&entry);
        self.log.push(entry);
    }

    #[track_caller]
    #[expect(clippy::needless_pass_by_value, reason = "scenes read better")]
    fn does(&mut self, name: &str, command: Command) -> Event {
        self.asks(&who(name), &command)
            .unwrap_or_else(|refusal| panic!("{name}: {command:?}: {refusal}"))
    }

    #[track_caller]
    #[expect(clippy::needless_pass_by_value, reason = "scenes read better")]
    fn refuses(&mut self, name: &str, command: Command) -> Refusal {
        match self.asks(&who(name), &command) {
            Ok(event) => panic!("{name} was let do {event:?}"),
            Err(refusal) => refusal,
        }
    }

    /// Somebody says something; where it stands now.
    #[track_caller]
    fn posts(&mut self, name: &str) -> Seq {
        self.does(name, post("hello"));
        self.conversation.head
    }

    /// Invited where that is needed, and joined.
    #[track_caller]
    fn bring_in(&mut self, name: &str) {
        if !self.conversation.can_see(who(name).account.id) {
            self.does("olga", invite(name));
        }
        self.does(name, Command::Join);
    }

    fn passes(&mut self, wait: Duration) {
        self.now = self.now.after(wait);
    }

    fn in_an_hour(&self) -> Timestamp {
        self.now.after(HOUR)
    }

    fn room_state(&self) -> &Room {
        self.conversation.as_room().unwrap()
    }

    fn member(&self, name: &str) -> Option<&Member> {
        self.conversation.member(who(name).account.id)
    }

    /// What the hub would find out for a command of this actor about that message.
    fn target(&self, actor: &Actor, seq: Seq, emoji: &Emoji) -> Target {
        let mut target = no_message(seq);
        let mut put: Vec<(AccountId, &Emoji)> = Vec::new();
        for entry in &self.log {
            match &entry.event {
                Event::Posted { .. } if entry.seq == seq => {
                    target.author = Some(entry.author.clone());
                }
                Event::Deleted { target: gone } if *gone == seq => target.author = None,
                Event::Reacted { target, emoji } if *target == seq => {
                    put.push((entry.author.id, emoji));
                }
                Event::Unreacted { target, emoji } if *target == seq => {
                    put.retain(|one| *one != (entry.author.id, emoji));
                }
                _ => {}
            }
        }
        target.reacted = put.contains(&(actor.account.id, emoji));
        let mut others: Vec<&str> = put
            .iter()
            .map(|(_, other)| other.as_str())
            .filter(|other| *other != emoji.as_str())
            .collect();
        others.sort_unstable();
        others.dedup();
        target.reactions = others.len();
        target
    }

    fn message(&self, name: &str, seq: Seq) -> Target {
        self.target(&who(name), seq, &thumb())
    }
}

const HOUR: Duration = Duration::from_secs(60 * 60);
const MINUTE: Duration = Duration::from_secs(60);

fn no_message(seq: Seq) -> Target {
    Target {
        seq,
        author: None,
        reacted: false,
        reactions: 0,
    }
}

fn text(words: &str) -> Text {
    Text::parse(words).unwrap()
}

fn thumb() -> Emoji {
    Emoji::parse("👍").unwrap()
}

fn post(words: &str) -> Command {
    post_with(words, None, Mentions::default())
}

fn post_with(words: &str, reply_to: Option<Target>, mentions: Mentions) -> Command {
    Command::Post {
        text: text(words),
        style: Style::Plain,
        reply_to,
        mentions,
    }
}

fn calling_here() -> Command {
    let mentions = Mentions {
        accounts: Vec::new(),
        here: true,
    };
    post_with("@here", None, mentions)
}

fn edit(target: Target) -> Command {
    Command::Edit {
        target,
        text: text("better"),
    }
}

fn react(target: Target) -> Command {
    Command::React {
        target,
        emoji: thumb(),
    }
}

fn unreact(target: Target) -> Command {
    Command::Unreact {
        target,
        emoji: thumb(),
    }
}

fn invite(name: &str) -> Command {
    Command::Invite {
        account: who(name).account,
    }
}

fn set_role(name: &str, role: RoomRole) -> Command {
    Command::SetRole {
        account: who(name).account,
        role,
    }
}

fn kick(name: &str) -> Command {
    Command::Kick {
        account: who(name).account,
        reason: Reason::default(),
    }
}

fn ban(name: &str, until: Option<Timestamp>) -> Command {
    Command::Ban {
        account: who(name).account,
        reason: Reason::default(),
        until,
    }
}

fn unban(name: &str) -> Command {
    Command::Unban {
        account: who(name).account,
    }
}

fn mute(name: &str, until: Option<Timestamp>) -> Command {
    Command::Mute {
        account: who(name).account,
        reason: Reason::default(),
        until,
    }
}

fn unmute(name: &str) -> Command {
    Command::Unmute {
        account: who(name).account,
    }
}

fn topic() -> Command {
    Command::SetTopic {
        topic: Topic::parse("roses").unwrap(),
    }
}

fn rename(name: &str) -> Command {
    Command::Set(Setting::Name(RoomName::parse(name).unwrap()))
}

fn needs(needed: RoomRole) -> Refusal {
    Refusal::NeedsRoomRole { needed }
}
