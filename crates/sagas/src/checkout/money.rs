//! Which payments hold an order's money, and take it: one that holds everything, or several of which each holds a part. Money is
//! taken of them in the order in which they were begun, and goes back through the one that took it last, so that each gives back
//! no more than it took.

use domain::values::{Money, PaymentId};

use super::CheckoutStep as Step;
use super::state::{Attempt, Checkout, Hold, Parcel};
use super::undo::undo_payment;
use crate::engine;

type Reaction = engine::Reaction<Step>;

/// Money that a payment took of a parcel's share, or is asked to take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taking {
    /// The payment.
    pub payment: PaymentId,
    /// How much.
    pub amount: Money,
}

impl Attempt {
    /// Returns what it holds and was not asked to take, minor units; one that is to hold everything holds whatever is owed.
    pub(super) fn left_minor(&self) -> i64 {
        self.amount.map_or(i64::MAX, |amount| amount.minor() - self.taken_minor)
    }
}

impl Parcel {
    /// Returns what of its share was not taken, minor units.
    pub(super) fn owed_minor(&self) -> i64 {
        if self.is_captured { 0 } else { self.share.minor() - self.taken_minor() }
    }

    /// Returns what of its share no payment was asked for, minor units.
    fn unasked_minor(&self) -> i64 {
        self.owed_minor() - self.capturing.as_ref().map_or(0, |taking| taking.amount.minor())
    }

    /// Returns whether a payment took a part of its share, and no other has taken the rest.
    pub(super) fn is_partly_taken(&self) -> bool {
        !self.is_captured && !self.takings.is_empty()
    }

    /// Returns whether a payment is taking its share, or has taken a part of it only.
    pub(super) fn is_being_paid(&self) -> bool {
        self.capturing.is_some() || self.is_partly_taken()
    }

    fn taken_minor(&self) -> i64 {
        self.takings.iter().map(|taking| taking.amount.minor()).sum()
    }
}

impl Checkout {
    /// Returns whether the payments together hold all that is still to be taken.
    pub(super) fn is_guaranteed(&self) -> bool {
        let held = self.holding().map(Attempt::left_minor).fold(0, i64::saturating_add);
        held >= self.untaken_minor()
    }

    /// Returns the attempts whose money is held, for all that is known.
    fn holding(&self) -> impl Iterator<Item = &Attempt> {
        self.paying().filter(|attempt| attempt.hold != Hold::Over)
    }

    /// Returns what is still to be taken, minor units: all that is to be paid before there are parcels, one unit at least where
    /// nobody has said how much that is.
    fn untaken_minor(&self) -> i64 {
        if self.parcels.is_empty() {
            return self.payable.map_or(1, Money::minor);
        }
        self.parcels.values().filter(|parcel| parcel.may_be_paid()).map(Parcel::unasked_minor).sum()
    }

    /// Returns whether parts together hold more than what is still to be taken.
    pub(super) fn holds_too_much(&self) -> bool {
        let parts = self.holding().filter(|attempt| attempt.amount.is_some());
        parts.map(Attempt::left_minor).sum::<i64>() > self.untaken_minor()
    }

    /// Returns how much is to be held in the place of an attempt: nothing where the others hold what is still to be taken;
    /// else what it is to hold while nothing was taken at all, and then no more than what is still to be taken.
    pub(super) fn to_hold_anew(&self, renewed: &PaymentId) -> Option<Option<Money>> {
        let renewed = self.attempts.iter().find(|attempt| attempt.payment == *renewed)?;
        let others = self.holding().filter(|attempt| attempt.payment != renewed.payment);
        let others = others.map(Attempt::left_minor).fold(0, i64::saturating_add);
        let minor = renewed.left_minor().min(self.untaken_minor().saturating_sub(others));
        let share = self.parcels.values().map(|parcel| parcel.share).next();
        match share.filter(|_| self.attempts.iter().any(|attempt| attempt.taken_minor > 0)) {
            _ if minor <= 0 => None,
            Some(share) => Some(Some(Money::new(minor, share.currency()))),
            None => Some(renewed.amount),
        }
    }

