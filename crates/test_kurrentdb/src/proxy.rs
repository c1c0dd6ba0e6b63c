//! Stands between the client and the server and can cut the connections, as a network does.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// How much of a connection is passed on at once.
const BUFFER_BYTES: usize = 64 << 10;

/// Cuts all connections when its number changes.
pub(crate) type Cuts = Arc<watch::Sender<u64>>;

/// Whether connections are let in, and how many were not.
#[derive(Clone, Debug, Default)]
pub(crate) struct Door(Arc<(AtomicBool, AtomicUsize)>);

impl Door {
    pub(crate) fn refuse(&self, refuse: bool) {
        self.0.0.store(refuse, Ordering::Relaxed);
    }

    pub(crate) fn refused(&self) -> usize {
        self.0.1.load(Ordering::Relaxed)
    }
}

/// Passes connections on until its task is aborted.
pub(crate) async fn run(listener: TcpListener, server: SocketAddr, cuts: Cuts, door: Door) {
    let mut connections = JoinSet::new();
    while let Ok((client, _)) = listener.accept().await {
        while connections.try_join_next().is_some() {}
        if door.0.0.load(Ordering::Relaxed) {
            door.0.1.fetch_add(1, Ordering::Relaxed);
            continue;
        }
        connections.spawn(pass(client, server, cuts.subscribe()));
    }
}

async fn pass(mut client: TcpStream, server: SocketAddr, mut cut: watch::Receiver<u64>) {
    let Ok(mut upstream) = TcpStream::connect(server).await else { return };
    // Small messages must not wait for one another.
    if client.set_nodelay(true).is_err() || upstream.set_nodelay(true).is_err() {
        return;
    }
    let (from_client, mut to_client) = client.split();
    let (mut from_server, to_server) = upstream.split();
    tokio::select! {
        // Whoever closes first ends it; there is nothing to tell.
        _ = pass_requests(from_client, to_server) => {}
        _ = tokio::io::copy(&mut from_server, &mut to_client) => {}
        _ = cut.changed() => {}
    }
}

/// The client leaves Nagle's algorithm on: what it sends second waits until what it sent first is acknowledged, which
/// Linux does 40 ms later when nothing is to be answered. So every read is acknowledged at once.
async fn pass_requests(mut client: ReadHalf<'_>, mut server: WriteHalf<'_>) -> std::io::Result<()> {
    let mut bytes = vec![0; BUFFER_BYTES];
    loop {
        acknowledge_at_once(client.as_ref())?;
        let count = client.read(&mut bytes).await?;
        if count == 0 {
            return Ok(());
        }
        server.write_all(&bytes[..count]).await?;
    }
}

#[cfg(target_os = "linux")]
fn acknowledge_at_once(connection: &TcpStream) -> std::io::Result<()> {
    socket2::SockRef::from(connection).set_tcp_quickack(true)
}

#[cfg(not(target_os = "linux"))]
fn acknowledge_at_once(_: &TcpStream) -> std::io::Result<()> {
    Ok(())
}
