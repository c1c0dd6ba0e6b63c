//! Every rule of the transports, against a toy schema.

mod context;
mod errors;
mod events;
mod limits;
mod media;
mod persisted;
mod server;
mod socket;
mod transport;

use std::sync::Arc;

use app::actor::{Actor, Role};
use app::clock::{Clock, ManualClock};
use app::ids::CountingIds;
use app::token::Tokens;
use async_graphql::{Context, Enum, Object, Request as GraphqlRequest, Schema, Subscription};
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode};
use domain::values::{Locale, Timestamp};
use event_store::memory::MemoryStore;
use futures_util::{Stream, StreamExt, stream};
use serde_json::json;
use tower::ServiceExt;

use crate::http::authentication::Authentication;
use crate::http::context::{Consistency, RequestContext, RequestHook};
use crate::http::engine::Engine;
use crate::http::error::ErrorCode;
use crate::http::graphql::Endpoint;
use crate::http::limits::{COMPLEXITY_MAX, INTROSPECTION_DEPTH_MAX, NESTING_MAX};
use crate::http::metrics::Metrics;
use crate::http::server::{ServerParts, router, with_security_headers};
use crate::http::shutdown::Shutdown;
use crate::http::webhook::{WebhookAnswer, Webhooks};

type ToySchema = Schema<Query, Mutation, Counting>;

struct Query;

#[derive(Clone, Copy, Enum, PartialEq, Eq)]
enum Language {
    Fr,
    En,
}

fn fail() -> bool {
    panic!("a toy panics")
}

fn context_of<'a>(context: &Context<'a>) -> &'a RequestContext {
    context.data::<RequestContext>().expect("the adapter inserts the context")
}

#[Object]
impl Query {
    async fn hello(&self) -> &str {
        "world"
    }

    async fn me(&self, ctx: &Context<'_>) -> Option<String> {
        context_of(ctx).actor.as_ref().map(|actor| actor.id().to_owned())
    }

    async fn trace(&self, ctx: &Context<'_>) -> String {
        context_of(ctx).trace_id.clone()
    }

    async fn language(&self, ctx: &Context<'_>) -> Language {
        match context_of(ctx).locale {
            Locale::Fr => Language::Fr,
            Locale::En => Language::En,
        }
    }

    async fn after_position(&self, ctx: &Context<'_>) -> Option<String> {
        context_of(ctx).after_position.clone()
    }

    async fn hooked(&self, ctx: &Context<'_>) -> bool {
        ctx.data_opt::<Hooked>().is_some()
    }

    async fn fails(&self) -> Result<Option<bool>, std::io::Error> {
        Err(std::io::Error::other("the password is hunter2"))
    }

    async fn forbidden(&self) -> async_graphql::Result<Option<bool>> {
        Err(ErrorCode::Forbidden.error("this needs the permission ORDERS_READ"))
    }

    async fn panics(&self) -> bool {
        fail()
    }

    async fn never(&self) -> bool {
        std::future::pending().await
    }

    async fn nested(&self) -> Query {
        Query
    }

    #[graphql(complexity = "first as usize")]
    async fn page(&self, first: u32) -> u32 {
        first
    }

    #[graphql(cache_control(max_age = 60))]
    async fn kept(&self) -> bool {
        true
    }
}

struct Mutation;

#[Object]
impl Mutation {
    async fn write(&self, ctx: &Context<'_>) -> bool {
        let context = context_of(ctx);
        context.set_consistency(Consistency { position: "42".to_owned(), waited_ms: 3, stale: false });
        context.set_written("42".to_owned());
        true
    }
}

struct Counting;

#[Subscription]
impl Counting {
    async fn count(&self, to: u32) -> impl Stream<Item = u32> {
        stream::iter(1..=to)
    }

    async fn breaks(&self) -> impl Stream<Item = bool> {
        stream::iter([1]).map(|_| fail())
    }

    async fn endless(&self) -> impl Stream<Item = u32> {
        stream::iter([1]).chain(stream::pending())
    }
}

struct Hooked;

struct ToyHook;

impl RequestHook for ToyHook {
    fn prepare(&self, _context: &RequestContext, request: &mut GraphqlRequest) {
        request.data.insert(Hooked);
    }
}

struct ToyWebhooks;

#[async_trait::async_trait]
impl Webhooks for ToyWebhooks {
    async fn receive(&self, provider: &str, headers: &HeaderMap, body: axum::body::Bytes) -> WebhookAnswer {
        match provider {
            "stripe" if headers.contains_key("stripe-signature") && &body[..] == b"{}" => WebhookAnswer::Accepted,
            "stripe" => WebhookAnswer::Refused("the signature is not valid".to_owned()),
            "down" => WebhookAnswer::Unavailable,
            _ => WebhookAnswer::UnknownProvider,
        }
    }
}

