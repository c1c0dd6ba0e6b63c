//! Whether a shop has come to rest, by its own log, read beside it: every checkout that was begun has its process, and
//! every process has an answer to what it asked for. Read models cannot say that: they know nothing of an order that is
//! not placed yet, nor of money that is to be let go of later.

use std::collections::BTreeMap;
use std::sync::Arc;

use comptoir::config::{Config, StoreKind};
use comptoir::open::read_only_log;
use event_store::{EventStore, Filter, PAGE_EVENTS_MAX, Position, RecordedEvent};
use serde_json::Value;

use super::program::Program;

/// The kind of a checkout's process.
const CHECKOUT: &str = "checkout";

/// What a shop has under way, by what was read of its log so far.
pub struct Rest {
    log: Arc<dyn EventStore>,
    after: Position,
    under_way: BTreeMap<String, String>,
}

impl Rest {
    /// Begins to read the log of a shop that is open.
    pub async fn of(program: &Program) -> Self {
        let setup = &program.setup;
        let database_url = setup.database_url.clone();
        let store = if database_url.is_some() { StoreKind::Postgres } else { StoreKind::Sqlite };
        let config = Config { data_dir: setup.folder.join("data"), store, database_url, ..Config::default() };
        let log = read_only_log(&config).await.expect("the log is there");
        Self { log, after: Position(0), under_way: BTreeMap::new() }
    }

    /// Reads what is new, and returns what is under way: what it is, and what came of it last.
    pub async fn under_way(&mut self) -> &BTreeMap<String, String> {
        loop {
            let page = self.log.read_all(self.after, PAGE_EVENTS_MAX, &Filter::default()).await;
            let page = page.expect("the log can be read");
            page.events.iter().for_each(|event| self.see(event));
            self.after = page.next;
            if page.next >= page.head {
                return &self.under_way;
            }
        }
    }

    fn see(&mut self, event: &RecordedEvent) {
        let payload: Value = serde_json::from_str(event.payload.get()).expect("an event is JSON");
        let fact = &payload[&event.event_type];
        let stream = &event.stream;
        let ask = || format!("{}/{}/{}", stream.kind, stream.id, fact["key"].as_str().unwrap_or_default());
        match event.event_type.as_str() {
            "cart.checkout_started" => {
                let order = fact["order"].as_str().expect("a checkout has an order");
                self.under_way.insert(format!("{CHECKOUT}/{order}"), "begun".to_owned());
            }
            "payment.authorised_too_late" | "payment.void_requested" => {
                self.under_way.insert(format!("{}/{}", stream.kind, stream.id), event.event_type.clone());
            }
            "payment.voided" => _ = self.under_way.remove(&format!("{}/{}", stream.kind, stream.id)),
            "process.told" => _ = self.under_way.remove(&format!("{}/{}", stream.kind, stream.id)),
            "process.asked" => _ = self.under_way.insert(ask(), "asked".to_owned()),
            "process.attempt_failed" => _ = self.under_way.insert(ask(), fact.to_string()),
            // What is dead waits for a human, whose tasks are looked at elsewhere.
            "process.answered" | "process.dead_lettered" => _ = self.under_way.remove(&ask()),
            _ => {}
        }
    }
}
