//! An event as projections see it: decoded once for all of them, and only if one of them looks.

use std::sync::{Arc, OnceLock};

use domain::cart::CartEvent;
use domain::catalog::{CategoryEvent, ProductEvent, VariantEvent};
use domain::fulfilment::FulfilmentEvent;
use domain::invoicing::DocumentsEvent;
use domain::order::OrderEvent;
use domain::payment::PaymentEvent;
use domain::promotion::PromotionEvent;
use domain::returns::ReturnEvent;
use domain::stock::StockEvent;
use domain::upcast::{self, StoredEvent};
use event_store::RecordedEvent;
use serde::Deserialize;

use crate::working::FoldError;

/// What an event says, by the kind of its stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    /// Of a product.
    Product(ProductEvent),
    /// Of a variant.
    Variant(VariantEvent),
    /// Of a category.
    Category(CategoryEvent),
    /// Of the stock of a SKU at a location.
    Stock(StockEvent),
    /// Of a cart.
    Cart(CartEvent),
    /// Of an order.
    Order(OrderEvent),
    /// Of a payment.
    Payment(PaymentEvent),
    /// Of a fulfilment.
    Fulfilment(FulfilmentEvent),
    /// Of a return.
    Return(ReturnEvent),
    /// Of the documents of an order.
    Documents(DocumentsEvent),
    /// Of a promotion.
    Promotion(PromotionEvent),
}

/// Who caused an event and what with.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Metadata {
    /// What kind of actor, such as `customer`, `staff` or `saga`.
    #[serde(default)]
    pub actor_kind: Option<String>,
    /// Which one.
    #[serde(default)]
    pub actor_id: Option<String>,
    /// What everything that follows from one request has in common.
    #[serde(default)]
    pub correlation_id: Option<String>,
    /// The event that led to this one.
    #[serde(default)]
    pub causation_id: Option<String>,
    /// The command that led to this one.
    #[serde(default)]
    pub command_id: Option<String>,
}

/// An event of the log.
#[derive(Debug)]
pub struct Event {
    recorded: Arc<RecordedEvent>,
    body: OnceLock<Result<Body, FoldError>>,
}

impl Event {
    /// Wraps what the log returned.
    pub fn new(recorded: Arc<RecordedEvent>) -> Self {
        Self { recorded, body: OnceLock::new() }
    }

    /// Returns the event as the log holds it.
    pub fn recorded(&self) -> &RecordedEvent {
        &self.recorded
    }

    /// Returns the id of its stream.
    pub fn id(&self) -> &str {
        &self.recorded.stream.id
    }

    /// Returns its position as a column holds it.
    pub fn position(&self) -> i64 {
        i64::try_from(self.recorded.position.0).unwrap_or(i64::MAX)
    }

    /// Returns its place in its stream, from 1, as a column holds it.
    pub fn sequence(&self) -> i64 {
        i64::try_from(self.recorded.sequence).unwrap_or(i64::MAX)
    }

    /// Says whether it is the first of its stream, so that nothing can be known of that stream before it.
    pub fn is_first(&self) -> bool {
        self.recorded.sequence == 1
    }

    /// Returns when it was recorded, microseconds since 1970.
    pub fn at(&self) -> i64 {
        self.recorded.recorded_at
    }

    /// Returns what it says.
    ///
    /// # Errors
    /// [`FoldError::Undecodable`] when its payload is not an event of its kind of stream, or that kind has none here.
    pub fn body(&self) -> Result<&Body, FoldError> {
        self.body.get_or_init(|| decode(&self.recorded)).as_ref().map_err(Clone::clone)
    }

    /// Returns who caused it.
    ///
    /// # Errors
    /// [`FoldError::Undecodable`] when the metadata is not a flat object of texts.
    pub fn metadata(&self) -> Result<Metadata, FoldError> {
        serde_json::from_str(self.recorded.metadata.get()).map_err(|error| FoldError::Undecodable(error.to_string()))
    }
}

fn decode(recorded: &RecordedEvent) -> Result<Body, FoldError> {
    match &*recorded.stream.kind {
        "product" => payload(recorded).map(Body::Product),
        "variant" => payload(recorded).map(Body::Variant),
        "category" => payload(recorded).map(Body::Category),
        "stock" => payload(recorded).map(Body::Stock),
        "cart" => payload(recorded).map(Body::Cart),
        "order" => payload(recorded).map(Body::Order),
        "payment" => payload(recorded).map(Body::Payment),
        "fulfilment" => payload(recorded).map(Body::Fulfilment),
        "return" => payload(recorded).map(Body::Return),
        "invoicing" => payload(recorded).map(Body::Documents),
        "promotion" => payload(recorded).map(Body::Promotion),
        other => Err(FoldError::Undecodable(format!("streams of kind {other} have no read model"))),
    }
}

fn payload<T: StoredEvent>(recorded: &RecordedEvent) -> Result<T, FoldError> {
    let RecordedEvent { event_type, event_version, payload, .. } = recorded;
    upcast::read(event_type, event_version, payload.get()).map_err(|error| FoldError::Undecodable(error.to_string()))
}
