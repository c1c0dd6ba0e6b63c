//! The rules of fulfilment.
//!
//! A wish that a later step already includes is a repeat, not an error: packing a parcel that has left changes
//! nothing and is answered with no event, so that a process may ask again after a crash.

use super::commands::FulfilmentCommand;
use super::error::FulfilmentError;
use super::events::FulfilmentEvent;
use super::state::{Fulfilment, FulfilmentState, Request};
use crate::values::{ShortText, Timestamp};

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
        FulfilmentState::Packed if fulfilment.label().is_none() => {
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
        FulfilmentState::Packed if !fulfilment.is_released() => Ok(vec![FulfilmentEvent::ReleasedForShipping {}]),
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
