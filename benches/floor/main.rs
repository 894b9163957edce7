//! NetComm beside the floor: what each delivered message costs, and what it would cost at least.
//!
//! The floor is a server that does nothing but TLS: it copies lines to all members of a group, and
//! each connection writes all that is pending in one go. Both are measured in the same run, one
//! after the other and several times, by the same clients, on a core of their own; the figures are
//! medians with their extremes, and the ratio. `cargo bench --bench floor -- --help` says the rest.

mod bench;
mod client;
mod floor;
mod member;
mod options;
mod plot;
mod process;
mod report;
mod workloads;
mod world;

use std::process::ExitCode;

use clap::Parser;
use tokio::{runtime, task::LocalSet};

use crate::{
    bench::Bench,
    options::{Options, Role},
};

fn main() -> ExitCode {
    match run(Options::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            report::say(&format!("error: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn run(options: Options) -> anyhow::Result<()> {
    process::raise_descriptor_limit();
    if let Some(Role::Floor { certificate, key }) = options.role {
        // As many workers as cores it may run on, as NetComm itself.
        let runtime = runtime::Builder::new_multi_thread().enable_all().build()?;
        return runtime.block_on(floor::serve(certificate, key));
    }
    let runtime = runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    LocalSet::new().block_on(&runtime, async { Bench::new(options)?.run().await })
}
