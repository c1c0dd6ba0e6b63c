//! A hot stream: everybody wants the same SKU.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context;
use app::actor::Actor;
use app::bus::{Bus, Cause, Request};
use app::clock::{Clock, SystemClock};
use app::ids::{Ids, SystemIds};
use domain::stock::{Stock, StockCommand};
use domain::values::{OrderId, Quantity};
use event_store::EventStore;
use tokio::task::JoinSet;

/// How many reservations there are, and how many clients make them, each its share.
pub(super) const RESERVATIONS: usize = 1_000;
pub(super) const CLIENTS: usize = 64;
/// How long a reservation holds, seconds.
const RESERVATION_SECONDS: i64 = 900;

/// What clients achieved together, and how long each took for its share.
pub(super) struct Hot {
    pub(super) per_second: f64,
    pub(super) median: Duration,
    pub(super) slowest: Duration,
}

/// Lets clients reserve one unit after the other of one SKU, through the command bus.
pub(super) async fn measure(store: &Arc<dyn EventStore>) -> anyhow::Result<Hot> {
    let bus = Arc::new(Bus::new(store.clone(), Arc::new(SystemClock), Arc::new(SystemIds)));
    let shelf: Arc<str> = format!("{}@bench", SystemIds.uuid().simple()).into();
    let units = i64::try_from(RESERVATIONS)?;
    let received = StockCommand::Receive { quantity: Quantity::new(units)?, reference: "bench".parse()? };
    bus.execute::<Stock>(&shelf, &request("received"), received).await?;
    let (begun, mut clients) = (Instant::now(), JoinSet::new());
    for client in 0..CLIENTS {
        let (bus, shelf) = (bus.clone(), shelf.clone());
        let share = RESERVATIONS / CLIENTS + usize::from(client < RESERVATIONS % CLIENTS);
        clients.spawn(async move {
            for _ in 0..share {
                reserve(&bus, &shelf).await?;
            }
            Ok::<_, anyhow::Error>(begun.elapsed() / u32::try_from(share)?)
        });
    }
    let mut each = Vec::with_capacity(CLIENTS);
    while let Some(done) = clients.join_next().await {
        each.push(done.context("a client broke")??);
    }
    let took = begun.elapsed();
    each.sort_unstable();
    let slowest = each.last().copied().unwrap_or_default();
    Ok(Hot { per_second: RESERVATIONS as f64 / took.as_secs_f64(), median: each[each.len() / 2], slowest })
}

async fn reserve(bus: &Bus, shelf: &str) -> anyhow::Result<()> {
    let order = OrderId::from_uuid(SystemIds.uuid());
    let expires_at = SystemClock.now().plus_seconds(RESERVATION_SECONDS);
    let command = StockCommand::Reserve { order: order.clone(), quantity: Quantity::new(1)?, expires_at };
    bus.execute::<Stock>(shelf, &request(order.as_str()), command).await?;
    Ok(())
}

fn request(command: &str) -> Request {
    Request::new(Actor::system("bench"), Cause::of(command, "bench"))
}
