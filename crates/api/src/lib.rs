//! The API: HTTP, authentication, GraphQL.

pub mod http;
