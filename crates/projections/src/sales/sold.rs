//! What is remembered of an order until it counts.

use domain::order::Sale;
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

    pub(super) fn of_row(row: &Row) -> Result<Self, FoldError> {
        Ok(serde_json::from_str(row.text("sold_json")?)?)
    }
}
