//! Questions about sales.

use domain::values::{Currency, Money};

use super::tables::{SALES_BY_CATEGORY, SALES_BY_DAY, SALES_BY_PRODUCT};
use crate::models::ReadModels;
use crate::rows::{Column, Direction, Query, ReadError, ReadStore, Row, RowError, Table};
use crate::views::{currency, money};

/// Some days in one currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SalesPeriod<'a> {
    /// The first day, `YYYY-MM-DD`, UTC.
    pub from: &'a str,
    /// The last day, itself included.
    pub to: &'a str,
    /// The currency.
    pub currency: Currency,
}

/// Orders, units and money, of lines only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Figures {
    /// Orders with such a line.
    pub orders: i64,
    /// Units.
    pub units: i64,
    /// With tax.
    pub gross: Money,
    /// Without tax.
    pub net: Money,
    /// The tax.
    pub tax: Money,
}

/// What shipping brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shipping {
    /// With tax.
    pub gross: Money,
    /// Without tax.
    pub net: Money,
    /// The tax.
    pub tax: Money,
}

/// What was sold, called off and given back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sales {
    /// The day, product or category; the empty text is no category.
    pub key: String,
    /// Orders that were confirmed.
    pub sold: Figures,
    /// Orders that were cancelled after they had been confirmed.
    pub cancelled: Figures,
    /// What returns gave back.
    pub refunds: Money,
}

/// What a day brought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DaySales {
    /// Its lines; the key is the day.
    pub sales: Sales,
    /// Shipping of confirmed orders.
    pub shipping: Shipping,
    /// Shipping of orders that were cancelled after they had been confirmed.
    pub cancelled_shipping: Shipping,
}

const fn sums(key: &'static str) -> [Column; 13] {
    [
        Column::text(key),
        Column::text("currency"),
        Column::int("orders"),
        Column::int("units"),
        Column::int("gross_minor"),
        Column::int("net_minor"),
        Column::int("tax_minor"),
        Column::int("cancelled_orders"),
        Column::int("cancelled_units"),
        Column::int("cancelled_gross_minor"),
        Column::int("cancelled_net_minor"),
        Column::int("cancelled_tax_minor"),
        Column::int("refunds_minor"),
    ]
}

static PRODUCT_SUMS: [Column; 13] = sums("product_id");
static CATEGORY_SUMS: [Column; 13] = sums("category_id");

/// Questions about sales.
#[derive(Clone, Copy, Debug)]
pub struct SalesQueries<'a> {
    store: &'a ReadStore,
}

impl ReadModels {
    /// Asks about sales.
    pub fn sales(&self) -> SalesQueries<'_> {
        SalesQueries { store: self.store() }
    }
}

impl SalesQueries<'_> {
    /// Returns the days of a period on which something was sold, called off or given back, oldest first.
    ///
    /// # Errors
    /// [`ReadError`] when the engine fails.
    pub async fn by_day(&self, period: SalesPeriod<'_>) -> Result<Vec<DaySales>, ReadError> {
        let query = within(Query::of(&SALES_BY_DAY), period).order(&["day"], Direction::Ascending);
        let rows = self.store.rows(query).await?;
        let to_day = |row: &Row| {
            Ok(DaySales {
                sales: to_sales(row, "day")?,
                shipping: shipping(row, ["shipping_gross_minor", "shipping_net_minor", "shipping_tax_minor"])?,
                cancelled_shipping: shipping(
                    row,
                    ["cancelled_shipping_gross_minor", "cancelled_shipping_net_minor", "cancelled_shipping_tax_minor"],
                )?,
            })
        };
        rows.iter().map(to_day).collect()
    }

    /// Returns the products that brought most in a period, gross, at most `first`.
    ///
    /// # Errors
    /// [`ReadError`] when the engine fails.
    pub async fn by_product(&self, period: SalesPeriod<'_>, first: u64) -> Result<Vec<Sales>, ReadError> {
        self.top(&SALES_BY_PRODUCT, &PRODUCT_SUMS, period, first).await
    }

    /// Returns the categories that brought most in a period, gross, at most `first`.
    ///
    /// # Errors
    /// [`ReadError`] when the engine fails.
    pub async fn by_category(&self, period: SalesPeriod<'_>, first: u64) -> Result<Vec<Sales>, ReadError> {
        self.top(&SALES_BY_CATEGORY, &CATEGORY_SUMS, period, first).await
    }

    async fn top(
        &self,
        table: &'static Table,
        answer: &'static [Column; 13],
        period: SalesPeriod<'_>,
        first: u64,
    ) -> Result<Vec<Sales>, ReadError> {
        let key = answer[0].name;
        let query = within(Query::sums(table, answer, 2), period).order_sums("gross_minor", key).limit(first);
        let rows = self.store.rows(query).await?;
        rows.iter().map(|row| Ok(to_sales(row, key)?)).collect()
    }
}

fn within(query: Query, period: SalesPeriod<'_>) -> Query {
    query.equals("currency", period.currency.code()).at_least("day", period.from).at_most("day", period.to)
}

fn to_sales(row: &Row, key: &str) -> Result<Sales, RowError> {
    Ok(Sales {
        key: row.text(key)?.to_owned(),
        sold: Figures {
            orders: row.int("orders")?,
            units: row.int("units")?,
            gross: money(row, "gross_minor")?,
            net: money(row, "net_minor")?,
            tax: money(row, "tax_minor")?,
        },
        cancelled: Figures {
            orders: row.int("cancelled_orders")?,
            units: row.int("cancelled_units")?,
            gross: money(row, "cancelled_gross_minor")?,
            net: money(row, "cancelled_net_minor")?,
            tax: money(row, "cancelled_tax_minor")?,
        },
        refunds: money(row, "refunds_minor")?,
    })
}

fn shipping(row: &Row, [gross, net, tax]: [&str; 3]) -> Result<Shipping, ReadError> {
    let amount = |column: &str| Ok::<Money, ReadError>(Money::new(row.int(column)?, currency(row)?));
    Ok(Shipping { gross: amount(gross)?, net: amount(net)?, tax: amount(tax)? })
}
