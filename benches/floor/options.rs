//! What to measure, and how often.

use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum, builder::RangedU64ValueParser};

/// Measures NetComm beside a server that does nothing but TLS
#[derive(Debug, Parser)]
#[command(name = "floor")]
pub(crate) struct Options {
    /// Which workloads to run; all of them when none is named
    #[arg(value_enum)]
    pub(crate) workloads: Vec<Workload>,

    /// How often each side is measured, in turns
    #[arg(long, default_value_t = 3)]
    pub(crate) runs: usize,

    /// How long each saturated or paced workload sends, in seconds
    #[arg(long, default_value_t = 5.0)]
    pub(crate) seconds: f64,

    /// Small sizes, one short run: to see that everything works
    #[arg(long)]
    pub(crate) quick: bool,

    /// Sizes for those workloads that have one: members, pairs, sessions or arrivals
    #[arg(long, value_delimiter = ',', value_parser = RangedU64ValueParser::<usize>::new().range(1..))]
    pub(crate) sizes: Vec<usize>,

    /// How many of the members of one room send
    #[arg(long, default_value_t = 4)]
    pub(crate) senders: usize,

    /// How many messages of each of these senders are on their way at once; a session of NetComm takes
    /// 64 before it waits for an answer
    #[arg(long, default_value_t = 64)]
    pub(crate) window: u64,

    /// Messages that stand in the large store
    #[arg(long, default_value_t = 1_000_000)]
    pub(crate) stored: u64,

    /// Another server program than the one just built, to compare two of them
    #[arg(long, value_name = "FILE", default_value = env!("CARGO_BIN_EXE_netcomm"))]
    pub(crate) netcomm: PathBuf,

    /// Leave the floor out
    #[arg(long)]
    pub(crate) alone: bool,

    /// Where the plots and the table go
    #[arg(long, value_name = "FOLDER", default_value = "target/floor")]
    pub(crate) out: PathBuf,

    /// Given by `cargo bench`, and of no use here
    #[arg(long, hide = true)]
    pub(crate) bench: bool,

    #[command(subcommand)]
    pub(crate) role: Option<Role>,
}

/// What this program is when it has started itself.
#[derive(Debug, Subcommand)]
pub(crate) enum Role {
    /// Be the floor
    #[command(hide = true)]
    Floor { certificate: PathBuf, key: PathBuf },
}

/// What can be measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Workload {
    /// One room, four senders that never wait: what a delivery costs
    Fanout,
    /// One room at a modest rate: how long a message takes to everybody
    Latency,
    /// A hundred rooms of ten in which everybody talks
    Rooms,
    /// Pairs that answer each other: durable messages a second
    Private,
    /// Sessions that do nothing: memory
    Idle,
    /// Handshakes and logins, and all clients coming back after a restart
    Arriving,
    /// The store itself, and a server with a long history
    Store,
    /// Whether much that is stored makes messages and arrivals dearer
    Stored,
}
