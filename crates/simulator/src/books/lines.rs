//! What became of lines that were cancelled: the order, its parcels, its money and the stock say the same.

use std::collections::BTreeMap;
use std::sync::Arc;

use app::bus::{Bus, decode};
use app::error::AppError;
use app::payment::refund_whole;
use domain::fulfilment::{Fulfilment, FulfilmentEvent, FulfilmentState};
use domain::order::{LineCancellation, LineCancellationOutcome, Order, OrderStatus};
use domain::payment::Payment;
use domain::stock::{StockEvent, parse_stream_id};
use domain::values::Money;
use event_store::RecordedEvent;
use sagas::checkout::LINES_PREFIX;

use super::{Account, REST};
use crate::world::World;

const LINES: &str = "cancelled lines";

pub(super) fn count_dispatched(event: &RecordedEvent, dispatched: &mut BTreeMap<String, i64>) {
    let sku = parse_stream_id(&event.stream.id).map(|(sku, _)| sku.to_string());
    if let (Ok(StockEvent::Dispatched { quantity, .. }), Some(sku)) = (decode(event), sku) {
        *dispatched.entry(sku).or_default() += quantity.units();
    }
}

pub(super) fn note_parcel(event: &RecordedEvent, parcels: &mut BTreeMap<String, Vec<String>>) {
    if let Ok(FulfilmentEvent::Requested { order, .. }) = decode(event) {
        parcels.entry(order.to_string()).or_default().push(event.stream.id.to_string());
    }
}

pub(super) fn has_left(parcel: &Fulfilment) -> bool {
    matches!(parcel.state(), FulfilmentState::HandedOver | FulfilmentState::Delivered | FulfilmentState::Lost)
}

/// What left the stock is what is in the parcels that left, unit by unit.
pub(super) async fn check_units(world: &World, account: &Account, bus: &Bus) -> Result<(), AppError> {
    let mut sent = BTreeMap::<String, i64>::new();
    for id in account.of("fulfilment") {
        let parcel = bus.load::<Fulfilment>(id).await?.state;
        for line in parcel.lines().iter().filter(|_| has_left(&parcel)) {
            *sent.entry(line.sku.to_string()).or_default() += line.quantity.units();
        }
    }
    if sent != account.dispatched {
        let dispatched = &account.dispatched;
        world.violate("I2, I4 units", format!("{dispatched:?} left the stock, {sent:?} are in parcels that left"));
    }
    Ok(())
}

/// Every wish has its answer; what was taken out of the parcels is what the order says, and what was paid of it went back.
pub(super) async fn check(
    world: &World,
    parcels: &[Arc<Fulfilment>],
    id: &str,
    order: &Order,
    bus: &Bus,
) -> Result<(), AppError> {
    for asked in order.line_cancellations() {
        if asked.is_pending() {
            world.violate(REST, format!("order {id}: line cancellation {} has no answer", asked.id));
        }
        check_parcels(world, id, asked, parcels);
    }
    check_kept(world, id, order, parcels, bus).await
}

fn check_parcels(world: &World, id: &str, asked: &LineCancellation, parcels: &[Arc<Fulfilment>]) {
    let reductions = || parcels.iter().filter_map(|parcel| parcel.reduction(&asked.id));
    for wanted in &asked.lines {
        let taken_out: i64 = reductions().map(|reduction| reduction.units_of(&wanted.line)).sum();
        let cancelled = asked.cancelled().iter().filter(|cancelled| cancelled.line == wanted.line);
        let cancelled: i64 = cancelled.map(|cancelled| cancelled.quantity.units()).sum();
        if taken_out != cancelled {
            let what = format!("order {id}: {cancelled} units of {} are cancelled, {taken_out} taken out", wanted.line);
            world.violate(LINES, what);
        }
    }
    let LineCancellationOutcome::Done { refund, .. } = &asked.outcome else { return };
    let paid = asked.paid().map_or(0, Money::minor);
    let shares: i64 = reductions().map(|reduction| reduction.share.minor()).sum();
    let back: i64 = reductions().filter(|reduction| reduction.is_paid).map(|reduction| reduction.share.minor()).sum();
    if (paid, refund.minor()) != (shares, back) {
        let what =
            format!("order {id}: {paid} and {} back by the order, {shares} and {back} by its parcels", refund.minor());
        world.violate(LINES, what);
    }
}

/// Of a completed order what was taken, less what went back for its cancelled lines, is what it came to without them, where
/// every other parcel left.
async fn check_kept(
    world: &World,
    id: &str,
    order: &Order,
    parcels: &[Arc<Fulfilment>],
    bus: &Bus,
) -> Result<(), AppError> {
    if order.status() != OrderStatus::Completed || world.is_settled_by_hand(id) {
        return Ok(());
    }
    let (mut captured, mut back) = (0, 0);
    for payment in order.payments() {
        let payment = bus.load::<Payment>(payment.as_str()).await?.state;
        captured += payment.captured().minor();
        for asked in order.line_cancellations() {
            let name = format!("{LINES_PREFIX}{}", asked.id);
            let parts = payment.refunds().filter(|(part, _)| refund_whole(part).0 == name);
            back += parts.map(|(_, refund)| refund.amount.minor()).sum::<i64>();
        }
    }
    let owed = order.payable_left().minor();
    let is_whole = parcels.iter().all(|parcel| has_left(parcel) || parcel.lines().is_empty());
    if captured - back > owed || (is_whole && captured - back != owed) {
        world.violate(LINES, format!("order {id}: {owed} are owed, {captured} taken, {back} went back for lines"));
    }
    Ok(())
}
