//! A simulated carrier: labels by rule, notices by command, failures on demand. Nothing is kept between runs, and
//! nothing needs to be: a tracking number follows from the fulfilment alone.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use domain::values::{FulfilmentId, Timestamp};
use sagas::ports::{CarrierGateway, CarrierNotice, GatewayError, Label, LabelRequest};
use sha2::{Digest, Sha256};

const GATEWAY: &str = "carrier";
const DIGITS: &[u8; 36] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
const DIGIT_COUNT: usize = 11;

/// Plays a carrier.
#[derive(Debug, Default)]
pub struct CarrierSimulator {
    desk: Mutex<Desk>,
}

#[derive(Debug, Default)]
struct Desk {
    notices: HashMap<String, CarrierNotice>,
    failures_left: u32,
}

impl CarrierSimulator {
    /// The name on its labels.
    pub const NAME: &str = "Comptoir Post";

    /// Opens a carrier with nothing under way.
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns the number every parcel of a fulfilment has: `CP` and 11 letters or digits.
    pub fn tracking(fulfilment: &FulfilmentId) -> String {
        let digest = Sha256::digest(fulfilment.as_str().as_bytes());
        let mut rest = digest.iter().take(8).fold(0_u64, |sum, byte| (sum << 8) | u64::from(*byte));
        let mut tracking = String::from("CP");
        for _ in 0..DIGIT_COUNT {
            tracking.push(char::from(DIGITS[(rest % 36) as usize]));
            rest /= 36;
        }
        tracking
    }

    /// Lets a parcel arrive.
    pub fn deliver(&self, tracking: &str, at: Timestamp) {
        self.desk().notices.insert(tracking.to_owned(), CarrierNotice::Delivered { at });
    }

    /// Lets a parcel get lost.
    pub fn lose(&self, tracking: &str) {
        self.desk().notices.insert(tracking.to_owned(), CarrierNotice::Lost);
    }

    /// Lets the next bookings fail as unavailable, so many of them.
    pub fn fail_next(&self, count: u32) {
        self.desk().failures_left = count;
    }

    fn desk(&self) -> MutexGuard<'_, Desk> {
        self.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl CarrierGateway for CarrierSimulator {
    async fn book(&self, request: &LabelRequest) -> Result<Label, GatewayError> {
        let mut desk = self.desk();
        if let Some(left) = desk.failures_left.checked_sub(1) {
            desk.failures_left = left;
            return Err(GatewayError::Unavailable { gateway: GATEWAY });
        }
        Ok(Label { carrier: Self::NAME.to_owned(), tracking: Self::tracking(&request.fulfilment) })
    }

    async fn track(&self, tracking: &str) -> Result<Option<CarrierNotice>, GatewayError> {
        Ok(self.desk().notices.get(tracking).cloned())
    }
}
