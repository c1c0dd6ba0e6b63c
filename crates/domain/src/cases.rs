//! How properties are tried: the same cases each time, more of them on demand.

use std::env;

use proptest::test_runner::{Config, RngSeed};

/// How many cases of each property are tried, unless `COMPTOIR_CASES` says otherwise.
const CASES: u32 = 1_000;

/// Returns how the properties of this crate are tried. `COMPTOIR_SEED` chooses other cases.
pub(crate) fn cases() -> Config {
    let number = |name: &str| env::var(name).ok().map(|text| text.parse::<u32>().expect("a number"));
    let cases = number("COMPTOIR_CASES").unwrap_or(CASES);
    let seed = number("COMPTOIR_SEED").unwrap_or(1);
    Config { cases, rng_seed: RngSeed::Fixed(seed.into()), failure_persistence: None, ..Config::default() }
}
