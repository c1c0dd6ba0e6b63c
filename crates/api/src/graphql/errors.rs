//! Refusals as data: `interface DomainError` and its kinds. Failures are GraphQL errors and come from `failure`.

use std::error::Error as StdError;

use app::error::{AppError, Refused};
use async_graphql::{Error, ErrorExtensions, Interface, SimpleObject};

use super::code::ErrorCode;
use super::money::Money;
use super::scalars::SafeInt;
use crate::http::error::ErrorCode as FailureCode;

/// A "no" that is an answer. One fragment on it handles every kind; inline fragments add what a kind carries.
#[derive(Clone, Debug, Interface)]
#[graphql(
    field(name = "code", ty = "&ErrorCode", desc = "What to branch on."),
    field(name = "message", ty = "&String", desc = "For people who build clients; not for shoppers."),
    field(
        name = "path",
        ty = "&Vec<String>",
        desc = "The input field it is about, outermost first; empty for the whole command."
    )
)]
pub enum DomainError {
    /// An input is not valid.
    Validation(ValidationError),
    /// Fewer units are free than were asked for.
    InsufficientStock(InsufficientStockError),
    /// Someone else changed it first.
    VersionConflict(VersionConflictError),
    /// The total is not what the shopper saw.
    PriceChanged(PriceChangedError),
    /// The price is no reduction.
    PriceNotReduced(PriceNotReducedError),
    /// It is not paid.
    Payment(PaymentError),
    /// Any other refusal.
    Generic(GenericError),
}

/// An input is not valid.
#[derive(Clone, Debug, SimpleObject)]
pub struct ValidationError {
    /// What to branch on.
    pub code: ErrorCode,
    /// For people who build clients.
    pub message: String,
    /// The input field, outermost first.
    pub path: Vec<String>,
    /// What is allowed.
    pub rule: String,
}

/// Fewer units are free than were asked for.
#[derive(Clone, Debug, SimpleObject)]
pub struct InsufficientStockError {
    /// What to branch on.
    pub code: ErrorCode,
    /// For people who build clients.
    pub message: String,
    /// The input field, outermost first.
    pub path: Vec<String>,
    /// The SKU, where one is meant.
    pub sku: Option<String>,
    /// Units asked for.
    pub requested: SafeInt,
    /// Units left.
    pub available: SafeInt,
}

/// Someone else changed it first.
#[derive(Clone, Debug, SimpleObject)]
pub struct VersionConflictError {
    /// What to branch on.
    pub code: ErrorCode,
    /// For people who build clients.
    pub message: String,
    /// The input field, outermost first.
    pub path: Vec<String>,
    /// The version the command was based on.
    pub expected: i64,
    /// The version it is at.
    pub actual: i64,
}

/// The total is not what the shopper saw.
#[derive(Clone, Debug, SimpleObject)]
pub struct PriceChangedError {
    /// What to branch on.
    pub code: ErrorCode,
    /// For people who build clients.
    pub message: String,
    /// The input field, outermost first.
    pub path: Vec<String>,
    /// What the shopper saw.
    pub expected_total: Option<Money>,
    /// What it is now: show it and ask again.
    pub actual_total: Option<Money>,
}

/// The price is not lower than the lowest of the 30 days before it.
#[derive(Clone, Debug, SimpleObject)]
pub struct PriceNotReducedError {
    /// What to branch on.
    pub code: ErrorCode,
    /// For people who build clients.
    pub message: String,
    /// The input field, outermost first.
    pub path: Vec<String>,
    /// The price that was to be announced, VAT included.
    pub price: Option<Money>,
    /// The lowest price of the 30 days before, VAT included: only what is lower is a reduction.
    pub prior_price: Option<Money>,
}

/// It is not paid.
#[derive(Clone, Debug, SimpleObject)]
pub struct PaymentError {
    /// What to branch on.
    pub code: ErrorCode,
    /// For people who build clients.
    pub message: String,
    /// The input field, outermost first.
    pub path: Vec<String>,
    /// The provider's code, where the bank said no.
    pub decline_code: Option<String>,
    /// Whether another attempt to pay may succeed.
    pub retryable: bool,
    /// Where the buyer goes, where the buyer must act.
    pub action_url: Option<String>,
}

