//! The sections of the file, key by key, each with its default and its range.
//!
//! `config/server.toml` says the same to the operator; a test holds the two together.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use humantime_serde::serialize as write_duration;
use serde::{Deserialize, Serialize};

use super::value::{self, Concurrency};

/// Who it is, where it listens, where it keeps its data, who may register.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Server {
    /// What users see it called.
    #[serde(deserialize_with = "value::title")]
    pub name: String,
    /// Where it listens; never empty.
    #[serde(deserialize_with = "value::addresses")]
    pub listen: Vec<SocketAddr>,
    /// The folder that holds all it keeps.
    #[serde(deserialize_with = "value::path")]
    pub data: PathBuf,
    /// Who may make an account.
    pub registration: Registration,
    /// `host:port` for invite links, where that is not the address it listens on.
    #[serde(
        serialize_with = "value::or_empty",
        deserialize_with = "value::endpoint"
    )]
    pub public_address: Option<String>,
}

impl Default for Server {
    fn default() -> Self {
        Self {
            name: "NetComm".to_owned(),
            listen: vec![SocketAddr::from(([127, 0, 0, 1], 44444))],
            data: "data".into(),
            registration: Registration::Open,
            public_address: None,
        }
    }
}

/// Who may make an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Registration {
    /// Everybody who can reach the server.
    Open,
    /// Holders of an invite.
    Invite,
    /// Nobody but the operator.
    Closed,
}

/// Certificate files and protocol versions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Tls {
    /// The authority's certificate, from which pins are made.
    #[serde(deserialize_with = "value::path")]
    pub ca: PathBuf,
    /// The server's certificate.
    #[serde(deserialize_with = "value::path")]
    pub certificate: PathBuf,
    /// The server's private key.
    #[serde(deserialize_with = "value::path")]
    pub key: PathBuf,
    /// Whether a first start makes these files, when not one of them is there.
    pub generate: bool,
    /// Whether TLS 1.2 is spoken beside 1.3.
    pub allow_tls12: bool,
}

impl Default for Tls {
    fn default() -> Self {
        Self {
            ca: "certs/ca.pem".into(),
            certificate: "certs/server.pem".into(),
            key: "certs/server.key".into(),
            generate: true,
            allow_tls12: false,
        }
    }
}

/// What one peer, one account or all of them together may use.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Connections in all.
    #[serde(deserialize_with = "value::number::<1, 1_000_000, _, _>")]
    pub max_connections: usize,
    /// Connections from one address (IPv6: from one /64).
    #[serde(deserialize_with = "value::number::<1, 1_000_000, _, _>")]
    pub connections_per_address: usize,
    /// Connections in all that have not logged in yet.
    #[serde(deserialize_with = "value::number::<1, 1_000_000, _, _>")]
    pub pre_login_connections: usize,
    /// Registrations from one address at once, and in each hour after that.
    #[serde(deserialize_with = "value::number::<1, 1_000_000, _, _>")]
    pub registrations_per_hour: u32,
    /// From accept to the end of the TLS handshake.
    #[serde(
        serialize_with = "write_duration",
        deserialize_with = "value::duration::<1, 60, _>"
    )]
    pub handshake_timeout: Duration,
    /// From accept to logged in.
    #[serde(
        serialize_with = "write_duration",
        deserialize_with = "value::duration::<1, 600, _>"
    )]
    pub login_timeout: Duration,
    /// Silence after which the server pings.
    #[serde(
        serialize_with = "write_duration",
        deserialize_with = "value::duration::<1, 600, _>"
    )]
    pub ping_interval: Duration,
    /// Silence after which a peer counts as gone.
    #[serde(
        serialize_with = "write_duration",
        deserialize_with = "value::duration::<2, 3600, _>"
    )]
    pub dead_after: Duration,
    /// How long a write may make no progress at all.
    #[serde(
        serialize_with = "write_duration",
        deserialize_with = "value::duration::<1, 600, _>"
    )]
    pub write_timeout: Duration,
    /// Longest frame in bytes; never less than the longest text needs when fully escaped.
    #[serde(deserialize_with = "value::number::<65_536, 1_048_576, _, _>")]
    pub frame_max: usize,
    /// Messages a connection sends at full speed.
    #[serde(deserialize_with = "value::number::<1, 100_000, _, _>")]
    pub messages_burst: u32,
    /// Messages a second after that.
    #[serde(deserialize_with = "value::number::<1, 100_000, _, _>")]
    pub messages_per_second: u32,
    /// Rooms an account is in at once.
    #[serde(deserialize_with = "value::number::<1, 10_000, _, _>")]
    pub rooms_joined: usize,
    /// Rooms an account has created.
    #[serde(deserialize_with = "value::number::<1, 10_000, _, _>")]
    pub rooms_created: usize,
    /// Entries of one conversation sent on resume; what is older is a gap the client pages in.
    #[serde(deserialize_with = "value::number::<1, 10_000, _, _>")]
    pub backlog_max: usize,
    /// Entries in one page of history.
    #[serde(deserialize_with = "value::number::<1, 1_000, _, _>")]
    pub history_page_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_connections: 20_000,
            connections_per_address: 16,
            pre_login_connections: 1_000,
            registrations_per_hour: 30,
            handshake_timeout: Duration::from_secs(10),
            login_timeout: Duration::from_secs(30),
            ping_interval: Duration::from_secs(20),
            dead_after: Duration::from_secs(40),
            write_timeout: Duration::from_secs(30),
            frame_max: 65_536,
            messages_burst: 50,
            messages_per_second: 10,
            rooms_joined: 100,
            rooms_created: 15,
            backlog_max: 500,
            history_page_max: 200,
        }
    }
}

