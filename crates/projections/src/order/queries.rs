//! Questions about one order.

use domain::values::{CustomerId, Localized, Money, Sealed, VatRate};

use super::tables::{ORDER_FULFILMENTS, ORDER_LINES, ORDER_PAYMENTS, ORDER_RETURNS, ORDERS};
use crate::models::ReadModels;
use crate::rows::{Direction, Query, ReadError, ReadStore, Row, RowError, Table};
use crate::views::{localized, money, money_or_null, owned, vat_rate};

/// The head of an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderSummary {
    /// Its id.
    pub id: String,
    /// Its number as people say it.
    pub number: String,
    /// Who bought.
    pub customer: String,
    /// The cart it came from.
    pub cart: String,
    /// How far it has come: `placed`, `confirmed`, `rejected`, `cancelled` or `completed`.
    pub order_status: String,
    /// Where the money stands.
    pub payment_status: String,
    /// Where the goods stand.
    pub fulfilment_status: String,
    /// Whether someone asked to cancel it and that was not refused.
    pub cancellation_requested: bool,
    /// The order that it was added to.
    pub adds_to: Option<String>,
    /// Why it was rejected, a stable code.
    pub rejection_code: Option<String>,
    /// How many lines.
    pub line_count: i64,
    /// How many units.
    pub units: i64,
    /// Lines and shipping, VAT included.
    pub total: Money,
    /// What others pay.
    pub coupons: Money,
    /// What the buyer pays.
    pub payable: Money,
    /// What the buyer does not pay of it, because units were cancelled.
    pub cancelled: Money,
    /// How it is sent.
    pub shipping: ShippingView,
    /// Money held or taken in all.
    pub authorised: Money,
    /// Money taken.
    pub captured: Money,
    /// Money given back.
    pub refunded: Money,
    /// ISO 3166-1 alpha-2.
    pub country: String,
    /// The sealed e-mail address.
    pub email: Sealed,
    /// The sealed name and address.
    pub address: Sealed,
    /// Microseconds since 1970.
    pub placed_at: i64,
    /// Microseconds since 1970.
    pub confirmed_at: Option<i64>,
    /// The version of its stream.
    pub version: i64,
}

/// The shipping that was sold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShippingView {
    /// The option's code.
    pub code: String,
    /// What it was called.
    pub label: Localized,
    /// Without tax.
    pub net: Money,
    /// The tax.
    pub tax: Money,
    /// With tax.
    pub gross: Money,
    /// The rate.
    pub vat_rate: VatRate,
}

/// An order with all that belongs to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderView {
    /// Its head.
    pub summary: OrderSummary,
    /// What was sold, in the order of the sale.
    pub lines: Vec<OrderLineView>,
    /// Attempts to pay it, oldest first.
    pub payments: Vec<PaymentView>,
    /// Its parcels, oldest first.
    pub fulfilments: Vec<FulfilmentView>,
    /// Its returns, oldest first.
    pub returns: Vec<ReturnView>,
}

/// A line as it was sold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderLineView {
    /// The line.
    pub line: String,
    /// What was sold.
    pub sku: String,
    /// The product it was a variant of.
    pub product: String,
    /// What it was called.
    pub name: Localized,
    /// Units sold.
    pub quantity: i64,
    /// Units in returns that were not withdrawn.
    pub returned_quantity: i64,
    /// Units that were cancelled.
    pub cancelled_quantity: i64,
    /// The price of a unit, VAT included.
    pub unit_price: Option<Money>,
    /// Without tax.
    pub net: Money,
    /// The tax.
    pub tax: Money,
    /// With tax.
    pub gross: Money,
    /// The rate.
    pub vat_rate: VatRate,
}

/// An attempt to pay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaymentView {
    /// Its id.
    pub id: String,
    /// Where the hold stands: `initiated`, `action_required`, `authorised`, `declined`, `void_requested`, `voided` or
    /// `expired`.
    pub status: String,
    /// How much was asked for.
    pub amount: Money,
    /// How much is or was held.
    pub authorised: Money,
    /// How much was taken.
    pub captured: Money,
    /// How much was given back.
    pub refunded: Money,
    /// The provider's name of it.
    pub provider_reference: Option<String>,
    /// Where the buyer must go now.
    pub action_url: Option<String>,
    /// The provider's code of a no.
    pub decline_code: Option<String>,
    /// When the hold ends by itself, microseconds since 1970.
    pub expires_at: Option<i64>,
    /// The version of its stream.
    pub version: i64,
}

