//! The rules of a cart; those of its lines are in `lines.rs`.

use super::addition::{self, goes_its_own_way};
use super::card_number::holds_card_number;
use super::commands::{CartCommand, GuestCart};
use super::error::CartError;
use super::events::{CartEvent, CartPromotion, Coupon, ShippingChoice};
use super::lines::{self, fitting};
use super::state::{Cart, CartStatus, HeldPromotion};
use super::totals::{check_coupon_amount, check_price};
use crate::values::{CartId, Currency, CustomerId, Money, OrderId, PromotionId, Sealed, ShortText};

/// The most coupons of a cart.
pub const COUPONS_MAX: usize = 20;

/// The most promotions of a cart, those that give nothing included.
pub const PROMOTIONS_MAX: usize = 10;

type Decision = Result<Vec<CartEvent>, CartError>;

pub(super) fn decide(cart: &Cart, command: &CartCommand) -> Decision {
    match command {
        CartCommand::Open { owner, currency } => open(cart, owner, *currency),
        CartCommand::AddLines { lines } => lines::add(cart, changeable(cart)?, lines),
        CartCommand::ChangeLines { changes } => {
            changeable(cart)?;
            lines::change(cart, changes)
        }
        CartCommand::Reprice { prices } => lines::reprice(cart, changeable(cart)?, prices),
        CartCommand::CategoriseLines { lines } => {
            changeable(cart)?;
            lines::categorise(cart, lines)
        }
        CartCommand::SetContact { email } => {
            changeable(cart)?;
            set_contact(cart, email)
        }
        CartCommand::SetAddress { address, country } => {
            changeable(cart)?;
            set_address(cart, address, country)
        }
        CartCommand::ChooseShipping { shipping } => choose_shipping(cart, changeable(cart)?, shipping),
        CartCommand::BeginAddition { to } => addition::begin(cart, to),
        CartCommand::EndAddition => addition::end(cart),
        CartCommand::ChoosePaymentMethod { method } => {
            changeable(cart)?;
            choose_payment_method(cart, method)
        }
        CartCommand::ApplyCoupon { coupon } => apply_coupon(cart, changeable(cart)?, coupon),
        CartCommand::RemoveCoupon { code } => {
            changeable(cart)?;
            remove_coupon(cart, code)
        }
        CartCommand::AddPromotion { promotion } => {
            changeable(cart)?;
            add_promotion(cart, promotion)
        }
        CartCommand::WithholdPromotion { promotion, code } => {
            changeable(cart)?;
            Ok(withhold_promotion(cart, promotion, code))
        }
        CartCommand::RemovePromotion { promotion } => {
            changeable(cart)?;
            remove_promotion(cart, promotion)
        }
        CartCommand::Merge { guest } if cart.has_merged(&guest.from) => Ok(vec![]),
        CartCommand::Merge { guest } => merge(cart, changeable(cart)?, guest),
        CartCommand::Absorb { into } => absorb(cart, into),
        CartCommand::StartCheckout { order, expected_total, pay_first } => {
            start_checkout(cart, order, *expected_total, *pay_first)
        }
        CartCommand::AbandonCheckout { order, reason } => abandon_checkout(cart, order, reason),
        CartCommand::Complete { order } => complete(cart, order),
    }
}

/// Returns the currency of a cart that can be changed now, or why it cannot.
pub(super) fn changeable(cart: &Cart) -> Result<Currency, CartError> {
    match cart.status() {
        CartStatus::Open => cart.currency().ok_or(CartError::Unknown),
        CartStatus::Absent => Err(CartError::Unknown),
        CartStatus::CheckingOut { order, .. } => Err(CartError::CheckoutUnderWay { order }),
        CartStatus::Completed { .. } | CartStatus::Absorbed { .. } => Err(CartError::Closed),
    }
}

fn open(cart: &Cart, owner: &CustomerId, currency: Currency) -> Decision {
    match (cart.owner(), cart.currency()) {
        (None, None) => Ok(vec![CartEvent::Opened { owner: owner.clone(), currency }]),
        (Some(present), Some(of_cart)) if present == owner && of_cart == currency => Ok(vec![]),
        _ => Err(CartError::AlreadyExists),
    }
}

