//! What happened to an order and when. Details carry codes, amounts, counts and ids: no text a person typed, nothing
//! sealed, no token, no address.

use domain::fulfilment::FulfilmentEvent;
use domain::order::{OrderEvent, Sale};
use domain::payment::PaymentEvent;
use domain::returns::ReturnEvent;
use serde_json::{Value as Json, json};

use super::tables::ORDER_TIMELINE;
use crate::event::Event;
use crate::working::{FoldError, Working};

pub(super) fn note(event: &Event, order: &str, detail: Json, rows: &mut Working) -> Result<(), FoldError> {
    let (recorded, metadata) = (event.recorded(), event.metadata()?);
    let fields = [
        ("order_id", order.into()),
        ("position", event.position().into()),
        ("at", event.at().into()),
        ("event_type", recorded.event_type.as_str().into()),
        ("stream_kind", (&*recorded.stream.kind).into()),
        ("stream_id", event.id().into()),
        ("sequence", event.sequence().into()),
        ("actor_kind", metadata.actor_kind.into()),
        ("actor_id", metadata.actor_id.into()),
        ("detail_json", detail.to_string().into()),
    ];
    rows.insert(&ORDER_TIMELINE, fields).map(|_row| ())
}

pub(super) fn of_order(order: &OrderEvent) -> Json {
    match order {
        OrderEvent::Placed { sale, .. } => of_sale(sale),
        OrderEvent::AdditionAccepted { addition } => json!({ "addition": addition }),
        OrderEvent::AdditionReleased { addition, end } => json!({"addition": addition, "end": end}),
        OrderEvent::Rejected { code, .. } => json!({ "code": code }),
        OrderEvent::PaymentRequested { payment, .. } => json!({ "payment": payment }),
        OrderEvent::PaymentRecorded { status, authorised, captured, refunded } => {
            json!({"status": status, "authorised": authorised, "captured": captured, "refunded": refunded})
        }
        OrderEvent::FulfilmentRecorded { status, fulfilment, .. } => {
            json!({"status": status, "fulfilment": fulfilment})
        }
        OrderEvent::ReturnOpened { return_id, lines, .. } | OrderEvent::WithdrawalDeclared { return_id, lines, .. } => {
            json!({"return": return_id, "lines": lines})
        }
        OrderEvent::ReturnWithdrawn { return_id } => json!({ "return": return_id }),
        OrderEvent::LineCancellationRequested { cancellation, lines, .. } => {
            json!({"cancellation": cancellation, "lines": lines})
        }
        OrderEvent::LineCancellationRefused { cancellation, code, .. } => {
            json!({"cancellation": cancellation, "code": code})
        }
        OrderEvent::LinesCancelled { cancellation, lines, refund } => {
            json!({"cancellation": cancellation, "lines": lines, "refund": refund})
        }
        OrderEvent::BackOrdered { lines, until } => json!({"lines": lines, "until": until}),
        OrderEvent::Confirmed {}
        | OrderEvent::BackOrderFilled {}
        | OrderEvent::CancellationRequested { .. }
        | OrderEvent::CancellationRefused { .. }
        | OrderEvent::Cancelled { .. }
        | OrderEvent::Completed {} => json!({}),
    }
}

fn of_sale(sale: &Sale) -> Json {
    let mut detail =
        json!({"number": sale.number, "total": sale.total, "payable": sale.payable, "lines": sale.lines.len()});
    if let (Some(to), Some(detail)) = (&sale.adds_to, detail.as_object_mut()) {
        detail.insert("addsTo".to_owned(), json!(to));
    }
    detail
}

pub(super) fn of_payment(payment: &PaymentEvent) -> Json {
    match payment {
        PaymentEvent::Initiated { amount, .. }
        | PaymentEvent::Authorised { amount, .. }
        | PaymentEvent::AuthorisedTooLate { amount, .. } => json!({ "amount": amount }),
        PaymentEvent::Declined { code } => json!({ "code": code }),
        PaymentEvent::CaptureRequested { capture, amount } | PaymentEvent::Captured { capture, amount } => {
            json!({"capture": capture, "amount": amount})
        }
        PaymentEvent::CaptureFailed { capture, code } => json!({"capture": capture, "code": code}),
        PaymentEvent::RefundRequested { refund, amount, .. } | PaymentEvent::Refunded { refund, amount } => {
            json!({"refund": refund, "amount": amount})
        }
        PaymentEvent::RefundFailed { refund, amount, code } => {
            json!({"refund": refund, "amount": amount, "code": code})
        }
        PaymentEvent::ActionRequired { .. }
        | PaymentEvent::VoidRequested { .. }
        | PaymentEvent::Voided {}
        | PaymentEvent::AuthorisationExpired {} => json!({}),
    }
}

pub(super) fn of_fulfilment(fulfilment: &FulfilmentEvent) -> Json {
    match fulfilment {
        FulfilmentEvent::Requested { location, lines, share, .. } => {
            json!({"location": location, "lines": lines, "share": share})
        }
        FulfilmentEvent::Reduced { cancellation, lines, share, .. } => {
            json!({"cancellation": cancellation, "lines": lines, "share": share})
        }
        FulfilmentEvent::LabelBooked { carrier, tracking } | FulfilmentEvent::HandedOver { carrier, tracking, .. } => {
            json!({"carrier": carrier, "tracking": tracking})
        }
        FulfilmentEvent::Packed { .. }
        | FulfilmentEvent::ReleasedForShipping {}
        | FulfilmentEvent::Delivered { .. }
        | FulfilmentEvent::Lost { .. }
        | FulfilmentEvent::Cancelled { .. } => json!({}),
    }
}

pub(super) fn of_return(returned: &ReturnEvent) -> Json {
    match returned {
        ReturnEvent::Requested { lines, .. } => json!({ "lines": lines }),
        ReturnEvent::Received { location } => json!({ "location": location }),
        ReturnEvent::Inspected { items, refund } => json!({"items": items, "refund": refund}),
        ReturnEvent::Resolved { refunded } => json!({ "refunded": refunded }),
        ReturnEvent::Approved {}
        | ReturnEvent::Refused { .. }
        | ReturnEvent::ShippedBack { .. }
        | ReturnEvent::Cancelled { .. } => json!({}),
    }
}