/// A parcel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FulfilmentView {
    /// Its id.
    pub id: String,
    /// The warehouse.
    pub location: String,
    /// How far it is: `requested`, `packed`, `handed_over`, `delivered`, `lost` or `cancelled`.
    pub status: String,
    /// Whether its money was taken.
    pub released: bool,
    /// The share of the payable amount that is taken with it.
    pub share: Money,
    /// What is in it: a JSON array of `{line, sku, quantity}`.
    pub lines_json: String,
    /// The carrier.
    pub carrier: Option<String>,
    /// The carrier's number of the parcel.
    pub tracking: Option<String>,
    /// Microseconds since 1970.
    pub handed_over_at: Option<i64>,
    /// Microseconds since 1970.
    pub delivered_at: Option<i64>,
    /// The version of its stream.
    pub version: i64,
}

/// A return.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReturnView {
    /// Its id.
    pub id: String,
    /// The order.
    pub order: String,
    /// How far it is: `requested`, `approved`, `refused`, `received`, `inspected`, `resolved` or `cancelled`.
    pub status: String,
    /// What will be refunded, once inspected.
    pub refund: Option<Money>,
    /// What was refunded.
    pub refunded: Option<Money>,
    /// Where the box arrived.
    pub location: Option<String>,
    /// What comes back: a JSON array of `{line, quantity}`.
    pub lines_json: String,
    /// What was found: a JSON array of `{line, resalable, damaged, missing}`.
    pub inspection_json: Option<String>,
    /// Microseconds since 1970.
    pub opened_at: i64,
    /// The version of its stream; 0 until it begins.
    pub version: i64,
}

/// Questions about orders.
#[derive(Clone, Copy, Debug)]
pub struct OrderQueries<'a> {
    pub(super) store: &'a ReadStore,
}

impl ReadModels {
    /// Asks about orders.
    pub fn orders(&self) -> OrderQueries<'_> {
        OrderQueries { store: self.store() }
    }
}

impl OrderQueries<'_> {
    /// Returns an order by id.
    ///
    /// # Errors
    /// [`ReadError`] when the engine fails.
    pub async fn order(&self, id: &str) -> Result<Option<OrderView>, ReadError> {
        self.complete(self.store.row(Query::of(&ORDERS).equals("id", id)).await?).await
    }

    /// Returns an order by the number that people say.
    ///
    /// # Errors
    /// [`ReadError`] when the engine fails.
    pub async fn order_by_number(&self, number: &str) -> Result<Option<OrderView>, ReadError> {
        self.complete(self.store.row(Query::of(&ORDERS).equals("number", number)).await?).await
    }

    /// Returns the heads of orders by id; unknown ones are left out.
    ///
    /// # Errors
    /// [`ReadError`] when the engine fails.
    pub async fn summaries(&self, ids: &[&str]) -> Result<Vec<OrderSummary>, ReadError> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let rows = self.store.rows(Query::of(&ORDERS).one_of("id", ids.iter().copied())).await?;
        rows.iter().map(to_summary).collect()
    }

    /// Returns a return by id.
    ///
    /// # Errors
    /// [`ReadError`] when the engine fails.
    pub async fn return_by_id(&self, id: &str) -> Result<Option<ReturnView>, ReadError> {
        let row = self.store.row(Query::of(&ORDER_RETURNS).equals("id", id)).await?;
        row.as_ref().map(to_return).transpose()
    }

    async fn complete(&self, row: Option<Row>) -> Result<Option<OrderView>, ReadError> {
        let Some(row) = row else {
            return Ok(None);
        };
        let id = row.text("id")?;
        let lines = self.belonging(&ORDER_LINES, id, &["rank"]).await?;
        let payments = self.belonging(&ORDER_PAYMENTS, id, &["initiated_at", "id"]).await?;
        let fulfilments = self.belonging(&ORDER_FULFILMENTS, id, &["requested_at", "id"]).await?;
        let returns = self.belonging(&ORDER_RETURNS, id, &["opened_at", "id"]).await?;
        Ok(Some(OrderView {
            summary: to_summary(&row)?,
            lines: lines.iter().map(to_line).collect::<Result<_, _>>()?,
            payments: payments.iter().map(to_payment).collect::<Result<_, _>>()?,
            fulfilments: fulfilments.iter().map(to_fulfilment).collect::<Result<_, _>>()?,
            returns: returns.iter().map(to_return).collect::<Result<_, _>>()?,
        }))
    }

    async fn belonging(
        &self,
        table: &'static Table,
        order: &str,
        sort: &[&'static str],
    ) -> Result<Vec<Row>, ReadError> {
        self.store.rows(Query::of(table).equals("order_id", order).order(sort, Direction::Ascending)).await
    }
}

