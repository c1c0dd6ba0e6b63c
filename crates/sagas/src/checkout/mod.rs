//! Checkout to fulfilment: reserve every SKU, and a use of every promotion → place → authorise → allocate → confirm →
//! request fulfilment → capture when packed → hand over → deliver → close; and every undo of it, newest first.
//!
//! Stream `checkout`, id the order's id. Begun by `cart.checkout_started`; the order exists before the buyer leaves for
//! the bank. Money is guaranteed before the order is confirmed and taken before a parcel leaves. A positive answer that
//! arrives after its step was undone is undone again.

mod hear;
mod hold;
mod lines;
mod lost;
mod parcels;
mod react;
mod state;
mod status;
#[cfg(test)]
mod tests;
mod undo;

use std::time::Duration;

use app::error::AppError;
use app::order::{PaidParcel, TakenOut};
use app::promotion::Withheld;
use app::stock::{Routed, Shortage};
use domain::values::{
    CartId, FulfilmentId, LineCancellationId, LocationId, Money, OrderId, PaymentId, PromotionId, Timestamp,
};
use event_store::RecordedEvent;
use serde::{Deserialize, Serialize};

pub use hold::RENEW_BEFORE_SECONDS;
pub use lost::LOST_AGAIN_SECONDS;
pub use state::{Attempt, AttemptState, Checkout, Parcel, ParcelState};
pub use status::CheckoutStatus;

use crate::engine::{Process, Reaction, Told};

/// The task of a capture that failed.
pub const TASK_CAPTURE: &str = "capture";
/// The task of a parcel that was lost.
pub const TASK_LOST: &str = "parcel_lost";
/// The task of money that could not be given back.
pub const TASK_UNDO_PAYMENT: &str = "undo_payment";
/// The task of an order whose parcels wait for money that nobody holds any more.
pub const TASK_HOLD: &str = "hold";
/// The task of an order of which one parcel left while another was called off.
pub const TASK_PARTLY_CANCELLED: &str = "partly_cancelled";

/// Refunds of parcels are named by this and the parcel's id.
pub const REFUND_PREFIX: &str = "parcel-";
/// Refunds of cancelled lines are named by this and the cancellation's id.
pub const LINES_PREFIX: &str = "lines-";
/// Refunds of everything that an attempt took are named by this and which time it is.
pub const UNDO_PREFIX: &str = "undo-";

/// Names the capture of a parcel's share: each try has a name of its own.
pub fn capture_name(fulfilment: &FulfilmentId, round: u32) -> String {
    format!("{fulfilment}-{round}")
}

/// Returns the parcel that a capture is for.
pub fn captured_parcel(capture: &str) -> Option<FulfilmentId> {
    capture.rsplit_once('-')?.0.parse().ok()
}

