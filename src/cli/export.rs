//! `netcomm export`: what was said, and what is known of accounts, as JSON Lines.

use std::{
    fs::OpenOptions,
    io::{self, BufWriter, Write},
    os::unix::fs::OpenOptionsExt,
    path::PathBuf,
};

use anyhow::{Context, bail};
use serde::Serialize;

use crate::{
    model::{Account, AccountId, Address, RoomName, Seq, UserName},
    server::{Online, UserLine, write_entry},
    store::{AccountListing, Log, LogName, PageLimits, Place, Snapshot, Store},
};

use super::{operator::Settings, user::known_name};

/// Entries or accounts read together.
const PAGE: PageLimits = PageLimits {
    rows: 500,
    bytes: 1024 * 1024,
};

/// Write out what is kept as JSON Lines, while the server runs or when it does not
///
/// A line is an object with a 'type'. 'account' is what is kept of an account beside its messages;
/// 'log' says what conversation the 'entry' lines after it belong to. An entry looks as it does on
/// the wire (docs/protocol.md): a message reads as it was last edited, with its reactions. Without
/// options everything is written. All of it is from one moment.
#[derive(Clone, Debug, clap::Args)]
#[command(group = clap::ArgGroup::new("what"))]
pub struct Args {
    #[command(flatten)]
    settings: Settings,
    /// Only what is kept of this account: itself, and all it has said and done
    #[arg(long, value_name = "NAME", group = "what", value_parser = known_name)]
    user: Option<UserName>,
    /// Only the log of this room
    #[arg(long, value_name = "NAME", group = "what", value_parser = room_name)]
    room: Option<RoomName>,
    /// Only what these two have said to each other
    #[arg(long, value_names = ["NAME", "NAME"], num_args = 2, group = "what", value_parser = known_name)]
    direct: Option<Vec<UserName>>,
    /// Only the log of the broadcast
    #[arg(long, group = "what")]
    broadcast: bool,
    /// File to make, for you alone, instead of writing to standard output
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
}

fn room_name(text: &str) -> Result<RoomName, crate::model::NameError> {
    RoomName::parse(text.strip_prefix('#').unwrap_or(text))
}

/// Writes it out.
///
/// # Errors
///
/// When there is no such user, room or conversation, or something cannot be read or written.
pub fn run(args: &Args) -> anyhow::Result<()> {
    let data = args.settings.load()?.server.data;
    if !Store::is_in(&data) {
        bail!("there is no server's data in {}", data.display());
    }
    let look = Snapshot::open(&data)?;
    let Some(file) = &args.output else {
        let mut out = BufWriter::new(io::stdout().lock());
        return args.write(&look, &mut out);
    };
    let made = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(file)
        .with_context(|| format!("cannot make {}", file.display()))?;
    let mut out = BufWriter::new(made);
    args.write(&look, &mut out)?;
    out.into_inner()
        .map_err(io::IntoInnerError::into_error)
        .and_then(|made| made.sync_all())
        .with_context(|| format!("cannot write {}", file.display()))
}

impl Args {
    fn write(&self, look: &Snapshot, out: &mut impl Write) -> anyhow::Result<()> {
        if let Some(user) = &self.user {
            let listing = find(look, user)?;
            let account = listing.record.account.clone();
            write_account(look, &listing, out)?;
            let logs = look.logs_with(account.id)?;
            logs.iter()
                .try_for_each(|log| write_log(look, log, Whose::Of(&account), out))?;
        } else {
            if !self.is_one_log() {
                write_accounts(look, out)?;
            }
            for log in self.logs(look)? {
                write_log(look, &log, Whose::Everybodys, out)?;
            }
        }
        Ok(out.flush()?)
    }

    const fn is_one_log(&self) -> bool {
        self.room.is_some() || self.direct.is_some() || self.broadcast
    }

    fn logs(&self, look: &Snapshot) -> anyhow::Result<Vec<Log>> {
        let (logs, what) = match (&self.room, self.direct.as_deref()) {
            (Some(room), _) => (look.room(room)?, format!("room #{room}")),
            (None, Some([one, other])) => {
                let (low, high) = (find(look, one)?, find(look, other)?);
                let pair = (low.record.account.id, high.record.account.id);
                let what = format!("conversation of {one} and {other}");
                (look.direct(pair.0, pair.1)?, what)
            }
            (None, _) if self.broadcast => (look.broadcast()?, "broadcast".to_owned()),
            (None, _) => return Ok(look.logs()?),
        };
        if logs.is_empty() {
            bail!("there is no {what}");
        }
        Ok(logs)
    }
}

