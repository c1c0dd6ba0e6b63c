//! Counting: sums of a day, of a product and a day, of a category and a day.

use std::collections::BTreeMap;

use super::sold::{Amounts, Sold};
use super::tables::{SALES_BY_CATEGORY, SALES_BY_DAY, SALES_BY_PRODUCT};
use crate::rows::{Row, key};
use crate::working::{FoldError, Working};

/// Which columns a sale counts in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Sold,
    Cancelled,
}

impl Side {
    /// Orders, units, gross, net, tax.
    fn columns(self) -> [&'static str; 5] {
        match self {
            Side::Sold => ["orders", "units", "gross_minor", "net_minor", "tax_minor"],
            Side::Cancelled => [
                "cancelled_orders",
                "cancelled_units",
                "cancelled_gross_minor",
                "cancelled_net_minor",
                "cancelled_tax_minor",
            ],
        }
    }

    fn shipping_columns(self) -> [&'static str; 3] {
        match self {
            Side::Sold => ["shipping_gross_minor", "shipping_net_minor", "shipping_tax_minor"],
            Side::Cancelled => {
                ["cancelled_shipping_gross_minor", "cancelled_shipping_net_minor", "cancelled_shipping_tax_minor"]
            }
        }
    }
}

#[derive(Clone, Copy, Debug, Default)]
struct Sum {
    units: i64,
    amounts: Amounts,
}

impl Sum {
    fn add(&mut self, units: i64, amounts: Amounts) -> Result<(), FoldError> {
        self.units = checked(self.units, units)?;
        self.amounts.gross = checked(self.amounts.gross, amounts.gross)?;
        self.amounts.net = checked(self.amounts.net, amounts.net)?;
        self.amounts.tax = checked(self.amounts.tax, amounts.tax)?;
        Ok(())
    }

    /// Counts these units and amounts of a number of orders.
    fn count_in(self, orders: i64, row: &mut Row, side: Side) -> Result<(), FoldError> {
        let values = [orders, self.units, self.amounts.gross, self.amounts.net, self.amounts.tax];
        for (column, value) in side.columns().into_iter().zip(values) {
            row.add(column, value)?;
        }
        Ok(())
    }
}

/// Counts an order on a day.
pub(super) fn count(sold: &Sold, day: &str, side: Side, rows: &mut Working) -> Result<(), FoldError> {
    count_of(1, sold, day, side, rows)
}

/// Counts lines of an order that is counted already.
pub(super) fn count_lines(sold: &Sold, day: &str, side: Side, rows: &mut Working) -> Result<(), FoldError> {
    count_of(0, sold, day, side, rows)
}

fn count_of(orders: i64, sold: &Sold, day: &str, side: Side, rows: &mut Working) -> Result<(), FoldError> {
    let mut all = Sum::default();
    let (mut products, mut categories): (BTreeMap<&str, Sum>, BTreeMap<&str, Sum>) = Default::default();
    for line in &sold.lines {
        all.add(line.units, line.amounts)?;
        products.entry(&line.product).or_default().add(line.units, line.amounts)?;
        categories.entry(&line.category).or_default().add(line.units, line.amounts)?;
    }
    let currency = sold.currency.code();
    let row = rows.sums(&SALES_BY_DAY, key([day, currency]))?;
    all.count_in(orders, row, side)?;
    let shipping = [sold.shipping.gross, sold.shipping.net, sold.shipping.tax];
    for (column, value) in side.shipping_columns().into_iter().zip(shipping) {
        row.add(column, value)?;
    }
    for (product, sum) in products {
        sum.count_in(orders, rows.sums(&SALES_BY_PRODUCT, key([product, day, currency]))?, side)?;
    }
    for (category, sum) in categories {
        sum.count_in(orders, rows.sums(&SALES_BY_CATEGORY, key([category, day, currency]))?, side)?;
    }
    Ok(())
}

/// Counts what a return gave back: minor units per line of the order, which must be lines of it.
pub(super) fn refund(sold: &Sold, refunds: &[(String, i64)], day: &str, rows: &mut Working) -> Result<(), FoldError> {
    let currency = sold.currency.code();
    for (line, minor) in refunds {
        let sold_line = sold.lines.iter().find(|candidate| candidate.line == *line);
        let Some(sold_line) = sold_line else {
            return Err(FoldError::Impossible(format!("the return brings back {line}, which was not sold")));
        };
        rows.sums(&SALES_BY_DAY, key([day, currency]))?.add("refunds_minor", *minor)?;
        let product = key([&sold_line.product, day, currency]);
        rows.sums(&SALES_BY_PRODUCT, product)?.add("refunds_minor", *minor)?;
        let category = key([&sold_line.category, day, currency]);
        rows.sums(&SALES_BY_CATEGORY, category)?.add("refunds_minor", *minor)?;
    }
    Ok(())
}

fn checked(left: i64, right: i64) -> Result<i64, FoldError> {
    left.checked_add(right).ok_or_else(|| FoldError::Impossible("the sum is out of range".to_owned()))
}
