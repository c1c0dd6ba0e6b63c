//! Reading what one has just written: a query waits for the read models behind its root fields.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use async_graphql::parser::types::OperationType;
use async_graphql::{Context, Request, Result, Value};
use projections::ReadModels;

use super::ApiState;
use super::call::{request, state};
use super::scalars::Position;
use crate::http::context::{Consistency, RequestContext, RequestHook};
use crate::http::error::ErrorCode as FailureCode;

/// The longest a query waits for the position it asked for.
const WAIT_MAX: Duration = Duration::from_secs(1);
/// Names the search beside the projections.
pub(crate) const SEARCH: &str = "search";

/// How fresh the root fields of one operation are, taken together.
#[derive(Debug, Default)]
struct Freshness(Mutex<Option<(Position, u64, bool)>>);

impl Freshness {
    /// Adds a root field: the oldest position, the longest wait, stale if any is.
    fn add(&self, position: Position, waited_ms: u64, stale: bool) -> (Position, u64, bool) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (oldest, longest, any_stale) = known.unwrap_or((position, waited_ms, stale));
        *known.insert((oldest.min(position), longest.max(waited_ms), any_stale || stale))
    }
}

/// What a request's `extensions.consistency` asks for, `{"after": POSITION, "strict": true}`: beside the headers
/// `After-Position` and `Consistency`, for clients that cannot set headers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Wish {
    after: Option<String>,
    strict: bool,
}

impl Wish {
    fn of(value: &Value) -> Self {
        let Value::Object(fields) = value else { return Self::default() };
        let after = match fields.get("after") {
            Some(Value::String(after)) => Some(after.clone()),
            Some(_) | None => None,
        };
        Self { after, strict: fields.get("strict") == Some(&Value::Boolean(true)) }
    }
}

/// What the schema adds to each operation: room to note how fresh its root fields are.
#[derive(Clone, Copy, Debug, Default)]
pub struct ConsistencyHook;

impl RequestHook for ConsistencyHook {
    fn prepare(&self, _context: &RequestContext, request: &mut Request) {
        let wish = request.extensions.get("consistency").map(Wish::of).unwrap_or_default();
        request.data.insert(wish);
        request.data.insert(Freshness::default());
    }
}

/// Waits until the read models of these names have reached the position that the request asked for, at most
/// [`WAIT_MAX`], notes in the response how fresh they are, and returns the read models to ask, see [`reads`].
///
/// # Errors
/// BAD_REQUEST for a position that is none; PROJECTION_BEHIND where the request is strict and they have not.
pub(crate) async fn wait(ctx: &Context<'_>, names: &[&str]) -> Result<ReadModels> {
    let (state, request) = (state(ctx)?, request(ctx)?);
    let Some(text) = asked_after(ctx, request) else {
        return reads(ctx);
    };
    let malformed = || FailureCode::BadRequest.error("the position to read after is not one of this shop");
    let goal = Position::parse(text).ok_or_else(malformed)?;
    let started = Instant::now();
    let is_reached = reached(state, goal, names).await;
    let waited_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    let (position, stale) = (position_of(state, names), !is_reached);
    let (position, waited_ms, stale) = match ctx.data_opt::<Freshness>() {
        Some(freshness) => freshness.add(position, waited_ms, stale),
        None => (position, waited_ms, stale),
    };
    request.set_consistency(Consistency { position: position.text(), waited_ms, stale });
    if stale && is_strict(ctx, request) {
        return Err(FailureCode::ProjectionBehind.error("the read models have not reached the position yet: try again"));
    }
    reads(ctx)
}

/// Returns the read models to ask: a query that named no position and is not strict may be answered by a standby. Where
/// read models are is known of the primary's, so that who waited for them asks those; a mutation's payload does too.
///
/// # Errors
/// INTERNAL when the schema was built without them.
pub(crate) fn reads(ctx: &Context<'_>) -> Result<ReadModels> {
    let (state, request) = (state(ctx)?, request(ctx)?);
    let is_query = ctx.query_env.operation.node.ty == OperationType::Query;
    if is_query && asked_after(ctx, request).is_none() && !is_strict(ctx, request) {
        return Ok(state.reads.that_may_lag());
    }
    Ok(state.reads.clone())
}

fn asked_after<'a>(ctx: &Context<'a>, request: &'a RequestContext) -> Option<&'a str> {
    let wish = ctx.data_opt::<Wish>();
    wish.and_then(|wish| wish.after.as_deref()).or(request.after_position.as_deref())
}

fn is_strict(ctx: &Context<'_>, request: &RequestContext) -> bool {
    request.is_strict || ctx.data_opt::<Wish>().is_some_and(|wish| wish.strict)
}

async fn reached(state: &ApiState, goal: Position, names: &[&str]) -> bool {
    let projections: Vec<&str> = names.iter().copied().filter(|name| *name != SEARCH).collect();
    let mut indexed = state.search.position();
    let mut position = *indexed.borrow();
    position.0 = goal.0;
    let tables = state.reads.wait_for(position, &projections, WAIT_MAX);
    if !names.contains(&SEARCH) {
        return tables.await;
    }
    let index = async move { indexed.wait_for(|reached| reached.0 >= goal.0).await.is_ok() };
    let (tables, index) = tokio::join!(tables, tokio::time::timeout(WAIT_MAX, index));
    tables && index.unwrap_or(false)
}

/// Returns the position that all of these have reached.
fn position_of(state: &ApiState, names: &[&str]) -> Position {
    let tables = state.reads.status().into_iter().filter(|status| names.contains(&status.name));
    let tables = tables.map(|status| status.position.0).min();
    let index = names.contains(&SEARCH).then(|| state.search.position().borrow().0);
    Position([tables, index].into_iter().flatten().min().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_may_ask_in_its_extensions() {
        let position = Position(7).text();
        let wish = Wish::of(&async_graphql::value!({ "after": position.clone(), "strict": true }));
        assert_eq!(wish, Wish { after: Some(position), strict: true });
        assert_eq!(Wish::of(&async_graphql::value!({ "after": 7, "strict": "yes" })), Wish::default());
    }

    #[test]
    fn several_root_fields_are_as_fresh_as_the_oldest() {
        let freshness = Freshness::default();
        assert_eq!(freshness.add(Position(7), 3, false), (Position(7), 3, false));
        assert_eq!(freshness.add(Position(5), 1, true), (Position(5), 3, true));
        assert_eq!(freshness.add(Position(9), 9, false), (Position(5), 9, true));
    }
}
