//! The simulator: in many worlds of random crashes, lost answers, duplicates and latencies every promise is kept. It has its own
//! log in memory, so there is one engine here. `COMPTOIR_WORLDS` says how many there are, `COMPTOIR_SEED` which.

use testkit::TempFolder;

use crate::faults::{number, times};
use crate::kill::program::Program;

/// How many worlds there are unless told otherwise, and for a release.
const WORLDS: (usize, usize) = (3, 10_000);
/// How many buyers come to a world.
const BUYERS: &str = "10";

#[tokio::test(flavor = "multi_thread")]
async fn every_promise_is_kept_in_every_world() {
    let folder = TempFolder::new();
    let first = number("COMPTOIR_SEED").unwrap_or_default() * WORLDS.1;
    for world in 1..=times("COMPTOIR_WORLDS", WORLDS.0, WORLDS.1) {
        let (seed, orders) = ((first + world).to_string(), BUYERS);
        let arguments = ["simulate", "--seed", &seed, "--orders", orders, "--faults", "storm"];
        let (ended_well, said) = Program::run(folder.path(), None, &arguments).await;
        assert!(ended_well && said.contains("found    0 violations"), "seed {seed}: {said}");
        eprintln!("world {world}: right");
    }
}
