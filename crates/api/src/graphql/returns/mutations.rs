//! Commands of buyers and staff on returns.

use app::actor::Permission;
use app::bus::{Outcome, Request};
use app::error::AppError;
use async_graphql::{Context, ID, InputObject, Object, Result};
use domain::order::ReturnedLine;
use domain::returns::{Return as ReturnState, ReturnCommand};
use domain::values::{LineId, LocationId, OrderId, ReturnId, ShortText};

use super::inspect::{ReturnInspectInput, inspect};
use super::types::Return;
use crate::graphql::call::Call;
use crate::graphql::inputs::Inputs;
use crate::graphql::payload::Payload;

/// Units of a line that shall come back.
#[derive(Clone, Debug, InputObject)]
pub struct ReturnLineInput {
    /// The order's line.
    pub line_id: ID,
    /// How many units, 1 to 1,000,000.
    pub quantity: i32,
}

/// Asks to send delivered units back.
#[derive(Clone, Debug, InputObject)]
pub struct ReturnRequestInput {
    /// The order.
    pub order_id: ID,
    /// What comes back, 1 to 500 lines, none twice.
    pub lines: Vec<ReturnLineInput>,
    /// Why, 1 to 500 characters.
    pub reason: String,
}

/// Agrees to a return.
#[derive(Clone, Debug, InputObject)]
pub struct ReturnApproveInput {
    /// The return.
    pub return_id: ID,
    /// The version you saw.
    pub expected_version: Option<i32>,
}

/// Does not agree to a return, or calls it off.
#[derive(Clone, Debug, InputObject)]
pub struct ReturnReasonInput {
    /// The return.
    pub return_id: ID,
    /// Why, 1 to 500 characters.
    pub reason: String,
    /// The version you saw.
    pub expected_version: Option<i32>,
}

/// Proves that a box is on its way.
#[derive(Clone, Debug, InputObject)]
pub struct ReturnShipBackInput {
    /// The return.
    pub return_id: ID,
    /// Who carries it, 1 to 500 characters.
    pub carrier: String,
    /// The carrier's number, 1 to 500 characters.
    pub tracking: String,
    /// The version you saw.
    pub expected_version: Option<i32>,
}

/// Takes a box in.
#[derive(Clone, Debug, InputObject)]
pub struct ReturnReceiveInput {
    /// The return.
    pub return_id: ID,
    /// The warehouse.
    pub location: String,
    /// The version you saw.
    pub expected_version: Option<i32>,
}

/// Commands of buyers and staff on returns.
#[derive(Clone, Copy, Debug, Default)]
pub struct ReturnMutation;

#[Object]
impl ReturnMutation {
    /// Asks to send delivered units of one's own order back. Codes: VALIDATION, NOT_FOUND, NOT_DELIVERED,
    /// NOT_RETURNABLE, CANCELLATION_UNDER_WAY, RETURN_WINDOW_CLOSED, LINE_NOT_FOUND, RETURN_LINES_INVALID, RETURN_LIMIT.
    async fn return_request(
        &self,
        ctx: &Context<'_>,
        input: ReturnRequestInput,
        idempotency_key: String,
    ) -> Result<Payload<Return>> {
        let call = Call::of(ctx)?;
        let inputs = Inputs::of(ctx, &input, Some(&idempotency_key), None);
        call.answer(request(call, inputs, &input).await, Return::of)
    }

    /// Agrees to a return. Needs `ORDERS_WRITE`. Codes: VALIDATION, NOT_FOUND, ILLEGAL_TRANSITION, VERSION_CONFLICT.
    async fn return_approve(
        &self,
        ctx: &Context<'_>,
        input: ReturnApproveInput,
        idempotency_key: String,
    ) -> Result<Payload<Return>> {
        let call = Call::with(ctx, Permission::OrdersWrite)?;
        let mut inputs = Inputs::of(ctx, &input, Some(&idempotency_key), input.expected_version);
        let id = inputs.parse::<ReturnId>(&["returnId"], &input.return_id);
        call.answer(change(call, inputs, id, Some(ReturnCommand::Approve)).await, Return::of)
    }

