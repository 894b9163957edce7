//! The native protocol: one connection from handshake to goodbye.
//!
//! `serve` is the whole life of a connection, and all its ends meet there. Permission is not decided
//! here: `chat` and `auth` say no, [`refusal`] puts it into the words of the wire.

mod asking;
mod end;
mod event;
mod inquire;
mod login;
mod own;
mod refusal;
mod requests;
mod saying;
mod search;
mod session;
mod socket;
mod wire;

use std::{net::SocketAddr, sync::Arc};

use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    select,
    time::{Instant, timeout_at},
};
use tokio_rustls::server::TlsStream;
use tracing::{Instrument, Span};

use super::{Context, admission::Admission};

use self::{end::End, login::Newcomer, session::Session, socket::Socket, wire::Wire};

pub use saying::write_entry;
pub(super) use wire::Buffers;

/// A connection from accept to goodbye.
pub(super) async fn serve(
    socket: TcpStream,
    peer: SocketAddr,
    context: Arc<Context>,
    admission: Admission,
) {
    let accepted = Accepted::now(peer);
    let shutdown = context.shutdown.clone();
    let handshake = handshake(socket, &context, accepted.at).instrument(accepted.span.clone());
    let stream = select! {
        // The states of the handshake are large and short-lived: boxed, they are gone with it.
        stream = Box::pin(handshake) => stream,
        () = shutdown.cancelled() => None,
    };
    if let Some(stream) = stream {
        // What every session holds, and touches with each delivery: in one piece with its task.
        converse(stream, accepted, context, admission).await;
    }
}

/// A connection, before anything is said.
#[derive(Debug)]
pub(super) struct Accepted {
    peer: SocketAddr,
    at: Instant,
    /// For what the log says of the connection. Entered where something may be said, and not with
    /// every wake-up, which each message would cost for each of its readers.
    span: Span,
}

impl Accepted {
    /// From there, just now.
    pub(super) fn now(peer: SocketAddr) -> Self {
        Self {
            peer,
            at: Instant::now(),
            span: tracing::info_span!("connection", %peer, user = tracing::field::Empty),
        }
    }
}

async fn handshake(
    socket: TcpStream,
    context: &Context,
    accepted: Instant,
) -> Option<Box<TlsStream<Socket>>> {
    // Frames are gathered before they are written; waiting for more would only add delay.
    if let Err(error) = socket.set_nodelay(true) {
        tracing::debug!(%error, "the peer was gone at once");
        return None;
    }
    let deadline = accepted + context.config().limits.handshake_timeout;
    let acceptor = context.tls.acceptor();
    match timeout_at(deadline, acceptor.accept(Socket(socket))).await {
        // Boxed: by value, every future it is handed to would have room for it twice.
        Ok(Ok(stream)) => Some(Box::new(stream)),
        Ok(Err(error)) => {
            tracing::info!(%error, "TLS handshake failed");
            None
        }
        Err(_) => {
            tracing::info!("TLS handshake took too long");
            None
        }
    }
}

/// Speaks the protocol over a stream that is encrypted already, until one side has enough.
pub(super) async fn converse<S: AsyncRead + AsyncWrite + Unpin>(
    stream: S,
    accepted: Accepted,
    context: Arc<Context>,
    mut admission: Admission,
) {
    let (login_timeout, write_timeout) = {
        let limits = &context.config().limits;
        (limits.login_timeout, limits.write_timeout)
    };
    let (peer, span) = (accepted.peer.ip(), accepted.span);
    let mut wire = Wire::new(stream, context.buffers.clone(), write_timeout);
    let newcomer = Newcomer {
        wire: &mut wire,
        context: &context,
        peer,
    };
    let login = Box::pin(newcomer.log_in().instrument(span.clone()));
    let end = match timeout_at(accepted.at + login_timeout, login).await {
        Err(_) => End::Late,
        Ok(Err(end)) => end,
        Ok(Ok((identity, feed))) => {
            admission.logged_in();
            let user = identity.account().name.clone();
            span.record("user", tracing::field::display(&user));
            span.in_scope(|| tracing::info!("session started"));
            let (peer, who) = ((peer, span.clone()), (identity, feed));
            Session::new(&mut wire, context, peer, who).run().await
        }
    };
    // Boxed, as all that a session does seldom: every session that waits would have room for it.
    Box::pin(hang_up(wire, end).instrument(span)).await;
}

/// Says the last words, and why it was.
async fn hang_up<S: AsyncRead + AsyncWrite + Unpin>(mut wire: Wire<S>, end: End) {
    tracing::info!(reason = end.reason(), "connection ended");
    if let End::Broken(error) = &end {
        tracing::debug!(%error, "connection broke");
    }
    let (broken, rest) = (matches!(end, End::Broken(_)), end.rest());
    if let Some(frame) = end.last_words() {
        wire.push(&frame);
    }
    if !broken {
        wire.close(rest).await;
    }
}

#[cfg(test)]
mod tests;
