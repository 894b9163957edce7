//! What a NetComm server finds when it starts: accounts that can log in by token, rooms, history.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};
use netcomm::{
    auth::SecretToken,
    chat::{self, Entry, Event, Style},
    model::{
        Account, ConversationId, MessageId, RoomName, Seq, ServerRole, Text, Timestamp, UserName,
        Visibility,
    },
    store::{Durability, Fingerprint, NewAccount, NewToken, PasswordHash, Registration, Store, Tx},
    tls::{CertificateFiles, GenerateOptions, generate},
};
use tempfile::TempDir;

/// How many entries of a prepared history are written at once.
const BATCH: u64 = 10_000;

/// Certificates that both servers use.
pub(crate) fn certificates(folder: &Path) -> anyhow::Result<CertificateFiles> {
    let files = CertificateFiles {
        ca: folder.join("ca.pem"),
        ca_key: folder.join("ca.key"),
        certificate: folder.join("server.pem"),
        key: folder.join("server.key"),
    };
    generate(&GenerateOptions::new(files.clone()))?;
    Ok(files)
}

/// A data folder on the disk, and what is needed to log in. Gone when dropped.
pub(crate) struct World {
    folder: TempDir,
    /// The name and the token of each account.
    pub(crate) accounts: Vec<(Account, String)>,
}

impl World {
    /// So many accounts, in as many groups of equal size; each group is a room when it has one name.
    pub(crate) fn new(accounts: usize) -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new()
            .permissions(fs::Permissions::from_mode(0o700))
            .tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
        let mut world = Self {
            folder,
            accounts: Vec::with_capacity(accounts),
        };
        let mut store = world.open(Durability::None)?;
        let tx = store.begin()?;
        for number in 0..accounts {
            world.accounts.push(account(&tx, number)?);
        }
        tx.commit()?;
        Ok(world)
    }

    /// Opens the store for oneself, while no server has it.
    pub(crate) fn open(&self, durability: Durability) -> anyhow::Result<Store> {
        Ok(Store::open(&self.data(), durability)?)
    }

    /// Puts the accounts into rooms of so many, one after the other: `#r0`, `#r1` and so on.
    pub(crate) fn rooms_of(&self, members: usize) -> anyhow::Result<()> {
        let mut store = self.open(Durability::None)?;
        let tx = store.begin()?;
        for (number, members) in self.accounts.chunks(members).enumerate() {
            let name = RoomName::parse(&format!("r{number}"))?;
            let id = tx.create_room(&name, Visibility::Public)?;
            for (nth, (member, _)) in members.iter().enumerate() {
                let event = match nth {
                    0 => chat::create(name.clone(), Visibility::Public),
                    _ => Event::Joined,
                };
                tx.append(&entry(id, nth, member, event)?, None, &[])?;
            }
        }
        tx.commit()?;
        Ok(())
    }

    /// Lets the first account have said so much in the first room.
    pub(crate) fn history(&self, messages: u64) -> anyhow::Result<()> {
        let (author, _) = self.accounts.first().context("nobody to speak")?;
        let mut store = self.open(Durability::None)?;
        let mut said = 0;
        while said < messages {
            let tx = store.begin()?;
            let id = tx.room_id(&RoomName::parse("r0")?)?.context("no room")?;
            let head = tx.conversation(id)?.context("no room")?.head.get();
            for nth in 0..BATCH.min(messages - said) {
                let number = said + nth;
                let entry = post(id, Seq::new(head + nth + 1), author, number)?;
                tx.append(&entry, Some(Fingerprint::new([0; 16])), &[])?;
            }
            tx.commit()?;
            said += BATCH;
        }
        // What the server would do for a minute after its start, beside what is measured.
        let mut index = store.search_index()?;
        while index.catch_up(usize::try_from(BATCH)?)? {}
        Ok(())
    }

    /// Adds what nobody will ask for, straight into the tables: rooms of one member each, and
    /// accounts that never come.
    pub(crate) fn stock(&self, stock: Stock) -> anyhow::Result<()> {
        let sql = match stock {
            Stock::Nothing => return Ok(()),
            Stock::Rooms(_) => STOCK_ROOMS,
            Stock::Accounts(_) => STOCK_ACCOUNTS,
        };
        let store = self.open(Durability::None)?;
        let database = rusqlite::Connection::open(self.data().join("netcomm.db"))?;
        let count = match stock {
            Stock::Nothing => 0,
            Stock::Rooms(count) | Stock::Accounts(count) => count,
        };
        let numbers = format!(
            "CREATE TEMP TABLE numbers AS WITH RECURSIVE n (n) AS
             (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < {count}) SELECT n FROM n;"
        );
        database.execute_batch(&format!("BEGIN; {numbers} {sql} COMMIT;"))?;
        drop(database);
        drop(store);
        Ok(())
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// What the server says of itself goes here.
    pub(crate) fn log(&self) -> PathBuf {
        self.folder.path().join("log")
    }

    /// Settings as they come, but for limits that would hold one address or account back.
    pub(crate) fn configuration(&self, files: &CertificateFiles) -> anyhow::Result<PathBuf> {
        let path = self.folder.path().join("server.toml");
        let text = format!(
            "[server]\nlisten = \"127.0.0.1:0\"\ndata = {:?}\n\
             [tls]\nca = {:?}\ncertificate = {:?}\nkey = {:?}\ngenerate = false\n\
             [limits]\nmax_connections = 100000\nconnections_per_address = 100000\n\
             pre_login_connections = 100000\nmessages_burst = 100000\n\
             messages_per_second = 100000\n",
            self.data(),
            files.ca,
            files.certificate,
            files.key,
        );
        fs::write(&path, text)?;
        Ok(path)
    }
}

