//! Measures how many events a second the projections fold: `cargo run --release -p projections --example replay_rate`.
//! Arguments: how many orders (default 5,000), and the URL of a PostgreSQL to measure as well.

#[path = "../src/testing.rs"]
mod testing;

use std::env;
use std::error::Error;
use std::sync::Arc;
use std::time::Instant;

use event_store::EventStore;
use projections::{ReadStore, Runner};
use testing::{Ending, Story};

const PRODUCTS: u128 = 500;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let orders: u128 = env::args().nth(1).as_deref().unwrap_or("5000").parse()?;
    let mut story = Story::new();
    story.catalogue(PRODUCTS).await;
    for number in 0..orders {
        let ending = match number % 10 {
            0 => Ending::Placed,
            1 => Ending::Rejected,
            2 => Ending::Cancelled,
            3 => Ending::Returned,
            _ => Ending::Delivered,
        };
        story.now += 1_000_000;
        story.order(number, PRODUCTS, ending).await;
    }
    let log: Arc<dyn EventStore> = story.log;
    let events = log.head().borrow().0;
    println!("{events} events of {orders} orders");
    let file = env::temp_dir().join(format!("replay_rate_{}.sqlite", std::process::id()));
    measure("sqlite, all projections", ReadStore::sqlite(&file)?, &log, projections::all()).await?;
    for path in [file.clone(), file.with_extension("sqlite-wal"), file.with_extension("sqlite-shm")] {
        std::fs::remove_file(path).ok();
    }
    for projection in projections::all() {
        let name = format!("sqlite in memory, {} alone", projection.name());
        measure(&name, ReadStore::sqlite_in_memory()?, &log, vec![projection]).await?;
    }
    if let Some(url) = env::args().nth(2) {
        measure("postgres, all projections", ReadStore::postgres(&url).await?, &log, projections::all()).await?;
    }
    Ok(())
}

async fn measure(
    name: &str,
    store: ReadStore,
    log: &Arc<dyn EventStore>,
    projections: Vec<Arc<dyn projections::Projection>>,
) -> Result<(), Box<dyn Error>> {
    let mut runner = Runner::open(store, Arc::clone(log), projections).await?;
    let begun = Instant::now();
    runner.catch_up().await?;
    let micros = begun.elapsed().as_micros().max(1);
    let events = u128::from(log.head().borrow().0);
    println!("{name}: {} events/s, {} ms", events * 1_000_000 / micros, micros / 1_000);
    Ok(())
}
