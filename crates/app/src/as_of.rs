//! The shop as it was: which beginning of the log a question is about.
//!
//! Every aggregate is a fold of its events, so it can be folded up to any position of the log, and the log is never
//! changed: the same question has the same answer for ever.

#[cfg(test)]
mod tests;

use domain::values::Timestamp;
use event_store::Filter;
pub use event_store::Position;

use crate::Shop;
use crate::error::{AppError, Refused};

/// When a state is asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AsOf {
    /// As it is.
    #[default]
    Now,
    /// As it was once everything up to here was stored.
    Position(Position),
}

impl AsOf {
    /// Returns whether something at this position had happened.
    pub fn includes(self, position: Position) -> bool {
        match self {
            AsOf::Now => true,
            AsOf::Position(until) => position <= until,
        }
    }
}

/// A place in the past, as people name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Past {
    /// A time. See [`event_store::moments`] for the position it stands for.
    Time(Timestamp),
    /// A position of the log; 0 is before everything.
    Position(Position),
}

/// Finds the position that a place in the past stands for.
///
/// # Errors
/// `AS_OF_BEYOND_END` for a position that the log has not reached, `AS_OF_IN_FUTURE` for a time that has not come; a
/// failure when the log cannot be read.
pub async fn resolve(shop: &Shop, past: Past) -> Result<AsOf, AppError> {
    match past {
        Past::Position(position) => {
            let end = end_of_log(shop, position).await?;
            if position > end {
                let message = format!("the log ends at position {end}: ask for that one or for an earlier one");
                return Err(Refused::new("AS_OF_BEYOND_END", message).at(&["asOf", "position"]).into());
            }
            Ok(AsOf::Position(position))
        }
        Past::Time(time) => {
            if time > shop.clock.now() {
                let message = "that time has not come: ask for the present or for the past";
                return Err(Refused::new("AS_OF_IN_FUTURE", message).at(&["asOf", "time"]).into());
            }
            Ok(AsOf::Position(shop.moments.position_at(time.micros()).await?))
        }
    }
}

/// Returns the moment that a place in the past stands for, once it was resolved: of a position, when what stands there was
/// recorded. A log that cannot be read backwards from a position tells when the next event was, or that it is now.
///
/// # Errors
/// A failure when the log cannot be read.
pub async fn moment(shop: &Shop, past: Past) -> Result<Timestamp, AppError> {
    let position = match past {
        Past::Time(time) => return Ok(time),
        Past::Position(position) => position,
    };
    let store = shop.bus.store();
    let before = if store.has_dense_positions() { Position(position.0.saturating_sub(1)) } else { position };
    let found = store.read_all(before, 1, &Filter::default()).await?.events;
    Ok(found.first().map_or_else(|| shop.clock.now(), |event| Timestamp::from_micros(event.recorded_at)))
}

/// Returns the end of the log. It is read where it seems to lie before a position: another process may have written it.
async fn end_of_log(shop: &Shop, position: Position) -> Result<Position, AppError> {
    let known = *shop.bus.store().head().borrow();
    if known >= position {
        return Ok(known);
    }
    Ok(shop.bus.store().read_all(known, 1, &Filter::default()).await?.head)
}
