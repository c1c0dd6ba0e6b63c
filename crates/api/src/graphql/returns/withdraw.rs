//! Withdrawing from the contract, in two steps.

use app::error::AppError;
use async_graphql::{Context, ID, InputObject, Object, Result, SimpleObject};
use domain::order::{DeclaredWithdrawal, ReturnedLine, WITHDRAWAL_CONFIRM_SECONDS};
use domain::values::{OrderId, ReturnId};

use super::mutations::{Changed, ReturnLineInput, returned_lines};
use super::types::Return;
use crate::graphql::call::Call;
use crate::graphql::errors::refusals;
use crate::graphql::inputs::Inputs;
use crate::graphql::payload::Payload;
use crate::graphql::scalars::{DateTime, Position};

/// Declares to withdraw from the contract.
#[derive(Clone, Debug, InputObject)]
pub struct WithdrawalDeclareInput {
    /// The order.
    pub order_id: ID,
    /// What it is about, 1 to 500 lines, none twice; left out, all that can still come back.
    pub lines: Option<Vec<ReturnLineInput>>,
}

/// Confirms a declared withdrawal.
#[derive(Clone, Debug, InputObject)]
pub struct WithdrawalConfirmInput {
    /// The order.
    pub order_id: ID,
    /// What was declared.
    pub withdrawal_id: ID,
}

/// A withdrawal from the contract that was declared. It binds nobody before it is confirmed.
#[derive(Clone, Debug, SimpleObject)]
pub struct Withdrawal {
    /// Its id, and that of the return it becomes.
    pub id: ID,
    /// The order.
    pub order_id: ID,
    /// What it is about.
    pub lines: Vec<WithdrawnLine>,
    /// When it was declared: the moment that counts.
    pub declared_at: DateTime,
    /// Until when it must be confirmed.
    pub confirm_by: DateTime,
}

/// Units of an order's line that a withdrawal is about.
#[derive(Clone, Debug, SimpleObject)]
pub struct WithdrawnLine {
    /// The order's line.
    pub line_id: ID,
    /// How many units.
    pub quantity: i64,
}

impl Withdrawal {
    fn of(order: &OrderId, declared: &DeclaredWithdrawal) -> Self {
        let line =
            |line: &ReturnedLine| WithdrawnLine { line_id: ID(line.line.to_string()), quantity: line.quantity.units() };
        Self {
            id: ID(declared.return_id.to_string()),
            order_id: ID(order.to_string()),
            lines: declared.lines.iter().map(line).collect(),
            declared_at: declared.declared_at.into(),
            confirm_by: declared.declared_at.plus_seconds(WITHDRAWAL_CONFIRM_SECONDS).into(),
        }
    }
}

/// Withdrawing from the contract.
#[derive(Clone, Copy, Debug, Default)]
pub struct WithdrawalMutation;

#[Object]
impl WithdrawalMutation {
    /// The first step of withdrawing from the contract for one's own order: says for what. Possible until
    /// `Order.withdrawalEndsAt`; nothing is bound before `withdrawalConfirm`. Codes: VALIDATION, NOT_FOUND, NOT_DELIVERED,
    /// NOT_RETURNABLE, CANCELLATION_UNDER_WAY, WITHDRAWAL_PERIOD_OVER, LINE_NOT_FOUND, RETURN_LINES_INVALID, RETURN_LIMIT.
    async fn withdrawal_declare(
        &self,
        ctx: &Context<'_>,
        input: WithdrawalDeclareInput,
        idempotency_key: String,
    ) -> Result<Payload<Withdrawal>> {
        let call = Call::of(ctx)?;
        let inputs = Inputs::of(ctx, &input, Some(&idempotency_key), None);
        match declare(call, inputs, &input).await {
            Ok((withdrawal, position, replayed)) => Ok(call.stored(withdrawal, position, replayed)),
            Err(error) => Ok(Payload::refused(refusals(error)?)),
        }
    }

    /// The second step of withdrawing from the contract, within a day of the first: the return is approved, and
    /// `Return.withdrawal` is the dated acknowledgement. Codes: VALIDATION, NOT_FOUND, RETURN_NOT_FOUND, RETURN_WITHDRAWN,
    /// WITHDRAWAL_LAPSED, NOT_RETURNABLE, RETURN_LIMIT.
    async fn withdrawal_confirm(
        &self,
        ctx: &Context<'_>,
        input: WithdrawalConfirmInput,
        idempotency_key: String,
    ) -> Result<Payload<Return>> {
        let call = Call::of(ctx)?;
        let inputs = Inputs::of(ctx, &input, Some(&idempotency_key), None);
        call.answer(confirm(call, inputs, &input).await, Return::of)
    }
}

type Declared = Result<(Withdrawal, Option<Position>, bool), AppError>;

async fn declare(call: Call<'_>, mut inputs: Inputs, input: &WithdrawalDeclareInput) -> Declared {
    let order = inputs.parse::<OrderId>(&["orderId"], &input.order_id);
    let lines = input.lines.as_ref().map(|lines| returned_lines(&mut inputs, lines));
    let (Some(order), None | Some(Some(_))) = (order, &lines) else { return Err(inputs.refused()) };
    let request = call.command(&inputs.command()?, call.correlation_of(&order).await?);
    let declared = app::returns::declare_withdrawal(&call.state.shop, &request, &order, lines.flatten()).await;
    let (outcome, declared) = declared?;
    let position = outcome.position.map(|position| Position(position.0));
    Ok((Withdrawal::of(&order, &declared), position, outcome.replayed))
}

async fn confirm(call: Call<'_>, mut inputs: Inputs, input: &WithdrawalConfirmInput) -> Changed {
    let order = inputs.parse::<OrderId>(&["orderId"], &input.order_id);
    let withdrawal = inputs.parse::<ReturnId>(&["withdrawalId"], &input.withdrawal_id);
    let (Some(order), Some(withdrawal)) = (order, withdrawal) else { return Err(inputs.refused()) };
    let request = call.command(&inputs.command()?, call.correlation_of(&order).await?);
    let confirmed = app::returns::confirm_withdrawal(&call.state.shop, &request, &order, &withdrawal).await;
    let (mut outcome, replayed) = confirmed?;
    outcome.replayed = replayed;
    Ok(outcome)
}
