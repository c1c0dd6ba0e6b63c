//! Questions about carts.

use domain::values::{Localized, Money, VatRate};

use super::fold::{CHECKING_OUT, OPEN};
use super::tables::{CART_COUPONS, CART_LINES, CARTS};
use crate::models::ReadModels;
use crate::rows::{Direction, Query, ReadError, ReadStore, Row};
use crate::views::{localized, money, money_or_null, owned, vat_rate};

/// The head of a cart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CartSummary {
    /// Its id.
    pub id: String,
    /// Whose it is.
    pub owner: String,
    /// `open`, `checking_out`, `completed` or `absorbed`.
    pub status: String,
    /// Lines in it.
    pub line_count: i64,
    /// Units in it.
    pub units: i64,
    /// All lines, VAT included, without shipping and coupons.
    pub gross: Money,
    /// All coupons.
    pub coupons: Money,
    /// The code of the chosen shipping.
    pub shipping_code: Option<String>,
    /// The price of the chosen shipping, VAT included.
    pub shipping: Option<Money>,
    /// Where it goes, ISO 3166-1 alpha-2.
    pub country: Option<String>,
    /// The order that it adds to.
    pub adds_to: Option<String>,
    /// The order it becomes or became.
    pub order: Option<String>,
    /// The cart that took its lines.
    pub absorbed_into: Option<String>,
    /// Microseconds since 1970.
    pub updated_at: i64,
    /// The version of its stream.
    pub version: i64,
}

/// A cart with all that is in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CartView {
    /// Its head.
    pub summary: CartSummary,
    /// Its lines in the order in which they came in.
    pub lines: Vec<CartLineView>,
    /// Its coupons by code.
    pub coupons: Vec<CartCouponView>,
}

/// A line of a cart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CartLineView {
    /// The line.
    pub line: String,
    /// What is bought.
    pub sku: String,
    /// The product it is a variant of.
    pub product: String,
    /// What it was called when it was added.
    pub name: Localized,
    /// How many units.
    pub quantity: i64,
    /// The price of a unit, VAT included; none where the line has a price as a whole.
    pub unit_price: Option<Money>,
    /// The whole line, VAT included.
    pub gross: Money,
    /// The rate inside the price.
    pub vat_rate: VatRate,
    /// Why the price is not the catalogue's.
    pub price_reason: Option<String>,
}

/// A coupon of a cart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CartCouponView {
    /// The code.
    pub code: String,
    /// The campaign that issued it.
    pub campaign: String,
    /// What the maker pays.
    pub amount: Money,
}

/// Questions about carts.
#[derive(Clone, Copy, Debug)]
pub struct CartQueries<'a> {
    store: &'a ReadStore,
}

impl ReadModels {
    /// Asks about carts.
    pub fn carts(&self) -> CartQueries<'_> {
        CartQueries { store: self.store() }
    }
}

impl CartQueries<'_> {
    /// Returns a cart with its lines and coupons.
    ///
    /// # Errors
    /// [`ReadError`] when the engine fails.
    pub async fn cart(&self, id: &str) -> Result<Option<CartView>, ReadError> {
        let Some(row) = self.store.row(Query::of(&CARTS).equals("id", id)).await? else {
            return Ok(None);
        };
        let lines = Query::of(&CART_LINES).equals("cart_id", id);
        let lines = self.store.rows(lines.order(&["added_position", "added_rank"], Direction::Ascending)).await?;
        let coupons = Query::of(&CART_COUPONS).equals("cart_id", id).order(&["code"], Direction::Ascending);
        let coupons = self.store.rows(coupons).await?;
        Ok(Some(CartView {
            summary: to_summary(&row)?,
            lines: lines.iter().map(to_line).collect::<Result<_, _>>()?,
            coupons: coupons.iter().map(to_coupon).collect::<Result<_, _>>()?,
        }))
    }

    /// Returns the carts of an owner that are not closed, the last changed first, at most 100.
    ///
    /// # Errors
    /// [`ReadError`] when the engine fails.
    pub async fn open_carts(&self, owner: &str) -> Result<Vec<CartSummary>, ReadError> {
        let query = Query::of(&CARTS).equals("owner_id", owner).one_of("status", [OPEN, CHECKING_OUT]);
        let rows = self.store.rows(query.order(&["updated_at", "id"], Direction::Descending).limit(100)).await?;
        rows.iter().map(to_summary).collect()
    }
}

fn to_summary(row: &Row) -> Result<CartSummary, ReadError> {
    Ok(CartSummary {
        id: row.text("id")?.to_owned(),
        owner: row.text("owner_id")?.to_owned(),
        status: row.text("status")?.to_owned(),
        line_count: row.int("line_count")?,
        units: row.int("units")?,
        gross: money(row, "gross_minor")?,
        coupons: money(row, "coupons_minor")?,
        shipping_code: owned(row.text_or_null("shipping_code")?),
        shipping: money_or_null(row, "shipping_minor")?,
        country: owned(row.text_or_null("country")?),
        order: owned(row.text_or_null("order_id")?),
        adds_to: owned(row.text_or_null("adds_to_id")?),
        absorbed_into: owned(row.text_or_null("absorbed_into")?),
        updated_at: row.int("updated_at")?,
        version: row.int("version")?,
    })
}

fn to_line(row: &Row) -> Result<CartLineView, ReadError> {
    Ok(CartLineView {
        line: row.text("line_id")?.to_owned(),
        sku: row.text("sku")?.to_owned(),
        product: row.text("product_id")?.to_owned(),
        name: localized(row, "name_fr", "name_en")?,
        quantity: row.int("quantity")?,
        unit_price: money_or_null(row, "unit_price_minor")?,
        gross: money(row, "gross_minor")?,
        vat_rate: vat_rate(row)?,
        price_reason: owned(row.text_or_null("price_reason")?),
    })
}

fn to_coupon(row: &Row) -> Result<CartCouponView, ReadError> {
    Ok(CartCouponView {
        code: row.text("code")?.to_owned(),
        campaign: row.text("campaign")?.to_owned(),
        amount: money(row, "amount_minor")?,
    })
}
