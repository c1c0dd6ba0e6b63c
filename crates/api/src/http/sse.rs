//! GraphQL over server-sent events, one connection an operation: the "distinct connections mode" of
//! <https://github.com/enisdenjo/graphql-sse/blob/master/PROTOCOL.md>. It carries subscriptions where WebSockets do not
//! get through, to anything that can read an HTTP answer line by line.

use std::convert::Infallible;
use std::time::Duration;

use async_graphql::Response as GraphqlResponse;
use axum::http::HeaderValue;
use axum::http::header::CACHE_CONTROL;
use axum::response::sse::{Event, KeepAlive};
use axum::response::{IntoResponse, Response, Sse};
use futures_util::stream::{self, BoxStream};
use futures_util::{FutureExt, StreamExt};

use crate::http::engine::Body;
use crate::http::shutdown::Shutdown;

/// How often a silent stream says that it lives, seconds.
const KEEP_ALIVE_SECONDS: u64 = 15;

/// Answers with the results of one operation: `next` for each, `complete` at the end. When the server ends, so does the
/// stream, without `complete`: clients connect again.
pub(crate) fn respond(results: BoxStream<'static, GraphqlResponse>, shutdown: Shutdown) -> Response {
    let guard = shutdown.hold();
    let next = results.map(move |response| {
        let _held_as_long_as_the_stream = &guard;
        // A response has only string keys, so it can be written.
        Event::default().event("next").json_data(Body::of(&response)).expect("a response is JSON")
    });
    let complete = stream::once(async { Event::default().event("complete").data("") });
    let end = async move { shutdown.begun().await }.boxed();
    let events = next.chain(complete).take_until(end).map(Ok::<_, Infallible>);
    let keep_alive = KeepAlive::new().interval(Duration::from_secs(KEEP_ALIVE_SECONDS));
    let mut response = Sse::new(events).keep_alive(keep_alive).into_response();
    // Proxies must hand each event on as it comes.
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store, no-transform"));
    response.headers_mut().insert("x-accel-buffering", HeaderValue::from_static("no"));
    response
}
