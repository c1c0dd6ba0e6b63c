//! What follows an order: payments, fulfilments and returns. Their own rows are also the way from their id to the order.

use domain::fulfilment::{FulfilmentEvent, FulfilmentLine, FulfilmentState};
use domain::order::ReturnedLine;
use domain::payment::{PaymentEvent, PaymentStatus};
use domain::returns::{ReturnEvent, ReturnStatus};
use domain::values::Quantity;

use super::fold::bars;
use super::tables::{ORDER_FULFILMENTS, ORDER_PAYMENTS, ORDER_RETURNS};
use crate::event::Event;
use crate::rows::{Row, Table, Value, key};
use crate::working::{FoldError, Working};

/// Returns the row of the event's stream; none where the stream was barred before it began.
fn own_row<'a>(table: &'static Table, event: &Event, rows: &'a mut Working) -> Result<Option<&'a mut Row>, FoldError> {
    let own = key([event.id()]);
    if rows.get(table, &own)?.is_none() && bars(event.body()?) {
        return Ok(None);
    }
    let row = rows.update(table, &own)?;
    row.set("updated_at", event.at())?;
    row.set("version", event.sequence())?;
    Ok(Some(row))
}

pub(super) fn payment(event: &Event, payment: &PaymentEvent, rows: &mut Working) -> Result<(), FoldError> {
    if let PaymentEvent::Initiated { order, amount, .. } = payment {
        let fields = [
            ("id", event.id().into()),
            ("order_id", order.as_str().into()),
            ("status", PaymentStatus::Initiated.name().into()),
            ("currency", amount.currency().code().into()),
            ("amount_minor", amount.minor().into()),
            ("authorised_minor", Value::Int(0)),
            ("captured_minor", Value::Int(0)),
            ("refunded_minor", Value::Int(0)),
            ("initiated_at", event.at().into()),
            ("updated_at", event.at().into()),
            ("version", event.sequence().into()),
        ];
        return rows.insert(&ORDER_PAYMENTS, fields).map(|_row| ());
    }
    let Some(row) = own_row(&ORDER_PAYMENTS, event, rows)? else {
        return Ok(());
    };
    match payment {
        PaymentEvent::ActionRequired { provider_reference, action_url } => {
            row.set("provider_reference", provider_reference.as_str())?;
            row.set("action_url", action_url.as_str())?;
            Ok(row.set("status", PaymentStatus::ActionRequired.name())?)
        }
        PaymentEvent::Authorised { provider_reference, amount, expires_at } => {
            row.set("provider_reference", provider_reference.as_str())?;
            row.set("authorised_minor", amount.minor())?;
            row.set("expires_at", expires_at.micros())?;
            row.set("action_url", Value::Null)?;
            Ok(row.set("status", PaymentStatus::Authorised.name())?)
        }
        PaymentEvent::Declined { code } => {
            row.set("decline_code", code.as_str())?;
            row.set("action_url", Value::Null)?;
            Ok(row.set("status", PaymentStatus::Declined.name())?)
        }
        PaymentEvent::Captured { amount, .. } => Ok(row.add("captured_minor", amount.minor())?),
        PaymentEvent::Refunded { amount, .. } => Ok(row.add("refunded_minor", amount.minor())?),
        PaymentEvent::VoidRequested { .. } => {
            row.set("action_url", Value::Null)?;
            Ok(row.set("status", PaymentStatus::VoidRequested.name())?)
        }
        PaymentEvent::Voided {} => Ok(row.set("status", PaymentStatus::Voided.name())?),
        PaymentEvent::AuthorisationExpired {} => Ok(row.set("status", PaymentStatus::Expired.name())?),
        PaymentEvent::Initiated { .. }
        | PaymentEvent::AuthorisedTooLate { .. }
        | PaymentEvent::CaptureRequested { .. }
        | PaymentEvent::CaptureFailed { .. }
        | PaymentEvent::RefundRequested { .. }
        | PaymentEvent::RefundFailed { .. } => Ok(()),
    }
}