/// Any other refusal.
#[derive(Clone, Debug, SimpleObject)]
pub struct GenericError {
    /// What to branch on.
    pub code: ErrorCode,
    /// For people who build clients.
    pub message: String,
    /// The input field, outermost first.
    pub path: Vec<String>,
}

impl DomainError {
    /// Makes an error of a code that carries nothing of its own.
    pub fn generic(code: ErrorCode, message: impl Into<String>) -> Self {
        DomainError::Generic(GenericError { code, message: message.into(), path: Vec::new() })
    }

    /// Says that fewer units of a SKU are left than were asked for.
    pub fn shortage(sku: String, requested: i64, available: i64) -> Self {
        DomainError::InsufficientStock(InsufficientStockError {
            code: ErrorCode::InsufficientStock,
            message: format!("{requested} units of {sku} were asked for, {available} are left"),
            path: Vec::new(),
            sku: Some(sku),
            requested: SafeInt(requested),
            available: SafeInt(available),
        })
    }

    /// Says that the bank said no.
    pub fn declined(decline_code: String) -> Self {
        DomainError::Payment(PaymentError {
            code: ErrorCode::PaymentDeclined,
            message: "the bank said no: pay with another method".to_owned(),
            path: Vec::new(),
            decline_code: Some(decline_code),
            retryable: true,
            action_url: None,
        })
    }

    /// Says that the buyer must act at the bank.
    pub fn action_required(url: String) -> Self {
        DomainError::Payment(PaymentError {
            code: ErrorCode::PaymentActionRequired,
            message: "the bank asks the buyer: go to actionUrl, then call orderPaymentRefresh".to_owned(),
            path: Vec::new(),
            decline_code: None,
            retryable: false,
            action_url: Some(url),
        })
    }

    /// Turns a refusal into its kind.
    ///
    /// # Errors
    /// INTERNAL for a code that is not in the list.
    pub fn of(refused: Refused) -> Result<Self, Error> {
        let Some(code) = ErrorCode::of(refused.code) else {
            return Err(FailureCode::Internal.error(format!("the code {} is not in the list", refused.code)));
        };
        let fact = |name: &str| refused.facts.iter().find(|(known, _)| *known == name).map(|(_, value)| value.clone());
        let number = |name: &str| fact(name).and_then(|text| text.parse().ok()).unwrap_or_default();
        let money = |name: &str| fact(name).as_deref().and_then(Money::of_text);
        let (message, path) = (refused.message.clone(), refused.path.clone());
        Ok(match code {
            ErrorCode::Validation => {
                let rule = fact("rule").unwrap_or_else(|| message.clone());
                DomainError::Validation(ValidationError { code, message, path, rule })
            }
            ErrorCode::InsufficientStock => DomainError::InsufficientStock(InsufficientStockError {
                code,
                message,
                path,
                sku: fact("sku"),
                requested: SafeInt(number("requested")),
                available: SafeInt(number("available")),
            }),
            ErrorCode::VersionConflict => DomainError::VersionConflict(VersionConflictError {
                code,
                message,
                path,
                expected: number("expected"),
                actual: number("actual"),
            }),
            ErrorCode::PriceChanged => DomainError::PriceChanged(PriceChangedError {
                code,
                message,
                path,
                expected_total: money("expected"),
                actual_total: money("actual"),
            }),
            ErrorCode::PriceNotReduced => DomainError::PriceNotReduced(PriceNotReducedError {
                code,
                message,
                path,
                price: money("price"),
                prior_price: money("reference"),
            }),
            _ => DomainError::Generic(GenericError { code, message, path }),
        })
    }
}

