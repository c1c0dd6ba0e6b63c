//! The rules of returns.
//!
//! A wish that a later step already includes is a repeat, not an error: approving a return whose box has arrived
//! changes nothing and is answered with no event, so that a process may ask again after a crash.

use std::collections::BTreeSet;

use super::commands::ReturnCommand;
use super::error::ReturnError;
use super::events::{Inspection, LegalWithdrawal, ReturnEvent, ReturnLine};
use super::refund::refund_of;
use super::state::{Return, ReturnStatus};
use crate::values::{LineId, LocationId, Money, MoneyError, ShortText};

type Decision = Result<Vec<ReturnEvent>, ReturnError>;

pub(super) fn decide(current: &Return, command: &ReturnCommand) -> Decision {
    match command {
        ReturnCommand::Request { order, customer, lines, reason, withdrawal } => {
            if current.status() != ReturnStatus::Absent {
                let same = current.order() == Some(order)
                    && current.customer() == Some(customer)
                    && current.lines() == lines
                    && current.reason() == Some(reason)
                    && current.withdrawal() == *withdrawal;
                return if same { Ok(vec![]) } else { Err(ReturnError::AlreadyExists) };
            }
            has_valid_lines(lines)?;
            has_valid_delivery(lines, withdrawal.as_ref())?;
            let (order, customer, lines, reason) = (order.clone(), customer.clone(), lines.clone(), reason.clone());
            Ok(vec![ReturnEvent::Requested { order, customer, lines, reason, withdrawal: *withdrawal }])
        }
        ReturnCommand::Approve => approve(current),
        ReturnCommand::Refuse { reason } => refuse(current, reason),
        ReturnCommand::ShipBack { carrier, tracking } => ship_back(current, carrier, tracking),
        ReturnCommand::Receive { location } => receive(current, location),
        ReturnCommand::Inspect { items } => inspect(current, items),
        ReturnCommand::Resolve { refunded } => resolve(current, *refunded),
        ReturnCommand::Cancel { reason } => cancel(current, reason),
    }
}

fn approve(current: &Return) -> Decision {
    match current.status() {
        ReturnStatus::Absent => Err(ReturnError::Unknown),
        ReturnStatus::Requested => Ok(vec![ReturnEvent::Approved {}]),
        ReturnStatus::Approved | ReturnStatus::Received | ReturnStatus::Inspected | ReturnStatus::Resolved => {
            Ok(vec![])
        }
        ReturnStatus::Refused | ReturnStatus::Cancelled => illegal(current, "approved"),
    }
}

fn refuse(current: &Return, reason: &ShortText) -> Decision {
    match current.status() {
        ReturnStatus::Absent => Err(ReturnError::Unknown),
        ReturnStatus::Requested if current.withdrawal().is_some() => Err(ReturnError::WithdrawalStands),
        ReturnStatus::Requested => Ok(vec![ReturnEvent::Refused { reason: reason.clone() }]),
        ReturnStatus::Refused => Ok(vec![]),
        ReturnStatus::Approved
        | ReturnStatus::Received
        | ReturnStatus::Inspected
        | ReturnStatus::Resolved
        | ReturnStatus::Cancelled => illegal(current, "refused"),
    }
}

/// Once the box is there no proof is needed any more.
fn ship_back(current: &Return, carrier: &ShortText, tracking: &ShortText) -> Decision {
    match (current.status(), current.shipment()) {
        (ReturnStatus::Absent, _) => Err(ReturnError::Unknown),
        (ReturnStatus::Approved, None) => {
            Ok(vec![ReturnEvent::ShippedBack { carrier: carrier.clone(), tracking: tracking.clone() }])
        }
        (ReturnStatus::Approved, Some(known)) if known == (carrier, tracking) => Ok(vec![]),
        (ReturnStatus::Received | ReturnStatus::Inspected | ReturnStatus::Resolved, _) => Ok(vec![]),
        (ReturnStatus::Approved, Some(_)) => illegal(current, "shipped back under another number"),
        (ReturnStatus::Requested | ReturnStatus::Refused | ReturnStatus::Cancelled, _) => {
            illegal(current, "shipped back")
        }
    }
}