    /// Does not agree to a return. Needs `ORDERS_WRITE`. Codes: VALIDATION, NOT_FOUND, WITHDRAWAL_STANDS,
    /// ILLEGAL_TRANSITION, VERSION_CONFLICT.
    async fn return_refuse(
        &self,
        ctx: &Context<'_>,
        input: ReturnReasonInput,
        idempotency_key: String,
    ) -> Result<Payload<Return>> {
        let call = Call::with(ctx, Permission::OrdersWrite)?;
        let mut inputs = Inputs::of(ctx, &input, Some(&idempotency_key), input.expected_version);
        let id = inputs.parse::<ReturnId>(&["returnId"], &input.return_id);
        let reason = inputs.parse::<ShortText>(&["reason"], &input.reason);
        let command = reason.map(|reason| ReturnCommand::Refuse { reason });
        call.answer(change(call, inputs, id, command).await, Return::of)
    }

    /// Notes the proof that a box is on its way: of one's own return, or any for staff. From then on the refund of a withdrawal
    /// from the contract waits for nothing but its deadline, `Return.refundDueAt`. Codes: VALIDATION, NOT_FOUND,
    /// ILLEGAL_TRANSITION, VERSION_CONFLICT.
    async fn return_ship_back(
        &self,
        ctx: &Context<'_>,
        input: ReturnShipBackInput,
        idempotency_key: String,
    ) -> Result<Payload<Return>> {
        let call = Call::of(ctx)?;
        let inputs = Inputs::of(ctx, &input, Some(&idempotency_key), input.expected_version);
        call.answer(ship_back(call, inputs, &input).await, Return::of)
    }

    /// Takes a box in at a warehouse. Needs `ORDERS_WRITE`. Codes: VALIDATION, NOT_FOUND, ILLEGAL_TRANSITION,
    /// VERSION_CONFLICT.
    async fn return_receive(
        &self,
        ctx: &Context<'_>,
        input: ReturnReceiveInput,
        idempotency_key: String,
    ) -> Result<Payload<Return>> {
        let call = Call::with(ctx, Permission::OrdersWrite)?;
        let mut inputs = Inputs::of(ctx, &input, Some(&idempotency_key), input.expected_version);
        let id = inputs.parse::<ReturnId>(&["returnId"], &input.return_id);
        let location = location(call, &mut inputs, &input.location);
        let command = location.map(|location| ReturnCommand::Receive { location });
        call.answer(change(call, inputs, id, command).await, Return::of)
    }

    /// Looks into a box: what is resalable goes back on the shelf, what arrived is refunded. Needs `ORDERS_WRITE`. Codes:
    /// VALIDATION, NOT_FOUND, LINE_NOT_FOUND, COUNT_DIFFERS, DEDUCTION_INVALID, ILLEGAL_TRANSITION, VERSION_CONFLICT.
    async fn return_inspect(
        &self,
        ctx: &Context<'_>,
        input: ReturnInspectInput,
        idempotency_key: String,
    ) -> Result<Payload<Return>> {
        let call = Call::with(ctx, Permission::OrdersWrite)?;
        let mut inputs = Inputs::of(ctx, &input, Some(&idempotency_key), input.expected_version);
        let id = inputs.parse::<ReturnId>(&["returnId"], &input.return_id);
        let command = inspect(&mut inputs, &input.items);
        call.answer(change(call, inputs, id, command).await, Return::of)
    }

    /// Calls a return off before the box arrived: one's own, or any for staff. Codes: VALIDATION, NOT_FOUND,
    /// ILLEGAL_TRANSITION, VERSION_CONFLICT.
    async fn return_cancel(
        &self,
        ctx: &Context<'_>,
        input: ReturnReasonInput,
        idempotency_key: String,
    ) -> Result<Payload<Return>> {
        let call = Call::of(ctx)?;
        let inputs = Inputs::of(ctx, &input, Some(&idempotency_key), input.expected_version);
        call.answer(cancel(call, inputs, &input).await, Return::of)
    }
}

