//! `comptoir import complete-journey FOLDER`: a year of real shopping baskets, played through the shop's own use cases.
//!
//! It loads the whole catalogue, takes in exactly the stock that the chosen baskets need, and lets every household buy
//! its baskets in order of time: cart, checkout, payment, parcels to the door. Lines are sold at their recorded amounts,
//! US cents without VAT. What is dirty in the file ends in a named, counted outcome ([`plan`]). At the end it proves the
//! sums to the cent, the stock to the unit, and the projections against a replay ([`report`]).
//!
//! Every id and idempotency key follows from the file, so an import can be repeated, or cut off and begun again: what is
//! there stays, what is missing is added.

mod catalog;
mod checks;
mod coupons;
mod files;
mod names;
pub mod plan;
mod play;
pub mod report;
mod search;
mod shopper;
mod stock;
#[cfg(test)]
mod tests;
mod warehouse;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use anyhow::Context;
use app::clock::SystemClock;
use app::ids::SystemIds;
use gateways::simulator::StripeSimulator;

use crate::background::{Background, Started};
use crate::config::Config;
use crate::open::OpenShop;
use crate::progress::{Console, per_second};

pub use catalog::CatalogReport;
pub use checks::ProjectionReport;
pub use coupons::{CouponCounts, DiscountCount, PlannedCoupon, RedemptionOutcome};
pub use files::Line;
pub use play::BasketReport;
pub use report::Report;
pub use search::{Latency, SearchReport};
pub use stock::StockReport;

use files::Recorded;
use plan::Plan;
use report::MoneyReport;
use shopper::World;
use warehouse::Warehouse;

/// How many searches an import measures unless it is told otherwise.
pub const SEARCHES: usize = 2_000;

/// What to import.
#[derive(Clone, Debug)]
pub struct ImportOptions {
    /// The folder of `products.csv.gz`, `basket_lines*.csv.gz` and `coupon_redemptions.csv.gz`.
    pub folder: PathBuf,
    /// How many baskets, the first ones in order of time.
    pub baskets: usize,
    /// How many searches are measured at the end.
    pub searches: usize,
    /// Where progress is shown.
    pub console: Console,
}

/// Imports into the shop that a configuration describes. The report says whether everything is right
/// ([`Report::is_right`]).
///
/// # Errors
/// A file that cannot be read, named with its line; a shop that cannot be opened or fails on the way.
pub async fn run(options: ImportOptions, config: &Config) -> anyhow::Result<Report> {
    let recorded = read(&options).await?;
    let open = OpenShop::open(config, Arc::new(SystemClock), Arc::new(SystemIds)).await?;
    let (background, started) = Background::start(open).await?;
    let report = Box::pin(import(&options, &recorded, &started)).await;
    background.stop().await;
    started.store.close().await;
    report
}

async fn read(options: &ImportOptions) -> anyhow::Result<Recorded> {
    let (folder, baskets) = (options.folder.clone(), options.baskets);
    tokio::task::spawn_blocking(move || files::read(&folder, baskets)).await?
}

/// What was captured is counted at the simulator.
fn simulator_of(started: &Started) -> anyhow::Result<&StripeSimulator> {
    started.payments.as_ref().context("an import pays at the simulator in its own process: unset payment_url")
}

/// Imports into a shop that runs.
async fn import(options: &ImportOptions, recorded: &Recorded, started: &Started) -> anyhow::Result<Report> {
    let console = &options.console;
    let simulator = simulator_of(started)?;
    let mut plan = Plan::of(recorded);
    let (begun, head_before) = (Instant::now(), head(started));
    let catalog = catalog::load(&started.shop, &recorded.products, &plan.list_prices, console).await?;
    let received_now = stock::receive(&started.shop, &plan.needs, console).await?;
    let (loaded, head_loaded) = (begun.elapsed(), head(started));
    let world = Arc::new(World {
        shop: started.shop.clone(),
        processes: started.processes.clone(),
        warehouse: Warehouse::new(started.store.clone()),
    });
    let (begun, playing) = (Instant::now(), play::play(&world, &mut plan, console));
    let played = playing.await.context("the baskets cannot be played")?;
    let (took, head_played) = (begun.elapsed(), head(started));
    checks::wait_for_documents(started, console).await?;
    checks::wait_for_models(started, console).await?;
    let stock = stock::count(&started.shop, &started.models, &played.sold, &played.orders).await?;
    let money = MoneyReport {
        recorded_cents: plan.lines.all.cents,
        refused_cents: plan.lines.refused.values().map(|count| count.cents).sum(),
        sold_cents: plan.lines.sold.cents,
        revenue_cents: played.revenue_cents,
        coupons_cents: coupons_of_orders(&plan, &played),
        payable_cents: played.payable_cents,
        captured_cents: checks::captured_cents(simulator, &played.orders),
    };
    let projections = checks::replay_all(started, console).await?;
    let search = search::measure(&started.search, &recorded.products, options.searches, console).await?;
    let report = Report {
        folder: options.folder.display().to_string(),
        catalog,
        baskets: played.baskets,
        orders: played.orders.len() as u64,
        lines: plan.lines,
        list_prices_rounded: plan.list_prices_rounded,
        coupons: plan.coupons,
        money,
        received_now,
        stock,
        projections,
        search,
        log_events: head(started),
        load_events_per_second: per_second(head_loaded - head_before, loaded),
        play_events_per_second: per_second(head_played - head_loaded, took),
        problems: Vec::new(),
    };
    Ok(report.checked())
}

/// Returns what the coupons of the baskets that were sold are worth, US cents.
fn coupons_of_orders(plan: &Plan, played: &play::Played) -> i64 {
    let planned: i64 = plan.baskets.iter().map(|basket| basket.total_cents - basket.payable_cents()).sum();
    planned - played.failed_coupons_cents
}

fn head(started: &Started) -> u64 {
    started.store.head().borrow().0
}
