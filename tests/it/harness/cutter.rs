//! A wire that breaks where the test wants it to.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinSet,
};

/// Stands between a client and a server, and cuts the connection after so many bytes.
pub(crate) struct Cutter {
    address: SocketAddr,
    left: Arc<AtomicI64>,
    _forwarding: JoinSet<()>,
}

impl Cutter {
    /// Forwards whatever comes, until it is told to cut.
    pub(crate) async fn before(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let left = Arc::new(AtomicI64::new(i64::MAX));
        let mut forwarding = JoinSet::new();
        let shared = Arc::clone(&left);
        forwarding.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((near, _)) = listener.accept().await {
                // A server that is gone refuses, and so does what stands before it.
                if let Ok(far) = TcpStream::connect(server).await {
                    connections.spawn(forward(near, far, Arc::clone(&shared)));
                }
            }
        });
        Self {
            address,
            left,
            _forwarding: forwarding,
        }
    }

    pub(crate) const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Cuts once this many more bytes have gone through, both ways counted.
    pub(crate) fn cut_after(&self, bytes: i64) {
        self.left.store(bytes, Ordering::SeqCst);
    }

    /// Lets everything through again.
    pub(crate) fn mend(&self) {
        self.cut_after(i64::MAX);
    }
}

async fn forward(mut near: TcpStream, mut far: TcpStream, left: Arc<AtomicI64>) {
    let (mut near_in, mut near_out) = near.split();
    let (mut far_in, mut far_out) = far.split();
    // Whichever way ends first ends both: the sockets are dropped with what was on its way.
    tokio::select! {
        () = copy(&mut near_in, &mut far_out, &left) => {}
        () = copy(&mut far_in, &mut near_out, &left) => {}
    }
}

async fn copy(
    from: &mut (impl AsyncReadExt + Unpin),
    to: &mut (impl AsyncWriteExt + Unpin),
    left: &AtomicI64,
) {
    let mut bytes = vec![0; 16 * 1024];
    while let Ok(count) = from.read(&mut bytes).await {
        let wanted = i64::try_from(count).unwrap();
        let allowed = left.fetch_sub(wanted, Ordering::SeqCst).clamp(0, wanted);
        let whole = allowed == wanted && count > 0;
        let part = &bytes[..usize::try_from(allowed).unwrap()];
        if to.write_all(part).await.is_err() || !whole {
            return;
        }
    }
}