fn schema() -> ToySchema {
    Schema::build(Query, Mutation, Counting)
        .limit_complexity(COMPLEXITY_MAX)
        .limit_depth(INTROSPECTION_DEPTH_MAX)
        .limit_recursive_depth(NESTING_MAX)
        .finish()
}

/// A server in process.
struct Api {
    router: Router,
    clock: Arc<ManualClock>,
    tokens: Arc<Tokens>,
    metrics: Arc<Metrics>,
    shutdown: Shutdown,
}

impl Api {
    async fn new() -> Self {
        Self::with_readiness(Ok(())).await
    }

    async fn with_readiness(readiness: Result<(), String>) -> Self {
        let opened = Tokens::open(&MemoryStore::new(), &CountingIds::default()).await;
        let tokens = Arc::new(opened.expect("a memory store does not fail"));
        let clock = Arc::new(ManualClock::starting_at(Timestamp::from_micros(0)));
        let (metrics, shutdown) = (Arc::new(Metrics::new()), Shutdown::new());
        let parts = ServerParts {
            tokens: tokens.clone(),
            clock: clock.clone(),
            readiness: Arc::new(move || readiness.clone()),
            webhooks: Arc::new(ToyWebhooks),
            metrics: metrics.clone(),
            shutdown: shutdown.clone(),
        };
        let router = router(schema(), Arc::new(ToyHook), parts);
        Self { router: with_security_headers(router), clock, tokens, metrics, shutdown }
    }

    /// Makes a token of staff that is good for a minute.
    fn token(&self) -> String {
        let actor = Actor::of_role(Role::Staff, "ada");
        format!("Bearer {}", self.tokens.issue(&actor, self.clock.now().plus_seconds(60)))
    }

    fn endpoint(&self) -> Arc<Endpoint<ToySchema>> {
        Arc::new(Endpoint {
            engine: Arc::new(Engine::new(schema(), Arc::new(ToyHook), self.metrics.clone())),
            authentication: Authentication::new(self.tokens.clone(), self.clock.clone()),
            shutdown: self.shutdown.clone(),
        })
    }

    async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.expect("a router cannot fail");
        let (parts, body) = response.into_parts();
        let body = to_bytes(body, usize::MAX).await.expect("a body in memory can be read");
        let text = String::from_utf8(body.to_vec()).expect("answers are UTF-8");
        Answer { status: parts.status, headers: parts.headers, text }
    }

    async fn query(&self, query: &str) -> Answer {
        self.send(post(&json!({ "query": query }), &[])).await
    }

    async fn query_with(&self, query: &str, headers: &[(&str, &str)]) -> Answer {
        self.send(post(&json!({ "query": query }), headers)).await
    }

    async fn get(&self, path: &str) -> Answer {
        self.send(get(path, &[])).await
    }
}

const STRICT: (&str, &str) = ("accept", "application/graphql-response+json");

fn post(body: &serde_json::Value, headers: &[(&str, &str)]) -> Request<Body> {
    post_raw(body.to_string(), "application/json", headers)
}

fn post_raw(body: impl Into<Body>, content_type: &str, headers: &[(&str, &str)]) -> Request<Body> {
    let mut request = Request::post("/graphql").header("content-type", content_type);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(body.into()).expect("the request is well formed")
}

fn get(path: &str, headers: &[(&str, &str)]) -> Request<Body> {
    let mut request = Request::get(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(Body::empty()).expect("the request is well formed")
}

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    text: String,
}

impl Answer {
    fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("headers are ASCII"))
    }

    /// Returns the status and the code of the only error, having checked its form.
    fn refusal(&self) -> (u16, String) {
        let json = self.json();
        let errors = json["errors"].as_array().expect("there are errors");
        assert_eq!(errors.len(), 1, "{json}");
        let extensions = &errors[0]["extensions"];
        assert!(errors[0]["message"].as_str().is_some_and(|message| !message.is_empty()), "{json}");
        assert!(extensions["retryable"].is_boolean(), "{json}");
        assert_eq!(extensions["traceId"].as_str().map(str::len), Some(32), "{json}");
        assert!(self.header("content-type").contains("json"));
        (self.status.as_u16(), extensions["code"].as_str().expect("every error has a code").to_owned())
    }

    /// Returns the message of the first error.
    fn message(&self) -> String {
        self.json()["errors"][0]["message"].as_str().expect("there is an error").to_owned()
    }
}

fn refused(status: u16, code: &str) -> (u16, String) {
    (status, code.to_owned())
}
