//! The staff at the shelves: they count them, find less than there should be and later some of it again, and order more of what
//! buyers wait for.

use serde_json::{Value, json};

use super::desk::Job;
use super::wire::{Client, Mutation, key, mutation};
use crate::clock::{DAY, HOUR};

const RECOUNT: Mutation = mutation!("stockRecount", "StockRecountInput", "onHand");
const RECEIVE: Mutation = mutation!("stockReceive", "StockReceiveInput", "version");
const LEVELS: &str = "query($sku: String!) { stock(sku: $sku) { location onHand allocated } }";

type Done = Option<()>;

async fn clerk_of(job: &Job) -> Client {
    Client::staff(&job.world, job.name("clerk"), job.dice.clone()).await
}

/// Returns the units on hand and the sold ones, as the clerk's screen has them.
async fn level(clerk: &mut Client, sku: &str, location: &str) -> Option<(i64, i64)> {
    let levels = clerk.insist(LEVELS, json!({ "sku": sku })).await?["stock"].take();
    let level = levels.as_array()?.iter().find(|level| level["location"] == location)?.clone();
    let units = |of: &str| level[of].as_i64().or_else(|| level[of].as_str()?.parse().ok());
    Some((units("onHand")?, units("allocated")?))
}

fn counted(sku: &str, location: &str, units: i64, reason: &str) -> Value {
    json!({ "sku": sku, "location": location, "counted": units, "reason": reason })
}

/// Counts little more than what is sold, and now and then finds the others again.
pub(super) async fn count(job: Job) -> Done {
    let (sku, location) = job.id.split_once('@')?;
    let mut clerk = clerk_of(&job).await;
    let (on_hand, allocated) = level(&mut clerk, sku, location).await?;
    let left = (allocated + clerk.dice.between(0, 2)).min(on_hand);
    let (down, up) = (key(&clerk, "count"), key(&clerk, "count again"));
    clerk.mutate(&RECOUNT, counted(sku, location, left, "stocktaking"), &down).await?;
    if clerk.dice.percent(70) {
        let seconds = clerk.dice.one_of(&[60, HOUR, DAY, 6 * DAY]);
        job.wait(seconds).await;
        let (now, _) = level(&mut clerk, sku, location).await?;
        let found = now + clerk.dice.between(0, on_hand - left);
        clerk.mutate(&RECOUNT, counted(sku, location, found, "another shelf"), &up).await?;
    }
    Some(())
}

/// Takes in what somebody waits for, at this location or the other one; now and then nobody has any.
pub(super) async fn order_more(job: Job) -> Done {
    let (sku, _) = job.id.split_once('@')?;
    let mut clerk = clerk_of(&job).await;
    let missing = job.fact["missing"].as_i64().unwrap_or(1);
    if clerk.dice.percent(45) {
        return Some(());
    }
    let location = clerk.dice.one_of(&["paris", "lyon"]);
    let quantity = clerk.dice.between(1, missing);
    let input = json!({ "sku": sku, "location": location, "quantity": quantity, "reference": "back-order" });
    let key = key(&clerk, "order more");
    clerk.mutate(&RECEIVE, input, &key).await.map(drop)
}
