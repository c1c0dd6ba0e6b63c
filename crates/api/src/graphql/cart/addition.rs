//! Taking a cart off the order that it adds to.

use app::bus::Outcome;
use app::error::AppError;
use async_graphql::{Context, ID, InputObject, Object, Result};
use domain::cart::{Cart as CartState, CartCommand};
use domain::values::CartId;

use super::types::Cart;
use crate::graphql::call::Call;
use crate::graphql::inputs::Inputs;
use crate::graphql::payload::Payload;

/// Takes a cart off the order that it adds to.
#[derive(Clone, Debug, InputObject)]
pub struct CartAdditionEndInput {
    /// The cart.
    pub cart_id: ID,
    /// The version you saw.
    pub expected_version: Option<i32>,
}

/// Commands about what a cart adds to.
#[derive(Clone, Copy, Debug, Default)]
pub struct CartAdditionMutation;

#[Object]
impl CartAdditionMutation {
    /// Takes a cart off the order that it adds to: it is a usual cart then, keeps its e-mail and address, and chooses its shipping
    /// anew, at its price. Of a cart that adds to nothing it changes nothing. Codes: VALIDATION, NOT_FOUND, VERSION_CONFLICT,
    /// CHECKOUT_UNDER_WAY, CART_CLOSED.
    async fn cart_addition_end(
        &self,
        ctx: &Context<'_>,
        input: CartAdditionEndInput,
        idempotency_key: Option<String>,
    ) -> Result<Payload<Cart>> {
        let call = Call::of(ctx)?;
        let inputs = Inputs::of(ctx, &input, idempotency_key.as_deref(), input.expected_version);
        call.answer(end(call, inputs, &input).await, Cart::of)
    }
}

async fn end(call: Call<'_>, mut inputs: Inputs, input: &CartAdditionEndInput) -> Result<Outcome<CartState>, AppError> {
    let Some(cart) = inputs.parse::<CartId>(&["cartId"], &input.cart_id) else { return Err(inputs.refused()) };
    let request = call.command(&inputs.command()?, cart.as_str());
    app::cart::change(&call.state.shop, &request, &cart, CartCommand::EndAddition).await
}
