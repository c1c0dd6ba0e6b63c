//! Product lists of 20, as a visitor without a token sees them, one category after the other.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use hyper::body::Bytes;
use serde_json::{Value, json};

use crate::connection::{Connection, operation};
use crate::engine::{Engine, EngineKind};
use crate::load;
use crate::report::{millis, percentile, sorted};
use crate::server::Server;

/// How many products a list shows.
const PAGE: usize = 20;
/// How long the server is warmed up.
const WARM_UP: Duration = Duration::from_secs(2);
/// How long bare requests are measured.
const BARE: Duration = Duration::from_secs(3);

/// The list: what a shop window shows of a product, and where the next page begins.
pub const QUERY: &str = "query($category: [ID!]) { products(first: 20, where: { category: $category })
    { nodes { id slug name priceRange { min { amount currency } } } pageInfo { hasNextPage endCursor } } }";

/// A category with at least a page of books.
pub struct Shelf {
    /// Its id.
    pub id: String,
    /// The first variants of the books of its first page.
    pub skus: Vec<String>,
}

/// Finds the categories that fill a page.
///
/// # Errors
/// When there are none.
pub async fn shelves(connection: &mut Connection) -> anyhow::Result<Vec<Shelf>> {
    let tree = connection.call("{ categories { id children { id children { id } } } }", json!({})).await?;
    let mut ids = Vec::new();
    collect_ids(&tree["categories"], &mut ids);
    let query = "query($category: [ID!]) { products(first: 20, where: { category: $category }) { nodes { variants { sku } } } }";
    let mut shelves = Vec::new();
    for id in ids {
        let list = connection.call(query, json!({ "category": [id] })).await?;
        let nodes = list["products"]["nodes"].as_array().context("a list without products")?;
        let skus: Vec<_> =
            nodes.iter().filter_map(|node| node["variants"][0]["sku"].as_str()).map(str::to_owned).collect();
        if skus.len() == PAGE {
            shelves.push(Shelf { id, skus });
        }
    }
    ensure!(!shelves.is_empty(), "no category of the demo has {PAGE} books");
    Ok(shelves)
}

fn collect_ids(categories: &Value, ids: &mut Vec<String>) {
    for category in categories.as_array().into_iter().flatten() {
        ids.extend(category["id"].as_str().map(str::to_owned));
        collect_ids(&category["children"], ids);
    }
}

/// Opens so many connections.
///
/// # Errors
/// When the server cannot be reached.
pub async fn connect(server: &Server, count: usize) -> anyhow::Result<Vec<Connection>> {
    let mut connections = Vec::with_capacity(count);
    for _ in 0..count {
        connections.push(Connection::open(server.address).await?);
    }
    Ok(connections)
}

/// Measures requests that ask for nothing, over these connections: what HTTP and GraphQL cost here at the least.
///
/// # Errors
/// When the server does not answer.
pub async fn bare(connections: Vec<Connection>) -> anyhow::Result<(Vec<Connection>, f64)> {
    let body = operation("{ __typename }", &json!({}));
    let done = load::work(connections, BARE, move |mut connection: Connection| {
        let body = body.clone();
        async move {
            connection.post(body).await?;
            Ok((connection, ()))
        }
    })
    .await?;
    let per_second = done.per_second();
    Ok((done.clients, per_second))
}

/// Measures lists a second.
///
/// # Errors
/// When the server fails or answers an error.
pub async fn run(kind: EngineKind, clients: &[usize], seconds: Duration) -> anyhow::Result<()> {
    let engine = Engine::start(kind)?;
    let server = Server::start(&engine).await?;
    let shelves = shelves(&mut Connection::open(server.address).await?).await?;
    let bodies = shelves.iter().map(|shelf| operation(QUERY, &json!({ "category": [shelf.id] })));
    let bodies: Arc<Vec<Bytes>> = Arc::new(bodies.collect());
    println!("product lists of {PAGE} over {} categories, {}", shelves.len(), engine.name());
    measure(connect(&server, 8).await?, &bodies, WARM_UP).await?;
    println!("\nclients    lists/s  p50 ms  p99 ms  bare HTTP/s  lists÷bare");
    for count in clients {
        let (connections, bare_per_second) = bare(connect(&server, *count).await?).await?;
        let (times, per_second) = measure(connections, &bodies, seconds).await?;
        println!(
            "{count:7}  {per_second:9.0}  {:>6}  {:>6}  {bare_per_second:11.0}  {:10.2}",
            millis(percentile(&times, 50)),
            millis(percentile(&times, 99)),
            per_second / bare_per_second
        );
    }
    println!("\nresident after it: {} MiB", server.resident_kib()? / 1_024);
    crate::server::remove(&server.stop()?);
    Ok(())
}

async fn measure(
    connections: Vec<Connection>,
    bodies: &Arc<Vec<Bytes>>,
    limit: Duration,
) -> anyhow::Result<(Vec<Duration>, f64)> {
    let clients = connections.into_iter().enumerate().map(|(number, connection)| (connection, number)).collect();
    let bodies = bodies.clone();
    let done = load::work(clients, limit, move |(mut connection, turn): (Connection, usize)| {
        let body = bodies[turn % bodies.len()].clone();
        async move {
            let begun = Instant::now();
            let answer = connection.post(body).await?;
            let took = begun.elapsed();
            ensure!(answer.starts_with(b"{\"data\":{\"products\":{"), "{}", String::from_utf8_lossy(&answer));
            Ok(((connection, turn + 1), took))
        }
    })
    .await?;
    Ok((sorted(&done.results, |took| *took), done.per_second()))
}