fn receive(current: &Return, location: &LocationId) -> Decision {
    match current.status() {
        ReturnStatus::Absent => Err(ReturnError::Unknown),
        ReturnStatus::Approved => Ok(vec![ReturnEvent::Received { location: location.clone() }]),
        ReturnStatus::Received | ReturnStatus::Inspected | ReturnStatus::Resolved => {
            if current.location() == Some(location) {
                return Ok(vec![]);
            }
            illegal(current, "received elsewhere")
        }
        ReturnStatus::Requested | ReturnStatus::Refused | ReturnStatus::Cancelled => illegal(current, "received"),
    }
}

fn inspect(current: &Return, items: &[Inspection]) -> Decision {
    match current.status() {
        ReturnStatus::Absent => Err(ReturnError::Unknown),
        ReturnStatus::Received => {
            let refund = refund_of(current, items)?;
            Ok(vec![ReturnEvent::Inspected { items: items.to_vec(), refund }])
        }
        ReturnStatus::Inspected | ReturnStatus::Resolved => {
            if current.inspection() == items {
                return Ok(vec![]);
            }
            illegal(current, "inspected again")
        }
        ReturnStatus::Requested | ReturnStatus::Approved | ReturnStatus::Refused | ReturnStatus::Cancelled => {
            illegal(current, "inspected")
        }
    }
}

/// Another amount is refused in both statuses: a second refund is never a repeat.
fn resolve(current: &Return, refunded: Money) -> Decision {
    match (current.status(), current.refund()) {
        (ReturnStatus::Absent, _) => Err(ReturnError::Unknown),
        (ReturnStatus::Inspected | ReturnStatus::Resolved, Some(owed)) if refunded != owed => {
            Err(ReturnError::RefundDiffers { refunded, owed })
        }
        (ReturnStatus::Inspected, Some(_)) => Ok(vec![ReturnEvent::Resolved { refunded }]),
        (ReturnStatus::Resolved, Some(_)) => Ok(vec![]),
        (
            ReturnStatus::Requested
            | ReturnStatus::Approved
            | ReturnStatus::Refused
            | ReturnStatus::Received
            | ReturnStatus::Inspected
            | ReturnStatus::Resolved
            | ReturnStatus::Cancelled,
            _,
        ) => illegal(current, "resolved"),
    }
}

fn cancel(current: &Return, reason: &ShortText) -> Decision {
    match current.status() {
        ReturnStatus::Absent => Err(ReturnError::Unknown),
        ReturnStatus::Requested | ReturnStatus::Approved => Ok(vec![ReturnEvent::Cancelled { reason: reason.clone() }]),
        ReturnStatus::Cancelled => Ok(vec![]),
        ReturnStatus::Refused | ReturnStatus::Received | ReturnStatus::Inspected | ReturnStatus::Resolved => {
            illegal(current, "cancelled")
        }
    }
}

/// At least one line, none twice, amounts in one currency, none negative, and a sum that fits.
fn has_valid_lines(lines: &[ReturnLine]) -> Result<(), ReturnError> {
    let Some(first) = lines.first() else {
        return Err(ReturnError::LinesInvalid);
    };
    if !are_distinct(lines.iter().map(|line| &line.line)) {
        return Err(ReturnError::LinesInvalid);
    }
    let mut sum = Money::zero(first.paid.currency());
    for line in lines {
        if line.paid.minor() < 0 {
            return Err(ReturnError::AmountsInvalid);
        }
        sum = sum.plus(line.paid).map_err(amounts_invalid)?;
    }
    Ok(())
}

/// What is given back of delivery is in the currency of the goods and not negative.
fn has_valid_delivery(lines: &[ReturnLine], withdrawal: Option<&LegalWithdrawal>) -> Result<(), ReturnError> {
    let (Some(withdrawal), Some(line)) = (withdrawal, lines.first()) else { return Ok(()) };
    if withdrawal.delivery.currency() != line.paid.currency() || withdrawal.delivery.minor() < 0 {
        return Err(ReturnError::AmountsInvalid);
    }
    Ok(())
}

pub(super) fn are_distinct<'a>(lines: impl Iterator<Item = &'a LineId>) -> bool {
    let mut seen = BTreeSet::new();
    for line in lines {
        if !seen.insert(line) {
            return false;
        }
    }
    true
}

/// The error says which rule the amounts break; the arithmetic's own message names no line of a return.
pub(super) fn amounts_invalid(_error: MoneyError) -> ReturnError {
    ReturnError::AmountsInvalid
}

fn illegal(current: &Return, wish: &'static str) -> Decision {
    Err(ReturnError::IllegalTransition { status: current.status().name(), wish })
}
