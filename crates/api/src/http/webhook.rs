//! What other services tell us: `POST /webhooks/{provider}`. The body goes on as it came, for signatures are over bytes.

use std::sync::Arc;

use async_graphql::Value;
use async_trait::async_trait;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};

/// The longest body, bytes.
pub const WEBHOOK_BYTES_MAX: usize = 64 * 1_024;

/// What a provider gets to hear. Providers repeat what they do not see accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WebhookAnswer {
    /// It is recorded: 200.
    Accepted,
    /// There is no such provider: 404.
    UnknownProvider,
    /// Its signature or form is not valid: 400.
    Refused(String),
    /// It cannot be recorded now: 503.
    Unavailable,
}

/// Takes what providers send.
#[async_trait]
pub trait Webhooks: Send + Sync + 'static {
    /// Takes one message.
    async fn receive(&self, provider: &str, headers: &HeaderMap, body: Bytes) -> WebhookAnswer;
}

/// Knows no provider.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoWebhooks;

#[async_trait]
impl Webhooks for NoWebhooks {
    async fn receive(&self, _provider: &str, _headers: &HeaderMap, _body: Bytes) -> WebhookAnswer {
        WebhookAnswer::UnknownProvider
    }
}

/// Answers `POST /webhooks/{provider}`.
pub(crate) async fn receive(
    State(webhooks): State<Arc<dyn Webhooks>>,
    Path(provider): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let Ok(body) = to_bytes(body, WEBHOOK_BYTES_MAX).await else {
        return answer(StatusCode::PAYLOAD_TOO_LARGE, "the body is too long, or did not arrive whole");
    };
    match webhooks.receive(&provider, &headers, body).await {
        WebhookAnswer::Accepted => answer(StatusCode::OK, "accepted"),
        WebhookAnswer::UnknownProvider => answer(StatusCode::NOT_FOUND, "no such provider"),
        WebhookAnswer::Refused(reason) => {
            tracing::info!(provider, reason, "a webhook was refused");
            answer(StatusCode::BAD_REQUEST, &reason)
        }
        WebhookAnswer::Unavailable => answer(StatusCode::SERVICE_UNAVAILABLE, "try again later"),
    }
}

fn answer(status: StatusCode, message: &str) -> Response {
    (status, axum::Json(async_graphql::value!({ "message": (Value::from(message)) }))).into_response()
}
