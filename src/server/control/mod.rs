//! The control socket: how the operator's commands reach a server that runs.
//!
//! A Unix socket in the data folder, for the server's own user and root alone. It is there exactly
//! while the server runs: whoever holds the folder's lock replaces what a crashed server left. One
//! JSON object a line, answered in order; nothing that crosses it is a password or an invite, only
//! their hashes.

mod message;
mod peer;

use std::{
    fs::{self, Permissions},
    io,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    sync::Arc,
};

use tokio::{
    net::{UnixListener, UnixStream},
    select,
    task::JoinSet,
    time::sleep,
};

use super::Context;

pub use message::{
    ANSWER_MAX, ControlAnswer, ControlRequest, InviteLine, LINES_MAX, Online, REQUEST_TIMEOUT,
    UserLine,
};

/// What the socket is called in the data folder.
pub const CONTROL_SOCKET: &str = "control.sock";

/// The most commands at work at once; more wait to be accepted.
const PEERS_MAX: usize = 16;
/// How long to leave the socket alone when it cannot be accepted from.
const EXHAUSTED_DELAY: std::time::Duration = std::time::Duration::from_millis(200);

/// The socket, there until this is dropped.
#[derive(Debug)]
pub(super) struct Control {
    listener: UnixListener,
    path: PathBuf,
}

impl Control {
    /// Makes the socket in a data folder that the caller holds.
    ///
    /// It is made under another name and renamed, which gives it its mode before anybody can find
    /// it, and takes the place of one that a crash left behind.
    pub(super) fn open(folder: &Path) -> io::Result<Self> {
        let path = folder.join(CONTROL_SOCKET);
        let unfinished = folder.join(format!("{CONTROL_SOCKET}.new"));
        match fs::remove_file(&unfinished) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            Ok(()) | Err(_) => {}
        }
        let listener = UnixListener::bind(&unfinished)?;
        fs::set_permissions(&unfinished, Permissions::from_mode(0o600))?;
        fs::rename(&unfinished, &path)?;
        Ok(Self { listener, path })
    }

    /// Answers until the server stops.
    pub(super) async fn serve(self, context: Arc<Context>) {
        let mut peers = JoinSet::new();
        loop {
            let accepted = select! {
                accepted = self.listener.accept(), if peers.len() < PEERS_MAX => accepted,
                Some(_) = peers.join_next() => continue,
                () = context.shutdown.cancelled() => break,
            };
            match accepted {
                Ok((stream, _)) if is_operator(&stream) => {
                    peers.spawn(peer::answer(stream, Arc::clone(&context)));
                }
                Ok(_) => {
                    tracing::warn!(target: crate::auth::AUDIT, event = "control_refused");
                }
                Err(error) => {
                    tracing::error!(%error, "cannot accept the operator's commands");
                    sleep(EXHAUSTED_DELAY).await;
                }
            }
        }
        while peers.join_next().await.is_some() {}
    }
}

impl Drop for Control {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_file(&self.path) {
            tracing::warn!(%error, path = %self.path.display(), "cannot remove the control socket");
        }
    }
}

/// The mode says the same; this also holds where somebody has changed it.
fn is_operator(stream: &UnixStream) -> bool {
    let us = rustix::process::geteuid().as_raw();
    stream
        .peer_cred()
        .is_ok_and(|peer| peer.uid() == us || peer.uid() == 0)
}
