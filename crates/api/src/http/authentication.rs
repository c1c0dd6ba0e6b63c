//! Who asks: bearer tokens (RFC 6750), in a header or in a WebSocket's `connection_init`.

use std::sync::Arc;

use app::actor::Actor;
use app::clock::Clock;
use app::token::{TokenError, Tokens};
use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;

use crate::http::error::{ErrorCode, Failure};

/// Reads tokens at the present moment.
#[derive(Clone)]
pub struct Authentication {
    tokens: Arc<Tokens>,
    clock: Arc<dyn Clock>,
}

impl Authentication {
    /// Reads tokens of a shop by a clock.
    pub fn new(tokens: Arc<Tokens>, clock: Arc<dyn Clock>) -> Self {
        Self { tokens, clock }
    }

    /// Returns who sends a request; nobody known where it has no `Authorization`.
    ///
    /// # Errors
    /// UNAUTHENTICATED when there is one and it is not a valid token.
    pub(crate) fn of_headers(&self, headers: &HeaderMap) -> Result<Option<Actor>, Failure> {
        match headers.get(AUTHORIZATION) {
            Some(value) => self.of_credentials(value.to_str().unwrap_or_default()).map(Some),
            None => Ok(None),
        }
    }

    /// Returns who holds credentials of the form `Bearer TOKEN`.
    ///
    /// # Errors
    /// UNAUTHENTICATED when they are not of that form, or the token is not valid.
    pub(crate) fn of_credentials(&self, credentials: &str) -> Result<Actor, Failure> {
        let token = match credentials.split_once(' ') {
            Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => token.trim(),
            _ => return Err(unauthenticated("send credentials as Authorization: Bearer TOKEN")),
        };
        self.tokens.read(token, self.clock.now()).map_err(|error| match error {
            TokenError::Invalid => unauthenticated("the access token is not valid: get a new one"),
            TokenError::Expired => unauthenticated("the access token has expired: get a new one"),
        })
    }
}

fn unauthenticated(message: &str) -> Failure {
    Failure::new(ErrorCode::Unauthenticated, message).of_transport()
}
