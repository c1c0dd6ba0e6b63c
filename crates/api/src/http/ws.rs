//! `graphql-transport-ws`: one task a connection reads its messages and runs its operations side by side.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use app::actor::Actor;
use async_graphql::{Executor, Response as GraphqlResponse};
use axum::extract::FromRequestParts;
use axum::extract::ws::{CloseFrame, Message, WebSocketUpgrade};
use axum::http::header::{AUTHORIZATION, HOST, ORIGIN, UPGRADE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use futures_util::stream::{self, AbortHandle, Abortable, BoxStream, SelectAll};
use futures_util::{Sink, SinkExt, Stream, StreamExt};
use tokio::time::{Instant, MissedTickBehavior, interval_at, sleep, timeout};

use crate::http::context::RequestContext;
use crate::http::engine::Parameters;
use crate::http::error::{ErrorCode, Failure, request_error_code};
use crate::http::graphql::{BODY_BYTES_MAX, Endpoint, render};
use crate::http::media::Media;
use crate::http::protocol::{ClientMessage, Close, InitPayload, SUBPROTOCOL, ServerMessage};

/// How long a client may take to send `connection_init`, seconds.
pub const INIT_SECONDS_MAX: u64 = 3;
/// The most operations of one connection at once.
pub const OPERATIONS_MAX: usize = 32;
/// How often a connection is asked whether it lives; one that says nothing until the next time is dropped, seconds.
const KEEP_ALIVE_SECONDS: u64 = 20;
/// How long a client may take to accept one message, seconds.
const SEND_SECONDS_MAX: u64 = 10;
/// How long a client may take to answer our close, seconds.
const CLOSE_SECONDS_MAX: u64 = 2;

/// Returns whether a request asks for a WebSocket.
pub(crate) fn is_upgrade(parts: &Parts) -> bool {
    parts.headers.get(UPGRADE).is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"websocket"))
}

/// Upgrades a request, or says why not.
pub(crate) async fn upgrade<E: Executor>(
    endpoint: Arc<Endpoint<E>>,
    parts: &mut Parts,
    mut context: RequestContext,
) -> Response {
    match accept(&endpoint, parts).await {
        Ok(accepted) => {
            let Accepted { upgrade, actor, credentials, refusal } = accepted;
            context.actor = actor;
            upgrade.on_upgrade(move |socket| async move {
                let _open = (endpoint.shutdown.hold(), endpoint.engine.metrics.socket_open());
                match refusal {
                    Some(reason) => close(socket, reason).await,
                    None => Box::pin(converse(socket, Connection::new(endpoint, context, credentials))).await,
                }
            })
        }
        Err(failure) => {
            let status = failure.status.unwrap_or_else(|| failure.code.status());
            render(&failure.into_response(&context.trace_id), status, Media::Json)
        }
    }
}

struct Accepted {
    upgrade: WebSocketUpgrade,
    actor: Option<Actor>,
    /// What `Authorization` says, to be read again later.
    credentials: Option<String>,
    /// Why the socket is to be closed at once.
    refusal: Option<Close>,
}

async fn accept<E: Executor>(endpoint: &Endpoint<E>, parts: &mut Parts) -> Result<Accepted, Failure> {
    if !is_same_origin(&parts.headers) {
        return Err(Failure::new(ErrorCode::Forbidden, "another origin may not open a socket here").of_transport());
    }
    let actor = endpoint.authentication.of_headers(&parts.headers)?;
    let credentials = parts.headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let mut upgrade = WebSocketUpgrade::from_request_parts(parts, &())
        .await
        .map_err(|_| Failure::bad_request("the WebSocket handshake is malformed").with_status(StatusCode::BAD_REQUEST))?
        .max_message_size(BODY_BYTES_MAX)
        .max_frame_size(BODY_BYTES_MAX)
        .protocols([SUBPROTOCOL]);
    let mut refusal = None;
    if upgrade.selected_protocol().is_none() {
        // A client hears the close code only where the handshake agrees to what it asked for.
        let asked = upgrade.requested_protocols().next().cloned();
        if let Some(asked) = asked {
            upgrade.set_selected_protocol(asked);
        }
        refusal = Some(Close::SubprotocolNotAcceptable);
    }
    Ok(Accepted { upgrade, actor, credentials, refusal })
}

