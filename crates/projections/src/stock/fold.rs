//! From events of stock to availability.

use domain::stock::{StockEvent, parse_stream_id};

use super::tables::{ALL, STOCK_LEVELS};
use crate::event::{Body, Event};
use crate::projection::Projection;
use crate::rows::{Key, Table, Value, key};
use crate::working::{FoldError, Working};

/// The read model of availability.
#[derive(Clone, Copy, Debug, Default)]
pub struct AvailabilityProjection;

impl Projection for AvailabilityProjection {
    fn name(&self) -> &'static str {
        "availability"
    }

    fn version(&self) -> i64 {
        2
    }

    fn tables(&self) -> &'static [&'static Table] {
        &ALL
    }

    fn kinds(&self) -> &'static [&'static str] {
        &["stock"]
    }

    fn keys(&self, events: &[&Event], rows: &mut Working) -> Result<(), FoldError> {
        for event in events {
            let own = key_of(event)?;
            if event.is_first() {
                rows.expect_none(&STOCK_LEVELS, own)?;
            } else {
                rows.want(&STOCK_LEVELS, own)?;
            }
        }
        Ok(())
    }

    fn apply(&self, event: &Event, rows: &mut Working) -> Result<(), FoldError> {
        match event.body()? {
            Body::Stock(stock) => apply_stock(event, stock, rows),
            Body::Product(_)
            | Body::Variant(_)
            | Body::Category(_)
            | Body::Cart(_)
            | Body::Order(_)
            | Body::Payment(_)
            | Body::Fulfilment(_)
            | Body::Return(_)
            | Body::Documents(_)
            | Body::Promotion(_) => Ok(()),
        }
    }
}

fn key_of(event: &Event) -> Result<Key, FoldError> {
    let (sku, location) = parse_stream_id(event.id())
        .ok_or_else(|| FoldError::Undecodable(format!("{:?} is not a SKU at a location", event.id())))?;
    Ok(key([sku.as_str(), location.as_str()]))
}

/// How one event moves the units: on hand, reserved, allocated.
fn movement(stock: &StockEvent) -> (i64, i64, i64) {
    match stock {
        StockEvent::Received { quantity, .. } | StockEvent::Restocked { quantity, .. } => (quantity.units(), 0, 0),
        StockEvent::Reserved { quantity, .. } => (0, quantity.units(), 0),
        StockEvent::ReservationReleased { quantity, .. }
        | StockEvent::ReservationExpired { quantity, .. }
        | StockEvent::ShortfallDetected { quantity, .. } => (0, -quantity.units(), 0),
        StockEvent::Allocated { quantity, .. } => (0, -quantity.units(), quantity.units()),
        StockEvent::BackOrderFilled { quantity, .. } => (0, 0, quantity.units()),
        StockEvent::BackOrderClosed { freed, .. } => (0, 0, -freed.map_or(0, |freed| freed.units())),
        StockEvent::AllocationReleased { quantity, .. } | StockEvent::AllocationReduced { quantity, .. } => {
            (0, 0, -quantity.units())
        }
        StockEvent::Dispatched { quantity, .. } => (-quantity.units(), 0, -quantity.units()),
        StockEvent::WrittenOff { quantity, .. } => (-quantity.units(), 0, 0),
        StockEvent::ReservationExtended { .. }
        | StockEvent::ReservationBarred { .. }
        | StockEvent::BackOrdered { .. } => (0, 0, 0),
    }
}

/// How one event moves the units that are waited for.
fn waited_for(stock: &StockEvent) -> i64 {
    match stock {
        StockEvent::BackOrdered { missing, .. } => missing.map_or(0, |missing| missing.units()),
        StockEvent::BackOrderFilled { quantity, .. } => -quantity.units(),
        StockEvent::BackOrderClosed { unfilled, .. } => -unfilled.map_or(0, |unfilled| unfilled.units()),
        StockEvent::Received { .. }
        | StockEvent::Restocked { .. }
        | StockEvent::Reserved { .. }
        | StockEvent::ReservationExtended { .. }
        | StockEvent::ReservationReleased { .. }
        | StockEvent::ReservationExpired { .. }
        | StockEvent::ReservationBarred { .. }
        | StockEvent::ShortfallDetected { .. }
        | StockEvent::Allocated { .. }
        | StockEvent::AllocationReleased { .. }
        | StockEvent::AllocationReduced { .. }
        | StockEvent::Dispatched { .. }
        | StockEvent::WrittenOff { .. } => 0,
    }
}

fn apply_stock(event: &Event, stock: &StockEvent, rows: &mut Working) -> Result<(), FoldError> {
    let own = key_of(event)?;
    if rows.get(&STOCK_LEVELS, &own)?.is_none() {
        let fields = [
            ("sku", own[0].clone()),
            ("location", own[1].clone()),
            ("on_hand", Value::Int(0)),
            ("reserved", Value::Int(0)),
            ("allocated", Value::Int(0)),
            ("available", Value::Int(0)),
            ("back_ordered", Value::Int(0)),
            ("updated_at", event.at().into()),
            ("version", event.sequence().into()),
        ];
        rows.insert(&STOCK_LEVELS, fields)?;
    }
    let (on_hand, reserved, allocated) = movement(stock);
    let row = rows.update(&STOCK_LEVELS, &own)?;
    row.add("on_hand", on_hand)?;
    row.add("reserved", reserved)?;
    row.add("allocated", allocated)?;
    row.add("available", on_hand - reserved - allocated)?;
    row.add("back_ordered", waited_for(stock))?;
    row.set("updated_at", event.at())?;
    Ok(row.set("version", event.sequence())?)
}
