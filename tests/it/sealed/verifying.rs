//! A log that nobody touched is right, whole or from a checkpoint on, beside an open shop and after it.

use std::process::{Command, Output};

use comptoir::open::read_only_log;
use comptoir::verify::Against;
use proof::checkpoint::{Checkpoint, part};
use testkit::{Engine, TestShop};

use super::{sold, verified};

async fn is_right(engine: Engine) {
    let Some(sold) = sold(engine, 3).await else { return };
    let store = read_only_log(&sold.shop.config).await.expect("the log is there");
    let against = Against { witness: Some(sold.witness.clone()), ..Against::default() };
    let report = verified(&*store, &against).await;
    assert_eq!(report.finding, None, "{report}");
    assert!(report.events > 100 && report.streams > 10, "{report}");
    assert!(report.witnessed > 0 && report.checkpoints >= report.witnessed, "{report}");

    let notes = part(&sold.witness);
    let from = Against { from: notes.first().cloned(), ..against };
    let rest = verified(&*store, &from).await;
    let size = Checkpoint::unverified(&notes[0]).expect("a checkpoint").size;
    assert_eq!(rest.finding, None, "{rest}");
    assert_eq!(rest.events, report.events - size, "only what follows is read");
    let others_key = proof::checkpoint::log_signer(&[1; 32]).expect("a key").key().clone();
    let foreign = verified(&*store, &Against { key: Some(others_key), ..Against::default() }).await;
    assert!(foreign.finding.is_some(), "{foreign}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_on_sqlite_is_right() {
    is_right(Engine::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_on_postgres_is_right() {
    is_right(Engine::Postgres).await;
}

/// Runs a sub-command in a process of its own.
pub fn comptoir(shop: &TestShop, arguments: &[&str]) -> Output {
    let mut command = Command::new(crate::kill::program::binary());
    command.arg("--data-dir").arg(&shop.config.data_dir).args(arguments);
    command.env_remove("DATABASE_URL").output().expect("the program runs")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_program_verifies_and_proves_beside_an_open_shop() {
    let closed = sold(Engine::Sqlite, 1).await.expect("SQLite is everywhere");
    let shop = closed.shop.reopen().await;
    let verify = comptoir(&shop, &["verify"]);
    let told = String::from_utf8_lossy(&verify.stdout).into_owned();
    assert!(verify.status.success() && told.contains("Everything is right."), "{told}{verify:?}");
    let proof = comptoir(&shop, &["prove", "7"]);
    let proof: serde_json::Value = serde_json::from_slice(&proof.stdout).expect("a proof is JSON");
    assert_eq!(proof["leaf_index"], 6);
    let refused = comptoir(&shop, &["prove", "999999"]);
    let told = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(!refused.status.success() && told.contains("sealed"), "{told}");
}
