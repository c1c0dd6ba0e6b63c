//! Cancelling units of an order's lines.

use app::bus::Outcome;
use app::error::AppError;
use app::order::LinesPreview;
use async_graphql::{Context, Enum, ID, InputObject, Object, Result, SimpleObject};
use domain::order::{LineCancellation as Asked, LineCancellationOutcome as Answer, LineUnits, Order as OrderState};
use domain::values::{LineId, OrderId, ShortText};

use super::types::Order;
use crate::graphql::call::Call;
use crate::graphql::code::ErrorCode;
use crate::graphql::errors::{DomainError, refusals};
use crate::graphql::inputs::Inputs;
use crate::graphql::money::{Money, TaxedMoney};
use crate::graphql::payload::Payload;

/// Units of a line.
#[derive(Clone, Debug, InputObject)]
pub struct OrderLineUnitsInput {
    /// The order's line.
    pub line_id: ID,
    /// How many units, 1 to 1,000,000.
    pub quantity: i32,
}

/// Asks to cancel units of lines.
#[derive(Clone, Debug, InputObject)]
pub struct OrderCancelLinesInput {
    /// The order.
    pub order_id: ID,
    /// Which units, 1 to 500 lines, none twice.
    pub lines: Vec<OrderLineUnitsInput>,
    /// Why, 1 to 500 characters.
    pub reason: String,
    /// The version you saw.
    pub expected_version: Option<i32>,
}

/// Asks what cancelling units of lines would come to.
#[derive(Clone, Debug, InputObject)]
pub struct OrderCancelLinesPreviewInput {
    /// The order.
    pub order_id: ID,
    /// Which units, 1 to 500 lines, none twice.
    pub lines: Vec<OrderLineUnitsInput>,
}

/// What became of a wish to cancel units of lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum LineCancellationStatus {
    /// It has no answer yet.
    Requested,
    /// Units are cancelled: those that were asked for, but for those that had left.
    Done,
    /// None of the units could be cancelled.
    Refused,
    /// The order was called off before it was answered.
    Overtaken,
}

/// A wish to cancel units of lines, and what became of it.
#[derive(Clone, Debug, SimpleObject)]
pub struct LineCancellation {
    /// Its id.
    pub id: ID,
    /// What became of it.
    pub status: LineCancellationStatus,
    /// Why it was asked for.
    pub reason: String,
    /// The units that were asked for.
    pub lines: Vec<LineCancellationLine>,
    /// What the buyer does not pay, taken or not.
    pub paid: Option<Money>,
    /// What of it goes back because it was taken; the rest is never taken.
    pub refund: Option<Money>,
    /// Why it was refused: what to branch on.
    pub code: Option<ErrorCode>,
}

/// Units of a line that were asked to be cancelled.
#[derive(Clone, Debug, SimpleObject)]
pub struct LineCancellationLine {
    /// The order's line.
    pub line_id: ID,
    /// How many units were asked for.
    pub quantity: i64,
    /// How many are cancelled.
    pub quantity_cancelled: i64,
    /// What these were sold for, with their VAT as sold; promotions are taken off.
    pub total: Option<TaxedMoney>,
}

impl LineCancellation {
    pub(super) fn of(asked: &Asked) -> Self {
        let (status, refund, code) = match &asked.outcome {
            Answer::Requested => (LineCancellationStatus::Requested, None, None),
            Answer::Done { refund, .. } => (LineCancellationStatus::Done, Some(*refund), None),
            Answer::Refused { code, .. } => (LineCancellationStatus::Refused, None, ErrorCode::of(code)),
            Answer::Overtaken => (LineCancellationStatus::Overtaken, None, None),
        };
        let lines = asked.lines.iter().map(|wanted| {
            let cancelled = asked.cancelled().iter().find(|cancelled| cancelled.line == wanted.line);
            LineCancellationLine {
                line_id: ID(wanted.line.to_string()),
                quantity: wanted.quantity.units(),
                quantity_cancelled: cancelled.map_or(0, |cancelled| cancelled.quantity.units()),
                total: cancelled.map(|cancelled| cancelled.total.into()),
            }
        });
        Self {
            id: ID(asked.id.to_string()),
            status,
            reason: asked.reason.to_string(),
            lines: lines.collect(),
            paid: asked.paid().map(Into::into),
            refund: refund.map(Into::into),
            code,
        }
    }
}

/// What cancelling units of lines would come to, as things stand.
#[derive(Clone, Debug, SimpleObject)]
pub struct LineCancellationPreview {
    /// The order's version that it is true of: send it as `expectedVersion` to agree to it.
    pub version: u64,
    /// The units, and what they were sold for.
    pub lines: Vec<LineCancellationLine>,
    /// What they were sold for, per rate of VAT, the lowest first.
    pub vat: Vec<TaxedMoney>,
    /// What the buyer would pay then in all, shipping included; nothing where the order is called off.
    pub payable: Money,
    /// What would go back, because it is taken; the rest of what the units cost is never taken.
    pub refund: Money,
    /// Whether nothing would be left, and so the order is called off.
    pub is_whole: bool,
}

