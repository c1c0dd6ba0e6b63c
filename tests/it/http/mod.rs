//! The shop as its clients see it: over HTTP, on every engine.

mod audit;
mod bad_input;
mod bank;
mod freshness;
pub mod journey;
mod lines;
pub mod operations;
mod parallel;
mod personal_data;
mod standby;