pub(super) type Changed = Result<Outcome<ReturnState>, AppError>;

async fn request(call: Call<'_>, mut inputs: Inputs, input: &ReturnRequestInput) -> Changed {
    let order = inputs.parse::<OrderId>(&["orderId"], &input.order_id);
    let lines = returned_lines(&mut inputs, &input.lines);
    let reason = inputs.parse::<ShortText>(&["reason"], &input.reason);
    let (Some(order), Some(lines), Some(reason)) = (order, lines, reason) else { return Err(inputs.refused()) };
    let request = call.command(&inputs.command()?, call.correlation_of(&order).await?);
    let (mut outcome, replayed) = app::returns::request(&call.state.shop, &request, &order, lines, reason).await?;
    outcome.replayed = replayed;
    Ok(outcome)
}

/// Reads the units of lines that shall come back.
pub(super) fn returned_lines(inputs: &mut Inputs, lines: &[ReturnLineInput]) -> Option<Vec<ReturnedLine>> {
    inputs.list("lines", lines, |inputs, path, line| {
        let id = inputs.parse::<LineId>(&[path, &["lineId"]].concat(), &line.line_id);
        let quantity = inputs.quantity(&[path, &["quantity"]].concat(), line.quantity);
        id.zip(quantity).map(|(line, quantity)| ReturnedLine { line, quantity })
    })
}

/// Finds a warehouse of the shop.
fn location(call: Call<'_>, inputs: &mut Inputs, text: &str) -> Option<LocationId> {
    let location = inputs.parse::<LocationId>(&["location"], text)?;
    if call.state.shop.settings.locations.contains(&location) {
        return Some(location);
    }
    inputs.refuse(&["location"], format!("there is no location {location}"), "a location of the shop");
    None
}

async fn request_for(call: Call<'_>, inputs: Inputs, id: &ReturnId) -> Result<Request, AppError> {
    let state = call.state.shop.bus.load::<ReturnState>(id.as_str()).await?.state;
    let correlation = match state.order() {
        Some(order) => call.correlation_of(order).await?,
        None => id.to_string(),
    };
    Ok(call.command(&inputs.command()?, correlation))
}

/// Runs a command of staff, where both the return and the command could be read.
async fn change(call: Call<'_>, inputs: Inputs, id: Option<ReturnId>, command: Option<ReturnCommand>) -> Changed {
    let (Some(id), Some(command)) = (id, command) else { return Err(inputs.refused()) };
    let request = request_for(call, inputs, &id).await?;
    app::returns::change(&call.state.shop, &request, &id, command).await
}

async fn ship_back(call: Call<'_>, mut inputs: Inputs, input: &ReturnShipBackInput) -> Changed {
    let id = inputs.parse::<ReturnId>(&["returnId"], &input.return_id);
    let carrier = inputs.parse::<ShortText>(&["carrier"], &input.carrier);
    let tracking = inputs.parse::<ShortText>(&["tracking"], &input.tracking);
    let (Some(id), Some(shipment)) = (id, carrier.zip(tracking)) else { return Err(inputs.refused()) };
    let request = request_for(call, inputs, &id).await?;
    app::returns::ship_back(&call.state.shop, &request, &id, shipment).await
}

async fn cancel(call: Call<'_>, mut inputs: Inputs, input: &ReturnReasonInput) -> Changed {
    let id = inputs.parse::<ReturnId>(&["returnId"], &input.return_id);
    let reason = inputs.parse::<ShortText>(&["reason"], &input.reason);
    let (Some(id), Some(reason)) = (id, reason) else { return Err(inputs.refused()) };
    let request = request_for(call, inputs, &id).await?;
    app::returns::cancel(&call.state.shop, &request, &id, reason).await
}
