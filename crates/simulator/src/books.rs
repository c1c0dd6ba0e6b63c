//! The reckoning: when everything has come to rest, every order, every cent and every unit is accounted for, and the read
//! models are what a replay makes of the log.

mod documents;
mod lines;
mod refunds;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use app::bus::Bus;
use app::error::AppError;
use app::ids::Ids;
use domain::cart::Cart;
use domain::fulfilment::Fulfilment;
use domain::order::{Order, OrderStatus};
use domain::payment::Payment;
use domain::promotion::Promotion;
use domain::returns::{Return, ReturnStatus};
use domain::stock::Stock;
use domain::values::Money;
use event_store::{EventStore, Filter, PAGE_EVENTS_MAX, Position, RecordedEvent};
use projections::{ReadStore, Runner};
use sagas::Processes;
use sha2::{Digest, Sha256};

use crate::clock::ProcessClock;
use crate::ids::SeededIds;
use crate::population::{BUYER, BUYER_EMAIL};
use crate::seals;
use crate::world::{World, held};

const BOOKS: &str = "the books";
const REST: &str = "I3 everything comes to rest";

/// What became of the orders of a world.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcomes {
    /// Orders that were placed.
    pub placed: u64,
    /// Placed orders that ended well.
    pub completed: u64,
    /// Placed orders that were called off.
    pub cancelled: u64,
    /// Placed orders that never became a sale.
    pub rejected: u64,
    /// Returns that were asked for.
    pub returns: u64,
    /// Events in the log.
    pub events: u64,
    /// SHA-256 over all of the log, in hexadecimal.
    pub sha256: String,
}

/// What the whole log says.
#[derive(Default)]
struct Account {
    streams: BTreeMap<String, BTreeSet<String>>,
    confirmed: BTreeSet<String>,
    ended: BTreeSet<String>,
    /// Units that left the stock, by SKU.
    dispatched: BTreeMap<String, i64>,
    /// The parcels that warehouses were asked for, by order.
    parcels: BTreeMap<String, Vec<String>>,
    refunds: refunds::Refunds,
}

impl Account {
    fn of(&self, kind: &str) -> impl Iterator<Item = &String> {
        self.streams.get(kind).into_iter().flatten()
    }

    async fn parcels_of(&self, order: &str, bus: &Bus) -> Result<Vec<Arc<Fulfilment>>, AppError> {
        let mut parcels = Vec::new();
        for id in self.parcels.get(order).into_iter().flatten() {
            parcels.push(bus.load::<Fulfilment>(id).await?.state);
        }
        Ok(parcels)
    }
}

/// What the bank has of a payment.
#[derive(Clone, Copy, Default)]
struct Banked {
    held: i64,
    captured: i64,
    refunded: i64,
}

fn bus(world: &World) -> Bus {
    let clock = Arc::new(ProcessClock::new(world.clock.clone()));
    let ids: Arc<dyn Ids> = Arc::new(SeededIds::new(world.seed, u64::MAX - 1));
    Bus::new(world.log.store.clone(), clock, ids)
}

/// Compares everything.
pub(crate) async fn reckon(world: &World) -> Outcomes {
    let (account, mut outcomes) = read_log(world).await;
    let bus = bus(world);
    let checked = async {
        check_rest(world, &account, &bus).await?;
        check_stock(world, &account, &bus).await?;
        lines::check_units(world, &account, &bus).await?;
        check_promotions(world, &account, &bus).await?;
        refunds::check(world, &account, &bus).await?;
        check_orders(world, &account, &bus, &mut outcomes).await
    };
    if let Err(error) = checked.await {
        world.violate(BOOKS, format!("they cannot be read: {error:?}"));
    }
    check_labels(world);
    check_read_models(world).await;
    seals::check(world).await;
    outcomes
}

