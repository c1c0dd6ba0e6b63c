//! Serves a shop over HTTP: the API, the provider's webhooks, the simulated bank's page, the covers, the house's own
//! doors for replay and erasure.

use std::sync::Arc;

use anyhow::Context;
use api::graphql::ApiState;
use api::http::health::Readiness;
use api::http::metrics::Metrics;
use api::http::server::{ServerParts, health_router, serve};
use api::http::shutdown::Shutdown;
use api::http::webhook::{WebhookAnswer, Webhooks};
use async_trait::async_trait;
use axum::Router;
use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::http::HeaderMap;
use axum::response::Response;
use axum::routing::any;
use projections::{ProjectionState, ReadModels};
use sagas::{NoticeFailure, Processes};
use tokio::net::TcpListener;
use tower::ServiceExt;

use crate::admin;
use crate::background::Started;
use crate::demo::covers;

/// The provider's name in the address of its webhooks.
const PROVIDER: &str = "stripe";

struct ProviderWebhooks {
    processes: Arc<Processes>,
}

#[async_trait]
impl Webhooks for ProviderWebhooks {
    async fn receive(&self, provider: &str, headers: &HeaderMap, body: Bytes) -> WebhookAnswer {
        if provider != PROVIDER {
            return WebhookAnswer::UnknownProvider;
        }
        let signature = headers.get("stripe-signature").and_then(|value| value.to_str().ok()).unwrap_or_default();
        match self.processes.receive_notice(signature, &body).await {
            Ok(()) => WebhookAnswer::Accepted,
            Err(NoticeFailure::NotAccepted(reason)) => WebhookAnswer::Refused(reason.to_string()),
            Err(NoticeFailure::NotStored(error)) => {
                tracing::warn!(%error, "a webhook was not stored; the provider will repeat it");
                WebhookAnswer::Unavailable
            }
        }
    }
}

/// Says whether every read model can be trusted to follow.
fn readiness(models: &ReadModels) -> Result<(), String> {
    let stalled: Vec<_> = models
        .status()
        .into_iter()
        .filter(|status| status.state == ProjectionState::Stalled)
        .map(|status| status.name)
        .collect();
    if stalled.is_empty() { Ok(()) } else { Err(format!("read models stand still: {}", stalled.join(", "))) }
}

async fn ask_bank(State(bank): State<Router>, request: Request) -> Response {
    // What this router found in the address is not the bank's: it reads the address anew.
    let (mut parts, body) = request.into_parts();
    parts.extensions.clear();
    match bank.oneshot(Request::from_parts(parts, body)).await {
        Ok(response) => response,
        Err(never) => match never {},
    }
}

/// Makes every route of a shop; of one that only works, whether it is well.
///
/// # Errors
/// When the demo's data cannot be read.
pub fn routes(started: &Started, shutdown: Shutdown) -> anyhow::Result<Router> {
    let (models, metrics) = (started.models.clone(), Arc::new(Metrics::new()));
    let readiness: Readiness = Arc::new(move || readiness(&models));
    if !started.roles.answers() {
        return Ok(health_router(readiness, metrics));
    }
    let state = ApiState::new(
        started.shop.clone(),
        started.processes.clone(),
        started.tokens.clone(),
        started.models.clone(),
        started.search.clone(),
    );
    let parts = ServerParts {
        tokens: started.tokens.clone(),
        clock: started.shop.clock.clone(),
        readiness,
        webhooks: Arc::new(ProviderWebhooks { processes: started.processes.clone() }),
        metrics,
        shutdown,
    };
    let mut routes = api::routes(state, parts).merge(covers::router()?).merge(admin::router(started));
    if let Some(payments) = &started.payments {
        // Only the bank's page of the simulator is for buyers; its API is the shop's alone.
        let bank = Router::new().route("/simulator/3ds/{*rest}", any(ask_bank)).with_state(payments.router());
        routes = routes.merge(bank);
    }
    Ok(routes)
}

/// Serves until the shutdown has begun and what runs has finished.
///
/// # Errors
/// When the listener fails.
pub async fn run(started: &Started, listener: TcpListener, shutdown: Shutdown) -> anyhow::Result<()> {
    serve(listener, routes(started, shutdown.clone())?, shutdown).await.context("the server failed")
}
