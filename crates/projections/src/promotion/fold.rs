//! From events of promotions and orders to uses.

use std::collections::HashMap;

use domain::order::{OrderEvent, Sale};
use domain::promotion::{PromotionEvent, PromotionLimits};
use domain::values::{PromotionTerms, Timestamp};
use serde::{Deserialize, Serialize};

use super::tables::{ALL, PROMOTION_ORDERS, PROMOTION_TOTALS, PROMOTIONS};
use crate::event::{Body, Event};
use crate::projection::Projection;
use crate::rows::{Row, Table, Value, key};
use crate::working::{FoldError, Working};

/// The read model of promotions.
#[derive(Clone, Copy, Debug, Default)]
pub struct PromotionProjection;

/// What a promotion took off an order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Given {
    promotion: String,
    currency: String,
    minor: i64,
}

impl Projection for PromotionProjection {
    fn name(&self) -> &'static str {
        "promotion"
    }

    fn version(&self) -> i64 {
        1
    }

    fn tables(&self) -> &'static [&'static Table] {
        &ALL
    }

    fn kinds(&self) -> &'static [&'static str] {
        &["promotion", "order"]
    }

    fn keys(&self, events: &[&Event], rows: &mut Working) -> Result<(), FoldError> {
        // An order may be placed and confirmed within one batch.
        let mut placed = HashMap::new();
        for event in events {
            match event.body()? {
                Body::Promotion(_) if event.is_first() => rows.expect_none(&PROMOTIONS, key([event.id()]))?,
                Body::Promotion(_) => rows.want(&PROMOTIONS, key([event.id()]))?,
                Body::Order(order) => order_keys(event, order, &mut placed, rows)?,
                Body::Product(_)
                | Body::Variant(_)
                | Body::Category(_)
                | Body::Stock(_)
                | Body::Cart(_)
                | Body::Payment(_)
                | Body::Fulfilment(_)
                | Body::Return(_)
                | Body::Documents(_) => {}
            }
        }
        Ok(())
    }

    fn apply(&self, event: &Event, rows: &mut Working) -> Result<(), FoldError> {
        match event.body()? {
            Body::Promotion(promotion) => apply_promotion(event, promotion, rows),
            Body::Order(order) => apply_order(event, order, rows),
            Body::Product(_)
            | Body::Variant(_)
            | Body::Category(_)
            | Body::Stock(_)
            | Body::Cart(_)
            | Body::Payment(_)
            | Body::Fulfilment(_)
            | Body::Return(_)
            | Body::Documents(_) => Ok(()),
        }
    }
}

fn order_keys(
    event: &Event,
    order: &OrderEvent,
    placed: &mut HashMap<String, Vec<Given>>,
    rows: &mut Working,
) -> Result<(), FoldError> {
    let own = key([event.id()]);
    match order {
        OrderEvent::Placed { sale, .. } => {
            rows.expect_none(&PROMOTION_ORDERS, own)?;
            placed.insert(event.id().to_owned(), given_by(sale));
        }
        OrderEvent::Confirmed {} | OrderEvent::Rejected { .. } | OrderEvent::Cancelled { .. } => {
            rows.want(&PROMOTION_ORDERS, own.clone())?;
            let stored = match rows.peek(&PROMOTION_ORDERS, &own) {
                Some(row) => given_of(row)?,
                None => Vec::new(),
            };
            for given in placed.get(event.id()).into_iter().flatten().chain(&stored) {
                rows.want(&PROMOTIONS, key([&given.promotion]))?;
                rows.want(&PROMOTION_TOTALS, key([&given.promotion, &given.currency]))?;
            }
        }
        OrderEvent::CancellationRequested { .. }
        | OrderEvent::CancellationRefused { .. }
        | OrderEvent::LineCancellationRequested { .. }
        | OrderEvent::LineCancellationRefused { .. }
        | OrderEvent::BackOrdered { .. }
        | OrderEvent::BackOrderFilled {}
        | OrderEvent::LinesCancelled { .. }
        | OrderEvent::PaymentRequested { .. }
        | OrderEvent::PaymentRecorded { .. }
        | OrderEvent::FulfilmentRecorded { .. }
        | OrderEvent::ReturnOpened { .. }
        | OrderEvent::ReturnWithdrawn { .. }
        | OrderEvent::WithdrawalDeclared { .. }
        | OrderEvent::AdditionAccepted { .. }
        | OrderEvent::AdditionReleased { .. }
        | OrderEvent::Completed {} => {}
    }
    Ok(())
}

fn given_by(sale: &Sale) -> Vec<Given> {
    let given = sale.promotions.iter().map(|sold| Given {
        promotion: sold.promotion.to_string(),
        currency: sold.amount.currency().code().to_owned(),
        minor: sold.amount.minor(),
    });
    given.collect()
}