/// What the checkout is told. Stored names are for ever.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum CheckoutInput {
    /// A cart was frozen.
    #[serde(rename = "started")]
    Started {
        /// The cart.
        cart: CartId,
        /// The promotions that lower its total.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        promotions: Vec<PromotionId>,
    },
    /// Every unit is promised.
    #[serde(rename = "reserved")]
    Reserved {
        /// Where.
        routed: Vec<Routed>,
    },
    /// Some units are not there.
    #[serde(rename = "short")]
    Short {
        /// Which.
        shortages: Vec<Shortage>,
    },
    /// A use of every promotion is promised.
    #[serde(rename = "promotions_reserved")]
    PromotionsReserved,
    /// Some promotions have no use left, or do not hold any more.
    #[serde(rename = "promotions_refused")]
    PromotionsRefused {
        /// Which, and why.
        refusals: Vec<Withheld>,
    },
    /// The order exists.
    #[serde(rename = "placed")]
    Placed {
        /// The first attempt to pay; none where nothing is to be paid.
        payment: Option<PaymentId>,
        /// Until when the buyer may pay.
        pay_until: Timestamp,
    },
    /// The buyer chose how to pay, again.
    #[serde(rename = "payment_requested")]
    PaymentRequested {
        /// The attempt.
        payment: PaymentId,
    },
    /// Money is held.
    #[serde(rename = "authorised")]
    Authorised {
        /// The attempt.
        payment: PaymentId,
        /// When the hold ends by itself; none in what was stored before it was told.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        expires_at: Option<Timestamp>,
    },
    /// Money is held although the attempt was voided before.
    #[serde(rename = "authorised_too_late")]
    AuthorisedTooLate {
        /// The attempt.
        payment: PaymentId,
    },
    /// The buyer must act at the bank.
    #[serde(rename = "action_required")]
    ActionRequired {
        /// The attempt.
        payment: PaymentId,
        /// Where the buyer goes.
        url: String,
    },
    /// The bank said no.
    #[serde(rename = "declined")]
    Declined {
        /// The attempt.
        payment: PaymentId,
        /// The provider's code.
        code: String,
    },
    /// The order takes no other attempt to hold its money.
    #[serde(rename = "not_renewed")]
    NotRenewed {
        /// The attempt that was meant.
        payment: PaymentId,
    },
    /// A hold has ended by time.
    #[serde(rename = "hold_expired")]
    HoldExpired {
        /// The attempt.
        payment: PaymentId,
    },
    /// Every unit is sold to this order.
    #[serde(rename = "allocated")]
    Allocated {
        /// Where: other places than first promised where a promise had run out.
        routed: Vec<Routed>,
    },
    /// The shop owes the goods.
    #[serde(rename = "confirmed")]
    Confirmed,
    /// The warehouses are asked.
    #[serde(rename = "fulfilments_requested")]
    FulfilmentsRequested {
        /// What each sends and which share of the money it stands for.
        parcels: Vec<(FulfilmentId, LocationId, Money)>,
    },
    /// A parcel is packed.
    #[serde(rename = "packed")]
    Packed {
        /// The parcel.
        fulfilment: FulfilmentId,
    },
    /// A parcel's share of the money is taken.
    #[serde(rename = "captured")]
    Captured {
        /// The parcel.
        fulfilment: FulfilmentId,
    },
    /// A parcel's share of the money was not given.
    #[serde(rename = "capture_failed")]
    CaptureFailed {
        /// The parcel.
        fulfilment: FulfilmentId,
        /// The provider's code.
        code: String,
    },
    /// A carrier has a parcel.
    #[serde(rename = "handed_over")]
    HandedOver {
        /// The parcel.
        fulfilment: FulfilmentId,
        /// When.
        at: Timestamp,
    },
    /// A parcel arrived.
    #[serde(rename = "delivered")]
    Delivered {
        /// The parcel.
        fulfilment: FulfilmentId,
        /// When.
        at: Timestamp,
    },
    /// A parcel will not arrive.
    #[serde(rename = "lost")]
    Lost {
        /// The parcel.
        fulfilment: FulfilmentId,
    },
    /// The units of a lost parcel are sold to the order once more, and warehouses are asked.
    #[serde(rename = "reshipped")]
    Reshipped {
        /// The lost parcel.
        fulfilment: FulfilmentId,
        /// Who its new units are sold to in the stock: the order's first units are gone.
        holder: OrderId,
        /// The parcels that go in its place, each with its units.
        parcels: Vec<(FulfilmentId, LocationId, Vec<Routed>)>,
    },
    /// The units of a lost parcel are not there once more.
    #[serde(rename = "not_reshipped")]
    NotReshipped {
        /// The lost parcel.
        fulfilment: FulfilmentId,
        /// What lacks.
        shortages: Vec<Shortage>,
    },
    /// A lost parcel was waited for long enough.
    #[serde(rename = "lost_for_long")]
    LostForLong {
        /// The parcel.
        fulfilment: String,
    },
    /// Someone asked to call the order off.
    #[serde(rename = "cancellation_requested")]
    CancellationRequested {
        /// Why.
        reason: String,
    },
    /// Someone asked to cancel units of lines.
    #[serde(rename = "line_cancellation_requested")]
    LineCancellationRequested {
        /// The cancellation.
        cancellation: LineCancellationId,
    },
    /// Units are out of their parcels and free in the stock, and the order knows; none where all had left.
    #[serde(rename = "lines_cancelled")]
    LinesCancelled {
        /// The cancellation.
        cancellation: LineCancellationId,
        /// What was taken out of each parcel.
        parcels: Vec<TakenOut>,
        /// What goes back.
        refund: Money,
    },
    /// Every parcel is called off.
    #[serde(rename = "fulfilments_cancelled")]
    FulfilmentsCancelled,
    /// A parcel had left: the order stands.
    #[serde(rename = "fulfilments_left")]
    FulfilmentsLeft {
        /// Parcels that were called off all the same.
        cancelled: Vec<FulfilmentId>,
    },
    /// Nothing is held or kept of an attempt.
    #[serde(rename = "payment_undone")]
    PaymentUndone {
        /// The attempt.
        payment: PaymentId,
    },
    /// Money could not be given back.
    #[serde(rename = "payment_not_undone")]
    PaymentNotUndone {
        /// The attempt.
        payment: PaymentId,
        /// The provider's code.
        code: String,
    },
    /// Promised and sold units are free again.
    #[serde(rename = "stock_released")]
    StockReleased,
    /// The uses of promotions are free again.
    #[serde(rename = "promotions_released")]
    PromotionsReleased,
    /// A step that needs no word but that it is done.
    #[serde(rename = "done")]
    Done,
    /// The buyer's time to pay is over.
    #[serde(rename = "payment_time_over")]
    PaymentTimeOver,
    /// A hold is to be renewed, or has ended.
    #[serde(rename = "hold_ending")]
    HoldEnding,
    /// The time to return is over.
    #[serde(rename = "return_time_over")]
    ReturnTimeOver,
    /// A human decided a task.
    #[serde(rename = "decided")]
    Decided {
        /// The task's name.
        task: String,
        /// The choice.
        choice: String,
    },
    /// A human gave a step up.
    #[serde(rename = "gave_up")]
    GaveUp {
        /// The step's key.
        step: String,
    },
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
    },
    /// Record that a hold has ended by time.
    #[serde(rename = "expire_hold")]
    ExpireHold {
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
    /// Owe the goods.
    #[serde(rename = "confirm")]
    Confirm {
        /// The attempt that holds the money.
        payment: Option<PaymentId>,
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
        /// The share.
        amount: Money,
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

impl Process for Checkout {
    type Input = CheckoutInput;
    type Step = CheckoutStep;
    type Status = CheckoutStatus;

    const KIND: &'static str = "checkout";
    const LISTENS: &'static [&'static str] = &["cart", "order", "payment", "fulfilment"];
    // A buyer waits for the answer.
    const GATHER: Duration = Duration::ZERO;

    fn hear(event: &RecordedEvent) -> Result<Option<Told<CheckoutInput>>, AppError> {
        hear::hear(event)
    }

    fn key(step: &CheckoutStep) -> String {
        match step {
            CheckoutStep::Reserve { .. } => "reserve".to_owned(),
            CheckoutStep::ReservePromotions { .. } => "reserve_promotions".to_owned(),
            CheckoutStep::Place { .. } => "place".to_owned(),
            CheckoutStep::Authorise { payment, .. } => format!("authorise/{payment}"),
            CheckoutStep::RenewHold { payment, .. } => format!("renew_hold/{payment}"),
            CheckoutStep::ExpireHold { payment } => format!("expire_hold/{payment}"),
            CheckoutStep::NotePayment { payment, what } => format!("note_payment/{payment}/{what}"),
            CheckoutStep::Allocate { .. } => "allocate".to_owned(),
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
            CheckoutStep::RefundParcel { fulfilment, .. } => format!("refund_parcel/{fulfilment}"),
            CheckoutStep::CancelLines { cancellation, .. } => format!("cancel_lines/{cancellation}"),
            CheckoutStep::RefuseLines { cancellation } => format!("refuse_lines/{cancellation}"),
            CheckoutStep::RefundLines { cancellation, .. } => format!("refund_lines/{cancellation}"),
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

    fn may_begin_early(step: &CheckoutStep) -> bool {
        // Units and uses that an order holds are given back by every undo. An order that was confirmed unnoticed is confirmed
        // again, and called off like any other.
        matches!(
            step,
            CheckoutStep::Reserve { .. }
                | CheckoutStep::ReservePromotions { .. }
                | CheckoutStep::Allocate { .. }
                | CheckoutStep::Confirm { .. }
        )
    }

    fn may_tell_early(status: &CheckoutStatus) -> bool {
        // The order itself says so.
        *status == CheckoutStatus::Confirmed
    }

    fn begins(input: &CheckoutInput) -> bool {
        matches!(input, CheckoutInput::Started { .. })
    }

    fn react(&mut self, input: &CheckoutInput, at: Timestamp) -> Reaction<CheckoutStep> {
        let reaction = react::react(self, input, at);
        lines::go_on(self, reaction)
    }

    fn timer_input(name: &str) -> CheckoutInput {
        match name {
            react::TIMER_RETURN => CheckoutInput::ReturnTimeOver,
            hold::TIMER_HOLD => CheckoutInput::HoldEnding,
            _ => match name.strip_prefix(lost::TIMER_LOST) {
                Some(fulfilment) => CheckoutInput::LostForLong { fulfilment: fulfilment.to_owned() },
                None => CheckoutInput::PaymentTimeOver,
            },
        }
    }

    fn decision_input(task: &str, choice: &str) -> CheckoutInput {
        CheckoutInput::Decided { task: task.to_owned(), choice: choice.to_owned() }
    }

    fn gave_up_input(step: &CheckoutStep) -> CheckoutInput {
        CheckoutInput::GaveUp { step: Checkout::key(step) }
    }

    fn status(&self) -> CheckoutStatus {
        self.answer.clone()
    }
}