/// Tells the refusals of an error from its failures.
///
/// # Errors
/// A failure, as a top-level GraphQL error.
pub(crate) fn refusals(error: AppError) -> Result<Vec<DomainError>, Error> {
    match error {
        AppError::Refused(refused) => Ok(vec![DomainError::of(refused)?]),
        AppError::Invalid(refused) => refused.into_iter().map(DomainError::of).collect(),
        AppError::Forbidden(_) | AppError::Contended | AppError::Unavailable { .. } | AppError::Broken(_) => {
            Err(failure(error))
        }
    }
}

/// Turns an error into a top-level GraphQL error. What an engine said goes into the log with the trace id, where the
/// adapter writes it, and never to a client.
pub(crate) fn failure(error: AppError) -> Error {
    match error {
        AppError::Forbidden(forbidden) => FailureCode::Forbidden.error(forbidden.to_string()),
        AppError::Contended => FailureCode::Unavailable.error(error.to_string()),
        AppError::Unavailable { in_doubt, ref source } => {
            tracing::error!(error = %chain(source.as_ref()), in_doubt, "the shop cannot store anything");
            FailureCode::Unavailable.error(error.to_string())
        }
        AppError::Broken(source) => FailureCode::Internal.error(chain(source.as_ref())),
        AppError::Refused(refused) => FailureCode::BadRequest
            .error(refused.message)
            .extend_with(|_, extensions| extensions.set("reason", refused.code)),
        AppError::Invalid(refused) => {
            let messages: Vec<String> = refused.into_iter().map(|one| one.message).collect();
            FailureCode::BadRequest.error(messages.join("; "))
        }
    }
}

/// Makes an internal failure of any error.
pub(crate) fn internal(error: impl StdError) -> Error {
    FailureCode::Internal.error(chain(&error))
}

/// Says an error and everything behind it.
fn chain(error: &dyn StdError) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(source) = next {
        text.push_str(": ");
        text.push_str(&source.to_string());
        next = source.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code_of(error: &Error) -> Option<String> {
        match error.extensions.as_ref()?.get("code")? {
            async_graphql::Value::String(code) => Some(code.clone()),
            _ => None,
        }
    }

    #[test]
    fn a_refusal_becomes_the_kind_that_carries_its_facts() {
        let refused = Refused::new("PRICE_CHANGED", "changed").with("expected", "1.00 EUR").with("actual", "2.00 EUR");
        let Ok(DomainError::PriceChanged(error)) = DomainError::of(refused) else { panic!("another kind") };
        assert_eq!(error.actual_total.map(|money| money.0.minor()), Some(200));
        let refused = Refused::new("VERSION_CONFLICT", "old").with("expected", 2).with("actual", 5);
        let Ok(DomainError::VersionConflict(error)) = DomainError::of(refused) else { panic!("another kind") };
        assert_eq!((error.expected, error.actual), (2, 5));
    }

    #[test]
    fn all_invalid_inputs_are_told_at_once() {
        let invalid = vec![Refused::new("VALIDATION", "a").at(&["x"]), Refused::new("NO_PRICE", "b").at(&["y"])];
        assert_eq!(refusals(AppError::Invalid(invalid)).expect("refusals").len(), 2);
    }

    #[test]
    fn a_failure_is_a_top_level_error_with_its_code() {
        let forbidden = app::actor::Forbidden { permission: "STOCK_WRITE" };
        assert_eq!(code_of(&failure(forbidden.into())).as_deref(), Some("FORBIDDEN"));
        assert_eq!(code_of(&failure(AppError::Contended)).as_deref(), Some("UNAVAILABLE"));
        assert_eq!(code_of(&failure(AppError::broken("x"))).as_deref(), Some("INTERNAL"));
        let refused = failure(Refused::new("AS_OF_IN_FUTURE", "x").into());
        assert_eq!(code_of(&refused).as_deref(), Some("BAD_REQUEST"));
        let reason = refused.extensions.as_ref().and_then(|extensions| extensions.get("reason")).cloned();
        assert_eq!(reason, Some("AS_OF_IN_FUTURE".into()), "the code of the refusal");
        let unknown = refusals(Refused::new("NOT_A_CODE", "x").into());
        assert_eq!(unknown.err().as_ref().and_then(code_of).as_deref(), Some("INTERNAL"));
    }
}
