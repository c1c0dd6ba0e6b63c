//! What a checkout does about a parcel that is lost: people give its money back, send its units once more, or wait for it and are
//! asked again. What goes in its place needs units anew and no money: that of the lost parcel is its own.

use app::stock::{Routed, Shortage};
use domain::values::{FulfilmentId, LocationId, Money, OrderId, Timestamp};

use super::parcels::packed_early;
use super::state::{Checkout, Parcel, ParcelState, Reshipped, Stage};
use super::{CheckoutStep as Step, TASK_LOST};
use crate::SECONDS_PER_DAY;
use crate::engine;

type Reaction = engine::Reaction<Step>;

/// The timer of a lost parcel that is waited for, with the parcel behind it.
pub(super) const TIMER_LOST: &str = "lost/";

/// How long a lost parcel is waited for before people are asked again, seconds: a week.
pub const LOST_AGAIN_SECONDS: i64 = 7 * SECONDS_PER_DAY;

/// Asks people what to do about a lost parcel.
pub(super) fn question(fulfilment: &FulfilmentId, why: &str) -> Reaction {
    let question = format!("parcel {fulfilment} is lost ({why}): give its money back, send it once more, or wait?");
    Reaction::default().task(format!("{TASK_LOST}/{fulfilment}"), question, &["refund", "reship", "wait"])
}

/// A lost parcel has arrived: nobody need be asked about it.
pub(super) fn turned_up(reaction: Reaction, fulfilment: &FulfilmentId) -> Reaction {
    reaction.stop(format!("{TIMER_LOST}{fulfilment}")).withdraw(format!("{TASK_LOST}/{fulfilment}"))
}

/// Returns a parcel that is lost and waited for.
fn lost<'a>(checkout: &'a mut Checkout, fulfilment: &FulfilmentId) -> Option<&'a mut Parcel> {
    let is_owed = checkout.stage == Stage::Fulfilling;
    let parcel = checkout.parcels.get_mut(fulfilment)?;
    (is_owed && parcel.state == ParcelState::Lost && !parcel.is_given_up).then_some(parcel)
}

pub(super) fn wait(checkout: &mut Checkout, fulfilment: &FulfilmentId, at: Timestamp) -> Reaction {
    match lost(checkout, fulfilment) {
        Some(_) => Reaction::default().wait(format!("{TIMER_LOST}{fulfilment}"), at.plus_seconds(LOST_AGAIN_SECONDS)),
        None => Reaction::default(),
    }
}

pub(super) fn for_long(checkout: &mut Checkout, fulfilment: &str) -> Reaction {
    let Ok(fulfilment) = fulfilment.parse() else { return Reaction::default() };
    match lost(checkout, &fulfilment) {
        Some(_) => question(&fulfilment, "it has not turned up"),
        None => Reaction::default(),
    }
}

pub(super) fn reship(checkout: &mut Checkout, fulfilment: &FulfilmentId) -> Reaction {
    let Some(parcel) = lost(checkout, fulfilment) else { return Reaction::default() };
    parcel.reships += 1;
    Reaction::ask([Step::Reship { fulfilment: fulfilment.clone(), round: parcel.reships }])
}

/// Others go in the place of a lost parcel. Its money is theirs: where they are called off it is the first one's to give back.
/// Where the lost one has turned up meanwhile they are a present.
pub(super) fn reshipped(
    checkout: &mut Checkout,
    fulfilment: &FulfilmentId,
    holder: &OrderId,
    parcels: &[(FulfilmentId, LocationId, Vec<Routed>)],
) -> Reaction {
    let Some(parcel) = checkout.parcels.get_mut(fulfilment) else { return Reaction::default() };
    if parcel.is_replaced {
        return Reaction::default();
    }
    let nothing = Money::zero(parcel.share.currency());
    let paid_as = parcel.reshipped.as_ref().map_or(fulfilment, |reshipped| &reshipped.paid_as).clone();
    (parcel.is_given_up, parcel.is_replaced) = (true, true);
    let (is_paid, share) = (std::mem::take(&mut parcel.is_captured), std::mem::replace(&mut parcel.share, nothing));
    let mut takings = std::mem::take(&mut parcel.takings);
    for (index, (id, location, routed)) in parcels.iter().enumerate() {
        let is_first = index == 0;
        let mut parcel = Parcel::new(location.clone(), if is_first { share } else { nothing });
        parcel.is_captured = is_paid && is_first;
        parcel.takings = std::mem::take(&mut takings);
        parcel.reshipped = Some(Reshipped { holder: holder.clone(), paid_as: paid_as.clone(), routed: routed.clone() });
        checkout.parcels.insert(id.clone(), parcel);
    }
    let parcels = checkout.noted_parcels();
    let what = "reshipped".to_owned();
    let noted = Reaction::ask([Step::NoteFulfilment { fulfilment: fulfilment.clone(), what, parcels }]);
    packed_early(checkout, noted)
}

pub(super) fn not_reshipped(checkout: &mut Checkout, fulfilment: &FulfilmentId, shortages: &[Shortage]) -> Reaction {
    let lacking = shortages.iter().map(|short| format!("{} of {} are left", short.available, short.sku));
    let why = match shortages {
        [] => "its units were not there when they were asked for".to_owned(),
        _ => lacking.collect::<Vec<_>>().join(", "),
    };
    match lost(checkout, fulfilment) {
        Some(_) => question(fulfilment, &why),
        None => Reaction::default(),
    }
}
