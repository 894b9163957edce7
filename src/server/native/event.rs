//! What a session waits for.

use std::{future::poll_fn, io, mem, pin::Pin, task::Poll};

use tokio::{
    io::{AsyncRead, AsyncWrite},
    time::Sleep,
};

use crate::hub::Feed;

use super::wire::Wire;

/// What has happened to a session.
#[derive(Debug)]
pub(super) enum Event {
    /// The server is to stop.
    Shutdown,
    /// The timer has gone off.
    Time,
    /// So many bytes have come; none at the end.
    Read(io::Result<usize>),
    /// The hub has left something.
    News,
}

/// Waits for what comes next: of the server's shutdown and the peer's bytes only where there is
/// something to wait for it with.
///
/// What wakes a session is nearly always news, so that is looked for first then, and the rest once
/// and not twice for it. Nobody is kept waiting by this order: everything was looked at before the
/// wait began, and is again before the next. Without chance a run can be repeated.
pub(super) async fn next<S: AsyncRead + AsyncWrite + Unpin>(
    feed: &Feed,
    mut shutdown: Option<Pin<&mut impl Future<Output = ()>>>,
    mut timer: Pin<&mut Sleep>,
    mut wire: Option<&mut Wire<S>>,
) -> Event {
    let mut was_woken = false;
    poll_fn(|cx| {
        if mem::replace(&mut was_woken, true) && feed.poll_changed(cx).is_ready() {
            return Poll::Ready(Event::News);
        }
        if let Some(shutdown) = &mut shutdown
            && shutdown.as_mut().poll(cx).is_ready()
        {
            return Poll::Ready(Event::Shutdown);
        }
        if timer.as_mut().poll(cx).is_ready() {
            return Poll::Ready(Event::Time);
        }
        if let Some(wire) = &mut wire
            && let Poll::Ready(read) = wire.poll_fill(cx)
        {
            return Poll::Ready(Event::Read(read));
        }
        feed.poll_changed(cx).map(|()| Event::News)
    })
    .await
}
