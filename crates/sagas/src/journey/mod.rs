//! What led to what in the life of one order, from the first click to the refund: the events of its cart, its order, its
//! processes, payments, parcels, returns and of the stock it moved, as one tree.
//!
//! An event says in its metadata what caused it. A command of a process is caused by the event in which it was asked, and
//! that one by what the process heard or was answered. What someone outside asked for is caused by their request, which is
//! no event: it follows what was there when they asked. Everything is read from the log, nothing from a read model.

mod gather;
mod mermaid;
#[cfg(test)]
mod tests;
mod tree;

use app::Shop;
use app::error::AppError;
use domain::values::OrderId;
use event_store::RecordedEvent;

/// The most events of one journey; one that has more is shown up to there.
pub const JOURNEY_EVENTS_MAX: usize = 2_000;

/// What joins an event to the one it stands under.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Link {
    /// It stands under none: the journey begins here.
    Beginning,
    /// The event says that it was caused by that one.
    Cause,
    /// Both were caused by the same request from outside, and that one came first.
    Request,
    /// It was asked for from outside, or its moment came, and that one is the last of its stream before it.
    Stream,
}

/// An event and its place in the tree.
#[derive(Clone, Debug)]
pub struct Happening {
    /// The event.
    pub event: RecordedEvent,
    /// The index of the event it stands under.
    pub parent: Option<usize>,
    /// What joins it to that one.
    pub link: Link,
    /// How far it is from the beginning, 0 for the beginning itself.
    pub depth: u32,
    /// The indexes of the events that stand under it, in order of position.
    pub children: Vec<usize>,
}

/// The journey of one order.
#[derive(Clone, Debug)]
pub struct Journey {
    happenings: Vec<Happening>,
    is_complete: bool,
}

impl Journey {
    /// Returns everything that happened, every event before those that stand under it.
    pub fn happenings(&self) -> &[Happening] {
        &self.happenings
    }

    /// Returns whether it is all there: false where a limit was met.
    pub fn is_complete(&self) -> bool {
        self.is_complete
    }

    /// Writes the tree as a flowchart of Mermaid (<https://mermaid.js.org/syntax/flowchart.html>): a line for what an event
    /// says of its cause, a dotted one for what follows from a request or from a stream. No personal data.
    pub fn mermaid(&self) -> String {
        mermaid::flowchart(&self.happenings)
    }
}

/// Reads the journey of an order; `None` where there is no such order.
///
/// # Errors
/// [`AppError`] when the log fails or holds what cannot be read.
pub async fn of(shop: &Shop, order: &OrderId) -> Result<Option<Journey>, AppError> {
    let gathered = gather::events(shop, order).await?;
    Ok(gathered.map(|(events, is_complete)| Journey { happenings: tree::linked(events), is_complete }))
}
