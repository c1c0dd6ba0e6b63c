//! What the warehouses know: follows the feed and tells shoppers' orders how far their parcels are, so that nobody asks
//! again and again.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use app::bus::decode;
use domain::fulfilment::FulfilmentEvent;
use domain::order::{FulfilmentStatus, OrderEvent};
use domain::values::{FulfilmentId, OrderId};
use event_store::{EventStore, Filter, Position, RecordedEvent};
use tokio::sync::watch;

/// The most events read at once.
const PAGE_EVENTS: usize = 1_000;

/// How far a parcel is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Stage {
    Requested,
    Packed,
    Released,
    HandedOver,
    Delivered,
    /// Lost or called off: it will not be delivered.
    Over,
}

/// What is known of an order.
#[derive(Clone, Debug, Default)]
pub(super) struct Known {
    /// Its parcels.
    pub(super) parcels: BTreeMap<FulfilmentId, Stage>,
    /// What the order itself says about its goods.
    pub(super) status: Option<FulfilmentStatus>,
}

/// Follows the feed.
pub(super) struct Warehouse {
    store: Arc<dyn EventStore>,
    known: Mutex<HashMap<OrderId, Known>>,
    owners: Mutex<HashMap<FulfilmentId, OrderId>>,
    read: watch::Sender<Position>,
}

fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Warehouse {
    /// Begins at the beginning of the log, where an earlier import may have left parcels.
    pub(super) fn new(store: Arc<dyn EventStore>) -> Self {
        Self { store, known: Mutex::default(), owners: Mutex::default(), read: watch::Sender::new(Position(0)) }
    }

    /// Follows the feed for ever; its owner drops it.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub(super) async fn follow(&self) -> anyhow::Result<()> {
        let filter = Filter { kinds: vec!["fulfilment".to_owned(), "order".to_owned()] };
        let mut head = self.store.head();
        loop {
            head.borrow_and_update();
            let after = *self.read.borrow();
            let page = self.store.read_all(after, PAGE_EVENTS, &filter).await?;
            for event in &page.events {
                self.tell(event)?;
            }
            self.read.send_replace(page.next);
            if page.next >= page.head {
                head.changed().await?;
            }
        }
    }

    /// Waits until an order is so far, at most `limit`; then `None`.
    pub(super) async fn wait(
        &self,
        order: &OrderId,
        limit: Duration,
        is_so_far: impl Fn(&Known) -> bool,
    ) -> Option<Known> {
        let mut read = self.read.subscribe();
        let reached = read.wait_for(|_| held(&self.known).get(order).is_some_and(&is_so_far));
        tokio::time::timeout(limit, reached).await.ok()?.ok()?;
        held(&self.known).get(order).cloned()
    }

    fn tell(&self, event: &RecordedEvent) -> anyhow::Result<()> {
        if &*event.stream.kind == "order" {
            if event.event_type == "order.fulfilment_recorded"
                && let OrderEvent::FulfilmentRecorded { status, .. } = decode(event)?
            {
                let order: OrderId = event.stream.id.parse()?;
                held(&self.known).entry(order).or_default().status = Some(status);
            }
            return Ok(());
        }
        let fulfilment: FulfilmentId = event.stream.id.parse()?;
        let stage = match decode(event)? {
            FulfilmentEvent::Requested { order, .. } => {
                held(&self.owners).insert(fulfilment.clone(), order);
                Stage::Requested
            }
            FulfilmentEvent::Packed { .. } => Stage::Packed,
            // Nobody cancels lines of what is imported.
            FulfilmentEvent::LabelBooked { .. } | FulfilmentEvent::Reduced { .. } => return Ok(()),
            FulfilmentEvent::ReleasedForShipping {} => Stage::Released,
            FulfilmentEvent::HandedOver { .. } => Stage::HandedOver,
            FulfilmentEvent::Delivered { .. } => Stage::Delivered,
            FulfilmentEvent::Lost { .. } | FulfilmentEvent::Cancelled { .. } => Stage::Over,
        };
        if let Some(order) = held(&self.owners).get(&fulfilment) {
            held(&self.known).entry(order.clone()).or_default().parcels.insert(fulfilment, stage);
        }
        Ok(())
    }
}