fn set_contact(cart: &Cart, email: &Sealed) -> Decision {
    goes_its_own_way(cart)?;
    if cart.email() == Some(email) {
        return Ok(vec![]);
    }
    Ok(vec![CartEvent::ContactSet { email: email.clone() }])
}

fn set_address(cart: &Cart, address: &Sealed, country: &str) -> Decision {
    goes_its_own_way(cart)?;
    if country.len() != 2 || !country.bytes().all(|byte| byte.is_ascii_uppercase()) {
        return Err(CartError::InvalidCountry);
    }
    if cart.address() == Some(address) && cart.country() == Some(country) {
        return Ok(vec![]);
    }
    Ok(vec![CartEvent::AddressSet { address: address.clone(), country: country.to_owned() }])
}

fn choose_shipping(cart: &Cart, currency: Currency, shipping: &ShippingChoice) -> Decision {
    goes_its_own_way(cart)?;
    if cart.shipping() == Some(shipping) {
        return Ok(vec![]);
    }
    check_price(currency, shipping.price)?;
    fitting(cart, vec![CartEvent::ShippingChosen { shipping: shipping.clone() }])
}

fn choose_payment_method(cart: &Cart, method: &ShortText) -> Decision {
    if holds_card_number(method) {
        return Err(CartError::CardNumber);
    }
    if cart.payment_method() == Some(method) {
        return Ok(vec![]);
    }
    Ok(vec![CartEvent::PaymentMethodChosen { method: method.clone() }])
}

fn apply_coupon(cart: &Cart, currency: Currency, coupon: &Coupon) -> Decision {
    if has_coupon(cart, &coupon.code) {
        return Err(CartError::CouponApplied);
    }
    if cart.coupons().len() >= COUPONS_MAX {
        return Err(CartError::TooManyCoupons { max: COUPONS_MAX });
    }
    check_coupon_amount(currency, coupon.amount)?;
    fitting(cart, vec![CartEvent::CouponApplied { coupon: coupon.clone() }])
}

fn remove_coupon(cart: &Cart, code: &ShortText) -> Decision {
    if !has_coupon(cart, code) {
        return Err(CartError::CouponUnknown);
    }
    Ok(vec![CartEvent::CouponRemoved { code: code.clone() }])
}

fn has_coupon(cart: &Cart, code: &ShortText) -> bool {
    cart.coupons().iter().any(|coupon| coupon.code == *code)
}

fn add_promotion(cart: &Cart, promotion: &CartPromotion) -> Decision {
    match cart.promotion(&promotion.promotion) {
        Some(held) if held.withheld.is_none() => return Ok(vec![]),
        None if cart.promotions().len() >= PROMOTIONS_MAX => {
            return Err(CartError::TooManyPromotions { max: PROMOTIONS_MAX });
        }
        Some(_) | None => {}
    }
    fitting(cart, vec![CartEvent::PromotionAdded { promotion: promotion.clone() }])
}

fn withhold_promotion(cart: &Cart, promotion: &PromotionId, code: &str) -> Vec<CartEvent> {
    match cart.promotion(promotion) {
        Some(held) if held.withheld.as_deref() != Some(code) => {
            vec![CartEvent::PromotionWithheld { promotion: promotion.clone(), code: code.to_owned() }]
        }
        Some(_) | None => vec![],
    }
}

fn remove_promotion(cart: &Cart, promotion: &PromotionId) -> Decision {
    if cart.promotion(promotion).is_none() {
        return Err(CartError::CouponUnknown);
    }
    Ok(vec![CartEvent::PromotionRemoved { promotion: promotion.clone() }])
}

/// Takes in all of a guest's cart or nothing: none of its codes is lost without a word.
fn merge(cart: &Cart, currency: Currency, guest: &GuestCart) -> Decision {
    let mut events = vec![lines::merged(cart, currency, guest)?];
    events.extend(merged_promotions(cart, &guest.promotions)?);
    events.extend(merged_coupons(cart, currency, &guest.coupons)?);
    let mut tried = cart.clone();
    events.iter().for_each(|event| tried.move_on(event));
    events.extend(lines::categorise(&tried, &guest.categories)?);
    fitting(cart, events)
}