async fn read_log(world: &World) -> (Account, Outcomes) {
    let (mut account, mut outcomes, mut hash) = (Account::default(), Outcomes::default(), Sha256::new());
    let mut after = Position(0);
    loop {
        let page = world.log.store.read_all(after, PAGE_EVENTS_MAX, &Filter::default()).await;
        let page = page.expect("memory does not fail");
        for event in &page.events {
            outcomes.events += 1;
            if event.position.0 != outcomes.events {
                world.violate("I10 positions", format!("position {} comes {}th", event.position, outcomes.events));
            }
            read_event(world, event, &mut account);
            add_to(&mut hash, event);
        }
        if page.next >= page.head {
            outcomes.sha256 = format!("{:x}", hash.finalize());
            return (account, outcomes);
        }
        after = page.next;
    }
}

fn add_to(hash: &mut Sha256, event: &RecordedEvent) {
    let RecordedEvent { position, stream, sequence, event_id, event_type, recorded_at, .. } = event;
    hash.update(format!("{position} {stream} {sequence} {event_id} {event_type} {recorded_at}\n"));
    hash.update(event.payload.get());
    hash.update(event.metadata.get());
}

fn read_event(world: &World, event: &RecordedEvent, account: &mut Account) {
    let (kind, id) = (event.stream.kind.to_string(), event.stream.id.to_string());
    for clear in [BUYER, BUYER_EMAIL] {
        if event.payload.get().contains(clear) || event.metadata.get().contains(clear) {
            world.violate("I11 nothing in clear", format!("{clear} at position {}", event.position));
        }
    }
    match event.event_type.as_str() {
        "order.confirmed" => _ = account.confirmed.insert(id.clone()),
        "fulfilment.requested" => lines::note_parcel(event, &mut account.parcels),
        "stock.dispatched" => lines::count_dispatched(event, &mut account.dispatched),
        "process.ended" => _ = account.ended.insert(format!("{kind}/{id}")),
        _ => {}
    }
    account.refunds.note(event);
    account.streams.entry(kind).or_default().insert(id);
}

/// Every process is over, but for a return whose box has not come.
async fn check_rest(world: &World, account: &Account, bus: &Bus) -> Result<(), AppError> {
    for kind in Processes::KINDS {
        for id in account.of(kind).filter(|id| !account.ended.contains(&format!("{kind}/{id}"))) {
            let waits = kind == "return_to_refund"
                && matches!(
                    bus.load::<Return>(id).await?.state.status(),
                    ReturnStatus::Requested | ReturnStatus::Approved | ReturnStatus::Received
                );
            if !waits {
                world.violate(REST, format!("process {kind}/{id} is not over"));
            }
        }
    }
    Ok(())
}

/// Nothing stays promised, sold or waited for once every order is over.
async fn check_stock(world: &World, account: &Account, bus: &Bus) -> Result<(), AppError> {
    for id in account.of("stock") {
        let stock = bus.load::<Stock>(id).await?.state;
        let (reserved, allocated) = (stock.reserved(), stock.allocated());
        let waited_for = stock.back_ordered();
        if (reserved, allocated, waited_for) != (0, 0, 0) {
            let what = format!("{id}: {reserved} stay reserved, {allocated} allocated, {waited_for} waited for");
            world.violate("I2, I4 units", what);
        }
    }
    Ok(())
}

/// Every use is one of an order that stands, and every order that stands has its use.
async fn check_promotions(world: &World, account: &Account, bus: &Bus) -> Result<(), AppError> {
    let mut standing = BTreeMap::<String, BTreeSet<String>>::new();
    for id in account.of("order") {
        let order = bus.load::<Order>(id).await?.state;
        let sale = order.sale().filter(|_| order.status() == OrderStatus::Completed);
        for given in sale.iter().flat_map(|sale| &sale.promotions) {
            standing.entry(given.promotion.to_string()).or_default().insert(id.clone());
        }
    }
    for id in account.of("promotion") {
        let promotion = bus.load::<Promotion>(id).await?.state;
        if !promotion.is_counted() {
            continue;
        }
        let (orders, confirmed) = (standing.remove(id).unwrap_or_default(), promotion.uses_confirmed());
        if promotion.uses_reserved() != 0 || usize::try_from(confirmed) != Ok(orders.len()) {
            let (reserved, orders) = (promotion.uses_reserved(), orders.len());
            let what = format!("{id}: {reserved} uses stay reserved, {confirmed} are confirmed of {orders} orders");
            world.violate("I4 uses", what);
        }
    }
    Ok(())
}

