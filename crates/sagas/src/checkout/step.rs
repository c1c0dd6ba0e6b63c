//! What a checkout asks for, and by which name: each has its one meaning.

use app::order::PaidParcel;
use app::payment::refund_part;
use app::promotion::Withheld;
use app::stock::{Routed, Shortage};
use domain::order::AdditionEnd;
use domain::values::{CartId, FulfilmentId, LineCancellationId, Money, OrderId, PaymentId, PromotionId, Timestamp};
use serde::{Deserialize, Serialize};

/// Units that an order waits for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Awaited {
    /// What is missing.
    pub shortages: Vec<Shortage>,
    /// Until when it is promised.
    pub until: Timestamp,
}

/// What the checkout asks for. Stored names are for ever.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum CheckoutStep {
    /// Promise every unit of the cart.
    #[serde(rename = "reserve")]
    Reserve {
        /// The cart.
        cart: CartId,
    },
    /// Ask the order that it adds to whether it takes it along.
    #[serde(rename = "accept_addition")]
    AcceptAddition {
        /// That order.
        to: OrderId,
    },
    /// Tell the order that it adds to that it goes along no longer.
    #[serde(rename = "release_addition")]
    ReleaseAddition {
        /// That order.
        to: OrderId,
        /// Why.
        end: AdditionEnd,
    },
    /// Promise a use of every promotion.
    #[serde(rename = "reserve_promotions")]
    ReservePromotions {
        /// The cart, for who buys.
        cart: CartId,
        /// The promotions.
        promotions: Vec<PromotionId>,
    },
    /// Place the order from the cart.
    #[serde(rename = "place")]
    Place {
        /// The cart.
        cart: CartId,
        /// When.
        placed_at: Timestamp,
    },
    /// Ask the provider to hold the money.
    #[serde(rename = "authorise")]
    Authorise {
        /// The attempt.
        payment: PaymentId,
        /// Whether the buyer is not there: it renews a hold.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        is_renewal: bool,
    },
    /// Begin another attempt with the card of one whose hold ends.
    #[serde(rename = "renew_hold")]
    RenewHold {
        /// The attempt to begin.
        payment: PaymentId,
        /// The attempt whose card is used.
        paid_by: PaymentId,
        /// How much it is to hold, where others hold the rest; none for everything.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        amount: Option<Money>,
    },
    /// Record that a hold has ended by time.
    #[serde(rename = "expire_hold")]
    ExpireHold {
        /// The attempt.
        payment: PaymentId,
    },
    /// Let go what an attempt holds and did not take, in whose place another one is.
    #[serde(rename = "let_go_rest")]
    LetGoRest {
        /// The attempt.
        payment: PaymentId,
    },
    /// Note on the order where an attempt stands.
    #[serde(rename = "note_payment")]
    NotePayment {
        /// The attempt.
        payment: PaymentId,
        /// What is noted.
        what: String,
    },
    /// Sell the promised units.
    #[serde(rename = "allocate")]
    Allocate {
        /// The cart, for what is needed.
        cart: CartId,
        /// Where they are promised.
        routed: Vec<Routed>,
    },
    /// Sell what is there, and wait for the rest.
    #[serde(rename = "back_order")]
    BackOrder {
        /// The cart, for what is needed.
        cart: CartId,
        /// Since when the order waits.
        since: Timestamp,
    },
    /// End the waiting, where every unit is there.
    #[serde(rename = "settle_back_order")]
    SettleBackOrder {
        /// The cart, for what is needed.
        cart: CartId,
        /// Which time, from 1.
        round: u32,
    },
    /// Owe the goods.
    #[serde(rename = "confirm")]
    Confirm {
        /// The attempt that holds the money.
        payment: Option<PaymentId>,
        /// What it waits for.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        back_order: Option<Awaited>,
    },
    /// Count the promised uses of promotions.
    #[serde(rename = "confirm_promotions")]
    ConfirmPromotions {
        /// The promotions.
        promotions: Vec<PromotionId>,
    },
    /// Close the cart.
    #[serde(rename = "complete_cart")]
    CompleteCart {
        /// The cart.
        cart: CartId,
    },
    /// Ask the warehouses.
    #[serde(rename = "request_fulfilments")]
    RequestFulfilments {
        /// Where the units are.
        routed: Vec<Routed>,
    },
    /// Take a parcel's share of the money.
    #[serde(rename = "capture")]
    Capture {
        /// The parcel.
        fulfilment: FulfilmentId,
        /// The attempt that holds the money.
        payment: PaymentId,
        /// The share.
        amount: Money,
        /// Which try, from 1.
        round: u32,
        /// Whether nothing more is taken of a hold that is larger than what is owed: the rest of it is let go.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        is_last: bool,
        /// Whether another payment takes the rest of the share.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        is_part: bool,
    },
    /// Book a carrier and let a parcel leave.
    #[serde(rename = "release_parcel")]
    ReleaseParcel {
        /// The parcel.
        fulfilment: FulfilmentId,
        /// Every parcel of the order.
        parcels: Vec<FulfilmentId>,
    },
    /// Take a parcel's units out of stock.
    #[serde(rename = "dispatch")]
    Dispatch {
        /// The parcel.
        fulfilment: FulfilmentId,
        /// Its units.
        routed: Vec<Routed>,
        /// Who they are sold to; the order, where nobody is named.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        holder: Option<OrderId>,
    },
    /// Send the units of a lost parcel once more.
    #[serde(rename = "reship")]
    Reship {
        /// The lost parcel.
        fulfilment: FulfilmentId,
        /// Which try, from 1.
        round: u32,
    },
    /// Give the units of a parcel back that was called off while the order stands.
    #[serde(rename = "release_parcel_stock")]
    ReleaseParcelStock {
        /// The parcel.
        fulfilment: FulfilmentId,
        /// Its units.
        routed: Vec<Routed>,
        /// Who they are sold to; the order, where nobody is named.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        holder: Option<OrderId>,
    },
    /// Note on the order where its goods stand.
    #[serde(rename = "note_fulfilment")]
    NoteFulfilment {
        /// The parcel that moved.
        fulfilment: FulfilmentId,
        /// What happened to it: tells one note from another.
        what: String,
        /// Every parcel of the order.
        parcels: Vec<FulfilmentId>,
    },
    /// Give a parcel's share of the money back.
    #[serde(rename = "refund_parcel")]
    RefundParcel {
        /// The parcel.
        fulfilment: FulfilmentId,
        /// The attempt that took the money.
        payment: PaymentId,
        /// How much of the share it took.
        amount: Money,
        /// From which minor unit of what goes back this is, where it goes back through several payments.
        #[serde(default, skip_serializing_if = "crate::is_beginning")]
        from: i64,
    },
    /// Take units out of their parcels, free them in the stock and answer the order.
    #[serde(rename = "cancel_lines")]
    CancelLines {
        /// The cancellation.
        cancellation: LineCancellationId,
        /// The parcels, and which of them are paid.
        parcels: Vec<PaidParcel>,
    },
    /// Keep units although someone asked to cancel them.
    #[serde(rename = "refuse_lines")]
    RefuseLines {
        /// The cancellation.
        cancellation: LineCancellationId,
    },
    /// Give the money of cancelled units back that was taken.
    #[serde(rename = "refund_lines")]
    RefundLines {
        /// The cancellation.
        cancellation: LineCancellationId,
        /// The attempt that took the money.
        payment: PaymentId,
        /// How much.
        amount: Money,
        /// From which minor unit of what goes back this is, where it goes back through several payments.
        #[serde(default, skip_serializing_if = "crate::is_beginning")]
        from: i64,
    },
    /// Close the order.
    #[serde(rename = "complete_order")]
    CompleteOrder,
    /// Call every parcel off.
    #[serde(rename = "cancel_fulfilments")]
    CancelFulfilments {
        /// The parcels.
        fulfilments: Vec<FulfilmentId>,
    },
    /// Keep the order although someone asked to call it off.
    #[serde(rename = "keep_order")]
    KeepOrder,
    /// Let go what an attempt holds and give back what it took.
    #[serde(rename = "undo_payment")]
    UndoPayment {
        /// The attempt.
        payment: PaymentId,
        /// Which time, from 1.
        round: u32,
    },
    /// Free every unit of the cart's SKUs that the order holds.
    #[serde(rename = "release_stock")]
    ReleaseStock {
        /// The cart.
        cart: CartId,
    },
    /// Give the uses of promotions back, promised and counted.
    #[serde(rename = "release_promotions")]
    ReleasePromotions {
        /// The promotions.
        promotions: Vec<PromotionId>,
    },
    /// Open the cart again.
    #[serde(rename = "reopen_cart")]
    ReopenCart {
        /// The cart.
        cart: CartId,
        /// Why, a stable code.
        code: String,
        /// The promotions that give it nothing, and why.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        withheld: Vec<Withheld>,
    },
    /// End the order before it became a sale.
    #[serde(rename = "reject_order")]
    RejectOrder {
        /// Why, a stable code.
        code: String,
    },
    /// Call the order off.
    #[serde(rename = "cancel_order")]
    CancelOrder {
        /// Why.
        reason: String,
    },
}

