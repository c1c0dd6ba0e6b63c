//! What the bus keeps to, shown on stock and carts.

mod cache;
mod commands;
mod idempotency;
mod races;
mod snapshots;
mod turns;

use std::sync::Arc;

use domain::stock::Stock;

use super::*;
use crate::error::Refused;
use crate::fixture::{Unreliable, bus_over, key, order, receive, reserve, shopper, staff, units};

const SHELF: &str = "livre@paris";

fn stream() -> StreamId {
    StreamId::new("stock", SHELF)
}

fn bus() -> (Arc<Unreliable>, Arc<Bus>) {
    let store = Arc::new(Unreliable::default());
    (store.clone(), Arc::new(bus_over(store)))
}

async fn on_hand(bus: &Bus) -> i64 {
    bus.load::<Stock>(SHELF).await.expect("the shelf is there").state.on_hand()
}

fn refused(answer: Result<Outcome<Stock>, AppError>) -> Refused {
    match answer {
        Err(AppError::Refused(refused)) => refused,
        other => panic!("a refusal was expected, not {other:?}"),
    }
}
