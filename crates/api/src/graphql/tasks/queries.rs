//! How the shop's inside is doing.

use app::actor::Permission;
use async_graphql::{Context, Object, Result};

use super::types::{ProcessStatus, ProjectionState, ProjectionStatus, Task};
use crate::graphql::call::{Call, state};
use crate::graphql::consistency::SEARCH;
use crate::graphql::scalars::{Position, SafeInt};

/// How the shop's inside is doing.
#[derive(Clone, Copy, Debug, Default)]
pub struct TaskQuery;

/// Counts the events between two positions, where the log numbers them without gaps.
fn lag(head: u64, position: u64, is_dense: bool) -> Option<SafeInt> {
    let behind = head.saturating_sub(position);
    (is_dense || behind == 0).then(|| SafeInt(i64::try_from(behind).unwrap_or(i64::MAX)))
}

#[Object]
impl TaskQuery {
    /// The tasks that wait for a human. Needs `ORDERS_WRITE`.
    async fn tasks(&self, ctx: &Context<'_>) -> Result<Vec<Task>> {
        let call = Call::with(ctx, Permission::OrdersWrite)?;
        Ok(call.state.processes.tasks().into_iter().map(Into::into).collect())
    }

    /// How the processes are doing. Needs `ORDERS_READ`.
    async fn processes(&self, ctx: &Context<'_>) -> Result<Vec<ProcessStatus>> {
        let call = Call::with(ctx, Permission::OrdersRead)?;
        Ok(call.state.processes.status().into_iter().map(Into::into).collect())
    }

    /// Where every read model stands, the search among them.
    async fn projections(&self, ctx: &Context<'_>) -> Result<Vec<ProjectionStatus>> {
        let state = state(ctx)?;
        let store = state.shop.bus.store();
        let (head, is_dense) = (store.head().borrow().0, store.has_dense_positions());
        let mut all: Vec<ProjectionStatus> = state
            .reads
            .status()
            .into_iter()
            .map(|status| ProjectionStatus {
                name: status.name.to_owned(),
                position: Position(status.position.0),
                lag_events: lag(head, status.position.0, is_dense),
                state: status.state.into(),
            })
            .collect();
        let indexed = state.search.position().borrow().0;
        let is_live = indexed >= head;
        all.push(ProjectionStatus {
            name: SEARCH.to_owned(),
            position: Position(indexed),
            lag_events: lag(head, indexed, is_dense),
            state: if is_live { ProjectionState::Live } else { ProjectionState::CatchingUp },
        });
        Ok(all)
    }
}
