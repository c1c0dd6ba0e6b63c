//! Adapters of the ports in `sagas::ports`: a payment provider in Stripe's wire format, a simulator of that provider
//! that the same adapter speaks to, and a simulated carrier.
//!
//! No card number, address, e-mail or provider message is kept, logged or shown here: amounts, tokens and codes only.

pub mod carrier;
mod form;
pub mod simulator;
pub mod stripe;
