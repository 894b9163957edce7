//! The accept loop: takes connections and hands them on, whatever becomes of them.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use tokio::{
    net::{TcpListener, TcpStream},
    select,
    time::{Instant, sleep},
};
use tokio_util::task::TaskTracker;

use super::{Context, admission::Admissions, native};

/// How long to leave the listener alone when the system has nothing left to accept with. Closing
/// connections make room in the meantime.
const EXHAUSTED_DELAY: Duration = Duration::from_millis(200);
/// How often, at most, the log says that connections are turned away or cannot be accepted.
const COMPLAINT_INTERVAL: Duration = Duration::from_secs(1);

/// Accepts until the server stops. Never waits for a handshake.
pub(super) async fn accept(
    listener: TcpListener,
    context: Arc<Context>,
    admissions: Admissions,
    connections: TaskTracker,
) {
    let mut complaints = Complaints::default();
    loop {
        let accepted = select! {
            accepted = listener.accept() => accepted,
            () = context.shutdown.cancelled() => return,
        };
        match accepted {
            Ok((socket, peer)) => {
                admit(
                    socket,
                    peer,
                    &context,
                    &admissions,
                    &connections,
                    &mut complaints,
                );
            }
            Err(error) if is_the_peers(&error) => {}
            Err(error) => {
                if complaints.due() {
                    tracing::error!(%error, "cannot accept connections; trying again");
                }
                sleep(EXHAUSTED_DELAY).await;
            }
        }
    }
}

fn admit(
    socket: TcpStream,
    peer: SocketAddr,
    context: &Arc<Context>,
    admissions: &Admissions,
    connections: &TaskTracker,
    complaints: &mut Complaints,
) {
    let lot = getrandom::u32().unwrap_or_default();
    match admissions.admit(peer.ip(), &context.config().limits, lot) {
        Ok(admission) => {
            connections.spawn(native::serve(socket, peer, Arc::clone(context), admission));
        }
        Err(reason) => {
            if complaints.due() {
                tracing::warn!(%peer, %reason, "connection turned away");
            }
        }
    }
}

/// Errors of one connection that was gone before it was accepted (accept(2)).
fn is_the_peers(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::Interrupted
    )
}

/// Keeps a flood of connections from becoming a flood of log lines.
#[derive(Debug, Default)]
struct Complaints {
    last: Option<Instant>,
}

impl Complaints {
    fn due(&mut self) -> bool {
        let now = Instant::now();
        let due = self
            .last
            .is_none_or(|last| now - last >= COMPLAINT_INTERVAL);
        if due {
            self.last = Some(now);
        }
        due
    }
}
