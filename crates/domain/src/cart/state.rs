//! A cart, folded from its stream.

use std::collections::{BTreeMap, VecDeque};

use serde::{Deserialize, Serialize};

use super::addition::AddedTo;
use super::error::CartError;
use super::events::{CartEvent, CartLine, CartPromotion, Coupon, LineCategories, ShippingChoice};
use super::totals::{self, CartTotals};
use crate::values::{
    CartId, CategoryId, CouponCode, Currency, CustomerId, LineId, Money, OrderId, PromotionId, Sealed, ShortText,
};

/// How many merged carts a cart remembers, to answer a merge that arrives again. Beyond it the line ids still refuse it.
pub const MERGES_REMEMBERED_MAX: usize = 1_000;

/// Where a cart is in its life.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum CartStatus {
    /// It was never opened.
    #[default]
    Absent,
    /// It can be changed.
    Open,
    /// It is frozen while its order is placed.
    CheckingOut {
        /// The order.
        order: OrderId,
        /// What the shopper agreed to pay.
        total: Money,
    },
    /// It became an order.
    Completed {
        /// The order.
        order: OrderId,
    },
    /// Another cart took its lines.
    Absorbed {
        /// The other cart.
        into: CartId,
    },
}

/// A promotion in a cart, and why it is withheld, where it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldPromotion {
    /// The promotion as it was added.
    pub added: CartPromotion,
    /// The code of the promotion's own refusal; none where it may give something.
    pub withheld: Option<String>,
}

/// What a shopper means to buy.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cart {
    status: CartStatus,
    owner: Option<CustomerId>,
    currency: Option<Currency>,
    lines: Vec<CartLine>,
    categories: BTreeMap<LineId, Vec<CategoryId>>,
    email: Option<Sealed>,
    address: Option<Sealed>,
    country: Option<String>,
    shipping: Option<ShippingChoice>,
    adds_to: Option<OrderId>,
    payment_method: Option<ShortText>,
    pay_first: Option<Money>,
    coupons: Vec<Coupon>,
    promotions: Vec<HeldPromotion>,
    merged: VecDeque<CartId>,
    last_abandoned: Option<OrderId>,
}

impl Cart {
    /// Returns where it is in its life.
    pub fn status(&self) -> CartStatus {
        self.status.clone()
    }

    /// Returns whose it is; none before it is opened.
    pub fn owner(&self) -> Option<&CustomerId> {
        self.owner.as_ref()
    }

    /// Returns the currency of every price in it; none before it is opened.
    pub fn currency(&self) -> Option<Currency> {
        self.currency
    }

    /// Returns its lines in the order they came in.
    pub fn lines(&self) -> &[CartLine] {
        &self.lines
    }

    /// Returns the categories that the product of a line stands in or below, of those that promotions of the cart have named.
    pub fn categories_of(&self, line: &LineId) -> &[CategoryId] {
        self.categories.get(line).map_or(&[], Vec::as_slice)
    }

    /// Returns the sealed e-mail address.
    pub fn email(&self) -> Option<&Sealed> {
        self.email.as_ref()
    }

    /// Returns the sealed name and address.
    pub fn address(&self) -> Option<&Sealed> {
        self.address.as_ref()
    }

    /// Returns the country it goes to, ISO 3166-1 alpha-2.
    pub fn country(&self) -> Option<&str> {
        self.country.as_deref()
    }

    /// Returns how it is sent.
    pub fn shipping(&self) -> Option<&ShippingChoice> {
        self.shipping.as_ref()
    }

    /// Returns the order that it adds to; none for a usual cart.
    pub fn adds_to(&self) -> Option<&OrderId> {
        self.adds_to.as_ref()
    }

    /// Returns the payment provider's token.
    pub fn payment_method(&self) -> Option<&ShortText> {
        self.payment_method.as_ref()
    }

    /// Returns how much of the total the method is to hold, of a cart that went to checkout; none for all of it.
    pub fn pay_first(&self) -> Option<Money> {
        self.pay_first
    }

    /// Returns its coupons in the order they were applied.
    pub fn coupons(&self) -> &[Coupon] {
        &self.coupons
    }

    /// Returns its promotions in the order they were added, those that give nothing included.
    pub fn promotions(&self) -> &[HeldPromotion] {
        &self.promotions
    }

    /// Returns the promotion that was added by a code.
    pub fn promotion_of(&self, code: &CouponCode) -> Option<&PromotionId> {
        let held = self.promotions.iter().find(|held| held.added.code() == Some(code))?;
        Some(&held.added.promotion)
    }

    /// Returns the order whose checkout was abandoned last.
    pub fn last_abandoned(&self) -> Option<&OrderId> {
        self.last_abandoned.as_ref()
    }

