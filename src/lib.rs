//! NetComm: a private chat service in one binary. TLS always, accounts always, history always.
//!
//! **A conversation is a log; a session is a set of cursors.** Broadcast, room and direct
//! conversation differ only in who is a member and who may do what. Live delivery reads the tail
//! of the log after one's cursor; history reads the same log further back. Users who are away,
//! second devices, slow readers and reconnects take no path of their own.
//!
//! # Layers
//!
//! An arrow only points down: a module uses what stands in a row below its own, nothing in its own
//! row, nothing above. In the last row each may use what stands to its left. A value that seems to
//! be needed further down is in the wrong layer. `tests/it/tidy.rs` reads this table and holds
//! the code to it.
//!
//! | layer | what it is |
//! | --- | --- |
//! | `main` | parses, dispatches, exits |
//! | `cli` | one file per subcommand |
//! | `server` `client` | sessions on one side, links on the other; they never know each other |
//! | `hub` | the one owner of the chat state: decides, commits, applies, wakes |
//! | `auth` | the only source of an identity: passwords, tokens, invites, throttle |
//! | `store` | what was committed, in SQLite |
//! | `chat` `protocol` `tls` | the pure rules; the words on the wire; the certificates |
//! | `model` `config` `logging` | ids, names and time; the settings; the log |
//!
//! # How a message travels
//!
//! ```text
//! client ── frames ──> session ── command ──> hub ── batch ──> store (one transaction, fsync)
//!                         ^                    │ applies, marks readers, answers
//!                         └── reads after its cursor: tail in memory, or store ──┘
//! ```
//!
//! 1. The session parses a frame into a command; what cannot be legal ends here.
//! 2. The hub drains all commands that wait and decides them one after the other, by pure rules
//!    that see only the state, the actor, the command and the time.
//! 3. All entries of the batch are committed as one transaction. A commit that fails refuses the
//!    whole batch; the state is as before.
//! 4. Only then the hub applies them, marks the conversation for every session that reads it, and
//!    answers the sender. Nobody sees what a crash could take back, and whoever has seen an
//!    answer sees everything before it.
//! 5. Each session that was woken reads after its cursors and writes all that is pending as one
//!    TLS write. A slow reader costs a cursor, not a queue.
//!
//! # Words
//!
//! One word per thing, in code, on the wire, in help texts and in the README.
//!
//! | word | meaning |
//! | --- | --- |
//! | account, user name | who somebody is, and what they are called |
//! | session | a connection that has logged in |
//! | conversation | broadcast (`*`), room (`#name`) or direct (`@user`) |
//! | entry, sequence number | one thing that happened in a conversation; its place, from 1, without holes |
//! | head, tail | a conversation's last sequence number; its last entries, kept in memory |
//! | cursor | how far a session has read a conversation |
//! | gap | entries that were left out, named so that they can be asked for |
//! | feed | what a session reads: its cursors and what is new behind them |
//! | member, role | who belongs to a conversation or server, and what they may do |
//! | link | a client's connection, which reconnects |
//! | outbox | what was typed and is not answered yet, on disk |
//! | invite, pin | a link that lets somebody make an account; the hash in it that verifies the server |

pub mod auth;
pub mod chat;
pub mod cli;
pub mod client;
pub mod config;
pub mod hub;
pub mod logging;
pub mod model;
pub mod protocol;
pub mod server;
pub mod store;
pub mod tls;
