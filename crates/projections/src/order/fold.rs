//! From events of orders to rows: which rows an event needs, and the order itself.

use domain::fulfilment::FulfilmentEvent;
use domain::order::{OrderEvent, OrderStatus, ReturnedLine};
use domain::payment::PaymentEvent;
use domain::returns::ReturnEvent;
use serde::Serialize;

use super::tables::{ALL, ORDER_FULFILMENTS, ORDER_LINES, ORDER_PAYMENTS, ORDER_RETURNS, ORDERS};
use super::{following, sale, timeline};
use crate::event::{Body, Event};
use crate::projection::Projection;
use crate::rows::{Row, Table, Value, key};
use crate::working::{FoldError, Working};

/// The read model of orders.
#[derive(Clone, Copy, Debug, Default)]
pub struct OrderProjection;

impl Projection for OrderProjection {
    fn name(&self) -> &'static str {
        "order"
    }

    fn version(&self) -> i64 {
        4
    }

    fn tables(&self) -> &'static [&'static Table] {
        &ALL
    }

    fn kinds(&self) -> &'static [&'static str] {
        &["order", "payment", "fulfilment", "return"]
    }

    fn keys(&self, events: &[&Event], rows: &mut Working) -> Result<(), FoldError> {
        for event in events {
            match event.body()? {
                Body::Order(order) => order_keys(event, order, rows)?,
                Body::Payment(_) => own_key(&ORDER_PAYMENTS, event, rows)?,
                Body::Fulfilment(_) => own_key(&ORDER_FULFILMENTS, event, rows)?,
                // The order may have told of the return before the return's own stream begins.
                Body::Return(_) => rows.want(&ORDER_RETURNS, key([event.id()]))?,
                Body::Product(_)
                | Body::Variant(_)
                | Body::Category(_)
                | Body::Stock(_)
                | Body::Cart(_)
                | Body::Documents(_)
                | Body::Promotion(_) => {}
            }
        }
        Ok(())
    }

    fn apply(&self, event: &Event, rows: &mut Working) -> Result<(), FoldError> {
        match event.body()? {
            Body::Order(order) => {
                apply_order(event, order, rows)?;
                timeline::note(event, event.id(), timeline::of_order(order), rows)
            }
            Body::Payment(payment) => {
                following::payment(event, payment, rows)?;
                note_following(&ORDER_PAYMENTS, event, timeline::of_payment(payment), rows)
            }
            Body::Fulfilment(fulfilment) => {
                following::fulfilment(event, fulfilment, rows)?;
                note_following(&ORDER_FULFILMENTS, event, timeline::of_fulfilment(fulfilment), rows)
            }
            Body::Return(returned) => {
                following::returned(event, returned, rows)?;
                note_following(&ORDER_RETURNS, event, timeline::of_return(returned), rows)
            }
            Body::Product(_)
            | Body::Variant(_)
            | Body::Category(_)
            | Body::Stock(_)
            | Body::Cart(_)
            | Body::Documents(_)
            | Body::Promotion(_) => Ok(()),
        }
    }
}

fn own_key(table: &'static Table, event: &Event, rows: &mut Working) -> Result<(), FoldError> {
    if event.is_first() { rows.expect_none(table, key([event.id()])) } else { rows.want(table, key([event.id()])) }
}

fn order_keys(event: &Event, order: &OrderEvent, rows: &mut Working) -> Result<(), FoldError> {
    own_key(&ORDERS, event, rows)?;
    match order {
        OrderEvent::Placed { sale, .. } => {
            for line in &sale.lines {
                rows.expect_none(&ORDER_LINES, key([event.id(), line.line.as_str()]))?;
            }
        }
        OrderEvent::ReturnOpened { return_id, lines, .. } => {
            rows.want(&ORDER_RETURNS, key([return_id.as_str()]))?;
            for line in lines {
                rows.want(&ORDER_LINES, key([event.id(), line.line.as_str()]))?;
            }
        }
        OrderEvent::LinesCancelled { lines, .. } => {
            for cancelled in lines {
                rows.want(&ORDER_LINES, key([event.id(), cancelled.line.as_str()]))?;
            }
        }
        OrderEvent::ReturnWithdrawn { return_id } => {
            let own = key([return_id.as_str()]);
            let known = rows.peek(&ORDER_RETURNS, &own).map(opened_lines).transpose()?;
            rows.want(&ORDER_RETURNS, own)?;
            for line in known.unwrap_or_default() {
                rows.want(&ORDER_LINES, key([event.id(), line.line.as_str()]))?;
            }
        }
        OrderEvent::Confirmed {}
        | OrderEvent::BackOrdered { .. }
        | OrderEvent::BackOrderFilled {}
        | OrderEvent::Rejected { .. }
        | OrderEvent::CancellationRequested { .. }
        | OrderEvent::CancellationRefused { .. }
        | OrderEvent::LineCancellationRequested { .. }
        | OrderEvent::LineCancellationRefused { .. }
        | OrderEvent::Cancelled { .. }
        | OrderEvent::PaymentRequested { .. }
        | OrderEvent::PaymentRecorded { .. }
        | OrderEvent::FulfilmentRecorded { .. }
        | OrderEvent::WithdrawalDeclared { .. }
        | OrderEvent::AdditionAccepted { .. }
        | OrderEvent::AdditionReleased { .. }
        | OrderEvent::Completed {} => {}
    }
    Ok(())
}

