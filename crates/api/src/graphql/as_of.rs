//! Things as they were: `asOf` on the roots that show one thing.

use app::as_of::{AsOf, Past};
use async_graphql::{OneofObject, Result};

use super::ApiState;
use super::errors::failure;
use super::scalars::{DateTime, Position};

/// A place in the past, exactly one of them. The answer is folded from the log, never from a read model. A position that
/// the log has not reached and a time that has not come are refused with `BAD_REQUEST`; `extensions.reason` is then
/// `AS_OF_BEYOND_END` or `AS_OF_IN_FUTURE`.
#[derive(Clone, Copy, Debug, OneofObject)]
#[graphql(name = "AsOf")]
pub enum AsOfInput {
    /// As it was at a time: after the longest beginning of the log that holds nothing recorded later.
    Time(DateTime),
    /// As it was once this position was stored, such as a payload's `position`.
    Position(Position),
}

/// Finds when a state is asked for.
///
/// # Errors
/// BAD_REQUEST with a reason for what is not past.
pub(crate) async fn resolve(state: &ApiState, as_of: Option<AsOfInput>) -> Result<AsOf> {
    let past = match as_of {
        None => return Ok(AsOf::Now),
        Some(AsOfInput::Time(DateTime(time))) => Past::Time(time),
        Some(AsOfInput::Position(position)) => Past::Position(position.into()),
    };
    app::as_of::resolve(&state.shop, past).await.map_err(failure)
}
