//! The processes on the real write side and the simulated gateways, without HTTP.

mod checkout;
mod lines;
mod race;
mod restart;
pub mod returns;
pub mod shopper;
mod undo;
