//! A cart as shoppers and staff see it.

use std::sync::Arc;

use app::as_of::AsOf;
use app::bus::{Loaded, Outcome};
use app::error::AppError;
use app::order::MISSING_OPEN_ORDER;
use async_graphql::{Context, Enum, ID, Object, Result, SimpleObject};
use domain::cart::{
    Cart as CartState, CartDiscount, CartLine as LineState, CartStatus as State, CartTotals, HeldPromotion, LinePrice,
};
use domain::values::{Locale, Money as Amount, TaxedAmount};

use crate::graphql::address::Address;
use crate::graphql::audit::types::Event;
use crate::graphql::call::{Call, request};
use crate::graphql::code::ErrorCode;
use crate::graphql::connection::Connection;
use crate::graphql::errors::{failure, internal};
use crate::graphql::history::history;
use crate::graphql::money::{CurrencyCode, Money, TaxedMoney};
use crate::graphql::promotion::types::{Discount, DiscountShare};
use crate::graphql::scalars::SafeInt;

/// Where a cart is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum CartStatus {
    /// It can be changed.
    Open,
    /// It is frozen while its order is placed.
    CheckingOut,
    /// It became an order.
    Completed,
    /// Another cart took its lines.
    Absorbed,
}

/// What checkout still needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum CheckoutStep {
    /// Something to buy.
    Lines,
    /// Where to write to.
    Email,
    /// Where to send to.
    Address,
    /// How to send it.
    Shipping,
    /// How to pay.
    PaymentMethod,
    /// An order that may still be added to: take the cart off the one it has with `cartAdditionEnd`.
    OpenOrder,
}

impl CheckoutStep {
    fn of(name: &str) -> Option<Self> {
        match name {
            "lines" => Some(CheckoutStep::Lines),
            "email" => Some(CheckoutStep::Email),
            "address" => Some(CheckoutStep::Address),
            "shipping" => Some(CheckoutStep::Shipping),
            "payment_method" => Some(CheckoutStep::PaymentMethod),
            MISSING_OPEN_ORDER => Some(CheckoutStep::OpenOrder),
            _ => None,
        }
    }
}

/// What a shopper means to buy.
#[derive(Clone, Debug)]
pub struct Cart {
    id: String,
    version: u64,
    state: Arc<CartState>,
    as_of: AsOf,
}

impl Cart {
    /// Shows what a command led to.
    pub(crate) fn of(outcome: &Outcome<CartState>) -> Self {
        Self { id: outcome.id.clone(), version: outcome.version, state: outcome.state.clone(), as_of: AsOf::Now }
    }

    /// Shows a cart that was loaded.
    pub(crate) fn loaded(id: &str, loaded: Loaded<CartState>) -> Self {
        Self { id: id.to_owned(), version: loaded.version, state: loaded.state, as_of: AsOf::Now }
    }

    /// Says that it is shown as it was, or as it is.
    pub(crate) fn shown_as_of(self, as_of: AsOf) -> Self {
        Self { as_of, ..self }
    }

    fn totals(&self) -> Result<CartTotals> {
        self.state.totals().map_err(internal)
    }
}

/// What a shopper means to buy, until it becomes an order. Amounts include VAT.
#[Object]
impl Cart {
    /// Its id.
    pub async fn id(&self) -> ID {
        ID(self.id.clone())
    }

    /// How many events it has: pass it as `expectedVersion` to change nothing that you have not seen.
    async fn version(&self) -> u64 {
        self.version
    }

    /// Where it is in its life.
    async fn status(&self) -> CartStatus {
        match self.state.status() {
            State::Absent | State::Open => CartStatus::Open,
            State::CheckingOut { .. } => CartStatus::CheckingOut,
            State::Completed { .. } => CartStatus::Completed,
            State::Absorbed { .. } => CartStatus::Absorbed,
        }
    }

    /// Whose it is: a customer or a guest.
    async fn customer_id(&self) -> Option<ID> {
        self.state.owner().map(|owner| ID(owner.to_string()))
    }

