//! What the checkout process answers, as a payload.

use std::time::Duration;

use app::bus::Loaded;
use app::error::AppError;
use app::promotion::Withheld;
use async_graphql::{ID, Result};
use domain::order::{Order as OrderState, OrderStatus, PaymentStatus};
use domain::values::OrderId;
use sagas::checkout::CheckoutStatus;
use tokio::time::Instant;

use crate::graphql::call::Call;
use crate::graphql::code::ErrorCode;
use crate::graphql::errors::{DomainError, failure, internal};
use crate::graphql::order::types::Order;
use crate::graphql::payload::{Payload, Warning, WarningCode};
use crate::graphql::scalars::Position;
use crate::http::engine::REQUEST_SECONDS_MAX;

/// How long a buyer waits for the answer, seconds: the adapter gives a request up one second later.
pub(crate) const ANSWER_SECONDS_MAX: u64 = REQUEST_SECONDS_MAX - 1;

/// How long to wait at most until the order says what the process has answered.
const RECORDED_WITHIN: Duration = Duration::from_millis(500);

/// The code of a checkout that ends before its order is placed, because the order that it adds to takes nothing along.
const NOT_ADDED_TO: &str = "ORDER_CANNOT_BE_ADDED_TO";

/// Returns the end of the log as this process knows it: everything that was answered here stands before it.
pub(crate) fn end_of_log(call: Call<'_>) -> Position {
    Position(call.state.shop.bus.store().head().borrow().0)
}

/// Answers with the order, folded from its stream, and with what the checkout process says about it.
///
/// # Errors
/// Failures, as top-level errors.
pub(crate) async fn answered(
    call: Call<'_>,
    order: &OrderId,
    status: CheckoutStatus,
    replayed: bool,
) -> Result<Payload<Order>> {
    let loaded = recorded(call, order, &status).await.map_err(failure)?;
    let position = end_of_log(call);
    call.request.set_written(position.text());
    let result = exists(&loaded).then(|| Order::loaded(order.as_str(), loaded));
    let warnings = match status {
        CheckoutStatus::Pending => vec![pending(order)],
        CheckoutStatus::OutOfStock { .. }
        | CheckoutStatus::PromotionRefused { .. }
        | CheckoutStatus::ActionRequired { .. }
        | CheckoutStatus::Declined { .. }
        | CheckoutStatus::PartlyAuthorised { .. }
        | CheckoutStatus::Confirmed
        | CheckoutStatus::PaidAnew { .. }
        | CheckoutStatus::Rejected { .. }
        | CheckoutStatus::Cancelled => Vec::new(),
    };
    Ok(Payload { result, errors: errors_of(status)?, warnings, position: Some(position), replayed })
}

/// Loads the order once it says what the process says: the process answers first and notes it on the order then.
async fn recorded(call: Call<'_>, order: &OrderId, status: &CheckoutStatus) -> Result<Loaded<OrderState>, AppError> {
    let bus = &call.state.shop.bus;
    let mut head = bus.store().head();
    let until = Instant::now() + RECORDED_WITHIN;
    loop {
        head.mark_unchanged();
        let loaded = bus.load::<OrderState>(order.as_str()).await?;
        if says(&loaded.state, status) || tokio::time::timeout_at(until, head.changed()).await.is_err() {
            return Ok(loaded);
        }
    }
}

/// Returns whether an order says what the process says about it.
fn says(order: &OrderState, status: &CheckoutStatus) -> bool {
    match status {
        CheckoutStatus::Pending | CheckoutStatus::OutOfStock { .. } | CheckoutStatus::PromotionRefused { .. } => true,
        CheckoutStatus::ActionRequired { .. } => order.payment_status() == PaymentStatus::RequiresAction,
        CheckoutStatus::Declined { .. } => order.payment_status() == PaymentStatus::Declined,
        CheckoutStatus::PartlyAuthorised { .. } => order.payment_status() == PaymentStatus::PartiallyAuthorised,
        CheckoutStatus::Confirmed => !matches!(order.status(), OrderStatus::Absent | OrderStatus::Placed),
        CheckoutStatus::PaidAnew { .. } => order.payment_status() == PaymentStatus::Authorised,
        CheckoutStatus::Rejected { code } => code == NOT_ADDED_TO || order.status() == OrderStatus::Rejected,
        CheckoutStatus::Cancelled => order.status() == OrderStatus::Cancelled,
    }
}

fn exists(loaded: &Loaded<OrderState>) -> bool {
    loaded.state.sale().is_some()
}

