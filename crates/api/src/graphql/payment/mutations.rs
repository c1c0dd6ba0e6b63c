//! Commands of staff on payments.

use app::actor::Permission;
use app::bus::Outcome;
use app::error::AppError;
use async_graphql::{Context, ID, InputObject, Object, Result};
use domain::payment::Payment as PaymentState;
use domain::values::{PaymentId, ShortText};

use super::types::Payment;
use crate::graphql::call::Call;
use crate::graphql::inputs::Inputs;
use crate::graphql::money::MoneyInput;
use crate::graphql::payload::Payload;

/// Gives money back without a return.
#[derive(Clone, Debug, InputObject)]
pub struct PaymentRefundInput {
    /// The payment.
    pub payment_id: ID,
    /// How much, above zero, at most what was taken and not given back.
    pub amount: MoneyInput,
    /// Why, 1 to 500 characters.
    pub reason: String,
}

/// Commands of staff on payments.
#[derive(Clone, Copy, Debug, Default)]
pub struct PaymentMutation;

#[Object]
impl PaymentMutation {
    /// Gives money back without a return. Needs `REFUNDS_WRITE`. Codes: VALIDATION, NOT_FOUND, AMOUNT_NOT_POSITIVE,
    /// WRONG_CURRENCY, REFUND_EXCEEDS_CAPTURED, MOVEMENT_LIMIT, IDEMPOTENCY_KEY_REUSED.
    async fn payment_refund(
        &self,
        ctx: &Context<'_>,
        input: PaymentRefundInput,
        idempotency_key: String,
    ) -> Result<Payload<Payment>> {
        let call = Call::with(ctx, Permission::RefundsWrite)?;
        let inputs = Inputs::of(ctx, &input, Some(&idempotency_key), None);
        call.answer(refund(call, inputs, &input).await, Payment::of)
    }
}

async fn refund(
    call: Call<'_>,
    mut inputs: Inputs,
    input: &PaymentRefundInput,
) -> Result<Outcome<PaymentState>, AppError> {
    let shop = &call.state.shop;
    let payment = inputs.parse::<PaymentId>(&["paymentId"], &input.payment_id);
    let amount = inputs.money(&["amount"], input.amount);
    let reason = inputs.parse::<ShortText>(&["reason"], &input.reason);
    let (Some(payment), Some(amount), Some(reason)) = (payment, amount, reason) else {
        return Err(inputs.refused());
    };
    let correlation = match shop.bus.load::<PaymentState>(payment.as_str()).await?.state.order() {
        Some(order) => call.correlation_of(order).await?,
        None => payment.to_string(),
    };
    let request = call.command(&inputs.command()?, correlation);
    app::payment::request_refund(shop, &request, &payment, amount, reason).await
}
