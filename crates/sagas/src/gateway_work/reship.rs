//! Sends the units of a lost parcel once more.

use app::bus::Request;
use app::error::AppError;
use app::stock::{self, Routed, Shortage};
use domain::fulfilment::{Fulfilment, FulfilmentCommand};
use domain::stock::{Finish, Stock, stream_id};
use domain::values::{FulfilmentId, Money, OrderId, Quantity, Sku};

use super::fulfilment::by_location;
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
        let needs = stock::needs(lost.lines().iter().map(|line| (&line.sku, line.quantity)))?;
        let fulfilment = fulfilment.clone();
        let sold = match self.sell_again(request, &holder, &needs).await {
            Ok(sold) => sold,
            // It was done before, and nobody heard that the units were not there: that stays so, whatever has come in since.
            Err(AppError::Refused(refused)) if refused.code == "RESERVATION_OVER" => {
                if self.has_left(&holder, &needs).await? {
                    return Err(StepError::Stuck(format!("the units of parcel {fulfilment} were sent once more")));
                }
                Err(Vec::new())
            }
            Err(error) => return Err(error.into()),
        };
        let routed = match sold {
            Ok(routed) => routed,
            Err(shortages) => {
                let skus: Vec<_> = needs.into_iter().map(|(sku, _)| sku).collect();
                let reason = words("not all units of the lost parcel are there")?;
                stock::release_all(&self.shop, request, &holder, &skus, &reason).await?;
                return Ok(Input::NotReshipped { fulfilment, shortages });
            }
        };
        let mut parcels = Vec::new();
        let lines = lost.lines().iter().map(|line| (&line.line, &line.sku, line.quantity));
        for (location, lines) in by_location(lines, &routed)? {
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

    async fn sell_again(
        &self,
        request: &Request,
        holder: &OrderId,
        needs: &[(Sku, Quantity)],
    ) -> Result<Result<Vec<Routed>, Vec<Shortage>>, AppError> {
        let expires_at = self.shop.clock.now().plus_seconds(self.shop.settings.reservation_seconds);
        match stock::reserve_all(&self.shop, request, holder, needs, expires_at).await? {
            Ok(routed) => stock::allocate_all(&self.shop, request, holder, needs, routed).await,
            Err(shortages) => Ok(Err(shortages)),
        }
    }

    /// Returns whether units that were sold to a holder have left from anywhere.
    async fn has_left(&self, holder: &OrderId, needs: &[(Sku, Quantity)]) -> Result<bool, AppError> {
        for (sku, _) in needs {
            for location in &self.shop.settings.locations {
                let stock = self.shop.bus.load::<Stock>(&stream_id(sku, location)).await?.state;
                if stock.finish(holder) == Some(Finish::Dispatched) {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }
}
