//! The `netcomm` binary: parses, dispatches, exits.

use std::process::ExitCode;

fn main() -> ExitCode {
    netcomm::cli::main()
}