impl CheckoutStep {
    /// Names the step among those of its checkout.
    pub(super) fn key(&self) -> String {
        match self {
            CheckoutStep::Reserve { .. } => "reserve".to_owned(),
            CheckoutStep::AcceptAddition { .. } => "accept_addition".to_owned(),
            CheckoutStep::ReleaseAddition { .. } => "release_addition".to_owned(),
            CheckoutStep::ReservePromotions { .. } => "reserve_promotions".to_owned(),
            CheckoutStep::Place { .. } => "place".to_owned(),
            CheckoutStep::Authorise { payment, .. } => format!("authorise/{payment}"),
            CheckoutStep::RenewHold { payment, .. } => format!("renew_hold/{payment}"),
            CheckoutStep::ExpireHold { payment } => format!("expire_hold/{payment}"),
            CheckoutStep::LetGoRest { payment } => format!("let_go_rest/{payment}"),
            CheckoutStep::NotePayment { payment, what } => format!("note_payment/{payment}/{what}"),
            CheckoutStep::Allocate { .. } => "allocate".to_owned(),
            CheckoutStep::BackOrder { .. } => "back_order".to_owned(),
            CheckoutStep::SettleBackOrder { round, .. } => format!("settle_back_order/{round}"),
            CheckoutStep::Confirm { .. } => "confirm".to_owned(),
            CheckoutStep::ConfirmPromotions { .. } => "confirm_promotions".to_owned(),
            CheckoutStep::CompleteCart { .. } => "complete_cart".to_owned(),
            CheckoutStep::RequestFulfilments { .. } => "request_fulfilments".to_owned(),
            CheckoutStep::Capture { fulfilment, round, .. } => format!("capture/{fulfilment}/{round}"),
            CheckoutStep::ReleaseParcel { fulfilment, .. } => format!("release_parcel/{fulfilment}"),
            CheckoutStep::Dispatch { fulfilment, .. } => format!("dispatch/{fulfilment}"),
            CheckoutStep::Reship { fulfilment, round } => format!("reship/{fulfilment}/{round}"),
            CheckoutStep::ReleaseParcelStock { fulfilment, .. } => format!("release_parcel_stock/{fulfilment}"),
            CheckoutStep::NoteFulfilment { fulfilment, what, .. } => format!("note/{fulfilment}/{what}"),
            CheckoutStep::RefundParcel { fulfilment, from, .. } => {
                refund_part(&format!("refund_parcel/{fulfilment}"), *from)
            }
            CheckoutStep::CancelLines { cancellation, .. } => format!("cancel_lines/{cancellation}"),
            CheckoutStep::RefuseLines { cancellation } => format!("refuse_lines/{cancellation}"),
            CheckoutStep::RefundLines { cancellation, from, .. } => {
                refund_part(&format!("refund_lines/{cancellation}"), *from)
            }
            CheckoutStep::CompleteOrder => "complete_order".to_owned(),
            CheckoutStep::CancelFulfilments { .. } => "cancel_fulfilments".to_owned(),
            CheckoutStep::KeepOrder => "keep_order".to_owned(),
            CheckoutStep::UndoPayment { payment, round } => format!("undo_payment/{payment}/{round}"),
            CheckoutStep::ReleaseStock { .. } => "release_stock".to_owned(),
            CheckoutStep::ReleasePromotions { .. } => "release_promotions".to_owned(),
            CheckoutStep::ReopenCart { .. } => "reopen_cart".to_owned(),
            CheckoutStep::RejectOrder { .. } => "reject_order".to_owned(),
            CheckoutStep::CancelOrder { .. } => "cancel_order".to_owned(),
        }
    }
}
