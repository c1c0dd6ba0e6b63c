//! The one binary as a library: configuration, telemetry, wiring, sub-commands. Tests and benchmarks open the same shop
//! that `comptoir serve` opens.

pub mod admin;
pub mod ask;
pub mod background;
pub mod backup;
pub mod config;
pub mod defaults;
pub mod demo;
pub mod exchange;
pub mod import;
pub mod open;
pub mod past;
pub mod payments;
pub mod progress;
pub mod prove;
pub mod seller;
pub mod serve;
pub mod simulate;
pub mod telemetry;
pub mod verify;
pub mod witness;
