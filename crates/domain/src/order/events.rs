//! What happened to an order.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::values::{
    CartId, CouponCode, Currency, CustomerId, FulfilmentId, LineCancellationId, LineId, Localized, Money, OrderId,
    PaymentId, ProductId, PromotionId, Quantity, ReturnId, Sealed, ShortText, Sku, TaxedAmount, Timestamp,
};

/// A line as it was sold. Nothing that happens in the catalogue later shows through.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderLine {
    /// The line, the same id it had in the cart.
    pub line: LineId,
    /// What was sold.
    pub sku: Sku,
    /// The product it was a variant of.
    pub product: ProductId,
    /// What it was called.
    pub name: Localized,
    /// How many units.
    pub quantity: Quantity,
    /// The price of a unit, VAT included; none where the line was sold at an amount for the whole line.
    pub unit_price: Option<Money>,
    /// The line's total with its VAT, rounded once, on the line; promotions are taken off.
    pub total: TaxedAmount,
    /// What promotions took off the line in all; none where nothing was taken off. The line cost this more before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub discount: Option<Money>,
    /// What each promotion took off the line: together the discount.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub promotions: Vec<PromotionShare>,
}

/// What a promotion took off a line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PromotionShare {
    /// The promotion.
    pub promotion: PromotionId,
    /// Its share, VAT included.
    pub amount: Money,
}

/// A promotion that took something off.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderPromotion {
    /// The promotion.
    pub promotion: PromotionId,
    /// The code it was added by; none where it applied by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<CouponCode>,
    /// What it was called.
    pub label: ShortText,
    /// What it took off in all, VAT included: the sum of its shares.
    pub amount: Money,
}

/// The shipping that was sold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderShipping {
    /// The option's code.
    pub code: String,
    /// What it was called.
    pub label: Localized,
    /// What it costs with its VAT.
    pub total: TaxedAmount,
}

/// A coupon that its maker pays.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderCoupon {
    /// The code.
    pub code: ShortText,
    /// The campaign.
    pub campaign: ShortText,
    /// What the maker pays.
    pub amount: Money,
}

/// Everything that was agreed at the moment of sale.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sale {
    /// The order's number as people say it, such as `7F3K-9Q2M-4T`.
    pub number: String,
    /// Who bought: a customer or a guest.
    pub customer: CustomerId,
    /// The cart it came from.
    pub cart: CartId,
    /// The currency of every amount.
    pub currency: Currency,
    /// What was sold.
    pub lines: Vec<OrderLine>,
    /// How it is sent.
    pub shipping: OrderShipping,
    /// Coupons that others pay.
    pub coupons: Vec<OrderCoupon>,
    /// Promotions that took something off the lines.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub promotions: Vec<OrderPromotion>,
    /// Lines and shipping, VAT included: `total = Σ lines + shipping`.
    pub total: Money,
    /// What the buyer pays: `payable = total − Σ coupons`.
    pub payable: Money,
    /// The sealed e-mail address.
    pub email: Sealed,
    /// The sealed name and address.
    pub address: Sealed,
    /// The country, ISO 3166-1 alpha-2.
    pub country: String,
    /// The order that it goes along with, where its buyer added it to one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub adds_to: Option<OrderId>,
}

impl Sale {
    /// Returns what was sold, each SKU once, in order.
    pub fn skus(&self) -> BTreeSet<&Sku> {
        self.lines.iter().map(|line| &line.sku).collect()
    }
}

/// Why an order does not go along with another any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AdditionEnd {
    /// It never became a sale, or was called off.
    CalledOff,
    /// A carrier has a part of it: it comes whatever becomes of the other.
    HandedOver,
}

/// Where the money of an order stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PaymentStatus {
    /// Not yet asked, or asked and not answered.
    #[default]
    Pending,
    /// The buyer must act at the bank.
    RequiresAction,
    /// Part of the money is held, and nobody is asked for the rest.
    PartiallyAuthorised,
    /// The money is held.
    Authorised,
    /// Part of the money is taken.
    PartiallyCaptured,
    /// All of the money is taken.
    Captured,
    /// Part of the money went back.
    PartiallyRefunded,
    /// All of the money went back.
    Refunded,
    /// The hold was let go.
    Voided,
    /// The bank said no.
    Declined,
}

/// Where the goods of an order stand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FulfilmentStatus {
    /// No warehouse has been asked.
    #[default]
    Unfulfilled,
    /// The warehouses have been asked.
    Requested,
    /// Every parcel is packed.
    Packed,
    /// Some parcels are with a carrier.
    PartiallyShipped,
    /// Every parcel is with a carrier.
    Shipped,
    /// Some parcels have arrived.
    PartiallyDelivered,
    /// Every parcel has arrived.
    Delivered,
    /// A parcel was lost.
    Lost,
    /// The work was called off.
    Cancelled,
}

/// Units of a line that come back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReturnedLine {
    /// The line.
    pub line: LineId,
    /// How many units.
    pub quantity: Quantity,
}

/// Units of a line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LineUnits {
    /// The line.
    pub line: LineId,
    /// How many units.
    pub quantity: Quantity,
}

/// Units of a line that were cancelled, and what they were sold for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CancelledLine {
    /// The line.
    pub line: LineId,
    /// How many units.
    pub quantity: Quantity,
    /// Their part of the line's total, with its VAT as sold; promotions are taken off.
    pub total: TaxedAmount,
    /// What the buyer was to pay of it: less than the total where others pay a coupon.
    pub paid: Money,
}

