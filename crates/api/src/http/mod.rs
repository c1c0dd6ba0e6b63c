//! HTTP: the transports of the GraphQL API, and what stands beside it.
//!
//! `POST /graphql` (JSON, or server-sent events by `Accept`), `GET /graphql` (queries, or a WebSocket speaking
//! `graphql-transport-ws`), `/` (GraphiQL), `/health`, `/ready`, `/metrics`, `/webhooks/{provider}`.
//!
//! Invariants: nothing a browser sends to another site unasked executes a mutation; no document over the limits of
//! [`limits`] is executed; every error has a code, and tells nothing of the inside.

pub mod authentication;
pub mod context;
pub mod engine;
pub mod error;
pub mod graphql;
pub mod health;
pub mod limits;
pub mod metrics;
pub mod server;
pub mod shutdown;
pub mod webhook;
pub mod ws;

mod cache;
mod document;
mod graphiql;
mod media;
mod protocol;
mod sse;
#[cfg(test)]
mod tests;