/// Browsers open sockets to any site and send cookies along: what says whose page it is, is `Origin` (RFC 6454).
fn is_same_origin(headers: &HeaderMap) -> bool {
    let Some(origin) = headers.get(ORIGIN) else { return true };
    let text = |value: &axum::http::HeaderValue| value.to_str().ok().map(str::to_ascii_lowercase);
    let (Some(origin), Some(host)) = (text(origin), headers.get(HOST).and_then(text)) else { return false };
    let (authority, port) = match (origin.strip_prefix("https://"), origin.strip_prefix("http://")) {
        (Some(authority), _) => (authority, ":443"),
        (None, Some(authority)) => (authority, ":80"),
        (None, None) => return false,
    };
    let without_port = |authority: &str| authority.strip_suffix(port).unwrap_or(authority).to_owned();
    without_port(authority) == without_port(&host)
}

/// One result of an operation, or `None` at its end.
struct Output {
    key: u64,
    id: Arc<str>,
    response: Option<GraphqlResponse>,
}

struct Running {
    key: u64,
    abort: AbortHandle,
}

/// What is known of one connection.
pub(crate) struct Connection<E> {
    endpoint: Arc<Endpoint<E>>,
    context: RequestContext,
    credentials: Option<String>,
    is_acknowledged: bool,
    running: HashMap<Arc<str>, Running>,
    outputs: SelectAll<BoxStream<'static, Output>>,
    keys: u64,
}

impl<E: Executor> Connection<E> {
    pub(crate) fn new(endpoint: Arc<Endpoint<E>>, context: RequestContext, credentials: Option<String>) -> Self {
        let (running, outputs) = (HashMap::new(), SelectAll::new());
        Self { endpoint, context, credentials, is_acknowledged: false, running, outputs, keys: 0 }
    }

    /// Takes a message. Returns what to answer at once.
    fn on_message(&mut self, text: &str) -> Result<Option<String>, Close> {
        match ClientMessage::parse(text)? {
            ClientMessage::ConnectionInit { payload } => self.initialise(payload).map(Some),
            ClientMessage::Ping {} => Ok(Some(ServerMessage::Pong.to_text())),
            ClientMessage::Pong {} => Ok(None),
            ClientMessage::Subscribe { id, payload } => self.subscribe(&id, payload),
            ClientMessage::Complete { id } => {
                if let Some(running) = self.running.remove(id.as_str()) {
                    running.abort.abort();
                }
                Ok(None)
            }
        }
    }

    fn initialise(&mut self, payload: Option<InitPayload>) -> Result<String, Close> {
        if self.is_acknowledged {
            return Err(Close::TooManyInitialisations);
        }
        if let Some(credentials) = payload.and_then(|payload| payload.authorization) {
            self.credentials = Some(credentials);
        }
        self.authenticate()?;
        self.is_acknowledged = true;
        Ok(ServerMessage::ConnectionAck.to_text())
    }

    /// Reads the token again: a connection does not outlive it.
    fn authenticate(&mut self) -> Result<(), Close> {
        if let Some(credentials) = &self.credentials {
            let actor = self.endpoint.authentication.of_credentials(credentials).map_err(|_| Close::Forbidden)?;
            self.context.actor = Some(actor);
        }
        Ok(())
    }

    fn subscribe(&mut self, id: &str, parameters: Parameters) -> Result<Option<String>, Close> {
        if !self.is_acknowledged {
            return Err(Close::Unauthorized);
        }
        if self.running.contains_key(id) {
            return Err(Close::SubscriberAlreadyExists);
        }
        self.authenticate()?;
        let refused = |failure: Failure, trace_id: &str| {
            let response = failure.into_response(trace_id);
            Ok(Some(ServerMessage::Error { id, payload: &response.errors }.to_text()))
        };
        if self.running.len() >= OPERATIONS_MAX {
            let message = format!("this connection runs {OPERATIONS_MAX} operations: complete one first");
            return refused(Failure::new(ErrorCode::Throttled, message), &self.context.trace_id);
        }
        let prepared = match self.endpoint.engine.prepare(parameters) {
            Ok(prepared) => prepared,
            Err(failure) => return refused(failure, &self.context.trace_id),
        };
        let results = self.endpoint.engine.stream(prepared, self.context.of_next_operation());
        self.run(Arc::from(id), results);
        Ok(None)
    }

    fn run(&mut self, id: Arc<str>, results: BoxStream<'static, GraphqlResponse>) {
        self.keys += 1;
        let (key, of_result, of_end) = (self.keys, id.clone(), id.clone());
        let (abort, registration) = AbortHandle::new_pair();
        let outputs = results
            .map(move |response| Output { key, id: of_result.clone(), response: Some(response) })
            .chain(stream::once(async move { Output { key, id: of_end, response: None } }));
        self.outputs.push(Abortable::new(outputs, registration).boxed());
        self.running.insert(id, Running { key, abort });
    }

