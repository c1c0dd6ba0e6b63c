//! What is owed for goods that came back, line by line.

use super::decide::{amounts_invalid, are_distinct};
use super::error::ReturnError;
use super::events::{Deduction, Inspection, ReturnLine};
use super::state::Return;
use crate::values::{LineId, Money, Quantity};

/// What is owed for a line and why: `paid − missing − deduction = refund`, none of them negative.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefundLine {
    /// The order's line.
    pub line: LineId,
    /// How many units were announced.
    pub quantity: Quantity,
    /// How many of them came back.
    pub units: i64,
    /// What was paid for those announced.
    pub paid: Money,
    /// What was paid for those that did not come.
    pub missing: Money,
    /// What is kept back for damage.
    pub deduction: Option<Deduction>,
    /// What is owed.
    pub refund: Money,
}

/// Returns what is owed for each announced line, in their order.
pub(super) fn refund_lines(lines: &[ReturnLine], items: &[Inspection]) -> Result<Vec<RefundLine>, ReturnError> {
    if !are_distinct(items.iter().map(|item| &item.line)) {
        return Err(ReturnError::LinesInvalid);
    }
    for item in items {
        if !lines.iter().any(|line| line.line == item.line) {
            return Err(ReturnError::LineUnknown { line: item.line.clone() });
        }
    }
    let found = lines.iter().map(|line| {
        let item = items.iter().find(|item| item.line == line.line).ok_or(ReturnError::LinesInvalid)?;
        refund_line(line, item)
    });
    found.collect()
}

/// Returns what is owed in all: the lines, and what a withdrawal gives back of delivery.
pub(super) fn refund_of(current: &Return, items: &[Inspection]) -> Result<Money, ReturnError> {
    let lines = refund_lines(current.lines(), items)?;
    let first = lines.first().ok_or(ReturnError::LinesInvalid)?;
    let delivery = current.withdrawal().map(|withdrawal| withdrawal.delivery);
    let mut sum = delivery.unwrap_or(Money::zero(first.refund.currency()));
    for line in &lines {
        sum = sum.plus(line.refund).map_err(amounts_invalid)?;
    }
    Ok(sum)
}

/// What was paid is split over the units that came back and the units that did not, by largest remainder, a tie in favour of
/// the customer; of the first part at most the damaged units' share may be deducted.
fn refund_line(line: &ReturnLine, item: &Inspection) -> Result<RefundLine, ReturnError> {
    let returned = u64::from(item.resalable) + u64::from(item.damaged);
    let counted = i64::from(item.resalable) + i64::from(item.damaged) + i64::from(item.missing);
    let announced = line.quantity.units();
    if counted != announced {
        return Err(ReturnError::CountDiffers { line: line.line.clone(), counted, announced });
    }
    let came_back = first_part(line.paid, returned, item.missing.into())?;
    let refund = match &item.deduction {
        None => came_back,
        Some(Deduction { amount, .. }) => {
            let deductible = first_part(came_back, item.damaged.into(), item.resalable.into())?;
            let is_in_range = amount.minor() > 0 && amount.minor() <= deductible.minor();
            if !is_in_range || amount.currency() != deductible.currency() {
                let (line, deducted) = (line.line.clone(), *amount);
                return Err(ReturnError::DeductionInvalid { line, deducted, deductible });
            }
            came_back.minus(*amount).map_err(amounts_invalid)?
        }
    };
    Ok(RefundLine {
        line: line.line.clone(),
        quantity: line.quantity,
        units: i64::from(item.resalable) + i64::from(item.damaged),
        paid: line.paid,
        missing: line.paid.minus(came_back).map_err(amounts_invalid)?,
        deduction: item.deduction.clone(),
        refund,
    })
}

/// Returns the first part of an amount that is split in two by weight; nothing where neither weighs anything.
fn first_part(amount: Money, first: u64, second: u64) -> Result<Money, ReturnError> {
    if first == 0 {
        return Ok(Money::zero(amount.currency()));
    }
    let parts = amount.allocate(&[first, second]).map_err(amounts_invalid)?;
    parts.first().copied().ok_or(ReturnError::AmountsInvalid)
}
