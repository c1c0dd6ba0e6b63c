//! The carrier: it books a parcel once per fulfilment, when it can be reached.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

use async_trait::async_trait;
use domain::values::FulfilmentId;
use gateways::carrier::CarrierSimulator;
use sagas::ports::{CarrierGateway, CarrierNotice, GatewayError, Label, LabelRequest};

use crate::bugs::Bug;
use crate::faults::Fault;
use crate::port::Port;
use crate::world::held;

const BOOK: [Fault; 3] = [Fault::CarrierUnavailable, Fault::CrashBefore, Fault::CrashAfter];

/// What the carrier has booked: the numbers that it gave to each parcel.
#[derive(Default)]
pub(crate) struct CarrierDesk {
    simulator: CarrierSimulator,
    booked: Mutex<BTreeMap<FulfilmentId, BTreeSet<String>>>,
}

impl CarrierDesk {
    /// Returns every parcel with the numbers it was given.
    pub(crate) fn booked(&self) -> BTreeMap<FulfilmentId, BTreeSet<String>> {
        held(&self.booked).clone()
    }
}

/// A process's way to the carrier.
pub(crate) struct ProcessCarrier(pub(crate) Port);

#[async_trait]
impl CarrierGateway for ProcessCarrier {
    async fn book(&self, request: &LabelRequest) -> Result<Label, GatewayError> {
        let fault = self.0.enter(&BOOK, || format!("book {}", request.fulfilment)).await;
        if fault == Some(Fault::CarrierUnavailable) {
            return Err(GatewayError::Unavailable { gateway: "carrier" });
        }
        let desk = &self.0.world.carrier;
        let mut label = desk.simulator.book(request).await?;
        if self.0.world.has(Bug::LabelEachTime) {
            label.tracking = format!("{}{}", label.tracking, self.0.world.faults.chance() % 1_000);
        }
        held(&desk.booked).entry(request.fulfilment.clone()).or_default().insert(label.tracking.clone());
        self.0.leave(fault).await;
        Ok(label)
    }

    async fn track(&self, tracking: &str) -> Result<Option<CarrierNotice>, GatewayError> {
        self.0.fate.pass().await;
        self.0.world.carrier.simulator.track(tracking).await
    }
}
