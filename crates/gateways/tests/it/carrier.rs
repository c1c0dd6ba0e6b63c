//! The simulated carrier.

use domain::values::{FulfilmentId, Timestamp};
use gateways::carrier::CarrierSimulator;
use sagas::ports::{CarrierGateway, CarrierNotice, GatewayError, LabelRequest};
use uuid::Uuid;

fn request(number: u128) -> LabelRequest {
    LabelRequest { fulfilment: FulfilmentId::from_uuid(Uuid::from_u128(number)), country: "FR".to_owned() }
}

#[tokio::test]
async fn a_fulfilment_has_one_label_for_ever() {
    let label = CarrierSimulator::new().book(&request(1)).await.expect("a label");
    assert_eq!(CarrierSimulator::new().book(&request(1)).await, Ok(label.clone()));
    assert_ne!(CarrierSimulator::new().book(&request(2)).await, Ok(label.clone()));
    assert!(label.tracking.starts_with("CP") && label.tracking.len() == 13, "{label:?}");
    assert!(label.tracking.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit()), "{label:?}");
}

#[tokio::test]
async fn a_parcel_is_under_way_until_it_is_told_otherwise() {
    let carrier = CarrierSimulator::new();
    let tracking = carrier.book(&request(1)).await.expect("a label").tracking;
    assert_eq!(carrier.track(&tracking).await, Ok(None));
    let at = Timestamp::from_micros(5);
    carrier.deliver(&tracking, at);
    assert_eq!(carrier.track(&tracking).await, Ok(Some(CarrierNotice::Delivered { at })));
    carrier.lose("CP00000000000");
    assert_eq!(carrier.track("CP00000000000").await, Ok(Some(CarrierNotice::Lost)));
}

#[tokio::test]
async fn bookings_fail_on_demand_and_then_work() {
    let carrier = CarrierSimulator::new();
    carrier.fail_next(2);
    for _ in 0..2 {
        assert_eq!(carrier.book(&request(1)).await, Err(GatewayError::Unavailable { gateway: "carrier" }));
    }
    assert!(carrier.book(&request(1)).await.is_ok());
}
