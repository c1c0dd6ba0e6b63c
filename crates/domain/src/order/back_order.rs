//! Units of a confirmed order that are waited for: until they are there it goes to no warehouse, and is cancelled whole or not at
//! all.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::decide::illegal;
use super::error::OrderError;
use super::events::{LineUnits, OrderEvent};
use super::sound::disagree;
use super::state::{Order, OrderStatus};
use crate::values::{LineId, Timestamp};

type Decision = Result<Vec<OrderEvent>, OrderError>;

/// Units that are waited for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackOrder {
    /// Which units.
    pub lines: Vec<LineUnits>,
    /// Until when they are promised.
    pub until: Timestamp,
    /// Whether they are there by now.
    pub is_filled: bool,
}

impl BackOrder {
    pub(super) fn begun(lines: &[LineUnits], until: Timestamp) -> Self {
        Self { lines: lines.to_vec(), until, is_filled: false }
    }

    pub(super) fn fill(&mut self) {
        self.is_filled = true;
    }
}

impl Order {
    /// Returns what it waits for, while it does.
    pub fn back_order(&self) -> Option<&BackOrder> {
        let is_owed = self.status() == OrderStatus::Confirmed;
        self.any_back_order().filter(|back_order| is_owed && !back_order.is_filled)
    }

    /// Returns the units of a line that are waited for.
    pub fn units_back_ordered(&self, line: &LineId) -> i64 {
        let lines = self.back_order().into_iter().flat_map(|back_order| &back_order.lines);
        lines.filter(|part| part.line == *line).map(|part| part.quantity.units()).sum()
    }
}

pub(super) fn back_order(order: &Order, lines: &[LineUnits], until: Timestamp) -> Decision {
    if order.any_back_order().is_some_and(|known| known.lines == lines && known.until == until) {
        return Ok(vec![]);
    }
    match order.status() {
        OrderStatus::Absent => return Err(OrderError::Unknown),
        OrderStatus::Confirmed if order.any_back_order().is_none() => {}
        OrderStatus::Confirmed
        | OrderStatus::Placed
        | OrderStatus::Rejected
        | OrderStatus::Cancelled
        | OrderStatus::Completed => return Err(illegal(order, "back-ordered")),
    }
    let named: BTreeSet<_> = lines.iter().map(|part| &part.line).collect();
    if lines.is_empty() || named.len() < lines.len() {
        return Err(OrderError::LinesInvalid);
    }
    for LineUnits { line, quantity } in lines {
        if !order.has_line(line) {
            return Err(OrderError::LineUnknown { line: line.clone() });
        }
        if quantity.units() > order.units_left(line) {
            return Err(disagree("more units are waited for than were sold"));
        }
    }
    Ok(vec![OrderEvent::BackOrdered { lines: lines.to_vec(), until }])
}

/// An order that waits for nothing, or is over, is told in vain.
pub(super) fn fill(order: &Order) -> Decision {
    Ok(order.back_order().map(|_| OrderEvent::BackOrderFilled {}).into_iter().collect())
}
