//! A store in a temporary folder, and short ways to fill it. For tests only.

use std::{fs::Permissions, os::unix::fs::PermissionsExt};

use tempfile::TempDir;

use crate::{
    chat::{Entry, Event, Style},
    model::{
        Account, AccountId, ConversationId, MessageId, RoomName, Seq, ServerRole, Text, Timestamp,
        UserName, Visibility,
    },
};

use super::{
    Durability, Fingerprint, NewAccount, PasswordHash, Reader, Registration, Store, Tx,
    query::execute,
};

/// A store whose folder goes with it.
pub(super) struct Fixture {
    pub(super) store: Store,
    pub(super) folder: TempDir,
}

impl Fixture {
    pub(super) fn folder() -> TempDir {
        let private = Permissions::from_mode(0o700);
        tempfile::Builder::new()
            .permissions(private)
            .tempdir()
            .unwrap()
    }

    pub(super) fn new() -> Self {
        let folder = Self::folder();
        let store = Store::open(folder.path(), Durability::None).unwrap();
        Self { store, folder }
    }

    /// Closes the store in order; its folder stays.
    pub(super) fn close(self) -> TempDir {
        drop(self.store);
        self.folder
    }

    pub(super) fn reader(&self) -> Reader {
        self.store.reader()
    }

    /// Runs something in a transaction of its own, and commits it.
    pub(super) fn within<T>(&mut self, work: impl FnOnce(&Tx<'_>) -> T) -> T {
        let tx = self.store.begin().unwrap();
        let result = work(&tx);
        tx.commit().unwrap();
        result
    }

    pub(super) fn account(&mut self, name: &str) -> Account {
        let new = NewAccount {
            name: UserName::parse(name).unwrap(),
            password: PasswordHash::new("$argon2id$fixture"),
            role: ServerRole::Member,
        };
        match self.within(|tx| tx.register(&new, at(1)).unwrap()) {
            Registration::Registered(record) => record.account,
            Registration::NameTaken => panic!("{name} is taken"),
        }
    }

    /// A public room whose first entry says that `owner` made it.
    pub(super) fn room(&mut self, name: &str, owner: &Account) -> ConversationId {
        let name = RoomName::parse(name).unwrap();
        let visibility = Visibility::Public;
        let id = self.within(|tx| tx.create_room(&name, visibility).unwrap());
        self.add(id, owner, Event::Created { name, visibility });
        id
    }

    /// Appends what happened at the next place.
    pub(super) fn add(
        &mut self,
        conversation: ConversationId,
        author: &Account,
        event: Event,
    ) -> Seq {
        self.within(|tx| {
            let head = tx.conversation(conversation).unwrap().unwrap().head;
            let entry = entry(conversation, head.next(), author, event);
            tx.append(&entry, None, &[]).unwrap();
            entry.seq
        })
    }

    /// Goes on as after so many entries.
    pub(super) fn skip_to(&mut self, entry: i64) {
        let sql = "UPDATE last_entry SET id = ?1";
        self.within(|tx| execute(tx.connection().unwrap(), sql, [entry]).unwrap());
    }

    pub(super) fn post(
        &mut self,
        conversation: ConversationId,
        author: &Account,
        text: &str,
    ) -> Seq {
        self.add(conversation, author, posted(text))
    }
}

pub(super) const fn at(seconds: i64) -> Timestamp {
    Timestamp::from_millis(seconds * 1000)
}

pub(super) fn account(id: u64, name: &str) -> Account {
    Account {
        id: AccountId::new(id),
        name: UserName::parse(name).unwrap(),
    }
}

pub(super) fn entry(
    conversation: ConversationId,
    seq: Seq,
    author: &Account,
    event: Event,
) -> Entry {
    Entry {
        conversation,
        seq,
        at: at(i64::try_from(seq.get()).unwrap()),
        author: author.clone(),
        message: None,
        event,
    }
}

pub(super) fn named(entry: Entry, message: &str) -> Entry {
    Entry {
        message: Some(MessageId::parse(message).unwrap()),
        ..entry
    }
}

pub(super) fn posted(text: &str) -> Event {
    Event::Posted {
        text: Text::parse(text).unwrap(),
        style: Style::Plain,
        reply_to: None,
        mentions: Vec::new(),
        here: false,
    }
}

pub(super) const fn print(mark: u8) -> Fingerprint {
    Fingerprint::new([mark; 16])
}
