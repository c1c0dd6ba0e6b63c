//! The rules of fulfilment.
//!
//! A wish that a later step already includes is a repeat, not an error: packing a parcel that has left changes
//! nothing and is answered with no event, so that a process may ask again after a crash.

use super::commands::FulfilmentCommand;
use super::error::FulfilmentError;
use super::events::FulfilmentEvent;
use super::state::{Fulfilment, FulfilmentState, Reduction, Request};
use crate::values::{Money, ShortText, Timestamp};

/// Why a parcel is called off that all units were taken out of.
const NOTHING_LEFT: &str = "nothing is left in it";

type Decision = Result<Vec<FulfilmentEvent>, FulfilmentError>;

pub(super) fn decide(fulfilment: &Fulfilment, command: &FulfilmentCommand) -> Decision {
    match command {
        FulfilmentCommand::Request { order, location, lines, address, share } => {
            let wanted = Request {
                order: order.clone(),
                location: location.clone(),
                lines: lines.clone(),
                address: address.clone(),
                share: *share,
            };
            request(fulfilment, wanted)
        }
        FulfilmentCommand::TakeOut { cancellation, lines, share, is_paid } => {
            let wanted = Reduction {
                cancellation: cancellation.clone(),
                lines: lines.clone(),
                share: *share,
                is_paid: *is_paid,
            };
            take_out(fulfilment, wanted)
        }
        FulfilmentCommand::Pack { packed_at } => pack(fulfilment, *packed_at),
        FulfilmentCommand::BookLabel { carrier, tracking } => book_label(fulfilment, carrier, tracking),
        FulfilmentCommand::ReleaseForShipping => release_for_shipping(fulfilment),
        FulfilmentCommand::HandOver { carrier, tracking, handed_over_at } => {
            hand_over(fulfilment, carrier, tracking, *handed_over_at)
        }
        FulfilmentCommand::Deliver { delivered_at } => deliver(fulfilment, *delivered_at),
        FulfilmentCommand::DeclareLost { reason } => declare_lost(fulfilment, reason),
        FulfilmentCommand::Cancel { reason } => cancel(fulfilment, reason),
    }
}

/// A request of a cancelled work is refused even when it is a repeat: whoever asks must not believe that the parcel
/// will be sent. This is also what bars a request that arrives after its own cancellation.
fn request(fulfilment: &Fulfilment, wanted: Request) -> Decision {
    if fulfilment.state() == FulfilmentState::Cancelled {
        return illegal(fulfilment, "requested");
    }
    if let Some(known) = fulfilment.request() {
        return if *known == wanted { Ok(vec![]) } else { Err(FulfilmentError::AlreadyExists) };
    }
    if wanted.lines.is_empty() {
        return Err(FulfilmentError::NoLines);
    }
    let Request { order, location, lines, address, share } = wanted;
    Ok(vec![FulfilmentEvent::Requested { order, location, lines, address, share }])
}

/// What was packed is packed anew: whoever hands it over must not have the units in the box. A parcel for which nothing is to
/// be paid is invoiced when it may leave, so that counts as paid.
fn take_out(fulfilment: &Fulfilment, wanted: Reduction) -> Decision {
    if fulfilment.reduction(&wanted.cancellation).is_some() {
        return Ok(vec![]);
    }
    match fulfilment.state() {
        FulfilmentState::Absent => return Err(FulfilmentError::Unknown),
        FulfilmentState::Requested | FulfilmentState::Packed => {}
        FulfilmentState::HandedOver
        | FulfilmentState::Delivered
        | FulfilmentState::Lost
        | FulfilmentState::Cancelled => return illegal(fulfilment, "reduced"),
    }
    if wanted.lines.is_empty() {
        return Err(FulfilmentError::NoLines);
    }
    for part in &wanted.lines {
        let (requested, left) = (wanted.units_of(&part.line), fulfilment.units_of(&part.line));
        if requested > left || requested > part.quantity.units() {
            return Err(FulfilmentError::NotInParcel { line: part.line.clone(), requested, left });
        }
    }
    let share = fulfilment.share().ok_or(FulfilmentError::Unknown)?;
    let nothing = Money::zero(share.currency());
    let rest = share.minus(wanted.share).map_err(|_| FulfilmentError::ShareExceeded)?;
    if wanted.share < nothing || rest < nothing {
        return Err(FulfilmentError::ShareExceeded);
    }
    let is_emptied = fulfilment.lines().iter().all(|part| wanted.units_of(&part.line) == part.quantity.units());
    let is_paid = wanted.is_paid || (share == nothing && fulfilment.is_released());
    let Reduction { cancellation, lines, share, .. } = wanted;
    let mut facts = vec![FulfilmentEvent::Reduced { cancellation, lines, share, is_paid }];
    if is_emptied {
        let reason = NOTHING_LEFT.parse().map_err(|_| FulfilmentError::NoLines)?;
        facts.push(FulfilmentEvent::Cancelled { reason });
    }
    Ok(facts)
}

fn pack(fulfilment: &Fulfilment, packed_at: Timestamp) -> Decision {
    match fulfilment.state() {
        FulfilmentState::Absent => Err(FulfilmentError::Unknown),
        FulfilmentState::Requested => Ok(vec![FulfilmentEvent::Packed { packed_at }]),
        FulfilmentState::Packed | FulfilmentState::HandedOver | FulfilmentState::Delivered | FulfilmentState::Lost => {
            Ok(vec![])
        }
        FulfilmentState::Cancelled => illegal(fulfilment, "packed"),
    }
}

