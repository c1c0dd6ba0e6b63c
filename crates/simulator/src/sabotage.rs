//! Makes the mistakes of [`Bug`] on the way to the log and back. Without a mistake everything goes through as it is.

use std::sync::Arc;

use app::clock::Clock;
use async_trait::async_trait;
use domain::values::Timestamp;
use event_store::seals::Seals;
use event_store::{Appended, Commit, NewEvent, Page, Position, RecordedEvent};
use sagas::Processes;
use serde_json::value::RawValue;

use crate::bugs::Bug;
use crate::clock::{DAY, ProcessClock};
use crate::faults::Fault;
use crate::log::Reader;
use crate::population::BUYER;
use crate::world::World;

/// What becomes of a commit.
pub(crate) enum Spoilt {
    /// It is stored, as it is or otherwise.
    Store(Box<Commit>),
    /// It is said to be stored.
    Forget(Appended),
}

/// Returns whether a mistake that is made now and then is made now, once in so many times.
fn now_and_then(world: &World, bug: Bug, times: u64) -> bool {
    world.has(bug) && world.faults.chance().is_multiple_of(times)
}

pub(crate) fn commit(world: &World, mut commit: Commit) -> Spoilt {
    let Some(bug) = world.bug else { return Spoilt::Store(Box::new(commit)) };
    let kind = &*commit.stream.kind;
    let is_process = Processes::KINDS.contains(&kind);
    let ignores_version = match bug {
        Bug::StockWithoutVersion => kind == "stock",
        Bug::PaymentWithoutVersion => kind == "payment",
        Bug::ProcessWithoutVersion => is_process,
        _ => false,
    };
    if ignores_version {
        commit.expected = world.log.length_of(&commit.stream);
    }
    if bug == Bug::KeyForgotten {
        commit.command = None;
    }
    if now_and_then(world, Bug::AcknowledgedNotStored, 60) {
        let added = commit.events.len() as u64;
        return Spoilt::Forget(Appended {
            sequence: commit.expected + added,
            position: Position(world.log.length() + added),
        });
    }
    if now_and_then(world, Bug::CommitInPart, 20) {
        commit.events.truncate(1);
    }
    if bug == Bug::AskNotRecorded && is_process && commit.events.len() > 1 {
        commit.events.retain(|event| event.event_type != "process.asked");
    }
    if bug == Bug::BackOrderForgotten && commit.events.len() > 1 {
        commit.events.retain(|event| event.event_type != "stock.back_order_filled");
    }
    if bug == Bug::RefundDeadlineDropped && kind == "return_to_refund" && commit.events.len() > 1 {
        commit.events.retain(|event| event.event_type != "process.timer_set");
    }
    if bug == Bug::NameInClear && kind == "cart" {
        commit.events.iter_mut().for_each(name_buyer);
    }
    commit.events.iter_mut().for_each(|event| miscalculate(bug, event));
    Spoilt::Store(Box::new(commit))
}

/// Returns a commit that is stored once more although it is stored: one that no answer came of.
pub(crate) fn repeated(world: &World, fault: Option<Fault>, commit: &Commit) -> Option<Commit> {
    (world.has(Bug::CommitTwice) && fault == Some(Fault::AnswerLost)).then(|| commit.clone())
}

/// Returns the clock that a process goes by.
pub(crate) fn clock(world: &World, clock: Arc<ProcessClock>) -> Arc<dyn Clock> {
    if world.has(Bug::TimerDropped) { Arc::new(ForgetfulClock(clock)) } else { clock }
}

/// A clock that forgets whom to wake when it is long until then.
struct ForgetfulClock(Arc<ProcessClock>);

#[async_trait]
impl Clock for ForgetfulClock {
    fn now(&self) -> Timestamp {
        self.0.now()
    }

    async fn sleep_until(&self, moment: Timestamp) {
        if moment > self.now().plus_seconds(DAY) {
            std::future::pending::<()>().await;
        }
        self.0.sleep_until(moment).await;
    }
}

fn name_buyer(event: &mut NewEvent) {
    let text = event.metadata.get().replacen('{', &format!("{{\"buyer\":\"{BUYER}\","), 1);
    event.metadata = RawValue::from_string(text).unwrap_or_else(|_| event.metadata.clone());
}

/// Changes a number in a fact.
fn miscalculate(bug: Bug, event: &mut NewEvent) {
    let place = match (bug, event.event_type.as_str()) {
        (Bug::TotalRoundedPerUnit, "order.placed") => "/order.placed/sale/total/minor",
        (Bug::ReleaseOneShort, "stock.reservation_released") => "/stock.reservation_released/quantity",
        _ => return,
    };
    let Ok(mut payload) = serde_json::from_str::<serde_json::Value>(event.payload.get()) else { return };
    let Some(number) = payload.pointer_mut(place) else { return };
    let less = number.as_i64().unwrap_or_default() - 1;
    // A quantity is at least one.
    if less > 0 {
        *number = less.into();
    }
    event.payload = serde_json::value::to_raw_value(&payload).unwrap_or_else(|_| event.payload.clone());
}

/// Leaves events out of a page.
pub(crate) fn page(world: &World, reader: Reader, mut page: Page) -> Page {
    let bug = match reader {
        Reader::Shop => Bug::ProcessesMissEvents,
        Reader::ReadModels => Bug::ReadModelsMissEvents,
        Reader::Sealer => Bug::SealsOtherBytes,
    };
    if world.has(bug) && reader == Reader::Sealer {
        let each = page.events.iter_mut();
        each.filter(|event| event.position.0.is_multiple_of(41)).for_each(alter);
    } else if world.has(bug) {
        page.events.retain(|event| !event.position.0.is_multiple_of(41));
    }
    page
}

/// Puts a space into what an event says: it means the same, and is not the same.
fn alter(event: &mut Arc<RecordedEvent>) {
    let text = event.payload.get().replacen('{', "{ ", 1);
    let mut altered = RecordedEvent::clone(event);
    altered.payload = RawValue::from_string(text).unwrap_or(altered.payload);
    *event = Arc::new(altered);
}

/// Changes what is kept of the tree.
pub(crate) fn seals(world: &World, mut seals: Seals) -> Seals {
    if world.has(Bug::TileDamaged) {
        seals.tiles.iter_mut().for_each(|tile| tile.hashes[0] ^= 1);
    }
    seals
}

/// Moves a mark.
pub(crate) fn mark(world: &World, name: &str, value: u64) -> u64 {
    if world.has(Bug::MarkTooFar) && name.starts_with("process/") { world.log.length() + 20 } else { value }
}
