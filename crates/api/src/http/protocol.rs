//! The messages of `graphql-transport-ws`
//! (<https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md>) and the codes a socket is closed with.

use async_graphql::{Response, ServerError};
use serde::{Deserialize, Serialize};

use crate::http::engine::{Body, Parameters};

/// The subprotocol's name.
pub(crate) const SUBPROTOCOL: &str = "graphql-transport-ws";

/// Why the server closes a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Close {
    /// The server ends (RFC 6455, section 7.4.1).
    GoingAway,
    /// A message is longer than we read (RFC 6455, section 7.4.1).
    MessageTooBig,
    /// A message is not one of the protocol.
    BadRequest,
    /// An operation came before `connection_init` was acknowledged.
    Unauthorized,
    /// The token is not valid, or no longer.
    Forbidden,
    /// The client speaks another subprotocol.
    SubprotocolNotAcceptable,
    /// `connection_init` did not come in time.
    InitialisationTimeout,
    /// An operation of this id is running.
    SubscriberAlreadyExists,
    /// `connection_init` came twice.
    TooManyInitialisations,
}

impl Close {
    pub(crate) fn code(self) -> u16 {
        match self {
            Close::GoingAway => 1_001,
            Close::MessageTooBig => 1_009,
            Close::BadRequest => 4_400,
            Close::Unauthorized => 4_401,
            Close::Forbidden => 4_403,
            Close::SubprotocolNotAcceptable => 4_406,
            Close::InitialisationTimeout => 4_408,
            Close::SubscriberAlreadyExists => 4_409,
            Close::TooManyInitialisations => 4_429,
        }
    }

    pub(crate) fn reason(self) -> &'static str {
        match self {
            Close::GoingAway => "The server is going away",
            Close::MessageTooBig => "The message is too big",
            Close::BadRequest => "Invalid message",
            Close::Unauthorized => "Unauthorized",
            Close::Forbidden => "Forbidden",
            Close::SubprotocolNotAcceptable => "Subprotocol not acceptable",
            Close::InitialisationTimeout => "Connection initialisation timeout",
            Close::SubscriberAlreadyExists => "Subscriber already exists",
            Close::TooManyInitialisations => "Too many initialisation requests",
        }
    }
}

/// What a client may send.
#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(crate) enum ClientMessage {
    ConnectionInit { payload: Option<InitPayload> },
    Ping {},
    Pong {},
    Subscribe { id: String, payload: Parameters },
    Complete { id: String },
}

/// What `connection_init` carries.
#[derive(Debug, Deserialize)]
pub(crate) struct InitPayload {
    #[serde(alias = "Authorization")]
    pub(crate) authorization: Option<String>,
}

/// The longest id of an operation, bytes.
const ID_BYTES_MAX: usize = 128;

impl ClientMessage {
    pub(crate) fn parse(text: &str) -> Result<Self, Close> {
        if !text.trim_start().starts_with('{') {
            return Err(Close::BadRequest);
        }
        let message = serde_json::from_str(text).map_err(|_| Close::BadRequest)?;
        match &message {
            ClientMessage::Subscribe { id, .. } | ClientMessage::Complete { id }
                if id.is_empty() || id.len() > ID_BYTES_MAX =>
            {
                Err(Close::BadRequest)
            }
            _ => Ok(message),
        }
    }
}

/// What the server sends.
#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(crate) enum ServerMessage<'a> {
    ConnectionAck,
    Pong,
    Next { id: &'a str, payload: Body<'a> },
    Error { id: &'a str, payload: &'a [ServerError] },
    Complete { id: &'a str },
}

impl<'a> ServerMessage<'a> {
    /// Makes the message of one result.
    pub(crate) fn next(id: &'a str, response: &'a Response) -> Self {
        ServerMessage::Next { id, payload: Body::of(response) }
    }

    pub(crate) fn to_text(&self) -> String {
        // Only string keys, so it can be written.
        serde_json::to_string(self).expect("a message is JSON")
    }
}
