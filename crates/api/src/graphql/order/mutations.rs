//! Commands of buyers and staff on orders.

use std::time::Duration;

use app::bus::Outcome;
use app::error::AppError;
use async_graphql::{Context, ID, InputObject, Object, Result};
use domain::order::{Order as OrderState, OrderStatus};
use domain::payment::{Payment, PaymentStatus};
use domain::values::{OrderId, ShortText};
use sagas::checkout::CheckoutStatus;

use super::types::Order;
use crate::graphql::call::Call;
use crate::graphql::checkout::{ANSWER_SECONDS_MAX, answered};
use crate::graphql::errors::refusals;
use crate::graphql::inputs::Inputs;
use crate::graphql::money::MoneyInput;
use crate::graphql::payload::Payload;

/// Pays an order with another method.
#[derive(Clone, Debug, InputObject)]
pub struct OrderPayInput {
    /// The order.
    pub order_id: ID,
    /// The payment provider's token of a method, never a card number.
    pub payment_method_token: String,
    /// How much of what is due it is to hold, at least one minor unit; the rest stays due. All that is due where null.
    pub amount: Option<MoneyInput>,
}

/// Asks the bank what became of a payment.
#[derive(Clone, Debug, InputObject)]
pub struct OrderPaymentRefreshInput {
    /// The order.
    pub order_id: ID,
}

/// Asks to call an order off.
#[derive(Clone, Debug, InputObject)]
pub struct OrderCancelInput {
    /// The order.
    pub order_id: ID,
    /// Why, 1 to 500 characters.
    pub reason: String,
    /// The version you saw.
    pub expected_version: Option<i32>,
}

/// Commands of buyers and staff on orders.
#[derive(Clone, Copy, Debug, Default)]
pub struct OrderMutation;

#[Object]
impl OrderMutation {
    /// Pays an order that is placed and not paid, or that is confirmed and whose money is held no longer, with another method,
    /// and waits for the bank. Several methods may each hold a part: what a payment holds stays, and the order is
    /// `PARTIALLY_AUTHORISED` until nothing is due. Codes: VALIDATION, NOT_FOUND, ILLEGAL_TRANSITION, PAYMENT_UNDER_WAY,
    /// PAYMENT_AMOUNT_INVALID, TOO_MANY_PAYMENTS, PAYMENT_DECLINED, PAYMENT_ACTION_REQUIRED; warning CHECKOUT_PENDING where
    /// there is no answer in time.
    async fn order_pay(
        &self,
        ctx: &Context<'_>,
        input: OrderPayInput,
        idempotency_key: String,
    ) -> Result<Payload<Order>> {
        let call = Call::of(ctx)?;
        let inputs = Inputs::of(ctx, &input, Some(&idempotency_key), None);
        let (order, asked) = match pay(call, inputs, &input).await {
            Ok(asked) => asked,
            Err(error) => return Ok(Payload::refused(refusals(error)?)),
        };
        let limit = Duration::from_secs(ANSWER_SECONDS_MAX);
        let attempt = asked.state.payments().len();
        // That it is confirmed is no news of an order that was: only the attempt's own answer is.
        let was_confirmed = asked.state.status() == OrderStatus::Confirmed;
        let accepts = |status: &CheckoutStatus| {
            is_about(status, attempt) && !(was_confirmed && *status == CheckoutStatus::Confirmed)
        };
        let status = call.state.processes.checkout_answer_after(&order, limit, accepts).await;
        let status = if accepts(&status) { status } else { CheckoutStatus::Pending };
        answered(call, &order, status, asked.replayed).await
    }

    /// Asks the bank what became of an order's latest payment: call it when the buyer comes back from the bank. Codes:
    /// VALIDATION, NOT_FOUND, PAYMENT_DECLINED, PAYMENT_ACTION_REQUIRED while the buyer has not acted.
    async fn order_payment_refresh(
        &self,
        ctx: &Context<'_>,
        input: OrderPaymentRefreshInput,
    ) -> Result<Payload<Order>> {
        let call = Call::of(ctx)?;
        let inputs = Inputs::of(ctx, &input, None, None);
        let (order, must_act) = match refresh(call, inputs, &input).await {
            Ok(refreshed) => refreshed,
            Err(error) => return Ok(Payload::refused(refusals(error)?)),
        };
        let limit = Duration::from_secs(ANSWER_SECONDS_MAX);
        let accepts = |status: &CheckoutStatus| must_act || !matches!(status, CheckoutStatus::ActionRequired { .. });
        let status = call.state.processes.checkout_answer_after(&order, limit, accepts).await;
        let status = if accepts(&status) { status } else { CheckoutStatus::Pending };
        answered(call, &order, status, false).await
    }

