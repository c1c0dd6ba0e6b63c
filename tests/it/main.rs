//! Every test that needs more than one room of the house. One binary, so that it links once.

mod events;
mod faults;
mod http;
mod kill;
mod past;
mod patroni;
mod processes;
mod sealed;
mod several;
mod tidy;
