//! The parcels in which an order was to leave at first, and what is in them.

use std::collections::BTreeSet;
use std::sync::Arc;

use domain::fulfilment::{Fulfilment, FulfilmentLine};
use domain::order::{LineUnits, Sale};
use domain::values::{FulfilmentId, LineCancellationId, LineId, LocationId, Money, OrderId, Quantity};

use super::{LineShare, ParcelShare, parcel_id, shares_of};
use crate::Shop;
use crate::error::AppError;

/// A parcel as a warehouse was asked for it at first: not one that goes in the place of a lost one.
#[derive(Clone, Debug)]
pub struct FirstParcel {
    /// The parcel.
    pub id: FulfilmentId,
    /// How it is now.
    pub state: Arc<Fulfilment>,
    /// What it stood for when it was asked for.
    pub share: ParcelShare,
}

impl FirstParcel {
    /// Returns which of the wanted units can be taken out of it: none where it is not here.
    ///
    /// # Errors
    /// [`AppError`] when a count leaves its range.
    pub fn holds(&self, wanted: &[LineUnits]) -> Result<Vec<FulfilmentLine>, AppError> {
        let mut found = Vec::new();
        for part in self.state.lines().iter().filter(|_| self.state.is_here()) {
            let wanted: i64 =
                wanted.iter().filter(|asked| asked.line == part.line).map(|asked| asked.quantity.units()).sum();
            let units = wanted.min(part.quantity.units());
            if units > 0 {
                found.push(FulfilmentLine { quantity: Quantity::new(units)?, ..part.clone() });
            }
        }
        Ok(found)
    }

    /// Returns what units cost that a cancellation takes out, or has taken out, of the parcel.
    ///
    /// # Errors
    /// [`AppError`] where they are not in it, or an amount leaves its range.
    pub fn worth(
        &self,
        cancellation: Option<&LineCancellationId>,
        lines: &[FulfilmentLine],
    ) -> Result<Vec<LineShare>, AppError> {
        let is_other = |other: &LineCancellationId| cancellation != Some(other);
        let before = self.state.reductions().iter().take_while(|reduction| is_other(&reduction.cancellation));
        let mut worth = Vec::with_capacity(lines.len());
        for part in lines {
            let share = self.share.lines.iter().find(|share| share.line == part.line);
            let share = share.ok_or_else(|| AppError::broken("a parcel has a line that was not sold"))?;
            let before = before.clone().map(|reduction| reduction.units_of(&part.line)).sum();
            worth.push(share.part(before, part.quantity.units())?);
        }
        Ok(worth)
    }

    /// Returns what is on its invoice: what it stood for, without what was taken out before its money was taken.
    ///
    /// # Errors
    /// [`AppError`] when an amount leaves its range.
    pub fn invoiced(&self) -> Result<ParcelShare, AppError> {
        let unpaid = |line: &LineId| -> i64 {
            let unpaid = self.state.reductions().iter().filter(|reduction| !reduction.is_paid);
            unpaid.map(|reduction| reduction.units_of(line)).sum()
        };
        let mut lines = Vec::with_capacity(self.share.lines.len());
        for share in &self.share.lines {
            let taken_out = unpaid(&share.line);
            if taken_out < share.units {
                lines.push(share.part(taken_out, share.units - taken_out)?);
            }
        }
        Ok(ParcelShare { lines, shipping: self.share.shipping })
    }
}

/// Loads the first parcels of an order, in the order of their locations' names; none while not all were asked for. The shop
/// may have given up a location since: who knows of a parcel there names it too.
///
/// # Errors
/// [`AppError`] when the log cannot be read, or the parcels do not stand for the sale.
pub async fn first_parcels(
    shop: &Shop,
    order: &OrderId,
    sale: &Sale,
    also: &[LocationId],
) -> Result<Option<Vec<FirstParcel>>, AppError> {
    let locations: BTreeSet<_> = shop.settings.locations.iter().chain(also).collect();
    let mut parcels = Vec::new();
    for location in locations {
        let id = parcel_id(order, location);
        let state = shop.bus.load::<Fulfilment>(id.as_str()).await?.state;
        // One that was called off before it was asked for has no order and no lines.
        if state.order().is_some() {
            parcels.push((id, state));
        }
    }
    let asked: i64 =
        parcels.iter().flat_map(|(_, parcel)| parcel.requested_lines()).map(|line| line.quantity.units()).sum();
    if asked < sale.lines.iter().map(|line| line.quantity.units()).sum() {
        return Ok(None);
    }
    let shares = captured_shares(sale, &mut parcels)?;
    let parcels = parcels.into_iter().zip(shares).map(|((id, state), share)| FirstParcel { id, state, share });
    let mut parcels: Vec<_> = parcels.collect();
    parcels.sort_by(|left, right| left.state.location().cmp(&right.state.location()));
    Ok(Some(parcels))
}

/// Splits the sale over its parcels. Where the cents and the shipping went is told by what is captured for them: older orders
/// have another parcel as their first, which is put first here too.
fn captured_shares(sale: &Sale, parcels: &mut [(FulfilmentId, Arc<Fulfilment>)]) -> Result<Vec<ParcelShare>, AppError> {
    for first in 0..parcels.len() {
        parcels[..=first].rotate_right(1);
        let units = parcels.iter().map(|(_, parcel)| units_of(parcel)).collect::<Vec<_>>();
        let shares = shares_of(sale, &units)?;
        let mut are_captured = true;
        for ((_, parcel), share) in parcels.iter().zip(&shares) {
            are_captured &= parcel.requested_share() == Some(share.payable(sale)?);
        }
        if are_captured {
            return Ok(shares);
        }
        parcels[..=first].rotate_left(1);
    }
    Err(AppError::broken(format!("the parcels of order {} are not captured for what is in them", sale.number)))
}

fn units_of(parcel: &Fulfilment) -> Vec<(LineId, i64)> {
    parcel.requested_lines().iter().map(|line| (line.line.clone(), line.quantity.units())).collect()
}

/// Sums what is paid for units.
///
/// # Errors
/// [`AppError`] when the sum leaves its range.
pub fn paid_of<'a>(sale: &Sale, worth: impl Iterator<Item = &'a LineShare>) -> Result<Money, AppError> {
    let mut paid = Money::zero(sale.currency);
    for share in worth {
        paid = paid.plus(share.paid).map_err(AppError::broken)?;
    }
    Ok(paid)
}