pub(super) fn fulfilment(event: &Event, fulfilment: &FulfilmentEvent, rows: &mut Working) -> Result<(), FoldError> {
    if let FulfilmentEvent::Requested { order, location, lines, share, .. } = fulfilment {
        let fields = [
            ("id", event.id().into()),
            ("order_id", order.as_str().into()),
            ("location", location.as_str().into()),
            ("status", FulfilmentState::Requested.name().into()),
            ("released", false.into()),
            ("currency", share.currency().code().into()),
            ("share_minor", share.minor().into()),
            ("lines_json", serde_json::to_string(lines)?.into()),
            ("requested_at", event.at().into()),
            ("updated_at", event.at().into()),
            ("version", event.sequence().into()),
        ];
        return rows.insert(&ORDER_FULFILMENTS, fields).map(|_row| ());
    }
    let Some(row) = own_row(&ORDER_FULFILMENTS, event, rows)? else {
        return Ok(());
    };
    match fulfilment {
        FulfilmentEvent::Requested { .. } => Ok(()),
        FulfilmentEvent::Reduced { lines, share, .. } => {
            let left = left_of(serde_json::from_str(row.text("lines_json")?)?, lines);
            row.set("lines_json", serde_json::to_string(&left)?)?;
            row.set("status", FulfilmentState::Requested.name())?;
            Ok(row.add("share_minor", -share.minor())?)
        }
        FulfilmentEvent::Packed { packed_at } => {
            row.set("packed_at", packed_at.micros())?;
            Ok(row.set("status", FulfilmentState::Packed.name())?)
        }
        FulfilmentEvent::LabelBooked { carrier, tracking } => {
            row.set("carrier", carrier.as_str())?;
            Ok(row.set("tracking", tracking.as_str())?)
        }
        FulfilmentEvent::ReleasedForShipping {} => Ok(row.set("released", true)?),
        FulfilmentEvent::HandedOver { carrier, tracking, handed_over_at } => {
            row.set("carrier", carrier.as_str())?;
            row.set("tracking", tracking.as_str())?;
            row.set("handed_over_at", handed_over_at.micros())?;
            Ok(row.set("status", FulfilmentState::HandedOver.name())?)
        }
        FulfilmentEvent::Delivered { delivered_at } => {
            row.set("delivered_at", delivered_at.micros())?;
            Ok(row.set("status", FulfilmentState::Delivered.name())?)
        }
        FulfilmentEvent::Lost { .. } => Ok(row.set("status", FulfilmentState::Lost.name())?),
        FulfilmentEvent::Cancelled { .. } => Ok(row.set("status", FulfilmentState::Cancelled.name())?),
    }
}

/// Returns the lines of a parcel without what was taken out of it.
fn left_of(lines: Vec<FulfilmentLine>, taken_out: &[FulfilmentLine]) -> Vec<FulfilmentLine> {
    let left = lines.into_iter().filter_map(|line| {
        let taken: i64 = taken_out.iter().filter(|part| part.line == line.line).map(|part| part.quantity.units()).sum();
        let quantity = Quantity::new(line.quantity.units() - taken).ok()?;
        Some(FulfilmentLine { quantity, ..line })
    });
    left.collect()
}

/// Notes that the order keeps units for a return.
pub(super) fn open_return(
    event: &Event,
    return_id: &str,
    lines: &[ReturnedLine],
    rows: &mut Working,
) -> Result<(), FoldError> {
    if let Some(row) = rows.update_if_any(&ORDER_RETURNS, &key([return_id]))? {
        return Ok(row.set("lines_json", serde_json::to_string(lines)?)?);
    }
    insert_return(event, (return_id, event.id()), lines, rows).map(|_row| ())
}

/// A return's version counts its own stream; until that begins it is 0.
fn insert_return<'a>(
    event: &Event,
    (return_id, order): (&str, &str),
    lines: &[ReturnedLine],
    rows: &'a mut Working,
) -> Result<&'a mut Row, FoldError> {
    let fields = [
        ("id", return_id.into()),
        ("order_id", order.into()),
        ("status", ReturnStatus::Requested.name().into()),
        ("lines_json", serde_json::to_string(lines)?.into()),
        ("opened_at", event.at().into()),
        ("updated_at", event.at().into()),
        ("version", Value::Int(0)),
    ];
    rows.insert(&ORDER_RETURNS, fields)
}

pub(super) fn returned(event: &Event, returned: &ReturnEvent, rows: &mut Working) -> Result<(), FoldError> {
    if let ReturnEvent::Requested { order, lines, .. } = returned
        && rows.get(&ORDER_RETURNS, &key([event.id()]))?.is_none()
    {
        let kept: Vec<ReturnedLine> =
            lines.iter().map(|line| ReturnedLine { line: line.line.clone(), quantity: line.quantity }).collect();
        insert_return(event, (event.id(), order.as_str()), &kept, rows)?;
    }
    let Some(row) = own_row(&ORDER_RETURNS, event, rows)? else {
        return Ok(());
    };
    match returned {
        ReturnEvent::Requested { lines, .. } => {
            Ok(row.set("currency", lines.first().map(|line| line.paid.currency().code()))?)
        }
        ReturnEvent::Approved {} => Ok(row.set("status", ReturnStatus::Approved.name())?),
        ReturnEvent::Refused { .. } => Ok(row.set("status", ReturnStatus::Refused.name())?),
        // Its row counts it, and has no place for what it says.
        ReturnEvent::ShippedBack { .. } => Ok(()),
        ReturnEvent::Received { location } => {
            row.set("location", location.as_str())?;
            Ok(row.set("status", ReturnStatus::Received.name())?)
        }
        ReturnEvent::Inspected { items, refund } => {
            row.set("inspection_json", serde_json::to_string(items)?)?;
            row.set("refund_minor", refund.minor())?;
            Ok(row.set("status", ReturnStatus::Inspected.name())?)
        }
        ReturnEvent::Resolved { refunded } => {
            row.set("refunded_minor", refunded.minor())?;
            Ok(row.set("status", ReturnStatus::Resolved.name())?)
        }
        ReturnEvent::Cancelled { .. } => Ok(row.set("status", ReturnStatus::Cancelled.name())?),
    }
}