fn banked(world: &World) -> BTreeMap<String, Banked> {
    let mut payments = BTreeMap::<String, Banked>::new();
    for line in world.provider.ledger() {
        let of_payment = payments.entry(line.payment).or_default();
        of_payment.held += line.held.minor();
        of_payment.captured += line.captured.minor();
        of_payment.refunded += line.refunded.minor();
    }
    payments
}

async fn check_orders(world: &World, account: &Account, bus: &Bus, outcomes: &mut Outcomes) -> Result<(), AppError> {
    let bank = banked(world);
    check_payments(world, account, bus, &bank).await?;
    outcomes.returns = account.of("return").count() as u64;
    let mut carts = BTreeSet::new();
    for id in account.of("order") {
        let order = bus.load::<Order>(id).await?.state;
        outcomes.placed += 1;
        match order.status() {
            OrderStatus::Completed => outcomes.completed += 1,
            OrderStatus::Cancelled => outcomes.cancelled += 1,
            OrderStatus::Rejected => outcomes.rejected += 1,
            OrderStatus::Absent | OrderStatus::Placed | OrderStatus::Confirmed => {
                world.violate(REST, format!("order {id} stays {}", order.status().name()));
            }
        }
        let all = order.payments().iter().map(|payment| bank.get(payment.as_str()).copied().unwrap_or_default());
        let parcels = account.parcels_of(id, bus).await?;
        let left = parcels.iter().filter(|parcel| lines::has_left(parcel)).filter_map(|parcel| parcel.share());
        check_money(world, id, &order, &all.collect::<Vec<_>>(), left.map(Money::minor).sum());
        documents::check(world, id, &order, bus).await?;
        lines::check(world, &parcels, id, &order, bus).await?;
        let sale = order.sale().map(|sale| sale.cart.clone());
        if order.status() == OrderStatus::Completed
            && let Some(cart) = sale
        {
            if !carts.insert(cart.clone()) {
                world.violate(BOOKS, format!("cart {cart} became two sales"));
            }
            if bus.load::<Cart>(cart.as_str()).await?.state.status() != completed_cart(id) {
                world.violate(BOOKS, format!("cart {cart} of the completed order {id} is not closed"));
            }
        }
    }
    for id in world.all_acknowledged().difference(&account.confirmed) {
        world.violate("I8 acknowledged", format!("order {id} was acknowledged and is not in the log"));
    }
    Ok(())
}

fn completed_cart(order: &str) -> domain::cart::CartStatus {
    domain::cart::CartStatus::Completed { order: order.parse().expect("an order's id") }
}

/// Of an order that is over, nothing is held; of one that was no sale, nothing is kept; of any other, what left is paid.
fn check_money(world: &World, id: &str, order: &Order, banked: &[Banked], left: i64) {
    let sum = |of: fn(&Banked) -> i64| banked.iter().map(of).sum::<i64>();
    let (held, captured, refunded) =
        (sum(|banked| banked.held), sum(|banked| banked.captured), sum(|banked| banked.refunded));
    let payable = order.sale().map_or(0, |sale| sale.payable.minor());
    let told = || {
        format!(
            "order {id}: {payable} payable, parcels of {left} left, the bank has {held} held, {captured} captured, {refunded} refunded"
        )
    };
    if held != 0 {
        world.violate("I1 money", format!("{} stays held: {}", held, told()));
    }
    let is_no_sale = matches!(order.status(), OrderStatus::Rejected | OrderStatus::Cancelled);
    if is_no_sale && captured != refunded && !world.is_settled_by_hand(id) {
        world.violate("I1 money", format!("money of no sale is kept: {}", told()));
    }
    if order.status() == OrderStatus::Completed && (captured < left || captured > payable) {
        world.violate("I1 money", format!("what left is not what was paid: {}", told()));
    }
    let is_paid_at_once = !order.is_paid_in_parts();
    if is_paid_at_once && banked.iter().filter(|banked| banked.captured > 0).count() > 1 {
        world.violate("I1 money", format!("two payments took money: {}", told()));
    }
}

