//! The simulator: the real shop in one thread, by one seed. Processes of it, API and everything behind, stand over one log
//! and die, stand still and start again; the network loses, repeats and delays; people buy, pay, cancel and send back. After
//! every commit the invariants are looked at, and when everything has come to rest every cent and every unit is accounted
//! for. The same seed is the same log, byte for byte (docs/adr/0021).
//!
//! Time is the runtime's paused time and leaps over what nobody needs; chance is [`Profile`] and the seed. Nothing here
//! touches a disk, a socket or another thread.

mod books;
mod bugs;
mod carrier;
mod clock;
mod dice;
mod doors;
mod fate;
mod faults;
mod ids;
mod log;
mod population;
mod port;
mod process;
mod provider;
mod report;
mod run;
mod sabotage;
mod seals;
mod shrink;
mod world;

pub use books::Outcomes;
pub use bugs::Bug;
pub use faults::{Fault, Profile};
pub use report::Report;
pub use run::{Scenario, Simulator, WORLD_ORDERS_MAX, WorldReport};
pub use shrink::{Shrunk, shrink};
pub use world::Violation;
