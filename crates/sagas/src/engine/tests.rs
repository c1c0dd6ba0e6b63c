//! What the engine keeps to, shown on a toy process that makes tea.

mod crashes;
mod early;
mod feed;
mod model;
mod retries;
mod rewound;
mod store;
mod tea;
mod timers;
mod turns;
mod two_workers;
mod withdrawals;

use std::sync::Arc;
use std::time::Duration;

use app::bus::Cause;
use app::clock::{Clock, ManualClock};
use app::ids::CountingIds;
use app::invoicing::InvoicingSettings;
use app::stock::ShortfallSettings;
use app::{Shop, ShopSettings};
use domain::stock::{Stock, StockCommand};
use domain::values::{Quantity, ShortText};
use event_store::memory::MemoryStore;
use event_store::{EventStore, Filter, PAGE_EVENTS_MAX, Position};
use tokio::sync::watch;

use super::record::Folded;
use super::*;
use store::Faulty;
use tea::{Hands, Tea, TeaInput, TeaStep, effects};

type TeaRecord = Record<TeaInput, TeaStep>;

/// No test waits longer than this. Time is paused, so it passes at once when nothing moves any more.
const PATIENCE: Duration = Duration::from_secs(3_600);

fn start() -> Timestamp {
    Timestamp::from_micros(1_700_000_000_000_000)
}

fn text(text: &str) -> ShortText {
    text.parse().expect("a short text")
}

fn units(count: i64) -> Quantity {
    Quantity::new(count).expect("a count of units")
}

/// One process of the shop: it can be given up and another be made over the same log.
struct Kitchen {
    shop: Shop,
    clock: Arc<ManualClock>,
    hands: Arc<Hands>,
    runner: Arc<Runner<Tea>>,
}

impl Kitchen {
    fn over(store: Arc<dyn EventStore>, clock: Arc<ManualClock>) -> Self {
        Self::showing(store, clock.clone(), clock)
    }

    /// Makes one that is shown another clock than the one that is turned.
    fn showing(store: Arc<dyn EventStore>, clock: Arc<ManualClock>, shown: Arc<dyn Clock>) -> Self {
        let settings = ShopSettings {
            locations: Vec::new(),
            shipping: Vec::new(),
            reservation_seconds: 900,
            payment_seconds: 1_800,
            shortfall: ShortfallSettings::default(),
            invoicing: InvoicingSettings::of_demo(),
        };
        let shop = Shop::new(store, shown, Arc::new(CountingIds::default()), settings);
        let hands = Arc::new(Hands::new(shop.clone()));
        let runner = Runner::new(shop.clone(), hands.clone());
        Self { shop, clock, hands, runner }
    }

    fn new() -> Self {
        Self::over(Arc::new(MemoryStore::new()), Arc::new(ManualClock::starting_at(start())))
    }

    /// Stops without a word and starts again over the same log.
    async fn restarted(self) -> Self {
        let next = Self::over(self.shop.bus.store().clone(), self.clock);
        next.runner.recover().await.expect("the log is there");
        next
    }

    /// Orders tea: a cup, or with `units` 2 a cup that is only waited for.
    async fn order(&self, tea: &str, count: i64) {
        self.tell(StockCommand::Receive { quantity: units(count), reference: text(tea) }).await;
    }

    async fn nudge(&self, tea: &str, count: i64) {
        self.tell(StockCommand::WriteOff { quantity: units(count), reason: text(tea) }).await;
    }

    async fn tell(&self, command: StockCommand) {
        let request = Request::new(app::actor::Actor::system("test"), Cause::of("told", "conversation"));
        self.shop.bus.execute::<Stock>("orders@bar", &request, command).await.expect("it is told");
    }

    async fn catch_up(&self) {
        tokio::time::timeout(PATIENCE, self.runner.catch_up())
            .await
            .expect("it comes to rest")
            .expect("the log is there");
    }

    async fn folded(&self, tea: &str) -> Folded<Tea> {
        self.runner.load(tea).await.expect("the log is there")
    }

    async fn records(&self, tea: &str) -> Vec<TeaRecord> {
        let stream = StreamId::new(Tea::KIND, tea);
        let events = self.shop.bus.store().read_stream(&stream, 0, PAGE_EVENTS_MAX).await.expect("the log is there");
        events.iter().map(|event| serde_json::from_str(event.payload.get()).expect("a record")).collect()
    }

    /// Follows the feed and the clock until it is stopped.
    fn follow(&self) -> Following {
        let (stop, shutdown) = watch::channel(false);
        Following { stop, task: tokio::spawn(self.runner.clone().follow(shutdown)) }
    }

    /// Waits until the records of a process are as wanted.
    async fn until(&self, tea: &str, wanted: impl Fn(&[TeaRecord]) -> bool) -> Vec<TeaRecord> {
        let mut head = self.shop.bus.store().head();
        let waiting = async {
            loop {
                let records = self.records(tea).await;
                if wanted(&records) {
                    return records;
                }
                head.changed().await.expect("the log is open");
            }
        };
        tokio::time::timeout(PATIENCE, waiting).await.expect("it happens at last")
    }

    fn watches(&self, tea: &str) -> impl Future<Output = watch::Receiver<tea::TeaStatus>> {
        let (runner, tea) = (self.runner.clone(), tea.to_owned());
        async move { runner.watch(&tea).await }
    }
}

struct Following {
    stop: watch::Sender<bool>,
    task: tokio::task::JoinHandle<()>,
}

impl Following {
    async fn stop(self) {
        self.stop.send_replace(true);
        tokio::time::timeout(PATIENCE, self.task).await.expect("it stops").expect("it did not panic");
    }
}

fn count(records: &[TeaRecord], event_type: &str) -> usize {
    records.iter().filter(|record| record.event_type() == event_type).count()
}

fn has_ended(records: &[TeaRecord]) -> bool {
    count(records, "process.ended") > 0
}

async fn all_effects(store: &Arc<dyn EventStore>) -> Vec<String> {
    let filter = Filter { kinds: vec!["stock".to_owned()] };
    let page = store.read_all(Position(0), PAGE_EVENTS_MAX, &filter).await.expect("the log is there");
    effects(&page.events)
}
