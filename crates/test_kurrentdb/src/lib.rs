//! A fake of KurrentDB for tests: the streams protocol over gRPC, in the process of the test, keeping nothing.
//!
//! No server can be had where these tests run, so this stands in for one. Its messages are generated from the protocol
//! files that the official client ships (see `build.rs`), so what it says is well formed by construction. What it means by
//! them follows the server's documentation, what the client's published tests expect of a server, and how the server's
//! public source decides about expected revisions, repeated appends and positions:
//!
//! * append at any, no, an existing or an exact revision, with repeats recognised by event id, up to a size limit;
//! * read a stream or `$all`, forwards and backwards, from any place, filtered by prefixes, limited;
//! * subscribe to `$all` with confirmation, checkpoints and the notice of having caught up;
//! * positions are byte offsets: they only rise, and only where a record begins can one read;
//! * the server's own events are in `$all` too;
//! * faults on demand: connections cut, appends refused or in doubt, a node that does not lead.
//!
//! What it does not do (batch append, delete, tombstone, subscriptions to a stream, links, regular expressions, access
//! control) it answers with `UNIMPLEMENTED`. It proves the wire format and the mapping of errors, and no behaviour of a real
//! server.

mod append;
mod log;
mod protocol {
    include!(concat!(env!("OUT_DIR"), "/protocol.rs"));
}
mod proxy;
mod read;
mod services;
mod subscribe;

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::{Stream, stream};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tonic::transport::Server;
use tonic::{Request, Response, Status, Streaming};

use crate::log::Log;
use crate::protocol::event_store::client::gossip::gossip_server::GossipServer;
use crate::protocol::event_store::client::server_features::server_features_server::ServerFeaturesServer;
use crate::protocol::event_store::client::streams as wire;
use crate::protocol::event_store::client::streams::streams_server::{Streams, StreamsServer};
use crate::services::{Features, OneMember};

/// The most bytes of one append, unless told otherwise: the server's default.
pub const APPEND_BYTES_MAX: usize = 1 << 20;
/// The most bytes of one message, as the server has it.
const MESSAGE_BYTES_MAX: usize = 17 << 20;

/// What goes wrong with the next append.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Nothing does: what is to go wrong comes later.
    None,
    /// The server is unavailable before it has stored anything.
    BeforeStored,
    /// All connections are cut when the append is stored and not yet answered.
    AfterStored,
    /// The node does not lead; it names itself as the one who does, as after an election.
    NotLeader,
}

/// What all services share.
#[derive(Debug)]
struct Node {
    log: Mutex<Log>,
    /// How many records there are; wakes subscriptions.
    grown: watch::Sender<usize>,
    faults: Mutex<VecDeque<Fault>>,
    cuts: proxy::Cuts,
    address: SocketAddr,
    append_bytes_max: usize,
    subscriptions: AtomicUsize,
    door: proxy::Door,
}

impl Node {
    fn log(&self) -> MutexGuard<'_, Log> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A server of one test. Everything in it is gone when it is dropped.
#[derive(Debug)]
pub struct TestKurrentDb {
    node: Arc<Node>,
    tasks: [JoinHandle<()>; 2],
}

impl TestKurrentDb {
    /// Starts a server with the limits of a real one, in the runtime of the caller.
    ///
    /// # Panics
    /// When no port is free.
    pub async fn start() -> Self {
        Self::start_with(APPEND_BYTES_MAX).await
    }

