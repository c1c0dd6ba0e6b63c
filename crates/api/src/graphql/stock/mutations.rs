//! Commands of the warehouse on stock.

use app::actor::Permission;
use app::bus::Outcome;
use app::error::AppError;
use async_graphql::{Context, InputObject, Object, Result};
use domain::stock::{Stock, StockCommand, stream_id};
use domain::values::{LocationId, ShortText, Sku};

use super::types::StockLevel;
use crate::graphql::call::Call;
use crate::graphql::inputs::Inputs;
use crate::graphql::payload::Payload;
use crate::graphql::scalars::SafeInt;

/// Takes units in.
#[derive(Clone, Debug, InputObject)]
pub struct StockReceiveInput {
    /// The SKU.
    pub sku: String,
    /// The location.
    pub location: String,
    /// How many units, 1 to 1,000,000.
    pub quantity: i32,
    /// The delivery note or the like, 1 to 500 characters.
    pub reference: String,
    /// The version you saw.
    pub expected_version: Option<i32>,
}

/// Takes free units out for good.
#[derive(Clone, Debug, InputObject)]
pub struct StockWriteOffInput {
    /// The SKU.
    pub sku: String,
    /// The location.
    pub location: String,
    /// How many units, 1 to 1,000,000.
    pub quantity: i32,
    /// Why, 1 to 500 characters.
    pub reason: String,
    /// The version you saw.
    pub expected_version: Option<i32>,
}

/// Says how many units somebody counted.
#[derive(Clone, Debug, InputObject)]
pub struct StockRecountInput {
    /// The SKU.
    pub sku: String,
    /// The location.
    pub location: String,
    /// Units that are there, promised and sold ones among them, from 0.
    pub counted: SafeInt,
    /// Why it was counted, 1 to 500 characters.
    pub reason: String,
    /// The version you saw.
    pub expected_version: Option<i32>,
}

/// Commands of the warehouse on stock.
#[derive(Clone, Copy, Debug, Default)]
pub struct StockMutation;

#[Object]
impl StockMutation {
    /// Takes units in. Needs `STOCK_WRITE`. Codes: VALIDATION, NOT_FOUND, STOCK_LIMIT, VERSION_CONFLICT,
    /// IDEMPOTENCY_KEY_REUSED.
    async fn stock_receive(
        &self,
        ctx: &Context<'_>,
        input: StockReceiveInput,
        idempotency_key: String,
    ) -> Result<Payload<StockLevel>> {
        let call = Call::with(ctx, Permission::StockWrite)?;
        let mut inputs = Inputs::of(ctx, &input, Some(&idempotency_key), input.expected_version);
        let place = place(&mut inputs, &input.sku, &input.location);
        let quantity = inputs.quantity(&["quantity"], input.quantity);
        let reference = inputs.parse::<ShortText>(&["reference"], &input.reference);
        let command = quantity.zip(reference);
        let command = command.map(|(quantity, reference)| StockCommand::Receive { quantity, reference });
        call.answer(change(call, inputs, place, command).await, StockLevel::of)
    }

    /// Takes free units out for good. Needs `STOCK_WRITE`. Codes: VALIDATION, NOT_FOUND, INSUFFICIENT_STOCK,
    /// VERSION_CONFLICT, IDEMPOTENCY_KEY_REUSED.
    async fn stock_write_off(
        &self,
        ctx: &Context<'_>,
        input: StockWriteOffInput,
        idempotency_key: String,
    ) -> Result<Payload<StockLevel>> {
        let call = Call::with(ctx, Permission::StockWrite)?;
        let mut inputs = Inputs::of(ctx, &input, Some(&idempotency_key), input.expected_version);
        let place = place(&mut inputs, &input.sku, &input.location);
        let quantity = inputs.quantity(&["quantity"], input.quantity);
        let reason = inputs.parse::<ShortText>(&["reason"], &input.reason);
        let command = quantity.zip(reason).map(|(quantity, reason)| StockCommand::WriteOff { quantity, reason });
        call.answer(change(call, inputs, place, command).await, StockLevel::of)
    }

    /// Sets right how many units are there. Where fewer were counted than are promised to orders that are not paid, the youngest
    /// promises end: such an order gets units of another location or is rejected when it is paid, and its money is let go.
    /// Needs `STOCK_WRITE`. Codes: VALIDATION, NOT_FOUND, SOLD_UNITS_MISSING, COUNT_IMPLAUSIBLE, STOCK_LIMIT,
    /// VERSION_CONFLICT, IDEMPOTENCY_KEY_REUSED.
    async fn stock_recount(
        &self,
        ctx: &Context<'_>,
        input: StockRecountInput,
        idempotency_key: String,
    ) -> Result<Payload<StockLevel>> {
        let call = Call::with(ctx, Permission::StockWrite)?;
        let mut inputs = Inputs::of(ctx, &input, Some(&idempotency_key), input.expected_version);
        let place = place(&mut inputs, &input.sku, &input.location);
        let counted = u64::try_from(input.counted.0).ok();
        if counted.is_none() {
            inputs.refuse(&["counted"], "fewer than no units were counted", "a whole number from 0");
        }
        let reason = inputs.parse::<ShortText>(&["reason"], &input.reason);
        let command = counted.zip(reason).map(|(counted, reason)| StockCommand::Recount { counted, reason });
        call.answer(change(call, inputs, place, command).await, StockLevel::of)
    }
}

type Place = (Sku, LocationId);

fn place(inputs: &mut Inputs, sku: &str, location: &str) -> Option<Place> {
    let sku = inputs.parse(&["sku"], sku);
    let location = inputs.parse(&["location"], location);
    sku.zip(location)
}

async fn change(
    call: Call<'_>,
    inputs: Inputs,
    place: Option<Place>,
    command: Option<StockCommand>,
) -> Result<Outcome<Stock>, AppError> {
    let (Some((sku, location)), Some(command)) = (place, command) else { return Err(inputs.refused()) };
    let request = call.command(&inputs.command()?, stream_id(&sku, &location));
    let changed = app::stock::change(&call.state.shop, &request, (&sku, &location), command).await;
    // The stream knows how many units it has, not what of.
    changed.map_err(|error| match error {
        AppError::Refused(refused) if refused.code == "INSUFFICIENT_STOCK" => refused.with("sku", &sku).into(),
        other => other,
    })
}
