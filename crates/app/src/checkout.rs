//! Use cases of checkout: a cart is frozen, and later becomes a sale. The rest is the checkout process's work.

#[cfg(test)]
mod tests;

use domain::cart::{Cart, CartCommand, CartLine, CartStatus, CartTotals, LinePrice, ShippingChoice};
use domain::order::{OrderCoupon, OrderLine, OrderPromotion, OrderShipping, PromotionShare, Sale};
use domain::values::{CartId, Currency, LineId, Localized, Money, OrderId, Quantity, Sku, TaxedAmount, VatRate};

use crate::Shop;
use crate::bus::{Outcome, Request};
use crate::cart;
use crate::error::{AppError, Refused};
use crate::promotion::{self, News};
use crate::stock;

/// A way to send a parcel, as the shop is set up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShippingOption {
    /// Its code, such as `standard`.
    pub code: String,
    /// What it is called.
    pub label: Localized,
    /// What it costs, VAT included, in each currency it is offered in, with the rate inside.
    pub prices: Vec<(Money, VatRate)>,
}

impl ShippingOption {
    /// Returns the option with its price in a currency, where it has one.
    pub fn choice_in(&self, currency: Currency) -> Option<ShippingChoice> {
        let (price, vat_rate) = self.prices.iter().find(|(price, _)| price.currency() == currency)?;
        Some(ShippingChoice { code: self.code.clone(), label: self.label.clone(), price: *price, vat_rate: *vat_rate })
    }
}

/// A checkout that began.
#[derive(Clone, Debug)]
pub struct Started {
    /// The order that will be placed, or refused for lack of stock.
    pub order: OrderId,
    /// The cart, frozen.
    pub cart: Outcome<Cart>,
}

/// Freezes a cart at the total its owner saw. Where the catalogue's prices moved meanwhile, or a promotion gives nothing
/// any more, the cart follows and the answer is `PRICE_CHANGED`, or why the promotion gives nothing, so that nobody pays
/// what they did not see.
///
/// # Errors
/// `NOT_FOUND`, `CHECKOUT_INCOMPLETE`, `PRICE_CHANGED`, why a promotion gives nothing, `CHECKOUT_UNDER_WAY`, `CART_CLOSED`,
/// `IDEMPOTENCY_KEY_REUSED`.
pub async fn start(
    shop: &Shop,
    request: &Request,
    cart_id: &CartId,
    expected_total: Money,
) -> Result<Started, AppError> {
    start_paying(shop, request, cart_id, (expected_total, None)).await
}

/// Freezes a cart as [`start`] does; its method is to hold a part of the total only, where one is named, and others the rest.
///
/// # Errors
/// `PAYMENT_AMOUNT_INVALID` for a part that is nothing or more than the total; as [`start`].
pub async fn start_paying(
    shop: &Shop,
    request: &Request,
    cart_id: &CartId,
    (expected_total, pay_first): (Money, Option<Money>),
) -> Result<Started, AppError> {
    let loaded = cart::find(shop, &request.actor, cart_id).await?;
    let mut news = News::default();
    if cart::is_open(&loaded.state) {
        news = promotion::news(shop, &loaded.state).await?;
        let prices = cart::current_prices(shop, &loaded.state).await?;
        if !prices.is_empty() {
            news.commands.push(CartCommand::Reprice { prices });
        }
        if !news.commands.is_empty() {
            follow(shop, request, cart_id, &news.commands).await?;
        }
    }
    let order = OrderId::from_uuid(shop.ids.uuid());
    let command = CartCommand::StartCheckout { order, expected_total, pay_first };
    let started = shop.bus.execute::<Cart>(cart_id.as_str(), request, command).await;
    let cart = started.map_err(|error| match (error, news.lost) {
        (AppError::Refused(refused), Some(lost)) if refused.code == "PRICE_CHANGED" => lost.into(),
        (error, _) => error,
    })?;
    match cart.state.status() {
        CartStatus::CheckingOut { order, .. } => Ok(Started { order: order.clone(), cart }),
        CartStatus::Absent | CartStatus::Open | CartStatus::Completed { .. } | CartStatus::Absorbed { .. } => {
            Err(AppError::broken("a checkout started and left no trace in its cart"))
        }
    }
}

/// Lets a cart follow the catalogue and its promotions. One that was frozen or closed meanwhile stays as it is: this may
/// be the repeat of a checkout, whose key answers.
async fn follow(shop: &Shop, request: &Request, cart: &CartId, news: &[CartCommand]) -> Result<(), AppError> {
    match shop.bus.execute_all::<Cart>(cart.as_str(), &request.follow_up(), news).await {
        Ok(_) => Ok(()),
        Err(AppError::Refused(refused)) if matches!(refused.code, "CHECKOUT_UNDER_WAY" | "CART_CLOSED") => Ok(()),
        Err(error) => Err(error),
    }
}