fn find(look: &Snapshot, user: &UserName) -> anyhow::Result<AccountListing> {
    look.account(user)?
        .with_context(|| format!("there is no user {user}"))
}

/// Whose entries of a log are written.
#[derive(Clone, Copy)]
enum Whose<'a> {
    Everybodys,
    Of(&'a Account),
}

impl Whose<'_> {
    fn includes(self, author: AccountId) -> bool {
        match self {
            Self::Everybodys => true,
            Self::Of(account) => account.id == author,
        }
    }
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Line {
    Log {
        #[serde(rename = "in")]
        conversation: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        between: Option<[String; 2]>,
        start: u64,
        head: u64,
    },
    Account {
        #[serde(flatten)]
        user: UserLine,
        sessions: Vec<SessionLine>,
        conversations: Vec<ConversationLine>,
        blocks: Vec<String>,
    },
}

#[derive(Serialize)]
struct SessionLine {
    device: String,
    network: String,
    created: i64,
    last_used: i64,
}

#[derive(Serialize)]
struct ConversationLine {
    #[serde(rename = "in")]
    conversation: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<&'static str>,
    read: u64,
    silent: bool,
}

fn write_line(out: &mut impl Write, line: &Line) -> anyhow::Result<()> {
    serde_json::to_writer(&mut *out, line)?;
    Ok(out.write_all(b"\n")?)
}

fn write_accounts(look: &Snapshot, out: &mut impl Write) -> anyhow::Result<()> {
    let mut after: Option<UserName> = None;
    loop {
        let page = look.accounts(after.as_ref(), PAGE.rows)?;
        for listing in &page {
            write_account(look, listing, out)?;
        }
        after = match page.last() {
            Some(last) => Some(last.record.account.name.clone()),
            None => return Ok(()),
        };
    }
}

fn write_account(
    look: &Snapshot,
    listing: &AccountListing,
    out: &mut impl Write,
) -> anyhow::Result<()> {
    let id = listing.record.account.id;
    let sessions = look.tokens(id)?.into_iter().map(|token| SessionLine {
        device: token.device,
        network: token.prefix,
        created: token.created.as_millis(),
        last_used: token.last_used.as_millis(),
    });
    let conversations = look.memberships(id)?.into_iter().map(|membership| {
        let (address, role) = match membership.place {
            Place::Everyone => (Address::Everyone, None),
            Place::Direct(peer) => (Address::Direct(peer.name), None),
            Place::Room(seat) => (Address::Room(seat.name), Some(seat.role.as_str())),
        };
        ConversationLine {
            conversation: address.to_string(),
            role,
            read: membership.read.get(),
            silent: membership.muted,
        }
    });
    let blocks = look.blocks(id)?;
    let line = Line::Account {
        user: UserLine::new(listing, Online::No),
        sessions: sessions.collect(),
        conversations: conversations.collect(),
        blocks: blocks
            .iter()
            .map(|blocked| blocked.name.to_string())
            .collect(),
    };
    write_line(out, &line)
}

fn write_log(
    look: &Snapshot,
    log: &Log,
    whose: Whose<'_>,
    out: &mut impl Write,
) -> anyhow::Result<()> {
    let (address, between) = match (&log.name, whose) {
        (LogName::Everyone, _) => (Address::Everyone, None),
        (LogName::Room(room), _) => (Address::Room(room.clone()), None),
        (LogName::Direct(low, high), whose) => {
            let peer = match whose {
                Whose::Of(account) if account.id == high.id => low,
                Whose::Of(_) | Whose::Everybodys => high,
            };
            let pair = [low.name.to_string(), high.name.to_string()];
            (Address::Direct(peer.name.clone()), Some(pair))
        }
    };
    let header = Line::Log {
        conversation: address.to_string(),
        between,
        start: log.start.get(),
        head: log.head.get(),
    };
    write_line(out, &header)?;
    let mut read = Seq::ZERO;
    let mut line = Vec::new();
    loop {
        let page = look.entries(log, read, PAGE)?;
        let Some(last) = page.entries.last() else {
            return Ok(());
        };
        read = last.seq;
        let wanted = page.entries.iter();
        for kept in wanted.filter(|kept| whose.includes(kept.author.id)) {
            line.clear();
            write_entry(kept, &address, &mut line);
            out.write_all(&line)?;
        }
    }
}