/// A promotion that both have stays as this cart has it, unless it is withheld here and would give something now.
fn merged_promotions(cart: &Cart, guests: &[HeldPromotion]) -> Decision {
    let (mut events, mut count) = (vec![], cart.promotions().len());
    for HeldPromotion { added, withheld } in guests {
        let present = cart.promotion(&added.promotion);
        let gives_again = present.is_some_and(|held| held.withheld.is_some()) && withheld.is_none();
        if present.is_some() && !gives_again {
            continue;
        }
        count += usize::from(present.is_none());
        if count > PROMOTIONS_MAX {
            return Err(CartError::TooManyPromotions { max: PROMOTIONS_MAX });
        }
        events.push(CartEvent::PromotionAdded { promotion: added.clone() });
        let code = withheld.clone();
        events.extend(code.map(|code| CartEvent::PromotionWithheld { promotion: added.promotion.clone(), code }));
    }
    Ok(events)
}

/// A coupon that both have counts once.
fn merged_coupons(cart: &Cart, currency: Currency, guests: &[Coupon]) -> Decision {
    let new: Vec<&Coupon> = guests.iter().filter(|coupon| !has_coupon(cart, &coupon.code)).collect();
    if cart.coupons().len() + new.len() > COUPONS_MAX {
        return Err(CartError::TooManyCoupons { max: COUPONS_MAX });
    }
    for coupon in &new {
        check_coupon_amount(currency, coupon.amount)?;
    }
    Ok(new.into_iter().map(|coupon| CartEvent::CouponApplied { coupon: coupon.clone() }).collect())
}

fn absorb(cart: &Cart, into: &CartId) -> Decision {
    if cart.status() == (CartStatus::Absorbed { into: into.clone() }) {
        return Ok(vec![]);
    }
    changeable(cart)?;
    Ok(vec![CartEvent::Absorbed { into: into.clone() }])
}

fn start_checkout(cart: &Cart, order: &OrderId, expected_total: Money, pay_first: Option<Money>) -> Decision {
    if let CartStatus::CheckingOut { order: under_way, .. } = cart.status()
        && under_way == *order
    {
        return Ok(vec![]);
    }
    changeable(cart)?;
    // Stock and payment have refused this order for good: a start that arrives late must not freeze the cart again.
    if cart.last_abandoned() == Some(order) {
        return Err(CartError::CheckoutOver { order: order.clone() });
    }
    let missing = cart.missing();
    if !missing.is_empty() {
        return Err(CartError::CheckoutIncomplete { missing });
    }
    let totals = cart.totals()?;
    let actual = totals.payable;
    if actual != expected_total {
        return Err(CartError::TotalChanged { expected: expected_total, actual });
    }
    if let Some(requested) = pay_first.filter(|requested| !requested.is_part_of(actual)) {
        return Err(CartError::PaymentAmountInvalid { requested, due: actual });
    }
    let giving = totals.discounts.into_iter().filter(|discount| discount.amount.minor() > 0);
    let promotions = giving.map(|discount| discount.promotion).collect();
    let pay_first = pay_first.filter(|requested| *requested != actual);
    let (order, adds_to) = (order.clone(), cart.adds_to().cloned());
    Ok(vec![CartEvent::CheckoutStarted { order, total: actual, promotions, pay_first, adds_to }])
}

fn abandon_checkout(cart: &Cart, order: &OrderId, reason: &ShortText) -> Decision {
    if cart.last_abandoned() == Some(order) {
        return Ok(vec![]);
    }
    under_way(cart, order)?;
    Ok(vec![CartEvent::CheckoutAbandoned { order: order.clone(), reason: reason.clone() }])
}

fn complete(cart: &Cart, order: &OrderId) -> Decision {
    if cart.status() == (CartStatus::Completed { order: order.clone() }) {
        return Ok(vec![]);
    }
    under_way(cart, order)?;
    Ok(vec![CartEvent::Completed { order: order.clone() }])
}

/// Accepts the order whose checkout is under way.
fn under_way(cart: &Cart, order: &OrderId) -> Result<(), CartError> {
    match cart.status() {
        CartStatus::CheckingOut { order: present, .. } if present == *order => Ok(()),
        CartStatus::CheckingOut { .. } | CartStatus::Open => Err(CartError::CheckoutUnknown { order: order.clone() }),
        CartStatus::Absent => Err(CartError::Unknown),
        CartStatus::Completed { .. } | CartStatus::Absorbed { .. } => Err(CartError::Closed),
    }
}
