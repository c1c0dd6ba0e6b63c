//! Sends the units of a lost parcel once more.

use std::collections::BTreeMap;

use app::bus::Request;
use app::stock::{self, Routed};
use domain::fulfilment::{Fulfilment, FulfilmentCommand, FulfilmentLine};
use domain::stock::StockCommand;
use domain::values::{FulfilmentId, LocationId, Money, OrderId, Quantity, Sku};

use super::{GatewayWork, derived, words};
use crate::checkout::CheckoutInput as Input;
use crate::engine::StepError;

impl GatewayWork {
    /// Sells the units of a lost parcel once more, and asks the warehouses that have them. In the stock they are sold to a
    /// name of their own, derived from the order and the parcel: the order's own units there are gone.
    pub(super) async fn reship(
        &self,
        order: &OrderId,
        fulfilment: &FulfilmentId,
        round: u32,
        request: &Request,
    ) -> Result<Input, StepError> {
        let lost = self.shop.bus.load::<Fulfilment>(fulfilment.as_str()).await?.state;
        let (Some(address), Some(share)) = (lost.address().cloned(), lost.share()) else {
            return Err(StepError::Stuck(format!("parcel {fulfilment} was never asked for")));
        };
        let holder = OrderId::from_uuid(derived(order, &format!("reship/{fulfilment}/{round}")));
        let needs = needs_of(lost.lines())?;
        let expires_at = self.shop.clock.now().plus_seconds(self.shop.settings.reservation_seconds);
        let fulfilment = fulfilment.clone();
        let routed = match stock::reserve_all(&self.shop, request, &holder, &needs, expires_at).await? {
            Ok(routed) => routed,
            Err(shortages) => {
                let skus: Vec<_> = needs.into_iter().map(|(sku, _)| sku).collect();
                let reason = words("not all units of the lost parcel are there")?;
                stock::release_all(&self.shop, request, &holder, &skus, &reason).await?;
                return Ok(Input::NotReshipped { fulfilment, shortages });
            }
        };
        stock::for_each(&self.shop, request, &routed, &StockCommand::Allocate { order: holder.clone() }).await?;
        let mut parcels = Vec::new();
        for (location, lines) in by_location(lost.lines(), &routed)? {
            let id = FulfilmentId::from_uuid(derived(order, &format!("reship/{fulfilment}/{location}")));
            let command = FulfilmentCommand::Request {
                order: order.clone(),
                location: location.clone(),
                lines,
                address: address.clone(),
                share: Money::zero(share.currency()),
            };
            self.shop.bus.begin_all::<Fulfilment>(id.as_str(), request, &[command]).await?;
            let units = routed.iter().filter(|part| part.location == location).cloned().collect();
            parcels.push((id, location, units));
        }
        Ok(Input::Reshipped { fulfilment, holder, parcels })
    }
}

/// Sums what is needed of each SKU.
fn needs_of(lines: &[FulfilmentLine]) -> Result<Vec<(Sku, Quantity)>, StepError> {
    let mut units = BTreeMap::<&Sku, i64>::new();
    for line in lines {
        *units.entry(&line.sku).or_default() += line.quantity.units();
    }
    units.into_iter().map(|(sku, units)| Ok((sku.clone(), quantity(units)?))).collect()
}

/// Splits lines over the locations that send them: units of a SKU on several lines go to the lines in their order.
fn by_location(
    lines: &[FulfilmentLine],
    routed: &[Routed],
) -> Result<BTreeMap<LocationId, Vec<FulfilmentLine>>, StepError> {
    let mut left: Vec<(&Routed, i64)> = routed.iter().map(|part| (part, part.quantity.units())).collect();
    let mut parts = BTreeMap::<LocationId, Vec<FulfilmentLine>>::new();
    for line in lines {
        let mut wanted = line.quantity.units();
        for (part, units) in left.iter_mut().filter(|(part, _)| part.sku == line.sku) {
            let take = wanted.min(*units);
            if take > 0 {
                (*units, wanted) = (*units - take, wanted - take);
                let sent = FulfilmentLine { quantity: quantity(take)?, ..line.clone() };
                parts.entry(part.location.clone()).or_default().push(sent);
            }
        }
    }
    Ok(parts)
}

fn quantity(units: i64) -> Result<Quantity, StepError> {
    Quantity::new(units).map_err(|error| StepError::Stuck(error.to_string()))
}
