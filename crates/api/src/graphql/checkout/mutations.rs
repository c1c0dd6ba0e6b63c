//! Placing an order.

use std::time::Duration;

use app::bus::Request;
use app::cart::{CheckoutDetails, is_open};
use app::checkout::Started;
use app::error::AppError;
use async_graphql::{Context, ID, InputObject, Object, Result};
use domain::values::{CartId, ShortText};

use super::answer::{ANSWER_SECONDS_MAX, answered};
use crate::graphql::call::Call;
use crate::graphql::errors::refusals;
use crate::graphql::inputs::Inputs;
use crate::graphql::money::MoneyInput;
use crate::graphql::order::types::Order;
use crate::graphql::payload::Payload;

/// Places an order.
#[derive(Clone, Debug, InputObject)]
pub struct CheckoutCompleteInput {
    /// The cart.
    pub cart_id: ID,
    /// The cart's `payable` as the shopper saw it.
    pub expected_total: MoneyInput,
    /// The payment provider's token of a method, where the cart has none yet or another is wanted.
    pub payment_method_token: Option<String>,
    /// How much of the total the method is to hold, at least one minor unit; the rest is then due and paid with `orderPay`. All of
    /// it where null.
    pub payment_amount: Option<MoneyInput>,
}

/// Placing an order.
#[derive(Clone, Copy, Debug, Default)]
pub struct CheckoutMutation;

#[Object]
impl CheckoutMutation {
    /// Places an order at the total the shopper saw, and waits for stock and bank. `result` is the order also where the
    /// bank said no or asks the buyer: then pay with `orderPay`, or come back from the bank to `orderPaymentRefresh`.
    /// Where the method was to hold a part only the order is `PARTIALLY_AUTHORISED`: pay what is `paymentDue` with `orderPay`.
    /// Where a promotion gives nothing any more the answer says why, and so does the cart: no order exists then.
    /// Codes: VALIDATION, NOT_FOUND, CHECKOUT_INCOMPLETE, PRICE_CHANGED, PAYMENT_AMOUNT_INVALID, INSUFFICIENT_STOCK,
    /// PROMOTION_USED_UP, PROMOTION_USED_BY_CUSTOMER, PROMOTION_EXPIRED, PROMOTION_PAUSED, ORDER_CANNOT_BE_ADDED_TO, PAYMENT_DECLINED,
    /// PAYMENT_ACTION_REQUIRED, PAYMENT_TIMEOUT, CHECKOUT_UNDER_WAY, CART_CLOSED, IDEMPOTENCY_KEY_REUSED; warning
    /// CHECKOUT_PENDING where there is no answer in time.
    async fn checkout_complete(
        &self,
        ctx: &Context<'_>,
        input: CheckoutCompleteInput,
        idempotency_key: String,
    ) -> Result<Payload<Order>> {
        let call = Call::of(ctx)?;
        let inputs = Inputs::of(ctx, &input, Some(&idempotency_key), None);
        let started = match start(call, inputs, &input).await {
            Ok(started) => started,
            Err(error) => return Ok(Payload::refused(refusals(error)?)),
        };
        let limit = Duration::from_secs(ANSWER_SECONDS_MAX);
        let (processes, order) = (&call.state.processes, &started.order);
        let status = match started.cart.replayed {
            true => processes.checkout_answer(order, limit).await,
            false => processes.first_checkout_answer(order, limit).await,
        };
        answered(call, &started.order, status, started.cart.replayed).await
    }
}

async fn start(call: Call<'_>, mut inputs: Inputs, input: &CheckoutCompleteInput) -> Result<Started, AppError> {
    let cart = inputs.parse::<CartId>(&["cartId"], &input.cart_id);
    let total = inputs.money(&["expectedTotal"], input.expected_total);
    let method = inputs.parse_if::<ShortText>(&["paymentMethodToken"], input.payment_method_token.as_deref());
    let part = inputs.money_if(&["paymentAmount"], input.payment_amount);
    let (Some(cart), Some(total), Some(method), Some(part)) = (cart, total, method, part) else {
        return Err(inputs.refused());
    };
    let request = call.command(&inputs.command()?, cart.as_str());
    if let Some(method) = method {
        choose_method(call, &request, &cart, method).await?;
    }
    app::checkout::start_paying(&call.state.shop, &request, &cart, (total, part)).await
}

/// Sets the method of a cart that is open. One that is frozen or closed meanwhile is left as it is: this may be the
/// repeat of a checkout, whose key then answers.
async fn choose_method(call: Call<'_>, request: &Request, cart: &CartId, method: ShortText) -> Result<(), AppError> {
    let shop = &call.state.shop;
    if !is_open(&app::cart::find(shop, call.actor, cart).await?.state) {
        return Ok(());
    }
    let details = CheckoutDetails { payment_method: Some(method), ..CheckoutDetails::default() };
    match app::cart::set_details(shop, &request.follow_up(), cart, &details).await {
        Ok(_) => Ok(()),
        Err(AppError::Refused(refused)) if matches!(refused.code, "CHECKOUT_UNDER_WAY" | "CART_CLOSED") => Ok(()),
        Err(error) => Err(error),
    }
}
