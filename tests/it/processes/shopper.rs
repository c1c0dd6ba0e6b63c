//! What tests of processes wait for.

use std::sync::Arc;
use std::time::Duration;

use domain::decider::{Decider, Refusal};
use domain::fulfilment::{Fulfilment, FulfilmentCommand};
use domain::order::{FulfilmentStatus, Order};
use domain::values::{FulfilmentId, OrderId};
use sagas::engine::OpenTask;
pub use testkit::{PATIENCE, Shopper, staff};
use testkit::{TestShop, parcels_of};

/// After how long something is looked at again.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// Waits until an order is as the test wants it.
pub async fn order_when(shop: &TestShop, order: &OrderId, wanted: impl Fn(&Order) -> bool) -> Arc<Order> {
    when(shop, order.as_str(), wanted).await
}

/// Waits until an aggregate is as the test wants it.
pub async fn when<D>(shop: &TestShop, id: &str, wanted: impl Fn(&D) -> bool) -> Arc<D>
where
    D: Decider,
    D::Error: Refusal,
{
    let mut head = shop.started.store.head();
    let found = async {
        loop {
            head.mark_unchanged();
            let state = shop.started.shop.bus.load::<D>(id).await.expect("an aggregate").state;
            if wanted(&state) {
                return state;
            }
            // What is at hand follows its event by a moment: look again soon also where nothing more is stored.
            let _ = tokio::time::timeout(LOOK_AGAIN, head.changed()).await;
        }
    };
    tokio::time::timeout(PATIENCE, found).await.expect("it comes to be as wanted in time")
}

/// Waits until there is a task whose name begins so.
pub async fn task_when(shop: &TestShop, name: &str) -> OpenTask {
    let mut head = shop.started.store.head();
    let found = async {
        loop {
            head.mark_unchanged();
            let tasks = shop.started.processes.tasks();
            if let Some(task) = tasks.into_iter().find(|open| open.task.name.starts_with(name)) {
                return task;
            }
            // The task shows right after its record is stored: look again soon also where nothing more is stored.
            let _ = tokio::time::timeout(LOOK_AGAIN, head.changed()).await;
        }
    };
    tokio::time::timeout(PATIENCE, found).await.expect("the task opens in time")
}

/// Lets staff pack, hand over and deliver every parcel of an order.
pub async fn deliver(shop: &TestShop, order: &OrderId) {
    for parcel in parcels(shop, order).await {
        pack(shop, &parcel).await;
        let staff = staff();
        let write = &shop.started.shop;
        app::fulfilment::hand_over(write, &staff, &parcel, None).await.expect("is handed over");
        let delivered_at = write.clock.now();
        let command = FulfilmentCommand::Deliver { delivered_at };
        app::fulfilment::change(write, &staff, &parcel, command).await.expect("is delivered");
    }
    order_when(shop, order, |order| order.fulfilment_status() == FulfilmentStatus::Delivered).await;
}

/// Lets staff pack a parcel and waits until it may leave.
pub async fn pack(shop: &TestShop, parcel: &FulfilmentId) {
    let write = &shop.started.shop;
    let command = FulfilmentCommand::Pack { packed_at: write.clock.now() };
    app::fulfilment::change(write, &staff(), parcel, command).await.expect("is packed");
    when::<Fulfilment>(shop, parcel.as_str(), |parcel| parcel.is_released()).await;
}

/// Lists the parcels of a confirmed order, by its locations in their order.
pub async fn parcels(shop: &TestShop, order: &OrderId) -> Vec<FulfilmentId> {
    order_when(shop, order, |order| order.fulfilment_status() != FulfilmentStatus::Unfulfilled).await;
    parcels_of(shop, order).await
}