    /// Returns what the next capture of a parcel's share takes, and of which payment; none where no hold has anything left.
    pub(super) fn next_taking(&self, owed: Money) -> Option<Taking> {
        let stands = |attempt: &&Attempt| attempt.hold == Hold::Standing && attempt.left_minor() > 0;
        let attempt = self.paying().find(stands)?;
        let amount = Money::new(owed.minor().min(attempt.left_minor()), owed.currency());
        Some(Taking { payment: attempt.payment.clone(), amount })
    }

    /// Counts what a payment is asked to take.
    pub(super) fn book(&mut self, taking: &Taking) {
        if let Some(attempt) = self.attempt(&taking.payment) {
            attempt.taken_minor += taking.amount.minor();
        }
    }

    /// Counts it no longer: it was not taken.
    pub(super) fn unbook(&mut self, taking: &Taking) {
        if let Some(attempt) = self.attempt(&taking.payment) {
            attempt.taken_minor -= taking.amount.minor();
        }
    }
}

/// Lets go holds of parts that are needed no longer: nothing is to be taken any more, and nothing was taken of them.
pub(super) fn let_go_of_idle(checkout: &mut Checkout) -> Reaction {
    let is_idle = |attempt: &&Attempt| attempt.amount.is_some() && attempt.taken_minor == 0;
    let idle: Vec<_> = checkout.paying().filter(is_idle).map(|attempt| attempt.payment.clone()).collect();
    undo_all(checkout, &idle)
}

/// Lets go holds that are more than what is to be paid, the oldest first: the buyer paid with `newest` what another attempt was
/// to pay, and both are held by now.
pub(super) fn let_go_of_excess(checkout: &mut Checkout, newest: &PaymentId) -> Reaction {
    let Some(payable) = checkout.payable.map(Money::minor) else { return Reaction::default() };
    let amount_of = |attempt: &Attempt| attempt.amount.map_or(payable, Money::minor);
    let mut held: i64 = checkout.holding().map(amount_of).sum();
    let mut excess = Vec::new();
    for attempt in checkout.holding().filter(|attempt| attempt.payment != *newest) {
        if held > payable {
            held -= amount_of(attempt);
            excess.push(attempt.payment.clone());
        }
    }
    undo_all(checkout, &excess)
}

pub(super) fn undo_all(checkout: &mut Checkout, payments: &[PaymentId]) -> Reaction {
    Reaction::ask(payments.iter().flat_map(|payment| undo_payment(checkout, payment).asks).collect::<Vec<_>>())
}

/// Takes an amount off what was taken of a parcel, the last first, and says through which payment how much of it goes back.
pub(super) fn take_back(parcel: &mut Parcel, amount: Money) -> Vec<Taking> {
    let (mut left, mut back) = (amount.minor(), Vec::new());
    while let Some(taking) = parcel.takings.last_mut().filter(|_| left > 0) {
        let minor = left.min(taking.amount.minor());
        left -= minor;
        back.push(Taking { payment: taking.payment.clone(), amount: Money::new(minor, amount.currency()) });
        taking.amount = Money::new(taking.amount.minor() - minor, amount.currency());
        if taking.amount.minor() == 0 {
            parcel.takings.pop();
        }
    }
    back
}

/// Sums what goes back payment by payment, in order, and says from which minor unit of the whole each part begins.
pub(super) fn by_payment(back: Vec<Taking>) -> Vec<(i64, Taking)> {
    let mut sums: Vec<Taking> = Vec::new();
    for taking in back {
        match sums.iter_mut().find(|sum| sum.payment == taking.payment) {
            Some(sum) => sum.amount = Money::new(sum.amount.minor() + taking.amount.minor(), sum.amount.currency()),
            None => sums.push(taking),
        }
    }
    let mut from = 0;
    let begin = |taking: Taking| {
        let begins = from;
        from += taking.amount.minor();
        (begins, taking)
    };
    sums.into_iter().map(begin).collect()
}
