//! GraphQL over server-sent events, one connection an operation: the "distinct connections mode" of
//! <https://github.com/enisdenjo/graphql-sse/blob/master/PROTOCOL.md>. It carries subscriptions where WebSockets do not
//! get through, to anything that can read an HTTP answer line by line.

use std::convert::Infallible;
use std::time::Duration;

use async_graphql::Response as GraphqlResponse;
use axum::body::{Body as HttpBody, Bytes};
use axum::http::HeaderValue;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::Response;
use futures_util::future::BoxFuture;
use futures_util::stream::{self, BoxStream};
use futures_util::{FutureExt, Stream, StreamExt};

use crate::http::engine::Body;
use crate::http::media::Media;
use crate::http::shutdown::{Shutdown, SocketGuard};

/// How often a silent stream says that it lives, seconds.
const KEEP_ALIVE_SECONDS: u64 = 15;
const COMPLETE: &[u8] = b"event: complete\ndata:\n\n";
/// A comment, which clients skip.
const KEEP_ALIVE: &[u8] = b":\n\n";

/// Answers with the results of one operation: `next` for each, `complete` at the end. When the server ends, so does the
/// stream, without `complete`: clients connect again.
pub(crate) fn respond(results: BoxStream<'static, GraphqlResponse>, shutdown: Shutdown) -> Response {
    let guard = shutdown.hold();
    let ending = async move { shutdown.begun().await }.boxed();
    let mut response = Response::new(HttpBody::from_stream(events(Events { results, ending, _guard: guard })));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(Media::EventStream.name()));
    // Proxies must hand each event on as it comes.
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store, no-transform"));
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    response
}

struct Events {
    results: BoxStream<'static, GraphqlResponse>,
    ending: BoxFuture<'static, ()>,
    _guard: SocketGuard,
}

fn events(events: Events) -> impl Stream<Item = Result<Bytes, Infallible>> {
    stream::unfold(Some(events), |state| async move {
        let mut events = state?;
        let silence = tokio::time::sleep(Duration::from_secs(KEEP_ALIVE_SECONDS));
        let (event, is_last) = tokio::select! {
            biased;
            () = &mut events.ending => return None,
            result = events.results.next() => match result {
                Some(response) => (next(&response), false),
                None => (Bytes::from_static(COMPLETE), true),
            },
            () = silence => (Bytes::from_static(KEEP_ALIVE), false),
        };
        Some((Ok(event), (!is_last).then_some(events)))
    })
}

fn next(response: &GraphqlResponse) -> Bytes {
    let mut event = b"event: next\ndata: ".to_vec();
    // Writing to memory cannot fail, and a response has only string keys. JSON has no line breaks of its own here.
    serde_json::to_writer(&mut event, &Body::of(response)).expect("a response is JSON");
    event.extend_from_slice(b"\n\n");
    Bytes::from(event)
}