    /// The order it becomes or became.
    async fn order_id(&self) -> Option<ID> {
        match self.state.status() {
            State::CheckingOut { order, .. } | State::Completed { order } => Some(ID(order.into())),
            State::Absent | State::Open | State::Absorbed { .. } => None,
        }
    }

    /// The currency of every amount in it.
    async fn currency(&self) -> Option<CurrencyCode> {
        self.state.currency().map(Into::into)
    }

    /// Its lines in the order they came in.
    async fn lines(&self, ctx: &Context<'_>) -> Result<Vec<CartLine>> {
        let (totals, locale) = (self.totals()?, request(ctx)?.locale);
        let lines = self.state.lines().iter().zip(&totals.lines);
        let shown = lines.map(|(line, (_, total))| {
            let discount = totals.discount_of(&line.line).map_err(|error| internal(AppError::broken(error)))?;
            Ok(CartLine::of(line, *total, discount, locale))
        });
        shown.collect()
    }

    /// How many units are in it.
    async fn units(&self) -> SafeInt {
        SafeInt(self.state.lines().iter().map(|line| line.quantity.units()).sum())
    }

    /// The lines before promotions, without shipping and coupons.
    async fn subtotal(&self) -> Result<Money> {
        Ok(self.totals()?.subtotal.into())
    }

    /// How it is sent, once chosen.
    async fn shipping(&self, ctx: &Context<'_>) -> Result<Option<ShippingLine>> {
        let locale = request(ctx)?.locale;
        Ok(self.state.shipping().zip(self.totals()?.shipping).map(|(choice, total)| ShippingLine {
            code: choice.code.clone(),
            label: choice.label.get(locale).to_owned(),
            total: total.into(),
        }))
    }

    /// What each promotion takes off, line by line, or why it takes off nothing, in the order they were added.
    async fn discounts(&self) -> Result<Vec<Discount>> {
        let held = self.state.promotions().iter().zip(self.totals()?.discounts);
        Ok(held.map(|(held, given)| discount_of(held, given)).collect())
    }

    /// What promotions take off in all.
    async fn discount(&self) -> Result<Money> {
        Ok(self.totals()?.discount.into())
    }

    /// Coupons that their makers pay.
    async fn coupons(&self) -> Vec<Coupon> {
        self.state
            .coupons()
            .iter()
            .map(|coupon| Coupon {
                code: coupon.code.to_string(),
                campaign: coupon.campaign.to_string(),
                amount: coupon.amount.into(),
            })
            .collect()
    }

    /// Lines and shipping, promotions taken off: what the shop receives.
    async fn total(&self) -> Result<Money> {
        Ok(self.totals()?.total.into())
    }

    /// The total less the coupons: what the shopper pays. Pass it to `checkoutComplete` as `expectedTotal`.
    async fn payable(&self) -> Result<Money> {
        Ok(self.totals()?.payable.into())
    }

    /// Lines and shipping by VAT rate, lowest rate first.
    async fn vat(&self) -> Result<Vec<TaxedMoney>> {
        Ok(self.totals()?.vat.into_iter().map(Into::into).collect())
    }

    /// What checkout still needs.
    async fn missing(&self, ctx: &Context<'_>) -> Result<Vec<CheckoutStep>> {
        let missing = app::order::missing(&Call::of(ctx)?.state.shop, &self.state).await.map_err(failure)?;
        Ok(missing.into_iter().filter_map(CheckoutStep::of).collect())
    }

    /// The order that it adds to, with which it goes along for nothing; null for a usual cart.
    async fn adds_to_order_id(&self) -> Option<ID> {
        self.state.adds_to().map(|order| ID(order.to_string()))
    }

    /// The country it goes to, ISO 3166-1 alpha-2.
    async fn country(&self) -> Option<&str> {
        self.state.country()
    }

    /// Whether a payment method is chosen; the token itself is shown to no one.
    async fn has_payment_method(&self) -> bool {
        self.state.payment_method().is_some()
    }

