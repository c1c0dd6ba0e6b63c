//! What an import did and whether everything is right: every sum to the cent, every unit accounted for.

use std::fmt;

use serde::Serialize;

use super::catalog::CatalogReport;
use super::checks::ProjectionReport;
use super::coupons::{CouponCounts, DiscountCount};
use super::plan::LineCounts;
use super::play::BasketReport;
use super::search::{Latency, SearchReport};
use super::stock::StockReport;
use crate::progress::grouped;

/// Differences of stock that are written out.
const DIFFERENCES_SHOWN_MAX: usize = 10;

/// Sums of the chosen baskets, US cents.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct MoneyReport {
    /// Every line of the file.
    pub recorded_cents: i64,
    /// Lines that were refused.
    pub refused_cents: i64,
    /// Lines that were sold.
    pub sold_cents: i64,
    /// What the orders come to: what the shop receives, coupons included.
    pub revenue_cents: i64,
    /// What makers pay for coupons.
    pub coupons_cents: i64,
    /// What the households pay.
    pub payable_cents: i64,
    /// What the payment provider took.
    pub captured_cents: i64,
}

/// What an import did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Report {
    /// The folder it read.
    pub folder: String,
    /// The catalogue.
    pub catalog: CatalogReport,
    /// The baskets.
    pub baskets: BasketReport,
    /// Orders that the chosen baskets are.
    pub orders: u64,
    /// The lines.
    pub lines: LineCounts,
    /// Products whose list price is rounded; their lines are sold at the recorded amounts.
    pub list_prices_rounded: u64,
    /// The coupons.
    pub coupons: CouponCounts,
    /// The sums.
    pub money: MoneyReport,
    /// Units that came in this time.
    pub received_now: i64,
    /// The stock.
    pub stock: StockReport,
    /// The projections beside their replays.
    pub projections: Vec<ProjectionReport>,
    /// The search.
    pub search: SearchReport,
    /// Events in the log at the end.
    pub log_events: u64,
    /// Events a second while catalogue and stock were loaded.
    pub load_events_per_second: u64,
    /// Events a second while the baskets were played.
    pub play_events_per_second: u64,
    /// What is wrong; empty when everything is right.
    pub problems: Vec<String>,
}

impl Report {
    /// Returns whether every sum is right and nothing failed.
    pub fn is_right(&self) -> bool {
        self.problems.is_empty()
    }

    /// Finds what is wrong.
    pub(super) fn checked(mut self) -> Self {
        let money = &self.money;
        let lines = &self.lines;
        let refused_lines: u64 = lines.refused.values().map(|count| count.lines).sum();
        let cents = [
            ("the orders come to the sold lines", money.revenue_cents, money.sold_cents),
            (
                "revenue and refused lines are all that was recorded",
                money.revenue_cents + money.refused_cents,
                money.recorded_cents,
            ),
            (
                "households pay the revenue less the coupons",
                money.payable_cents,
                money.revenue_cents - money.coupons_cents,
            ),
            ("the provider took what households pay", money.captured_cents, money.payable_cents),
        ];
        let unequal = cents.into_iter().filter(|(_, left, right)| left != right);
        let mut problems: Vec<String> =
            unequal.map(|(rule, left, right)| format!("{rule}: {} is not {}", dollars(left), dollars(right))).collect();
        if lines.sold.lines + refused_lines != lines.all.lines {
            problems.push(format!("{} lines have no outcome", lines.all.lines - lines.sold.lines - refused_lines));
        }
        let baskets = &self.baskets;
        let orders = baskets.imported + baskets.already_imported;
        if self.orders != orders || orders + baskets.without_sellable_lines + baskets.failed != baskets.chosen {
            problems.push(format!("{} baskets became {} orders", baskets.chosen, self.orders));
        }
        if baskets.failed > 0 {
            problems.push(format!("{} baskets failed", baskets.failed));
            problems.extend(baskets.failures.iter().cloned());
        }
        if !self.stock.differences.is_empty() {
            problems.push(format!("{} differences in stock", self.stock.differences.len()));
            problems.extend(self.stock.differences.iter().take(DIFFERENCES_SHOWN_MAX).cloned());
        }
        let unlike = self.projections.iter().filter(|projection| !projection.equals_replay);
        problems.extend(unlike.map(|projection| format!("projection {} differs from its replay", projection.name)));
        self.problems = problems;
        self
    }

    /// Returns the report as JSON.
    ///
    /// # Errors
    /// Never in practice: every part serialises.
    pub fn to_json(&self) -> serde_json::Result<String> {
        serde_json::to_string_pretty(self)
    }
}

/// Writes cents as `-1,234.50 USD`.
fn dollars(cents: i64) -> String {
    let sign = if cents < 0 { "-" } else { "" };
    let whole = cents.unsigned_abs();
    format!("{sign}{}.{:02} USD", grouped(whole / 100), whole % 100)
}

fn count(number: i64) -> String {
    let sign = if number < 0 { "-" } else { "" };
    format!("{sign}{}", grouped(number.unsigned_abs()))
}

/// Returns an outcome's name as JSON shows it.
fn name(outcome: impl Serialize) -> String {
    serde_json::to_value(outcome).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}

/// A table of two columns, the second one to the right.
#[derive(Default)]
struct Table {
    rows: Vec<(String, String, String)>,
}

impl Table {
    fn title(&mut self, title: &str) {
        self.rows.push((title.to_owned(), String::new(), String::new()));
    }

    fn row(&mut self, label: &str, value: impl Into<String>) {
        self.note(label, value, "");
    }

