//! The tests of the whole: one binary, so that there is one link step.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod example_client;
mod tidy;
mod torture;