    /// Where to write to. For its owner and for `PII_READ`; null for others and once the customer is forgotten.
    async fn email(&self, ctx: &Context<'_>) -> Result<Option<String>> {
        match self.state.email() {
            Some(sealed) => Call::of(ctx)?.open(sealed).await.map_err(failure),
            None => Ok(None),
        }
    }

    /// Where to send to. For its owner and for `PII_READ`; null for others and once the customer is forgotten.
    async fn address(&self, ctx: &Context<'_>) -> Result<Option<Address>> {
        match self.state.address() {
            Some(sealed) => Address::open(Call::of(ctx)?, sealed).await.map_err(failure),
            None => Ok(None),
        }
    }

    /// Every event of it, the oldest first: who, when and why. Needs `AUDIT_READ`.
    #[graphql(complexity = "first.clamp(1, 100) as usize * child_complexity / 10 + 1")]
    async fn history(
        &self,
        ctx: &Context<'_>,
        #[graphql(default = 20, desc = "How many, 1 to 100.")] first: i32,
        #[graphql(desc = "Go on behind this cursor.")] after: Option<String>,
    ) -> Result<Connection<Event>> {
        history::<CartState>(ctx, &self.id, self.as_of, (first, after)).await
    }
}

/// A line of a cart.
#[derive(Clone, Debug, SimpleObject)]
pub struct CartLine {
    /// Its id.
    pub id: ID,
    /// What is bought.
    pub sku: String,
    /// The product it is a variant of.
    pub product_id: ID,
    /// What it was called when it was added.
    pub name: String,
    /// How many units.
    pub quantity: i64,
    /// The price of a unit, VAT included; none where the line was priced as a whole.
    pub unit_price: Option<Money>,
    /// What promotions take off the line, VAT included.
    pub discount: Money,
    /// The whole line with its VAT, rounded once; promotions are taken off.
    pub total: TaxedMoney,
    /// Why the price is not the catalogue's, where it is not.
    pub price_reason: Option<String>,
}

impl CartLine {
    fn of(line: &LineState, total: TaxedAmount, discount: Amount, locale: Locale) -> Self {
        Self {
            id: ID(line.line.to_string()),
            sku: line.sku.to_string(),
            product_id: ID(line.product.to_string()),
            name: line.name.get(locale).to_owned(),
            quantity: line.quantity.units(),
            unit_price: match line.price {
                LinePrice::PerUnit(price) => Some(price.into()),
                LinePrice::ForLine(_) => None,
            },
            discount: discount.into(),
            total: total.into(),
            price_reason: line.price_reason.as_ref().map(ToString::to_string),
        }
    }
}

fn discount_of(held: &HeldPromotion, given: CartDiscount) -> Discount {
    let shares = given.shares.into_iter();
    Discount {
        promotion_id: ID(given.promotion.to_string()),
        code: held.added.code().map(ToString::to_string),
        label: held.added.terms.label.to_string(),
        amount: given.amount.into(),
        shares: shares.map(|(line, share)| DiscountShare { line_id: ID(line.into()), amount: share.into() }).collect(),
        withheld: given.withheld.as_deref().and_then(ErrorCode::of),
    }
}

/// How something is sent.
#[derive(Clone, Debug, SimpleObject)]
pub struct ShippingLine {
    /// The option's code.
    pub code: String,
    /// What it is called.
    pub label: String,
    /// What it costs.
    pub total: TaxedMoney,
}

/// A coupon that its maker pays.
#[derive(Clone, Debug, SimpleObject)]
pub struct Coupon {
    /// The code.
    pub code: String,
    /// The campaign that issued it.
    pub campaign: String,
    /// What the maker pays.
    pub amount: Money,
}

/// Says whether a failure to find something is just that.
pub(crate) fn or_null<T>(found: Result<T, AppError>) -> Result<Option<T>> {
    match found {
        Ok(value) => Ok(Some(value)),
        Err(AppError::Refused(refused)) if refused.code == "NOT_FOUND" => Ok(None),
        Err(error) => Err(failure(error)),
    }
}
