//! The API: HTTP, authentication, GraphQL.

pub mod graphql;
pub mod http;

use std::sync::Arc;

use axum::Router;

use crate::graphql::{ApiState, ConsistencyHook, schema};
use crate::http::server::{ServerParts, router};

/// Makes the routes of a shop's API. It names the schema, so that whoever serves it need not compile every resolver anew.
pub fn routes(state: ApiState, parts: ServerParts) -> Router {
    router(schema(state), Arc::new(ConsistencyHook), parts)
}