    fn note(&mut self, label: &str, value: impl Into<String>, note: &str) {
        self.rows.push((format!("  {label}"), value.into(), note.to_owned()));
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = |column: fn(&(String, String, String)) -> &String| {
            self.rows.iter().map(|row| column(row).chars().count()).max().unwrap_or(0)
        };
        let (labels, values) = (width(|row| &row.0), width(|row| &row.1));
        for (label, value, note) in &self.rows {
            let line = format!("{label:labels$}  {value:>values$}  {note}");
            writeln!(f, "{}", line.trim_end())?;
        }
        Ok(())
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut table = Table::default();
        table.title(&format!("Import of {}", self.folder));
        self.write_catalog(&mut table);
        self.write_baskets(&mut table);
        self.write_coupons(&mut table);
        self.write_money(&mut table);
        self.write_proofs(&mut table);
        self.write_search(&mut table);
        table.fmt(f)?;
        if self.is_right() {
            return writeln!(f, "Everything is right.");
        }
        writeln!(f, "NOT RIGHT:")?;
        self.problems.iter().try_for_each(|problem| writeln!(f, "  {problem}"))
    }
}

impl Report {
    fn write_catalog(&self, table: &mut Table) {
        let catalog = &self.catalog;
        table.title("Catalogue");
        table.note("products", grouped(catalog.products), &format!("{}/s", grouped(catalog.per_second)));
        table.row("  new", grouped(catalog.new));
        table.row("  with a list price", grouped(catalog.priced));
        table.row("    rounded", grouped(self.list_prices_rounded));
        table.row("  without a price: not for sale", grouped(catalog.without_price));
        table.row("  without a category: in the department", grouped(catalog.without_category));
        table.row("departments and categories", grouped(catalog.categories));
    }

    fn write_baskets(&self, table: &mut Table) {
        let (baskets, lines) = (&self.baskets, &self.lines);
        table.title("Baskets");
        table.row("baskets", grouped(baskets.chosen));
        table.note(
            "  imported",
            grouped(baskets.imported),
            &format!("{} orders/s", grouped(baskets.orders_per_second)),
        );
        table.row("  already imported", grouped(baskets.already_imported));
        table.row("  without a sellable line", grouped(baskets.without_sellable_lines));
        table.row("  failed", grouped(baskets.failed));
        table.row("orders", grouped(self.orders));
        table.title("Lines");
        table.note("lines", grouped(lines.all.lines), &dollars(lines.all.cents));
        table.note("  sold", grouped(lines.sold.lines), &dollars(lines.sold.cents));
        table.row("  units", count(lines.units));
        for (reason, refused) in &lines.refused {
            table.note(&format!("  refused: {}", name(reason)), grouped(refused.lines), &dollars(refused.cents));
        }
        for (what, lines) in &lines.odd {
            table.row(&format!("  sold, and {}", name(what)), grouped(*lines));
        }
    }

    fn write_coupons(&self, table: &mut Table) {
        let coupons = &self.coupons;
        table.title("Coupons");
        table.row("redemptions", grouped(coupons.redemptions.values().sum()));
        for (outcome, number) in &coupons.redemptions {
            table.row(&format!("  {}", name(outcome)), grouped(*number));
        }
        let rows: [(&str, DiscountCount); 4] = [
            ("baskets with a coupon applied", coupons.applied),
            ("baskets with a discount, no redemption", coupons.without_redemption),
            ("baskets with a discount above their total", coupons.above_total),
            ("baskets with a discount, not sold", coupons.not_sold),
        ];
        for (label, discount) in rows {
            table.note(label, grouped(discount.baskets), &dollars(discount.cents));
        }
    }

    fn write_money(&self, table: &mut Table) {
        let money = &self.money;
        table.title("Money");
        table.row("all recorded lines", dollars(money.recorded_cents));
        table.row("less refused lines", dollars(money.refused_cents));
        table.row("sold lines", dollars(money.sold_cents));
        table.row("revenue: the orders' totals", dollars(money.revenue_cents));
        table.row("less coupons", dollars(money.coupons_cents));
        table.row("households pay", dollars(money.payable_cents));
        table.row("captured by the payment provider", dollars(money.captured_cents));
    }

    fn write_proofs(&self, table: &mut Table) {
        let stock = &self.stock;
        table.title("Stock");
        table.note("SKUs", grouped(stock.skus), &format!("in {} places", grouped(stock.places)));
        table.note("units received", count(stock.received), &format!("{} this time", count(self.received_now)));
        table.row("units dispatched", count(stock.dispatched));
        table.row("units on hand", count(stock.on_hand));
        table.row("differences", grouped(stock.differences.len() as u64));
        table.title("Log and projections");
        table.row("events", grouped(self.log_events));
        table.row("events/s while loading", grouped(self.load_events_per_second));
        table.row("events/s while shopping", grouped(self.play_events_per_second));
        for projection in &self.projections {
            let verdict = if projection.equals_replay { "equals its replay" } else { "DIFFERS" };
            let rate = format!("{} positions/s", grouped(projection.replay_positions_per_second));
            table.note(&projection.name, verdict, &rate);
        }
    }

    fn write_search(&self, table: &mut Table) {
        let search = &self.search;
        let shown = |latency: Latency| {
            let Latency { p50_micros, p99_micros, max_micros } = latency;
            format!("p50 {p50_micros} µs, p99 {p99_micros} µs, max {max_micros} µs")
        };
        table.title("Search");
        table.row("products", grouped(search.products));
        table.row("queries", grouped(search.queries));
        table.row("  without a hit", grouped(search.without_hits));
        table.note("text", "", &shown(search.text));
        table.note("text and facets", "", &shown(search.facets));
    }
}
