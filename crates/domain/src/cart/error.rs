//! Why a cart says no.

use crate::decider::Refusal;
use crate::values::{Currency, LineId, Money, OrderId};

/// A refusal of the cart context.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CartError {
    /// There is no such cart.
    #[error("there is no such cart")]
    Unknown,
    /// The cart exists already, for someone else or in another currency.
    #[error("this cart exists already")]
    AlreadyExists,
    /// The cart was completed or absorbed.
    #[error("the cart is closed: open a new one")]
    Closed,
    /// Checkout is under way.
    #[error("the cart is frozen while {order} is checked out")]
    CheckoutUnderWay {
        /// The order.
        order: OrderId,
    },
    /// Another checkout than the one that is under way.
    #[error("no checkout of {order} is under way")]
    CheckoutUnknown {
        /// The order.
        order: OrderId,
    },
    /// The checkout was abandoned: its order is not placed any more.
    #[error("the checkout of {order} was abandoned: start one with another order")]
    CheckoutOver {
        /// The order.
        order: OrderId,
    },
    /// A payment is to hold nothing, more than the total, or another currency.
    #[error("a payment of {requested} was asked for, of {due} that are due: pay that or less")]
    PaymentAmountInvalid {
        /// What it was to hold.
        requested: Money,
        /// What is due.
        due: Money,
    },
    /// There is no such line.
    #[error("the cart has no line {line}")]
    LineUnknown {
        /// The line.
        line: LineId,
    },
    /// The same line was added twice with other content.
    #[error("the cart has a line {line} already")]
    LineExists {
        /// The line.
        line: LineId,
    },
    /// Nothing was asked for.
    #[error("name at least one line")]
    NothingAsked,
    /// Too many lines.
    #[error("a cart holds at most {max} lines")]
    TooManyLines {
        /// The limit.
        max: usize,
    },
    /// The price of a whole line cannot follow a new quantity.
    #[error("line {line} has a price for the whole line: remove it and add it again")]
    LinePriceFixed {
        /// The line.
        line: LineId,
    },
    /// A price is in another currency.
    #[error("the cart is in {cart}, not in {found}")]
    WrongCurrency {
        /// The cart's currency.
        cart: Currency,
        /// The other one.
        found: Currency,
    },
    /// A price is negative, a coupon is worth nothing, or the total leaves its range.
    #[error("the amount must be from {min} to {max} minor units")]
    AmountOutOfRange {
        /// The lowest amount, in minor units.
        min: i64,
        /// The highest amount, of one price and of the total, in minor units.
        max: i64,
    },
    /// The country is not one of ISO 3166-1 alpha-2.
    #[error("the country must be two capital letters (ISO 3166-1 alpha-2)")]
    InvalidCountry,
    /// It adds to an order, and goes as that goes.
    #[error(
        "the cart adds to {order}, whose e-mail, address and shipping it has: take it off the order to choose others"
    )]
    GoesAlong {
        /// The order.
        order: OrderId,
    },
    /// The payment method looks like a card number.
    #[error("this looks like a card number: send the payment provider's token")]
    CardNumber,
    /// The coupon is in the cart already.
    #[error("the coupon is applied already")]
    CouponApplied,
    /// Too many coupons.
    #[error("a cart holds at most {max} coupons")]
    TooManyCoupons {
        /// The limit.
        max: usize,
    },
    /// The coupon is not in the cart.
    #[error("the coupon is not applied")]
    CouponUnknown,
    /// Too many promotions.
    #[error("a cart holds at most {max} promotions")]
    TooManyPromotions {
        /// The limit.
        max: usize,
    },
    /// Something is missing for checkout.
    #[error("checkout needs {}", missing.join(", "))]
    CheckoutIncomplete {
        /// What is missing: `lines`, `email`, `address`, `shipping`, `payment_method`.
        missing: Vec<&'static str>,
    },
    /// The total is not what the shopper saw.
    #[error("the total is {actual}, not {expected}: show it again")]
    TotalChanged {
        /// What the shopper saw.
        expected: Money,
        /// What it is.
        actual: Money,
    },
}

impl Refusal for CartError {
    fn code(&self) -> &'static str {
        match self {
            CartError::Unknown => "NOT_FOUND",
            CartError::AlreadyExists => "ALREADY_EXISTS",
            CartError::Closed => "CART_CLOSED",
            CartError::CheckoutUnderWay { .. } => "CHECKOUT_UNDER_WAY",
            CartError::CheckoutUnknown { .. } => "CHECKOUT_UNKNOWN",
            CartError::CheckoutOver { .. } => "CHECKOUT_OVER",
            CartError::PaymentAmountInvalid { .. } => "PAYMENT_AMOUNT_INVALID",
            CartError::LineUnknown { .. } => "LINE_NOT_FOUND",
            CartError::LineExists { .. } => "LINE_EXISTS",
            CartError::NothingAsked => "NOTHING_ASKED",
            CartError::TooManyLines { .. } => "TOO_MANY_LINES",
            CartError::LinePriceFixed { .. } => "LINE_PRICE_FIXED",
            CartError::WrongCurrency { .. } => "WRONG_CURRENCY",
            CartError::AmountOutOfRange { .. } => "AMOUNT_OUT_OF_RANGE",
            CartError::InvalidCountry => "INVALID_COUNTRY",
            CartError::GoesAlong { .. } => "CART_GOES_ALONG",
            CartError::CardNumber => "CARD_NUMBER_REFUSED",
            CartError::CouponApplied => "COUPON_APPLIED",
            CartError::TooManyCoupons { .. } => "TOO_MANY_COUPONS",
            CartError::CouponUnknown => "COUPON_UNKNOWN",
            CartError::TooManyPromotions { .. } => "TOO_MANY_PROMOTIONS",
            CartError::CheckoutIncomplete { .. } => "CHECKOUT_INCOMPLETE",
            CartError::TotalChanged { .. } => "PRICE_CHANGED",
        }
    }

    fn facts(&self) -> Vec<(&'static str, String)> {
        if let CartError::TotalChanged { expected, actual } = self {
            return vec![("expected", expected.to_string()), ("actual", actual.to_string())];
        }
        if let CartError::PaymentAmountInvalid { requested, due } = self {
            return vec![("requested", requested.to_string()), ("due", due.to_string())];
        }
        if let CartError::CheckoutIncomplete { missing } = self {
            return vec![("missing", missing.join(","))];
        }
        Vec::new()
    }
}
