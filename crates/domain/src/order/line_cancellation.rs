//! Cancelling units of lines of a confirmed order before a carrier has them: asked for, then answered by the process that
//! takes them out of their parcels. One at a time; what is asked for the last units of an order calls it off.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::additions::goes_alone;
use super::decide::{illegal, request_cancellation};
use super::error::OrderError;
use super::events::{CancelledLine, FulfilmentStatus, LineUnits, OrderEvent};
use super::sound::{disagree, gross_of, is_amount, sum};
use super::state::{Order, OrderStatus};
use crate::values::{LineCancellationId, LineId, Money, ShortText};

/// The most wishes to cancel lines one order may ever have, because each is remembered.
pub const LINE_CANCELLATIONS_MAX: usize = 256;

type Decision = Result<Vec<OrderEvent>, OrderError>;

/// What became of a wish to cancel units of lines.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum LineCancellationOutcome {
    /// It has no answer yet.
    Requested,
    /// These units are cancelled.
    Done {
        /// Which, and what they were sold for.
        lines: Vec<CancelledLine>,
        /// What goes back, because it was taken.
        refund: Money,
    },
    /// None of them could be.
    Refused {
        /// A stable code.
        code: String,
        /// Why.
        reason: ShortText,
    },
    /// The order was called off before it was answered.
    Overtaken,
}

impl LineCancellationOutcome {
    pub(super) fn refused(code: &str, reason: &ShortText) -> Self {
        Self::Refused { code: code.to_owned(), reason: reason.clone() }
    }

    pub(super) fn done(lines: &[CancelledLine], refund: Money) -> Self {
        Self::Done { lines: lines.to_vec(), refund }
    }
}

/// A wish to cancel units of lines.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LineCancellation {
    /// Its id.
    pub id: LineCancellationId,
    /// The units that were asked for.
    pub lines: Vec<LineUnits>,
    /// Why.
    pub reason: ShortText,
    /// What became of it.
    pub outcome: LineCancellationOutcome,
}

impl LineCancellation {
    pub(super) fn asked(id: &LineCancellationId, lines: &[LineUnits], reason: &ShortText) -> Self {
        let (id, lines, reason) = (id.clone(), lines.to_vec(), reason.clone());
        Self { id, lines, reason, outcome: LineCancellationOutcome::Requested }
    }

    pub(super) fn overtake(&mut self) {
        if self.is_pending() {
            self.outcome = LineCancellationOutcome::Overtaken;
        }
    }

    /// Reports whether it has no answer yet.
    pub fn is_pending(&self) -> bool {
        self.outcome == LineCancellationOutcome::Requested
    }

    /// Returns what was paid, or was to be paid, for the units that are cancelled by it; none until it is done.
    pub fn paid(&self) -> Option<Money> {
        let paid = self.cancelled().iter().map(|cancelled| cancelled.paid);
        // They are in the currency of the sale, and together at most what it came to.
        paid.reduce(|sum, paid| Money::new(sum.minor() + paid.minor(), sum.currency()))
    }

    /// Returns the units that are cancelled by it; none until it is done.
    pub fn cancelled(&self) -> &[CancelledLine] {
        match &self.outcome {
            LineCancellationOutcome::Done { lines, .. } => lines,
            LineCancellationOutcome::Requested
            | LineCancellationOutcome::Refused { .. }
            | LineCancellationOutcome::Overtaken => &[],
        }
    }
}

impl Order {
    /// Returns a wish to cancel units of lines.
    pub fn line_cancellation(&self, id: &LineCancellationId) -> Option<&LineCancellation> {
        self.line_cancellations().iter().find(|asked| asked.id == *id)
    }

    /// Returns the wish to cancel units of lines that has no answer yet.
    pub fn line_cancellation_requested(&self) -> Option<&LineCancellation> {
        self.line_cancellations().iter().find(|asked| asked.is_pending())
    }

