//! Commands of the warehouse on parcels.

use app::actor::Permission;
use app::bus::{Outcome, Request};
use app::error::AppError;
use async_graphql::{Context, ID, InputObject, Object, Result};
use domain::fulfilment::{Fulfilment as FulfilmentData, FulfilmentCommand};
use domain::values::{FulfilmentId, ShortText};

use super::types::Fulfilment;
use crate::graphql::call::Call;
use crate::graphql::inputs::Inputs;
use crate::graphql::payload::Payload;
use crate::graphql::scalars::DateTime;

/// Packs a parcel.
#[derive(Clone, Debug, InputObject)]
pub struct FulfilmentPackInput {
    /// The parcel.
    pub fulfilment_id: ID,
    /// The version you saw.
    pub expected_version: Option<i32>,
}

/// A label that staff got elsewhere.
#[derive(Clone, Debug, InputObject)]
pub struct LabelInput {
    /// The carrier.
    pub carrier: String,
    /// The carrier's number of the parcel.
    pub tracking: String,
}

/// Gives a parcel to its carrier.
#[derive(Clone, Debug, InputObject)]
pub struct FulfilmentHandOverInput {
    /// The parcel.
    pub fulfilment_id: ID,
    /// A label of your own; left out, the one that was booked.
    pub label: Option<LabelInput>,
    /// The version you saw.
    pub expected_version: Option<i32>,
}

/// Notes that a parcel arrived.
#[derive(Clone, Debug, InputObject)]
pub struct FulfilmentDeliverInput {
    /// The parcel.
    pub fulfilment_id: ID,
    /// When; left out, now. Not in the future.
    pub delivered_at: Option<DateTime>,
    /// The version you saw.
    pub expected_version: Option<i32>,
}

/// Notes that a parcel will not arrive.
#[derive(Clone, Debug, InputObject)]
pub struct FulfilmentDeclareLostInput {
    /// The parcel.
    pub fulfilment_id: ID,
    /// Why, 1 to 500 characters.
    pub reason: String,
    /// The version you saw.
    pub expected_version: Option<i32>,
}

/// Commands of the warehouse on parcels.
#[derive(Clone, Copy, Debug, Default)]
pub struct FulfilmentMutation;

#[Object]
impl FulfilmentMutation {
    /// Packs a parcel; its money is taken then. Needs `ORDERS_WRITE`. Codes: VALIDATION, NOT_FOUND, ILLEGAL_TRANSITION,
    /// VERSION_CONFLICT.
    async fn fulfilment_pack(
        &self,
        ctx: &Context<'_>,
        input: FulfilmentPackInput,
        idempotency_key: Option<String>,
    ) -> Result<Payload<Fulfilment>> {
        let call = Call::with(ctx, Permission::OrdersWrite)?;
        let inputs = Inputs::of(ctx, &input, idempotency_key.as_deref(), input.expected_version);
        call.answer(pack(call, inputs, &input).await, Fulfilment::of)
    }

    /// Gives a parcel to its carrier. Needs `ORDERS_WRITE`. Codes: VALIDATION, NOT_FOUND, PARCEL_NOT_PAID,
    /// LABEL_MISSING, ILLEGAL_TRANSITION, VERSION_CONFLICT.
    async fn fulfilment_hand_over(
        &self,
        ctx: &Context<'_>,
        input: FulfilmentHandOverInput,
        idempotency_key: Option<String>,
    ) -> Result<Payload<Fulfilment>> {
        let call = Call::with(ctx, Permission::OrdersWrite)?;
        let inputs = Inputs::of(ctx, &input, idempotency_key.as_deref(), input.expected_version);
        call.answer(hand_over(call, inputs, &input).await, Fulfilment::of)
    }

    /// Notes that a parcel arrived. Needs `ORDERS_WRITE`. Codes: VALIDATION, NOT_FOUND, ILLEGAL_TRANSITION,
    /// VERSION_CONFLICT.
    async fn fulfilment_deliver(
        &self,
        ctx: &Context<'_>,
        input: FulfilmentDeliverInput,
        idempotency_key: Option<String>,
    ) -> Result<Payload<Fulfilment>> {
        let call = Call::with(ctx, Permission::OrdersWrite)?;
        let inputs = Inputs::of(ctx, &input, idempotency_key.as_deref(), input.expected_version);
        call.answer(deliver(call, inputs, &input).await, Fulfilment::of)
    }

