//! Checkout to fulfilment: reserve every SKU, and a use of every promotion → place → authorise → allocate → confirm →
//! request fulfilment → capture when packed → hand over → deliver → close; and every undo of it, newest first.
//!
//! Stream `checkout`, id the order's id. Begun by `cart.checkout_started`; the order exists before the buyer leaves for
//! the bank. Money is guaranteed before the order is confirmed and taken before a parcel leaves. A positive answer that
//! arrives after its step was undone is undone again.

mod addition;
mod hear;
mod hold;
mod lines;
mod lost;
mod money;
mod parcels;
mod react;
mod shortfall;
mod state;
mod status;
mod step;
#[cfg(test)]
mod tests;
mod undo;

use std::time::Duration;

use app::error::AppError;
use app::order::TakenOut;
use app::promotion::Withheld;
use app::stock::{Routed, Shortage, ShortfallPolicy};
use domain::values::{
    CartId, FulfilmentId, LineCancellationId, LocationId, Money, OrderId, PaymentId, PromotionId, Timestamp,
};
use event_store::RecordedEvent;
use serde::{Deserialize, Serialize};

pub use hold::RENEW_BEFORE_SECONDS;
pub use lost::LOST_AGAIN_SECONDS;
pub use money::Taking;
pub use shortfall::{BACK_ORDER_AGAIN_SECONDS, SHORTFALL_DECIDE_SECONDS};
pub use state::{Attempt, AttemptState, Checkout, Parcel, ParcelState};
pub use status::CheckoutStatus;
pub use step::{Awaited, CheckoutStep};

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

/// The task of a paid order of which units are missing, where people choose.
pub const TASK_SHORTFALL: &str = "shortfall";
/// The task of an order whose units have not come in time.
pub const TASK_BACK_ORDER: &str = "back_order";

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

/// Names the capture of a part of a parcel's share, of which another payment takes the rest.
pub fn part_capture_name(fulfilment: &FulfilmentId, round: u32) -> String {
    format!("{}-part", capture_name(fulfilment, round))
}

/// Returns the parcel of which a capture took the share, or the last part of it; none for a part before that.
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
        /// The order that it is to go along with; none for a usual checkout.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        adds_to: Option<OrderId>,
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
    /// The order that it adds to takes it along.
    #[serde(rename = "addition_accepted")]
    AdditionAccepted,
    /// The order that it adds to takes nothing along any more.
    #[serde(rename = "addition_refused")]
    AdditionRefused {
        /// A stable code.
        code: String,
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
        /// How much it is to hold, where others hold the rest; none where it is to hold everything.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        amount: Option<Money>,
        /// What is to be paid; none in what was stored before it was told.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        payable: Option<Money>,
        /// Until when the buyer may pay.
        pay_until: Timestamp,
        /// What becomes of it should units be missing once it is paid: the shop's policy when it was placed.
        #[serde(default, skip_serializing_if = "ShortfallPolicy::is_void")]
        shortfall: ShortfallPolicy,
        /// Until when it waits for them, where it may.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        back_order_until: Option<Timestamp>,
    },
    /// The buyer chose how to pay, again.
    #[serde(rename = "payment_requested")]
    PaymentRequested {
        /// The attempt.
        payment: PaymentId,
        /// How much it is to hold, where others hold the rest; none where it is to hold everything.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        amount: Option<Money>,
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
    /// What is there is sold to this order, and it waits for the rest.
    #[serde(rename = "back_ordered")]
    BackOrdered {
        /// What is missing; nothing where it came in meanwhile.
        shortages: Vec<Shortage>,
    },
    /// Units came in that the order waits for.
    #[serde(rename = "units_came")]
    UnitsCame,
    /// Every unit that the order waited for is there.
    #[serde(rename = "back_order_filled")]
    BackOrderFilled {
        /// Where its units are, all of them.
        routed: Vec<Routed>,
    },
    /// Units are still missing.
    #[serde(rename = "still_waiting")]
    StillWaiting,
    /// Nobody chose in time what to do about missing units.
    #[serde(rename = "shortfall_undecided")]
    ShortfallUndecided,
    /// The units that an order waits for are late.
    #[serde(rename = "back_order_late")]
    BackOrderLate,
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
    /// The order that it adds to knows that it does not come.
    #[serde(rename = "addition_released")]
    AdditionReleased,
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

impl Process for Checkout {
    type Input = CheckoutInput;
    type Step = CheckoutStep;
    type Status = CheckoutStatus;

    const KIND: &'static str = "checkout";
    const LISTENS: &'static [&'static str] = &["cart", "order", "payment", "fulfilment", "stock"];
    // A buyer waits for the answer.
    const GATHER: Duration = Duration::ZERO;

    fn hear(event: &RecordedEvent) -> Result<Option<Told<CheckoutInput>>, AppError> {
        hear::hear(event)
    }

    fn key(step: &CheckoutStep) -> String {
        step.key()
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
            shortfall::TIMER_SHORTFALL => CheckoutInput::ShortfallUndecided,
            shortfall::TIMER_BACK_ORDER => CheckoutInput::BackOrderLate,
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
