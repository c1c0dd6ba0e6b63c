//! A process of the shop: the API and everything behind it, over the shared log. It is started again after it has died.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use api::graphql::ApiState;
use api::http::metrics::Metrics;
use api::http::server::ServerParts;
use api::http::shutdown::Shutdown;
use api::http::webhook::NoWebhooks;
use app::Shop;
use app::clock::Clock;
use app::ids::Ids;
use app::token::Tokens;
use event_store::EventStore;
use gateways::stripe::{StripeGateway, StripeSettings};
use projections::Runner;
use sagas::Processes;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::carrier::ProcessCarrier;
use crate::clock::ProcessClock;
use crate::doors::Door;
use crate::fate::Fate;
use crate::ids::SeededIds;
use crate::log::{ProcessLog, Reader};
use crate::port::Port;
use crate::provider::ProcessTransport;
use crate::sabotage;
use crate::seals;
use crate::world::World;

/// How many processes a shop has.
pub(crate) const PROCESSES: u64 = 2;

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// What a process is while it lives.
struct Running {
    door: Door,
    fate: Arc<Fate>,
    /// Ends the process when it is dropped.
    tasks: JoinSet<()>,
    /// Never says stop: processes here are killed.
    _shutdown: watch::Sender<bool>,
}

/// Keeps one of the shop's processes going: starts it, thaws it, starts it again when it has died. Never ends.
pub(crate) async fn keep(world: Arc<World>) {
    loop {
        let number = world.starts.fetch_add(1, Ordering::Relaxed) + 1;
        let mut starting = Some(world.busy());
        let running = match start(&world, number).await {
            Ok(running) => running,
            Err(error) => {
                world.note(|| format!("process {number} could not start: {error}"));
                tokio::time::sleep(Duration::from_millis(500)).await;
                continue;
            }
        };
        world.note(|| format!("process {number} is open"));
        world.doors.open(running.door);
        starting.take();
        live(&world, &running.fate).await;
        world.doors.close(number);
        world.note(|| format!("process {number} is dead"));
        let _again = world.busy();
        drop(running.tasks);
        tokio::time::sleep(Duration::from_millis(200 + world.faults.chance() % 6_000)).await;
    }
}

/// Returns once the process is dead; wakes it whenever it stands still.
async fn live(world: &World, fate: &Fate) {
    while !fate.is_dead() {
        fate.stopped().await;
        if !fate.is_dead() {
            world.pause(Duration::from_millis(500 + world.faults.chance() % 9_000)).await;
            fate.thaw();
        }
    }
}

async fn start(world: &Arc<World>, number: u64) -> Result<Running, Failure> {
    let fate = Arc::new(Fate::new());
    let own_clock = Arc::new(ProcessClock::new(world.clock.clone()));
    let port = Port { world: world.clone(), fate: fate.clone(), clock: own_clock.clone(), process: number };
    let log_of = |reader| -> Arc<dyn EventStore> { Arc::new(ProcessLog { port: port.clone(), reader }) };
    let (log, feed, clock) = (log_of(Reader::Shop), log_of(Reader::ReadModels), sabotage::clock(world, own_clock));
    let ids: Arc<dyn Ids> = Arc::new(SeededIds::new(world.seed, number));
    let sealing = seals::keep(world.clone(), log_of(Reader::Sealer), clock.clone());
    let opened = tokio::select! {
        biased;
        () = fate.died() => return Err("it died while it was started".into()),
        opened = open(world, (&port, &log), &feed, (clock.clone(), ids.clone())) => opened?,
    };
    let (shop, processes, runner, tokens) = opened;
    let models = runner.models();
    let state = ApiState::new(shop, processes.clone(), tokens.clone(), models, world.search.clone());
    let parts = ServerParts {
        tokens,
        clock,
        readiness: Arc::new(|| Ok(())),
        webhooks: Arc::new(NoWebhooks),
        metrics: Arc::new(Metrics::new()),
        shutdown: Shutdown::new(),
    };
    let door = Door { process: number, fate: fate.clone(), router: api::routes(state, parts), processes };
    let (shutdown, mut tasks) = work(&door, runner, ids.uuid());
    tasks.spawn(sealing);
    Ok(Running { door, fate, tasks, _shutdown: shutdown })
}

type Opened = (Shop, Arc<Processes>, Runner, Arc<Tokens>);

async fn open(
    world: &Arc<World>,
    (port, log): (&Port, &Arc<dyn EventStore>),
    feed: &Arc<dyn EventStore>,
    (clock, ids): (Arc<dyn Clock>, Arc<dyn Ids>),
) -> Result<Opened, Failure> {
    let shop = Shop::new(log.clone(), clock, ids.clone(), world.settings.clone());
    let tokens = Arc::new(Tokens::open(&**log, &*ids).await?);
    let settings = StripeSettings { webhook_secret: world.provider.secret.clone(), return_url: None };
    let gateway = StripeGateway::new(Arc::new(ProcessTransport(port.clone())), settings);
    let carrier = ProcessCarrier(port.clone());
    let processes = Processes::new(shop.clone(), Arc::new(gateway), Arc::new(carrier));
    let runner = Runner::open(world.reads.clone(), feed.clone(), projections::all()).await?;
    processes.survey().await?;
    Ok((shop, processes, runner, tokens))
}

/// Sets everything behind the API going, as several processes over one log do.
fn work(door: &Door, mut runner: Runner, owner: uuid::Uuid) -> (watch::Sender<bool>, JoinSet<()>) {
    let (shutdown, stop) = watch::channel(false);
    let mut tasks = JoinSet::new();
    let (processes, stopped) = (door.processes.clone(), stop.clone());
    tasks.spawn(async move { Box::pin(processes.run_in_turns(owner, stopped)).await });
    tasks.spawn(async move {
        if let Err(error) = runner.run_in_turns(owner, stop).await {
            tracing::error!(?error, "the read models stand still");
        }
    });
    (shutdown, tasks)
}