    /// Takes what an operation gave. Returns what to tell the client: nothing where it has completed the operation.
    fn on_output(&mut self, output: &Output) -> Option<String> {
        let id = &*output.id;
        self.running.get(id).filter(|running| running.key == output.key)?;
        let Some(response) = &output.response else {
            self.running.remove(id);
            return Some(ServerMessage::Complete { id }.to_text());
        };
        if request_error_code(response).is_some() {
            if let Some(running) = self.running.remove(id) {
                running.abort.abort();
            }
            return Some(ServerMessage::Error { id, payload: &response.errors }.to_text());
        }
        Some(ServerMessage::next(id, response).to_text())
    }
}

/// What to do after an event of the connection.
enum Step {
    Go,
    Send(Message),
    Close(Close),
    /// The peer is gone, or does not answer.
    Drop,
}

/// Serves a connection until either side ends it.
pub(crate) async fn converse<E, S>(mut socket: S, mut connection: Connection<E>)
where
    E: Executor,
    S: Stream<Item = Result<Message, axum::Error>> + Sink<Message, Error = axum::Error> + Unpin,
{
    let shutdown = connection.endpoint.shutdown.clone();
    let mut ending = std::pin::pin!(shutdown.begun());
    let mut init_limit = std::pin::pin!(sleep(Duration::from_secs(INIT_SECONDS_MAX)));
    let period = Duration::from_secs(KEEP_ALIVE_SECONDS);
    let mut keep_alive = interval_at(Instant::now() + period, period);
    keep_alive.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut is_heard = true;
    loop {
        let step = tokio::select! {
            () = &mut ending => Step::Close(Close::GoingAway),
            () = &mut init_limit, if !connection.is_acknowledged => Step::Close(Close::InitialisationTimeout),
            _ = keep_alive.tick() => keep_alive_step(&mut connection, std::mem::take(&mut is_heard)),
            message = socket.next() => {
                is_heard = true;
                message_step(&mut connection, message)
            }
            Some(output) = connection.outputs.next(), if !connection.outputs.is_empty() => {
                connection.on_output(&output).map_or(Step::Go, |text| Step::Send(Message::from(text)))
            }
        };
        match step {
            Step::Go => {}
            Step::Send(message) => {
                let sending = timeout(Duration::from_secs(SEND_SECONDS_MAX), socket.send(message));
                if !matches!(sending.await, Ok(Ok(()))) {
                    return;
                }
            }
            Step::Close(reason) => return close(socket, reason).await,
            Step::Drop => return,
        }
    }
}

fn keep_alive_step<E: Executor>(connection: &mut Connection<E>, is_heard: bool) -> Step {
    match connection.authenticate() {
        Err(reason) => Step::Close(reason),
        Ok(()) if is_heard => Step::Send(Message::Ping(axum::body::Bytes::new())),
        Ok(()) => Step::Drop,
    }
}

fn message_step<E: Executor>(connection: &mut Connection<E>, message: Option<Result<Message, axum::Error>>) -> Step {
    match message {
        Some(Ok(Message::Text(text))) => match connection.on_message(text.as_str()) {
            Ok(Some(answer)) => Step::Send(Message::from(answer)),
            Ok(None) => Step::Go,
            Err(reason) => Step::Close(reason),
        },
        Some(Ok(Message::Binary(_))) => Step::Close(Close::BadRequest),
        // The socket answers pings and closes by itself; its end follows.
        Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Close(_))) => Step::Go,
        Some(Err(error)) if error.to_string().contains("too long") => Step::Close(Close::MessageTooBig),
        Some(Err(_)) | None => Step::Drop,
    }
}

/// Says why, and waits for the client's own close, so that ours is not lost with the connection.
async fn close<S>(mut socket: S, reason: Close)
where
    S: Stream<Item = Result<Message, axum::Error>> + Sink<Message, Error = axum::Error> + Unpin,
{
    let frame = CloseFrame { code: reason.code(), reason: reason.reason().into() };
    let farewell = async {
        if socket.send(Message::Close(Some(frame))).await.is_ok() {
            while let Some(Ok(_)) = socket.next().await {}
        }
    };
    // Whoever does not answer is dropped.
    let _ = timeout(Duration::from_secs(CLOSE_SECONDS_MAX), farewell).await;
}
