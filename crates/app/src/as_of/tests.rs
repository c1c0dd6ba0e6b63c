use std::sync::Arc;

use domain::stock::{Stock, stream_id};
use event_store::memory::MemoryStore;

use super::*;
use crate::clock::ManualClock;
use crate::fixture::{location, noon, receive, sku, staff};
use crate::ids::CountingIds;
use crate::invoicing::InvoicingSettings;
use crate::stock::ShortfallSettings;
use crate::{Shop, ShopSettings};

/// A shop whose clock is turned by hand.
fn shop() -> (Shop, Arc<ManualClock>) {
    let clock = Arc::new(ManualClock::starting_at(noon()));
    let settings = ShopSettings {
        locations: vec![location("paris")],
        shipping: Vec::new(),
        reservation_seconds: 900,
        payment_seconds: 1_800,
        shortfall: ShortfallSettings::default(),
        invoicing: InvoicingSettings::of_demo(),
    };
    let shop = Shop::new(Arc::new(MemoryStore::new()), clock.clone(), Arc::new(CountingIds::default()), settings);
    (shop, clock)
}

async fn on_hand(shop: &Shop, past: Past) -> Result<i64, AppError> {
    let id = stream_id(&sku("TEA"), &location("paris"));
    let as_of = resolve(shop, past).await?;
    Ok(shop.bus.load_as_of::<Stock>(&id, as_of).await?.state.on_hand())
}

async fn take_in(shop: &Shop, units: i64) {
    let id = stream_id(&sku("TEA"), &location("paris"));
    shop.bus.execute::<Stock>(&id, &staff(), receive(units)).await.expect("units come in");
}

#[tokio::test]
async fn an_aggregate_is_what_its_events_until_then_made_it() {
    let (shop, clock) = shop();
    for units in [1, 10, 100] {
        take_in(&shop, units).await;
        clock.advance_seconds(60);
    }
    for (position, units) in [(0, 0), (1, 1), (2, 11), (3, 111)] {
        let found = on_hand(&shop, Past::Position(Position(position))).await;
        assert_eq!(found.expect("is found"), units, "position {position}");
    }
    for (seconds, units) in [(-1, 0), (0, 1), (59, 1), (60, 11), (179, 111)] {
        let time = noon().plus_seconds(seconds);
        assert_eq!(on_hand(&shop, Past::Time(time)).await.expect("is found"), units, "second {seconds}");
    }
}

#[tokio::test]
async fn a_clock_that_was_put_back_changes_no_answer_about_the_past() {
    let (shop, clock) = shop();
    take_in(&shop, 1).await;
    clock.advance_seconds(3_600);
    take_in(&shop, 10).await;
    let half_past = noon().plus_seconds(1_800);
    assert_eq!(on_hand(&shop, Past::Time(half_past)).await.expect("is found"), 1);
    clock.advance_seconds(-3_000);
    take_in(&shop, 100).await;
    clock.advance_seconds(7_200);
    assert_eq!(on_hand(&shop, Past::Time(half_past)).await.expect("is found"), 1, "the same answer");
    assert_eq!(on_hand(&shop, Past::Time(shop.clock.now())).await.expect("is found"), 111);
}

#[tokio::test]
async fn what_is_not_past_is_refused_with_a_code() {
    let (shop, _clock) = shop();
    take_in(&shop, 1).await;
    let beyond = on_hand(&shop, Past::Position(Position(2))).await.expect_err("is refused");
    assert_eq!((beyond.code(), beyond.to_string().contains("ends at position 1")), (Some("AS_OF_BEYOND_END"), true));
    let future = on_hand(&shop, Past::Time(noon().plus_seconds(1))).await.expect_err("is refused");
    assert_eq!(future.code(), Some("AS_OF_IN_FUTURE"));
}
