//! The rules of orders.

use std::collections::BTreeSet;

use super::additions;
use super::back_order;
use super::commands::OrderCommand;
use super::error::OrderError;
use super::events::{FulfilmentStatus, OrderEvent, PaymentStatus, ReturnedLine, Sale};
use super::line_cancellation;
use super::sound::{disagree, has_sound_totals, is_amount};
use super::state::{Order, OrderStatus};
use super::withdrawal;
use crate::values::{FulfilmentId, Money, PaymentId, ReturnId, ShortText, Timestamp};

/// How many days after the last delivery a return can be opened, its last moment included. The shop's promise, longer
/// than the 14 days of the French Code de la consommation, article L221-18
/// (<https://www.legifrance.gouv.fr/codes/article_lc/LEGIARTI000032226842>).
pub const RETURN_WINDOW_DAYS: i64 = 30;

/// The most returns one order may ever have, withdrawn ones included, because each is remembered.
pub const RETURNS_MAX: usize = 256;

/// The most attempts to pay one order.
pub const PAYMENTS_MAX: usize = 20;

const SECONDS_PER_DAY: i64 = 24 * 60 * 60;

type Decision = Result<Vec<OrderEvent>, OrderError>;

pub(super) fn decide(order: &Order, command: &OrderCommand) -> Decision {
    match command {
        OrderCommand::Place { sale, placed_at } => place(order, sale, *placed_at),
        OrderCommand::RequestPayment { payment, method, amount } => request_payment(order, payment, (method, *amount)),
        OrderCommand::RenewPayment { payment, method, amount } => renew_payment(order, payment, (method, *amount)),
        OrderCommand::Confirm => confirm(order),
        OrderCommand::Reject { code, reason } => reject(order, code, reason),
        OrderCommand::RequestCancellation { reason } => request_cancellation(order, reason),
        OrderCommand::RequestCancellationByBuyer { reason } => additions::request_cancellation_by_buyer(order, reason),
        OrderCommand::AcceptAddition { addition } => additions::accept(order, addition),
        OrderCommand::ReleaseAddition { addition, end } => additions::release(order, addition, *end),
        OrderCommand::RefuseCancellation { reason } => refuse_cancellation(order, reason),
        OrderCommand::Cancel { reason } => cancel(order, reason),
        OrderCommand::RequestLineCancellation { cancellation, lines, reason, gone } => {
            line_cancellation::request(order, cancellation, (lines, gone), reason)
        }
        OrderCommand::RefuseLineCancellation { cancellation, code, reason } => {
            line_cancellation::refuse(order, cancellation, code, reason)
        }
        OrderCommand::CancelLines { cancellation, lines, refund } => {
            line_cancellation::cancel(order, cancellation, lines, *refund)
        }
        OrderCommand::BackOrder { lines, until } => back_order::back_order(order, lines, *until),
        OrderCommand::FillBackOrder => back_order::fill(order),
        OrderCommand::RecordPayment { status, authorised, captured, refunded } => {
            record_payment(order, *status, [*authorised, *captured, *refunded])
        }
        OrderCommand::RecordFulfilment { status, fulfilment, at } => {
            record_fulfilment(order, *status, fulfilment.as_ref(), *at)
        }
        OrderCommand::OpenReturn { return_id, lines, reason, now } => {
            open_return(order, return_id, lines, reason, *now)
        }
        OrderCommand::DeclareWithdrawal { return_id, lines, now } => withdrawal::declare(order, return_id, lines, *now),
        OrderCommand::ConfirmWithdrawal { return_id, now } => withdrawal::confirm(order, return_id, *now),
        OrderCommand::WithdrawReturn { return_id } => withdraw_return(order, return_id),
        OrderCommand::Complete => complete(order),
    }
}

fn place(order: &Order, sale: &Sale, placed_at: Timestamp) -> Decision {
    if let Some(placed) = order.sale() {
        let same = placed == sale && order.placed_at() == Some(placed_at);
        return if same { Ok(vec![]) } else { Err(OrderError::AlreadyPlaced) };
    }
    if sale.lines.is_empty() {
        return Err(OrderError::NoLines);
    }
    has_sound_totals(sale)?;
    Ok(vec![OrderEvent::Placed { sale: Box::new(sale.clone()), placed_at }])
}

