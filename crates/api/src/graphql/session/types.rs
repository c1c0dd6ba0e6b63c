//! What a session gives.

use async_graphql::{Enum, ID, SimpleObject};

use crate::graphql::scalars::DateTime;

/// A guest's session.
#[derive(Clone, Debug, SimpleObject)]
pub struct Session {
    /// Send it as `Authorization: Bearer TOKEN`.
    pub token: String,
    /// The shopper you are from now on.
    pub customer_id: ID,
    /// When the token ends.
    pub expires_at: DateTime,
}

/// An access token.
#[derive(Clone, Debug, SimpleObject)]
pub struct AccessToken {
    /// Send it as `Authorization: Bearer TOKEN`.
    pub token: String,
    /// What its holder is.
    pub role: ActorRole,
    /// Who its holder is.
    pub id: String,
    /// When the token ends.
    pub expires_at: DateTime,
}

/// What an actor is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "app::actor::Role")]
pub enum ActorRole {
    /// Buys, as a customer or a guest; sees only what is theirs.
    Shopper,
    /// Runs the shop.
    Staff,
    /// Reads figures.
    Analyst,
    /// Reads the log.
    Auditor,
    /// The shop itself.
    System,
}

/// A role that staff may issue tokens for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum IssuedRole {
    /// Buys.
    Shopper,
    /// Reads figures.
    Analyst,
}
