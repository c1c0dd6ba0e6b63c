//! What is asked of a carrier.

use async_trait::async_trait;
use domain::values::{FulfilmentId, Timestamp};

use super::GatewayError;

/// Asks for a label, once per fulfilment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LabelRequest {
    /// Our name of the parcel: the idempotency key.
    pub fulfilment: FulfilmentId,
    /// Where it goes: ISO 3166-1 alpha-2. The address itself is printed by the warehouse.
    pub country: String,
}

/// What a carrier gives for a parcel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// The carrier's name.
    pub carrier: String,
    /// The carrier's number of the parcel.
    pub tracking: String,
}

/// What a carrier tells of a parcel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CarrierNotice {
    /// It arrived.
    Delivered {
        /// When.
        at: Timestamp,
    },
    /// It will not arrive.
    Lost,
}

/// A carrier.
#[async_trait]
pub trait CarrierGateway: Send + Sync {
    /// Books a parcel, once per fulfilment: the same fulfilment has the same label for ever.
    ///
    /// # Errors
    /// [`GatewayError`] when there is no answer to rely on.
    async fn book(&self, request: &LabelRequest) -> Result<Label, GatewayError>;

    /// Asks where a parcel is. `None`: still under way.
    ///
    /// # Errors
    /// [`GatewayError`] when there is no answer to rely on.
    async fn track(&self, tracking: &str) -> Result<Option<CarrierNotice>, GatewayError>;
}
