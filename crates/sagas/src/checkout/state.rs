//! Where a checkout stands.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use app::promotion::Withheld;
use app::stock::{Routed, Shortage, ShortfallPolicy};
use domain::values::{
    CartId, FulfilmentId, LineCancellationId, LocationId, Money, OrderId, PaymentId, PromotionId, Timestamp,
};

use super::CheckoutStatus;
use super::money::Taking;

/// How far a checkout is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Stage {
    /// Not begun.
    #[default]
    New,
    /// Units are being promised.
    Reserving,
    /// The order that it adds to is asked.
    Joining,
    /// Uses of promotions are being promised.
    Redeeming,
    /// The order is being placed.
    Placing,
    /// The buyer pays.
    Paying,
    /// Units are being sold.
    Allocating,
    /// Units are missing, and people are asked what to do.
    Short,
    /// What is there is being sold, and the rest is waited for.
    BackOrdering,
    /// The order is being confirmed.
    Confirming,
    /// Parcels are on their way, or wait for it.
    Fulfilling,
    /// What was done is being undone.
    Undoing,
    /// Nothing more to do.
    Over,
}

/// Where an attempt to pay stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AttemptState {
    /// The provider is asked.
    Asked,
    /// The buyer must act at the bank.
    ActionRequired {
        /// Where the buyer goes.
        url: String,
    },
    /// The bank said no.
    Declined {
        /// The provider's code.
        code: String,
    },
    /// The money is held, or taken.
    Authorised,
    /// It is being undone.
    Undoing,
    /// Nothing is held or kept.
    Undone,
}

/// How long the money of an attempt is held.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Hold {
    /// It is, or was never.
    #[default]
    Standing,
    /// Its time is over, which is being recorded.
    Ending,
    /// It is held no longer.
    Over,
}

/// An attempt to pay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// Its payment.
    pub payment: PaymentId,
    /// How much it is to hold, where others hold the rest; none where it is to hold everything.
    pub amount: Option<Money>,
    /// What was taken of it, or is being taken, minor units.
    pub taken_minor: i64,
    /// Where it stands.
    pub state: AttemptState,
    /// How often it was undone: a late authorisation makes it necessary again.
    pub undos: u32,
    /// Whether its late authorisation is known: it is told by the feed and by the answer.
    pub is_late: bool,
    /// When its hold ends by itself, once it is told.
    pub expires_at: Option<Timestamp>,
    /// When its hold is to be renewed, until that moment has come.
    pub renew_at: Option<Timestamp>,
    /// Whether its hold has ended by time.
    pub hold: Hold,
    /// The attempt whose hold it renews, without the buyer.
    pub renews: Option<PaymentId>,
    /// Whether another attempt was asked to renew its hold.
    pub is_renewal_asked: bool,
}

impl Attempt {
    /// Returns whether an answer of its bank or its buyer is awaited.
    pub(super) fn waits(&self) -> bool {
        match self.state {
            AttemptState::Asked | AttemptState::ActionRequired { .. } => true,
            AttemptState::Declined { .. } | AttemptState::Authorised | AttemptState::Undoing | AttemptState::Undone => {
                false
            }
        }
    }
}

/// Where a parcel stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ParcelState {
    /// Called off.
    Cancelled,
    /// The warehouse was asked.
    Requested,
    /// Packed, its money not taken.
    Packed,
    /// Its money is taken.
    Paid,
    /// A carrier has it.
    HandedOver,
    /// It will not arrive.
    Lost,
    /// It arrived.
    Delivered,
}

/// A parcel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parcel {
    /// The warehouse.
    pub location: LocationId,
    /// The share of the money it stands for.
    pub share: Money,
    /// Where it stands.
    pub state: ParcelState,
    /// How often its capture was tried.
    pub captures: u32,
    /// What is being taken of its share of the money.
    pub capturing: Option<Taking>,
    /// What was taken of its share of the money and did not go back since, in order.
    pub takings: Vec<Taking>,
    /// Whether all its share of the money was taken, also of one that was called off since.
    pub is_captured: bool,
    /// Whether it was called off because all its units were cancelled; its share is what is owed for shipping then.
    pub is_emptied: bool,
    /// Whether it is lost and nobody waits for it: its money goes back, or others go in its place.
    pub is_given_up: bool,
    /// Whether others go in its place.
    pub is_replaced: bool,
    /// What goes in the place of a lost parcel, where this one does.
    pub reshipped: Option<Reshipped>,
    /// How often it was asked to be sent once more.
    pub reships: u32,
}

