//! Refunds that the law gives a day: people were asked about each one that was late.

use std::collections::{BTreeMap, BTreeSet};

use app::bus::{Bus, decode};
use app::error::AppError;
use domain::payment::PaymentEvent;
use domain::returns::{Return, ReturnEvent};
use domain::values::{Timestamp, paris_time};
use event_store::RecordedEvent;
use sagas::returns::{REFUND_PREFIX, TASK_REFUND_DUE};

use super::Account;
use crate::clock::{DAY, HOUR};
use crate::world::World;

/// How much later than its day a refund is late for sure: one process may be a day behind and another a day ahead.
const SURELY_SECONDS: i64 = 2 * DAY + HOUR;

/// What the log says about refunds, by return.
#[derive(Default)]
pub(super) struct Refunds {
    /// When the box came, or was proved to be on its way.
    sent_back: BTreeMap<String, Timestamp>,
    /// When the money went, or was owed no more.
    settled: BTreeMap<String, Timestamp>,
    /// Those that people were told are late.
    asked: BTreeSet<String>,
}

impl Refunds {
    pub(super) fn note(&mut self, event: &RecordedEvent) {
        let (id, at) = (event.stream.id.to_string(), Timestamp::from_micros(event.recorded_at));
        match event.event_type.as_str() {
            "return.shipped_back" | "return.received" => _ = self.sent_back.entry(id).or_insert(at),
            "return.refused" | "return.cancelled" => _ = self.settled.entry(id).or_insert(at),
            "return.inspected" => {
                let nothing = |event| matches!(event, ReturnEvent::Inspected { refund, .. } if refund.minor() == 0);
                if decode(event).is_ok_and(nothing) {
                    self.settled.entry(id).or_insert(at);
                }
            }
            "payment.refunded" => {
                let Ok(PaymentEvent::Refunded { refund, .. }) = decode(event) else { return };
                if let Some(id) = refund.strip_prefix(REFUND_PREFIX) {
                    self.settled.entry(id.to_owned()).or_insert(at);
                }
            }
            "process.task_opened" if event.payload.get().contains(&format!("\"name\":\"{TASK_REFUND_DUE}\"")) => {
                self.asked.insert(id);
            }
            _ => {}
        }
    }
}

/// Of each withdrawal whose box is back or on its way, the money went in time, or people were told that it is late.
pub(super) async fn check(world: &World, account: &Account, bus: &Bus) -> Result<(), AppError> {
    let Refunds { sent_back, settled, asked } = &account.refunds;
    for (id, sent_back) in sent_back.iter().filter(|(id, _)| !world.is_settled_by_hand(id)) {
        let Some(due_at) = bus.load::<Return>(id).await?.state.refund_due_at() else { continue };
        let late_from = due_at.max(*sent_back).plus_seconds(SURELY_SECONDS);
        let is_late = settled.get(id).is_none_or(|settled| *settled >= late_from);
        if is_late && !asked.contains(id) {
            let what = format!("nobody was told that the refund of return {id} is late since {}", paris_time(due_at));
            world.violate("refunds in time or asked about", what);
        }
    }
    Ok(())
}
