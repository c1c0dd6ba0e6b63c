//! Things as they were: `asOf` on the roots that show one thing.

use app::as_of::{AsOf, Past};
use async_graphql::{OneofObject, Result};
use domain::values::Timestamp;

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
    let Some(as_of) = as_of else { return Ok(AsOf::Now) };
    app::as_of::resolve(&state.shop, as_of.into()).await.map_err(failure)
}

/// Finds the moment that a state is asked for, which was found already: what ends at a moment had or had not ended by then.
///
/// # Errors
/// A failure when the log cannot be read.
pub(crate) async fn moment(state: &ApiState, as_of: Option<AsOfInput>) -> Result<Timestamp> {
    let Some(as_of) = as_of else { return Ok(state.shop.clock.now()) };
    app::as_of::moment(&state.shop, as_of.into()).await.map_err(failure)
}

impl From<AsOfInput> for Past {
    fn from(as_of: AsOfInput) -> Self {
        match as_of {
            AsOfInput::Time(DateTime(time)) => Past::Time(time),
            AsOfInput::Position(position) => Past::Position(position.into()),
        }
    }
}
