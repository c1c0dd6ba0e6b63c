//! Acts on what the processes ask for: runs commands of the use cases and talks to the gateways. Everything here can be
//! done twice: commands are idempotent by their aggregate's state, gateways by the names we give.

mod addition;
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
mod standing;

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

#[cfg(test)]
mod tests {
    use app::error::Refused;

    use super::*;

    #[test]
    fn what_may_go_well_later_is_tried_again_and_anything_else_is_for_people() {
        let away = || AppError::Unavailable { in_doubt: true, source: "the disk is away".into() };
        for error in [away(), AppError::Contended] {
            assert!(matches!(StepError::from(error), StepError::Later(_)));
        }
        let refused = StepError::from(AppError::Refused(Refused::not_found("parcel")));
        assert!(matches!(&refused, StepError::Stuck(why) if why.starts_with("NOT_FOUND: ")), "{refused:?}");
        let broken = StepError::from(AppError::broken("a tooth is out"));
        assert_eq!(broken, StepError::Stuck("something is wrong inside: a tooth is out".to_owned()));
        for error in [GatewayError::Unavailable { gateway: "bank" }, GatewayError::Unknown { gateway: "bank" }] {
            assert!(matches!(StepError::from(error), StepError::Later(_)));
        }
        let rejected = GatewayError::Rejected { gateway: "bank", code: "no_such_card".to_owned() };
        assert!(matches!(StepError::from(rejected), StepError::Stuck(why) if why.contains("no_such_card")));
    }

    #[test]
    fn what_is_derived_of_an_order_is_the_same_each_time_and_another_for_anything_else() {
        let orders = [1, 2].map(|number| OrderId::from_uuid(Uuid::from_u128(number)));
        assert_eq!(derived(&orders[0], "payment"), derived(&orders[0], "payment"));
        assert_ne!(derived(&orders[0], "payment"), derived(&orders[1], "payment"));
        assert_ne!(derived(&orders[0], "payment"), derived(&orders[0], "reship"));
        assert_eq!(derived(&orders[0], "payment").get_version_num(), 5);
    }

    #[test]
    fn our_own_words_are_cut_and_cleaned_before_they_are_stored() {
        let long = "é".repeat(ShortText::CHARACTERS_MAX + 1);
        assert_eq!(words(&long).map(|text| text.as_str().chars().count()), Ok(ShortText::CHARACTERS_MAX));
        assert_eq!(words("two\nlines").map(|text| text.to_string()), Ok("twolines".to_owned()));
        assert!(matches!(words(""), Err(StepError::Stuck(_))));
        assert!(matches!(order_id("nothing"), Err(StepError::Stuck(_))));
    }
}
