//! What the operator's commands do to a store, and what they refuse.

use std::{fs::Permissions, os::unix::fs::PermissionsExt};

use tempfile::TempDir;

use crate::{
    chat::{Entry, Event, Style},
    model::{Account, RoomName, RoomRole, Text, Visibility},
    store::{Body, Durability, EVERYONE, NewToken, PageLimits},
};

use super::*;

const ALL: PageLimits = PageLimits {
    rows: 1000,
    bytes: 1 << 20,
};

struct Stopped {
    store: Store,
    _folder: TempDir,
}

impl Stopped {
    fn new() -> Self {
        let private = Permissions::from_mode(0o700);
        let folder = tempfile::Builder::new()
            .permissions(private)
            .tempdir()
            .unwrap();
        let store = Store::open(folder.path(), Durability::None).unwrap();
        Self {
            store,
            _folder: folder,
        }
    }

    fn with(users: &[(&str, ServerRole)]) -> Self {
        let mut stopped = Self::new();
        for (name, role) in users {
            assert_eq!(stopped.operate(&add(name, *role)), "Done");
        }
        stopped
    }

    /// What came of it, in a word or a sentence.
    fn operate(&mut self, operation: &Operation) -> String {
        match operation.perform_alone(&mut self.store) {
            Ok(done) => format!("{done:?}"),
            Err(refused) => refused.to_string(),
        }
    }