fn request_payment(order: &Order, payment: &PaymentId, wish: (&ShortText, Option<Money>)) -> Decision {
    if order.payments().contains(payment) {
        return Ok(vec![]);
    }
    match order.status() {
        OrderStatus::Absent => return Err(OrderError::Unknown),
        OrderStatus::Placed => {}
        // The shop owes the goods and holds no money any more: another card may guarantee them.
        OrderStatus::Confirmed if has_lost_its_hold(order) => {}
        OrderStatus::Confirmed | OrderStatus::Rejected | OrderStatus::Cancelled | OrderStatus::Completed => {
            return Err(illegal(order, "paid anew"));
        }
    }
    let may_begin = match order.payment_status() {
        PaymentStatus::Pending => order.payments().is_empty(),
        PaymentStatus::RequiresAction
        | PaymentStatus::Declined
        | PaymentStatus::Voided
        | PaymentStatus::PartiallyAuthorised => true,
        PaymentStatus::Authorised
        | PaymentStatus::PartiallyCaptured
        | PaymentStatus::Captured
        | PaymentStatus::PartiallyRefunded
        | PaymentStatus::Refunded => false,
    };
    if !may_begin {
        return Err(OrderError::PaymentUnderWay);
    }
    begin_payment(order, payment, wish, order.payment_due())
}

/// What the hold that ends is still counted for is not due, so its own amount says what is to be held: of money of which a part
/// was taken no more than was not.
fn renew_payment(order: &Order, payment: &PaymentId, wish: (&ShortText, Option<Money>)) -> Decision {
    if order.payments().contains(payment) {
        return Ok(vec![]);
    }
    let untaken = order.untaken();
    match order.status() {
        OrderStatus::Absent => return Err(OrderError::Unknown),
        OrderStatus::Confirmed if was_held(order) && untaken.minor() > 0 => {}
        OrderStatus::Confirmed if has_lost_its_hold(order) => {}
        OrderStatus::Placed
        | OrderStatus::Confirmed
        | OrderStatus::Rejected
        | OrderStatus::Cancelled
        | OrderStatus::Completed => return Err(illegal(order, "held anew")),
    }
    begin_payment(order, payment, wish, untaken)
}

/// Returns whether money was held when it was last heard of, or taken.
fn was_held(order: &Order) -> bool {
    match order.payment_status() {
        PaymentStatus::Authorised
        | PaymentStatus::PartiallyCaptured
        | PaymentStatus::Captured
        | PaymentStatus::PartiallyRefunded
        | PaymentStatus::Refunded => true,
        PaymentStatus::Pending
        | PaymentStatus::RequiresAction
        | PaymentStatus::Declined
        | PaymentStatus::Voided
        | PaymentStatus::PartiallyAuthorised => false,
    }
}

/// Returns whether there was a hold of which nothing was taken and nothing stands.
fn has_lost_its_hold(order: &Order) -> bool {
    match order.payment_status() {
        PaymentStatus::RequiresAction
        | PaymentStatus::Declined
        | PaymentStatus::Voided
        | PaymentStatus::PartiallyAuthorised => !order.cancellation_requested(),
        PaymentStatus::Pending
        | PaymentStatus::Authorised
        | PaymentStatus::PartiallyCaptured
        | PaymentStatus::Captured
        | PaymentStatus::PartiallyRefunded
        | PaymentStatus::Refunded => false,
    }
}

fn begin_payment(
    order: &Order,
    payment: &PaymentId,
    (method, amount): (&ShortText, Option<Money>),
    due: Money,
) -> Decision {
    if order.payments().len() >= PAYMENTS_MAX {
        return Err(OrderError::TooManyPayments { max: PAYMENTS_MAX });
    }
    let requested = amount.unwrap_or(due);
    if !requested.is_part_of(due) {
        return Err(OrderError::PaymentAmountInvalid { requested, due });
    }
    // After a part was taken no other payment is for everything, be it of what is left.
    let is_part = |requested: &Money| *requested != order.payable_left() || order.captured().minor() > 0;
    let amount = Some(requested).filter(is_part);
    Ok(vec![OrderEvent::PaymentRequested { payment: payment.clone(), method: method.clone(), amount }])
}

fn confirm(order: &Order) -> Decision {
    match order.status() {
        OrderStatus::Absent => Err(OrderError::Unknown),
        OrderStatus::Placed => Ok(vec![OrderEvent::Confirmed {}]),
        OrderStatus::Confirmed | OrderStatus::Completed => Ok(vec![]),
        OrderStatus::Rejected | OrderStatus::Cancelled => Err(illegal(order, "confirmed")),
    }
}