/// That a return is the consumer's withdrawal from the contract, in its two steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Withdrawal {
    /// When it was declared: the moment that must lie in the period.
    pub declared_at: Timestamp,
    /// When it was confirmed, and so acknowledged.
    pub confirmed_at: Timestamp,
}

/// A fact about an order. Stored names are for ever.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum OrderEvent {
    /// The order exists. It is not paid yet: it exists before the buyer leaves for the bank.
    #[serde(rename = "order.placed")]
    Placed {
        /// What was agreed.
        sale: Box<Sale>,
        /// When.
        placed_at: Timestamp,
    },
    /// Money is guaranteed and units are allocated: the shop owes the goods.
    #[serde(rename = "order.confirmed")]
    Confirmed {},
    /// It never became a sale: not paid in time, declined, out of stock after all.
    #[serde(rename = "order.rejected")]
    Rejected {
        /// A stable code, such as `PAYMENT_DECLINED`.
        code: String,
        /// Why, in words.
        reason: ShortText,
    },
    /// Someone asked to cancel; the saga undoes what was done, then the order is cancelled.
    #[serde(rename = "order.cancellation_requested")]
    CancellationRequested {
        /// Why.
        reason: ShortText,
    },
    /// It cannot be cancelled any more: a parcel left first.
    #[serde(rename = "order.cancellation_refused")]
    CancellationRefused {
        /// Why.
        reason: ShortText,
    },
    /// It is called off and everything is undone.
    #[serde(rename = "order.cancelled")]
    Cancelled {
        /// Why.
        reason: ShortText,
    },
    /// Someone asked to cancel units of lines; the saga takes them out of their parcels, then they are cancelled.
    #[serde(rename = "order.line_cancellation_requested")]
    LineCancellationRequested {
        /// The cancellation.
        cancellation: LineCancellationId,
        /// Which units.
        lines: Vec<LineUnits>,
        /// Why.
        reason: ShortText,
    },
    /// None of the units can be cancelled any more: their parcels left first.
    #[serde(rename = "order.line_cancellation_refused")]
    LineCancellationRefused {
        /// The cancellation.
        cancellation: LineCancellationId,
        /// A stable code, such as `ALREADY_SHIPPED`.
        code: String,
        /// Why.
        reason: ShortText,
    },
    /// Units of lines are cancelled: they are in no parcel, and nothing is owed for them.
    #[serde(rename = "order.lines_cancelled")]
    LinesCancelled {
        /// The cancellation.
        cancellation: LineCancellationId,
        /// Which units: all that were asked for, but for those that had left.
        lines: Vec<CancelledLine>,
        /// What goes back, because it was taken; the rest of what they were sold for is never taken.
        refund: Money,
    },
    /// Another order of its buyer goes along with it.
    #[serde(rename = "order.addition_accepted")]
    AdditionAccepted {
        /// The other order.
        addition: OrderId,
    },
    /// Another order goes along with it no longer, or came to nothing before it was accepted.
    #[serde(rename = "order.addition_released")]
    AdditionReleased {
        /// The other order.
        addition: OrderId,
        /// Why.
        end: AdditionEnd,
    },
    /// Not all of its units are there: it goes to the warehouses once they are.
    #[serde(rename = "order.back_ordered")]
    BackOrdered {
        /// Which units are waited for.
        lines: Vec<LineUnits>,
        /// Until when they are promised.
        until: Timestamp,
    },
    /// Every unit that was waited for is there.
    #[serde(rename = "order.back_order_filled")]
    BackOrderFilled {},
    /// The buyer chose how to pay: the first time when placing it, again after a decline.
    #[serde(rename = "order.payment_requested")]
    PaymentRequested {
        /// The attempt.
        payment: PaymentId,
        /// The payment provider's token of the method, never a card.
        method: ShortText,
        /// How much of it the attempt is to hold, where others hold the rest; none where it is to hold everything.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        amount: Option<Money>,
    },
    /// Where the money stands.
    #[serde(rename = "order.payment_recorded")]
    PaymentRecorded {
        /// The status.
        status: PaymentStatus,
        /// Money held or taken in all.
        authorised: Money,
        /// Money taken.
        captured: Money,
        /// Money given back.
        refunded: Money,
    },
    /// Where the goods stand.
    #[serde(rename = "order.fulfilment_recorded")]
    FulfilmentRecorded {
        /// The status.
        status: FulfilmentStatus,
        /// The fulfilment that moved it, if one did.
        fulfilment: Option<FulfilmentId>,
        /// When: the last delivery starts the withdrawal period.
        at: Timestamp,
    },
    /// The buyer declared to withdraw from the contract for some of its units. Nothing is bound by it before it is confirmed.
    #[serde(rename = "order.withdrawal_declared")]
    WithdrawalDeclared {
        /// The return it becomes.
        return_id: ReturnId,
        /// What it is about.
        lines: Vec<ReturnedLine>,
        /// When.
        declared_at: Timestamp,
    },
    /// The buyer or the shop opened a return: these units cannot be returned twice.
    #[serde(rename = "order.return_opened")]
    ReturnOpened {
        /// The return.
        return_id: ReturnId,
        /// What comes back.
        lines: Vec<ReturnedLine>,
        /// Why the buyer returns it.
        reason: ShortText,
        /// Where it is a withdrawal from the contract.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        withdrawal: Option<Withdrawal>,
    },
    /// A return was refused or called off: its units could be returned again.
    #[serde(rename = "order.return_withdrawn")]
    ReturnWithdrawn {
        /// The return.
        return_id: ReturnId,
    },
    /// The time for withdrawal is over and nothing is open.
    #[serde(rename = "order.completed")]
    Completed {},
}
