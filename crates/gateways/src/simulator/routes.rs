//! The simulator over HTTP: Stripe's paths under `/v1`, the bank's page under `/simulator/3ds`.

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{DefaultBodyLimit, Path, RawQuery, State};
use axum::http::header::{CONTENT_TYPE, LOCATION};
use axum::http::{HeaderMap, HeaderValue, Response, StatusCode};
use axum::response::Html;
use axum::routing::{get, post};
use http_body_util::{Full, Limited};

use super::challenge;
use super::operations::Operation;
use super::refusal::Refusal;
use super::{Answer, StripeSimulator};
use crate::form::{self, Form};
use crate::stripe::NoAnswer;

/// The longest request: 64 KiB.
const REQUEST_BYTES_MAX: usize = 64 << 10;

pub(super) fn router(simulator: StripeSimulator) -> Router {
    Router::new()
        .route("/v1/payment_intents", post(create))
        .route("/v1/payment_intents/search", get(search))
        .route("/v1/payment_intents/{id}", get(retrieve))
        .route("/v1/payment_intents/{id}/confirm", post(confirm))
        .route("/v1/payment_intents/{id}/capture", post(capture))
        .route("/v1/payment_intents/{id}/cancel", post(cancel))
        .route("/v1/refunds", post(refund))
        .route("/simulator/3ds/{id}", get(page))
        .route("/simulator/3ds/{id}/approve", post(approve))
        .route("/simulator/3ds/{id}/decline", post(decline))
        .layer(DefaultBodyLimit::max(REQUEST_BYTES_MAX))
        .with_state(simulator)
}

async fn create(State(simulator): State<StripeSimulator>, headers: HeaderMap, body: Bytes) -> Response<Body> {
    perform(&simulator, &Operation::Create, &headers, &body)
}

async fn confirm(
    State(simulator): State<StripeSimulator>,
    Path(intent): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    perform(&simulator, &Operation::Confirm { intent }, &headers, &body)
}

async fn capture(
    State(simulator): State<StripeSimulator>,
    Path(intent): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    perform(&simulator, &Operation::Capture { intent }, &headers, &body)
}

async fn cancel(
    State(simulator): State<StripeSimulator>,
    Path(intent): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    perform(&simulator, &Operation::Cancel { intent }, &headers, &body)
}

async fn refund(State(simulator): State<StripeSimulator>, headers: HeaderMap, body: Bytes) -> Response<Body> {
    perform(&simulator, &Operation::Refund, &headers, &body)
}

async fn retrieve(
    State(simulator): State<StripeSimulator>,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Response<Body> {
    json(simulator.retrieve(&id, &query_form(query)))
}

async fn search(State(simulator): State<StripeSimulator>, RawQuery(query): RawQuery) -> Response<Body> {
    json(simulator.search(&query_form(query)))
}

async fn page(State(simulator): State<StripeSimulator>, Path(id): Path<String>) -> (StatusCode, Html<String>) {
    let intent = simulator.intent(&id);
    let status = if intent.is_some() { StatusCode::OK } else { StatusCode::NOT_FOUND };
    (status, Html(challenge::page(intent.as_ref())))
}

async fn approve(State(simulator): State<StripeSimulator>, Path(id): Path<String>) -> Response<Body> {
    let _already_answered = simulator.approve_challenge(&id);
    after_challenge(&simulator, &id)
}

async fn decline(State(simulator): State<StripeSimulator>, Path(id): Path<String>) -> Response<Body> {
    let _already_answered = simulator.decline_challenge(&id);
    after_challenge(&simulator, &id)
}

/// Sends the buyer back to the shop, or to the page that says what became of the payment.
fn after_challenge(simulator: &StripeSimulator, id: &str) -> Response<Body> {
    let intent = simulator.intent(id);
    let back = intent.as_ref().and_then(challenge::return_address);
    let target = match (&intent, back) {
        (Some(_), Some(address)) => HeaderValue::from_str(&address).ok(),
        (Some(intent), None) => HeaderValue::from_str(&format!("/simulator/3ds/{}", intent.id)).ok(),
        (None, _) => None,
    };
    let mut response = Response::new(Body::empty());
    match target {
        Some(target) => {
            *response.status_mut() = StatusCode::SEE_OTHER;
            response.headers_mut().insert(LOCATION, target);
        }
        None => *response.status_mut() = StatusCode::NOT_FOUND,
    }
    response
}

fn perform(simulator: &StripeSimulator, operation: &Operation, headers: &HeaderMap, body: &[u8]) -> Response<Body> {
    let key = headers.get("idempotency-key").and_then(|key| key.to_str().ok());
    match form::decode(body) {
        Some(form) => json(simulator.perform(operation, key, &form)),
        None => json(Answer::from(Refusal::uncoded())),
    }
}

fn query_form(query: Option<String>) -> Form {
    query.and_then(|query| form::decode(query.as_bytes())).unwrap_or_default()
}

/// Writes an answer, or breaks the connection when the answer is to get lost.
fn json(answer: Answer) -> Response<Body> {
    if answer.is_lost {
        // A body longer than it may be fails: HTTP clients see a broken connection, callers in this process the mark.
        let mut response = Response::new(Body::new(Limited::new(Full::new(Bytes::from_static(b"lost")), 1)));
        response.extensions_mut().insert(NoAnswer);
        return response;
    }
    let mut response = Response::new(Body::from(answer.body));
    *response.status_mut() = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if answer.is_replayed {
        response.headers_mut().insert("idempotent-replayed", HeaderValue::from_static("true"));
    }
    response
}