impl Parcel {
    /// Makes a parcel that a warehouse is asked for, of which no money is taken.
    pub(super) fn new(location: LocationId, share: Money) -> Self {
        Self {
            location,
            share,
            state: ParcelState::Requested,
            captures: 0,
            capturing: None,
            takings: Vec::new(),
            is_captured: false,
            is_emptied: false,
            is_given_up: false,
            is_replaced: false,
            reshipped: None,
            reships: 0,
        }
    }

    /// Returns whether a warehouse has it, and its money may be to be taken.
    pub(super) fn is_here(&self) -> bool {
        matches!(self.state, ParcelState::Requested | ParcelState::Packed)
    }

    /// Returns whether its share may be to be taken: also what an emptied one still bears of the shipping.
    pub(super) fn may_be_paid(&self) -> bool {
        self.is_here() || self.is_emptied
    }
}

/// The units of a parcel that goes in a lost one's place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reshipped {
    /// Who they are sold to in the stock.
    pub holder: OrderId,
    /// The parcel that was paid and invoiced: the first one that was lost.
    pub paid_as: FulfilmentId,
    /// The units.
    pub routed: Vec<Routed>,
}

/// Why everything is undone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Why {
    /// It never became a sale.
    Rejected { code: String },
    /// Someone called it off.
    Cancelled { reason: String },
}

/// One checkout.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Checkout {
    pub(super) stage: Stage,
    pub(super) cart: Option<CartId>,
    pub(super) routed: Vec<Routed>,
    pub(super) shortages: Vec<Shortage>,
    /// What becomes of it should units be missing.
    pub(super) shortfall: ShortfallPolicy,
    /// When it was to be placed.
    pub(super) placed_at: Option<Timestamp>,
    /// Until when it waits for missing units, where it may.
    pub(super) back_order_until: Option<Timestamp>,
    /// How often it looked whether every unit is there.
    pub(super) settlings: u32,
    /// Whether it waits for units: it is owed, and no warehouse is asked.
    pub(super) is_waiting: bool,
    /// Whether it was ever owed.
    pub(super) was_confirmed: bool,
    /// The order that it is to go along with.
    pub(super) adds_to: Option<OrderId>,
    /// Whether that order was asked to take it along, and is to be told should it not come.
    pub(super) is_joined: bool,
    pub(super) promotions: Vec<PromotionId>,
    /// Whether uses of the promotions were asked for.
    pub(super) is_redeeming: bool,
    pub(super) refusals: Vec<Withheld>,
    pub(super) answer: CheckoutStatus,
    pub(super) is_placed: bool,
    /// What is to be paid; none where that was not told.
    pub(super) payable: Option<Money>,
    pub(super) attempts: Vec<Attempt>,
    pub(super) parcels: BTreeMap<FulfilmentId, Parcel>,
    pub(super) delivered_at: Option<Timestamp>,
    pub(super) why: Option<Why>,
    /// How often a hold was asked to be renewed.
    pub(super) renewals: u32,
    /// The attempt that was last meant to renew a hold, and the one whose hold that is.
    pub(super) renewal: Option<(PaymentId, PaymentId)>,
    /// Whether people are asked what to do without money.
    pub(super) is_asking_for_money: bool,
    /// Undo steps that are asked for and not done, whenever they were asked for.
    pub(super) undos_open: u32,
    /// An attempt that the buyer asked for before the answer that the order is placed, and its part.
    pub(super) early_payment: Option<(PaymentId, Option<Money>)>,
    /// Parcels that were packed before the answer that names them.
    pub(super) early_packed: BTreeSet<FulfilmentId>,
    /// Wishes to cancel lines that wait for their turn, and all that are known.
    pub(super) lines_asked: VecDeque<LineCancellationId>,
    pub(super) lines_known: BTreeSet<LineCancellationId>,
    /// The wish to cancel lines that is being carried out: meanwhile no money is taken and no units leave the stock.
    pub(super) lines_under_way: Option<LineCancellationId>,
    /// Parcels that left meanwhile: their units are still to leave the stock.
    pub(super) dispatches_waiting: Vec<FulfilmentId>,
    /// Whether units were taken out of a parcel before its money was taken: more is held than is owed.
    pub(super) is_reduced: bool,
    /// A cancellation that came before the order was confirmed or rejected, or while lines of it are being cancelled.
    pub(super) cancellation: Option<String>,
}