    /// Returns what was cancelled of a line, in order.
    pub fn cancelled_of(&self, line: &LineId) -> impl Iterator<Item = &CancelledLine> {
        let cancelled = self.line_cancellations().iter().flat_map(LineCancellation::cancelled);
        cancelled.filter(move |cancelled| cancelled.line == *line)
    }

    /// Returns what the buyer pays, less what was cancelled, in the sale's currency.
    pub fn payable_left(&self) -> Money {
        let cancelled: i64 =
            self.line_cancellations().iter().filter_map(LineCancellation::paid).map(Money::minor).sum();
        self.money(self.sale().map_or(0, |sale| sale.payable.minor()) - cancelled)
    }
}

pub(super) fn request(
    order: &Order,
    cancellation: &LineCancellationId,
    (lines, gone): (&[LineUnits], &[LineUnits]),
    reason: &ShortText,
) -> Decision {
    if let Some(known) = order.line_cancellation(cancellation) {
        return if known.lines == lines { Ok(vec![]) } else { Err(OrderError::LineCancellationDiffers) };
    }
    match order.status() {
        OrderStatus::Absent => return Err(OrderError::Unknown),
        OrderStatus::Placed | OrderStatus::Rejected | OrderStatus::Cancelled | OrderStatus::Completed => {
            return Err(illegal(order, "cancelled by line"));
        }
        OrderStatus::Confirmed => {}
    }
    are_cancellable(order, lines)?;
    if order.line_cancellation_requested().is_some() {
        return Err(OrderError::CancellationUnderWay);
    }
    are_here(order, lines, gone)?;
    if leaves_nothing(order, lines) {
        goes_alone(order)?;
        return request_cancellation(order, reason);
    }
    if order.cancellation_requested() {
        return Err(OrderError::CancellationUnderWay);
    }
    if order.back_order().is_some() {
        return Err(OrderError::BackOrdered);
    }
    has_units_here(order)?;
    if order.line_cancellations().len() >= LINE_CANCELLATIONS_MAX {
        return Err(OrderError::TooManyLineCancellations { max: LINE_CANCELLATIONS_MAX });
    }
    let (cancellation, lines, reason) = (cancellation.clone(), lines.to_vec(), reason.clone());
    Ok(vec![OrderEvent::LineCancellationRequested { cancellation, lines, reason }])
}

pub(super) fn refuse(order: &Order, cancellation: &LineCancellationId, code: &str, reason: &ShortText) -> Decision {
    let known = order.line_cancellation(cancellation).ok_or(OrderError::LineCancellationUnknown)?;
    match &known.outcome {
        LineCancellationOutcome::Refused { .. } | LineCancellationOutcome::Overtaken => Ok(vec![]),
        LineCancellationOutcome::Done { .. } => Err(OrderError::LineCancellationDiffers),
        LineCancellationOutcome::Requested => {
            let (cancellation, code, reason) = (cancellation.clone(), code.to_owned(), reason.clone());
            Ok(vec![OrderEvent::LineCancellationRefused { cancellation, code, reason }])
        }
    }
}

pub(super) fn cancel(
    order: &Order,
    cancellation: &LineCancellationId,
    lines: &[CancelledLine],
    refund: Money,
) -> Decision {
    let known = order.line_cancellation(cancellation).ok_or(OrderError::LineCancellationUnknown)?;
    match &known.outcome {
        LineCancellationOutcome::Done { lines: before, .. } if before == lines => return Ok(vec![]),
        LineCancellationOutcome::Done { .. }
        | LineCancellationOutcome::Refused { .. }
        | LineCancellationOutcome::Overtaken => return Err(OrderError::LineCancellationDiffers),
        LineCancellationOutcome::Requested => {}
    }
    let named: BTreeSet<_> = lines.iter().map(|cancelled| &cancelled.line).collect();
    if lines.is_empty() || named.len() < lines.len() {
        return Err(OrderError::LinesInvalid);
    }
    let mut paid = order.money(0);
    for cancelled in lines {
        let asked = known.lines.iter().find(|asked| asked.line == cancelled.line);
        if asked.is_none_or(|asked| cancelled.quantity > asked.quantity) {
            return Err(OrderError::LineCancellationDiffers);
        }
        is_part_of_line(order, cancelled)?;
        paid = sum(paid, cancelled.paid)?;
    }
    if is_amount(refund, paid.currency())? > paid {
        return Err(disagree("more goes back than was paid for the units"));
    }
    let (cancellation, lines) = (cancellation.clone(), lines.to_vec());
    Ok(vec![OrderEvent::LinesCancelled { cancellation, lines, refund }])
}

