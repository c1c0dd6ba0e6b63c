//! The processes on the real write side and the simulated gateways, without HTTP.

mod checkout;
mod race;
mod restart;
mod returns;
mod shopper;
mod undo;