fn account(tx: &Tx<'_>, number: usize) -> anyhow::Result<(Account, String)> {
    let at = Timestamp::now();
    let new = NewAccount {
        name: UserName::parse(&format!("u{number:06}"))?,
        password: PasswordHash::new("nobody logs in with a password here"),
        role: ServerRole::Member,
    };
    let Registration::Registered(record) = tx.register(&new, at)? else {
        bail!("{} is there already", new.name);
    };
    let token = SecretToken::generate()?;
    let new = NewToken {
        account: record.account.id,
        hash: token.hash(),
        device: "benchmark".to_owned(),
        prefix: "127.0.0.1".to_owned(),
    };
    tx.insert_token(&new, at, 1)?;
    Ok((record.account, token.reveal().to_string()))
}

fn entry(id: ConversationId, nth: usize, by: &Account, event: Event) -> anyhow::Result<Entry> {
    Ok(Entry {
        conversation: id,
        seq: Seq::new(u64::try_from(nth)? + 1),
        at: Timestamp::now(),
        author: by.clone(),
        message: None,
        event,
    })
}

/// What a store has in it that nobody asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stock {
    Nothing,
    Rooms(u64),
    Accounts(u64),
}

const STOCK_ACCOUNTS: &str = "
    INSERT INTO accounts (name, key, password, role, created)
    SELECT printf('s%07d', n), printf('s%07d', n), 'none', 'member', 1 FROM numbers;";

/// The first account has made them all; it is far above what one account may, and logs in nowhere.
const STOCK_ROOMS: &str = "
    INSERT INTO accounts (name, key, password, role, created)
    VALUES ('stockist', 'stockist', 'none', 'member', 1);
    CREATE TEMP TABLE stock AS SELECT last_insert_rowid() AS owner,
        (SELECT max(id) FROM conversations) AS conversations;
    INSERT INTO conversations (id, kind, head)
    SELECT stock.conversations + n, 'room', 1 FROM numbers, stock;
    INSERT INTO rooms (conversation, name, key, visibility)
    SELECT stock.conversations + n, printf('s%07d', n), printf('s%07d', n), 'public'
    FROM numbers, stock;
    INSERT INTO room_names (key, conversation)
    SELECT printf('s%07d', n), stock.conversations + n FROM numbers, stock;
    INSERT INTO members (conversation, account, role, reads_from, posted_at)
    SELECT stock.conversations + n, stock.owner, 'owner', 1, 1 FROM numbers, stock;
    INSERT INTO positions (account, conversation, read)
    SELECT stock.owner, stock.conversations + n, 1 FROM numbers, stock;
    INSERT INTO entries (conversation, seq, at, author, kind, detail, ordinal)
    SELECT stock.conversations + n, 1, 1, stock.owner, 'created',
           printf('{\"word\":\"public\",\"name\":\"s%07d\"}', n), 0 FROM numbers, stock;
    UPDATE last_entry SET id = (SELECT max(id) FROM entries);";

/// A message of a hundred bytes with words that can be searched for.
pub(crate) fn post(
    id: ConversationId,
    seq: Seq,
    by: &Account,
    number: u64,
) -> anyhow::Result<Entry> {
    let text = format!(
        "{:x<100}",
        format!("word{number} of topic{} ", number % 1000)
    );
    Ok(Entry {
        conversation: id,
        seq,
        at: Timestamp::now(),
        author: by.clone(),
        message: Some(MessageId::parse(&format!("h{number:012}"))?),
        event: Event::Posted {
            text: Text::parse(&text)?,
            style: Style::Plain,
            reply_to: None,
            mentions: Vec::new(),
            here: false,
        },
    })
}
