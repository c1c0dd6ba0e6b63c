//! The one binary as a library: configuration, telemetry, wiring, sub-commands. Tests and benchmarks open the same shop
//! that `comptoir serve` opens.

pub mod background;
pub mod config;
pub mod defaults;
pub mod open;
pub mod telemetry;
