//! Orders a second, beside the limits of the same run.

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;

use crate::connection::Connection;
use crate::engine::{Engine, EngineKind};
use crate::limits;
use crate::lists::{self, Shelf};
use crate::load::{self, Done};
use crate::report::{self, CommitLimit, Row};
use crate::server::{self, Server};
use crate::shopper::{Journey, Shopper};

/// How long the server is warmed up, and by how many shoppers.
const WARM_UP: (usize, Duration) = (8, Duration::from_secs(3));
/// How long bare syncs are measured.
const SYNCING: Duration = Duration::from_secs(2);
/// The most journeys whose commits are played again.
const REPLAYED_MAX: usize = 2_000;

/// Measures journeys for each number of shoppers.
///
/// # Errors
/// When the server fails, refuses or cannot be stopped.
pub async fn run(kind: EngineKind, shoppers: &[usize], seconds: Duration) -> anyhow::Result<()> {
    let engine = Engine::start(kind)?;
    let server = Server::start(&engine).await?;
    let cores = std::thread::available_parallelism()?;
    println!("the journey of ten calls, {}, {cores} cores for server and clients together", engine.name());
    server.stock_up().await?;
    let shelves = Arc::new(lists::shelves(&mut Connection::open(server.address).await?).await?);
    let mut arrived = 0;
    let connections = lists::connect(&server, WARM_UP.0).await?;
    shop(connections, &shelves, &mut arrived, WARM_UP.1).await?;
    let mut rows = Vec::new();
    for count in shoppers {
        eprintln!("{count} shoppers …");
        let (connections, bare_per_second) = lists::bare(lists::connect(&server, *count).await?).await?;
        let used_before = server.processor_time()?;
        let done = shop(connections, &shelves, &mut arrived, seconds).await?;
        let processor_time = server.processor_time()?.saturating_sub(used_before);
        let orders_per_second = done.per_second();
        let journeys = done.results;
        rows.push(Row { shoppers: *count, bare_per_second, orders_per_second, processor_time, journeys });
    }
    println!("resident after it: {} MiB", server.resident_kib()? / 1_024);
    let data = server.stop()?;
    let measured = limit(&engine, &data, &rows).await;
    let syncs_per_second = limits::syncs_per_second(&data, SYNCING);
    server::remove(&data);
    report::print_journey(&rows, &measured?, syncs_per_second?);
    Ok(())
}

/// Lets guests shop, one a connection. `arrived` counts them, so that no two ever share a key.
async fn shop(
    connections: Vec<Connection>,
    shelves: &Arc<Vec<Shelf>>,
    arrived: &mut usize,
    limit: Duration,
) -> anyhow::Result<Done<Shopper, Journey>> {
    let mut shoppers = Vec::with_capacity(connections.len());
    for mut connection in connections {
        connection.begin_session().await?;
        shoppers.push(Shopper::new(connection, shelves.clone(), *arrived));
        *arrived += 1;
    }
    load::work(shoppers, limit, |mut shopper: Shopper| async move {
        let journey = shopper.journey().await?;
        Ok((shopper, journey))
    })
    .await
}

/// Plays the commits of the last measurement again, into the log that the server has let go of.
async fn limit(engine: &Engine, data: &Path, rows: &[Row]) -> anyhow::Result<CommitLimit> {
    let last = rows.last().context("nothing was measured: name a number of shoppers")?;
    let carts: HashSet<&str> = last.journeys.iter().take(REPLAYED_MAX).map(|journey| journey.cart.as_str()).collect();
    let store = engine.open_log(data).await?;
    let measured = limits::commits(store.clone(), &carts).await;
    store.close().await;
    measured
}
