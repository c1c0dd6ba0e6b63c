//! Finds the events of a journey: the streams that belong to the order whole, and of the stock it moved, and the order it was added
//! to, what it caused.

use std::collections::{BTreeSet, HashSet};

use app::Shop;
use app::bus::decode;
use app::error::AppError;
use app::fulfilment::parcel_id;
use app::invoicing::number_taken;
use domain::invoicing::OrderDocuments;
use domain::order::Order;
use domain::payment::PaymentEvent;
use domain::stock::stream_id;
use domain::values::{FulfilmentId, OrderId};
use event_store::{RecordedEvent, StreamId};

use super::JOURNEY_EVENTS_MAX;
use super::tree::causation_of;
use crate::checkout::{Checkout, CheckoutInput};
use crate::engine::{Process, Record, read_record};
use crate::invoicing::OrderToInvoice;
use crate::refund::{GoodwillRefund, REFUND_PREFIX};
use crate::returns::ReturnToRefund;

/// Events of a stream read at once.
const PAGE_EVENTS: usize = 500;
/// The most events of stock and of another order looked at for one journey: a SKU that everybody wants has many of others between two of ours.
const OTHERS_EVENTS_MAX: usize = 50_000;

/// What was found, and how much may still be.
#[derive(Default)]
struct Found {
    events: Vec<RecordedEvent>,
    is_cut: bool,
    others_looked_at: usize,
}

/// Returns the events of an order's journey in order of position, and whether they are all.
pub(super) async fn events(shop: &Shop, order: &OrderId) -> Result<Option<(Vec<RecordedEvent>, bool)>, AppError> {
    let state = shop.bus.load::<Order>(order.as_str()).await?.state;
    let Some(sale) = state.sale() else { return Ok(None) };
    let mut found = Found::default();
    for (kind, id) in [("cart", sale.cart.as_str()), ("order", order.as_str()), (Checkout::KIND, order.as_str())] {
        found.read(shop, kind, id).await?;
    }
    for payment in state.payments() {
        found.read_payment(shop, payment.as_str()).await?;
    }
    for location in &shop.settings.locations {
        found.read(shop, "fulfilment", parcel_id(order, location).as_str()).await?;
    }
    for parcel in found.reshipped()? {
        found.read(shop, "fulfilment", parcel.as_str()).await?;
    }
    for return_id in state.returns_opened() {
        found.read(shop, "return", return_id.as_str()).await?;
        found.read(shop, ReturnToRefund::KIND, return_id.as_str()).await?;
    }
    found.read_documents(shop, order).await?;
    let causes = found.causes();
    for sku in sale.skus() {
        for location in &shop.settings.locations {
            found.read_caused(shop, StreamId::new("stock", &stream_id(sku, location)), &causes).await?;
        }
    }
    if let Some(first) = state.adds_to() {
        found.read_caused(shop, StreamId::new("order", first.as_str()), &causes).await?;
    }
    found.events.sort_unstable_by_key(|event| event.position);
    Ok(Some((found.events, !found.is_cut)))
}

impl Found {
    /// Reads a stream whole.
    async fn read(&mut self, shop: &Shop, kind: &str, id: &str) -> Result<(), AppError> {
        let (stream, mut after) = (StreamId::new(kind, id), 0);
        loop {
            let page = shop.bus.store().read_stream(&stream, after, PAGE_EVENTS).await?;
            let Some(last) = page.last() else { return Ok(()) };
            after = last.sequence;
            let is_last = page.len() < PAGE_EVENTS;
            self.events.extend(page);
            if self.events.len() > JOURNEY_EVENTS_MAX {
                self.events.truncate(JOURNEY_EVENTS_MAX);
                self.is_cut = true;
            }
            if is_last || self.is_cut {
                return Ok(());
            }
        }
    }