fn reject(order: &Order, code: &str, reason: &ShortText) -> Decision {
    match order.status() {
        OrderStatus::Absent => Err(OrderError::Unknown),
        OrderStatus::Placed => Ok(vec![OrderEvent::Rejected { code: code.to_owned(), reason: reason.clone() }]),
        OrderStatus::Rejected => Ok(vec![]),
        OrderStatus::Confirmed | OrderStatus::Cancelled | OrderStatus::Completed => Err(illegal(order, "rejected")),
    }
}

pub(super) fn request_cancellation(order: &Order, reason: &ShortText) -> Decision {
    if order.cancellation_requested() || order.status() == OrderStatus::Cancelled {
        return Ok(vec![]);
    }
    is_cancellable(order)?;
    Ok(vec![OrderEvent::CancellationRequested { reason: reason.clone() }])
}

fn refuse_cancellation(order: &Order, reason: &ShortText) -> Decision {
    match order.status() {
        OrderStatus::Absent => Err(OrderError::Unknown),
        OrderStatus::Cancelled => Err(illegal(order, "kept")),
        OrderStatus::Placed | OrderStatus::Confirmed | OrderStatus::Rejected | OrderStatus::Completed => {
            if !order.cancellation_requested() {
                return Ok(vec![]);
            }
            Ok(vec![OrderEvent::CancellationRefused { reason: reason.clone() }])
        }
    }
}

fn cancel(order: &Order, reason: &ShortText) -> Decision {
    if order.status() == OrderStatus::Cancelled {
        return Ok(vec![]);
    }
    is_cancellable(order)?;
    Ok(vec![OrderEvent::Cancelled { reason: reason.clone() }])
}

fn record_payment(order: &Order, status: PaymentStatus, amounts: [Money; 3]) -> Decision {
    let sale = order.sale().ok_or(OrderError::Unknown)?;
    for amount in amounts {
        is_amount(amount, sale.currency)?;
    }
    let [authorised, captured, refunded] = amounts;
    if captured > authorised {
        return Err(disagree("more is captured than authorised"));
    }
    if refunded > captured {
        return Err(disagree("more is refunded than captured"));
    }
    let present = [order.authorised(), order.captured(), order.refunded()];
    if status == order.payment_status() && amounts == present {
        return Ok(vec![]);
    }
    Ok(vec![OrderEvent::PaymentRecorded { status, authorised, captured, refunded }])
}

fn record_fulfilment(
    order: &Order,
    status: FulfilmentStatus,
    fulfilment: Option<&FulfilmentId>,
    at: Timestamp,
) -> Decision {
    if order.status() == OrderStatus::Absent {
        return Err(OrderError::Unknown);
    }
    let same_record =
        order.fulfilment_record().is_some_and(|record| record.fulfilment.as_ref() == fulfilment && record.at == at);
    if same_record && status == order.fulfilment_status() {
        return Ok(vec![]);
    }
    Ok(vec![OrderEvent::FulfilmentRecorded { status, fulfilment: fulfilment.cloned(), at }])
}

fn open_return(
    order: &Order,
    return_id: &ReturnId,
    lines: &[ReturnedLine],
    reason: &ShortText,
    now: Timestamp,
) -> Decision {
    if let Some(known) = order.returns().get(return_id) {
        if known.withdrawn {
            return Err(OrderError::ReturnWithdrawn);
        }
        return if known.lines == lines { Ok(vec![]) } else { Err(OrderError::ReturnDiffers) };
    }
    may_be_returned(order, now)?;
    may_open_return(order, lines)?;
    let (return_id, lines, reason) = (return_id.clone(), lines.to_vec(), reason.clone());
    Ok(vec![OrderEvent::ReturnOpened { return_id, lines, reason, withdrawal: None }])
}

fn withdraw_return(order: &Order, return_id: &ReturnId) -> Decision {
    if order.status() == OrderStatus::Absent {
        return Err(OrderError::Unknown);
    }
    match order.returns().get(return_id) {
        None => Err(OrderError::ReturnUnknown),
        Some(known) if known.withdrawn => Ok(vec![]),
        Some(_) => Ok(vec![OrderEvent::ReturnWithdrawn { return_id: return_id.clone() }]),
    }
}

