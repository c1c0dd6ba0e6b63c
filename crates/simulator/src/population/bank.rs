//! The bank behind the provider: holds end, and webhooks that were held back are let go.

use std::sync::Arc;

use crate::books;
use crate::clock::{BEGIN, DAY};
use crate::world::World;

/// Until when the bank looks every day: longer than any hold lasts after the last buyer.
const DAYS_OF_HOLDS: i64 = 14;
/// Until when it looks every fifth day, for the sake of late webhooks.
const DAYS: i64 = 90;

/// Ends holds and lets webhooks go; looks before that for money that is held for nothing.
pub(crate) async fn keep_bank(world: Arc<World>) {
    for day in (1..=DAYS_OF_HOLDS).chain((DAYS_OF_HOLDS + 5..=DAYS).step_by(5)) {
        world.clock.sleep_until(BEGIN.plus_seconds(day * DAY)).await;
        let _busy = world.busy();
        books::check_holds(&world).await;
        world.provider.simulator.release_webhooks();
        let ended = world.provider.simulator.expire_holds();
        if ended > 0 {
            world.note(|| format!("{ended} holds end"));
        }
    }
}