/// Checks that cancelled units cost no more than what is left of their line.
fn is_part_of_line(order: &Order, cancelled: &CancelledLine) -> Result<(), OrderError> {
    let sale = order.sale().ok_or(OrderError::Unknown)?;
    let gross = gross_of(&cancelled.total, sale.currency)?;
    if is_amount(cancelled.paid, sale.currency)? > gross {
        return Err(disagree("more was paid for cancelled units than they cost"));
    }
    let mut of_line = gross;
    for before in order.cancelled_of(&cancelled.line) {
        of_line = sum(of_line, before.total.gross)?;
    }
    let sold = sale.lines.iter().find(|sold| sold.line == cancelled.line);
    match sold {
        Some(sold) if of_line <= sold.total.gross && cancelled.total.rate == sold.total.rate => Ok(()),
        Some(_) => Err(disagree("cancelled units cost more than their line")),
        None => Err(OrderError::LineUnknown { line: cancelled.line.clone() }),
    }
}

fn are_cancellable(order: &Order, lines: &[LineUnits]) -> Result<(), OrderError> {
    let named: BTreeSet<_> = lines.iter().map(|asked| &asked.line).collect();
    if lines.is_empty() || named.len() < lines.len() {
        return Err(OrderError::LinesInvalid);
    }
    for LineUnits { line, quantity } in lines {
        if !order.has_line(line) {
            return Err(OrderError::LineUnknown { line: line.clone() });
        }
        // What is on its way back is not cancelled besides.
        let (requested, cancellable) = (quantity.units(), order.returnable(line));
        if requested > cancellable {
            return Err(OrderError::NotCancellable { line: line.clone(), requested, cancellable });
        }
    }
    Ok(())
}

fn are_here(order: &Order, lines: &[LineUnits], gone: &[LineUnits]) -> Result<(), OrderError> {
    let is_here =
        |asked: &LineUnits| asked.quantity.units() <= order.units_left(&asked.line) - units_in(gone, &asked.line);
    if lines.iter().all(is_here) { Ok(()) } else { Err(OrderError::AlreadyShipped) }
}

fn leaves_nothing(order: &Order, lines: &[LineUnits]) -> bool {
    let mut sold = order.sale().into_iter().flat_map(|sale| &sale.lines);
    sold.all(|line| order.units_left(&line.line) == units_in(lines, &line.line))
}

fn units_in(lines: &[LineUnits], line: &LineId) -> i64 {
    lines.iter().filter(|part| part.line == *line).map(|part| part.quantity.units()).sum()
}

/// Where some parcels have left, the others say which units are still here.
fn has_units_here(order: &Order) -> Result<(), OrderError> {
    match order.fulfilment_status() {
        FulfilmentStatus::Shipped | FulfilmentStatus::Delivered | FulfilmentStatus::Cancelled => {
            Err(OrderError::AlreadyShipped)
        }
        FulfilmentStatus::Unfulfilled
        | FulfilmentStatus::Requested
        | FulfilmentStatus::Packed
        | FulfilmentStatus::PartiallyShipped
        | FulfilmentStatus::PartiallyDelivered
        | FulfilmentStatus::Lost => Ok(()),
    }
}
