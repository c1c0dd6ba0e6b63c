//! Acts on what the processes ask for: runs commands of the use cases and talks to the gateways. Everything here can be
//! done twice: commands are idempotent by their aggregate's state, gateways by the names we give.

mod checkout;
mod fulfilment;
mod hold;
mod invoicing;
mod lines;
mod notices;
mod payment;
mod reship;
mod returns;
mod shortfall;

use std::sync::Arc;

use app::Shop;
use app::error::AppError;
use domain::fulfilment::Fulfilment;
use domain::payment::Payment;
use domain::values::{OrderId, ShortText};
use event_store::StreamId;
use uuid::Uuid;

pub use notices::NoticeFailure;

use crate::engine::StepError;
use crate::ports::{CarrierGateway, GatewayError, PaymentGateway};

/// The hands of all processes.
pub(crate) struct GatewayWork {
    shop: Shop,
    payments: Arc<dyn PaymentGateway>,
    carrier: Arc<dyn CarrierGateway>,
}

impl GatewayWork {
    pub(crate) fn new(shop: Shop, payments: Arc<dyn PaymentGateway>, carrier: Arc<dyn CarrierGateway>) -> Self {
        Self { shop, payments, carrier }
    }

    /// Finds the order that a payment or a fulfilment belongs to.
    async fn owning_order(&self, stream: &StreamId) -> Result<Option<String>, AppError> {
        let order = match &*stream.kind {
            "payment" => self.shop.bus.load::<Payment>(&stream.id).await?.state.order().cloned(),
            "fulfilment" => self.shop.bus.load::<Fulfilment>(&stream.id).await?.state.order().cloned(),
            _ => None,
        };
        Ok(order.map(|order| order.to_string()))
    }
}

impl From<AppError> for StepError {
    fn from(error: AppError) -> Self {
        match error {
            AppError::Unavailable { .. } | AppError::Contended => StepError::Later(error.to_string()),
            AppError::Refused(refused) => StepError::Stuck(format!("{}: {}", refused.code, refused.message)),
            AppError::Invalid(_) | AppError::Forbidden(_) => StepError::Stuck(error.to_string()),
            AppError::Broken(source) => StepError::Stuck(format!("something is wrong inside: {source}")),
        }
    }
}

impl From<GatewayError> for StepError {
    fn from(error: GatewayError) -> Self {
        match error {
            GatewayError::Unavailable { .. } | GatewayError::Unknown { .. } => StepError::Later(error.to_string()),
            GatewayError::Rejected { .. } => StepError::Stuck(error.to_string()),
        }
    }
}

/// Names something of an order so that doing it twice names the same thing (UUID version 5, RFC 9562).
fn derived(order: &OrderId, what: &str) -> Uuid {
    Uuid::new_v5(&order.uuid(), what.as_bytes())
}

/// Makes a short text of our own words.
fn words(text: &str) -> Result<ShortText, StepError> {
    let cut: String = text.chars().filter(|c| !c.is_control()).take(ShortText::CHARACTERS_MAX).collect();
    cut.parse().map_err(|error: domain::values::InvalidValue| StepError::Stuck(error.to_string()))
}

fn order_id(id: &str) -> Result<OrderId, StepError> {
    id.parse().map_err(|error: domain::values::InvalidValue| StepError::Stuck(error.to_string()))
}
