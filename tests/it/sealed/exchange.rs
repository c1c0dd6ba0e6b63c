//! A log that leaves and comes in again is the same log: every leaf, so the root.

use comptoir::exchange::{Export, Format, export, take_in};
use comptoir::open::{empty_log, read_only_log};
use comptoir::progress::Console;
use event_store::EventStore;
use testkit::{Engine, TempFolder, config_of};

use super::sold;

pub async fn exported(store: &dyn EventStore, format: Format) -> Vec<u8> {
    let mut lines = Vec::new();
    let all = Export { format, from: 1, to: None, stream: None };
    export(store, &all, &mut lines, &Console::silent()).await.expect("the log is exported");
    lines
}

async fn round_trip(from: Engine, into: Engine, format: Format) {
    let Some(sold) = sold(from, 2).await else { return };
    let store = read_only_log(&sold.shop.config).await.expect("the log is there");
    let lines = exported(&*store, format).await;
    let folder = TempFolder::new();
    let Some(config) = config_of(into, &folder) else { return };
    let taken = empty_log(&config).await.expect("an empty log opens");
    let (count, root) = take_in(&*taken, &mut &lines[..], &Console::silent()).await.expect("the events are taken in");
    let last = store.seals().expect("is sealed").last_checkpoint().await.expect("is read").expect("is there");
    assert_eq!((count, root.bytes()), (last.size, &last.root), "the same events, the same root");
    assert!(exported(&*taken, format).await == lines, "and the same lines again");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_goes_from_sqlite_to_postgres_as_cloud_events() {
    round_trip(Engine::Sqlite, Engine::Postgres, Format::CloudEvents).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_goes_from_postgres_to_sqlite_as_json_lines() {
    round_trip(Engine::Postgres, Engine::Sqlite, Format::Jsonl).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_part_of_the_log_or_one_stream_leaves() {
    let sold = sold(Engine::Sqlite, 1).await.expect("SQLite is everywhere");
    let store = read_only_log(&sold.shop.config).await.expect("the log is there");
    let all = String::from_utf8(exported(&*store, Format::Jsonl).await).expect("lines are text");
    let line = |text: &str| serde_json::from_str::<serde_json::Value>(text).expect("a line is JSON");
    let some = async |from, to, stream: Option<String>| {
        let mut lines = Vec::new();
        let wanted = Export { format: Format::Jsonl, from, to, stream };
        export(&*store, &wanted, &mut lines, &Console::silent())
            .await
            .map(|_| String::from_utf8(lines).expect("is text"))
    };
    let part = some(3, Some(5), None).await.expect("is exported");
    assert_eq!(part.lines().collect::<Vec<_>>(), all.lines().skip(2).take(3).collect::<Vec<_>>());
    let first = line(all.lines().last().expect("there is one"));
    let name =
        format!("{}-{}", first["stream_kind"].as_str().expect("text"), first["stream_id"].as_str().expect("text"));
    let stream = some(1, None, Some(name)).await.expect("is exported");
    let sequences: Vec<u64> = stream.lines().filter_map(|text| line(text)["sequence"].as_u64()).collect();
    assert_eq!(sequences, (1..=sequences.len() as u64).collect::<Vec<_>>());
    assert!(some(1, None, Some("order-unknown".to_owned())).await.is_err());
    assert!(some(0, None, None).await.is_err());
}
