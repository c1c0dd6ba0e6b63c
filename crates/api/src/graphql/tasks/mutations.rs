//! Deciding tasks.

use app::actor::Permission;
use app::error::{AppError, Refused};
use async_graphql::{Context, ID, InputObject, Object, Result};
use domain::values::{ShortText, TaskId};
use sagas::engine::EngineError;

use super::types::Task;
use crate::graphql::call::Call;
use crate::graphql::errors::refusals;
use crate::graphql::inputs::Inputs;
use crate::graphql::payload::Payload;

/// Decides a task.
#[derive(Clone, Debug, InputObject)]
pub struct TaskDecideInput {
    /// The task.
    pub task_id: ID,
    /// One of its choices.
    pub choice: String,
    /// Why, 1 to 500 characters.
    pub reason: String,
}

/// Deciding tasks.
#[derive(Clone, Copy, Debug, Default)]
pub struct TaskMutation;

#[Object]
impl TaskMutation {
    /// Decides a task and lets its process go on. A task is decided once: it is not found afterwards. Needs
    /// `ORDERS_WRITE`. Codes: VALIDATION, NOT_FOUND.
    async fn task_decide(&self, ctx: &Context<'_>, input: TaskDecideInput) -> Result<Payload<Task>> {
        let call = Call::with(ctx, Permission::OrdersWrite)?;
        let inputs = Inputs::of(ctx, &input, None, None);
        match decide(call, inputs, &input).await {
            Ok(task) => Ok(Payload::done(task)),
            Err(error) => Ok(Payload::refused(refusals(error)?)),
        }
    }
}

async fn decide(call: Call<'_>, mut inputs: Inputs, input: &TaskDecideInput) -> Result<Task, AppError> {
    let task = inputs.parse::<TaskId>(&["taskId"], &input.task_id);
    let reason = inputs.parse::<ShortText>(&["reason"], &input.reason);
    let (Some(task), Some(reason)) = (task, reason) else { return Err(inputs.refused()) };
    let decided = call.state.processes.decide_task(&task, &input.choice, reason, call.actor).await;
    decided.map(Into::into).map_err(|error| match error {
        EngineError::TaskUnknown => Refused::not_found("open task").at(&["taskId"]).into(),
        EngineError::ChoiceUnknown(_) => Refused::new("VALIDATION", error.to_string())
            .at(&["choice"])
            .with("rule", "one of the task's choices")
            .into(),
        EngineError::Outlived => AppError::Unavailable { in_doubt: false, source: error.into() },
        EngineError::Store(source) => AppError::Unavailable { in_doubt: true, source },
    })
}
