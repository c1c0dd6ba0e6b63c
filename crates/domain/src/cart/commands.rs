//! What may be asked of a cart.

use super::addition::AddedTo;
use super::events::{CartLine, CartPromotion, Coupon, LineCategories, LinePrice, ShippingChoice};
use super::state::HeldPromotion;
use crate::values::{
    CartId, Currency, CustomerId, LineId, Money, OrderId, PromotionId, Quantity, Sealed, ShortText, VatRate,
};

/// A line's price in the catalogue at this moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CurrentPrice {
    /// The line.
    pub line: LineId,
    /// The price, VAT included.
    pub price: LinePrice,
    /// The rate inside the price.
    pub vat_rate: VatRate,
}

/// What comes into a cart with a guest's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GuestCart {
    /// The guest's cart.
    pub from: CartId,
    /// Its currency.
    pub currency: Currency,
    /// Its lines.
    pub lines: Vec<CartLine>,
    /// The promotions of its codes, and why one gives whoever signed in nothing.
    pub promotions: Vec<HeldPromotion>,
    /// Its coupons.
    pub coupons: Vec<Coupon>,
    /// Where the products of all lines stand, where a promotion of either cart names a category.
    pub categories: Vec<LineCategories>,
}

/// A wish about a cart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CartCommand {
    /// Takes a cart.
    Open {
        /// Whose cart it is.
        owner: CustomerId,
        /// The currency of every price in it.
        currency: Currency,
    },
    /// Puts lines in, all or none. Each is a line of its own, also where the SKU is in the cart already.
    AddLines {
        /// The new lines, at least one.
        lines: Vec<CartLine>,
    },
    /// Changes quantities, all or none; `None` takes the line out.
    ChangeLines {
        /// Lines and their new quantities, at least one.
        changes: Vec<(LineId, Option<Quantity>)>,
    },
    /// Follows the catalogue's prices. Lines whose price was agreed by hand keep it.
    Reprice {
        /// Present prices.
        prices: Vec<CurrentPrice>,
    },
    /// Says where the products of lines stand, as far as promotions ask. Of lines that are gone it says nothing.
    CategoriseLines {
        /// Lines of the cart.
        lines: Vec<LineCategories>,
    },
    /// Says who receives the order.
    SetContact {
        /// The sealed e-mail address.
        email: Sealed,
    },
    /// Says where it goes.
    SetAddress {
        /// The sealed name and address.
        address: Sealed,
        /// ISO 3166-1 alpha-2.
        country: String,
    },
    /// Says how it goes there.
    ChooseShipping {
        /// The option and its price.
        shipping: ShippingChoice,
    },
    /// Adds to an order of the shopper: goes along with it, for nothing.
    BeginAddition {
        /// The order, and what the cart has of it.
        to: Box<AddedTo>,
    },
    /// Goes its own way again, and chooses anew how.
    EndAddition,
    /// Says how it is paid.
    ChoosePaymentMethod {
        /// The provider's token.
        method: ShortText,
    },
    /// Adds a coupon.
    ApplyCoupon {
        /// The coupon.
        coupon: Coupon,
    },
    /// Takes a coupon back.
    RemoveCoupon {
        /// Its code.
        code: ShortText,
    },
    /// Adds a promotion, or lets one that was withheld give something again.
    AddPromotion {
        /// The promotion.
        promotion: Box<CartPromotion>,
    },
    /// Lets a promotion of the cart give nothing, because the promotion itself said no.
    WithholdPromotion {
        /// The promotion.
        promotion: PromotionId,
        /// Why, a stable code.
        code: String,
    },
    /// Takes a promotion out.
    RemovePromotion {
        /// The promotion.
        promotion: PromotionId,
    },
    /// Takes in the lines of a guest's cart, its coupons and its codes, once per cart.
    Merge {
        /// The guest's cart.
        guest: Box<GuestCart>,
    },
    /// Closes this cart because another took its lines.
    Absorb {
        /// The other cart.
        into: CartId,
    },
    /// Freezes prices and hands over to checkout.
    StartCheckout {
        /// The order to be placed.
        order: OrderId,
        /// What the shopper saw as the total.
        expected_total: Money,
        /// How much of it the chosen method is to hold, where others hold the rest; none for all of it.
        pay_first: Option<Money>,
    },
    /// Opens the cart again after a checkout that failed.
    AbandonCheckout {
        /// The order that was to be placed.
        order: OrderId,
        /// Why.
        reason: ShortText,
    },
    /// Closes the cart: it is an order now.
    Complete {
        /// The order.
        order: OrderId,
    },
}
