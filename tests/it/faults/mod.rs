//! What may go wrong around a shop, done to the real binary: the power, the disk, the database, a second writer, the clock,
//! the provider.
//!
//! Each kind of fault has a small number, for every run, and a large one, which `.ci/release-gate` runs (as does
//! `COMPTOIR_RELEASE_GATE=1`, in one piece). A variable of its own, such as `COMPTOIR_IMAGES`, sets any other.

mod backups;
mod clock;
mod disk;
mod failing;
mod journal;
mod layer;
mod platter;
mod power_cuts;
mod refusals;
mod selling;
mod times;

/// Returns the number that a variable holds.
pub fn number(variable: &str) -> Option<usize> {
    let text = std::env::var(variable).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{variable} is a number")))
}

/// Returns how often something is done.
pub fn times(variable: &str, small: usize, large: usize) -> usize {
    let usual = if std::env::var("COMPTOIR_RELEASE_GATE").is_ok_and(|value| value == "1") { large } else { small };
    number(variable).unwrap_or(usual)
}