    /// Starts a server that takes appends of so many bytes at most.
    ///
    /// # Panics
    /// When no port is free.
    pub async fn start_with(append_bytes_max: usize) -> Self {
        let outside = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let inside = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let address = outside.local_addr().expect("a bound listener has an address");
        let server = inside.local_addr().expect("a bound listener has an address");
        let cuts = proxy::Cuts::default();
        let log = Log::new();
        let node = Arc::new(Node {
            grown: watch::Sender::new(log.records().len()),
            log: Mutex::new(log),
            faults: Mutex::default(),
            cuts: Arc::clone(&cuts),
            address,
            append_bytes_max,
            subscriptions: AtomicUsize::new(0),
            door: proxy::Door::default(),
        });
        let streams = StreamsServer::new(Service(Arc::clone(&node))).max_decoding_message_size(MESSAGE_BYTES_MAX);
        let services = Server::builder()
            .add_service(streams)
            .add_service(ServerFeaturesServer::new(Features))
            .add_service(GossipServer::new(OneMember(address)));
        let incoming = stream::unfold(inside, async |listener| {
            let connection = listener.accept().await.and_then(|(connection, _)| {
                connection.set_nodelay(true)?;
                Ok(connection)
            });
            Some((connection, listener))
        });
        let serving = tokio::spawn(async move {
            services.serve_with_incoming(incoming).await.expect("the fake of KurrentDB serves");
        });
        let passing = tokio::spawn(proxy::run(outside, server, cuts, node.door.clone()));
        Self { node, tasks: [serving, passing] }
    }

    /// Returns the connection string. It makes clients connect at once rather than after half a second.
    pub fn url(&self) -> String {
        format!("kurrentdb://{}?tls=false&discoveryInterval=1", self.node.address)
    }

    /// Cuts all connections. Clients may connect again.
    pub fn cut(&self) {
        self.node.cuts.send_modify(|cuts| *cuts += 1);
    }

    /// Closes new connections at once, or lets them in again, as a server that is not there and comes back.
    pub fn refuse_connections(&self, refuse: bool) {
        self.node.door.refuse(refuse);
    }

    /// Returns how many connections were refused.
    pub fn refused(&self) -> usize {
        self.node.door.refused()
    }

    /// Lets the next appends go wrong, one after the other.
    pub fn fail_next_appends(&self, faults: impl IntoIterator<Item = Fault>) {
        self.node.faults.lock().unwrap_or_else(PoisonError::into_inner).extend(faults);
    }

    /// Returns how many subscriptions were ever confirmed.
    pub fn subscriptions(&self) -> usize {
        self.node.subscriptions.load(Ordering::Relaxed)
    }

    /// Returns how many events a stream holds.
    pub fn stream_length(&self, stream: &str) -> usize {
        self.node.log().stream(stream.as_bytes()).map_or(0, |records| records.len())
    }
}

impl Drop for TestKurrentDb {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

/// The streams service.
#[derive(Debug)]
struct Service(Arc<Node>);

/// What a read answers, message by message.
type Answers<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

#[tonic::async_trait]
impl Streams for Service {
    type ReadStream = Answers<wire::ReadResp>;
    type BatchAppendStream = Answers<wire::BatchAppendResp>;

    async fn read(&self, request: Request<wire::ReadReq>) -> Result<Response<Self::ReadStream>, Status> {
        let options = request.into_inner().options.ok_or_else(|| Status::invalid_argument("options are missing"))?;
        read::read(&self.0, options).map(Response::new).map_err(|refused| *refused)
    }

    async fn append(&self, request: Request<Streaming<wire::AppendReq>>) -> Result<Response<wire::AppendResp>, Status> {
        append::append(&self.0, request.into_inner()).await.map(Response::new).map_err(|refused| *refused)
    }

    async fn delete(&self, _: Request<wire::DeleteReq>) -> Result<Response<wire::DeleteResp>, Status> {
        Err(Status::unimplemented("the fake deletes nothing"))
    }

    async fn tombstone(&self, _: Request<wire::TombstoneReq>) -> Result<Response<wire::TombstoneResp>, Status> {
        Err(Status::unimplemented("the fake deletes nothing"))
    }

    async fn batch_append(
        &self,
        _: Request<Streaming<wire::BatchAppendReq>>,
    ) -> Result<Response<Self::BatchAppendStream>, Status> {
        Err(Status::unimplemented("the fake takes no batches"))
    }
}
