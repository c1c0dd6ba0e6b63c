//! A checkout that goes along with an order: that order is asked before this one is placed, and told when it does not come, or has
//! left.

use domain::order::AdditionEnd;

use super::CheckoutStep as Step;
use super::state::{Checkout, Stage, Why};
use super::undo::undo;
use crate::engine;

type Reaction = engine::Reaction<Step>;

/// Asks the order that it adds to; none where it adds to nothing.
pub(super) fn join(checkout: &mut Checkout) -> Option<Reaction> {
    let to = checkout.adds_to.clone()?;
    checkout.stage = Stage::Joining;
    checkout.is_joined = true;
    Some(Reaction::ask([Step::AcceptAddition { to }]))
}

pub(super) fn refused(checkout: &mut Checkout, code: &str) -> Reaction {
    checkout.is_joined = false;
    undo(checkout, Why::Rejected { code: code.to_owned() })
}

/// Tells the order that it adds to, once: whatever comes after is no news to it.
pub(super) fn leave(checkout: &mut Checkout, end: AdditionEnd) -> Option<Step> {
    let to = checkout.adds_to.clone().filter(|_| std::mem::take(&mut checkout.is_joined))?;
    Some(Step::ReleaseAddition { to, end })
}
