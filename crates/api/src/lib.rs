//! The API: HTTP, authentication, GraphQL.

pub mod graphql;
pub mod http;
