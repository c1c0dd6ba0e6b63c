//! What the checkout process answers, as a payload.

use app::bus::Loaded;
use app::error::AppError;
use async_graphql::{ID, Result};
use domain::order::Order as OrderState;
use domain::values::OrderId;
use sagas::checkout::CheckoutStatus;

use crate::graphql::call::Call;
use crate::graphql::code::ErrorCode;
use crate::graphql::errors::{DomainError, failure, internal};
use crate::graphql::order::types::Order;
use crate::graphql::payload::{Payload, Warning, WarningCode};
use crate::graphql::scalars::Position;
use crate::http::engine::REQUEST_SECONDS_MAX;

/// How long a buyer waits for the answer, seconds: the adapter gives a request up one second later.
pub(crate) const ANSWER_SECONDS_MAX: u64 = REQUEST_SECONDS_MAX - 1;

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
    let position = Some(end_of_log(call));
    if let Some(position) = position {
        call.request.set_written(position.text());
    }
    let loaded = call.state.shop.bus.load::<OrderState>(order.as_str()).await.map_err(failure)?;
    let result = exists(&loaded).then(|| Order::loaded(order.as_str(), loaded));
    let warnings = match status {
        CheckoutStatus::Pending => vec![pending(order)],
        CheckoutStatus::OutOfStock { .. }
        | CheckoutStatus::ActionRequired { .. }
        | CheckoutStatus::Declined { .. }
        | CheckoutStatus::Confirmed
        | CheckoutStatus::Rejected { .. }
        | CheckoutStatus::Cancelled => Vec::new(),
    };
    Ok(Payload { result, errors: errors_of(status)?, warnings, position, replayed })
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
        CheckoutStatus::Pending | CheckoutStatus::Confirmed => Vec::new(),
        CheckoutStatus::OutOfStock { shortages } => shortages
            .into_iter()
            .map(|shortage| DomainError::shortage(shortage.sku.into(), shortage.requested, shortage.available))
            .collect(),
        CheckoutStatus::ActionRequired { url, .. } => vec![DomainError::action_required(url)],
        CheckoutStatus::Declined { code, .. } => vec![DomainError::declined(code)],
        CheckoutStatus::Rejected { code } => {
            let unknown = || internal(AppError::broken(format!("the code {code} is not in the list")));
            let known = ErrorCode::of(&code).ok_or_else(unknown)?;
            vec![DomainError::generic(known, "the order never became a sale; whatever was held is given back")]
        }
        CheckoutStatus::Cancelled => {
            vec![DomainError::generic(ErrorCode::OrderCancelled, "the order was called off")]
        }
    })
}

#[cfg(test)]
mod tests {
    use app::stock::Shortage;

    use super::*;

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
        for code in ["PAYMENT_TIMEOUT", "PAYMENT_DECLINED", "INSUFFICIENT_STOCK", "GIVEN_UP"] {
            let errors = errors_of(CheckoutStatus::Rejected { code: code.to_owned() });
            assert_eq!(errors.map(|errors| errors.len()).ok(), Some(1), "{code}");
        }
    }
}