/// What a password must be, and what hashing one costs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Passwords {
    /// Memory of one argon2id run.
    #[serde(deserialize_with = "value::number::<1_024, 4_194_304, _, _>")]
    pub memory_kib: u32,
    /// Passes over that memory.
    #[serde(deserialize_with = "value::number::<1, 100, _, _>")]
    pub passes: u32,
    /// Lanes of argon2id.
    #[serde(deserialize_with = "value::number::<1, 16, _, _>")]
    pub lanes: u32,
    /// Fewest characters a new password has.
    #[serde(deserialize_with = "value::number::<8, 64, _, _>")]
    pub min_length: usize,
    /// Passwords hashed at once.
    pub concurrent: Concurrency,
    /// Logins that wait for a hash; further ones are told to try again.
    #[serde(deserialize_with = "value::number::<1, 10_000, _, _>")]
    pub waiting: usize,
}

impl Default for Passwords {
    fn default() -> Self {
        Self {
            memory_kib: 19_456,
            passes: 2,
            lanes: 1,
            min_length: 8,
            concurrent: Concurrency::Cores,
            waiting: 64,
        }
    }
}

/// One day, in the seconds that ranges are written in.
const DAY: u64 = 24 * 60 * 60;

/// How long a login lasts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Sessions {
    /// A token that was not used for so long is void.
    #[serde(
        serialize_with = "write_duration",
        deserialize_with = "value::duration::<60, { 3650 * DAY }, _>"
    )]
    pub idle: Duration,
    /// A token is void so long after its login, used or not.
    #[serde(
        serialize_with = "write_duration",
        deserialize_with = "value::duration::<60, { 3650 * DAY }, _>"
    )]
    pub absolute: Duration,
    /// Tokens of one account; a further login voids the one unused longest.
    #[serde(deserialize_with = "value::number::<1, 1_000, _, _>")]
    pub per_account: usize,
}

impl Default for Sessions {
    fn default() -> Self {
        Self {
            idle: Duration::from_secs(30 * DAY),
            absolute: Duration::from_secs(90 * DAY),
            per_account: 32,
        }
    }
}

/// How long an invite lasts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Invites {
    /// An invite that was not used for so long is void.
    #[serde(
        serialize_with = "write_duration",
        deserialize_with = "value::duration::<60, { 365 * DAY }, _>"
    )]
    pub lifetime: Duration,
}

impl Default for Invites {
    fn default() -> Self {
        Self {
            lifetime: Duration::from_secs(7 * DAY),
        }
    }
}

/// How long what is said is kept, where a room has no rule of its own.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Retention {
    /// Older entries go; absent: none does for its age.
    #[serde(
        serialize_with = "value::or_forever",
        deserialize_with = "value::duration_or_forever::<{ 60 * 60 }, { 36_500 * DAY }, _>"
    )]
    pub keep_for: Option<Duration>,
    /// Only so many of the newest entries of a conversation stay; absent: all do.
    #[serde(
        serialize_with = "value::or_all",
        deserialize_with = "value::number_or_all::<10, 1_000_000_000, _>"
    )]
    pub keep_last: Option<u64>,
}

/// What is logged, how, and where to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Log {
    /// How a line looks.
    pub format: LogFormat,
    /// Which events are logged, as `level` or `module=level,…`.
    #[serde(deserialize_with = "value::filter")]
    pub filter: String,
    /// The file, one a day; stderr when there is none.
    #[serde(
        serialize_with = "value::or_empty",
        deserialize_with = "value::optional_path"
    )]
    pub file: Option<PathBuf>,
    /// Days of files that are kept.
    #[serde(deserialize_with = "value::number::<1, 3_650, _, _>")]
    pub keep: usize,
    /// Whether the texts of messages are logged too.
    pub texts: bool,
}

impl Default for Log {
    fn default() -> Self {
        Self {
            format: LogFormat::Text,
            filter: "info".to_owned(),
            file: None,
            keep: 14,
            texts: false,
        }
    }
}

/// How a line of the log looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line, for machines.
    Json,
}
