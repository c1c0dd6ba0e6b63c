//! What the checkout asks about a paid order of which units are missing.

use app::bus::Request;
use app::checkout::needs;
use app::error::AppError;
use app::stock;
use domain::order::{LineUnits, Order, OrderCommand};
use domain::values::{CartId, OrderId, Quantity, Timestamp};

use super::GatewayWork;
use crate::checkout::{Awaited, CheckoutInput as Input};
use crate::engine::StepError;

type Answer = Result<Input, StepError>;

impl GatewayWork {
    /// Sells what is there, and waits for the rest. An order that cannot wait is short for good.
    pub(super) async fn back_order(
        &self,
        order: &OrderId,
        cart: &CartId,
        since: Timestamp,
        request: &Request,
    ) -> Answer {
        let needs = needs(&*self.cart(cart).await?)?;
        match stock::back_order(&self.shop, request, order, &needs, since).await {
            Ok(shortages) => Ok(Input::BackOrdered { shortages }),
            Err(AppError::Refused(refused)) => {
                tracing::info!(%order, code = refused.code, "an order cannot wait for its units");
                Ok(Input::Short { shortages: Vec::new() })
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Ends the waiting where every unit is there, and tells the order.
    pub(super) async fn settle_back_order(&self, order: &OrderId, cart: &CartId, request: &Request) -> Answer {
        let needs = needs(&*self.cart(cart).await?)?;
        let settled = stock::settle_back_order(&self.shop, request, order, &needs).await?;
        let Some(routed) = settled else { return Ok(Input::StillWaiting) };
        self.shop.bus.execute::<Order>(order.as_str(), request, OrderCommand::FillBackOrder).await?;
        Ok(Input::BackOrderFilled { routed })
    }

    /// Says on the order which units are waited for. Those that are there go to the first lines of their SKU.
    pub(super) async fn record_of(&self, order: &OrderId, awaited: &Awaited) -> Result<OrderCommand, StepError> {
        let state = self.shop.bus.load::<Order>(order.as_str()).await?.state;
        let sale = state.sale().ok_or_else(|| StepError::Stuck("the order is not placed".to_owned()))?;
        let mut lines = Vec::new();
        for short in &awaited.shortages {
            let mut missing = short.requested - short.available;
            for sold in sale.lines.iter().rev().filter(|sold| sold.sku == short.sku) {
                if let Ok(quantity) = Quantity::new(missing.min(sold.quantity.units())) {
                    missing -= quantity.units();
                    lines.push(LineUnits { line: sold.line.clone(), quantity });
                }
            }
        }
        Ok(OrderCommand::BackOrder { lines, until: awaited.until })
    }
}
