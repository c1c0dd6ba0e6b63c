//! Stock comes in as the baskets will need it, and none of it gets lost: what came in is what is there and what left.

use std::collections::{BTreeMap, HashMap, HashSet};

use anyhow::Context;
use app::Shop;
use app::bus::decode;
use domain::decider::Decider;
use domain::stock::{Stock, StockCommand, StockEvent, parse_stream_id, stream_id};
use domain::values::{OrderId, Quantity};
use event_store::{Filter, PAGE_EVENTS_MAX, Position, StreamId};
use futures_util::{StreamExt, TryStreamExt, stream};
use projections::{ReadModels, Slice};
use serde::Serialize;

use super::catalog::staff;
use super::names;
use crate::progress::Console;

/// Deliveries under way at once.
const DELIVERIES_AT_ONCE: usize = 64;
/// Rows of the read model read at once.
const PAGE_ROWS: u64 = 5_000;
/// The delivery note on what the import takes in: how a later import finds what came in before.
const REFERENCE: &str = "complete-journey";

/// Takes in what is needed of each product and did not come in before. Returns the units taken in now.
///
/// # Errors
/// The first delivery that the shop refuses.
pub(super) async fn receive(shop: &Shop, needs: &BTreeMap<u64, i64>, console: &Console) -> anyhow::Result<i64> {
    let task = console.task("deliveries", needs.len() as u64);
    let deliveries = needs.iter().map(|(product, units)| {
        let task = &task;
        async move {
            let received = receive_product(shop, *product, *units).await;
            let received = received.with_context(|| format!("stock of product {product} cannot be received"))?;
            task.add(1);
            anyhow::Ok(received)
        }
    });
    let sum = stream::iter(deliveries).buffer_unordered(DELIVERIES_AT_ONCE);
    let sum = sum.try_fold(0, async |sum, units| Ok(sum + units)).await?;
    task.finish();
    Ok(sum)
}

async fn receive_product(shop: &Shop, product: u64, need: i64) -> anyhow::Result<i64> {
    let (sku, location) = (names::sku(product), names::location(product));
    let before = received_before(shop, &stream_id(&sku, &location)).await?;
    let mut missing = need - before;
    while missing > 0 {
        let units = missing.min(i64::from(Quantity::MAX));
        let command = StockCommand::Receive { quantity: Quantity::new(units)?, reference: REFERENCE.parse()? };
        // What came in before names the delivery, so that one that is in doubt does not come in twice.
        let key = format!("cj-stock/{sku}/{}", need - missing);
        let request = staff(&key, Some(&units.to_string()));
        app::stock::change(shop, &request, (&sku, &location), command).await?;
        missing -= units;
    }
    Ok((need - before).max(0))
}

async fn received_before(shop: &Shop, id: &str) -> anyhow::Result<i64> {
    let stream = StreamId::new("stock", id);
    let (mut sum, mut after) = (0, 0);
    loop {
        let page = shop.bus.store().read_stream(&stream, after, PAGE_EVENTS_MAX).await?;
        for event in page.iter().filter(|event| event.event_type == "stock.received") {
            if let StockEvent::Received { quantity, reference } = decode(event)?
                && reference.as_str() == REFERENCE
            {
                sum += quantity.units();
            }
        }
        match page.last() {
            Some(last) if page.len() == PAGE_EVENTS_MAX => after = last.sequence,
            Some(_) | None => return Ok(sum),
        }
    }
}

/// Where the units are.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct StockReport {
    /// SKUs that the baskets needed.
    pub skus: u64,
    /// Places they lie at: a SKU at a location.
    pub places: u64,
    /// Units that came in, all imports together.
    pub received: i64,
    /// Units that left for orders of this import.
    pub dispatched: i64,
    /// Units that are there.
    pub on_hand: i64,
    /// What is wrong, the first of each kind; empty where every unit is accounted for.
    pub differences: Vec<String>,
}

/// One place, counted from the log.
#[derive(Default)]
struct Place {
    stock: Stock,
    came_in: i64,
    left: i64,
    left_for_import: i64,
}

