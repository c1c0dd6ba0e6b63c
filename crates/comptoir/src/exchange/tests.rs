//! Lines keep every byte, and what is no log is refused.

use event_store::memory::MemoryStore;
use event_store::sqlite::SqliteStore;
use event_store::{EventStore, Position, RecordedEvent, StreamId};
use serde_json::value::RawValue;
use uuid::Uuid;

use super::lines::{event, line};
use super::{Format, take_in};
use crate::progress::Console;

fn recorded(payload: &str) -> RecordedEvent {
    let json = |text: &str| RawValue::from_string(text.to_owned()).expect("it is JSON");
    RecordedEvent {
        position: Position(1),
        stream: StreamId::new("order", "a-b é"),
        sequence: 1,
        event_id: Uuid::from_u128(7),
        event_type: "order.placed".to_owned(),
        event_version: "1".to_owned(),
        payload: json(payload),
        metadata: json(r#"{ "actor_kind":"staff","actor_id":"ada","correlation_id":"c","causation_id":"é" }"#),
        recorded_at: 1_767_225_600_123_457,
    }
}

#[test]
fn each_format_keeps_every_byte() {
    for payload in [r#"{ "b" : 1.0, "a":"\u00e9" }"#, "{\n\"a\":1}", r#"{"specversion":"x"}"#, "null"] {
        for format in [Format::Jsonl, Format::CloudEvents] {
            let (before, text) = (recorded(payload), line(&recorded(payload), format).expect("is written"));
            assert!(!text.contains('\n'), "{text}");
            let after = event(&text).expect("is read");
            assert_eq!(app::seal::leaf_of(&after), app::seal::leaf_of(&before), "{text}");
        }
    }
}

#[test]
fn a_cloud_event_says_who_and_why() {
    let text = line(&recorded("{\"a\":1}"), Format::CloudEvents).expect("is written");
    let read: serde_json::Value = serde_json::from_str(&text).expect("it is JSON");
    let said = ["specversion", "type", "time", "sequence", "actor", "correlationid", "causationid"];
    let said = said.map(|name| read[name].as_str().unwrap_or_default());
    assert_eq!(said, ["1.0", "order.placed", "2026-01-01T00:00:00.123457Z", "1", "staff/ada", "c", "é"]);
    assert_eq!(read["data"], serde_json::json!({ "a": 1 }));
}

#[tokio::test]
async fn what_is_no_whole_log_is_refused_by_its_line() {
    let good = line(&recorded("{}"), Format::Jsonl).expect("is written");
    let later = good.replace("\"position\":1", "\"position\":3");
    for (text, part) in [
        (format!("{good}\nno event\n"), "line 2 is no exported event"),
        (format!("{good}\n{later}\n"), "line 2 holds position 3"),
        (later.clone(), "line 1 holds position 3"),
    ] {
        let refused = take_in(&MemoryStore::new(), &mut text.as_bytes(), &Console::silent()).await;
        let told = format!("{:#}", refused.expect_err("is refused"));
        assert!(told.contains(part), "{told}");
    }
    let store = MemoryStore::new();
    take_in(&store, &mut good.as_bytes(), &Console::silent()).await.expect("is taken in");
    let again = take_in(&store, &mut good.as_bytes(), &Console::silent()).await.expect_err("is refused").to_string();
    assert!(again.contains("empty"), "{again}");
}

/// More than a task of tokio may send without a pause: 128.
const STREAMS: u64 = 300;

#[tokio::test]
async fn commits_of_many_streams_land_where_they_were() {
    let lines: Vec<String> = (1..=STREAMS)
        .map(|number| {
            let (position, stream) = (Position(number), StreamId::new("order", &number.to_string()));
            let event = RecordedEvent { position, stream, event_id: Uuid::from_u128(number.into()), ..recorded("{}") };
            line(&event, Format::Jsonl).expect("is written")
        })
        .collect();
    let folder = std::env::temp_dir().join(format!("taking_in_{}", Uuid::new_v4()));
    std::fs::create_dir(&folder).expect("a temporary folder is made");
    let store = SqliteStore::open(folder.join("log.sqlite")).expect("the log opens");
    let taken = take_in(&store, &mut lines.join("\n").as_bytes(), &Console::silent()).await;
    assert_eq!(taken.expect("is taken in").0, STREAMS);
    store.close().await;
    std::fs::remove_dir_all(&folder).expect("the folder is removed");
}
