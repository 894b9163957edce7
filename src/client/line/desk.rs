//! Where a person sits.

use std::io;

use tokio::{
    select,
    signal::unix::{Signal, SignalKind, signal},
};

use super::{Console, Output, View};

/// Ctrl-C and the signals that end a process.
pub(in crate::client) struct Signals {
    interrupt: Signal,
    terminate: Signal,
    hang_up: Signal,
}

impl Signals {
    pub(in crate::client) fn new() -> io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hang_up: signal(SignalKind::hangup())?,
        })
    }

    /// Waits for one. Cancel safe: signals are remembered.
    pub(in crate::client) async fn next(&mut self) {
        select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
            _ = self.hang_up.recv() => {}
        }
    }
}

/// Where a person sits: keyboard, output, and what was shown.
pub(in crate::client) struct Desk {
    pub(in crate::client) console: Console,
    pub(in crate::client) output: Output,
    pub(in crate::client) signals: Signals,
    pub(in crate::client) view: View,
}
