//! A server with a toy schema, for the public protocol suites and for measuring the transports alone.
//!
//! `cargo run --release -p api --example protocol_server -- 127.0.0.1:8080`, then `node graphql-http.mjs
//! http://127.0.0.1:8080/graphql` and `node graphql-ws.mjs ws://127.0.0.1:8080/graphql`.

use std::sync::Arc;
use std::time::Duration;

use api::http::context::{Consistency, NoHook, RequestContext};
use api::http::limits;
use api::http::metrics::Metrics;
use api::http::server::{ServerParts, router, serve};
use api::http::shutdown::Shutdown;
use api::http::webhook::NoWebhooks;
use app::clock::SystemClock;
use app::ids::SystemIds;
use app::token::Tokens;
use async_graphql::{Context, Object, Schema, Subscription};
use futures_util::{Stream, stream};

struct Query;

#[Object]
impl Query {
    /// Greets.
    async fn hello(&self) -> &str {
        "world"
    }

    /// Returns who asks.
    async fn me(&self, context: &Context<'_>) -> async_graphql::Result<Option<String>> {
        let context = context.data::<RequestContext>()?;
        Ok(context.actor.as_ref().map(|actor| actor.id().to_owned()))
    }
}

struct Mutation;

#[Object]
impl Mutation {
    /// Writes nothing, at position 1.
    async fn write(&self, context: &Context<'_>) -> async_graphql::Result<bool> {
        let context = context.data::<RequestContext>()?;
        context.set_written("1".to_owned());
        context.set_consistency(Consistency { position: "1".to_owned(), waited_ms: 0, stale: false });
        Ok(true)
    }
}

struct Ticks;

#[Subscription]
impl Ticks {
    /// Counts up once a second.
    async fn ticks(&self) -> impl Stream<Item = u64> {
        stream::unfold(0, |count| async move {
            tokio::time::sleep(Duration::from_secs(1)).await;
            Some((count, count + 1))
        })
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:8080".to_owned());
    let schema = Schema::build(Query, Mutation, Ticks)
        .limit_complexity(limits::COMPLEXITY_MAX)
        .limit_depth(limits::INTROSPECTION_DEPTH_MAX)
        .limit_recursive_depth(limits::NESTING_MAX)
        .finish();
    let tokens = Tokens::open(&event_store::memory::MemoryStore::new(), &SystemIds).await?;
    let shutdown = Shutdown::new();
    let parts = ServerParts {
        tokens: Arc::new(tokens),
        clock: Arc::new(SystemClock),
        readiness: Arc::new(|| Ok(())),
        webhooks: Arc::new(NoWebhooks),
        metrics: Arc::new(Metrics::new()),
        shutdown: shutdown.clone(),
    };
    let listener = tokio::net::TcpListener::bind(&address).await?;
    let signal = shutdown.clone();
    let stopper = tokio::spawn(async move {
        let heard = tokio::signal::ctrl_c().await;
        signal.begin();
        heard
    });
    serve(listener, router(schema, Arc::new(NoHook), parts), shutdown).await?;
    stopper.await??;
    Ok(())
}
