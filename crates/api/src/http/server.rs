//! The server: routes, headers of every answer, and an end that lets running requests finish.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use app::clock::Clock;
use app::token::Tokens;
use async_graphql::Executor;
use axum::Router;
use axum::http::header::{CONTENT_SECURITY_POLICY, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS};
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::map_response;
use axum::response::Response;
use axum::routing::{any, get, post};
use axum::serve::ListenerExt;
use tokio::net::TcpListener;

use crate::http::authentication::Authentication;
use crate::http::context::RequestHook;
use crate::http::engine::Engine;
use crate::http::graphiql;
use crate::http::graphql::{Endpoint, handle};
use crate::http::health::{self, Readiness};
use crate::http::metrics::Metrics;
use crate::http::shutdown::Shutdown;
use crate::http::webhook::{self, Webhooks};

/// How long running requests may take once the server's end has begun, seconds.
pub const SHUTDOWN_SECONDS_MAX: u64 = 10;

/// What a server is made of, beside its schema.
pub struct ServerParts {
    /// Reads access tokens.
    pub tokens: Arc<Tokens>,
    /// Tells the time, by which tokens expire.
    pub clock: Arc<dyn Clock>,
    /// Says whether the server can do its work.
    pub readiness: Readiness,
    /// Takes what other services tell us.
    pub webhooks: Arc<dyn Webhooks>,
    /// Figures, others' too.
    pub metrics: Arc<Metrics>,
    /// The server's end.
    pub shutdown: Shutdown,
}

/// Makes the routes of a server. The executor is the schema, the hook prepares requests for it. Others' routes can be
/// merged in before [`with_security_headers`].
pub fn router<E: Executor>(executor: E, hook: Arc<dyn RequestHook>, parts: ServerParts) -> Router {
    let engine = Engine::new(executor, hook, parts.metrics.clone());
    let endpoint = Endpoint {
        engine: Arc::new(engine),
        authentication: Authentication::new(parts.tokens, parts.clock),
        shutdown: parts.shutdown,
    };
    Router::new()
        .route("/graphql", any(handle::<E>).with_state(Arc::new(endpoint)))
        .route("/", get(graphiql::page))
        .route("/assets/graphiql/{name}", get(graphiql::asset))
        .route("/webhooks/{provider}", post(webhook::receive).with_state(parts.webhooks))
        .merge(health_router(parts.readiness, parts.metrics))
}

/// Makes the routes of a server that answers nobody but whoever watches over it.
pub fn health_router(readiness: Readiness, metrics: Arc<Metrics>) -> Router {
    Router::new()
        .route("/health", get(health::health))
        .route("/ready", get(health::ready).with_state(readiness))
        .route("/metrics", get(health::metrics).with_state(metrics))
        .fallback(|| async { StatusCode::NOT_FOUND })
}

/// Gives every answer of some routes the headers that keep browsers from guessing, framing and telling.
pub fn with_security_headers(router: Router) -> Router {
    router.layer(map_response(|response: Response| async { secured(response) }))
}

fn secured(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers
        .entry(CONTENT_SECURITY_POLICY)
        .or_insert(HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'"));
    response
}

/// Serves until the end has begun and everything running has finished, or [`SHUTDOWN_SECONDS_MAX`] have passed.
///
/// # Errors
/// Where the listener fails.
pub async fn serve(listener: TcpListener, router: Router, shutdown: Shutdown) -> io::Result<()> {
    let listener = listener.tap_io(|stream| {
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "a connection stays delayed");
        }
    });
    let (for_signal, for_limit) = (shutdown.clone(), shutdown.clone());
    let server = axum::serve(listener, with_security_headers(router).into_make_service())
        .with_graceful_shutdown(async move { for_signal.begun().await });
    let finished = async {
        server.await?;
        shutdown.all_closed().await;
        Ok(())
    };
    let limit = async {
        for_limit.begun().await;
        tokio::time::sleep(Duration::from_secs(SHUTDOWN_SECONDS_MAX)).await;
    };
    tokio::select! {
        result = finished => result,
        () = limit => {
            tracing::warn!(seconds = SHUTDOWN_SECONDS_MAX, "requests were still running at the end");
            Ok(())
        }
    }
}
