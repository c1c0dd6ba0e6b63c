//! GraphQL over HTTP (draft of the GraphQL foundation): one endpoint, POST for everything, GET for queries.
//!
//! No batches, no forms, no multipart. Every answer is JSON in GraphQL's form, errors of the transport too.

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_graphql::parser::types::OperationType;
use async_graphql::{Executor, Response as GraphqlResponse};
use axum::body::Body as HttpBody;
use axum::extract::{Query, Request, State};
use axum::http::header::{ALLOW, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, SET_COOKIE, VARY, WWW_AUTHENTICATE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri};
use axum::response::Response;
use http_body_util::BodyExt;
use serde::Deserialize;
use tracing::Instrument;
use tracing::field::Empty;

use crate::http::authentication::Authentication;
use crate::http::context::RequestContext;
use crate::http::engine::{Body, Engine, Executed, Parameters, Prepared, REQUEST_SECONDS_MAX, timed_out};
use crate::http::error::{Failure, request_error_code};
use crate::http::media::{Media, require_json};
use crate::http::metrics::Outcome;
use crate::http::shutdown::Shutdown;
use crate::http::{sse, ws};

/// The longest body, query string or WebSocket message, bytes.
pub const BODY_BYTES_MAX: usize = 64 * 1_024;
/// How much of a longer body is read all the same before it is refused, bytes: 2 MiB.
const DISCARDED_BYTES_MAX: usize = 2 << 20;
/// The longest part of an operation's name that is logged, bytes.
const NAME_BYTES_MAX: usize = 64;
const ANSWER_BYTES_USUAL: usize = 512;

/// What `/graphql` needs to answer.
pub(crate) struct Endpoint<E> {
    pub(crate) engine: Arc<Engine<E>>,
    pub(crate) authentication: Authentication,
    pub(crate) shutdown: Shutdown,
}

/// Answers any request to `/graphql`.
pub(crate) async fn handle<E: Executor>(State(endpoint): State<Arc<Endpoint<E>>>, request: Request) -> Response {
    let (mut parts, body) = request.into_parts();
    let context = RequestContext::from_headers(&parts.headers, None);
    if ws::is_upgrade(&parts) {
        return ws::upgrade(endpoint, &mut parts, context).await;
    }
    let started = Instant::now();
    let _in_flight = endpoint.engine.metrics.request_in_flight();
    let span = tracing::info_span!(
        "graphql", method = %parts.method, trace_id = %context.trace_id, operation = Empty, status = Empty,
        duration_us = Empty
    );
    let response = endpoint.answer(&parts, body, context).instrument(span.clone()).await;
    let duration = started.elapsed();
    endpoint.engine.metrics.observe(duration);
    span.record("status", response.status().as_u16());
    span.record("duration_us", u64::try_from(duration.as_micros()).unwrap_or(u64::MAX));
    tracing::debug!(parent: &span, "answered");
    response
}

impl<E: Executor> Endpoint<E> {
    async fn answer(&self, parts: &Parts, body: HttpBody, mut context: RequestContext) -> Response {
        let trace_id = context.trace_id.clone();
        let media = match Media::accepted(&parts.headers) {
            Ok(media) => media,
            Err(failure) => return self.refuse(parts, failure, Media::Json, &trace_id),
        };
        let limit = Duration::from_secs(REQUEST_SECONDS_MAX);
        let work = async {
            context.actor = self.authentication.of_headers(&parts.headers)?;
            let prepared = self.prepare(parts, body).await?;
            self.execute(prepared, context, media).await
        };
        match tokio::time::timeout(limit, work).await.unwrap_or_else(|_| Err(timed_out())) {
            Ok(response) => response,
            Err(failure) => self.refuse(parts, failure, media, &trace_id),
        }
    }

    async fn prepare(&self, parts: &Parts, body: HttpBody) -> Result<Prepared, Failure> {
        let parameters = match parts.method {
            Method::POST => {
                require_json(&parts.headers)?;
                parse_body(&read_body(&parts.headers, body).await?)?
            }
            Method::GET => parse_query_string(&parts.uri)?,
            _ => {
                return Err(
                    Failure::bad_request("send POST, or GET for queries").with_status(StatusCode::METHOD_NOT_ALLOWED)
                );
            }
        };
        let prepared = self.engine.prepare(parameters)?;
        if let Some(name) = prepared.operation_name() {
            tracing::Span::current().record("operation", &name[..name.len().min(NAME_BYTES_MAX)]);
        }
        if parts.method == Method::GET && prepared.kind != OperationType::Query {
            return Err(Failure::bad_request("GET executes queries only: send a POST")
                .with_status(StatusCode::METHOD_NOT_ALLOWED));
        }
        Ok(prepared)
    }