    fn within<T>(&mut self, work: impl FnOnce(&Tx<'_>) -> T) -> T {
        let tx = self.store.begin().unwrap();
        let result = work(&tx);
        tx.commit().unwrap();
        result
    }

    fn account(&mut self, name: &str) -> Account {
        let found = self.within(|tx| tx.account_by_name(&user(name)).unwrap());
        found.unwrap().account
    }

    fn say(&mut self, conversation: ConversationId, author: &Account, event: Event) -> Seq {
        self.within(|tx| {
            let seq = tx.head(conversation).unwrap().next();
            let entry = Entry {
                conversation,
                seq,
                at: Timestamp::now(),
                author: author.clone(),
                message: None,
                event,
            };
            tx.append(&entry, None, &[]).unwrap();
            seq
        })
    }

    fn post(&mut self, author: &Account, text: &str) -> Seq {
        let event = Event::Posted {
            text: Text::parse(text).unwrap(),
            style: Style::Plain,
            reply_to: None,
            mentions: Vec::new(),
            here: false,
        };
        self.say(EVERYONE, author, event)
    }
}

fn user(name: &str) -> UserName {
    UserName::parse(name).unwrap()
}

fn add(name: &str, role: ServerRole) -> Operation {
    Operation::Add {
        user: user(name),
        password: PasswordHash::new("$argon2id$"),
        role,
    }
}

fn delete(name: &str, afterwards: NameAfterwards) -> Operation {
    Operation::Delete {
        user: user(name),
        name: afterwards,
        last_owner: LastOwner::Stays,
    }
}

#[test]
fn an_operation_reads_back_as_it_was_written() {
    let hash = SecretHash::new([7; 32]);
    for operation in [
        add("alice", ServerRole::Owner),
        delete("alice", NameAfterwards::Freed),
        Operation::Invite {
            hash,
            role: ServerRole::Admin,
            seconds: 60,
        },
        Operation::EraseMessages {
            user: user("alice"),
            after: Progress::new(EVERYONE, Seq::new(7)),
        },
    ] {
        let written = serde_json::to_string(&operation).unwrap();
        let read: Operation = serde_json::from_str(&written).unwrap();
        assert_eq!(read, operation, "{written}");
    }
}

#[test]
fn a_name_is_given_once() {
    let mut stopped = Stopped::with(&[("alice", ServerRole::Member)]);
    let refused = stopped.operate(&add("Alice", ServerRole::Member));
    assert!(refused.contains("the name Alice is taken"), "{refused}");
}

#[test]
fn a_user_who_is_not_there_is_named() {
    let mut stopped = Stopped::new();
    let refused = stopped.operate(&Operation::Enable { user: user("bob") });
    assert_eq!(refused, "there is no user bob");
}

#[test]
fn the_last_owner_who_can_log_in_stays_unless_told_otherwise() {
    use LastOwner::{MayGo, Stays};
    use ServerRole::{Admin, Owner};
    let disable = |name: &str, last_owner| Operation::Disable {
        user: user(name),
        last_owner,
    };
    let demote = |name: &str, last_owner| Operation::SetRole {
        user: user(name),
        role: Admin,
        last_owner,
    };
    let mut stopped = Stopped::with(&[("alice", Owner), ("bob", Owner), ("carol", Admin)]);
    assert_eq!(stopped.operate(&disable("bob", Stays)), "Done");
    for operation in [
        disable("alice", Stays),
        demote("alice", Stays),
        delete("alice", NameAfterwards::Freed),
    ] {
        let refused = stopped.operate(&operation);
        assert!(refused.contains("--force"), "{operation:?}: {refused}");
    }
    for operation in [
        disable("carol", Stays),
        demote("bob", Stays),
        demote("alice", MayGo),
        delete("alice", NameAfterwards::Freed),
    ] {
        assert_eq!(stopped.operate(&operation), "Done", "{operation:?}");
    }
}

#[tokio::test]
async fn a_new_password_and_a_bar_void_every_token() {
    let mut stopped = Stopped::with(&[("alice", ServerRole::Member)]);
    let account = stopped.account("alice").id;
    for (mark, operation) in [
        (
            1,
            Operation::SetPassword {
                user: user("alice"),
                password: PasswordHash::new("$argon2id$new"),
            },
        ),
        (
            2,
            Operation::Disable {
                user: user("alice"),
                last_owner: LastOwner::Stays,
            },
        ),
    ] {
        let hash = SecretHash::new([mark; 32]);
        let token = NewToken {
            account,
            hash,
            device: String::new(),
            prefix: String::new(),
        };
        stopped.within(|tx| tx.insert_token(&token, Timestamp::now(), 9).unwrap());
        let reader = stopped.store.reader();
        assert!(reader.token(hash).await.unwrap().is_some());
        assert_eq!(stopped.operate(&operation), "Done");
        assert_eq!(reader.token(hash).await.unwrap(), None, "{operation:?}");
    }
}

#[test]
fn a_deleted_account_leaves_its_rooms_and_the_highest_standing_member_follows() {
    let mut stopped = Stopped::with(&[("alice", ServerRole::Member), ("bob", ServerRole::Member)]);
    let [alice, bob] = ["alice", "bob"].map(|name| stopped.account(name));
    let name = RoomName::parse("garden").unwrap();
    let visibility = Visibility::Public;
    let room = stopped.within(|tx| tx.create_room(&name, visibility).unwrap());
    stopped.say(room, &alice, Event::Created { name, visibility });
    stopped.say(room, &bob, Event::Joined);
    assert_eq!(
        stopped.operate(&delete("alice", NameAfterwards::Reserved)),
        "Done"
    );
    let state = stopped.within(|tx| tx.conversation(room).unwrap().unwrap());
    assert_eq!(state.head, Seq::new(3));
    assert_eq!(state.member(alice.id), None);
    assert_eq!(state.member(bob.id).unwrap().role, RoomRole::Owner);
    let refused = stopped.operate(&add("alice", ServerRole::Member));
    assert!(refused.contains("kept back"), "{refused}");
}

#[tokio::test]
async fn messages_are_taken_back_step_by_step_as_entries_of_their_own() {
    let mut stopped = Stopped::with(&[("alice", ServerRole::Member), ("bob", ServerRole::Member)]);
    let [alice, bob] = ["alice", "bob"].map(|name| stopped.account(name));
    for number in 0..250 {
        stopped.post(&alice, &number.to_string());
    }
    stopped.post(&bob, "mine stays");
    let mut after = Progress::default();
    let mut steps = Vec::new();
    loop {
        let erase = Operation::EraseMessages {
            user: user("alice"),
            after,
        };
        match erase.perform_alone(&mut stopped.store).unwrap() {
            Done::Erased { count: 0, .. } => break,
            Done::Erased { up_to, count } => {
                after = up_to;
                steps.push(count);
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(steps, [200, 50]);
    let reader = stopped.store.reader();
    let page = reader
        .entries(EVERYONE, Seq::ZERO, Seq::new(999), ALL)
        .await
        .unwrap();
    let gone = page
        .entries
        .iter()
        .filter(|entry| entry.body == Body::DeletedPost);
    assert_eq!((gone.count(), page.head), (250, Seq::new(501)));
}

#[test]
fn an_invite_is_revoked_once() {
    let mut stopped = Stopped::new();
    let invite = Operation::Invite {
        hash: SecretHash::new([1; 32]),
        role: ServerRole::Member,
        seconds: 60,
    };
    assert_eq!(stopped.operate(&invite), "Invited { id: 1 }");
    let revoke = Operation::RevokeInvite { id: 1 };
    assert_eq!(stopped.operate(&revoke), "Done");
    let refused = stopped.operate(&revoke);
    assert!(refused.starts_with("there is no invite 1"), "{refused}");
}
