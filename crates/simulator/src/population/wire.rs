//! How people reach the shop: GraphQL over the router of one of its processes, in this process.

use std::sync::Arc;
use std::time::Duration;

use app::actor::{Actor, Role};
use app::token::Tokens;
use axum::body::{Body, to_bytes};
use axum::http::Request;
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE};
use domain::values::CustomerId;
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::clock::{BEGIN, DAY};
use crate::dice::Dice;
use crate::doors::Door;
use crate::faults::Fault;
use crate::ids::SeededIds;
use crate::world::{World, count};

const BODY_BYTES_MAX: usize = 1 << 20;
/// How often something is asked again before whoever asks gives up.
const TRIES_MAX: u32 = 400;
/// How long a token is good: longer than any world lasts.
const TOKEN_DAYS: i64 = 4_000;

/// No answer came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NoAnswer;

/// Someone who asks the shop for things.
pub(crate) struct Client {
    pub(crate) world: Arc<World>,
    pub(crate) dice: Dice,
    pub(crate) name: String,
    token: String,
    asked: u64,
}

/// Names a key of a person's.
pub(crate) fn key(client: &Client, what: &str) -> String {
    format!("{}/{what}", client.name)
}

impl Client {
    /// Makes a buyer.
    pub(crate) async fn buyer(world: &Arc<World>, name: String, dice: Dice, customer: &CustomerId) -> Self {
        Self::of(world, name, dice, &Actor::shopper(customer.clone())).await
    }

    /// Makes someone of the staff.
    pub(crate) async fn staff(world: &Arc<World>, name: String, dice: Dice) -> Self {
        Self::of(world, name, dice, &Actor::of_role(Role::Staff, "staff")).await
    }

    async fn of(world: &Arc<World>, name: String, dice: Dice, actor: &Actor) -> Self {
        // Whoever asks first makes the secret: these ids are of no process.
        let ids = SeededIds::new(world.seed, u64::MAX);
        let tokens = Tokens::open(&*world.log.store, &ids).await.expect("memory does not fail");
        let token = tokens.issue(actor, BEGIN.plus_seconds(TOKEN_DAYS * DAY));
        Self { world: world.clone(), dice, name, token, asked: 0 }
    }

    /// Asks once and returns the data of the answer.
    ///
    /// # Errors
    /// [`NoAnswer`] when nobody answers, the connection breaks or the shop asks to come again.
    pub(crate) async fn ask(&mut self, document: &str, variables: Value) -> Result<Value, NoAnswer> {
        let world = self.world.clone();
        let _busy = world.busy();
        count(&world.counts.requests);
        self.asked += 1;
        let door = world.doors.any(self.dice.number()).ok_or(NoAnswer);
        let Ok(door) = door else {
            count(&world.counts.unanswered);
            return Err(NoAnswer);
        };
        let breaks = world.strike(&[Fault::ConnectionLost], || self.name.clone()).is_some();
        let patience = if breaks { self.dice.below(1_500) } else { 8_000 };
        let answer = self.send(&door, document, variables);
        let answered = tokio::select! {
            biased;
            () = door.fate.died() => Err(NoAnswer),
            answer = answer => answer,
            () = tokio::time::sleep(Duration::from_millis(patience)) => Err(NoAnswer),
        };
        match answered {
            Ok(body) => self.data(document, body),
            Err(NoAnswer) => {
                count(&world.counts.unanswered);
                Err(NoAnswer)
            }
        }
    }

    async fn send(&self, door: &Door, document: &str, variables: Value) -> Result<Value, NoAnswer> {
        let body = json!({ "query": document, "variables": variables }).to_string();
        let trace = format!("00-{:016x}{:016x}-{:016x}-01", self.dice.clone().number() | 1, self.asked, self.asked);
        let request = Request::post("/graphql")
            .header(CONTENT_TYPE, "application/json")
            .header(AUTHORIZATION, format!("Bearer {}", self.token))
            .header("traceparent", trace)
            .body(Body::from(body))
            .map_err(|_| NoAnswer)?;
        let Ok(response) = door.router.clone().oneshot(request).await;
        let body = to_bytes(response.into_body(), BODY_BYTES_MAX).await.map_err(|_| NoAnswer)?;
        serde_json::from_slice(&body).map_err(|_| NoAnswer)
    }

    fn data(&self, document: &str, mut body: Value) -> Result<Value, NoAnswer> {
        let Some(error) = body["errors"].get(0) else { return Ok(body["data"].take()) };
        match error["extensions"]["code"].as_str() {
            Some("UNAVAILABLE" | "THROTTLED" | "PROJECTION_BEHIND") => {}
            // Everything else is a mistake: of the shop, or of the people here.
            _ => self.world.violate("an answer", format!("{}: {document}: {error}", self.name)),
        }
        Err(NoAnswer)
    }

    /// Asks again and again, with pauses. `None` when there is no answer after many tries.
    pub(crate) async fn insist(&mut self, document: &str, variables: Value) -> Option<Value> {
        for _ in 0..TRIES_MAX {
            if let Ok(answer) = self.ask(document, variables.clone()).await {
                return Some(answer);
            }
            let pause = Duration::from_millis(200 + self.dice.below(1_800));
            self.world.pause(pause).await;
        }
        self.world.violate("an answer", format!("{}: nobody answers {document}", self.name));
        None
    }

    /// Runs a mutation until it is answered and returns its payload.
    pub(crate) async fn mutate(&mut self, mutation: &Mutation, input: Value, key: &str) -> Option<Value> {
        let mut answer = self.insist(mutation.document, json!({ "i": input, "k": key })).await?;
        let payload = answer[mutation.name].take();
        self.note(mutation.name, &payload);
        Some(payload)
    }

    /// Writes what came of a mutation into the trace.
    pub(crate) fn note(&self, what: &str, payload: &Value) {
        self.world.note(|| format!("{}: {what}: {}", self.name, code(payload).unwrap_or("done")));
    }
}

/// A mutation: its field and its document.
pub(crate) struct Mutation {
    pub(crate) name: &'static str,
    pub(crate) document: &'static str,
}

/// Returns the code of a payload's first refusal.
pub(crate) fn code(payload: &Value) -> Option<&str> {
    payload["errors"].get(0)?["code"].as_str()
}

/// Writes a mutation with a key that returns an id.
macro_rules! mutation {
    ($name:literal, $input:literal, $result:literal) => {
        $crate::population::wire::Mutation {
            name: $name,
            document: concat!(
                "mutation($i: ",
                $input,
                "!, $k: String!) { ",
                $name,
                "(input: $i, idempotencyKey: $k) { result { ",
                $result,
                " } errors { code message ... on PaymentError { actionUrl } } warnings { code } replayed } }"
            ),
        }
    };
}

pub(crate) use mutation;