    /// Reads a payment and the processes of the refunds that need no return.
    async fn read_payment(&mut self, shop: &Shop, payment: &str) -> Result<(), AppError> {
        let begin = self.events.len();
        self.read(shop, "payment", payment).await?;
        let mut refunds = BTreeSet::new();
        for event in self.events[begin.min(self.events.len())..].iter() {
            if event.event_type == "payment.refund_requested"
                && let PaymentEvent::RefundRequested { refund, .. } = decode(event)?
                && refund.starts_with(REFUND_PREFIX)
            {
                refunds.insert(refund);
            }
        }
        for refund in refunds {
            self.read(shop, GoodwillRefund::KIND, &format!("{payment}.{refund}")).await?;
        }
        Ok(())
    }

    /// Names the parcels that go in the place of lost ones, as the checkout was told of them.
    fn reshipped(&self) -> Result<Vec<FulfilmentId>, AppError> {
        let mut reshipped = Vec::new();
        for event in self.events.iter().filter(|event| &*event.stream.kind == Checkout::KIND) {
            if event.event_type == "process.answered"
                && let Record::Answered { input: CheckoutInput::Reshipped { parcels, .. }, .. } =
                    read_record::<Checkout>(event).map_err(AppError::broken)?
            {
                reshipped.extend(parcels.into_iter().map(|(id, ..)| id));
            }
        }
        Ok(reshipped)
    }

    /// Reads the documents, their process, and of the series what they took from it.
    async fn read_documents(&mut self, shop: &Shop, order: &OrderId) -> Result<(), AppError> {
        self.read(shop, OrderToInvoice::KIND, order.as_str()).await?;
        self.read(shop, "invoicing", order.as_str()).await?;
        let documents = shop.bus.load::<OrderDocuments>(order.as_str()).await?.state;
        let issues = documents.invoices().map(|(issue, _)| issue);
        for issue in issues.chain(documents.credit_notes().map(|(issue, _)| issue)) {
            self.events.extend(number_taken(shop, issue.number).await?);
        }
        Ok(())
    }

    /// Names everything so far that may be a cause: events by id, and streams by name, as older events do.
    fn causes(&self) -> HashSet<String> {
        let ids = self.events.iter().map(|event| event.event_id.to_string());
        ids.chain(self.events.iter().map(|event| event.stream.to_string())).collect()
    }

    /// Reads what these causes led to in a stream that others move too, between the checkout and the last that is known.
    async fn read_caused(&mut self, shop: &Shop, stream: StreamId, causes: &HashSet<String>) -> Result<(), AppError> {
        let checkout = self.events.iter().filter(|event| event.event_type == "cart.checkout_started");
        let Some(from) = checkout.map(|event| event.position.0).min() else { return Ok(()) };
        let until = self.events.iter().map(|event| event.position.0).max().unwrap_or(from);
        let mut after = last_until(shop, &stream, from).await?;
        loop {
            let page = shop.bus.store().read_stream(&stream, after, PAGE_EVENTS).await?;
            for event in &page {
                if event.position.0 > until {
                    return Ok(());
                }
                after = event.sequence;
                if causation_of(event).is_some_and(|cause| causes.contains(&cause)) {
                    self.events.push(event.clone());
                }
            }
            self.others_looked_at += page.len();
            if self.others_looked_at > OTHERS_EVENTS_MAX || self.events.len() > JOURNEY_EVENTS_MAX {
                self.is_cut = true;
                return Ok(());
            }
            if page.len() < PAGE_EVENTS {
                return Ok(());
            }
        }
    }
}

/// Finds the last event of a stream up to a position, by halves; 0 where there is none.
async fn last_until(shop: &Shop, stream: &StreamId, position: u64) -> Result<u64, AppError> {
    let is_until = async |sequence: u64| -> Result<bool, AppError> {
        let found = shop.bus.store().read_stream(stream, sequence - 1, 1).await?;
        Ok(found.first().is_some_and(|event| event.position.0 <= position))
    };
    let (mut low, mut high) = (0, 1);
    while is_until(high).await? {
        (low, high) = (high, high.saturating_mul(2));
    }
    // The event `low` is not behind the position, the event `high` is, or there is none.
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        if is_until(middle).await? { low = middle } else { high = middle }
    }
    Ok(low)
}