/// Returns what a cart needs of each SKU.
///
/// # Errors
/// As [`stock::needs`].
pub fn needs(cart: &Cart) -> Result<Vec<(Sku, Quantity)>, AppError> {
    stock::needs(cart.lines().iter().map(|line| (&line.sku, line.quantity)))
}

/// Writes down what a frozen cart sells. Amounts are the cart's own totals; nothing is computed twice.
///
/// # Errors
/// [`AppError`] when the cart lacks what checkout asks for, which its own rules exclude.
pub fn sale_of(cart_id: &CartId, cart: &Cart, order: &OrderId) -> Result<Sale, AppError> {
    let totals = cart.totals().map_err(|refusal| Refused::of(&refusal))?;
    let incomplete = || AppError::broken("a cart went to checkout incomplete");
    let shipping = cart.shipping().ok_or_else(incomplete)?;
    let lines = cart
        .lines()
        .iter()
        .zip(&totals.lines)
        .map(|(line, (_, total))| order_line(line, *total, &totals))
        .collect::<Result<_, AppError>>()?;
    let promotions = cart.promotions().iter().zip(&totals.discounts).filter(|(_, given)| given.withheld.is_none());
    let promotions = promotions.map(|(held, given)| OrderPromotion {
        promotion: given.promotion.clone(),
        code: held.added.terms.code.clone(),
        label: held.added.terms.label.clone(),
        amount: given.amount,
    });
    let coupons = cart.coupons().iter().map(|coupon| OrderCoupon {
        code: coupon.code.clone(),
        campaign: coupon.campaign.clone(),
        amount: coupon.amount,
    });
    Ok(Sale {
        number: number_of(order),
        customer: cart.owner().cloned().ok_or_else(incomplete)?,
        cart: cart_id.clone(),
        currency: cart.currency().ok_or_else(incomplete)?,
        lines,
        shipping: OrderShipping {
            code: shipping.code.clone(),
            label: shipping.label.clone(),
            total: totals.shipping.ok_or_else(incomplete)?,
        },
        coupons: coupons.collect(),
        promotions: promotions.collect(),
        total: totals.total,
        payable: totals.payable,
        email: cart.email().cloned().ok_or_else(incomplete)?,
        address: cart.address().cloned().ok_or_else(incomplete)?,
        country: cart.country().map(str::to_owned).ok_or_else(incomplete)?,
        adds_to: cart.adds_to().cloned(),
    })
}

fn order_line(line: &CartLine, total: TaxedAmount, totals: &CartTotals) -> Result<OrderLine, AppError> {
    let mut promotions = Vec::new();
    for given in &totals.discounts {
        let shares = given.shares.iter().filter(|(of, _)| *of == line.line);
        promotions
            .extend(shares.map(|(_, amount)| PromotionShare { promotion: given.promotion.clone(), amount: *amount }));
    }
    let discount = totals.discount_of(&line.line).map_err(AppError::broken)?;
    Ok(OrderLine {
        line: line.line.clone(),
        sku: line.sku.clone(),
        product: line.product.clone(),
        name: line.name.clone(),
        quantity: line.quantity,
        unit_price: match line.price {
            LinePrice::PerUnit(price) => Some(price),
            LinePrice::ForLine(_) => None,
        },
        total,
        discount: (discount.minor() > 0).then_some(discount),
        promotions,
    })
}

/// Returns an order's number as people say it: the last 60 bits of its id in Crockford's base 32, in threes of four.
pub fn number_of(order: &OrderId) -> String {
    let text = order.as_str().to_ascii_uppercase();
    let tail = &text[text.len() - 12..];
    format!("{}-{}-{}", &tail[..4], &tail[4..8], &tail[8..])
}

/// Splits what the buyer pays over the lines of a sale and its shipping, by largest remainder: the last part is the
/// shipping's. Coupons that others pay lower every part in proportion.
///
/// # Errors
/// [`AppError`] when the amounts leave their range.
pub fn paid_parts(sale: &Sale) -> Result<(Vec<(LineId, Money)>, Money), AppError> {
    let mut weights = Vec::with_capacity(sale.lines.len() + 1);
    for amount in sale.lines.iter().map(|line| &line.total).chain([&sale.shipping.total]) {
        weights.push(u64::try_from(amount.gross.minor()).map_err(AppError::broken)?);
    }
    let mut parts = sale.payable.allocate(&weights).map_err(AppError::broken)?;
    let shipping = parts.pop().unwrap_or(Money::zero(sale.currency));
    Ok((sale.lines.iter().map(|line| line.line.clone()).zip(parts).collect(), shipping))
}
