//! The payment adapter against the simulator, and the carrier.

mod authorise;
mod capture_and_refund;
mod carrier;
mod http;
mod journal;
mod notices;
mod support;
mod void;
