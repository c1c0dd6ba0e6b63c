//! What happened in a cart.

use serde::{Deserialize, Serialize};

use super::addition::AddedTo;
use crate::values::{
    CartId, CategoryId, CouponCode, Currency, CustomerId, LineId, Localized, Money, OrderId, ProductId, PromotionId,
    PromotionTerms, Quantity, Sealed, ShortText, Sku, VatRate,
};

/// How a line is priced. VAT included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LinePrice {
    /// So much a unit.
    PerUnit(Money),
    /// So much for the whole line, where no whole number of cents a unit exists.
    ForLine(Money),
}

/// A line as it was put into the cart: what is bought and what it costs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CartLine {
    /// The line.
    pub line: LineId,
    /// What is bought.
    pub sku: Sku,
    /// The product it is a variant of.
    pub product: ProductId,
    /// What it was called when it was added.
    pub name: Localized,
    /// How many units.
    pub quantity: Quantity,
    /// What it costs, VAT included.
    pub price: LinePrice,
    /// The rate inside the price.
    pub vat_rate: VatRate,
    /// Why the price is not the catalogue's, where it is not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price_reason: Option<ShortText>,
}

/// Where the product of a line stands in the catalogue, as far as the cart's promotions ask.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LineCategories {
    /// The line.
    pub line: LineId,
    /// Of the categories that the promotions name, those that its product stands in or below.
    pub categories: Vec<CategoryId>,
}

/// A way to send the parcel, as the shop offered it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShippingChoice {
    /// The option's code, such as `standard`.
    pub code: String,
    /// What it is called.
    pub label: Localized,
    /// VAT included.
    pub price: Money,
    /// The rate inside the price.
    pub vat_rate: VatRate,
}

/// A coupon that its maker pays for: it lowers what the shopper pays, not what the shop receives.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Coupon {
    /// The code on the coupon.
    pub code: ShortText,
    /// The campaign that issued it.
    pub campaign: ShortText,
    /// What the maker pays.
    pub amount: Money,
}

/// A promotion in a cart: which one, and what it promised when it was added. Its terms never change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CartPromotion {
    /// The promotion.
    pub promotion: PromotionId,
    /// What it promises.
    pub terms: PromotionTerms,
}

impl CartPromotion {
    /// Returns the code it was added by; none where it applies by itself.
    pub fn code(&self) -> Option<&CouponCode> {
        self.terms.code.as_ref()
    }
}

/// A fact about a cart. Stored names are for ever.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum CartEvent {
    /// A shopper took a cart.
    #[serde(rename = "cart.opened")]
    Opened {
        /// Whose cart it is: a customer or a guest.
        owner: CustomerId,
        /// The currency of every price in it.
        currency: Currency,
    },
    /// Lines were put in, together.
    #[serde(rename = "cart.lines_added")]
    LinesAdded {
        /// The new lines.
        lines: Vec<CartLine>,
    },
    /// A line's quantity changed.
    #[serde(rename = "cart.line_quantity_changed")]
    LineQuantityChanged {
        /// The line.
        line: LineId,
        /// How many units now.
        quantity: Quantity,
    },
    /// Lines were taken out.
    #[serde(rename = "cart.lines_removed")]
    LinesRemoved {
        /// The lines.
        lines: Vec<LineId>,
    },
    /// Unit prices moved in the catalogue and the cart followed, before checkout.
    #[serde(rename = "cart.line_repriced")]
    LineRepriced {
        /// The line.
        line: LineId,
        /// The new price, VAT included.
        price: LinePrice,
        /// The rate inside the price.
        vat_rate: VatRate,
    },
    /// Promotions of the cart name categories: where the products of lines stand, as the catalogue had it then.
    #[serde(rename = "cart.lines_categorised")]
    LinesCategorised {
        /// The lines of which that is another than before.
        lines: Vec<LineCategories>,
    },
    /// Who receives the order, sealed: e-mail, and later name and address.
    #[serde(rename = "cart.contact_set")]
    ContactSet {
        /// The sealed e-mail address.
        email: Sealed,
    },
    /// Where the order goes.
    #[serde(rename = "cart.address_set")]
    AddressSet {
        /// The sealed name and address.
        address: Sealed,
        /// The country, ISO 3166-1 alpha-2: decides shipping and VAT.
        country: String,
    },
    /// How the order goes there.
    #[serde(rename = "cart.shipping_chosen")]
    ShippingChosen {
        /// The option and its price.
        shipping: ShippingChoice,
    },
    /// It adds to an order of the shopper: it goes where that goes, by the same way and for nothing.
    #[serde(rename = "cart.addition_begun")]
    AdditionBegun {
        /// The order, and what the cart has of it.
        to: Box<AddedTo>,
    },
    /// It goes its own way again: how is to be chosen anew.
    #[serde(rename = "cart.addition_ended")]
    AdditionEnded {
        /// The order that it added to.
        order: OrderId,
    },
    /// How it will be paid: the payment provider's token, never a card.
    #[serde(rename = "cart.payment_method_chosen")]
    PaymentMethodChosen {
        /// The provider's token of the method.
        method: ShortText,
    },
    /// A coupon was added.
    #[serde(rename = "cart.coupon_applied")]
    CouponApplied {
        /// The coupon.
        coupon: Coupon,
    },
    /// A coupon was taken back.
    #[serde(rename = "cart.coupon_removed")]
    CouponRemoved {
        /// Its code.
        code: ShortText,
    },
    /// A promotion was added, or gives something again.
    #[serde(rename = "cart.promotion_added")]
    PromotionAdded {
        /// The promotion.
        promotion: CartPromotion,
    },
    /// A promotion stays in the cart and gives nothing: the promotion itself said no.
    #[serde(rename = "cart.promotion_withheld")]
    PromotionWithheld {
        /// The promotion.
        promotion: PromotionId,
        /// Why, a stable code such as `PROMOTION_USED_UP`.
        code: String,
    },
    /// A promotion was taken out.
    #[serde(rename = "cart.promotion_removed")]
    PromotionRemoved {
        /// The promotion.
        promotion: PromotionId,
    },
    /// The lines of another cart came in when its guest signed in.
    #[serde(rename = "cart.merged")]
    Merged {
        /// The cart the lines come from.
        from: CartId,
        /// Its lines.
        lines: Vec<CartLine>,
    },
    /// This cart went into another one and is closed.
    #[serde(rename = "cart.absorbed")]
    Absorbed {
        /// The cart that has its lines now.
        into: CartId,
    },
    /// Checkout began: prices are frozen, nothing changes until it is completed or abandoned.
    #[serde(rename = "cart.checkout_started")]
    CheckoutStarted {
        /// The order that will be placed.
        order: OrderId,
        /// What the shopper agreed to pay, VAT and shipping included, coupons taken off.
        total: Money,
        /// The promotions that give something: a use of each is to be promised.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        promotions: Vec<PromotionId>,
        /// How much of the total the chosen method is to hold, where others hold the rest; none where it is to hold everything.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pay_first: Option<Money>,
        /// The order that it adds to, which is to accept it first; none for a usual cart.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        adds_to: Option<OrderId>,
    },
    /// Checkout was given up: the cart can be changed again.
    #[serde(rename = "cart.checkout_abandoned")]
    CheckoutAbandoned {
        /// The order that will not be placed.
        order: OrderId,
        /// Why.
        reason: ShortText,
    },
    /// The cart became an order and is closed.
    #[serde(rename = "cart.completed")]
    Completed {
        /// The order.
        order: OrderId,
    },
}