fn complete(order: &Order) -> Decision {
    match order.status() {
        OrderStatus::Absent => Err(OrderError::Unknown),
        OrderStatus::Completed => Ok(vec![]),
        OrderStatus::Placed | OrderStatus::Rejected | OrderStatus::Cancelled => Err(illegal(order, "completed")),
        OrderStatus::Confirmed => {
            // A lost parcel is settled by giving its money back: who asks knows that it was.
            match order.fulfilment_status() {
                FulfilmentStatus::Delivered | FulfilmentStatus::Lost => Ok(vec![OrderEvent::Completed {}]),
                FulfilmentStatus::Unfulfilled
                | FulfilmentStatus::Requested
                | FulfilmentStatus::Packed
                | FulfilmentStatus::PartiallyShipped
                | FulfilmentStatus::Shipped
                | FulfilmentStatus::PartiallyDelivered
                | FulfilmentStatus::Cancelled => Err(OrderError::NotDelivered),
            }
        }
    }
}

pub(super) fn is_cancellable(order: &Order) -> Result<(), OrderError> {
    match order.status() {
        OrderStatus::Absent => return Err(OrderError::Unknown),
        OrderStatus::Rejected | OrderStatus::Cancelled | OrderStatus::Completed => {
            return Err(illegal(order, "cancelled"));
        }
        OrderStatus::Placed | OrderStatus::Confirmed => {}
    }
    match order.fulfilment_status() {
        FulfilmentStatus::PartiallyShipped
        | FulfilmentStatus::Shipped
        | FulfilmentStatus::PartiallyDelivered
        | FulfilmentStatus::Delivered
        | FulfilmentStatus::Lost => Err(OrderError::AlreadyShipped),
        FulfilmentStatus::Unfulfilled
        | FulfilmentStatus::Requested
        | FulfilmentStatus::Packed
        | FulfilmentStatus::Cancelled => Ok(()),
    }
}

fn may_be_returned(order: &Order, now: Timestamp) -> Result<(), OrderError> {
    may_come_back(order)?;
    let delivered_at = order.delivered_at().ok_or(OrderError::NotDelivered)?;
    let closed_at = delivered_at.plus_seconds(RETURN_WINDOW_DAYS * SECONDS_PER_DAY);
    if now > closed_at {
        return Err(OrderError::ReturnWindowClosed { closed_at });
    }
    Ok(())
}

/// Only what is owed and has arrived whole comes back, and nothing while its units may still be cancelled.
pub(super) fn may_come_back(order: &Order) -> Result<(), OrderError> {
    match order.status() {
        OrderStatus::Absent => return Err(OrderError::Unknown),
        OrderStatus::Placed | OrderStatus::Rejected | OrderStatus::Cancelled => {
            return Err(illegal(order, "returned"));
        }
        OrderStatus::Confirmed | OrderStatus::Completed => {}
    }
    if order.fulfilment_status() != FulfilmentStatus::Delivered {
        return Err(OrderError::NotDelivered);
    }
    if order.line_cancellation_requested().is_some() {
        return Err(OrderError::CancellationUnderWay);
    }
    Ok(())
}

/// These units may come back, and one more return be remembered.
pub(super) fn may_open_return(order: &Order, lines: &[ReturnedLine]) -> Result<(), OrderError> {
    are_returnable(order, lines)?;
    if order.returns().len() >= RETURNS_MAX {
        return Err(OrderError::TooManyReturns { max: RETURNS_MAX });
    }
    Ok(())
}

pub(super) fn are_returnable(order: &Order, lines: &[ReturnedLine]) -> Result<(), OrderError> {
    let named: BTreeSet<_> = lines.iter().map(|returned| &returned.line).collect();
    if lines.is_empty() || named.len() < lines.len() {
        return Err(OrderError::ReturnLinesInvalid);
    }
    for ReturnedLine { line, quantity } in lines {
        if !order.has_line(line) {
            return Err(OrderError::LineUnknown { line: line.clone() });
        }
        let (requested, returnable) = (quantity.units(), order.returnable(line));
        if requested > returnable {
            return Err(OrderError::NotReturnable { line: line.clone(), requested, returnable });
        }
    }
    Ok(())
}

pub(super) fn illegal(order: &Order, wish: &'static str) -> OrderError {
    OrderError::IllegalTransition { status: order.status().name(), wish }
}