fn pending(order: &OrderId) -> Warning {
    let message = format!("no answer within {ANSWER_SECONDS_MAX} s: follow the order, or ask again with the same key");
    Warning { code: WarningCode::CheckoutPending, message, target: Some(ID(order.to_string())) }
}

fn errors_of(status: CheckoutStatus) -> Result<Vec<DomainError>> {
    Ok(match status {
        CheckoutStatus::Pending
        | CheckoutStatus::PartlyAuthorised { .. }
        | CheckoutStatus::Confirmed
        | CheckoutStatus::PaidAnew { .. } => Vec::new(),
        CheckoutStatus::OutOfStock { shortages } => shortages
            .into_iter()
            .map(|shortage| DomainError::shortage(shortage.sku.into(), shortage.requested, shortage.available))
            .collect(),
        CheckoutStatus::PromotionRefused { refusals } => {
            refusals.into_iter().map(|refused| promotion_refused(&refused)).collect::<Result<_>>()?
        }
        CheckoutStatus::ActionRequired { url, .. } => vec![DomainError::action_required(url)],
        CheckoutStatus::Declined { code, .. } => vec![DomainError::declined(code)],
        CheckoutStatus::Rejected { code } => {
            let message = match code.as_str() {
                NOT_ADDED_TO => {
                    "nothing can be added to that order any more: take the cart off it with cartAdditionEnd"
                }
                _ => "the order never became a sale; whatever was held is given back",
            };
            vec![DomainError::generic(known(&code)?, message)]
        }
        CheckoutStatus::Cancelled => {
            vec![DomainError::generic(ErrorCode::OrderCancelled, "the order was called off")]
        }
    })
}

fn promotion_refused(refused: &Withheld) -> Result<DomainError> {
    let Withheld { promotion, code } = refused;
    let message = format!("promotion {promotion} gives this order nothing: show the cart again, it says why");
    Ok(DomainError::generic(known(code)?, message))
}

fn known(code: &str) -> Result<ErrorCode> {
    let unknown = || internal(AppError::broken(format!("the code {code} is not in the list")));
    ErrorCode::of(code).ok_or_else(unknown)
}

#[cfg(test)]
mod tests {
    use app::stock::Shortage;

    use super::*;

    #[test]
    fn an_order_that_is_not_placed_says_nothing_of_a_bank() {
        let order = OrderState::default();
        assert!(!says(&order, &CheckoutStatus::Declined { code: "x".to_owned(), attempt: 1 }));
        let not_added = |code: &str| says(&order, &CheckoutStatus::Rejected { code: code.to_owned() });
        assert!(not_added(NOT_ADDED_TO) && !not_added("PAYMENT_TIMEOUT"), "it is never placed");
        assert!(!says(&order, &CheckoutStatus::Confirmed) && says(&order, &CheckoutStatus::Pending));
    }

    #[test]
    fn a_shortage_tells_what_is_left_of_each_sku() {
        let shortage = |sku: &str, available| Shortage { sku: sku.parse().expect("a SKU"), requested: 3, available };
        let shortages = vec![shortage("A", 0), shortage("B", 2)];
        let errors = errors_of(CheckoutStatus::OutOfStock { shortages }).expect("refusals");
        let left: Vec<_> = errors
            .iter()
            .map(|error| match error {
                DomainError::InsufficientStock(error) => (error.sku.as_deref(), error.available.0),
                other => panic!("another kind: {other:?}"),
            })
            .collect();
        assert_eq!(left, [(Some("A"), 0), (Some("B"), 2)]);
    }

    #[test]
    fn a_bank_that_asks_tells_where_to_go() {
        let status = CheckoutStatus::ActionRequired { url: "https://bank.example/1".to_owned(), attempt: 1 };
        let errors = errors_of(status).expect("refusals");
        let [DomainError::Payment(error)] = errors.as_slice() else { panic!("another kind") };
        assert_eq!(error.code, ErrorCode::PaymentActionRequired);
        assert_eq!(error.action_url.as_deref(), Some("https://bank.example/1"));
    }

    #[test]
    fn every_code_a_checkout_is_rejected_with_is_known() {
        for code in ["PAYMENT_TIMEOUT", "PAYMENT_DECLINED", "INSUFFICIENT_STOCK", "GIVEN_UP", NOT_ADDED_TO] {
            let errors = errors_of(CheckoutStatus::Rejected { code: code.to_owned() });
            assert_eq!(errors.map(|errors| errors.len()).ok(), Some(1), "{code}");
        }
    }
}
