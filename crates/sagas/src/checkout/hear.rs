//! What a checkout hears in the feed.

use app::bus::decode;
use app::error::AppError;
use domain::cart::CartEvent;
use domain::fulfilment::FulfilmentEvent;
use domain::order::OrderEvent;
use domain::payment::PaymentEvent;
use domain::stock::StockEvent;
use event_store::RecordedEvent;

use super::CheckoutInput as Input;
use crate::engine::Told;

type Heard = Result<Option<Told<Input>>, AppError>;

pub(super) fn hear(event: &RecordedEvent) -> Heard {
    match event.event_type.as_str() {
        "cart.checkout_started" => hear_cart(event),
        "order.payment_requested" | "order.cancellation_requested" | "order.line_cancellation_requested" => {
            hear_order(event)
        }
        "payment.authorised" | "payment.authorised_too_late" | "payment.action_required" | "payment.declined" => {
            hear_payment(event)
        }
        "fulfilment.packed" | "fulfilment.handed_over" | "fulfilment.delivered" | "fulfilment.lost" => {
            hear_fulfilment(event)
        }
        "stock.back_order_filled" => hear_stock(event),
        _ => Ok(None),
    }
}

fn hear_cart(event: &RecordedEvent) -> Heard {
    let CartEvent::CheckoutStarted { order, promotions, adds_to, .. } = decode(event)? else { return Ok(None) };
    let cart = event.stream.id.parse().map_err(AppError::broken)?;
    Ok(Some(Told::To(order.to_string(), Input::Started { cart, promotions, adds_to })))
}

/// What an order waits for has come in.
fn hear_stock(event: &RecordedEvent) -> Heard {
    let StockEvent::BackOrderFilled { order, .. } = decode(event)? else { return Ok(None) };
    Ok(Some(Told::To(order.to_string(), Input::UnitsCame)))
}

fn hear_order(event: &RecordedEvent) -> Heard {
    let input = match decode(event)? {
        OrderEvent::PaymentRequested { payment, amount, .. } => Input::PaymentRequested { payment, amount },
        OrderEvent::CancellationRequested { reason } => Input::CancellationRequested { reason: reason.to_string() },
        OrderEvent::LineCancellationRequested { cancellation, .. } => Input::LineCancellationRequested { cancellation },
        _ => return Ok(None),
    };
    Ok(Some(Told::To(event.stream.id.to_string(), input)))
}

fn hear_payment(event: &RecordedEvent) -> Heard {
    let payment = event.stream.id.parse().map_err(AppError::broken)?;
    let input = match decode(event)? {
        PaymentEvent::Authorised { expires_at, .. } => Input::Authorised { payment, expires_at: Some(expires_at) },
        PaymentEvent::AuthorisedTooLate { .. } => Input::AuthorisedTooLate { payment },
        PaymentEvent::ActionRequired { action_url, .. } => Input::ActionRequired { payment, url: action_url },
        PaymentEvent::Declined { code } => Input::Declined { payment, code },
        _ => return Ok(None),
    };
    Ok(Some(Told::ToOwner(input)))
}

fn hear_fulfilment(event: &RecordedEvent) -> Heard {
    let fulfilment = event.stream.id.parse().map_err(AppError::broken)?;
    let input = match decode(event)? {
        FulfilmentEvent::Packed { .. } => Input::Packed { fulfilment },
        FulfilmentEvent::HandedOver { handed_over_at, .. } => Input::HandedOver { fulfilment, at: handed_over_at },
        FulfilmentEvent::Delivered { delivered_at } => Input::Delivered { fulfilment, at: delivered_at },
        FulfilmentEvent::Lost { .. } => Input::Lost { fulfilment },
        _ => return Ok(None),
    };
    Ok(Some(Told::ToOwner(input)))
}
