//! What a projection is: a pure fold from events to rows.

use crate::event::Event;
use crate::rows::Table;
use crate::working::{FoldError, Working};

/// How many times `keys` is asked at most: rows may name further rows, which may name further ones.
pub(crate) const KEY_ROUNDS_MAX: usize = 4;

/// A fold from events to the rows of some tables. Pure: no clock, no randomness, no I/O, so that a replay from zero gives
/// the same rows whatever the size of the batches.
pub trait Projection: Send + Sync + 'static {
    /// Returns its name, unique and for ever.
    fn name(&self) -> &'static str;

    /// Returns the version of tables and fold together. A higher one is built beside the old one and takes over.
    fn version(&self) -> i64;

    /// Returns its tables.
    fn tables(&self) -> &'static [&'static Table];

    /// Returns the kinds of stream it reads.
    fn kinds(&self) -> &'static [&'static str];

    /// Returns the types of event it reads of these streams; none named means all. What is left out costs it nothing.
    fn event_types(&self) -> &'static [&'static str] {
        &[]
    }

    /// Names the rows that a batch of events needs. Asked again after they were read, until nothing new is named, so that
    /// rows read may name further rows. Rows that events earlier in the batch will make are to be foreseen here.
    ///
    /// # Errors
    /// [`FoldError`] when an event cannot be read.
    fn keys(&self, events: &[&Event], rows: &mut Working) -> Result<(), FoldError>;

    /// Folds one event.
    ///
    /// # Errors
    /// [`FoldError`] when it cannot: the projection stops before the batch.
    fn apply(&self, event: &Event, rows: &mut Working) -> Result<(), FoldError>;
}