    /// Asks to call an order off: what was done for it is undone first. Codes: VALIDATION, NOT_FOUND, ALREADY_SHIPPED,
    /// ORDER_HAS_ADDITIONS, ILLEGAL_TRANSITION, VERSION_CONFLICT.
    async fn order_cancel(
        &self,
        ctx: &Context<'_>,
        input: OrderCancelInput,
        idempotency_key: Option<String>,
    ) -> Result<Payload<Order>> {
        let call = Call::of(ctx)?;
        let inputs = Inputs::of(ctx, &input, idempotency_key.as_deref(), input.expected_version);
        call.answer(cancel(call, inputs, &input).await, Order::of)
    }
}

/// Returns whether an answer is about an attempt to pay, or about the order as a whole.
fn is_about(status: &CheckoutStatus, attempt_asked: usize) -> bool {
    match status {
        CheckoutStatus::ActionRequired { attempt, .. }
        | CheckoutStatus::Declined { attempt, .. }
        | CheckoutStatus::PartlyAuthorised { attempt }
        | CheckoutStatus::PaidAnew { attempt } => {
            usize::try_from(*attempt).is_ok_and(|attempt| attempt >= attempt_asked)
        }
        CheckoutStatus::Confirmed | CheckoutStatus::Rejected { .. } | CheckoutStatus::Cancelled => true,
        CheckoutStatus::Pending | CheckoutStatus::OutOfStock { .. } | CheckoutStatus::PromotionRefused { .. } => false,
    }
}

async fn pay(
    call: Call<'_>,
    mut inputs: Inputs,
    input: &OrderPayInput,
) -> Result<(OrderId, Outcome<OrderState>), AppError> {
    let order = inputs.parse::<OrderId>(&["orderId"], &input.order_id);
    let method = inputs.parse::<ShortText>(&["paymentMethodToken"], &input.payment_method_token);
    let amount = inputs.money_if(&["amount"], input.amount);
    let (Some(order), Some(method), Some(amount)) = (order, method, amount) else { return Err(inputs.refused()) };
    let request = call.command(&inputs.command()?, call.correlation_of(&order).await?);
    let asked = app::order::request_part_payment(&call.state.shop, &request, &order, (method, amount)).await?;
    Ok((order, asked))
}

/// Records what the bank says. Returns whether the buyer still must act.
async fn refresh(
    call: Call<'_>,
    mut inputs: Inputs,
    input: &OrderPaymentRefreshInput,
) -> Result<(OrderId, bool), AppError> {
    let order = inputs.parse::<OrderId>(&["orderId"], &input.order_id);
    let Some(order) = order else { return Err(inputs.refused()) };
    let shop = &call.state.shop;
    let found = app::order::find(shop, call.actor, &order).await?;
    let request = call.command(&inputs.command()?, call.correlation_of(&order).await?);
    call.state.processes.refresh_payment(&order, &request).await?;
    let must_act = match found.state.payments().last() {
        Some(payment) => {
            let payment = shop.bus.load::<Payment>(payment.as_str()).await?;
            payment.state.status() == PaymentStatus::ActionRequired
        }
        None => false,
    };
    Ok((order, must_act))
}

async fn cancel(call: Call<'_>, mut inputs: Inputs, input: &OrderCancelInput) -> Result<Outcome<OrderState>, AppError> {
    let order = inputs.parse::<OrderId>(&["orderId"], &input.order_id);
    let reason = inputs.parse::<ShortText>(&["reason"], &input.reason);
    let (Some(order), Some(reason)) = (order, reason) else { return Err(inputs.refused()) };
    let request = call.command(&inputs.command()?, call.correlation_of(&order).await?);
    app::order::request_cancellation(&call.state.shop, &request, &order, reason).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_about_an_earlier_attempt_does_not_count() {
        let declined = |attempt| CheckoutStatus::Declined { code: "card_declined".to_owned(), attempt };
        assert!(!is_about(&declined(1), 2) && is_about(&declined(2), 2));
        assert!(is_about(&CheckoutStatus::Confirmed, 2) && !is_about(&CheckoutStatus::Pending, 1));
    }
}
