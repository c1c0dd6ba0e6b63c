use domain::stock::StockEvent;
use domain::values::Timestamp;

use super::AvailabilityProjection;
use crate::testing::{Story, order, returned, units, value};
use crate::tests::models_of;
use crate::views::Slice;

fn received(count: i64) -> StockEvent {
    StockEvent::Received { quantity: units(count), reference: value("bon") }
}

fn reserved(number: u128, count: i64) -> StockEvent {
    StockEvent::Reserved { order: order(number), quantity: units(count), expires_at: Timestamp::from_micros(9) }
}

#[tokio::test]
async fn units_move_from_shelf_to_order_to_door() {
    let mut story = Story::new();
    let events = [
        received(100),
        reserved(1, 10),
        reserved(2, 20),
        reserved(3, 5),
        StockEvent::ReservationExtended { order: order(1), expires_at: Timestamp::from_micros(20) },
        StockEvent::Allocated { order: order(1), quantity: units(10) },
        StockEvent::ReservationReleased { order: order(2), quantity: units(20), reason: value("no") },
        StockEvent::ReservationExpired { order: order(3), quantity: units(5) },
        StockEvent::ReservationBarred { order: order(4) },
        StockEvent::Dispatched { order: order(1), quantity: units(10) },
        reserved(5, 7),
        StockEvent::Allocated { order: order(5), quantity: units(7) },
        reserved(6, 2),
        reserved(7, 3),
        StockEvent::ShortfallDetected {
            order: order(7),
            quantity: units(3),
            lacking: units(1),
            reason: value("count"),
        },
        StockEvent::Restocked { return_id: returned(1), quantity: units(3) },
        StockEvent::WrittenOff { quantity: units(1), reason: value("broken") },
    ];
    story.add("stock", "A@paris", &events).await;
    story.add("stock", "A@lyon", &[received(4)]).await;
    story.add("stock", "B@lyon", &[received(1)]).await;
    let models = models_of(&story, AvailabilityProjection).await;

    let levels = models.availability().levels(&["A"]).await.expect("the store answers");
    let paris = &levels[1];
    assert_eq!((paris.location.as_str(), paris.version), ("paris", 17));
    assert_eq!((paris.on_hand, paris.reserved, paris.allocated, paris.available), (92, 2, 7, 83));

    let totals = models.availability().totals(&["B", "A", "unknown"]).await.expect("the store answers");
    let seen: Vec<_> = totals.iter().map(|total| (total.sku.as_str(), total.on_hand, total.available)).collect();
    assert_eq!(seen, [("A", 96, 87), ("B", 1, 1)]);
    assert!(models.availability().totals(&[]).await.expect("the store answers").is_empty());
}

#[tokio::test]
async fn units_that_orders_wait_for_are_counted_until_they_come_or_nobody_waits() {
    let waits = |number: u128, missing: Option<i64>| StockEvent::BackOrdered {
        order: order(number),
        quantity: units(4),
        missing: missing.map(units),
        since: Timestamp::from_micros(9),
    };
    let closed = |number: u128, [kept, freed, unfilled]: [Option<i64>; 3]| StockEvent::BackOrderClosed {
        order: order(number),
        kept: kept.map(units),
        freed: freed.map(units),
        unfilled: unfilled.map(units),
    };
    let filled =
        |number: u128, count: i64| StockEvent::BackOrderFilled { order: order(number), quantity: units(count) };
    let mut story = Story::new();
    let events = [
        received(1),
        waits(1, Some(4)),
        filled(1, 1),
        waits(2, Some(4)),
        waits(3, None),
        received(5),
        filled(1, 3),
        filled(2, 2),
        closed(1, [Some(3), Some(1), None]),
        filled(2, 1),
    ];
    story.add("stock", "A@paris", &events).await;
    story.add("stock", "B@paris", &[waits(1, Some(2)), closed(1, [None, None, Some(2)])]).await;
    let models = models_of(&story, AvailabilityProjection).await;
    let levels = models.availability().levels(&["A", "B"]).await.expect("the store answers");
    let seen: Vec<_> = levels.iter().map(|level| [level.on_hand, level.allocated, level.back_ordered]).collect();
    assert_eq!(seen, [[6, 6, 1], [0, 0, 0]]);
}

#[tokio::test]
async fn an_allocation_that_is_released_is_free_again() {
    let mut story = Story::new();
    let events = [
        received(10),
        reserved(1, 4),
        StockEvent::Allocated { order: order(1), quantity: units(4) },
        StockEvent::AllocationReleased { order: order(1), quantity: units(4), reason: value("cancelled") },
    ];
    story.add("stock", "A@paris", &events).await;
    let models = models_of(&story, AvailabilityProjection).await;
    let page = models.availability().list(Some("paris"), Slice::first(10)).await.expect("the store answers");
    let level = &page.items[0].node;
    assert_eq!((level.on_hand, level.reserved, level.allocated, level.available), (10, 0, 0, 10));
    assert!(!page.has_next);
}