impl Checkout {
    pub(super) fn attempt(&mut self, payment: &PaymentId) -> Option<&mut Attempt> {
        self.attempts.iter_mut().find(|attempt| attempt.payment == *payment)
    }

    pub(super) fn is_current(&self, payment: &PaymentId) -> bool {
        self.attempts.last().is_some_and(|attempt| attempt.payment == *payment)
    }

    /// Returns the attempts whose money is held or taken.
    pub(super) fn paying(&self) -> impl Iterator<Item = &Attempt> {
        self.attempts.iter().filter(|attempt| attempt.state == AttemptState::Authorised)
    }

    /// Returns the first attempt whose money is held or taken.
    pub(super) fn first_paying(&self) -> Option<&PaymentId> {
        self.paying().next().map(|attempt| &attempt.payment)
    }

    /// Returns whether an attempt to renew a hold is asked for and has not begun.
    pub(super) fn is_renewing(&self) -> bool {
        let is_begun = |payment: &PaymentId| self.attempts.iter().any(|attempt| attempt.payment == *payment);
        self.renewal.as_ref().is_some_and(|(payment, _)| !is_begun(payment))
    }

    /// Returns whether the shop owes the goods, and nobody has called them off.
    pub(super) fn is_owed(&self) -> bool {
        self.stage == Stage::Fulfilling && self.why.is_none()
    }

    /// Returns whether money of a parcel was taken or is being taken.
    pub(super) fn is_taking(&self) -> bool {
        self.parcels.values().any(|parcel| parcel.is_captured || parcel.is_being_paid())
    }

    /// Returns whether money of a parcel is being taken.
    pub(super) fn is_capturing(&self) -> bool {
        self.parcels.values().any(|parcel| parcel.capturing.is_some())
    }

    /// Returns whether the money of a parcel was not taken, be it called off.
    pub(super) fn has_untaken_parcel(&self) -> bool {
        let is_untaken = |parcel: &Parcel| parcel.share.minor() > 0 && !parcel.is_captured;
        self.parcels.is_empty() || self.parcels.values().any(is_untaken)
    }

    /// Returns whether a parcel waits for its money to be taken.
    pub(super) fn has_waiting_parcel(&self) -> bool {
        let waits = |parcel: &Parcel| parcel.is_here() && parcel.share.minor() > 0 && !parcel.is_captured;
        self.parcels.is_empty() || self.parcels.values().any(waits)
    }

    /// Returns whether the money of another parcel is still to be taken, or being taken.
    pub(super) fn has_other_untaken(&self, fulfilment: &FulfilmentId) -> bool {
        let is_untaken = |parcel: &Parcel| {
            parcel.capturing.is_some() || (parcel.may_be_paid() && parcel.share.minor() > 0 && !parcel.is_captured)
        };
        self.parcels.iter().any(|(id, parcel)| id != fulfilment && is_untaken(parcel))
    }

    /// Returns the parcels that say where the goods stand: not those that others go in the place of.
    pub(super) fn noted_parcels(&self) -> Vec<FulfilmentId> {
        let is_noted = |parcel: &Parcel| parcel.state == ParcelState::Delivered || !parcel.is_replaced;
        self.parcels.iter().filter(|(_, parcel)| is_noted(parcel)).map(|(id, _)| id.clone()).collect()
    }

    /// Returns whether every parcel that was not called off has arrived, or is lost and given up.
    pub(super) fn is_settled(&self) -> bool {
        let sent = self.parcels.values().filter(|parcel| parcel.state != ParcelState::Cancelled);
        let is_settled = |parcel: &Parcel| {
            parcel.state == ParcelState::Delivered || (parcel.state == ParcelState::Lost && parcel.is_given_up)
        };
        sent.clone().count() > 0 && sent.clone().all(is_settled)
    }
}