/// Counts every unit: from the log, from the aggregates folded from it, and from the read model.
///
/// # Errors
/// When the log or the read models cannot be read.
pub(super) async fn count(
    shop: &Shop,
    models: &ReadModels,
    sold: &BTreeMap<u64, i64>,
    orders: &HashSet<OrderId>,
) -> anyhow::Result<StockReport> {
    let skus: HashMap<String, i64> = sold.iter().map(|(id, units)| (names::sku(*id).to_string(), *units)).collect();
    let places = places(shop, &skus, orders).await?;
    let levels = levels(models, &skus).await?;
    let mut report = StockReport { skus: skus.len() as u64, places: places.len() as u64, ..StockReport::default() };
    let mut left_by_sku = HashMap::<&str, i64>::new();
    for ((sku, location), place) in &places {
        report.received += place.came_in;
        report.dispatched += place.left_for_import;
        report.on_hand += place.stock.on_hand();
        *left_by_sku.entry(sku).or_default() += place.left_for_import;
        if place.came_in != place.stock.on_hand() + place.left {
            let (came, there, left) = (place.came_in, place.stock.on_hand(), place.left);
            report.differences.push(format!("{sku} at {location}: {came} came in, {there} are there, {left} left"));
        }
        let in_log = (place.stock.on_hand(), place.stock.reserved(), place.stock.allocated());
        let shown = levels.get(&(sku.clone(), location.clone())).copied();
        if shown != Some(in_log) {
            report.differences.push(format!("{sku} at {location}: the log has {in_log:?}, the read model {shown:?}"));
        }
    }
    for (sku, units) in &skus {
        let left = left_by_sku.get(sku.as_str()).copied().unwrap_or(0);
        if left != *units {
            report.differences.push(format!("{sku}: {units} were sold, {left} left"));
        }
    }
    Ok(report)
}

async fn places(
    shop: &Shop,
    skus: &HashMap<String, i64>,
    orders: &HashSet<OrderId>,
) -> anyhow::Result<HashMap<(String, String), Place>> {
    let mut places = HashMap::<(String, String), Place>::new();
    let filter = Filter { kinds: vec!["stock".to_owned()] };
    let mut position = Position(0);
    loop {
        let page = shop.bus.store().read_all(position, PAGE_EVENTS_MAX, &filter).await?;
        for event in &page.events {
            let place = parse_stream_id(&event.stream.id).filter(|(sku, _)| skus.contains_key(sku.as_str()));
            let Some((sku, location)) = place else { continue };
            let fact: StockEvent = decode(event)?;
            let place = places.entry((sku.to_string(), location.to_string())).or_default();
            place.tell(&fact, orders);
        }
        if page.next >= page.head {
            return Ok(places);
        }
        position = page.next;
    }
}

impl Place {
    fn tell(&mut self, fact: &StockEvent, orders: &HashSet<OrderId>) {
        self.stock.evolve(fact);
        match fact {
            StockEvent::Received { quantity, .. } | StockEvent::Restocked { quantity, .. } => {
                self.came_in += quantity.units();
            }
            StockEvent::WrittenOff { quantity, .. } => self.left += quantity.units(),
            StockEvent::Dispatched { order, quantity } => {
                self.left += quantity.units();
                if orders.contains(order) {
                    self.left_for_import += quantity.units();
                }
            }
            StockEvent::Reserved { .. }
            | StockEvent::ReservationExtended { .. }
            | StockEvent::ReservationReleased { .. }
            | StockEvent::ReservationExpired { .. }
            | StockEvent::ShortfallDetected { .. }
            | StockEvent::ReservationBarred { .. }
            | StockEvent::Allocated { .. }
            | StockEvent::AllocationReleased { .. }
            | StockEvent::AllocationReduced { .. }
            | StockEvent::BackOrdered { .. }
            | StockEvent::BackOrderFilled { .. }
            | StockEvent::BackOrderClosed { .. } => {}
        }
    }
}

type Level = (i64, i64, i64);

async fn levels(models: &ReadModels, skus: &HashMap<String, i64>) -> anyhow::Result<HashMap<(String, String), Level>> {
    let mut levels = HashMap::new();
    let mut cursor: Option<String> = None;
    loop {
        let slice = Slice { after: cursor.as_deref(), first: PAGE_ROWS };
        let page = models.availability().list(None, slice).await?;
        for edge in &page.items {
            let level = &edge.node;
            if skus.contains_key(&level.sku) {
                let units = (level.on_hand, level.reserved, level.allocated);
                levels.insert((level.sku.clone(), level.location.clone()), units);
            }
        }
        match page.items.last() {
            Some(last) if page.has_next => cursor = Some(last.cursor.clone()),
            Some(_) | None => return Ok(levels),
        }
    }
}
