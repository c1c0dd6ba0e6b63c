use std::collections::BTreeSet;
use std::time::Duration;

use event_store::{EventStore, Position};

use crate::Slice;
use crate::order::OrderSearch;
use crate::rows::{Dialect, ReadStore};

#[test]
fn names_are_unique_and_indexes_name_columns() {
    let (mut names, mut tables) = (BTreeSet::new(), BTreeSet::new());
    for projection in crate::all() {
        assert!(names.insert(projection.name()), "{}", projection.name());
        for table in projection.tables() {
            assert!(tables.insert(table.name), "{}", table.name);
            assert!((1..=table.columns.len()).contains(&table.key), "{}", table.name);
            assert!(table.key_columns().iter().all(|column| !column.nullable), "{}", table.name);
            let columns: BTreeSet<&str> = table.columns.iter().map(|column| column.name).collect();
            assert_eq!(columns.len(), table.columns.len(), "{}", table.name);
            assert!(table.indexes.iter().flat_map(|index| index.iter()).all(|column| columns.contains(column)));
            // PostgreSQL cuts names at 63 bytes; leave room for a generation and an index.
            assert!(table.name.len() <= 40, "{}", table.name);
        }
    }
}

#[test]
fn money_has_a_currency() {
    for table in crate::all().iter().flat_map(|projection| projection.tables()) {
        let has = |name: &str| table.columns.iter().any(|column| column.name == name);
        let money = table.columns.iter().any(|column| column.name.ends_with("_minor"));
        assert!(!money || has("currency"), "{}", table.name);
    }
}

#[test]
fn statements_are_what_each_engine_wants() {
    let table = crate::all()[1].tables()[0];
    let sqlite = Dialect::Sqlite.create(table, "levels_g1").join(";\n");
    assert!(sqlite.contains("WITHOUT ROWID") && !sqlite.contains("COLLATE"), "{sqlite}");
    let postgres = Dialect::Postgres.create(table, "levels_g1").join(";\n");
    assert!(postgres.contains(r#""read"."levels_g1""#) && postgres.contains(r#"COLLATE "C""#), "{postgres}");
}

#[tokio::test]
async fn a_store_in_a_file_answers_while_it_is_written() {
    let path = std::env::temp_dir().join(format!("projections_{}.sqlite", uuid::Uuid::new_v4()));
    let story = super::long_story().await;
    let store = ReadStore::sqlite(&path).expect("the file opens");
    let mut runner = super::open(&story, store, crate::all()).await.with_batch_events(20);
    let models = runner.models();
    let end: Position = *story.log.head().borrow();
    let reader = tokio::spawn(async move {
        while !models.wait_for(end, &["order"], Duration::ZERO).await {
            let page = models.orders().search(OrderSearch::default(), Slice::first(5)).await.expect("it answers");
            for edge in page.items {
                let order = models.orders().order(&edge.node.id).await.expect("it answers").expect("it is there");
                assert_eq!(order.lines.len(), 2, "an order and its lines appear together");
            }
            tokio::task::yield_now().await;
        }
    });
    runner.catch_up().await.expect("the runner catches up");
    reader.await.expect("the reader ends");
    super::assert_live(&runner.models());
    drop(runner);
    for end in ["", "-wal", "-shm"] {
        std::fs::remove_file(format!("{}{end}", path.display())).ok();
    }
}
