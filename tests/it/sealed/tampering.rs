//! Whoever changes the log is found, by our verifier and by the one that has none of our code. `COMPTOIR_TAMPERINGS` says
//! how many changes are tried (500 unless told otherwise, 100,000 for a release).

use comptoir::exchange::{Export, Format, export, export_checkpoints};
use comptoir::progress::Console;
use comptoir::verify::{Against, check};
use event_store::EventStore;
use event_store::sqlite::SqliteStore;
use proof::note::VerifierKey;
use testkit::{Engine, TempFolder};

use super::attacker::{Attack, Copy, Dice};
use super::independent::{Python, verified_by_python};
use super::sold;

/// How many changes are tried unless `COMPTOIR_TAMPERINGS` says otherwise.
const TAMPERINGS: usize = 500;
/// Of so many changes one is shown to the independent verifier, too, which starts openssl for every checkpoint.
const INDEPENDENT_EVERY: usize = 21;

/// What an auditor outside has.
struct Auditor {
    key: VerifierKey,
    witness: String,
}

impl Auditor {
    /// Returns whether something is found, with the witness or without one.
    async fn finds(&self, store: &dyn EventStore, with_witness: bool) -> bool {
        let witness = with_witness.then(|| self.witness.clone());
        let against = Against { key: Some(self.key.clone()), from: None, witness };
        // What cannot be read at all is found, too.
        check(store, &against, &Console::silent()).await.map_or(true, |report| report.finding.is_some())
    }

    /// Returns whether the independent verifier finds something in what can be exported.
    async fn python_finds(&self, store: &dyn EventStore, folder: &TempFolder, python: &Python) -> bool {
        let (mut events, mut checkpoints) = (Vec::new(), Vec::new());
        let all = Export { format: Format::Jsonl, from: 1, to: None, stream: None };
        let left = export(store, &all, &mut events, &Console::silent()).await.is_ok();
        if !left || export_checkpoints(store, &mut checkpoints).await.is_err() {
            return true;
        }
        let files = [("events", &events[..]), ("checkpoints", &checkpoints), ("witness", self.witness.as_bytes())];
        for (name, content) in files {
            std::fs::write(folder.path().join(name), content).expect("the export is written");
        }
        !verified_by_python(python, folder.path(), &self.key.to_string()).status.success()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_tampering_is_found() {
    let count = std::env::var("COMPTOIR_TAMPERINGS").ok().and_then(|count| count.parse().ok()).unwrap_or(TAMPERINGS);
    let sold = sold(Engine::Sqlite, 12).await.expect("SQLite is everywhere");
    let log = sold.shop.config.data_dir.join("log.sqlite");
    let store = SqliteStore::open_read_only(&log).await.expect("the log is there");
    let auditor =
        Auditor { key: app::seal::public_key(&store).await.expect("it has a key"), witness: sold.witness.clone() };
    drop(store);
    let (original, python) = (Copy::original(&log), Python::find());
    let folder = TempFolder::new();
    let (mut dice, mut found, mut found_by_python, mut shown) = (Dice(20_261_122), 0, 0, 0);
    assert!(!untouched(&auditor, &original, python.as_ref()).await, "nobody cries wolf");
    for nth in 0..count {
        let attack = Attack::ALL[nth % Attack::ALL.len()];
        let what = Copy::of(&original, folder.path()).attack(attack, &mut dice).await;
        let store = SqliteStore::open_read_only(folder.path().join("log.sqlite")).await.expect("a file is there");
        assert!(auditor.finds(&store, true).await, "{what} was not found");
        assert_eq!(auditor.finds(&store, false).await, attack.leaves_traces(), "{what}, without the witness");
        found += 1;
        // What is stored beside the signed notes does not leave with them.
        let leaves = !what.contains("tree_tiles") && !what.contains("checkpoints.root");
        if let Some(python) = python.as_ref().filter(|_| leaves && nth.is_multiple_of(INDEPENDENT_EVERY)) {
            shown += 1;
            found_by_python += usize::from(auditor.python_finds(&store, &folder, python).await);
            assert_eq!(found_by_python, shown, "{what} was not found by docs/verify.py");
        }
    }
    println!("{found} of {count} changes found; by docs/verify.py {found_by_python} of {shown}");
    assert_eq!(found, count);
}

/// Returns whether something is found in a copy that nobody changed.
async fn untouched(auditor: &Auditor, original: &[u8], python: Option<&Python>) -> bool {
    let folder = TempFolder::new();
    drop(Copy::of(original, folder.path()));
    let store = SqliteStore::open_read_only(folder.path().join("log.sqlite")).await.expect("a file is there");
    let by_python = match python {
        Some(python) => auditor.python_finds(&store, &folder, python).await,
        None => false,
    };
    auditor.finds(&store, true).await || by_python
}
