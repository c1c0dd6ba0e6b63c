//! What every event says about itself: who, as part of what, caused by what, under which key. A flat object of strings,
//! so that an unmodified postgres-es can read it.

use serde::Serialize;
use serde_json::value::RawValue;

use crate::actor::Actor;

/// What a command is, what it belongs to and what caused it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cause {
    /// The command: the sender's idempotency key, a process's step, or an id of its own.
    pub command: String,
    /// The conversation: the same from the first click to the refund.
    pub correlation: String,
    /// The event or request that led to the command.
    pub causation: Option<String>,
}

impl Cause {
    /// Names a command and the conversation it belongs to.
    pub fn of(command: impl Into<String>, correlation: impl Into<String>) -> Self {
        Self { command: command.into(), correlation: correlation.into(), causation: None }
    }

    /// Names what led to the command.
    #[must_use]
    pub fn because_of(mut self, causation: impl Into<String>) -> Self {
        self.causation = Some(causation.into());
        self
    }
}

#[derive(Serialize)]
struct Metadata<'a> {
    actor_kind: &'a str,
    actor_id: &'a str,
    correlation_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    causation_id: Option<&'a str>,
    command_id: &'a str,
}

/// Writes the metadata of a commit's events.
///
/// # Errors
/// Never in practice: strings always serialise.
pub fn metadata_text(actor: &Actor, cause: &Cause) -> Result<Box<RawValue>, serde_json::Error> {
    serde_json::value::to_raw_value(&Metadata {
        actor_kind: actor.role().name(),
        actor_id: actor.id(),
        correlation_id: &cause.correlation,
        causation_id: cause.causation.as_deref(),
        command_id: &cause.command,
    })
}
