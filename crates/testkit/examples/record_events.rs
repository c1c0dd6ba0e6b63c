//! Plays the journey and writes what it stored under a folder such as `schema/events`: the golden pairs that are not
//! there yet, and the whole log of a release where that is named and not there yet. What is there is never touched.
//!
//! ```text
//! cargo run -p testkit --example record_events -- schema/events [v0.1.0]
//! ```

use std::path::Path;
use std::sync::Arc;

use app::clock::ManualClock;
use event_store::{EventStore, Filter, PAGE_EVENTS_MAX, Position};
use testkit::events::{families, golden, log};
use testkit::{TestShop, journey};

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let Some(folder) = arguments.first() else { panic!("name a folder such as schema/events") };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build();
    runtime.expect("a runtime").block_on(async {
        let clock = Arc::new(ManualClock::starting_at(journey::BEGIN));
        let mut shop = TestShop::repeatable(clock.clone()).await;
        journey::play(&shop, &clock).await;
        write_pairs(&*shop.started.store, Path::new(folder)).await;
        if let Some(release) = arguments.get(1) {
            let text = log::to_lines(&*shop.started.store).await;
            write_new(&Path::new(folder).join(format!("logs/{release}.jsonl")), &text);
        }
        shop.stop().await;
    });
}

async fn write_pairs(store: &dyn EventStore, folder: &Path) {
    let (families, mut after) = (families(), Position(0));
    loop {
        let page = store.read_all(after, PAGE_EVENTS_MAX, &Filter::default()).await.expect("the log reads");
        for event in &page.events {
            let family = families.iter().find(|family| *family.kind == *event.stream.kind).expect("a family");
            let pair = golden::pair_of(family, &event.event_type, &event.event_version, event.payload.get());
            for (path, text) in pair.expect("what was stored just now can be read") {
                write_new(&folder.join(path), &text);
            }
        }
        if page.next >= page.head {
            return;
        }
        after = page.next;
    }
}

fn write_new(path: &Path, text: &str) {
    if !path.exists() {
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("the folder can be made");
        std::fs::write(path, text).expect("the file can be written");
    }
}
