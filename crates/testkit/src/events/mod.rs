//! What the log may hold, now and for ever: the families of events, their golden pairs, whole logs.

mod family;
pub mod golden;
pub mod log;
mod names;

pub use family::{Choice, Family, families};
pub use names::variants_of;