/// A carrier gives one label per parcel, so another one is a mistake, not news.
fn book_label(fulfilment: &Fulfilment, carrier: &ShortText, tracking: &ShortText) -> Decision {
    if fulfilment.label() == Some((carrier, tracking)) {
        return Ok(vec![]);
    }
    match fulfilment.state() {
        FulfilmentState::Absent => Err(FulfilmentError::Unknown),
        FulfilmentState::Packed | FulfilmentState::Requested
            if fulfilment.was_packed() && fulfilment.label().is_none() =>
        {
            Ok(vec![FulfilmentEvent::LabelBooked { carrier: carrier.clone(), tracking: tracking.clone() }])
        }
        FulfilmentState::Requested
        | FulfilmentState::Packed
        | FulfilmentState::HandedOver
        | FulfilmentState::Delivered
        | FulfilmentState::Lost
        | FulfilmentState::Cancelled => illegal(fulfilment, "labelled"),
    }
}

fn release_for_shipping(fulfilment: &Fulfilment) -> Decision {
    match fulfilment.state() {
        FulfilmentState::Absent => Err(FulfilmentError::Unknown),
        FulfilmentState::Packed | FulfilmentState::Requested
            if fulfilment.was_packed() && !fulfilment.is_released() =>
        {
            Ok(vec![FulfilmentEvent::ReleasedForShipping {}])
        }
        FulfilmentState::Requested if fulfilment.is_released() => Ok(vec![]),
        FulfilmentState::Packed | FulfilmentState::HandedOver | FulfilmentState::Delivered | FulfilmentState::Lost => {
            Ok(vec![])
        }
        FulfilmentState::Requested | FulfilmentState::Cancelled => illegal(fulfilment, "released for shipping"),
    }
}

/// A number is a carrier's own: the same number from another carrier is another parcel, not a repeat.
fn hand_over(
    fulfilment: &Fulfilment,
    carrier: &ShortText,
    tracking: &ShortText,
    handed_over_at: Timestamp,
) -> Decision {
    match fulfilment.state() {
        FulfilmentState::Absent => Err(FulfilmentError::Unknown),
        FulfilmentState::Packed if !fulfilment.is_released() => Err(FulfilmentError::NotPaid),
        FulfilmentState::Packed => {
            let (carrier, tracking) = (carrier.clone(), tracking.clone());
            Ok(vec![FulfilmentEvent::HandedOver { carrier, tracking, handed_over_at }])
        }
        FulfilmentState::HandedOver | FulfilmentState::Delivered | FulfilmentState::Lost => {
            if fulfilment.carrier() == Some(carrier) && fulfilment.tracking() == Some(tracking) {
                return Ok(vec![]);
            }
            illegal(fulfilment, "handed over")
        }
        FulfilmentState::Requested | FulfilmentState::Cancelled => illegal(fulfilment, "handed over"),
    }
}

/// A lost parcel may be delivered: "lost" is what a carrier believes after a search, and parcels do turn up. The log
/// must be able to say that the customer has the goods, or a refund and a delivery could never be compared.
fn deliver(fulfilment: &Fulfilment, delivered_at: Timestamp) -> Decision {
    match fulfilment.state() {
        FulfilmentState::Absent => Err(FulfilmentError::Unknown),
        FulfilmentState::HandedOver | FulfilmentState::Lost => Ok(vec![FulfilmentEvent::Delivered { delivered_at }]),
        FulfilmentState::Delivered => Ok(vec![]),
        FulfilmentState::Requested | FulfilmentState::Packed | FulfilmentState::Cancelled => {
            illegal(fulfilment, "delivered")
        }
    }
}

fn declare_lost(fulfilment: &Fulfilment, reason: &ShortText) -> Decision {
    match fulfilment.state() {
        FulfilmentState::Absent => Err(FulfilmentError::Unknown),
        FulfilmentState::HandedOver => Ok(vec![FulfilmentEvent::Lost { reason: reason.clone() }]),
        FulfilmentState::Lost => Ok(vec![]),
        FulfilmentState::Requested
        | FulfilmentState::Packed
        | FulfilmentState::Delivered
        | FulfilmentState::Cancelled => illegal(fulfilment, "declared lost"),
    }
}

/// A parcel may be called off until a carrier has it, even when its money is taken: the process then gives it back.
fn cancel(fulfilment: &Fulfilment, reason: &ShortText) -> Decision {
    match fulfilment.state() {
        FulfilmentState::Absent | FulfilmentState::Requested | FulfilmentState::Packed => {
            Ok(vec![FulfilmentEvent::Cancelled { reason: reason.clone() }])
        }
        FulfilmentState::Cancelled => Ok(vec![]),
        FulfilmentState::HandedOver | FulfilmentState::Delivered | FulfilmentState::Lost => {
            illegal(fulfilment, "cancelled")
        }
    }
}

fn illegal(fulfilment: &Fulfilment, wish: &'static str) -> Decision {
    Err(FulfilmentError::IllegalTransition { status: fulfilment.state().name(), wish })
}