/// The shop's books say what the bank's say.
async fn check_payments(
    world: &World,
    account: &Account,
    bus: &Bus,
    bank: &BTreeMap<String, Banked>,
) -> Result<(), AppError> {
    for id in account.of("payment") {
        let payment = bus.load::<Payment>(id).await?.state;
        let banked = bank.get(id).copied().unwrap_or_default();
        let (captured, refunded) = (payment.captured().minor(), payment.refunded().minor());
        if (captured, refunded) != (banked.captured, banked.refunded) {
            let (bank_captured, bank_refunded) = (banked.captured, banked.refunded);
            let what = format!(
                "{id}: the shop says {captured} captured and {refunded} refunded, the bank {bank_captured} and {bank_refunded}"
            );
            world.violate(BOOKS, what);
        }
        let (captures, refunds) = (payment.capture_pending().minor(), payment.refund_pending().minor());
        if (captures, refunds) != (0, 0) {
            world.violate(REST, format!("{id}: captures of {captures} and refunds of {refunds} are pending for ever"));
        }
    }
    for (payment, banked) in bank.iter().filter(|(_, banked)| banked.captured > 0) {
        if !account.of("payment").any(|known| known == payment) {
            world.violate(BOOKS, format!("the bank took {} for {payment}, which is none", banked.captured));
        }
    }
    Ok(())
}

/// A parcel has one number for ever.
fn check_labels(world: &World) {
    for (parcel, numbers) in world.carrier.booked().into_iter().filter(|(_, numbers)| numbers.len() > 1) {
        world.violate("I7 once at the carrier", format!("parcel {parcel} has the numbers {numbers:?}"));
    }
}

/// Money that is held for an order that is no sale is let go within a day.
pub(crate) async fn check_holds(world: &World) {
    let bus = bus(world);
    let mut idle = BTreeSet::new();
    for line in world.provider.ledger().into_iter().filter(|line| line.held.minor() > 0) {
        let Ok(order) = bus.load::<Order>(&line.order).await else { continue };
        if matches!(order.state.status(), OrderStatus::Rejected | OrderStatus::Cancelled) {
            if held(&world.idle_holds).contains(&line.reference) {
                let what = format!("{} are held for {}, which is over since a day", line.held.minor(), line.order);
                world.violate("I1 money", what);
            }
            idle.insert(line.reference);
        }
    }
    *held(&world.idle_holds) = idle;
}

/// Every read model is what a replay from the first event makes, in batches of another size.
async fn check_read_models(world: &World) {
    let batch = [1_000, 61, 250][usize::try_from(world.seed % 3).unwrap_or(0)];
    let log: Arc<dyn EventStore> = world.log.store.clone();
    let compared = async {
        let live = Runner::open(world.reads.clone(), log.clone(), projections::all()).await?;
        let anew = Runner::open(ReadStore::sqlite_in_place()?, log, projections::all()).await?;
        let mut anew = anew.with_batch_events(batch);
        anew.catch_up().await?;
        let mut differing = Vec::new();
        for projection in projections::all() {
            let name = projection.name();
            let digests = (live.models().digest(name).await?, anew.models().digest(name).await?);
            if digests.0.sha256 != digests.1.sha256 {
                differing.push(name);
            }
        }
        Ok::<_, projections::RunError>(differing)
    };
    match compared.await {
        Ok(differing) if differing.is_empty() => {}
        Ok(differing) => world.violate("I5 replay", format!("{} is not what a replay makes", differing.join(", "))),
        Err(error) => world.violate("I5 replay", format!("a replay fails: {error}")),
    }
}