    /// Notes that a parcel will not arrive. Needs `ORDERS_WRITE`. Codes: VALIDATION, NOT_FOUND, ILLEGAL_TRANSITION,
    /// VERSION_CONFLICT.
    async fn fulfilment_declare_lost(
        &self,
        ctx: &Context<'_>,
        input: FulfilmentDeclareLostInput,
        idempotency_key: Option<String>,
    ) -> Result<Payload<Fulfilment>> {
        let call = Call::with(ctx, Permission::OrdersWrite)?;
        let inputs = Inputs::of(ctx, &input, idempotency_key.as_deref(), input.expected_version);
        call.answer(declare_lost(call, inputs, &input).await, Fulfilment::of)
    }
}

type Changed = Result<Outcome<FulfilmentData>, AppError>;

async fn request_for(call: Call<'_>, inputs: Inputs, parcel: &FulfilmentId) -> Result<Request, AppError> {
    let state = call.state.shop.bus.load::<FulfilmentData>(parcel.as_str()).await?.state;
    let correlation = match state.order() {
        Some(order) => call.correlation_of(order).await?,
        None => parcel.to_string(),
    };
    Ok(call.command(&inputs.command()?, correlation))
}

async fn pack(call: Call<'_>, mut inputs: Inputs, input: &FulfilmentPackInput) -> Changed {
    let parcel = inputs.parse::<FulfilmentId>(&["fulfilmentId"], &input.fulfilment_id);
    let Some(parcel) = parcel else { return Err(inputs.refused()) };
    let request = request_for(call, inputs, &parcel).await?;
    let command = FulfilmentCommand::Pack { packed_at: call.state.shop.clock.now() };
    app::fulfilment::change(&call.state.shop, &request, &parcel, command).await
}

async fn hand_over(call: Call<'_>, mut inputs: Inputs, input: &FulfilmentHandOverInput) -> Changed {
    let parcel = inputs.parse::<FulfilmentId>(&["fulfilmentId"], &input.fulfilment_id);
    let label = match &input.label {
        Some(label) => {
            let carrier = inputs.parse::<ShortText>(&["label", "carrier"], &label.carrier);
            let tracking = inputs.parse::<ShortText>(&["label", "tracking"], &label.tracking);
            carrier.zip(tracking).map(Some)
        }
        None => Some(None),
    };
    let (Some(parcel), Some(label)) = (parcel, label) else { return Err(inputs.refused()) };
    let request = request_for(call, inputs, &parcel).await?;
    app::fulfilment::hand_over(&call.state.shop, &request, &parcel, label).await
}

async fn deliver(call: Call<'_>, mut inputs: Inputs, input: &FulfilmentDeliverInput) -> Changed {
    let parcel = inputs.parse::<FulfilmentId>(&["fulfilmentId"], &input.fulfilment_id);
    let now = call.state.shop.clock.now();
    let delivered_at = input.delivered_at.map_or(now, |moment| moment.0);
    if delivered_at > now {
        inputs.refuse(&["deliveredAt"], "the parcel arrives in the future: say so when it did", "not after now");
    }
    let Some(parcel) = parcel else { return Err(inputs.refused()) };
    let request = request_for(call, inputs, &parcel).await?;
    let command = FulfilmentCommand::Deliver { delivered_at };
    app::fulfilment::change(&call.state.shop, &request, &parcel, command).await
}

async fn declare_lost(call: Call<'_>, mut inputs: Inputs, input: &FulfilmentDeclareLostInput) -> Changed {
    let parcel = inputs.parse::<FulfilmentId>(&["fulfilmentId"], &input.fulfilment_id);
    let reason = inputs.parse::<ShortText>(&["reason"], &input.reason);
    let (Some(parcel), Some(reason)) = (parcel, reason) else { return Err(inputs.refused()) };
    let request = request_for(call, inputs, &parcel).await?;
    app::fulfilment::change(&call.state.shop, &request, &parcel, FulfilmentCommand::DeclareLost { reason }).await
}
