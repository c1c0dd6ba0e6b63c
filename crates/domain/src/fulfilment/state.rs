//! The work of one warehouse for one order, folded from its stream.

use serde::{Deserialize, Serialize};

use super::events::{FulfilmentEvent, FulfilmentLine};
use crate::values::{LineCancellationId, LineId, LocationId, Money, OrderId, Quantity, Sealed, ShortText, Timestamp};

/// How far the parcel is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum FulfilmentState {
    /// Nobody asked for it yet.
    #[default]
    Absent,
    /// The warehouse was asked.
    Requested,
    /// The parcel is packed; it stays until its money is taken.
    Packed,
    /// A carrier has the parcel.
    HandedOver,
    /// The parcel arrived. Terminal.
    Delivered,
    /// The carrier gave the parcel up. Terminal unless it turns up again.
    Lost,
    /// The work was called off, or barred before it was asked for. Terminal.
    Cancelled,
}

impl FulfilmentState {
    /// Every state, in the order of the happy path, the unhappy ones last.
    pub const ALL: [FulfilmentState; 7] = [
        FulfilmentState::Absent,
        FulfilmentState::Requested,
        FulfilmentState::Packed,
        FulfilmentState::HandedOver,
        FulfilmentState::Delivered,
        FulfilmentState::Lost,
        FulfilmentState::Cancelled,
    ];

    /// Returns the name that refusals and read models show, `snake_case`.
    pub fn name(self) -> &'static str {
        match self {
            FulfilmentState::Absent => "absent",
            FulfilmentState::Requested => "requested",
            FulfilmentState::Packed => "packed",
            FulfilmentState::HandedOver => "handed_over",
            FulfilmentState::Delivered => "delivered",
            FulfilmentState::Lost => "lost",
            FulfilmentState::Cancelled => "cancelled",
        }
    }
}

/// What the warehouse was asked for: the content that makes two requests identical.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Request {
    pub(super) order: OrderId,
    pub(super) location: LocationId,
    pub(super) lines: Vec<FulfilmentLine>,
    pub(super) address: Sealed,
    pub(super) share: Money,
}

/// Units that were taken out of a parcel before a carrier had it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reduction {
    /// The cancellation.
    pub cancellation: LineCancellationId,
    /// What was taken out.
    pub lines: Vec<FulfilmentLine>,
    /// How much less of the payable amount the parcel stands for.
    pub share: Money,
    /// Whether the money of these units was taken, and so they are on its invoice.
    pub is_paid: bool,
}

impl Reduction {
    /// Returns how many units of a line were taken out.
    pub fn units_of(&self, line: &LineId) -> i64 {
        self.lines.iter().filter(|part| part.line == *line).map(|part| part.quantity.units()).sum()
    }
}

/// One parcel. Released only when packed; with a carrier only when released.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fulfilment {
    state: FulfilmentState,
    request: Option<Request>,
    reductions: Vec<Reduction>,
    left: Vec<FulfilmentLine>,
    was_packed: bool,
    label: Option<(ShortText, ShortText)>,
    released: bool,
    carrier: Option<ShortText>,
    tracking: Option<ShortText>,
    handed_over_at: Option<Timestamp>,
    delivered_at: Option<Timestamp>,
}

impl Fulfilment {
    /// Returns how far the parcel is.
    pub fn state(&self) -> FulfilmentState {
        self.state
    }

    /// Returns the order, once the work was asked for.
    pub fn order(&self) -> Option<&OrderId> {
        self.request.as_ref().map(|request| &request.order)
    }

    /// Returns the warehouse, once the work was asked for.
    pub fn location(&self) -> Option<&LocationId> {
        self.request.as_ref().map(|request| &request.location)
    }

    /// Returns what to send, without what was taken out; empty until the work is asked for.
    pub fn lines(&self) -> &[FulfilmentLine] {
        &self.left
    }

    /// Returns what was asked for at first; empty until the work is asked for.
    pub fn requested_lines(&self) -> &[FulfilmentLine] {
        self.request.as_ref().map_or(&[], |request| &request.lines)
    }

    /// Returns the share of the payable amount that was asked for at first, once the work was asked for.
    pub fn requested_share(&self) -> Option<Money> {
        self.request.as_ref().map(|request| request.share)
    }

    /// Returns what was taken out, in order.
    pub fn reductions(&self) -> &[Reduction] {
        &self.reductions
    }

    /// Returns what a line cancellation took out, if it did.
    pub fn reduction(&self, cancellation: &LineCancellationId) -> Option<&Reduction> {
        self.reductions.iter().find(|reduction| reduction.cancellation == *cancellation)
    }