/// What cancelling units of lines would come to, or why they cannot be cancelled.
#[derive(Clone, Debug, SimpleObject)]
pub struct LineCancellationPreviewResult {
    /// What it would come to; null where it would be refused.
    pub preview: Option<LineCancellationPreview>,
    /// Why it would be refused; empty where it would not.
    pub errors: Vec<DomainError>,
}

impl LineCancellationPreview {
    fn of(preview: LinesPreview) -> Self {
        let lines = preview.lines.into_iter().map(|line| LineCancellationLine {
            line_id: ID(line.line.to_string()),
            quantity: line.quantity.units(),
            quantity_cancelled: line.quantity.units(),
            total: Some(line.total.into()),
        });
        Self {
            version: preview.version,
            lines: lines.collect(),
            vat: preview.vat.into_iter().map(Into::into).collect(),
            payable: preview.payable.into(),
            refund: preview.refund.into(),
            is_whole: preview.is_whole,
        }
    }
}

/// Questions about lines of orders.
#[derive(Clone, Copy, Debug, Default)]
pub struct OrderLinesQuery;

#[Object]
impl OrderLinesQuery {
    /// What `orderCancelLines` would come to for these units, by the same rules; nothing is changed. Agree to it by sending
    /// that command with its `version` as `expectedVersion`. Codes: those of the command, and FULFILMENT_PENDING.
    #[graphql(complexity = "5 * child_complexity + 1")]
    async fn order_cancel_lines_preview(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The order, and the units of its lines.")] input: OrderCancelLinesPreviewInput,
    ) -> Result<LineCancellationPreviewResult> {
        let call = Call::of(ctx)?;
        let inputs = Inputs::of(ctx, &input, None, None);
        Ok(match preview(call, inputs, &input).await {
            Ok(preview) => LineCancellationPreviewResult {
                preview: Some(LineCancellationPreview::of(preview)),
                errors: Vec::new(),
            },
            Err(error) => LineCancellationPreviewResult { preview: None, errors: refusals(error)? },
        })
    }
}

async fn preview(
    call: Call<'_>,
    mut inputs: Inputs,
    input: &OrderCancelLinesPreviewInput,
) -> Result<LinesPreview, AppError> {
    let order = inputs.parse::<OrderId>(&["orderId"], &input.order_id);
    let lines = line_units(&mut inputs, &input.lines);
    let (Some(order), Some(lines)) = (order, lines) else { return Err(inputs.refused()) };
    app::order::preview_line_cancellation(&call.state.shop, call.actor, &order, lines).await
}

fn line_units(inputs: &mut Inputs, lines: &[OrderLineUnitsInput]) -> Option<Vec<LineUnits>> {
    inputs.list("lines", lines, |inputs, path, line| {
        let id = inputs.parse::<LineId>(&[path, &["lineId"]].concat(), &line.line_id);
        let quantity = inputs.quantity(&[path, &["quantity"]].concat(), line.quantity);
        id.zip(quantity).map(|(line, quantity)| LineUnits { line, quantity })
    })
}

/// Commands of buyers and staff on lines of orders.
#[derive(Clone, Copy, Debug, Default)]
pub struct OrderLinesMutation;

#[Object]
impl OrderLinesMutation {
    /// Asks to cancel units of lines of a confirmed order before a carrier has them: they are taken out of their parcels, less
    /// is taken of the buyer's money, and what was taken goes back. `Order.lineCancellations` says what became of it. Where
    /// nothing would be left the order is called off, shipping included; else shipping stays owed. Codes: VALIDATION, NOT_FOUND,
    /// LINES_INVALID, LINE_NOT_FOUND, NOT_CANCELLABLE, ALREADY_SHIPPED, CANCELLATION_UNDER_WAY, LINE_CANCELLATION_LIMIT,
    /// BACK_ORDERED, ORDER_HAS_ADDITIONS, ILLEGAL_TRANSITION, VERSION_CONFLICT.
    async fn order_cancel_lines(
        &self,
        ctx: &Context<'_>,
        input: OrderCancelLinesInput,
        idempotency_key: String,
    ) -> Result<Payload<Order>> {
        let call = Call::of(ctx)?;
        let inputs = Inputs::of(ctx, &input, Some(&idempotency_key), input.expected_version);
        call.answer(cancel_lines(call, inputs, &input).await, Order::of)
    }
}

async fn cancel_lines(
    call: Call<'_>,
    mut inputs: Inputs,
    input: &OrderCancelLinesInput,
) -> Result<Outcome<OrderState>, AppError> {
    let order = inputs.parse::<OrderId>(&["orderId"], &input.order_id);
    let lines = line_units(&mut inputs, &input.lines);
    let reason = inputs.parse::<ShortText>(&["reason"], &input.reason);
    let (Some(order), Some(lines), Some(reason)) = (order, lines, reason) else { return Err(inputs.refused()) };
    let request = call.command(&inputs.command()?, call.correlation_of(&order).await?);
    app::order::request_line_cancellation(&call.state.shop, &request, &order, lines, reason).await
}
