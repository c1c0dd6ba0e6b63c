//! The house's own doors, for the sub-commands of the same binary: a shop that is open owns its log, so `comptoir replay`
//! and `comptoir forget` ask it. Staff only.

use std::convert::Infallible;
use std::sync::Arc;

use app::Shop;
use app::actor::{Actor, Permission};
use app::clock::Clock;
use app::token::Tokens;
use app::vault::Vault;
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use domain::values::{CustomerId, OrderId};
use event_store::EventStore;
use projections::{Progress, ReadModels, Replay};
use tokio::sync::mpsc;

use crate::background::Started;

/// Progress lines that may wait for a slow reader; further ones are left out.
const LINES_MAX: usize = 64;

#[derive(Clone)]
struct Doors {
    tokens: Arc<Tokens>,
    clock: Arc<dyn Clock>,
    vault: Arc<Vault>,
    shop: Shop,
    store: Arc<dyn EventStore>,
    models: ReadModels,
}

/// Makes the doors of a shop.
pub fn router(started: &Started) -> Router {
    let doors = Doors {
        tokens: started.tokens.clone(),
        clock: started.shop.clock.clone(),
        vault: started.shop.vault.clone(),
        shop: started.shop.clone(),
        store: started.store.clone(),
        models: started.models.clone(),
    };
    Router::new()
        .route("/admin/replay/{projection}", post(replay))
        .route("/admin/forget/{customer}", post(forget))
        .route("/admin/causality/{order}", post(causality))
        .with_state(doors)
}

impl Doors {
    fn actor(&self, headers: &HeaderMap) -> Result<Actor, Box<Response>> {
        let token = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
        let actor = token.and_then(|token| self.tokens.read(token, self.clock.now()).ok());
        actor.ok_or_else(|| Box::new((StatusCode::UNAUTHORIZED, "a staff token is needed\n").into_response()))
    }

    fn permit(&self, headers: &HeaderMap, permission: Permission) -> Result<Actor, Box<Response>> {
        let actor = self.actor(headers)?;
        let forbidden = |error| Box::new((StatusCode::FORBIDDEN, format!("{error}\n")).into_response());
        actor.require(permission).map_err(forbidden)?;
        Ok(actor)
    }
}

async fn forget(State(doors): State<Doors>, headers: HeaderMap, Path(customer): Path<String>) -> Response {
    let actor = match doors.permit(&headers, Permission::PersonalDataRead) {
        Ok(actor) => actor,
        Err(response) => return *response,
    };
    let customer: CustomerId = match customer.parse() {
        Ok(customer) => customer,
        Err(invalid) => return (StatusCode::BAD_REQUEST, format!("{invalid}\n")).into_response(),
    };
    match doors.vault.forget(&customer).await {
        Ok(destroyed) => {
            tracing::info!(%customer, by = actor.id(), destroyed, "a customer was forgotten");
            let said = if destroyed { "the key is destroyed" } else { "there is no key any more" };
            format!("{customer}: {said}\n").into_response()
        }
        Err(error) => {
            tracing::error!(%customer, ?error, "a customer could not be forgotten");
            (StatusCode::SERVICE_UNAVAILABLE, "the key could not be destroyed, try again\n").into_response()
        }
    }
}

/// Writes what led to what in the life of an order, as a flowchart of Mermaid.
async fn causality(State(doors): State<Doors>, headers: HeaderMap, Path(order): Path<String>) -> Response {
    if let Err(response) = doors.permit(&headers, Permission::OrdersRead) {
        return *response;
    }
    let order: OrderId = match order.parse() {
        Ok(order) => order,
        Err(invalid) => return (StatusCode::BAD_REQUEST, format!("{invalid}\n")).into_response(),
    };
    match sagas::journey::of(&doors.shop, &order).await {
        Ok(Some(journey)) => journey.mermaid().into_response(),
        Ok(None) => (StatusCode::NOT_FOUND, format!("there is no order {order}\n")).into_response(),
        Err(error) => {
            tracing::error!(%order, ?error, "a journey could not be read");
            (StatusCode::SERVICE_UNAVAILABLE, "the log could not be read, try again\n").into_response()
        }
    }
}

/// Rebuilds a read model and writes its progress line by line: `done total rate`, and last `ok` or `failed: …`.
async fn replay(State(doors): State<Doors>, headers: HeaderMap, Path(projection): Path<String>) -> Response {
    if let Err(response) = doors.permit(&headers, Permission::AnalyticsRead) {
        return *response;
    }
    if doors.models.status_of(&projection).is_none() {
        let known: Vec<_> = doors.models.status().iter().map(|status| status.name).collect();
        let message = format!("there is no projection {projection}: known are {}\n", known.join(", "));
        return (StatusCode::NOT_FOUND, message).into_response();
    }
    let (lines, receiver) = mpsc::channel::<String>(LINES_MAX);
    // The body owns the rebuild: a reader who goes away ends it, and the generation that serves stays.
    let rebuild = async move {
        let report = |progress: Progress| {
            let _left_out = lines.try_send(format!("{} {} {}\n", progress.done, progress.total, progress.rate));
        };
        let last = match Replay::new(doors.store, doors.models).run(&projection, report).await {
            Ok(done) => format!("ok {} events read, {} a second\n", done.done, done.rate),
            Err(error) => format!("failed: {error}\n"),
        };
        // The reader may be gone; then nobody wants the last line.
        let _unread = lines.send(last).await;
    };
    Body::from_stream(Lines { receiver, rebuild: Some(Box::pin(rebuild)) }).into_response()
}

type Rebuild = std::pin::Pin<Box<dyn Future<Output = ()> + Send>>;

struct Lines {
    receiver: mpsc::Receiver<String>,
    rebuild: Option<Rebuild>,
}

impl futures_util::Stream for Lines {
    type Item = Result<Bytes, Infallible>;

    fn poll_next(
        mut self: std::pin::Pin<&mut Self>,
        context: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Self::Item>> {
        if let Some(rebuild) = &mut self.rebuild
            && rebuild.as_mut().poll(context).is_ready()
        {
            self.rebuild = None;
        }
        self.receiver.poll_recv(context).map(|line| line.map(|line| Ok(Bytes::from(line))))
    }
}
