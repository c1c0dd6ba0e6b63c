//! The end of the server: said once, heard by every connection, waited for by whoever said it.

use tokio::sync::watch;

/// Tells connections to end, and knows when the last one has.
#[derive(Clone, Debug)]
pub struct Shutdown {
    begun: watch::Sender<bool>,
    /// Its receivers are the sockets still open.
    sockets: watch::Sender<()>,
}

impl Default for Shutdown {
    fn default() -> Self {
        Self::new()
    }
}

impl Shutdown {
    /// Makes a server's end that has not begun.
    pub fn new() -> Self {
        Self { begun: watch::Sender::new(false), sockets: watch::Sender::new(()) }
    }

    /// Begins the end.
    pub fn begin(&self) {
        self.begun.send_replace(true);
    }

    /// Returns once the end has begun.
    pub async fn begun(&self) {
        // The sender lives as long as `self`, so the wait cannot fail.
        let _ = self.begun.subscribe().wait_for(|begun| *begun).await;
    }

    /// Holds the end up until the guard is dropped.
    pub(crate) fn hold(&self) -> SocketGuard {
        SocketGuard { _open: self.sockets.subscribe() }
    }

    /// Returns once no guard is left.
    pub(crate) async fn all_closed(&self) {
        self.sockets.closed().await;
    }
}

/// One open socket.
#[derive(Debug)]
pub(crate) struct SocketGuard {
    _open: watch::Receiver<()>,
}
