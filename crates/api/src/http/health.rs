//! For those who watch the server: is it alive, is it ready, how is it doing.

use std::sync::Arc;

use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::http::metrics::Metrics;

/// Says whether the server can do its work, or why not.
pub type Readiness = Arc<dyn Fn() -> Result<(), String> + Send + Sync>;

#[derive(Serialize)]
struct Status<'a> {
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
}

fn status(code: StatusCode, status: Status<'_>) -> Response {
    (code, axum::Json(status)).into_response()
}

/// Answers 200 as long as the process answers at all.
pub(crate) async fn health() -> Response {
    status(StatusCode::OK, Status { status: "alive", reason: None })
}

/// Answers 200 when ready, 503 and why when not.
pub(crate) async fn ready(State(readiness): State<Readiness>) -> Response {
    match readiness() {
        Ok(()) => status(StatusCode::OK, Status { status: "ready", reason: None }),
        Err(reason) => status(StatusCode::SERVICE_UNAVAILABLE, Status { status: "not ready", reason: Some(&reason) }),
    }
}

/// Answers all figures in the OpenMetrics text format.
pub(crate) async fn metrics(State(metrics): State<Arc<Metrics>>) -> Response {
    match metrics.text() {
        Ok(text) => {
            let media = HeaderValue::from_static("application/openmetrics-text; version=1.0.0; charset=utf-8");
            ([(CONTENT_TYPE, media)], text).into_response()
        }
        Err(error) => {
            tracing::error!(%error, "a figure cannot be written");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}
