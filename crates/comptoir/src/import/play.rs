//! Plays all baskets: begun in order of time, several at once.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use anyhow::bail;
use domain::values::OrderId;
use serde::Serialize;
use tokio::task::JoinSet;

use super::plan::{Plan, Refusal};
use super::shopper::{self, Bought, World};
use crate::progress::{Console, per_second};

/// Shoppers in the shop at once.
const SHOPPERS_AT_ONCE: usize = 32;
/// Failed baskets that are reported one by one; the others are counted.
const FAILURES_SHOWN_MAX: usize = 20;
/// Failed baskets after which an import gives up: something is wrong with the shop, not with baskets.
const FAILURES_MAX: u64 = 1_000;

/// What became of the baskets.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct BasketReport {
    /// Baskets that were chosen.
    pub chosen: u64,
    /// Baskets that are orders now and were not before.
    pub imported: u64,
    /// Baskets that an earlier import had delivered.
    pub already_imported: u64,
    /// Baskets without a line that can be sold.
    pub without_sellable_lines: u64,
    /// Baskets that the shop did not sell.
    pub failed: u64,
    /// The first of them, and why.
    pub failures: Vec<String>,
    /// How long it took, milliseconds.
    pub milliseconds: u64,
    /// Orders a second, from an open cart to the door.
    pub orders_per_second: u64,
}

/// What was played.
#[derive(Debug, Default)]
pub(super) struct Played {
    pub(super) baskets: BasketReport,
    pub(super) orders: HashSet<OrderId>,
    pub(super) revenue_cents: i64,
    pub(super) payable_cents: i64,
    /// What the coupons of baskets that failed are worth, US cents.
    pub(super) failed_coupons_cents: i64,
    /// Units that were sold of each product.
    pub(super) sold: BTreeMap<u64, i64>,
}

/// Plays every basket of a plan. Lines of baskets that fail become refused lines of the plan.
///
/// # Errors
/// When the log cannot be followed, or so many baskets fail that the shop must be out of order.
pub(super) async fn play(world: &Arc<World>, plan: &mut Plan, console: &Console) -> anyhow::Result<Played> {
    tokio::select! {
        played = shop_all(world, plan, console) => played,
        followed = world.warehouse.follow() => {
            followed?;
            bail!("the warehouses stopped following the log")
        }
    }
}

async fn shop_all(world: &Arc<World>, plan: &mut Plan, console: &Console) -> anyhow::Result<Played> {
    let mut played = Played { sold: plan.needs.clone(), ..Played::default() };
    let baskets: Vec<Arc<_>> = std::mem::take(&mut plan.baskets).into_iter().map(Arc::new).collect();
    played.baskets.chosen = baskets.len() as u64;
    let task = console.task("orders", baskets.len() as u64);
    let mut shoppers = JoinSet::new();
    for (index, basket) in baskets.iter().enumerate() {
        if basket.lines.is_empty() {
            played.baskets.without_sellable_lines += 1;
            task.add(1);
            continue;
        }
        while shoppers.len() >= SHOPPERS_AT_ONCE
            && let Some(done) = shoppers.join_next().await
        {
            note(&mut played, plan, &baskets, done?)?;
            task.add(1);
        }
        let (world, basket) = (world.clone(), basket.clone());
        shoppers.spawn(async move { (index, shopper::buy(&world, &basket).await) });
    }
    while let Some(done) = shoppers.join_next().await {
        note(&mut played, plan, &baskets, done?)?;
        task.add(1);
    }
    measure(&mut played.baskets, task.finish());
    plan.baskets = baskets.iter().map(|basket| basket.as_ref().clone()).collect();
    Ok(played)
}

fn measure(report: &mut BasketReport, elapsed: Duration) {
    report.milliseconds = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX);
    report.orders_per_second = per_second(report.imported, elapsed);
}

type Done = (usize, Result<Bought, shopper::Failure>);

fn note(
    played: &mut Played,
    plan: &mut Plan,
    baskets: &[Arc<super::plan::PlannedBasket>],
    (index, result): Done,
) -> anyhow::Result<()> {
    let basket = &baskets[index];
    match result {
        Ok(bought) => {
            let count =
                if bought.already { &mut played.baskets.already_imported } else { &mut played.baskets.imported };
            *count += 1;
            played.revenue_cents += bought.total_cents;
            played.payable_cents += bought.payable_cents;
            played.orders.insert(bought.order);
        }
        Err(failure) => {
            played.baskets.failed += 1;
            played.failed_coupons_cents += basket.total_cents - basket.payable_cents();
            if played.baskets.failures.len() < FAILURES_SHOWN_MAX {
                played.baskets.failures.push(format!("basket {}: {failure}", basket.id));
            }
            for line in &basket.lines {
                plan.lines.refused.entry(Refusal::BasketNotSold).or_default().add(line.sales_cents);
                plan.lines.sold.lines -= 1;
                plan.lines.sold.cents -= line.sales_cents;
                plan.lines.units -= line.quantity;
                if let Some(units) = played.sold.get_mut(&line.product) {
                    *units -= line.quantity;
                }
            }
            if played.baskets.failed >= FAILURES_MAX {
                bail!("{FAILURES_MAX} baskets failed, the last one with {failure}: the import gives up");
            }
        }
    }
    Ok(())
}
