//! What is remembered of an order until it counts.

use domain::order::{CancelledLine, Sale};
use domain::values::Currency;
use serde::{Deserialize, Serialize};

use crate::rows::Row;
use crate::working::FoldError;

/// An order as sales see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Sold {
    pub(super) currency: Currency,
    pub(super) lines: Vec<SoldLine>,
    pub(super) shipping: Amounts,
}

/// A line as sales see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct SoldLine {
    pub(super) line: String,
    pub(super) product: String,
    /// The main category of the product when the order was placed; empty for none.
    pub(super) category: String,
    pub(super) units: i64,
    pub(super) amounts: Amounts,
}

/// Minor units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Amounts {
    pub(super) gross: i64,
    pub(super) net: i64,
    pub(super) tax: i64,
}

impl Sold {
    /// Remembers a sale; `category_of` tells the main category of a product.
    pub(super) fn of(sale: &Sale, mut category_of: impl FnMut(&str) -> String) -> Self {
        let lines = sale.lines.iter().map(|line| SoldLine {
            line: line.line.to_string(),
            product: line.product.to_string(),
            category: category_of(line.product.as_str()),
            units: line.quantity.units(),
            amounts: Amounts {
                gross: line.total.gross.minor(),
                net: line.total.net.minor(),
                tax: line.total.tax.minor(),
            },
        });
        let shipping = &sale.shipping.total;
        Self {
            currency: sale.currency,
            lines: lines.collect(),
            shipping: Amounts { gross: shipping.gross.minor(), net: shipping.net.minor(), tax: shipping.tax.minor() },
        }
    }

    /// Splits off lines that were cancelled: what they come to, and what is left. A line of which nothing is left stays, for
    /// what comes back of the order later.
    pub(super) fn split(mut self, cancelled: &[CancelledLine]) -> Result<(Self, Self), FoldError> {
        let mut lines = Vec::with_capacity(cancelled.len());
        for part in cancelled {
            let unknown = || FoldError::Impossible(format!("{} is cancelled and was not sold", part.line));
            let sold = self.lines.iter_mut().find(|sold| sold.line == part.line.as_str()).ok_or_else(unknown)?;
            let (units, total) = (part.quantity.units(), &part.total);
            let amounts = Amounts { gross: total.gross.minor(), net: total.net.minor(), tax: total.tax.minor() };
            sold.units -= units;
            sold.amounts.gross -= amounts.gross;
            sold.amounts.net -= amounts.net;
            sold.amounts.tax -= amounts.tax;
            lines.push(SoldLine { units, amounts, ..sold.clone() });
        }
        Ok((Self { currency: self.currency, lines, shipping: Amounts::default() }, self))
    }

    pub(super) fn of_row(row: &Row) -> Result<Self, FoldError> {
        Ok(serde_json::from_str(row.text("sold_json")?)?)
    }
}