    /// Returns what checkout still needs: `lines`, `email`, `address`, `shipping`, `payment_method`. A cart known to
    /// cost nothing needs no payment method.
    pub fn missing(&self) -> Vec<&'static str> {
        let settled = !self.lines.is_empty() && self.shipping.is_some();
        let free = settled && self.totals().is_ok_and(|totals| totals.payable.minor() == 0);
        [
            ("lines", self.lines.is_empty()),
            ("email", self.email.is_none()),
            ("address", self.address.is_none()),
            ("shipping", self.shipping.is_none()),
            ("payment_method", self.payment_method.is_none() && !free),
        ]
        .into_iter()
        .filter_map(|(name, is_missing)| is_missing.then_some(name))
        .collect()
    }

    /// Sums it up.
    ///
    /// # Errors
    /// [`CartError::Unknown`] before it is opened, since it has no currency; [`CartError::AmountOutOfRange`] and
    /// [`CartError::WrongCurrency`] are refused before they are in it.
    pub fn totals(&self) -> Result<CartTotals, CartError> {
        totals::totals(self)
    }

    pub(super) fn line(&self, line: &LineId) -> Option<&CartLine> {
        self.lines.iter().find(|present| present.line == *line)
    }

    pub(super) fn promotion(&self, promotion: &PromotionId) -> Option<&HeldPromotion> {
        self.promotions.iter().find(|held| held.added.promotion == *promotion)
    }

    pub(super) fn has_merged(&self, from: &CartId) -> bool {
        self.merged.contains(from)
    }

    /// Moves on by one fact.
    pub(super) fn move_on(&mut self, event: &CartEvent) {
        match event {
            CartEvent::Opened { owner, currency } => {
                self.status = CartStatus::Open;
                self.owner = Some(owner.clone());
                self.currency = Some(*currency);
            }
            CartEvent::LinesAdded { lines } => self.lines.extend(lines.iter().cloned()),
            CartEvent::LineQuantityChanged { line, quantity } => {
                self.change(line, |present| present.quantity = *quantity);
            }
            CartEvent::LinesRemoved { lines } => {
                self.lines.retain(|present| !lines.contains(&present.line));
                self.categories.retain(|line, _| !lines.contains(line));
            }
            CartEvent::LinesCategorised { lines } => lines.iter().for_each(|told| self.categorise(told)),
            CartEvent::LineRepriced { line, price, vat_rate } => self.change(line, |present| {
                present.price = *price;
                present.vat_rate = *vat_rate;
            }),
            CartEvent::ContactSet { email } => self.email = Some(email.clone()),
            CartEvent::AddressSet { address, country } => {
                self.address = Some(address.clone());
                self.country = Some(country.clone());
            }
            CartEvent::ShippingChosen { shipping } => self.shipping = Some(shipping.clone()),
            CartEvent::AdditionBegun { to } => self.go_along(to),
            CartEvent::AdditionEnded { .. } => (self.adds_to, self.shipping) = (None, None),
            CartEvent::PaymentMethodChosen { method } => self.payment_method = Some(method.clone()),
            CartEvent::CouponApplied { coupon } => self.coupons.push(coupon.clone()),
            CartEvent::CouponRemoved { code } => self.coupons.retain(|coupon| coupon.code != *code),
            CartEvent::PromotionAdded { promotion } => self.hold(promotion),
            CartEvent::PromotionWithheld { promotion, code } => {
                if let Some(held) = self.promotions.iter_mut().find(|held| held.added.promotion == *promotion) {
                    held.withheld = Some(code.clone());
                }
            }
            CartEvent::PromotionRemoved { promotion } => {
                self.promotions.retain(|held| held.added.promotion != *promotion);
            }
            CartEvent::Merged { from, lines } => {
                self.lines.extend(lines.iter().cloned());
                self.remember_merge(from);
            }
            CartEvent::Absorbed { into } => self.status = CartStatus::Absorbed { into: into.clone() },
            CartEvent::CheckoutStarted { order, total, pay_first, .. } => {
                self.status = CartStatus::CheckingOut { order: order.clone(), total: *total };
                self.pay_first = *pay_first;
            }
            CartEvent::CheckoutAbandoned { order, .. } => {
                self.status = CartStatus::Open;
                self.last_abandoned = Some(order.clone());
            }
            CartEvent::Completed { order } => self.status = CartStatus::Completed { order: order.clone() },
        }
    }

    fn change(&mut self, line: &LineId, change: impl FnOnce(&mut CartLine)) {
        if let Some(present) = self.lines.iter_mut().find(|present| present.line == *line) {
            change(present);
        }
    }

    fn go_along(&mut self, to: &AddedTo) {
        let AddedTo { order, email, address, country, shipping } = to.clone();
        (self.adds_to, self.shipping) = (Some(order), Some(shipping));
        (self.email, self.address, self.country) = (Some(email), Some(address), Some(country));
    }

    fn categorise(&mut self, told: &LineCategories) {
        if told.categories.is_empty() {
            self.categories.remove(&told.line);
        } else {
            self.categories.insert(told.line.clone(), told.categories.clone());
        }
    }

    fn hold(&mut self, added: &CartPromotion) {
        match self.promotions.iter_mut().find(|held| held.added.promotion == added.promotion) {
            Some(held) => held.withheld = None,
            None => self.promotions.push(HeldPromotion { added: added.clone(), withheld: None }),
        }
    }

    fn remember_merge(&mut self, from: &CartId) {
        self.merged.push_back(from.clone());
        if self.merged.len() > MERGES_REMEMBERED_MAX {
            self.merged.pop_front();
        }
    }
}