fn given_of(row: &Row) -> Result<Vec<Given>, FoldError> {
    Ok(serde_json::from_str(row.text("given_json")?)?)
}

fn apply_promotion(event: &Event, promotion: &PromotionEvent, rows: &mut Working) -> Result<(), FoldError> {
    if let PromotionEvent::Created { terms, limits } = promotion {
        return create(event, terms, limits, rows);
    }
    let row = rows.update(&PROMOTIONS, &key([event.id()]))?;
    match promotion {
        PromotionEvent::Paused { .. } => row.set("promotion_status", "paused")?,
        PromotionEvent::Resumed {} => row.set("promotion_status", "active")?,
        PromotionEvent::Ended { .. } => row.set("promotion_status", "ended")?,
        PromotionEvent::Created { .. }
        | PromotionEvent::UseReserved { .. }
        | PromotionEvent::UseConfirmed { .. }
        | PromotionEvent::UseReleased { .. }
        | PromotionEvent::UseBarred { .. } => {}
    }
    row.set("updated_at", event.at())?;
    Ok(row.set("version", event.sequence())?)
}

fn create(
    event: &Event,
    terms: &PromotionTerms,
    limits: &PromotionLimits,
    rows: &mut Working,
) -> Result<(), FoldError> {
    let fields = [
        ("id", event.id().into()),
        ("code", terms.code.as_ref().map(|code| code.as_str()).into()),
        ("label", terms.label.as_str().into()),
        ("promotion_status", "active".into()),
        ("combines", terms.combines.into()),
        ("begins_at", limits.begins_at.map(Timestamp::micros).into()),
        ("ends_at", limits.ends_at.map(Timestamp::micros).into()),
        ("uses_max", limits.uses_max.map(i64::from).into()),
        ("uses_per_customer_max", limits.uses_per_customer_max.map(i64::from).into()),
        ("uses", Value::Int(0)),
        ("created_at", event.at().into()),
        ("updated_at", event.at().into()),
        ("version", event.sequence().into()),
    ];
    rows.insert(&PROMOTIONS, fields).map(|_row| ())
}

fn apply_order(event: &Event, order: &OrderEvent, rows: &mut Working) -> Result<(), FoldError> {
    let own = key([event.id()]);
    match order {
        OrderEvent::Placed { sale, .. } if sale.promotions.is_empty() => Ok(()),
        OrderEvent::Placed { sale, .. } => {
            let given = serde_json::to_string(&given_by(sale))?;
            let fields = [("order_id", event.id().into()), ("confirmed", false.into()), ("given_json", given.into())];
            rows.insert(&PROMOTION_ORDERS, fields).map(|_row| ())
        }
        OrderEvent::Confirmed {} => {
            let Some(row) = rows.update_if_any(&PROMOTION_ORDERS, &own)? else { return Ok(()) };
            row.set("confirmed", true)?;
            let given = given_of(row)?;
            count(&given, 1, rows)
        }
        OrderEvent::Rejected { .. } | OrderEvent::Cancelled { .. } => {
            let Some(row) = rows.get(&PROMOTION_ORDERS, &own)? else { return Ok(()) };
            let (given, confirmed) = (given_of(row)?, row.bool("confirmed")?);
            rows.delete(&PROMOTION_ORDERS, own)?;
            if confirmed { count(&given, -1, rows) } else { Ok(()) }
        }
        OrderEvent::CancellationRequested { .. }
        | OrderEvent::CancellationRefused { .. }
        | OrderEvent::LineCancellationRequested { .. }
        | OrderEvent::LineCancellationRefused { .. }
        | OrderEvent::BackOrdered { .. }
        | OrderEvent::BackOrderFilled {}
        | OrderEvent::LinesCancelled { .. }
        | OrderEvent::PaymentRequested { .. }
        | OrderEvent::PaymentRecorded { .. }
        | OrderEvent::FulfilmentRecorded { .. }
        | OrderEvent::ReturnOpened { .. }
        | OrderEvent::ReturnWithdrawn { .. }
        | OrderEvent::WithdrawalDeclared { .. }
        | OrderEvent::AdditionAccepted { .. }
        | OrderEvent::AdditionReleased { .. }
        | OrderEvent::Completed {} => Ok(()),
    }
}

/// Counts an order in, or out again.
fn count(given: &[Given], uses: i64, rows: &mut Working) -> Result<(), FoldError> {
    for Given { promotion, currency, minor } in given {
        rows.update(&PROMOTIONS, &key([promotion]))?.add("uses", uses)?;
        let total = rows.sums(&PROMOTION_TOTALS, key([promotion, currency]))?;
        total.add("uses", uses)?;
        total.add("discount_minor", uses * minor)?;
    }
    Ok(())
}