    async fn execute(&self, prepared: Prepared, context: RequestContext, media: Media) -> Result<Response, Failure> {
        if media == Media::EventStream {
            return Ok(sse::respond(self.engine.stream(prepared, context), self.shutdown.clone()));
        }
        if prepared.kind == OperationType::Subscription {
            return Err(Failure::bad_request(
                "a subscription needs Accept: text/event-stream, or a WebSocket speaking graphql-transport-ws",
            ));
        }
        let is_anonymous = context.actor.is_none();
        let Executed { mut response, cookie } = self.engine.execute(prepared, context).await;
        let status = match (media, request_error_code(&response)) {
            (Media::GraphqlResponse, Some(code)) => code.status(),
            (Media::Json, Some(code)) if code.status().is_server_error() => code.status(),
            (Media::GraphqlResponse | Media::Json | Media::EventStream, _) => StatusCode::OK,
        };
        let headers = std::mem::take(&mut response.http_headers);
        let cache_control = response.cache_control.value().filter(|_| is_anonymous && response.is_ok());
        let mut answer = render(&response, status, media);
        answer.headers_mut().extend(headers);
        if let Some(value) = cache_control.and_then(|value| HeaderValue::try_from(value).ok()) {
            answer.headers_mut().insert(CACHE_CONTROL, value);
        }
        if let Some(cookie) = cookie {
            answer.headers_mut().append(SET_COOKIE, cookie);
        }
        Ok(answer)
    }

    fn refuse(&self, parts: &Parts, failure: Failure, media: Media, trace_id: &str) -> Response {
        self.engine.metrics.count(None, Outcome::Refused);
        let status = match (failure.status, media) {
            (Some(status), _) => status,
            (None, Media::Json) => StatusCode::OK,
            (None, Media::GraphqlResponse | Media::EventStream) => failure.code.status(),
        };
        let mut answer = render(&failure.into_response(trace_id), status, media);
        if status == StatusCode::METHOD_NOT_ALLOWED {
            let allowed = if parts.method == Method::GET { "POST" } else { "GET, POST" };
            answer.headers_mut().insert(ALLOW, HeaderValue::from_static(allowed));
        }
        if status == StatusCode::UNAUTHORIZED {
            answer.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        answer
    }
}

/// Writes a response. Answers may differ by what `Vary` lists, and are nobody's to keep unless they say so.
pub(crate) fn render(response: &GraphqlResponse, status: StatusCode, media: Media) -> Response {
    let mut bytes = Vec::with_capacity(ANSWER_BYTES_USUAL);
    // Writing to memory cannot fail, and a response has only string keys.
    serde_json::to_writer(&mut bytes, &Body::of(response)).expect("a response is JSON");
    let media = if media == Media::EventStream { Media::Json } else { media };
    let mut answer = Response::new(HttpBody::from(bytes));
    *answer.status_mut() = status;
    let headers = answer.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(media.name()));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(VARY, HeaderValue::from_static("accept, accept-language, authorization, after-position, cookie"));
    answer
}

/// Reads a body. What is too long is read on and thrown away, so far as is decent: a client that is still sending when the
/// connection is closed would not see why it was refused.
async fn read_body(headers: &HeaderMap, mut body: HttpBody) -> Result<Vec<u8>, Failure> {
    let announced = headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    let (mut bytes, mut length) = (Vec::new(), 0);
    while length <= DISCARDED_BYTES_MAX && announced.is_none_or(|announced| announced <= DISCARDED_BYTES_MAX) {
        let Some(frame) = body.frame().await else { break };
        let frame = frame.map_err(|_| Failure::bad_request("the body did not arrive whole").of_transport())?;
        let Ok(data) = frame.into_data() else { continue };
        length += data.len();
        if length <= BODY_BYTES_MAX {
            bytes.extend_from_slice(&data);
        }
    }
    if length.max(announced.unwrap_or_default()) > BODY_BYTES_MAX {
        let message = format!("the body is longer than {BODY_BYTES_MAX} bytes: pass less at once");
        return Err(Failure::bad_request(message).with_status(StatusCode::PAYLOAD_TOO_LARGE));
    }
    Ok(bytes)
}

fn parse_body(bytes: &[u8]) -> Result<Parameters, Failure> {
    match bytes.iter().find(|byte| !byte.is_ascii_whitespace()) {
        Some(b'{') => serde_json::from_slice(bytes).map_err(|error| malformed("the body", &error)),
        Some(b'[') => {
            Err(Failure::bad_request("batches are not accepted: send one operation a request").of_transport())
        }
        _ => Err(Failure::bad_request("the body is not a JSON object with a query").of_transport()),
    }
}

/// The parameters as a query string has them: maps are JSON inside.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct QueryString {
    query: Option<String>,
    operation_name: Option<String>,
    variables: Option<String>,
    extensions: Option<String>,
}

fn parse_query_string(uri: &Uri) -> Result<Parameters, Failure> {
    if uri.query().is_some_and(|query| query.len() > BODY_BYTES_MAX) {
        return Err(
            Failure::bad_request("the query string is too long: send a POST").with_status(StatusCode::URI_TOO_LONG)
        );
    }
    let Query(text) = Query::<QueryString>::try_from_uri(uri)
        .map_err(|_| Failure::bad_request("the query string is malformed").of_transport())?;
    let variables = text.variables.filter(|json| !json.is_empty());
    let extensions = text.extensions.filter(|json| !json.is_empty());
    Ok(Parameters {
        query: text.query,
        operation_name: text.operation_name,
        variables: match variables {
            Some(json) => serde_json::from_str(&json).map_err(|error| malformed("variables", &error))?,
            None => async_graphql::Variables::default(),
        },
        extensions: match extensions {
            Some(json) => serde_json::from_str(&json).map_err(|error| malformed("extensions", &error))?,
            None => None,
        },
    })
}

fn malformed(what: &str, error: &serde_json::Error) -> Failure {
    Failure::bad_request(format!("{what}: {error}")).of_transport()
}
