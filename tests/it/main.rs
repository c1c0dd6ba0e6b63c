//! Every test that needs more than one room of the house. One binary, so that it links once.

mod acceptance;
mod events;
mod faults;
mod fuzz;
mod http;
mod kill;
mod localstripe;
mod past;
mod patroni;
mod processes;
mod sealed;
mod several;
mod tidy;

/// Says that a program is not here, so that its test passes over; in CI that is a failure.
fn missing<T>(what: &str) -> Option<T> {
    assert!(std::env::var("CI").as_deref() != Ok("true"), "{what}");
    eprintln!("{what}");
    None
}
