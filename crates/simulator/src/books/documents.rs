//! Documents: what was taken for parcels is invoiced, and what went back is credited.

use std::collections::{BTreeMap, BTreeSet};

use app::bus::Bus;
use app::error::AppError;
use domain::invoicing::OrderDocuments;
use domain::order::Order;
use domain::payment::{MovementState, Payment};
use sagas::checkout::captured_parcel;

use crate::world::World;

/// What was taken for an order and given back, minor units.
#[derive(Default)]
struct Moved {
    captured: i64,
    refunded: i64,
    /// What was taken of the share of a parcel of which another payment was to take the rest, by parcel.
    parts: BTreeMap<String, i64>,
    /// Parcels of which all of the share was taken.
    paid: BTreeSet<String>,
}

impl Moved {
    fn note(&mut self, payment: &Payment) {
        self.captured += payment.captured().minor();
        self.refunded += payment.refunded().minor();
        for (name, movement) in payment.captures().filter(|(_, movement)| movement.state == MovementState::Done) {
            match captured_parcel(name) {
                Some(parcel) => _ = self.paid.insert(parcel.to_string()),
                None => *self.parts.entry(parcel_of_part(name)).or_default() += movement.amount.minor(),
            }
        }
    }

    /// Returns what was taken of parcels that nobody took the rest of: it is on no invoice, and goes back.
    fn uninvoiced(&self) -> i64 {
        self.parts.iter().filter(|(parcel, _)| !self.paid.contains(*parcel)).map(|(_, minor)| minor).sum()
    }
}

fn parcel_of_part(capture: &str) -> String {
    capture.split('-').next().unwrap_or_default().to_owned()
}

/// A bank may send a refund back after its credit note; that stands, because the money is owed again.
pub(super) async fn check(world: &World, id: &str, order: &Order, bus: &Bus) -> Result<(), AppError> {
    let documents = bus.load::<OrderDocuments>(id).await?.state;
    let invoiced: i64 = documents.invoices().map(|(_, invoice)| invoice.payable.minor()).sum();
    let credited: i64 = documents.credit_notes().map(|(_, note)| note.total.minor()).sum();
    let mut moved = Moved::default();
    for payment in order.payments() {
        moved.note(&bus.load::<Payment>(payment.as_str()).await?.state);
    }
    let (Moved { captured, refunded, .. }, uninvoiced) = (&moved, moved.uninvoiced());
    let is_kept = uninvoiced > *refunded && !world.is_settled_by_hand(id);
    if is_kept || invoiced + uninvoiced != *captured || credited < refunded - uninvoiced || credited > invoiced {
        let what = format!(
            "order {id}: {captured} captured and {invoiced} invoiced, {refunded} refunded and {credited} credited"
        );
        world.violate("every payment has its invoice, every refund its credit note", what);
    }
    Ok(())
}
