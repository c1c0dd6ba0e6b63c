//! KurrentDB passes the contract of every backend: over the fake, and over a real server where `KURRENTDB_URL` names one.
//! Each check has a log of its own on the server.

mod place;

use event_store::contract;
use place::{Place, Store};

event_store::contract_tests!(kurrentdb, crate::with_kurrentdb);

async fn with_kurrentdb(check: impl AsyncFnOnce(Store)) {
    let place = Place::new().await;
    check(place.open().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kurrentdb_reopening_keeps_everything() {
    let place = Place::new().await;
    contract::reopening_keeps_everything(async || place.open().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_event_is_skipped_under_two_processes() {
    let place = Place::new().await;
    let stores = vec![place.open().await, place.open_another().await];
    contract::no_event_is_skipped_under_writers_of(stores).await;
}
