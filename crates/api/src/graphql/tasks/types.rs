//! Tasks, processes, projections.

use async_graphql::{Enum, ID, SimpleObject};
use sagas::engine::{OpenTask, RunnerStatus};

use crate::graphql::scalars::{DateTime, Position, SafeInt};

/// A question that a human must decide.
#[derive(Clone, Debug, SimpleObject)]
pub struct Task {
    /// Its id.
    pub id: ID,
    /// The kind of process that asks.
    pub kind: String,
    /// The process that asks: an order, a return or a payment.
    pub process_id: ID,
    /// Names the question within the process.
    pub name: String,
    /// What is to be decided; no personal data.
    pub question: String,
    /// The answers to choose from.
    pub choices: Vec<String>,
    /// By when what it is about must be done, where there is such a moment: the answer may be late by then.
    pub due_at: Option<DateTime>,
}

impl From<OpenTask> for Task {
    fn from(open: OpenTask) -> Self {
        Self {
            id: ID(open.task.id.to_string()),
            kind: open.kind.to_owned(),
            process_id: ID(open.process),
            name: open.task.name,
            question: open.task.question,
            choices: open.task.choices,
            due_at: open.task.due_at.map(Into::into),
        }
    }
}

/// How all processes of one kind are doing.
#[derive(Clone, Debug, SimpleObject)]
pub struct ProcessStatus {
    /// The kind.
    pub kind: String,
    /// They were told everything up to here.
    pub position: Position,
    /// Processes that are not over.
    pub open: SafeInt,
    /// Tasks that wait for a human.
    pub tasks: SafeInt,
}

impl From<RunnerStatus> for ProcessStatus {
    fn from(status: RunnerStatus) -> Self {
        let count = |count: usize| SafeInt(i64::try_from(count).unwrap_or(i64::MAX));
        Self {
            kind: status.kind.to_owned(),
            position: Position(status.position),
            open: count(status.open),
            tasks: count(status.tasks),
        }
    }
}

/// How a projection is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "projections::ProjectionState")]
pub enum ProjectionState {
    /// It follows the end of the log.
    Live,
    /// It is on its way to the end of the log.
    CatchingUp,
    /// A new generation is being built; the old one serves.
    Rebuilding,
    /// It met an event that it cannot fold and stands still.
    Stalled,
}

/// Where a projection stands.
#[derive(Clone, Debug, SimpleObject)]
pub struct ProjectionStatus {
    /// Its name.
    pub name: String,
    /// What queries see holds every event up to here.
    pub position: Position,
    /// How many events it is behind the end of the log. Null while it is behind on a log that does not number its events
    /// without gaps (KurrentDB).
    pub lag_events: Option<SafeInt>,
    /// How it is doing.
    pub state: ProjectionState,
}
