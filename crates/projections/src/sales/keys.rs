//! Which rows a batch needs. An order may be placed, confirmed and returned within one batch: what the events of the batch
//! will write is foreseen here.

use std::collections::HashMap;

use domain::catalog::ProductEvent;
use domain::order::OrderEvent;
use domain::returns::ReturnEvent;
use domain::values::CategoryId;

use super::sold::Sold;
use super::tables::{SALE_ORDERS, SALE_PRODUCTS, SALE_RETURNS, SALES_BY_CATEGORY, SALES_BY_DAY, SALES_BY_PRODUCT};
use crate::day::day_of;
use crate::event::{Body, Event};
use crate::rows::key;
use crate::working::{FoldError, Working};

/// What the events seen so far in this batch say.
#[derive(Default)]
struct Foreseen {
    /// The main category by product.
    categories: HashMap<String, String>,
    orders: HashMap<String, Sold>,
    /// The order by return.
    returns: HashMap<String, String>,
}

pub(super) fn name(events: &[&Event], rows: &mut Working) -> Result<(), FoldError> {
    let mut foreseen = Foreseen::default();
    for event in events {
        match event.body()? {
            Body::Product(product) => foreseen.product(event, product),
            Body::Order(order) => foreseen.order(event, order, rows)?,
            Body::Return(returned) => foreseen.returned(event, returned, rows)?,
            Body::Variant(_)
            | Body::Category(_)
            | Body::Stock(_)
            | Body::Cart(_)
            | Body::Payment(_)
            | Body::Fulfilment(_)
            | Body::Documents(_)
            | Body::Promotion(_) => {}
        }
    }
    Ok(())
}

impl Foreseen {
    fn product(&mut self, event: &Event, product: &ProductEvent) {
        if let ProductEvent::Categorised { categories } = product {
            let main = categories.first().map_or("", CategoryId::as_str);
            self.categories.insert(event.id().to_owned(), main.to_owned());
        }
    }

    fn order(&mut self, event: &Event, order: &OrderEvent, rows: &mut Working) -> Result<(), FoldError> {
        match order {
            OrderEvent::Placed { sale, .. } => {
                rows.expect_none(&SALE_ORDERS, key([event.id()]))?;
                for line in &sale.lines {
                    rows.want(&SALE_PRODUCTS, key([line.product.as_str()]))?;
                }
                let sold = Sold::of(sale, |product| match self.categories.get(product) {
                    Some(category) => category.clone(),
                    None => known_category(product, rows),
                });
                self.orders.insert(event.id().to_owned(), sold);
                Ok(())
            }
            OrderEvent::Confirmed {} | OrderEvent::Cancelled { .. } | OrderEvent::LinesCancelled { .. } => {
                self.count(event, event.id(), rows)
            }
            OrderEvent::Rejected { .. }
            | OrderEvent::CancellationRequested { .. }
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

    fn returned(&mut self, event: &Event, returned: &ReturnEvent, rows: &mut Working) -> Result<(), FoldError> {
        match returned {
            ReturnEvent::Requested { order, .. } => {
                rows.expect_none(&SALE_RETURNS, key([event.id()]))?;
                self.returns.insert(event.id().to_owned(), order.to_string());
                Ok(())
            }
            ReturnEvent::Inspected { .. } => rows.want(&SALE_RETURNS, key([event.id()])),
            ReturnEvent::Resolved { .. } => {
                let own = key([event.id()]);
                rows.want(&SALE_RETURNS, own.clone())?;
                let order = match (self.returns.get(event.id()), rows.peek(&SALE_RETURNS, &own)) {
                    (Some(order), _) => order.clone(),
                    (None, Some(row)) => row.text("order_id")?.to_owned(),
                    (None, None) => return Ok(()),
                };
                self.count(event, &order, rows)
            }
            ReturnEvent::Approved {}
            | ReturnEvent::Refused { .. }
            | ReturnEvent::ShippedBack { .. }
            | ReturnEvent::Received { .. }
            | ReturnEvent::Cancelled { .. } => Ok(()),
        }
    }

    /// Names the sums that an order counts in on the day of the event.
    fn count(&self, event: &Event, order: &str, rows: &mut Working) -> Result<(), FoldError> {
        let own = key([order]);
        rows.want(&SALE_ORDERS, own.clone())?;
        let stored = match rows.peek(&SALE_ORDERS, &own) {
            Some(row) => Some(Sold::of_row(row)?),
            None => None,
        };
        let Some(sold) = self.orders.get(order).or(stored.as_ref()) else {
            return Ok(());
        };
        let (day, currency) = (day_of(event.at()), sold.currency.code());
        rows.want(&SALES_BY_DAY, key([&day, currency]))?;
        for line in &sold.lines {
            rows.want(&SALES_BY_PRODUCT, key([&line.product, &day, currency]))?;
            rows.want(&SALES_BY_CATEGORY, key([&line.category, &day, currency]))?;
        }
        Ok(())
    }
}

/// Returns the main category that is stored for a product, the empty text for none.
pub(super) fn known_category(product: &str, rows: &Working) -> String {
    let row = rows.peek(&SALE_PRODUCTS, &key([product]));
    row.and_then(|row| row.text("category_id").ok()).unwrap_or_default().to_owned()
}
