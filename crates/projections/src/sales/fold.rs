//! From events of orders, returns and products to sales.

use domain::catalog::ProductEvent;
use domain::order::OrderEvent;
use domain::returns::{Inspection, ReturnEvent, ReturnLine};
use domain::values::{CategoryId, Money};

use super::figures::{self, Side};
use super::keys;
use super::sold::Sold;
use super::tables::{ALL, SALE_ORDERS, SALE_PRODUCTS, SALE_RETURNS};
use crate::day::day_of;
use crate::event::{Body, Event};
use crate::projection::Projection;
use crate::rows::{Table, key};
use crate::working::{FoldError, Working};

/// The read model of sales.
#[derive(Clone, Copy, Debug, Default)]
pub struct SalesProjection;

impl Projection for SalesProjection {
    fn name(&self) -> &'static str {
        "sales"
    }

    fn version(&self) -> i64 {
        2
    }

    fn tables(&self) -> &'static [&'static Table] {
        &ALL
    }

    fn kinds(&self) -> &'static [&'static str] {
        &["order", "return", "product"]
    }

    fn keys(&self, events: &[&Event], rows: &mut Working) -> Result<(), FoldError> {
        keys::name(events, rows)
    }

    fn apply(&self, event: &Event, rows: &mut Working) -> Result<(), FoldError> {
        match event.body()? {
            Body::Product(ProductEvent::Categorised { categories }) => {
                let main = categories.first().map_or("", CategoryId::as_str);
                let fields = [("product_id", event.id().into()), ("category_id", main.into())];
                rows.insert(&SALE_PRODUCTS, fields).map(|_row| ())
            }
            Body::Order(order) => apply_order(event, order, rows),
            Body::Return(returned) => apply_return(event, returned, rows),
            Body::Product(_)
            | Body::Variant(_)
            | Body::Category(_)
            | Body::Stock(_)
            | Body::Cart(_)
            | Body::Payment(_)
            | Body::Fulfilment(_)
            | Body::Documents(_)
            | Body::Promotion(_) => Ok(()),
        }
    }
}

fn apply_order(event: &Event, order: &OrderEvent, rows: &mut Working) -> Result<(), FoldError> {
    let own = key([event.id()]);
    match order {
        OrderEvent::Placed { sale, .. } => {
            for line in &sale.lines {
                // That it is not there is an answer; that it was not asked for is a defect.
                rows.get(&SALE_PRODUCTS, &key([line.product.as_str()]))?;
            }
            let sold = Sold::of(sale, |product| keys::known_category(product, rows));
            let fields = [
                ("order_id", event.id().into()),
                ("confirmed", false.into()),
                ("sold_json", serde_json::to_string(&sold)?.into()),
            ];
            rows.insert(&SALE_ORDERS, fields).map(|_row| ())
        }
        OrderEvent::Confirmed {} => {
            let row = rows.update(&SALE_ORDERS, &own)?;
            row.set("confirmed", true)?;
            let sold = Sold::of_row(row)?;
            figures::count(&sold, &day_of(event.at()), Side::Sold, rows)
        }
        OrderEvent::Rejected { .. } => rows.delete(&SALE_ORDERS, own),
        OrderEvent::Cancelled { .. } => {
            let row = rows.update(&SALE_ORDERS, &own)?;
            let (sold, confirmed) = (Sold::of_row(row)?, row.bool("confirmed")?);
            rows.delete(&SALE_ORDERS, own)?;
            if confirmed {
                figures::count(&sold, &day_of(event.at()), Side::Cancelled, rows)?;
            }
            Ok(())
        }
        OrderEvent::LinesCancelled { lines, .. } => {
            let row = rows.update(&SALE_ORDERS, &own)?;
            let (cancelled, left) = Sold::of_row(row)?.split(lines)?;
            row.set("sold_json", serde_json::to_string(&left)?)?;
            figures::count_lines(&cancelled, &day_of(event.at()), Side::Cancelled, rows)
        }
        OrderEvent::CancellationRequested { .. }
        | OrderEvent::LineCancellationRequested { .. }
        | OrderEvent::LineCancellationRefused { .. }
        | OrderEvent::BackOrdered { .. }
        | OrderEvent::BackOrderFilled {}
        | OrderEvent::CancellationRefused { .. }
        | OrderEvent::PaymentRequested { .. }
        | OrderEvent::PaymentRecorded { .. }
        | OrderEvent::FulfilmentRecorded { .. }
        | OrderEvent::WithdrawalDeclared { .. }
        | OrderEvent::AdditionAccepted { .. }
        | OrderEvent::AdditionReleased { .. }
        | OrderEvent::ReturnOpened { .. }
        | OrderEvent::ReturnWithdrawn { .. }
        | OrderEvent::Completed {} => Ok(()),
    }
}

fn apply_return(event: &Event, returned: &ReturnEvent, rows: &mut Working) -> Result<(), FoldError> {
    let own = key([event.id()]);
    match returned {
        ReturnEvent::Requested { order, lines, .. } => {
            let fields = [
                ("return_id", event.id().into()),
                ("order_id", order.as_str().into()),
                ("lines_json", serde_json::to_string(lines)?.into()),
            ];
            rows.insert(&SALE_RETURNS, fields).map(|_row| ())
        }
        ReturnEvent::Inspected { items, .. } => {
            let row = rows.update(&SALE_RETURNS, &own)?;
            Ok(row.set("inspection_json", serde_json::to_string(items)?)?)
        }
        ReturnEvent::Resolved { refunded } => {
            let row = rows.update(&SALE_RETURNS, &own)?;
            let lines: Vec<ReturnLine> = serde_json::from_str(row.text("lines_json")?)?;
            let items: Vec<Inspection> = serde_json::from_str(row.text_or_null("inspection_json")?.unwrap_or("[]"))?;
            let order = key([row.text("order_id")?]);
            rows.delete(&SALE_RETURNS, own)?;
            let sold = Sold::of_row(rows.update(&SALE_ORDERS, &order)?)?;
            figures::refund(&sold, &shares(*refunded, &lines, &items)?, &day_of(event.at()), rows)
        }
        // A return that was barred before it began has no row either.
        ReturnEvent::Refused { .. } | ReturnEvent::Cancelled { .. } => rows.delete(&SALE_RETURNS, own),
        ReturnEvent::Approved {} | ReturnEvent::ShippedBack { .. } | ReturnEvent::Received { .. } => Ok(()),
    }
}

/// Splits what was given back over the lines, each weighing what was paid for its units that came back, less what was kept
/// back for damage. The parts sum to the whole whatever the weights are.
fn shares(refunded: Money, lines: &[ReturnLine], items: &[Inspection]) -> Result<Vec<(String, i64)>, FoldError> {
    let mut weights = Vec::with_capacity(lines.len());
    for line in lines {
        let paid = match items.iter().find(|item| item.line == line.line) {
            Some(item) => {
                let came_back = u64::from(item.resalable) + u64::from(item.damaged);
                let parts = line.paid.allocate(&[came_back, u64::from(item.missing)])?;
                let came_back = parts.first().copied().unwrap_or(line.paid);
                match &item.deduction {
                    Some(deduction) => came_back.minus(deduction.amount)?,
                    None => came_back,
                }
            }
            None => line.paid,
        };
        weights.push(paid.minor().unsigned_abs());
    }
    let parts = refunded.allocate(&weights)?;
    Ok(lines.iter().zip(parts).map(|(line, part)| (line.line.to_string(), part.minor())).collect())
}