pub(super) fn to_summary(row: &Row) -> Result<OrderSummary, ReadError> {
    Ok(OrderSummary {
        id: row.text("id")?.to_owned(),
        number: row.text("number")?.to_owned(),
        customer: row.text("customer_id")?.to_owned(),
        cart: row.text("cart_id")?.to_owned(),
        order_status: row.text("order_status")?.to_owned(),
        payment_status: row.text("payment_status")?.to_owned(),
        fulfilment_status: row.text("fulfilment_status")?.to_owned(),
        cancellation_requested: row.bool("cancellation_requested")?,
        adds_to: owned(row.text_or_null("adds_to_id")?),
        rejection_code: owned(row.text_or_null("rejection_code")?),
        line_count: row.int("line_count")?,
        units: row.int("units")?,
        total: money(row, "total_minor")?,
        coupons: money(row, "coupons_minor")?,
        payable: money(row, "payable_minor")?,
        cancelled: money(row, "cancelled_minor")?,
        shipping: ShippingView {
            code: row.text("shipping_code")?.to_owned(),
            label: localized(row, "shipping_label_fr", "shipping_label_en")?,
            net: money(row, "shipping_net_minor")?,
            tax: money(row, "shipping_tax_minor")?,
            gross: money(row, "shipping_gross_minor")?,
            vat_rate: vat_rate(row)?,
        },
        authorised: money(row, "authorised_minor")?,
        captured: money(row, "captured_minor")?,
        refunded: money(row, "refunded_minor")?,
        country: row.text("country")?.to_owned(),
        email: sealed(row, "email_subject", "email_ciphertext")?,
        address: sealed(row, "address_subject", "address_ciphertext")?,
        placed_at: row.int("placed_at")?,
        confirmed_at: row.int_or_null("confirmed_at")?,
        version: row.int("version")?,
    })
}

fn sealed(row: &Row, subject: &str, ciphertext: &str) -> Result<Sealed, RowError> {
    let text = row.text(subject)?;
    let whose: CustomerId =
        text.parse().map_err(|_| RowError::Malformed { column: subject.into(), found: text.into() })?;
    Ok(Sealed::new(whose, row.text(ciphertext)?.to_owned()))
}

fn to_line(row: &Row) -> Result<OrderLineView, ReadError> {
    Ok(OrderLineView {
        line: row.text("line_id")?.to_owned(),
        sku: row.text("sku")?.to_owned(),
        product: row.text("product_id")?.to_owned(),
        name: localized(row, "name_fr", "name_en")?,
        quantity: row.int("quantity")?,
        returned_quantity: row.int("returned_quantity")?,
        cancelled_quantity: row.int("cancelled_quantity")?,
        unit_price: money_or_null(row, "unit_price_minor")?,
        net: money(row, "net_minor")?,
        tax: money(row, "tax_minor")?,
        gross: money(row, "gross_minor")?,
        vat_rate: vat_rate(row)?,
    })
}

fn to_payment(row: &Row) -> Result<PaymentView, ReadError> {
    Ok(PaymentView {
        id: row.text("id")?.to_owned(),
        status: row.text("status")?.to_owned(),
        amount: money(row, "amount_minor")?,
        authorised: money(row, "authorised_minor")?,
        captured: money(row, "captured_minor")?,
        refunded: money(row, "refunded_minor")?,
        provider_reference: owned(row.text_or_null("provider_reference")?),
        action_url: owned(row.text_or_null("action_url")?),
        decline_code: owned(row.text_or_null("decline_code")?),
        expires_at: row.int_or_null("expires_at")?,
        version: row.int("version")?,
    })
}

fn to_fulfilment(row: &Row) -> Result<FulfilmentView, ReadError> {
    Ok(FulfilmentView {
        id: row.text("id")?.to_owned(),
        location: row.text("location")?.to_owned(),
        status: row.text("status")?.to_owned(),
        released: row.bool("released")?,
        share: money(row, "share_minor")?,
        lines_json: row.text("lines_json")?.to_owned(),
        carrier: owned(row.text_or_null("carrier")?),
        tracking: owned(row.text_or_null("tracking")?),
        handed_over_at: row.int_or_null("handed_over_at")?,
        delivered_at: row.int_or_null("delivered_at")?,
        version: row.int("version")?,
    })
}

pub(super) fn to_return(row: &Row) -> Result<ReturnView, ReadError> {
    // Until its own stream begins a return has no currency, and no amount either.
    let amount = |column| match row.text_or_null("currency") {
        Ok(Some(_)) => money_or_null(row, column),
        Ok(None) => Ok(None),
        Err(error) => Err(error),
    };
    Ok(ReturnView {
        id: row.text("id")?.to_owned(),
        order: row.text("order_id")?.to_owned(),
        status: row.text("status")?.to_owned(),
        refund: amount("refund_minor")?,
        refunded: amount("refunded_minor")?,
        location: owned(row.text_or_null("location")?),
        lines_json: row.text("lines_json")?.to_owned(),
        inspection_json: owned(row.text_or_null("inspection_json")?),
        opened_at: row.int("opened_at")?,
        version: row.int("version")?,
    })
}