    /// Returns how many units of a line are in it.
    pub fn units_of(&self, line: &LineId) -> i64 {
        self.left.iter().filter(|part| part.line == *line).map(|part| part.quantity.units()).sum()
    }

    /// Reports whether units may be taken out of it: it was asked for, and no carrier has it.
    pub fn is_here(&self) -> bool {
        matches!(self.state, FulfilmentState::Requested | FulfilmentState::Packed)
    }

    /// Returns the sealed name and address, once the work was asked for.
    pub fn address(&self) -> Option<&Sealed> {
        self.request.as_ref().map(|request| &request.address)
    }

    /// Returns the share of the payable amount it stands for, without what was taken out, once the work was asked for.
    /// It is captured when packed.
    pub fn share(&self) -> Option<Money> {
        let request = self.request.as_ref()?;
        let taken_out: i64 = self.reductions.iter().map(|reduction| reduction.share.minor()).sum();
        Some(Money::new(request.share.minor() - taken_out, request.share.currency()))
    }

    /// Reports whether the parcel's money was taken. Stays true after a cancellation: that money is to be refunded.
    pub fn is_released(&self) -> bool {
        self.released
    }

    /// Returns the carrier and the number of the label that was booked, once one was.
    pub fn label(&self) -> Option<(&ShortText, &ShortText)> {
        self.label.as_ref().map(|(carrier, tracking)| (carrier, tracking))
    }

    /// Returns the carrier, once one has the parcel.
    pub fn carrier(&self) -> Option<&ShortText> {
        self.carrier.as_ref()
    }

    /// Returns the carrier's number of the parcel, once one has it.
    pub fn tracking(&self) -> Option<&ShortText> {
        self.tracking.as_ref()
    }

    /// Returns when a carrier took the parcel, if one did.
    pub fn handed_over_at(&self) -> Option<Timestamp> {
        self.handed_over_at
    }

    /// Returns when the parcel arrived, if it did.
    pub fn delivered_at(&self) -> Option<Timestamp> {
        self.delivered_at
    }

    /// Reports whether it was packed, be it that units were taken out since and it is to be packed anew.
    pub(super) fn was_packed(&self) -> bool {
        self.was_packed
    }

    /// Returns what was asked for, if anything was.
    pub(super) fn request(&self) -> Option<&Request> {
        self.request.as_ref()
    }

    /// Moves on by one fact.
    pub(super) fn move_on(&mut self, event: &FulfilmentEvent) {
        match event {
            FulfilmentEvent::Requested { order, location, lines, address, share } => {
                self.state = FulfilmentState::Requested;
                self.left.clone_from(lines);
                self.request = Some(Request {
                    order: order.clone(),
                    location: location.clone(),
                    lines: lines.clone(),
                    address: address.clone(),
                    share: *share,
                });
            }
            FulfilmentEvent::Reduced { cancellation, lines, share, is_paid } => {
                self.state = FulfilmentState::Requested;
                self.take_out(lines);
                let (cancellation, lines) = (cancellation.clone(), lines.clone());
                self.reductions.push(Reduction { cancellation, lines, share: *share, is_paid: *is_paid });
            }
            FulfilmentEvent::Packed { .. } => {
                self.state = FulfilmentState::Packed;
                self.was_packed = true;
            }
            FulfilmentEvent::LabelBooked { carrier, tracking } => {
                self.label = Some((carrier.clone(), tracking.clone()));
            }
            FulfilmentEvent::ReleasedForShipping {} => self.released = true,
            FulfilmentEvent::HandedOver { carrier, tracking, handed_over_at } => {
                self.state = FulfilmentState::HandedOver;
                self.carrier = Some(carrier.clone());
                self.tracking = Some(tracking.clone());
                self.handed_over_at = Some(*handed_over_at);
            }
            FulfilmentEvent::Delivered { delivered_at } => {
                self.state = FulfilmentState::Delivered;
                self.delivered_at = Some(*delivered_at);
            }
            FulfilmentEvent::Lost { .. } => self.state = FulfilmentState::Lost,
            FulfilmentEvent::Cancelled { .. } => self.state = FulfilmentState::Cancelled,
        }
    }

    fn take_out(&mut self, lines: &[FulfilmentLine]) {
        let taken = |line: &LineId| -> i64 {
            lines.iter().filter(|part| part.line == *line).map(|part| part.quantity.units()).sum()
        };
        self.left = std::mem::take(&mut self.left)
            .into_iter()
            .filter_map(|part| {
                let quantity = Quantity::new(part.quantity.units() - taken(&part.line)).ok()?;
                Some(FulfilmentLine { quantity, ..part })
            })
            .collect();
    }
}