fn apply_order(event: &Event, order: &OrderEvent, rows: &mut Working) -> Result<(), FoldError> {
    if let OrderEvent::Placed { sale, placed_at } = order {
        return sale::place(event, sale, placed_at.micros(), rows);
    }
    let row = rows.update(&ORDERS, &key([event.id()]))?;
    row.set("updated_at", event.at())?;
    row.set("version", event.sequence())?;
    match order {
        OrderEvent::Placed { .. }
        | OrderEvent::PaymentRequested { .. }
        | OrderEvent::LineCancellationRequested { .. }
        | OrderEvent::LineCancellationRefused { .. }
        | OrderEvent::BackOrdered { .. }
        | OrderEvent::BackOrderFilled {}
        // The addition's own row says what it was added to.
        | OrderEvent::AdditionAccepted { .. }
        | OrderEvent::AdditionReleased { .. }
        // It binds nobody before its return is opened.
        | OrderEvent::WithdrawalDeclared { .. } => Ok(()),
        OrderEvent::Confirmed {} => {
            row.set("confirmed_at", event.at())?;
            Ok(row.set("order_status", OrderStatus::Confirmed.name())?)
        }
        OrderEvent::Rejected { code, .. } => {
            row.set("rejection_code", code.as_str())?;
            Ok(row.set("order_status", OrderStatus::Rejected.name())?)
        }
        OrderEvent::CancellationRequested { .. } => Ok(row.set("cancellation_requested", true)?),
        OrderEvent::CancellationRefused { .. } => Ok(row.set("cancellation_requested", false)?),
        OrderEvent::Cancelled { .. } => Ok(row.set("order_status", OrderStatus::Cancelled.name())?),
        OrderEvent::LinesCancelled { lines, .. } => {
            row.add("cancelled_minor", lines.iter().map(|cancelled| cancelled.paid.minor()).sum::<i64>())?;
            lines.iter().try_for_each(|cancelled| {
                let row = rows.update(&ORDER_LINES, &key([event.id(), cancelled.line.as_str()]))?;
                row.add("cancelled_gross_minor", cancelled.total.gross.minor())?;
                Ok(row.add("cancelled_quantity", cancelled.quantity.units())?)
            })
        }
        OrderEvent::PaymentRecorded { status, authorised, captured, refunded } => {
            row.set("payment_status", name_of(status)?)?;
            row.set("authorised_minor", authorised.minor())?;
            row.set("captured_minor", captured.minor())?;
            Ok(row.set("refunded_minor", refunded.minor())?)
        }
        OrderEvent::FulfilmentRecorded { status, .. } => Ok(row.set("fulfilment_status", name_of(status)?)?),
        OrderEvent::ReturnOpened { return_id, lines, .. } => {
            following::open_return(event, return_id.as_str(), lines, rows)?;
            lines.iter().try_for_each(|line| count_returned(event, line, line.quantity.units(), rows))
        }
        OrderEvent::ReturnWithdrawn { return_id } => {
            let known = rows.update(&ORDER_RETURNS, &key([return_id.as_str()])).and_then(|row| opened_lines(row))?;
            known.iter().try_for_each(|line| count_returned(event, line, -line.quantity.units(), rows))
        }
        OrderEvent::Completed {} => Ok(row.set("order_status", OrderStatus::Completed.name())?),
    }
}

fn count_returned(event: &Event, line: &ReturnedLine, units: i64, rows: &mut Working) -> Result<(), FoldError> {
    let row = rows.update(&ORDER_LINES, &key([event.id(), line.line.as_str()]))?;
    Ok(row.add("returned_quantity", units)?)
}

/// Returns which units of the order a return takes.
pub(super) fn opened_lines(row: &Row) -> Result<Vec<ReturnedLine>, FoldError> {
    Ok(serde_json::from_str(row.text("lines_json")?)?)
}

/// Returns the name by which a status is stored.
pub(super) fn name_of(status: &impl Serialize) -> Result<Value, FoldError> {
    match serde_json::to_value(status)? {
        serde_json::Value::String(name) => Ok(Value::from(name)),
        other => Err(FoldError::Impossible(format!("{other} is not the name of a status"))),
    }
}

/// A stream that was barred before it began has no row and belongs to no order that could be named: nothing is noted.
fn note_following(
    table: &'static Table,
    event: &Event,
    detail: serde_json::Value,
    rows: &mut Working,
) -> Result<(), FoldError> {
    let Some(row) = rows.get(table, &key([event.id()]))? else {
        return Ok(());
    };
    let order = row.text("order_id")?.to_owned();
    timeline::note(event, &order, detail, rows)
}

/// Says whether an event may stand at the beginning of a stream that was cancelled before it was asked for.
pub(super) fn bars(body: &Body) -> bool {
    match body {
        Body::Fulfilment(fulfilment) => matches!(fulfilment, FulfilmentEvent::Cancelled { .. }),
        Body::Return(returned) => matches!(returned, ReturnEvent::Cancelled { .. }),
        Body::Payment(payment) => matches!(payment, PaymentEvent::VoidRequested { .. } | PaymentEvent::Voided {}),
        Body::Order(_)
        | Body::Product(_)
        | Body::Variant(_)
        | Body::Category(_)
        | Body::Stock(_)
        | Body::Cart(_)
        | Body::Documents(_)
        | Body::Promotion(_) => false,
    }
}
